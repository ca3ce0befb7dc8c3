"""What the plan changes in money, drawn: by customer, and what it newly owes month by month. A picture a currency.

By customer the table is the picture: each row has its bars and its figures. By month the figures stand in a table
beside it. Currencies never share an axis; what is unknown is counted in words and has no bar.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from cspdecl.core.money import Money, Rounding, allocate, decimals_of, sum_by_currency
from cspdecl.core.operation import Operation
from cspdecl.report.html.entries import Group
from cspdecl.report.html.markup import Html, el
from cspdecl.report.html.view import View

_NAMED = 12  # customers with bars of their own; the others are summed in the last row
_HEIGHT, _TOP, _BOTTOM = 190, 24, 160


# ---- by customer ----


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    name: str
    anchor: str | None
    cost: Decimal
    sell: Decimal
    unknown: int

    @property
    def weight(self) -> Decimal:
        return max(abs(self.cost), abs(self.sell))


def render_by_customer(groups: Sequence[Group], view: View, *, prefix: str) -> Iterable[Html]:
    """One table with bars a currency: what changes a month, the most first."""
    totals = [money for group in groups for money in (*group.totals.cost_month, *group.totals.sell_month)]
    for currency in (money.currency for money in sum_by_currency(totals)):
        rows = _rows(groups, currency, view, prefix)
        if rows:
            yield _table(rows, currency, view)


def _rows(groups: Sequence[Group], currency: str, view: View, prefix: str) -> list[_Row]:
    found = []
    namesakes = Counter(group.name for group in groups)
    for index, group in enumerate(groups):
        name = group.name if namesakes[group.name] == 1 else f"{group.name} ({group.key})"
        cost = _of(group.totals.cost_month, currency) if view.cost else Decimal(0)
        sell = _of(group.totals.sell_month, currency)
        unknown = group.totals.unknown if view.cost else 0
        if cost or sell:
            found.append(_Row(name=name, anchor=f"{prefix}{index}", cost=cost, sell=sell, unknown=unknown))
    found.sort(key=lambda row: (-row.weight, row.name))
    if len(found) <= _NAMED + 1:
        return found
    rest = found[_NAMED:]
    return [
        *found[:_NAMED],
        _Row(
            name=view.say("{count} other customers", count=len(rest)),
            anchor=None,
            cost=sum((row.cost for row in rest), Decimal(0)),
            sell=sum((row.sell for row in rest), Decimal(0)),
            unknown=sum(row.unknown for row in rest),
        ),
    ]


def _of(amounts: Iterable[Money], currency: str) -> Decimal:
    return next((money.amount for money in amounts if money.currency == currency), Decimal(0))


def _table(rows: Sequence[_Row], currency: str, view: View) -> Html:
    drawn = [row for row in rows if row.anchor is not None]
    values = [amount for row in drawn for amount in (row.cost, row.sell)]
    low, high = min(*values, Decimal(0)), max(*values, Decimal(0))
    kinds = ("cost", "sell") if view.cost else ("sell",)
    words = {"cost": view.say("Cost a month"), "sell": view.say("Sell a month")}
    head = el(
        "tr",
        el("th", view.say("Customer"), scope="col"),
        el(
            "td",
            *(el("span", words[kind], class_=f"legend {kind}") for kind in kinds),
            class_="bar",
            aria_hidden="true",
        ),
        *(el("th", words[kind], scope="col", class_="num") for kind in kinds),
    )
    body = []
    for row in rows:
        amounts = {"cost": row.cost, "sell": row.sell}
        name: Html | str = row.name if row.anchor is None else el("a", el("bdi", row.name), href=f"#{row.anchor}")
        more = view.counted(row.unknown, "1 amount unknown", "{count} amounts unknown") if row.unknown else None
        body.append(
            el(
                "tr",
                el("th", name, el("small", more) if more else None, scope="row"),
                el(
                    "td",
                    _bars([(kind, amounts[kind]) for kind in kinds], low, high) if row.anchor else None,
                    class_="bar",
                    aria_hidden="true",
                ),
                *(
                    el("td", _amount(amounts[kind], currency, view), class_="num", data_label=words[kind])
                    for kind in kinds
                ),
            )
        )
    caption = (
        view.say("Change of cost and sell a month by customer, in {currency}", currency=currency)
        if view.cost
        else view.say("Change of sell a month by customer, in {currency}", currency=currency)
    )
    table = el("table", el("caption", caption), el("thead", head), el("tbody", *body), class_="bars")
    return el("div", table, class_="figure")


def _amount(amount: Decimal, currency: str, view: View) -> str:
    return view.signed(Money(amount, currency)) if amount else "–"


def _bars(amounts: Sequence[tuple[str, Decimal]], low: Decimal, high: Decimal) -> Html:
    span = (high - low) or Decimal(1)
    zero = -low / span * 100
    shapes = [el("line", x1=_part(zero), x2=_part(zero), y1=0, y2="100%", class_="axis")]
    for index, (kind, amount) in enumerate(amounts):
        width = abs(amount) / span * 100
        left = zero if amount > 0 else zero - width
        y = index * 9 + (2 if len(amounts) > 1 else 5)
        if amount:
            shapes.append(
                el("rect", x=_part(left), width=_part(max(width, Decimal("0.4"))), y=y, height=7, rx=1, class_=kind)
            )
    return el("svg", *shapes, width="100%", height=20, focusable="false")


def _part(value: Decimal) -> str:
    return f"{value:.2f}%"


# ---- month by month ----


def render_owed(operations: Iterable[Operation], now: datetime, view: View) -> Iterable[Html]:
    """What is newly owed, spread by days over the months until each commitment ends; one picture a currency."""
    by_end: dict[tuple[str, date | None], list[Money]] = {}
    for item in operations:
        preview = item.preview
        if preview is None or preview.commitment is None or preview.commitment.amount <= 0:
            continue
        ends = preview.commitment_until.date() if preview.commitment_until is not None else None
        by_end.setdefault((preview.commitment.currency, ends), []).append(preview.commitment)
    for currency in sorted({code for code, _ in by_end}):
        sums = {ends: _sum(found, code) for (code, ends), found in by_end.items() if code == currency}
        months = _spread(sums, now.date())
        yield _owed(months, _sum(sums.values(), currency), view)


def _sum(amounts: Iterable[Money], currency: str) -> Money:
    exact = Money(sum((money.amount for money in amounts), Decimal(0)), currency).exact()
    return exact.rounded(Rounding.HALF_UP)


def _spread(sums: Mapping[date | None, Money], today: date) -> dict[date, Money]:
    """Every month from today's to the last one, with its share: all shares together are the sums, to the cent."""
    found: dict[date, Money] = {}
    last = max((ends - timedelta(days=1) for ends in sums if ends is not None and ends > today), default=today)
    currency = next(iter(sums.values())).currency
    month = today.replace(day=1)
    while month <= last:
        found[month] = Money.zero(currency)
        month = _next(month)
    for ends, money in sums.items():
        if ends is None or ends <= today:  # paid at once and whole
            found[today.replace(day=1)] += money
            continue
        months = [month for month in found if month < ends]
        days = [(min(_next(month), ends) - max(month, today)).days for month in months]
        for month, share in zip(months, allocate(money, days), strict=True):
            found[month] += share
    return found


def _next(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)


def _owed(months: Mapping[date, Money], whole: Money, view: View) -> Html:
    highest = max(money.amount for money in months.values()) or Decimal(1)
    step = Decimal(100) / len(months)
    shapes = [
        el("line", x1=0, x2="100%", y1=_BOTTOM, y2=_BOTTOM, class_="axis"),
        el("text", view.lang.money(_whole(highest, whole.currency)), x=0, y=_TOP - 8),
        el("line", x1=0, x2="100%", y1=_TOP, y2=_TOP, class_="grid"),
    ]
    for index, (month, money) in enumerate(months.items()):
        height = float(money.amount / highest) * (_BOTTOM - _TOP)
        if not height:
            continue
        shapes.append(
            el(
                "rect",
                el("title", f"{month:%Y-%m}: {view.lang.money(money)}"),
                x=_part(index * step + step * Decimal("0.12")),
                width=_part(min(step * Decimal("0.76"), Decimal(8))),
                y=f"{_BOTTOM - height:.1f}",
                height=f"{max(height, 1):.1f}",
                class_="cost",
            )
        )
    shapes += [
        el("text", f"{month:%Y-%m}", x=_part(index * step + step * Decimal("0.12")), y=_BOTTOM + 18, text_anchor=anchor)
        for index, month, anchor in _labels(list(months))
    ]
    last = list(months)[-1]
    title = view.say("New commitment in {currency}, month by month", currency=whole.currency)
    text = view.say(
        "{amount} are newly owed, spread by days over the months until each commitment ends, the last in {month}.",
        amount=whole,
        month=f"{last:%Y-%m}",
    )
    rows = [
        el("tr", el("th", f"{month:%Y-%m}", scope="row"), el("td", view.lang.money(money), class_="num"))
        for month, money in months.items()
    ]
    table = el(
        "table",
        el("caption", title, class_="sr"),
        el(
            "thead",
            el("tr", el("th", view.say("Month"), scope="col"), el("th", view.say("Owed"), scope="col", class_="num")),
        ),
        el("tbody", *rows),
    )
    return el(
        "figure",
        el("figcaption", el("b", title), " ", text),
        el("svg", *shapes, width="100%", height=_HEIGHT, role="img", aria_label=f"{title}. {text}", class_="months"),
        el("details", el("summary", view.say("The figures as a table")), table, class_="plain"),
        class_="figure",
    )


def _whole(amount: Decimal, currency: str) -> Money:
    return Money(round(amount, decimals_of(currency)), currency)


def _labels(months: Sequence[date]) -> Iterable[tuple[int, date, str]]:
    """Where a month's name stands below: under the first, the last and as many between as a small screen has room."""
    steps = max(1, -(-len(months) // 4))
    for index, month in enumerate(months):
        if index % steps == 0 and (index + steps * 0.6 < len(months) or index == 0):
            yield index, month, "start"
