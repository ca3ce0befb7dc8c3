"""The three code hosts, asked over a real socket: paging, limits, bad moments, one comment, whose words are believed."""

from __future__ import annotations

import io
import json
import zipfile
from contextlib import contextmanager
from typing import Any

import pytest

from cspdecl.core.errors import ConfigurationError, NotAuthorised, TryLater
from cspdecl_ci import environment
from cspdecl_ci.sticky import Marker, find_comment, post, read_marker
from cspdecl_ci.wire import Refused, Wire
from tests.pipelines.forge_server import READ_ONLY, TOKEN, ForgeWorld, serving
from tests.pipelines.identities import AUDIENCE

HOSTS = ("github", "gitlab", "azure")
MARK = Marker(kind="plan", key=".", commit="c" * 40, digest="d" * 64)


def variables(name, url, token=TOKEN):
    return {
        "github": {
            "GITHUB_ACTIONS": "true", "GITHUB_API_URL": url, "GITHUB_REPOSITORY": "nordlicht/manifests",
            "GITHUB_TOKEN": token, "ACTIONS_ID_TOKEN_REQUEST_URL": f"{url}/identity?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": token,
        },
        "gitlab": {
            "GITLAB_CI": "true", "CI_API_V4_URL": f"{url}/api/v4", "CI_PROJECT_ID": "77", "GITLAB_TOKEN": token,
            "CSPDECL_ID_TOKEN": "from-the-job",
        },
        "azure": {
            "TF_BUILD": "True", "SYSTEM_COLLECTIONURI": f"{url}/azure/", "SYSTEM_TEAMPROJECT": "nordlicht",
            "BUILD_REPOSITORY_ID": "repo-1", "SYSTEM_ACCESSTOKEN": token, "SYSTEM_OIDCREQUESTURI": f"{url}/azure/oidc",
            "CSPDECL_SERVICE_CONNECTION": "connection-1",
        },
    }[name]  # fmt: skip


@contextmanager
def host(name, world, token=TOKEN, **more):
    with serving(world) as url:
        found = variables(name, url, token) | more
        forge: Any = environment.forge_of(found, environment.forge_name(found))
        waits: list[float] = []
        forge._wire.pause = waits.append
        forge._wire.clock = lambda: 1_000_000.0
        forge.waits = waits
        yield forge


def world_of(name):
    return ForgeWorld(
        me={"github": "github-actions[bot]", "gitlab": "project_77_bot_1", "azure": "Build Service"}[name]
    )


@pytest.mark.parametrize("name", HOSTS)
def test_one_comment_among_250_others_is_found_and_updated(name):
    """However long the thread is, there is one comment of ours, written anew in its place."""
    world = world_of(name)
    pull = world.open_pull("a" * 40, "more-seats")
    for number in range(120):
        world.say(pull.number, "erik", f"remark {number}")
    with host(name, world) as forge:
        post(forge, pull.number, MARK, "first")
        for number in range(130):
            world.say(pull.number, "erik", f"remark {number}")
        post(forge, pull.number, MARK, "second")
        post(forge, pull.number, MARK, "third")

    assert [f"{MARK.line()}\nthird"] == [one.body for one in world.own(pull.number)]
    assert 251 == len(world.threads[pull.number])


@pytest.mark.parametrize("name", HOSTS)
def test_an_unchanged_comment_is_not_written_again(name):
    """The same text again writes nothing: since when it stands there decides whose approval counts."""
    world = world_of(name)
    pull = world.open_pull("a" * 40, "more-seats")
    with host(name, world) as forge:
        post(forge, pull.number, MARK, "same")
        since = world.own(pull.number)[0].updated
        post(forge, pull.number, MARK, "same\n")

    assert since == world.own(pull.number)[0].updated


@pytest.mark.parametrize("name", HOSTS)
def test_a_marker_that_somebody_else_wrote_is_not_ours(name):
    """A person who copies our hidden line is neither updated nor believed."""
    world = world_of(name)
    pull = world.open_pull("a" * 40, "more-seats")
    world.say(pull.number, "mallory", f"{Marker(kind='plan', key='.', digest='e' * 64).line()}\nall is well")
    with host(name, world) as forge:
        found = find_comment(forge.comments(pull.number), "plan", ".")
        assert not post(forge, pull.number, MARK, "nothing to do", only_update=True)

    assert None is found
    assert ["mallory"] == [one.author for one in world.threads[pull.number]]


def test_projects_of_one_repository_have_a_comment_each():
    """The key keeps comments apart, and so does their kind."""
    world = world_of("github")
    pull = world.open_pull("a" * 40, "more-seats")
    with host("github", world) as forge:
        for key in ("north/", "south/"):
            post(forge, pull.number, Marker(kind="plan", key=key), key)
            post(forge, pull.number, Marker(kind="apply", key=key), key)
        post(forge, pull.number, Marker(kind="plan", key="south/"), "again")

    bodies = [one.body.partition("\n")[2] for one in world.own(pull.number)]
    assert ["north/", "north/", "again", "south/"] == bodies


@pytest.mark.parametrize(("name", "limit"), [("github", 65_536), ("azure", 150_000), ("gitlab", 1_000_000)])
def test_a_comment_keeps_to_the_hosts_limit(name, limit):
    """What is too long is cut at a line's end, an open block is closed, and the comment says so."""
    world = world_of(name)
    pull = world.open_pull("a" * 40, "more-seats")
    with host(name, world) as forge:
        post(forge, pull.number, MARK, "```text\n" + "a line of words\n" * (limit // 10) + "```\n")

    body = world.own(pull.number)[0].body
    assert limit - 200 < len(body) <= limit
    assert body.endswith("a line of words\n```\n\n… the rest is in the job's log and its artifacts.")
    assert MARK == read_marker(body)


def test_a_comment_over_the_limit_is_refused_by_the_host():
    """The host of these tests is as strict as the real one: one character more, and it says 422."""
    world = world_of("github")
    pull = world.open_pull("a" * 40, "more-seats")
    with host("github", world) as forge:
        forge.add_comment(pull.number, "x" * 65_536)
        with pytest.raises(Refused, match=r"422 Validation Failed; Body is too long \(maximum is 65536 characters\)"):
            forge.add_comment(pull.number, "x" * 65_537)


@pytest.mark.parametrize(
    ("status", "headers", "waited"),
    [
        (429, {"Retry_After": "7"}, 7),
        (403, {"Retry_After": "3"}, 3),
        (403, {"x_ratelimit_remaining": "0", "x_ratelimit_reset": "1000042"}, 42),
        (429, {}, 60),
    ],
)
def test_a_rate_limit_is_waited_for_and_the_comment_written_once(status, headers, waited):
    """A secondary limit says how long, in one of three ways; a write that was refused is sent again."""
    world = world_of("github")
    pull = world.open_pull("a" * 40, "more-seats")
    world.trouble("POST", status, **headers)
    with host("github", world) as forge:
        post(forge, pull.number, MARK, "text")
        [asked] = forge.waits

    assert waited <= asked < waited + 1
    assert 1 == len(world.own(pull.number))


def test_patience_ends():
    """A host that never stops asking for patience ends the run with "try later" instead of hanging."""
    world = world_of("github")
    world.trouble("GET", 429, times=99, Retry_After="200")
    with host("github", world) as forge, pytest.raises(TryLater, match="patience"):
        forge.pull(1)

    assert 4 == len(world.asked)


def test_a_write_with_an_unknown_end_is_not_repeated():
    """502 after the comment was written: sending it again would make two, so the run ends and the next one updates."""
    world = world_of("github")
    pull = world.open_pull("a" * 40, "more-seats")
    world.trouble("POST", 502, after=True)
    with host("github", world) as forge:
        with pytest.raises(TryLater, match="whether it was done is not known"):
            post(forge, pull.number, MARK, "text")
        post(forge, pull.number, MARK, "text again")

    assert ["text again"] == [one.body.partition("\n")[2] for one in world.own(pull.number)]


def test_reading_is_repeated_after_a_fault():
    """A fault on the way does not end a run that only asks."""
    world = world_of("github")
    pull = world.open_pull("a" * 40, "more-seats")
    world.trouble("GET", 503, times=2)
    with host("github", world) as forge:
        assert "a" * 40 == forge.pull(pull.number).head


@pytest.mark.parametrize("name", HOSTS)
def test_no_message_holds_the_token(name):
    """A wrong token, a forbidden write: what is said names the call, never the secret."""
    world = world_of(name)
    world.open_pull("a" * 40, "more-seats")
    said = []
    for token in ("wrong-token-seeded-canary", READ_ONLY):
        with host(name, world, token) as forge, pytest.raises((NotAuthorised, Refused)) as problem:
            post(forge, 1, MARK, "text")
        said.append(str(problem.value))

    assert not [text for text in said if "canary" in text or READ_ONLY in text]
    assert "does not accept the token" in said[0]
    assert "403" in said[1]


@pytest.mark.parametrize("name", HOSTS)
def test_without_a_token_the_variable_is_named(name):
    """The message says which variable to set."""
    given = {key: value for key, value in variables(name, "http://127.0.0.1:1").items() if value != TOKEN}
    with pytest.raises(NotAuthorised, match="TOKEN is not set"):
        environment.forge_of(given, name)


def test_the_address_must_be_https():
    """A token does not travel in the open."""
    with pytest.raises(ConfigurationError, match="https"):
        Wire(base="http://code.example", secret={"Authorization": "Bearer x"})


@pytest.mark.parametrize("name", HOSTS)
def test_the_pull_request_of_a_merge_is_found(name):
    """Head, author and number of the request that made a commit; nothing where it was pushed directly."""
    world = world_of(name)
    first, second = world.open_pull("a" * 40, "one"), world.open_pull("b" * 40, "two", author="olga")
    world.merge(first, "1" * 40)
    world.merge(second, "2" * 40)
    with host(name, world) as forge:
        found, none = forge.merged_pull("2" * 40), forge.merged_pull("3" * 40)

    assert found is not None
    assert (second.number, "b" * 40, True) == (found.number, found.head, found.merged)
    assert found.author.startswith("olga")
    assert None is none


def archive(text):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as into:
        into.writestr("cspdecl/summary.md", "…")
        into.writestr("cspdecl/plan.json", text)
    return held.getvalue()


@pytest.mark.parametrize("name", HOSTS)
def test_saved_plans_are_those_of_our_own_runs_newest_first(name):
    """Plans for the last commit; those of forks, of other commits and expired ones are left out."""
    world = world_of(name)
    pull = world.open_pull("a" * 40, "one")
    saved = f"cspdecl-plan-{pull.head}"
    wrap = (lambda text: text.encode()) if name == "gitlab" else archive
    world.keep(saved, pull.head, wrap("old"))
    world.keep(saved, pull.head, wrap("new"))
    if name == "github":
        world.keep(saved, pull.head, wrap("stranger"), ours=False)
        world.keep(saved, "f" * 40, wrap("other"))
        world.keep(saved, pull.head, wrap("gone"), expired=True)
    with host(name, world) as forge:
        found = [text.decode() for text in forge.saved_plans(forge.pull(pull.number), saved, after="9" * 40)]

    assert ["new", "old"] == found


@pytest.mark.parametrize("name", HOSTS)
def test_reviews_say_who_what_and_when(name):
    """Approvals with their time; on GitHub with their commit and everything that was said."""
    world = world_of(name)
    pull = world.open_pull("a" * 40, "one")
    world.review(pull, "anna")
    if name == "gitlab":
        world.say(pull.number, "anna", "approved this merge request", system=True)
    with host(name, world) as forge:
        [found] = forge.reviews(pull.number)

    assert ("anna", "approved") == (found.by.partition("@")[0], found.state)
    assert found.at is not None
    assert (pull.head if name == "github" else None) == found.commit


@pytest.mark.parametrize("name", HOSTS)
def test_identity_tokens_come_from_the_host(name):
    """GitHub and Azure are asked, GitLab has put it into the environment."""
    world = world_of(name)
    with serving(world) as url:
        found = environment.identity_token(variables(name, url), name, AUDIENCE)

    assert found == "from-the-job" if name == "gitlab" else found.count(".") == 2


def test_issues_are_opened_changed_and_closed():
    """One issue about drift; pull requests, which GitHub lists among issues, are none."""
    for name in ("github", "gitlab"):
        world = world_of(name)
        world.open_pull("a" * 40, "one")
        with host(name, world) as forge:
            assert [] == list(forge.issues())
            forge.open_issue("Drift", "body")
            [issue] = forge.issues()
            forge.change_issue(issue, "another")
            forge.close_issue(issue, "over")

            assert [] == list(forge.issues())
        [kept] = world.issues.values()
        assert ("another", "closed") == (kept.body, kept.state)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (
            {"pull_request": {"number": 3, "head": {"sha": "h", "repo": {"full_name": "nordlicht/manifests"}}}},
            (3, "h", False),
        ),
        (
            {"pull_request": {"number": 3, "head": {"sha": "h", "repo": {"full_name": "Mallory/manifests"}}}},
            (3, "h", True),
        ),
        ({"pull_request": {"number": 3, "head": {"sha": "h", "repo": None}}}, (3, "h", True)),
        ({"merge_group": {"head_sha": "g", "base_sha": "b"}}, (None, "g", False)),
        ({"before": "0" * 40}, (None, "s", False)),
    ],
)
def test_github_events_say_whether_it_is_a_fork(tmp_path, event, expected):
    """A branch of another repository, or of one that is gone, is a stranger's."""
    (tmp_path / "event.json").write_text(json.dumps(event), "utf-8")
    job = environment.job_of(
        {
            "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
            "GITHUB_REPOSITORY": "nordlicht/manifests",
            "GITHUB_SHA": "s",
        },
        "github",
    )

    assert expected == (job.pull, job.commit, job.fork)
    assert None is job.before


def test_gitlab_and_azure_say_whether_it_is_a_fork():
    """Another source project, wherever the pipeline runs; Azure's own word."""
    lab = {"CI_MERGE_REQUEST_IID": "4", "CI_PROJECT_ID": "77", "CI_MERGE_REQUEST_PROJECT_ID": "77"}
    azure = {"SYSTEM_PULLREQUEST_PULLREQUESTID": "4", "SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main"}

    assert environment.job_of({**lab, "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "78"}, "gitlab").fork
    assert not environment.job_of({**lab, "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "77"}, "gitlab").fork
    assert environment.job_of({**azure, "SYSTEM_PULLREQUEST_ISFORK": "True"}, "azure").fork
    assert not environment.job_of({**azure, "SYSTEM_PULLREQUEST_ISFORK": "False"}, "azure").fork
    assert "main" == environment.job_of(azure, "azure").branch
