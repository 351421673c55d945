"""The model as a rule sees it: from a syntax node of one file to the objects behind it."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import libcst as cst

if TYPE_CHECKING:
    from collections.abc import Callable

    from mplint.model.channels.copies import Repeated
    from mplint.model.channels.gaps import Gap
    from mplint.model.channels.lost_identity import LostIdentity
    from mplint.model.channels.pairing import Mispaired
    from mplint.model.channels.spinning import Spin
    from mplint.model.channels.unsent import Unflushed
    from mplint.model.crossing.interfaces import Missing
    from mplint.model.crossing.members import Unknown
    from mplint.model.sharing.blocks import Leaked
    from mplint.model.sharing.files import Race, Shared
    from mplint.model.sharing.handed_out import LostChange
    from mplint.model.sharing.managers import Ended
    from mplint.model.sharing.misused import Misuse
    from mplint.model.sharing.rebound import Rebound
    from mplint.model.sharing.updates import Unlocked
    from mplint.model.sharing.views import Outlived

from mplint.model import facts as f
from mplint.model.crossing.handover import Handover, handovers
from mplint.model.loading.extract import Lowered
from mplint.model.nouns import Operation, Worker
from mplint.model.program import Program
from mplint.model.questions import Questions
from mplint.model.values import Activation, Instance, Made, Site, Values

T = TypeVar("T")

_NOWHERE: AbstractSet[int] = frozenset()


class View(Questions):
    """One file of a program. Answers are given per activation of the function around a node: what
    is true in one of them is true in some run of the program."""

    def __init__(self, program: Program, path: Path, lowered: Lowered) -> None:
        self.program = program
        self.path = path
        self.lowered = lowered
        self._numbers = lowered.numbers
        # by number in the file
        self._operated = program.operated.get(path, _NOWHERE)
        self._launched = program.launched.get(path, _NOWHERE)
        self._made = program.making.get(path, _NOWHERE)
        self._runs: dict[int, list[Worker]] | None = None
        self._classes: dict[int, list[Worker]] | None = None
        # all rules ask this of the same nodes
        self._handovers: dict[int, list[Handover]] = {}
        self._operations: dict[int, list[Operation]] = {}
        self._activations: dict[int, list[Activation]] = {}
        self._expressions: dict[int, f.Expr | None] = {}

    # Questions ----------------------------------------------------------------------------------

    def spins(self, node: cst.While) -> list[Spin]:
        """What a loop asks for over and over, without a pause."""
        return self._ask_step(node, self.program.spinning.spin)

    def lost_identity(self, node: cst.Comparison) -> list[LostIdentity]:
        """The comparisons of something that was received with an object known by identity."""
        return self._ask(node, self.program.sentinels.lost_identity)

    def unflushed(self, node: cst.Call) -> Unflushed | None:
        """What a call that ends the process, or another one, or lets it end early, drops of what
        that has put."""
        order = self.program.order
        found = self._ask(node, order.hard_exit)
        for drop in self.operations(node, "drop"):
            dropped = order.cancelled(drop)
            found += [dropped] if dropped is not None else []
        for kill in self.operations(node, "kill"):
            killed = order.killed(kill)
            found += [killed] if killed is not None else []
        return found[0] if found else None

    def mispaired(self, node: cst.Call | cst.For) -> list[Mispaired]:
        """The results that a `zip` or a numbered loop pairs with inputs in another order."""
        pairing = self.program.pairing
        if isinstance(node, cst.Call):
            return self._ask(node, pairing.mispaired)
        found = []
        for activation in self.activations(node):
            step = self.program.outline(activation).steps.get(self.site(node).at)
            if isinstance(step, f.For):
                found.append(pairing.mispaired_by_index(step, activation))
        return [mispaired for mispaired in found if mispaired is not None]

    def lost_numbers(self, node: cst.Comparison) -> list[Gap]:
        """How the item of a number is lost that a loop, whose test a node is, waits for in vain."""
        return self._ask(node, self.program.gaps.gap)

    def repeated(self, node: cst.CSTNode) -> list[Repeated]:
        """The objects that an expression repeats instead of making several."""
        return self._ask(node, self.program.copies.repeated)

    def missing_operations(self, node: cst.CSTNode) -> list[Missing]:
        """What a node asks of a queue, a pipe end or the module that these do not have. A node is
        an attribute, a call, a comparison, the source of a loop or the test of a branch."""
        at = self.number(node)
        if at is None or self._in_handler_type(at):
            return []
        interfaces = self.program.interfaces
        if isinstance(node, cst.Attribute):
            return self._ask(node, interfaces.missing_attribute)
        if isinstance(node, cst.Call):
            operations = self.operations(node, "get", "put")
            found = [interfaces.missing_argument(operation) for operation in operations]
            if operations:
                return [missing for missing in found if missing is not None]
        return self._ask(node, interfaces.treated_as_collection)

    def unlocked_updates(self, node: cst.Assign | cst.AugAssign) -> list[Unlocked]:
        """Why what an assignment changes of a shared value can be lost."""
        return self._ask_step(node, self.program.updates.unlocked)

    def rebound_values(self, node: cst.Assign | cst.AugAssign) -> list[Rebound]:
        """The names of shared values that an assignment gives to something else."""
        return self._ask_step(node, self.program.updates.rebound)

    def lost_changes(self, node: cst.CSTNode) -> list[LostChange]:
        """What a statement changes of a copy that a manager has handed out."""
        if isinstance(node, cst.Expr) and not isinstance(node.value, cst.Call):
            return []
        return self._ask_step(node, self.program.updates.lost_change)

    def _ask_step(
        self, node: cst.CSTNode, question: Callable[[Any, Activation], T | None]
    ) -> list[T]:
        """The answers about a statement, one per activation that has one."""
        at = self.number(node)
        if at is None:
            return []
        answers = []
        for activation in self._activations_at(at):
            step = self.program.outline(activation).steps.get(at)
            answer = question(step, activation) if step is not None else None
            if answer is not None:
                answers.append(answer)
        return answers

    def acquires(self, node: cst.With | cst.Call) -> list[Operation]:
        """The locks that a call of `acquire()`, or the beginning of a `with`, takes."""
        if isinstance(node, cst.Call):
            return [o for o in self.operations(node, "acquire") if not o.is_entered]
        numbers = [self.number(item.item) for item in node.items]
        return [
            operation
            for activation in self.activations(node)
            for at in numbers
            if at is not None
            for operation in self.program.operations_at.get((activation, at), ())
            if operation.is_entered
        ]

    def misused_locks(self, node: cst.CSTNode) -> list[Misuse]:
        """What a call, or an expression that is a statement or a test, does with a lock and should
        not."""
        locks = self.program.locks
        if isinstance(node, cst.Call):
            operations = self.operations(node, "acquire", "release")
            found = [locks.misused_call(operation) for operation in operations]
            return [misuse for misuse in found if misuse is not None]
        if isinstance(node, cst.Attribute) and node.attr.value in ("acquire", "release"):
            return self._ask(node, locks.uncalled)
        return []

    def uncalled_locks(self, node: cst.Expr) -> list[Misuse]:
        """What a statement that only names a method of a lock should do with it."""
        return self.misused_locks(node.value) if isinstance(node.value, cst.Attribute) else []

    def tested_locks(self, test: cst.BaseExpression) -> list[Misuse]:
        """What the test of an `if` or `while` asks of a lock, and the lock does not answer."""
        if isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not):
            test = test.expression
        if isinstance(test, cst.Name):
            return self._ask(test, self.program.locks.tested)
        return self.misused_locks(test) if isinstance(test, cst.Attribute) else []

    def ended_managers(self, node: cst.CSTNode) -> list[Ended]:
        """What a `with` or a call does with a manager that is not there, or will be gone."""
        managers = self.program.memory.managers
        at = self.number(node)
        found: list[Ended | None] = []
        for activation in self.activations(node):
            step = self.program.outline(activation).steps.get(-1 if at is None else at)
            if isinstance(node, cst.With) and isinstance(step, f.With):
                found.append(managers.used_after(step, activation))
        if isinstance(node, cst.Call):
            found += [managers.outlived_by(start) for start in self.operations(node, "start")]
            ends = self.operations(node, "shutdown")
            found += [managers.used_after_shutdown(end) for end in ends]
            found += self._ask(node, managers.unstarted)
            found += self._ask(node, managers.dropped)
        return [ended for ended in found if ended is not None]

    def outlived_blocks(self, node: cst.Call | cst.Return) -> list[Outlived]:
        """What looks into shared memory that a call closes, or that goes when a function ends."""
        views = self.program.memory.blocks.views
        if isinstance(node, cst.Call):
            found = [views.after_close(close) for close in self.operations(node, "close")]
        else:
            at = self.number(node)
            found = []
            for activation in self.activations(node):
                step = self.program.outline(activation).steps.get(-1 if at is None else at)
                if isinstance(step, f.Leave):
                    found.append(views.returned(step, activation))
        return [outlived for outlived in found if outlived is not None]

    def leaked_blocks(self, node: cst.Call) -> list[Leaked]:
        """What a call does with shared memory that leaves it behind, or is done twice."""
        blocks = self.program.memory.blocks
        found = [blocks.misplaced(unlink) for unlink in self.operations(node, "other")]
        found += self._ask(node, blocks.never_unlinked)
        found += self._ask(node, blocks.left_open)
        return [leaked for leaked in found if leaked is not None]

    def shared_files(self, node: cst.Call) -> list[Shared]:
        """Which files of several processes a call opens."""
        return self._ask(node, self.program.files.shared)

    def races(self, node: cst.Call) -> list[Race]:
        """What a call makes that another process may make at the same time."""
        return self._ask(node, self.program.files.race)

    def unknown_members(self, node: cst.Attribute | cst.Call) -> list[Unknown]:
        """What a node asks of a process, pool, executor or lock that these do not have."""
        members = self.program.members
        if isinstance(node, cst.Attribute):
            return self._ask(node, members.unknown_attribute)
        return self._ask(node, members.unknown_keyword)

    def _ask(self, node: cst.CSTNode, question: Callable[[Any, Activation], T | None]) -> list[T]:
        """The answers about an expression, one per activation that has one."""
        expression = self.expression(node)
        if expression is None:
            return []
        answers = []
        for activation in self._activations_at(expression.at):
            answer = question(expression, activation)
            if answer is not None:
                answers.append(answer)
        return answers

    def _in_handler_type(self, at: int) -> bool:
        """Whether an expression is the type of an `except`, which has a question of its own."""
        for activation in self._activations_at(at):
            return at in self.program.outline(activation).caught
        return False

    # From nodes to the model --------------------------------------------------------------------

    def number(self, node: cst.CSTNode) -> int | None:
        """The number of a node among the file's facts."""
        return self._numbers.get(id(node))

    def text(self, node: cst.CSTNode) -> str:
        """A node as it is written."""
        return cst.Module([]).code_for_node(node)

    def site(self, node: cst.CSTNode) -> Site:
        at = self._numbers.get(id(node))
        assert at is not None, node
        return Site(self.path, at)

    def place(self, at: int) -> Site:
        """The place of a number of this file."""
        return Site(self.path, at)

    def statement(self, site: Site) -> Site:
        """The statement that a place of this file stands in."""
        for activation in self._activations_at(site.at):
            step = self.program.outline(activation).step_of(site.at)
            if step is not None:
                return Site(site.path, step.at)
        return site

    def activations(self, node: cst.CSTNode) -> list[Activation]:
        """The activations of the function that a node stands in."""
        at = self._numbers.get(id(node))
        return [] if at is None else self._activations_at(at)

    def _activations_at(self, at: int) -> list[Activation]:
        number = self.lowered.scope_of[at]
        found = self._activations.get(number)
        if found is None:
            scope = self.lowered.facts.scopes[number]
            found = self._activations[number] = self.program.activations(scope)
        return found

    def expression(self, node: cst.CSTNode) -> f.Expr | None:
        """The expression that a node was lowered to."""
        at = self._numbers.get(id(node))
        if at is None:
            return None
        if at not in self._expressions:
            found = self._activations_at(at)
            outline = self.program.outline(found[0]) if found else None
            self._expressions[at] = outline.expressions.get(at) if outline else None
        return self._expressions[at]

    def values(self, node: cst.CSTNode) -> Iterator[tuple[Activation, Values]]:
        """What an expression can be, per activation."""
        expression = self.expression(node)
        if expression is not None:
            for activation in self.activations(node):
                yield activation, self.program.values(expression, activation)

    def operations(self, node: cst.Call, *verbs: str) -> list[Operation]:
        """What a call does to followed objects."""
        at = self._numbers.get(id(node))
        if at is None or at not in self._operated:
            return []
        found = self._operations.get(at)
        if found is None:
            found = self._operations[at] = [
                operation
                for activation in self._activations_at(at)
                for operation in self.program.operations_at.get((activation, at), ())
            ]
        return [operation for operation in found if not verbs or operation.does in verbs]

    def launches(self, node: cst.Call) -> list[tuple[Worker, Activation]]:
        """The workers that a call makes or starts, each with the activation it stands in. Empty
        where it may start a thread as well as a process."""
        at = self._numbers.get(id(node))
        if at is None or at not in self._launched:
            return []
        found = [
            (worker, activation)
            for activation in self.activations(node)
            for worker in self.program.launches_at.get((activation, at), ())
        ]
        return found if len({worker.kind.family for worker, _ in found}) == 1 else []

    def handovers(self, node: cst.Call) -> list[Handover]:
        """What a call gives to processes to run."""
        call = self.expression(node)
        if not isinstance(call, f.Call):
            return []
        if call.at not in self._handovers:
            self._handovers[call.at] = [
                given
                for activation in self.activations(node)
                for given in handovers(self.program, call, activation)
            ]
        return list(self._handovers[call.at])

    def runs(self, node: cst.FunctionDef) -> list[Worker]:
        """The process classes whose `run` a function is."""
        if node.name.value != "run":
            return []
        if self._runs is None:
            self._runs = {}
            for worker in self.program.processes:
                for entry in worker.entries if worker.how == "run" else ():
                    if entry.path == self.path:
                        at = id(self.lowered.nodes[entry.scope.at])
                        self._runs.setdefault(at, []).append(worker)
        return list(self._runs.get(id(node), ()))

    def process_classes(self, node: cst.ClassDef) -> list[Worker]:
        """The workers that objects of a class are, where it is a class of processes."""
        if self._classes is None:
            self._classes = {}
            for worker in self.program.processes:
                if worker.how == "run" and isinstance(worker.holder, Instance):
                    cls = worker.holder.cls
                    if cls.path == self.path:
                        at = id(self.lowered.nodes[cls.scope.at])
                        self._classes.setdefault(at, []).append(worker)
        return list(self._classes.get(id(node), ()))

    def made(self, node: cst.Call) -> list[Made]:
        """The followed objects that a call makes."""
        at = self._numbers.get(id(node))
        if at is None or at not in self._made:
            return []
        found = (
            value
            for activation in self.activations(node)
            for value in self.program.record.made.get((activation, at), ())
        )
        return [value for value in found if isinstance(value, Made)]
