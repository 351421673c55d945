"""Every worker that imports this module again tries to make workers itself."""

import multiprocessing as mp


def work(number):
    return number


pool = mp.Pool(2)
print(pool.map(work, range(4)))
pool.close()
pool.join()
