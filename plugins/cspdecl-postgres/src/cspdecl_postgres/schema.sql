-- Version 1 of the store. Journal and ledger are append-only: triggers refuse to change or delete what is written.
-- The first table has one row. Whoever writes locks it first, so that writers come one after the other.

CREATE TABLE store (
    one         boolean PRIMARY KEY DEFAULT true CHECK (one),
    version     integer NOT NULL,
    project     text NOT NULL,
    ledger_seq  bigint NOT NULL DEFAULT 0,
    ledger_hash text NOT NULL DEFAULT repeat('0', 64),
    journal_n   bigint NOT NULL DEFAULT 0
);

CREATE TABLE runs (
    n          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run        text NOT NULL UNIQUE,
    plan_id    text NOT NULL,
    plan       text NOT NULL,
    started    timestamptz NOT NULL,
    actor      text NOT NULL,
    git_commit text,
    approvals  text NOT NULL
);

CREATE TABLE journal (
    n              bigint PRIMARY KEY,
    run            text NOT NULL,
    op             text NOT NULL,
    kind           text NOT NULL,
    at             timestamptz NOT NULL,
    request_id     text,
    correlation_id text,
    body           text NOT NULL
);
CREATE INDEX journal_by_run ON journal (run, n);

-- What was sent and is not settled: follows from the journal, kept so that nobody has to read all of it.
CREATE TABLE open_operations (
    op             text PRIMARY KEY,
    run            text NOT NULL,
    request_id     text NOT NULL,
    correlation_id text NOT NULL,
    checkpoint     text,
    since          timestamptz NOT NULL,
    n              bigint NOT NULL
);

CREATE TABLE ledger (
    seq         bigint PRIMARY KEY,
    id          text NOT NULL UNIQUE,
    address     text NOT NULL,
    recorded_at timestamptz NOT NULL,
    body        text NOT NULL,
    previous    text NOT NULL,
    hash        text NOT NULL
);
CREATE INDEX ledger_by_address ON ledger (address, seq);

CREATE TABLE bindings (
    address  text PRIMARY KEY,
    provider text NOT NULL,
    tenant   text NOT NULL,
    ids      text NOT NULL,
    offer    text
);

-- Customers as last read. A cache: a row that does not fit its digest is forgotten, not repaired.
CREATE TABLE live (
    key    text PRIMARY KEY,
    digest text NOT NULL,
    body   text NOT NULL
);

CREATE TABLE notes (
    name text PRIMARY KEY,
    text text NOT NULL
);

CREATE TABLE project_lock (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    run     text NOT NULL,
    command text NOT NULL,
    host    text NOT NULL,
    pid     bigint NOT NULL,
    "user"  text NOT NULL,
    since   timestamptz NOT NULL,
    link    text,
    machine text NOT NULL
);

CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the % is append-only', TG_TABLE_NAME;
END $$;

CREATE TRIGGER journal_is_never_edited BEFORE UPDATE OR DELETE OR TRUNCATE ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER ledger_is_never_edited BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER runs_are_never_edited BEFORE UPDATE OR DELETE OR TRUNCATE ON runs
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE FUNCTION journal_follows() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE store SET journal_n = NEW.n WHERE journal_n = NEW.n - 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the journal is append-only';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER journal_has_no_gaps BEFORE INSERT ON journal FOR EACH ROW EXECUTE FUNCTION journal_follows();

CREATE FUNCTION ledger_follows() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE store SET ledger_seq = NEW.seq, ledger_hash = NEW.hash
        WHERE ledger_seq = NEW.seq - 1 AND ledger_hash = NEW.previous;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the record does not follow the head of the ledger';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_follows_its_head BEFORE INSERT ON ledger FOR EACH ROW EXECUTE FUNCTION ledger_follows();
