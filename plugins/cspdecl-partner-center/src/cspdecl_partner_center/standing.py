"""Reading what a customer is qualified for and what its Azure usage is budgeted at (contract §6, §15, 2023-10)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from cspdecl.core.live import Qualification
from cspdecl_partner_center import paths
from cspdecl_partner_center.faithful import Malformed, get
from cspdecl_partner_center.paging import items
from cspdecl_partner_center.subscriptions import number
from cspdecl_partner_center.transport import Request, Transport

_NAMES: Mapping[str, Literal["education", "government", "nonprofit", "state-owned"]] = {
    "education": "education",
    "governmentcommunitycloud": "government",
    "government": "government",
    "nonprofit": "nonprofit",
    "stateownedentity": "state-owned",
}
_STATES: Mapping[str, Literal["in-review", "approved", "denied"]] = {
    "inreview": "in-review",
    "approved": "approved",
    "denied": "denied",
}


def read_qualifications(transport: Transport, tenant: str, *, patient: bool) -> tuple[Qualification, ...]:
    """What a customer is qualified for, and how far its vetting is; values we do not know are left out.

    The answer is a bare list; names come in PascalCase, or with underscores as everywhere else (contract §3, §6).
    """
    request = Request(method="GET", path=paths.customer(tenant, "qualifications"), patient=patient)
    found = []
    for item in items(transport, request):
        name, state = _NAMES.get(_folded(get(item, "qualification"))), _STATES.get(_folded(get(item, "vettingStatus")))
        if name is not None and state is not None:
            found.append(Qualification(name=name, status=state))
    return tuple(found)


def read_budget(transport: Transport, tenant: str, *, patient: bool) -> Decimal:
    """What a month's usage is expected to stay under; a budget that is not set is 0. Raises Malformed."""
    body = transport.send(Request(method="GET", path=paths.customer(tenant, "usagebudget"), patient=patient)).body
    if not isinstance(body, dict):
        raise Malformed("the usage budget is no object")
    told = get(body, "amount") if get(body, "amount") is not None else get(body, "usageSpendingBudget")
    amount = number(told)
    if told is not None and (amount is None or not amount.is_finite()):
        raise Malformed(f"the usage budget is `{told}`")
    return Decimal(0) if amount is None else Decimal(str(amount))


def _folded(value: object) -> str:
    return value.replace("_", "").replace(" ", "").lower() if isinstance(value, str) else ""
