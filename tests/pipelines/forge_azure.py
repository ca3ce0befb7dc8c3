"""Azure DevOps' REST API 7.1 as documented: what the pipelines use of it."""

from __future__ import annotations

import re
from typing import Any

from tests.pipelines.forge_server import Answer, Asked, Comment, ForgeWorld, Pull, Route, stamp

_GIT = r"/azure/nordlicht/_apis/git/repositories/repo-1"
_BUILD = r"/azure/nordlicht/_apis/build/builds"
SYSTEM = "00000002-0000-8888-8000-000000000000"
_VOTES = {"APPROVED": 10, "CHANGES_REQUESTED": -10}


def _versioned(asked: Asked) -> Answer | None:
    if asked.query.get("api-version") != "7.1":
        return Answer(400, {"message": "No api-version was supplied for the request."})
    return None


def _who(name: str) -> dict[str, Any]:
    return {"id": f"id-{name}", "uniqueName": name if "@" in name or " " in name else f"{name}@nordlicht.example"}


def _comment(one: Comment) -> dict[str, Any]:
    return {
        "id": 1,
        "content": one.body,
        "commentType": "system" if one.system else "text",
        "author": _who(one.author),
        "publishedDate": stamp(one.created),
        "lastContentUpdatedDate": stamp(one.updated),
    }


def _request(one: Pull) -> dict[str, Any]:
    return {
        "pullRequestId": one.number,
        "createdBy": _who(one.author),
        "targetRefName": f"refs/heads/{one.base}",
        "status": "completed" if one.merged_at else "active",
        "lastMergeSourceCommit": {"commitId": one.head},
        "lastMergeCommit": {"commitId": one.merge_commit},
    }


def me(world: ForgeWorld, asked: Asked) -> Answer:
    return Answer(200, {"authenticatedUser": _who(world.me)})


def get_request(world: ForgeWorld, asked: Asked, number: str) -> Answer:
    return _versioned(asked) or Answer(200, _request(world.pulls[int(number)]))


def query(world: ForgeWorld, asked: Asked) -> Answer:
    [asking] = asked.body["queries"]
    found = {sha: [_request(world.pulls[n]) for n in world.commits.get(sha, [])] for sha in asking["items"]}
    return _versioned(asked) or Answer(200, {"results": [{sha: rows for sha, rows in found.items() if rows}]})


def threads(world: ForgeWorld, asked: Asked, number: str) -> Answer:
    rows: list[Any] = [{"id": one.id, "comments": [_comment(one)]} for one in world.threads[int(number)]]
    rows += [
        {
            "id": one.id,
            "publishedDate": stamp(one.at),
            "comments": [
                {
                    "id": 1,
                    "commentType": "system",
                    "content": f"{one.author} voted",
                    "author": _who("mallory") if one in world.forged else {"id": SYSTEM, "uniqueName": ""},
                }
            ],
            "properties": {
                "CodeReviewThreadType": {"$type": "System.String", "$value": "VoteUpdate"},
                "CodeReviewVotedByIdentity": {"$type": "System.String", "$value": "1"},
            },
            "identities": {"1": _who(one.author)},
        }
        for one in world.reviews[int(number)]
    ]
    return _versioned(asked) or Answer(200, {"value": rows, "count": len(rows)})


def create_thread(world: ForgeWorld, asked: Asked, number: str) -> Answer:
    [comment] = asked.body["comments"]
    if len(comment["content"]) > 150_000:
        return Answer(400, {"message": "The comment is too long."})
    made = world.say(int(number), asked.who, comment["content"])
    return _versioned(asked) or Answer(200, {"id": made.id, "comments": [_comment(made)]})


def update_comment(world: ForgeWorld, asked: Asked, number: str, id: str) -> Answer:
    found = next(one for one in world.threads[int(number)] if one.id == int(id))
    found.body, found.updated = asked.body["content"], world.tick()
    return _versioned(asked) or Answer(200, _comment(found))


def reviewers(world: ForgeWorld, asked: Asked, number: str) -> Answer:
    last = {one.author: one for one in world.reviews[int(number)]}
    rows: list[Any] = [{**_who(one.author), "vote": _VOTES.get(one.state, 0)} for one in last.values()]
    rows.append({"id": "group", "uniqueName": "vstfs:///team", "isContainer": True, "vote": 10})
    return _versioned(asked) or Answer(200, {"value": rows})


def builds(world: ForgeWorld, asked: Asked) -> Answer:
    assert re.fullmatch(r"refs/(pull/\d+/merge|heads/\w+)", asked.query["branchName"])
    rows = [{"id": one.id, "sourceVersion": one.commit} for one in reversed(world.artifacts)]
    return _versioned(asked) or Answer(200, {"value": rows})


def artifact(world: ForgeWorld, asked: Asked, id: str) -> Answer:
    found = next(
        (one for one in world.artifacts if one.id == int(id) and one.name == asked.query["artifactName"]), None
    )
    if found is None:
        return Answer(404, {"message": "Artifact was not found."})
    return Answer(200, {"name": found.name, "resource": {"downloadUrl": f"{asked.base}/azure/files/{id}"}})


def download(world: ForgeWorld, asked: Asked, id: str) -> Answer:
    return Answer(200, raw=next(one.content for one in world.artifacts if one.id == int(id)))


def identity(world: ForgeWorld, asked: Asked) -> Answer:
    from tests.pipelines.identities import AUDIENCE, signed

    return _versioned(asked) or Answer(200, {"oidcToken": signed(world, AUDIENCE)})


ROUTES: tuple[Route, ...] = (
    ("GET", r"/azure/_apis/connectionData", me),
    ("GET", rf"{_GIT}/pullRequests/(?P<number>\d+)", get_request),
    ("POST", rf"{_GIT}/pullrequestquery", query),
    ("GET", rf"{_GIT}/pullRequests/(?P<number>\d+)/threads", threads),
    ("POST", rf"{_GIT}/pullRequests/(?P<number>\d+)/threads", create_thread),
    ("PATCH", rf"{_GIT}/pullRequests/(?P<number>\d+)/threads/(?P<id>\d+)/comments/1", update_comment),
    ("GET", rf"{_GIT}/pullRequests/(?P<number>\d+)/reviewers", reviewers),
    ("GET", _BUILD, builds),
    ("GET", rf"{_BUILD}/(?P<id>\d+)/artifacts", artifact),
    ("GET", r"/azure/files/(?P<id>\d+)", download),
    ("POST", r"/azure/oidc", identity),
)
