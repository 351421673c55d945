"""The questions about files that several processes write or make, each with every answer."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest
from small import Small, put_into, small

SEVERAL = """
    import logging.handlers
    from concurrent.futures import ProcessPoolExecutor
    from pathlib import Path

    HERE = "same.txt"

    def work(number, path, lock):
        BODY

    def main(path):
        lock = mp.Lock()
        workers = [mp.Process(target=work, args=(n, path, lock)) for n in range(3)]
        for worker in workers:
            worker.start()

    main(sys.argv[1])
    """


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("open(HERE, 'w')  # open", "opens"),
        ("open(path, 'w')  # open", "opens"),
        ("open(path, mode='wb+')  # open", "opens"),
        ("open(f'{path}/log', 'w')  # open", "opens"),
        ("open(path + '/log', 'w')  # open", "opens"),
        ("open(os.path.join(path, 'log'), 'w')  # open", "opens"),
        ("open(f'{path}/{number}', 'w')  # open", None),
        ("open(path % number, 'w')  # open", None),
        ("open(toolbox.name(path), 'w')  # open", None),
        ("open(path, 'a')  # open", None),
        ("open(path)  # open", None),
        ("open(os.devnull, 'w')  # open", None),
        ("open('/dev/null', 'w')  # open", None),
        ("if number == 0:\n    open(path, 'w')  # open", None),
        ("if number:\n    return\nopen(path, 'w')  # open", None),
        ("with lock:\n    open(path, 'w')  # open", None),
        ("lock.acquire()\nopen(path, 'w')  # open", None),
        ("with toolbox.lock():\n    open(path, 'w')  # open", None),
        ("with open(path) as other:\n    open(path, 'w')  # open", "opens"),
        ("logging.handlers.RotatingFileHandler(path)  # open", "rotates"),
        ("logging.handlers.RotatingFileHandler(f'{number}.log')  # open", None),
        ("logging.FileHandler(path)  # open", None),
    ],
)
def test_whether_a_file_is_opened_by_several(tmp_path: Path, body: str, found: str | None) -> None:
    shared = opened(small(tmp_path, put_into(SEVERAL, body)))
    assert (shared and {True: "rotates", False: "opens"}[shared[0].rotates]) == (found or [])


def opened(program: Small) -> list:  # type: ignore[type-arg]
    return program.view().shared_files(program.node("open", cst.Call))


@pytest.mark.parametrize(
    ("start", "several"),
    [
        ("mp.Pool(2).map(work, range(3))", True),
        ("mp.Pool(1).map(work, range(3))", False),
        ("mp.Pool().apply(work, (1,))", False),
        ("for n in range(3):\n    mp.Pool().apply_async(work, (n,))", True),
        ("mp.Pool().apply_async(work, (1,))", False),
        ("mp.Pool(2, initializer=work, initargs=(1,)).map(print, range(3))", True),
        ("mp.Process(target=work, args=(1,)).start()", False),
        ("for n in range(3):\n    p = mp.Process(target=work, args=(n,))\n    p.start()", True),
        (
            "for n in range(3):\n    p = mp.Process(target=work, args=(n,))\n"
            "    p.start()\n    p.join()",
            False,
        ),
        ("for n in range(3):\n    threading.Thread(target=work, args=(n,)).start()", False),
    ],
)
def test_whether_several_processes_run_a_line(tmp_path: Path, start: str, several: bool) -> None:
    source = """
        def work(number):
            open("same", "w")  # open

        def main():
            BODY

        main()
        """
    assert bool(opened(small(tmp_path, put_into(source, start)))) is several


@pytest.mark.parametrize(
    ("body", "race"),
    [
        ("if not os.path.exists(path):\n    os.mkdir(path)  # make", True),
        ("if not os.path.exists(path):\n    os.makedirs(path, 0o755)  # make", True),
        ("if os.path.exists(path):\n    return\nos.mkdir(path)  # make", True),
        ("if os.path.exists(path):\n    pass\nelse:\n    open(path, 'x')  # make", True),
        ("if not Path(path).exists():\n    Path(path).mkdir()  # make", True),
        ("out = Path(path)\nif not out.is_dir():\n    out.mkdir(parents=True)  # make", True),
        ("if not os.path.exists(path):\n    os.makedirs(path, exist_ok=True)  # make", False),
        ("if not os.path.exists(path):\n    open(path, 'w')  # make", False),
        ("if not os.path.exists(path):\n    os.mkdir(HERE)  # make", False),
        ("os.mkdir(path)  # make", False),
        ("if not path.exists():\n    path.mkdir()  # make", False),  # of who knows what
        ("if not os.path.exists(path):\n    with lock:\n        os.mkdir(path)  # make", False),
        (
            "if number == 0:\n    if not os.path.exists(path):\n        os.mkdir(path)  # make",
            False,
        ),
        (
            "try:\n    if not os.path.exists(path):\n        os.mkdir(path)  # make\n"
            "except OSError:\n    pass",
            False,
        ),
        (
            "try:\n    if not os.path.exists(path):\n        os.mkdir(path)  # make\n"
            "except ValueError:\n    pass",
            True,
        ),
    ],
)
def test_whether_a_look_comes_before_others_make_it(tmp_path: Path, body: str, race: bool) -> None:
    program = small(tmp_path, put_into(SEVERAL, body))
    node = [call for call in cst_calls(program) if program.view().races(call)]
    assert bool(node) is race


def cst_calls(program: Small) -> list[cst.Call]:
    return [node for node in program.view().lowered.nodes if isinstance(node, cst.Call)]


@pytest.mark.parametrize(
    ("opens", "body", "lost"),
    [
        ("open('x', 'w')", "out.write('x')  # write", True),
        ("open('x', 'w')", "out.write('x')  # write\nout.flush()", False),
        ("open('x', 'w')", "out.flush()\nout.write('x')  # write", True),
        ("open('x', 'w')", "with out:\n    out.write('x')  # write", False),
        ("open('x', 'w')", "out.write('x')  # write\ntoolbox.keep(out)", False),
        ("open('x', 'w', 1)", "out.write('x')  # write", False),
        ("open('x', 'wb', buffering=0)", "out.write(b'x')  # write", False),
        ("open('x', 'w')", "if sys.argv:\n    out.write('x')  # write", True),
        ("toolbox.open('x')", "out.write('x')  # write", False),
    ],
)
def test_whether_a_child_saves_what_it_writes(
    tmp_path: Path, opens: str, body: str, lost: bool
) -> None:
    source = f"""
        def work(out):
            BODY

        def main():
            out = {opens}
            worker = mp.Process(target=work, args=(out,))
            worker.start()

        main()
        """
    program = small(tmp_path, put_into(source, body))
    found = [program.program.files.unsaved(o) for o in program.operations("write")]
    assert any(found) is lost
    assert all(unsaved.start_methods == ("fork",) for unsaved in found if unsaved)


def test_a_child_that_is_not_forked_cannot_have_the_file(tmp_path: Path) -> None:
    program = small(
        tmp_path,
        """
        def work(out):
            out.write("x")  # write

        def main():
            worker = mp.get_context("spawn").Process(target=work, args=(open("x", "w"),))
            worker.start()

        main()
        """,
    )
    assert program.program.files.unsaved(program.operation("write")) is None


def test_a_call_of_a_function_is_on_no_file(tmp_path: Path) -> None:
    """`process_map` is an operation as well, on a pool that nobody names."""
    source = """
        from tqdm.contrib.concurrent import process_map

        out = open("out.txt", "w")

        def work():
            out.write("a")  # write
            process_map(abs, [1, 2])

        mp.Process(target=work).start()
    """
    program = small(tmp_path, source)
    assert program.program.files.unsaved(program.operation("write")) is not None
