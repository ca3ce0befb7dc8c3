"""A git store when something is in its way: other places, other projects, lost answers, hooks, forced pushes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from cspdecl.core.diagnostics import Diagnostic
from cspdecl.core.errors import ConfigurationError, CspdeclError, LockHeld, NotAuthorised, StoreDamaged, TryLater
from cspdecl.engine.apply import locked
from cspdecl.spi.store import Batch
from cspdecl.store.git_mirror import Mirror
from cspdecl.store.git_place import find_place
from cspdecl.store.git_run import GitFailed, in_words
from cspdecl.store.git_store import GitStore, open_git_store
from cspdecl.testing.store_parts import M365, ONE, OTHER_RUN, RUN, VISIO, binding, chain, entry, header, owner
from tests.unit.cli.command import Project

REF = "refs/cspdecl/store"


def git(folder: Path, *words: str) -> str:
    named = ["git", "-c", "user.name=anna", "-c", "user.email=anna@example.com", *words]
    done = subprocess.run(named, cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet", "--bare", "remote.git")
    return tmp_path / "remote.git"


def opened(root: Path, url: str = "git:../remote.git", *, create: bool = True, project: str = "") -> GitStore:
    root.mkdir(exist_ok=True)
    return open_git_store(url, root, create=create, project=project)


def code_of(problem: CspdeclError) -> list[str]:
    return [one.code for one in problem.diagnostics]


# ---- where ----


@pytest.mark.parametrize(
    ("url", "address", "ref"),
    [
        ("git:https://git.example/n/ledger.git", "https://git.example/n/ledger.git", REF),
        ("git:git@git.example:n/ledger.git#production", "git@git.example:n/ledger.git", "refs/cspdecl/production"),
        ("git:ssh://git@git.example/ledger#refs/heads/books", "ssh://git@git.example/ledger", "refs/heads/books"),
    ],
)
def test_an_address_goes_to_git_as_it_stands(tmp_path, url, address, ref):
    """What git knows as an address is git's; a name after # is a ref below refs/cspdecl/, or a full one."""
    place = find_place(url, tmp_path)

    assert (address, ref, f"{ref}-notes") == (place.address, place.ref, place.notes)


def test_a_path_is_relative_to_the_project(tmp_path):
    """A repository beside the project."""
    assert str(tmp_path / "books.git") == find_place("git:../books.git", tmp_path / "project").address


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("git:https://anna:hunter2@git.example/x.git", "CSP918"),
        ("git:ext::sh -c id", "CSP920"),
        ("git:--upload-pack=id", "CSP920"),
        ("git:#production", "CSP920"),
        ("git:../x.git#refs/pull/7/head", "CSP920"),
        ("git:../x.git#refs/heads/../../config", "CSP920"),
        ("git:../x.git#a b", "CSP920"),
        ("git:.", "CSP920"),
    ],
)
def test_what_is_no_place_is_refused(tmp_path, url, code):
    """Passwords, commands in disguise, refs that a store has no business with, a project outside any repository."""
    with pytest.raises(ConfigurationError) as refused:
        find_place(url, tmp_path)

    assert [code] == code_of(refused.value)
    assert "hunter2" not in str(refused.value.diagnostics)


def test_the_projects_own_remote(tmp_path, remote):
    """`git:.` is where the project's repository is pushed to, with the settings that lead there, on a ref of its own."""
    work = tmp_path / "work"
    git(tmp_path, "clone", "--quiet", "remote.git", "work")
    git(work, "config", "http.https://git.example/.extraheader", "AUTHORIZATION: basic made-up")
    (work / "project").mkdir()
    head, status = git(work, "symbolic-ref", "HEAD"), git(work, "status", "--porcelain")

    place = find_place("git:.", work / "project")
    store = opened(work / "project", "git:.")
    store.commit(Batch(ledger=chain(M365)))
    store.close()

    assert str(remote) == place.address
    assert ("http.https://git.example/.extraheader", "AUTHORIZATION: basic made-up") in place.settings
    assert "made-up" not in place.shown
    assert [REF] == git(remote, "for-each-ref", "--format=%(refname)").splitlines()
    assert (head, status, "") == (
        git(work, "symbolic-ref", "HEAD"), git(work, "status", "--porcelain", ":!project"), git(work, "for-each-ref"),
    )  # fmt: skip
    with pytest.raises(ConfigurationError, match="checked out"):
        find_place(f"git:.#{head}", work)


def test_a_hooks_environment_does_not_lead_elsewhere(tmp_path, remote, monkeypatch):
    """Started from a hook, git is told of another repository; the store's git is not."""
    git(tmp_path, "init", "--quiet", "other")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other/.git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "other/.git/index"))
    store = opened(tmp_path / "a")
    store.commit(Batch(ledger=chain(M365)))
    store.close()
    monkeypatch.delenv("GIT_DIR")

    assert "" == git(tmp_path / "other", "for-each-ref")
    assert "1 record" == git(remote, "log", "-1", "--format=%s", REF)


# ---- what stands there ----


def test_the_store_can_be_read_by_people(tmp_path, remote):
    """Files with names that say what they hold; records as what they are; a commit's message says what it did."""
    store = opened(tmp_path / "a", project="nordlicht")
    store.lock(owner())
    store.begin(header(ONE))
    store.commit(Batch(journal=[entry(ONE, "intent")], ledger=chain(M365), bindings=[(M365, binding())]))
    store.close()

    shown = {name: git(remote, "show", f"{REF}:{name}") for name in git(
        remote, "ls-tree", "-r", "--name-only", REF).splitlines()}  # fmt: skip

    assert [
        "bindings/contoso.json", "journal/run-1/0001.jsonl", "ledger/2026-11/0001.jsonl", "lock.json", "open.json",
        "runs/000001-run-1/header.json", "runs/000001-run-1/plan.json", "store.json",
    ] == sorted(shown)  # fmt: skip
    assert "record 1" == json.loads(shown["ledger/2026-11/0001.jsonl"])["body"]["name"]
    assert ("nordlicht", 1) == (json.loads(shown["store.json"])["project"], json.loads(shown["store.json"])["journal"])
    assert "1 intent, 1 record, 1 binding" == git(remote, "log", "-1", "--format=%s", REF)


def test_long_files_are_begun_anew(tmp_path, remote, monkeypatch):
    """Adding to the books stays cheap: a file that is full is left alone, and the order holds over all of them."""
    monkeypatch.setattr("cspdecl.store.git_layout.FULL", 700)
    store = opened(tmp_path / "a")
    records = chain(*[M365, VISIO] * 10)
    for start in range(0, 20, 2):
        store.commit(Batch(ledger=records[start : start + 2], journal=[entry(ONE, "intent")]))

    again = opened(tmp_path / "b")

    assert (list(records), 10, None) == (list(again.ledger()), len(list(again.journal())), again.damage())
    assert 3 < len(git(remote, "ls-tree", "--name-only", f"{REF}:ledger/2026-11").splitlines())


def test_a_fresh_clone_is_shallow_and_writes_on(tmp_path, remote):
    """A runner that comes new fetches the last commit only, and can push on it."""
    store = opened(tmp_path / "a")
    for number in range(5):
        store.commit(Batch(ledger=chain(M365, head=store.head()), bindings=[(M365, binding(ident=str(number)))]))
    fresh = opened(tmp_path / "b", f"git:file://{remote}")
    fresh.commit(Batch(ledger=chain(VISIO, head=fresh.head())))

    [clone] = (tmp_path / "b/.cspdecl/cache/git").glob("*/clone.git")

    assert "2" == git(clone, "rev-list", "--count", "refs/seen/cspdecl/store")
    assert "6" == git(remote, "rev-list", "--count", REF)
    assert 6 == opened(tmp_path / "c").head().seq


def test_somebody_elses_branch_is_left_alone(tmp_path, remote):
    """A ref that holds no store is not written to."""
    git(tmp_path, "clone", "--quiet", "remote.git", "work")
    git(tmp_path / "work", "commit", "--quiet", "--allow-empty", "-m", "code")
    git(tmp_path / "work", "push", "--quiet", "origin", "HEAD:refs/heads/code")

    with pytest.raises(StoreDamaged, match="something else"):
        opened(tmp_path / "a", "git:../remote.git#refs/heads/code")


def test_another_projects_store_is_refused(tmp_path, remote):
    """Two projects on one ref would each end what the other declared."""
    opened(tmp_path / "a", project="nordlicht").commit(Batch(ledger=chain(M365)))

    with pytest.raises(ConfigurationError, match="belongs to project `nordlicht`") as refused:
        opened(tmp_path / "b", project="hafenkontor")

    assert ["CSP925"] == code_of(refused.value)


def test_no_store_yet_is_not_an_empty_one(tmp_path, remote):
    """Reading commands make no store, and leave nothing on the remote."""
    with pytest.raises(ConfigurationError, match="no store yet"):
        opened(tmp_path / "a", create=False)

    assert "" == git(remote, "for-each-ref")


# ---- races and lost answers ----


def test_a_race_is_read_again_and_won(tmp_path, remote):
    """Two who write different things at once: both are kept. Records for the same place: only the first."""
    one, two = opened(tmp_path / "a"), opened(tmp_path / "b")
    one.commit(Batch(bindings=[(M365, binding())]))
    two.commit(Batch(bindings=[(VISIO, binding(VISIO))], journal=[entry(ONE, "intent")]))
    one.commit(Batch(ledger=chain(M365)))
    with pytest.raises(StoreDamaged):
        two.commit(Batch(ledger=chain(VISIO)))

    found = opened(tmp_path / "c")

    assert ({M365, VISIO}, 1, list(chain(M365))) == (
        set(found.bindings()), len(list(found.journal())), list(found.ledger())
    )  # fmt: skip


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git in front of git, whose connection is as bad as this file says: `lossy`, `dead`, or good where it is absent."""
    state, front = tmp_path / "line", tmp_path / "bin/git"
    front.parent.mkdir()
    front.write_text(
        f"""#!/bin/sh
state=$(cat {state} 2>/dev/null)
case "$state $1" in
"dead push" | "dead ls-remote" | "dead fetch") echo "ssh: connect to host git.example: Connection refused" >&2; exit 128 ;;
"lossy push") {shutil.which("git")} "$@"; echo "fatal: the remote end hung up unexpectedly" >&2; exit 128 ;;
esac
exec {shutil.which("git")} "$@"
""",
        encoding="utf-8",
    )
    front.chmod(0o755)
    monkeypatch.setenv("PATH", f"{front.parent}{os.pathsep}{os.environ['PATH']}")
    return state


def test_an_answer_lost_after_the_push_is_no_failure(tmp_path, remote, line):
    """The remote took the commit and the line broke: where the ref is, is what happened. Nothing is written twice."""
    store = opened(tmp_path / "a")
    line.write_text("lossy", encoding="utf-8")
    store.commit(Batch(ledger=chain(M365)))
    store.commit(Batch(ledger=chain(VISIO, head=store.head())))
    line.unlink()

    assert (2, "2") == (opened(tmp_path / "b").head().seq, git(remote, "rev-list", "--count", REF))


def test_a_push_that_nobody_took_is_an_error_and_no_commit(tmp_path, remote, line):
    """Nobody answers any more: whoever wanted to send something after this is stopped. The next write looks first."""
    store = opened(tmp_path / "a")
    store.lock(owner())
    line.write_text("dead", encoding="utf-8")
    with pytest.raises(TryLater) as failed:
        store.commit(Batch(journal=[entry(ONE, "intent")]))
    line.unlink()
    store.commit(Batch(ledger=chain(M365)))

    assert ["CSP923"] == code_of(failed.value)
    assert ([], 1) == (list(opened(tmp_path / "b").journal()), opened(tmp_path / "c").head().seq)


def test_a_lock_that_cannot_be_given_back_hides_no_result(tmp_path, remote, line):
    """The run is over and recorded when the line goes dead: whoever listens is warned, and told how to free the project."""
    project = Project(tmp_path)
    with (project.root / "cspdecl.yaml").open("a", encoding="utf-8") as file:
        file.write('  store: "git:../remote.git"\n')
    warned: list[Diagnostic] = []

    with project.estate.session() as session:
        with locked(session, "run-7", "apply", warn=warned.append):
            line.write_text("dead", encoding="utf-8")
        with pytest.raises(TryLater), locked(session, "run-8", "apply"):
            pass
    line.unlink()

    assert [("CSP919", True)] == [(one.code, "lock break run-7" in (one.hint or "")) for one in warned]
    assert "run-7" == (opened(tmp_path / "b").lock_owner() or owner()).run


def test_a_hook_that_refuses_without_a_word_is_named(tmp_path, remote):
    """A server that says nothing but no: still a rule of the server's, not a store that cannot be used."""
    store = opened(tmp_path / "a")
    hook = remote / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)

    with pytest.raises(ConfigurationError, match="hook declined") as refused:
        store.commit(Batch(bindings=[(M365, binding())]))

    assert ["CSP924"] == [item.code for item in refused.value.diagnostics]


def test_a_cache_that_was_taken_away_is_named(tmp_path, remote):
    """Somebody cleans up while a run is at work: git is not to blame."""
    store = opened(tmp_path / "a")
    shutil.rmtree(tmp_path / "a/.cspdecl/cache")

    with pytest.raises(ConfigurationError, match="its clone is gone"):
        store.commit(Batch(bindings=[(M365, binding())]))


def test_a_hook_that_refuses_is_named(tmp_path, remote):
    """A server's rule stops the push: its words are told, and nothing was written."""
    store = opened(tmp_path / "a")
    hook = remote / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho 'GH013: protected by a rule' >&2\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)

    with pytest.raises(ConfigurationError, match="refuses the push") as refused:
        store.commit(Batch(ledger=chain(M365)))

    assert ["CSP924"] == code_of(refused.value)
    assert "" == git(remote, "for-each-ref")


@pytest.mark.parametrize(
    ("said", "kind", "code"),
    [
        (
            "fatal: could not read Username for 'https://git.example': terminal prompts disabled",
            NotAuthorised,
            "CSP922",
        ),
        ("remote: Permission to n/x denied to anna.\nfatal: unable to access: error: 403", NotAuthorised, "CSP922"),
        ("fatal: unable to access 'https://git.example/': Could not resolve host", TryLater, "CSP923"),
        ("timed out after 180 s", TryLater, "CSP923"),
        ("fatal: '/x.git' does not appear to be a git repository", ConfigurationError, "CSP921"),
    ],
)
def test_gits_complaints_are_sorted_by_what_to_do(said, kind, code):
    """Credentials, network, place: each has its code, its exit and git's own telling line."""
    problem = in_words(GitFailed(said), "origin#refs/cspdecl/store")

    assert (kind, [code]) == (type(problem), code_of(problem))


def test_no_credential_of_an_address_is_told(tmp_path):
    """A CI job's address may hold its token; git repeats it when it fails, we do not."""
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "remote", "add", "origin", "https://job:t0ken@127.0.0.1:9/x.git")

    with pytest.raises(CspdeclError) as failed:
        opened(tmp_path, "git:.")

    assert "t0ken" not in f"{failed.value.message} {failed.value.diagnostics} {find_place('git:.', tmp_path).shown}"


# ---- histories ----


@pytest.mark.parametrize("how", ["set back", "deleted", "another one"])
def test_a_forced_push_is_noticed_by_who_saw_more(tmp_path, remote, how):
    """This machine remembers what it saw: a history that lacks it is damage, and nothing more is written on it."""
    store = opened(tmp_path / "a")
    for address in (M365, VISIO):
        store.commit(Batch(ledger=chain(address, head=store.head())))
    store.close()
    if how == "another one":
        other = opened(tmp_path / "b", "git:../remote.git#other")
        for address in (VISIO, M365):
            other.commit(Batch(ledger=chain(address, head=other.head())))
        git(remote, "update-ref", REF, "refs/cspdecl/other")
    else:
        git(remote, *(("update-ref", "-d", REF) if how == "deleted" else ("update-ref", REF, f"{REF}~1")))

    again = opened(tmp_path / "a", create=False)

    assert "ledger" in (again.damage() or "")
    with pytest.raises(StoreDamaged):
        again.lock(owner())
    with pytest.raises(StoreDamaged):
        again.commit(Batch(journal=[entry(ONE, "intent")]))


def test_a_rewritten_history_with_the_same_books_is_noticed(tmp_path, remote):
    """Squashed by somebody: the books are the same, the proof of when and by whom is gone."""
    store = opened(tmp_path / "a")
    store.commit(Batch(ledger=chain(M365)))
    store.commit(Batch(ledger=chain(VISIO, head=store.head())))
    git(remote, "update-ref", REF, git(remote, "commit-tree", "-m", "squash", f"{REF}^{{tree}}"))

    assert "CSP926" in (opened(tmp_path / "a").damage() or "")


def test_taken_over_from_elsewhere_stops_the_old_run(tmp_path, remote):
    """The machine that was given up comes back: its next push fails, so its next call is never made."""
    old, new = opened(tmp_path / "a"), opened(tmp_path / "b")
    old.lock(owner(host="elsewhere"))
    old.commit(Batch(journal=[entry(ONE, "intent")]))
    with pytest.raises(LockHeld, match="elsewhere"):
        new.lock(owner(OTHER_RUN))
    new.lock(owner(OTHER_RUN), take_over=RUN)

    with pytest.raises(LockHeld, match="taken from this run"):
        old.commit(Batch(journal=[entry(ONE, "outcome")]))
    old.unlock(owner(host="elsewhere"))

    assert OTHER_RUN == (opened(tmp_path / "c").lock_owner() or owner()).run


def test_a_process_of_another_container_is_never_declared_dead(tmp_path, remote, monkeypatch):
    """Containers share host names and numbers of processes: only the very same machine may look."""
    gone = subprocess.Popen(["true"])
    gone.wait()
    opened(tmp_path / "a").lock(owner(pid=gone.pid))
    monkeypatch.setattr("cspdecl.store.git_store.this_machine", lambda: "another")

    with pytest.raises(LockHeld):
        opened(tmp_path / "b").lock(owner(OTHER_RUN))


def test_notes_move_no_ref_of_the_store(tmp_path, remote):
    """A note has a ref of its own, so that a running apply is not disturbed."""
    store = opened(tmp_path / "a")
    store.commit(Batch(ledger=chain(M365)))
    before = git(remote, "rev-parse", REF)
    store.remember("drift", "three")

    assert (before, "three") == (git(remote, "rev-parse", REF), git(remote, "show", f"{REF}-notes:drift"))


def test_a_clone_that_lost_objects_says_what_to_do(tmp_path, remote):
    """A cache somebody cleaned by hand is made again, after its folder is gone."""
    store = opened(tmp_path / "a")
    store.commit(Batch(ledger=chain(M365)))
    store.close()
    [clone] = (tmp_path / "a/.cspdecl/cache/git").glob("*/clone.git")
    blob = git(clone, "rev-parse", "refs/seen/cspdecl/store:ledger/2026-11/0001.jsonl")
    (clone / "objects" / blob[:2] / blob[2:]).unlink()

    with pytest.raises(ConfigurationError, match=r"\.cspdecl/cache/git"):
        opened(tmp_path / "a").damage()


def test_a_mirror_pushes_only_on_what_it_read(tmp_path, remote):
    """Compare and swap: a push over a ref that somebody else moved is not taken, and says so."""
    place = find_place("git:../remote.git", tmp_path / "a")
    mirrors = [Mirror(place, tmp_path / name, REF) for name in ("x", "y")]
    for mirror in mirrors:
        mirror.prepare()
    made = [mirror.commit(None, {"a": name.encode()}, name, "") for mirror, name in zip(mirrors, "xy", strict=True)]

    assert [True, False] == [mirror.push(None, commit) for mirror, commit in zip(mirrors, made, strict=True)]
    assert made[0] == mirrors[1].tip()


def test_addresses_of_any_name_have_files(tmp_path, remote):
    """Names that no file may have are escaped; long ones become a digest."""
    store = opened(tmp_path / "a")
    for name in ("..", "a/b", "ü" * 200):
        store.remember(name, name)

    assert ["..", "a/b", "ü" * 200] == [opened(tmp_path / "b").recall(name) for name in ("..", "a/b", "ü" * 200)]
