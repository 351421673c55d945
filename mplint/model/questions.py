"""The questions that rules ask of a program, by what they are about."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Generic, TypeVar, cast

if TYPE_CHECKING:
    from mplint.model.channels.bounded import Bounded
    from mplint.model.channels.changing import Changing
    from mplint.model.channels.copies import Copies
    from mplint.model.channels.draining import Draining
    from mplint.model.channels.ending import Ending
    from mplint.model.channels.excuses import Excuses
    from mplint.model.channels.failing import Failing
    from mplint.model.channels.gaps import Gaps
    from mplint.model.channels.looks import Looks
    from mplint.model.channels.order import Order
    from mplint.model.channels.pairing import Pairing
    from mplint.model.channels.pipes import Pipes
    from mplint.model.channels.sentinels import Sentinels
    from mplint.model.channels.spinning import Spinning
    from mplint.model.channels.standins import StandIns
    from mplint.model.channels.tasks import Tasks
    from mplint.model.channels.waiting import Waiting
    from mplint.model.crossing.bulk import Bulk
    from mplint.model.crossing.departing import Departing
    from mplint.model.crossing.exceptions import Exceptions
    from mplint.model.crossing.importing import Importing
    from mplint.model.crossing.interfaces import Interfaces
    from mplint.model.crossing.members import Members
    from mplint.model.crossing.pickling import Pickling
    from mplint.model.crossing.signatures import Signatures
    from mplint.model.paths.amounts import Amounts
    from mplint.model.paths.counts import Counter
    from mplint.model.paths.raising import Raising
    from mplint.model.pools.callbacks import Callbacks
    from mplint.model.pools.jobs import Jobs
    from mplint.model.pools.pool_use import PoolUse
    from mplint.model.pools.pools import Pools
    from mplint.model.pools.results import Results
    from mplint.model.processes.children import Children
    from mplint.model.processes.joining import Joining
    from mplint.model.processes.killing import Killing
    from mplint.model.processes.lifecycle import Lifecycle
    from mplint.model.processes.threads import Threads
    from mplint.model.program import Program
    from mplint.model.sharing.files import SharedFiles
    from mplint.model.sharing.locks import Locks
    from mplint.model.sharing.memory import Memory
    from mplint.model.sharing.signals import Signals
    from mplint.model.sharing.updates import Updates
    from mplint.model.sight import Sight
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

T = TypeVar("T")


class Room(Generic[T]):
    """An attribute of `Questions` that is imported and made when it is first asked, once for a
    program. `path` is that of a class below `mplint.model`, which takes the program."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __set_name__(self, owner: type[Questions], name: str) -> None:
        self.name = name

    def __get__(self, asker: Questions, owner: type[Questions]) -> T:
        rooms = vars(asker.program)
        if self.name not in rooms:
            module, _, made = self.path.rpartition(".")
            rooms[self.name] = getattr(import_module(f"mplint.model.{module}"), made)(asker.program)
        # from now on it is found there, and this is not called again
        room = vars(asker)[self.name] = rooms[self.name]
        return cast("T", room)


class Questions:
    """One attribute per room of the model: a Program is one of these, and so is the View that rules
    have of it."""

    program: Program

    sight: Room[Sight] = Room("sight.Sight")
    """What of an object's uses is in sight."""

    failing: Room[Failing] = Room("channels.failing.Failing")
    """How workers end before they have done what others wait for."""

    counter: Room[Counter] = Room("paths.counts.Counter")
    """How often a place is come to, and which definition of a variable that is."""

    amounts: Room[Amounts] = Room("paths.amounts.Amounts")
    """How many processes there are, and how often something is done to what they share."""

    raising: Room[Raising] = Room("paths.raising.Raising")
    """What raises, and what catches it."""

    waiting: Room[Waiting] = Room("channels.waiting.Waiting")
    """Who waits for whom, and what becomes of it when the other side fails."""

    excuses: Room[Excuses] = Room("channels.excuses.Excuses")
    """What lets a wait be for ever, or sees to it that it is not."""

    threads: Room[Threads] = Room("processes.threads.Threads")
    """Which functions run in threads."""

    sentinels: Room[Sentinels] = Room("channels.sentinels.Sentinels")
    """How consumers are told to stop, by whom and how often."""

    ending: Room[Ending] = Room("channels.ending.Ending")
    """Whether consumers hear of the end of the work, and not before it is there."""

    copies: Room[Copies] = Room("channels.copies.Copies")
    """Names that are taken for different objects and are one."""

    changing: Room[Changing] = Room("channels.changing.Changing")
    """What becomes of an object after it was put on a queue."""

    pairing: Room[Pairing] = Room("channels.pairing.Pairing")
    """Whether results are paired with what they are the results of."""

    gaps: Room[Gaps] = Room("channels.gaps.Gaps")
    """What becomes of numbered items when one of them is lost."""

    draining: Room[Draining] = Room("channels.draining.Draining")
    """Whether what is put is taken out in time."""

    bounded: Room[Bounded] = Room("channels.bounded.Bounded")
    """Whether there is room in bounded queues."""

    tasks: Room[Tasks] = Room("channels.tasks.Tasks")
    """Whether items are marked as done."""

    standins: Room[StandIns] = Room("channels.standins.StandIns")
    """What only acts as a queue or a pool, on another branch than the real one."""

    looks: Room[Looks] = Room("channels.looks.Looks")
    """Whether a look at a queue can tell what it is asked."""

    spinning: Room[Spinning] = Room("channels.spinning.Spinning")
    """Whether a loop that asks for something ever pauses."""

    sharing: Room[Sharing] = Room("state.sharing.Sharing")
    """What processes share, and what they only seem to."""

    interfaces: Room[Interfaces] = Room("crossing.interfaces.Interfaces")
    """What objects can be asked to do."""

    members: Room[Members] = Room("crossing.members.Members")
    """What objects do not have, and the nearest right name."""

    pickling: Room[Pickling] = Room("crossing.pickling.Pickling")
    """What can be sent to another process."""

    departing: Room[Departing] = Room("crossing.departing.Departing")
    """Whether a process gets off at all."""

    exceptions: Room[Exceptions] = Room("crossing.exceptions.Exceptions")
    """Whether errors and results come back from a pool's worker."""

    defaults: Room[Defaults] = Room("starting.defaults.Defaults")
    """Which start method is in force."""

    startup: Room[Startup] = Room("starting.startup.Startup")
    """What happens when a module is imported."""

    order: Room[Order] = Room("channels.order.Order")
    """What comes before what: puts and closes, results and what they are paired with."""

    pipes: Room[Pipes] = Room("channels.pipes.Pipes")
    """Who holds which end of a pipe."""

    signatures: Room[Signatures] = Room("crossing.signatures.Signatures")
    """Whether arguments fit what they are given to."""

    importing: Room[Importing] = Room("crossing.importing.Importing")
    """Whether a child can find a function or class again by its name."""

    lifecycle: Room[Lifecycle] = Room("processes.lifecycle.Lifecycle")
    """What becomes of a process object: made, started, joined, closed, killed."""

    children: Room[Children] = Room("processes.children.Children")
    """What the process of a worker cannot do, and what takes its end from its parent."""

    joining: Room[Joining] = Room("processes.joining.Joining")
    """How processes are waited for: one by one, only the last, for a while."""

    killing: Room[Killing] = Room("processes.killing.Killing")
    """What is lost with a process that is killed, or ends with the program."""

    inherited: Room[Inherited] = Room("state.inherited.Inherited")
    """What a child gets to see of what its parent has set or opened."""

    references: Room[References] = Room("state.references.References")
    """How long an object lives in the process that made it."""

    results: Room[Results] = Room("pools.results.Results")
    """Who reads the result of a task."""

    callbacks: Room[Callbacks] = Room("pools.callbacks.Callbacks")
    """What the callbacks of pools fill."""

    jobs: Room[Jobs] = Room("pools.jobs.Jobs")
    """What runs in the processes of a pool."""

    pool_use: Room[PoolUse] = Room("pools.pool_use.PoolUse")
    """How a pool is used."""

    bulk: Room[Bulk] = Room("crossing.bulk.Bulk")
    """Large data in the tasks of a pool."""

    pools: Room[Pools] = Room("pools.pools.Pools")
    """What becomes of a pool: made, used, closed, left."""

    updates: Room[Updates] = Room("sharing.updates.Updates")
    """Whether changes of shared values are safe from each other."""

    locks: Room[Locks] = Room("sharing.locks.Locks")
    """Which locks are held where, and whether they are released."""

    memory: Room[Memory] = Room("sharing.memory.Memory")
    """How long shared memory and managers live."""

    signals: Room[Signals] = Room("sharing.signals.Signals")
    """Whether somebody sets, notifies or arrives where others wait."""

    files: Room[SharedFiles] = Room("sharing.files.SharedFiles")
    """Which files several processes write."""

    contexts: Room[Contexts] = Room("starting.contexts.Contexts")
    """Which start method is set where, and what belongs to which."""

    forking: Room[Forking] = Room("starting.forking.Forking")
    """What a forked child inherits half of: threads, handlers, accelerators."""

    coroutines: Room[Coroutines] = Room("starting.coroutines.Coroutines")
    """What blocks an event loop."""

    globals: Room[Globals] = Room("state.globals.Globals")
    """The variables of modules and classes: who sets them, and who reads them."""

    afterwards: Room[Afterwards] = Room("state.afterwards.Afterwards")
    """What still runs when the main module has ended."""
