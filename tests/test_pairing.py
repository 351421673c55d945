"""Whether results are paired with what they are the results of."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest
from small import put_into, small

WORK = """
    import tqdm
    from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed

    def main(items, others):
        pool, executor, threads = mp.Pool(), ProcessPoolExecutor(), ThreadPoolExecutor()
        futures = [executor.submit(len, item) for item in items]
        quick = [threads.submit(len, item) for item in items]
        BODY
    """


@pytest.mark.parametrize(
    ("body", "inputs"),
    [
        ("zip(items, pool.imap_unordered(len, items))  # here", "items"),
        ("zip(items, list(pool.imap_unordered(len, items)))  # here", "items"),
        (
            "found = [x for x in pool.imap_unordered(len, items)]\nzip(found, items)  # here",
            "items",
        ),
        ("zip(items, as_completed(futures))  # here", "items"),
        ("zip(futures, as_completed(futures))  # here", "futures"),
        (
            "for a, b in zip(items, pool.imap_unordered(len, items)):  # here\n    print(a, b)",
            "items",
        ),
        (
            "for a, b in zip(items, pool.imap_unordered(len, items)):  # here\n"
            "    print(a)\n    print(b)",
            None,
        ),
        (
            "for pair in zip(items, pool.imap_unordered(len, items)):  # here\n    print(pair)",
            "items",
        ),
        ("zip(items, tqdm.tqdm(pool.imap_unordered(len, items)))  # here", "items"),
        ("zip(others, pool.imap_unordered(len, items))  # here", None),
        ("zip(items(), pool.imap_unordered(len, items()))  # here", None),
        ("zip(items, as_completed(others()))  # here", None),
        ("zip(items, pool.imap(len, items))  # here", None),
        ("zip(items, sorted(pool.imap_unordered(len, items)))  # here", None),
        ("zip(items, [x for x in pool.imap_unordered(len, items) if x])  # here", None),
        ("zip(items, as_completed(quick))  # here", None),
        ("zip(items, toolbox.imap_unordered(len, items))  # here", None),
    ],
)
def test_a_zip_of_results(tmp_path: Path, body: str, inputs: str | None) -> None:
    program = small(tmp_path, put_into(WORK, body))
    found = program.view().mispaired(program.node("here", cst.Call))
    assert [mispaired.inputs for mispaired in found] == ([inputs] if inputs else [])


@pytest.mark.parametrize(
    ("source", "body", "inputs"),
    [
        ("pool.imap_unordered(len, items)", "print(items[i], x)", "items"),
        ("as_completed(futures)", "print(items[i])", "items"),
        ("pool.imap_unordered(len, items)", "print(i, x)", None),
        ("pool.imap_unordered(len, items)", "others[i] = x", None),
        ("pool.imap(len, items)", "print(items[i])", None),
    ],
)
def test_a_numbered_loop(tmp_path: Path, source: str, body: str, inputs: str | None) -> None:
    loop = f"for i, x in enumerate({source}):  # here\n    {body}"
    program = small(tmp_path, put_into(WORK, loop))
    found = program.view().mispaired(program.node("here", cst.For))
    assert [mispaired.inputs for mispaired in found] == ([inputs] if inputs else [])


def test_a_number_and_a_result_in_one_variable(tmp_path: Path) -> None:
    """It is not looked for where the number is."""
    loop = "for x in enumerate(pool.imap_unordered(len, items)):  # here\n    print(items[x[0]])"
    program = small(tmp_path, put_into(WORK, loop))
    assert program.view().mispaired(program.node("here", cst.For)) == []
