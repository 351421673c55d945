"""How often is mplint right about released packages?

`corpus.toml` pins packages of PyPI that use multiprocessing. This downloads them, checks each with
mplint's default rules, and compares every finding with its verdict in `verdicts.csv`, which comes
of reading it beside its source: true, debatable or false, and why.

    python benchmarks/corpus.py FOLDER                # downloads what is missing there, and checks
    python benchmarks/corpus.py FOLDER pebble mpire   # these packages only
    python benchmarks/corpus.py FOLDER --unreviewed   # findings nobody has read, with the source
    python benchmarks/corpus.py FOLDER --record       # rows for those, to be filled in

pip downloads wheels, never anything that it would have to build: no code of a package is run. Ends
with 1 when a true finding is lost, when a false alarm that was repaired is back, or when a package
could not be checked.
"""

from __future__ import annotations

import argparse
import ast
import csv
import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from tables import table

import mplint

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).parent
CORPUS = HERE / "corpus.toml"
VERDICTS = HERE / "verdicts.csv"
JUDGEMENTS = ("true", "debatable", "false")
COLUMNS = ("package", "rule", "path", "scope", "mark", "line", "said", "verdict", "why")

Key = tuple[str, str, str, str, str]
"""Package, rule, path, function, and a mark of the line's text: what stays when lines move."""


class Trouble(Exception):
    """Something that cannot be measured, in words for the person who wants it."""


# The packages -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Package:
    """A pinned wheel, for one version of Python if there is none for the usual one. `seen` is
    whether rules were written while looking at the package."""

    name: str
    version: str
    file: str
    sha256: str
    seen: bool
    python: str = ""

    def folder(self, corpus: Path) -> Path:
        return corpus / f"{self.name}-{self.version}"


def read_corpus(path: Path) -> tuple[list[str], list[Package]]:
    """pip's options for what a wheel must fit, and the packages."""
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    return content["pip"], [Package(**entry) for entry in content["package"]]


def chosen(packages: Sequence[Package], names: Sequence[str]) -> list[Package]:
    unknown = set(names) - {package.name for package in packages}
    if unknown:
        raise Trouble(f"not in {CORPUS.name}: {', '.join(sorted(unknown))}")
    return [package for package in packages if not names or package.name in names]


def fetch(package: Package, corpus: Path, options: Sequence[str]) -> None:
    """Downloads and unpacks a package, unless it is there."""
    if package.folder(corpus).is_dir():
        return
    wheel = corpus / "wheels" / package.file
    if not wheel.is_file():
        download(package, wheel.parent, options)
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != package.sha256:
        raise Trouble(f"{wheel} is not the file that {CORPUS.name} pins")
    unpack(wheel, package.folder(corpus))


def download(package: Package, folder: Path, options: Sequence[str]) -> None:
    """Has pip get the wheel from the index that it is set up with. It checks the hash as well."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        wanted = Path(scratch) / "requirements.txt"
        wanted.write_text(f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n")
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        wheels = ["--only-binary", ":all:", *options]
        if package.python:
            wheels.append(f"--python-version={package.python}")  # the last one counts
        ran = subprocess.run([*pip, *wheels, "--dest", str(folder), "--requirement", str(wanted)])
    if ran.returncode:
        raise Trouble(f"pip cannot download {package.name} {package.version}")


def unpack(wheel: Path, folder: Path) -> None:
    """The Python files of a wheel. The folder appears only when all of them are there."""
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            if member.filename.endswith(".py") and is_inside(member.filename):
                archive.extract(member, unfinished)
    unfinished.rename(folder)


def is_inside(name: str) -> bool:
    """Whether a name in an archive stays in the folder where the archive is unpacked."""
    path = PurePosixPath(name)
    return not (path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name)


# What mplint says ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Finding:
    key: Key
    line: int
    message: str
    related: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Measured:
    """A package with what mplint finds in it, and what that costs. `trouble` is why that is not
    known."""

    package: Package
    files: int
    lines: int
    seconds: float
    megabytes: float
    findings: tuple[Finding, ...]
    trouble: str = ""


def measure(package: Package, corpus: Path, patience: float) -> Measured:
    folder = package.folder(corpus)
    sources = [path.read_bytes() for path in folder.rglob("*.py")]
    lines = sum(source.count(b"\n") for source in sources)
    try:
        said, seconds, megabytes = run_mplint(folder, patience)
    except Trouble as trouble:
        return Measured(package, len(sources), lines, 0, 0, (), str(trouble))
    findings = tuple(identify(package, folder, said))
    return Measured(package, len(sources), lines, seconds, megabytes, findings)


def run_mplint(folder: Path, patience: float) -> tuple[list[dict[str, Any]], float, float]:
    """What `mplint check` reports on a folder, its seconds of processor time and its peak memory in
    megabytes."""
    command = [sys.executable, "-m", "mplint", "check", "--isolated", "--no-cache", "--jobs", "1"]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(
            [*command, "--output-format", "json", "."], cwd=folder, stdout=out, stderr=err
        )
        alarm = threading.Timer(patience, process.kill)
        alarm.start()
        status, seconds, megabytes = wait_for(process)
        late = not alarm.is_alive()
        alarm.cancel()
        if late:
            raise Trouble(f"not finished after {patience:.0f} seconds")
        out.seek(0)
        err.seek(0)
        try:
            said = json.loads(out.read())  # also where mplint fails on a file: that is MPL002
        except ValueError:
            words = err.read().decode(errors="replace")
            raise Trouble(f"mplint ends with {status}:\n{words}") from None
        return said, seconds, megabytes


def wait_for(process: subprocess.Popen[bytes]) -> tuple[int, float, float]:
    """The exit status of a process, its seconds of processor time and its peak memory in megabytes,
    where the system tells them: else seconds on the clock, and 0."""
    if not hasattr(os, "wait4"):
        began = time.perf_counter()
        return process.wait(), time.perf_counter() - began, 0.0
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    bytes_each = 1 if sys.platform == "darwin" else 1024
    seconds = usage.ru_utime + usage.ru_stime
    return process.returncode, seconds, usage.ru_maxrss * bytes_each / 2**20


def identify(package: Package, folder: Path, said: Iterable[dict[str, Any]]) -> list[Finding]:
    """Findings by what they are about. What one rule says twice of equal lines in one function is
    one finding."""
    found: dict[Key, Finding] = {}
    texts: dict[str, Text] = {}
    for item in said:
        path = Path(item["path"]).as_posix()
        text = texts.setdefault(path, Text(folder / path))
        line = item["line"]
        key = (package.name, item["code"], path, text.scope(line), text.mark(line))
        related = tuple(
            f"{Path(other['path']).as_posix()}:{other['line']} {other['message']}"
            for other in item["related"]
        )
        found.setdefault(key, Finding(key, line, item["message"], related))
    return list(found.values())


class Text:
    """A source file, to name its places without their line numbers."""

    def __init__(self, path: Path) -> None:
        content = path.read_bytes() if path.is_file() else b""
        self.lines = content.decode(errors="replace").splitlines()
        try:
            self._scopes = list(scopes(ast.parse(content)))
        except (SyntaxError, ValueError, RecursionError):
            self._scopes = []

    def scope(self, line: int) -> str:
        """The innermost function or class around a line, with those around it: `Pool.start`."""
        around = [item for item in self._scopes if item[0] <= line <= item[1]]
        return max(around, default=(0, 0, ""))[2]

    def mark(self, line: int) -> str:
        """A short hash of a line's text: other people's code is not copied into the verdicts."""
        text = "".join(self.lines[line - 1].split()) if 0 < line <= len(self.lines) else ""
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    def excerpt(self, line: int, around: int) -> str:
        first = max(line - around, 1)
        shown = self.lines[first - 1 : line + around]
        return "\n".join(
            f"  {'>' if number == line else ' '} {number:5} {text}"
            for number, text in enumerate(shown, first)
        )


def scopes(node: ast.AST, outer: str = "") -> Iterable[tuple[int, int, str]]:
    """First line, last line and name of every function and class."""
    for child in ast.iter_child_nodes(node):
        name = outer
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            name = f"{outer}.{child.name}" if outer else child.name
            yield child.lineno, child.end_lineno or child.lineno, name
        yield from scopes(child, name)


# The verdicts -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verdict:
    """What reading a finding gave; "" is not read yet. `said` is whether mplint has said so
    when this was last recorded: a false alarm that is repaired stays here, to be seen if it comes
    back."""

    key: Key
    line: int
    said: bool
    verdict: str
    why: str


def read_verdicts(path: Path) -> dict[Key, Verdict]:
    if not path.is_file():
        return {}
    found: dict[Key, Verdict] = {}
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            key = (row["package"], row["rule"], row["path"], row["scope"], row["mark"])
            if row["verdict"] not in ("", *JUDGEMENTS):
                raise Trouble(f"{path.name}: {row['verdict']!r} is not a verdict")
            if key in found:
                raise Trouble(f"{path.name}: twice {' '.join(key)}")
            said = row["said"] == "yes"
            found[key] = Verdict(key, int(row["line"]), said, row["verdict"], row["why"])
    return found


def write_verdicts(verdicts: Iterable[Verdict], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        for item in sorted(verdicts, key=lambda item: (*item.key[:3], item.line, item.key)):
            said = "yes" if item.said else "no"
            writer.writerow([*item.key, item.line, said, item.verdict, item.why])


def recorded(verdicts: dict[Key, Verdict], measured: Iterable[Measured]) -> dict[Key, Verdict]:
    """The verdicts with what mplint says now, and an empty one for each finding without."""
    measured = [item for item in measured if not item.trouble]
    names = {item.package.name for item in measured}
    findings = {finding.key: finding for item in measured for finding in item.findings}
    known = {
        key: replace(verdict, said=key in findings) if key[0] in names else verdict
        for key, verdict in verdicts.items()
    }
    new = {key: Verdict(key, finding.line, True, "", "") for key, finding in findings.items()}
    return {**new, **known}


# The comparison -----------------------------------------------------------------------------------


@dataclass(slots=True)
class Comparison:
    """`counts` has findings by rule or "all", by package set ("seen", "unseen" or "all"), and by
    verdict."""

    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    lines: Counter[str] = field(default_factory=Counter)
    unreviewed: list[tuple[Package, Finding]] = field(default_factory=list)
    lost: list[Verdict] = field(default_factory=list)
    back: list[tuple[Finding, Verdict]] = field(default_factory=list)
    troubled: list[Measured] = field(default_factory=list)

    def count(self, rule: str, group: str, *verdicts: str) -> int:
        return sum(self.counts[rule, group, verdict] for verdict in verdicts)


def compare(measured: Iterable[Measured], verdicts: dict[Key, Verdict]) -> Comparison:
    result = Comparison()
    present: set[Key] = set()
    measured = list(measured)
    result.troubled = [item for item in measured if item.trouble]
    measured = [item for item in measured if not item.trouble]
    for item in measured:
        groups = ("seen" if item.package.seen else "unseen", "all")
        for group in groups:
            result.lines[group] += item.lines
        for finding in item.findings:
            present.add(finding.key)
            verdict = verdicts.get(finding.key)
            word = verdict.verdict if verdict else ""
            for group in groups:
                for rule in (finding.key[1], "all"):
                    result.counts[rule, group, word] += 1
            if not word:
                result.unreviewed.append((item.package, finding))
            elif verdict and word == "false" and not verdict.said:
                result.back.append((finding, verdict))
    names = {item.package.name for item in measured}
    result.lost = [
        verdict
        for key, verdict in verdicts.items()
        if verdict.verdict == "true" and verdict.said and key[0] in names and key not in present
    ]
    return result


# What is printed ----------------------------------------------------------------------------------


def percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else ""


def rate(count: int, lines: int) -> str:
    return f"{count / lines * 100_000:.1f}" if lines else ""


def by_rule(result: Comparison, group: str) -> str:
    rules = sorted({rule for rule, of, _ in result.counts if of == group and rule != "all"})
    rows = []
    for rule in [*rules, "all"]:
        each = [result.count(rule, group, verdict) for verdict in (*JUDGEMENTS, "")]
        reviewed = sum(each[:3])
        right = percent(each[0] + each[1], reviewed)
        rows.append([rule, *map(str, each), right, percent(each[0], reviewed)])
    return table(["", "true", "debatable", "false", "unreviewed", "not false", "true"], rows)


def by_package(measured: Iterable[Measured], verdicts: dict[Key, Verdict]) -> str:
    rows = []
    for item in sorted(measured, key=lambda item: (item.package.seen, item.package.name.lower())):
        words = Counter(
            verdicts[finding.key].verdict if finding.key in verdicts else ""
            for finding in item.findings
        )
        costs = [f"{item.seconds:.1f}", f"{item.megabytes:.0f}"]
        counts = [str(words[verdict]) for verdict in (*JUDGEMENTS, "")]
        name = f"{item.package.name} {item.package.version}"
        seen = "seen" if item.package.seen else "unseen"
        rows.append([name, seen, str(item.files), str(item.lines), *costs, *counts])
    heads = ["files", "lines", "seconds", "MB", "true", "debatable", "false", "unreviewed"]
    return table(["", "", *heads], rows, left=2)


def machine() -> str:
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        models = [line for line in cpuinfo.read_text().splitlines() if "model name" in line]
        processor = models[0].partition(":")[2].strip() if models else processor
    return (
        f"mplint {mplint.__version__}, Python {platform.python_version()}, "
        f"{platform.system()}, {os.cpu_count()} cores, {processor}"
    )


def summary(measured: Sequence[Measured], verdicts: dict[Key, Verdict], result: Comparison) -> str:
    parts = [machine(), by_package(measured, verdicts)]
    for group, words in (("unseen", "never looked at"), ("seen", "looked at"), ("all", "")):
        if not result.lines[group]:
            continue
        false = result.count("all", group, "false")
        lines = f"{result.lines[group]:,} lines"
        title = f"Packages {words} while rules were written" if words else "All packages"
        alarms = f"{rate(false, result.lines[group])} false alarms per 100,000 of {lines}"
        parts.append(f"{title}: {alarms}\n{by_rule(result, group)}")
    if result.unreviewed:
        parts.append(f"{len(result.unreviewed)} findings are unreviewed")
    for verdict in result.lost:
        package, rule, path, scope, _ = verdict.key
        parts.append(f"lost: {rule} in {package} {path} {scope}, was line {verdict.line}")
    for finding, verdict in result.back:
        package, rule, path, _, _ = verdict.key
        parts.append(f"false alarm: {rule} in {package} {path}:{finding.line}: {verdict.why}")
    return "\n\n".join(parts)


def unreviewed(result: Comparison, corpus: Path, around: int = 6) -> str:
    """Every finding that nobody has read, with its source: to be read."""
    parts = []
    for package, finding in result.unreviewed:
        _, rule, path, scope, _ = finding.key
        text = Text(package.folder(corpus) / path)
        head = f"{package.name} {path}:{finding.line} {rule} in {scope or 'the module'}"
        notes = [f"  {note}" for note in finding.related]
        words = [head, f"  {finding.message}", *notes, text.excerpt(finding.line, around)]
        parts.append("\n".join(words))
    return "\n\n".join(parts)


def check(package: Package, given: argparse.Namespace) -> Measured:
    print(f"checking {package.name} {package.version}", file=sys.stderr)
    return measure(package, given.folder, given.patience)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="where the packages are, outside this project")
    parser.add_argument("packages", nargs="*", help="names [default: all]")
    parser.add_argument("--jobs", type=int, default=1, help="packages at a time [default: 1]")
    parser.add_argument(
        "--patience", type=float, default=600, help="seconds for one [default: 600]"
    )
    parser.add_argument("--unreviewed", action="store_true", help="print what nobody has read")
    parser.add_argument(
        "--record", action="store_true", help="write what is found into the verdicts"
    )
    given = parser.parse_intermixed_args(arguments)
    try:
        options, packages = read_corpus(CORPUS)
        wanted = chosen(packages, given.packages)
        verdicts = read_verdicts(VERDICTS)
        for package in wanted:
            fetch(package, given.folder, options)
        with ThreadPoolExecutor(given.jobs) as threads:
            measured = list(threads.map(lambda each: check(each, given), wanted))
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 2
    result = compare(measured, verdicts)
    for item in result.troubled:
        print(f"{item.package.name}: {item.trouble}", file=sys.stderr)
    if given.unreviewed:
        print(unreviewed(result, given.folder))
    else:
        print(summary(measured, verdicts, result))
    if given.record:
        now = read_verdicts(VERDICTS)  # somebody may have filled it in while mplint ran
        write_verdicts(recorded(now, measured).values(), VERDICTS)
    return 1 if result.lost or result.back or result.troubled else 0


if __name__ == "__main__":
    sys.exit(main())
