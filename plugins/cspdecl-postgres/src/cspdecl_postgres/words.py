"""What PostgreSQL says, in words of this project: no traceback, no password, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors

from cspdecl.core.diagnostics import error
from cspdecl.core.errors import CspdeclError, NotAuthorised, TryLater
from cspdecl.core.store_place import without_secrets
from cspdecl.spi.keeping import damaged, unusable


@contextmanager
def in_words(shown: str) -> Iterator[None]:
    """Turn psycopg's errors into ours."""
    try:
        yield
    except psycopg.Error as problem:
        raise translated(problem, shown) from problem


def translated(problem: psycopg.Error, shown: str) -> CspdeclError:
    """One error of psycopg's as one of ours, sorted by what is to be done about it."""
    said = _line(problem)
    if isinstance(problem, errors.LockNotAvailable | errors.QueryCanceled | errors.SerializationFailure):
        return _later(f"the store {shown} is busy: another run is writing to it", "try again")
    if isinstance(problem, errors.InsufficientPrivilege | errors.InvalidAuthorizationSpecification) or _refused(said):
        text = f"PostgreSQL does not let us use the store {shown}: {said}"
        hint = "give the role the right to its schema; passwords come from PGPASSWORD, PGPASSFILE or a service file"
        return NotAuthorised(text, diagnostics=(error("CSP931", text, hint=hint),))
    if isinstance(problem, errors.InvalidCatalogName | errors.UndefinedObject) or "does not exist" in said:
        return unusable("CSP930", f"the store {shown} cannot be opened: {said}")
    if isinstance(problem, errors.DiskFull | errors.OutOfMemory | errors.ReadOnlySqlTransaction):
        return unusable("CSP915", f"the store {shown} cannot be written: {said}")
    if isinstance(problem, psycopg.OperationalError | psycopg.InterfaceError):
        hint = "what was confirmed is kept; if this was `apply`, run `cspdecl recover` next: it looks what was done"
        return _later(f"the store {shown} does not answer: {said}", hint)
    return damaged("CSP912", f"the store {shown} refuses: {said}")


def _later(text: str, hint: str) -> TryLater:
    return TryLater(text, diagnostics=(error("CSP923", text, hint=hint),))


def _refused(said: str) -> bool:
    return any(words in said for words in ("authentication failed", "no password supplied", "no pg_hba.conf entry"))


def _line(problem: psycopg.Error) -> str:
    lines = [line.strip() for line in without_secrets(str(problem)).splitlines() if line.strip()]
    text = "".join(one for one in (lines[0] if lines else type(problem).__name__) if one.isprintable())
    return text if len(text) <= 240 else f"{text[:239]}…"
