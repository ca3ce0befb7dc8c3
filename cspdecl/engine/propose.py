"""Accepting drift: writing into the manifests what is live, so that a pull request can show it.

A value is replaced where one stands, else the key is added to its line, and what was bought elsewhere gets a line of
its own; comments and layout stay. What was written is read back: an edit that would say more than what is live (a
bundle's seats that other components follow, an anchor that other lines share) is put back, and a person is told what
to write instead. Nothing is ever sent to a provider.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from cspdecl.core.address import Address
from cspdecl.core.desired import SubscriptionSpec
from cspdecl.engine.propose_edits import KEYS, Edit, Specs, other_edits, value_edits
from cspdecl.manifest.cache import Cache
from cspdecl.manifest.load import load_manifests
from cspdecl.report.printable import printable

if TYPE_CHECKING:
    from cspdecl.core.desired import DesiredState
    from cspdecl.core.live import LiveState, LiveSubscription
    from cspdecl.engine.drift import DriftResult
    from cspdecl.engine.propose_edits import Spec
    from cspdecl.engine.session import Session
    from cspdecl.planning.drift_values import Drift

_PLACES = frozenset({"origin", "bundle_origin"})


def propose_changes(session: Session, result: DriftResult) -> Iterator[str]:
    """Change the manifests so that they accept what is live; says a line for each edit, or what to do by hand.

    What is waived is left as it is: somebody answers for it already.
    """
    _project, desired = session.require()
    specs, live = specs_of(desired), result.planned.live
    found = [item.drift for item in result.report.counted]
    texts: dict[str, str] = {}

    def read(file: str) -> str:
        return texts.setdefault(file, _read(session, file))

    kept = _keep(session, desired, list(value_edits(specs, found, live, read)), [])
    left = [item for item in found if id(item) not in _done(kept)]
    kept = _keep(session, desired, list(other_edits(specs, desired, left, live)), kept)
    for edit in kept:
        yield edit.text
    done = _done(kept)
    for item in found:
        if id(item) not in done:
            yield f"{item.address}: {advice(item, specs.get(item.address), live)}"


def _done(edits: Sequence[Edit]) -> set[int]:
    return {id(item) for edit in edits for item in edit.accepts}


def advice(item: Drift, line: Spec | None, live: LiveState) -> str:
    """What a person can do about a finding that no single value accepts."""
    if item.kind == "unmanaged-new":
        return _to_take_over(_found(item, live))
    if item.kind == "lost":
        return "nothing can be read or changed there any more: take its file out once you know why"
    if item.kind == "missing" and isinstance(line, SubscriptionSpec) and line.bundle is not None:
        return (
            "it runs no longer, and its bundle cannot be without it: say `absent: true` for the whole bundle, or take "
            "the line out, apply, and declare what is left by itself"
        )
    if item.kind == "missing":
        return (
            "it runs no longer: say `absent: true` if it is to stay away, or take the line out, apply, and declare it "
            "again to buy anew"
        )
    if item.kind == "schedule":
        if item.live is None:
            return "what was scheduled is gone: `apply` schedules it again, or declare what runs now"
        return f"scheduled in the portal ({item.live}): declare it with `atRenewal`, or let `apply` take it back"
    if item.field == "status":
        if item.live == "suspended":
            return "say `suspended: true` to leave it so, `absent: true` if it is to end, or let `apply` resume it"
        return "take `suspended` out to leave it running, or let `apply` suspend it again"
    if item.field == "end_of_term" and item.live == "unset":
        back = f", or let `apply` set `{item.declared}` again" if item.declared else ""
        return (
            "auto-renew is off and nothing else is said, which no manifest can declare: write `endOfTerm: cancel` or "
            f"`endOfTerm: extend`{back}"
        )
    if line is None or line.absent:
        return "the line is declared `absent: true`, so nothing is to be accepted; `apply` goes on ending it"
    if item.field == "reseller":
        return f"say in `reseller` who is on record ({item.live or 'nobody'}), or let `apply` name {item.was} again"
    if item.field == "budget":
        return f'say `budget: "{item.live}"` in its `azurePlan`, or let `apply` set {item.was} again'
    key = KEYS[item.field]
    value = str(item.live)
    if printable(value) != value:
        return f"its {key} holds characters that cannot be read: give it another in the provider's portal"
    if isinstance(line, SubscriptionSpec) and line.bundle is not None:
        return f"add `overrides: {{{line.bundle.component}: {{{key}: {value}}}}}` to the line in {line.origin.file}"
    return f"add `{key}: {value}` to the line in {line.origin.file}"


def _found(item: Drift, live: LiveState) -> LiveSubscription | None:
    customer = live.customers.get(item.address.customer)
    there = customer.subscriptions if customer else ()
    return next((one for one in there if one.id == item.address.name), None)


def _to_take_over(seen: LiveSubscription | None) -> str:
    if seen is None or (seen.offer is None and seen.product != "azure_plan"):
        return "bought elsewhere, and it cannot be declared: it stays found until it has ended"
    kind = ", trial: true" if seen.trial else ", billing: one_time" if seen.product == "perpetual" else ""
    line = f'{{name: …, offer: "{seen.offer}", seats: {seen.seats}{kind}, id: {seen.id}}}'
    if seen.product == "azure_plan":
        line = f"{{name: …, azurePlan: {{}}, id: {seen.id}}}"
    return f"bought elsewhere: `{line}` among the customer's lines takes it over; until then it stays found"


# ---- writing, and reading back ----


def _keep(session: Session, desired: DesiredState, edits: Sequence[Edit], kept: list[Edit]) -> list[Edit]:
    """Write the edits beside those that are `kept`: all of them where that holds, else every one that holds."""
    if not edits:
        return kept
    if _try(session, desired, edits, kept):
        return [*kept, *edits]
    if len(edits) == 1:
        return kept
    half = len(edits) // 2
    return _keep(session, desired, edits[half:], _keep(session, desired, edits[:half], kept))


def _try(session: Session, desired: DesiredState, edits: Sequence[Edit], kept: Sequence[Edit]) -> bool:
    """Write and look whether the manifests say just what is live; put all of it back if not."""
    before: dict[str, str] = {}
    whole = True
    for edit in edits:
        text = _read(session, edit.place.file)
        changed = edit.apply(text)
        if changed is None:
            whole = False
            break
        before.setdefault(edit.place.file, text)
        _put(session, edit.place.file, changed)
    if whole and _accepted(session, desired, [*kept, *edits]):
        return True
    for file, text in before.items():
        _put(session, file, text)
    return False


def _accepted(session: Session, desired: DesiredState, edits: Sequence[Edit]) -> bool:
    """Whether everything is as it was before, or as one of the edits wants it."""
    cache = Cache(session.root / ".cspdecl" / "cache")
    loaded = load_manifests(session.root, now=session.clock.now(), cache=cache)
    if loaded.desired is None:
        return False
    wanted = {key: value for edit in edits for key, value in edit.expects.items()}
    added = {address for edit in edits for address in edit.adds}
    before, after = specs_of(desired), specs_of(loaded.desired)
    if after.keys() - before.keys() != added or before.keys() - after.keys():
        return False
    changed = _changed(before, after) | _changed_customers(desired, loaded.desired)
    return changed.keys() == wanted.keys() and all(
        wanted[key] is None or str(value) == wanted[key] for key, value in changed.items()
    )


def _changed(before: Specs, after: Specs) -> dict[tuple[Address, str], Any]:
    found: dict[tuple[Address, str], Any] = {}
    for address, was in before.items():
        line = after[address]
        if line != was:
            for one in fields(line):
                value = getattr(line, one.name)
                if one.name not in _PLACES and value != getattr(was, one.name, None):
                    found[address, one.name] = value
    return found


def _changed_customers(before: DesiredState, after: DesiredState) -> dict[tuple[Address, str], Any]:
    """Resellers on record that are declared differently."""
    found: dict[tuple[Address, str], Any] = {}
    for key, spec in after.customers.items():
        was = before.customers[key].reseller if key in before.customers else None
        if spec.reseller != was and (
            spec.reseller is None or was is None or spec.reseller.partner_id != was.partner_id
        ):
            found[Address(key), "reseller"] = spec.reseller.partner_id if spec.reseller is not None else None
    return found


def specs_of(desired: DesiredState) -> dict[Address, Spec]:
    """Every subscription and Azure plan that is declared, by address."""
    found: dict[Address, Spec] = {}
    for spec in desired.customers.values():
        found.update({line.address: line for line in spec.subscriptions})
        found.update({plan.address: plan for plan in spec.azure_plans})
    return found


def _read(session: Session, file: str) -> str:
    return (session.root / file).read_bytes().decode("utf-8")


def _put(session: Session, file: str, text: str) -> None:
    (session.root / file).write_bytes(text.encode("utf-8"))
