"""Which reviews are approvals of this very plan, decided from values alone.

The last word of each reviewer counts. It has to be about the pull request's last commit and to be given after the plan
was shown: who approved an earlier plan did not see this one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from cspdecl.core.plain import instant_text
from cspdecl_ci.forge import Pull, Review


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """`approvals` as `apply --approvals` takes them; `left_out` says of each that does not count why."""

    approvals: tuple[Mapping[str, object], ...]
    left_out: tuple[str, ...]


def count_approvals(
    reviews: Iterable[Review], pull: Pull, *, plan: str, shown: datetime | None, say: Callable[..., str] = str.format
) -> Counted:
    """The approvals of a plan, by its digest and since when it stands in the comment; `say` words the reasons."""
    last: dict[str, Review] = {}
    for review in reviews:
        if review.state != "commented":  # a remark takes nothing back
            last[review.by.casefold()] = review
    approvals, left_out = list[Mapping[str, object]](), list[str]()
    for review in last.values():
        if review.state != "approved":
            continue
        against = _against(review, pull, shown, say)
        if against:
            left_out.append(f"{review.by}: {against}")
            continue
        facts: dict[str, object] = {"id": review.id, "by": review.by, "plan": plan, "author": pull.author}
        facts |= {"at": instant_text(review.at)} if review.at else {}
        facts |= {"commit": pull.head, "pull": pull.number} | ({"link": review.link} if review.link else {})
        approvals.append(facts)
    return Counted(approvals=tuple(approvals), left_out=tuple(left_out))


def _against(review: Review, pull: Pull, shown: datetime | None, say: Callable[..., str]) -> str:
    if review.by.casefold() == pull.author.casefold():
        return say("the author's own word does not count")
    if review.bot:
        return say("a program cannot approve")
    if not review.may_write:
        return say("may not write to this repository")
    if review.commit is not None and review.commit != pull.head:
        told = "approved commit {commit}, and the last one is {head}"
        return say(told, commit=review.commit[:12], head=pull.head[:12])
    if review.at is None:
        return say("when this was approved is not known")
    if shown is None or review.at <= shown:
        return say("approved before this plan was shown")
    return ""
