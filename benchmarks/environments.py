"""Does mplint get through everything that people have installed?

Checks all Python files of some trees with all rules, one package at a time in a process of its own,
and says where mplint fails, takes long, or needs much memory:

    python benchmarks/environments.py VENV/lib/python3.13/site-packages
    python benchmarks/environments.py /usr/lib/python3.13 --only json test

A tree's packages are its folders with Python files; the modules beside them count as one. What a
file costs is asked only in packages that take long: their files are checked again, in parts that
get smaller where it takes long. All times are of the processor. Ends with 1 when a package could
not be checked, when mplint fails inside (MPL002), or when one file takes longer than `--seconds`.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from corpus import wait_for
from tables import table

HERE = Path(__file__).parent
UNREADABLE = "MPL001"
INTERNAL = "MPL002"
COMMAND = (sys.executable, "-m", "mplint", "check", "--isolated", "--no-cache", "--jobs", "1")
OPTIONS = ("--select", "ALL", "--output-format", "json")
ON_THE_CLOCK = 10.0
"""A busy machine may take so many times longer on the clock than the processor does."""


@dataclass(slots=True)
class Checked:
    """What a run of mplint found and took. `trouble` is why it did not end as it should."""

    seconds: float = 0.0
    megabytes: float = 0.0
    codes: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Package:
    """Some files below a folder that are checked together. `path` is what mplint is given, if that
    is one folder."""

    name: str
    folder: Path
    files: tuple[Path, ...]
    path: Path | None = None


def packages(tree: Path, only: Sequence[str]) -> Iterator[Package]:
    """The packages in a tree, which itself may be one."""
    if (tree / "__init__.py").is_file():
        yield Package(tree.name, tree.parent, python_files(tree), tree)
        return
    modules = tuple(sorted(path for path in tree.glob("*.py") if path.is_file()))
    if modules and (not only or "modules" in only):
        yield Package("modules", tree, modules)
    for folder in sorted(path for path in tree.iterdir() if path.is_dir()):
        # an interpreter's own library has the site's packages inside
        if folder.name in ("site-packages", "__pycache__") or (only and folder.name not in only):
            continue
        if files := python_files(folder):
            yield Package(folder.name, tree, files, folder)


def python_files(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(path for path in folder.rglob("*.py") if path.is_file()))


def check(paths: Sequence[Path], patience: float) -> Checked:
    """Runs mplint on files or folders, for so many seconds of processor time."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(
            [*COMMAND, *OPTIONS, "--", *map(str, paths)],
            cwd=HERE,  # in a folder with an `importlib`, `python -m` itself takes that
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
        )
        stopped = threading.Event()
        watch = threading.Thread(target=_stop_late, args=(process, patience, stopped))
        watch.start()
        status, seconds, megabytes = wait_for(process)
        stopped.set()
        watch.join()
        out.seek(0)
        err.seek(0)
        checked = Checked(seconds, megabytes)
        if status == -9 and seconds > patience * 0.9:
            checked.trouble = f"stopped after {seconds:.0f} seconds"
            return checked
        said = err.read().decode(errors="replace")
        try:
            findings = json.loads(out.read())
        except ValueError:
            findings = []
            checked.trouble = f"ends with {status}: {said.strip()[-2000:]}"
        checked.codes.update(item["code"] for item in findings)
        checked.failures += [
            f"{item['path']}: {item['message']}" for item in findings if item["code"] == INTERNAL
        ]
        if status not in (0, 1) and not checked.failures and not checked.trouble:
            checked.trouble = f"ends with {status}: {said.strip()[-2000:]}"
        return checked


def _stop_late(process: subprocess.Popen[bytes], patience: float, stopped: threading.Event) -> None:
    """Ends a process that has had its seconds of processor time, or far more of them on the
    clock."""
    for _ in range(math.ceil(patience * ON_THE_CLOCK)):
        if stopped.wait(1):
            return
        try:
            times = psutil.Process(process.pid).cpu_times()
        except psutil.Error:
            return
        if times.user + times.system > patience:
            break
    process.kill()


def slow_files(
    package: Package, files: Sequence[Path], whole: Checked, limit: float
) -> Iterator[tuple[Path, Checked]]:
    """Of files that take longer than the limit together, those that do so alone."""
    if len(files) == 1:
        yield files[0], whole
        return
    # parts that would keep well below the limit, if all files took the same
    count = min(len(files), max(2, math.ceil(2 * whole.seconds / limit)))
    size = math.ceil(len(files) / count)
    for start in range(0, len(files), size):
        part = files[start : start + size]
        checked = check(part, patience=max(4 * limit, 2 * whole.seconds))
        if checked.seconds > limit:
            yield from slow_files(package, part, checked, limit)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    rows, bad = [], 0
    total = Checked()
    files = 0
    for tree in options.trees:
        for package in packages(tree.resolve(), options.only):
            paths = [package.path] if package.path else list(package.files)
            checked = check(paths, options.patience)
            size = len(package.files)
            line = f"{checked.seconds:7.1f} s {checked.megabytes:6.0f} MB {size:5} files"
            print(f"{line}  {tree.name}/{package.name}", flush=True)
            for text in [*checked.failures, *filter(None, [checked.trouble])]:
                print(f"  FAILS {text}", flush=True)
                bad += 1
            if checked.seconds > options.seconds:
                for path, alone in slow_files(package, package.files, checked, options.seconds):
                    shown = path.relative_to(package.folder)
                    print(f"  SLOW {alone.seconds:.1f} s alone: {shown}", flush=True)
                    bad += 1
            files += size
            total.seconds += checked.seconds
            total.megabytes = max(total.megabytes, checked.megabytes)
            total.codes += checked.codes
            rows.append((checked.seconds, checked.megabytes, size, f"{tree.name}/{package.name}"))
    rows.sort(reverse=True)
    shown = [
        [name, str(size), f"{seconds:.1f}", f"{megabytes:.0f}"]
        for seconds, megabytes, size, name in rows[: options.most]
    ]
    print(f"\n{table(('the longest', 'files', 'seconds', 'MB'), shown)}")
    found = sum(total.codes.values())
    print(
        f"\n{files} files in {len(rows)} packages: {total.seconds:.0f} seconds, at most "
        f"{total.megabytes:.0f} MB, {found} findings ({total.codes[UNREADABLE]} of them "
        f"{UNREADABLE}), {bad} troubles"
    )
    return 1 if bad else 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("trees", nargs="+", type=Path, metavar="TREE")
    parser.add_argument("--only", nargs="+", default=[], metavar="PACKAGE")
    parser.add_argument("--seconds", type=float, default=20.0, help="that one file may take")
    parser.add_argument(
        "--patience", type=float, default=600.0, help="the seconds that a package gets"
    )
    parser.add_argument("--most", type=int, default=10, help="how many packages the table has")
    options = parser.parse_args(arguments)
    for tree in options.trees:
        if not tree.is_dir():
            parser.error(f"{tree} is no folder")
    return options


if __name__ == "__main__":
    os.environ["PYTHONHASHSEED"] = "0"
    sys.exit(main())
