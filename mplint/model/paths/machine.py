"""Automata over the events of a path through a function, and the ways on which a path can end."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.paths.raising import Error
from mplint.model.values import Activation, Site

if TYPE_CHECKING:
    from mplint.model.nouns import Operation

State = TypeVar("State", bound=Hashable)


class Raised(Struct, frozen=True):
    """The way out of a block by an exception."""

    error: Error


class Gone(Struct, frozen=True):
    """The way out by `os._exit`: the process ends here and now."""


Way: TypeAlias = "str | Raised | Gone"
NORMAL, RETURN, BREAK, CONTINUE = "normal", "return", "break", "continue"


class Reason(Struct, frozen=True):
    """The statement by whose failure a state was reached. Of several the likeliest is kept: the
    `weight` is high for calls of what users bring along, and low for those of libraries."""

    site: Site
    weight: int


Place: TypeAlias = "tuple[Activation, int]"

States: TypeAlias = "dict[Hashable, Reason | None]"
"""The states in which a way is taken, each with the failure that led there."""

Ends: TypeAlias = "dict[Way, States]"


class Machine(Generic[State]):
    """An automaton over the events of a path. The states it returns must be few."""

    skips_loops = False
    """Whether the body of a `while` may not run at all: its test may fail at once."""

    def operate(self, state: State, operation: Operation) -> Iterable[State]:
        """The states after an operation on a followed object."""
        return (state,)

    def follows(self, operation: Operation) -> bool:
        """Whether an operation is on the one object whose fate the machine tells."""
        return False

    def unsure(self, state: State, operation: Operation) -> Iterable[State]:
        """The states after an operation whose receiver may be another object."""
        return (state, *self.operate(state, operation))

    def fail(self, state: State, error: Error, at: Site) -> State:
        """The state in which an exception leaves the statement at `at`."""
        return state

    def test(self, state: State, test: f.Expr, activation: Activation, holds: bool) -> State | None:
        """The state in a branch; None when the branch is not taken in this state."""
        return state

    def leave(self, state: State, step: f.Leave, activation: Activation) -> State:
        """The state in which `return`, `break` or `continue` leaves its block."""
        return state

    def hidden(self, state: State, activation: Activation, at: int) -> Iterable[State]:
        """The states after a call of code that we do not see."""
        return (state,)

    def make(self, state: State, activation: Activation, at: int) -> Iterable[State]:
        """The states after a call that makes followed objects."""
        return (state,)

    def launch(self, state: State, activation: Activation, at: int) -> Iterable[State]:
        """The states after a call that starts something elsewhere."""
        return (state,)

    def called(self, state: State, call: f.Call, activation: Activation) -> State:
        """The state after a call of anything, once all else that it does has been followed."""
        return state

    def stored(self, state: State, target: f.Expr, activation: Activation) -> State:
        """The state after an assignment to a variable, an attribute or an element."""
        return state

    def paused(self, state: State, at: int, activation: Activation) -> State:
        """The state after a `yield`: whoever takes the items comes back when it likes."""
        return state

    def ended(self, state: State, operation: Operation) -> Iterable[State]:
        """The states after the last get of `iter(q.get, sentinel)`, which gives the sentinel."""
        return self.operate(state, operation)

    def repeated(self, state: State) -> Iterable[State]:
        """The states after a recursive call, of which nothing is known."""
        return (state,)

    def concerns(self, state: State) -> frozenset[Place] | None:
        """The only places at which a state may become another than the machine's `elsewhere` makes
        of it. None for all."""
        return None

    def alike(self, state: State) -> State:
        """A state that stands for this one where nothing concerns the machine: it becomes there
        what this one becomes, or stays as it is where this one does."""
        return state

    def elsewhere(self) -> tuple[Hashable, Machine[Any]]:
        """What this machine is at the places that do not concern it, with a name for that: one for
        all machines that are the same there."""
        return "still", Machine[Any]()
