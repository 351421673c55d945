"""Whether changes of shared values are safe from each other, and whether they reach the others."""

from __future__ import annotations

from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.facts import describe
from mplint.model.nouns import MAIN
from mplint.model.sharing import handed_out
from mplint.model.sharing.handed_out import LostChange
from mplint.model.sharing.rebound import Rebound, rebound
from mplint.model.sharing.unguarded import Unguarded
from mplint.model.state.once import is_many, is_single, overlap
from mplint.model.values import Activation, Literal, Made, Site, Value

if TYPE_CHECKING:
    from mplint.model.nouns import Runner, Worker
    from mplint.model.program import Program


class Update(Struct, frozen=True):
    """A statement that reads a shared value, and writes what it has made of it."""

    activation: Activation
    at: int
    made: Made
    target: f.Expr

    @property
    def site(self) -> Site:
        return Site(self.activation.path, self.at)


class Unlocked(Struct, frozen=True):
    """An update that several processes can do at the same time: those of `worker`, or those of
    `worker` and of another one, which does `other`."""

    update: Update
    worker: Worker
    written: str
    lock: str  # what to write instead of nothing
    other: Update | None = None


class Updates:
    """The questions of this room, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._unguarded = Unguarded(program)

    def lost_change(self, step: f.Step, activation: Activation) -> LostChange | None:
        """A change of what a manager's dict, list or namespace has handed out, which is a copy."""
        return handed_out.lost_change(self.program, step, activation)

    def rebound(self, step: f.Step, activation: Activation) -> Rebound | None:
        """An assignment to the name of a shared value, where its value is meant."""
        return rebound(self.program, step, activation)

    # Read, changed, written ---------------------------------------------------------------------

    def unlocked(self, step: f.Step, activation: Activation) -> Unlocked | None:
        """Why an update can be lost: nobody holds a lock, and several processes do it at once."""
        update = self.update(step, activation)
        return self._lost(update) if update is not None else None

    def guarded_by(self, lock: Made) -> Unlocked | None:
        """An update that a lock is held for, and that can be lost if that does not keep other
        processes away."""
        for updates in self._updates.values():
            for update in updates:
                if self._lost(update) is None:
                    lost = self._lost(update, but=lock)
                    if lost is not None:
                        return lost
        return None

    def _lost(self, update: Update, but: Made | None = None) -> Unlocked | None:
        if not self._is_shared(update.made):
            return None
        workers = self._writers(update)
        if not workers or not self._unguarded.is_unguarded(update.activation, update.at, but=but):
            return None
        for worker in workers:
            if is_many(self.program, worker):
                return self._unlocked(update, worker)
            if any(overlap(worker, w) for w in workers if w is not worker):
                return self._unlocked(update, worker)
        for worker in workers:
            for other in self._others(update):
                others = [w for w in self._writers(other) if w is not worker]
                if any(overlap(worker, w) for w in others):
                    return self._unlocked(update, worker, other)
        return None

    def _unlocked(self, update: Update, worker: Worker, other: Update | None = None) -> Unlocked:
        made, target = update.made, update.target
        assert isinstance(target, (f.Attribute, f.Subscript))
        if "get_lock" in made.kind.methods and not self._has_no_lock(made):
            lock = f"`with {describe(target.value)}.get_lock():`"
        elif made.kind.family == "manager":
            lock = "`with lock:`, where `lock` is a `manager.Lock()` that all of them are given"
        else:
            lock = "`with lock:`, where `lock` is a `multiprocessing.Lock()` that all are given"
        return Unlocked(update, worker, describe(target), lock, other)

    def _has_no_lock(self, made: Made) -> bool:
        given = self.program.solver.cells.get((made, "lock"), frozenset())
        return any(isinstance(value, Literal) and value.value is False for value in given)

    def _writers(self, update: Update) -> list[Worker]:
        runners = self.program.runners(update.activation)
        return sorted((r for r in runners if not isinstance(r, str)), key=lambda w: w.order)

    def _is_shared(self, made: Made) -> bool:
        """Whether there is one such object for all processes."""
        if made.kind.role == "memory":
            created = self.program.solver.cells.get((made, "create"), frozenset())
            if not created:
                return True  # a worker looks it up by its name
        makers = {
            runner
            for activation, _ in self.program.made.get(made, ())
            for runner in self.program.runners(activation)
        }
        return MAIN in makers and is_single(self.program, made)

    def update(self, step: f.Step, activation: Activation) -> Update | None:
        """The shared value that a statement reads, changes and writes."""
        if not isinstance(step, f.Bind) or len(step.targets) != 1 or step.value is None:
            return None
        (target,) = step.targets
        if not isinstance(target, (f.Attribute, f.Subscript)):
            return None
        made = self.shared_place(target, activation)
        if made is None:
            return None
        if step.operator is None and not self._reads(step, target, activation):
            return None
        return Update(activation, step.at, made, target)

    def shared_place(self, target: f.Expr, activation: Activation) -> Made | None:
        """The shared object that `target`, an attribute or element, is a place in: the same place
        in all processes."""
        if not isinstance(target, (f.Attribute, f.Subscript)):
            return None
        owner: f.Expr = target.value
        if isinstance(owner, f.Attribute) and owner.name == "buf":
            owner = owner.value
            roles: tuple[str, ...] = ("memory",)
        else:
            roles = ("value", "proxy")
        objects = self.program.objects(self.program.values(owner, activation))
        if len(objects) != 1:
            return None
        (made,) = objects
        if not isinstance(made, Made) or made.kind.role not in roles:
            return None
        if made.kind.family not in ("process", "manager"):
            return None
        if isinstance(target, f.Attribute):
            named = made.kind.role == "value" or made.kind.name == "Namespace"
            known = target.name in made.kind.attributes or not made.kind.knows(target.name)
            return made if named and known and not target.name.startswith("_") else None
        if made.kind.role == "proxy" and made.kind.name not in ("dict", "list"):
            return None
        return made if self._is_common(target.index, activation) else None

    def _is_common(self, index: f.Expr, activation: Activation) -> bool:
        """Whether all processes use the same places: a constant one, all of a range that begins at
        nothing, or words of a text."""
        values = self.program.values(index, activation)
        if values and all(isinstance(value, Literal) for value in values):
            return isinstance(index, f.Constant) or len(values) == 1
        if not isinstance(index, f.Name):
            return False
        for step in self.program.outline(activation).turns.get(index.id, ()):
            if isinstance(step.source, f.Call):
                return self._covers_all(step.source, activation)
        return False

    def _covers_all(self, source: f.Call, activation: Activation) -> bool:
        function = source.function
        if isinstance(function, f.Attribute):
            return function.name == "split"
        given = [argument.value for argument in source.arguments]
        if not isinstance(function, f.Name) or function.id != "range" or not given:
            return False
        *begin, bound = given
        if begin and not (
            isinstance(begin[0], f.Constant) and begin[0].value == 0 and not begin[1:]
        ):
            return False
        if isinstance(bound, f.Call):
            return isinstance(bound.function, f.Name) and bound.function.id == "len"
        values = self.program.values(bound, activation)
        return len(values) == 1 and all(isinstance(value, Literal) for value in values)

    def _reads(self, step: f.Bind, target: f.Expr, activation: Activation) -> bool:
        """Whether what is written is made of what was there: `v.value = v.value + 1`, or
        `old = v.value` before and `v.value = old + 1`."""
        assert step.value is not None
        texts = {describe(target)}
        if isinstance(target, f.Subscript):
            texts.add(f"{describe(target.value)}.get({describe(target.index)}, 0)")
        bindings = self.program.outline(activation).bindings
        for inner in f.within(step.value):
            if describe(inner) in texts:
                return True
            if isinstance(inner, f.Name) and inner is not step.value:
                found = [b.value for b in bindings.get(inner.id, ()) if b.whole and b.at < step.at]
                if len(found) == 1 and found[0] is not None and describe(found[0]) in texts:
                    return True
        return False

    @cached_property
    def _updates(self) -> dict[Value, list[Update]]:
        found: dict[Value, list[Update]] = {}
        for activation in self.program.solver.activations:
            for step in f.steps(activation.scope.body):
                update = self.update(step, activation)
                if update is not None:
                    found.setdefault(update.made, []).append(update)
        return found

    def _others(self, update: Update) -> list[Update]:
        """The other updates of the same attribute, or of elements that may be the same: of those
        that the same processes do, one."""
        alike = self._alike.get((update.made, _place(update)), {}).values()
        chosen = [next((u for u in group if u[1].site != update.site), None) for group in alike]
        return [other for _, other in sorted(filter(None, chosen), key=itemgetter(0))]

    @cached_property
    def _alike(self) -> dict[tuple[Value, str], dict[frozenset[Runner], list[_Numbered]]]:
        """By what is changed and by whom, two of the updates, where there are several, in order."""
        found: dict[tuple[Value, str], dict[frozenset[Runner], list[_Numbered]]] = {}
        for made, updates in self._updates.items():
            for number, update in enumerate(updates):
                groups = found.setdefault((made, _place(update)), {})
                group = groups.setdefault(self.program.runners(update.activation), [])
                if not group or (len(group) == 1 and group[0][1].site != update.site):
                    group.append((number, update))
        return found


_Numbered: TypeAlias = "tuple[int, Update]"


def _place(update: Update) -> str:
    """Which attribute or element is changed."""
    if isinstance(update.target, f.Attribute):
        return f".{update.target.name}"
    assert isinstance(update.target, f.Subscript)
    return f"[{describe(update.target.index)}]"
