"""The chain finds every edit and names the record."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from cspdecl.billing.chain import verify
from cspdecl.billing.document import change_of, document_of
from cspdecl.core.digest import sha256
from cspdecl.core.records import GENESIS, LedgerHead
from tests.unit.billing.estate import sealed, subscription
from tests.unit.billing.test_observe import ledger


def chain(count=6):
    (record,) = ledger(subscription())
    change = change_of(record.body)
    return sealed(*(replace(change, id=f"op-{number}") for number in range(1, count + 1)))


def head(records):
    return LedgerHead(seq=records[-1].seq, hash=records[-1].hash)


def found(records, end=None):
    return [(item.code, item.message) for item in verify(records, end)]


def test_an_untouched_ledger_verifies():
    """No finding, with and without a head to compare with; an empty ledger as well."""
    records = chain()
    assert found(records) == found(records, head(records)) == found([], LedgerHead()) == []
    assert records[0].previous == GENESIS


def test_one_changed_character_is_found():
    """Record 3 says another quantity than it was sealed with."""
    records = list(chain())
    records[2] = replace(records[2], body=records[2].body.replace('"25"', '"26"'))
    assert found(records) == [("CSP901", "record 3 was altered: its content does not fit its hash")]


def test_an_edit_with_a_fitting_hash_breaks_the_next_link():
    """Whoever seals record 3 anew contradicts record 4."""
    records = list(chain())
    body = records[2].body.replace('"25"', '"26"')
    records[2] = replace(records[2], body=body, hash=sha256(records[2].previous + body))
    assert found(records) == [("CSP901", "record 4 does not follow record 3: one of the two was replaced")]


def test_a_missing_record_is_named():
    """Record 3 is gone; so are 3 and 4."""
    records = chain()
    assert found(records[:2] + records[3:]) == [("CSP902", "record 3 is missing before record 4")]
    assert found(records[:2] + records[4:]) == [("CSP902", "records 3 to 4 are missing before record 5")]


def test_a_cut_end_is_found_by_the_head():
    """The chain itself is whole; only a head kept elsewhere tells."""
    records = chain()
    assert found(records[:4]) == []
    assert found(records[:4], head(records)) == [
        ("CSP904", "the end of the ledger was cut off: records 5 to 6 are missing")
    ]


def test_swapped_and_repeated_records_are_found():
    """Order and uniqueness belong to the chain."""
    one, two, three, *rest = chain()
    assert ("CSP903", "record 2 stands after record 3: it was moved or repeated") in found([one, three, two, *rest])
    assert ("CSP903", "record 2 stands after record 2: it was moved or repeated") in found(
        [one, two, two, three, *rest]
    )


def test_a_ledger_of_its_own_does_not_pass_for_ours():
    """A consistent other ledger of the same length ends with another hash; a longer one goes on too far."""
    records = chain()
    other = sealed(*(change_of(record.body) for record in records), when=records[0].recorded_at.replace(year=2030))
    assert [code for code, _text in found(other, head(records))] == ["CSP905"]
    assert [code for code, _text in found(chain(7), head(records))] == ["CSP905"]


@pytest.mark.parametrize(("column", "value"), [("seq", 40), ("id", "op-40"), ("recorded_at", None), ("address", None)])
def test_columns_that_say_something_else_than_the_body_are_found(column, value):
    """A store keeps number, id, address and time beside the body: they cannot be edited alone either."""
    records = list(chain())
    changed = {"recorded_at": records[2].recorded_at.replace(year=2030), "address": records[2].address.child("x")}.get(
        column, value
    )
    records[2] = replace(records[2], **{column: changed})
    assert "CSP906" in [code for code, _text in found(records)]


def test_a_body_that_is_no_record_is_found():
    """Garbage with a fitting hash is still no change record."""
    records = list(chain(1))
    records[0] = replace(records[0], body="{}", hash=sha256(records[0].previous + "{}"))
    assert found(records) == [("CSP906", "record 1 holds no change record")]


def test_anybody_can_check_the_hash_of_an_exported_record():
    """As documented: without the two hashes, canonically written, the previous hash in front."""
    record = chain()[3]
    document = document_of(record)
    previous, own = document["data"].pop("prev_hash"), document["data"].pop("record_hash")
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert sha256(previous + text) == own
