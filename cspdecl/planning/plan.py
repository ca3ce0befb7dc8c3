"""The one entry of planning: everything known in, a Plan out. Pure, and hash joins only.

Each customer is planned alone (`customer.plan_customer`); what concerns the whole run (sums, guardrails, counts) is
computed over the result. A customer that could not be read contributes nothing but its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime

from cspdecl.commerce.policy import SANDBOX_CUSTOMERS
from cspdecl.commerce.prices import newest_list
from cspdecl.commerce.words import counted
from cspdecl.core.address import Address
from cspdecl.core.capability import Capability
from cspdecl.core.catalog import Catalogs
from cspdecl.core.desired import DesiredState, Move
from cspdecl.core.diagnostics import Diagnostic, Severity, error, has_errors, sort_diagnostics
from cspdecl.core.digest import digest_of
from cspdecl.core.inquiry import Answers
from cspdecl.core.live import Binding, Bindings, LiveState
from cspdecl.core.operation import CustomerNote, MoneyTotals, Plan, PlanCounts, PlanLine
from cspdecl.core.project import Guardrails, PriceBook, Project
from cspdecl.core.records import Book, BookEntry, Recorded
from cspdecl.planning.azure import sandbox_azure_plans
from cspdecl.planning.customer import forget, plan_customer
from cspdecl.planning.lines import plan_lines
from cspdecl.planning.lists import list_warnings
from cspdecl.planning.match import Left
from cspdecl.planning.money import total
from cspdecl.planning.renewals import count_soon
from cspdecl.planning.rows import CustomerPlan
from cspdecl.planning.safety import assigned_of, check_safety, estate_of
from cspdecl.planning.sequence import Sequence
from cspdecl.planning.services import Booked, plan_services
from cspdecl.planning.world import World

FORMAT = 1


def plan(
    *,
    project: Project,
    desired: DesiredState,
    live: LiveState,
    catalogs: Catalogs,
    prices: PriceBook,
    bindings: Bindings,
    book: Book,
    last_hashes: Mapping[Address, str],
    capabilities: Mapping[str, Capability],
    now: datetime,
    scope: tuple[str, ...] | None,
    commit: str | None,
    unmanaged_customers: int = 0,
    answers: Answers | None = None,
    recorded: Mapping[Address, Recorded] | None = None,
    deferred: AbstractSet[str] = frozenset(),
    base_guardrails: tuple[Guardrails, ...] = (),
) -> Plan:
    """Plan every customer in `scope` (None: all). `last_hashes`: the ledger's last hash of each address; `answers`:
    what the provider said to `planning.inquiries`; `recorded`: what the ledger last says of each address;
    `deferred`: ids of operations that a provider left to a person; `base_guardrails`: the limits before the change that
    is planned, of each state it is compared with."""
    world = World(
        project=project, catalogs=catalogs, prices=prices, last_hashes=last_hashes, capabilities=capabilities, now=now,
        answers=answers or {}, recorded=recorded or {}, deferred=deferred,
    )  # fmt: skip
    bound, booked, moves = _by_customer(bindings.items()), _book_by_customer(book), _moves(desired.moves)
    retired = {item.address: item for item in desired.retired}
    parts: list[CustomerPlan] = []
    unknown: dict[str, str] = {}
    for key in _customers(desired, bound, booked, scope):
        spec = desired.customers.get(key)
        if spec is None:
            part = _removed(key, bound.get(key, {}), booked.get(key, ()), world)
        elif key in live.unknown or (key not in live.customers and key not in live.absent):
            failure = live.unknown.get(key)
            unknown[key] = failure.message if failure else "it was not read"
            continue
        else:
            part = plan_customer(
                world,
                spec,
                live.customers.get(key),
                bound=bound.get(key, {}),
                moves=moves.get(key, ()),
                retired=retired,
                book=booked.get(key, ()),
            )
        part.lines = plan_lines(part, part.spec or spec, prices)
        if has_errors(part.diagnostics):
            hold_back(part)
        parts.append(part)
    return _assemble(
        parts, unknown, world,
        desired=desired, live=live, bindings=bindings, book=book, scope=scope, commit=commit,
        unmanaged_customers=unmanaged_customers, base_guardrails=base_guardrails,
    )  # fmt: skip


def hold_back(part: CustomerPlan) -> None:
    """A customer with an error is left alone as a whole: what was meant for it is not known. The others go on."""
    codes = sorted({item.code for item in part.diagnostics if item.severity is Severity.ERROR})
    held = len(part.operations)
    part.rows = [replace(row, kind="blocked", operations=()) if row.operations else row for row in part.rows]
    part.operations, part.created = [], False
    why = f"nothing is done for this customer until the error is settled ({', '.join(codes)})"
    part.lines = [
        PlanLine(
            address=Address(part.key),
            symbol="?",
            title="",
            summary="held back",
            notes=(f"{why}; {counted(held, 'operation')} would have been sent" if held else why,),
        )
    ]


def _assemble(
    parts: list[CustomerPlan], unknown: Mapping[str, str], world: World, *, desired: DesiredState, live: LiveState,
    bindings: Bindings, book: Book, scope: tuple[str, ...] | None, commit: str | None, unmanaged_customers: int,
    base_guardrails: tuple[Guardrails, ...],
) -> Plan:  # fmt: skip
    project = world.project
    operations = tuple(operation for part in parts for operation in part.operations)
    totals = total(operations)
    waiting = tuple(item for part in parts for item in part.waiting)
    touched = [part for part in parts if part.operations]
    shown = [part for part in parts if part.lines or part.waiting]
    created = sum(part.created for part in parts)
    diagnostics = [item for part in parts for item in part.diagnostics]
    priced = [(part.market or project.market, operation) for part in parts for operation in part.operations]
    diagnostics += list_warnings(world.prices, priced, currency=project.reseller.currency)
    ending, undecided = count_soon(live, world.now)
    diagnostics += _sandbox_customers(project, len(live.customers) + unmanaged_customers, created)
    diagnostics += sandbox_azure_plans(project, live, operations)
    return Plan(
        format=FORMAT,
        id=digest_of([operation.id for operation in operations]),
        project=project.name,
        desired=desired.digest,
        live=live.digest,
        now=world.now,
        as_of=live.as_of,
        commit=commit,
        price_list=newest.date if (newest := newest_list(world.prices)) else None,
        market=project.market,
        currency=project.reseller.currency,
        scope=scope,
        customers=tuple(part.note or CustomerNote(key=part.key, name=part.key, tenant=None) for part in shown),
        operations=operations,
        lines=tuple(line for part in parts for line in part.lines),
        waiting=waiting,
        unmanaged=tuple(item for part in parts for item in part.unmanaged),
        unknown=dict(sorted(unknown.items())),
        diagnostics=sort_diagnostics(diagnostics),
        safety=check_safety(
            project.guardrails,
            operations,
            estate=estate_of(bindings, book, live, world.recorded),
            now=world.now,
            base=base_guardrails,
            assigned=assigned_of(world.answers),
        ),
        totals=totals if operations else MoneyTotals(),
        counts=replace(
            _counts(parts, len(unknown), len(touched), created, unmanaged_customers),
            ending_soon=ending,
            undecided_soon=undecided,
        ),
    )


def _counts(
    parts: Iterable[CustomerPlan], unread: int, touched: int, created: int, unmanaged_customers: int
) -> PlanCounts:
    kinds: dict[str, int] = {}
    at_renewal = unchanged = unmanaged = waiting = customers = 0
    for part in parts:
        customers += 1
        unchanged += part.unchanged
        unmanaged += len(part.unmanaged)
        waiting += len(part.waiting)
        for row in part.rows:
            if row.address.path:
                kinds[row.kind] = kinds.get(row.kind, 0) + 1
                later = row.decision is not None and row.decision.later is not None
                at_renewal += row.kind == "change" and later
    return PlanCounts(
        customers=customers + unread,
        customers_touched=touched,
        to_buy=kinds.get("buy", 0),
        to_change=kinds.get("change", 0),
        at_renewal=at_renewal,
        to_cancel=kinds.get("cancel", 0),
        to_adopt=kinds.get("adopt", 0),
        to_forget=kinds.get("forget", 0),
        to_create=created,
        unchanged=unchanged,
        unmanaged=unmanaged,
        waiting=waiting,
        unmanaged_customers=unmanaged_customers,
    )


def _removed(key: str, bound: Mapping[Address, Binding], entries: Iterable[BookEntry], world: World) -> CustomerPlan:
    """A customer that no manifest names any more: every binding goes, nothing changes at the provider."""
    part = CustomerPlan(key=key)
    sequence = Sequence(last_hashes=world.last_hashes)
    plan_services(None, Booked(entries=entries, anchors={}), {}, sequence, part)
    for _address, binding in sorted(bound.items(), reverse=True):
        forget(Left(binding=binding, why="removed"), sequence, part)
    part.operations = sequence.operations
    tenant = next((binding.tenant for binding in bound.values()), None)
    part.note = CustomerNote(key=key, name="no longer declared", tenant=tenant)
    return part


def _customers(
    desired: DesiredState, bound: Mapping[str, object], booked: Mapping[str, object], scope: tuple[str, ...] | None
) -> list[str]:
    keys = {*desired.customers, *bound, *booked}
    return sorted(keys if scope is None else keys & set(scope))


def _by_customer(bindings: Iterable[tuple[Address, Binding]]) -> dict[str, dict[Address, Binding]]:
    out: dict[str, dict[Address, Binding]] = {}
    for address, binding in bindings:
        out.setdefault(address.customer, {})[address] = binding
    return out


def _book_by_customer(book: Book) -> dict[str, list[BookEntry]]:
    out: dict[str, list[BookEntry]] = {}
    for address, entry in book.items():
        if entry.quantity:
            out.setdefault(address.customer, []).append(entry)
    return out


def _moves(moves: Iterable[Move]) -> dict[str, list[Move]]:
    out: dict[str, list[Move]] = {}
    for move in moves:
        out.setdefault(move.source.customer, []).append(move)
    return out


def _sandbox_customers(project: Project, there: int, created: int) -> list[Diagnostic]:
    # contract §20 (test-and-debug page, 2023-10)
    provider = project.providers.get(project.default_provider)
    if provider is None or provider.environment != "sandbox" or not created or there + created <= SANDBOX_CUSTOMERS:
        return []
    return [
        error(
            "CSP332",
            f"the sandbox allows {SANDBOX_CUSTOMERS} customers: {there} are there and {created} are to be created",
            origin=provider.origin,
            hint="delete customers in the sandbox, or plan fewer with `--customer`",
        )
    ]
