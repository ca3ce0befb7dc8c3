"""A PostgreSQL store when something is in its way: passwords, roles, other projects, a server that goes away."""

from __future__ import annotations

import psycopg
import pytest

from cspdecl.core.errors import ConfigurationError, CspdeclError, NotAuthorised, StoreDamaged, TryLater
from cspdecl.spi.store import Batch
from cspdecl.testing.store_parts import M365, ONE, VISIO, chain, entry, owner
from cspdecl_postgres import open_store
from cspdecl_postgres.place import find_place
from tests.stores.postgres import Server


def code_of(problem: CspdeclError) -> list[str]:
    return [one.code for one in problem.diagnostics]


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("postgresql://anna:hunter2@db.example/books", "CSP918"),
        ("postgresql://db.example/books?password=hunter2", "CSP918"),
        ("postgresql:host=db.example password=hunter2", "CSP918"),
        ("postgresql:books", "CSP930"),
        ("postgresql://db.example/books?colour=red", "CSP930"),
        ("postgresql://db.example/books?schema=pg_catalog", "CSP930"),
        ('postgresql://db.example/books?schema=x"; DROP', "CSP930"),
    ],
)
def test_what_is_no_place_is_refused(url, code):
    """Passwords, unknown settings and names that are none: refused before anybody is asked, and never repeated."""
    with pytest.raises(ConfigurationError) as refused:
        find_place(url)

    assert [code] == code_of(refused.value)
    assert "hunter2" not in f"{refused.value.message} {refused.value.diagnostics}"


def test_a_place_is_shown_without_its_user():
    """Host, database and schema are told; who connects is not."""
    place = find_place("postgresql://anna@db.example:6543/books?schema=nordlicht&sslmode=require")

    assert ("db.example/books, schema nordlicht", "nordlicht") == (place.shown, place.schema)
    assert "sslmode=require" in place.conninfo


def test_no_store_yet_is_not_an_empty_one(postgres: Server, tmp_path):
    """Reading commands make no schema."""
    with pytest.raises(ConfigurationError, match="no store yet"):
        open_store(postgres.url("nothing"), tmp_path, create=False)

    with psycopg.connect(find_place(postgres.url("nothing")).conninfo) as db:
        assert (None,) == db.execute("SELECT to_regnamespace('nothing')").fetchone()


def test_projects_share_a_database_and_nothing_else(postgres: Server, tmp_path):
    """A schema each; the schema of one project refuses another."""
    one = open_store(postgres.url("one"), tmp_path, create=True, project="nordlicht")
    other = open_store(postgres.url("other"), tmp_path, create=True, project="hafenkontor")
    one.lock(owner())
    other.lock(owner())
    one.commit(Batch(ledger=chain(M365)))

    assert (1, 0) == (one.head().seq, other.head().seq)
    with pytest.raises(ConfigurationError, match="belongs to project `nordlicht`") as refused:
        open_store(postgres.url("one"), tmp_path, create=True, project="hafenkontor")
    assert ["CSP925"] == code_of(refused.value)
    one.close()
    other.close()


def test_somebody_elses_schema_is_left_alone(postgres: Server, tmp_path):
    """A schema with tables of something else gets none of ours."""
    postgres.sql("public", "CREATE SCHEMA theirs", "CREATE TABLE theirs.invoices (n integer)")

    with pytest.raises(StoreDamaged, match="something else"):
        open_store(postgres.url("theirs"), tmp_path, create=True)


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM ledger", "UPDATE ledger SET body = ''", "TRUNCATE ledger", "UPDATE journal SET kind = 'outcome'",
     "DELETE FROM runs",
     "INSERT INTO ledger VALUES (3, 'x', 'a/b', now(), '{}', repeat('0', 64), 'y')",
     "INSERT INTO journal VALUES (9, 'r', 'o', 'intent', now(), NULL, NULL, '')"],
)  # fmt: skip
def test_the_database_itself_refuses_to_forget(postgres: Server, tmp_path, statement):
    """Whoever writes SQL by hand meets the triggers: nothing is edited, cut or forked."""
    store = open_store(postgres.url("kept"), tmp_path, create=True)
    if store.head().seq == 0:
        store.commit(Batch(journal=[entry(ONE, "intent")], ledger=chain(M365)))
    store.close()

    with pytest.raises(psycopg.errors.RaiseException):
        postgres.sql("kept", statement)


def test_a_role_without_rights_is_told_which(postgres: Server, tmp_path, monkeypatch):
    """A role that may not use the schema: not authorised, with what to do; its password is not told."""
    store = open_store(postgres.url("closed"), tmp_path, create=True)
    store.close()
    postgres.sql("public", "CREATE ROLE guest LOGIN PASSWORD 'hunter2'")
    monkeypatch.setenv("PGPASSWORD", "hunter2")

    with pytest.raises(NotAuthorised) as refused:
        open_store(postgres.url("closed", user="guest"), tmp_path, create=True)

    assert ["CSP931"] == code_of(refused.value)
    assert "hunter2" not in f"{refused.value.message} {refused.value.diagnostics}"


def test_a_database_that_is_not_there(postgres: Server, tmp_path):
    """The server is up and has no such database: said as that."""
    with pytest.raises(ConfigurationError) as refused:
        open_store(postgres.url("x").replace("/postgres?", "/nowhere?"), tmp_path, create=True)

    assert ["CSP930"] == code_of(refused.value)


def test_nobody_there(tmp_path):
    """No server: try later, with what to do if this was an apply."""
    with pytest.raises(TryLater, match="does not answer") as failed:
        open_store(f"postgresql:///books?host={tmp_path}", tmp_path, create=True)

    assert ["CSP923"] == code_of(failed.value)
    assert "cspdecl recover" in (failed.value.diagnostics[0].hint or "")


def test_a_server_that_goes_away_keeps_what_it_confirmed(tmp_path):
    """Cut off without a goodbye and started again: what `commit` returned for is there, the rest is an error."""
    server = Server()
    try:
        server.start()
        store = open_store(server.url("books"), tmp_path, create=True)
        store.lock(owner())
        store.commit(Batch(journal=[entry(ONE, "intent")], ledger=chain(M365)))
        server.restart()
        with pytest.raises(TryLater, match="does not answer"):
            store.commit(Batch(ledger=chain(VISIO, head=store.head())))
        store.close()
        again = open_store(server.url("books"), tmp_path, create=False)

        assert (1, 1, None, owner().run) == (
            again.head().seq, len(list(again.journal())), again.damage(), (again.lock_owner() or owner("x")).run
        )  # fmt: skip
        again.close()
    finally:
        server.stop()
