"""What is kept between runs says what a run without it would say, whatever happened in between."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from conftest import HANG, PLAIN, Ran, spawn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mplint.cache
import mplint.engine
from mplint.analysis import Job
from mplint.cache import FOLDER, Witness, digest
from mplint.config import Configuration, Settings
from mplint.engine import Engine, Report
from mplint.registry import load
from mplint.source import Files

Write = Callable[..., Path]
Mplint = Callable[..., Ran]

WORKER = """\
from multiprocessing import Process, Queue


def work(jobs):
    jobs.put({what})


if __name__ == "__main__":
    queue = Queue()
    process = Process(target=work, args=(queue,))
    process.start()
    process.join()
    queue.get()
"""


def run(*paths: str, select: Iterable[str] = ("ALL",), **options: Any) -> Report:
    configuration = Configuration(Settings(select=tuple(select), **options.pop("settings", {})))
    engine = Engine(load(), configuration, cached=options.pop("cached", True), **options)
    return engine.check(engine.discover(paths or ["."]))


@contextmanager
def analysed() -> Iterator[list[str]]:
    """The files that are analysed meanwhile, and not only looked up."""
    found: list[str] = []
    original = mplint.engine.run

    def noted(job: Job, *rest: Any) -> Any:
        found.extend(target.path.name for target in job.targets)
        return original(job, *rest)

    with patch.object(mplint.engine, "run", noted):
        yield found


def entries(folder: Path) -> list[Path]:
    return sorted((folder / FOLDER).glob("*.json"))


@pytest.fixture
def project(folder: Path, write: Write) -> Path:
    """A project with a program of two files, and another program."""
    write("pyproject.toml", "")
    write("a.py", HANG)
    write("b.py", "import c\nfrom multiprocessing import Process\n\nProcess(target=c.work)\n")
    write("c.py", f"from multiprocessing import Pool; Pool\n\n\ndef work():\n    pass\n\n\n{HANG}")
    write("d.py", PLAIN)
    return folder


# What is looked up, and what is not -------------------------------------------------------------


def test_a_second_run_analyses_nothing(project: Path) -> None:
    cold = run()
    with analysed() as again:
        warm = run()
    assert again == []
    assert warm.diagnostics == cold.diagnostics != []
    assert (warm.files, warm.analysed) == (cold.files, cold.analysed)


def test_without_a_cache_nothing_is_kept(project: Path, mplint: Mplint) -> None:
    assert mplint("check", ".", "--no-cache").status == 1
    assert not (project / FOLDER).exists()
    assert mplint("check", ".").status == 1
    assert entries(project)


def test_an_editors_buffer_is_not_kept(project: Path, mplint: Mplint) -> None:
    mplint("check", "-", "--stdin-filename", "a.py", stdin=HANG.encode())
    assert not (project / FOLDER).exists()


def test_files_without_a_project_get_no_folder(folder: Path, write: Write, mplint: Mplint) -> None:
    write("a.py")
    assert mplint("check", "a.py").status == 1
    assert os.listdir(folder) == ["a.py"]


def test_only_what_changed_is_analysed(project: Path, write: Write) -> None:
    run()
    write("a.py", f"{HANG}\n")
    with analysed() as again:
        run()
    assert again == ["a.py"]
    write("c.py", "from multiprocessing import Pool; Pool\n\n\ndef work():\n    pass\n")
    with analysed() as again:
        run()
    assert sorted(again) == ["b.py", "c.py"]


def test_the_time_of_a_file_decides_nothing(project: Path, write: Write) -> None:
    run()
    times = os.stat("a.py")
    write("a.py", HANG.replace("get(5)", "get(6)"))
    os.utime("a.py", ns=(times.st_atime_ns, times.st_mtime_ns))
    with analysed() as again:
        run()
    assert again == ["a.py"]
    os.utime("a.py")
    with analysed() as again:
        run()
    assert again == []


def test_files_that_are_named_are_kept_one_by_one(project: Path) -> None:
    run("b.py")
    with analysed() as again:
        run()
    assert sorted(again) == ["a.py", "c.py"]
    with analysed() as again:
        run()
    assert again == []


def test_a_file_that_was_missing_counts(project: Path, write: Write) -> None:
    write(
        "e.py", "from multiprocessing import Queue\nfrom f import LIMIT\n\nqueue = Queue(LIMIT)\n"
    )
    run()
    write("f.py", "LIMIT = 1\n")
    with analysed() as again:
        run()
    assert again == ["e.py", "f.py"]


@pytest.mark.parametrize(
    "options",
    [
        {"select": ("MPL114",)},
        {"settings": {"start_methods": ("spawn",)}},
        {"settings": {"target_version": "3.14"}},
    ],
)
def test_settings_count(project: Path, options: dict[str, Any]) -> None:
    run()
    with analysed() as again:
        found = run(**options)
    assert sorted(again) == ["a.py", "b.py", "c.py"]
    assert found.diagnostics == run(**options, cached=False).diagnostics


def test_other_versions_count(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run()
    monkeypatch.setattr(mplint.cache, "__version__", "9.9")
    with analysed() as again:
        run()
    assert sorted(again) == ["a.py", "b.py", "c.py"]


def test_rules_count_by_what_is_in_them(tmp_path: Path) -> None:
    rule = tmp_path / "pack" / "rule"
    rule.mkdir(parents=True)
    registry = load()
    folders = type(registry)(registry.rules, {"X": rule}, {})
    before = mplint.cache.tool(folders)
    (rule / "__init__.py").write_text("")
    assert mplint.cache.tool(folders) != before


def test_comments_that_suppress_are_read_anew(project: Path, write: Write) -> None:
    assert "a.py" in {item.path for item in run(select=["MPL114"]).diagnostics}
    write("a.py", HANG.replace("get(5)", "get(5)  # noqa"))
    assert "a.py" not in {item.path for item in run(select=["MPL114"]).diagnostics}


def test_paths_are_shown_as_they_are_given(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run()
    for path in (".", os.path.abspath("."), "../project"):
        warm, cold = run(path).diagnostics, run(path, cached=False).diagnostics
        assert warm == cold
    monkeypatch.chdir("..")
    with analysed() as again:
        assert run("project").diagnostics == run("project", cached=False).diagnostics
    assert "project" not in again and len(again) == 3  # those of the run without a cache


def test_a_project_that_moves_keeps_what_is_known(project: Path, tmp_path: Path) -> None:
    run()
    moved = tmp_path / "elsewhere"
    os.rename(project, moved)
    with analysed() as again:
        found = run(str(moved))
    assert again == []
    assert {os.path.dirname(item.path) for item in found.diagnostics} == {str(moved)}


def test_another_front_end_process_uses_it(project: Path) -> None:
    run()
    with analysed() as again:
        ran = spawn(sys.executable, "-m", "mplint", "check", ".", "--select", "ALL", "-v")
    assert (ran.status, again) == (1, [])


def test_a_failure_of_our_own_is_not_kept(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("mplint.analysis._Analysis", None)
        assert {item.code for item in run().diagnostics} == {"MPL002"}
    assert {item.code for item in run().diagnostics} == {
        item.code for item in run(cached=False).diagnostics
    }


def test_several_processes_keep_what_they_find(folder: Path, write: Write) -> None:
    write("pyproject.toml", "")
    for number in range(mplint.engine.SERIAL_FILES + 2):
        write(f"program_{number}.py", HANG)
    cold = run(jobs=2)
    with analysed() as again:
        assert run().diagnostics == cold.diagnostics
    assert again == []


# Where it is ------------------------------------------------------------------------------------


def test_the_folder_keeps_itself_out_of_git_and_backups(project: Path) -> None:
    run()
    assert (project / FOLDER / ".gitignore").read_text() == "*\n"
    assert (project / FOLDER / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d1")


@pytest.mark.parametrize("how", ["option", "variable", "setting"])
def test_the_folder_can_be_elsewhere(
    project: Path, tmp_path: Path, mplint: Mplint, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    other = tmp_path / "other"
    arguments = []
    if how == "option":
        arguments = ["--cache-dir", other]
    elif how == "variable":
        monkeypatch.setenv("MPLINT_CACHE_DIR", str(other))
    else:
        (project / "mplint.toml").write_text("cache-dir = '../other'\n")
    mplint("check", ".", *arguments)
    assert not (project / FOLDER).exists()
    (inside,) = other.iterdir()
    assert inside.name.startswith("project-") and list(inside.glob("*.json"))


def test_a_cache_dir_that_is_no_text(project: Path, mplint: Mplint) -> None:
    (project / "mplint.toml").write_text("cache-dir = 3\n")
    ran = mplint("check", ".")
    assert ran.status == 2
    assert "mplint.toml: cache-dir: not a string" in ran.err


def test_a_folder_that_cannot_be_made(project: Path) -> None:
    (project / FOLDER).write_text("a file is in the way")
    assert run().diagnostics == run(cached=False).diagnostics
    assert (project / FOLDER).read_text() == "a file is in the way"


def test_a_link_in_its_place_is_not_followed(project: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    for name in ("data.json", f"{'0' * 32}.json"):
        (precious / name).write_text("{}")
    (project / FOLDER).symlink_to(precious)
    run()
    assert sorted(os.listdir(precious)) == [f"{'0' * 32}.json", "data.json"]


def test_nothing_else_is_deleted(project: Path) -> None:
    run()
    for name in ("notes.json", "x.part", "mine.txt"):
        (project / FOLDER / name).write_text("mine")
    run()
    assert {"notes.json", "x.part", "mine.txt"} <= set(os.listdir(project / FOLDER))


def test_entries_of_programs_that_are_gone_are_deleted(project: Path) -> None:
    run()
    assert len(entries(project)) == 2
    (project / "a.py").unlink()
    run()
    assert len(entries(project)) == 1


def test_what_dying_processes_left_is_deleted_in_time(project: Path) -> None:
    run()
    old, new = (project / FOLDER / f"{'0' * 32}.json.{pid}.part" for pid in (1, 2))
    for part in (old, new):
        part.write_text("half")
    past = time.time() - 2 * mplint.cache.ABANDONED_AFTER
    os.utime(old, (past, past))
    run()
    assert not old.exists() and new.exists()


# What is damaged --------------------------------------------------------------------------------


def damage_cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def damage_found(data: bytes) -> bytes:
    return data.replace(b"MPL", b"XYZ")


def damage_nothing_left(data: bytes) -> bytes:
    return b""


def signed(content: object) -> bytes:
    text = json.dumps(content).encode()
    return digest(text).encode() + b"\n" + text


def damage_other_shape(data: bytes) -> bytes:
    return signed({"state": 1})


def damage_no_list(data: bytes) -> bytes:
    return signed(5)


def damage_parts(data: bytes) -> bytes:
    state = json.loads(data.partition(b"\n")[2])[0]
    return signed([state, {}, {}, {"a.py": {}, "b.py": {}, "c.py": []}])


def damage_fields(data: bytes) -> bytes:
    content = json.loads(data.partition(b"\n")[2])
    for target in content[3].values():
        target["found"] = [{"place": {}}]
    return signed(content)


@pytest.mark.parametrize(
    "damage",
    [
        damage_cut,
        damage_found,
        damage_nothing_left,
        damage_other_shape,
        damage_no_list,
        damage_parts,
        damage_fields,
    ],
)
def test_a_damaged_entry_is_made_anew(project: Path, damage: Callable[[bytes], bytes]) -> None:
    cold = run()
    for entry in entries(project):
        entry.write_bytes(damage(entry.read_bytes()))
    with analysed() as again:
        assert run().diagnostics == cold.diagnostics
    assert sorted(again) == ["a.py", "b.py", "c.py"]
    with analysed() as again:
        run()
    assert again == []


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_any_bit_that_flips_is_seen(project: Path, at: float, bit: int) -> None:
    cold = run()
    entry = entries(project)[0]
    data = bytearray(entry.read_bytes())
    data[int(at * len(data))] ^= 1 << bit
    entry.write_bytes(data)
    assert run().diagnostics == cold.diagnostics


def test_a_file_that_changes_while_it_is_read(folder: Path, write: Write) -> None:
    path = write("a.py", "1")
    files = Witness(Files())
    files.read(path)
    assert files.looked is not None
    write("a.py", "2")
    files.read(path)
    assert files.looked is None


def test_what_was_known_of_another_state_is_not_kept_beside_the_new(
    project: Path, write: Write
) -> None:
    run("c.py")
    write("c.py", "from multiprocessing import Pool; Pool\n\n\ndef work():\n    pass\n")
    run("b.py")  # of the same program: what was found in c.py no longer holds
    assert run().diagnostics == run(cached=False).diagnostics


def test_a_target_version_is_more_than_the_versions_that_a_project_is_for(
    project: Path, write: Write
) -> None:
    """Whoever selects the group of 3.14 is told about 3.14, unless a target version is given."""
    nested = "import multiprocessing\n\n\ndef main():\n    def work():\n        pass\n\n"
    write(
        "f.py",
        f"{nested}    multiprocessing.Process(target=work).start()\n\n\n"
        "if __name__ == '__main__':\n    main()\n",
    )
    write("pyproject.toml", "[project]\nrequires-python = '==3.13.*'\n")
    found = []
    said: dict[str, str]
    for said in ({}, {"target_version": "3.13"}):
        for cached in (True, False):
            found.append(run(select=["readiness-3.14"], settings=said, cached=cached).diagnostics)
    assert found[0] == found[1]
    assert found[2] == found[3]
    assert found[0] != found[2]


# Whatever happens in between --------------------------------------------------------------------

NAMES = ("a.py", "b.py", "c.py", "pack/__init__.py", "pack/d.py")
CONTENTS = (
    HANG,
    PLAIN,
    WORKER.format(what="lambda: 1"),
    WORKER.format(what="1"),
    "from a import work\nfrom multiprocessing import Process\n\nProcess(target=work).start()\n",
    "from pack import work\nimport multiprocessing as mp\n\nmp.Process(target=work).start()\n",
    "from pack.d import work\n",
    "from c import queue\nimport multiprocessing\n\nqueue.put(lambda: 1)\n",
    "from multiprocessing import Pool; Pool\n\ndef work(:\n",
)

edits = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from(NAMES), st.sampled_from(CONTENTS)),
        st.tuples(st.just("delete"), st.sampled_from(NAMES), st.none()),
        st.tuples(st.just("rename"), st.sampled_from(NAMES), st.sampled_from(NAMES)),
    ),
    min_size=1,
    max_size=3,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history=st.lists(edits, min_size=1, max_size=4), named=st.sets(st.sampled_from(NAMES)))
def test_warm_is_cold_after_any_edits(
    folder: Path, history: list[list[tuple[str, str, str | None]]], named: set[str]
) -> None:
    shutil.rmtree(folder)
    folder.mkdir()
    os.chdir(folder)
    (folder / "pyproject.toml").touch()
    for changes in history:
        for what, name, argument in changes:
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            if what == "write":
                path.write_text(argument or "")
            elif path.exists() and what == "delete":
                path.unlink()
            elif path.exists() and what == "rename":
                (folder / (argument or "")).parent.mkdir(exist_ok=True)
                os.rename(path, folder / (argument or ""))
        run(*(name for name in named if (folder / name).exists()))
        assert run().diagnostics == run(cached=False).diagnostics


def test_two_runs_at_once(project: Path) -> None:
    cold = run(cached=False)
    command = [sys.executable, "-m", "mplint", "check", ".", "--select=ALL", "--output-format=json"]
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)
    ]
    found = [json.loads(process.communicate()[0]) for process in processes]
    assert [[item["code"] for item in one] for one in found] == [
        [item.code for item in cold.diagnostics]
    ] * 3
    with analysed() as again:
        assert run().diagnostics == cold.diagnostics
    assert again == []


def test_a_process_that_is_killed_while_it_writes(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*arguments: object) -> None:
        raise Killed

    cold = run(cached=False)
    with monkeypatch.context() as patched:
        patched.setattr("mplint.cache.os.replace", die)
        with pytest.raises(Killed):
            run()
    assert os.listdir(project / FOLDER).count("CACHEDIR.TAG") == 1 and not entries(project)
    assert run().diagnostics == cold.diagnostics
