"""The questions that rules ask of a program, by what they are about."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from mplint.model.channels.bounded import Bounded
    from mplint.model.channels.changing import Changing
    from mplint.model.channels.copies import Copies
    from mplint.model.channels.draining import Draining
    from mplint.model.channels.ending import Ending
    from mplint.model.channels.looks import Looks
    from mplint.model.channels.order import Order
    from mplint.model.channels.pairing import Pairing
    from mplint.model.channels.pipes import Pipes
    from mplint.model.channels.sentinels import Sentinels
    from mplint.model.channels.spinning import Spinning
    from mplint.model.channels.tasks import Tasks
    from mplint.model.channels.waiting import Waiting
    from mplint.model.crossing.bulk import Bulk
    from mplint.model.crossing.exceptions import Exceptions
    from mplint.model.crossing.importing import Importing
    from mplint.model.crossing.interfaces import Interfaces
    from mplint.model.crossing.members import Members
    from mplint.model.crossing.pickling import Pickling
    from mplint.model.crossing.signatures import Signatures
    from mplint.model.pools.jobs import Jobs
    from mplint.model.pools.pool_use import PoolUse
    from mplint.model.pools.pools import Pools
    from mplint.model.pools.results import Results
    from mplint.model.processes.children import Children
    from mplint.model.processes.joining import Joining
    from mplint.model.processes.killing import Killing
    from mplint.model.processes.lifecycle import Lifecycle
    from mplint.model.program import Program
    from mplint.model.sharing.files import SharedFiles
    from mplint.model.sharing.locks import Locks
    from mplint.model.sharing.memory import Memory
    from mplint.model.sharing.signals import Signals
    from mplint.model.sharing.updates import Updates
    from mplint.model.starting.contexts import Contexts
    from mplint.model.starting.coroutines import Coroutines
    from mplint.model.starting.defaults import Defaults
    from mplint.model.starting.forking import Forking
    from mplint.model.starting.startup import Startup
    from mplint.model.state.afterwards import Afterwards
    from mplint.model.state.globals import Globals
    from mplint.model.state.inherited import Inherited
    from mplint.model.state.references import References
    from mplint.model.state.sharing import Sharing


class Questions:
    """One attribute per room of the model, which is imported and made when it is first asked. A
    Program is one of these."""

    @property
    def _program(self) -> Program:
        return cast("Program", self)

    @cached_property
    def waiting(self) -> Waiting:
        """Who waits for whom, and what becomes of it when the other side fails."""
        from mplint.model.channels.waiting import Waiting

        return Waiting(self._program)

    @cached_property
    def sentinels(self) -> Sentinels:
        """How consumers are told to stop, by whom and how often."""
        from mplint.model.channels.sentinels import Sentinels

        return Sentinels(self._program)

    @cached_property
    def ending(self) -> Ending:
        """Whether consumers hear of the end of the work, and not before it is there."""
        from mplint.model.channels.ending import Ending

        return Ending(self._program)

    @cached_property
    def copies(self) -> Copies:
        """Names that are taken for different objects and are one."""
        from mplint.model.channels.copies import Copies

        return Copies(self._program)

    @cached_property
    def changing(self) -> Changing:
        """What becomes of an object after it was put on a queue."""
        from mplint.model.channels.changing import Changing

        return Changing(self._program)

    @cached_property
    def pairing(self) -> Pairing:
        """Whether results are paired with what they are the results of."""
        from mplint.model.channels.pairing import Pairing

        return Pairing(self._program)

    @cached_property
    def draining(self) -> Draining:
        """Whether what is put is taken out in time."""
        from mplint.model.channels.draining import Draining

        return Draining(self._program)

    @cached_property
    def bounded(self) -> Bounded:
        """Whether there is room in bounded queues."""
        from mplint.model.channels.bounded import Bounded

        return Bounded(self._program)

    @cached_property
    def tasks(self) -> Tasks:
        """Whether items are marked as done."""
        from mplint.model.channels.tasks import Tasks

        return Tasks(self._program)

    @cached_property
    def looks(self) -> Looks:
        """Whether a look at a queue can tell what it is asked."""
        from mplint.model.channels.looks import Looks

        return Looks(self._program)

    @cached_property
    def spinning(self) -> Spinning:
        """Whether a loop that asks for something ever pauses."""
        from mplint.model.channels.spinning import Spinning

        return Spinning(self._program)

    @cached_property
    def sharing(self) -> Sharing:
        """What processes share, and what they only seem to."""
        from mplint.model.state.sharing import Sharing

        return Sharing(self._program)

    @cached_property
    def interfaces(self) -> Interfaces:
        """What objects can be asked to do."""
        from mplint.model.crossing.interfaces import Interfaces

        return Interfaces(self._program)

    @cached_property
    def members(self) -> Members:
        """What objects do not have, and the nearest right name."""
        from mplint.model.crossing.members import Members

        return Members(self._program)

    @cached_property
    def pickling(self) -> Pickling:
        """What can be sent to another process."""
        from mplint.model.crossing.pickling import Pickling

        return Pickling(self._program)

    @cached_property
    def exceptions(self) -> Exceptions:
        """Whether errors and results come back from a pool's worker."""
        from mplint.model.crossing.exceptions import Exceptions

        return Exceptions(self._program)

    @cached_property
    def defaults(self) -> Defaults:
        """Which start method is in force."""
        from mplint.model.starting.defaults import Defaults

        return Defaults(self._program)

    @cached_property
    def startup(self) -> Startup:
        """What happens when a module is imported."""
        from mplint.model.starting.startup import Startup

        return Startup(self._program)

    @cached_property
    def order(self) -> Order:
        """What comes before what: puts and closes, results and what they are paired with."""
        from mplint.model.channels.order import Order

        return Order(self._program)

    @cached_property
    def pipes(self) -> Pipes:
        """Who holds which end of a pipe."""
        from mplint.model.channels.pipes import Pipes

        return Pipes(self._program)

    @cached_property
    def signatures(self) -> Signatures:
        """Whether arguments fit what they are given to."""
        from mplint.model.crossing.signatures import Signatures

        return Signatures(self._program)

    @cached_property
    def importing(self) -> Importing:
        """Whether a child can find a function or class again by its name."""
        from mplint.model.crossing.importing import Importing

        return Importing(self._program)

    @cached_property
    def lifecycle(self) -> Lifecycle:
        """What becomes of a process object: made, started, joined, closed, killed."""
        from mplint.model.processes.lifecycle import Lifecycle

        return Lifecycle(self._program)

    @cached_property
    def children(self) -> Children:
        """What the process of a worker cannot do, and what takes its end from its parent."""
        from mplint.model.processes.children import Children

        return Children(self._program)

    @cached_property
    def joining(self) -> Joining:
        """How processes are waited for: one by one, only the last, for a while."""
        from mplint.model.processes.joining import Joining

        return Joining(self._program)

    @cached_property
    def killing(self) -> Killing:
        """What is lost with a process that is killed, or ends with the program."""
        from mplint.model.processes.killing import Killing

        return Killing(self._program)

    @cached_property
    def inherited(self) -> Inherited:
        """What a child gets to see of what its parent has set or opened."""
        from mplint.model.state.inherited import Inherited

        return Inherited(self._program)

    @cached_property
    def references(self) -> References:
        """How long an object lives in the process that made it."""
        from mplint.model.state.references import References

        return References(self._program)

    @cached_property
    def results(self) -> Results:
        """Who reads the result of a task."""
        from mplint.model.pools.results import Results

        return Results(self._program)

    @cached_property
    def jobs(self) -> Jobs:
        """What runs in the processes of a pool."""
        from mplint.model.pools.jobs import Jobs

        return Jobs(self._program)

    @cached_property
    def pool_use(self) -> PoolUse:
        """How a pool is used."""
        from mplint.model.pools.pool_use import PoolUse

        return PoolUse(self._program)

    @cached_property
    def bulk(self) -> Bulk:
        """Large data in the tasks of a pool."""
        from mplint.model.crossing.bulk import Bulk

        return Bulk(self._program)

    @cached_property
    def pools(self) -> Pools:
        """What becomes of a pool: made, used, closed, left."""
        from mplint.model.pools.pools import Pools

        return Pools(self._program)

    @cached_property
    def updates(self) -> Updates:
        """Whether changes of shared values are safe from each other."""
        from mplint.model.sharing.updates import Updates

        return Updates(self._program)

    @cached_property
    def locks(self) -> Locks:
        """Which locks are held where, and whether they are released."""
        from mplint.model.sharing.locks import Locks

        return Locks(self._program)

    @cached_property
    def memory(self) -> Memory:
        """How long shared memory and managers live."""
        from mplint.model.sharing.memory import Memory

        return Memory(self._program)

    @cached_property
    def signals(self) -> Signals:
        """Whether somebody sets, notifies or arrives where others wait."""
        from mplint.model.sharing.signals import Signals

        return Signals(self._program)

    @cached_property
    def files(self) -> SharedFiles:
        """Which files several processes write."""
        from mplint.model.sharing.files import SharedFiles

        return SharedFiles(self._program)

    @cached_property
    def contexts(self) -> Contexts:
        """Which start method is set where, and what belongs to which."""
        from mplint.model.starting.contexts import Contexts

        return Contexts(self._program)

    @cached_property
    def forking(self) -> Forking:
        """What a forked child inherits half of: threads, handlers, accelerators."""
        from mplint.model.starting.forking import Forking

        return Forking(self._program)

    @cached_property
    def coroutines(self) -> Coroutines:
        """What blocks an event loop."""
        from mplint.model.starting.coroutines import Coroutines

        return Coroutines(self._program)

    @cached_property
    def globals(self) -> Globals:
        """The variables of modules and classes: who sets them, and who reads them."""
        from mplint.model.state.globals import Globals

        return Globals(self._program)

    @cached_property
    def afterwards(self) -> Afterwards:
        """What still runs when the main module has ended."""
        from mplint.model.state.afterwards import Afterwards

        return Afterwards(self._program)
