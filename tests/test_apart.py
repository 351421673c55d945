"""Whether a test lets only one of several processes go on: each answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import put_into, small

WORKERS = """
KNOWN = len(sys.argv)

def work(number, done, flag, name):
    BODY

def main(count, flag, name):
    done = mp.Value("i", 0)
    workers = [mp.Process(target=work, args=(GIVEN)) for number in range(COUNT)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

if __name__ == "__main__":
    main(toolbox.count, toolbox.flag, toolbox.name)
"""
UP = "done.value += 1  # up"


@pytest.mark.parametrize(
    ("body", "count", "given", "lost"),
    [
        (f"if flag:\n    {UP}", "count", "number, done, flag, name", True),
        (f"if flag:\n    {UP}", "count", "number, done, number < 1, name", False),
        (f"if flag:\n    {UP}", "count", "number, done, toolbox.of(number), name", False),
        (f"if flag:\n    {UP}", "count", "number, done, not flag, name", True),
        (f"if not flag:\n    {UP}", "count", "number, done, flag, name", True),
        (f"if name == 'sum':\n    {UP}", "count", "number, done, flag, name", True),
        (f"if name == 'sum':\n    {UP}", "count", "number, done, flag, 'sum'", True),
        (f"if number == 0:\n    {UP}", "count", "number, done, flag, name", False),
        (f"if number == 0:\n    pass\nelse:\n    {UP}", "count", "number, done, 1, 2", True),
        (f"if number == 0:\n    pass\nelse:\n    {UP}", "3", "number, done, 1, 2", True),
        (f"if number == 0:\n    pass\nelse:\n    {UP}", "2", "number, done, 1, 2", False),
        (
            f"if number == 0:\n    pass\nelif number == 1:\n    pass\nelse:\n    {UP}",
            *("3", "number, done, 1, 2", False),
        ),
        (
            f"if number == 0:\n    pass\nelif number == 1:\n    {UP}",
            "9",
            "number, done, 1, 2",
            False,
        ),
        (f"if number == flag:\n    pass\nelse:\n    {UP}", "9", "number, done, number, 2", False),
        (f"if name == 'sum':\n    pass\nelse:\n    {UP}", "9", "1, done, 1, str(number)", True),
        (
            f"if name == 'sum':\n    pass\nelse:\n    {UP}",
            *("9", "1, done, 1, toolbox.of(number)", False),
        ),
        (f"if number < 1:\n    pass\nelse:\n    {UP}", "count", "number, done, flag, name", True),
        (f"flag &= KNOWN\nif flag:\n    {UP}", "count", "number, done, flag, name", True),
        (f"flag &= number\nif flag:\n    {UP}", "count", "number, done, flag, name", False),
        (f"if number:\n    flag = 1\nif flag:\n    {UP}", "count", "number, done, flag, 2", False),
        (f"flag = os.getpid()\nif flag:\n    {UP}", "count", "number, done, flag, 2", False),
    ],
)
def test_which_processes_come_there(
    tmp_path: Path, body: str, count: str, given: str, lost: bool
) -> None:
    main = WORKERS.replace("COUNT", count).replace("GIVEN", given)
    program = small(tmp_path, put_into(main, body))
    updates = program.program.updates
    [found] = updates._updates.values()
    assert any(updates._lost(update) for update in found) is lost


def test_a_loop_further_up(tmp_path: Path) -> None:
    """What calls differ in is not the same for all, though no loop is in sight of it."""
    program = small(
        tmp_path,
        """
        def work(done, flag):
            if flag:
                done.value += 1

        def begin(done, flag):
            mp.Process(target=work, args=(done, flag)).start()

        def main():
            done = mp.Value("i", 0)
            for number in range(4):
                begin(done, number == 0)

        main()
        """,
    )
    [[update]] = program.program.updates._updates.values()
    assert program.program.updates._lost(update) is None


LOOP = """
    def work(done, flag):
        if flag:
            done.value += 1

    def main(flag):
        done = mp.Value("i", 0)
        for number in range(4):
            SET
            mp.Process(target=work, args=(done, flag)).start()
        AFTER

    if __name__ == "__main__":
        main(toolbox.flag)
"""


@pytest.mark.parametrize(
    ("before", "after", "lost"),
    [
        ("pass", "pass", True),
        ("flag = number == 0", "pass", False),
        ("pass", "work(done, number)", False),  # what that gives is none of the processes' flags
    ],
)
def test_what_a_turn_sets(tmp_path: Path, before: str, after: str, lost: bool) -> None:
    program = small(tmp_path, LOOP.replace("SET", before).replace("AFTER", after))
    updates = program.program.updates
    [found] = updates._updates.values()
    assert any(updates._lost(update) for update in found) is lost


def test_calls_beside_the_processes(tmp_path: Path) -> None:
    """They come one after another: these are no more processes."""
    body = f"if number == 0:\n    pass\nelse:\n    {UP}"
    main = WORKERS.replace("COUNT", "2").replace("GIVEN", "number, done, flag, name")
    main, _, _ = main.rpartition("\nif")
    main += "    for number in range(9):\n        work(number, done, flag, name)\n\nmain(1, 2, 3)\n"
    program = small(tmp_path, put_into(main, body))
    [found] = program.program.updates._updates.values()
    assert not any(program.program.updates._lost(update) for update in found)
