"""Programs that several test modules ask about."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import libcst as cst
from small import small

from mplint.model.channels.gaps import Gap

PRODUCER = """
    import time

    results = mp.Queue()  # made

    def work(results):
        BODY

    process = mp.Process(target=work, args=(results,))
    process.start()
    results.get()  # wait
"""

# Items that are put back into order by their numbers

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
    """The numbers that never come, where the test `number in kept` is marked `test`."""
    program = small(folder, dedent(collect) + dedent(send) + dedent(main))
    return program.view().lost_numbers(program.node("test", cst.Comparison))
