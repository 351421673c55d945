"""Settings: from which files, in which order, and what is said when they cannot be used."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import HANG, Ran

from mplint.config import PYTHONS, ConfigError, Configuration, Settings, matching, python_version
from mplint.registry import load

Mplint = Callable[..., Ran]
Write = Callable[..., Path]


def settings(folder: Path, **override: object) -> Settings:
    return Configuration(Settings(**override)).for_file(folder / "a.py")  # type: ignore[arg-type]


# Which rules are on -------------------------------------------------------------------------------


def codes(**given: tuple[str, ...]) -> set[str]:
    return set(Settings(**given).selection(load()).codes)  # type: ignore[arg-type]


def test_all_but_advice_is_on() -> None:
    on = codes()
    assert {"MPL001", "MPL002", "MPL114"} <= on
    assert "MPL003" not in on


def test_selectors() -> None:
    errors = {"MPL001", "MPL002"}
    assert codes(select=("MPL114",)) == errors | {"MPL114"}
    assert codes(select=("timeout-passed-as-block",)) == errors | {"MPL114"}
    assert codes(select=("mpl114",)) == errors | {"MPL114"}
    assert codes(select=("ALL",)) == codes() | codes(select=("MPL",)) | {"MPL003"}
    assert codes(select=()) == errors
    assert codes(extend_select=("MPL003",)) == codes() | {"MPL003"}
    assert codes(ignore=("MPL114",)) == codes() - {"MPL114"}
    assert "MPL114" not in codes(ignore=("MPL1",))
    assert codes(select=("channels",)) == codes(select=("MPL1",))
    assert codes(ignore=("channels",)) == codes(ignore=("MPL1",))


def test_the_more_exact_selector_wins() -> None:
    assert "MPL114" in codes(select=("MPL114",), ignore=("MPL1",))
    assert "MPL114" not in codes(select=("MPL1",), ignore=("MPL114",))
    assert "MPL114" not in codes(select=("MPL114",), ignore=("MPL114",))
    assert "MPL102" not in codes(select=("MPL1",), extend_select=("MPL114",), ignore=("MPL10",))


def test_one_group_goes_by_finding() -> None:
    """`readiness-3.14` means some findings of a rule, and leaves its others as they are."""
    group = load().groups["readiness-3.14"]
    errors = {"MPL001", "MPL002"}

    def halves(**given: tuple[str, ...]) -> tuple[set[str], set[str]]:
        selection = Settings(**given).selection(load())  # type: ignore[arg-type]
        return set(selection.ready), set(selection.others)

    assert {"MPL204", "MPL301", "MPL602"} <= group
    assert not {"MPL114", "MPL603", "MPL604"} & group
    assert halves(select=("readiness-3.14",)) == (group | errors, errors)
    ready, others = halves(select=("readiness-3.14", "MPL204"))
    assert (ready, others) == (group | errors, errors | {"MPL204"})
    ready, others = halves(select=("readiness-3.14",), ignore=("MPL3", "unpicklable-self"))
    assert (ready, others) == ({c for c in group if c[3] != "3"} - {"MPL204"} | errors, errors)
    ready, others = halves(ignore=("readiness-3.14",))
    assert (ready, others) == (codes() - group, codes())
    ready, others = halves(extend_select=("readiness-3.14",))
    assert (ready, others) == (codes() | group, codes())
    ready, _ = halves(select=("MPL2",), ignore=("readiness-3.14",))
    assert "MPL201" in ready and "MPL204" not in ready
    ready, _ = halves(select=("MPL204",), ignore=("readiness-3.14",))
    assert "MPL204" in ready  # the more exact one wins


# Where settings come from -------------------------------------------------------------------------


def test_nearest_file_wins(folder: Path, write: Write) -> None:
    write("pyproject.toml", '[tool.mplint]\nignore = ["MPL1"]\n')
    write("inner/mplint.toml", 'ignore = ["MPL2"]\n')
    write("inner/deep/a.py")
    assert settings(folder).ignore == ("MPL1",)
    assert settings(folder / "inner").ignore == ("MPL2",)
    assert settings(folder / "inner" / "deep").ignore == ("MPL2",)


def test_own_file_stands_before_pyproject(folder: Path, write: Write) -> None:
    write("pyproject.toml", '[tool.mplint]\nignore = ["MPL1"]\n')
    write(".mplint.toml", 'ignore = ["MPL2"]\n')
    assert settings(folder).ignore == ("MPL2",)


def test_a_pyproject_without_a_table_of_ours_is_passed_over(folder: Path, write: Write) -> None:
    write("pyproject.toml", '[tool.mplint]\nignore = ["MPL1"]\n')
    write("inner/pyproject.toml", '[project]\nname = "x"\nrequires-python = ">=3.12"\n')
    assert settings(folder / "inner").ignore == ("MPL1",)
    assert settings(folder / "inner").requires_python == ">=3.12"


def test_settings_above_the_repository_do_not_count(folder: Path, write: Write) -> None:
    write("mplint.toml", 'ignore = ["MPL1"]\n')
    (folder / "inner" / ".git").mkdir(parents=True)
    assert settings(folder / "inner").ignore == ()
    assert settings(folder / "inner" / "deep").ignore == ()


def test_current_folder_does_not_matter(
    folder: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("mplint.toml", 'ignore = ["MPL1"]\nexclude = ["inner/b.py"]\n')
    path = write("inner/b.py")
    monkeypatch.chdir(folder / "inner")
    configuration = Configuration()
    assert configuration.for_file(path).ignore == ("MPL1",)
    assert configuration.excludes(path, is_folder=False)


def test_command_line_comes_first(folder: Path, write: Write) -> None:
    write(
        "mplint.toml",
        'select = ["MPL1"]\nignore = ["MPL102"]\nextend-select = ["MPL003"]\n'
        'start-methods = ["fork"]\ntarget-version = "3.10"\n',
    )
    found = settings(folder, select=("MPL2",), ignore=("MPL201",), extend_select=("MPL114",))
    assert found.select == ("MPL2",)
    assert found.ignore == ("MPL102", "MPL201")
    assert found.extend_select == ("MPL003", "MPL114")
    assert found.start_methods == ("fork",)
    assert found.target_version == "3.10"
    found = settings(folder, start_methods=("spawn",), target_version="3.14", select=())
    assert (found.start_methods, found.target_version, found.select) == (("spawn",), "3.14", ())


def test_only_and_isolated(folder: Path, write: Write) -> None:
    write("mplint.toml", 'ignore = ["MPL1"]\n')
    other = write("elsewhere/my-pyproject.toml", '[tool.mplint]\nignore = ["MPL2"]\n')
    write("pyproject.toml", '[project]\nrequires-python = ">=3.12"\n')
    a = folder / "a.py"
    assert Configuration(only=other).for_file(a).ignore == ("MPL2",)
    assert Configuration(only=other).for_file(a).requires_python == ">=3.12"
    assert Configuration(isolated=True).for_file(a) == Settings()


def test_a_file_is_read_again_by_the_next_configuration(folder: Path, write: Write) -> None:
    write("mplint.toml", 'ignore = ["MPL1"]\n')
    assert settings(folder).ignore == ("MPL1",)
    write("mplint.toml", 'ignore = ["MPL2"]\n')
    assert settings(folder).ignore == ("MPL2",)


# Versions -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("specifier", "expected"),
    [
        (None, PYTHONS),
        ("nonsense", PYTHONS),
        (">=3.10.2", PYTHONS[2:]),
        (">=3.9,<3.12", ("3.9", "3.10", "3.11")),
        ("~=3.11", PYTHONS[3:]),
        ("!=3.10.*", tuple(v for v in PYTHONS if v != "3.10")),
        ("==3.14.*", ("3.14",)),
    ],
)
def test_matching(specifier: str | None, expected: tuple[str, ...]) -> None:
    assert matching(specifier) == expected


@pytest.mark.parametrize("text", ["3.14", "py314", "314"])
def test_python_version(text: str) -> None:
    assert python_version(text, "there") == "3.14"


@pytest.mark.parametrize("value", ["2.7", "3", "py3", "", "three", 3.12, None, ["3.12"]])
def test_no_python_version(value: object) -> None:
    with pytest.raises(ConfigError, match=r"^there: "):
        python_version(value, "there")


# What cannot be used ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"selct = []", "selct: there is no such key; did you mean 'select'?"),
        (b"select = 'MPL1'", "select: not a list of strings"),
        (b"select = [1]", "select: not a list of strings"),
        (b"select = ['MLP114']", "select: there is no rule 'MLP114'; did you mean 'MPL114'?"),
        (b"ignore = ['timeout-passed-as-blok']", "did you mean 'timeout-passed-as-block'?"),
        (b"extend-select = ['']", "extend-select: there is no rule ''"),
        (b"start-methods = ['spwan']", "there is no start method 'spwan'; did you mean 'spawn'?"),
        (b"target-version = 3.12", "target-version: not a string"),
        (b"target-version = '4.2'", "target-version: '4.2' is no Python version"),
        (b"exclude = ['!']", "exclude: '!' is no pattern"),
        (b"exclude = 'x'", "exclude: not a list of strings"),
        (b"per-file-ignores = []", "per-file-ignores: not a table"),
        (b"per-file-ignores = {'a' = 'b'}", "per-file-ignores.a: not a list of strings"),
        (b"per-file-ignores = {'zz' = ['MPL9']}", "per-file-ignores.zz: there is no rule 'MPL9'"),
        (b"select = [", "not TOML: "),
        (b"\x80\x81\xfe\xff", "not text: "),
        (b"\0\1\2", "not TOML: "),
        (b"x = " + b"[" * 20_000, ""),
        (b"x = " + b"1" * 20_000, "not TOML: "),
    ],
)
def test_unusable_settings(
    write: Write, mplint: Mplint, folder: Path, content: bytes, said: str
) -> None:
    """One line on standard error that names file and key; other files are checked all the same."""
    write("good.py")
    write("inner/bad.py")
    bad = write("inner/mplint.toml", content)
    ran = mplint("check", "--output-format=concise")
    assert ran.status == 2
    assert ran.err.startswith(f"mplint: {bad}: ")
    assert ran.err.count("\n") == 1
    assert said in ran.err
    assert {line.partition(":")[0] for line in ran.lines} == {"good.py"}


def test_a_pipe_for_a_configuration(write: Write, mplint: Mplint, folder: Path) -> None:
    """Reading it would wait for ever."""
    write("a.py")
    os.mkfifo(folder / "mplint.toml")
    assert mplint("check", "--output-format=concise").status == 1  # nobody named it
    ran = mplint("check", "--config=mplint.toml")
    assert (ran.status, ran.err) == (2, "mplint: mplint.toml: is not a file\n")


def test_unusable_tool_table(write: Write, mplint: Mplint) -> None:
    write("a.py")
    bad = write("pyproject.toml", "[tool]\nmplint = 3\n")
    ran = mplint("check")
    assert (ran.status, ran.err) == (2, f"mplint: {bad}: tool.mplint is not a table\n")
    bad = write("pyproject.toml", '[tool.mplint]\nper-file-ignore = ""\n')
    ran = mplint("check")
    assert ran.status == 2
    assert f"{bad}: tool.mplint.per-file-ignore: there is no such key" in ran.err
    assert "did you mean 'per-file-ignores'?" in ran.err


def test_foreign_tables_are_left_alone(write: Write, mplint: Mplint) -> None:
    write("a.py", HANG)
    write("pyproject.toml", 'tool = 3\nproject = "x"\n')
    assert mplint("check", "--select=MPL114").status == 1


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--select=MLP114", "--select: there is no rule 'MLP114'; did you mean 'MPL114'?"),
        ("--ignore=nope", "--ignore: there is no rule 'nope'"),
        ("--extend-select=,", "--extend-select: nothing is named"),
        ("--start-method=forck", "--start-method: there is no start method 'forck'"),
        ("--target-version=py27", "--target-version: 'py27' is no Python version"),
        ("--exclude=!", "--exclude: '!' is no pattern"),
        ("--config=mplint.tml", "--config: mplint.tml: there is no such file or folder; did you"),
        ("--config=.", "Is a directory"),
        ("--stdin-filename=a.py", "--stdin-filename: "),
        ("--output-file=no/such/folder", "--output-file: no/such/folder: No such file"),
    ],
)
def test_unusable_options(write: Write, mplint: Mplint, option: str, said: str) -> None:
    write("a.py")
    write("mplint.toml", "")
    ran = mplint("check", option)
    assert ran.status == 2
    assert said in ran.err
    assert ran.err.count("\n") == 1
    assert ran.out == ""
