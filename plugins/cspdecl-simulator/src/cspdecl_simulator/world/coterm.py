"""Common end dates: which a new term may take.

Sources: contract §12 (customTermEndDates), §13.6 (rules and table). What a shortened term costs: charging/.
"""

from __future__ import annotations

from datetime import datetime

from ..catalog import NCE
from ..terms import MONTHS, add_months, is_month_end, last_day, next_term_start
from ..wire import DAY, Answer, Doc, Refusal, collection, midnight, moment
from .call import Call
from .state import World

PAGE = 300


def _aligned(day: datetime, step: str, first: datetime, last: datetime) -> datetime | None:
    """The last anniversary of an existing end that still lies inside the new term (contract §13.6, first two rows)."""
    found, count = None, 0
    while True:
        candidate = add_months(day, count * MONTHS[step])
        if candidate > last:
            return found
        if candidate >= first:
            found = candidate
        count += 1


def allowed_dates(world: World, start: datetime, term: str) -> list[tuple[str, datetime, list[str]]]:
    """(type, last day of the term, subscriptions that end then) for a purchase on `start`, earliest first."""
    first, last = midnight(start), next_term_start(start, term) - DAY
    found: list[tuple[str, datetime, list[str]]] = []
    month_end = first.replace(day=1)
    candidates = []
    for count in range(MONTHS[term] + 1):
        day = add_months(month_end, count + 1) - DAY
        if first < day <= last:
            candidates.append(day)
    if candidates:
        found.append(("calendarMonthAligned", candidates[-1], []))
    by_day: dict[datetime, list[str]] = {}
    for row in world.rows("subscription").values():
        if row["status"] != "active" or row["trial"] or row["kind"] != NCE:
            continue
        if term != "P1M" and row["term"] == "P1M":
            continue
        day = last_day(moment(row["end"]))
        if term == "P1M":
            usable = day if first <= day <= last and (day.day not in (28, 29, 30) or is_month_end(day)) else None
        else:
            usable = _aligned(day, row["term"], first, last)
        if usable is not None:
            by_day.setdefault(usable, []).append(row["id"])
    found += [("subscriptionAligned", day, ids) for day, ids in by_day.items()]
    return sorted(found, key=lambda item: item[1])


def check_date(world: World, start: datetime, term: str, wanted: datetime) -> bool:
    """Whether `wanted` may end a term bought on `start`: any month end inside it, or the end of an active
    subscription (READINGS.md).
    """
    if term not in MONTHS:
        return False
    day, first, last = midnight(wanted), midnight(start), next_term_start(start, term) - DAY
    if not first <= day <= last:
        return False
    if is_month_end(day):
        return True
    if any(day == date for _, date, _ in allowed_dates(world, start, term)):
        return True
    if term == "P1M" and day.day in (28, 29, 30):
        return False
    return any(
        row["status"] == "active"
        and not row["trial"]
        and row["kind"] == NCE
        and (term == "P1M" or row["term"] != "P1M")
        and last_day(moment(row["end"])) == day
        for row in world.rows("subscription").values()
    )


def list_dates(call: Call) -> Answer:
    """GET …/subscriptions/customTermEndDates: for purchases, 300 a page, the token in a response header (contract §5,
    §12).
    """
    query = {name.replace("_", ""): value for name, value in call.query.items()}
    term = query.get("termduration", "").upper()
    if term not in MONTHS:
        raise Refusal(400, 800002, "term_duration must be P1M, P1Y or P3Y.")
    start = call.instant("term_start_date", query.get("termstartdate")) or call.now
    if midnight(start) < midnight(call.now):
        raise Refusal(400, 800002, "term_start_date must not be in the past.")
    target = query.get("targetcotermsubscriptionid", "").lower()
    items: list[Doc] = []
    for kind, day, ids in allowed_dates(call.customer, start, term):
        if target and target not in ids:
            continue
        item: Doc = {"allowedCustomTermEndDateType": kind}
        if ids:
            item["cotermSubscriptionIds"] = ids
        item["allowedCustomTermEndDate"] = day.strftime("%Y-%m-%dT%H:%M:%S")
        items.append(item)
    try:
        begin = int(call.headers.get("ms-continuationtoken", "0"))
    except ValueError as problem:
        raise Refusal(400, 800002, "The continuation token is not valid.") from problem
    headers = {"MS-ContinuationToken": str(begin + PAGE)} if begin + PAGE < len(items) else {}
    return Answer(
        200,
        collection(items[begin : begin + PAGE], f"{call.base}/subscriptions/customTermEndDates?term_duration={term}"),
        headers,
    )
