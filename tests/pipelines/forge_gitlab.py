"""GitLab's REST API v4 as documented: what the pipelines use of it."""

from __future__ import annotations

from typing import Any

from tests.pipelines.forge_server import Answer, Asked, Comment, ForgeWorld, Issue, Pull, Route, page, stamp

_AT = r"/api/v4/projects/77"


def _user(name: str) -> dict[str, Any]:
    return {"id": sum(map(ord, name)), "username": name}


def _note(one: Comment) -> dict[str, Any]:
    return {
        "id": one.id,
        "body": one.body,
        "author": _user(one.author),
        "system": one.system,
        "created_at": stamp(one.created),
        "updated_at": stamp(one.updated),
    }


def _request(one: Pull) -> dict[str, Any]:
    return {
        "iid": one.number,
        "sha": one.head,
        "target_branch": one.base,
        "author": _user(one.author),
        "state": "merged" if one.merged_at else "opened",
        "merged_at": stamp(one.merged_at) if one.merged_at else None,
        "merge_commit_sha": one.merge_commit,
        "squash_commit_sha": None,
        "web_url": f"https://forge.example/-/merge_requests/{one.number}",
    }


def me(world: ForgeWorld, asked: Asked) -> Answer:
    return Answer(200, _user(world.me))


def get_request(world: ForgeWorld, asked: Asked, number: str) -> Answer:
    return Answer(200, _request(world.pulls[int(number)]))


def of_commit(world: ForgeWorld, asked: Asked, sha: str) -> Answer:
    return page(asked, [_request(world.pulls[number]) for number in world.commits.get(sha, [])], default=20)


def notes(world: ForgeWorld, asked: Asked, number: str) -> Answer:
    rows = [_note(one) for one in world.threads.get(int(number), [])]
    return page(asked, rows if asked.query.get("sort") == "asc" else rows[::-1], default=20)


def create_note(world: ForgeWorld, asked: Asked, number: str) -> Answer:
    if len(asked.body["body"]) > 1_000_000:
        return Answer(400, {"message": {"note": ["is too long (maximum is 1000000 characters)"]}})
    return Answer(201, _note(world.say(int(number), asked.who, asked.body["body"])))


def update_note(world: ForgeWorld, asked: Asked, number: str, id: str) -> Answer:
    found = next(one for one in world.threads[int(number)] if one.id == int(id))
    found.body, found.updated = asked.body["body"], world.tick()
    return Answer(200, _note(found))


def approvals(world: ForgeWorld, asked: Asked, number: str) -> Answer:
    rows = [{"user": _user(one.author)} for one in world.reviews.get(int(number), []) if one.state == "APPROVED"]
    return Answer(200, {"approved": bool(rows), "approved_by": rows})


def pipelines(world: ForgeWorld, asked: Asked) -> Answer:
    rows = [{"id": one.id} for one in reversed(world.artifacts) if one.ours and one.commit == asked.query.get("sha")]
    rows = rows if asked.query["source"] == "merge_request_event" else []
    return page(asked, rows, default=20)


def jobs(world: ForgeWorld, asked: Asked, id: str) -> Answer:
    return page(asked, [{"id": int(id) * 10, "name": "lint"}, {"id": int(id), "name": "cspdecl-plan"}], default=20)


def artifact(world: ForgeWorld, asked: Asked, id: str) -> Answer:
    found = next((one for one in world.artifacts if one.id == int(id)), None)
    return Answer(200, raw=found.content) if found and not found.expired else Answer(404, {"message": "404 Not Found"})


def _issue(one: Issue) -> dict[str, Any]:
    return {"iid": one.number, "description": one.body, "author": _user(one.author), "state": one.state}


def list_issues(world: ForgeWorld, asked: Asked) -> Answer:
    return page(asked, [_issue(one) for one in world.issues.values() if one.state == "open"], default=20)


def create_issue(world: ForgeWorld, asked: Asked) -> Answer:
    number = len(world.issues) + 1
    world.issues[number] = Issue(number, asked.body["title"], asked.body["description"], asked.who)
    return Answer(201, _issue(world.issues[number]))


def update_issue(world: ForgeWorld, asked: Asked, number: str) -> Answer:
    found = world.issues[int(number)]
    found.body = asked.body.get("description", found.body)
    found.state = "closed" if asked.body.get("state_event") == "close" else found.state
    return Answer(200, _issue(found))


def note_issue(world: ForgeWorld, asked: Asked, number: str) -> Answer:
    return Answer(201, _note(world.say(-int(number), asked.who, asked.body["body"])))


ROUTES: tuple[Route, ...] = (
    ("GET", r"/api/v4/user", me),
    ("GET", rf"{_AT}/merge_requests/(?P<number>\d+)", get_request),
    ("GET", rf"{_AT}/repository/commits/(?P<sha>[0-9a-f]+)/merge_requests", of_commit),
    ("GET", rf"{_AT}/merge_requests/(?P<number>\d+)/notes", notes),
    ("POST", rf"{_AT}/merge_requests/(?P<number>\d+)/notes", create_note),
    ("PUT", rf"{_AT}/merge_requests/(?P<number>\d+)/notes/(?P<id>\d+)", update_note),
    ("GET", rf"{_AT}/merge_requests/(?P<number>\d+)/approvals", approvals),
    ("GET", rf"{_AT}/pipelines", pipelines),
    ("GET", rf"{_AT}/pipelines/(?P<id>\d+)/jobs", jobs),
    ("GET", rf"{_AT}/jobs/(?P<id>\d+)/artifacts/\.cspdecl/ci/plan\.json", artifact),
    ("GET", rf"{_AT}/issues", list_issues),
    ("POST", rf"{_AT}/issues", create_issue),
    ("PUT", rf"{_AT}/issues/(?P<number>\d+)", update_issue),
    ("POST", rf"{_AT}/issues/(?P<number>\d+)/notes", note_issue),
)
