"""Which start method is in force for a file, and what scripts set for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from expectations import programs
from small import Small, small

from mplint.diagnostics import START_METHODS
from mplint.model.loading.scripts import Setting, setting_in

WORK = "import multiprocessing; multiprocessing.Pool\n"


def methods(folder: Path, path: str, **files: str) -> tuple[str, ...]:
    """The start methods in force in a file of a project, which is given as its files: `a___b` is
    the file `b.py` in the folder `a`."""
    (folder / "pyproject.toml").touch()
    for name, source in files.items():
        file = folder.joinpath(*name.split("___")).with_suffix(".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source, encoding="utf-8")
    for _, program, members in programs(sorted(folder.rglob("*.py"))):
        if folder / path in members:
            return program.defaults.methods_in(folder / path)
    raise AssertionError(path)


def script(imported: str, method: str | None) -> str:
    setting = f"multiprocessing.set_start_method({method!r})" if method else "pass"
    return f"{WORK}if __name__ == '__main__':\n    import {imported}\n    {setting}\n"


def test_a_script_may_lead_to_a_file_through_others_that_have_no_processes(tmp_path: Path) -> None:
    found = methods(
        tmp_path,
        "work.py",
        run=script("manager", "spawn"),
        manager="import stages\n",
        stages="from work import work\n",
        work=WORK,
    )
    assert found == ("spawn",)


def test_scripts_that_do_not_lead_to_a_file_have_no_say(tmp_path: Path) -> None:
    found = methods(
        tmp_path,
        "work.py",
        run=script("manager", "spawn"),
        manager="import stages\n",
        stages="",
        work=WORK,
    )
    assert found == ()


def test_one_of_the_scripts_leaves_it_to_python(tmp_path: Path) -> None:
    found = methods(
        tmp_path,
        "work.py",
        run=script("manager", "spawn"),
        manager="import work\n",
        other=script("work", None),
        work=WORK,
    )
    assert found == ()


def test_scripts_inside_and_outside_of_the_program_have_a_say(tmp_path: Path) -> None:
    found = methods(
        tmp_path,
        "work.py",
        run=script("manager", "spawn"),
        manager="import work\n",
        other=script("work", "fork"),
        work=WORK,
    )
    assert found == ("fork", "spawn")


def test_a_script_outside_sets_something_unknown(tmp_path: Path) -> None:
    run = "import multiprocessing, manager\nmultiprocessing.set_start_method(manager.METHOD)\n"
    found = methods(tmp_path, "work.py", run=run, manager="import work\n", work=WORK)
    assert found == ()


CONFIGURED = """\
import multiprocessing


def pytest_configure(config):
    multiprocessing.set_start_method("fork", force=True)
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("tests/test_one.py", ("fork",)),
        ("tests/deep/two_test.py", ("fork",)),
        ("tests/deep/helpers.py", ("fork",)),
        ("work.py", ()),
        ("other/test_three.py", ()),
    ],
)
def test_conftest(tmp_path: Path, path: str, expected: tuple[str, ...]) -> None:
    found = methods(
        tmp_path,
        path,
        tests___conftest=CONFIGURED + "    import work\n",
        tests___test_one=WORK + "import work\n",
        tests___deep___two_test=WORK,
        tests___deep___helpers=WORK,
        other___test_three=WORK,
        work=WORK,
    )
    assert found == expected


@pytest.mark.parametrize(
    ("path", "expected"), [("test_one.py", ("fork",)), ("work.py", ()), ("script.py", ())]
)
def test_conftest_beside_the_code(tmp_path: Path, path: str, expected: tuple[str, ...]) -> None:
    found = methods(
        tmp_path, path, conftest=CONFIGURED, test_one=WORK, work=WORK, script=script("work", None)
    )
    assert found == expected


def test_what_a_test_sets_it_sets_for_itself(tmp_path: Path) -> None:
    files = {"test_one": script("work", "spawn"), "work": WORK}
    assert methods(tmp_path, "work.py", **files) == ()
    assert methods(tmp_path, "test_one.py", **files) == ("spawn",)


PACKAGE = "import multiprocessing\nmultiprocessing.set_start_method('spawn')\n"


@pytest.mark.parametrize(
    ("init", "path", "expected"),
    [
        (PACKAGE, "farm/deep/work.py", ("spawn",)),
        (PACKAGE, "run.py", ("spawn",)),
        (PACKAGE, "other.py", ()),
        (CONFIGURED, "farm/deep/work.py", ()),
    ],
)
def test_package(tmp_path: Path, init: str, path: str, expected: tuple[str, ...]) -> None:
    found = methods(
        tmp_path,
        path,
        farm_____init__=init,
        farm___deep_____init__="",
        farm___deep___work=WORK,
        run=script("farm.deep.work", None),
        other=script("sys", None),
    )
    assert found == expected


def test_package_that_nobody_uses(tmp_path: Path) -> None:
    files = {"farm_____init__": PACKAGE, "farm___work": WORK}
    assert methods(tmp_path, "farm/work.py", **files) == ("spawn",)


@pytest.mark.parametrize(
    ("setup", "expected"),
    [
        ("def setup():\n    mp.set_start_method('spawn')\n", ("spawn",)),
        ("def other():\n    mp.set_start_method('spawn')\n\n\ndef setup():\n    pass\n", ()),
        ("mp.set_start_method('spawn')\n\n\ndef setup():\n    pass\n", ("spawn",)),
        ("def setup(which):\n    mp.set_start_method(str(which))\n", ()),
    ],
)
def test_a_module_sets_it_for_a_script(
    tmp_path: Path, setup: str, expected: tuple[str, ...]
) -> None:
    run = "import multiprocessing, tools, work\nif __name__ == '__main__':\n    tools.setup({})\n"
    found = methods(
        tmp_path,
        "work.py",
        run=run.format("work" if "which" in setup else ""),
        tools="import multiprocessing as mp\n\n\n" + setup,
        work=WORK,
    )
    assert found == expected


CALL = "mp.set_start_method('spawn')"


@pytest.mark.parametrize(
    ("source", "setting"),
    [
        ("", None),
        (f"# {CALL}", None),
        ("def set_start_method(method):\n    pass", None),
        ("from multiprocessing import set_start_method", None),
        (CALL, Setting(frozenset({"spawn"}), True)),
        ('set_start_method(\n    method="fork", force=True)', Setting(frozenset({"fork"}), True)),
        (f"try:\n    {CALL}\nexcept RuntimeError:\n    pass", Setting(frozenset({"spawn"}), True)),
        (f"if sys.platform:\n\n    {CALL}", Setting(frozenset({"spawn"}), True)),
        (f"def f():\n    x\n# x\n    if x:\n     {CALL}", Setting(frozenset({"spawn"}), False)),
        (f"if '__main__' == __name__:\n    {CALL}", Setting(frozenset({"spawn"}), False)),
        (f"class A:\n    def run(self):\n        {CALL}", Setting(frozenset({"spawn"}), False)),
        (f"{CALL}\nset_start_method(x)", Setting(frozenset(), True)),
        ("set_start_method('own')", Setting(frozenset(), True)),
        ("set_start_method('spawn' if x else 'fork')", Setting(frozenset(), True)),
        (f"def f():\n    {CALL}\n\n\nset_start_method('fork')",
         Setting(frozenset({"fork", "spawn"}), True)),
    ],
)  # fmt: skip
def test_setting_in(source: str, setting: Setting | None) -> None:
    assert setting_in(source.encode()) == setting
    assert setting is None or setting.methods <= set(START_METHODS)


@pytest.mark.parametrize(
    ("source", "methods"),
    [
        ("", ()),
        ("mp.set_start_method('spawn')", ("spawn",)),
        ("mp.set_start_method('fork', force=True)", ("fork",)),
        ("mp.set_start_method('spawn' if x else 'fork')", ("fork", "spawn")),
        ("mp.set_start_method(toolbox.method)", ()),
        ("mp.set_start_method('new one')", ()),
        ("toolbox.set_start_method('spawn')", ()),
    ],
)
def test_start_methods(tmp_path: Path, source: str, methods: tuple[str, ...]) -> None:
    asked = small(tmp_path, source)
    assert asked.program.defaults.methods_in(asked.path) == methods


def test_start_methods_are_those_of_the_scripts_that_use_a_file(tmp_path: Path) -> None:
    guard = "if __name__ == '__main__':\n    mp.set_start_method({!r})\n"
    imports = "import multiprocessing as mp\nimport {}\n"
    asked = Small(
        tmp_path,
        imports.format("tools") + guard.format("fork"),
        other=imports.format("shared") + guard.format("spawn"),
        tools="import shared\nimport multiprocessing; multiprocessing.Pool\n",
        shared="import multiprocessing; multiprocessing.Pool\n",
    )
    defaults = asked.program.defaults
    assert defaults.methods_in(tmp_path / "tools.py") == ("fork",)
    assert defaults.methods_in(tmp_path / "other.py") == ("spawn",)
    assert defaults.methods_in(tmp_path / "shared.py") == ("fork", "spawn")
