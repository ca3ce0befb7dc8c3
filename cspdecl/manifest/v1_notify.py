"""Whom a project tells what happened, as people write it. Part of the wire types (v1.py)."""

from __future__ import annotations

from typing import Annotated, Literal

from cspdecl.manifest import shapes
from cspdecl.manifest.shapes import Line, Name, says
from cspdecl.manifest.wire import Maybe, wire


@wire(oneOf=[{"required": ["env"]}, {"required": ["file"]}, {"required": ["command"]}])
class SecretPlace:
    """Where a secret is kept: exactly one of the three. It never stands in a manifest."""

    env: Annotated[Maybe[Line], says("Name of an environment variable", "CSPDECL_OPS_SECRET")] = None
    file: Annotated[Maybe[Line], says("A file, relative to the project", "/run/secrets/ops")] = None
    command: Annotated[
        Maybe[tuple[Line, ...]], says("A command that prints it, word by word", ["pass", "show", "ops"], min_length=1)
    ] = None


@wire()
class Notify:
    """An address that is told of drift and of what was applied, by signed CloudEvents."""

    name: Annotated[Name, says("Unique among them; shown where it cannot be reached", "ops")]
    webhook: Annotated[str, shapes.WEBHOOK, says("Where the events are posted to", "https://ops.example/hooks/cspdecl")]
    events: Annotated[
        tuple[Literal["drift", "applied"], ...],
        says("drift: another set of drift was found; applied: a run carried something out", ["drift"], min_length=1),
    ]
    secret_from: Annotated[SecretPlace, says("The key that events are signed with", {"env": "CSPDECL_OPS_SECRET"})]
    show: Annotated[
        Maybe[Literal["all"]], says("all: values and money, too; without it counts, addresses and fields only", "all")
    ] = None
