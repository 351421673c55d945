"""Calls of one function are told apart, and so is what they hand to processes."""

from __future__ import annotations

from pathlib import Path

from small import Small, small

TWICE = """
    import multiprocessing

    def work(queue):
        queue.put(1)

    def run():
        queue = multiprocessing.Queue()  # queue
        process = multiprocessing.Process(target=work, args=(queue,))
        process.start()
        process.join()

    run()
    run()
"""


def test_workers_of_two_calls(tmp_path: Path) -> None:
    """A process fills the queue of its own call, and not the one of the other."""
    asked = Small(tmp_path, TWICE)
    channels = [asked.program.channels[made] for made in asked.made("queue")]
    assert len(channels) == 2
    fillers = [{worker for put in channel.puts for worker in put.runners} for channel in channels]
    assert [len(workers) for workers in fillers] == [1, 1]
    assert fillers[0] != fillers[1]


def test_classes_of_one_base(tmp_path: Path) -> None:
    """What their base calls on itself is another method in each."""
    source = """
        class Base:
            def __init__(self, numbers):
                self.numbers = numbers

            def run(self):
                self.step()

        class Giver(Base):
            def step(self):
                self.numbers.put(1)  # put

        class Taker(Base):
            def step(self):
                self.numbers.get()  # get

        def give(numbers):
            giver = Giver(numbers)
            mp.Process(target=giver.run).start()

        def take(numbers):
            taker = Taker(numbers)
            taker.run()

        numbers = mp.Queue()
        give(numbers)
        take(numbers)
    """
    program = small(tmp_path, source)
    runners = {
        mark: {
            str(getattr(runner, "name", runner))
            for o in program.operations(mark)
            for runner in o.runners
        }
        for mark in ("put", "get")
    }
    assert runners == {"put": {"Base.run"}, "get": {"main"}}
