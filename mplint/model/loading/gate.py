"""Which files can have anything to do with processes, by their bytes: at a hundredth of the cost of
a syntax tree, and most files get no further."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from mplint import catalog
from mplint.model.loading.names import IMPORT, scan_imports, without_text

_CHAIN = rb"\b(?P<name>%s)\b(?P<rest>(?:[ \t]*\.[ \t]*\w+)*)"
_ROOTS = frozenset(name for lib in catalog.LIBRARIES for name in lib.root.split(".")[:1]) - {
    "torch"
}
_WORDS = "|".join(("concurrent.futures", "tqdm.contrib", *_ROOTS)).replace(".", r"\.")
_NAMED = re.compile(rf"(?:^|\.)(?:{_WORDS})(?:\.|$)")
_UNBOUND = re.compile(_CHAIN % _WORDS.encode())


def mentions(data: bytes) -> bool:
    """Whether a file names a library of processes, be it in a comment."""
    return any(word in data for word in catalog.GATE_WORDS) and bool(catalog.GATE.search(data))


def is_gated(data: bytes) -> bool:
    """Whether a file can have anything to do with processes, by its bytes."""
    return bool(uses(data))


def uses(data: bytes) -> bool | None:
    """Whether a file uses a name of a library of processes that does more than tell something, such
    as the number of processors. None where it names none at all, but in comments and strings."""
    if not mentions(data):
        return None
    code = without_text(data)
    if not catalog.GATE.search(code):
        return None
    return any(not catalog.is_passive(name) for name in _names(code))


def _names(code: bytes) -> Iterator[str]:
    """The dotted names with a library in them that a file uses, and some that it does not."""
    bound: dict[bytes, set[str]] = defaultdict(set)
    for item in scan_imports(code):
        name = item.module if item.name is None else f"{item.module}.{item.name}"
        if not _NAMED.search(name):
            continue
        if item.name == "*":
            yield name
        # `import concurrent.futures` binds `concurrent`
        whole = item.name is not None or item.bound != item.module.partition(".")[0]
        bound[item.bound.encode()].add(name if whole else item.bound)
    code = IMPORT.sub(b"", code)
    if bound:
        for match in re.finditer(_CHAIN % b"|".join(map(re.escape, bound)), code):
            if not _is_attribute(match):
                for name in bound[match["name"]]:
                    yield name + _rest(match)
    for match in _UNBOUND.finditer(code):
        # a parameter may be called `multiprocessing`
        if _is_attribute(match) or (match["rest"] and match["name"] not in bound):
            yield match["name"].decode() + _rest(match)


def _is_attribute(match: re.Match[bytes]) -> bool:
    before = match.string[max(0, match.start() - 80) : match.start()].rstrip(b" \t\r\n\\")
    return before.endswith(b".") and not before.endswith(b"...")


def _rest(match: re.Match[bytes]) -> str:
    return b"".join(match["rest"].split()).decode()
