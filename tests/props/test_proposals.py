"""Any edits in the portal: what `drift --propose` writes is accepted drift; a plan then keeps books at most."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from cspdecl.core.catalog import OfferKey
from cspdecl.core.live import NextTerm, Status
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.engine.drift import look_for_drift
from cspdecl.engine.plan import PlanRequest
from cspdecl.engine.propose import propose_changes
from cspdecl.testing.builders import OFFER, OTHER_OFFER
from tests.unit.engine.estates import estate_of, world_of
from tests.unit.engine.harness import tenant_of

ALPHA = tenant_of(1)
BUNDLE = {
    "version": "1.0.0", "displayName": "Office", "sell": {"perSeat": "54.90", "every": "month"},
    "components": [{"name": "m365", "offer": OFFER}, {"name": "phone", "offer": OTHER_OFFER}],
}  # fmt: skip
LINES = ("plain", "flow", "office/m365", "office/phone")
EDITS = st.sampled_from(["seats", "end", "suspend", "cancel", "schedule", "rename"])


def edit(state, ident: str, what: str, number: int) -> None:
    """One edit as somebody makes it in the portal."""
    item = state.kept(ALPHA, ident)
    if not item.status.running or (item.status is Status.SUSPENDED and what != "rename"):
        return
    match what:
        case "seats":
            state.set_seats(ALPHA, ident, 10 + number)
        case "end":
            state.set_end(ALPHA, ident, "cancel" if number % 2 else "renew")
        case "suspend":
            state.put(ALPHA, replace(item, status=Status.SUSPENDED, end_of_term="unset", scheduled=None))
        case "cancel":
            state.cancel(ALPHA, ident)
        case "schedule" if item.end_of_term == "renew":
            term, billing = (Term.P3Y, BillingCycle.MONTHLY) if number % 3 == 0 else (item.term, item.billing)
            following = NextTerm(offer=item.offer, seats=number + 1, term=term, billing=billing)
            state.schedule(ALPHA, ident, following)
        case "schedule":
            pass  # it does not renew, so nothing can be scheduled
        case _:
            state.rename(ALPHA, ident, f"Team “{number}”: a, b #1")


@settings(max_examples=25)
@given(edits=st.lists(st.tuples(st.integers(0, 3), EDITS, st.integers(0, 9)), max_size=6), bought=st.integers(0, 2))
def test_a_proposal_accepts_what_is_live(edits, bought):
    """Whatever was edited: afterwards nothing has drifted, no plan sends anything (it takes over and lets go), and comments are where they were."""
    with tempfile.TemporaryDirectory() as folder:
        world = world_of()
        estate = estate_of(Path(folder) / "project", world)
        estate.bundle("office", **BUNDLE)
        estate.customer(
            "alpha",
            {"name": "plain", "offer": OFFER, "seats": 10, "nickname": "Plain"},
            {"name": "office", "bundle": "office@1", "seats": 10},
            tenant=ALPHA,
        )
        path = estate.root / "customers/alpha.yaml"
        flow = f'  - {{name: flow, offer: "{OTHER_OFFER}", seats: 10, nickname: Flow}}  # the boss asked for it\n'
        path.write_text(path.read_text("utf-8") + flow + "# the end\n", "utf-8")
        estate.apply()
        world.advance(days=1)
        with estate.session() as session:
            ids = {
                "/".join(one.path): binding.ids[0] for one, binding in session.store().bindings().items() if one.path
            }
        with world.open() as state:
            for line, what, number in edits:
                if (LINES[line], what) == ("office/m365", "cancel"):
                    continue  # a bundle without its anchor cannot be declared: that is said, and a person decides
                edit(state, ids[LINES[line]], what, number)
            for number in range(bought):
                state.buy(ALPHA, offer=OfferKey.parse(OFFER), seats=number + 1, nickname="Bought\nelsewhere")

        with estate.session() as session:
            said = list(propose_changes(session, look_for_drift(session, PlanRequest())))

        assert all(text.startswith("customers/alpha.yaml: ") for text in said), said
        plan = estate.plan()
        assert ((), set()) == (estate.drift(), {one.action.kind for one in plan.operations} - {"adopt", "forget"}), said
        assert [] == [item for item in plan.diagnostics if item.severity == "error"]
        text = path.read_text("utf-8")
        assert (1, 1) == (text.count("  # the boss asked for it\n"), text.count("# the end\n"))
