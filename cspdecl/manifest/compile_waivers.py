"""Exceptions from limits and alarms to core's values: each named, owned, reasoned, and over on a day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from cspdecl.core.desired import CustomerSpec
from cspdecl.core.diagnostics import Origin, note, warning
from cspdecl.core.guard import Waiver
from cspdecl.core.project import Guardrails
from cspdecl.manifest import v1_guards
from cspdecl.manifest.context import Context
from cspdecl.manifest.gate import Checked, suggestion

#: A waiver that ends within so many days is named, so that nobody finds out by a refused plan.
SOON = timedelta(days=14)


def compile_waivers(
    context: Context, documents: Iterable[Checked], guardrails: Guardrails, customers: Mapping[str, CustomerSpec]
) -> Guardrails:
    """The limits with the exceptions from them."""
    found: dict[str, Waiver] = {}
    known = set(_guards(guardrails))
    for document in documents:
        waiver = _waiver(document)
        first = found.get(waiver.name)
        if first is not None:
            context.error(
                "CSP530",
                f"waiver `{waiver.name}` is there twice",
                document.origin.at("metadata", "name"),
                related=(first.origin.at("metadata", "name"),) if first.origin else (),
                hint="give one another name",
            )
            continue
        found[waiver.name] = waiver
        spec, origin = document.value.spec, document.origin.at("spec")
        if (spec.guard is None) is (spec.drift is None):
            context.error(
                "CSP529",
                f"waiver `{waiver.name}` must excuse one thing: a guardrail, or drift",
                origin,
                hint="give `guard: maxSeatsPerChange` or `drift: seats`, not both",
            )
            continue
        _look_at_end(context, waiver, origin)
        if spec.guard is not None:
            _look_at_guard(context, waiver, known, origin)
            _look_at_target(context, waiver, customers, origin)
    return replace(guardrails, waivers=tuple(found.values()))


def _waiver(document: Checked) -> Waiver:
    value: v1_guards.Waiver = document.value
    spec = value.spec
    drift = None if spec.drift is None else "drift" if spec.drift == "any" else f"drift:{spec.drift}"
    return Waiver(
        name=value.metadata.name,
        concerns=spec.guard or drift or "",
        target=spec.target,
        owner=spec.owner,
        reason=spec.reason,
        expires=datetime.combine(date.fromisoformat(spec.expires), time(), UTC),
        origin=document.origin,
    )


def _look_at_end(context: Context, waiver: Waiver, origin: Origin) -> None:
    """Over, or nearly."""
    ends = waiver.expires.date()
    left = ends - context.today
    if left <= timedelta(0):
        found = warning(
            "CSP523",
            f"waiver `{waiver.name}` is over since {ends}: it excuses nothing any more",
            origin=origin.at("expires"),
            hint="take it out, or have a new end approved in a change of its own",
        )
    elif left <= SOON:
        days = "1 day" if left.days == 1 else f"{left.days} days"
        found = note(
            "CSP524",
            f"waiver `{waiver.name}` ({waiver.owner}) ends on {ends}, in {days}",
            origin=origin.at("expires"),
            hint="settle what it excuses, or have a new end approved before then",
        )
    else:
        return
    context.problems.append(found)


def _look_at_guard(context: Context, waiver: Waiver, known: set[str], origin: Origin) -> None:
    """An exception from a limit that is not there."""
    if waiver.concerns not in known:
        context.problems.append(
            warning(
                "CSP525",
                f"the project sets no `{waiver.concerns}`, so waiver `{waiver.name}` excuses nothing",
                origin=origin.at("guard"),
                hint=suggestion(waiver.concerns, known),
            )
        )


def _look_at_target(context: Context, waiver: Waiver, customers: Mapping[str, CustomerSpec], origin: Origin) -> None:
    """An exception for somebody who is not there."""
    if waiver.target is None:
        return
    customer = waiver.target.split("/")[0]
    near = set(customers) if customer not in customers else _addresses(customers[customer])
    if waiver.target in near or context.may_be_unread("Customer", customer):
        return
    context.problems.append(
        warning(
            "CSP526",
            f"nothing is declared as `{waiver.target}`, so waiver `{waiver.name}` excuses nothing",
            origin=origin.at("for"),
            hint=suggestion(waiver.target, near),
        )
    )


def _guards(guardrails: Guardrails) -> Iterator[str]:
    yield "maxStopManaging"  # has a default
    yield from (rule.guard for rule in guardrails.rules)
    plain = {
        "maxSeatsPerChange": guardrails.max_seats_per_change,
        "maxNewCommitment": guardrails.max_new_commitment,
        "minMargin": guardrails.min_margin,
        "forbid": guardrails.forbid or None,
    }
    yield from (name for name, value in plain.items() if value is not None)


def _addresses(spec: CustomerSpec) -> set[str]:
    """Everything of a customer that has a name: itself, its lines, their components."""
    lines = {str(line.address) for line in spec.subscriptions} | {str(line.address) for line in spec.services}
    return {spec.key, *lines, *("/".join(name.split("/")[:2]) for name in lines)}
