"""A trial that was had and became paid is not started again by the line that is put back."""

from __future__ import annotations

from dataclasses import replace

from cspdecl.core.catalog import Offer, OfferKey, OfferTerm
from tests.planning_builders import (
    PREMIUM,
    VISIO,
    actions,
    binding,
    catalog,
    codes,
    customer,
    line,
    live_customer,
    make_plan,
    sub,
)  # fmt: skip

TRIAL = Offer(
    key=OfferKey.parse(VISIO), title="A trial", min_seats=1, max_seats=25, trial=True, terms=(OfferTerm.parse("P1M/none"),),
    upgrades=(OfferKey.parse(PREMIUM),),
)  # fmt: skip


def planned(*lines, subs=(), bound=()):
    sold = catalog()
    return make_plan(
        [customer("hafenkontor", *lines)], [live_customer("hafenkontor", *subs)], bindings=bound,
        catalogs={("partner-center", "DE", "commercial"): replace(sold, offers={**sold.offers, TRIAL.key: TRIAL})},
    )  # fmt: skip


def test_what_a_trial_became_is_not_tried_again():
    """What it becomes runs and no line stands for it: a second trial would become a second paid year."""
    made = planned(line("try", VISIO, 25, trial=True), subs=[sub("s1", PREMIUM, 25)])

    assert ([], ["CSP362"]) == (actions(made), codes(made))


def test_a_trial_of_unknown_end_became_a_sku_of_its_product():
    """Where the catalogue does not say what a trial becomes, another SKU of its product may be it."""
    unnamed = replace(TRIAL, key=OfferKey.parse("CFQ7TTC0LCHC:TRL1"), upgrades=())
    made = make_plan(
        [customer("hafenkontor", line("try", "CFQ7TTC0LCHC:TRL1", 25, trial=True))],
        [live_customer("hafenkontor", sub("s1", PREMIUM, 25))],
        catalogs={("partner-center", "DE", "commercial"): replace(catalog(), offers={unnamed.key: unnamed})},
    )  # fmt: skip

    assert ([], ["CSP362"]) == (actions(made), codes(made))


def test_beside_a_paid_line_a_trial_may_be_started():
    """What has a line of its own is not what a trial became."""
    made = planned(
        line("try", VISIO, 25, trial=True), line("paid", PREMIUM, 25), subs=[sub("s1", PREMIUM, 25)],
        bound=[binding("hafenkontor/paid", "s1", offer=PREMIUM)],
    )  # fmt: skip

    assert ["hafenkontor/try purchase"] == actions(made)
