"""What runs when a module is imported again."""

from __future__ import annotations

from pathlib import Path

import pytest
from expectations import programs
from small import put_into, small


@pytest.mark.parametrize(
    ("lines", "guard"),
    [
        ("START", "none"),
        ("run()", "none"),
        ("for _ in range(3): START", "none"),
        ("if toolbox.flag:\n    START", "none"),
        ("if __name__ == '__main__':\n    START", None),
        ("if '__main__' == __name__:\n    run()", None),
        ("if __name__ == '__main__' and toolbox.flag:\n    START", None),
        ("if __name__ != '__main__':\n    pass\nelse:\n    START", None),
        ("if not __name__ == '__main__':\n    sys.exit()\nSTART", None),
        ("if __name__ in ('__main__', 'tool'):\n    START", None),
        ("if __name__ == '_main_':\n    START", "misspelt"),
        ("if __name__ == 'main':\n    START", "misspelt"),
        ("if mp.parent_process() is None:\n    START", "none"),  # None in the child, too
        ("if mp.current_process().name == 'MainProcess':\n    START", None),
        ("def main():\n    START", None),
        ("mp.Pool()", "none"),
        ("mp.Manager()", "none"),
        ("mp.Process(target=print)", None),  # made, not started
        ("mp.Queue()", None),
        ("threading.Thread(target=print).start()", None),
        ("mp.get_context('fork').Process(target=print).start()", None),
        ("mp.get_context('spawn').Process(target=print).start()", "none"),
        ("toolbox.context.Process(target=print).start()", None),
        ("mp.set_start_method('fork')\nSTART", None),
        ("first(second)", "none"),
        ("concurrent.futures.ProcessPoolExecutor()", None),  # starts nothing before the first task
        ("concurrent.futures.ProcessPoolExecutor().submit(print)", "none"),
    ],
)
def test_unguarded(tmp_path: Path, lines: str, guard: str | None) -> None:
    source = """
        import concurrent.futures

        def run():
            START

        def second():
            run()

        def first(function):
            function()

        BODY
    """
    start = "mp.Process(target=print).start()"
    program = small(tmp_path, put_into(source, lines).replace("START", start))
    found = program.program.startup.unguarded(program.path)
    assert (found is not None) is (guard is not None)
    if found is not None:
        assert (found.guard is not None) is (guard == "misspelt")
        assert "fork" not in found.start_methods or guard == "misspelt"


def test_folders_of_examples_are_read_and_not_run(tmp_path: Path) -> None:
    folder = tmp_path / "testdata"
    folder.mkdir()
    (tmp_path / "pyproject.toml").touch()
    (folder / "main.py").write_text("import multiprocessing\nmultiprocessing.Pool()\n")
    [(_, program, _)] = programs([folder / "main.py"])
    assert program.startup.starts
    assert program.startup.unguarded(folder / "main.py") is None
