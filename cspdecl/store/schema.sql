-- Version 1 of the store. Journal and ledger are append-only: triggers refuse to change or delete what is written.

CREATE TABLE runs (
    n         INTEGER PRIMARY KEY,
    run       TEXT NOT NULL UNIQUE,
    plan_id   TEXT NOT NULL,
    plan      TEXT NOT NULL,
    started   TEXT NOT NULL,
    actor     TEXT NOT NULL,
    git_commit TEXT,
    approvals TEXT NOT NULL
);

CREATE TABLE journal (
    n              INTEGER PRIMARY KEY,
    run            TEXT NOT NULL,
    op             TEXT NOT NULL,
    kind           TEXT NOT NULL,
    at             TEXT NOT NULL,
    request_id     TEXT,
    correlation_id TEXT,
    body           TEXT NOT NULL
);
CREATE INDEX journal_by_run ON journal (run, n);
CREATE INDEX journal_by_operation ON journal (op, n);

CREATE TRIGGER journal_is_never_edited BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_is_never_shortened BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_has_no_gaps BEFORE INSERT ON journal
WHEN NEW.n <> (SELECT coalesce(max(n), 0) + 1 FROM journal)
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

-- What was sent and is not settled: follows from the journal, kept so that nobody has to read all of it.
CREATE TABLE open_operations (
    op             TEXT PRIMARY KEY,
    run            TEXT NOT NULL,
    request_id     TEXT NOT NULL,
    correlation_id TEXT NOT NULL,
    checkpoint     TEXT,
    since          TEXT NOT NULL,
    n              INTEGER NOT NULL
);

CREATE TABLE ledger (
    seq         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    address     TEXT NOT NULL,
    recorded_at TEXT NOT NULL,
    body        TEXT NOT NULL,
    previous    TEXT NOT NULL,
    hash        TEXT NOT NULL
);
CREATE INDEX ledger_by_address ON ledger (address, seq);

CREATE TRIGGER ledger_is_never_edited BEFORE UPDATE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_is_never_shortened BEFORE DELETE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_follows_its_head BEFORE INSERT ON ledger
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM ledger)
  OR NEW.previous <> coalesce((SELECT hash FROM ledger ORDER BY seq DESC LIMIT 1), printf('%064d', 0))
BEGIN SELECT RAISE(ABORT, 'the record does not follow the head of the ledger'); END;

CREATE TABLE bindings (
    address  TEXT PRIMARY KEY,
    provider TEXT NOT NULL,
    tenant   TEXT NOT NULL,
    ids      TEXT NOT NULL,
    offer    TEXT
) WITHOUT ROWID;

-- Customers as last read. A cache: a row that does not fit its digest is forgotten, not repaired.
CREATE TABLE live (
    key    TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    body   TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE project_lock (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    run     TEXT NOT NULL,
    command TEXT NOT NULL,
    host    TEXT NOT NULL,
    pid     INTEGER NOT NULL,
    user    TEXT NOT NULL,
    since   TEXT NOT NULL,
    link    TEXT
);
