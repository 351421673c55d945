"""Whether consumers hear of the end of the work."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import put_into, small

FEEDING = """
    def work(jobs):
        while True:
            job = jobs.get()
            if job is None:
                break
            print(job)

    def main(texts):
        jobs = mp.Queue()
        worker = mp.Process(target=work, args=(jobs,))
        BODY
        worker.join()


    """


@pytest.mark.parametrize(
    ("body", "fails"),
    [
        (
            "worker.start()\nfor text in texts:\n    jobs.put(int(text))\njobs.put(None)  # end",
            True,
        ),
        ("worker.start()\nraise OSError  # what\njobs.put(None)  # end", False),  # never sent
        ("worker.start()\nif texts:\n    raise OSError\njobs.put(None)  # end", True),
        ("worker.start()\nif texts:\n    sys.exit()\njobs.put(None)  # end", True),
        ("worker.start()\nif texts:\n    os._exit(1)\njobs.put(None)  # end", False),
        ("worker.start()\ntexts.read()\njobs.put(None)  # end", True),
        ("worker.start()\njobs.put(1)\njobs.put(None)  # end", False),
        ("worker.start()\ntoolbox.load(1)\njobs.put(None)  # end", False),  # a library knows
        ("worker.start()\nassert texts\njobs.put(None)  # end", False),
        ("worker.daemon = True\nworker.start()\ntexts.read()\njobs.put(None)  # end", False),
        ("texts.read()\nworker.start()\njobs.put(None)  # end", False),
        ("worker.start()\njobs.put(None)  # end\ntexts.read()", False),
        ("worker.start()\ntry:\n    texts.read()\nfinally:\n    jobs.put(None)  # end", False),
        (
            "worker.start()\ntry:\n    texts.read()\nexcept queue.Empty:\n    pass\n"
            "jobs.put(None)  # end",
            True,
        ),
        (
            "worker.start()\ntry:\n    texts.read()\nexcept Exception:\n    worker.kill()\n"
            "jobs.put(None)  # end",
            False,
        ),
        (
            "worker.start()\ntry:\n    texts.read()\n    jobs.put(None)  # end\n"
            "except Exception:\n    pass",
            True,
        ),
        ("worker.start()\njobs.put(texts)\ntexts.read()\njobs.put(None)  # end", False),
        ("worker.start()\ntexts.keep(worker)\ntexts.read()\njobs.put(None)  # end", False),
    ],
)
def test_an_error_may_skip_the_sentinel(tmp_path: Path, body: str, fails: bool) -> None:
    program = small(tmp_path, put_into(FEEDING, body))
    found = program.program.ending.unfinished(program.operation("end"))
    assert (found is not None) is fails


def test_the_likeliest_failure_is_named(tmp_path: Path) -> None:
    body = """
        worker.start()  # start
        toolbox.load(texts)
        for text in texts:
            jobs.put(text.parse())  # likeliest
        jobs.put(None)  # end
        """
    program = small(tmp_path, put_into(FEEDING, body))
    found = program.program.ending.unfinished(program.operation("end"))
    assert found is not None
    assert program.project.loader.place(found.at).line == program.line("likeliest")
    assert found.start is program.operation("start")
    assert found.consumer.worker is program.worker("work")


@pytest.mark.parametrize(
    ("item", "test", "answer"),
    [
        ("None", "job is None", True),
        ("(1, 2)", "job is None", False),
        ("(texts, 2)", "job is None", False),
        ("(texts, 2)", "not job", False),
        ("(None, texts)", "not job[0]", None),
        ("texts", "job is None", None),
        ("(texts, 2)", "job[0] is None", None),
    ],
)
def test_what_tells_a_consumer(tmp_path: Path, item: str, test: str, answer: bool | None) -> None:
    source = FEEDING.replace("job is None", test)
    program = small(tmp_path, put_into(source, f"worker.start()\njobs.put({item})  # put"))
    put = program.operation("put")
    channel = program.program.waiting.channel_of(put)
    assert channel is not None
    consumer = program.program.sentinels.consumer(program.worker("work"), channel)
    assert consumer is not None
    assert program.program.sentinels.tells(put, consumer) is answer


EMPTIED = """
    def work(jobs, wait):
        BODY

    def main():
        jobs = mp.Queue()
        mp.Process(target=work, args=(jobs, toolbox.wait)).start()
        jobs.put(1)
    """


@pytest.mark.parametrize(
    ("body", "ends"),
    [
        ("while True:\n    jobs.get_nowait()  # here", True),
        ("while True:\n    jobs.get(False)  # here", True),
        ("for _ in range(3):\n    jobs.get(timeout=0.5)  # here", True),
        (
            "while True:\n    try:\n        jobs.get_nowait()  # here\n    except OSError: pass",
            True,
        ),
        ("while True:\n    jobs.get()  # here", False),
        ("while True:\n    jobs.get(timeout=60)  # here", False),
        ("while True:\n    jobs.get(timeout=wait)  # here", False),
        ("jobs.get_nowait()  # here", False),
        ("while not jobs.empty():\n    jobs.get_nowait()  # here", False),
        (
            "while True:\n    try:\n        jobs.get_nowait()  # here\n"
            "    except queue.Empty: pass",
            False,
        ),
        ("try:\n    while True:\n        jobs.get_nowait()  # here\nexcept Exception: pass", False),
    ],
)
def test_nothing_there_ends_a_worker(tmp_path: Path, body: str, ends: bool) -> None:
    program = small(tmp_path, put_into(EMPTIED, body))
    found = program.program.ending.ended_by_empty(program.operation("here"))
    assert found is (program.worker("work") if ends else None)


UNJOINED = """
    import time

    def work(jobs):
        while True:
            job = jobs.get()
            if job is None:
                break
            print(job)

    def main(texts):
        jobs = mp.Queue()
        worker = mp.Process(target=work, args=(jobs,))
        BODY

    if __name__ == "__main__":
        main([])
"""


@pytest.mark.parametrize(
    ("body", "waits"),
    [
        ("worker.start()  # start\njobs.put(1)", True),
        ("worker.start()  # start\nfor text in texts:\n    jobs.put(text)", True),
        ("worker.start()  # start\njobs.put(1)\ntime.sleep(1)\nprint('done')", True),
        ("worker.start()  # start\njobs.put(1)\njobs.put(None)", False),
        ("worker.start()  # start\njobs.put(toolbox.a())", False),  # may be None
        ("worker.start()  # start\njobs.put(1)\ntoolbox.serve()", False),
        ("worker.start()  # start\njobs.put(1)\nif texts:\n    toolbox.serve()", False),
        ("worker.start()  # start\ntoolbox.stop(jobs)\njobs.put(1)", False),
        ("worker.start()  # start\nwhile True:\n    jobs.put(1)", False),
        ("worker.start()  # start\njobs.put(1)\nmp.Event().wait()", False),
        ("worker.start()  # start\njobs.put(1)\nmain(texts)", False),
        ("toolbox.prepare()\nworker.start()  # start\njobs.put(1)", True),
        ("worker.daemon = True\nworker.start()  # start\njobs.put(1)", False),
        ("worker.start()  # start\njobs.put(1)\nworker.terminate()", False),
        ("worker.start()  # start\njobs.put(1)\nworker.join()", False),  # told there
        ("worker.start()  # start\njobs.put(1)\nos._exit(0)", False),
        ("worker.start()  # start", False),  # whoever fills it may be elsewhere
    ],
)
def test_nobody_tells_it_and_the_program_ends(tmp_path: Path, body: str, waits: bool) -> None:
    program = small(tmp_path, put_into(UNJOINED, body))
    start = program.operation("start")
    found = program.program.ending.untold_at_exit(start)
    assert (found is not None) is waits


def test_a_function_that_others_call_is_no_program(tmp_path: Path) -> None:
    source = put_into(UNJOINED, "worker.start()  # start\njobs.put(1)")
    program = small(tmp_path, source.replace("main([])", "pass"))
    assert program.program.ending.untold_at_exit(program.operation("start")) is None
