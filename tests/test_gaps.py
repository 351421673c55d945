"""What becomes of numbered items when one of them is lost."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from samples import COLLECT, MAIN, SEND, gaps
from small import put_into


def test_a_worker_that_dies(tmp_path: Path) -> None:
    [gap] = gaps(tmp_path)
    assert gap.failure.error == "ValueError"
    assert gap.failure.worker.name == "send"
    assert (gap.consumer, gap.buffer) == ("`collect`", "early")


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("results.put((number, text * 2))", False),  # that does not fail
        ("results.put((toolbox.next(), int(text)))", False),
        ("results.put((sent, int(text)))", False),
        ("results.put([number, int(text)])", True),
        ("results.put((*jobs.get(), int(text), number))", False),
        ("results.put((number, *text.split(int(text))))", True),
        ("(results if text else toolbox.results).put((number, int(text)))", False),
        ("results.put((int(text), number))", False),
        ("results.put(())\nint(text)", False),
        ("if not text:\n    raise KeyError\nresults.put((number, text))", True),
        ("if not text:\n    raise KeyboardInterrupt\nresults.put((number, text))", False),
        ("if not text:\n    raise EOFError\nresults.put((number, text))", False),
        ("if not text:\n    raise StopIteration\nresults.put((number, text))", False),
        ("if not text:\n    raise queue.Empty\nresults.put((number, text))", False),
        ("if not text:\n    raise queue.Full\nresults.put((number, text))", False),
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
        ("try:\n    results.put((number, int(text)))\nexcept ValueError:\n    failed = 1", True),
        ("try:\n    results.put((number, int(text)))\nexcept ValueError:\n    STOP.set()", False),
        (
            "try:\n    results.put((number, int(text)))\nexcept ValueError:\n    BELL.notify()",
            False,
        ),
        ("try:\n    results.put((number, int(text)))\nexcept ValueError:\n    CHILD.kill()", False),
        (
            "try:\n    results.put((number, int(text)))\nexcept ValueError:\n"
            "    (results if text else toolbox.results).put((number, 0))",
            False,
        ),
        ("try:\n    results.put((number, int(text)))\nexcept ValueError:\n    os._exit(1)", False),
    ],
)
def test_what_sends(tmp_path: Path, body: str, found: bool) -> None:
    template = """
    STOP, BELL, CHILD = mp.Event(), mp.Condition(), mp.Process(target=print)

    def send(jobs, results, sent=7):
        for number, text in iter(jobs.get, None):
            BODY
    """
    assert bool(gaps(tmp_path, send=put_into(template, body))) is found


@pytest.mark.parametrize(
    ("collect", "send", "found"),
    [
        ("value, number", "(int(text), number)", True),
        ("value, number", "(*text.split(int(text)), number)", False),  # it can be anywhere
        ("value, more, number", "(int(text), number)", False),
    ],
)
def test_where_the_number_stands(tmp_path: Path, collect: str, send: str, found: bool) -> None:
    swapped = COLLECT.replace("number, value in", f"{collect} in")
    sent = SEND.replace("(number, int(text))", send)
    assert bool(gaps(tmp_path, swapped, sent)) is found


@pytest.mark.parametrize("made", ["int(text), toolbox.use(text)", "toolbox.use(text), int(text)"])
def test_the_likeliest_error_is_told(tmp_path: Path, made: str) -> None:
    [gap] = gaps(tmp_path, send=SEND.replace("int(text)", made))
    assert gap.failure.error == "ValueError"


def test_a_function_that_calls_itself_may_send(tmp_path: Path) -> None:
    send = """
    def dig(text):
        return text and dig(text[1:])

    def send(jobs, results):
        for number, text in iter(jobs.get, None):
            dig(text)
            results.put((number, int(text)))
    """
    assert gaps(tmp_path, send=send) == []


@pytest.mark.parametrize(
    ("loop", "item", "found"),
    [
        ("for job in iter(jobs.get, None)", "(job[0], int(job[1]))", True),
        ("for number in iter(jobs.qsize, 0)", "(number, int(jobs.get()))", False),
    ],
)
def test_how_jobs_are_taken(tmp_path: Path, loop: str, item: str, found: bool) -> None:
    send = f"""
    def send(jobs, results):
        {loop}:
            results.put({item})
    """
    assert bool(gaps(tmp_path, send=send)) is found


def test_nothing_came_in_time(tmp_path: Path) -> None:
    send = """
    def send(jobs, results):
        while True:
            try:
                job = jobs.get(timeout=5)
            except queue.Empty:
                break
            number, text = job
            if text:
                results.put((number, text * 2))
    """
    assert gaps(tmp_path, send=send) == []


def test_a_decorator_may_catch_errors(tmp_path: Path) -> None:
    safe = SEND.replace("def send", "@toolbox.safe\n    def send")
    assert gaps(tmp_path, send=safe) == []


def test_a_queue_of_an_own_class(tmp_path: Path) -> None:
    send = "class Jobs(mp.queues.Queue):\n    pass\n" + dedent(SEND)
    main = MAIN.replace("jobs, results = mp.Queue()", "jobs, results = Jobs(ctx=mp.get_context())")
    assert gaps(tmp_path, send=send, main=main) == []


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


@pytest.mark.parametrize(
    ("wait", "found"),
    [("pool.close(); pool.join()", True), ("[task.get() for task in tasks]", False)],
)
def test_workers_in_a_pool(tmp_path: Path, wait: str, found: bool) -> None:
    main = """
    def main(texts, count):
        jobs, results = mp.Manager().Queue(), mp.Manager().Queue()
        collector = mp.Process(target=collect, args=(results,))
        collector.start()
        pool = mp.Pool(count)
        for job in enumerate(texts):
            jobs.put(job)
        for _ in range(count):
            jobs.put(None)
        tasks = []
        for _ in range(count):
            KEEP(pool.apply_async(send, (jobs, results)))
        WAIT
        results.put(None)
        collector.join()

    main(sys.argv[1:], os.cpu_count())
    """
    main = main.replace("KEEP", "" if found else "tasks.append")
    assert bool(gaps(tmp_path, main=main.replace("WAIT", wait))) is found


def test_workers_that_nobody_counts(tmp_path: Path) -> None:
    main = MAIN.replace(
        "workers = [mp.Process(target=send, args=(jobs, results)) for _ in range(count)]",
        "workers = []\n"
        "        while toolbox.more():\n"
        "            workers.append(mp.Process(target=send, args=(jobs, results)))",
    )
    assert gaps(tmp_path, main=main)


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
    same = send.replace("number, text, results", "other, text, results")
    same = "number = 7\n" + dedent(same)
    assert gaps(tmp_path, send=same, main=put_into(main, "results.put(None)")) == []
    renumbered = send.replace("results.put", "number += toolbox.first\n        results.put")
    assert gaps(tmp_path, send=renumbered, main=put_into(main, "results.put(None)")) == []
