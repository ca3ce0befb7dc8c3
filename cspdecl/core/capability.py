"""What a provider can do, and how often it may be asked."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Capability(enum.Flag):
    """What a provider supports. The planner refuses or falls back where one is missing; a plugin never decides."""

    NONE = 0
    IDEMPOTENT_REQUESTS = enum.auto()
    SCHEDULED_CHANGES = enum.auto()
    PARTIAL_REDUCTION = enum.auto()
    SEAT_LOTS = enum.auto()
    CANCEL_AT_DATE = enum.auto()
    EXTEND_AT_END = enum.auto()
    SUSPEND = enum.auto()
    CREATE_CUSTOMER = enum.auto()
    UPDATE_PROFILE = enum.auto()
    ATTEST_AGREEMENT = enum.auto()
    RENAME = enum.auto()
    ADDONS = enum.auto()
    COTERM = enum.auto()
    CONVERT = enum.auto()
    PRICE_PREVIEW = enum.auto()
    CHANGE_FEED = enum.auto()
    CHARGES = enum.auto()
    CHANGE_TERM = enum.auto()
    TRIALS = enum.auto()
    PROMOTIONS = enum.auto()
    AZURE_PLAN = enum.auto()
    PERPETUAL = enum.auto()
    QUALIFICATIONS = enum.auto()
    RESELLER_OF_RECORD = enum.auto()
    ASSIGNED_LICENCES = enum.auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """A throttle of the other side. `key` is "partner" (one bucket) or "customer" (one a customer).

    `per_minute` requests are allowed, `burst` of them at once; at most `concurrency` calls are in flight.
    """

    key: str
    per_minute: int
    burst: int
    concurrency: int
