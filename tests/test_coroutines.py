"""The questions about event loops, each with every answer it can give."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import put_into, small

PROGRAM = """
import asyncio
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

async def other():
    await asyncio.sleep(1)

def work(queue):
    queue.put(queue.get())

class Job:
    def __init__(self):
        self.process = mp.Process(target=print)

    def wait(self):
        self.process.join()

    def perhaps(self, really):
        if really:
            self.process.join()

async def main(executor, threads):
    asyncio.create_task(other())
    jobs, few, pool, job, event = mp.Queue(), mp.Queue(3), mp.Pool(2), Job(), mp.Event()
    process = mp.Process(target=work, args=(jobs,))
    process.start()
    BODY

if __name__ == "__main__":
    with ProcessPoolExecutor() as executor, ThreadPoolExecutor() as threads:
        asyncio.run(main(executor, threads))
"""


@pytest.mark.parametrize(
    ("line", "until"),
    [
        ("jobs.get()", "until another process sends something"),
        ("jobs.get(timeout=3)", None),
        ("jobs.get_nowait()", None),
        ("jobs.put(1)", None),
        ("few.put(1)", "until another process makes room"),
        ("process.join()", "until the process has ended"),
        ("process.join(3)", None),
        ("event.wait()", "until another process acts"),
        ("pool.map(abs, [1])", "until the other processes have done their tasks"),
        ("pool.map_async(abs, [1])", None),
        ("pool.map_async(abs, [1]).get()", "until another process has the result"),
        ("executor.submit(abs, 1).result()", "until another process has the result"),
        ("threads.submit(abs, 1).result()", None),
        ("job.wait()", "until the process has ended"),
        ("job.perhaps(True)", None),
        ("await asyncio.to_thread(job.wait)", None),
        ("await asyncio.to_thread(jobs.get)", None),
    ],
)
def test_what_a_call_waits_for(tmp_path: Path, line: str, until: str | None) -> None:
    program = small(tmp_path, put_into(PROGRAM, f"{line}  # here"))
    answers = {
        found.until
        for operation in program.program.operations
        if (found := program.program.coroutines.standstill(operation.activation, operation.at))
    }
    answers |= {
        found.until
        for name in ("wait", "perhaps")
        for (activation, at), callees in program.program.callees_at.items()
        if any(callee.scope.name == name for callee in callees)
        and (found := program.program.coroutines.standstill(activation, at))
    }
    assert answers == ({until} if until else set())


@pytest.mark.parametrize(
    "before",
    [
        "while jobs.empty(): await asyncio.sleep(1)",
        "if jobs.qsize() == 0: return",
    ],
)
def test_a_look_comes_first(tmp_path: Path, before: str) -> None:
    program = small(tmp_path, put_into(PROGRAM, f"{before}\njobs.get()  # here"))
    get = program.operation("here")
    assert program.program.coroutines.standstill(get.activation, get.at) is None


ONE, RUN = "async def one():\n    ", "\nasyncio.run(one())"


@pytest.mark.parametrize(
    ("rest", "found"),
    [
        ("asyncio.run(take(mp.Queue()))", False),  # alone
        ("async def serve(): asyncio.create_task(take(mp.Queue()))\nasyncio.run(serve())", True),
        ("async def serve(): await asyncio.wait_for(take(mp.Queue()), 1)", True),
        ("async def all(): await asyncio.gather(*(take(mp.Queue()) for _ in 'ab'))", True),
        # kept in a variable, which is given to `gather`
        (f"{ONE}it = take(mp.Queue())\n    await asyncio.gather(it, it){RUN}", True),
        (f"{ONE}it = [take(mp.Queue())]\n    await asyncio.gather(*it){RUN}", True),
        (
            f"{ONE}it = []\n    it.append(take(mp.Queue()))\n    await asyncio.gather(*it){RUN}",
            True,
        ),
        (f"{ONE}it = take(mp.Queue())\n    two = [it]\n    await asyncio.gather(*two){RUN}", True),
        (f"{ONE}it = take(mp.Queue())\n    it = [it]\n    await it[0]{RUN}", False),
        # it has run before
        (f"{ONE}it = [await take(mp.Queue())]\n    await asyncio.gather(){RUN}", False),
        (
            f"{ONE}it = []\n    it.append(await take(mp.Queue()))\n"
            f"    await asyncio.gather(*it){RUN}",
            False,
        ),
        (f"{ONE}await asyncio.gather(asyncio.sleep(await take(mp.Queue()))){RUN}", False),
        ("async def one(): await take(mp.Queue())\nasyncio.run(one())", False),
        ("async def handler(): await take(mp.Queue())", True),  # who knows who calls it
        ("async def test_it(): await take(mp.Queue())", False),
        ("mp.Process(target=asyncio.run, args=(take(mp.Queue()),)).start()", False),
    ],
)
def test_whether_other_coroutines_run(tmp_path: Path, rest: str, found: bool) -> None:
    source = "import asyncio\n\nasync def take(jobs):\n    jobs.get()  # here\n\n" + rest
    program = small(tmp_path, source)
    get = program.operation("here")
    assert bool(program.program.coroutines.standstill(get.activation, get.at)) is found


@pytest.mark.parametrize(
    ("line", "cure"),
    [
        ("jobs.get()  # here", "await asyncio.to_thread(jobs.get)"),
        ("pool.map(abs, [1])  # here", "run_in_executor"),
        ("future = executor.submit(abs, 1)\nfuture.result()  # here", "wrap_future(future)"),
    ],
)
def test_what_to_write_instead(tmp_path: Path, line: str, cure: str) -> None:
    program = small(tmp_path, put_into(PROGRAM, line))
    operation = program.operation("here")
    found = program.program.coroutines.standstill(operation.activation, operation.at)
    assert found is not None
    assert cure in found.cure
