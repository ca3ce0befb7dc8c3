"""A small code host on loopback: one world of pull requests, comments and reviews, behind three hosts' documented APIs.

Each face (forge_github, forge_gitlab, forge_azure) is a table of routes over the same world. Its clock moves on by a
second with every request, so that what came later is later. `trouble` scripts the bad moments.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "forge-token-seeded-canary"
READ_ONLY = "forge-token-of-a-fork"
BOT = "github-actions[bot]"


@dataclass
class Comment:
    id: int
    author: str
    body: str
    created: datetime
    updated: datetime
    system: bool = False


@dataclass
class Pull:
    number: int
    head: str
    branch: str
    author: str
    base: str = "main"
    fork: bool = False
    merged_at: datetime | None = None
    merge_commit: str | None = None


@dataclass
class Review:
    id: int
    author: str
    state: str
    commit: str
    at: datetime
    kind: str = "User"


@dataclass
class Issue:
    number: int
    title: str
    body: str
    author: str
    state: str = "open"


@dataclass
class Artifact:
    id: int
    name: str
    commit: str
    content: bytes
    ours: bool = True
    expired: bool = False


@dataclass
class Trouble:
    """What happens to the next `times` requests whose "METHOD /path" matches."""

    pattern: str
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    times: int = 1
    after: bool = False
    """Whether the request was carried out before its answer went bad."""


@dataclass
class Answer:
    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None


@dataclass
class Asked:
    method: str
    path: str
    query: dict[str, str]
    body: Any
    headers: Mapping[str, str]
    who: str
    writes: bool
    url: str
    base: str


Route = tuple[str, str, Callable[..., Answer]]


@dataclass
class ForgeWorld:
    now: datetime = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    pulls: dict[int, Pull] = field(default_factory=dict)
    threads: dict[int, list[Comment]] = field(default_factory=dict)
    reviews: dict[int, list[Review]] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    artifacts: list[Artifact] = field(default_factory=list)
    commits: dict[str, list[int]] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    identity: dict[str, Any] = field(default_factory=dict)
    me: str = BOT
    readers: set[str] = field(default_factory=set)
    """Who may read the repository and not write to it."""
    forged: list[Review] = field(default_factory=list)
    """Votes that a person made up by a thread of his own."""
    _next: int = 1000

    def number(self) -> int:
        self._next += 1
        return self._next

    def tick(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def open_pull(self, head: str, branch: str, author: str = "vera", **more: Any) -> Pull:
        number = len(self.pulls) + len(self.issues) + 1
        self.pulls[number] = pull = Pull(number, head, branch, author, **more)
        self.threads[number], self.reviews[number] = [], []
        return pull

    def merge(self, pull: Pull, commit: str) -> None:
        pull.merged_at, pull.merge_commit = self.tick(), commit
        self.commits.setdefault(commit, []).append(pull.number)

    def say(self, number: int, author: str, body: str, *, system: bool = False) -> Comment:
        at = self.tick()
        comment = Comment(self.number(), author, body, at, at, system)
        self.threads.setdefault(number, []).append(comment)
        return comment

    def review(
        self, pull: Pull, author: str, state: str = "APPROVED", commit: str | None = None, kind: str = "User"
    ) -> Review:
        found = Review(self.number(), author, state, commit or pull.head, self.tick(), kind)
        self.reviews[pull.number].append(found)
        return found

    def own(self, number: int) -> list[Comment]:
        return [one for one in self.threads.get(number, []) if one.author == self.me]

    def keep(self, name: str, commit: str, content: bytes, **more: Any) -> Artifact:
        self.artifacts.append(Artifact(self.number(), name, commit, content, **more))
        return self.artifacts[-1]

    def trouble(self, pattern: str, status: int, *, times: int = 1, after: bool = False, **headers: str) -> None:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        self.troubles.append(Trouble(pattern, status, names, times=times, after=after))


def page(asked: Asked, rows: list[Any], *, most: int = 100, default: int = 30, key: str | None = None) -> Answer:
    """One page of a list, with a `Link` header as long as there are more."""
    size = min(int(asked.query.get("per_page", default)), most)
    number = int(asked.query.get("page", 1))
    part = rows[(number - 1) * size : number * size]
    headers = {}
    if number * size < len(rows):
        query = "&".join(f"{name}={value}" for name, value in {**asked.query, "page": number + 1}.items())
        headers["Link"] = (
            f'<{asked.base}{asked.path}?{query}>; rel="next", <{asked.base}{asked.path}?page=9>; rel="last"'
        )
    return Answer(200, {"total_count": len(rows), key: part} if key else part, headers)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    world: ForgeWorld
    lock: threading.Lock

    def _serve(self) -> None:
        from tests.pipelines import forge_azure, forge_github, forge_gitlab

        length = int(self.headers.get("Content-Length") or 0)
        data = self.rfile.read(length) if length else b""
        with self.lock:
            answer = self._answer(data, (*forge_github.ROUTES, *forge_gitlab.ROUTES, *forge_azure.ROUTES))
        raw = answer.raw if answer.raw is not None else b"" if answer.body is None else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in {
            "Content-Type": "application/json",
            **answer.headers,
            "Content-Length": str(len(raw)),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve  # noqa: N815 - names that http.server wants

    def _answer(self, data: bytes, routes: tuple[Route, ...]) -> Answer:
        world, parts = self.world, urlsplit(self.path)
        world.tick()
        secret = self.headers.get("Authorization", "").removeprefix("Bearer ") or self.headers.get("PRIVATE-TOKEN", "")
        asked = Asked(
            method=self.command,
            path=unquote(parts.path),
            query={name: values[-1] for name, values in parse_qs(parts.query).items()},
            body=json.loads(data) if data else None,
            headers=self.headers,  # type: ignore[arg-type]
            who=world.me,
            writes=self.command != "GET",
            url=self.path,
            base=f"http://127.0.0.1:{self.server.server_port}",  # type: ignore[attr-defined]
        )
        world.asked.append(asked)
        bad = next(
            (one for one in world.troubles if one.times and re.search(one.pattern, f"{asked.method} {asked.path}")),
            None,
        )
        if bad is not None:
            bad.times -= 1
            if not bad.after:
                return Answer(bad.status, headers=bad.headers, raw=bad.body)
        answer = self._routed(asked, secret, routes)
        return answer if bad is None else Answer(bad.status, headers=bad.headers, raw=bad.body)

    def _routed(self, asked: Asked, secret: str, routes: tuple[Route, ...]) -> Answer:
        if asked.path.startswith("/storage/"):  # where artifacts lie: another service, which must not see the token
            if secret:
                return Answer(400, {"message": "this service wants no token of yours"})
            return Answer(200, raw=next(one.content for one in self.world.artifacts if str(one.id) == asked.path[9:]))
        if secret not in (TOKEN, READ_ONLY):
            return Answer(401, {"message": "Bad credentials"})
        if secret == READ_ONLY and asked.writes:
            return Answer(403, {"message": "Resource not accessible by integration"})
        for method, pattern, function in routes:
            found = re.fullmatch(pattern, asked.path)
            if found and method == asked.method:
                return function(self.world, asked, **found.groupdict())
        return Answer(404, {"message": "Not Found"})

    def log_message(self, format: str, *args: Any) -> None:
        """The log is `world.asked`."""


@contextmanager
def serving(world: ForgeWorld) -> Iterator[str]:
    """The code host, up for a while; its address."""
    handler = type("Bound", (Handler,), {"world": world, "lock": threading.Lock()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
