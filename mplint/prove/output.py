"""What a program prints, bounded: some misuse prints megabytes of tracebacks a second."""

from __future__ import annotations

import os
import sys
from pathlib import Path

HEAD = TAIL = 64 * 1024
LARGE = 8 * 1024 * 1024
TRIES = 20


class Output:
    """A file that a program writes to. Its beginning and its end are kept: whenever it has become
    large, what is between gives back its room, or the file is cut back where that is not possible.
    """

    def __init__(self, path: Path) -> None:
        # with O_APPEND the program goes on at the new end when the file is cut
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
        self.descriptor = os.open(path, flags, 0o600)
        self._path = path
        self._head: bytes | None = None
        self._tail = b""  # what stood at the end when the file was cut
        self._cut = 0
        self._freed = HEAD  # up to here

    def bound(self) -> None:
        """To be called every now and then while the program runs."""
        size = os.fstat(self.descriptor).st_size
        if size - self._freed > LARGE and free(self.descriptor, self._freed, size - TAIL):
            self._freed = size - TAIL
        elif size - self._freed > LARGE:
            if self._head is None:
                self._head = self._read(0, HEAD)
            for _ in range(TRIES):
                size = os.fstat(self.descriptor).st_size
                self._tail = self._read(size - TAIL, TAIL)
                if os.fstat(self.descriptor).st_size == size:
                    break  # it may just have ended, and what it has said last must not be lost
            os.ftruncate(self.descriptor, 0)
            self._cut += size

    def text(self) -> str:
        """All of it, or its beginning and its end with the number of bytes left out between."""
        size = os.fstat(self.descriptor).st_size
        if self._head is None and size <= HEAD + TAIL:
            return self._read(0, size).decode("utf-8", "replace")
        head = self._read(0, HEAD) if self._head is None else self._head
        tail = (self._tail + self._read(max(0, size - TAIL), TAIL))[-TAIL:]
        left_out = self._cut + size - len(head) - len(tail)
        middle = f"\n... {left_out} bytes left out ...\n"
        return head.decode("utf-8", "replace") + middle + tail.decode("utf-8", "replace")

    def close(self) -> None:
        os.close(self.descriptor)

    def _read(self, begin: int, count: int) -> bytes:
        with self._path.open("rb") as file:
            file.seek(begin)
            return file.read(count)


def free(descriptor: int, begin: int, end: int) -> bool:
    """Gives back the room of a part of a file, which is all zeros from then on. The rest stays as
    it is, and what is being written is not lost. False where the system has no such thing."""
    if sys.platform != "linux":
        return False
    import ctypes

    keep_size, punch_hole = 1, 2
    libc = ctypes.CDLL(None)
    fallocate = getattr(libc, "fallocate64", None) or libc.fallocate
    fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
    return bool(fallocate(descriptor, keep_size | punch_hole, begin, end - begin) == 0)
