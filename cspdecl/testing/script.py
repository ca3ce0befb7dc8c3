"""What can go wrong in a world on purpose, what is refused there, and the log of what arrived."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FaultKind = Literal[
    "lost_before",  # the answer is lost, nothing happened
    "lost_after",  # the answer is lost, it happened
    "throttle",  # come back in `seconds`
    "reject",
    "defer",
    "pending",  # one more step before the answer
    "elsewhere",  # somebody sets `seats` right before us
    "misread",  # done, but one seat more is read back
    "bug",  # the plugin raises what no plugin may raise
    "not_authorised",
    "try_later",
    "unreadable",  # a customer's reading fails
    "probe_lost",  # a probe finds no answer
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that goes wrong: `times` times (-1: always), for `action` and `tenant` where they are given, after
    `skip` requests that it would have met."""

    kind: FaultKind
    action: str | None = None
    tenant: str | None = None
    times: int = 1
    skip: int = 0
    seats: int = 0
    seconds: int = 1
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One line of the log: a reading or a write, and what it was about."""

    kind: Literal["read", "write"]
    what: str
    tenant: str = ""
    request_id: str = ""


class Refused(Exception):  # noqa: N818 - a value on its way out, not a failure of the program
    """The world says no."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message
