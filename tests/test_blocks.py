"""The questions about shared memory, each with every answer it can give."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest
from small import Small, put_into, small

from mplint.model.sharing.blocks import Leaked
from mplint.model.sharing.views import Outlived

PREFIX = """
    import numpy as np
    from multiprocessing.shared_memory import SharedMemory

    def work(name):
        BODY

    def main():
        home = SharedMemory(create=True, size=10)
        worker = mp.Process(target=work, args=(home.name,))
        worker.start()

    main()
    """
ATTACH = "block = SharedMemory(name=name)\n"


def outlived(program: Small) -> list[Outlived]:
    return [
        found
        for node in program.view().lowered.nodes
        if isinstance(node, (cst.Call, cst.Return))
        for found in program.view().outlived_blocks(node)
    ]


def leaked(program: Small) -> list[Leaked]:
    return [
        found
        for node in program.view().lowered.nodes
        if isinstance(node, cst.Call)
        for found in program.view().leaked_blocks(node)
    ]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("block.close()\nblock.buf[0] = 1", ("used", "block.buf")),
        ("block.buf[0] = 1\nblock.close()", None),
        ("block.close()\nprint(block.name)", None),
        ("if name:\n    block.close()\nblock.buf[0] = 1", None),
        ("block.close()\nblock = SharedMemory(name=name)\nblock.buf[0] = 1", None),
        ("data = block.buf\nblock.close()\ndata[0]", ("used", "data")),
        ("data = block.buf\ndata[0]\nblock.close()", None),
        ("data = block.buf[1:]\nblock.close()", ("pinned", "data")),
        ("data = memoryview(block.buf)\nblock.close()", ("pinned", "data")),
        ("data = block.buf[1:].cast('q')\nblock.close()", ("pinned", "data")),
        ("data = np.frombuffer(block.buf)\nblock.close()", ("pinned", "data")),
        ("data = block.buf[1:]\ndel data\nblock.close()", None),
        ("data = block.buf[1:]\ndata.release()\nblock.close()", None),
        ("data = block.buf[1]\nblock.close()", None),
        ("data = bytes(block.buf[1:])\nblock.close()", None),
        ("a = np.ndarray(9, buffer=block.buf)\nblock.close()", None),
        ("a = np.ndarray(9, buffer=block.buf)\nblock.close()\na.sum()", ("used", "a")),
        ("a = np.ndarray(9, buffer=block.buf).copy()\nblock.close()\na.sum()", None),
        ("a = np.ndarray(9, buffer=block.buf)\nreturn a", ("lost", "a")),
        ("return np.ndarray(9, 'q', block.buf)", ("lost", "np.ndarray(9, 'q', block.buf)")),
        ("return np.ndarray(9, 'q', block.buf[:])", None),  # the slice keeps it
        ("return block.buf", ("lost", "block.buf")),
        ("return block, block.buf", None),
        ("toolbox.keep(block)\nreturn block.buf", None),
        ("keep.append(block)\nreturn block.buf", None),
        ("a = np.ndarray(9, buffer=block.buf)\nreturn a.copy()", None),
        ("def inner():\n    return block\ninner()\nreturn block.buf", None),
    ],
)
def test_what_outlives_a_block(tmp_path: Path, body: str, found: tuple[str, str] | None) -> None:
    program = small(tmp_path, "keep = []\n" + put_into(PREFIX, ATTACH + body))
    seen = [(one.why, one.text) for one in outlived(program)]
    assert seen == ([found] if found else [])


OWNER = """
    from multiprocessing.shared_memory import SharedMemory

    def work(name, given):
        WORK

    def main():
        block = SharedMemory(create=True, size=10)
        worker = mp.Process(target=work, args=(block.name, None))
        BODY

    main()
    """


@pytest.mark.parametrize(
    ("work", "body", "why"),
    [
        ("SharedMemory(name=name).close()", "worker.start()\nworker.join()\nblock.unlink()", None),
        ("SharedMemory(name=name).unlink()", "worker.start()\nworker.join()", None),
        ("SharedMemory(name).unlink()", "worker.start()\nworker.join()\nblock.unlink()", "twice"),
        (
            "if name: SharedMemory(name).unlink()",
            "worker.start()\nworker.join()\nblock.unlink()",
            None,
        ),
        (
            "SharedMemory(name).unlink()",
            "worker.start()\nworker.join()\ntry:\n    block.unlink()\nexcept OSError:\n    pass",
            None,
        ),
        ("SharedMemory(name)", "worker.start()\nblock.unlink()", "early"),
        ("SharedMemory(name)", "block.unlink()\nworker.start()", "early"),
        ("SharedMemory(name)", "worker.start()\nmp.Queue().get()\nblock.unlink()", None),
        ("SharedMemory(name)", "worker.start()\ntoolbox.wait()\nblock.unlink()", None),
        ("print(name)", "worker.start()\nblock.unlink()", None),
        ("print(name)", "block.unlink()\nblock.unlink()", "twice"),
        ("print(name)", "if name:\n    block.unlink()\nelse:\n    block.unlink()", None),
    ],
)
def test_when_a_block_is_unlinked(tmp_path: Path, work: str, body: str, why: str | None) -> None:
    program = small(tmp_path, put_into(OWNER.replace("WORK", work), body))
    assert [one.why for one in leaked(program)] == ([why] if why else [])


def test_a_block_that_is_given_is_opened_by_name_unless_the_child_is_forked(
    tmp_path: Path,
) -> None:
    source = OWNER.replace("WORK", "given.close()").replace("None))", "block))")
    program = small(tmp_path, put_into(source, "worker.start()\nblock.unlink()"))
    [early] = leaked(program)
    assert (early.why, early.start_methods) == ("early", ("spawn", "forkserver"))


@pytest.mark.parametrize(
    ("made", "after", "found"),
    [
        ("SharedMemory(create=True, size=9, track=False)", "block.close()", True),
        ("SharedMemory(create=True, size=9)", "block.close()", False),
        ("SharedMemory(create=True, size=9, track=True)", "block.close()", False),
        ("SharedMemory(create=True, size=9, track=False)", "block.unlink()", False),
        ("SharedMemory(create=True, size=9, track=False)", "toolbox.keep(block)", False),
        ("SharedMemory(name='own', create=True, size=9, track=False)", "block.close()", False),
        ("SharedMemory(name=sys.argv[1], track=False)", "block.close()", False),
    ],
)
def test_a_block_that_nobody_tracks(tmp_path: Path, made: str, after: str, found: bool) -> None:
    source = f"""
        from multiprocessing.shared_memory import SharedMemory

        def main():
            block = {made}
            {after}

        main()
        """
    assert [one.why for one in leaked(small(tmp_path, source))] == (["never"] if found else [])


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("data = block.buf[:4]\nreturn data[0]", True),
        ("data = block.buf[:4]\ndel data\nreturn 1", False),
        ("data = block.buf[:4]\nblock.close()", False),
        ("return block.buf[0]", False),  # it is closed when it is collected
        ("data = bytes(block.buf[:4])\nreturn data", False),
        ("data = block.buf[:4]\nkeep.append(block)", False),
    ],
)
def test_a_block_that_each_task_leaves_open(tmp_path: Path, body: str, found: bool) -> None:
    source = """
        from multiprocessing.shared_memory import SharedMemory

        keep = []

        def work(name):
            BODY

        def main():
            home = SharedMemory(create=True, size=10)
            with mp.Pool(2) as pool:
                pool.map(work, [home.name] * 9)

        main()
        """
    program = small(tmp_path, put_into(source, ATTACH + body))
    assert ["open" for one in leaked(program) if one.why == "open"] == ["open"] * found
