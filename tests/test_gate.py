"""Which files are worth a syntax tree."""

from __future__ import annotations

import ast
import io
import math
import re
import sysconfig
import time
import tokenize
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mplint import catalog
from mplint.model.loading.gate import is_gated, mentions, uses
from mplint.model.loading.names import without_text
from mplint.model.loading.project import Project, Root
from mplint.model.paths.quiet import is_loud
from mplint.source import Files

HERE = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "text",
    [
        "import multiprocessing\nmultiprocessing.Pool()",
        "import multiprocessing as mp\nx = mp . Pool()",
        "import multiprocessing as mp\nwork(mp)",
        "import multiprocessing.pool\nmultiprocessing.pool.Pool()",
        "from multiprocessing import (  # of processes\n    cpu_count,\n    Process as P,\n)\nP()",
        "from multiprocessing import cpu_count, \\\n    Pool\nPool(cpu_count())",
        "from multiprocessing import *\nPool()",
        "from multiprocessing import process\nprocess.BaseProcess",
        "import concurrent.futures\nconcurrent.futures.ProcessPoolExecutor()",
        "import concurrent.futures as futures\nfutures.ProcessPoolExecutor()",
        "from concurrent import futures\nfutures.ProcessPoolExecutor()",
        "from concurrent.futures import ProcessPoolExecutor as E\nE()",
        "import torch\ntorch.multiprocessing.spawn(f)",
        "import torch.multiprocessing as mp\nmp.spawn(f)",
        "from six.moves import multiprocessing\nmultiprocessing.Pool()",
        "from .compat import multiprocessing\nmultiprocessing.Pool()",
        "from .compat import *\nmultiprocessing.Pool()",
        "from . import compat\ncompat.multiprocessing.Pool()",
        "from . import compat\ncompat.multiprocessing\\\n    .Pool()",
        "try: import billiard as mp\nexcept ImportError: import multiprocessing as mp\nmp.Pool()",
        "import os; import multiprocessing as mp; mp.Pool()",
        "def f():\n    from multiprocessing import Pool; Pool()",
        "\ufefffrom multiprocessing import Pool\nPool()",
        "\x0cfrom multiprocessing import Pool\nPool()",
        "import multiprocessing as mp\nf'{mp.Pool()}'",
        "import multiprocessing as mp\nRF'{mp.Pool()}'",
        "import multiprocessing as mp\nt'{mp.Pool()}'",
        "import multiprocessing as mp\ndef f(): ...\nmp.Pool()",
        "import multiprocessing as mp\ndef f(): ...\nmp.Pool()",
        "import multiprocessing as mp\nx = 'it\\'s'; mp.Pool()  # isn't it",
        "import multiprocessing as mp\nx = '''it's\n\"\"\"'''; mp.Pool()",
        "from tqdm.contrib.concurrent import process_map\nprocess_map(f, x)",
        "from joblib import Parallel\nParallel()",
        "from pathos.pools import ProcessPool\nProcessPool()",
        "import multiprocessing as mp\nmp.cpu_count()\nmp.cpu_counts()",
    ],
)
def test_files_that_do_something(text: str) -> None:
    assert is_gated(text.encode())
    assert is_gated(text.replace("\n", "\r\n").encode())


@pytest.mark.parametrize(
    "text",
    [
        "import multiprocessing",
        "from multiprocessing import Pool",
        "import multiprocessing as mp\nPool(mp.cpu_count())",
        "import multiprocessing\nif multiprocessing.current_process().daemon:\n    stop()",
        "from multiprocessing import TimeoutError, cpu_count\ncpu_count()",
        "from billiard.einfo import ExceptionInfo as E\nE()",
        "from billiard import __version__ as version\nprint(version)",
        "from concurrent.futures import Future\ndef f(x: Future): x.result()",
        "from concurrent.futures import ThreadPoolExecutor, wait\nwait(ThreadPoolExecutor())",
        "from multiprocessing.pool import ThreadPool\nThreadPool()",
        "from multiprocessing.dummy import Pool\nPool()",
        "from joblib import Memory, dump, load\ndump(load(x))\nMemory().cache",
        "def run(multiprocessing=False):\n    run(multiprocessing=multiprocessing)",
        "def run(use_multiprocessing):\n    use_multiprocessing.Pool()",
        "from .logs import get_multiprocessing_logger\nget_multiprocessing_logger()",
        "import _multiprocessing\n_multiprocessing.SemLock",
        "import multiprocessing as mp\nmp . cpu_count()",
        "import concurrent.futures.process as p\nexcept_(p.BrokenProcessPool, p.__name__)",
        "from torch.multiprocessing.pool import ThreadPool\nThreadPool()",
        "import concurrent.futures\nconcurrent.futures.Future()",
        "from concurrent import futures as concurrent\nconcurrent.wait(x)",
        "from multiprocessing import Pool\nself.Pool()\nself. \\\n        Pool()",
        "from multiprocessing.dummy import *\nPool()",
        "import billiard as multiprocessing\nmultiprocessing.ensure_multiprocessing()",
        "from multiprocessing import Pool\nself.Pool()\nself. \\\n        Pool()",
        "from multiprocessing.dummy import *\nPool()",
        "import billiard as multiprocessing\nmultiprocessing.ensure_multiprocessing()",
        "import torch\nfrom multiprocessing import cpu_count\ntorch.zeros(cpu_count())",
        "import multiprocessing\nfrom . import concurrent_futures\nconcurrent_futures.Pool()",
        "from joblib import cpu_count\nfrom . import joblib_helpers\njoblib_helpers.run()",
    ],
)
def test_files_that_do_nothing(text: str) -> None:
    assert uses(text.encode()) is False


@pytest.mark.parametrize(
    "text",
    [
        "",
        "import threading\nthreading.Thread()",
        "# starts a multiprocessing.Pool",
        "'''Like `multiprocessing.Pool()`.'''",
        'x = "multiprocessing.Pool()"',
        'x = rb"multiprocessing.Pool()"',
        # strings without an end go as far as their line, or the file
        "x = 'multiprocessing.Pool()",
        "x = 'multiprocessing.Pool()\n",
        'x = "multiprocessing.Pool()',
        'x = "multiprocessing.Pool()\n',
        "x = '''\nmultiprocessing.Pool()\n",
        'x = """\nmultiprocessing.Pool()\n',
        "x = 'multiprocessing.Pool()\\",
        "x = '''\nmultiprocessing.Pool()\n\\",
    ],
)
def test_files_that_name_nothing(text: str) -> None:
    assert uses(text.encode()) is None


def test_who_imports_a_user_and_names_a_library_is_one(tmp_path: Path) -> None:
    contents = {
        "wrapper.py": "from multiprocessing import Queue\n\n\ndef queue():\n    return Queue()\n",
        "count.py": "from multiprocessing import cpu_count\nfrom wrapper import queue\n",
        "further.py": "from multiprocessing import cpu_count\nfrom count import queue\n",
        "talks.py": "# as multiprocessing does\nfrom wrapper import queue\n",
        "package/__init__.py": "from multiprocessing import Pool\n\nPool()\n",
        "whole.py": "from multiprocessing import cpu_count\nimport package\n",
        "alone.py": "from multiprocessing import cpu_count\n",
    }
    for name, text in contents.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    found = Project(Files(), Root(tmp_path, deep=True)).gated
    assert {path.name for path in found} == {"wrapper.py", "count.py", "__init__.py"}


@pytest.mark.parametrize(
    ("inits", "importing", "is_user"),
    [
        ({"package": "from .wrapper import queue\n"}, "queue", True),
        ({"package": "from .wrapper import queue as jobs\n"}, "jobs", True),
        ({"package": "from .wrapper import *\n"}, "queue", True),
        ({"package": "from .wrapper import *\n"}, "other", False),
        ({"package": "from .wrapper import queue\nfrom .other import other\n"}, "other", False),
        ({"package": "from .wrapper import queue\n"}, "jobs", False),
        ({"package": "from . import wrapper\n"}, "wrapper", True),
        ({"package": "import package.wrapper\n"}, "queue", False),
        ({"package": "from package import queue\nfrom .wrapper import queue\n"}, "queue", True),
        (
            {
                "package": "from .inner import jobs\n",
                "package/inner": "from ..wrapper import queue as jobs\n",
            },
            "jobs",
            True,
        ),
    ],
)
def test_who_imports_a_user_through_a_package_is_one(
    tmp_path: Path, inits: dict[str, str], importing: str, is_user: bool
) -> None:
    """A package is imported for all sorts of things: what counts is where the name comes from."""
    (tmp_path / "package" / "inner").mkdir(parents=True)
    (tmp_path / "package" / "wrapper.py").write_text(
        "from multiprocessing import Queue\n\n\ndef queue():\n    return Queue()\n"
    )
    (tmp_path / "package" / "other.py").write_text("def other():\n    pass\n")
    for name, text in inits.items():
        (tmp_path / name / "__init__.py").write_text(text)
    main = tmp_path / "main.py"
    main.write_text(f"from multiprocessing import cpu_count\nfrom package import {importing}\n")
    assert (main in Project(Files(), Root(tmp_path, deep=True)).gated) is is_user


def test_what_only_asks_may_set_a_start_method(tmp_path: Path) -> None:
    file = tmp_path / "main.py"
    file.write_text(
        "from multiprocessing import cpu_count\nfrom mine import set_start_method\n\n"
        "set_start_method('spawn')\n"
    )
    survey = Project(Files(), Root(tmp_path, deep=True)).survey
    assert (survey.gated, list(survey.settings)) == (frozenset(), [file])


# On what nobody writes ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda n: "from" + " " * n + "x",
        lambda n: "from ." + " " * n + "x",
        lambda n: "from " + "." * n + "x",
        lambda n: "from " + "a." * n + " x",
        lambda n: "from a import b" + " " * n + "x",
        lambda n: "import " + "a" * n + " b",
        lambda n: "import " + "a " * n + "b",
        lambda n: "import a" + " " * n + "as",
        lambda n: "from a import (\n" * n,
        lambda n: "# ;from a import (\n" * n,
        lambda n: "from a import (" + "#\n" * n,
        lambda n: "'" * n,
        lambda n: '"' * n,
        lambda n: "'\\" * n,
        lambda n: '"\\' * n,
        lambda n: "'\n" * n,
        lambda n: "'''\\" * n,
        lambda n: '""" ' * n + '"',
        lambda n: "f'" * n,
        lambda n: "mp" + ".a" * n,
        lambda n: "mp" + " . a" * n,
        lambda n: "mp" + ".mp" * n,
        lambda n: "mp.cpu_count()\n" * n,
        lambda n: "mp" + " " * n + "\n",
        lambda n: ". " * n + "mp",
        lambda n: "mp.cpu_count" + ".a" * n,
        lambda n: "class it(" * n,
        lambda n: "class it(\n" * n,
        lambda n: "class it(" + "[" * n + ")",
        lambda n: "class it(" + "a," * n + "): pass",
        lambda n: "def it():\n    a\n" * n,
        lambda n: "def it():\n " + " . a" * n,
        lambda n: "def it():\n " + "a" * n,
        lambda n: "def it():\n " + ")" * n + " " * n,
        lambda n: "def it():\n a" + ".a()" * n,
        lambda n: "def it():\n" + " a.a()\n" * n + "a = 1\n",
    ],
)
def test_work_grows_with_the_size_of_a_file(make: Callable[[int], str]) -> None:
    """And not with its square: nothing limits what a look at the bytes may cost. Ten times as much
    text takes ten times as long, or else a hundred times and more."""

    def seconds(count: int) -> float:
        data = f"import multiprocessing as mp\n{make(count)}".encode()
        began = time.process_time()
        uses(data)
        is_loud(without_text(data), "it")
        return time.process_time() - began

    before = math.inf
    for count in (300, 3_000, 30_000):
        taken = min(seconds(count) for _ in range(3))
        assert taken < 30 * max(before, 0.005)
        before = taken


# Against Python's own parsers ---------------------------------------------------------------------


def sources() -> Iterator[Path]:
    """Python's own files, and the repository's, that name a library of processes."""
    library = Path(sysconfig.get_path("stdlib"))
    for folder in (library, library / "multiprocessing", library / "concurrent" / "futures"):
        yield from folder.glob("*.py")
    for name in ("mplint", "rules", "fixtures", "tests"):
        yield from (HERE / name).rglob("*.py")


def chain(node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = chain(node.value)
        return inner and f"{inner}.{node.attr}"
    return None


def used(tree: ast.Module) -> set[str]:
    """The dotted names of libraries that a file uses."""
    bound: dict[str, set[str]] = defaultdict(set)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not node.level:
            for name in node.names:
                bound[name.asname or name.name].add(f"{node.module}.{name.name}")
        elif isinstance(node, ast.Import):
            for name in node.names:
                root = name.name.partition(".")[0]
                bound[name.asname or root].add(name.name if name.asname else root)
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Name, ast.Attribute)) and (dotted := chain(node)):
            first, dot, rest = dotted.partition(".")
            found |= {name + dot + rest for name in bound[first]}
    return found


def test_no_file_that_uses_something_is_passed_over() -> None:
    count = 0
    for path in sources():
        data = path.read_bytes()
        if not mentions(data):
            continue
        try:
            tree = ast.parse(data)
        except SyntaxError:
            continue
        made = {name for name in used(tree) if catalog.find(name) and not catalog.is_passive(name)}
        made = {
            name for name in made if catalog.library(name) or catalog.GATE.search(name.encode())
        }
        count += bool(made)
        assert is_gated(data) or not made, (path, made)
    assert count > 1000


def test_what_is_left_of_a_file_is_its_code() -> None:
    count = 0
    for path in sources():
        data = path.read_bytes()
        if not mentions(data):
            continue
        names = []
        try:
            for token in tokenize.tokenize(io.BytesIO(data).readline):
                if token.type == tokenize.NAME:
                    names.append(token.string)
        except (SyntaxError, tokenize.TokenError):
            continue
        code = without_text(data).decode("utf-8", "replace")
        left = re.findall(r"(?<!\w)[^\W\d]\w*", code)
        # strings with code in them are one token in some versions, and left as they are
        if "f'" not in code and 'f"' not in code:
            assert left == names, path
            count += 1
    assert count > 500
