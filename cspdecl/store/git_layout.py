"""What a git store's commits hold: files that people can read, and that grow at their ends.

    store.json                  version, project, how far journal and ledger go
    lock.json                   who holds the project, while somebody does
    open.json                   operations that were sent and are not settled
    runs/000001-RUN/            header.json and plan.json
    journal/RUN/0001.jsonl      what was tried, line by line
    ledger/2026-11/0001.jsonl   change records, by month
    bindings/CUSTOMER.json      which subscription is which line

A file is begun anew before it gets long, so that adding to it stays cheap. Pure: names and texts, no git.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from cspdecl.core.digest import canonical_json, encodable, sha256
from cspdecl.core.outcome import JournalEntry
from cspdecl.core.plain import PlainError, from_plain, to_plain
from cspdecl.core.records import LedgerHead, LedgerRecord
from cspdecl.spi.keeping import damaged

VERSION = 1
HEAD, LOCK, OPEN = "store.json", "lock.json", "open.json"
RUNS, JOURNAL, LEDGER, BINDINGS = "runs/", "journal/", "ledger/", "bindings/"
FULL = 96 * 1024  # bytes after which a file is begun anew


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """How far a store goes."""

    project: str = ""
    ledger: LedgerHead = field(default_factory=LedgerHead)
    journal: int = 0
    runs: int = 0


def file_name(name: str) -> str:
    """A name as a file's: what is no letter or digit is escaped, and what is too long becomes its digest."""
    safe = quote(name, safe="")
    if safe.startswith("."):
        safe = "%2E" + safe[1:]
    return safe if 0 < len(safe) <= 150 else sha256(name)


def head_text(head: Head) -> bytes:
    """`store.json`."""
    return pretty({"cspdecl": "store", "version": VERSION, **to_plain(head)})


def parse_head(text: bytes | None, shown: str) -> Head:
    """`store.json` read. Raises StoreDamaged where it is not ours or of a version to come."""
    document = parse(text or b"null", shown)
    if not isinstance(document, dict) or document.get("cspdecl") != "store":
        raise damaged("CSP912", f"{shown} holds something else, not a store; give the store a ref of its own")
    version = document.get("version")
    if version != VERSION:
        raise damaged(
            "CSP913", f"the store {shown} is of version {version}, this cspdecl reads {VERSION}: use a newer one"
        )
    rest = {key: item for key, item in document.items() if key not in ("cspdecl", "version")}
    head: Head = value(Head, rest, shown)
    return head


def journal_line(entry: JournalEntry, number: int) -> bytes:
    """One line of the journal; `number` counts over all runs."""
    return f"{canonical_json({**to_plain(entry), 'n': number})}\n".encode()


def parse_journal(text: bytes, shown: str) -> Iterator[tuple[int, JournalEntry]]:
    """A journal's file."""
    for document in _lines(text, shown):
        yield int(document.pop("n", 0)), value(JournalEntry, document, shown)


def ledger_line(record: LedgerRecord) -> bytes:
    """One record. Its body is shown as what it is where that gives back the very text its hash covers."""
    document = to_plain(record)
    try:
        body = json.loads(record.body)
        if isinstance(body, dict) and canonical_json(body) == record.body:
            document["body"] = body
    except (ValueError, TypeError, RecursionError):
        pass
    return f"{canonical_json(document)}\n".encode()


def parse_ledger(text: bytes, shown: str) -> Iterator[LedgerRecord]:
    """A ledger's file."""
    for document in _lines(text, shown):
        if isinstance(document.get("body"), dict):
            try:
                document["body"] = canonical_json(document["body"])
            except TypeError:
                document["body"] = ""  # altered: no record ever had a float; its hash will not fit
        yield value(LedgerRecord, document, shown)


def last_part(paths: Iterable[str], folder: str) -> str | None:
    """The newest file of a folder; names sort as they were begun."""
    return max((path for path in paths if path.startswith(folder)), default=None)


def next_part(path: str | None, folder: str) -> str:
    """The file after `path` in a folder: `0001.jsonl` is the first."""
    number = 0 if path is None or not path.startswith(folder) else int(path.removeprefix(folder).partition(".")[0])
    return f"{folder}{number + 1:04d}.jsonl"


def pretty(document: object) -> bytes:
    """JSON for people, the same for the same value."""
    return f"{encodable(json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False))}\n".encode()


def parse(text: bytes, shown: str) -> Any:
    """JSON. Raises StoreDamaged."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise _foreign(shown) from problem


def value(kind: Any, document: Any, shown: str) -> Any:
    """A value of core. Raises StoreDamaged where the text is not one."""
    try:
        return from_plain(kind, document)
    except PlainError as problem:
        raise _foreign(shown) from problem


def _lines(text: bytes, shown: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        document = parse(line, shown)
        if not isinstance(document, dict):
            raise _foreign(shown)
        yield document


def _foreign(shown: str) -> Exception:
    return damaged("CSP912", f"the store {shown} holds a file that was edited by hand; go back to the commit before it")
