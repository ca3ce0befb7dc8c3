"""A customer's Azure plan: bought once, never cancelled, billed by usage; and the budget its usage is to stay under.

Sources: create-azure-plan, cancel-an-azure-subscription and usage-spending-budget pages, 2023-10 (contract §15). There
is one Azure plan a customer (and reseller), it needs the customer's agreement, it cannot stand beside a subscription of
the older kind (MS-AZR-0145P), and it can be suspended only while nothing below it is in use (error 900115). It has no
seats, no term and no price: what is used is billed, and no plan can know it.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

from cspdecl.commerce.circumstances import check_reseller, hold_words
from cspdecl.commerce.policy import SANDBOX_SUBSCRIPTIONS
from cspdecl.commerce.values import Decision, Draft, Setting, Step, Symbol
from cspdecl.core.action import BuyAzurePlan, Resume, SetBudget, SetReseller, Suspend
from cspdecl.core.capability import Capability
from cspdecl.core.desired import AzurePlanSpec
from cspdecl.core.diagnostics import Diagnostic, error, note
from cspdecl.core.live import LiveSubscription, Status
from cspdecl.core.operation import Reason, Waiting

# The offer's own id and the name it is sold under; a reading shows the one or the other.
_OLD_KIND = ("ms-azr-0145p", "microsoft azure")
_NO_PRICE = "usage is billed as it comes: it is in no price and no sum here"


def decide_azure(
    spec: AzurePlanSpec, live: LiveSubscription | None, setting: Setting, *, budget: Decimal | None,
    others: Iterable[LiveSubscription],
) -> Decision:  # fmt: skip
    """What follows for the declared plan. `budget`: as read, None unknown; `others`: the customer's subscriptions."""
    draft = Draft()
    if live is None:
        if spec.absent:
            return Decision(symbol=" ")
        _buy(spec, setting, draft, others)
    else:
        _run(spec, live, setting, draft)
    if not spec.absent and not draft.refused and (live is not None or draft.steps):
        _budget(spec, setting, draft, budget, new=live is None)
    return Decision(
        symbol=_symbol(live, draft, spec),
        steps=() if draft.refused else tuple(draft.steps),
        waiting=tuple(draft.waiting),
        diagnostics=tuple(draft.diagnostics),
        notes=tuple(draft.notes),
    )


def _symbol(live: LiveSubscription | None, draft: Draft, spec: AzurePlanSpec) -> Symbol:
    if draft.refused or (draft.waiting and not draft.steps):
        return "?"
    if not draft.steps:
        return " "
    return "+" if live is None else "-" if spec.absent else "~"


# ---- buying ----


def _buy(spec: AzurePlanSpec, setting: Setting, draft: Draft, others: Iterable[LiveSubscription]) -> None:
    old = next((item for item in others if _is_old_kind(item)), None)
    if old is not None:
        draft.diagnostics.append(_beside_old_kind(spec, old))
        return
    if setting.environment == "sandbox" and setting.running >= SANDBOX_SUBSCRIPTIONS:
        draft.diagnostics.append(
            error(
                "CSP332",
                f"the sandbox allows {SANDBOX_SUBSCRIPTIONS} subscriptions a customer, and {setting.running} are taken",
                origin=spec.origin,
                address=str(spec.address),
                hint="an Azure plan is one of them; cancel another inside its window",
            )
        )
        return
    reseller = check_reseller(spec.origin, str(spec.address), setting)
    if isinstance(reseller, Diagnostic):
        draft.diagnostics.append(reseller)
        return
    why = _waits(setting, reseller)
    if why is not None:
        draft.waiting.append(why_waiting(spec, *why))
        return
    wanted = setting.reseller if setting.model == "indirect-provider" else None
    action = BuyAzurePlan(
        nickname="",
        country="",
        reseller=wanted.partner_id if wanted else None,
        additional_resellers=wanted.additional if wanted else (),
        reseller_attested=wanted.attested if wanted else False,
    )
    reason = Reason(code="azure.buy", text="an Azure plan is declared and none is there")
    draft.steps.append(Step(action=action, reason=reason))
    draft.notes.append(f"{_NO_PRICE}; an Azure plan cannot be cancelled, only suspended while nothing in it is used")


def _waits(setting: Setting, reseller: str | None) -> tuple[str, str, Literal["blocked", "manual"]] | None:
    """Code, sentence and kind of what the purchase waits for."""
    if setting.hold is not None:
        return "CSP380", f"an Azure plan: nothing is bought while {hold_words(setting.hold)}", "blocked"
    if setting.agreement == "none":
        text = "the Azure plan waits until the customer has accepted Microsoft's agreement"
        return "CSP350", text, "blocked"
    if setting.blocked is not None:
        return "CSP351", f"the provider refuses purchases for this customer: {setting.blocked}", "blocked"
    if reseller is not None:
        return "CSP390", f"the Azure plan waits: {reseller}", "blocked"
    if Capability.AZURE_PLAN not in setting.capabilities:
        return "CSP360", "buy the Azure plan in the provider's portal: this provider cannot", "manual"
    return None


def _is_old_kind(item: LiveSubscription) -> bool:
    title = item.title.lower()
    return item.offer is None and item.status.running and (_OLD_KIND[0] in title or title.strip() == _OLD_KIND[1])


def _beside_old_kind(spec: AzurePlanSpec, old: LiveSubscription) -> Diagnostic:
    return error(
        "CSP387",
        "an Azure subscription of the older kind (MS-AZR-0145P) runs at this customer, so no Azure plan can be bought",
        origin=spec.origin,
        address=str(spec.address),
        label=f"subscription {old.id}",
        hint="move it to an Azure plan in the provider's portal; the plan is then taken over from here",
    )


# ---- what runs ----


def _run(spec: AzurePlanSpec, live: LiveSubscription, setting: Setting, draft: Draft) -> None:
    stopped, wanted = live.status is Status.SUSPENDED, spec.absent or spec.suspended
    if stopped == wanted:
        if not wanted:
            _reseller(spec, live, setting, draft)
        return
    if Capability.SUSPEND not in setting.capabilities or Capability.AZURE_PLAN not in setting.capabilities:
        what = "suspend" if wanted else "resume"
        text = f"{what} the Azure plan in the provider's portal: this provider cannot"
        draft.waiting.append(why_waiting(spec, "CSP360", text, "manual"))
    elif wanted:
        what = "`absent: true`" if spec.absent else "`suspended: true`"
        draft.steps.append(Step(action=Suspend(), reason=Reason(code="azure.suspend", text=f"{what} is declared")))
        draft.diagnostics.append(_only_when_empty(spec))
        draft.notes.append("is suspended; the provider refuses that while anything below it is in use (CSP388)")
    elif setting.hold is not None:
        text = f"starting the Azure plan again: nothing is bought while {hold_words(setting.hold)}"
        draft.waiting.append(why_waiting(spec, "CSP380", text))
    else:
        reason = Reason(code="azure.resume", text="it is declared without `suspended`, and it is suspended")
        draft.steps.append(Step(action=Resume(), reason=reason))
        draft.notes.append(f"runs again; {_NO_PRICE}")


def _only_when_empty(spec: AzurePlanSpec) -> Diagnostic:
    # error 900115: active usage assets (contract §15, 2023-10); which there are is not asked
    return note(
        "CSP388",
        "an Azure plan is not cancelled, only suspended, and only with no active usage below it (error 900115)",
        origin=spec.origin.at("absent" if spec.absent else "suspended"),
        address=str(spec.address),
        hint="cancel the Azure subscriptions below it first, in the Azure portal",
    )


def _reseller(spec: AzurePlanSpec, live: LiveSubscription, setting: Setting, draft: Draft) -> None:
    wanted = setting.reseller
    if wanted is None or live.reseller == wanted.partner_id or setting.model != "indirect-provider":
        return
    found = check_reseller(spec.origin, str(spec.address), setting)
    if isinstance(found, Diagnostic):
        draft.diagnostics.append(found)
    elif found is not None:
        text = f"reseller {wanted.partner_id} is not put on record: {found}"
        draft.waiting.append(why_waiting(spec, "CSP390", text))
    else:
        was = f"{live.reseller} is on record" if live.reseller else "none is on record"
        reason = Reason(code="reseller", text=f"reseller {wanted.partner_id} is declared, {was}")
        draft.steps.append(Step(action=SetReseller(before=live.reseller, after=wanted.partner_id), reason=reason))
        draft.notes.append(f"puts reseller {wanted.partner_id} on record ({was} so far)")


def _budget(spec: AzurePlanSpec, setting: Setting, draft: Draft, budget: Decimal | None, *, new: bool) -> None:
    wanted = spec.budget
    if wanted is None or wanted == budget:
        return
    if budget is None and new:
        return  # before there is a plan none can be read; the next plan compares it
    if budget is None:
        draft.diagnostics.append(
            note(
                "CSP389",
                f"the usage budget of this customer could not be read, so {wanted} is not compared",
                origin=spec.origin.at("azurePlan", "budget"),
                address=str(spec.address),
                hint="reading it may need user credentials (`auth.user`); plan again later",
            )
        )
    elif Capability.AZURE_PLAN not in setting.capabilities:
        text = f"set the usage budget to {wanted} in the provider's portal: this provider cannot"
        draft.waiting.append(why_waiting(spec, "CSP360", text, "manual"))
    else:
        reason = Reason(code="azure.budget", text=f"a budget of {wanted} is declared, {budget} is set")
        draft.steps.append(Step(action=SetBudget(before=budget, after=wanted), reason=reason))
        draft.notes.append(f"usage budget {budget} → {wanted} a month; it warns, it limits nothing")


def why_waiting(spec: AzurePlanSpec, code: str, text: str, kind: Literal["blocked", "manual"] = "blocked") -> Waiting:
    """Something about an Azure plan that waits."""
    return Waiting(address=spec.address, kind=kind, code=code, text=text, origin=spec.origin)
