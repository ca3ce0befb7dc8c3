"""Putting a question to the real command line, in this process, and reading one number of its answer."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from click.testing import CliRunner

from cspdecl.cli.main import cli
from tests.vectors.table import Part


def ask(arguments: list[str]) -> dict[str, Any]:
    """The JSON answer of a command that succeeds."""
    run = CliRunner().invoke(cli, arguments)
    assert run.exit_code == 0, f"{' '.join(arguments)}: {run.output}"
    return json.loads(run.stdout)


def number(document: dict[str, Any], part: Part) -> Decimal:
    """The number that a part of an answer is."""
    if part in ("wipe", "charge"):
        [line] = [line for line in document["lines"] if line["role"] == part]
        return Decimal(line["amount"])
    name = {"total": "total", "unit": "unit_price", "margin": "margin", "seats": "minimum_seats"}[part]
    return Decimal(str(document[name]))
