"""Invoices, their lines, exports and files: what is billed, where it is found, and in which columns (contract §16)."""

from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner

from cspdecl_simulator import Simulator
from cspdecl_simulator.charging.columns import COLUMNS, field_of
from cspdecl_simulator.cli import simulate
from tests.simulator.money import DAY, LINES, STANDARD, billed, everything, go, shop, short, unbilled
from tests.simulator.world import CUSTOMER, Client

EXPORTS = "/v1.0/reports/partners/billing"
JUNE = "G202606978"


def _month() -> tuple[Simulator, Client]:
    """June with a purchase, two seats more and a subscription cancelled; it is 20 June."""
    simulator, client = shop("2026-06-10")
    row = client.buy(CUSTOMER, STANDARD, 10, "P1M")
    other = client.buy(CUSTOMER, STANDARD, 3, "P1Y")
    go(simulator, "2026-06-12")
    client.patch(CUSTOMER, row, quantity=12)
    client.patch(CUSTOMER, other, status="deleted")
    go(simulator, "2026-06-20")
    return simulator, client


def test_a_month_is_invoiced_on_the_eighth():
    """Until then its lines are unbilled, first as the current period, then as the previous one."""
    simulator, client = _month()
    seen = [(len(unbilled(client)), len(unbilled(client, "previous")), sorted(billed(client)))]
    for day in ("2026-07-07", "2026-07-08"):
        go(simulator, day, 12)
        seen.append((len(unbilled(client)), len(unbilled(client, "previous")), sorted(billed(client))))
    assert [(5, 0, []), (0, 5, []), (0, 0, [JUNE])] == seen


def test_an_invoice_says_its_month_and_its_sum():
    """By its number, with or without the type before it; what is not out yet is 404."""
    simulator, client = _month()
    early = client.get(f"/invoices/{JUNE}").code
    go(simulator, "2026-07-08", 12)
    found = client.get(f"/invoices/OneTime-{JUNE}").body
    assert ((404, 2000), JUNE, "2026-06-01", "2026-06-30", "2026-07-08", 121.65, "EUR") == (
        early,
        found["id"],
        found["billingPeriodStartDate"][:10],
        found["billingPeriodEndDate"][:10],
        found["invoiceDate"][:10],
        found["totalCharges"],
        found["currencyCode"],
    )


def test_the_same_lines_by_path_and_by_query():
    """Provider and kind stand in the path of the older form; a provider that bills nothing has no lines."""
    simulator, client = _month()
    go(simulator, "2026-07-08", 12)
    one = client.get(f"/invoices/{JUNE}/lineitems?{LINES}").body["items"]
    other = client.get(f"/invoices/{JUNE}/lineitems/OneTime/BillingLineItems").body["items"]
    office = client.get(f"/invoices/{JUNE}/lineitems?provider=office&invoicelineitemtype=billinglineitems").body[
        "items"
    ]
    assert (5, True, []) == (len(one), one == other, office)


def test_balances_and_pdf():
    """What is owed adds up over invoices; the statement is a PDF that names its invoice."""
    simulator, client = _month()
    go(simulator, "2026-08-09")
    invoices = client.get("/invoices").body["items"]
    summary = client.get("/invoices/summary").body
    reply = simulator.handle(
        "GET", f"/v1/invoices/{JUNE}/documents/statement", {"Authorization": f"Bearer {simulator.access_token()}"}
    )
    assert (round(sum(item["totalCharges"] for item in invoices), 2), "application/pdf", b"%PDF", True) == (
        summary["balanceAmount"],
        reply.headers["Content-Type"],
        reply.body[:4],
        JUNE.encode() in reply.body,
    )


@pytest.mark.parametrize(
    "path",
    [
        "/invoices/unbilled/lineitems?period=current",
        "/invoices/unbilled/lineitems?period=next&currencycode=eur",
        f"/invoices/unbilled/lineitems?{LINES}&period=current&currencycode=eur&size=2001",
        f"/invoices/unbilled/lineitems?{LINES}&period=current&currencycode=eur&size=x",
        "/invoices/unbilled/lineitems?invoicelineitemtype=other&period=current&currencycode=eur",
        "/invoices/estimates/links",
    ],
)
def test_questions_that_make_no_sense(path):
    """Missing or impossible parameters are refused with 800002."""
    _, client = shop("2026-06-10")
    assert (400, 800002) == client.get(path).code


def test_invoices_by_date():
    """The filter compares InvoiceDate."""
    simulator, client = _month()
    go(simulator, "2026-09-09")
    text = '{"Field":"InvoiceDate","Value":"2026-08-01","Operator":"greater_than"}'
    found = client.get(f"/invoices?filter={text}").body["items"]
    assert ["G202607978", "G202608978"] == [item["id"] for item in found]


def test_balances_are_for_a_user():
    """Lists take an application's token, balances and single invoices a user's (contract §16)."""
    simulator, _ = shop("2026-06-10")
    client = Client(simulator, user=False)
    assert (200, (403, 900329)) == (client.get("/invoices").status, client.get("/invoices/summaries").code)


def test_every_line_has_every_documented_field():
    """Each of the 46 columns of the file has its field in every line of the API."""
    _, client = _month()
    lacking = {column for line in everything(client) for column in COLUMNS if field_of(column) not in line}
    assert (46, set()) == (len(COLUMNS), lacking)


# exports


def _graph(simulator: Simulator) -> dict[str, str]:
    """A token for Graph, of the application alone."""
    settings = simulator.settings
    form = (
        f"grant_type=client_credentials&client_id={settings.client_id}&client_secret={settings.client_secret}"
        "&scope=https://graph.microsoft.com/.default"
    )
    reply = simulator.handle("POST", f"/{settings.partner_tenant}/oauth2/v2.0/token", {}, form.encode())
    return {"Authorization": f"Bearer {json.loads(reply.body)['access_token']}"}


def _path(url: str) -> str:
    return "/" + url.split("/", 3)[3]


def _export(simulator: Simulator, what: str, **asked: Any) -> tuple[list[str], dict[str, Any], list[dict[str, Any]]]:
    """(statuses seen, manifest, lines) of one export."""
    headers = _graph(simulator)
    started = simulator.handle("POST", f"{EXPORTS}/{what}/export", headers, json.dumps(asked).encode())
    assert (202, b"") == (started.status, started.body)
    statuses: list[str] = []
    while not statuses or statuses[-1] == "running":
        looked = simulator.handle("GET", _path(started.headers["Location"]), headers)
        doc = json.loads(looked.body)
        statuses.append(doc["status"])
    manifest = doc["resourceLocation"]
    lines = []
    for blob in manifest["blobs"]:
        url = _path(f"{manifest['rootDirectory']}/{blob['name']}?{manifest['sasToken']}")
        raw = simulator.handle("GET", url, {}).body
        lines += [json.loads(line) for line in gzip.decompress(raw).splitlines()]
    return statuses, manifest, lines


def test_an_export_is_waited_for_and_fetched():
    """202, an operation that runs and succeeds, a manifest, blobs of gzipped JSON lines under the file's columns."""
    simulator, client = _month()
    statuses, manifest, lines = _export(
        simulator, "reconciliation/unbilled", currencyCode="EUR", billingPeriod="current", attributeSet="full"
    )
    assert (["running", "succeeded"], 1, list(COLUMNS)) == (statuses, manifest["blobCount"], list(lines[0]))
    assert [short(line) for line in unbilled(client)] == [
        (
            line["ChargeType"],
            line["ChargeStartDate"][:10],
            line["ChargeEndDate"][:10],
            line["BillableQuantity"],
            line["Subtotal"],
        )
        for line in lines
    ]


def test_an_invoice_is_exported_with_its_number():
    """The billed export carries the invoice's number on every line; `basic` has fewer columns."""
    simulator, _ = _month()
    go(simulator, "2026-07-08", 12)
    _, _, lines = _export(simulator, "reconciliation/billed", invoiceId=JUNE, attributeSet="basic")
    assert ({JUNE}, 5, True) == ({line["InvoiceNumber"] for line in lines}, len(lines), len(lines[0]) < 46)


def test_an_export_stands_as_it_was_asked_for():
    """What is charged between the question and the download is not in it."""
    simulator, client = _month()
    headers = _graph(simulator)
    body = json.dumps({"currencyCode": "EUR", "billingPeriod": "current"}).encode()
    started = simulator.handle("POST", f"{EXPORTS}/reconciliation/unbilled/export", headers, body)
    client.buy(CUSTOMER, STANDARD, 1, "P1M")
    simulator.handle("GET", _path(started.headers["Location"]), headers)
    done = json.loads(simulator.handle("GET", _path(started.headers["Location"]), headers).body)
    assert 5 == sum(blob["itemCount"] for blob in done["resourceLocation"]["blobs"])


def test_large_exports_come_in_parts():
    """A thousand lines a blob."""
    simulator, _ = shop("2026-06-10")
    for number in range(1100):
        customer = f"{number // 20:08x}-0000-4000-8000-000000000001"
        if number % 20 == 0:
            simulator.seed_customer(customer, name=f"c{number}")
        simulator.seed_subscription(customer, STANDARD, start="2026-05-15T00:00:00Z")
    go(simulator, "2026-06-16")
    _, manifest, lines = _export(simulator, "reconciliation/unbilled", currencyCode="EUR", billingPeriod="current")
    assert ([1000, 100], 1100) == ([blob["itemCount"] for blob in manifest["blobs"]], len(lines))


def test_what_an_export_is_refused_for():
    """No invoice, no period, a token of another audience, a blob without its token, a link a day old."""
    machine = [go(shop("2026-06-10")[0], "2026-06-10")]
    simulator = Simulator(machine=lambda: machine[0])
    simulator.configure(token_seconds=10**9)
    headers, wrong = _graph(simulator), {"Authorization": f"Bearer {simulator.access_token()}"}
    url = f"{EXPORTS}/reconciliation"
    unknown = simulator.handle("POST", f"{url}/billed/export", headers, b'{"invoiceId":"G1"}').status
    vague = simulator.handle("POST", f"{url}/unbilled/export", headers, b"{}").status
    other = simulator.handle("POST", f"{url}/billed/export", wrong, b"{}").status
    body = b'{"currencyCode":"EUR","billingPeriod":"last"}'
    started = simulator.handle("POST", f"{url}/unbilled/export", headers, body)
    machine[0] += timedelta(days=2)
    aged = simulator.handle("GET", _path(started.headers["Location"]), headers).status
    assert (404, 400, 400, 410) == (unknown, vague, other, aged)


# files


def _world(tmp_path: Any) -> list[str]:
    """A world file with June in it, and the option that names it."""
    path = tmp_path / "world.db"
    runner = CliRunner()
    at = ["--world", str(path)]
    runner.invoke(simulate, ["seed", *at, "--at", "2026-06-10T10:00:00Z", "--customers", "2", "--subscriptions", "3"])
    runner.invoke(
        simulate, ["edit", *at, "customer-0000", "--buy", "CFQ7TTC0LCHC:0002", "--seats", "7", "--term", "P1M"]
    )
    return at


def test_the_file_of_a_month(tmp_path):
    """CSV with a byte order mark, every cell in quotes, the columns in the order of the page; billed after the 8th."""
    at, out, runner = _world(tmp_path), tmp_path / "recon.csv", CliRunner()
    early = runner.invoke(simulate, ["recon", *at, "--month", "2026-06", "--out", str(out)])
    runner.invoke(simulate, ["advance", *at, "30d"])
    done = runner.invoke(simulate, ["recon", *at, "--month", "2026-06", "--out", str(out)])
    raw = out.read_bytes()
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"))))
    assert (1, 0, b'\xef\xbb\xbf"PartnerId","CustomerId"') == (early.exit_code, done.exit_code, raw[:27])
    assert (list(COLUMNS), {"G202606840"}, True) == (
        list(rows[0]),
        {row["InvoiceNumber"] for row in rows},
        "new" in {row["ChargeType"] for row in rows},
    )


def test_a_packed_file_has_several_members(tmp_path):
    """Who reads the first member of the gzip alone has not read the file."""
    simulator = Simulator(str(tmp_path / "world.db"))
    simulator.freeze(go(shop("2026-06-10")[0], "2026-06-10"))
    simulator.seed_customer(CUSTOMER, name="hafenkontor")
    for _ in range(101):
        simulator.seed_subscription(CUSTOMER, "CFQ7TTC0LCHC:0002", start="2026-05-15T00:00:00Z")
    simulator.advance(6 * DAY)
    simulator.close()
    out = tmp_path / "recon.csv.gz"
    arguments = ["recon", "--world", str(tmp_path / "world.db"), "--month", "2026-06", "--unbilled", "--gzip"]
    CliRunner().invoke(simulate, [*arguments, "--out", str(out)])
    raw = out.read_bytes()
    assert (2, 102) == (raw.count(b"\x1f\x8b\x08"), len(gzip.decompress(raw).splitlines()))


def test_oddities_of_real_files(tmp_path):
    """Numbers behind apostrophes with eighteen decimals, zero in exponent form; and JSON lines have neither."""
    at, runner = _world(tmp_path), CliRunner()
    base = ["recon", *at, "--month", "2026-06", "--unbilled"]
    runner.invoke(simulate, [*base, "--quirks", "--out", str(tmp_path / "odd.csv")])
    runner.invoke(simulate, [*base, "--format", "jsonl", "--out", str(tmp_path / "plain.jsonl")])
    odd = next(csv.DictReader(io.StringIO((tmp_path / "odd.csv").read_text("utf-8-sig"))))
    plain = json.loads((tmp_path / "plain.jsonl").read_text("utf-8").splitlines()[0])
    assert ("'7.000000000000000000", "'0E-20", "7", "0") == (
        odd["BillableQuantity"],
        odd["TaxTotal"],
        plain["BillableQuantity"],
        plain["TaxTotal"],
    )


def test_a_month_that_is_none(tmp_path):
    """A month is spelled YYYY-MM; anything else is said to be wrong."""
    result = CliRunner().invoke(
        simulate, ["recon", "--world", str(tmp_path / "w.db"), "--month", "Juni", "--out", str(tmp_path / "x")]
    )
    assert (2, True) == (result.exit_code, "2026-12" in result.output)
