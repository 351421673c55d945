"""Which files make one program, and which file an import means."""

from __future__ import annotations

from pathlib import Path

import pytest

from mplint.model.link import link
from mplint.model.loading.names import Modules, scan_imports, without_text
from mplint.model.loading.project import Project, Root, find_root
from mplint.model.program import Program
from mplint.source import Files

MP = "from multiprocessing import Pool; Pool\n"


def files(folder: Path, contents: dict[str, str]) -> None:
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def project(folder: Path, overlay: dict[str, str] | None = None) -> Project:
    above = {folder / name: text.encode() for name, text in (overlay or {}).items()}
    return Project(Files(above), Root(folder, deep=True))


def groups(found: Project) -> list[list[str]]:
    folder = found.root.folder
    return [[path.relative_to(folder).as_posix() for path in paths] for paths in found.programs]


def put_in(program: Program) -> set[str]:
    """The files in which something is put on a queue that is known."""
    return {o.site.path.name for o in program.operations if o.name == "put"}


# Roots --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paths", "path", "root", "deep"),
    [
        ("pyproject.toml a/b.py", "a/b.py", ".", True),
        ("setup.cfg a/pyproject.toml a/b.py", "a/b.py", "a", True),
        ("a/__init__.py a/b/__init__.py a/b/c.py", "a/b/c.py", "a", True),
        ("a/b.py", "a/b.py", "a", False),
        (
            "pyproject.toml site-packages/a/__init__.py site-packages/a/b.py",
            "site-packages/a/b.py",
            "site-packages/a",
            True,
        ),
    ],
)
def test_the_root_of_a_project(
    tmp_path: Path, paths: str, path: str, root: str, deep: bool
) -> None:
    files(tmp_path, dict.fromkeys(paths.split(), ""))
    assert find_root(tmp_path / path, Files()) == Root(tmp_path / root, deep)


# Modules ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("importer", "module", "level", "found"),
    [
        ("main.py", "helpers", 0, "helpers.py"),
        ("main.py", "shop", 0, "shop/__init__.py"),
        ("main.py", "shop.kitchen", 0, "shop/kitchen.py"),
        ("main.py", "mill.grinding", 0, "src/mill/grinding.py"),
        ("main.py", "farm.field", 0, "farm/field.py"),  # no __init__.py: a namespace package
        ("main.py", "farm", 0, None),
        ("main.py", "missing", 0, None),
        ("main.py", "kitchen", 0, None),
        ("main.py", "queue", 0, None),  # the standard library's, whatever stands here
        ("main.py", "multiprocessing", 0, None),
        ("bin/run.py", "helpers", 0, "bin/helpers.py"),  # beside the script
        ("bin/run.py", "shop", 0, "shop/__init__.py"),
        ("src/mill/grinding.py", "mill", 0, "src/mill/__init__.py"),
        ("src/mill/grinding.py", "mill.grinding", 0, "src/mill/grinding.py"),
        ("shop/kitchen.py", "helpers", 0, "helpers.py"),  # not shop/helpers.py
        ("shop/kitchen.py", "helpers", 1, "shop/helpers.py"),
        ("shop/kitchen.py", "", 1, "shop/__init__.py"),
        ("shop/tools/knife.py", "helpers", 2, "shop/helpers.py"),
        ("shop/tools/knife.py", "knife", 1, "shop/tools/knife.py"),
        ("shop/tools/knife.py", "", 2, "shop/__init__.py"),
        ("shop/tools/knife.py", "helpers", 4, None),  # above the project
        ("shop/__init__.py", "kitchen", 1, "shop/kitchen.py"),
    ],
)
def test_the_file_behind_an_import(
    tmp_path: Path, importer: str, module: str, level: int, found: str | None
) -> None:
    paths = """
        main.py helpers.py queue.py multiprocessing.py farm/field.py bin/run.py bin/helpers.py
        shop/__init__.py shop/kitchen.py shop/helpers.py shop/tools/__init__.py shop/tools/knife.py
        src/mill/__init__.py src/mill/grinding.py
    """
    files(tmp_path, dict.fromkeys(paths.split(), ""))
    path = Modules(Files(), tmp_path).find(tmp_path / importer, module, level)
    assert path == (tmp_path / found if found is not None else None)


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("main.py", "main"),
        ("shop/__init__.py", "shop"),
        ("shop/tools/knife.py", "shop.tools.knife"),
        ("src/mill/grinding.py", "mill.grinding"),
        ("farm/field.py", "field"),
    ],
)
def test_the_name_of_a_module(tmp_path: Path, path: str, module: str) -> None:
    paths = "shop/__init__.py shop/tools/__init__.py src/mill/__init__.py"
    files(tmp_path, dict.fromkeys([*paths.split(), path], ""))
    assert Modules(Files(), tmp_path).layout(tmp_path / path).module == module


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import a", ["a:None:0:a"]),
        ("import a.b", ["a.b:None:0:a"]),
        ("import a.b as c, d", ["a.b:None:0:c", "d:None:0:d"]),
        ("from a import b as c, d", ["a:b:0:c", "a:d:0:d"]),
        ("from . import b", [":b:1:b"]),
        ("from .import b", [":b:1:b"]),
        ("from ...a import(b)", ["a:b:3:b"]),
        ("from .imports import b", ["imports:b:1:b"]),
        ("from a import imports", ["a:imports:0:imports"]),
        ("from importing import b", ["importing:b:0:b"]),
        ("from ..a import (\n    b,  # why\n    c as d,\n)", ["a:b:2:b", "a:c:2:d"]),
        ("from a import (\n    b,\n    c,  # why\n)", ["a:b:0:b", "a:c:0:c"]),
        ("from a import *", ["a:*:0:*"]),
        ("from a import b, \\\n    c", ["a:b:0:b", "a:c:0:c"]),
        ("if x:\n    import a", ["a:None:0:a"]),
        ("import_a = 1\nprint('import a')", []),
        ("# import a", []),
        ('"""As in\n\n    import a\n"""', []),
        ("def f(): pass\n\tfrom .a import b", ["a:b:1:b"]),
    ],
)
def test_imports_by_bytes(source: str, found: list[str]) -> None:
    imports = scan_imports(without_text(source.encode()))
    assert [f"{i.module}:{i.name}:{i.level}:{i.bound}" for i in imports] == found


# Classes ------------------------------------------------------------------------------------------

GATED = "import multiprocessing as mp\n\nclass Worker(mp.Process): pass\n"


@pytest.mark.parametrize(
    ("source", "extends"),
    [
        ("from gated import Worker\nclass It(Worker): pass\n", True),
        ("from gated import Worker as Base\nclass It(object, Base, key=1): pass\n", True),
        ("import gated\nclass It(gated.Worker): pass\n", True),
        ("from plain import Worker\nclass It(Worker): pass\n", False),
        ("from nowhere import Worker\nclass It(Worker): pass\n", False),
        ("import nowhere\nclass It(nowhere.Worker): pass\n", False),
        ("from gated import Worker\nclass Other(Worker): pass\n", False),
        ("from gated import Worker\nclass It: pass\n", False),
        ("from gated import Worker\nclass Base(Worker): pass\nclass It(Base): pass\n", True),
        ("from middle import Middle\nclass It(Middle): pass\n", True),
        ("from middle import Other\nclass It(Other): pass\n", False),
        ("from middle import Far\nclass It(Far): pass\n", True),
        ("import middle\nclass It(middle.Middle): pass\n", False),  # what a module has is not asked
        ("class It(It): pass\n", False),
        ("class It(Base): pass\nclass Base(It): pass\n", False),
        ("class It(int): pass\n", False),
        ("", False),
    ],
)
def test_classes_that_build_on_those_of_gated_files(
    tmp_path: Path, source: str, extends: bool
) -> None:
    middle = "from gated import Worker\nclass Middle(Worker): pass\nclass Other: pass\n"
    files(
        tmp_path,
        {
            "gated.py": GATED,
            "plain.py": "class Worker: pass\n",
            "far.py": middle,
            "middle.py": f"{middle}from far import Middle as Far\n",
            "it.py": source,
        },
    )
    loader = project(tmp_path).loader
    assert loader.extends_gated(tmp_path / "it.py", "It") is extends
    assert not loader.extends_gated(tmp_path / "missing.py", "It")


# Programs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contents", "expected"),
    [
        ({"a.py": MP, "b.py": MP}, [["a.py"], ["b.py"]]),
        ({"a.py": MP + "import b", "b.py": MP}, [["a.py", "b.py"]]),
        ({"a.py": MP + "import b", "b.py": MP + "import a"}, [["a.py", "b.py"]]),
        ({"a.py": MP + "import b", "b.py": "import c", "c.py": MP}, [["a.py"], ["c.py"]]),
        (
            {"a.py": MP + "import c", "b.py": MP + "import c", "c.py": MP},
            [["a.py", "b.py", "c.py"]],
        ),
        ({"a.py": f"'''\nimport b\n'''\n{MP}", "b.py": MP}, [["a.py"], ["b.py"]]),
        ({"a.py": "print(1)"}, []),
        ({"a.py": MP + "from p import b", "p/b.py": MP}, [["a.py", "p/b.py"]]),
        (
            {"a.py": MP + "import p", "p/__init__.py": "from .b import x", "p/b.py": MP + "x = 1"},
            [["a.py", "p/b.py"]],
        ),
        (
            {"p/__init__.py": "", "p/a.py": MP + "from . import b", "p/b.py": MP},
            [["p/a.py", "p/b.py"]],
        ),
        ({"a.py": MP + "import queue", "queue.py": MP}, [["a.py"], ["queue.py"]]),
        ({"a.py": MP, "venv/b.py": MP, ".git/c.py": MP, "node_modules/d.py": MP}, [["a.py"]]),
        (
            {"bin/a.py": MP + "import b", "bin/b.py": MP, "b.py": MP},
            [["b.py"], ["bin/a.py", "bin/b.py"]],
        ),
    ],
)
def test_which_files_make_a_program(
    tmp_path: Path, contents: dict[str, str], expected: list[list[str]]
) -> None:
    files(tmp_path, contents)
    assert groups(project(tmp_path)) == expected


def test_programs_of_a_file_that_others_draw_in(tmp_path: Path) -> None:
    files(tmp_path, {"a.py": MP + "import c", "b.py": MP + "import c", "c.py": "", "d.py": ""})
    found = project(tmp_path)
    assert found.programs_of(tmp_path / "a.py") == found.programs[:1]
    assert found.programs_of(tmp_path / "c.py") == found.programs[:2]  # drawn into both
    assert found.programs_of(tmp_path / "d.py") == []


@pytest.mark.parametrize(
    "name", [".venv/lib/package/a.py", "node_modules/a.py", "bin/tool", "a.pyi"]
)
def test_a_file_that_no_search_finds_is_looked_at(tmp_path: Path, name: str) -> None:
    files(tmp_path, {"pyproject.toml": "", "b.py": MP, name: MP})
    path = tmp_path / name
    if ".venv" in name:
        (path.parent / "__init__.py").touch()
    root = find_root(path, Files())
    assert Project(Files(), root).programs_of(path) == [(path,)]
    assert (root.folder == tmp_path) == (name in ("bin/tool", "a.pyi"))


def linked(folder: Path, overlay: dict[str, str] | None = None) -> Program:
    found = project(folder, overlay)
    assert len(found.programs) == 1, groups(found)
    return link(found.loader, found.programs[0], folder)


START = """
import multiprocessing
q = multiprocessing.Queue()
multiprocessing.Process(target=work, args=(q,)).start()
"""
WORK = "def work(q):\n    q.put(1)\n"


@pytest.mark.parametrize(
    ("contents", "puts"),
    [
        ({"a.py": "from b import work", "b.py": WORK}, {"b.py"}),
        ({"a.py": "import b\nwork = b.work", "b.py": WORK}, {"b.py"}),
        ({"a.py": "from b import *", "b.py": WORK}, {"b.py"}),
        ({"a.py": "from b import *", "b.py": "from c import *", "c.py": WORK}, {"c.py"}),
        (  # a name inside of something is not handed on
            {
                "a.py": "from b import *\nfrom c import *",
                "b.py": "def other():\n    work = 1\n",
                "c.py": WORK,
            },
            {"c.py"},
        ),
        ({"a.py": "from b import *", "b.py": MP + WORK}, {"b.py"}),
        ({"a.py": "from b import w as work", "b.py": WORK}, set()),
        (
            {"a.py": "from p import work", "p/__init__.py": "from .b import work", "p/b.py": WORK},
            {"b.py"},
        ),
        ({"a.py": "from p.b import work", "p/b.py": WORK}, {"b.py"}),
        ({"a.py": "from p.b import work", "src/p/__init__.py": "", "src/p/b.py": WORK}, {"b.py"}),
        ({"p/a.py": "from .b import work", "p/__init__.py": "", "p/b.py": WORK}, {"b.py"}),
        ({"a.py": "from queue import work", "queue.py": WORK}, set()),
        ({"a.py": "from b import work", "b.py": WORK.replace("put(1)", "put(")}, set()),
        ({"a.py": "from b import work", "b.py": "from a import q\n" + WORK}, {"b.py"}),
        ({"a.py": "from b import work", "b.py": "from a import work\n"}, set()),
    ],
)
def test_workers_of_other_modules(tmp_path: Path, contents: dict[str, str], puts: set[str]) -> None:
    [main] = [name for name in contents if name.endswith("a.py")]
    files(tmp_path, {**contents, main: f"{contents[main]}\n{START}"})
    assert put_in(linked(tmp_path)) == puts


def test_a_module_that_cannot_be_read_is_not_known(tmp_path: Path) -> None:
    """What it may do with the queue is not known either."""
    files(tmp_path, {"a.py": "from b import work\n" + START, "b.py": "def work(q:\n"})
    program = linked(tmp_path)
    [queue] = [channel for channel in program.channels.values() if channel.kind.role == "queue"]
    assert not queue.is_closed_world
    assert program.workers == []


def test_the_overlay_lies_over_the_disk(tmp_path: Path) -> None:
    files(tmp_path, {"a.py": "from b import work\n" + START, "b.py": "def work(q): pass\n"})
    assert put_in(linked(tmp_path)) == set()
    assert put_in(linked(tmp_path, {"b.py": WORK})) == {"b.py"}
    assert put_in(linked(tmp_path, {"a.py": MP})) == set()


def test_the_overlay_has_files_that_are_nowhere_else(tmp_path: Path) -> None:
    files(tmp_path, {"b.py": WORK})
    overlay = {"a.py": "from b import work\n" + START}
    assert groups(project(tmp_path, overlay)) == [["a.py"]]
    assert put_in(linked(tmp_path, overlay)) == {"b.py"}
