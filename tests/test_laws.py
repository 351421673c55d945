"""The laws of the design, stated for all modules, rules and fixtures at once."""

from __future__ import annotations

import ast
import builtins
import io
import itertools
import json
import keyword
import os
import re
import sys
import tokenize
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from conftest import ROOT, Ran, script, spawn
from expectations import programs
from hypothesis import given, settings
from hypothesis import strategies as st

import mplint
import mplint.engine
from mplint.analysis import Job
from mplint.config import Configuration, Settings
from mplint.diagnostics import Diagnostic
from mplint.engine import Engine
from mplint.model.loading.project import Project
from mplint.registry import load
from mplint.rule import Rule

REGISTRY = load()
CORE = Path(mplint.__file__).parent
FIXTURES = ROOT / "fixtures"
ALL = Configuration(Settings(select=("ALL",)), isolated=True)

Mplint = Callable[..., Ran]
Write = Callable[..., Path]


# 1. Imports go down the layers --------------------------------------------------------------------

LAYERS = (
    ("", "budget", "collector", "depth", "diagnostics", "outcome", "source"),
    ("catalog",),
    ("model",),
    ("rule",),
    ("analysis", "cache", "config", "engine", "registry", "suppress"),
    ("frontends",),
    ("prove", "__main__"),
)
"""The modules and packages of mplint. Each may import what is in its layer or above it here."""

LAZILY = {("frontends", "prove")}
"""Imports against the order, which must be inside functions: only who proves pays for it."""

PROVE_IMPORTS = {"diagnostics", "outcome", "registry", "rule", "prove"}
"""What runs programs knows nothing of how they are analysed."""

ONE_PIECE = {
    frozenset(
        f"mplint.model.solving.{name}"
        for name in (
            *("calls", "classes", "containers", "expressions"),
            *("intrinsics", "libraries", "solve", "special"),
        )
    ),
}
"""The solver: evaluating an expression may take a call, and a call evaluates expressions."""

OF_RULES = {"mplint.rule", "mplint.outcome", "libcst", "typing", "collections", "__future__"}


@dataclass(frozen=True)
class Import:
    importer: str
    module: str
    for_types: bool
    lazy: bool


def modules_of(folder: Path, package: str) -> dict[str, Path]:
    found = {}
    for path in sorted(folder.rglob("*.py")):
        parts = (package, *path.relative_to(folder).with_suffix("").parts)
        # what runs inside the programs that are proved is no module of ours
        if "inside" not in parts:
            found[".".join(parts).removesuffix(".__init__")] = path
    return found


@cache
def imports() -> list[Import]:
    """What the modules of mplint import of each other, those for type checkers included: a name
    that only a type checker sees is a dependency, too."""
    modules = modules_of(CORE, "mplint")
    return [
        item
        for name, path in modules.items()
        for item in imports_of(name, path, set(modules))
        if item.module.partition(".")[0] in ("mplint", "mplint_rules")
    ]


def imports_of(importer: str, path: Path, modules: set[str]) -> Iterator[Import]:
    def visit(node: ast.AST, for_types: bool, lazy: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ImportFrom):
                assert child.module is not None and not child.level, f"{path}:{child.lineno}"
                for alias in child.names:
                    inner = f"{child.module}.{alias.name}"
                    module = inner if inner in modules else child.module
                    yield Import(importer, module, for_types, lazy)
            elif isinstance(child, ast.Import):
                for alias in child.names:
                    yield Import(importer, alias.name, for_types, lazy)
            checking = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
            function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from visit(child, for_types or checking, lazy or function)

    yield from visit(ast.parse(path.read_text(encoding="utf-8")), False, False)


def part_of(module: str) -> str:
    return module.partition(".")[2].partition(".")[0]


def layer_of(module: str) -> int:
    return next(number for number, parts in enumerate(LAYERS) if part_of(module) in parts)


def test_every_module_has_a_layer() -> None:
    parts = {part_of(module) for module in modules_of(CORE, "mplint")}
    assert parts == set(itertools.chain.from_iterable(LAYERS))


def test_imports_go_down() -> None:
    against = {
        (item.importer, item.module)
        for item in imports()
        if layer_of(item.module) > layer_of(item.importer)
        and not (item.lazy and (part_of(item.importer), part_of(item.module)) in LAZILY)
    }
    assert not against
    proving = {part_of(i.module) for i in imports() if i.importer.startswith("mplint.prove")}
    assert proving - {""} <= PROVE_IMPORTS


def test_no_module_imports_itself() -> None:
    """Not through others either. What a type checker alone imports has no order."""
    onward: dict[str, set[str]] = defaultdict(set)
    for item in imports():
        if not item.for_types:
            onward[item.importer].add(item.module)

    def reached(module: str) -> frozenset[str]:
        found: set[str] = set()
        todo = [module]
        while todo:
            new = onward[todo.pop()] - found
            found |= new
            todo += new
        return frozenset(found)

    to = {module: reached(module) for module in modules_of(CORE, "mplint")}
    circles = {
        frozenset(other for other in to[module] if module in to.get(other, ()))
        for module in to
        if module in to[module]
    }
    assert circles == ONE_PIECE


def test_the_core_knows_no_rule() -> None:
    packs = {rule.visitor.__module__.partition(".")[0] for rule in REGISTRY.rules.values()}
    assert packs == {"mplint_rules"}
    assert {item.module.partition(".")[0] for item in imports()} == {"mplint"}
    known = {*REGISTRY.rules, *(rule.name for rule in REGISTRY.rules.values())}
    for path in modules_of(CORE, "mplint").values():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert node.value not in known, f"{path}:{node.lineno} speaks of a rule"


# 5. Every rule keeps every promise (more of them in test_rules.py) --------------------------------

LONGER = dict[str, int]()
"""Rules that need more lines than MAX_LINES, with how many."""

MAX_LINES = 63  # three of them to import libcst for types only


@pytest.fixture(params=REGISTRY.rules.values(), ids=lambda rule: rule.code)
def rule(request: pytest.FixtureRequest) -> Rule:
    return request.param  # type: ignore[no-any-return]


def test_rules_import_little(rule: Rule) -> None:
    """So a rule only asks: whatever it needs to know is a question of the model's."""
    path = REGISTRY.folders[rule.code] / "__init__.py"
    used = {item.module for item in imports_of("rule", path, {"mplint.rule", "mplint.outcome"})}
    assert {name for name in used if name not in OF_RULES} <= {"collections.abc"}


@cache
def subjects() -> frozenset[str]:
    """All that the rules' programs have to do with."""
    files = [folder / "bad.py" for folder in REGISTRY.folders.values()]
    return frozenset().union(*(program.subjects for _, program, _ in programs(files)))


def test_subjects_of_rules_are_those_of_the_model(rule: Rule) -> None:
    assert set(rule.subjects) <= subjects()


def test_rules_are_short(rule: Rule) -> None:
    text = (REGISTRY.folders[rule.code] / "__init__.py").read_text(encoding="utf-8")
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    layout = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    lines = {token.start[0] for token in tokens if token.type not in layout}
    assert len(lines) <= LONGER.get(rule.code, MAX_LINES)


def test_rules_are_named_and_told(rule: Rule) -> None:
    assert re.fullmatch(r"MPL\d{3}", rule.code)
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", rule.name)
    assert rule.name.split("-")[0] not in ("use", "avoid", "prefer", "dont", "do", "always")
    assert rule.summary and "\n" not in rule.summary and not rule.summary.endswith(".")
    assert rule.message and rule.help


def test_rules_have_cases_from_the_wild(rule: Rule) -> None:
    names = [path.name for path in (FIXTURES / "wild" / rule.code.lower()).iterdir()]
    assert any(name.startswith("bad_") for name in names)
    assert any(name.startswith("good_") for name in names)
    assert all(re.match(r"(bad|good)_", name) for name in names if not name.startswith("__"))


# 2. Files named = what may be reported ------------------------------------------------------------

FILES = sorted(
    [
        *FIXTURES.rglob("*.py"),
        *(path for folder in REGISTRY.folders.values() for path in folder.rglob("*.py")),
    ]
)


def found_in(paths: Iterable[Path], jobs: int = 1) -> list[Diagnostic]:
    return Engine(load(), ALL, jobs=jobs).check({path: str(path) for path in paths}).diagnostics


@cache
def whole() -> list[Diagnostic]:
    return found_in(FILES)


@cache
def warm() -> Engine:
    """An engine that goes from file to file, as that of flake8 does."""
    return Engine(load(), ALL)


def test_there_is_something_to_find() -> None:
    assert {item.code for item in whole()} >= set(REGISTRY.rules)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(FILES), unique=True, max_size=12))
def test_some_files_in_any_order(files: list[Path]) -> None:
    """The same for these files alone as for all, in any order, from an engine that has seen other
    files before and from a new one."""
    shown = set(map(str, files))
    wanted = [item for item in whole() if item.path in shown]
    assert warm().check({path: str(path) for path in files}).diagnostics == wanted
    one_by_one = [warm().check({path: str(path)}).diagnostics for path in files]
    assert sorted(itertools.chain.from_iterable(one_by_one)) == wanted


@settings(max_examples=4, deadline=None)
@given(st.lists(st.sampled_from(FILES), unique=True, min_size=1, max_size=3))
def test_some_files_from_a_cold_start(files: list[Path]) -> None:
    shown = set(map(str, files))
    assert found_in(files) == [item for item in whole() if item.path in shown]


def test_any_number_of_jobs() -> None:
    assert found_in(reversed(FILES), jobs=2) == whole()


def test_flake8_finds_what_the_command_line_finds() -> None:
    rules = [REGISTRY.folders[code] for code in REGISTRY.rules]
    options = ("--isolated", "--select=MPL", "--mplint-select=ALL", "--mplint-isolated")
    ran = spawn(script("flake8"), *options, "--exclude=", "--disable-noqa", FIXTURES, *rules)
    assert ran.err == ""
    by_flake8 = [re.match(r"(.*?):(\d+):(\d+): (MPL\d+) ", line) for line in ran.lines]
    assert {found and found.groups() for found in by_flake8} == {
        (item.path, str(item.place.line), str(item.place.column), item.code)
        for item in whole()
        # flake8 calls nobody for a file that is no Python to the version that it runs on
        if is_python(Path(item.path))
    }


def is_python(path: Path) -> bool:
    try:
        ast.parse(path.read_bytes())
    except SyntaxError:
        return False
    return True


# 3. Static analysis starts no user code -----------------------------------------------------------

WATCH = """\
import os
import sys

def watch(event, arguments):
    said = None
    if event == "exec":
        said = getattr(arguments[0], "co_filename", "")
    elif event == "import":
        said = arguments[1]
    elif event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "os.startfile"):
        said = repr(arguments)
    elif event == "open" and set(str(arguments[1] or "r")) & set("wxa+"):
        said = arguments[0]
    if said is not None and {watched!r} in os.path.abspath(str(said)) and not busy:
        busy.append(1)
        with open({log!r}, "a") as stream:
            stream.write(f"{{event}} {{said}}\\n")
        busy.pop()

busy = []
with open({log!r}, "a") as stream:
    stream.write("watching\\n")
sys.addaudithook(watch)
"""


READ = FIXTURES / "wild" / "mpl301"
"""Programs that start processes as soon as they are imported."""


@pytest.mark.parametrize("way", ["alone", "two jobs", "graph", "flake8"])
def test_nothing_that_is_read_runs(way: str, tmp_path: Path) -> None:
    """Each process of the run watches itself."""
    log = tmp_path / "log"
    watch = WATCH.format(watched=str(READ), log=str(log))
    (tmp_path / "sitecustomize.py").write_text(watch)
    command = {
        "alone": ["mplint", "check", "--select=ALL", "--jobs=1", "--no-cache"],
        "two jobs": ["mplint", "check", "--select=ALL", "--jobs=2", "--no-cache"],
        "graph": ["mplint", "graph"],
        "flake8": ["flake8", "--select=MPL", "--mplint-select=ALL", "--jobs=2"],
    }[way]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    ran = spawn(script(command[0]), *command[1:], READ, env=environment)
    assert len(ran.lines) > 10, ran.err
    said = log.read_text().splitlines()
    assert set(said) == {"watching"}
    if way == "two jobs":
        assert len(said) >= 3


# 4. Names of imports, and files that have nothing to do with it -----------------------------------

ALONE = sorted(
    [
        *(FIXTURES / "wild").glob("*/*.py"),
        *(path for folder in REGISTRY.folders.values() for path in folder.glob("[bg][ao]*d.py")),
    ]
)
"""Programs of one file."""

WORDS = st.from_regex(r"[a-z][a-z_]{0,7}", fullmatch=True).filter(
    lambda word: (
        not keyword.iskeyword(word)
        and not keyword.issoftkeyword(word)
        and word not in dir(builtins)
    )
)


def renamed(text: str, alias: str, other: str) -> str | None:
    """A program with an imported name under another; None where that cannot be done by looking at
    names alone."""
    tree = ast.parse(text)
    edits: list[tuple[int, int, int, str]] = []
    for node in ast.walk(tree):
        match node:
            case ast.Import() | ast.ImportFrom():
                for item in node.names:
                    if (item.asname or item.name) == alias:
                        new = f"{item.name} as {other}"
                        edits.append((item.lineno, item.col_offset, item.end_col_offset or 0, new))
            case ast.Name(id=name) if name == alias:
                if not isinstance(node.ctx, ast.Load):
                    return None
                edits.append((node.lineno, node.col_offset, node.end_col_offset or 0, other))
            case ast.arg(arg=name) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                if name == alias:
                    return None
            case ast.Global(names=names) | ast.Nonlocal(names=names) if alias in names:
                return None
            case ast.Constant(value=str() as said) if re.search(rf"\b{alias}\b", said):
                return None
    lines = text.splitlines(keepends=True)
    for line, start, end, new in sorted(edits, reverse=True):
        before = lines[line - 1].encode()
        lines[line - 1] = (before[:start] + new.encode() + before[end:]).decode()
    return "".join(lines)


def imported_names(text: str) -> list[str]:
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import)]
    froms = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
    names = [alias.asname or alias.name for node in (*nodes, *froms) for alias in node.names]
    return sorted({name for name in names if name.isidentifier()})


def found_at(found: Iterable[Diagnostic]) -> list[tuple[object, ...]]:
    """What must not change when names do."""
    return sorted(
        (item.code, item.place.line, sorted(related.place.line for related in item.related))
        for item in found
    )


def found_with(files: Mapping[str, str], folder: Path) -> list[Diagnostic]:
    """What is found in the first of some files, which are not on disk."""
    overlay = {folder / name: text.encode() for name, text in files.items()}
    first = next(iter(overlay))
    return Engine(load(), ALL, overlay).check({first: first.name}).diagnostics


@pytest.fixture(scope="module")
def nowhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("nowhere")


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(ALONE), st.data())
def test_names_of_imports_do_not_matter(nowhere: Path, path: Path, data: st.DataObject) -> None:
    text = path.read_text(encoding="utf-8")
    names = imported_names(text)
    if not names:
        return
    alias = data.draw(st.sampled_from(names))
    other = data.draw(WORDS.filter(lambda word: not re.search(rf"\b{word}\b", text)))
    changed = renamed(text, alias, other)
    if changed is not None:
        before, after = (found_with({"a.py": t}, nowhere) for t in (text, changed))
        assert found_at(before) == found_at(after), changed


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(ALONE), st.lists(st.sampled_from(ALONE), min_size=1, max_size=3))
def test_unrelated_files_do_not_matter(nowhere: Path, path: Path, others: list[Path]) -> None:
    program = {"a.py": path.read_text(encoding="utf-8")}
    beside = {
        f"{place}unrelated_{number}.py": other.read_text(encoding="utf-8")
        for number, other in enumerate(others)
        for place in ("", "inner/")
    }
    assert found_with(program, nowhere) == found_with(program | beside, nowhere)


# 7. A failure is one diagnostic -------------------------------------------------------------------

HANG = "from multiprocessing import Queue\n\nqueue = Queue()\nqueue.get({})\n"


@pytest.fixture
def three(write: Write) -> None:
    """Three programs with a finding each."""
    for number, name in enumerate("abc", 6):
        write(f"{name}/pyproject.toml", "")
        write(f"{name}/{name}.py", HANG.format(number))


def rule_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = REGISTRY.rules["MPL114"].visitor

    def fails(self: object, node: object) -> None:
        if self.model.path.name == "b.py":  # type: ignore[attr-defined]
            raise ValueError("oh")

    monkeypatch.setattr(visitor, "visits", (*visitor.visits, ("Call", fails)))


def model_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    link = mplint.engine.link

    def fails(project: Project, files: tuple[Path, ...]) -> object:
        if project.root.folder.name == "b":
            raise RecursionError("oh")
        return link(project, files)

    monkeypatch.setattr(mplint.engine, "link", fails)


@pytest.mark.parametrize("breaking", [rule_that_fails, model_that_fails])
def test_a_failure_is_one_diagnostic(
    three: None,
    mplint: Mplint,
    monkeypatch: pytest.MonkeyPatch,
    breaking: Callable[[pytest.MonkeyPatch], None],
) -> None:
    breaking(monkeypatch)
    ran = mplint("check", "--select=MPL114", "--jobs=1", "--output-format=json")
    assert ran.status == 2
    found = json.loads(ran.out)
    assert [(item["path"], item["code"]) for item in found] == [
        (f"a{os.sep}a.py", "MPL114"),
        (f"b{os.sep}b.py", "MPL002"),
        (f"c{os.sep}c.py", "MPL114"),
    ]
    assert "oh" in found[1]["message"]


UNREADABLE = {
    "not there": None,
    "not text": b"\xff",
    "no such encoding": b"# coding: klingon\n",
    "null bytes": b"from multiprocessing import Pool; Pool\0\n",
    "no Python": b"from multiprocessing import Pool; Pool\n)\n",
    "too deep": b"from multiprocessing import Pool; Pool\n" + b"(" * 5000 + b")" * 5000,
}


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.parametrize("jobs", [1, 2])
def test_what_cannot_be_read_is_never_clean(
    three: None, write: Write, mplint: Mplint, jobs: int, content: bytes | None
) -> None:
    for number in range(mplint_serial_files() if jobs > 1 else 0):
        write(f"more_{number}.py", HANG.format(5))
    if content is None:
        Path("b/bad.py").symlink_to("nowhere.py")
    else:
        write("b/bad.py", content)
    for name in ("full", "concise", "json", "jsonl", "github", "sarif") if jobs == 1 else ("json",):
        options = (f"--jobs={jobs}", "--select=MPL114", f"--output-format={name}")
        ran = mplint("check", *options, "b/bad.py", ".")
        assert ran.status == 1, ran.err
        assert "MPL001" in ran.out
        for other in "abc":
            assert re.search(rf"{other}[\\/]+{other}\.py", ran.out), f"{other} is lost"


def mplint_serial_files() -> int:
    return mplint.engine.SERIAL_FILES


# 8. mplint is clean under its own rules, and uses processes itself --------------------------------

OWN_CODE = ("mplint", "rules", "tests", "benchmarks")
MEANT_TO_FAIL = ("tests/data", "tests/prove_programs", "bad.py", "bad", "good.py", "good")


def test_mplint_is_clean() -> None:
    chosen = Settings(select=("ALL",), exclude=MEANT_TO_FAIL, folder=ROOT)
    engine = Engine(load(), Configuration(chosen, isolated=True))
    here = [str(ROOT / name) for name in OWN_CODE if (ROOT / name).is_dir()]
    report = engine.check(engine.discover(here))
    assert [f"{item.path}:{item.place.line} {item.code}" for item in report.diagnostics] == []
    assert report.files > 100
    uses = engine.programs([CORE / "engine.py"])
    assert uses, "mplint starts processes, and its own rules look at how"


def test_its_processes_are_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """With several jobs, every program is worked out in another process."""

    def never(job: Job, *rest: object) -> list[Diagnostic]:
        raise AssertionError("here")

    monkeypatch.setattr(mplint.engine, "run", never)
    folders = [FIXTURES / "wild" / "mpl111", FIXTURES / "wild" / "mpl102"]
    files = [path for folder in folders for path in sorted(folder.glob("bad_*.py"))]
    assert {item.code for item in found_in(files, jobs=2)} >= {"MPL111", "MPL102"}
    with pytest.raises(AssertionError, match="here"):
        found_in(files, jobs=1)
    assert "multiprocessing" in sys.modules
