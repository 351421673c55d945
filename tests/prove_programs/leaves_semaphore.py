"""A semaphore with a name that nobody removes, the resource tracker included."""

import multiprocessing as mp
import os
from multiprocessing import resource_tracker

if __name__ == "__main__":
    lock = mp.get_context("spawn").Lock()
    resource_tracker.unregister(lock._semlock.name, "semaphore")
    os._exit(0)
