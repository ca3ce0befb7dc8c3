"""After the merge: find what was approved, and carry out that.

Which plan: the one whose digest stands in our comment on the pull request, so that what was shown is what is run. Whose
word: the reviews given after it was shown. What it still covers is for `apply` to judge. A push without a pull request
buys nothing. Lock held by another run: wait for it; nothing is dropped because two merges came at once.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cspdecl.core.errors import CspdeclError
from cspdecl_ci.approvals import Counted, count_approvals
from cspdecl_ci.desk import Desk, digest_of, refusal
from cspdecl_ci.forge import Comment, Pull
from cspdecl_ci.planning import CHANGES, read_json
from cspdecl_ci.processes import Done, git, harmless
from cspdecl_ci.publishing import announce_artifact, artifact_name, publish
from cspdecl_ci.sticky import fenced, find_comment, read_marker

LOCKED, STALE, PARTLY, REFUSED, USAGE = 6, 7, 4, 3, 64
_MOST = 50  # merges in one push; more than that is a migration, and a person's work
_RANK = (5, 4, 7, 65, 3, 77, 75, 6, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How long to wait for another run's lock, and how."""

    seconds: float
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was approved: the saved plan, and whose words count."""

    plan: Path
    counted: Counted


def apply_merged(desk: Desk, *, plan_from: Path | None, waiting: Waiting) -> int:
    """Everything that this push brought to the default branch. Answers with the exit code for the job."""
    if desk.job.pull is not None or desk.job.fork:
        raise refusal(
            "CSP746",
            "a pull request is planned, not applied",
            hint="run `cspdecl ci apply` on pushes to the default branch only",
            exit_code=USAGE,
        )
    announce_artifact(desk, f"cspdecl-apply-{desk.job.commit}")
    codes, pulls, direct, problems = list[int](), dict[int, Pull](), list[str](), list[CspdeclError]()
    for commit in _arrived(desk):
        pull = desk.forge().merged_pull(commit)
        if pull is None:
            direct.append(commit)
        else:
            pulls.setdefault(pull.number, pull)
    shown = {number: find_comment(desk.forge().comments(number), "plan", desk.key) for number in pulls}
    # those without a plan come last: what the others bring is no longer waiting then, and is not held against them
    for pull in sorted(pulls.values(), key=lambda one: shown[one.number] is None):
        try:
            codes.append(_apply_one(desk, pull, shown[pull.number], plan_from=plan_from, waiting=waiting))
        except CspdeclError as problem:  # one that cannot be carried out keeps no other from it
            problems.append(problem)
            codes.append(problem.exit_code)
    if direct and not pulls:
        codes.append(_without_plan(desk, None, desk.say("this push came without a pull request")))
    elif direct:
        desk.echo(f"{len(direct)} commits came without a pull request: what they declare waits for a plan")
    code = next((code for code in _RANK if code in codes), max(codes, default=0))
    last = next((one for one in problems if one.exit_code == code), None)
    for other in problems:
        if other is not last:
            desk.tell_problem(other)
    if last is not None:
        raise last
    return code


def _arrived(desk: Desk) -> Iterator[str]:
    """The commits that a push put on the branch, along its own line, oldest first."""
    head, before = desk.job.commit or "HEAD", desk.job.before
    if before and git(desk.project, "merge-base", "--is-ancestor", before, head) is not None:
        told = git(desk.project, "rev-list", "--first-parent", "--reverse", f"{before}..{head}")
        commits = (told or "").split()
        if commits:
            if len(commits) > _MOST:
                desk.echo(
                    f"{len(commits)} commits came at once: the last {_MOST} are looked at, the rest is for a person"
                )
            yield from commits[-_MOST:]
            return
    yield git(desk.project, "rev-parse", head) or head


def _apply_one(desk: Desk, pull: Pull, comment: Comment | None, *, plan_from: Path | None, waiting: Waiting) -> int:
    if comment is None:
        return _without_plan(desk, pull, desk.say("no plan was shown on pull request {number}", number=pull.number))
    try:
        found = _approved(desk, pull, comment, plan_from)
    except CspdeclError as problem:
        if any(item.code == "CSP742" for item in problem.diagnostics):
            _nothing(desk, pull, "\n".join(filter(None, (problem.message, problem.diagnostics[0].hint))), STALE)
        raise
    for line in found.counted.left_out:
        desk.echo(harmless(f"note[CSP745]: not counted as an approval: {line}"))
    approvals = desk.file("approvals.json")
    approvals.write_text(json.dumps(list(found.counted.approvals), indent=2) + "\n", encoding="utf-8")
    result, said, fresh = desk.file("result.json"), desk.file("result.md"), desk.file("fresh.json")
    words = ["apply", str(found.plan), "--approvals", str(approvals), "--result-file", str(result)]
    words += ["--comment-file", str(said), "--fresh", str(fresh), "--show", desk.show]
    done = _patiently(desk, words, waiting)
    text = said.read_text(encoding="utf-8") if said.is_file() else _ended(desk, done)
    if found.counted.left_out:
        text += f"\n{desk.say('Not counted as approvals:')}\n\n" + fenced("\n".join(found.counted.left_out))
    publish(desk, {}, done.code, failure=text)
    unsaid = _result(desk, pull, text)
    if done.code in (STALE, PARTLY) and fresh.is_file():
        _show_fresh(desk, pull, fresh)
    return done.code or unsaid


def _approved(desk: Desk, pull: Pull, comment: Comment, plan_from: Path | None) -> Found:
    """The plan that the comment shows, and the approvals it has. Raises CspdeclError with CSP742."""
    marker = read_marker(comment.body)
    # merged without a new commit, the pull request's last one is that of the branch: there `fresh` tells
    shown_after = (
        marker is not None and marker.commit == desk.job.commit and (marker.fresh or marker.commit != pull.head)
    )
    if marker is None or not marker.digest or (marker.commit != pull.head and not shown_after):
        shows_none = "the comment on pull request {number} shows no plan of its last commit, {commit}"
        raise _unfit(desk, shows_none, number=pull.number, commit=pull.head[:12])
    for text in _saved(desk, pull, plan_from):
        path = desk.file("approved.json")
        path.write_bytes(text)
        if digest_of(read_json(path)) == marker.digest:
            break
    else:
        not_kept = "the plan that pull request {number} shows ({digest}) was not kept"
        raise _unfit(desk, not_kept, number=pull.number, digest=marker.digest[:12])
    reviews = desk.forge().reviews(pull.number)
    counted = count_approvals(reviews, pull, plan=marker.digest, shown=comment.changed, say=desk.say)
    if shown_after and not counted.approvals:
        raise _unfit(desk, "the fresh plan on pull request {number} has not been approved", number=pull.number)
    return Found(plan=path, counted=counted)


def _saved(desk: Desk, pull: Pull, plan_from: Path | None) -> Iterator[bytes]:
    if plan_from is not None:
        yield from (path.read_bytes() for path in sorted(plan_from.rglob("*.json")))
        return
    yield from desk.forge().saved_plans(pull, artifact_name(desk, pull.head), after=desk.job.commit)


def _unfit(desk: Desk, message: str, **values: object) -> CspdeclError:
    return refusal(
        "CSP742",
        desk.say(message, **values),
        hint=desk.say("make a new pull request, or approve the fresh plan and run this job again"),
        exit_code=STALE,
    )


def _patiently(desk: Desk, words: list[str], waiting: Waiting) -> Done:
    """`apply`, again while another run holds the lock."""
    until = waiting.clock() + waiting.seconds
    while True:
        done = desk.cspdecl.run(*desk.verb(*words))
        left = until - waiting.clock()
        if done.code != LOCKED or left <= 0:
            return done
        desk.echo(f"another run holds the lock: waiting, at most {left:.0f} s more")
        waiting.pause(min(20.0, left))


def _show_fresh(desk: Desk, pull: Pull, fresh: Path) -> None:
    """The plan as it would be made now, in the place of the stale one: approved there, it can be carried out."""
    shown = desk.cspdecl.run(*desk.verb("show", str(fresh), "--format", "markdown", "--show", desk.show), quiet=True)
    if shown.code == 0:
        why = desk.say(
            "What was approved does not fit any more. This is the plan made anew after the merge. To carry it out, "
            "approve the pull request once more and run the job again, or let a person apply it."
        )
        text = f"> {why}\n\n{shown.out}"
        digest = digest_of(read_json(fresh))
        if desk.comment_after(
            pull.number, desk.marker("plan", commit=desk.job.commit, digest=digest, fresh=True), text
        ):
            return
        fresh.replace(desk.file("plan.json"))
        announce_artifact(desk, artifact_name(desk, pull.head))


def _without_plan(desk: Desk, pull: Pull | None, why: str) -> int:
    """Nothing was shown, so nothing is bought: fine where nothing would be sent, refused where something would."""
    base = desk.default_ref(desk.job.before, f"{desk.job.commit}~1")
    words = ["plan", "--detailed-exitcode", "--show", desk.show, *(("--changed-since", base) if base else ())]
    done = desk.cspdecl.run(*desk.verb(*words))
    if done.code != CHANGES:
        desk.echo(desk.say("{why}; nothing is to be sent", why=why) if done.code == 0 else why)
        told = desk.say("{why}; exit code {code}.", why=why[:1].upper() + why[1:], code=done.code)
        publish(desk, {}, done.code, failure=f"{told}\n")
        return done.code
    problem = refusal(
        "CSP741",
        desk.say("{why}, and it would send something: nothing was carried out", why=why),
        hint="make a pull request, so that it is seen before it happens; or a person applies it: `cspdecl apply`",
        exit_code=REFUSED,
    )
    _nothing(desk, pull, problem.message, REFUSED)
    raise problem


def _nothing(desk: Desk, pull: Pull | None, why: str, code: int) -> None:
    """Nothing was carried out: said in the summary, and on the pull request where there is one."""
    text = f"## {desk.say('Nothing was carried out')}\n\n{fenced(why)}"
    publish(desk, {}, code, failure=text)
    if pull is not None:
        _result(desk, pull, text)


def _result(desk: Desk, pull: Pull, text: str) -> int:
    return desk.comment_after(pull.number, desk.marker("apply", commit=desk.job.commit), text)


def _ended(desk: Desk, done: Done) -> str:
    link = desk.log_link()
    title = desk.say("Apply ended with exit code {code}", code=done.code)
    return f"## {title}\n\n{fenced(done.err or done.out)}{link}"
