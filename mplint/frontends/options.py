"""From what is said on a command line, ours or flake8's, to settings."""

from __future__ import annotations

import os
from argparse import ArgumentTypeError
from collections.abc import Iterable
from pathlib import Path

from mplint.config import (
    ConfigError,
    Settings,
    check_pattern,
    check_start_method,
    python_version,
)
from mplint.registry import Registry


def override(
    registry: Registry,
    *,
    origin: str,
    select: Iterable[str] | None = None,
    extend_select: Iterable[str] | None = None,
    ignore: Iterable[str] | None = None,
    exclude: Iterable[str] | None = None,
    start_methods: Iterable[str] | None = None,
    target_version: str | None = None,
    cache_dir: str | None = None,
) -> Settings:
    """The settings that options stand for; None is an option that was not given. `origin` is what
    the options' names begin with, as `--`. Raises ConfigError, which names the option."""
    settings = Settings(
        select=None if select is None else _listed(select, f"{origin}select"),
        extend_select=_listed(extend_select, f"{origin}extend-select"),
        ignore=_listed(ignore, f"{origin}ignore"),
        exclude=_listed(exclude, f"{origin}exclude"),
        start_methods=_listed(start_methods, f"{origin}start-method"),
        target_version=(
            None
            if target_version is None
            else python_version(target_version, f"{origin}target-version")
        ),
        cache_dir=None if cache_dir is None else Path(os.path.abspath(cache_dir)),
        origin=origin,
    )
    for method in settings.start_methods:
        check_start_method(method, f"{origin}start-method")
    for pattern in settings.exclude:
        check_pattern(pattern, f"{origin}exclude")
    settings.selection(registry)
    return settings


def _listed(values: Iterable[str] | None, option: str) -> tuple[str, ...]:
    """The items of an option that may be given several times, each with commas."""
    if values is None:
        return ()
    items = tuple(item.strip() for value in values for item in value.split(",") if item.strip())
    if not items:
        raise ConfigError(f"{option}: nothing is named")
    return items


def positive(text: str) -> int:
    """A number of processes. Raises ArgumentTypeError."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise ArgumentTypeError(f"{text!r} is no number of processes")
    return number


def cores() -> int:
    """How many processes can run at a time."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
