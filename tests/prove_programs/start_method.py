"""Which start method is the default, and that a program may still choose another."""

import multiprocessing as mp
import sys

if __name__ == "__main__":
    if sys.argv[1:]:
        mp.set_start_method(sys.argv[1])
    print("got:", mp.get_start_method())
