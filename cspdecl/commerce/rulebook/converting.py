"""Rules about what becomes something else: upgrades and trials."""

from __future__ import annotations

from cspdecl.commerce.rulebook.shape import CREATE, OURS, TRANSITION, Chapter, rule

CHAPTERS: tuple[Chapter, ...] = (
    Chapter(
        title="Upgrades",
        rules=(
            rule("CSP349", "upgrade", "commerce.decide_upgrade.decide_full_upgrade", TRANSITION,
                  "All seats: the subscription keeps its id, term and end, and its offer changes. There is no way "
                  "back, and none without being asked for by name."),
            rule("CSP349", "upgrade-part", "commerce.decide_upgrade.decide_partial_upgrade", TRANSITION,
                  "Part of the seats: a second subscription with the same end and the source's window, bound to the "
                  "same line."),
            rule("CSP349", "upgrade-more", "commerce.decide_upgrade.decide_moving", TRANSITION,
                  "Later more: seats move into the second subscription, never into a third."),
            rule("CSP349", "upgrade-more-in-window", "commerce.decide_upgrade.decide_moving", TRANSITION,
                  "Seats move only into what is active, of the same term, ends no earlier and is outside its "
                  "cancellation window. Portal and interface differ; the stricter reading is taken."),
            rule("CSP349", "upgrade-unanswered", "commerce.decide_upgrade.decide_full_upgrade", OURS,
                  "Whether it can be had is asked for this subscription in every plan; no answer is no yes."),
            rule("CSP347", "upgrade-no-path", "commerce.decide_upgrade.decide_full_upgrade", TRANSITION,
                  "No downgrades and no other paths than the provider names, which the refusal lists."),
            rule("CSP348", "upgrade-wrong-source", "commerce.decide_upgrade.wrong_source", OURS,
                  "`upgrade.from` names what runs, so that nothing is upgraded by mistake."),
            rule("CSP348", "upgrade-no-way-back", "commerce.decide_upgrade.refuse_way_back", TRANSITION,
                  "Upgraded seats do not go back to where they came from."),
            rule("CSP348", "upgrade-other-term", "commerce.decide_upgrade.decide_full_upgrade", TRANSITION,
                  "An upgrade keeps term and billing plan; a longer term is a change of its own."),
            rule("CSP349", "upgrade-more-seats", "commerce.decide_upgrade.decide_full_upgrade", TRANSITION,
                  "More seats than run are bought with the upgrade, and approved as a purchase."),
            rule("CSP349", "upgrade-reissued", "commerce.decide_upgrade.decide_full_upgrade", TRANSITION,
                  "An immediate upgrade deletes what is scheduled, so it is written again after it."),
            rule("CSP348", "upgrade-unbound", "planning.match.match_customer", OURS,
                  "A line that upgrades nothing buys nothing."),
        ),
    ),
    Chapter(
        title="Trials",
        rules=(
            rule("CSP358", "trial-start", "commerce.decide_trial.trial_steps", CREATE,
                  "Starting a trial is a spending decision with a date: after 30 days it is 25 seats for a year."),
            rule("CSP358", "trial-start-fewer", "commerce.decide_trial.trial_steps", CREATE,
                  "Fewer seats need a conversion planned with it, and its renewal to stay on."),
            rule("CSP359", "trial-frozen", "commerce.decide_trial.decide_trial", CREATE,
                  "While a trial runs nothing changes but its renewal and what it becomes."),
            rule("CSP359", "trial-end", "commerce.decide_trial.decide_trial", CREATE,
                  "A trial is kept from becoming paid by switching its renewal off; it cannot be cancelled."),
            rule("CSP361", "trial-no-trial", "commerce.decide_trial.check_trial", OURS,
                  "`trial: true` and the offer have to agree."),
            rule("CSP362", "trial-became-paid", "commerce.decide_trial.decide_trial", OURS,
                  "What became paid by itself is said, with what to write; it is not bought again."),
            rule("CSP362", "trial-second", "planning.match.match_customer", OURS,
                  "A trial is had once: an ended one is not followed by another."),
            rule("CSP348", "trial-convert-too-few", "commerce.decide_upgrade.decide_full_upgrade", CREATE,
                  "An early conversion takes 25 seats or more, and begins a whole new term."),
        ),
    ),
)  # fmt: skip
