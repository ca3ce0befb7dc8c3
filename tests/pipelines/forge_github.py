"""GitHub's REST API as documented, version 2022-11-28: what the pipelines use of it, with its limits."""

from __future__ import annotations

from typing import Any

from tests.pipelines.forge_server import Answer, Asked, Comment, ForgeWorld, Issue, Pull, Route, page, stamp

LONGEST = 65_536
_REPO = r"/repos/nordlicht/manifests"


def _user(login: str, kind: str | None = None) -> dict[str, Any]:
    return {"login": login, "type": kind or ("Bot" if login.endswith("[bot]") else "User")}


def _comment(one: Comment) -> dict[str, Any]:
    return {
        "id": one.id,
        "body": one.body,
        "user": _user(one.author),
        "created_at": stamp(one.created),
        "updated_at": stamp(one.updated),
    }


def _pull(one: Pull) -> dict[str, Any]:
    return {
        "number": one.number,
        "user": _user(one.author),
        "head": {
            "sha": one.head,
            "ref": one.branch,
            "repo": {"full_name": "other/fork" if one.fork else "nordlicht/manifests"},
        },
        "base": {"ref": one.base},
        "merged_at": stamp(one.merged_at) if one.merged_at else None,
        "merge_commit_sha": one.merge_commit,
        "html_url": f"https://forge.example/pull/{one.number}",
    }


def _issue(one: Issue) -> dict[str, Any]:
    return {"number": one.number, "title": one.title, "body": one.body, "state": one.state, "user": _user(one.author)}


def _too_long(body: Any) -> Answer | None:
    if not isinstance(body, dict) or not str(body.get("body") or "").strip():
        return Answer(422, {"message": "Validation Failed", "errors": [{"message": "Body can't be blank"}]})
    if len(body["body"]) > LONGEST:
        error = {
            "resource": "IssueComment",
            "code": "unprocessable",
            "message": "Body is too long (maximum is 65536 characters)",
        }
        return Answer(422, {"message": "Validation Failed", "errors": [error]})
    return None


def list_comments(world: ForgeWorld, asked: Asked, number: str) -> Answer:
    return page(asked, [_comment(one) for one in world.threads.get(int(number), [])])


def create_comment(world: ForgeWorld, asked: Asked, number: str) -> Answer:
    return _too_long(asked.body) or Answer(201, _comment(world.say(int(number), asked.who, asked.body["body"])))


def _find(world: ForgeWorld, id: str) -> Comment | None:
    return next((one for thread in world.threads.values() for one in thread if one.id == int(id)), None)


def update_comment(world: ForgeWorld, asked: Asked, id: str) -> Answer:
    found = _find(world, id)
    if found is None:
        return Answer(404, {"message": "Not Found"})
    if (refused := _too_long(asked.body)) is not None:
        return refused
    found.body, found.updated = asked.body["body"], world.tick()
    return Answer(200, _comment(found))


def delete_comment(world: ForgeWorld, asked: Asked, id: str) -> Answer:
    for thread in world.threads.values():
        thread[:] = [one for one in thread if one.id != int(id)]
    return Answer(204)


def pulls_of_commit(world: ForgeWorld, asked: Asked, sha: str) -> Answer:
    return page(asked, [_pull(world.pulls[number]) for number in world.commits.get(sha, [])])


def get_pull(world: ForgeWorld, asked: Asked, number: str) -> Answer:
    found = world.pulls.get(int(number))
    return Answer(200, _pull(found)) if found else Answer(404, {"message": "Not Found"})


def list_reviews(world: ForgeWorld, asked: Asked, number: str) -> Answer:
    rows = [
        {
            "id": one.id,
            "user": _user(one.author, one.kind),
            "state": one.state,
            "commit_id": one.commit,
            "submitted_at": stamp(one.at),
            "html_url": f"https://forge.example/pull/{number}#review-{one.id}",
        }
        for one in world.reviews.get(int(number), [])
    ]
    return page(asked, rows)


def permission(world: ForgeWorld, asked: Asked, login: str) -> Answer:
    return Answer(200, {"permission": "read" if login in world.readers else "write", "user": _user(login)})


def list_artifacts(world: ForgeWorld, asked: Asked) -> Answer:
    rows = [
        {
            "id": one.id,
            "name": one.name,
            "expired": one.expired,
            "workflow_run": {"head_sha": one.commit, "repository_id": 1, "head_repository_id": 1 if one.ours else 2},
        }
        for one in reversed(world.artifacts)
        if asked.query.get("name") in (None, one.name)
    ]
    return page(asked, rows, key="artifacts")


def download(world: ForgeWorld, asked: Asked, id: str) -> Answer:
    storage = asked.base.replace("127.0.0.1", "localhost")  # another host, as in earnest
    return Answer(302, headers={"Location": f"{storage}/storage/{id}"})


def list_issues(world: ForgeWorld, asked: Asked) -> Answer:
    state = asked.query.get("state", "open")
    rows: list[Any] = [_issue(one) for one in world.issues.values() if state in ("all", one.state)]
    rows += [{**_pull(one), "pull_request": {}} for one in world.pulls.values()]
    return page(asked, rows)


def create_issue(world: ForgeWorld, asked: Asked) -> Answer:
    number = len(world.pulls) + len(world.issues) + 1
    world.issues[number] = Issue(number, asked.body["title"], asked.body["body"], asked.who)
    return Answer(201, _issue(world.issues[number]))


def update_issue(world: ForgeWorld, asked: Asked, number: str) -> Answer:
    found = world.issues[int(number)]
    found.body, found.state = asked.body.get("body", found.body), asked.body.get("state", found.state)
    return Answer(200, _issue(found))


def identity(world: ForgeWorld, asked: Asked) -> Answer:
    from tests.pipelines.identities import signed

    return Answer(200, {"value": signed(world, asked.query.get("audience", "https://github.com/nordlicht"))})


ROUTES: tuple[Route, ...] = (
    ("GET", rf"{_REPO}/issues/(?P<number>\d+)/comments", list_comments),
    ("POST", rf"{_REPO}/issues/(?P<number>\d+)/comments", create_comment),
    ("PATCH", rf"{_REPO}/issues/comments/(?P<id>\d+)", update_comment),
    ("DELETE", rf"{_REPO}/issues/comments/(?P<id>\d+)", delete_comment),
    ("GET", rf"{_REPO}/commits/(?P<sha>[0-9a-f]+)/pulls", pulls_of_commit),
    ("GET", rf"{_REPO}/pulls/(?P<number>\d+)", get_pull),
    ("GET", rf"{_REPO}/pulls/(?P<number>\d+)/reviews", list_reviews),
    ("GET", rf"{_REPO}/collaborators/(?P<login>[^/]+)/permission", permission),
    ("GET", rf"{_REPO}/actions/artifacts", list_artifacts),
    ("GET", rf"{_REPO}/actions/artifacts/(?P<id>\d+)/zip", download),
    ("GET", rf"{_REPO}/issues", list_issues),
    ("POST", rf"{_REPO}/issues", create_issue),
    ("PATCH", rf"{_REPO}/issues/(?P<number>\d+)", update_issue),
    ("GET", r"/identity", identity),
)
