"""One customer: match, compare, decide, put in order. Everything here is about this customer alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from cspdecl.commerce.came_true import after_renewal
from cspdecl.commerce.prices import market_of, prices_in
from cspdecl.core.action import Forget
from cspdecl.core.address import Address
from cspdecl.core.capability import Capability
from cspdecl.core.desired import CustomerSpec, Move, Retired
from cspdecl.core.live import Binding, LiveCustomer
from cspdecl.core.operation import CustomerNote, Guard, Reason
from cspdecl.core.records import BookEntry
from cspdecl.planning.account import plan_account
from cspdecl.planning.azure import Azure, buys_azure, plan_azure, without_azure
from cspdecl.planning.context import context_of_binding
from cspdecl.planning.dated import declared_today, left_alone
from cspdecl.planning.holding import hold_pairs, plain
from cspdecl.planning.line import Lines, difference
from cspdecl.planning.match import Left, Pair, as_declared, match_customer
from cspdecl.planning.moves import apply_moves
from cspdecl.planning.order import ordered
from cspdecl.planning.qualifications import plan_qualification
from cspdecl.planning.reprice import as_recorded, mark_rows, mark_unknown, plan_reprices, resolve_prices
from cspdecl.planning.rows import CustomerPlan, Row
from cspdecl.planning.sequence import Sequence
from cspdecl.planning.services import Booked, plan_services
from cspdecl.planning.world import World

_EMPTY: Mapping[Address, Binding] = {}


def plan_customer(
    world: World,
    spec: CustomerSpec,
    live: LiveCustomer | None,
    *,
    bound: Mapping[Address, Binding] = _EMPTY,
    moves: Iterable[Move] = (),
    retired: Mapping[Address, Retired],
    book: Iterable[BookEntry] = (),
) -> CustomerPlan:
    """The part of the plan about one customer. `live` None: it does not exist yet and is to be created."""
    today = declared_today(spec, world.now)
    spec = today.spec
    out = CustomerPlan(key=spec.key, spec=spec)
    quick = live is not None and not book and not today.waiting and plain(spec, live)
    if quick and live is not None and as_declared(spec, live, bound) and as_recorded(world, spec, live, bound):
        out.unchanged = len(spec.subscriptions)
        return out
    sequence = Sequence(last_hashes=world.last_hashes)
    out.market = market_of(spec, live) or world.project.market
    world = replace(world, prices=prices_in(world.prices, out.market))
    there = live or _nobody(spec, world.now)
    moved, out.waiting, waiting_ids = left_alone(today, apply_moves(bound, moves), there)
    book = [entry for entry in book if entry.address not in today.later]
    matched = match_customer(spec, there, without_azure(spec, moved), retired)
    out.diagnostics += matched.diagnostics
    matched.pairs = [_since_renewal(pair, world, out) for pair in matched.pairs]
    resolved = resolve_prices(world, spec, matched.pairs)
    spec, matched.pairs = resolved.spec, hold_pairs(resolved.spec, resolved.pairs, out)
    pairs = [(pair, difference(pair, spec)) for pair in ordered(matched.pairs, spec)]
    new = [pair for pair in matched.pairs if pair.live is None and not pair.spec.absent and not pair.unread]
    buys = bool(new) or buys_azure(spec, there)
    capabilities = world.capabilities.get(spec.provider, Capability.NONE)
    agreement = plan_account(
        spec, live, bound.get(Address(spec.key)), capabilities=capabilities, buys=buys, sequence=sequence, out=out
    )
    if agreement is None:
        return out
    plan_qualification(spec, live, capabilities, sequence, out)
    repriced = plan_reprices(world, resolved, sequence, book=book)
    planner = Lines(world, spec, there, live, matched.pairs, agreement, sequence, out, repriced, today.later)
    for pair, delta in pairs:
        quiet = delta is None and pair.live is not None and pair.how == "bound" and not pair.held
        if quiet and pair.spec.address not in repriced:
            planner.unchanged(pair)
        else:
            planner.line(pair, delta)
    planner.fold_parts()
    about = Azure(
        world=world, spec=spec, there=there, tenant=live.tenant if live else None,
        setting=planner.around.circumstances(), sequence=sequence, out=out,
    )  # fmt: skip
    azure, gone = plan_azure(about, moved)
    blocked = {row.address for row in out.rows if row.kind == "blocked"}
    held = frozenset(bundle.address for bundle in spec.bundles if bundle.anchor in blocked)
    booked = Booked(entries=book, anchors=planner.anchors, held=held, repriced=repriced)
    plan_services(spec, booked, retired, sequence, out)
    titles = {item.id: item.title for item in there.subscriptions}
    for left in (*matched.left, *gone):
        forget(left, sequence, out, title=next((titles[one] for one in left.binding.ids if one in titles), None))
    out.operations = mark_unknown(resolved, sequence.operations)
    out.rows = mark_rows(resolved, out.rows)
    if out.rows:
        out.diagnostics += resolved.diagnostics
    out.unmanaged = [f"{spec.key}/{item.id}" for item in matched.unmanaged if item.id not in azure | waiting_ids]
    name = live.name if live else spec.create.profile.company_name if spec.create else spec.key
    out.note = CustomerNote(
        key=spec.key,
        name=spec.display_name or name,
        tenant=live.tenant if live else None,
        agreement=live.agreement if live else "none",
    )
    return out


def _since_renewal(pair: Pair, world: World, out: CustomerPlan) -> Pair:
    """The line as it is to be read after the renewal its `atRenewal` spoke of."""
    if pair.live is None or pair.spec.at_renewal is None or pair.spec.absent:
        return pair
    spec, said = after_renewal(pair.spec, pair.live, world.recorded.get(pair.spec.address))
    out.diagnostics += [said] if said is not None else []
    return pair if spec is pair.spec else replace(pair, spec=spec)


def forget(left: Left, sequence: Sequence, out: CustomerPlan, *, title: str | None = None) -> None:
    """Let a binding go: the subscription, where it still runs, stays as it is and stays billed."""
    binding, address = left.binding, left.binding.address
    words = {
        "removed": "it is no longer declared: it is left as it is, no longer managed, and stays billed",
        "retired": "the bundle retired it and keeps it: it is left as it is, no longer managed, and stays billed",
        "ended": "it has ended at the provider: its binding goes",
    }
    ident = sequence.add(
        address,
        Forget(ids=binding.ids),
        reason=Reason(code=left.why, text=words[left.why]),
        guard=Guard(tenant=binding.tenant),
        context=context_of_binding(address, binding),
    )
    out.rows.append(
        Row(address=address, kind="forget", operations=(ident,), gone=binding, offer_title=title, note=words[left.why])
    )


def _nobody(spec: CustomerSpec, now: datetime) -> LiveCustomer:
    return LiveCustomer(
        key=spec.key,
        tenant="",
        name="",
        domain="",
        subscriptions=(),
        agreement="none",
        blocked=None,
        profile=None,
        read_at=now,
    )
