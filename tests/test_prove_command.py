"""Claims, and the command that tests them."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from proving import METHODS, posix_only

from mplint import registry
from mplint.outcome import Hangs, Quiet, Raises
from mplint.prove import (
    ProveError,
    command,
    interpreters,
    runner,
)
from mplint.registry import Registry, RegistryError
from mplint.rule import Applies, Rule, RuleVisitor

SPAWNED = tuple(method for method in METHODS if method != "fork")

FAILS_UNLESS_FORKED = """
import multiprocessing as mp
LIMIT = 1
def work():
    assert LIMIT == 2, "the old limit"
if __name__ == "__main__":
    LIMIT = 2
    child = mp.Process(target=work)
    child.start()
    child.join()
"""


def make_rule(code: str, proof: Any, applies: Applies | None = None) -> Rule:
    return Rule(code, "name", "bug", "", "", "", RuleVisitor, proof, applies or Applies())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.joinpath("bad.py").write_text(FAILS_UNLESS_FORKED)
    (tmp_path / "good").mkdir()
    (tmp_path / "good" / "helper.py").write_text("VALUE = 1\n")
    (tmp_path / "good" / "main.py").write_text("import helper\nprint(helper.VALUE)\n")
    return tmp_path


def prove(rule: Rule, folder: Path, **settings: Any) -> dict[tuple[str, str], bool]:
    results = runner.prove(
        [rule], {rule.code: folder}, interpreters=[interpreters.ask()], **settings
    )
    return {(result.task.start_method, result.task.program): result.holds for result in results}


PROOF = Raises("AssertionError", "the old limit")


def test_claim_is_tested_both_ways(folder: Path) -> None:
    right = make_rule("TST001", PROOF, Applies(SPAWNED))
    assert set(prove(right, folder).values()) == {True}
    # claimed where it does not bite
    wide = prove(make_rule("TST001", PROOF), folder)
    assert {key for key, holds in wide.items() if not holds} == {("fork", "bad")}
    # not claimed where it does
    narrow = prove(make_rule("TST001", PROOF, Applies(("spawn",))), folder)
    assert {key for key, holds in narrow.items() if not holds} == {("forkserver", "bad")}
    # another outcome than that claimed
    other = prove(make_rule("TST001", Hangs("join"), Applies(SPAWNED)), folder, programs=["bad"])
    assert other == {("fork", "bad"): True, ("spawn", "bad"): False, ("forkserver", "bad"): False}


def test_claim_is_bound_to_versions_and_start_methods() -> None:
    proof = {"spawn": PROOF, "fork": Hangs("get")}
    rule = make_rule("TST001", proof, Applies(("spawn", "fork"), ">=3.11,<3.14"))
    assert runner.claimed(rule, "3.11.7", "spawn") == PROOF
    assert runner.claimed(rule, "3.13.0rc1", "fork") == Hangs("get")
    assert runner.claimed(rule, "3.10.13", "spawn") == Quiet()
    assert runner.claimed(rule, "3.14.1", "spawn") == Quiet()
    assert runner.claimed(rule, "3.12.0", "forkserver") == Quiet()
    with pytest.raises(ProveError, match="TST001 applies under forkserver"):
        runner.claimed(make_rule("TST001", proof), "3.12.0", "forkserver")


def test_good_program_must_end_well(folder: Path) -> None:
    folder.joinpath("good", "main.py").write_text("print('expected: 1')\nprint('got: 2')\n")
    rule = make_rule("TST001", PROOF)
    assert prove(rule, folder, start_methods=["fork"], programs=["good"]) == {
        ("fork", "good"): False
    }


def test_rule_without_program_is_named(folder: Path) -> None:
    folder.joinpath("bad.py").unlink()
    with pytest.raises(ProveError, match=r"has no bad\.py"):
        prove(make_rule("TST001", PROOF), folder)


@pytest.fixture
def rules(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    right = make_rule("TST001", PROOF, Applies(SPAWNED))
    wrong = make_rule("TST002", PROOF)
    known = Registry({"TST001": right, "TST002": wrong}, {"TST001": folder, "TST002": folder})
    monkeypatch.setattr(registry, "load", lambda: known)
    return known


def run(*arguments: Any) -> tuple[int, str]:
    output = io.StringIO()
    defaults: list[Any] = [[], [], [], 2, "text"]
    filled = [*arguments, *defaults[len(arguments) :]]
    return command.run(*filled, output), output.getvalue()


def test_report_as_text(rules: Registry) -> None:
    status, text = run()
    assert status == 1
    rows = [line.split() for line in text.splitlines() if line.strip()]
    version = interpreters.ask().name.split()
    assert ["TST001", *version, "bad.py", "fork", "nothing", "holds"] in rows
    assert "the rule says: raises AssertionError (the old limit)" in text
    assert "FAILS" in text
    assert rows[-1] == ["11", "of", "12", "claims", "hold."]
    assert run(["TST001"], [], ["spawn"])[0] == 0


def test_report_as_json(rules: Registry) -> None:
    status, text = run(["TST001"], [sys.executable], ["spawn", "fork"], 1, "json")
    found = json.loads(text)
    assert status == 0
    order = [(one["start_method"], one["program"]) for one in found]
    assert order == [("fork", "bad"), ("fork", "good"), ("spawn", "bad"), ("spawn", "good")]
    bad = found[2]
    assert bad["code"] == "TST001" and bad["holds"] is True
    assert bad["claim"] == "raises AssertionError (the old limit)"
    assert bad["seen"] == "Process-1 raises AssertionError: the old limit"
    assert bad["version"] == ".".join(map(str, sys.version_info[:3]))
    assert bad["observation"]["ending"] == "ended"


def test_wrong_usage_is_named(rules: Registry) -> None:
    with pytest.raises(RegistryError, match="TST003"):
        run(["TST003"])
    with pytest.raises(ProveError, match="no-such-python"):
        run([], ["no-such-python"])
    with pytest.raises(ProveError, match="does not run as a Python"):
        run([], ["true"])
    with pytest.raises(ProveError, match="'spwan'; did you mean 'spawn'"):
        run([], [], ["spwan"])
    with pytest.raises(ProveError, match="--jobs 0"):
        run([], [], [], 0)
    with pytest.raises(ProveError, match="MPL001"):
        run(["MPL001"])


def test_sentence_for_a_finding(rules: Registry) -> None:
    name = interpreters.ask().name
    said = command.seen(["TST001", "TST002"], 2)
    claim = "raises AssertionError (the old limit) here under spawn and forkserver"
    assert said["TST001"] == f"{claim}, {name}"
    assert said["TST002"] == f"was not seen here (nothing) under fork, {claim}, {name}"
    assert command.seen([], 2) == {}


@posix_only
def test_progress_is_shown_on_a_terminal_only() -> None:
    ours, theirs = os.openpty()
    ran = subprocess.Popen(
        [sys.executable, "-m", "mplint", "prove", "MPL115", "--start-method", "spawn"],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80"},
        text=True,
    )
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # how Linux says that nobody writes any more
        while text := os.read(ours, 4096):
            shown += text
    os.close(ours)
    stdout, _ = ran.communicate()
    assert b"proving" in shown and b"0/2" in shown
    assert shown.rindex(b"\x1b[?25h") > shown.rindex(b"\x1b[?25l")  # the cursor is back
    assert stdout.splitlines()[-1] == "2 of 2 claims hold." and "\x1b" not in stdout


def test_interpreter_is_known_by_path_or_name(
    rules: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("own-python").symlink_to(sys.executable)
    assert run(["TST001"], ["./own-python"], ["spawn"])[0] == 0
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run(["TST001"], ["own-python"], ["spawn"])[0] == 0
    monkeypatch.setattr(interpreters, "OLDEST", (4, 0))
    with pytest.raises(ProveError, match=r"own-python: 3\..* is too old, it takes 4\.0 at least"):
        run([], ["own-python"])


def test_several_interpreters_are_told_apart(rules: Registry) -> None:
    status, text = run(["TST001"], [sys.executable, sys.executable], ["spawn"], 2, "json")
    assert status == 0
    assert len(json.loads(text)) == 4


def test_imports_are_cheap() -> None:
    code = (
        "import sys, mplint.prove; a = 'psutil' in sys.modules; "
        "import mplint.prove.command; b = 'rich' in sys.modules; print(a, b)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "False False\n"
