"""What the program itself is asked: each answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import small

from mplint.model.values import Container, Made

CALLS = """
def top():
    middle()

def middle():
    again()
    mp.Process(target=elsewhere).start()

def again():
    top()

def elsewhere():
    print()

def nobody():
    elsewhere()

top()
"""


@pytest.mark.parametrize(
    ("entries", "below"),
    [
        (["top"], {"top", "middle", "again"}),  # in one process, and once for each
        (["elsewhere"], {"elsewhere"}),
        (["elsewhere", "again"], {"elsewhere", "again", "top", "middle"}),
        ([], set()),
    ],
)
def test_what_is_below_functions(tmp_path: Path, entries: list[str], below: set[str]) -> None:
    program = small(tmp_path, CALLS).program
    named = {activation.scope.name: activation for activation in program.solver.activations}
    found = program.below(*(named[entry] for entry in entries))
    assert {activation.scope.name for activation in found} == below


def test_what_a_program_has_to_do_with(tmp_path: Path) -> None:
    source = """
import threading

class Own(mp.Process):
    pass

def work(event: mp.Event):
    event.wait()

lock = mp.Lock()
threading.Thread(target=print).start()
"""
    program = small(tmp_path, source).program
    assert program.subjects == {"process", "event", "lock", "thread"}
    assert small(tmp_path, "print(1)").program.subjects == frozenset()


def test_what_containers_hold(tmp_path: Path) -> None:
    source = (
        "one, other = mp.Queue(), mp.Queue()\nheld = [{'a': [one]}]\nheld.append(held)\nprint(held)"
    )
    program = small(tmp_path, source)
    [module] = program.program.solver.modules.values()
    held = program.program.solver.read((module, "held"))
    found = program.program.with_contents(held)
    first, second = sorted(program.program.made, key=lambda made: made.site.at)
    assert {value for value in found if isinstance(value, Made)} == {first}
    assert second not in found
    assert sum(isinstance(value, Container) for value in found) == 3
    assert program.program.with_contents([]) == set()


SENDERS = """
def work(queue):
    queue.put(1)  # worker
    shared(queue)

def shared(queue):
    queue.put(2)  # both

def main():
    queue = mp.Queue()  # made
    process = mp.Process(target=work, args=(queue,))
    process.start()  # start
    shared(queue)
    print(queue.get())

main()
"""


def test_who_puts_where(tmp_path: Path) -> None:
    program = small(tmp_path, SENDERS)
    channel = program.channel("made")
    assert channel.puts_of(program.worker("work")) == channel.puts
    assert channel.puts_of("main") == [program.operation("both")]
    assert channel.puts_of("nobody") == []


def test_what_a_place_starts(tmp_path: Path) -> None:
    program = small(tmp_path, SENDERS)
    start = program.operation("start")
    startup = program.program.startup
    assert [s.holder for s in startup.starts_at(start.activation, start.at)] == [start.receiver]
    assert startup.starts_at(start.activation, start.at + 1) == []


def test_a_room_is_made_once_for_all_who_ask(tmp_path: Path) -> None:
    program = small(tmp_path, SENDERS)
    view, other = program.view(), program.view()
    assert view.waiting is program.program.waiting is other.waiting
    assert view.program.waiting is view.waiting


@pytest.mark.parametrize(
    ("expression", "truth"),
    [
        ("True", True),
        ("1", True),
        ("''", False),
        ("None", False),
        ("DEBUG", False),
        ("n", None),
        ("n > 1", None),
        ("True if n else 1", True),
        ("True if n else 0", None),
    ],
)
def test_truth(tmp_path: Path, expression: str, truth: bool | None) -> None:
    source = f"DEBUG = False\nmp\n\ndef function(n):\n    here({expression})  # here"
    program = small(tmp_path, source)
    assert program.program.truth(*program.given("here")) is truth


@pytest.mark.parametrize(
    ("source", "methods"),
    [
        ("mp.Process(target=print)", "fork spawn forkserver"),
        ("mp.get_context('spawn').Process(target=print)", "spawn"),
        ("mp.get_context(toolbox.method).Process(target=print)", "fork spawn forkserver"),
        ("mp.get_context().Process(target=print)", "fork spawn forkserver"),
        ("Spawned()", "spawn"),
        ("concurrent.futures.ProcessPoolExecutor(mp_context=FORK)", "fork"),
        ("concurrent.futures.ProcessPoolExecutor()", "fork spawn forkserver"),
        ("(FORK if x else mp.get_context('spawn')).Process(target=print)", "fork spawn"),
    ],
)
@pytest.mark.parametrize("setting", ["", "mp.set_start_method('forkserver')"])
def test_start_methods_of_an_object(
    tmp_path: Path, source: str, methods: str, setting: str
) -> None:
    """What has a context keeps its method, whatever the program sets for the rest."""
    program = small(
        tmp_path,
        f"""
        import concurrent.futures
        FORK = mp.get_context("fork")
        {setting}

        class Spawned(mp.get_context("spawn").Process):
            def run(self): pass

        thing = {source}
        here(thing)  # here
        """,
    )
    found: set[str] = set()
    for value in program.program.values(*program.given("here")):
        found |= set(program.program.methods_of(value))
    everything = methods == "fork spawn forkserver"
    assert found == ({"forkserver"} if everything and setting else set(methods.split()))


@pytest.mark.parametrize(
    ("rest", "runners"),
    [
        ("function()", "main"),
        ("mp.Process(target=function)", "function"),
        ("function()\nmp.Process(target=function)", "function main"),
        ("mp.Process(target=other)", "other"),
        ("threading.Thread(target=function)", "main"),
        ("mp.Process(target=starter)", "starter"),
        ("", "main"),  # whoever imports the module may call it
    ],
)
def test_runners(tmp_path: Path, rest: str, runners: str) -> None:
    source = """
def function():
    mp.Queue().put(1)  # here

def other():
    function()

def starter():
    threading.Thread(target=function).start()

"""
    if "other" not in rest:
        source = source.replace("def other():\n    function()\n", "")
    if "starter" not in rest:
        source = source.partition("def starter")[0]
    program = small(tmp_path, source + rest)
    found = {runner for operation in program.operations("here") for runner in operation.runners}
    assert sorted(r if isinstance(r, str) else r.name for r in found) == runners.split()


def test_what_an_expression_assigns(tmp_path: Path) -> None:
    program = small(tmp_path, "print(first := [second := 1])").program
    [module] = program.solver.modules.values()
    assert {"first", "second"} <= program.outline(module).bindings.keys()
    assert {"first", "second"} <= {name for _, name in program.globals.writes}
