"""Settings of a process that a child does not take over unless it is forked: what sets them, and
what makes use of them.

Measured on CPython 3.10 to 3.14: under spawn and forkserver a child has none of these. The search
path, the arguments, the working directory and ignored signals are passed on.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting: `noun` names it in messages, `effect` says what a child does without it. `sets`
    and `uses` are dotted names of functions; one that ends in a dot stands for all that begin with
    it. Calls whose name has one of the `words` in it may set it as well. A forked child has a copy
    of it, unless not `copied`."""

    name: str
    noun: str
    effect: str
    sets: tuple[str, ...]
    uses: tuple[str, ...]
    words: tuple[str, ...]
    copied: bool = True


_DRAWS = (
    "betavariate",
    "choice",
    "choices",
    "expovariate",
    "gauss",
    "getrandbits",
    "normalvariate",
    "rand",
    "randint",
    "randn",
    "random",
    "random_sample",
    "randrange",
    "sample",
    "shuffle",
    "uniform",
    "normal",
    "permutation",
    "triangular",
)

NUMPY_DRAWS = tuple(f"numpy.random.{name}" for name in _DRAWS)
"""What draws from NumPy's global generator."""

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "logging",
        "the configuration of logging",
        "what it logs below a warning is lost",
        ("logging.basicConfig", "logging.config."),
        ("logging.info", "logging.debug"),
        ("log", "setup", "set_up", "init", "config"),
    ),
    Setting(
        "decimal",
        "the decimal context",
        "it calculates with the default precision",
        ("decimal.getcontext", "decimal.setcontext", "decimal.localcontext"),
        ("decimal.Decimal",),
        ("context", "precision", "setup", "init"),
    ),
    Setting(
        "timeout",
        "the default timeout of sockets",
        "its sockets wait for ever",
        ("socket.setdefaulttimeout",),
        (
            "socket.socket",
            "socket.create_connection",
            "urllib.request.urlopen",
            "urllib.request.urlretrieve",
            "http.client.",
            "ftplib.",
            "smtplib.",
        ),
        ("timeout", "setup", "init"),
    ),
    Setting(
        "recursion",
        "the recursion limit",
        "it fails at the default depth",
        ("sys.setrecursionlimit",),
        (),  # functions that call themselves
        ("recursion", "setup", "init"),
    ),
    Setting(
        "random seed",
        "the seed of `random`",
        "its numbers differ from run to run",
        ("random.seed",),
        tuple(f"random.{name}" for name in _DRAWS),
        ("seed", "setup", "init"),
        copied=False,  # a forked child gets another one
    ),
    Setting(
        "numpy seed",
        "the seed of `numpy.random`",
        "its numbers differ from run to run",
        ("numpy.random.seed",),
        NUMPY_DRAWS,
        ("seed", "setup", "init"),
    ),
)
