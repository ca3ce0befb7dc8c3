"""A change of our own price from manifest to ledger, and that it is made once."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from cspdecl.engine.apply import ApplyResult
from tests.unit.engine.estates import declare, estate_of, world_of

SOLD = {"perSeat": "18.50", "every": "month"}
DEARER = {"perSeat": "19.50", "every": "month"}


@pytest.fixture
def estate(tmp_path):
    made = estate_of(tmp_path / "project", world_of())
    declare(made, "alpha", 10, sell=SOLD)
    made.apply()
    return made


def test_a_price_is_changed_once_and_nothing_is_sent(estate):
    """One operation, one record, nothing asked of the provider; the next plan is empty."""
    declare(estate, "alpha", 10, sell=DEARER)
    result = estate.apply()
    assert isinstance(result, ApplyResult)
    assert [(one.operation.action.kind, one.state) for one in result.tasks] == [("reprice", "applied")]
    assert estate.plan().empty
    last = json.loads(estate.ledger()[-1].body)["data"]
    assert (last["origin"], last["recurring_sell_delta"]["amount"]) == ("reprice", "10.00")


def test_more_seats_and_another_price_add_up(estate):
    """Ten seats pay a euro more, two new ones the new price: the recurring deltas of the ledger are what is charged."""
    declare(estate, "alpha", 12, sell=DEARER)
    estate.apply()
    bodies = [json.loads(record.body)["data"] for record in estate.ledger()]
    deltas = [Decimal(body["recurring_sell_delta"]["amount"]) for body in bodies if "recurring_sell_delta" in body]
    assert sum(deltas) == Decimal("234.00")  # 12 × 19.50
    assert estate.plan().empty
