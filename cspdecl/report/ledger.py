"""The ledger for people and for other programs: a table to read, JSON Lines to keep, CSV for spreadsheets.

The same bytes on every machine: no locale, no local time. Text that came from a tenant cannot become a terminal
command in the table, nor a formula in a spreadsheet.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from cspdecl.billing.document import document_of
from cspdecl.core.digest import canonical_json
from cspdecl.core.records import LedgerRecord
from cspdecl.report.language import ENGLISH, Language
from cspdecl.report.printable import printable

#: Columns of the CSV export: name and where it stands in the record. Amounts are given without their currency, which
#: has a column of its own. Lines, unknowns and shares are text; the full record is the JSON Lines export.
COLUMNS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("sequence", ("sequence",)),
    ("id", ("id",)),
    ("time", ("time",)),
    ("recorded", ("recordedtime",)),
    ("address", ("subject",)),
    ("customer", ("data", "customer_key")),
    ("tenant", ("data", "customer_tenant_id")),
    ("origin", ("data", "origin")),
    ("action", ("data", "action")),
    ("charge_kind", ("data", "charge_kind")),
    ("display_name", ("data", "display_name")),
    ("offer", ("data", "offer")),
    ("service", ("data", "service")),
    ("term", ("data", "term")),
    ("billing_plan", ("data", "billing_plan")),
    ("term_kind", ("data", "term_kind")),
    ("promotion", ("data", "promotion_id")),
    ("status", ("data", "provider_status")),
    ("end_of_term", ("data", "end_of_term")),
    ("quantity_before", ("data", "quantity_before")),
    ("quantity_after", ("data", "quantity_after")),
    ("quantity_delta", ("data", "quantity_delta")),
    ("term_start", ("data", "term_start")),
    ("term_end", ("data", "term_end")),
    ("period_start", ("data", "period_start")),
    ("period_end", ("data", "period_end")),
    ("cost_currency", ("data", "cost_currency")),
    ("cost_unit", ("data", "cost_unit_list", "amount")),
    ("cost_amount", ("data", "cost_amount", "amount")),
    ("cost_amount_exact", ("data", "cost_amount_exact")),
    ("recurring_cost_delta", ("data", "recurring_cost_delta", "amount")),
    ("commitment_remaining_cost", ("data", "commitment_remaining_cost", "amount")),
    ("sell_currency", ("data", "sell_currency")),
    ("sell_unit", ("data", "sell_unit", "amount")),
    ("sell_every", ("data", "sell_every")),
    ("sell_amount", ("data", "sell_amount", "amount")),
    ("recurring_sell_delta", ("data", "recurring_sell_delta", "amount")),
    ("margin_amount", ("data", "margin_amount", "amount")),
    ("bundle", ("data", "bundle_id")),
    ("bundle_version", ("data", "bundle_version")),
    ("bundle_instance", ("data", "bundle_instance")),
    ("bundle_quantity_before", ("data", "bundle_quantity_before")),
    ("bundle_quantity_after", ("data", "bundle_quantity_after")),
    ("bundle_sell_currency", ("data", "bundle_sell_unit", "currency")),
    ("bundle_sell_amount", ("data", "bundle_sell_amount", "amount")),
    ("bundle_recurring_sell_delta", ("data", "bundle_recurring_sell_delta", "amount")),
    ("provider", ("data", "provider")),
    ("subscription", ("data", "provider_subscription_id")),
    ("subscriptions", ("data", "provider_subscription_ids")),
    ("order", ("data", "provider_order_id")),
    ("reseller", ("data", "reseller_id")),
    ("price_list", ("data", "price_list")),
    ("plan", ("data", "plan_digest")),
    ("commit", ("data", "git_commit")),
    ("actor", ("authid",)),
    ("run", ("correlationid",)),
    ("basis", ("data", "basis")),
    ("unknown", ("data", "unknown")),
    ("previous_hash", ("data", "prev_hash")),
    ("hash", ("data", "record_hash")),
)
_NUMERIC = frozenset(
    name
    for name, _path in COLUMNS
    if name.endswith(("_amount", "_delta", "_unit", "_cost")) or name.startswith("quantity_") or "_quantity_" in name
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # full-width signs count in some spreadsheets


def render_table(
    records: Iterable[LedgerRecord], *, names: Mapping[str, str] | None = None, lang: Language = ENGLISH
) -> Iterator[str]:
    """One line a record, oldest first: number, day, address, what changed, and the money as far as it is known.

    `names` gives people's names for the ids in records, where they are still kept.
    """
    for record in records:
        document = document_of(record)
        data = document["data"]
        cells = [
            f"{record.seq:>6}",
            f"{lang.day(date.fromisoformat(document['time'][:10]))} {document['time'][11:16]}",
            f"{printable(document['subject']):<40}",
            f"{data['origin'] + ' ' + data['action']:<24}",
            f"{_quantities(data):>14}",
            _money(data, lang),
        ]
        who = (names or {}).get(document.get("authid", ""))
        yield "  ".join(cells).rstrip() + ("  " + lang.say("by {name}", name=printable(who)) if who else "") + "\n"


def render_jsonl(records: Iterable[LedgerRecord]) -> Iterator[str]:
    """One canonical JSON object a line, as schemas/billing-change.v1.json describes it, hashes included."""
    for record in records:
        yield canonical_json(document_of(record)) + "\n"


def render_csv(records: Iterable[LedgerRecord]) -> Iterator[str]:
    """A header and one row a record, comma-separated with a decimal point, UTF-8, CRLF (RFC 4180).

    A text that a spreadsheet would take for a formula gets an apostrophe in front; numbers stay numbers.
    """
    yield _row([name for name, _path in COLUMNS])
    for record in records:
        document = document_of(record)
        yield _row([_cell(name, _at(document, path)) for name, path in COLUMNS])


def _row(cells: list[str]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue()


def _at(document: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        if not isinstance(document, dict) or part not in document:
            return None
        document = document[part]
    return document


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    raw = "; ".join(str(item) for item in value) if isinstance(value, list) else str(value)
    # an amount may begin with a minus; everything else that does is text for people
    formula = name not in _NUMERIC and raw.startswith(_FORMULA)
    return f"'{printable(raw)}" if formula else printable(raw)


def _quantities(data: dict[str, Any]) -> str:
    before, after = data["quantity_before"], data["quantity_after"]
    return "" if before == after == "0" else after if before == after else f"{before} → {after}"


def _money(data: dict[str, Any], lang: Language) -> str:
    parts = []
    for text, key in (
        ("cost {amount}", "cost_amount"),
        ("sell {amount}", "sell_amount"),
        ("bundle {amount}", "bundle_sell_amount"),
    ):
        if key in data:
            amount = f"{lang.figures(data[key]['amount'])} {data[key]['currency']}"
            parts.append(lang.say(text, amount=amount))
    if "cost_amount" not in data and "unknown" in data:
        parts.append(lang.say("cost unknown"))
    return ", ".join(parts)
