"""How the time of an analysis grows with what is analysed.

    python benchmarks/growth.py                 # all shapes
    python benchmarks/growth.py branches queues # these only

Each shape is a program that is generated at one size and at four times that size. Four times the
input may take at most 4.4 times as long; what Python and mplint need to start, measured on an empty
program, is subtracted first. Times are those of the processor, the least of some runs. A check that
takes more than 30 seconds is stopped, and the next shape follows. Ends with 1 when a shape grows
faster. Last come all rules beside one, and one process beside as many as there are processors, for
a project of many programs: that is by the clock, and needs an idle machine.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import log
from pathlib import Path

FACTOR = 4
ALLOWED = 4.4
ALLOWED_FOR_ALL_RULES = 1.5
LIMIT = 30
"""Seconds of processor time that one check may take."""
PROGRAMS = 32
"""In the project that is checked in one process and in several."""

HEAD = "import multiprocessing as mp\n\n"
TAIL = """

def main():
    queue = mp.Queue()
    worker = mp.Process(target=work, args=(queue,))
    worker.start()
    print(queue.get())
    worker.join()


if __name__ == "__main__":
    main()
"""

Files = dict[str, str]


def _function(lines: list[str]) -> Files:
    """A program whose worker has these lines."""
    body = "".join(f"    {line}\n" for line in lines)
    return {"a.py": f"{HEAD}def work(queue, x=0):\n{body}    queue.put(x)\n{TAIL}"}


def files(size: int) -> Files:
    """Modules that start each other's workers."""
    found = {}
    for i in range(size):
        other = f"from m{i - 1} import work as other\n" if i else "other = print\n"
        worker = "\n\ndef work(queue):\n    queue.put(other)\n"
        found[f"m{i}.py"] = HEAD + other + worker + TAIL
    return found


def long_function(size: int) -> Files:
    return _function([f"x = prepare(x, {i})" for i in range(size)])


def variables(size: int) -> Files:
    return _function([line for i in range(size) for line in (f"v{i} = x", f"v{i} = f(v{i})")])


def branches(size: int) -> Files:
    lines = []
    for i in range(size):
        lines += [f"{'elif' if i else 'if'} x == {i}:", f"    x = f(x, {i})"]
    return _function([*lines, "else:", "    raise ValueError(x)"])


def _branched(
    operation: str, thing: str = "None", work: str = "queue.put(1)"
) -> Callable[[int], Files]:
    """A program whose main process does something in each of many branches."""

    def make(size: int) -> Files:
        lines = ["def work(queue, thing):", f"    {work}", "", "", "def main(x):"]
        lines += ["    queue = mp.Queue()", f"    thing = {thing}"]
        given = "queue, thing" if "thing" in work else "queue, None"
        lines += [f"    worker = mp.Process(target=work, args=({given}))", "    worker.start()"]
        for i in range(size):
            lines += [f"    {'elif' if i else 'if'} x == {i}:", f"        {operation}"]
        lines += ["", "", 'if __name__ == "__main__":', "    main(1)"]
        return {"a.py": HEAD + "\n".join(lines) + "\n"}

    return make


def polling(size: int) -> Files:
    """A loop that takes something in each of many branches, when there is something."""
    lines = ["while True:"]
    for i in range(size):
        lines += [f"    {'elif' if i else 'if'} x == {i} and not queue.empty():"]
        lines += ["        x = queue.get()"]
    return _function([*lines, "    else:", "        break"])


def ifs(size: int) -> Files:
    return _function([line for i in range(size) for line in (f"if x == {i}:", f"    x = f({i})")])


def cases(size: int) -> Files:
    lines = ["match x:"]
    for i in range(size):
        lines += [f"    case {i}:", f"        x = f(x, {i})"]
    return _function(lines)


def tries(size: int) -> Files:
    lines = []
    for i in range(size):
        lines += ["try:", f"    x = f(x, {i})", "except ValueError:", "    x = g(x)"]
    return _function(lines)


def loops(size: int) -> Files:
    """Loops in loops, eight deep, again and again."""
    lines = []
    for i in range(size):
        depth = i % 8
        lines.append(f"{'    ' * depth}for i{depth} in range(x):")
        if depth == 7:
            lines.append(f"{'    ' * 8}x = f(x, i{depth})")
    while lines[-1].endswith("x):"):
        lines.pop()
    return _function(lines)


def nesting(size: int) -> Files:
    """Tests in tests: as deep as Python lets them be, and then from the top again."""
    lines = []
    for i in range(size):
        lines.append(f"{'    ' * (i % 80)}if f(x, {i}):")
        if i % 80 == 79 or i == size - 1:
            lines.append(f"{'    ' * (i % 80 + 1)}x = g({i})")
    return _function(lines)


def queues(size: int) -> Files:
    """Queues, each with a worker of its own, in one module."""
    lines = ["def work(queue):", "    queue.put(1)", "", "", "def main():"]
    for i in range(size):
        lines += [f"    q{i} = mp.Queue()", f"    p{i} = mp.Process(target=work, args=(q{i},))"]
        lines += [f"    p{i}.start()", f"    print(q{i}.get())", f"    p{i}.join()"]
    return {
        "a.py": HEAD + "\n".join([*lines, "", "", 'if __name__ == "__main__":', "    main()\n"])
    }


def idle_queues(size: int) -> Files:
    """Queues that are made, and no more."""
    lines = [f"queue_{i} = mp.Queue()" for i in range(size)]
    return {"a.py": HEAD + "\n".join(lines) + "\n"}


def processes(size: int) -> Files:
    """Processes of one worker, each started and joined by itself."""
    lines = [
        "def work(queue):",
        "    queue.put(1)",
        "",
        "",
        "def main():",
        "    queue = mp.Queue()",
    ]
    for i in range(size):
        lines += [f"    p{i} = mp.Process(target=work, args=(queue,))", f"    p{i}.start()"]
    lines += [f"    print(queue.get(), p{i}.join())" for i in range(size)]
    return {
        "a.py": HEAD + "\n".join([*lines, "", "", 'if __name__ == "__main__":', "    main()\n"])
    }


def call_chain(size: int) -> Files:
    lines = [f"def f{i}(queue):\n    return f{i + 1}(queue)\n\n" for i in range(size)]
    lines.append(f"def f{size}(queue):\n    queue.put(1)\n\n\ndef work(queue):\n    f0(queue)\n")
    return {"a.py": HEAD + "\n".join(lines) + TAIL}


def call_sites(size: int) -> Files:
    """One function that is called again and again."""
    lines = ["def send(queue, x):", "    queue.put(x)", "", "", "def work(queue):"]
    lines += [f"    send(queue, {i})" for i in range(size)]
    return {"a.py": HEAD + "\n".join(lines) + "\n" + TAIL}


def long_sum(size: int) -> Files:
    return _function(["x = " + " + ".join(f"v{i}" for i in range(size))])


def lambdas(size: int) -> Files:
    """Functions without names inside each other."""
    return _function(["x = " + "lambda y: " * size + "y"])


def literal(size: int) -> Files:
    return _function(["x = [" + ", ".join(f"({i}, 'n{i}')" for i in range(size)) + "]"])


def classes(size: int) -> Files:
    """Classes of processes, each with some methods."""
    lines = []
    for i in range(size):
        lines += [f"class C{i}(mp.Process):", "    def __init__(self, queue):"]
        lines += ["        super().__init__()", "        self.queue = queue", ""]
        lines += ["    def run(self):", "        self.queue.put(self.prepare(1))", ""]
        lines += ["    def prepare(self, x):", f"        return x + {i}", "", ""]
    lines += ["def work(queue):", "    queue.put(1)"]
    starts = [f"    C{i}(queue).start()" for i in range(size)]
    lines += ["", "", "def start_all():", "    queue = mp.Queue()", *starts]
    return {"a.py": HEAD + "\n".join(lines) + "\n" + TAIL}


def workers(size: int) -> Files:
    """Many functions that send on one queue, each in a process of its own."""
    lines = []
    for i in range(size):
        lines += [f"def work{i}(queue):", f"    queue.put(load(x={i}))", "", ""]
    lines += ["def main():", "    queue = mp.Queue()"]
    for i in range(size):
        lines += [f"    mp.Process(target=work{i}, args=(queue,)).start()"]
    lines += [f"    for _ in range({size}):", "        print(queue.get())", "", "", *GUARD]
    return {"a.py": HEAD + "\n".join(lines)}


def process_list(size: int) -> Files:
    """Processes that are made in one list, and all started but for the last."""
    lines = ["def work(x):", "    print(x)", "", "", "def main():", "    all_of_them = ["]
    lines += [f"        mp.Process(target=work, args=({i},))," for i in range(size)]
    lines += ["    ]", "    for process in all_of_them[:-1]:", "        process.start()"]
    lines += ["    for process in all_of_them[:-1]:", "        process.join()", "", "", *GUARD]
    return {"a.py": HEAD + "\n".join(lines)}


def fluent(size: int) -> Files:
    """A chain of calls of methods that give the object itself."""
    lines = ["class Sender:", "    def __init__(self, queue):", "        self.queue = queue", ""]
    lines += ["    def send(self, x):", "        self.queue.put(x)", "        return self", "", ""]
    lines += ["def work(queue):", "    Sender(queue)" + ".send(1)" * size]
    return {"a.py": HEAD + "\n".join(lines) + "\n" + TAIL}


def methods(size: int) -> Files:
    """One class with many methods, which call each other."""
    lines = ["class Everything:", "    def __init__(self, queue):", "        self.queue = queue"]
    for i in range(size):
        lines += ["", f"    def m{i}(self, x):", f"        self.a{i} = x"]
        lines += [f"        self.queue.put(self.m{(i + 1) % size}(x))"]
    lines += ["", "", "def work(queue):", "    Everything(queue).m0(1)"]
    return {"a.py": HEAD + "\n".join(lines) + "\n" + TAIL}


def _again(main: str, work: str = "", things: str = "mp.Queue()") -> Callable[[int], Files]:
    """A program whose main process and worker do the same again and again, each with a number in
    the place of #, to one or two things that both have."""

    def again(text: str, size: int, depth: str) -> list[str]:
        return [
            f"{depth}{line.replace('#', str(i))}" for i in range(size) for line in text.splitlines()
        ]

    def make(size: int) -> Files:
        lines = ["def work(one, two):", *again(work, size, "    "), "    print(two)", "", ""]
        lines += ["def main():", f"    one, two = {things}, mp.Queue()"]
        lines += ["    process = mp.Process(target=work, args=(one, two))", "    process.start()"]
        lines += [*again(main, size, "    "), "    process.join()"]
        lines += ["    one.join()"] if things == JOINABLE else []
        return {"a.py": HEAD + "\n".join([*lines, "", "", *GUARD])}

    return make


def guards(size: int) -> Files:
    """A program that begins again and again."""
    lines = ["", "", *GUARD] * size
    return {"a.py": HEAD + "def main():\n    mp.Process(target=print).start()\n" + "\n".join(lines)}


def patches(size: int) -> Files:
    """A test that replaces one thing after another, and calls what may be one."""
    lines = ["from unittest import mock", "from elsewhere import dispatch"]
    for i in range(size):
        lines += [f'mock.patch("thing.part{i}").start()', f"dispatch({i})", f"print({i})"]
    return {"a.py": HEAD + "mp.Process(target=print).start()\n" + "\n".join(lines) + "\n"}


GUARD = ['if __name__ == "__main__":', "    main()", ""]


@dataclass(frozen=True, slots=True)
class Shape:
    """What is generated, and a size at which it takes a second or so."""

    make: Callable[[int], Files]
    size: int


MEMORY = "mp.shared_memory.SharedMemory"
PROCESS = "mp.Process(target=%s)"
JOINABLE = "mp.JoinableQueue()"
LOCKED = ("with one:\n    print(#)", "mp.Lock()")
NOTIFIED = ("with one:\n    one.notify()", "mp.Condition()")

SHAPES = {
    "files": Shape(files, 50),
    "long-function": Shape(long_function, 1000),
    "variables": Shape(variables, 500),
    "branches": Shape(branches, 1000),
    "branch-puts": Shape(_branched("queue.put(f(x, y=1))"), 1000),
    "branch-gets": Shape(_branched("queue.get()", work="queue.put(prepare(1))"), 1000),
    "branch-locks": Shape(_branched("thing.acquire()", "mp.Lock()"), 1000),
    "branch-waits": Shape(_branched("thing.wait()", "mp.Event()", "thing.set()"), 1000),
    "branch-tasks": Shape(_branched("thing.apply_async(print)", "mp.Pool()"), 1000),
    "branch-closed": Shape(_branched("thing.send(x)", "mp.Pipe()[1]", "thing.close()"), 1000),
    "polling": Shape(polling, 1000),
    "ifs": Shape(ifs, 1000),
    "cases": Shape(cases, 1000),
    "tries": Shape(tries, 500),
    "loops": Shape(loops, 800),
    "nesting": Shape(nesting, 800),
    "queues": Shape(queues, 100),
    "idle-queues": Shape(idle_queues, 2500),
    "processes": Shape(processes, 100),
    "workers": Shape(workers, 100),
    "process-list": Shape(process_list, 400),
    "call-chain": Shape(call_chain, 250),
    "call-sites": Shape(call_sites, 500),
    "long-sum": Shape(long_sum, 250),
    "lambdas": Shape(lambdas, 100),
    "literal": Shape(literal, 2500),
    "classes": Shape(classes, 50),
    "methods": Shape(methods, 250),
    "fluent": Shape(fluent, 100),
    "guards": Shape(guards, 200),
    "patches": Shape(patches, 1000),
    "again-joins": Shape(_again("process.join()"), 250),
    "again-puts": Shape(_again("one.put(#)", "x# = one.get()"), 250),
    "again-looks": Shape(_again("while not one.empty():\n    print(one.get())", "one.put(#)"), 100),
    "again-marks": Shape(_again("one.put(#)", "one.get()\none.task_done()", JOINABLE), 100),
    "again-locks": Shape(_again("one.acquire()\nprint(#)\none.release()", *LOCKED), 150),
    "again-pools": Shape(_again("p# = mp.Pool()\np#.map(print, [#])\np#.close()\np#.join()"), 75),
    "again-with-pools": Shape(_again("with mp.Pool() as p:\n    print(p.map(print, [#]))"), 100),
    "again-tasks": Shape(_again("p = mp.Pool()\nr# = p.apply_async(print)\nprint(r#.get())"), 75),
    "again-events": Shape(_again("one.set()\none.clear()", "one.wait()", "mp.Event()"), 150),
    "again-new-events": Shape(
        _again(f"e# = mp.Event()\n{PROCESS % 'e#.set'}.start()\ne#.wait()"), 75
    ),
    "again-conditions": Shape(_again("with one:\n    one.wait()", *NOTIFIED), 150),
    "again-barriers": Shape(_again("one.wait()", "one.wait()", "mp.Barrier(2)"), 150),
    "again-values": Shape(_again("one.value += #", "one.value += #", "mp.Value('i')"), 200),
    "again-elements": Shape(
        _again("", "one['#'] = one.get('#', 0) + 1", "mp.Manager().dict()"), 200
    ),
    "again-memory": Shape(_again(f"s# = {MEMORY}('#')\nv# = s#.buf[1:]\ns#.close()"), 100),
    "again-kills": Shape(
        _again(f"p# = {PROCESS % 'print'}\np#.start()\np#.terminate()\np#.join()"), 75
    ),
}


def write(program: Files, folder: Path) -> None:
    """Makes a program a project of its own."""
    folder.mkdir()
    (folder / "pyproject.toml").touch()
    for name, text in program.items():
        (folder / name).write_text(text)


class TooLong(Exception):
    """A check was stopped."""


def _limit() -> None:
    import resource  # not on Windows, where the shapes can still be made

    resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT + 1))


def _command(folder: Path, *options: str) -> list[str]:
    command = [sys.executable, "-m", "mplint", "check", str(folder), "--isolated", "--quiet"]
    return [*command, "--no-cache", "--exit-zero", *options]


def seconds(folder: Path, repeat: int, select: str = "ALL") -> float:
    """The processor time of checking a folder in a new process, the least of some runs. Raises
    TooLong."""
    command = _command(folder, "--select", select, "--jobs", "1")
    times = []
    for _ in range(repeat):
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, preexec_fn=_limit) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
            raise TooLong
        if process.returncode:
            raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
        times.append(usage.ru_utime + usage.ru_stime)
    return min(times)


def elapsed(folder: Path, jobs: int) -> float:
    """The seconds that go by while a folder is checked in so many processes."""
    began = time.monotonic()
    subprocess.run(_command(folder, "--jobs", str(jobs)), stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - began


def main() -> int:
    """Measures, prints a line per shape, and returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shapes", nargs="*", metavar="SHAPE", help=", ".join(SHAPES))
    parser.add_argument("--repeat", type=int, default=3, metavar="N")
    options = parser.parse_args()
    if unknown := set(options.shapes) - set(SHAPES):
        parser.error(f"there is no shape {', '.join(sorted(unknown))}")
    failed = False
    with tempfile.TemporaryDirectory() as temporary:
        write({"a.py": HEAD}, Path(temporary, "empty"))
        start = seconds(Path(temporary, "empty"), options.repeat)
        print(f"{sys.version.split()[0]}; to start: {start:.2f} s, subtracted below")
        for name in options.shapes or SHAPES:
            shape, times = SHAPES[name], []
            try:
                for size in (shape.size, shape.size * FACTOR):
                    folder = Path(temporary, f"{name}-{size}")
                    write(shape.make(size), folder)
                    times.append(max(seconds(folder, options.repeat) - start, 0.001))
            except TooLong:
                failed = True
                print(f"{name:14} {size:5}: not done after {LIMIT} s", flush=True)
                continue
            ratio = times[1] / times[0]
            late = ratio > ALLOWED
            failed |= late
            exponent = log(ratio, FACTOR)
            sizes = f"{shape.size:5} {times[0]:6.2f} s   {shape.size * FACTOR:6} {times[1]:6.2f} s"
            said = "  more than it may" if late else ""
            print(f"{name:14} {sizes}   x{ratio:.2f}, exponent {exponent:.2f}{said}", flush=True)
        if not options.shapes:
            folder = Path(temporary, f"files-{SHAPES['files'].size * FACTOR}")
            every, one = (seconds(folder, options.repeat, which) for which in ("ALL", "MPL102"))
            ratio = every / one
            failed |= ratio > ALLOWED_FOR_ALL_RULES
            print(f"all rules {every:.2f} s, one rule {one:.2f} s: x{ratio:.2f}")
            (program,) = SHAPES["branches"].make(500).values()
            folder, cores = Path(temporary, "programs"), os.cpu_count() or 1
            write({f"program{number}.py": program for number in range(PROGRAMS)}, folder)
            alone, together = (
                min(elapsed(folder, jobs) for _ in range(options.repeat)) for jobs in (1, cores)
            )
            gain = alone / together
            print(
                f"one process {alone:.2f} s, {cores} processes {together:.2f} s: {gain:.2f} times"
            )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
