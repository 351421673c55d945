"""What an expression can be: an order that is the same in every run."""

from __future__ import annotations

from pathlib import Path

from small import small

from mplint.model.values import Named, sort_key


def test_things_of_two_contexts_have_an_order(tmp_path: Path) -> None:
    source = """
    make = mp.Process if toolbox.plain else mp.get_context("spawn").Process
    make(target=print)  # here
    """
    program = small(tmp_path, source)
    makers = program.program.solver.intern.all_of(Named)
    keys = {sort_key(maker) for maker in makers if maker.path == "multiprocessing.Process"}
    assert len(keys) == 2
    made = program.made("here")
    assert len(made) == len({sort_key(each) for each in made}) == 2
