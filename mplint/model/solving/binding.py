"""Whether arguments fit the parameters of a function."""

from __future__ import annotations

from mplint.model import facts as f

TRANSPARENT = frozenset(
    {
        "staticmethod",
        "classmethod",
        "functools.lru_cache",
        "functools.cache",
        "six.add_metaclass",
    }
)
"""Decorators under which a function or class is called as it is written."""


def misfit(scope: f.Scope, count: int, keywords: frozenset[str], *, bound: bool) -> str | None:
    """Why a function does not take so many arguments by position and these by name, in words; None
    when it does. `bound` says that it has its first one already."""
    positional = [p for p in scope.parameters if p.kind == "positional"]
    by_name = {p.name: p for p in scope.parameters if p.kind in ("positional", "keyword")}
    if bound:
        if not positional:
            return None
        by_name.pop(positional.pop(0).name)
    kinds = {p.kind for p in scope.parameters}
    if count > len(positional) and "star" not in kinds:
        most = f"at most {len(positional)}" if len(positional) else "no"
        noun = "argument" if len(positional) == 1 else "arguments"
        return f"takes {most} {noun} by position and is given {count}"
    taken = {parameter.name for parameter in positional[:count]}
    for name in sorted(keywords):
        if name in taken:
            return f"is given `{name}` twice"
        if name not in by_name and "double-star" not in kinds:
            return f"has no parameter `{name}`"
    missing = [
        f"`{name}`"
        for name, parameter in by_name.items()
        if parameter.default is None and name not in taken and name not in keywords
    ]
    return f"needs {' and '.join(missing)}, which it is not given" if missing else None
