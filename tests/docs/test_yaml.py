"""Every YAML block on a page is a project, or a piece of one that is put in its place, and it is planned.

Twice: on an estate where nothing runs, and on one where everything runs as declared. A page may show how it is not
done, marked `# no`: then the code that the page is about has to come out. What is no manifest is read by what it is for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from itertools import chain
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner

from cspdecl.cli.main import cli
from cspdecl.commerce.pricelist import parse_price_list
from cspdecl.core.address import Address
from cspdecl.core.catalog import Catalog, Offer, OfferKey, OfferTerm
from cspdecl.core.desired import CustomerSpec, DesiredState
from cspdecl.core.diagnostics import Severity
from cspdecl.core.live import Binding, CustomerAbsent, LiveState, LiveSubscription
from cspdecl.core.operation import Plan
from cspdecl.core.project import PriceBook, PriceList, PriceRow, Project
from cspdecl.manifest.text import parse_text
from cspdecl.planning.plan import plan
from cspdecl_simulator import Settings, Simulator
from cspdecl_simulator.manifests import read_tree
from cspdecl_simulator.populate import populate, read_edits
from tests.conftest import ROOT
from tests.docs.pages import Block, blocks, pages
from tests.docs.surroundings import Way, ways, whole
from tests.planning_builders import ALL, NOW, live_customer, sub

PAGES = [page for page in pages() if "changelog.d" not in page.parts]
TREE = ROOT / "manifests/reseller-100"
PRICES = TREE / "price-list-2026-11-DE-EUR-made-up.csv"
WAYS = ("P1M/monthly", "P1Y/monthly", "P1Y/annual", "P3Y/monthly", "P3Y/annual", "P3Y/triennial")
# What is no manifest, by how it begins. Each is read by what it is for, in a test of its own.
DIFFERENCES = ("edits:", "- address:", "- customer:")
PIPELINES = ("permissions:", "on:", "steps:", "include:")
TESTS = ("live:", "expect:")
HOOKS = ("repos:",)


def _where(block: Block) -> str:
    return f"{block.page.relative_to(ROOT).as_posix()}:{block.line}"


def _manifests() -> Iterator[Any]:
    for page in PAGES:
        for block in blocks(page, "yaml"):
            if not block.text.startswith((*DIFFERENCES, *PIPELINES, *TESTS, *HOOKS)):
                found = list(ways(block.text))
                for number, way in enumerate(found, 1):
                    yield pytest.param(block, way, id=_where(block) + (f"-{number}" if len(found) > 1 else ""))


@pytest.mark.parametrize(("block", "way"), list(_manifests()))
def test_yaml_is_planned(block: Block, way: Way):
    """What a page says to write is loaded and planned without an error; what it calls wrong gives the page's code."""
    others = [one.text for one in blocks(block.page, "yaml") if one.text.startswith("apiVersion") and one != block]
    read = parse_text(whole(way.text, "---\n".join(others)), NOW)
    found = {item.code for item in read.diagnostics}
    if read.project and read.desired:
        for running in (False, True):
            found |= _refused(_planned(read.project, read.desired, running))
    code = block.page.stem if block.page.stem.startswith("CSP") else None

    assert read.desired is not None or way.wrong, "\n".join(f"{item.code} {item.message}" for item in read.diagnostics)
    if way.wrong:
        assert code in found
    else:
        assert set() == found - {code}


def _shown(begins: tuple[str, ...]) -> list[Block]:
    return [block for page in PAGES for block in blocks(page, "yaml") if block.text.startswith(begins)]


def test_differences_fit_the_estate_of_a_hundred(tmp_path):
    """How live is to differ from declared, as pages show it, is what the simulator takes for its estate."""
    shown = _shown(DIFFERENCES)

    assert len(shown) >= 2
    for block in shown:
        path = tmp_path / "differences.yaml"
        path.write_text(block.text if block.text.startswith("edits:") else f"edits:\n{block.text}", "utf-8")
        with closing(Simulator(":memory:", Settings(environment="production"), seed=1)) as simulator:
            simulator.load_prices(PRICES)
            assert populate(simulator, read_tree(TREE), read_edits(path))[0] > 90, _where(block)


@pytest.mark.parametrize("block", _shown(PIPELINES), ids=_where)
def test_a_piece_of_a_pipeline_stands_in_one_that_ships(block: Block):
    """What a page shows of a pipeline is a part of a file in pipelines/, which tests run; `include` names that file."""
    piece = yaml.safe_load(block.text)
    files = sorted((ROOT / "pipelines").rglob("*.yml"))
    if "include" in piece:
        assert {one["local"] for one in piece["include"]} <= {path.name for path in files}
    else:
        assert any(_holds(yaml.safe_load(path.read_text("utf-8")), piece) for path in files)


def _holds(whole: Any, piece: Any) -> bool:
    """Whether the piece stands in the whole, here or further down, beside whatever else there is."""
    inside = whole.values() if isinstance(whole, dict) else whole if isinstance(whole, list) else ()
    return _covers(whole, piece) or any(_holds(one, piece) for one in inside)


def _covers(whole: Any, piece: Any) -> bool:
    if isinstance(piece, dict):
        return isinstance(whole, dict) and all(key in whole and _covers(whole[key], piece[key]) for key in piece)
    if isinstance(piece, list):
        return isinstance(whole, list) and all(any(_covers(one, part) for one in whole) for part in piece)
    return bool(whole == piece)


@pytest.mark.parametrize("block", _shown(TESTS), ids=_where)
def test_a_piece_of_an_expectation_is_one(block: Block):
    """What a page shows of a reseller's own test fits the schema, beside the least that a test says."""
    schema = json.loads((ROOT / "schemas/test.v1.json").read_text("utf-8"))
    spec = {"now": "2026-11-22T14:02:00Z", "live": [], "expect": {"operations": []}} | yaml.safe_load(block.text)
    document = {"apiVersion": "cspdecl/v1", "kind": "Test", "metadata": {"name": "page"}, "spec": spec}

    jsonschema.Draft202012Validator(schema).validate(document)


def test_expectations_on_pages_are_met(tmp_path):
    """A whole test of a reseller's own, as a page shows it, passes with the project of the guide to manifests."""
    guide = blocks(ROOT / "docs/guides/manifests.md", "yaml")
    tests = [block.text for page in PAGES for block in blocks(page, "yaml") if "\nkind: Test\n" in block.text]
    manifests = [block.text for block in guide if block.text.startswith("apiVersion")]
    (tmp_path / "cspdecl.yaml").write_text("---\n".join([*manifests, *tests]), "utf-8")

    ran = CliRunner().invoke(cli, ["-C", str(tmp_path), "test"])

    assert tests
    assert (0, f"{len(tests)} passed, 0 failed") == (ran.exit_code, ran.output.splitlines()[-1]), ran.output


def test_hooks_that_pages_name_are_hooks_of_ours():
    """A page that shows a pre-commit configuration names hooks that the repository offers."""
    offered = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))}
    named = {
        hook["id"]
        for block in _shown(HOOKS)
        for repository in yaml.safe_load(block.text)["repos"]
        for hook in repository["hooks"]
    }

    assert named <= offered


def _planned(project: Project, desired: DesiredState, running: bool) -> Plan:
    """The plan on an estate where everything runs as declared and was taken over, or where as good as nothing runs."""
    runs = {key: _runs(spec, running) for key, spec in desired.customers.items() if spec.create is None}
    there = {
        key: live_customer(key, *chain.from_iterable(subs.values()), tenant=desired.customers[key].tenant)
        for key, subs in runs.items()
    }
    return plan(
        project=project,
        desired=desired,
        live=LiveState(
            customers=there,
            absent={key: CustomerAbsent(key=key, read_at=NOW) for key in desired.customers if key not in there},
            unknown={},
            as_of=NOW,
            digest="1" * 64,
        ),
        catalogs=_catalogs(project, desired),
        prices=_prices(),
        bindings={
            address: Binding(
                address=address, provider=project.default_provider, tenant=str(there[key].tenant),
                ids=tuple(sub.id for sub in found), offer=found[0].offer,
            )
            for key, subs in runs.items()
            for address, found in subs.items()
            if found and running
        },
        book={},
        last_hashes={},
        capabilities=dict.fromkeys(project.providers, ALL),
        now=NOW,
        scope=None,
        commit=None,
    )  # fmt: skip


def _refused(made: Plan) -> set[str]:
    """The codes of what a plan refuses: errors, and guardrails that do not let it through."""
    return {item.code for item in made.diagnostics if item.severity is Severity.ERROR}


def _runs(spec: CustomerSpec, running: bool) -> dict[Address, list[LiveSubscription]]:
    """By line: everything as declared, or only what a line names by its id or upgrades from."""
    found: dict[Address, list[LiveSubscription]] = {}
    for number, line in enumerate(spec.subscriptions):
        upgrade, moved = line.upgrade, line.upgrade.seats if line.upgrade and line.upgrade.seats else line.seats
        parts = {line.offer: moved} if running or line.id else {}
        if upgrade and (not running or moved < line.seats):
            parts = {**(parts if running else {}), upgrade.source: line.seats - moved if running else line.seats}
        found[line.address] = [
            sub(
                line.id if line.id and offer == line.offer else f"s{number}-{offer}", str(offer), seats,
                term=line.term, billing=line.billing, trial=line.trial,
            )
            for offer, seats in parts.items()
            if not line.absent
        ]  # fmt: skip
    return found


def _catalogs(project: Project, desired: DesiredState) -> dict[tuple[str, str, str], Catalog]:
    """What is for sale: all that the made-up price list has, and what the page declares, in every usual way."""
    declared = {line.offer: line.trial for spec in desired.customers.values() for line in spec.subscriptions}
    terms = tuple(OfferTerm.parse(way) for way in WAYS)
    offers = {
        key: Offer(key=key, title=str(key), min_seats=1, max_seats=300, terms=terms, trial=declared.get(key, False))
        for key in {*_prices().lists[0].rows, *declared}
    }
    return {
        (name, market, segment): Catalog(market=market, offers=offers, as_of=NOW, segment=segment)
        for name in project.providers
        for market in {"DE", project.market}
        for segment in ("commercial", "education", "government", "nonprofit")
    }


@cache
def _prices() -> PriceBook:
    """The made-up price list."""
    with PRICES.open(encoding="utf-8", newline="") as lines:
        rows = [item.row for item in parse_price_list(lines).rows]
    by_offer: dict[OfferKey, tuple[PriceRow, ...]] = {}
    for row in rows:
        by_offer[row.offer] = (*by_offer.get(row.offer, ()), row)
    return PriceBook(
        lists=(
            PriceList(date="2026-11", market="DE", currency="EUR", digest="d" * 64, source="made up", rows=by_offer),
        ),
        home="DE",
    )
