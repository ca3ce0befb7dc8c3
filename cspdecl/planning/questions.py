"""What matching asks a person: every question names what is there, and what to write to settle it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cspdecl.commerce.words import day, last_day, listed, seats
from cspdecl.core.address import Address
from cspdecl.core.desired import CustomerSpec, SubscriptionSpec
from cspdecl.core.diagnostics import Diagnostic, error, warning
from cspdecl.core.live import Binding, LiveSubscription

_SHOWN = 6


def ambiguous(line: SubscriptionSpec, candidates: Sequence[LiveSubscription], lines: int) -> Diagnostic:
    """Several subscriptions could be meant, or several lines."""
    many = len(candidates)
    message = (
        f"{many} running subscriptions of {line.offer} could be meant"
        if many > 1
        else f"{lines} lines could mean the one running subscription of {line.offer}"
    )
    return error(
        "CSP370",
        message,
        origin=line.origin.at("offer"),
        address=str(line.address),
        label=_list(candidates),
        hint="say which one with `id:`" + ("" if many > 1 else " on one line; the others are then bought"),
    )


def absent_needs_id(line: SubscriptionSpec, candidates: Sequence[LiveSubscription]) -> Diagnostic:
    """Nothing is cancelled by resemblance."""
    return error(
        "CSP342",
        "`absent: true` on a line that is not bound yet needs `id:`",
        origin=line.origin.at("absent"),
        address=str(line.address),
        label=f"running now: {_list(candidates)}",
        hint="name the subscription to cancel, such as `id: " + candidates[0].id + "`",
    )


def no_such_id(line: SubscriptionSpec, wanted: str, live: LiveSubscription | None, spec: CustomerSpec) -> Diagnostic:
    """`id:` points nowhere, or to something that no longer runs."""
    what = f"is {live.status} at this customer" if live else f"is not among {spec.key}'s subscriptions"
    return error(
        "CSP371",
        f"subscription {wanted} {what}",
        origin=line.origin.at("id"),
        address=str(line.address),
        hint="look it up with `cspdecl export`, or take `id:` out to buy anew",
    )


def id_taken(line: SubscriptionSpec, wanted: str, owner: Address) -> Diagnostic:
    """Another declared line is bound to that id."""
    return error(
        "CSP372",
        f"subscription {wanted} already stands for {owner}",
        origin=line.origin.at("id"),
        address=str(line.address),
        hint=f"one subscription is one line: remove `id:` here, or move {owner} with `moved:`",
    )


def id_twice(line: SubscriptionSpec, other: SubscriptionSpec) -> Diagnostic:
    """Two lines name the same id."""
    return error(
        "CSP372",
        f"{line.address} and {other.address} name the same subscription {line.id}",
        origin=line.origin.at("id"),
        address=str(line.address),
        related=(other.origin.at("id"),),
        hint="one subscription is one line: declare its seats once",
    )


def other_offer(line: SubscriptionSpec, live: LiveSubscription) -> Diagnostic:
    """`id:` names a subscription of something else."""
    runs = str(live.offer) if live.offer else "something that is not product:SKU, which cannot be managed"
    return error(
        "CSP377",
        f"subscription {live.id} runs {runs}, the line declares {line.offer}",
        origin=line.origin.at("offer"),
        address=str(line.address),
        label=f"{live.id}: {seats(live.seats)}",
        hint=f"say `offer: {live.offer}`, or name another subscription" if live.offer else "take the line out",
    )


def is_trial(line: SubscriptionSpec, live: LiveSubscription) -> Diagnostic:
    """Trials are left alone."""
    ends = f"; it becomes a paid year on {day(live.term_ends)} unless told otherwise" if live.term_ends else ""
    return error(
        "CSP345",
        f"subscription {live.id} is a trial, and the line does not say so{ends}",
        origin=line.origin.at("id"),
        address=str(line.address),
        hint=f'say `trial: true` to manage it, or `upgrade: {{from: "{live.offer}"}}` to have it converted now',
    )


def second_trial(line: SubscriptionSpec, known: Sequence[LiveSubscription]) -> Diagnostic:
    """A trial is had once: what it became, or an ended one, is never followed by another."""
    there = "" if not known else f": {known[0].id} is {_what_became(known[0])}"
    return error(
        "CSP362",
        f"a trial of {line.offer} is started once for a customer" + (there or ", and two lines declare one"),
        origin=line.origin.at("trial"),
        address=str(line.address),
        hint="declare the paid offer (with `id:`, where no line stands for it yet), or take the line out"
        if known
        else "take one of the two lines out: a trial has its seats all at once",
    )


def _what_became(live: LiveSubscription) -> str:
    if live.status.running and not live.trial:
        return f"paid now ({seats(live.seats)})"
    return f"{live.status}"


def unbound_upgrade(line: SubscriptionSpec, candidates: Sequence[LiveSubscription]) -> Diagnostic:
    """An upgrade of nothing: it buys no new subscription beside what may run under another name."""
    source = line.upgrade.source if line.upgrade else line.offer
    return error(
        "CSP348",
        f"this line upgrades {source}, and stands for no subscription of it",
        origin=line.upgrade.origin if line.upgrade else line.origin,
        address=str(line.address),
        label=f"running now: {_list(candidates)}" if candidates else None,
        hint="give each of the two subscriptions a line of its own with `id:`, without `upgrade`"
        if candidates
        else "name the subscription with `id:`; to buy the new offer, take `upgrade` out",
    )


def half_gone(line: SubscriptionSpec, binding: Binding, left: LiveSubscription) -> Diagnostic:
    """One of a line's two subscriptions ended elsewhere: its seats are never bought again unasked."""
    gone = ", ".join(one for one in binding.ids if one != left.id)
    return error(
        "CSP343",
        f"subscription {gone} of this line no longer runs; it was not ended from here, so it is not bought again",
        origin=line.origin,
        address=str(line.address),
        label=f"{left.id} runs: {seats(left.seats)} of {left.offer}",
        hint=f'say `offer: "{left.offer}", seats: {left.seats}` and take `upgrade` out to keep what runs',
    )


def trial_runs(line: SubscriptionSpec, live: LiveSubscription) -> Diagnostic:
    """Buying beside a running trial is legal and often a mistake."""
    # contract §13.2 (2023-10): 25 seats, one year, unless auto-renew is off
    ends = f" and may become a paid year on {day(live.term_ends)}" if live.term_ends else ""
    return warning(
        "CSP345",
        f"a trial of {line.offer} runs at this customer{ends}; this line buys beside it",
        origin=line.origin,
        address=str(line.address),
        label=f"trial {live.id}",
        hint="switch the trial's renewal off in the provider's portal, or convert it instead of buying",
    )


def several(line: SubscriptionSpec, running: Sequence[LiveSubscription]) -> Diagnostic:
    """A line bound to more than one running subscription, and not as all of them are."""
    total = sum(item.seats for item in running)
    hint = f"say `seats: {total}`, or give each subscription a line of its own with `id:`"
    if any(item.offer != line.offer for item in running):
        first, second = running[0], running[-1]
        hint = (
            f'say `offer: "{second.offer}", seats: {total}, upgrade: {{from: "{first.offer}", seats: {second.seats}}}` '
            "for what runs, or give each subscription a line of its own with `id:`"
        )
    return error(
        "CSP375",
        f"this line stands for {len(running)} subscriptions with {seats(total)} together, and does not declare each "
        "of them",
        origin=line.origin,
        address=str(line.address),
        label=_list(running),
        hint=hint,
    )


def upgraded_part_alone(line: SubscriptionSpec, live: LiveSubscription) -> Diagnostic:
    """Some of a line's seats are declared where they came from, and it stands for what was upgraded alone."""
    source, moved = (line.upgrade.source, line.upgrade.seats or 0) if line.upgrade else (line.offer, 0)
    return error(
        "CSP348",
        f"{line.seats - moved} of {seats(line.seats)} are declared on {source}, and this line stands for the upgraded "
        "part alone",
        origin=line.upgrade.origin.at("seats") if line.upgrade else line.origin,
        address=str(line.address),
        label=f"{live.id} runs: {seats(live.seats)} of {live.offer}",
        hint=f"take `upgrade` out to have all of them on {line.offer}, and give those on {source} a line of their own",
    )


def upgraded_elsewhere(line: SubscriptionSpec, live: LiveSubscription, found: Sequence[LiveSubscription]) -> Diagnostic:
    """The upgraded part may be there already, made in the portal: upgrading once more could not be undone."""
    return error(
        "CSP348",
        f"a part of {live.id} is to be upgraded, and {found[0].id}, which no line stands for, may be that part already",
        origin=line.upgrade.origin if line.upgrade else line.origin,
        address=str(line.address),
        label=f"{_list(found)}: it ends with {live.id}",
        hint=f"give {found[0].id} a line of its own with `id:`; if it is this upgrade, take `upgrade` out and declare "
        f'`offer: "{live.offer}"` here',
    )


def ended(line: SubscriptionSpec, binding: Binding, seen: Sequence[LiveSubscription]) -> Diagnostic:
    """What the line stands for no longer runs, and we did not end it ourselves: never bought again unasked."""
    if line.end_of_term == "cancel" and all(_at_its_end(item) for item in seen):
        return warning(
            "CSP344",
            f"subscription {', '.join(binding.ids)} has ended, as `endOfTerm: cancel` declares",
            origin=line.origin,
            address=str(line.address),
            hint="say `absent: true` or take the line out; it is not bought again",
        )
    how = f"is {seen[0].status}" if seen else "is no longer listed"
    return error(
        "CSP343",
        f"subscription {', '.join(binding.ids)} {how} at the provider; it was not ended from here, so it is not bought "
        "again unasked",
        origin=line.origin,
        address=str(line.address),
        label=f"{seats(line.seats)} of {line.offer} are declared",
        hint="say `absent: true` if it is to stay away, `id:` if another subscription took its place, or take the line "
        "out and apply, then declare it again to buy anew",
    )


def _at_its_end(item: LiveSubscription) -> bool:
    """Whether a subscription ended with its term; what it says of its end afterwards is not documented."""
    return item.end_of_term == "cancel" or (item.term_ends is not None and item.term_ends <= item.policy.observed_at)


def suspected_rename(line: SubscriptionSpec, orphans: Iterable[Binding]) -> Diagnostic:
    """A line came and one or more of the same offer went."""
    gone = [f"{binding.address} ({', '.join(binding.ids)})" for binding in orphans]
    return error(
        "CSP373",
        f"{line.address} is new, and {listed(gone, final='and')} of the same offer "
        f"{'is' if len(gone) == 1 else 'are'} no longer declared: is it a rename?",
        origin=line.origin,
        address=str(line.address),
        hint="say `moved: [{from: …, to: " + line.address.name + "}]`, or name the subscription with `id:`",
    )


def component_gone(binding: Binding, spec: CustomerSpec) -> Diagnostic:
    """A bundle lost a component that customers have."""
    bundle = next(item for item in spec.bundles if item.address == binding.address.parent)
    return error(
        "CSP374",
        f"{binding.address} is bound, but {bundle.name} {bundle.version} has no component "
        f"`{binding.address.name}` for this customer any more",
        origin=bundle.origin,
        address=str(binding.address),
        label=f"subscription {', '.join(binding.ids)} would be left alone and stay billed",
        hint=f"list it in the bundle: `retired: [{{name: {binding.address.name}, then: cancel}}]` (or `keep`), "
        "or move it to a line of its own with `moved:`",
    )


def other_provider(line: SubscriptionSpec, binding: Binding) -> Diagnostic:
    """A line says another provider than the one it is bound at."""
    return error(
        "CSP376",
        f"this line is bound at provider `{binding.provider}` and declares `{line.provider}`",
        origin=line.origin.at("provider"),
        address=str(line.address),
        hint=f"say `provider: {binding.provider}`; moving between providers is a cancellation and a purchase",
    )


def _list(items: Sequence[LiveSubscription]) -> str:
    shown = [
        f"{item.id} ({seats(item.seats)}" + (f", until {last_day(item.term_ends)})" if item.term_ends else ")")
        for item in items[:_SHOWN]
    ]
    rest = len(items) - _SHOWN
    return ", ".join(shown) + (f" and {rest} more" if rest > 0 else "")
