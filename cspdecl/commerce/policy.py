"""Microsoft's numbers, each with the paper it stands in and that paper's date.

Used only where the provider says nothing about the one subscription at hand (`source="assumed"`), and then the plan
says so. No SKU ever appears here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

# Seats and subscriptions of licence-based new commerce come back within seven calendar days of the purchase, of the
# renewal, or of the addition of just those seats (cancellation policy page, 2026-08; contract §13.3).
RETURN_WINDOW = timedelta(days=7)

# A renewal starts at 00:00 UTC of the first day of the new term; from then until it completes (up to 24 h) nothing
# about it can be written (subscription lifecycle page, 2023-10; contract §13.2).
RENEWAL_MAY_TAKE = timedelta(hours=24)

# Since this day a subscription whose auto-renew is merely off may slide into a paid extended service term (Partner
# Center announcement, 2026-02; contract §13.8).
EXTENDED_SERVICE_SINCE = datetime(2026, 5, 4, tzinfo=UTC)

# Integration sandbox (test-and-debug page, 2023-10; contract §20).
SANDBOX_SEATS = 25
SANDBOX_SUBSCRIPTIONS = 5
SANDBOX_CUSTOMERS = 75
SANDBOX_AZURE_PLANS = 10  # a partner, on request

# A trial left alone becomes a year's commitment for this many seats (create-a-new-subscription page, 2023-10;
# contract §13.2).
TRIAL_BECOMES_SEATS = 25
TRIAL_DAYS = 30

# Licence terms allow so many seats over the whole Business family (Basic, Standard, Premium together), more strictly
# than the check on each of them (Learn sentence quoted by third parties, 2026; commerce rules §5).
BUSINESS_FAMILY_SEATS = 300


def renewal_deadline(term_ends: datetime) -> datetime:
    """The instant before which everything about a renewal must be written: 00:00 UTC of the new term's first day."""
    return term_ends.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
