"""Calls of one function are told apart, and so is what they hand to processes."""

from __future__ import annotations

from pathlib import Path

from small import Small

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
    small = Small(tmp_path, TWICE)
    channels = [small.program.channels[made] for made in small.made("queue")]
    assert len(channels) == 2
    fillers = [{worker for put in channel.puts for worker in put.runners} for channel in channels]
    assert [len(workers) for workers in fillers] == [1, 1]
    assert fillers[0] != fillers[1]
