"""What becomes of numbered items when one of them is lost."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import libcst as cst
import pytest
from small import put_into, small

from mplint.model.channels.gaps import Gap

COLLECT = """
    def collect(results):
        early, turn = {}, 0
        for number, value in iter(results.get, None):
            early[number] = value
            while turn in early:  # test
                print(early.pop(turn))
                turn += 1
    """

SEND = """
    def send(jobs, results):
        for number, text in iter(jobs.get, None):
            results.put((number, int(text)))
    """

MAIN = """
    def main(texts, count):
        jobs, results = mp.Queue(), mp.Queue()
        collector = mp.Process(target=collect, args=(results,))
        collector.start()
        workers = [mp.Process(target=send, args=(jobs, results)) for _ in range(count)]
        for worker in workers:
            worker.start()
        for job in enumerate(texts):
            jobs.put(job)
        for _ in workers:
            jobs.put(None)
        for worker in workers:
            worker.join()
        results.put(None)
        collector.join()

    main(sys.argv[1:], os.cpu_count())
    """


def gaps(folder: Path, collect: str = COLLECT, send: str = SEND, main: str = MAIN) -> list[Gap]:
    program = small(folder, dedent(collect) + dedent(send) + dedent(main))
    return program.view().lost_numbers(program.node("test", cst.Comparison))


def test_a_worker_that_dies(tmp_path: Path) -> None:
    [gap] = gaps(tmp_path)
    assert gap.failure.error == "ValueError"
    assert gap.failure.worker.name == "send"
    assert (gap.consumer, gap.buffer) == ("`collect`", "early")


@pytest.mark.parametrize(
    ("body", "found"),
    [
        # the other ways to write the same
        ("early = dict()\nturn = 1\nAS", True),
        ("early: dict = {}\nturn = 0\nAS", True),
        # the counter is something else
        ("early, turn = {}, begin()\nAS", False),
        ("early, turn = {}, 0\nAS\n        turn += 2", False),
        ("early, turn = {}, 0\nAS\n        turn -= 1", False),
        ("turn, early = 0, {}\nAS\nfor turn in range(3):\n    print()", False),
        ("global turn\nearly, turn = {}, 0\nAS", False),
        ("early, turn = {}, 0\nAS\n        turn = 7", False),
        ("early, turn = {}, 0\nAS\n    turn = 7", False),
        # so is the dict
        ("early, turn = {0: None}, 0\nAS", False),
        ("early, turn = open_shelf(), 0\nAS", False),
        ("early, turn = {}, 0\nAS\nearly = {}", False),
        # somebody may see what is left, or that the end has not come
        ("early, turn = {}, 0\nAS\nif early:\n    raise ValueError", False),
        ("early, turn = {}, 0\nAS\nreturn early", False),
        ("early, turn = {}, 0\nAS\n        print(len(early))", False),
        ("early, turn = {}, 0\nAS\nprint(sorted(early))", False),
        ("early, turn = {}, 0\nAS\nprint(early.values())", False),
        ("early, turn = {}, 0\nAS\nprint(early.pop(7))", False),
        ("early, turn = {}, 0\nAS\nother = 7\nprint(early.pop(other))", False),
        ("early, turn = {}, 0\nAS\nother = 7\nprint(other in early)", False),
        ("early, turn = {}, 0\nAS\nprint(early[3])", False),
        ("early, turn = {}, 0\nAS\nprint(3 in early)", False),
        ("early, turn = {}, 0\nAS\ndef left():\n    return early", False),
        ("early, turn = {}, 0\nAS\nreturn turn", False),
        ("early, turn = {}, 0\nAS\nassert turn == 7", False),
        ("early, turn = {}, 0\nAS\n        if turn == 7:\n            break", False),
        # who does not
        ("early, turn = {}, 0\nAS\n        if turn % 7 == 0:\n            print()", True),
        ("early, turn = {}, 0\nAS\nwhile turn in early:\n    print(early[turn])", True),
    ],
)
def test_what_collects(tmp_path: Path, body: str, found: bool) -> None:
    loop = """\
for number, value in iter(results.get, None):
    early[number] = value
    while turn in early:  # test
        print(early.pop(turn))
        turn += 1"""
    lines = put_into("def collect(results):\n    BODY\n", body.replace("AS", loop))
    assert bool(gaps(tmp_path, lines)) is found


@pytest.mark.parametrize(
    ("loop", "found"),
    [
        (
            """
            while True:
                item = results.get()
                if item is None:
                    break
                early[item[0]] = item[1]
            """,
            True,
        ),
        (
            """
            while (item := results.get()) is not None:
                number, value = item
                early[number] = value
            """,
            True,
        ),
        (
            """
            while True:
                item = results.get()
                if item is not None:
                    number, value = item
                    early[number] = value
                else:
                    return
            """,
            True,
        ),
        (
            """
            while True:
                number, value = results.get()
                early[number] = value
            """,
            False,  # it never ends
        ),
        (
            """
            while True:
                try:
                    number, value = results.get(timeout=5)
                except queue.Empty:
                    break
                early[number] = value
            """,
            False,  # nobody tells it to end
        ),
        (
            """
            for _ in range(7):
                number, value = results.get()
                early[number] = value
            """,
            False,  # it waits for ever
        ),
        (
            """
            for number, value in iter(results.get, None):
                early[number] = value
                early[-number] = value
            """,
            False,
        ),
        (
            """
            for number, value in iter(results.get, None):
                early[value] = number
            """,
            False,  # that is no number that the worker has taken
        ),
        (
            """
            for value in iter(results.get, None):
                early[len(value)] = value
            """,
            False,
        ),
        (
            """
            for number, value in iter(results.get, None):
                early[number] = value
            print(results.get())
            """,
            False,  # another one takes from the queue as well
        ),
    ],
)
def test_what_is_collected(tmp_path: Path, loop: str, found: bool) -> None:
    template = """
    def collect(results):
        early, turn = {}, 0
        BODY
        while turn in early:  # test
            print(early.pop(turn))
            turn += 1
    """
    # a loop that returns leaves nothing to be tested behind it
    if "return" in loop:
        template = template.replace(
            "BODY", "if turn in early:  # test\n            turn += 1\n        BODY"
        )
        template = template.partition("        while")[0]
    assert bool(gaps(tmp_path, put_into(template, loop))) is found


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("results.put((number, text * 2))", False),  # that does not fail
        ("results.put((toolbox.next(), int(text)))", False),
        ("results.put((sent, int(text)))", False),
        ("results.put([number, int(text)])", True),
        ("results.put((*jobs.get(), int(text), number))", False),
        ("results.put((int(text), number))", False),
        ("results.put(())\nint(text)", False),
        ("if not text:\n    raise KeyboardInterrupt\nresults.put((number, text))", False),
        ("value = int(text)\nresults.put((number, value))", True),
        ("results.put((number, None))\nprint(int(text))", False),  # it is sent by then
        ("try:\n    results.put((number, int(text)))\nexcept ValueError:\n    pass", True),
        ("try:\n    results.put((number, int(text)))\nexcept ValueError:\n    break", True),
        ("try:\n    value = int(text)\nfinally:\n    results.put((number, 0))", False),
        (
            "try:\n    results.put((number, int(text)))\n"
            "except ValueError as error:\n    results.put((number, error))",
            False,
        ),
        (
            "try:\n    results.put((number, int(text)))\n"
            "except ValueError as error:\n    jobs.put((number, text))",
            False,  # somebody gets to know
        ),
        (
            "try:\n    results.put((number, int(text)))\n"
            "except ValueError as error:\n    toolbox.failed = True",
            False,
        ),
    ],
)
def test_what_sends(tmp_path: Path, body: str, found: bool) -> None:
    template = """
    def send(jobs, results, sent=7):
        for number, text in iter(jobs.get, None):
            BODY
    """
    assert bool(gaps(tmp_path, send=put_into(template, body))) is found


def test_a_worker_that_sends_the_end_itself(tmp_path: Path) -> None:
    """Who dies does not: the loop waits for ever, which is another question."""
    told = MAIN.replace("        results.put(None)\n", "")
    assert gaps(tmp_path, main=told) == []
    send = SEND.rstrip() + "\n        results.put(None)\n"
    assert gaps(tmp_path, send=send, main=told) == []
    caught = """
    def send(jobs, results):
        for number, text in iter(jobs.get, None):
            try:
                results.put((number, int(text)))
            except ValueError:
                print("no number")
        results.put(None)
    """
    [gap] = gaps(tmp_path, send=caught, main=told)
    assert gap.failure.error == "any error"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("range(count)", "range(1)"),  # nobody is left who would send more
        ("worker.join()", "worker.join()\n            print(worker.exitcode)"),
        ("worker.join()", "worker.join()\n            print(worker.is_alive())"),
        ("collector.join()", "collector.join()\n        toolbox.use(results)"),
        ("mp.Process(target=send", "threading.Thread(target=send"),
    ],
)
def test_what_the_program_does(tmp_path: Path, old: str, new: str) -> None:
    assert old in MAIN
    assert gaps(tmp_path, main=MAIN.replace(old, new)) == []


def test_a_number_that_grows_nowhere(tmp_path: Path) -> None:
    collect = COLLECT.replace("turn += 1", "print(turn)")
    assert gaps(tmp_path, collect) == []


def test_a_loop_that_another_queue_ends(tmp_path: Path) -> None:
    collect = """
    def collect(results):
        early, turn, others = {}, 0, mp.Queue()
        others.put(None)
        while True:
            number, value = results.get()
            early[number] = value
            while turn in early:  # test
                print(early.pop(turn))
                turn += 1
            if others.get() is None:
                break
    """
    assert gaps(tmp_path, collect) == []


def test_each_loop_is_named_once(tmp_path: Path) -> None:
    again = (
        COLLECT.replace("  # test", "") + "    while turn in early:  # test\n            turn += 1"
    )
    assert gaps(tmp_path, again) == []


def test_a_number_of_a_function_that_is_called(tmp_path: Path) -> None:
    send = """
    def send(jobs, results):
        for number, text in iter(jobs.get, None):
            pass_on(number, text, results)

    def pass_on(number, text, results):
        results.put((number, int(text)))
    """
    assert gaps(tmp_path, send=send) == []  # a known miss


def test_a_process_per_item(tmp_path: Path) -> None:
    send = """
    def send(number, text, results):
        results.put((number, int(text)))
    """
    main = """
    def main(texts):
        results = mp.Queue()
        collector = mp.Process(target=collect, args=(results,))
        collector.start()
        workers = [mp.Process(target=send, args=(i, t, results)) for i, t in enumerate(texts)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        BODY
        collector.join()

    main(sys.argv[1:])
    """
    [gap] = gaps(tmp_path, send=send, main=put_into(main, "results.put(None)"))
    assert gap.failure.error == "ValueError"
    assert gaps(tmp_path, send=send, main=put_into(main, "pass")) == []
    renumbered = send.replace("results.put", "number += toolbox.first\n        results.put")
    assert gaps(tmp_path, send=renumbered, main=put_into(main, "results.put(None)")) == []
