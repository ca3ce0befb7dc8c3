"""A drift run as a whole: what counts and what is waived, and what of it is new since the last one that was reported.

An alarm that goes off every night is switched off. So the set of findings has a digest: a run that finds the same set
again has nothing new to say. Customers that were not looked at keep what was last known of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cspdecl.core.address import Address
from cspdecl.core.digest import canonical_json, digest_of
from cspdecl.core.guard import Waiver
from cspdecl.core.plain import instant_text, parse_instant
from cspdecl.planning.drift_values import CLASSES, FIELDS, Drift

State = Literal["new", "still"]
_CONCERN = "drift"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A finding as the last report left it: since when it is known, and enough to say that it is gone."""

    customer: str
    address: str
    group: str
    field: str
    live: str | None
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LastReport:
    """The drift that was last reported. `chain` is the digest of all sets that were reported so far, so that a set that
    comes back is told from its first time. `told`: what was announced to whom, as event ids by the webhook's name."""

    at: datetime
    digest: str
    known: Mapping[str, Known]
    chain: str = ""
    told: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A finding that counts. `lapsed`: the waiver that once covered it and has ended."""

    drift: Drift
    state: State
    since: datetime
    lapsed: Waiver | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waived:
    """A finding that somebody has answered for, until the waiver's day. It counts for nothing."""

    drift: Drift
    waiver: Waiver


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftReport:
    """One run. `counted` is the drift, `gone` what the last report had and this one has not, the rest is told beside.

    `last`: when the drift was last reported, None: never. `changed`: whether the set is another one than then.
    `watched`: the bound lines of the customers that were read, with or without findings.
    """

    project: str
    at: datetime
    counted: tuple[Counted, ...]
    waived: tuple[Waived, ...]
    gone: tuple[Known, ...]
    pending: tuple[Drift, ...]
    unmanaged: tuple[Drift, ...]
    unreadable: tuple[Drift, ...]
    digest: str
    last: datetime | None
    changed: bool
    watched: tuple[Address, ...] = ()

    @property
    def new(self) -> int:
        """Findings the last report had not."""
        return sum(item.state == "new" for item in self.counted)


def judge_drift(
    *,
    project: str,
    drift: Sequence[Drift],
    beside: Sequence[Drift],
    waivers: Sequence[Waiver],
    last: LastReport | None,
    looked_at: AbstractSet[str],
    now: datetime,
    watched: Iterable[Address] = (),
) -> DriftReport:
    """Sort findings by what counts, and compare them with what was last reported.

    `looked_at`: the customers this run can say something about.
    """
    known = last.known if last is not None else {}
    counted: list[Counted] = []
    waived: list[Waived] = []
    for item in drift:
        waiver = waiver_for(item, waivers, now)
        if waiver is not None and now < waiver.expires:
            waived.append(Waived(drift=item, waiver=waiver))
            continue
        before = known.get(item.fingerprint)
        counted.append(
            Counted(
                drift=item,
                state="new" if before is None else "still",
                since=now if before is None else before.since,
                lapsed=waiver,
            )
        )
    unreadable: list[Drift] = []
    for item in beside:
        waiver = waiver_for(item, waivers, now) if item.kind == "unreadable" else None
        if waiver is not None and now < waiver.expires:
            waived.append(Waived(drift=item, waiver=waiver))
        elif item.kind == "unreadable":
            unreadable.append(item)
    here = {item.drift.fingerprint for item in counted}
    gone = tuple(one for key, one in sorted(known.items()) if key not in here and one.customer in looked_at)
    digest = _digest({*here, *(key for key, one in known.items() if one.customer not in looked_at)})
    return DriftReport(
        project=project,
        at=now,
        counted=tuple(counted),
        waived=tuple(waived),
        gone=gone,
        pending=tuple(item for item in beside if item.kind == "pending"),
        unmanaged=tuple(item for item in beside if item.kind == "unmanaged"),
        unreadable=tuple(unreadable),
        digest=digest,
        last=last.at if last is not None else None,
        changed=digest != (last.digest if last is not None else _digest(())),
        watched=tuple(sorted(watched)),
    )


def remembered_of(report: DriftReport, last: LastReport | None, looked_at: AbstractSet[str]) -> LastReport:
    """What is to be remembered once a run was reported. The same set again keeps its first report, so that what is
    announced of it keeps its id."""
    if last is not None and not report.changed:
        return last
    kept = {key: one for key, one in last.known.items() if one.customer not in looked_at} if last is not None else {}
    known = {
        item.drift.fingerprint: Known(
            customer=item.drift.address.customer,
            address=str(item.drift.address),
            group=item.drift.group,
            field=item.drift.field,
            live=None if item.drift.live is None else str(item.drift.live),
            since=item.since,
        )
        for item in report.counted
    }
    chain = digest_of([last.chain if last is not None else "", report.digest])
    return LastReport(at=report.at, digest=report.digest, known={**kept, **known}, chain=chain)


# ---- waivers ----


def waiver_for(item: Drift, waivers: Iterable[Waiver], now: datetime) -> Waiver | None:
    """The waiver about a finding: one that holds before one that has ended, then the one that ends last."""
    fitting = [one for one in waivers if _concerns(one, item) and _targets(one, item)]
    return max(fitting, key=lambda one: (one.expires > now, one.expires), default=None)


def unknown_concerns(waivers: Iterable[Waiver]) -> tuple[Waiver, ...]:
    """Waivers about drift that can never fit anything, since they name neither a field nor a class."""
    words = {_bare(word) for word in ("any", *FIELDS, *FIELDS.values(), *CLASSES, "schedule")}
    return tuple(one for one in waivers if _part(one) is not None and _bare(_part(one) or "any") not in words)


def _part(waiver: Waiver) -> str | None:
    """What kind of drift a waiver is about, "" for any; None where it is about a guardrail."""
    name, _, part = waiver.concerns.partition(":")
    return part if name == _CONCERN else None


def _bare(word: str) -> str:
    """`endOfTerm`, `end-of-term` and `end_of_term` are one word."""
    return word.replace("-", "").replace("_", "").lower()


def _concerns(waiver: Waiver, item: Drift) -> bool:
    part = _part(waiver)
    if part in (None, "", "any"):
        return part is not None
    words = (item.field, FIELDS.get(item.field, item.field), item.group, item.kind)
    return _bare(part or "") in {_bare(word) for word in words}


def _targets(waiver: Waiver, item: Drift) -> bool:
    address = str(item.address)
    target = waiver.target
    return target is None or address == target or address.startswith(f"{target}/")


# ---- the note ----


def dump_last(last: LastReport) -> str:
    """A report as the note a store keeps."""
    return canonical_json(
        {
            "version": 1,
            "at": instant_text(last.at),
            "chain": last.chain,
            "digest": last.digest,
            "told": dict(last.told or {}),
            "known": {
                key: [one.customer, one.address, one.group, one.field, one.live, instant_text(one.since)]
                for key, one in last.known.items()
            },
        }
    )


def parse_last(text: str | None) -> LastReport | None:
    """The note read back; None where there is none, or one that cannot be read: then everything is new once more."""
    try:
        data = json.loads(text or "null")
        if not isinstance(data, dict) or data.get("version") != 1:
            return None
        known = {
            str(key): Known(
                customer=customer, address=address, group=group, field=field, live=live, since=parse_instant(since)
            )
            for key, (customer, address, group, field, live, since) in data["known"].items()
        }
        return LastReport(
            at=parse_instant(data["at"]),
            chain=str(data["chain"]),
            digest=str(data["digest"]),
            told={str(key): str(value) for key, value in data["told"].items()},
            known=known,
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _digest(fingerprints: Iterable[str]) -> str:
    return digest_of(sorted(fingerprints))
