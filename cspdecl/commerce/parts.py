"""A line of two parts: after an upgrade of some of its seats one address stands for two subscriptions.

`seats` counts both, `upgrade.seats` says how many are on the new offer. Each part is then declared like any line, so
that seats, the end of the term and the renewal of each are decided by the ordinary rules.
"""

from __future__ import annotations

from dataclasses import replace

from cspdecl.core.desired import AtRenewal, SubscriptionSpec


def upgraded_seats(spec: SubscriptionSpec) -> int:
    """How many of a line's seats are declared on its new offer: all of them where `upgrade` names no number."""
    if spec.upgrade is None or spec.upgrade.seats is None:
        return spec.seats
    return min(spec.upgrade.seats, spec.seats)


def source_part(spec: SubscriptionSpec) -> SubscriptionSpec:
    """The part that stays on the offer the upgrade left; with no seats left it is to go."""
    if spec.upgrade is None:
        return spec
    seats = spec.seats - upgraded_seats(spec)
    return replace(
        spec, offer=spec.upgrade.source, seats=seats, absent=spec.absent or seats <= 0, nickname=None,
        at_renewal=_source_renewal(spec), promotion=None, custom_end=None,
    )  # fmt: skip


def target_part(spec: SubscriptionSpec) -> SubscriptionSpec:
    """The part on the new offer. What the line says of its renewal is about the part that stays behind."""
    return replace(spec, seats=upgraded_seats(spec), at_renewal=None, custom_end=None)


def _source_renewal(spec: SubscriptionSpec) -> AtRenewal | None:
    """At the renewal the line's seats are counted over both parts as well."""
    wanted = spec.at_renewal
    if wanted is None or wanted.seats is None:
        return wanted
    left = wanted.seats - upgraded_seats(spec)
    return replace(wanted, seats=left) if left > 0 else replace(wanted, seats=None)
