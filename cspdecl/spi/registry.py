"""Plugins by name, through entry points: looked up only by commands that need one, imported on use."""

from __future__ import annotations

import importlib
from importlib import metadata
from typing import Any

from cspdecl.core.errors import ConfigurationError

GROUPS = {
    "provider": "cspdecl.providers",
    "command": "cspdecl.commands",
    "store": "cspdecl.stores",
    "exporter": "cspdecl.exporters",
    "policy": "cspdecl.policies",
}


def installed(kind: str) -> tuple[metadata.EntryPoint, ...]:
    """Entry points of one kind of plugin, by name."""
    return tuple(sorted(metadata.entry_points(group=GROUPS[kind]), key=lambda point: point.name))


def load(kind: str, name: str) -> Any:
    """The object an installed plugin offers under `name`. Raises ConfigurationError naming what is installed."""
    known = installed(kind)
    for point in known:
        if point.name == name:
            try:
                return point.load()
            except ImportError as problem:
                raise ConfigurationError(f"{kind} plugin `{name}` cannot be loaded: {problem}") from problem
    names = ", ".join(f"`{point.name}`" for point in known) or "none"
    raise ConfigurationError(f"no {kind} plugin named `{name}` is installed; installed: {names}")


def load_provider(name: str) -> tuple[Any, Any]:
    """A provider plugin's `connect` and its CONFIG_SCHEMA (None where it has none), from the same module."""
    connect = load("provider", name)
    point = next(point for point in installed("provider") if point.name == name)
    module = importlib.import_module(point.value.partition(":")[0])
    return connect, getattr(module, "CONFIG_SCHEMA", None)


def version_of_provider(name: str) -> str | None:
    """The version of the package that brings a provider plugin; None where none is installed under this name."""
    found = next((point.dist for point in installed("provider") if point.name == name), None)
    return found.version if found is not None else None
