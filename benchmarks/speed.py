"""How long mplint takes for a tree of files, and how long other tools take for the same.

    python benchmarks/speed.py CHECKOUT                 # celery's, say
    python benchmarks/speed.py CHECKOUT --only mplint flake8 --repeat 5

All tools run in turn, in this Python's environment and on one core, so that what else the machine
does at that time hits all of them. What is printed is the median of the processor time and of the
time on the clock, and how many times as long as mplint without a cache that is. A tool that is not
installed is left out. Then the same for one small file, beside `python -c 'import libcst'`.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

COLD = "mplint"
"""What the others are compared with."""

FLAKE8_WITH = """
import importlib.metadata, sys
kept = {"flake8", "mccabe", "pycodestyle", "pyflakes", *sys.argv.pop(1).split()}
every = importlib.metadata.distributions
importlib.metadata.distributions = lambda **of: (d for d in every(**of) if d.name in kept)
from flake8.main.cli import main
sys.exit(main(sys.argv[1:]))
"""
"""flake8 with the plugins that are named, whatever else is installed."""

SMALL = """import multiprocessing


def work(queue):
    queue.put(1)


def main():
    queue = multiprocessing.Queue()
    worker = multiprocessing.Process(target=work, args=(queue,))
    worker.start()
    print(queue.get())
    worker.join()


if __name__ == "__main__":
    main()
"""


@dataclass(frozen=True, slots=True)
class Tool:
    """A command, and the packages that must be installed for it."""

    command: tuple[str, ...]
    packages: tuple[str, ...]


@dataclass(slots=True)
class Times:
    """The runs of one tool, in seconds."""

    processor: list[float] = field(default_factory=list)
    clock: list[float] = field(default_factory=list)


def tools(path: str) -> dict[str, Tool]:
    """The tools to compare, each as it checks a path."""
    module = (sys.executable, "-m")
    mplint = (*module, "mplint", "check", path, "--isolated", "--quiet", "--exit-zero", "--jobs=1")
    flake8 = (sys.executable, "-c", FLAKE8_WITH)
    options = ("--isolated", "--exit-zero", "--jobs=1", path)
    pylint = (*module, "pylint", "--jobs=1", "--exit-zero", "--recursive=y", "--rcfile=", path)
    ruff = (*module, "ruff", "check", "--isolated", "--no-cache", "--exit-zero", "--quiet", path)
    return {
        COLD: Tool((*mplint, "--no-cache"), ("mplint",)),
        "mplint, warm": Tool(mplint, ("mplint",)),
        "ruff": Tool(ruff, ("ruff",)),
        "flake8": Tool((*flake8, "", *options), ("flake8",)),
        "flake8 with flake8-async": Tool(
            (*flake8, "flake8-async", *options), ("flake8", "flake8-async")
        ),
        "pylint": Tool(pylint, ("pylint",)),
    }


def small(folder: Path) -> dict[str, Tool]:
    """One small file, and what no check of a file can do without."""
    file = folder / "small.py"
    file.write_text(SMALL)
    return {
        "import libcst": Tool((sys.executable, "-c", "import libcst"), ("libcst",)),
        COLD: tools(str(file))[COLD],
    }


def installed(tool: Tool) -> dict[str, str] | None:
    """The versions of a tool's packages; None when one is missing."""
    try:
        return {package: version(package) for package in tool.packages}
    except PackageNotFoundError:
        return None


def run(command: Sequence[str], times: Times | None = None) -> None:
    """Runs a command and notes what it takes. Raises SystemExit when it fails."""
    # what Python compiles is kept, as with every installed tool
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    started = time.monotonic()
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    if times is not None:
        times.clock.append(time.monotonic() - started)
        times.processor.append(usage.ru_utime + usage.ru_stime)


def measure(chosen: Mapping[str, Tool], repeat: int, *, settle: bool) -> dict[str, Times]:
    """Runs all tools in turn. With `settle`, each runs once before that counts."""
    found = {name: Times() for name in chosen}
    for turn in range(-1 if settle else 0, repeat):
        for name, tool in chosen.items():
            run(tool.command, found[name] if turn >= 0 else None)
    return found


def table(found: Mapping[str, Times], base: str) -> str:
    """A line per tool."""
    beside = median(found[base].processor)
    lines = [f"{'':26}{'processor':>11}{'clock':>11}{'ratio':>8}"]
    for name, times in found.items():
        processor, clock = median(times.processor), median(times.clock)
        lines.append(f"{name:26}{processor:9.2f} s{clock:9.2f} s{processor / beside:8.2f}")
    return "\n".join(lines)


def machine() -> str:
    """What this is measured on."""
    model = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {sys.version.split()[0]}"


def main() -> int:
    """Measures, prints, and returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("path", help="a folder, such as a checkout of celery")
    parser.add_argument("--repeat", type=int, default=3, metavar="N")
    every = tools(".")
    parser.add_argument("--only", nargs="+", choices=every, metavar="TOOL", help=", ".join(every))
    options = parser.parse_args()
    if not os.path.isdir(options.path):
        parser.error(f"{options.path} is no folder")
    chosen: dict[str, Tool] = {}
    versions: dict[str, str] = {}
    missing = []
    for name, tool in tools(options.path).items():
        if options.only and name not in (COLD, *options.only):
            continue
        there = installed(tool)
        if there is None:
            missing.append(name)
        else:
            chosen[name] = tool
            versions |= there
    print(machine())
    print(", ".join(f"{package} {number}" for package, number in versions.items()))
    if missing:
        print(f"not installed: {', '.join(missing)}")
    print(f"\n{options.path}, the median of {options.repeat}:")
    print(table(measure(chosen, options.repeat, settle=False), COLD), flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        one = small(Path(temporary))
        print("\none small file, the median of 7:")
        print(table(measure(one, 7, settle=True), "import libcst"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
