"""Plans for looking at the page: of every size, and one with everything a pull request can bring."""

from __future__ import annotations

from dataclasses import replace

from cspdecl.core.address import Address
from cspdecl.core.diagnostics import error
from cspdecl.core.guard import Level, NeededApproval
from cspdecl.core.operation import Difference, Plan, SafetyReport, Verdict, Why
from cspdecl.planning.money import total
from tests.sized_plans import plan_of

#: Names as a tenant may choose them. None may act, close anything, or turn the reading direction of what follows.
HOSTILE = (
    "<script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=\'owned\'">',
    "</style></script><h1>owned</h1>",
    "javascript:document.title='owned'//",
    "'; document.title = 'owned'; '",
    "&lt;b&gt; &amp; ]]> --> <!--",
    "\u202egnp.exe \u2066invoice\u2069",
    "\x1b]8;;https://example.com\x07click\x1b]8;;\x07",
    "{amount} {0} %s ${name}",
    "x" * 5_000,
    "عميل العربية",
    "😀 ﷽ e\u0301\u0323",
)


def pull_request(changes: int = 50) -> Plan:
    """Half of it this change, half waiting anyway, with guardrails of every level, an error and something dropped."""
    whole = plan_of(changes)
    ids = [item.id for item in whole.operations]
    mine, theirs = set(ids[::2]), set(ids[1::2])
    added = tuple(item for item in whole.operations if item.id in mine)
    customers = dict.fromkeys(item.address.customer for item in added)
    why = tuple(
        Why(customer=key, cause="bundle", file="bundles/arbeitsplatz.yaml", text="its bundle arbeitsplatz was changed")
        for key in customers
    )
    first = whole.operations[0].address
    return replace(
        whole,
        difference=Difference(
            reference="main", base="0123456789abcdef0123456789abcdef01234567", head="f" * 40, why=why,
            added=tuple(ident for ident in ids if ident in mine), waiting=tuple(i for i in ids if i in theirs),
            dropped=plan_of(10).operations[:2], totals=total(added),
        ),
        commit="f" * 40,
        diagnostics=(
            *whole.diagnostics,
            error("CSP310", "3 of the 8 seats to remove are outside their 7-day window", address=str(first)),
        ),
        safety=SafetyReport(
            verdicts=(
                Verdict(
                    rule="maxSeatsPerChange", code="CSP510", refused=True, address=first,
                    text="60 seats more in one line, 50 are allowed",
                ),
                Verdict(
                    rule="maxNewCommitment", code="CSP511", refused=False, level=Level.NEEDS_APPROVAL, side="base",
                    approval=NeededApproval(role="sales-lead", count=2), text="18,084.69 EUR are newly owed",
                ),
                Verdict(
                    rule="minMargin", code="CSP512", refused=False, level=Level.WARN, address=Address.parse("a/b"),
                    text="the margin would be 4.2 %, 8.0 % are wanted",
                ),
                Verdict(
                    rule="freeze", code="CSP513", refused=False, level=Level.DENY, waiver="year-end",
                    text="nothing is bought until 2026-12-01: month end",
                ),
            )
        ),
    )  # fmt: skip


def hostile() -> Plan:
    """A plan whose every foreign text tries something."""
    whole = pull_request(len(HOSTILE) * 4)
    names = [note.key for note in whole.customers]
    bad = dict(zip(names, HOSTILE * 9, strict=False))
    lines = tuple(
        replace(line, title=HOSTILE[index % len(HOSTILE)], summary=HOSTILE[-index % len(HOSTILE)], ids=(HOSTILE[0],))
        for index, line in enumerate(whole.lines)
    )
    assert whole.difference is not None
    why = tuple(replace(item, file=bad[item.customer][:200]) for item in whole.difference.why)
    return replace(
        whole,
        project=HOSTILE[0],
        customers=tuple(replace(note, name=bad[note.key]) for note in whole.customers),
        lines=lines,
        unknown={HOSTILE[1]: HOSTILE[2]},
        difference=replace(whole.difference, reference=HOSTILE[4], why=why),
    )


def odd() -> Plan:
    """Two currencies, and made offline: nobody was asked."""
    whole = plan_of(20)
    operations = []
    for index, item in enumerate(whole.operations):
        preview = item.preview
        if preview is not None and index % 3 == 0:
            foreign = {
                name: replace(amount, currency="CHF")
                for name in ("cost_cycle", "cost_now", "commitment", "sell")
                if (amount := getattr(preview, name)) is not None
            }
            preview = replace(preview, **foreign)
        operations.append(replace(item, preview=preview))
    return replace(whole, operations=tuple(operations), totals=total(operations), offline=True, price_list=None)
