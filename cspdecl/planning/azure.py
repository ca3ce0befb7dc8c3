"""The customer's Azure plan: which subscription the line stands for, and the operations that follow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from cspdecl.commerce.decide_azure import decide_azure, why_waiting
from cspdecl.commerce.policy import SANDBOX_AZURE_PLANS
from cspdecl.commerce.values import Decision, Setting
from cspdecl.core.action import Action, Adopt, BuyAzurePlan, Rebind, SetBudget
from cspdecl.core.address import Address
from cspdecl.core.desired import AzurePlanSpec, CustomerSpec
from cspdecl.core.diagnostics import Diagnostic, error
from cspdecl.core.live import Binding, LiveCustomer, LiveState, LiveSubscription
from cspdecl.core.operation import Guard, LineContext, Operation, Reason
from cspdecl.core.project import Project
from cspdecl.core.terms import at_midnight
from cspdecl.planning.compare import marked_name
from cspdecl.planning.match import Left
from cspdecl.planning.moves import Moved
from cspdecl.planning.rows import CustomerPlan, Row
from cspdecl.planning.sequence import Sequence as Operations
from cspdecl.planning.sequence import guard_after, guard_of, operation_id
from cspdecl.planning.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Azure:
    """What an Azure plan is planned in. `tenant` None: the customer is yet to be created."""

    world: World
    spec: CustomerSpec
    there: LiveCustomer
    tenant: str | None
    setting: Setting
    sequence: Operations
    out: CustomerPlan


def without_azure(spec: CustomerSpec, moved: Moved) -> Moved:
    """The bindings that lines of subscriptions may claim: those of Azure plans are none of them."""
    if not spec.azure_plans:
        return moved
    own = {plan.address for plan in spec.azure_plans}
    return replace(moved, bound={address: one for address, one in moved.bound.items() if address not in own})


def buys_azure(spec: CustomerSpec, there: LiveCustomer) -> bool:
    """Whether an Azure plan is declared and none is there."""
    wanted = any(not plan.absent for plan in spec.azure_plans)
    return wanted and not any(item.product == "azure_plan" and item.status.running for item in there.subscriptions)


def plan_azure(about: Azure, moved: Moved) -> tuple[set[str], list[Left]]:
    """Plan every declared Azure plan. Answers which subscriptions they stand for, and bindings that go."""
    claimed: set[str] = set()
    gone: list[Left] = []
    for plan in about.spec.azure_plans:
        binding = moved.bound.get(plan.address)
        found = _live_of(plan, binding, about)
        if isinstance(found, Diagnostic):
            about.out.diagnostics.append(found)
            continue
        if found is not None:
            claimed.add(found.id)
        if found is None and binding is not None and plan.absent:
            gone.append(Left(binding=binding, why="ended"))
            continue
        if plan.starts is not None and plan.starts > about.world.now.date() and found is None:
            text = f"the Azure plan is declared from {plan.starts} on"
            about.out.waiting.append(
                replace(why_waiting(plan, "CSP302", text), kind="due", when=at_midnight(plan.starts))
            )
            continue
        _plan(plan, found, binding, moved.sources.get(plan.address), about)
    return claimed, gone


def sandbox_azure_plans(project: Project, live: LiveState, operations: Iterable[Operation]) -> list[Diagnostic]:
    """A refusal where the plan would buy more Azure plans than a sandbox has (contract §20, 2023-10)."""
    config = project.providers.get(project.default_provider)
    new = sum(isinstance(one.action, BuyAzurePlan) for one in operations)
    if not new or config is None or config.environment != "sandbox":
        return []
    there = sum(
        item.product == "azure_plan" and item.status.running
        for customer in live.customers.values()
        for item in customer.subscriptions
    )
    if there + new <= SANDBOX_AZURE_PLANS:
        return []
    return [
        error(
            "CSP332",
            f"the sandbox allows {SANDBOX_AZURE_PLANS} Azure plans: {there} are there and {new} are to be bought",
            origin=config.origin,
            hint="declare fewer, or plan fewer customers with `--customer`",
        )
    ]


def _running(about: Azure) -> list[LiveSubscription]:
    return [item for item in about.there.subscriptions if item.product == "azure_plan" and item.status.running]


def _live_of(plan: AzurePlanSpec, binding: Binding | None, about: Azure) -> LiveSubscription | Diagnostic | None:
    """The subscription of a line: as bound, as named, else the only one there is."""
    running = _running(about)
    wanted = (plan.id,) if plan.id is not None else binding.ids if binding is not None else ()
    if wanted:
        found = next((item for item in running if item.id in wanted), None)
        return found if found is not None or plan.absent else _not_there(plan, wanted[0])
    reseller = about.spec.reseller.partner_id if about.spec.reseller else None
    if len(running) > 1 and reseller is not None:
        running = [item for item in running if item.reseller == reseller]
    if len(running) > 1:
        return _which(plan, running)
    return running[0] if running else None


def _plan(
    plan: AzurePlanSpec, live: LiveSubscription | None, binding: Binding | None, source: Address | None, about: Azure
) -> None:
    decision = decide_azure(plan, live, about.setting, budget=about.there.budget, others=about.there.subscriptions)
    out = about.out
    out.diagnostics += decision.diagnostics
    out.waiting += decision.waiting
    operations: list[str] = []
    if live is not None and (binding is None or source is not None or live.id not in binding.ids):
        operations.append(_bind(plan, live, source, about))
    adopted = bool(operations)
    operations += _steps(plan, live, decision, tuple(operations), about)
    if not operations and decision.symbol == " ":
        out.unchanged += live is not None
        return
    kinds = {"+": "buy", "-": "cancel", "~": "change", "?": "blocked", " ": "adopt"}
    out.rows.append(
        Row(
            address=plan.address,
            kind=kinds[decision.symbol],  # type: ignore[arg-type]
            decision=decision,
            live=live,
            operations=tuple(operations),
            offer_title=plan.display_name or "Azure plan",
            source=source,
            adopted=adopted,
            summary=_summary(decision, live),
            provider=plan.provider,
        )
    )


def _summary(decision: Decision, live: LiveSubscription | None) -> str:
    if decision.symbol == "+":
        return "to be bought"
    if decision.symbol == "-":
        return "suspended"
    return f"{live.id}, taken over" if decision.symbol == " " and live else "changed"


def _steps(
    plan: AzurePlanSpec, live: LiveSubscription | None, decision: Decision, before: tuple[str, ...], about: Azure
) -> list[str]:
    tenant, sequence = about.tenant, about.sequence
    siblings = tuple(sorted(item.id for item in _running(about)))
    guard = guard_of(live, about.there.tenant) if live is not None else Guard(tenant=tenant, siblings=siblings)
    requires, done = before, list[str]()
    for step in decision.steps:
        action: Action = step.action
        if isinstance(action, BuyAzurePlan):
            requires = tuple(dict.fromkeys((*sequence.first, *requires)))
            action = _named(plan, action, guard, about)
        own = Guard(tenant=tenant) if isinstance(action, SetBudget) else guard
        ident = sequence.add(
            plan.address, action, reason=step.reason, guard=own, context=_context(plan), requires=requires,
            not_after=step.not_after, origin=plan.origin,
        )  # fmt: skip
        done.append(ident)
        requires = (ident,)
        if not isinstance(action, SetBudget):
            guard = guard_after(guard, action)
    return done


def _named(plan: AzurePlanSpec, action: BuyAzurePlan, guard: Guard, about: Azure) -> BuyAzurePlan:
    country = about.setting.country or about.world.project.market
    action = replace(action, country=country)
    mark = operation_id(plan.address, action, guard, about.world.last_hashes.get(plan.address, ""))[:8]
    return replace(action, nickname=marked_name(plan.display_name or plan.address.name, mark))


def _bind(plan: AzurePlanSpec, live: LiveSubscription, source: Address | None, about: Azure) -> str:
    guard = Guard(tenant=about.there.tenant, subscription=live.id, offer=live.offer)
    action: Action
    if source is not None:
        action = Rebind(source=source, ids=(live.id,))
        reason = Reason(code="renamed", text=f"{source} is called {plan.address} now")
    else:
        action = Adopt(provider=plan.provider, tenant=about.there.tenant, ids=(live.id,), offer=live.offer)
        text = "`id:` names it" if plan.id else "it is the customer's only Azure plan"
        reason = Reason(code="adopt", text=text)
    return about.sequence.add(
        plan.address, action, reason=reason, guard=guard, context=_context(plan), origin=plan.origin
    )


def _context(plan: AzurePlanSpec) -> LineContext:
    return LineContext(provider=plan.provider, display_name=plan.display_name or "Azure plan")


def _not_there(plan: AzurePlanSpec, ident: str) -> Diagnostic:
    return error(
        "CSP343",
        f"Azure plan {ident} no longer runs; it was not ended from here, so it is not bought again unasked",
        origin=plan.origin,
        address=str(plan.address),
        hint="say `absent: true` if it is to stay away, or `id:` if another took its place",
    )


def _which(plan: AzurePlanSpec, running: Sequence[LiveSubscription]) -> Diagnostic:
    return error(
        "CSP387",
        f"{len(running)} Azure plans run at this customer, and the line could mean any of them",
        origin=plan.origin,
        address=str(plan.address),
        label=", ".join(item.id for item in running),
        hint="say which one with `id:`",
    )
