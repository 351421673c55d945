"""Which functions of files that are not followed cannot raise on ordinary data."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import Small

from mplint.model.loading.names import without_text
from mplint.model.paths.quiet import is_loud

MAIN = """
    import multiprocessing; multiprocessing.Pool
    from helpers import *
"""

OTHER = """
    class Base:
        def __init__(self):
            self.opened = open("x")

    def fine():
        print("fine")
"""

HARMLESS = {
    "prints": "def it(name):\n    print('hello', name)\n",
    "library": "import time\ndef it():\n    time.sleep(1)\n    return time.perf_counter()\n",
    "library by a name": "from time import sleep as rest\ndef it():\n    rest(1)\n",
    "library by two names": "import time\nclock = time\ndef it():\n    clock.sleep(1)\n",
    "library by three names": "import time\nclock = time\nwatch = clock\n"
    "def it():\n    watch.sleep(1)\n",
    "by another name": "def inner(): pass\nit = inner\n",
    "calls by another name": "def inner(): pass\ngo = inner\ndef it():\n    go()\n",
    "imported inside": "def it(seed):\n    import random\n    random.seed(seed)\n",
    "methods": "def it(names):\n    names.append('x')\n    return ', '.join(names)\n",
    "logger": "import logging\nlog = None\ndef it():\n    global log\n    if not log:\n"
    "        log = logging.getLogger('x')\n        lines = logging.StreamHandler()\n"
    "        lines.setFormatter(logging.Formatter('%(message)s'))\n        log.addHandler(lines)\n"
    "        log.removeHandler(lines)\n    return log\n",
    "calls another": "def inner(): pass\ndef it():\n    inner()\n",
    "calls another module": "import other\ndef it():\n    other.fine()\n",
    "handed on": "from other import fine as it\n",
    "catches": "def it(x):\n    try:\n        x.go()\n    except Exception:\n        return None\n",
    "class": "class it:\n    def __init__(self, n):\n        self.n = n\n",
    "class of nothing": "class it(object):\n    def go(self):\n        raise ValueError\n",
    "named tuple": "from collections import namedtuple\nit = namedtuple('it', 'x')\n",
    "dataclass": "import dataclasses as d\n@d.dataclass(frozen=True)\nclass it:\n    n: int\n",
    "to be entered": "class it:\n    def __enter__(self):\n        return self\n"
    "    def __exit__(self, *error):\n        self.after()\n",
    "super": "class it(object):\n    def __init__(self):\n        super().__init__()\n",
    "kept": "import functools\n@functools.cache\ndef it():\n    return 1\n",
}

NOT_KNOWN = {
    "made": "import other\nit = other.make('it')\n",
    "raises": "def it(x):\n    if x:\n        raise ValueError(x)\n",
    "asserts": "def it(x):\n    assert x\n",
    "unknown call": "def it(x):\n    x.run()\n",
    "given function": "def it(print):\n    print()\n",
    "opens": "def it():\n    open('x')\n",
    "number of a text": "def it(x):\n    return int(x)\n",
    "parts of a text": "def it(x):\n    a, b = x.split()\n",
    "library": "import subprocess\ndef it():\n    subprocess.run(['x'])\n",
    "generator": "def it():\n    yield 1\n",
    "coroutine": "async def it():\n    pass\n",
    "itself": "def it():\n    it()\n",
    "calls another": "def inner(x): return x()\ndef it():\n    inner(1)\n",
    "catches little": "def it(x):\n    try:\n        x.go()\n    except OSError:\n        pass\n",
    "handler": "def it(x):\n    try:\n        x.go()\n    except Exception:\n        x.stop()\n",
    "two of a name": "try:\n    from other import fine as it\nexcept ImportError:\n    it = None\n",
    "variable": "it = max\n",
    "itself by another name": "it = other\nother = it\n",
    "a call by another name": "def inner(x): return x()\ngo = inner\ndef it():\n    go(1)\n",
    "another meaning": "from other import *\nlen = strange\ndef it(x):\n    len(x)\n",
    "missing": "",
    "decorated": "from other import fine\n@fine\ndef it(): pass\n",
    "class": "class it:\n    def __init__(self, x):\n        self.x = x()\n",
    "base class": "from other import Base\nclass it(Base): pass\n",
    "base of a library": "import socket\nclass it(socket.socket): pass\n",
    "metaclass": "class it(metaclass=print): pass\n",
    "to be entered": "class it:\n    def __enter__(self):\n        self.go()\n",
    "super": "from other import Base\nclass it(Base):\n    def __init__(self):\n"
    "        super().__init__()\n",
    "element removed": "def it(x):\n    del x['a']\n",
    "the end": "import sys\ndef it():\n    sys.exit()\n",
}


def judge(folder: Path, source: str) -> bool:
    program = Small(folder, MAIN, other=OTHER, helpers=source).program
    return program.quiet.call(folder / "helpers.py", "it")


@pytest.mark.parametrize("source", HARMLESS.values(), ids=HARMLESS)
def test_harmless(tmp_path: Path, source: str) -> None:
    assert judge(tmp_path, source)


@pytest.mark.parametrize("source", NOT_KNOWN.values(), ids=NOT_KNOWN)
def test_not_known(tmp_path: Path, source: str) -> None:
    assert not judge(tmp_path, source)


@pytest.mark.parametrize("source", HARMLESS.values(), ids=HARMLESS)
def test_no_harmless_function_is_loud_by_its_bytes(source: str) -> None:
    assert not is_loud(without_text(source.encode()), "it")


LOUD = {
    **{name: NOT_KNOWN[name] for name in ("raises", "asserts", "unknown call", "generator")},
    "coroutine": NOT_KNOWN["coroutine"],
    "another base": "class it(dict): pass\n",
    "another base after a space": "class it (dict): pass\n",
    "another base in the next line": "class it(object,\n    dict,\n): pass\n",
    "another base that is not ASCII": "class it(größe.Base): pass\n",
    "another base beside": "class it(object, dict): pass\n",
    "a base of a module": "import other\nclass it(other.Base): pass\n",
    "a base that is made": "class it(make(object)): pass\n",
    "metaclass": NOT_KNOWN["metaclass"],
    "call of an attribute": "def it(x):\n    x.names\n    x.y . run ()\n",
    "of an element": "xs = []\ndef it():\n    xs[0].run()\n",
    "over several lines": "def it(\n    x,\n):\n    x.run()\n",
}


@pytest.mark.parametrize("source", LOUD.values(), ids=LOUD)
def test_what_is_loud_by_its_bytes(source: str) -> None:
    """No syntax tree is made of these."""
    assert is_loud(without_text(source.encode()), "it")


QUIET_BYTES = {
    "no call": "def it(x):\n    return x.run, (x.y)\n",
    "of what the module binds": "class Log: pass\ndef write(): pass\nx = 1\n"
    "def it():\n    x.run()\n    Log.run()\n    write.run()\n",
    "of what it imports": "import a.b, c as d\ndef it():\n    a.run()\n    d.run()\n",
    "of what is called": "def it():\n    super().run()\n",
    "raised elsewhere": "def it():\n    pass\ndef other(x):\n    raise x.run()\n",
    "caught": "def it(x):\n    try: x.run()\n    except Exception: pass\n",
    "a base for types": "from typing import Generic as G, TypeVar\nT = TypeVar('T')\n"
    "class it(G[T], object): pass\n",
    "a base for types of two": "from typing import Generic\n"
    "class it(Generic[K, dict], object): pass\n",
    "abstract": "import abc\nclass it(abc.ABC): pass\n",
    "a class in a class": "class Other:\n    class it(dict): pass\n",
    "nothing": "",
}


@pytest.mark.parametrize("source", QUIET_BYTES.values(), ids=QUIET_BYTES)
def test_what_the_bytes_do_not_show(source: str) -> None:
    assert not is_loud(without_text(source.encode()), "it")


def test_own_name(tmp_path: Path) -> None:
    """A function is not taken for the one of Python that goes by the same name."""
    main = """
        import multiprocessing; multiprocessing.Pool
        from helpers import exit
        exit()
    """
    record = Small(tmp_path, main, helpers="def exit(): pass").program.record
    assert "exit" not in record.externals.values()
    assert [found.name for [found] in record.deferred.values()] == ["exit"]


def test_bytes_that_are_no_text() -> None:
    assert is_loud(b"class it(dict, \xff): pass\n", "it")


@pytest.mark.parametrize(("name", "read"), [("raises", False), ("opens", True)])
def test_what_is_plainly_loud_is_not_parsed(tmp_path: Path, name: str, read: bool) -> None:
    asked = Small(tmp_path, MAIN, other=OTHER, helpers=NOT_KNOWN[name])
    assert not asked.program.quiet.call(tmp_path / "helpers.py", "it")
    assert (tmp_path / "helpers.py" in asked.project.loader.lowered) is read


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    assert not Small(tmp_path, MAIN, helpers="").program.quiet.call(tmp_path / "gone.py", "it")
