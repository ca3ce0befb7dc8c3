"""A reseller's own expectations: the plan of these manifests on a live state that a Test makes up, and what it says.

No provider, no store, no secret, no network: as `plan --changed-since` does it for people who may see none of that.
What is expected and what is planned are compared as plain data of one form, so that a difference is shown in the words
in which the test is written, and `--update` can write what is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from cspdecl.commerce.offermatrix import enriched
from cspdecl.core.action import (
    Action,
    BookService,
    Cancel,
    ChangeTerm,
    Purchase,
    ScheduleRenewal,
    SetEndOfTerm,
    SetSeats,
    Transition,
)
from cspdecl.core.diagnostics import Diagnostic, error, has_errors
from cspdecl.core.errors import ManifestError
from cspdecl.core.money import Money, decimals_of
from cspdecl.engine.clock import Clock
from cspdecl.engine.expectations_live import moment, stage_of
from cspdecl.engine.scope import declared_offers
from cspdecl.engine.session import Session, everything
from cspdecl.manifest.v1_test import Expect, Test
from cspdecl.planning.offline import supposed_catalogs
from cspdecl.planning.plan import plan
from cspdecl.report.text import render_plan

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from cspdecl.core.operation import Operation, Plan
    from cspdecl.manifest.gate import Checked

Facts = dict[str, Any]
_USUAL = {"operations": ("address", "action", "before", "seats"), "waiting": ("address", "kind", "code")}
_NAMED_BY = {"operations": ("address", "action"), "waiting": ("address", "kind"), "verdicts": ("rule", "address")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """One thing that is not as expected. `subject`: what it is about; `expected` or `actual` None: not there at all."""

    subject: str
    expected: str | None
    actual: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkup:
    """One test, carried out. `facts` is the plan in the form of an expectation, `notes` what it complains of."""

    name: str
    description: str
    document: Checked
    mismatches: tuple[Mismatch, ...] = ()
    problems: tuple[Diagnostic, ...] = ()
    notes: tuple[Diagnostic, ...] = ()
    facts: Facts

    @property
    def passed(self) -> bool:
        """Whether the plan is as expected."""
        return not self.mismatches and not self.problems


class FixedClock:
    """The moment a test is played at."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        """That moment."""
        return self._now

    def monotonic(self) -> float:
        """Nothing takes time here."""
        return 0.0


def find_tests(root: Path, clock: Clock) -> tuple[Checked, ...]:
    """All tests of a project. Raises ManifestError, with every diagnostic, where its manifests are not valid."""
    with Session(root, clock=clock) as session:
        loaded = session.load()
        if has_errors(loaded.diagnostics):
            loaded.checked()
        return loaded.tests


def run_tests(root: Path, documents: Iterable[Checked]) -> Iterator[Checkup]:
    """Carry out tests, each at its own moment, in the order given."""
    sessions: dict[str, Session] = {}
    try:
        for document in documents:
            test: Test = document.value
            if test.spec.now not in sessions:
                sessions[test.spec.now] = Session(root, clock=FixedClock(moment(test.spec.now)))
            yield _run(sessions[test.spec.now], document)
    finally:
        for session in sessions.values():
            session.__exit__()


def _run(session: Session, document: Checked) -> Checkup:
    test: Test = document.value
    name, description = test.metadata.name, test.metadata.description or ""
    try:
        project, desired = session.require()
    except ManifestError as problem:  # what is valid today may not be at the test's moment
        return Checkup(
            name=name, description=description, document=document, problems=tuple(problem.diagnostics), facts={}
        )
    stage = stage_of(document, desired)
    if stage.problems:
        return Checkup(name=name, description=description, document=document, problems=tuple(stage.problems), facts={})
    supposed = stage.supposed
    offers = declared_offers(desired)
    prices, now = session.prices(offers), supposed.live.as_of
    sold = supposed_catalogs((desired,), market=project.market, prices=prices, now=now)
    made = plan(
        project=project, desired=desired, live=supposed.live, prices=prices, bindings=supposed.bindings,
        catalogs=enriched(sold, session.offer_matrix(offers, now)), book=supposed.book, last_hashes={},
        capabilities={provider: everything() for provider in project.providers}, now=now, scope=None, commit=None,
        recorded=supposed.recorded,
    )  # fmt: skip
    facts, wanted = facts_of(made), expected_facts(test.spec.expect)
    problems = () if wanted else (_nothing_expected(document),)
    found = tuple(compare_facts(wanted, facts, others=test.spec.expect.others is True))
    return Checkup(
        name=name,
        description=description,
        document=document,
        facts=facts,
        mismatches=found,
        problems=problems,
        notes=made.diagnostics,
    )


def _nothing_expected(document: Checked) -> Diagnostic:
    return error(
        "CSP793",
        "this test expects nothing, so it could never fail",
        origin=document.origin.at("spec", "expect"),
        hint="say what the plan is to do, such as `expect: {operations: []}`, or let `--update` write what it does now",
    )


def updated_facts(document: Checked, facts: Facts) -> Facts:
    """What `--update` writes: as much of the plan as the test spoke of, or its operations where it spoke of nothing."""
    wanted = expected_facts(document.value.spec.expect)
    if not wanted:
        wanted = {"operations": [], "refused": False}
    out: Facts = {"others": True} if document.value.spec.expect.others else {}
    for key, said in wanted.items():
        if key in _NAMED_BY:
            fields = {name for entry in said for name in entry} | set(_USUAL.get(key, _NAMED_BY[key]))
            out[key] = [{name: value for name, value in entry.items() if name in fields} for entry in facts[key]]
        else:
            out[key] = {name: facts[key][name] for name in said} if key == "money" else facts[key]
    return out


# ---- a plan in the form of an expectation ----


def facts_of(made: Plan) -> Facts:
    """A plan as a test would expect it, with everything that a test can say."""
    totals = made.totals
    return {
        "operations": [_operation(item) for item in made.operations],
        "waiting": [
            _said(
                address=str(item.address), kind=item.kind, code=item.code,
                day=item.when.date().isoformat() if item.when else None,
            )
            for item in made.waiting
        ],
        "verdicts": [
            _said(
                rule=item.rule, level=str(item.level), address=str(item.address) if item.address else None,
                waived=item.waiver is not None,
            )
            for item in made.safety.verdicts
        ],
        "refused": any(item.refused for item in made.safety.verdicts),
        "codes": sorted({item.code for item in made.diagnostics}),
        "money": {
            "costMonth": [_price(item) for item in totals.cost_month],
            "sellMonth": [_price(item) for item in totals.sell_month],
            "commitment": [_price(item) for item in totals.commitment],
            "unknown": totals.unknown,
        },
        "text": render_plan(made),
    }  # fmt: skip


def _operation(item: Operation) -> Facts:
    preview = item.preview
    return _said(
        address=str(item.address),
        action=item.action.kind,
        **_seats(item.action),
        cost=_price(preview.cost_cycle) if preview and preview.cost_cycle else None,
        commitment=_price(preview.commitment) if preview and preview.commitment else None,
    )


def _seats(action: Action) -> Facts:
    """What an action makes of seats, offer and terms."""
    match action:
        case Purchase():
            return {"before": 0, "seats": action.seats, "offer": str(action.offer), **_terms(action)}
        case ScheduleRenewal():
            following = action.next
            return {"seats": following.seats, "offer": str(following.offer), **_terms(following)}
        case SetEndOfTerm():
            return {"endOfTerm": str(action.after)}
        case Transition():
            return {"before": action.before, "seats": action.seats, "offer": str(action.target), **_terms(action)}
        case Cancel():
            return {"before": action.seats, "seats": 0}
        case ChangeTerm():
            return {"seats": action.seats, **_terms(action)}
        case SetSeats() | BookService():
            return {"before": action.before, "seats": action.after}
        case _:
            return {}


def _terms(value: object) -> Facts:
    term, billing = getattr(value, "term", None), getattr(value, "billing", None)
    return {"term": str(term) if term else None, "billing": str(billing) if billing else None}


def _price(value: Money) -> str:
    return f"{value.amount:.{decimals_of(value.currency)}f} {value.currency}"


def _said(**facts: object) -> Facts:
    return {key: value for key, value in facts.items() if value is not None}


# ---- what is expected ----


def expected_facts(expect: Expect) -> Facts:
    """What a test says of the plan, in the form of `facts_of`; what it leaves open is not there."""
    out: Facts = {}
    for key in ("operations", "waiting", "verdicts"):
        entries = getattr(expect, key)
        if entries is not None:
            out[key] = [_wire(entry) for entry in entries]
    if expect.codes is not None:
        out["codes"] = sorted(set(expect.codes))
    if expect.refused is not None:
        out["refused"] = expect.refused
    if expect.money is not None:
        out["money"] = {
            key: list(value) if isinstance(value, tuple) else value for key, value in _wire(expect.money).items()
        }
    if expect.text is not None:
        out["text"] = expect.text
    return out


_KEYS = {"end_of_term": "endOfTerm", "cost_month": "costMonth", "sell_month": "sellMonth"}


def _wire(value: object) -> Facts:
    found = {name: getattr(value, name) for name in type(value).__dataclass_fields__}  # type: ignore[attr-defined]
    return {_KEYS.get(name, name): item for name, item in found.items() if item is not None}


# ---- comparing ----


def compare_facts(
    expected: Mapping[str, Any], actual: Mapping[str, Any], *, others: bool = False
) -> Iterator[Mismatch]:
    """Every difference between what is expected and what is. `others`: operations beside those named are welcome."""
    for key, wanted in expected.items():
        found = actual[key]
        if key in _NAMED_BY:
            yield from _entries(key, wanted, found, others=others and key == "operations")
        elif key == "money":
            for name, amount in wanted.items():
                if not _same(amount, found[name]):
                    yield Mismatch(subject=f"money.{name}", expected=shown(amount), actual=shown(found[name]))
        elif key == "text" and str(wanted).rstrip("\n") == found.rstrip("\n"):
            continue
        elif not _same(wanted, found):
            yield Mismatch(subject=key, expected=shown(wanted), actual=shown(found))


def _entries(key: str, wanted: list[Facts], found: list[Facts], *, others: bool) -> Iterator[Mismatch]:
    """Entries of a list, whichever order: each expected one finds the one that fits it best, each only once."""
    left = list(found)
    open_ends: list[Facts] = []
    for entry in wanted:
        exact = next((item for item in left if _fits(entry, item)), None)
        if exact is not None:
            left.remove(exact)
        else:
            open_ends.append(entry)
    for entry in open_ends:
        names = [name for name in _NAMED_BY[key] if name in entry]
        alike = next((item for item in left if all(_same(entry[name], item.get(name)) for name in names)), None)
        if alike is None:
            yield Mismatch(subject=key, expected=shown(entry), actual=None)
            continue
        left.remove(alike)
        for name, value in entry.items():
            if not _same(value, alike.get(name)):
                subject = " ".join((f"{key}:", *(str(alike[one]) for one in _NAMED_BY[key] if one in alike), name))
                yield Mismatch(subject=subject, expected=shown(value), actual=shown(alike.get(name)))
    if not others:
        for item in left:
            yield Mismatch(subject=key, expected=None, actual=shown(item))


def _fits(entry: Facts, item: Facts) -> bool:
    return all(_same(value, item.get(name)) for name, value in entry.items())


def _same(wanted: object, found: object) -> bool:
    if isinstance(wanted, list) and isinstance(found, list):
        return sorted(map(_plain, wanted)) == sorted(map(_plain, found))
    return _plain(wanted) == _plain(found)


def _plain(value: object) -> str:
    """An amount whatever its zeros: 61.8 EUR is 61.80 EUR."""
    text = str(value)
    amount, blank, currency = text.partition(" ")
    if blank and len(currency) == 3 and currency.isupper():
        return f"{Decimal(amount).normalize():f} {currency}"
    return text


def shown(value: object) -> str:
    """A value in the words in which a test is written."""
    from cspdecl.manifest.expectation_text import flow

    return "-" if value is None else flow(value)
