"""A plan as one JSON document and back: what `plan --out` writes, `show` prints and `apply` reads.

On top `resource_changes[]` in Terraform's shape, a view for existing tools; under `cspdecl` the plan itself, which is
all that is read back. A digest covers the document, so that an edited one is noticed. Readers ignore keys they do not
know; `format_version` grows in its minor part when keys are added, in its major part when they change.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from cspdecl.core.action import (
    Adopt,
    AttestAgreement,
    BookService,
    BuyAzurePlan,
    Cancel,
    ChangeTerm,
    ClearSchedule,
    CreateCustomer,
    Forget,
    Purchase,
    Rebind,
    Rename,
    Reprice,
    RequestQualification,
    Resume,
    ScheduleRenewal,
    SetBudget,
    SetEndOfTerm,
    SetReseller,
    SetSeats,
    Suspend,
    Transition,
    UpdateProfile,
)
from cspdecl.core.address import Address
from cspdecl.core.diagnostics import Origin
from cspdecl.core.digest import digest_of
from cspdecl.core.errors import StalePlan
from cspdecl.core.operation import Operation, Plan
from cspdecl.core.plain import PlainError, from_plain, instant_text, to_plain
from cspdecl.planning.undo import effective_from, strictest, undo_of

FORMAT_VERSION = "1.1"
_READS = 1
Json = dict[str, Any]
Place = Callable[[Origin], "tuple[int, int] | None"]


def dump_plan(plan: Plan, *, place: Place | None = None) -> str:
    """The document as text: keys sorted, two blanks of indentation, characters a terminal would obey escaped.

    With `place` every change says the line and column of its declaration.
    """
    text = json.dumps(plan_document(plan, place=place), sort_keys=True, indent=2, ensure_ascii=False)
    return _HIDDEN.sub(_escape, text) + "\n"


def plan_document(plan: Plan, *, place: Place | None = None) -> Json:
    """The document as plain data."""
    document: Json = {
        "format_version": FORMAT_VERSION,
        "timestamp": instant_text(plan.now),
        "applyable": bool(plan.operations) and not (plan.safety.refused or plan.offline or _errors(plan)),
        "complete": plan.complete,
        "errored": _errors(plan),
        "resource_changes": _with_undo(plan, resource_changes(plan.operations, place)),
        "cspdecl": to_plain(plan),
    }
    document["cspdecl"]["digest"] = digest_of(document)
    return document


def load_plan(text: str) -> Plan:
    """A saved plan. Raises StalePlan where the text is no plan, was altered, or comes from another version."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise StalePlan(f"this is no saved plan: {problem}; make one with `cspdecl plan --out FILE`") from problem
    if not isinstance(document, dict) or not isinstance(document.get("cspdecl"), dict):
        raise StalePlan("this is no saved plan: `cspdecl` is missing; make one with `cspdecl plan --out FILE`")
    version = str(document.get("format_version", ""))
    if version.partition(".")[0] != str(_READS):
        raise StalePlan(f"the plan has format {version or 'unknown'}, this version reads {_READS}.x: plan again")
    inner = dict(document["cspdecl"])
    digest = inner.pop("digest", None)
    try:
        same = digest == digest_of({**document, "cspdecl": inner})
    except TypeError:  # a float: nothing of ours writes one
        same = False
    if not same:
        raise StalePlan("the plan was altered after it was made: plan again, and review that")
    try:
        return from_plain(Plan, inner)
    except PlainError as problem:
        raise StalePlan(f"the plan comes from another version ({problem}): plan again") from problem


def _errors(plan: Plan) -> bool:
    return any(item.severity == "error" for item in plan.diagnostics)


# Controls, direction overrides, line separators and halves of characters: JSON needs only some of them escaped, a
# terminal and a file all. Nor may a name be a command to a build agent that reads the output (`##vso[`, `##[`).
_HIDDEN = re.compile(
    "[\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]|#(?=#(?:[vV][sS][oO])?\\[)"
)


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match.group()):04x}"


# ---- the view in Terraform's shape ----


def resource_changes(operations: Iterable[Operation], place: Place | None = None) -> list[Json]:
    """Operations as `resource_changes[]`, one entry for each address and kind of thing."""
    groups: dict[tuple[Address, str], list[Operation]] = {}
    for operation in operations:
        groups.setdefault((operation.address, _type(operation)), []).append(operation)
    return [{**_change(address, kind, group), **_source(group[0], place)} for (address, kind), group in groups.items()]


def _with_undo(plan: Plan, changes: list[Json]) -> list[Json]:
    """What of each change can be taken back and when it comes true; for a plan of a change, whether it is its doing."""
    groups: dict[tuple[str, str], list[Operation]] = {}
    for operation in plan.operations:
        groups.setdefault((str(operation.address), _type(operation)), []).append(operation)
    added = frozenset(plan.difference.added) if plan.difference is not None else None
    for change in changes:
        group = groups[change["address"], change["type"]]
        undo = strictest(undo_of(operation, now=plan.now) for operation in group)
        change["change"]["cspdecl"] = {
            "effective": instant_text(min(effective_from(operation, now=plan.now) for operation in group)),
            "reversible": undo.how,
            "reversible_until": instant_text(undo.until) if undo.until is not None else None,
            "owed_until": instant_text(undo.owed_until) if undo.owed_until is not None else None,
            **({"this_change": any(item.id in added for item in group)} if added is not None else {}),
        }
    return changes


def _source(operation: Operation, place: Place | None) -> Json:
    """Where a change is declared: the file, and line and column where they were looked up."""
    origin = operation.origin
    if origin is None:
        return {}
    found = place(origin) if place is not None else None
    return {"source": {"file": origin.file, **({"line": found[0], "column": found[1]} if found else {})}}


def _type(operation: Operation) -> str:
    if not operation.address.path:
        return "cspdecl_customer"
    return "cspdecl_service" if isinstance(operation.action, BookService) else "cspdecl_subscription"


def _change(address: Address, kind: str, group: list[Operation]) -> Json:
    before: Json | None = _before(group[0])
    after: Json | None = dict(before) if before is not None else None
    actions: list[str] = []
    for operation in group:
        verb, sets = _effect(operation)
        if verb not in actions:
            actions.append(verb)
        after = None if sets is None else {**(after or {}), **sets}
    if len(actions) > 1 and "no-op" in actions:
        actions.remove("no-op")
    if "create" in actions:
        before, actions = None, ["create"]
    elif "delete" in actions:
        actions = ["delete"]
    return {
        "address": str(address),
        "type": kind,
        "name": address.name,
        "provider_name": group[0].context.provider,
        "action_reason": group[0].reason.code,
        "change": {
            "actions": actions,
            "before": before,
            "after": after,
            "after_unknown": {"id": True} if actions == ["create"] and kind == "cspdecl_subscription" else {},
            "before_sensitive": False,
            "after_sensitive": False,
        },
    }


def _before(operation: Operation) -> Json | None:
    guard, action = operation.guard, operation.action
    if isinstance(action, BookService):
        return {"service": action.service, "quantity": action.before} if action.before else None
    if not operation.address.path:
        return {"tenant": guard.tenant} if guard.tenant else None
    if guard.subscription is None:
        return {"id": list(action.ids)} if isinstance(action, Forget | Rebind) else None
    return {
        key: value
        for key, value in {
            "id": guard.subscription,
            "offer": str(guard.offer) if guard.offer else None,
            "seats": guard.seats,
            "term": guard.term,
            "billing": guard.billing,
            "end_of_term": guard.end_of_term,
            "scheduled": to_plain(guard.scheduled) if guard.scheduled else None,
        }.items()
        if value is not None
    }


def _effect(operation: Operation) -> tuple[str, Json | None]:
    """Terraform's word for an action, ours where it has none, and what it sets; None: it is gone."""
    action = operation.action
    match action:
        case CreateCustomer():
            return "create", {"domain": action.create.full_domain, "company_name": action.create.profile.company_name}
        case AttestAgreement():
            return "update", {"agreement": action.agreement.type}
        case UpdateProfile():
            return "update", {"profile": to_plain(action.after)}
        case Purchase():
            return "create", {
                "offer": str(action.offer),
                "seats": action.seats,
                "term": action.term,
                "billing": action.billing,
            }
        case SetSeats():
            return "update", {"seats": action.after}
        case ScheduleRenewal():
            return "schedule", {"scheduled": to_plain(action.next)}
        case ClearSchedule():
            return "update", {"scheduled": None}
        case SetEndOfTerm():
            return "update", {"end_of_term": action.after}
        case BuyAzurePlan():
            return "create", {"azure_plan": True}
        case SetBudget():
            return "update", {"budget": str(action.after)}
        case RequestQualification():
            return "update", {"qualification": action.name}
        case Suspend():
            return "update", {"status": "suspended"}
        case Resume():
            return "update", {"status": "active"}
        case ChangeTerm():
            return "update", {"term": action.term, "billing": action.billing}
        case Transition():
            return "update", {"offer": str(action.target), "upgraded_seats": action.seats}
        case SetReseller():
            return "update", {"reseller": action.after}
        case Reprice():
            return "update", {"sell": to_plain(action.after) if action.after else None}
        case Rename():
            return "update", {"nickname": action.after}
        case Cancel():
            return "delete", None
        case Adopt() | Rebind():
            return "no-op", {}
        case Forget():
            return "forget", None
        case BookService():
            if not action.after:
                return "delete", None
            verb = "update" if action.before else "create"
            return verb, {"service": action.service, "quantity": action.after}
