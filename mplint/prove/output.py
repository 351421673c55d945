"""What a program prints, bounded: some misuse prints megabytes of tracebacks a second."""

from __future__ import annotations

import os
from pathlib import Path

HEAD = TAIL = 64 * 1024
LARGE = 8 * 1024 * 1024
TRIES = 20


class Output:
    """A file that a program writes to. Its beginning and its end are kept, and it is cut back
    whenever it has become large."""

    def __init__(self, path: Path) -> None:
        # with O_APPEND the program goes on at the new end when the file is cut
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
        self.descriptor = os.open(path, flags, 0o600)
        self._path = path
        self._head: bytes | None = None
        self._tail = b""  # what stood at the end when the file was cut
        self._cut = 0

    def bound(self) -> None:
        """To be called every now and then while the program runs."""
        size = os.fstat(self.descriptor).st_size
        if size > LARGE:
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
