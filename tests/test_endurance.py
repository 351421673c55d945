"""The benchmarks on staying power: what they count as left behind, and what they check."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from conftest import HANG, ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="these are for Linux")


def benchmark(name: str) -> ModuleType:
    """A script of benchmarks/."""
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        return __import__(name)
    finally:
        sys.path.pop(0)


# environments.py ----------------------------------------------------------------------------------


@pytest.fixture
def environments() -> ModuleType:
    return benchmark("environments")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """What is installed somewhere: a module, two packages, and what is none."""
    for name in (
        *(
            "single.py",
            "shop/__init__.py",
            "shop/inner/stock.py",
            "bare/module.py",
            "shop/data.txt",
        ),
        *("__pycache__/old.py", "site-packages/other.py", "nothing/text.txt"),
    ):
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(HANG if name == "shop/inner/stock.py" else "print(1)\n")
    return tmp_path / "tree"


def test_packages_of_a_tree(environments: ModuleType, tree: Path) -> None:
    def found(folder: Path, *only: str) -> dict[str, list[str]]:
        return {
            package.name: [str(path.relative_to(package.folder)) for path in package.files]
            for package in environments.packages(folder, only)
        }

    shop = ["shop/__init__.py", "shop/inner/stock.py"]
    assert found(tree) == {"modules": ["single.py"], "bare": ["bare/module.py"], "shop": shop}
    assert found(tree, "shop") == {"shop": shop}
    assert found(tree, "modules") == {"modules": ["single.py"]}
    assert found(tree / "shop") == {"shop": shop}, "a tree may be a package itself"


def test_an_environment_is_checked(
    environments: ModuleType, tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tree / "bare" / "broken.py").write_text(f"{HANG}\nif (:\n")
    assert environments.main([str(tree), "--only", "shop", "bare"]) == 0
    said = capsys.readouterr().out
    assert "4 files in 2 packages: " in said
    assert ", 2 findings (1 of them MPL001), 0 troubles" in said


def test_a_package_that_takes_too_long_is_a_trouble(
    environments: ModuleType, tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert environments.main([str(tree), "--only", "shop", "--patience", "0"]) == 1
    assert "FAILS stopped after" in capsys.readouterr().out


def test_a_file_that_takes_too_long_is_a_trouble(
    environments: ModuleType, tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert environments.main([str(tree), "--only", "shop", "--seconds", "0.01"]) == 1
    said = capsys.readouterr().out
    assert "alone: shop/__init__.py" in said and "alone: shop/inner/stock.py" in said
    assert ", 2 troubles" in said


@pytest.mark.parametrize(
    ("status", "printed", "trouble"),
    [
        (0, "[]", False),
        (1, "[]", False),
        (2, "[]", True),
        (0, "", True),
        (1, '[{"code": "MPL002", "path": "a.py", "message": "oh"}]', True),
    ],
)
def test_how_a_check_can_end(
    environments: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    printed: str,
    trouble: bool,
) -> None:
    program = f"import sys; print({printed!r}); sys.exit({status})"
    monkeypatch.setattr(environments, "COMMAND", (sys.executable, "-c", program))
    checked = environments.check([Path("a.py")], patience=60)
    assert bool(checked.trouble or checked.failures) is trouble


def test_slow_files_are_found_by_halves(
    environments: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = tuple(Path(f"{number}.py") for number in range(40))
    costs = dict.fromkeys(files, 1.0) | {files[7]: 50.0, files[31]: 30.0}
    asked = []

    def check(paths: list[Path], patience: float) -> object:
        asked.append(len(paths))
        return environments.Checked(sum(costs[path] for path in paths))

    monkeypatch.setattr(environments, "check", check)
    package = environments.Package("shop", Path(), files)
    whole = environments.Checked(sum(costs.values()))
    found = [path for path, _ in environments.slow_files(package, files, whole, 20.0)]
    assert found == [files[7], files[31]]
    assert sum(asked) < 3 * len(files)


# fire.py ------------------------------------------------------------------------------------------


@pytest.fixture
def fire(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, with folders of its own in the place of the system's."""
    found = benchmark("fire")
    for name in ("RUNS", "SHARED"):
        (tmp_path / name).mkdir()
        monkeypatch.setattr(found, name, tmp_path / name)
    return found


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    (tmp_path / "t").mkdir()
    return tmp_path / "t"


def test_what_is_left_of_a_run(fire: ModuleType, scratch: Path) -> None:
    mine, dead, held = (fire.RUNS / f"mplint-{name}" for name in ("mine", "dead", "held"))
    before = fire.things(scratch)
    for folder in (mine, dead, held):
        folder.mkdir()
    for name in ("sem.mplint-mine-1", "psm_1", "psm_2", "pym-7-a", "pym-8-a", "sem.other"):
        (fire.SHARED / name).touch()
    (scratch / "file").touch()
    shot = fire.Shot("mark", "", False, pids={7}, runs={mine}, blocks={"psm_1"})
    lock = os.open(held, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        left = fire.left(shot, before, scratch)
    finally:
        os.close(lock)
    assert left == {
        "folder": [str(mine)],
        fire.UNSURE: [str(dead)],
        "semaphore": [str(fire.SHARED / "sem.mplint-mine-1")],
        "shared memory": [str(fire.SHARED / "psm_1"), str(fire.SHARED / "pym-7-a")],
        "temporary file": [str(scratch / "file")],
    }
    assert fire.left(shot, fire.things(scratch), scratch) == {}, "only what is new"


@pytest.fixture
def process(fire: ModuleType) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    started = []

    def start(**environment: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", "input()"]
        one = subprocess.Popen(
            command, env={**os.environ, **environment}, stdin=subprocess.PIPE, cwd="/"
        )
        started.append(one)
        return one

    yield start
    for one in started:
        one.communicate()


def test_processes_are_known_by_their_mark(
    fire: ModuleType, scratch: Path, process: Callable[..., subprocess.Popen[bytes]]
) -> None:
    mine, run = process(**{fire.MARK: "one", "MPLINT_RUN": str(fire.RUNS / "mplint-1")}), fire.RUNS
    process(**{fire.MARK: "two"})
    (run / "mplint-1").mkdir()
    (run / "mplint-1" / "journal").write_bytes(b"start\t55\t0\tfork\nblock\t56\t0\t/psm_x\n")
    fire.wait(lambda: fire.of_run("one"))
    [found] = fire.of_run("one")
    assert found.pid == mine.pid and not fire.is_observer(found)
    shot = fire.Shot("one", "", False)
    shot.learn([found])
    assert shot.pids == {mine.pid, 55, 56}
    assert shot.runs == {run / "mplint-1"} and shot.blocks == {"psm_x"}
    assert list(fire.left(shot, fire.things(scratch), scratch)) == ["process"]


@pytest.mark.parametrize(
    ("together", "at_once", "later", "bad"),
    [
        (False, {}, {}, 0),
        (False, {"process": ["1"]}, {}, 1),
        (True, {"process": ["1"]}, {}, 0),
        (True, {"process": ["1"]}, {"process": ["1"]}, 1),
        (False, {"folder, perhaps of another": ["1"]}, {}, 0),
    ],
)
def test_what_counts_as_wrong(
    fire: ModuleType,
    scratch: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    together: bool,
    at_once: dict[str, list[str]],
    later: dict[str, list[str]],
    bad: int,
) -> None:
    """After a signal to mplint alone nothing may be left; after one to all, nothing that the next
    run does not remove."""

    class Ended:
        def wait(self) -> None:
            pass

    answers = iter([at_once, later])
    monkeypatch.setattr(fire, "start", lambda *_: Ended())
    monkeypatch.setattr(fire, "shoot", lambda *_: fire.Shot("mark", "SIGTERM", together))
    monkeypatch.setattr(fire, "left", lambda *_: next(answers))
    assert fire.main(["--times", "1"]) == min(bad, 1)
    said = capsys.readouterr().out
    assert f"1 times killed, {bad} times something was left" in said
