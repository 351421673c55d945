"""What objects do not have."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest
from small import small

SOURCE = """
    import concurrent.futures
    import billiard

    class Own(mp.Process):
        def __init__(self, extra):
            super().__init__()
        def stop(self): pass

    class Bare(mp.Process):
        pass

    def function(given):
        process, pool = mp.Process(target=print), mp.Pool()
        executor = concurrent.futures.ProcessPoolExecutor()
        threads = concurrent.futures.ThreadPoolExecutor()
        lock, own = mp.Lock(), Own(1)
        process.label = 1
        try:
            {line}  # here
        except KeyError:
            pass
"""


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("process.stop()", "Use `terminate()`."),
        ("process.exit_code", "The name is `exitcode`."),
        ("process.exitcode", None),
        ("process.label", None),
        ("process._popen", None),
        ("process.deamon = True", "The name is `daemon`."),
        ("process.other = True", None),
        ("process.daemon = True", None),
        ("own.stop()", None),
        ("pool.apply_sync(print)", "The name is `apply_async`."),
        ("pool.map_asyncs(print)", "The nearest name is `map_async`."),
        ("pool.apply_async(print).result()", "Use `get()`."),
        ("executor.submit(print).get()", "Use `result()`."),
        ("executor.submit(print).set_result(1)", None),
        ("threads.stop()", None),
        ("(pool if given else executor).submit(print)", None),
        ("given.stop()", None),
        ("billiard.Pool().grow(1)", None),
        ("mp.Queue().stop()", None),  # said elsewhere
        ("lock.unlock()", "The nearest name is `locked`."),
    ],
)
def test_attributes(tmp_path: Path, line: str, instead: str | None) -> None:
    asked = small(tmp_path, SOURCE.replace("{line}", line))
    view = asked.view()
    found = [
        unknown
        for at, node in enumerate(view.lowered.nodes)
        if isinstance(node, cst.Attribute)
        for unknown in view.unknown_members(node)
    ]
    assert [unknown.instead for unknown in found] == ([instead] if instead else [])


@pytest.mark.parametrize(
    ("call", "instead"),
    [
        ("mp.Process(target=print, arg=(1,))", "The name is `args`."),
        ("mp.Process(target=print, args=(1,), daemon=True)", None),
        ("Bare(targt=print)", "The nearest name is `target`."),
        ("Own(extra=1)", None),
        ("mp.Pool(max_workers=2)", "The name is `processes`."),
        ("mp.Queue(max_size=2)", "The nearest name is `maxsize`."),
        ("concurrent.futures.ProcessPoolExecutor(processes=2)", "The name is `max_workers`."),
        ("concurrent.futures.ThreadPoolExecutor(thread_name_prefix='a')", None),
        ("pool.apply_async(print, (1,), kwargs={})", "The name is `kwds`."),
        ("executor.map(print, [1], chunk_size=1)", "The nearest name is `chunksize`."),
        ("executor.submit(print, any=1)", None),
        ("lock.acquire(blocking=False)", "The name is `block`."),
        ("billiard.Pool(any=1)", None),
        ("mp.Process(**given)", None),
    ],
)
def test_parameters(tmp_path: Path, call: str, instead: str | None) -> None:
    asked = small(tmp_path, SOURCE.replace("{line}", call))
    found = asked.view().unknown_members(asked.node("here", cst.Call))
    assert [unknown.instead for unknown in found] == ([instead] if instead else [])
