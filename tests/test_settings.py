"""Settings that children do not take over."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import put_into, small

TEMPLATE = """
import numpy as np
import decimal
import logging
import random
import sys
import time
import multiprocessing as mp
from unittest import mock

BODY
"""


@pytest.mark.parametrize(
    ("settings", "work", "found"),
    [
        ("logging.basicConfig(level=logging.INFO)", "logging.info('x')", ["logging"]),
        ("logging.basicConfig(level=logging.INFO)", "logging.getLogger().debug('')", ["logging"]),
        ("logging.basicConfig(level=logging.ERROR)", "logging.info('x')", []),
        ("logging.basicConfig(level=logging.INFO)", "logging.error('x')", []),
        ("logging.basicConfig(level=logging.INFO)", "toolbox.setup_logs(); logging.info('')", []),
        ("decimal.getcontext().prec = 3", "decimal.Decimal(1)", ["decimal"]),
        ("decimal.getcontext().prec", "decimal.Decimal(1)", []),
        ("random.seed(1)", "random.random()", ["`random`"]),
        ("random.seed(1)", "random.seed(2); random.random()", []),
        ("sys.setrecursionlimit(9)", "work()", ["recursion"]),
        ("sys.setrecursionlimit(9)", "print()", []),
        ("time.sleep = print", "time.sleep(1)", ["time.sleep"]),
        ("time.sleep = print", "time.time()", []),
    ],
)
def test_what_children_lack(tmp_path: Path, settings: str, work: str, found: list[str]) -> None:
    body = f"""
    def work():
        {work}

    def main():
        {settings}
        mp.Process(target=work).start()

    if __name__ == "__main__":
        main()
    """
    program = small(tmp_path, put_into(TEMPLATE, body))
    unset = program.program.inherited.unset_in_child(program.path)
    assert len(unset) == len(found)
    assert all(word in one.what for word, one in zip(found, unset, strict=True))


@pytest.mark.parametrize(
    ("seed", "draw", "with_fork"),
    [("random.seed(1)", "random.random()", True), ("np.random.seed(1)", "np.random.rand()", False)],
)
def test_what_forked_children_lack(tmp_path: Path, seed: str, draw: str, with_fork: bool) -> None:
    """Python gives its own generator a new seed after a fork, and does not know of others."""
    body = f"""
    def work():
        {draw}

    def main():
        {seed}
        mp.Process(target=work).start()

    if __name__ == "__main__":
        main()
    """
    program = small(tmp_path, put_into(TEMPLATE, body))
    (unset,) = program.program.inherited.unset_in_child(program.path)
    assert ("fork" in unset.start_methods) == with_fork


@pytest.mark.parametrize(
    "body",
    [
        # too late; by every import; in the child as well
        """
        def work(): random.random()
        def main():
            mp.Process(target=work).start()
            random.seed(1)
        """,
        """
        random.seed(1)
        def work(): random.random()
        def main(): mp.Process(target=work).start()
        """,
        """
        def seeded(): random.seed(1)
        def work():
            seeded()
            random.random()
        def main():
            seeded()
            mp.Process(target=work).start()
        """,
    ],
)
def test_what_children_have(tmp_path: Path, body: str) -> None:
    program = small(tmp_path, put_into(TEMPLATE, body))
    assert program.program.inherited.unset_in_child(program.path) == []


@pytest.mark.parametrize(
    ("body", "same"),
    [
        (
            """
            def work(n): np.random.rand()
            def main():
                np.random.rand()
                mp.Pool(2).map(work, [1, 2])
            """,
            ["`numpy.random`"],
        ),
        (
            """
            def work(n): np.random.rand()
            def main(): mp.Pool(2).map(work, [1, 2])  # nobody has made the generator before
            """,
            [],
        ),
        (
            """
            g = random.Random()
            def work(n): g.random()
            def main(): mp.Pool(2).map(work, [1, 2])
            """,
            ["`g`"],
        ),
        # one process; a seed for each; spawned; made anew
        (
            """
            def work(): np.random.rand()
            def main():
                np.random.rand()
                mp.Process(target=work).start()
            """,
            [],
        ),
        (
            """
            def setup(): np.random.seed()
            def work(n): np.random.rand()
            def main():
                np.random.rand()
                mp.Pool(2, setup).map(work, [1, 2])
            """,
            [],
        ),
        (
            """
            def work(n): np.random.rand()
            def main():
                np.random.rand()
                mp.get_context("spawn").Pool(2).map(work, [1, 2])
            """,
            [],
        ),
        (
            """
            def work(n): random.Random().random()
            def main(): mp.Pool(2).map(work, [1, 2])
            """,
            [],
        ),
    ],
)
def test_who_draws_the_same_numbers(tmp_path: Path, body: str, same: list[str]) -> None:
    program = small(tmp_path, put_into(TEMPLATE, body))
    assert [one.what for one in program.program.inherited.same_numbers(program.path)] == same
