"""Tests that have the same answer wherever the code that we check can run: on Python 3.8 or later.

Many a library has kept `if sys.version_info[0] == 2` and `if hasattr(multiprocessing,
"get_context")`, and what else stands there has not run for years.
"""

from __future__ import annotations

from collections.abc import Mapping

from mplint.model import facts as f

OLDEST = (3, 8)
"""The oldest Python that a project can say it is for."""

_THERE = frozenset(
    {
        *["Array", "Barrier", "BoundedSemaphore", "Condition", "Event", "JoinableQueue", "Lock"],
        *["Manager", "Pipe", "Pool", "Process", "Queue", "RLock", "RawArray", "RawValue"],
        *["Semaphore", "SimpleQueue", "TimeoutError", "Value", "active_children", "cpu_count"],
        *["current_process", "freeze_support", "get_all_start_methods", "get_context"],
        *["get_logger", "get_start_method", "log_to_stderr", "parent_process", "set_executable"],
        *["set_forkserver_preload", "set_start_method"],
    }
)
"""What `multiprocessing` has on every Python since then."""

_KNOWN: dict[str, bool] = {"six.PY2": False, "six.PY3": True}


def certain(test: f.Expr, modules: Mapping[str, str]) -> bool | None:
    """The answer of a test, where it is always the same. `modules` are the names that imports have
    given to modules, and to what is in them: `mp` to `multiprocessing`."""
    match test:
        case f.Unary(operator="not", operand=operand):
            answer = certain(operand, modules)
            return None if answer is None else not answer
        case f.Boolean(operator=operator, operands=operands):
            answers = [certain(operand, modules) for operand in operands]
            decisive = operator == "or"
            if decisive in answers:
                return decisive
            return None if None in answers else not decisive
        case f.Call(function=f.Name(id="hasattr"), arguments=(owner, name)):
            there = isinstance(name.value, f.Constant) and name.value.value in _THERE
            return True if there and _path(owner.value, modules) == "multiprocessing" else None
        case f.Comparison(left=left, rest=((operator, right),)):
            return _compared(left, operator, right, modules)
        case f.Name() | f.Attribute():
            return _KNOWN.get(_path(test, modules))
    return None


def _path(expression: f.Expr, modules: Mapping[str, str]) -> str:
    """The full name of what an import has given a name to; "" for anything else."""
    match expression:
        case f.Name(id=name):
            return modules.get(name, "")
        case f.Attribute(value=value, name=name):
            owner = _path(value, modules)
            return f"{owner}.{name}" if owner else ""
    return ""


def _compared(
    left: f.Expr, operator: str, right: f.Expr, modules: Mapping[str, str]
) -> bool | None:
    """What a comparison of Python's version says."""
    given = _version(right)
    if given is None:
        return None
    if _is_major(left, modules):
        least: tuple[int, ...] = OLDEST[:1]
        if operator == "==" and given != least:
            return False if given < least else None
        if operator in ("==", "!="):
            return None if given > least else (given == least) is (operator == "==")
    elif _is_version(left, modules):
        least = OLDEST
    else:
        return None
    match operator:
        case ">=":
            return True if given <= least else None
        case "<":
            return False if given <= least else None
        case ">":
            return True if given < least else None
        case "<=":
            return False if given < least else None
    return None


def _version(expression: f.Expr) -> tuple[int, ...] | None:
    """A version that is written down: `3` or `(3, 8)`."""
    match expression:
        case f.Constant(value=int(number)):
            return (number,)
        case f.Display(shape="tuple", items=items):
            numbers = [item.value for item in items if isinstance(item, f.Constant)]
            whole = [number for number in numbers if isinstance(number, int)]
            return tuple(whole) if len(whole) == len(items) else None
    return None


def _is_major(expression: f.Expr, modules: Mapping[str, str]) -> bool:
    """`sys.version_info[0]` or `sys.version_info.major`."""
    match expression:
        case f.Subscript(value=value, index=f.Constant(value=0)):
            return _path(value, modules) == "sys.version_info"
    return _path(expression, modules) == "sys.version_info.major"


def _is_version(expression: f.Expr, modules: Mapping[str, str]) -> bool:
    """`sys.version_info` or `sys.version_info[:2]`."""
    match expression:
        case f.Subscript(value=value, index=f.Slice(parts=(f.Constant(value=2),))):
            return _path(value, modules) == "sys.version_info"
    return _path(expression, modules) == "sys.version_info"
