"""Whether all that is done to an object is in sight."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from small import small

FUNCTION = """
    import multiprocessing as mp

    def work(jobs):
        print(jobs.get())

    def begin():
        jobs = mp.Queue()  # queue
        mp.Process(target=work, args=(jobs,)).start()
        LEAVE
"""


@pytest.mark.parametrize(
    ("leave", "whole"),
    [
        ("return 1", True),
        ("return jobs", False),
        ("return 1, [jobs]", False),
        ("yield jobs", False),
        ("yield 1", True),
    ],
)
def test_what_an_unknown_caller_gets(tmp_path: Path, leave: str, whole: bool) -> None:
    program = small(tmp_path, FUNCTION.replace("LEAVE", leave))
    assert program.channel("queue").is_closed_world is whole


def test_what_a_known_caller_gets(tmp_path: Path) -> None:
    source = FUNCTION.replace("LEAVE", "return jobs")
    program = small(tmp_path, f"{source}\n    begin()\n")
    assert program.channel("queue").is_closed_world


OBJECT = """
    import multiprocessing as mp
    IMPORT

    class Plugin:
        def __init__(self, outbox):
            self.outbox = outbox

        def run(self):
            GIVE

    def serve(outbox):
        Plugin(outbox).run()

    def main():
        outbox = mp.Queue()  # queue
        mp.Process(target=serve, args=(outbox,)).start()
        print(outbox.get())

    main()
"""

TELL = """
    class Tell:
        def __init__(self, plugin):
            plugin.BOX.put(1)
"""


@pytest.mark.parametrize(
    ("imported", "give", "box", "whole"),
    [
        ("from parts.other import Tell", "Tell(self)", "outbox", False),
        ("from parts.other import *", "Tell(self)", "outbox", False),
        ("from parts import other", "other.Tell(self)", "outbox", False),
        ("from parts.other import Tell", "Tell(self)", "inbox", True),
        ("from parts.other import Tell", "Tell(1)", "outbox", True),
        ("from parts.other import *", "print(self)", "outbox", True),
    ],
)
def test_an_object_given_to_a_file_that_is_not_read(
    tmp_path: Path, imported: str, give: str, box: str, whole: bool
) -> None:
    main = OBJECT.replace("IMPORT", imported).replace("GIVE", give)
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "other.py").write_text(dedent(TELL.replace("BOX", box)))
    program = small(tmp_path, main)
    assert program.channel("queue").is_closed_world is whole


@pytest.mark.parametrize(
    ("name", "guard", "fed"),
    [("jobs", "", True), ("_jobs", "", False), ("jobs", "if __name__ == '__main__': Box()", False)],
)
def test_a_queue_that_others_may_know_by_name(
    tmp_path: Path, name: str, guard: str, fed: bool
) -> None:
    program = small(
        tmp_path,
        f"""
        import multiprocessing as mp

        def work(jobs):
            print(jobs.get())  # get

        class Box:
            def __init__(self):
                self.{name} = mp.Queue()
                mp.Process(target=work, args=(self.{name},)).start()

        {guard}
        """,
    )
    never = program.program.waiting.never_fed(program.operation("get"))
    assert (never is None) is fed
