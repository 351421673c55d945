"""What README.md promises. `python tests/test_readme.py` writes the table of rules anew."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from mplint.config import Configuration
from mplint.engine import Engine
from mplint.frontends.cli import main
from mplint.registry import load

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
TEXT = README.read_text(encoding="utf-8")
TABLE = re.compile(r"(?<=<!-- rules -->\n).*?(?=<!-- /rules -->)", re.DOTALL)


def block(language: str, beginning: str = "") -> str:
    """The code block of a language that begins with a text."""
    found = re.findall(rf"^```{language}\n({re.escape(beginning)}.*?)^```", TEXT, re.M | re.S)
    assert len(found) == 1, (language, beginning)
    return str(found[0])


def rules_as_markdown() -> str:
    command = [sys.executable, "-m", "mplint", "rules", "--output-format", "markdown"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_table_of_rules() -> None:
    assert TABLE.findall(TEXT) == [rules_as_markdown()]


def test_first_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It has ten lines of code, and mplint says of it what the README says."""
    program = block("python")
    assert len([line for line in program.splitlines() if line.strip()]) <= 10
    monkeypatch.chdir(tmp_path)
    Path("count.py").write_text(program, encoding="utf-8")
    shown = block("console", "$ mplint check count.py")
    assert main(shown.splitlines()[0].split()[2:]) == 1
    assert capsys.readouterr().out == shown.partition("\n")[2]


def test_commands_exist(capsys: pytest.CaptureFixture[str]) -> None:
    for line in block("console", "$ mplint check  ").splitlines():
        words = shlex.split(line.removeprefix("$ "), comments=True)
        options = [word for word in words if word.startswith("-")]
        with pytest.raises(SystemExit):
            main([words[1], "--help"])
        told = capsys.readouterr().out
        assert all(option in told for option in options), line


def test_settings_are_understood(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(block("toml"), encoding="utf-8")
    engine = Engine(load(), Configuration())
    (tmp_path / "empty.py").touch()
    assert engine.check(engine.discover([str(tmp_path)])).errors == []


def test_hooks_are_those_of_the_file() -> None:
    hooks = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    for name in re.findall(r"- id: (\S+)", hooks):
        assert f"`{name}`" in TEXT


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", TEXT):
        assert (ROOT / target).exists(), target


if __name__ == "__main__":
    README.write_text(TABLE.sub(lambda _: rules_as_markdown(), TEXT), encoding="utf-8")
