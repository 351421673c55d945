"""How many of the labelled sites of real code does mplint flag?

`labels.csv` names 166 places in 24 projects, each read by a person: TRUE (a maintainer should fix
it), DEBATABLE or FALSE (correct code that a naive rule would flag). This checks the projects as a
whole and counts.

    python benchmarks/labels.py --fetch CHECKOUTS     # clones them there first, needs a network
    python benchmarks/labels.py CHECKOUTS             # a folder per project: owner__name

A site counts as flagged when a finding begins on its line, or names the line as a related place.
A FALSE site is flagged only by a finding that begins there and says what the naive rule says: that
one line is right about something says nothing about another thing in it.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tables import table

from mplint.config import Configuration, Settings
from mplint.diagnostics import Diagnostic
from mplint.engine import Engine
from mplint.registry import load

LABELS = Path(__file__).parent / "labels.csv"
LABEL_NAMES = ("TRUE", "DEBATABLE", "FALSE")
PACKAGES = {"pytorch/pytorch": "torch", "pymc-devs/pymc": "pymc"}
"""Projects that are taken from PyPI, by version."""


ABOUT = {
    "blocking-get": ("MPL102", "MPL103"),
    "blocking-recv": ("MPL102", "MPL103"),
    "bounded-put-consumers-may-die": ("MPL112",),
    "empty-qsize": ("MPL113",),
    "while-not-empty-loop": ("MPL113",),
    "join-before-drain": ("MPL111",),
    "process-never-joined": ("MPL105", "MPL111"),
    "lambda-or-nested-target": ("MPL203",),
    "missing-main-guard": ("MPL301",),
    "queue-created-in-target": ("MPL101",),
}
"""The rules that say what a naive rule says, where one does so far."""


@dataclass(frozen=True, slots=True)
class Site:
    repository: str
    version: str
    path: str
    line: int
    naive_rule: str
    label: str
    reason: str


def sites() -> list[Site]:
    with LABELS.open(encoding="utf-8", newline="") as stream:
        return [Site(**{**row, "line": int(row["line"])}) for row in csv.DictReader(stream)]


def folder_of(site: Site, checkouts: Path) -> Path:
    name = PACKAGES.get(site.repository, site.repository.replace("/", "__"))
    return checkouts / name


def fetch(wanted: Iterable[Site], checkouts: Path) -> None:
    """Gets each project at its version, from GitHub or PyPI."""
    for repository, version in sorted({(site.repository, site.version) for site in wanted}):
        site = next(site for site in sites() if site.repository == repository)
        folder = folder_of(site, checkouts)
        if folder.exists():
            continue
        if repository in PACKAGES:
            pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--target", str(folder)]
            subprocess.run([*pip, f"{PACKAGES[repository]}=={version}"], check=True)
            continue
        url = f"https://github.com/{repository}"
        subprocess.run(["git", "clone", "--quiet", url, str(folder)], check=True)
        subprocess.run(["git", "-C", str(folder), "checkout", "--quiet", version], check=True)


def findings(folder: Path) -> list[Diagnostic]:
    """What is found in all files: one project has a `.gitignore` that names its own sources."""
    engine = Engine(load(), Configuration(Settings(), isolated=True), jobs=2)
    files = [str(path) for path in folder.rglob("*.py")]
    return engine.check(engine.discover(files)).diagnostics


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("checkouts", type=Path)
    parser.add_argument("--fetch", action="store_true", help="get the projects first")
    parser.add_argument("--verbose", action="store_true", help="a line per site")
    arguments = parser.parse_args()
    labelled = sites()
    if arguments.fetch:
        fetch(labelled, arguments.checkouts)
    begins: dict[tuple[str, int], set[str]] = defaultdict(set)
    touches: dict[tuple[str, int], set[str]] = defaultdict(set)
    for folder in sorted({folder_of(site, arguments.checkouts) for site in labelled}):
        if not folder.is_dir():
            print(f"{folder} is missing: its sites are left out", file=sys.stderr)
            continue
        for found in findings(folder):
            begins[found.path, found.place.line].add(found.code)
            for place in (found.place, *(related.place for related in found.related)):
                touches[place.path, place.line].add(found.code)
    total: Counter[tuple[str, str]] = Counter()
    flagged: Counter[tuple[str, str]] = Counter()
    for site in labelled:
        folder = folder_of(site, arguments.checkouts)
        if not folder.is_dir():
            continue
        where = (str(folder / site.path), site.line)
        if site.label == "FALSE":
            hit = begins[where] & set(ABOUT.get(site.naive_rule, ()))
        else:
            hit = touches[where]
        for rule in (site.naive_rule, "all"):
            total[rule, site.label] += 1
            flagged[rule, site.label] += bool(hit)
        if arguments.verbose:
            codes = ",".join(sorted(hit))
            place = f"{site.repository}/{site.path}:{site.line}"
            print(f"{codes:13} {site.label:9} {site.naive_rule:29} {place}")
    rows = []
    for rule in sorted({rule for rule, _ in total}, key=lambda rule: (rule == "all", rule)):
        counts = ((flagged[rule, label], total[rule, label]) for label in LABEL_NAMES)
        rows.append([rule, *(f"{hit}/{every}" if every else "" for hit, every in counts)])
    print(table(["", *LABEL_NAMES], rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
