"""Whatever makes cleaning up hard, at once: it ignores requests to end, and has children under each
start method, a grandchild that got away, shared memory, semaphores, files, and a flood of text."""

import multiprocessing as mp
import os
import pathlib
import signal
import sys
import tempfile
import time
from multiprocessing import shared_memory

RUN = os.path.basename(os.environ["MPLINT_RUN"])  # to be found by, on whatever is left


def ignore():
    for name in ("SIGTERM", "SIGINT", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)


def work(lock, value, name):
    ignore()
    shared_memory.SharedMemory(f"{RUN}-{name}", create=True, size=1000)
    get_away()
    while True:
        with lock:
            value.value += 1
        time.sleep(0.01)


def get_away():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            command = [sys.executable, "-c", "import time; time.sleep(600)", RUN]
            os.execve(sys.executable, command, {})
        os._exit(0)
    os.wait()


if __name__ == "__main__":
    ignore()
    kept = []
    for method in ("fork", "spawn", "forkserver"):
        context = mp.get_context(method)
        kept.append((context.Lock(), context.Value("i", 0), method))
        context.Process(target=work, args=kept[-1]).start()
    os.close(tempfile.mkstemp()[0])
    pathlib.Path("file").write_text("text")
    while True:
        print("x" * 10_000, file=sys.stderr)
