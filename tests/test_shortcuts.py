"""What saves time must not change what is said: tables in place of searches, files whose syntax
trees are made again, and what is not followed because it is right at a glance."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import Small, small

from mplint.config import Configuration, Settings
from mplint.engine import Engine
from mplint.model import link
from mplint.model.loading import load, project
from mplint.registry import load as registry

START = "    p = mp.Process(target=work)\n    p.start()\n"


def wrong_states(folder: Path, body: str) -> list[str]:
    """What MPL307 says of a function, by line."""
    file = folder / "main.py"
    text = f"import multiprocessing as mp\n\ndef work():\n    pass\n\ndef main(flag):\n{body}"
    file.write_text(text)
    chosen = Configuration(Settings(select=("MPL307",)), isolated=True)
    found = Engine(registry(), chosen).check({file: "main.py"}).diagnostics
    return [text.splitlines()[item.place.line - 1].strip() for item in found]


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (f"{START}    p.join()\n    p.close()\n", []),
        (f"{START}    p.join()\n    p.start()\n", ["p.start()"]),
        (f"{START}    p.start()\n", ["p.start()"]),
        (f"{START}    p.close()\n", ["p.close()"]),
        (f"{START}    p.daemon = True\n    p.join()\n", ["p.daemon = True"]),
        (f"{START}    p.join()\n    p.close()\n    p.join()\n", ["p.join()"]),
        ("    p = mp.Process(target=work)\n    p.join()\n    p.start()\n", ["p.join()"]),
        (
            "    p = mp.Process(target=work)\n    for _ in range(2):\n        p.start()\n",
            ["p.start()"],
        ),
        (f"    for _ in range(2):\n{START.replace('    ', '        ')}        p.join()\n", []),
        (f"{START}    if flag:\n        p.join()\n", []),
    ],
)
def test_the_states_of_a_process(tmp_path: Path, body: str, wrong: list[str]) -> None:
    assert wrong_states(tmp_path, body) == wrong


def repeating(folder: Path) -> Small:
    return small(
        folder,
        """
        def once(queue):
            queue.put(1)  # once

        def twice(queue):
            queue.put(1)  # twice

        def again(queue):
            queue.put(1)  # again
            again(queue)

        def work(queue):
            once(queue)
            twice(queue)
            while True:
                twice(queue)

        if __name__ == "__main__":
            queue = mp.Queue()  # queue
            worker = mp.Process(target=work, args=(queue,))  # worker
            worker.start()
            worker.join()
            again(mp.Queue())
        """,
    )


def test_a_put_is_repeated_by_any_of_the_calls(tmp_path: Path) -> None:
    program = repeating(tmp_path)
    repeats = program.program.draining.repeats
    assert not repeats(program.operation("once"))
    assert repeats(program.operation("twice"))
    assert not repeats(program.operation("again"))


def test_what_runs_again_while_it_runs(tmp_path: Path) -> None:
    program = repeating(tmp_path).program
    names = {a.scope.name for a in program.solver.activations if program.is_recursive(a)}
    assert names == {"again"}


def test_channels_and_processes_are_looked_up(tmp_path: Path) -> None:
    program = repeating(tmp_path)
    [worker] = program.program.processes
    assert list(program.program.processes_of(worker.holder)) == [worker]
    assert list(program.program.processes_of(None)) == []
    assert list(program.program.channels_with(worker, "put")) == [program.channel("queue")]
    assert list(program.program.channels_with(worker, "get")) == []


def test_the_assignments_at_some_places(tmp_path: Path) -> None:
    program = small(tmp_path, "def f(x):\n    x = 1\n    x = 2\n    x = 3\n    return x\n").program
    [activation] = [a for a in program.solver.activations if a.scope.name == "f"]
    outline = program.outline(activation)
    first, second, third = outline.bindings["x"]
    assert outline.bindings_at("x", None) == [first, second, third]
    assert outline.bindings_at("x", frozenset({third.at, first.at, 0})) == [first, third]
    assert outline.bindings_at("y", frozenset({first.at})) == []


def test_trees_that_are_made_again_say_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").touch()
    for i in range(4):
        other = f"from m{i - 1} import work\n" if i else ""
        (tmp_path / f"m{i}.py").write_text(
            f"import multiprocessing as mp\n{other}\ndef work(queue, x):\n    queue.put(x.y())\n\n"
            "def main(x):\n    queue = mp.Queue()\n"
            "    p = mp.Process(target=work, args=(queue, x))\n    p.start()\n"
            "    print(queue.get())\n    p.join()\n    p.start()\n"
        )

    def found() -> list[object]:
        engine = Engine(registry(), Configuration(Settings(select=("ALL",)), isolated=True))
        return list(engine.check(engine.discover([str(tmp_path)])).diagnostics)

    kept = found()
    assert len(kept) >= 8
    monkeypatch.setattr(load, "MAX_TREES", 0)
    assert found() == kept


def test_large_programs_are_solved_in_the_room_of_their_first_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which is made again where the second one does not come to an end."""
    file = tmp_path / "main.py"
    file.write_text(
        "import multiprocessing\n\ndef make():\n    return multiprocessing.Queue()\n\n"
        "one, two = make(), make()\none.put(1)\ntwo.get()\n"
    )
    for growth, codes in ((link.MAX_GROWTH, ["MPL103"]), (0, [])):
        monkeypatch.setattr(link, "MAX_GROWTH", growth)
        for large in (False, True):
            swept: list[None] = []
            monkeypatch.setattr(link, "sweep_is_due", lambda large=large: large)
            monkeypatch.setattr(link, "sweep", lambda swept=swept: swept.append(None))
            engine = Engine(registry(), Configuration(Settings(select=("ALL",)), isolated=True))
            assert [d.code for d in engine.check({file: "main.py"}).diagnostics] == codes
            assert len(swept) == (0 if not large else 1 if growth else 2)


def test_what_a_check_has_read_is_freed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless the engine is to remember it."""
    (tmp_path / "pyproject.toml").touch()
    file = tmp_path / "a.py"
    file.write_text("import multiprocessing\nqueue = multiprocessing.Queue()\n")
    for remembers in (False, True):
        engine = Engine(registry(), Configuration(isolated=True), remembers=remembers)
        engine.check({file: "a.py"})
        [known] = engine._projects.values()
        assert isinstance(known, project.Project)
        assert ("loader" in known.__dict__) is remembers


@pytest.mark.parametrize("limit", [load.MAX_TREES, 0])
def test_what_was_made_to_check_a_file_is_freed_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    """So that a program of many files takes no more memory than its largest one."""
    monkeypatch.setattr(load, "MAX_TREES", limit)
    (tmp_path / "pyproject.toml").touch()
    for i in range(5):
        other = f"from m{i - 1} import main\n" if i else ""
        (tmp_path / f"m{i}.py").write_text(
            f"import multiprocessing\n{other}\ndef main():\n    multiprocessing.Queue().get()\n"
        )
    engine = Engine(registry(), Configuration(isolated=True), remembers=True)
    engine.check(engine.discover([str(tmp_path)]))
    [known] = engine._projects.values()
    loader = known.loader
    program = engine._link(known, known.programs[0])
    assert len(loader.lowered) == 5
    assert program.solver.kept == {}
    for path, lowered in loader.lowered.items():
        assert lowered is not None
        assert "numbers" not in lowered.__dict__
        assert bool(lowered.nodes) is bool(limit)
        assert ("tree" in loader.sources[path].__dict__) is bool(limit)
    assert loader._again == {}
    if not limit:  # what is made again for the places of findings: the last two, whoever asks
        paths = sorted(loader.lowered)
        one, two, three = (
            [loader.syntax(paths[i])[0] for i in order] for order in ([0, 1], [0, 2], [0, 1])
        )
        assert (one[0] is two[0] is three[0], one[1] is three[1]) == (True, False)
        assert len(loader._again) == load.MAX_AGAIN == 2
