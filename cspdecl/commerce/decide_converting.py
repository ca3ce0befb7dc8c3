"""What becomes something else: trials, upgrades, and the two parts of a line that was upgraded in part.

Speaks before the rules of what merely runs, and hands on to them what an upgrade leaves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from cspdecl.commerce.decide_addon import check_leaving_base
from cspdecl.commerce.decide_trial import decide_trial
from cspdecl.commerce.decide_upgrade import (
    Moved,
    decide_full_upgrade,
    decide_moving,
    decide_partial_upgrade,
    wrong_source,
)
from cspdecl.commerce.values import Decision, Delta, Draft, Setting
from cspdecl.core.live import LiveSubscription

GoOn = Callable[[Delta, LiveSubscription, Setting, Draft], Decision]


def decide_converting(delta: Delta, live: LiveSubscription, setting: Setting, go_on: GoOn) -> Decision | None:
    """The decision where something is to become something else, None where it is not.

    `go_on` decides about name, end of term, seats and renewal of what an upgrade leaves.
    """
    spec, draft = delta.spec, Draft()
    if spec.trial:
        return decide_trial(spec, live, setting)
    if spec.absent:
        return _leaving_base(delta, live, setting)
    split = setting.split
    if split is not None:
        if not split.moving or split.part == "target":
            return None
        moving = decide_moving(spec, live, split.other, setting, draft, count=split.moving)
        return _finish(moving, delta, live, setting, draft, go_on)
    if spec.upgrade is None or spec.offer == live.offer:
        return None
    if live.offer != spec.upgrade.source:
        draft.diagnostics.append(wrong_source(spec, live))
        return Decision(symbol="?", diagnostics=tuple(draft.diagnostics), before=live.seats, after=live.seats)
    part = spec.upgrade.seats is not None and (spec.upgrade.seats, spec.seats) != (live.seats, live.seats)
    decide_upgrade = decide_partial_upgrade if part and not live.trial else decide_full_upgrade
    return _finish(decide_upgrade(spec, live, setting, draft), delta, live, setting, draft, go_on)


def _leaving_base(delta: Delta, live: LiveSubscription, setting: Setting) -> Decision | None:
    """A base that may not leave yet, because of an add-on to it."""
    refused, waiting = check_leaving_base(delta.spec, live, setting) if setting.addons else (None, None)
    if refused is None and waiting is None:
        return None
    return Decision(
        symbol="?",
        waiting=(waiting,) if waiting is not None else (),
        diagnostics=(refused,) if refused is not None else (),
        before=live.seats,
        after=live.seats,
        notes=(waiting.text,) if waiting is not None else (),
    )


def _finish(
    result: Moved | Decision, delta: Delta, live: LiveSubscription, setting: Setting, draft: Draft, go_on: GoOn
) -> Decision:
    """The upgrade's step and those that follow it as one decision about the line."""
    if isinstance(result, Decision):
        return result
    if result.spec.offer != live.offer and result.gone == 0:
        after = setting
    else:
        after = replace(setting, offer=None, offer_state="unread", split=None)  # the catalogue's entry is the target's
    # a name belongs to the upgraded part; seats, end and renewal are compared with what the upgrade leaves
    fields = delta.fields & ({"reseller"} if result.gone else {"reseller", "nickname"})
    decision = go_on(Delta(spec=result.spec, live=result.live, fields=fields), result.live, after, draft)
    moved = result.gone if setting.split is None else 0
    return replace(
        decision,
        symbol="~" if decision.steps else "?",
        before=live.seats,
        after=(decision.after or 0) + moved,
        later=None if decision.later is None else decision.later + moved,
        added=result.bought if live.trial else decision.added,
    )
