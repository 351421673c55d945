"""What comes before what: puts and closes, results and what they are paired with."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest
from small import put_into, small

CLOSING = """
    def work(jobs, end):
        jobs.put(1)
        jobs.close()
        end.send(1)
        end.close()
        end.poll()  # child

    def main(flag):
        jobs, simple = mp.Queue(), mp.SimpleQueue()
        mine, other = mp.Pipe()
        many = [mp.Queue() for _ in range(3)]
        worker = mp.Process(target=work, args=(jobs, other))
        BODY
    """


@pytest.mark.parametrize(
    ("body", "effect"),
    [
        ("jobs.close()\njobs.put(1)  # here", "comes after `jobs.close()`, and raises ValueError"),
        ("jobs.close()\njobs.get(timeout=1)  # here", "raises ValueError"),
        ("jobs.close()\njobs.empty()  # here", "raises OSError"),
        ("simple.close()\nsimple.get()  # here", "raises OSError"),
        ("mine.close()\nmine.recv()  # here", "raises OSError"),
        ("with mine:\n    pass\nmine.poll()  # here", "raises OSError"),
        ("other.close()\nworker.start()  # here", "hands over what `other.close()` has closed"),
        ("jobs.join_thread()  # here", "comes before `close()`, and raises AssertionError"),
        ("if flag:\n    jobs.close()\nelse:\n    jobs.close()\njobs.put(1)  # here", "ValueError"),
        ("jobs.close()\njobs.qsize()  # here", None),
        ("jobs.close()\njobs.join_thread()  # here", None),
        ("if flag:\n    jobs.close()\njobs.put(1)  # here", None),
        ("jobs.put(1)  # here\njobs.close()", None),
        ("many[0].close()\nmany[1].put(1)  # here", None),
        ("worker.start()  # here\nother.close()", None),
        ("mine.close()\nworker.start()  # here", None),
        ("mine.close()\nother.recv()  # here", None),
        ("jobs.close()\ntry:\n    jobs.put(1)  # here\nexcept ValueError:\n    pass", None),
        ("jobs.close()\nwith flag.assertRaises(ValueError):\n    jobs.put(1)  # here", None),
    ],
)
def test_what_is_used_after_its_close(tmp_path: Path, body: str, effect: str | None) -> None:
    program = small(tmp_path, put_into(CLOSING, body))
    found = program.program.order.after_close(program.operation("here"))
    if effect is None:
        assert found is None
    else:
        assert found is not None
        assert effect in found.effect


def test_a_worker_uses_what_it_has_closed(tmp_path: Path) -> None:
    program = small(tmp_path, put_into(CLOSING, "worker.start()"))
    found = program.program.order.after_close(program.operation("child"))
    assert found is not None
    assert found.close is not None
    assert found.close.runners == {program.worker("work")}


ENDING = """
    def work(jobs, acks):
        BODY

    def main():
        jobs, acks = mp.Queue(), mp.Queue()
        mp.Process(target=work, args=(jobs, acks)).start()
        acks.put(1)
        jobs.get()
    """


@pytest.mark.parametrize(
    ("body", "lost"),
    [
        ("jobs.put(1)\nos._exit(0)  # here", True),
        ("try:\n    jobs.put(1)\nfinally:\n    os._exit(0)  # here", True),
        ("jobs.put(1)\nprint(1)\nos._exit(0)  # here", True),
        ("jobs.put(1)\njobs.close()\njobs.join_thread()\nos._exit(0)  # here", False),
        ("jobs.put(1)\nacks.get()\nos._exit(0)  # here", False),
        ("jobs.put(1)\ntoolbox.wait()\nos._exit(0)  # here", False),
        ("os._exit(0)  # here\njobs.put(1)", False),
        ("jobs.put(1)\nsys.exit(0)  # here", False),
        ("jobs.put(1)\njobs.cancel_join_thread()  # here", True),
        ("jobs.cancel_join_thread()  # here\njobs.put(1)", True),
        ("jobs.put(1)\nif acks:\n    jobs.cancel_join_thread()  # here\n    return", True),
        ("jobs.put(1)\nif acks.empty():\n    jobs.cancel_join_thread()  # here", False),
        ("jobs.put(1)\njobs.join_thread()\njobs.cancel_join_thread()  # here", False),
    ],
)
def test_what_a_hard_exit_drops(tmp_path: Path, body: str, lost: bool) -> None:
    program = small(tmp_path, put_into(ENDING, body))
    found = program.view().unflushed(program.node("here", cst.Call))
    assert (found is not None) is lost
