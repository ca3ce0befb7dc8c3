"""Which subscription a line stands for: bindings first, then the one possible match, else a question.

An ambiguous match is never guessed, a trial matched only by a line that says `trial: true`, and a subscription that
stopped running is never bought again unless the ledger shows that we ended it ourselves (its binding is gone then).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from cspdecl.commerce.values import Split
from cspdecl.core.address import Address
from cspdecl.core.catalog import OfferKey
from cspdecl.core.desired import CustomerSpec, Retired, SubscriptionSpec
from cspdecl.core.diagnostics import Diagnostic
from cspdecl.core.live import Binding, LiveCustomer, LiveSubscription
from cspdecl.core.terms import Term
from cspdecl.planning import questions as ask
from cspdecl.planning.compare import compare
from cspdecl.planning.moves import Moved
from cspdecl.planning.split import unfold

How = Literal["bound", "adopt", "rebind", "new"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A line and its subscription (None: to be bought). `source`: the address its binding comes from. `split`: it is
    one of the two parts of a line, and `spec` what is declared of that part. `held`: what a hold keeps back of it, and
    `declared` how it reads without the hold. `unread`: what it stands for could not be read this time."""

    spec: SubscriptionSpec
    live: LiveSubscription | None
    how: How
    source: Address | None = None
    split: Split | None = None
    held: tuple[str, ...] = ()
    declared: SubscriptionSpec | None = None
    unread: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A binding that no line claims any more: forgotten because it was `removed`, `retired` or has `ended`."""

    binding: Binding
    why: Literal["removed", "retired", "ended"]


@dataclass(slots=True)
class Matched:
    """One customer's lines, matched. What is running and claimed by nobody is unmanaged."""

    pairs: list[Pair] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    unmanaged: list[LiveSubscription] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)


def as_declared(spec: CustomerSpec, live: LiveCustomer, bound: Mapping[Address, Binding]) -> bool:
    """Whether every line is bound to one running subscription that is just as declared, and nothing else is there.

    The way of nearly every customer in nearly every plan: nothing to match, to decide or to say.
    """
    if spec.create is not None or spec.profile is not None or spec.services:
        return False
    running = {item.id: item for item in live.subscriptions if item.status.running}
    if not len(running) == len(spec.subscriptions) == sum(1 for address in bound if address.path):
        return False
    seen = set()
    for line in spec.subscriptions:
        binding = bound.get(line.address)
        if binding is None or len(binding.ids) != 1 or binding.provider != line.provider or line.id is not None:
            return False
        item = running.get(binding.ids[0])
        if item is None or item.trial or line.custom_end is not None or compare(line, item) is not None:
            return False
        seen.add(item.id)
    return len(seen) == len(running)


def match_customer(spec: CustomerSpec, live: LiveCustomer, moved: Moved, retired: Mapping[Address, Retired]) -> Matched:
    """Pair every line of a customer. Lines in `diagnostics` with an error are not paired."""
    out = Matched(diagnostics=list(moved.diagnostics))
    by_id = {item.id: item for item in live.subscriptions}
    declared = {line.address for line in spec.subscriptions}
    claimed: set[str] = set()
    repointed = {
        line.address
        for line in spec.subscriptions
        if line.id is not None and (former := moved.bound.get(line.address)) and line.id not in former.ids
    }
    owners: dict[str, Address] = {}
    for address, binding in moved.bound.items():
        if address in repointed:
            continue  # the line names another subscription now: what it stood for is free
        owners.update(dict.fromkeys(binding.ids, address))
        if address in declared:
            claimed.update(binding.ids)
    open_lines: list[SubscriptionSpec] = []
    for line in spec.subscriptions:
        binding_of = moved.bound.get(line.address)
        if line.term is Term.ONCE and live.tenant and "licences" not in live.wanted:
            out.pairs.append(Pair(spec=line, live=None, how="new", unread=True))
        elif binding_of is not None and (line.id is None or line.id in binding_of.ids):
            _bound(line, binding_of, by_id, moved, out)
        elif line.id is not None:
            _named(line, line.id, by_id, spec, owners, declared, claimed, out)
        else:
            open_lines.append(line)
    _twice(spec, out)
    taken = {pair.source for pair in out.pairs if pair.how == "rebind"}
    orphans = [
        binding
        for address, binding in moved.bound.items()
        if address.path and address not in declared and address not in taken
    ]
    if open_lines or orphans:
        _open(spec, open_lines, orphans, by_id, claimed, retired, out)
    claimed.update(item for left in out.left if left.why != "removed" for item in left.binding.ids)
    claimed.update(pair.live.id for pair in out.pairs if pair.live is not None)
    out.unmanaged = [item for item in live.subscriptions if item.id not in claimed and item.status.running]
    _done_elsewhere(out)
    return out


def _bound(
    line: SubscriptionSpec, binding: Binding, by_id: Mapping[str, LiveSubscription], moved: Moved, out: Matched
) -> None:
    source = moved.sources.get(line.address)
    how: How = "rebind" if source is not None else "bound"
    if binding.provider != line.provider:
        out.diagnostics.append(ask.other_provider(line, binding))
        return
    running = [item for one in binding.ids if (item := by_id.get(one)) is not None and item.status.running]
    parts = unfold(line, running)
    if isinstance(parts, Diagnostic):
        out.diagnostics.append(parts)
    elif parts is not None:
        out.pairs += [Pair(spec=part.spec, live=part.live, how=how, source=source, split=part.split) for part in parts]
    elif len(running) == 1:
        if running[0].trial and not _may_be_trial(line, running[0]):
            out.diagnostics.append(ask.is_trial(line, running[0]))
        elif len(binding.ids) > 1 and _half_gone(line, running[0]):
            out.diagnostics.append(ask.half_gone(line, binding, running[0]))
        elif not _wholly(line, running[0]):
            out.diagnostics.append(ask.upgraded_part_alone(line, running[0]))
        else:
            out.pairs.append(Pair(spec=line, live=running[0], how=how, source=source))
    elif len(running) > 1:
        if sum(item.seats for item in running) != line.seats or not all(_as_it_is(line, item) for item in running):
            out.diagnostics.append(ask.several(line, running))
    elif line.absent:
        out.left.append(Left(binding=replace(binding, address=line.address), why="ended"))
    else:
        ended = [item for one in binding.ids if (item := by_id.get(one)) is not None]
        out.diagnostics.append(ask.ended(line, binding, ended))


def _named(
    line: SubscriptionSpec, wanted: str, by_id: Mapping[str, LiveSubscription], spec: CustomerSpec,
    owners: Mapping[str, Address], declared: set[Address], claimed: set[str], out: Matched,
) -> None:  # fmt: skip
    live = by_id.get(wanted)
    owner = owners.get(wanted)
    if live is None or not live.status.running:
        if not line.absent:
            out.diagnostics.append(ask.no_such_id(line, wanted, live, spec))
    elif live.trial and not _may_be_trial(line, live):
        out.diagnostics.append(ask.is_trial(line, live))
    elif owner is not None and owner in declared:
        out.diagnostics.append(ask.id_taken(line, wanted, owner))
    elif live.offer != line.offer and not (line.upgrade is not None and live.offer == line.upgrade.source):
        out.diagnostics.append(ask.other_offer(line, live))
    elif not line.absent and not _wholly(line, live):
        out.diagnostics.append(ask.upgraded_part_alone(line, live))
    else:
        claimed.add(wanted)
        out.pairs.append(Pair(spec=line, live=live, how="rebind" if owner else "adopt", source=owner))


def _twice(spec: CustomerSpec, out: Matched) -> None:
    first: dict[str, SubscriptionSpec] = {}
    for line in spec.subscriptions:
        if line.id is not None and (other := first.setdefault(line.id, line)) is not line:
            out.diagnostics.append(ask.id_twice(line, other))
            out.pairs = [pair for pair in out.pairs if pair.spec not in (line, other)]


def _open(
    spec: CustomerSpec, lines: Iterable[SubscriptionSpec], orphans: Iterable[Binding],
    by_id: Mapping[str, LiveSubscription], claimed: set[str], retired: Mapping[Address, Retired], out: Matched,
) -> None:  # fmt: skip
    """Lines without binding against bindings without line and subscriptions without either."""
    alive: dict[OfferKey, list[Binding]] = {}
    bundles = {bundle.address for bundle in spec.bundles}
    held: list[Binding] = []
    for binding in orphans:
        running = [item for one in binding.ids if (item := by_id.get(one)) is not None and item.status.running]
        rule = retired.get(binding.address)
        if not running:
            out.left.append(Left(binding=binding, why="ended"))
        elif rule is not None and rule.then == "cancel" and (leaving := _leaving(binding, running, rule)):
            claimed.update(binding.ids)
            out.pairs += leaving
        elif rule is not None:
            out.left.append(Left(binding=binding, why="retired"))
        else:
            held.append(binding)
            for key in {item.offer for item in running if item.offer is not None}:
                alive.setdefault(key, []).append(binding)
    free: dict[OfferKey, list[LiveSubscription]] = {}
    for item in by_id.values():
        if item.offer is not None and item.status.running and item.id not in claimed:
            free.setdefault(item.offer, []).append(item)
    wanting: dict[OfferKey, list[SubscriptionSpec]] = {}
    renamed: set[Address] = set()
    for line in lines:
        if line.upgrade is not None and _either_end(line, alive, free):
            left = [by_id[one] for item in alive.get(line.upgrade.source, ()) for one in item.ids if one in by_id]
            out.diagnostics.append(
                ask.unbound_upgrade(line, [*free[line.offer], *left, *free.get(line.upgrade.source, ())])
            )
            renamed |= {item.address for item in alive.get(line.upgrade.source, ())}
        else:
            wanting.setdefault(_sought(line, alive, free), []).append(line)
    for key, group in wanting.items():
        renamed |= _one_offer(group, alive.get(key, []), free.get(key, []), by_id, out)
    for binding in held:
        if binding.address in renamed:
            continue
        if binding.address.parent in bundles:
            out.diagnostics.append(ask.component_gone(binding, spec))
        else:
            out.left.append(Left(binding=binding, why="removed"))


def _one_offer(
    group: list[SubscriptionSpec], orphans: list[Binding], free: list[LiveSubscription],
    by_id: Mapping[str, LiveSubscription], out: Matched,
) -> set[Address]:  # fmt: skip
    """All open lines of one offer. Answers which orphaned bindings are spoken for, by a rename or by a question."""
    staying = [line for line in group if not line.absent]
    if orphans and staying:
        if len(staying) == len(orphans) == 1 and len(orphans[0].ids) == 1:
            live = by_id[orphans[0].ids[0]]
            out.pairs.append(Pair(spec=staying[0], live=live, how="rebind", source=orphans[0].address))
            _absent_lines(group, [item for item in free if item.id not in orphans[0].ids], out)
        else:
            out.diagnostics += [ask.suspected_rename(line, orphans) for line in staying]
            _absent_lines(group, free, out)
        return {binding.address for binding in orphans}
    trials = [line for line in group if line.trial]
    if trials:
        _trials(trials, [item for item in by_id.values() if item.offer == trials[0].offer], free, out)
        group = [line for line in group if not line.trial]
        staying = [line for line in group if not line.absent]
    candidates = [item for item in free if not item.trial or any(_may_be_trial(line, item) for line in staying)]
    if len(group) == len(staying) == len(candidates) == 1:
        if _wholly(staying[0], candidates[0]):
            out.pairs.append(Pair(spec=staying[0], live=candidates[0], how="adopt"))
        else:
            out.diagnostics.append(ask.unbound_upgrade(staying[0], candidates))
        return set()
    _absent_lines(group, free, out)
    for line in staying:
        if candidates:
            out.diagnostics.append(ask.ambiguous(line, candidates, len(group)))
            continue
        if line.upgrade is not None:
            out.diagnostics.append(ask.unbound_upgrade(line, ()))
            continue
        out.diagnostics += [ask.trial_runs(line, item) for item in free if item.trial]
        out.pairs.append(Pair(spec=line, live=None, how="new"))
    return set()


def _trials(
    lines: list[SubscriptionSpec], known: list[LiveSubscription], free: list[LiveSubscription], out: Matched
) -> None:
    """Lines of trials: bound to the one that runs, started where there has never been one, else a question."""
    running = [item for item in free if item.trial]
    for line in lines:
        if line.absent:
            if running:
                out.diagnostics.append(ask.absent_needs_id(line, running))
        elif len(lines) == len(running) == 1:
            out.pairs.append(Pair(spec=line, live=running[0], how="adopt"))
        elif running:
            out.diagnostics.append(ask.ambiguous(line, running, len(lines)))
        elif len(lines) > 1 or known:
            out.diagnostics.append(ask.second_trial(line, known))
        else:
            out.pairs.append(Pair(spec=line, live=None, how="new"))


def _sought(
    line: SubscriptionSpec, alive: Mapping[OfferKey, list[Binding]], free: Mapping[OfferKey, list[LiveSubscription]]
) -> OfferKey:
    """The offer by which an unbound line is matched: an upgrade still to come is known by what it leaves."""
    if line.upgrade is None or alive.get(line.offer) or free.get(line.offer):
        return line.offer
    return line.upgrade.source


def _may_be_trial(line: SubscriptionSpec, live: LiveSubscription) -> bool:
    """Whether a trial is meant by a line: it says so, or converts it."""
    return line.trial or (line.upgrade is not None and line.upgrade.source == live.offer)


def _wholly(line: SubscriptionSpec, live: LiveSubscription) -> bool:
    """Whether one subscription can be all that a line stands for: not the upgraded part of two."""
    if line.absent or line.upgrade is None or line.upgrade.seats is None or live.offer == line.upgrade.source:
        return True
    return line.upgrade.seats >= line.seats


def _as_it_is(line: SubscriptionSpec, live: LiveSubscription) -> bool:
    """Whether one of a line's subscriptions is as declared but for its seats, which are counted over all of them."""
    return not line.absent and compare(replace(line, seats=live.seats), live) is None


def _either_end(
    line: SubscriptionSpec, alive: Mapping[OfferKey, list[Binding]], free: Mapping[OfferKey, list[LiveSubscription]]
) -> bool:
    """Whether an unbound upgrade could as well have been done as be still to come: both of its ends are there."""
    if line.upgrade is None or line.absent or alive.get(line.offer) or not free.get(line.offer):
        return False
    return bool(alive.get(line.upgrade.source) or free.get(line.upgrade.source))


def _done_elsewhere(out: Matched) -> None:
    """A part that was upgraded in the portal is not upgraded once more: what ends with its source is asked about."""
    for pair in tuple(out.pairs):
        spec, live = pair.spec, pair.live
        if live is None or pair.split is not None or spec.absent or spec.upgrade is None or spec.upgrade.seats is None:
            continue
        if live.offer != spec.upgrade.source:
            continue
        found = [one for one in out.unmanaged if one.offer == spec.offer and one.term_ends == live.term_ends]
        if found:
            out.diagnostics.append(ask.upgraded_elsewhere(spec, live, found))
            out.pairs.remove(pair)


def _half_gone(line: SubscriptionSpec, live: LiveSubscription) -> bool:
    """Whether one of a line's two parts ended elsewhere: what is left is not what the whole line declares."""
    if line.absent or line.upgrade is None or line.upgrade.seats is None:
        return False
    return live.offer == line.upgrade.source or line.upgrade.seats < line.seats


def _absent_lines(group: Iterable[SubscriptionSpec], free: Iterable[LiveSubscription], out: Matched) -> None:
    candidates = [item for item in free if not item.trial]
    for line in group:
        if line.absent and candidates:
            out.diagnostics.append(ask.absent_needs_id(line, candidates))


def _leaving(binding: Binding, running: list[LiveSubscription], rule: Retired) -> list[Pair]:
    """A retired component as a line that is `absent`, one pair for each of its subscriptions; none where one of them
    is no ordinary subscription."""
    specs = [_gone(binding, live, rule) for live in running]
    if any(spec is None for spec in specs):
        return []
    pairs = [Pair(spec=spec, live=live, how="bound") for spec, live in zip(specs, running, strict=True) if spec]
    if len(pairs) != 2:
        return pairs if len(pairs) == 1 else []
    first, second = running
    return [
        replace(pairs[0], split=Split(part="source", other=second)),
        replace(pairs[1], split=Split(part="target", other=first)),
    ]


def _gone(binding: Binding, live: LiveSubscription, rule: Retired) -> SubscriptionSpec | None:
    if live.offer is None or live.term is None or live.billing is None:
        return None
    return SubscriptionSpec(
        address=binding.address, provider=binding.provider, offer=live.offer, seats=live.seats, term=live.term,
        billing=live.billing, end_of_term="cancel", reduce="auto", display_name=None, sell=None, absent=True, id=None,
        nickname=None, labels={}, bundle=None, origin=rule.origin,
    )  # fmt: skip
