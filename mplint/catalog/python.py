"""What ordinary calls do: which can raise on ordinary data, and which keep what they are given.

A call that is in none of these tables may raise and may keep its arguments.
"""

from __future__ import annotations

import builtins

EXCEPTIONS: dict[str, type[BaseException]] = {
    name: value
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
}

NAMED_TUPLE = "collections.namedtuple."
"""What the names of classes that `namedtuple` makes begin with."""

QUIET: frozenset[str] = frozenset(
    {
        *EXCEPTIONS,
        *[
            "abs",
            "all",
            "any",
            "bin",
            "bool",
            "bytearray",
            "bytes",
            "callable",
            "chr",
            "complex",
            "delattr",
            "dict",
            "dir",
            "divmod",
            "enumerate",
            "filter",
            "float",
            "format",
            "frozenset",
            "getattr",
            "globals",
            "hasattr",
            "hash",
            "hex",
            "id",
            "int",
            "isinstance",
            "issubclass",
            "iter",
            "len",
            "list",
            "locals",
            "map",
            "max",
            "min",
            "oct",
            "ord",
            "print",
            "property",
            "range",
            "repr",
            "reversed",
            "round",
            "set",
            "setattr",
            "slice",
            "sorted",
            "staticmethod",
            "str",
            "sum",
            "super",
            "tuple",
            "type",
            "vars",
            "zip",
        ],
        "bisect.bisect",
        "bisect.bisect_left",
        "bisect.bisect_right",
        "collections.Counter",
        "collections.OrderedDict",
        "collections.defaultdict",
        "collections.deque",
        "collections.namedtuple",
        "contextlib.suppress",
        "copy.copy",
        "ctypes.c_bool",
        "datetime.datetime.now",
        "datetime.datetime.utcnow",
        "datetime.timedelta",
        "functools.partial",
        "functools.wraps",
        "gc.collect",
        "io.BytesIO",
        "io.StringIO",
        "itertools.chain",
        "itertools.count",
        "itertools.cycle",
        "itertools.islice",
        "itertools.product",
        "itertools.repeat",
        "itertools.tee",
        "itertools.zip_longest",
        "logging.getLogger",
        "math.ceil",
        "math.floor",
        "multiprocessing.active_children",
        "multiprocessing.cpu_count",
        "multiprocessing.current_process",
        "multiprocessing.get_logger",
        "multiprocessing.log_to_stderr",
        "multiprocessing.parent_process",
        "operator.itemgetter",
        "os.cpu_count",
        "os.environ.get",
        "os.getcwd",
        "os.getenv",
        "os.getpid",
        "os.getppid",
        "os.nice",
        "os.path.abspath",
        "os.path.basename",
        "os.path.dirname",
        "os.path.exists",
        "os.path.isdir",
        "os.path.isfile",
        "os.path.join",
        "os.sched_getaffinity",
        "os.times",
        "platform.system",
        "random.Random",
        "random.choice",
        "random.randint",
        "random.random",
        "random.seed",
        "random.shuffle",
        "random.uniform",
        "setproctitle.setproctitle",
        "signal.getsignal",
        "signal.signal",
        "socket.gethostname",
        "sys.getsizeof",
        "sys.stderr.flush",
        "sys.stderr.write",
        "sys.stdout.flush",
        "sys.stdout.write",
        "threading.active_count",
        "threading.current_thread",
        "threading.get_ident",
        "threading.main_thread",
        "time.monotonic",
        "time.perf_counter",
        "time.process_time",
        "time.sleep",
        "time.strftime",
        "time.time",
        "time.time_ns",
        "timeit.default_timer",
        "traceback.format_exc",
        "traceback.format_exception",
        "traceback.print_exc",
        "typing.cast",
        "uuid.uuid4",
        "warnings.warn",
    }
)
"""Calls that neither raise on ordinary data nor keep what they are given."""

QUIET_MODULES: frozenset[str] = frozenset({"logging", "warnings", "typing", "dataclasses"})
"""Modules all of whose functions are quiet."""

KEEPERS: frozenset[str] = frozenset(
    {"logging.handlers.QueueHandler", "logging.handlers.QueueListener"}
)
"""Calls of quiet modules that keep what they are given, and use it later."""

KEEPS_NOTHING: frozenset[str] = frozenset(
    {"next", "eval", "json.dumps", "json.loads", "pickle.loads"}
)
"""Calls that may raise but do not keep what they are given."""

QUIET_METHODS: frozenset[str] = frozenset(
    [
        "add",
        "addFilter",
        "addHandler",
        "append",
        "appendleft",
        "capitalize",
        "casefold",
        "center",
        "clear",
        "copy",
        "count",
        "critical",
        "debug",
        "difference",
        "discard",
        "elapsed",
        "encode",
        "endswith",
        "error",
        "exception",
        "extend",
        "extendleft",
        "flush",
        "format",
        "get_ident",
        "getEffectiveLevel",
        "hasHandlers",
        "info",
        "insert",
        "intersection",
        "isalnum",
        "isalpha",
        "isdigit",
        "isdisjoint",
        "isEnabledFor",
        "isspace",
        "issubset",
        "issuperset",
        "items",
        "join",
        "keys",
        "ljust",
        "lower",
        "lstrip",
        "partition",
        "removeFilter",
        "removeHandler",
        "replace",
        "reverse",
        "rfind",
        "rjust",
        "rpartition",
        "rsplit",
        "rstrip",
        "setFormatter",
        "setLevel",
        "setdefault",
        "sort",
        "split",
        "splitlines",
        "startswith",
        "strip",
        "title",
        "total_seconds",
        "union",
        "update",
        "upper",
        "values",
        "warn",
        "warning",
        "zfill",
    ]
)
"""Methods of strings, containers and loggers that do not raise on ordinary data, whatever the
receiver is called."""

SPLITS: frozenset[str] = frozenset({"split", "rsplit"})
"""Methods that give as many parts as there happen to be in a text."""

PLAIN_RESULTS: frozenset[str] = frozenset(
    {
        *[
            "abs",
            "all",
            "any",
            "bin",
            "bool",
            "bytearray",
            "bytes",
            "callable",
            "chr",
            "complex",
            "divmod",
            "float",
            "format",
            "hasattr",
            "hash",
            "hex",
            "id",
            "input",
            "int",
            "isinstance",
            "issubclass",
            "len",
            "oct",
            "ord",
            "pow",
            "print",
            "repr",
            "round",
            "str",
            "sum",
        ],
        "math.ceil",
        "math.floor",
        "os.cpu_count",
        "os.getcwd",
        "os.getenv",
        "os.getpid",
        "os.getppid",
        "os.listdir",
        "os.path.abspath",
        "os.path.basename",
        "os.path.dirname",
        "os.path.exists",
        "os.path.isdir",
        "os.path.isfile",
        "os.path.join",
        "platform.system",
        "multiprocessing.cpu_count",
        "random.choice",
        "random.randint",
        "random.random",
        "random.uniform",
        "socket.gethostname",
        "time.monotonic",
        "time.perf_counter",
        "time.process_time",
        "time.sleep",
        "time.strftime",
        "time.time",
        "traceback.format_exc",
        "uuid.uuid4",
    }
)
"""Calls whose result is plain data: never an object that the model follows."""

SEARCHES: frozenset[str] = frozenset({"index", "rindex"})
"""Methods that raise when a text or list does not hold what they search for."""

SMALL_RESULTS: frozenset[str] = frozenset(
    [
        "bit_length",
        "count",
        "digest",
        "endswith",
        "find",
        "getsize",
        "hexdigest",
        "index",
        "is_alive",
        "isalnum",
        "isalpha",
        "isdigit",
        "isoformat",
        "item",
        "now",
        "perf_counter",
        "qsize",
        "rfind",
        "startswith",
        "time",
        "timestamp",
        "today",
        "total_seconds",
        "utcnow",
    ]
)
"""Methods and functions of modules that give a number, a date or another small thing."""

SMALL_ATTRIBUTES: frozenset[str] = frozenset(
    {"__name__", "exitcode", "name", "ndim", "pid", "returncode", "shape", "size", "st_size"}
)
"""Attributes that are numbers or short texts by their names."""

FILE_DATA: frozenset[str] = frozenset({"closed", "encoding", "errors", "mode", "name", "newlines"})
"""Attributes of open files that are plain data."""

CONVERSIONS: frozenset[str] = frozenset({"int", "float", "complex", "decimal.Decimal"})
"""Calls that raise when they are given a text that is no number."""

ELEMENT_PRESERVING: frozenset[str] = frozenset(
    {
        "list",
        "tuple",
        "set",
        "frozenset",
        "sorted",
        "reversed",
        "iter",
        "collections.deque",
        "copy.copy",
        "itertools.cycle",
        "itertools.islice",
        "itertools.chain",
        "itertools.chain.from_iterable",
        "filter",
        "tqdm.tqdm",
        "tqdm",
    }
)
"""Calls that give back what their first argument holds, in another container."""

NARROW_EXCEPTIONS: frozenset[str] = frozenset(
    {
        "queue.Empty",
        "queue.Full",
        "KeyboardInterrupt",
        "EOFError",
        "BrokenPipeError",
        "ConnectionError",
        "ConnectionResetError",
        "InterruptedError",
        "StopIteration",
        "StopAsyncIteration",
        "GeneratorExit",
        "SystemExit",
        "ImportError",
        "ModuleNotFoundError",
        "NotImplementedError",
        "multiprocessing.ProcessError",
        "multiprocessing.TimeoutError",
        "multiprocessing.AuthenticationError",
        "multiprocessing.BufferTooShort",
        "asyncio.CancelledError",
    }
)
"""Exceptions whose handler says nothing about an error in the work itself."""
