"""How long the parent keeps what it gives to a child, and what unseen code gets hold of."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import put_into, small

TEMPLATE = """
import multiprocessing as mp
from multiprocessing import Process

def work(*given): pass

BODY
"""


@pytest.mark.parametrize(
    ("body", "how"),
    [
        (
            """
            def main():
                p = Process(target=work, args=(mp.Lock(),))  # here
                p.start(); p.join()
            """,
            "inline",
        ),
        (
            """
            def main():
                lock = mp.Lock()  # here
                p = Process(target=work, args=(lock,)); p.start()
                return p
            """,
            "returns",
        ),
        (
            """
            def main():
                ps = []
                for n in range(3):
                    lock = mp.Lock()  # here
                    p = Process(target=work, args=(lock,)); p.start()
                    ps.append(p)
                for p in ps: p.join()
            """,
            "rebound",
        ),
        (
            """
            if __name__ == "__main__":
                lock = mp.Lock()  # here
                for n in range(3):
                    Process(target=work, args=(lock, n)).start()
            """,
            "ends",
        ),
        # joined; waits for something else; returned; kept in a list; of an object; a daemon; forked
        (
            """
            def main():
                lock = mp.Lock()  # here
                p = Process(target=work, args=(lock,)); p.start(); p.join()
            """,
            None,
        ),
        (
            """
            import toolbox
            def main():
                lock = mp.Lock()  # here
                p = Process(target=work, args=(lock,)); p.start()
                toolbox.something()
            """,
            None,
        ),
        (
            """
            def main():
                lock = mp.Lock()  # here
                p = Process(target=work, args=(lock,)); p.start()
                return p, lock
            """,
            None,
        ),
        (
            """
            def main(locks):
                kept = []
                for n in range(3):
                    lock = mp.Lock()  # here
                    kept.append(lock)
                    p = Process(target=work, args=(lock,)); p.start()
            """,
            None,
        ),
        (
            """
            class S:
                def go(self):
                    self.lock = mp.Lock()  # here
                    p = Process(target=work, args=(self.lock,)); p.start()
            """,
            None,
        ),
        (
            """
            if __name__ == "__main__":
                lock = mp.Lock()  # here
                Process(target=work, args=(lock,), daemon=True).start()
            """,
            None,
        ),
        (
            """
            def main():
                p = mp.get_context("fork").Process(target=work, args=(mp.Lock(),))  # here
                p.start(); p.join()
            """,
            None,
        ),
        # nothing that has a name in the system
        (
            """
            def main():
                p = Process(target=work, args=(mp.RawValue("i", 0),))  # here
                p.start(); p.join()
            """,
            None,
        ),
        (
            """
            def main():
                p = Process(target=work, args=(mp.Value("i", 0, lock=False),))  # here
                p.start(); p.join()
            """,
            None,
        ),
        # a manager's proxies; not given to the process at all
        (
            """
            def main():
                with mp.Manager() as m:
                    p = Process(target=work, args=(m.list(),))  # here
                    p.start(); p.join()
            """,
            None,
        ),
        (
            """
            def main():
                mp.Lock()  # here
                Process(target=work).start()
            """,
            None,
        ),
    ],
)
def test_what_the_parent_drops(tmp_path: Path, body: str, how: str | None) -> None:
    program = small(tmp_path, put_into(TEMPLATE, body))
    found = [program.program.references.dropped(made) for made in program.made("here")]
    assert [dropped.how for dropped in found if dropped is not None] == ([how] if how else [])


@pytest.mark.parametrize(
    ("body", "escapes"),
    [
        ("toolbox.keep(queue)", True),
        ("toolbox.keep([1, (queue,)])", True),
        ("toolbox.keep({1: {'a': [queue]}})", True),
        ("toolbox.keep(queue.put)", True),
        ("box.append(queue)\ntoolbox.keep(box)", True),
        ("toolbox.keep(box)\nbox.append(queue)", True),
        ("toolbox.keep(box)\nbox[1:] = [queue]", True),
        ("toolbox.keep(box)\nbox.append(inner)\ninner.append(queue)", True),
        ("toolbox.keep(box)\ninner.append(queue)\nbox.append(inner)", True),
        ("box.append(inner)\ninner.append(box)\ntoolbox.keep(box)\ninner.append(queue)", True),
        ("toolbox.keep(box)\ndef fill(it):\n    it.append(queue)\nfill(box)", True),
        ("toolbox.keep(inner)\nbox.append(inner)\nbox.append(queue)", False),
        ("toolbox.keep(1)\nbox.append(queue)", False),
        ("print(queue)", False),
    ],
)
def test_what_unseen_code_gets_hold_of(tmp_path: Path, body: str, escapes: bool) -> None:
    """Whatever it is in, and whenever it is put there."""
    start = "box, inner = [], []\nqueue = mp.Queue()  # queue\n"
    asked = small(tmp_path, start + body + "\n")
    [made] = asked.made("queue")
    assert (made in asked.program.solver.escapes) is escapes
