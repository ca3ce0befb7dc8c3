"""What a person reads before anything is sent: manifests and live state in, plan, document and complaints out.

A case is a folder: `manifests/`, `live.json` and `bindings.json` (values of core as plain data), `clock.txt`, and where
they matter `book.json`, `catalog.json`, `prices.json` (else those beside the cases) and `without.txt`, the capabilities
the provider lacks, `answers.json` (what the provider says to the plan's questions: [provider, inquiry, answer]) and
`recorded.json` (what the ledger last says of addresses), `list.json` (another market or faults of the price list) and
`left.txt` (what a provider left to people when it was sent before: an address and the kind of action a line). Its
README.md is the claim.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import jsonschema
import pytest

from cspdecl.core.capability import Capability
from cspdecl.core.catalog import Catalog, Offer, OfferKey
from cspdecl.core.inquiry import Answer, Inquiry
from cspdecl.core.live import Binding, LiveState
from cspdecl.core.operation import Plan
from cspdecl.core.plain import from_plain, parse_instant
from cspdecl.core.project import PriceBook, PriceList, PriceRow
from cspdecl.core.records import BookEntry, Recorded
from cspdecl.manifest.load import load_manifests
from cspdecl.planning.plan import plan
from cspdecl.planning.planfile import dump_plan, load_plan
from cspdecl.report.diagnostics import render_diagnostics
from cspdecl.report.text import render_plan
from tests.conftest import ROOT

CASES = Path(__file__).parent / "plan"
NAMES = sorted(path.name for path in CASES.iterdir() if path.is_dir())


def data(folder: Path, name: str):
    """A JSON file of the case, else the one beside the cases, else an empty list."""
    for path in (folder / name, CASES / name):
        if path.is_file():
            return json.loads(path.read_text("utf-8"))
    return []


def catalogs_of(folder: Path) -> dict[tuple[str, str, str], Catalog]:
    """What is for sale in the case, a catalogue a segment: what one of them does not have, another may sell."""
    plain = data(folder, "catalog.json")
    offers: list[Offer] = [from_plain(Offer, item) for item in plain["offers"]]
    unread = tuple(OfferKey.parse(key) for key in plain["unread"])
    nowhere = {OfferKey.parse(key) for key in plain["missing"]}
    found = {}
    for segment in ("commercial", "education", "government", "nonprofit"):
        sold = {offer.key: offer for offer in offers if offer.segment == segment}
        elsewhere = nowhere | {offer.key for offer in offers} - set(sold)
        found["partner-center", "DE", segment] = Catalog(
            market="DE", offers=sold, as_of=datetime(2026, 11, 22, tzinfo=UTC), missing=tuple(sorted(elsewhere)),
            unread=unread, segment=segment,
        )  # fmt: skip
    return found


def answers_of(folder: Path) -> dict[tuple[str, Inquiry], Answer]:
    """What the provider says to the plan's questions."""
    return {
        (name, from_plain(Inquiry, asked)): from_plain(Answer, said)
        for name, asked, said in data(folder, "answers.json")
    }


def prices_of(folder: Path) -> PriceBook:
    """The one price list of the case."""
    rows: dict[OfferKey, list[PriceRow]] = {}
    for item in data(folder, "prices.json"):
        row: PriceRow = from_plain(PriceRow, item)
        rows.setdefault(row.offer, []).append(row)
    found = {key: tuple(group) for key, group in rows.items()}
    made_up = PriceList(date="2026-11", market="DE", currency="EUR", digest="d" * 64, source="made up", rows=found)
    path = folder / "list.json"  # what is another way about the list itself: its market, what was wrong with its file
    own = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    faults = tuple(own.get("faults", ()))
    return PriceBook(lists=(replace(made_up, market=own.get("market", "DE"), faults=faults),), home="DE")


def made(folder: Path) -> tuple[Plan, str]:
    """The plan of a case and what is printed about its diagnostics."""
    now = parse_instant((folder / "clock.txt").read_text("utf-8").strip())
    loaded = load_manifests(folder / "manifests", now=now)
    project, desired = loaded.checked()
    lacking = folder / "without.txt"
    capabilities = ~Capability.NONE
    for name in lacking.read_text("utf-8").split() if lacking.is_file() else ():
        capabilities &= ~Capability[name]
    bindings: tuple[Binding, ...] = from_plain(tuple[Binding, ...], data(folder, "bindings.json"))
    book: tuple[BookEntry, ...] = from_plain(tuple[BookEntry, ...], data(folder, "book.json"))
    recorded: tuple[Recorded, ...] = from_plain(tuple[Recorded, ...], data(folder, "recorded.json"))
    planned = partial(
        plan,
        project=project,
        desired=desired,
        live=from_plain(LiveState, data(folder, "live.json")),
        catalogs=catalogs_of(folder),
        answers=answers_of(folder),
        recorded={item.address: item for item in recorded},
        prices=prices_of(folder),
        bindings={item.address: item for item in bindings},
        book={item.address: item for item in book},
        last_hashes={},
        capabilities={"partner-center": capabilities},
        now=now,
        scope=None,
        commit=None,
    )
    result = planned()
    sent_before = left_to_people(folder)
    if sent_before:
        left = (item.id for item in result.operations if f"{item.address} {item.action.kind}" in sent_before)
        result = planned(deferred=frozenset(left))
    return result, render_diagnostics(result.diagnostics, loaded.source)


def left_to_people(folder: Path) -> list[str]:
    """What a provider left to people when it was sent before: `address kind` of each operation."""
    path = folder / "left.txt"
    return path.read_text("utf-8").splitlines() if path.is_file() else []


@pytest.mark.parametrize("name", NAMES)
def test_case(name: str, update_cases: bool):
    """A plan, its document and its complaints read as they were reviewed."""
    folder = CASES / name
    result, complaints = made(folder)
    printed = {"plan.txt": render_plan(result), "plan.json": dump_plan(result), "stderr.txt": complaints}
    for file, text in printed.items():
        golden = folder / file
        if update_cases and text:
            golden.write_text(text, "utf-8")
        elif update_cases:
            golden.unlink(missing_ok=True)

        assert (golden.read_text("utf-8") if golden.is_file() else "") == text


@pytest.mark.parametrize("name", NAMES)
def test_saved_plan_reads_back(name: str):
    """The saved document is the plan, fits its schema, and a digest notices every edit."""
    text = (CASES / name / "plan.json").read_text("utf-8")
    schema = json.loads((ROOT / "schemas/plan.v1.json").read_text("utf-8"))

    assert made(CASES / name)[0] == load_plan(text)
    jsonschema.Draft202012Validator(schema).validate(json.loads(text))


@pytest.mark.parametrize("name", NAMES)
def test_case_makes_its_claim(name: str):
    """Every case says in one sentence what it shows."""
    claim = (CASES / name / "README.md").read_text("utf-8").strip()

    assert claim.endswith(".")
    assert "\n" not in claim
