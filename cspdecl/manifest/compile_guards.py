"""Limits to core's values, with every contradiction named at its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cspdecl.core.catalog import OfferKey
from cspdecl.core.diagnostics import Origin
from cspdecl.core.guard import Freeze, GuardName, GuardRule, Level, NeededApproval
from cspdecl.core.project import Forbidden, Guardrails
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.manifest import v1_guards as wire
from cspdecl.manifest.context import Context
from cspdecl.manifest.gate import suggestion


def compile_guardrails(context: Context, given: wire.Guardrails | None, origin: Origin) -> Guardrails:
    """The limits of a project. Plain forms stay plain, thresholds become rules."""
    if given is None:
        return Guardrails()
    roles = {name: tuple(dict.fromkeys(people)) for name, people in (given.roles or {}).items()}
    reader = _Reader(context, roles)
    stop = given.max_stop_managing
    rules = (
        *reader.counts("maxSeatsPerChange", given.max_seats_per_change, origin.at("maxSeatsPerChange")),
        *reader.money(given.max_new_commitment, origin.at("maxNewCommitment")),
        *reader.shares("minMargin", given.min_margin, origin.at("minMargin")),
        *reader.plain_or_shares("maxCancellations", given.max_cancellations, origin.at("maxCancellations")),
        *reader.plain_or_shares("maxSeatsRemoved", given.max_seats_removed, origin.at("maxSeatsRemoved")),
        *reader.plain_or_shares("maxShareOfEstate", given.max_share_of_estate, origin.at("maxShareOfEstate")),
        *reader.shares("maxStopManaging", stop, origin.at("maxStopManaging")),
        *reader.forbidden(given.forbid, origin.at("forbid")),
        *reader.frozen(given.freeze, origin.at("freeze")),
        *reader.assigned(given.below_assigned, origin.at("belowAssigned")),
    )
    seats, money = given.max_seats_per_change, given.max_new_commitment
    return Guardrails(
        max_seats_per_change=seats if isinstance(seats, int) else None,
        max_new_commitment=_amounts(money) or None if isinstance(money, Mapping) else None,
        min_margin=percent(given.min_margin) if isinstance(given.min_margin, str) else None,
        forbid=tuple(_forbidden(item) for item in given.forbid if item.level is None and item.approval is None),
        max_stop_managing=_stop_managing(stop),
        origin=origin,
        rules=rules,
        roles=roles,
    )


def percent(text: str | None) -> Fraction | None:
    """`8%` as the share it is."""
    return None if text is None else Fraction(text.removesuffix("%")) / 100


def _stop_managing(given: object) -> Fraction | None:
    if given is None:
        return Guardrails().max_stop_managing
    return percent(given) if isinstance(given, str) else None


def _amounts(given: Mapping[str, str]) -> dict[str, Decimal]:
    return {code: Decimal(text) for code, text in sorted(given.items())}


def _forbidden(item: wire.Forbid) -> Forbidden:
    return Forbidden(
        term=Term(item.term) if item.term else None,
        billing=BillingCycle(item.billing) if item.billing else None,
        offer=OfferKey.parse(item.offer) if item.offer else None,
    )


class _Reader:
    """Thresholds of a project as rules; what contradicts itself goes to the context."""

    def __init__(self, context: Context, roles: Mapping[str, tuple[str, ...]]) -> None:
        self._context = context
        self._roles = roles

    def counts(self, guard: GuardName, given: object, origin: Origin) -> tuple[GuardRule, ...]:
        """Thresholds in pieces."""
        return self._ordered(
            [self._rule(guard, item, place, count=cast("int", item.limit)) for place, item in _entries(given, origin)]
        )

    def money(self, given: object, origin: Origin) -> tuple[GuardRule, ...]:
        """Thresholds by currency."""
        return self._ordered(
            [
                self._rule("maxNewCommitment", item, place, money=_amounts(item.limit))
                for place, item in _entries(given, origin)
            ]
        )

    def shares(self, guard: GuardName, given: object, origin: Origin) -> tuple[GuardRule, ...]:
        """Thresholds as shares or in pieces; the plain form is kept elsewhere."""
        return self._ordered(
            [self._rule(guard, item, place, **_size(str(item.limit))) for place, item in _entries(given, origin)]
        )

    def plain_or_shares(self, guard: GuardName, given: object, origin: Origin) -> tuple[GuardRule, ...]:
        """Thresholds as shares or in pieces; the plain form is one that denies."""
        if isinstance(given, str):
            return (GuardRule(guard=guard, origin=origin, **_size(given)),)
        return self.shares(guard, given, origin)

    def forbidden(self, given: Sequence[wire.Forbid], origin: Origin) -> Iterator[GuardRule]:
        """Combinations with a level of their own."""
        for index, item in enumerate(given):
            place = origin.at(index)
            if item.term is None and item.billing is None and item.offer is None:
                self._context.error(
                    "CSP229",
                    "this forbids everything: it names no part",
                    place,
                    hint="give `term`, `billing` or `offer`",
                )
            if item.level is not None or item.approval is not None:
                parts = _forbidden(item)
                yield self._rule("forbid", item, place, term=parts.term, billing=parts.billing, offer=parts.offer)

    def frozen(self, given: Sequence[wire.Freeze], origin: Origin) -> Iterator[GuardRule]:
        """Days in which nothing is sent."""
        for index, item in enumerate(given):
            place, zone = origin.at(index), item.zone or "UTC"
            first, last = date.fromisoformat(item.starts), date.fromisoformat(item.to)
            if last < first:
                self._context.error(
                    "CSP527", f"this freeze ends on {last}, before it begins on {first}", place.at("to"),
                    hint="`to` is its last day",
                )  # fmt: skip
                continue
            try:
                ZoneInfo(zone)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                self._context.error(
                    "CSP527", f"there is no time zone `{zone}`", place.at("zone"),
                    hint="an IANA name, such as `Europe/Berlin`",
                )  # fmt: skip
                continue
            freeze = Freeze(first=first, last=last, reason=item.reason, zone=zone)
            yield self._rule("freeze", item, place, freeze=freeze)

    def assigned(self, level: str | None, origin: Origin) -> Iterator[GuardRule]:
        """Seats below assigned licences."""
        if level not in (None, "off"):
            yield GuardRule(guard="belowAssigned", level=Level(level), origin=origin)

    def _rule(self, guard: GuardName, item: Any, place: Origin, **measure: Any) -> GuardRule:
        level = Level(item.level) if item.level is not None else Level.DENY
        approval = self._approval(item.approval, level, place)
        return GuardRule(guard=guard, level=level, approval=approval, origin=place, **measure)

    def _approval(self, given: wire.Approval | None, level: Level, place: Origin) -> NeededApproval | None:
        if given is None:
            if level is Level.NEEDS_APPROVAL:
                self._context.error(
                    "CSP521", "whose approval is needed is not said", place.at("level"),
                    hint="add `approval: {role: NAME}`, with a role of `guardrails.roles`",
                )  # fmt: skip
            return None
        if level is not Level.NEEDS_APPROVAL:
            self._context.error(
                "CSP521", f"with level `{level}` nobody is asked for an approval", place.at("approval"), key=True,
                hint="write `level: needs-approval`, or take `approval` out",
            )  # fmt: skip
            return None
        needed = NeededApproval(role=given.role, count=given.count or 1)
        people = self._roles.get(given.role)
        if people is None:
            self._context.error(
                "CSP520", f"there is no role `{given.role}`", place.at("approval", "role"),
                hint=suggestion(given.role, self._roles) or "name who holds it under `guardrails.roles`",
            )  # fmt: skip
        elif len(people) < needed.count:
            self._context.error(
                "CSP528",
                f"the approval of {needed.count} of `{given.role}` is asked for, and {len(people) or 'nobody'} "
                f"{'hold' if len(people) > 1 else 'holds'} that role",
                place.at("approval"),
                hint="name more people under `guardrails.roles`, or ask for fewer",
            )
        return needed

    def _ordered(self, rules: list[GuardRule]) -> tuple[GuardRule, ...]:
        """Thresholds must get stricter the further up they are; two at the same place say one thing."""
        for index, rule in enumerate(rules):
            for other in rules[:index]:
                lower, upper = (other, rule) if _reaches(rule, other) else (rule, other)
                if not _reaches(upper, lower):
                    continue
                same = _reaches(lower, upper)
                if same and (rule.level, rule.approval and rule.approval.role) == (
                    other.level, other.approval and other.approval.role
                ):  # fmt: skip
                    self._threshold("this limit is there twice", rule, other)
                elif not same and upper.level.strictness < lower.level.strictness:
                    self._threshold(
                        f"`{upper.level}` never speaks here: `{lower.level}` holds already from a limit before it",
                        upper, lower,
                    )  # fmt: skip
        return tuple(rules)

    def _threshold(self, message: str, rule: GuardRule, other: GuardRule) -> None:
        self._context.error(
            "CSP522", message, rule.origin, related=(other.origin,) if other.origin else (),
            hint="order them from warn over needs-approval to deny, or take one out",
        )  # fmt: skip


def _reaches(upper: GuardRule, lower: GuardRule) -> bool:
    """Whether whatever crosses `upper` crosses `lower` as well."""
    if upper.count is not None and lower.count is not None:
        return upper.count >= lower.count
    if upper.share is not None and lower.share is not None:
        return upper.share <= lower.share if upper.guard == "minMargin" else upper.share >= lower.share
    if upper.money is not None and lower.money is not None and upper.money.keys() == lower.money.keys():
        return all(upper.money[code] >= lower.money[code] for code in upper.money)
    return False


def _entries(given: object, origin: Origin) -> Iterator[tuple[Origin, Any]]:
    if isinstance(given, tuple):
        for index, item in enumerate(given):
            yield origin.at(index), item


def _size(text: str) -> dict[str, Any]:
    return {"share": percent(text)} if text.endswith("%") else {"count": int(text)}
