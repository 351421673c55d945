"""SARIF 2.1.0, the format in which code-scanning services take findings."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import quote

from mplint import __version__
from mplint.diagnostics import Diagnostic, Kind, Place
from mplint.frontends.output.results import Results, under
from mplint.frontends.pages import Page, pages
from mplint.registry import INTERNAL

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)

_LEVELS: dict[Kind, str] = {
    "error": "error",
    "bug": "error",
    "portability": "warning",
    "advice": "note",
}


def write(results: Results, output: TextIO, *, colour: bool) -> None:
    """One log with one run."""
    failed = results.errors or any(item.code == INTERNAL for item in results.diagnostics)
    rules = list(pages(results.registry))
    numbers = {rule.code: number for number, rule in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": "mplint",
                "semanticVersion": __version__,
                "rules": [_rule(rule) for rule in rules],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"ROOT": {"uri": f"{Path.cwd().as_uri().rstrip('/')}/"}},
        "invocations": [
            {
                "executionSuccessful": not failed,
                "toolConfigurationNotifications": [
                    {"level": "error", "message": {"text": error}} for error in results.errors
                ],
            }
        ],
        "results": [
            _result(item, numbers[item.code], print_)
            for item, print_ in zip(results.diagnostics, _fingerprints(results), strict=True)
        ],
    }
    json.dump({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, output, indent=2)
    output.write("\n")


def _rule(rule: Page) -> dict[str, Any]:
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.opening},
        "help": {"text": rule.text, "markdown": rule.text},
        "defaultConfiguration": {
            "level": _LEVELS[rule.kind],
            "enabled": rule.kind != "advice",
        },
        "properties": {"tags": ["multiprocessing", rule.kind]},
    }


def _result(item: Diagnostic, rule: int, fingerprint: str) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "startMethods": list(item.start_methods),
        "python": item.python,
    }
    if item.seen:
        properties["seen"] = item.seen
    text = "\n".join(filter(None, (item.message, item.help, under(item), item.seen)))
    result: dict[str, Any] = {
        "ruleId": item.code,
        "ruleIndex": rule,
        "level": _LEVELS[item.kind],
        "message": {"text": text},
        "locations": [{"physicalLocation": _location(item.place)}],
        "partialFingerprints": {"mplint/v1": fingerprint},
        "properties": properties,
    }
    if item.related:
        result["relatedLocations"] = [
            {
                "id": number,
                "physicalLocation": _location(related.place),
                "message": {"text": related.message},
            }
            for number, related in enumerate(item.related)
        ]
    return result


def _location(place: Place) -> dict[str, Any]:
    return {
        "artifactLocation": _artifact(place.path),
        "region": {
            "startLine": place.line,
            "startColumn": place.column,
            "endLine": place.end_line,
            "endColumn": place.end_column,
        },
    }


def _artifact(path: str) -> dict[str, Any]:
    if os.path.isabs(path):
        return {"uri": Path(path).as_uri()}
    # bytes: a file's name need not be text
    return {"uri": quote(os.fsencode(Path(path).as_posix())), "uriBaseId": "ROOT"}


def _fingerprints(results: Results) -> Iterator[str]:
    """For each finding, what stays the same when lines above it come and go: its code and file, the
    text of its line, and its number among those that are alike."""
    alike: Counter[tuple[str, str, str]] = Counter()
    for item in results.diagnostics:
        key = (item.code, item.path, _line(results.lines(item.path), item.place.line))
        text = "\0".join((*key, str(alike[key])))
        alike[key] += 1
        yield hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _line(lines: Sequence[str], number: int) -> str:
    return lines[number - 1].strip() if number <= len(lines) else ""
