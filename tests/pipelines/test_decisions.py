"""What the pipelines decide from values alone: approvals, markers, blocks, what a stranger's process sees, log commands."""

from __future__ import annotations

import ast
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cspdecl_ci
from cspdecl.core.errors import ConfigurationError
from cspdecl_ci.approvals import count_approvals
from cspdecl_ci.environment import forge_name, scrubbed
from cspdecl_ci.forge import Pull, Review
from cspdecl_ci.processes import harmless
from cspdecl_ci.settings import settings_changed
from cspdecl_ci.sticky import Marker, fenced, fitted, key_of, read_marker
from cspdecl_ci.texts import GERMAN, language_of, say

SHOWN = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PULL = Pull(number=7, head="a" * 40, author="vera")


def review(by="anna", state="approved", minutes=5, **more):
    facts = {"commit": PULL.head, "id": f"{by}-{minutes}", **more}
    return Review(by=by, state=state, at=SHOWN + timedelta(minutes=minutes), **facts)


def counted(*reviews, shown=SHOWN):
    found = count_approvals(reviews, PULL, plan="d" * 64, shown=shown)
    return [one["by"] for one in found.approvals], list(found.left_out)


@pytest.mark.parametrize(
    ("reviews", "expected"),
    [
        ([review()], ["anna"]),
        ([review(), review("ben", minutes=6)], ["anna", "ben"]),
        ([review(), review(minutes=6)], ["anna"]),
        ([review(), review(state="commented", minutes=6)], ["anna"]),
        ([review(), review(state="rejected", minutes=6)], []),
        ([review(), review(state="withdrawn", minutes=6)], []),
        ([review(state="rejected"), review(minutes=6)], ["anna"]),
        ([review(state="commented")], []),
    ],
)
def test_the_last_word_of_each_reviewer_counts(reviews, expected):
    """Approved and then refused is refused; a remark takes nothing back; nobody counts twice."""
    assert (expected, []) == counted(*reviews)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (review("Vera"), "Vera: the author's own word does not count"),
        (review("helper[bot]", bot=True), "helper[bot]: a program cannot approve"),
        (review(commit="b" * 40), f"anna: approved commit {'b' * 12}, and the last one is {'a' * 12}"),
        (review(minutes=0), "anna: approved before this plan was shown"),
        (review(minutes=-1), "anna: approved before this plan was shown"),
        (
            Review(id="1", by="anna", state="approved", at=None, commit=None),
            "anna: when this was approved is not known",
        ),
    ],
)
def test_an_approval_of_something_else_does_not_count(said, why):
    """The author's, a program's, that of another commit or of an earlier plan: left out, and it is said why."""
    assert ([], [why]) == counted(said)


def test_an_approval_says_what_it_was_given_for():
    """Plan, commit, author and link go with it, so that the ledger can say on whose word something was bought."""
    found = count_approvals([review(link="https://forge.example/r/1")], PULL, plan="d" * 64, shown=SHOWN)

    assert (
        {
            "id": "anna-5",
            "by": "anna",
            "plan": "d" * 64,
            "author": "vera",
            "at": "2026-11-23T09:05:00Z",
            "commit": "a" * 40,
            "pull": 7,
            "link": "https://forge.example/r/1",
        },
    ) == found.approvals


@given(st.text(max_size=300))
def test_a_block_holds_its_text_whole(text):
    """No words of a program end the block they stand in."""
    block = fenced(text)
    fence = block.partition("text\n")[0]

    assert fence not in text
    assert block.endswith(f"\n{fence}\n")


@given(st.lists(st.sampled_from(["```text", "```", "line", "| a | b |", "ä" * 30]), max_size=80), st.integers(150, 900))
def test_a_fitted_text_is_within_its_limit(lines, limit):
    """Never longer than the host takes."""
    assert len(fitted("\n".join(lines), limit)) <= max(limit, 0)


def test_a_marker_is_read_back():
    """Every part survives; anything else in the first line is no marker."""
    marker = Marker(kind="plan", key=key_of("Kunden & Co/nord"), commit="a" * 40, digest="d" * 64)

    assert marker == read_marker(f"{marker.line()}\ntext")
    anew = Marker(kind="plan", key=".", commit="a" * 40, digest="d" * 64, fresh=True)
    assert anew == read_marker(anew.line())
    assert Marker(kind="drift", key=".") == read_marker("<!-- cspdecl-ci:drift key=. -->")
    assert None is read_marker("text\n" + marker.line())
    assert None is read_marker(marker.line() + " and more")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("::error::x", ": :error::x"),
        ("  ::set-output name=a::b", "  : :set-output name=a::b"),
        ("see a::b", "see a::b"),
        ("x ##vso[task.setvariable]y", "x # #vso[task.setvariable]y"),
        ("##[error]", "# #[error]"),
        ("## Heading", "## Heading"),
    ],
)
def test_words_in_a_log_command_nobody(text, expected):
    """What a runner would take for a command is shown and not obeyed."""
    assert expected == harmless(text)


def test_a_strangers_process_sees_no_door():
    """What is passed on is a list of harmless names: a secret with any name is not in it."""
    doors = {
        "GITHUB_TOKEN", "GITLAB_TOKEN", "SYSTEM_ACCESSTOKEN", "PARTNER_CENTER_SECRET", "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_RUNTIME_TOKEN", "CI_JOB_TOKEN", "CI_JOB_JWT", "CSPDECL_ID_TOKEN", "PGPASSWORD",
        "AZURE_CLIENT_SECRET", "SSH_AUTH_SOCK", "GIT_ASKPASS", "GIT_CONFIG_GLOBAL", "HTTPS_PROXY", "CI_REPOSITORY_URL",
        "GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_EVENT_PATH", "ENDPOINT_AUTH_PARAMETER_SYSTEMVSSCONNECTION_ACCESSTOKEN",
    }  # fmt: skip

    assert {"PATH": "p", "CI": "true"} == scrubbed({**dict.fromkeys(doors, "x"), "PATH": "p", "CI": "true"})


def test_the_code_host_is_recognised():
    """By the variable each sets; a name wins; nothing is guessed."""
    assert "gitlab" == forge_name({"GITLAB_CI": "true"})
    assert "azure" == forge_name({"GITHUB_ACTIONS": "true"}, "azure")
    with pytest.raises(ConfigurationError, match="--forge"):
        forge_name({"CI": "true"})


def _git(folder: Path, *words: str) -> None:
    me = ("-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *me, *words], cwd=folder, check=True, capture_output=True)


PROJECT = "apiVersion: cspdecl/v1\nkind: Project\nmetadata: {name: n}\nspec:\n  providers: {p: {plugin: p, auth: {app: {clientId: c}}}}\n"


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("cspdecl.yaml", PROJECT + "  guardrails: {maxSeatsPerChange: 5}\n", False),
        ("customers/a.yaml", "kind: Customer\n", False),
        ("cspdecl.yaml", PROJECT.replace("clientId: c", "clientId: d"), True),
        ("cspdecl.yaml", PROJECT + "  store: postgresql://elsewhere/db\n", True),
        ("cspdecl.yaml", PROJECT + "  notify: [{name: x, webhook: https://elsewhere.example}]\n", True),
        ("other/second.yaml", PROJECT.replace("plugin: p", "plugin: q"), True),
        ("cspdecl.yaml", "kind: Project\nspec: {providers: [\n", True),
        ("cspdecl.yaml", "# nothing\n", True),
    ],
)
def test_a_change_of_connection_settings_is_noticed(tmp_path, name, text, expected):
    """Providers, store and notifications, in whichever file; not guardrails, not customers. Unreadable is changed."""
    _git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "cspdecl.yaml").write_text(PROJECT, "utf-8")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-q", "-m", "base")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text, "utf-8")

    assert expected == settings_changed(tmp_path, "HEAD")


ELSEWHERE = PROJECT.replace("plugin: p", "plugin: p, endpoint: https://elsewhere.example")


@pytest.mark.parametrize(
    "change",
    [
        {"prices/old.yaml": PROJECT, "cspdecl.yaml": ELSEWHERE.replace("kind: Project", 'kind: "Pro\\x6aect"')},
        {"prices/old.yaml": PROJECT, "cspdecl.yaml": None, "cspdecl.YAML": ELSEWHERE},
        {"prices/old.yaml": PROJECT, "cspdecl.yaml": ELSEWHERE, ".gitattributes": "cspdecl.yaml -diff\n"},
        {".cspdeclignore": "cspdecl.yaml\n", "notes.txt": ELSEWHERE, "more.yaml": Path("notes.txt")},
        {".cspdeclignore": "cspdecl.yaml\n"},
        {"linked": Path(".hidden")},
        {"notes.txt": ELSEWHERE},
    ],
    ids=[
        "an escape",
        "capitals",
        "called binary",
        "a link",
        "another choice of files",
        "a linked folder",
        "behind a link",
    ],
)
def test_no_trick_hides_where_a_change_connects_to(tmp_path, change):
    """A copy of the old settings where nobody reads them makes no new ones old."""
    _git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "cspdecl.yaml").write_text(PROJECT, "utf-8")
    if change == {"notes.txt": ELSEWHERE}:  # the link was merged long ago
        (tmp_path / "notes.txt").write_text("kind: Bundle\n", "utf-8")
        (tmp_path / "notes.yaml").symlink_to("notes.txt")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-q", "-m", "base")
    for name, what in change.items():
        place = tmp_path / name
        place.parent.mkdir(exist_ok=True)
        if isinstance(what, Path):
            place.symlink_to(what)
        elif what is None:
            place.unlink()
        else:
            place.write_text(what, "utf-8")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-q", "-m", "change")

    assert settings_changed(tmp_path, "HEAD~1")


def _said() -> set[str]:
    """Every sentence that the plugin says through its own texts."""
    found = set[str]()
    for path in Path(cspdecl_ci.__file__).parent.glob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        values = {node.targets[0].id: node.value for node in ast.walk(tree) if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)}  # fmt: skip
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _name(node.func) in ("say", "_unfit"):
                wanted = node.args[1] if _name(node.func) == "_unfit" else node.args[0]
                given = values.get(wanted.id, wanted) if isinstance(wanted, ast.Name) else wanted
                parts = [given.body, given.orelse] if isinstance(given, ast.IfExp) else [given]
                found |= {str(part.value) for part in parts if isinstance(part, ast.Constant)}
    return found


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def test_every_sentence_of_ours_has_a_german_form():
    """Nothing is said in English to whoever asked for German, no form is left over, and the places are the same."""
    places = {text: sorted(re.findall(r"{\w+}", text)) for text in GERMAN}

    assert _said() == set(GERMAN)
    assert places == {text: sorted(re.findall(r"{\w+}", german)) for text, german in GERMAN.items()}


def test_the_language_is_the_environments():
    """As the command line reads it."""
    assert "de" == language_of({"LANG": "de_DE.UTF-8"})
    assert "en" == language_of({"LANG": "de_DE.UTF-8", "LC_ALL": "C.UTF-8"})
    assert "Nichts wurde ausgeführt" == say("de", "Nothing was carried out")
