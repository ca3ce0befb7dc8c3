"""Which seats may still be returned, and until when.

The windows are per lot: every purchase of seats opens its own. What the provider says about the subscription decides;
only where it says nothing is the dated constant used, and the answer is marked as assumed. Suspended subscriptions
return no seats (their `refundableQuantity` is null; contract §22.9), though cancelling them inside the window works.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cspdecl.commerce.policy import RETURN_WINDOW
from cspdecl.core.live import LiveSubscription, SeatLot, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Returnable:
    """Seats that may come back now, lot by lot, the longest window first."""

    lots: tuple[SeatLot, ...] = ()
    assumed: bool = False

    @property
    def seats(self) -> int:
        """How many seats may come back now."""
        return sum(lot.seats for lot in self.lots)

    def take(self, wanted: int) -> tuple[int, datetime | None]:
        """How many of `wanted` can come back, and the instant from which fewer could.

        Which lot a reduction uses up first is not documented; the total is, so the deadline is that of the last lot
        needed when the longest windows are counted first.
        """
        got, until = 0, None
        for lot in self.lots:
            if got >= wanted:
                break
            got += lot.seats
            until = lot.returnable_until
        return min(got, wanted), until


NOTHING = Returnable()


def returnable(live: LiveSubscription, now: datetime) -> Returnable:
    """The seats of a subscription that may be returned at `now`."""
    if live.status is Status.SUSPENDED or live.trial:
        return NOTHING
    lots, assumed = live.policy.lots, live.policy.source != "api"
    if assumed and not lots:
        # policy page 2026-08: seven days from purchase or renewal; later additions are not visible, so not counted
        lots = (SeatLot(seats=live.seats, returnable_until=live.term_started + RETURN_WINDOW),)
    still = sorted(
        (lot for lot in lots if lot.returnable_until > now and lot.seats > 0),
        key=lambda lot: lot.returnable_until,
        reverse=True,
    )
    return Returnable(lots=tuple(still), assumed=assumed)


def cancellable_until(live: LiveSubscription, now: datetime) -> tuple[datetime | None, bool]:
    """Until when the whole subscription can be cancelled (None: not now), and whether that is assumed."""
    until, assumed = live.policy.cancel_until, False
    if until is None and live.policy.source != "api":
        until, assumed = live.term_started + RETURN_WINDOW, True
    return (until, assumed) if until is not None and until > now else (None, assumed)
