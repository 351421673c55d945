"""Programs that several test modules ask about."""

from __future__ import annotations

PRODUCER = """
    import time

    results = mp.Queue()  # made

    def work(results):
        BODY

    process = mp.Process(target=work, args=(results,))
    process.start()
    results.get()  # wait
"""
