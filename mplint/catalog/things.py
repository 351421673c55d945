"""Other objects that matter because of what pickle makes of them.

Measured on CPython 3.9 and 3.14: what a `Queue.put` of each loses in the feeder thread.
"""

from __future__ import annotations

from mplint.catalog.kinds import Kind, Maker, Method, Role


def _thing(noun: str, role: Role = "thing") -> Maker:
    return Maker(Kind(noun, role, "other", noun, "never"), context=False)


FILE = Kind(
    "an open file",
    "file",
    "other",
    "an open file",
    "never",
    methods={
        "write": Method("other", ("text",)),
        "writelines": Method("other", ("lines",)),
        "flush": Method("other"),
        "close": Method("close"),
    },
    parameters=("file", "mode"),
)
_FILE = Maker(FILE, context=False)
_DATABASE = _thing("a database connection")

UNIQUE = Kind("object", "thing", "other", "a unique object", "pickle")

TEMPORARY = Kind("temporary", "thing", "other", "the name of a temporary file", "pickle")
"""Of one that has been made, so that it is there for whoever opens it."""

LOGGER = Kind("Logger", "logger", "other", "a logger", "pickle")

_HASH = _thing("a hash object")

RUNNING: dict[str, Maker] = {
    "subprocess.Popen": _thing("a running subprocess"),
    "zipfile.ZipFile": _thing("an open archive"),
    "asyncio.new_event_loop": _thing("an event loop"),
    "asyncio.get_event_loop": _thing("an event loop"),
    "selectors.DefaultSelector": _thing("a selector"),
    "select.epoll": _thing("a selector"),
    "select.poll": _thing("a selector"),
    "ssl.create_default_context": _thing("an SSL context"),
    "ssl.SSLContext": _thing("an SSL context"),
    "ctypes.CDLL": _thing("a loaded library"),
    "csv.writer": _thing("a CSV writer"),
    "contextvars.copy_context": _thing("a context"),
    "hashlib.md5": _HASH,
    "hashlib.sha1": _HASH,
    "hashlib.sha256": _HASH,
    "hashlib.sha512": _HASH,
    "hashlib.new": _HASH,
}
"""What is made by calls of which nothing else is known: they may fail, and keep what they get."""

MAKERS: dict[str, Maker] = {
    **RUNNING,
    "object": Maker(UNIQUE, context=False),
    "open": _FILE,
    "io.open": _FILE,
    "codecs.open": _FILE,
    "gzip.open": _FILE,
    "bz2.BZ2File": _FILE,
    "gzip.GzipFile": _FILE,
    "bz2.open": _FILE,
    "lzma.open": _FILE,
    "os.fdopen": _FILE,
    "tempfile.TemporaryFile": _FILE,
    "tempfile.NamedTemporaryFile": _FILE,
    "tempfile.SpooledTemporaryFile": _FILE,
    "sqlite3.connect": _DATABASE,
    "mmap.mmap": _thing("a memory map"),
    "weakref.ref": _thing("a weak reference"),
    "contextvars.ContextVar": _thing("a context variable"),
    "types.MappingProxyType": _thing("a mapping proxy"),
    "memoryview": _thing("a memory view"),
    "logging.StreamHandler": _thing("a logging handler"),
    "logging.FileHandler": _thing("a logging handler"),
    "logging.handlers.RotatingFileHandler": _thing("a logging handler"),
    "logging.getLogger": Maker(LOGGER, context=False),
    "logging.Logger": Maker(LOGGER, context=False),
    "multiprocessing.get_logger": Maker(LOGGER, context=False),
    "multiprocessing.log_to_stderr": Maker(LOGGER, context=False),
}

UNPICKLABLE_NAMES: dict[str, str] = {
    "os.environ": "`os.environ`",
    "sys.stdin": "`sys.stdin`",
    "sys.stdout": "`sys.stdout`",
    "sys.stderr": "`sys.stderr`",
}
"""Objects of the standard library that no pickle takes, by name."""
