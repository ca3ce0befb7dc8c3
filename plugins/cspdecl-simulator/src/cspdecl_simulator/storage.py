"""The world file: one SQLite database in WAL mode, partitioned by customer, safe for several processes.

Every request is one IMMEDIATE transaction that reads and writes the rows of one customer.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from .wire import Doc, number

_SCHEMA = """
CREATE TABLE IF NOT EXISTS state(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS customers(
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, company TEXT NOT NULL, domain TEXT NOT NULL,
  reseller TEXT NOT NULL, provider TEXT NOT NULL, relationship TEXT NOT NULL, due REAL NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS customers_due ON customers(due);
CREATE INDEX IF NOT EXISTS customers_domain ON customers(domain COLLATE NOCASE);
CREATE TABLE IF NOT EXISTS resources(
  customer TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY(customer, kind, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS audit(
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL, customer TEXT NOT NULL, at REAL NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS audit_at ON audit(at);
CREATE TABLE IF NOT EXISTS charges(
  seq INTEGER PRIMARY KEY, period TEXT NOT NULL, currency TEXT NOT NULL, at REAL NOT NULL, customer TEXT NOT NULL,
  body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS charges_period ON charges(period, currency);
CREATE TABLE IF NOT EXISTS requests(
  seq INTEGER PRIMARY KEY, at REAL NOT NULL, method TEXT NOT NULL, endpoint TEXT NOT NULL, path TEXT NOT NULL,
  customer TEXT NOT NULL, status INTEGER NOT NULL, fault TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS replies(name TEXT PRIMARY KEY, status INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS shared(
  kind TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY(kind, id)) WITHOUT ROWID;
"""
FAR = 1e18


class Store:
    """Rows in, rows out; nothing here knows a rule."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.lock = threading.RLock()
        self._depth = 0
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute("PRAGMA busy_timeout=30000")
        self._db.executescript(_SCHEMA)
        self._seq = 0

    def close(self) -> None:
        with self.lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; a transaction inside another belongs to the outer one."""
        with self.lock:
            if self._depth:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            else:
                self._db.execute("COMMIT")
            finally:
                self._depth = 0

    # state: settings, clock, counters

    def state(self, name: str) -> str | None:
        row = self._db.execute("SELECT value FROM state WHERE name=?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def states(self) -> dict[str, str]:
        return dict(self._db.execute("SELECT name, value FROM state"))

    def set_state(self, name: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO state VALUES(?,?)", (name, value))

    def next_seq(self) -> int:
        """A number that only grows: the order in which rows were made."""
        number = int(self.state("seq") or 0) + 1
        self.set_state("seq", str(number))
        return number

    # customers

    def customer(self, customer_id: str) -> tuple[Doc, float] | None:
        row = self._db.execute("SELECT body, due FROM customers WHERE id=?", (customer_id,)).fetchone()
        return None if row is None else (json.loads(row[0]), float(row[1]))

    def save_customer(self, body: Doc, due: float) -> None:
        self._db.execute(
            "INSERT INTO customers(id, company, domain, reseller, provider, relationship, due, body) "
            "VALUES(?,?,?,?,?,?,?,?) ON CONFLICT(id) DO UPDATE SET "
            "company=excluded.company, domain=excluded.domain, reseller=excluded.reseller, provider=excluded.provider, "
            "relationship=excluded.relationship, due=excluded.due, body=excluded.body",
            (
                body["id"],
                body["company"],
                body["domain"],
                body.get("reseller") or "",
                body.get("provider") or "",
                body["relationship"],
                due,
                json.dumps(body, default=number),
            ),
        )

    def set_due(self, customer_id: str, due: float) -> None:
        self._db.execute("UPDATE customers SET due=? WHERE id=?", (due, customer_id))

    def forget_customer(self, customer_id: str) -> None:
        self._db.execute("DELETE FROM resources WHERE customer=?", (customer_id,))
        self._db.execute("DELETE FROM customers WHERE id=?", (customer_id,))

    def customer_rows(
        self, after: int = 0, limit: int = -1, *, field: str = "", starts: str = ""
    ) -> list[tuple[int, Doc]]:
        """Customers in order of creation whose `field` begins with `starts`, without case."""
        where, values = "seq>? AND relationship<>'none'", [after]
        args: list[Any] = list(values)
        if field:
            column = {
                "companyname": "company",
                "domain": "domain",
                "indirectreseller": "reseller",
                "indirectcloudsolutionprovider": "provider",
            }[field]
            where += f" AND substr({column}, 1, ?) = ? COLLATE NOCASE"
            args += [len(starts), starts]
        query = f"SELECT seq, body FROM customers WHERE {where} ORDER BY seq LIMIT ?"  # noqa: S608 - own column names
        rows = self._db.execute(query, [*args, limit])
        return [(int(seq), json.loads(body)) for seq, body in rows]

    def find_customers(self, text: str) -> list[Doc]:
        """Customers whose id, domain, domain prefix or company is `text`, without case."""
        rows = self._db.execute(
            "SELECT body FROM customers WHERE id=?1 COLLATE NOCASE OR domain=?1 COLLATE NOCASE "
            "OR company=?1 COLLATE NOCASE OR domain=?1||'.onmicrosoft.com' COLLATE NOCASE "
            "OR json_extract(body,'$.name')=?1",
            (text,),
        )
        return [json.loads(row[0]) for row in rows]

    def domain_taken(self, domain: str) -> bool:
        return (
            self._db.execute("SELECT 1 FROM customers WHERE domain=? COLLATE NOCASE", (domain,)).fetchone() is not None
        )

    def customer_count(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM customers WHERE relationship<>'none'").fetchone()[0])

    def due_customers(self, until: float) -> list[str]:
        return [str(row[0]) for row in self._db.execute("SELECT id FROM customers WHERE due<=? ORDER BY due", (until,))]

    # a customer's resources

    def resources(self, customer_id: str, kind: str) -> dict[str, Doc]:
        rows = self._db.execute(
            "SELECT id, body FROM resources WHERE customer=? AND kind=? ORDER BY seq", (customer_id, kind)
        )
        return {str(row_id): json.loads(body) for row_id, body in rows}

    def save_resource(self, customer_id: str, kind: str, row_id: str, body: Doc) -> None:
        if "_seq" not in body:
            body["_seq"] = self.next_seq()
        self._db.execute(
            "INSERT OR REPLACE INTO resources VALUES(?,?,?,?,?)",
            (customer_id, kind, row_id, body["_seq"], json.dumps(body, default=number)),
        )

    def drop_resource(self, customer_id: str, kind: str, row_id: str) -> None:
        self._db.execute("DELETE FROM resources WHERE customer=? AND kind=? AND id=?", (customer_id, kind, row_id))

    # what belongs to the partner

    def shared(self, kind: str) -> dict[str, Doc]:
        rows = self._db.execute("SELECT id, body FROM shared WHERE kind=? ORDER BY seq", (kind,))
        return {str(row_id): json.loads(body) for row_id, body in rows}

    def shared_one(self, kind: str, row_id: str) -> Doc | None:
        row = self._db.execute("SELECT body FROM shared WHERE kind=? AND id=?", (kind, row_id)).fetchone()
        return None if row is None else json.loads(row[0])

    def save_shared(self, kind: str, row_id: str, body: Doc) -> None:
        row = self._db.execute("SELECT seq FROM shared WHERE kind=? AND id=?", (kind, row_id)).fetchone()
        self._db.execute(
            "INSERT OR REPLACE INTO shared VALUES(?,?,?,?)",
            (kind, row_id, row[0] if row else self.next_seq(), json.dumps(body, default=number)),
        )

    def drop_shared(self, kind: str, row_id: str | None = None) -> None:
        if row_id is None:
            self._db.execute("DELETE FROM shared WHERE kind=?", (kind,))
        else:
            self._db.execute("DELETE FROM shared WHERE kind=? AND id=?", (kind, row_id))

    def reply(self, name: str) -> tuple[int, str] | None:
        row = self._db.execute("SELECT status, body FROM replies WHERE name=?", (name,)).fetchone()
        return None if row is None else (int(row[0]), str(row[1]))

    def save_reply(self, name: str, status: int, body: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO replies VALUES(?,?,?)", (name, status, body))

    # journals

    def add_audit(self, record: Doc, at: datetime) -> None:
        self._db.execute(
            "INSERT INTO audit(id, customer, at, body) VALUES(?,?,?,?)",
            (record["id"], record.get("customerId", ""), at.timestamp(), json.dumps(record)),
        )

    def audit(self, since: float, until: float) -> list[Doc]:
        rows = self._db.execute("SELECT body FROM audit WHERE at>=? AND at<? ORDER BY seq DESC", (since, until))
        return [json.loads(row[0]) for row in rows]

    def add_charge(self, line: Doc, at: datetime) -> None:
        """Keeps a reconciliation line; the month it is invoiced with is that of its event."""
        self._db.execute(
            "INSERT INTO charges(period, currency, at, customer, body) VALUES(?,?,?,?,?)",
            (f"{at:%Y-%m}", line["currency"], at.timestamp(), line["customerId"], json.dumps(line)),
        )

    def charges(self, period: str, currency: str = "", upto: int | None = None) -> list[Doc]:
        """The lines of one month `YYYY-MM` by time, then by customer; of one currency, up to a line's number."""
        rows = self._db.execute(
            "SELECT body FROM charges WHERE period=?1 AND (?2='' OR currency=?2) AND (?3 IS NULL OR seq<=?3) "
            "ORDER BY at, customer, seq",
            (period, currency, upto),
        )
        return [json.loads(row[0]) for row in rows]

    def last_charge(self) -> int:
        return int(self._db.execute("SELECT coalesce(max(seq), 0) FROM charges").fetchone()[0])

    def charge_totals(self) -> list[tuple[str, str]]:
        """Every (month, currency) that has lines, oldest first."""
        rows = self._db.execute("SELECT DISTINCT period, currency FROM charges ORDER BY period, currency")
        return [(str(period), str(currency)) for period, currency in rows]

    def log_request(
        self, at: float, method: str, endpoint: str, path: str, customer: str, status: int, fault: str
    ) -> None:
        self._db.execute(
            "INSERT INTO requests(at, method, endpoint, path, customer, status, fault) VALUES(?,?,?,?,?,?,?)",
            (at, method, endpoint, path, customer, status, fault),
        )

    def requests(self, writes: bool = False, after: int = 0) -> list[Doc]:
        where = " AND method NOT IN ('GET','HEAD') AND endpoint NOT LIKE '%oauth2%'" if writes else ""
        names = ("seq", "at", "method", "endpoint", "path", "customer", "status", "fault")
        query = f"SELECT {', '.join(names)} FROM requests WHERE seq>?{where} ORDER BY seq"  # noqa: S608 - own names
        rows = self._db.execute(query, (after,))
        return [dict(zip(names, row, strict=True)) for row in rows]

    def latest_requests(self, count: int) -> list[Doc]:
        """The newest calls of the API itself, newest first."""
        rows = self._db.execute(
            "SELECT seq, at, method, endpoint FROM requests WHERE endpoint NOT LIKE '%oauth2%'"
            " ORDER BY seq DESC LIMIT ?",
            (count,),
        )
        return [dict(zip(("seq", "at", "method", "endpoint"), row, strict=True)) for row in rows]

    def clear_requests(self) -> None:
        self._db.execute("DELETE FROM requests")
