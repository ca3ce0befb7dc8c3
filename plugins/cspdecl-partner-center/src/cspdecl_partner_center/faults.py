"""What an answer that is no success means for an operation: the table of codes, and the outcomes it leads to.

The table is data (codes.txt), one sentence a code; what is not in it is passed on in the service's own words.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Literal, cast, get_args

from cspdecl.core.errors import TryLater
from cspdecl.core.outcome import Deferred, Rejected, Stale, Throttled, Unknown
from cspdecl_partner_center.transport import Busy, NoAnswer, Refusal

Meaning = Literal["rejected", "stale", "busy", "deferred", "unknown", "accepted"]
Fault = Rejected | Stale | Throttled | Unknown | Deferred
BUSY_SECONDS = 120  # "repeat after 2 minutes", for up to a day (contract §13.2, §22.7)
UNREAD_SECONDS = 15  # before a customer is tried again whose reading gives errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One row of the table."""

    code: str
    name: str
    meaning: Meaning
    sentence: str


@functools.cache
def table() -> Mapping[str, Code]:
    """All codes, by number and, where they have one, by name in lower case."""
    rows: dict[str, Code] = {}
    for line in resources.files(__package__).joinpath("codes.txt").read_text("utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        head, meaning, sentence = (part.strip() for part in line.split("|"))
        number, _, name = head.partition(" ")
        if meaning not in get_args(Meaning) or number in rows:
            raise ValueError(f"codes.txt: `{line}`")
        row = rows[number] = Code(code=number, name=name, meaning=cast("Meaning", meaning), sentence=sentence)
        if name:
            rows[name.lower()] = row
    return rows


def sentence_of(code: str, description: str) -> str:
    """What to tell a person: our sentence, and the service's own words with their numbers behind it."""
    known = table().get(code) or table().get(code.lower())
    own = description.strip().rstrip(".")
    if known is None:
        return f"Partner Center refuses: {own or 'no reason given'} ({code})"
    return f"{known.sentence} ({known.code}{': ' if own else ''}{own})"


def meaning_of(refusal: Refusal) -> Meaning:
    """What a refusal means, by its code, else by its status."""
    known = table().get(refusal.code)
    if known is not None:
        return known.meaning
    if refusal.status == 412:
        return "stale"
    return "busy" if refusal.status == 409 else "rejected"


def must_be_there(problem: Exception) -> None:
    """Raises TryLater where nobody answers at all: no other operation would fare better, so the run ends."""
    if isinstance(problem, NoAnswer) and problem.silent and not problem.doubtful:
        raise TryLater(f"Partner Center does not answer: {problem.cause}") from problem


def outcome_of(problem: Refusal | Busy | NoAnswer) -> Fault:
    """The outcome of an operation that met `problem` before it had changed anything.

    Raises TryLater where nobody answers.
    """
    if isinstance(problem, Busy):
        return Throttled(retry_after=problem.retry_after, quota="partner", message="Partner Center asks for a pause")
    if isinstance(problem, NoAnswer):
        if problem.doubtful:
            return Unknown(cause=problem.cause)
        must_be_there(problem)
        message = f"Partner Center gives no usable answer: {problem.cause}"
        return Throttled(retry_after=UNREAD_SECONDS, quota="customer", message=message, asked=False)
    sentence = sentence_of(problem.code, problem.description)
    match meaning_of(problem):
        case "stale":
            return Stale(seen=sentence)
        case "busy":
            if problem.code not in table():
                sentence += "; a renewal being processed or a transfer to another partner blocks changes"
            return Throttled(retry_after=BUSY_SECONDS, quota="customer", message=sentence)
        case "deferred":
            return Deferred(code=problem.code, message=sentence)
        case "unknown":
            return Unknown(cause=sentence)
        case _:
            return Rejected(code=problem.code, message=sentence)
