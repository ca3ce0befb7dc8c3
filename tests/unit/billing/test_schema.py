"""The published schema is the one made from the record's type, and it refuses what a record never is."""

from __future__ import annotations

import pytest

from cspdecl.billing.document import document_of
from cspdecl.billing.schema import PATH, schema_text
from cspdecl.billing.words import FIELDS
from cspdecl.core.records import BillingChange
from tests.unit.billing.estate import VALIDATOR, subscription
from tests.unit.billing.test_observe import ledger


def document():
    (record,) = ledger(subscription())
    return document_of(record)


def test_the_schema_is_current():
    """`python -m cspdecl.billing.schema` would write the same file."""
    assert PATH.read_text(encoding="utf-8") == schema_text()


def test_the_schema_is_a_schema():
    """Draft 2020-12 accepts it."""
    VALIDATOR.check_schema(VALIDATOR.schema)


def test_every_field_is_described():
    """No field without a sentence, no sentence without a field."""
    assert set(BillingChange.__dataclass_fields__) == set(FIELDS)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("data", "cost_unit_list"), {"amount": 20.6, "currency": "EUR"}),
        (("data", "quantity_after"), 25),
        (("data", "origin"), "guessed"),
        (("data", "surprise"), "field"),
        (("data", "record_hash"), "abc"),
        (("time",), "2026-11-22 14:02"),
        (("sequence",), "1"),
        (("data", "cost_amount"), None),
    ],
)
def test_floats_numbers_and_unknown_fields_are_refused(path, value):
    """Money as a float, quantities as numbers, null for unknown, local times: not a record."""
    record = document()
    VALIDATOR.validate(record)
    target = record
    for part in path[:-1]:
        target = target[part]
    target[path[-1]] = value
    assert not VALIDATOR.is_valid(record)


@pytest.mark.parametrize("name", ["id", "source", "subject", "time", "sequence", "recordedtime"])
def test_the_envelope_is_required(name):
    """A CloudEvent without its attributes is none."""
    record = document()
    del record[name]
    assert not VALIDATOR.is_valid(record)
