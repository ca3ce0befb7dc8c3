"""A real PostgreSQL for a test session: a cluster in a folder of its own, on a Unix socket nobody else knows."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import psycopg

USER = "cspdecl"


class Server:
    """One cluster, started by `start` and ended by `stop`. As root it runs as somebody without rights."""

    def __init__(self) -> None:
        # a socket's path has room for about a hundred letters, so not below pytest's folder
        self.folder = Path(tempfile.mkdtemp(prefix="cspdecl-pg-"))
        self.data = self.folder / "data"
        self._who: dict[str, Any] = {}
        if os.geteuid() == 0:
            names = [one.pw_name for one in pwd.getpwall()]
            somebody = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
            self._who = {"user": somebody.pw_uid, "group": somebody.pw_gid, "extra_groups": []}
            os.chown(self.folder, somebody.pw_uid, somebody.pw_gid)

    def start(self) -> None:
        """Make the cluster and run it."""
        secret = self.folder / "secret"
        secret.write_text("correct\n", encoding="utf-8")
        secret.chmod(0o644)
        self._run("initdb", "--pgdata", str(self.data), "--username", USER, "--auth", "trust", "--encoding", "UTF8",
                  "--locale", "C", "--no-sync", "--pwfile", str(secret))  # fmt: skip
        self.restart(first=True)

    def restart(self, *, first: bool = False) -> None:
        """Run it (again)."""
        if not first:
            self.halt()
        options = (
            f"-c listen_addresses='' -c unix_socket_directories='{self.folder}' -c fsync=off -c max_connections=40"
        )
        self._run("pg_ctl", "--pgdata", str(self.data), "--log", str(self.folder / "log"), "--options", options,
                  "--wait", "start")  # fmt: skip

    def halt(self) -> None:
        """End the server at once, as a power cut does; the cluster stays."""
        self._run("pg_ctl", "--pgdata", str(self.data), "--mode", "immediate", "--wait", "stop")

    def stop(self) -> None:
        """End it and leave nothing."""
        if (self.data / "postmaster.pid").exists():
            self.halt()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, schema: str, *, user: str = USER) -> str:
        """What a project writes under `store:`."""
        return f"postgresql://{user}@/postgres?host={self.folder}&schema={schema}"

    def sql(self, schema: str, *statements: str) -> None:
        """Somebody with all rights and no care."""
        with psycopg.connect(host=str(self.folder), user=USER, dbname="postgres", autocommit=True) as db:
            db.execute(f'SET search_path TO "{schema}"'.encode())
            for statement in statements:
                db.execute(statement.encode())

    def _run(self, program: str, *words: str) -> None:
        done = subprocess.run([str(find(program)), *words], cwd=self.folder, check=False, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, **self._who)  # fmt: skip
        assert done.returncode == 0, f"{program} failed: {done.stdout}"


def find(program: str) -> Path:
    """A program of PostgreSQL's: on the path, or where Debian keeps it."""
    found = [Path(there).resolve() for there in [shutil.which(program)] if there]
    found += sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), reverse=True)
    assert found, f"{program} is not installed: these tests run a real PostgreSQL (Debian: apt-get install postgresql)"
    return found[0]
