"""The hooks for pre-commit."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import PLAIN, ROOT, Ran, script, spawn
from running import Mplint, Write


@pytest.fixture(scope="session")
def cloned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git repository with the working tree as it is."""
    clone = tmp_path_factory.mktemp("clone")
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
    )
    if listed.returncode:
        pytest.skip("not in a git repository")
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, clone / name)
    commit(clone)
    return clone


def commit(folder: Path) -> None:
    git = ("git", "-C", folder, "-c", "user.name=x", "-c", "user.email=x@example.org")
    for arguments in (("init", "-q"), ("add", "-A"), ("commit", "-q", "--no-verify", "-m", "x")):
        spawned = spawn(*git, *arguments)
        assert spawned.status == 0, spawned.err


@pytest.fixture(scope="session")
def pre_commit(cloned: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mplint]:
    """Runs a hook of ours in the current folder."""
    home = tmp_path_factory.mktemp("home")
    environment = {**os.environ, "PRE_COMMIT_HOME": str(home), "PRE_COMMIT_COLOR": "never"}

    def run(hook: str, *arguments: object) -> Ran:
        revision = spawn("git", "-C", cloned, "rev-parse", "HEAD").out.strip()
        Path(".pre-commit-config.yaml").write_text(
            f"repos:\n- repo: {cloned}\n  rev: {revision}\n  hooks:\n  - id: {hook}\n"
        )
        ran = spawn(script("pre-commit"), "run", hook, "--verbose", *arguments, env=environment)
        if "pip" in ran.out and re.search("No matching distribution|connection", ran.out):
            pytest.skip("pip cannot install here")
        return ran

    yield run


def test_pre_commit_manifest() -> None:
    ran = spawn(script("pre-commit"), "validate-manifest", ROOT / ".pre-commit-hooks.yaml")
    assert (ran.status, ran.out, ran.err) == (0, "", "")


def test_pre_commit(write: Write, folder: Path, pre_commit: Mplint) -> None:
    commit(folder_with(write))
    write("-b.py")
    write("c.txt")
    write("excluded.py")
    write("not_staged.py")
    spawn("git", "add", "--", "-b.py", "c.txt", "excluded.py")
    ran = pre_commit("mplint")
    assert "Failed" in ran.out
    assert re.findall(r"--> (\S+)", ran.out) == ["-b.py:5:1"]
    # nothing of Python is staged
    spawn("git", "reset", "-q")
    spawn("git", "add", "c.txt")
    assert "Skipped" in pre_commit("mplint").out


def test_pre_commit_project(write: Write, folder: Path, pre_commit: Mplint) -> None:
    commit(folder_with(write))
    write("plain.py", PLAIN)
    spawn("git", "add", "plain.py")
    ran = pre_commit("mplint-project")
    assert "Failed" in ran.out
    assert re.findall(r"--> (\S+)", ran.out) == ["a.py:5:1"]


def folder_with(write: Write) -> Path:
    write("pyproject.toml", '[tool.mplint]\nselect = ["MPL114"]\nexclude = ["excluded.py"]\n')
    return write("a.py").parent
