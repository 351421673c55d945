"""A process that is forked while a thread holds what the process needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Hangs
from mplint.rule import Applies, Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_Call(self, node: cst.Call) -> None:
        at = self.model.number(node)
        if at is None:
            return
        forking = self.model.forking
        for activation in self.model.activations(node):
            found = forking.left_locked(activation, at)
            if found is not None:
                thread, worker = found.thread.name, found.worker.name
                self.report(
                    node,
                    why=f"{found.fork.what} is forked while the thread of `{thread}` runs: a lock "
                    f"that it holds in this moment stays locked in the child, where `{worker}` "
                    "waits for it for ever",
                    related=[
                        (found.started.site, "the thread is started here"),
                        (found.held.site, "it holds the lock here"),
                        (found.wanted.site, f"`{worker}` waits for it here"),
                        (found.lock, "the lock is made here"),
                    ],
                )
                return
        for task in self.model.operations(node, "call", "call-later"):
            lost = forking.orphaned(task)
            if lost is not None:
                self.report(
                    node,
                    why=f"`{task.text}` in the forked process of `{lost.worker.name}` waits for "
                    "threads that are in the parent: a fork copies the pool without its threads",
                    related=[
                        (lost.used.site, "the parent has used the pool before"),
                        (lost.fork.site, "the process is forked here"),
                    ],
                )
                return


RULE = Rule(
    code="MPL603",
    name="fork-with-threads",
    kind="portability",
    summary="a process is forked while threads run, and needs what these have",
    message="{why} (under fork)",
    help=(
        "Start processes before threads, and make thread pools in the process that uses them; or "
        'use a context of "spawn" or "forkserver", whose children begin anew.'
    ),
    visitor=Visitor,
    applies=Applies(start_methods=("fork",)),
    proof=Hangs("join"),
    subjects=("thread",),
)
