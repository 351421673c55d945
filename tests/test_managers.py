"""The questions about managers, each with every answer it can give."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest
from small import Small, put_into, small

from mplint.model.sharing.managers import Ended

AFTER = """
    def main(flag):
        items = None
        with mp.Manager() as manager:
            items = manager.list()
            other = mp.Manager().list()
            INSIDE
        BODY

    main(sys.argv)
    """


def ended(program: Small) -> list[Ended]:
    nodes = program.view().lowered.nodes
    kinds = (cst.With, cst.Call)
    return [
        found
        for node in nodes
        if isinstance(node, kinds)
        for found in program.view().ended_managers(node)
    ]


@pytest.mark.parametrize(
    ("inside", "after", "text"),
    [
        ("pass", "items.append(1)", "items.append()"),
        ("pass", "print(items[0])", "items[…]"),
        ("pass", "items[0] = 1", "items[…]"),
        ("pass", "len(items)", "len(items)"),
        ("pass", "for item in items: pass", "for … in items"),
        ("pass", "if flag:\n    items.append(1)", "items.append()"),
        ("pass", "print(items)", None),
        ("pass", "other.append(1)", None),
        ("items.append(1)", "pass", None),
        ("items = list(items)", "items.append(1)", None),
        ("return items", "pass", "return items"),
        ("return list(items)", "pass", None),
        ("return other", "pass", None),
    ],
)
def test_what_comes_after_the_end_of_a_manager(
    tmp_path: Path, inside: str, after: str, text: str | None
) -> None:
    found = ended(small(tmp_path, put_into(AFTER.replace("INSIDE", inside), after)))
    assert [one.text for one in found] == ([text] if text else [])


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("manager.shutdown()\nitems.append(1)", "items.append()"),
        ("items.append(1)\nmanager.shutdown()", None),
        ("if sys.argv:\n    manager.shutdown()\nitems.append(1)", None),
        ("if sys.argv:\n    manager.shutdown()\n    items.append(1)", "items.append()"),
        ("for _ in range(3):\n    manager.shutdown()\nitems.append(1)", None),
        ("try:\n    manager.shutdown()\nexcept OSError:\n    items.append(1)", None),
        ("try:\n    print()\nfinally:\n    manager.shutdown()\nitems.append(1)", "items.append()"),
    ],
)
def test_what_comes_after_a_shutdown(tmp_path: Path, body: str, text: str | None) -> None:
    source = """
        def main():
            manager = mp.Manager()
            items = manager.list()
            BODY

        main()
        """
    found = ended(small(tmp_path, put_into(source, body)))
    assert [one.text for one in found] == ([text] if text else [])


@pytest.mark.parametrize(
    ("inside", "after", "outlives"),
    [
        ("worker.start()", "worker.join()", True),
        ("worker.start()", "pass", True),
        ("worker.start()\nworker.join()", "pass", False),
        ("worker.start()\nprint()", "worker.join()", True),
        ("worker.start()\nitems.append(1)", "worker.join()", True),
        ("worker.start()\nmp.Queue().get()", "worker.join()", False),
        ("worker.start()\ntoolbox.wait()", "worker.join()", False),
        ("worker.start()\nworker.is_alive()", "worker.join()", False),
        ("toolbox.keep(worker)\nworker.start()", "pass", False),
        ("pass", "worker.start()", False),
    ],
)
def test_whether_a_worker_outlives_a_manager(
    tmp_path: Path, inside: str, after: str, outlives: bool
) -> None:
    source = """
        def work(items):
            items.append(1)

        def main():
            with mp.Manager() as manager:
                items = manager.list()
                worker = mp.Process(target=work, args=(items,))
                INSIDE
            BODY

        main()
        """
    inside = inside.replace("\n", "\n" + " " * 16)
    found = ended(small(tmp_path, put_into(source.replace("INSIDE", inside), after)))
    assert [one.worker.name for one in found if one.worker] == (["work"] if outlives else [])
    assert len(found) == outlives


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("manager = SyncManager()\nmanager.list()", "manager.list()"),
        ("manager = SyncManager()\nmanager.list()\nmanager.start()", "manager.list()"),
        ("manager = Own()\nmanager.Counter()", "manager.Counter()"),
        ("manager = Own()\nmanager.own()", None),
        ("manager = SyncManager()\nmanager.start()\nmanager.list()", None),
        ("manager = SyncManager(('', 5000))\nmanager.connect()\nmanager.list()", None),
        ("manager = SyncManager()\nwith manager:\n    manager.list()", None),
        ("with SyncManager() as manager:\n    manager.list()", None),
        ("manager = mp.Manager()\nmanager.list()", None),
        ("manager = SyncManager()\ntoolbox.start(manager)\nmanager.list()", None),
    ],
)
def test_whether_a_manager_is_started(tmp_path: Path, body: str, text: str | None) -> None:
    source = """
        from multiprocessing.managers import BaseManager, SyncManager

        class Own(BaseManager):
            def own(self):
                return 1

        def main():
            BODY

        main()
        """
    found = ended(small(tmp_path, put_into(source, body)))
    assert [one.text for one in found] == ([text] if text else [])


@pytest.mark.parametrize(
    ("given", "dropped"),
    [
        ("args=(mp.Manager().list(),)", True),
        ("kwargs={'items': mp.Manager().list()}", True),
        ("args=(manager.list(),)", False),
        ("args=(items,)", False),
    ],
)
def test_a_manager_that_only_the_arguments_hold(tmp_path: Path, given: str, dropped: bool) -> None:
    source = f"""
        def work(items):
            items.append(1)

        def main():
            manager = mp.Manager()
            items = mp.Manager().list()
            worker = mp.Process(target=work, {given})
            worker.start()
            worker.join()

        main()
        """
    assert bool(ended(small(tmp_path, source))) is dropped
