"""What carrying a plan out leaves behind: the cases of `plan/`, applied to the other side in memory.

Each case's live state becomes a world, its bindings the store's; `cspdecl apply` runs on a clock that stands and with
ids in order. `apply.txt` is what a person reads, `journal.jsonl` and `ledger.jsonl` what the store keeps. A case whose
plan is refused, or has nothing to carry out, leaves neither. `approvals.json` is what the pipeline made of the reviews;
`this plan` in it is the case's.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jsonschema
import pytest

from cspdecl.billing.chain import verify
from cspdecl.cli.apply_verb import summary
from cspdecl.core.capability import Capability
from cspdecl.core.inquiry import ResellerStanding
from cspdecl.core.live import Binding, LiveState
from cspdecl.core.operation import Plan
from cspdecl.core.plain import from_plain, parse_instant, to_plain
from cspdecl.core.project import PriceBook
from cspdecl.core.records import BookEntry
from cspdecl.engine.apply import ApplyOptions, ApplyResult, apply_plan
from cspdecl.engine.approved import Approved
from cspdecl.engine.plan import PlanRequest, make_plan
from cspdecl.engine.session import Session
from cspdecl.planning.approvers import ApprovalFile, parse_approvals
from cspdecl.report.ledger import render_jsonl
from cspdecl.spi.store import Batch
from cspdecl.testing.builders import CountingIds, SteppingClock
from cspdecl.testing.memory import CAPABILITIES, MemoryProvider
from cspdecl.testing.world import Fault, State, World
from tests.cases.test_plan import CASES, NAMES, answers_of, catalogs_of, data, left_to_people, prices_of
from tests.conftest import ROOT

WRITTEN = ("apply.txt", "journal.jsonl", "ledger.jsonl")


class CaseSession(Session):
    """A project whose prices are the case's."""

    case: Path

    def prices(self, offers: object, *, markets: object = ()) -> PriceBook:
        """The one price list of the case."""
        return prices_of(self.case)


def world_of(folder: Path, live: LiveState) -> World:
    """The other side as the case's live state shows it; who could not be read there cannot be read here."""
    world = World()
    with world.open() as state:
        assert isinstance(state, State)
        state.now = parse_instant((folder / "clock.txt").read_text("utf-8").strip())
        state.offers = tuple(offer for catalog in catalogs_of(folder).values() for offer in catalog.offers.values())
        state.said = tuple((asked, answer) for (_provider, asked), answer in answers_of(folder).items())
        for _asked, answer in state.said:
            if isinstance(answer, ResellerStanding):
                state.resellers = {**state.resellers, answer.partner_id: answer}
        for customer in live.customers.values():
            state.put_customer(customer)
        if live.unknown:
            state.faults = (Fault(kind="unreadable", times=-1),)
    return world


@contextmanager
def applied(folder: Path, root: Path) -> Iterator[tuple[Session, Plan | ApplyResult]]:
    """A case applied to its world: the project's session afterwards, and what came of it."""
    shutil.copytree(folder / "manifests", root, dirs_exist_ok=True)
    live: LiveState = from_plain(LiveState, data(folder, "live.json"))
    lacking = folder / "without.txt"
    capabilities = CAPABILITIES
    for name in lacking.read_text("utf-8").split() if lacking.is_file() else ():
        capabilities &= ~Capability[name]
    world = world_of(folder, live)
    now = parse_instant((folder / "clock.txt").read_text("utf-8").strip())
    with CaseSession(
        root,
        clock=SteppingClock(now),
        ids=CountingIds(),
        connect=lambda config, mode: MemoryProvider(world, name=config.name, mode=mode, capabilities=capabilities),
    ) as session:
        session.case = folder
        store = session.store()
        bound: tuple[Binding, ...] = from_plain(tuple[Binding, ...], data(folder, "bindings.json"))
        store.commit(Batch(bindings=[(item.address, item) for item in bound]))
        given = folder / "approvals.json"
        approvals = parse_approvals(given.read_text("utf-8")) if given.is_file() else ApprovalFile()
        options = ApplyOptions(workers=1, approved=Approved(given=approvals, names=frozenset({"this plan"})))
        yield session, apply_plan(session, None, approve=lambda _plan: True, options=options)


def carried_out(folder: Path, root: Path) -> dict[str, str]:
    """What applying a case prints and leaves, by file name; empty where nothing was carried out."""
    with applied(folder, root) as (session, result):
        store = session.store()
        records = list(store.ledger())
        assert () == verify(records, store.head())
        if isinstance(result, Plan):
            assert not [record for record in records if '"origin":"applied"' in record.body]
            return {}
        entries = [json.dumps(to_plain(entry), ensure_ascii=False, sort_keys=True) for entry in store.journal()]
        return {
            "apply.txt": summary(result),
            "journal.jsonl": "".join(f"{entry}\n" for entry in entries),
            "ledger.jsonl": "".join(render_jsonl(records)),
        }


def begins_with_a_book(name: str) -> bool:
    """Whether a ledger or a journal from before says something of a case, which only a plan can be told of."""
    book: tuple[BookEntry, ...] = from_plain(tuple[BookEntry, ...], data(CASES / name, "book.json"))
    return bool(book or data(CASES / name, "recorded.json") or left_to_people(CASES / name))


@pytest.mark.parametrize("name", [name for name in NAMES if not begins_with_a_book(name)])
def test_case_applied(name: str, update_cases: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Journal, ledger and summary read as they were reviewed, and every record fits the published schema."""
    monkeypatch.setenv("CSPDECL_ACTOR", "case")
    folder = CASES / name
    left = carried_out(folder, tmp_path)
    schema = json.loads((ROOT / "schemas/billing-change.v1.json").read_text("utf-8"))
    for line in left.get("ledger.jsonl", "").splitlines():
        jsonschema.Draft202012Validator(schema).validate(json.loads(line))
    for file in WRITTEN:
        golden = folder / file
        if update_cases and file in left:
            golden.write_text(left[file], "utf-8")
        elif update_cases:
            golden.unlink(missing_ok=True)

        assert (golden.read_text("utf-8") if golden.is_file() else "") == left.get(file, "")


@pytest.mark.parametrize("name", [name for name in NAMES if not begins_with_a_book(name)])
def test_case_comes_to_rest(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Once everything of a plan was carried out, the next one sends nothing but what had to wait for it; then there is
    nothing left: no case goes round in circles."""
    monkeypatch.setenv("CSPDECL_ACTOR", "case")
    with applied(CASES / name, tmp_path) as (session, result):
        if isinstance(result, Plan) or any(task.state != "applied" for task in result.tasks):
            return
        waited = {item.address for item in result.plan.waiting}
        again = make_plan(session, PlanRequest()).plan
        if again.operations and {item.address for item in again.operations} <= waited:
            apply_plan(session, None, approve=lambda _plan: True, options=ApplyOptions(workers=1))
            again = make_plan(session, PlanRequest()).plan

    assert [] == [f"{item.address} {item.action.kind}: {item.reason.text}" for item in again.operations]
