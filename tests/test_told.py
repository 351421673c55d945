"""Who hears of a worker's failure, and whether that ends the wait for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import put_into, small

REPORTED = """
    def write(pages, errors):
        try:
            while True:
                toolbox.write(pages.get())
        except Exception as error:
            errors.put(str(error))

    def render(pages, answers):
        while True:
            pages.put("x")  # put
            answers.get()

    def watch(errors):
        print(errors.get())

    def main():
        pages, errors, answers = mp.Queue(3), mp.Queue(), mp.Queue()
        writer = mp.Process(target=write, args=(pages, errors))
        renderer = mp.Process(target=render, args=(pages, answers))
        writer.start()
        renderer.start()
        BODY
"""


@pytest.mark.parametrize(
    ("body", "ended"),
    [
        ("while True:\n    errors.get()\n    renderer.terminate()", True),
        ("errors.get()\nrenderer.kill()", True),
        ("renderer.join(3)\nerrors.get()\nrenderer.kill()", True),
        ("while True:\n    renderer.join()\n    errors.get()\n    renderer.kill()", True),
        ("renderer.join()\nerrors.get()\nrenderer.kill()", False),  # it never comes to that
        ("errors.get()\nwriter.terminate()", False),
        ("errors.get()", False),
        ("mp.Process(target=watch, args=(errors,)).start()\nrenderer.kill()", False),
        ("renderer.terminate()", False),
        ("pages.get()\nrenderer.terminate()", False),
        ("answers.get()\nrenderer.terminate()", False),
    ],
)
def test_those_who_wait_are_ended_when_somebody_is_told(
    tmp_path: Path, body: str, ended: bool
) -> None:
    program = small(tmp_path, put_into(REPORTED, body))
    found = program.program.waiting.is_ended_when_told(
        program.worker("write"), program.operation("put")
    )
    assert found is ended


def test_the_main_program_is_ended_by_nobody(tmp_path: Path) -> None:
    source = put_into(REPORTED, "errors.get()\nrenderer.terminate()\npages.put('y')  # own")
    program = small(tmp_path, source)
    waiting = program.program.waiting
    assert not waiting.is_ended_when_told(program.worker("write"), program.operation("own"))


def test_two_rules_that_ask(tmp_path: Path) -> None:
    """Puts that wait for room, and gets that wait for answers."""
    silent = put_into(REPORTED, "errors.get()\nrenderer.terminate()")
    told = put_into(REPORTED, "errors.get()")
    for folder, source, stuck in (("a", silent, False), ("b", told, True)):
        (tmp_path / folder).mkdir()
        program = small(tmp_path / folder, source)
        put = program.operation("put")
        assert (program.program.bounded.stuck(put) is not None) is stuck


STARVED = """
    def work(jobs, errors):
        try:
            jobs.put(toolbox.load())
        except Exception as error:
            errors.put(str(error))
            raise

    def show(jobs):
        print(jobs.get())  # get

    def main():
        jobs, errors = mp.Queue(), mp.Queue()
        worker = mp.Process(target=work, args=(jobs, errors))
        shower = mp.Process(target=show, args=(jobs,))
        worker.start()
        shower.start()
        BODY
"""


@pytest.mark.parametrize(
    ("body", "starved"),
    [("shower.join()", True), ("errors.get()\nshower.kill()", False)],
)
def test_a_get_that_is_ended_is_not_starved(tmp_path: Path, body: str, starved: bool) -> None:
    program = small(tmp_path, put_into(STARVED, body))
    found = program.program.waiting.starved(program.operation("get"))
    assert (found is not None) is starved


# Processes that never get off ---------------------------------------------------------------------

STARTED = """
    def plain(item=None):
        print(item)

    def either(item=None):
        print(item)

    def neither(item=None):
        print(item)

    def main():
        def inner(item=None):
            print(item)

        BODY

    class Fine(mp.Process):
        def run(self):
            print(1)

    class Locked(mp.Process):
        def __init__(self):
            super().__init__()
            self.guard = threading.Lock()

        def run(self):
            print(1)

    class Either(mp.Process):
        def __init__(self, item):
            if item:
                super().__init__(target=either)
            else:
                super().__init__(target=either, args=(lambda: 1,))

    class Neither(mp.Process):
        def __init__(self, item):
            if item:
                super().__init__(target=neither, args=(open("log"),))
            else:
                super().__init__(target=neither, args=(lambda: 1,))
"""


@pytest.mark.parametrize(
    ("body", "name", "refused"),
    [
        ("mp.Process(target=plain).start()", "plain", False),
        ("mp.Process(target=inner).start()", "main.<locals>.inner", True),
        ("mp.Process(target=plain, args=(lambda: 1,)).start()", "plain", True),
        ("mp.Process(target=plain, args=(toolbox.item(),)).start()", "plain", False),
        ("mp.Pool(2, plain)", "plain", False),
        ("mp.Pool(2, inner)", "main.<locals>.inner", True),
        ("mp.Pool(2).map(plain, [1])", "plain", False),
        ("mp.Pool(2).map(inner, [1])", "main.<locals>.inner", False),  # nor can a fork
        ("Either(toolbox.item()).start()", "either", False),
        ("Neither(toolbox.item()).start()", "neither", True),
        ("Fine().start()", "Fine", False),
        ("Locked().start()", "Locked", True),
    ],
)
def test_what_only_a_fork_can_start(tmp_path: Path, body: str, name: str, refused: bool) -> None:
    program = small(tmp_path, put_into(STARTED, body))
    worker = program.worker(name)
    assert program.program.departing.is_forked_only(worker) is refused
    methods = () if refused else ("spawn", "forkserver")
    assert program.program.globals.start_methods(worker) == methods


# Libraries that decide ----------------------------------------------------------------------------

ASKING = """
    import argparse
    import buttons
    from buttons import pressed as down
    from torch import cuda

    def own():
        return buttons.pressed()

    parser = argparse.ArgumentParser()
    options = parser.parse_args()
    page = buttons.Page()
    left, right = page.columns(2)
    later = left.button("go")

    BODY
"""


@pytest.mark.parametrize(
    ("test", "asked"),
    [
        ("if buttons.pressed():\n    mp.Pool(2)  # pool", True),
        ("if down():\n    mp.Pool(2)  # pool", True),
        ("if left.button('go'):\n    mp.Pool(2)  # pool", True),
        ("if later and options.go:\n    mp.Pool(2)  # pool", True),
        ("if options.go:\n    pass\nelif later:\n    mp.Pool(2)  # pool", True),
        ("if later:\n    pass\nelse:\n    mp.Pool(2)  # pool", True),
        ("if options.go:\n    if later:\n        mp.Pool(2)  # pool", True),
        ("if options.go:\n    mp.Pool(2)  # pool\nelif later:\n    pass", False),
        ("if later:\n    pass\nmp.Pool(2)  # pool", False),
        ("if buttons.YES:\n    mp.Pool(2)  # pool", False),
        ("if options.go:\n    mp.Pool(2)  # pool", False),
        ("if cuda.is_available():\n    mp.Pool(2)  # pool", False),
        ("if len(sys.argv) > 1:\n    mp.Pool(2)  # pool", False),
        ("if os.path.exists('x'):\n    mp.Pool(2)  # pool", False),
        ("if own():\n    mp.Pool(2)  # pool", False),
    ],
)
def test_a_library_decides_whether_a_module_starts_processes(
    tmp_path: Path, test: str, asked: bool
) -> None:
    program = small(tmp_path, put_into(ASKING, test))
    found = program.program.startup.unguarded(program.path)
    assert (found is None) is asked


@pytest.mark.parametrize(
    ("before", "methods"),
    [
        ("", ("spawn", "forkserver")),
        ("manager = mp.Manager()", ()),
        ("manager = mp.get_context('fork').Manager()", ("spawn", "forkserver")),
        ("mp.Process(target=print).start()", ()),
        ("queue = mp.Queue()", ("spawn", "forkserver")),
        ("if __name__ == '__main__':\n    manager = mp.Manager()", ("spawn", "forkserver")),
        ("if __name__ == 'main':\n    manager = mp.Manager()", ("spawn", "forkserver")),
    ],
)
def test_a_child_that_cannot_import_its_module(
    tmp_path: Path, before: str, methods: tuple[str, ...]
) -> None:
    source = """
    BODY

    def work():
        print(1)

    def main():
        mp.Process(target=work).start()
    """
    program = small(tmp_path, put_into(source, before))
    assert program.program.globals.start_methods(program.worker("work")) == methods
