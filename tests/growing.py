"""Projects of several files that nobody wrote, grown from a grammar: a package with workers in one
module, queues in another and the start in a script, in all the ways in which files hang together.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from textwrap import indent

MODULES = ("queues", "workers", "base", "helpers", "running")
OTHER_NAMES = ("aa", "zz", "mm_", "b_b", "y_y")

UNRELATED = "\n\nclass Unrelated:\n    kept = [1, 2]\n\n    def own(self, x):\n        return x\n"


@dataclass
class Project:
    """What is drawn once for all files. `names` says what the modules are called."""

    chance: random.Random
    names: dict[str, str]
    package: str = "farm"
    flat: bool = False
    files: dict[str, str] = field(default_factory=dict)

    def one(self, *choices: str) -> str:
        return self.chance.choice(choices)

    def maybe(self, text: str, share: float = 0.5) -> str:
        return text if self.chance.random() < share else ""

    def imported(self, module: str, names: str, *, inside: bool = False) -> str:
        """An import of names of a module, in one of many ways; from a script beside the package
        unless `inside` of it."""
        name = self.names[module]
        whole = name if self.flat else f"{self.package}.{name}"
        first, *_ = names.split(", ")
        ways = [
            f"from {whole} import {names}",
            f"from {whole} import *",
            f"try:\n    from {whole} import {names}\nexcept ImportError:\n    {first} = None",
            f"from {whole} import (\n    {names},  # all\n)",
        ]
        if inside and not self.flat:
            ways += [f"from .{name} import {names}", f"from .{name} import *"]
            ways += [f"from . import {name}\n{one} = {name}.{one}" for one in names.split(", ")[:1]]
        if not self.flat:
            ways.append(f"from {self.package} import {names}")
        typing = (
            f"from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from {whole} import {names}"
        )
        if self.chance.random() < 0.1:
            ways = [typing]
        return self.one(*ways)


def grow(seed: int, names: tuple[str, ...] = MODULES, unrelated: str = "") -> dict[str, str]:
    """A project. The same seed grows the same, whatever the modules are called and whichever of
    them holds a class that has to do with nothing."""
    chance = random.Random(seed)
    project = Project(chance, dict(zip(MODULES, names, strict=True)), flat=chance.random() < 0.4)
    folder = "" if project.flat else f"{project.package}/"
    for module in MODULES:
        text = _MAKERS[module](project)
        if module == unrelated:
            text += UNRELATED
        project.files[f"{folder}{project.names[module]}.py"] = text
    if not project.flat:
        project.files[f"{folder}__init__.py"] = _init(project)
    project.files["start.py"] = _script(project)
    if chance.random() < 0.3:
        project.files["conftest.py"] = _conftest(project)
    if chance.random() < 0.3:
        project.files[f"{folder}old.py"] = project.one(
            "print 'multiprocessing'\n",
            "from multiprocessing import Queue\nfrom .gone import missing\nmissing(Queue())\n",
            "",
            "import multiprocessing\nfrom old import *\n",
        )
    if chance.random() < 0.2:
        project.files["setting.py"] = (
            "import multiprocessing\nimport start\n\nif __name__ == '__main__':\n"
            f"    multiprocessing.set_start_method({project.one('fork', 'spawn')!r})\n"
            "    start.main()\n"
        )
    return project.files


def _library(project: Project) -> tuple[str, str]:
    """An import of a library, and how its names begin then."""
    return project.chance.choice(
        (
            ("import multiprocessing", "multiprocessing."),
            ("import multiprocessing as mp", "mp."),
            ("from multiprocessing import *", ""),
            ("from multiprocessing import Process, Queue, Event, Lock, Pool, Pipe", ""),
            ("import multiprocessing\nctx = multiprocessing.get_context('spawn')", "ctx."),
            ("import billiard as mp", "mp."),
            (
                "import threading, queue\n"
                "from multiprocessing import Process, Queue, Event, Lock, Pool, Pipe",
                "",
            ),
        )
    )


def _queues(project: Project) -> str:
    library, mp = _library(project)
    queue = project.one("Queue()", "Queue(2)", "SimpleQueue()", "JoinableQueue()")
    if mp == "":
        queue = project.one("Queue()", "Queue(2)")
    return (
        f"{library}\n\n"
        f"jobs = {mp}{queue}\nDONE = {project.one('None', repr('done'), 'object()', '0')}\n\n\n"
        f"def make(size=0):\n    return {mp}Queue({project.maybe('size')})\n\n\n"
        f"class Channels:\n    def __init__(self):\n        self.inbox = {mp}Queue()\n"
        f"        self.outbox = make()\n        self.lock = {mp}Lock()\n"
    )


def _base(project: Project) -> str:
    library, mp = _library(project)
    loop = _loop(project, "self.inbox", "self.outbox", "self.handle(item)")
    cycle = project.maybe(project.imported("workers", "Worker", inside=True), 0.3)
    return (
        f"{library}\n{cycle}\n\n\nclass Base({mp}Process):\n"
        f"    def __init__(self, inbox, outbox):\n"
        f"        {project.one('super().__init__()', f'{mp}Process.__init__(self)', 'pass')}\n"
        f"        self.inbox = inbox\n        self.outbox = outbox\n"
        f"{project.maybe('        self.daemon = True', 0.3)}\n\n"
        f"    def run(self):\n{loop}\n\n"
        "    def handle(self, item):\n        raise NotImplementedError\n"
    )


def _helpers(project: Project) -> str:
    return (
        f"{project.maybe('import logging')}\n\n\n"
        "def convert(item):\n    return int(item)\n\n\n"
        "def send(queue, item):\n    queue.put(item)\n\n\n"
        f"def take(queue{project.maybe(', timeout=None')}):\n    return queue.get()\n\n\n"
        "def wait_for(processes):\n    for process in processes:\n        process.join()\n"
    )


def _workers(project: Project) -> str:
    library, _ = _library(project)
    lazy = project.chance.random() < 0.3
    loop = _loop(project, "inbox", "outbox", _value(project), 4)
    sent = project.one("send(outbox, 1)", "outbox.put(take(jobs))", "outbox.put([1] * 10**6)")
    helpers = project.imported("helpers", "convert, send, take", inside=True)
    inner = f"{indent(helpers, '    ')}\n" if lazy and "*" not in helpers else ""
    return (
        f"{project.maybe(library)}\n{'' if inner else helpers}\n"
        f"{project.imported('base', 'Base', inside=True)}\n"
        f"{project.imported('queues', 'jobs, DONE', inside=True)}\n\n\n"
        f"class Worker(Base):\n    def handle(self, item):\n        return {_value(project)}\n\n\n"
        f"def work(inbox, outbox):\n{inner}{loop}\n\n\n"
        f"def serve(outbox, lock=None):\n{inner}"
        f"{project.maybe('    lock.acquire()', 0.2)}\n"
        f"    {sent}\n"
        f"{project.maybe('    lock.release()', 0.2)}\n"
    )


def _value(project: Project) -> str:
    return project.one("convert(item)", "item", "item + 1", "open(item).read()", "(lambda: item)")


def _loop(project: Project, inbox: str, outbox: str, value: str, depth: int = 8) -> str:
    body = project.one(
        f"for item in iter({inbox}.get, {project.one('None', 'DONE', repr('end'))}):\n"
        f"    {outbox}.put({value})",
        f"while True:\n    item = {inbox}.get({project.one('', '', 'timeout=3', '3')})\n"
        f"    if item {project.one('is', '==')} {project.one('None', 'DONE')}:\n        break\n"
        f"    {outbox}.put({value})",
        f"while not {inbox}.empty():\n    item = {inbox}.get()\n    {outbox}.put({value})",
        f"item = {inbox}.get()\n{outbox}.put({value})",
        f"try:\n    item = {inbox}.get()\n    {outbox}.put({value})\n"
        f"finally:\n    {outbox}.put(None)",
    )
    return indent(body, " " * depth)


def _running(project: Project) -> str:
    library, mp = _library(project)
    make = project.one("make()", "Channels().outbox", f"{mp}Queue()")
    process = project.one(
        f"{mp}Process(target=work, args=(inbox, outbox))",
        "Worker(inbox, outbox)",
        f"{mp}Process(target=serve, args=(outbox,))",
        f"{mp}Process(target=serve, args=(outbox, inbox, 1))",
        f"{mp}Process(target=lambda: work(inbox, outbox))",
    )
    steps = [
        "for process in processes:\n    process.join()",
        "for _ in range(3):\n    print(outbox.get())",
        "for number in range(3):\n    inbox.put(number)",
        "for _ in processes:\n    inbox.put(None)",
        project.one("wait_for(processes)", "results = [take(outbox) for _ in processes]"),
        project.one("processes[0].terminate()", "inbox.close()", "jobs.put(1)"),
    ]
    project.chance.shuffle(steps)
    chosen = "\n".join(steps[: project.chance.randrange(2, 6)])
    return (
        f"{library}\n{project.imported('queues', 'make, Channels, jobs', inside=True)}\n"
        f"{project.imported('workers', 'work, serve, Worker', inside=True)}\n"
        f"{project.imported('helpers', 'take, wait_for', inside=True)}\n\n\n"
        f"def run():\n    inbox, outbox = make(), {make}\n"
        f"    processes = [{process} for _ in range({project.one('1', '2', '4')})]\n"
        f"    for process in processes:\n        process.start()\n{indent(chosen, '    ')}\n\n\n"
        f"def run_pool():\n    with {mp}Pool(2) as pool:\n"
        f"        {project.one('return pool.map(work, [1])', 'pool.apply_async(serve, (jobs,))')}\n"
    )


def _init(project: Project) -> str:
    modules = list(MODULES)
    project.chance.shuffle(modules)
    exports = {
        "queues": "make, Channels, jobs, DONE",
        "workers": "work, serve, Worker",
        "base": "Base",
        "helpers": "convert, send, take, wait_for",
        "running": "run, run_pool",
    }
    lines = []
    for module in modules:
        name = project.names[module]
        lines.append(
            project.one(
                f"from .{name} import {exports[module]}",
                f"from .{name} import *",
                f"from {project.package}.{name} import {exports[module]}",
                f"from . import {name}",
            )
        )
    return "\n".join(lines) + "\n"


def _script(project: Project) -> str:
    lazy = project.maybe(
        indent(project.imported("running", "run").replace("*", "run"), "    "), 0.3
    )
    main = f"def main():\n{lazy}\n    run()\n    run_pool()\n"
    guard = project.one("if __name__ == '__main__':\n    main()\n", "main()\n", "")
    return f"{project.imported('running', 'run, run_pool')}\n\n\n{main}\n\n{guard}"


def _conftest(project: Project) -> str:
    method = project.one("fork", "spawn", "forkserver")
    return (
        "import multiprocessing\n\nimport pytest\n"
        f"{project.imported('queues', 'make')}\n\n"
        f"{project.maybe(f'multiprocessing.set_start_method({method!r}, force=True)')}\n\n\n"
        "@pytest.fixture\ndef queue():\n    return make()\n"
    )


_MAKERS: dict[str, Callable[[Project], str]] = {
    "queues": _queues,
    "workers": _workers,
    "base": _base,
    "helpers": _helpers,
    "running": _running,
}
