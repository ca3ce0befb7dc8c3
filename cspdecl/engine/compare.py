"""A reconciliation file against the ledger: read as it comes, plain or compressed; nothing is written."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from cspdecl.billing.expected import expected_lines
from cspdecl.billing.known import known_subscriptions
from cspdecl.billing.recon import BadLine, NotReconError, ReconLine, read_csv, read_json
from cspdecl.billing.variance import Comparison, compare_books
from cspdecl.core.errors import CspdeclError
from cspdecl.core.terms import add_months

if TYPE_CHECKING:
    from cspdecl.engine.session import Session

_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The days whose charges are compared: from `since` to before `before`."""

    since: date
    before: date

    @classmethod
    def month(cls, text: str) -> Period:
        """One calendar month, "2026-12": what an invoice covers. Raises CspdeclError."""
        try:
            first = date.fromisoformat(f"{text}-01") if re.fullmatch(r"\d{4}-\d\d", text) else None
            following = add_months(first, 1) if first is not None else None
        except ValueError:
            first = following = None
        if first is None or following is None:
            raise CspdeclError(f"`{text}` is no month: write it as 2026-12")
        return cls(since=first, before=following)


def compare_file(session: Session, path: Path, *, period: Period | None) -> Comparison:
    """Compare a file's lines with what the ledger expects; `period` None: the months the file's charges begin in.

    Raises CspdeclError where the file cannot be read or holds no reconciliation lines.
    """
    billed = list(read_file(path))
    chosen = period or _period_of(billed, path)
    records = list(session.store(create=False).ledger())
    return compare_books(
        expected_lines(records, since=chosen.since, before=chosen.before), billed, since=chosen.since,
        before=chosen.before, known=known_subscriptions(records),
    )  # fmt: skip


def read_file(path: Path) -> Iterator[ReconLine | BadLine]:
    """The lines of one file: CSV, JSON Lines or JSON, gzip of one or several members or none."""
    try:
        with _text(path) as text:
            first = text.readline()
            while first and not first.strip("\ufeff \r\n"):
                first = text.readline()
            lines = _chain(first, text)
            is_json = first.lstrip("\ufeff \t")[:1] in ("{", "[")
            yield from read_json(lines) if is_json else read_csv(lines)
    except NotReconError as problem:
        raise CspdeclError(f"{path} is no reconciliation file: {problem}") from problem
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as problem:
        raise CspdeclError(f"{path} cannot be read: {problem}") from problem


@contextmanager
def _text(path: Path) -> Iterator[io.TextIOBase]:
    with path.open("rb") as raw:
        packed = raw.read(2) == _GZIP
        raw.seek(0)
        # a portal's export may be several gzip members one after another: the module reads them all
        source = gzip.GzipFile(fileobj=raw) if packed else raw
        with io.TextIOWrapper(source, encoding="utf-8-sig", newline="") as text:
            yield text


def _chain(first: str, rest: Iterable[str]) -> Iterator[str]:
    if first:
        yield first
    yield from rest


def _period_of(billed: Iterable[ReconLine | BadLine], path: Path) -> Period:
    starts = [line.start for line in billed if isinstance(line, ReconLine) and line.start is not None]
    if not starts:
        raise CspdeclError(f"{path} holds no line with a charge date: say which month it is for with `--month`")
    return Period(since=min(starts).replace(day=1), before=add_months(max(starts).replace(day=1), 1))
