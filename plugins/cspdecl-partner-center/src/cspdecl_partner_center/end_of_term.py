"""Third-party knowledge: how the end of a term is decided on the wire since Extended Service Terms.

Microsoft's public pages name three options at the end of a term (renew, cancel, extended service term; in force for
terms that end on or after 2026-05-04), but not the values that say so. The literals below are those of a client in
production use (2026) and the mapping is a distributor's (2026): contract §12, §13.8. Everything written with them is
read back, and where it does not come back as sent a person is told what to set, and by when. Nothing outside this
module knows these values.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from cspdecl.core.desired import EndOfTerm
from cspdecl.core.live import LiveEndOfTerm
from cspdecl_partner_center.faithful import Json, get, with_fields, without

AT_TERM_END = "TermEnd"
RENEW = "RenewToNewTerm"
CANCEL = "Cancel"
EXTEND = "RenewToExtendedServiceTerm"
TRANSITION = "Transition"
ON_A_DAY = "CustomDate"
_LICENCES = "onlineservicesnce"


def read(body: Json) -> LiveEndOfTerm:
    """What happens at the end of the term. "unset" wherever the two fields do not say one thing clearly."""
    renews = get(body, "autoRenewEnabled") is True
    action = _action(body)
    if action is None and not renews and _ends_by_itself(body):
        return "cancel"
    readings: Mapping[tuple[bool, str | None], LiveEndOfTerm] = {
        (True, None): "renew",
        (True, RENEW.lower()): "renew",
        (True, TRANSITION.lower()): "renew",
        (False, CANCEL.lower()): "cancel",
        (False, EXTEND.lower()): "extend",
    }
    return readings.get((renews, action), "unset")


def write(body: Mapping[str, Json], wish: EndOfTerm) -> dict[str, Json]:
    """The whole resource with the end of its term decided."""
    others = [entry for entry in entries(body) if not _at_end(entry, body)]
    if wish == "renew":
        kept = [
            entry
            for entry in entries(body)
            if not (_at_end(entry, body) and _type(entry) in (CANCEL.lower(), EXTEND.lower()))
        ]
        changed = with_fields(body, autoRenewEnabled=True)
        return with_fields(changed, scheduledActions=kept) if get(body, "scheduledActions") is not None else changed
    changed = without(with_fields(body, autoRenewEnabled=False), "scheduledNextTermInstructions")
    if _ends_by_itself(body):
        return changed
    action = {"scheduleType": AT_TERM_END, "actionType": CANCEL if wish == "cancel" else EXTEND}
    return with_fields(changed, scheduledActions=[*others, action])


def instructions(body: Json) -> Json:
    """The next-term instructions in either spelling; of the two, scheduled actions are the ones honoured (§13.4)."""
    if entries(body):
        return next(
            (
                found
                for entry in entries(body)
                if _at_end(entry, body) and _type(entry) in (RENEW.lower(), TRANSITION.lower())
                if (found := get(entry, "instructions"))
            ),
            None,
        )
    return get(body, "scheduledNextTermInstructions")


def schedule(body: Mapping[str, Json], instructions: Json) -> dict[str, Json]:
    """The whole resource with next-term instructions set, or taken back where they are None, in the spelling it uses.

    Both spellings never go back together: only one would be honoured (contract §13.4, §22.1).
    """
    if not entries(body):
        changed = with_fields(without(body, "scheduledActions"), scheduledNextTermInstructions=instructions)
        return with_fields(changed, autoRenewEnabled=True)
    kept = [entry for entry in entries(body) if not _at_end(entry, body)]
    if instructions is not None:
        kept.append({"scheduleType": AT_TERM_END, "actionType": RENEW, "instructions": instructions})
    changed = without(body, "scheduledNextTermInstructions")
    return with_fields(changed, autoRenewEnabled=True, scheduledActions=kept)


def one_spelling(body: Mapping[str, Json]) -> dict[str, Json]:
    """The resource to send back unchanged but for something else: with one of the two spellings at most."""
    if entries(body):
        return without(body, "scheduledNextTermInstructions")
    if get(body, "scheduledNextTermInstructions") is not None:
        return without(body, "scheduledActions")
    return dict(body)


def entries(body: Json) -> list[Json]:
    """The scheduled actions: a list, or the single object that some third parties print."""
    found = get(body, "scheduledActions")
    if isinstance(found, Mapping):
        return [found]
    return [entry for entry in found if isinstance(entry, Mapping)] if isinstance(found, list) else []


def _ends_by_itself(body: Json) -> bool:
    # Extended terms exist for licences, not for software or Azure (contract §13.8): there, off means that it ends.
    kind = get(body, "productType", "id")
    return isinstance(kind, str) and kind != "" and kind.lower() != _LICENCES


def _action(body: Json) -> str | None:
    """What is scheduled for the end of the term, "several" where two actions contradict each other."""
    kinds = {_type(entry) for entry in entries(body) if _at_end(entry, body)}
    if not kinds:
        return None
    return kinds.pop() if len(kinds) == 1 else "several"


def _at_end(entry: Json, body: Json) -> bool:
    """Whether it takes place when the term ends: it says so, or names the last day or the one after it."""
    when = str(get(entry, "scheduleType") or get(entry, "scheduledType") or AT_TERM_END).replace("_", "").lower()
    if when != ON_A_DAY.lower():
        return when == AT_TERM_END.lower()
    day, last = _day(get(entry, "effectiveDate")), _day(get(body, "commitmentEndDate"))
    return bool(day and last) and day in (last, _next(last))


def _day(value: Json) -> str:
    return value[:10] if isinstance(value, str) else ""


def _next(day: str) -> str:
    try:
        return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    except (ValueError, OverflowError):
        return ""


def _type(entry: Json) -> str:
    return str(get(entry, "actionType") or "").replace("_", "").lower()
