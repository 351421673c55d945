"""Large data that is sent to the processes of a pool with every task."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import small

IMPORTS = """
    import itertools
    import numpy as np
    import pandas as pd
    from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

    def work(*given):
        pass
    """


@pytest.mark.parametrize(
    ("data", "large"),
    [
        ("[0] * 200_000", True),
        ("200_000 * 'x'", True),
        ("[0] * 200", False),
        ("[0] * toolbox.size()", False),
        ("[1, 2] * 50_000", True),
        ("list(range(200_000))", True),
        ("list(toolbox.rows())", False),
        ("range(200_000)", False),
        ("[n * n for n in range(200_000)]", True),
        ("[a + b for a in range(1000) for b in range(1000)]", True),
        ("[n for n in range(200_000) if n % 7]", False),
        ("(n for n in range(200_000))", False),
        ("bytes(200_000)", True),
        ("bytes(20)", False),
        ("os.urandom(200_000)", True),
        ("np.load('a.npy')", True),
        ("np.load('a.npy', mmap_mode='r')", False),
        ("pd.read_csv('a.csv')", True),
        ("pd.read_csv('a.csv', nrows=5)", False),
        ("np.zeros((1000, 1000))", True),
        ("np.zeros(1_000_000)", True),
        ("np.zeros((10, 10))", False),
        ("np.arange(1_000_000)", True),
        ("np.arange(0, 1_000_000, 100_000)", False),
        ("np.random.rand(1000, 1000)", True),
        ("np.random.rand(1000)", False),
        ("toolbox.load('a')", False),
        ("200_000 * 2", False),
    ],
)
def test_what_is_large(tmp_path: Path, data: str, large: bool) -> None:
    program = small(
        tmp_path,
        IMPORTS
        + f"""
    def main():
        data = {data}  # data
        with mp.Pool(2) as pool:
            pool.map(functools.partial(work, data), toolbox.rows())  # here
    """,
    )
    found = program.program.bulk.repeated(program.operation("here"))
    assert (found is not None) is large
    if found is not None:
        assert found.name == "data"
        assert program.is_at(found.made, "data")
        assert program.is_at(found.at, "here")


@pytest.mark.parametrize(
    ("pool", "tasks", "name"),
    [
        ("mp.Pool(2)", "pool.map(functools.partial(work, table), rows)  # here", "table"),
        ("mp.Pool(2)", "pool.map(functools.partial(work, 1), rows)  # here", None),
        ("mp.Pool(2)", "pool.map(named, rows)  # here", "table"),
        ("mp.Pool(2)", "pool.map(work, [table])  # here", None),
        ("mp.Pool(4)", "pool.map(functools.partial(work, table), range(4))  # here", None),
        ("mp.Pool(2)", "pool.map(functools.partial(work, table), range(4))  # here", "table"),
        ("mp.Pool(2)", "pool.starmap(work, [(table, row) for row in rows])  # here", "table"),
        ("mp.Pool(2)", "pool.starmap(work, [(row, 1) for row in rows])  # here", None),
        ("mp.Pool(2)", "pool.apply_async(work, (table,))  # here", None),
        ("mp.Pool(2)", "[pool.apply_async(work, (table, r)) for r in rows]  # here", "table"),
        ("mp.Pool(2)", "[pool.apply_async(work, (table, r)) for r in 'ab']  # here", None),
        ("mp.Pool(2)", "[pool.apply_async(named, (r,)) for r in rows]  # here", "table"),
        (
            "mp.Pool(2)",
            "[pool.apply_async(work, args=(GLOBAL, r)) for r in rows]  # here",
            "GLOBAL",
        ),
        ("mp.pool.ThreadPool(2)", "pool.map(functools.partial(work, table), rows)  # here", None),
        ("ProcessPoolExecutor()", "[pool.submit(work, table) for r in rows]  # here", "table"),
        ("ProcessPoolExecutor()", "pool.map(work, itertools.repeat(table), rows)  # here", "table"),
        ("ThreadPoolExecutor()", "[pool.submit(work, table) for r in rows]  # here", None),
        ("toolbox.Pool()", "pool.map(functools.partial(work, table), rows)", None),
    ],
)
def test_how_it_gets_into_tasks(tmp_path: Path, pool: str, tasks: str, name: str | None) -> None:
    program = small(
        tmp_path,
        IMPORTS
        + f"""
    GLOBAL = [0] * 200_000

    def main():
        table = [0] * 200_000
        rows = toolbox.rows()
        named = functools.partial(work, table)
        with {pool} as pool:
            {tasks}
    """,
    )
    found = [program.program.bulk.repeated(o) for o in program.program.operations]
    assert [each.name for each in found if each is not None] == ([name] if name else [])


@pytest.mark.parametrize(
    ("before", "inside", "sent"),
    [
        ("data = [0] * 200_000", "pass", True),
        ("pass", "data = [row] * 200_000", False),
        ("data = [0] * 200_000", "data.append(row)", False),
        ("data = [0] * 200_000", "data[0] = row", False),
        ("data = [0] * 200_000", "data = toolbox.next(data)", False),
        ("data = list(range(200_000)); data.sort()", "print(data[0])", True),
    ],
)
def test_data_that_changes(tmp_path: Path, before: str, inside: str, sent: bool) -> None:
    program = small(
        tmp_path,
        IMPORTS
        + f"""
    def main():
        {before}
        with mp.Pool(2) as pool:
            for row in toolbox.rows():
                {inside}
                pool.apply_async(work, (data,))  # here
    """,
    )
    assert (program.program.bulk.repeated(program.operation("here")) is not None) is sent


@pytest.mark.parametrize(
    ("attribute", "method", "sent"),
    [
        ("self.table = [0] * 200_000", "pool.map(self.work, toolbox.rows())", True),
        ("self.table = [0] * 20", "pool.map(self.work, toolbox.rows())", False),
        ("table = [0] * 200_000", "pool.map(self.work, toolbox.rows())", False),
        ("self.table = [0] * 200_000", "pool.map(work, toolbox.rows())", False),
        (
            "self.table = [0] * 200_000",
            "self.table[0] = 1; pool.map(self.work, toolbox.rows())",
            False,
        ),
        (
            "self.table = [0] * 200_000",
            "self.table = toolbox.table(); pool.map(self.work, toolbox.rows())",
            False,
        ),
        (
            "self.table = [0] * 200_000",
            "pool.map(functools.partial(work, self.table), toolbox.rows())",
            True,
        ),
    ],
)
def test_objects(tmp_path: Path, attribute: str, method: str, sent: bool) -> None:
    program = small(
        tmp_path,
        IMPORTS
        + f"""
    class Search:
        def __init__(self):
            {attribute}

        def work(self, row):
            return row

        def run(self):
            with mp.Pool(2) as pool:
                {method}  # here

    def main():
        Search().run()
    """,
    )
    assert (program.program.bulk.repeated(program.operation("here")) is not None) is sent
