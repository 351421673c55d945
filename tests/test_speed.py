"""What mplint does not do because it takes time; and the benchmarks, at tiny sizes. No test here
looks at a clock."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
GATED = "import multiprocessing\n\nqueue = multiprocessing.Queue()\n"


def benchmark(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", BENCHMARKS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


growth, speed = benchmark("growth"), benchmark("speed")


def loaded(*arguments: str) -> set[str]:
    """The modules that a command has imported when it ends."""
    program = (
        "import sys\n"
        "from mplint.frontends.cli import main\n"
        "try:\n"
        "    main(sys.argv[1:])\n"
        "except SystemExit:\n"
        "    pass\n"
        "print(*sys.modules)\n"
    )
    command = [sys.executable, "-c", program, *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(ran.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "arguments", [("--version",), ("--help",), ("check", "--help"), ("rules",)]
)
def test_libcst_is_not_imported_to_tell_something(arguments: tuple[str, ...]) -> None:
    assert "libcst" not in loaded(*arguments)


def test_libcst_is_not_imported_without_a_file_that_needs_it(tmp_path: Path) -> None:
    """Neither the rules nor the model that they ask."""
    plain, gated = tmp_path / "plain.py", tmp_path / "gated.py"
    plain.write_text("print('nothing')\n")
    for target in (plain, tmp_path):
        modules = loaded("check", "--isolated", "--select", "ALL", str(target))
        assert (
            not {"libcst", "msgspec", "mplint.model.solving.solve", "mplint.model.facts"} & modules
        )
        assert "mplint_rules.mpl101_channel_made_in_worker" in modules
    gated.write_text(GATED)
    assert "libcst" in loaded("check", "--isolated", str(gated))


@pytest.mark.parametrize("name", growth.SHAPES)
def test_shapes(name: str) -> None:
    """Each shape is a program, and a larger one at a larger size."""
    small, large = (growth.SHAPES[name].make(size) for size in (8, 32))
    for text in (*small.values(), *large.values()):
        compile(text, name, "exec")
    assert sum(map(len, small.values())) < sum(map(len, large.values()))


def test_growth_measures_a_program(tmp_path: Path) -> None:
    growth.write(growth.SHAPES["files"].make(2), tmp_path / "program")
    assert growth.seconds(tmp_path / "program", 1, "MPL102") > 0
    assert growth.elapsed(tmp_path / "program", 1) > 0


def test_speed_measures_what_is_installed(tmp_path: Path) -> None:
    found = speed.measure(speed.small(tmp_path), 1, settle=False)
    assert list(found) == ["import libcst", "mplint"]
    assert len(speed.table(found, "import libcst").splitlines()) == 3
    assert speed.installed(speed.Tool((), ("no-such-package-at-all",))) is None


def test_flake8_without_other_plugins(tmp_path: Path) -> None:
    """The flake8 that mplint is compared with does not run mplint itself."""
    (tmp_path / "a.py").write_text("import os\n")
    tool = speed.tools(str(tmp_path))["flake8"]
    ran = subprocess.run(tool.command, capture_output=True, text=True, check=True)
    assert "F401" in ran.stdout
    ran = subprocess.run([*tool.command, "--version"], capture_output=True, text=True, check=True)
    assert "pyflakes" in ran.stdout and "mplint" not in ran.stdout


@pytest.mark.parametrize(
    "name",
    [name for name in growth.SHAPES if name.startswith(("branch-", "again-"))]
    + ["polling", "guards", "patches"],
)
def test_work_grows_with_the_program(name: str, tmp_path: Path) -> None:
    """Counted in calls of functions, which are the same in every run. What is done per
    branch does not go through all branches again."""
    counts = [calls(growth.SHAPES[name].make(size), tmp_path / str(size)) for size in (60, 240)]
    assert counts[1] < growth.ALLOWED * counts[0]


def calls(program: dict[str, str], folder: Path) -> int:
    """How many calls it takes to check a program with all rules."""
    growth.write(program, folder)
    counter = (
        "import sys\n"
        "from mplint.frontends.cli import main\n"
        "def run():\n"
        "    try:\n"
        "        main(sys.argv[1:])\n"
        "    except SystemExit:\n"
        "        pass\n"
        "def count(frame, event, _):\n"
        "    global calls\n"
        "    calls += event in ('call', 'c_call')\n"
        "run()\n"  # so that all is imported
        "calls = 0\n"
        "sys.setprofile(count)\n"
        "run()\n"
        "sys.setprofile(None)\n"
        "print(calls)\n"
    )
    options = ("check", str(folder), "--isolated", "--no-cache", "--select", "ALL", "--jobs", "1")
    command = [sys.executable, "-c", counter, *options, "--quiet"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(ran.stdout.splitlines()[-1])
