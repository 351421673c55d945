"""The benchmark on released packages: a tiny corpus of our own, and what is kept in the project."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from conftest import HANG, ROOT

MODULE = "shop/stock.py"


@pytest.fixture(scope="module")
def corpus() -> ModuleType:
    """benchmarks/corpus.py, which is a script."""
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import corpus
    finally:
        sys.path.pop(0)
    return corpus


@pytest.fixture
def shelf(corpus: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A corpus of one package with one finding, and where its files and its verdicts are."""
    wheel = tmp_path / "corpus" / "wheels" / "shop-1.0-py3-none-any.whl"
    wheel.parent.mkdir(parents=True)
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(MODULE, HANG)
        archive.writestr("shop/table.csv", "a,b\n")
        archive.writestr("../outside.py", HANG)
        archive.writestr("/tmp/outside.py", HANG)
    pinned = tmp_path / "corpus.toml"
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    pinned.write_text(
        "pip = []\n[[package]]\nname = 'shop'\nversion = '1.0'\nseen = false\n"
        f"file = '{wheel.name}'\nsha256 = '{digest}'\n"
    )
    monkeypatch.setattr(corpus, "CORPUS", pinned)
    monkeypatch.setattr(corpus, "VERDICTS", tmp_path / "verdicts.csv")
    return tmp_path


@pytest.fixture
def run(corpus: ModuleType, shelf: Path) -> Callable[..., int]:
    return lambda *options: corpus.main([str(shelf / "corpus"), *options])


def rows(shelf: Path) -> list[str]:
    return (shelf / "verdicts.csv").read_text().splitlines()[1:]


def judge(shelf: Path, pattern: str, instead: str) -> None:
    path = shelf / "verdicts.csv"
    changed, times = re.subn(pattern, instead, path.read_text(), flags=re.MULTILINE)
    assert times
    path.write_text(changed)


def test_from_a_wheel_to_a_report(
    shelf: Path, run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--record") == 0
    assert [path.name for path in shelf.rglob("*.py")] == ["stock.py"], "inside, and Python only"
    assert not (shelf / "corpus" / "shop-1.0" / "shop" / "table.csv").exists()
    codes = [row.split(",")[1] for row in rows(shelf)]
    assert "MPL114" in codes
    assert f"{len(codes)} findings are unreviewed" in capsys.readouterr().out

    assert run("--unreviewed") == 0
    printed = capsys.readouterr().out
    assert f"shop {MODULE}:5 MPL114 in the module" in printed
    assert "> " in printed and "queue.get(5)" in printed

    judge(shelf, "yes,,$", "yes,true,it waits")
    assert run() == 0
    printed = capsys.readouterr().out
    assert re.search(r"^MPL114 +1 +0 +0 +0 +100 % +100 %$", printed, re.MULTILINE)
    assert "findings are unreviewed" not in printed
    assert "0.0 false alarms per 100,000 of 5 lines" in printed
    assert re.search(r"^shop 1\.0 +unseen +1 +5 ", printed, re.MULTILINE)


def test_a_lost_finding_fails(
    corpus: ModuleType,
    shelf: Path,
    run: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    run("--record")
    judge(shelf, "yes,,$", "yes,true,it waits")
    (shelf / "corpus" / "shop-1.0" / MODULE).write_text("print('nothing')\n")
    assert run() == 1
    assert f"lost: MPL114 in shop {MODULE}" in capsys.readouterr().out
    assert run("--record") == 1
    assert all("no,true,it waits" in row for row in rows(shelf)), "kept, as no longer said"
    assert run() == 0


def test_a_false_alarm_that_is_back_fails(
    shelf: Path, run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    run("--record")
    judge(shelf, "yes,,$", "yes,false,it does not wait")
    assert run() == 0, "known, and to be repaired"
    assert "false alarms per 100,000" in capsys.readouterr().out
    judge(shelf, "yes,false", "no,false")
    assert run() == 1
    assert f"false alarm: MPL114 in shop {MODULE}:5: it does not wait" in capsys.readouterr().out


def test_a_package_that_cannot_be_checked_fails(
    shelf: Path, run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    run("--record")
    judge(shelf, "yes,,$", "yes,true,it waits")
    assert run("--patience", "0", "--record") == 1
    printed = capsys.readouterr()
    assert "shop: not finished after 0 seconds" in printed.err and "lost:" not in printed.out
    assert all("yes,true,it waits" in row for row in rows(shelf)), "nothing is known now"


def test_a_wheel_for_one_python(
    corpus: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []

    def ran(command: list[str]) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(corpus.subprocess, "run", ran)
    for python in ("", "3.11"):
        package = corpus.Package("shop", "1.0", "shop.whl", "00", seen=False, python=python)
        corpus.download(package, tmp_path, ["--python-version=3.12"])
    last = [[word for word in each if word.startswith("--python")][-1] for each in commands]
    assert last == ["--python-version=3.12", "--python-version=3.11"]


def test_only_what_is_pinned(
    corpus: ModuleType, shelf: Path, run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("nothing-like-it") == 2
    assert "nothing-like-it" in capsys.readouterr().err
    pinned = shelf / "corpus.toml"
    pinned.write_text(re.sub("sha256 = '.", "sha256 = 'x", pinned.read_text()))
    assert run() == 2
    assert "is not the file" in capsys.readouterr().err
    assert not (shelf / "corpus" / "shop-1.0").exists()


def test_findings_are_known_where_lines_move(corpus: ModuleType, tmp_path: Path) -> None:
    source = (
        "class Shop:\n    def sell(self):\n        queue.get(5)\n        return queue.get( 5)\n"
        "def other():\n    queue.get(5)\n"
    )
    package = corpus.Package("shop", "1.0", "", "", False)

    def keys(source: str, lines: tuple[int, ...]) -> list[tuple[str, ...]]:
        (tmp_path / "a.py").write_text(source)
        said = [
            {"path": "a.py", "line": line, "code": "MPL1", "message": "", "related": []}
            for line in lines
        ]
        return [finding.key for finding in corpus.identify(package, tmp_path, said)]

    before = keys(source, (3, 6, 4))
    assert before == keys("import this\n\n" + source, (5, 8, 6))
    assert [key[3] for key in before] == ["Shop.sell", "other", "Shop.sell"]
    assert before[0][4] == before[1][4] != before[2][4], "spaces do not count, the words do"
    assert keys("queue.get(5)\n" * 2, (1, 2)) == keys("queue.get(5)\n", (1,))
    assert keys("if (:\n", (1, 9)), "files that do not parse have places, too"


@pytest.mark.parametrize("name", ["../a.py", "/a.py", "a/../../b.py", "a\\..\\b.py", "c:a.py"])
def test_nothing_is_unpacked_elsewhere(corpus: ModuleType, name: str) -> None:
    assert not corpus.is_inside(name)
    assert corpus.is_inside("shop/stock.py")


def test_bad_verdicts_are_refused(corpus: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "verdicts.csv"
    head = ",".join(corpus.COLUMNS)
    path.write_text(f"{head}\nshop,MPL1,a.py,,00,1,yes,perhaps,\n")
    with pytest.raises(corpus.Trouble, match="perhaps"):
        corpus.read_verdicts(path)
    path.write_text(f"{head}\n" + "shop,MPL1,a.py,,00,1,yes,true,so\n" * 2)
    with pytest.raises(corpus.Trouble, match="twice"):
        corpus.read_verdicts(path)


def test_what_is_pinned_and_what_is_said_of_it(corpus: ModuleType) -> None:
    _, packages = corpus.read_corpus(ROOT / "benchmarks" / "corpus.toml")
    names = Counter(package.name for package in packages)
    assert len(names) >= 60 and set(names.values()) == {1}
    assert sum(not package.seen for package in packages) >= 30
    assert all(re.fullmatch("[0-9a-f]{64}", package.sha256) for package in packages)
    verdicts = corpus.read_verdicts(ROOT / "benchmarks" / "verdicts.csv")
    assert {verdict.key[0] for verdict in verdicts.values()} <= set(names)
    assert all(verdict.why or not verdict.verdict for verdict in verdicts.values())
