"""Killed at every point while upgrading, converting, lengthening, suspending, resuming and buying on terms of their own:
started again, nothing is done twice, and what cannot be undone is recorded exactly once.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from cspdecl.core.catalog import OfferKey, OfferTerm
from cspdecl.core.inquiry import AskTransitions, PromotionOffer, TargetSubscription, TransitionPath, Transitions
from cspdecl.core.live import Status
from cspdecl.testing.builders import live_customer, live_subscription
from cspdecl.testing.buying import Promoted
from cspdecl.testing.estate import Estate
from cspdecl.testing.memory import MemoryProvider
from cspdecl.testing.passage import trial_becomes
from cspdecl.testing.world import World, sell
from tests.crash.test_apply import Scene, Victim
from tests.unit.engine.harness import tenant_of

BASIC, PREMIUM, VISIO = "CFQ7TTC0LH18:0001", "CFQ7TTC0LCHC:0002", "CFQ7TTC0HD32:0002"
PHONE, OWNED, TRIAL = "CFQ7TTC0LH0T:0001", "DG7GMGF0D7FV:0001", "CFQ7TTC0LCHC:TRL1"
LAUNCH = "39NFJQT1PM6C:0005:39NFJQT1Q5L7"
YEAR_AGO = datetime(2026, 3, 1, tzinfo=UTC)


def prepare(root: Path) -> Estate:
    """What runs before anything is declared of it, one upgrade of a part done already; then all that is declared."""
    world = World(root / "world.json")
    premium = OfferKey.parse(PREMIUM)
    with world.open() as state:
        basic, *others = sell(BASIC, PREMIUM, VISIO, PHONE)
        [owned], [trial] = sell(OWNED, terms="OneTime/one_time"), sell(TRIAL, terms="P1M/none", most=25)
        trial = replace(trial, trial=True, upgrades=(premium,), terms=(OfferTerm.parse("P1M/none"),))
        state.offers = (replace(basic, upgrades=(premium,)), *others, replace(owned, product="perpetual"), trial)
        state.promotions = (
            Promoted(
                offer=OfferKey.parse(PHONE),
                promotion=PromotionOffer(
                    id=LAUNCH, name="Launch", eligible=True, automatic=False, discount=Fraction(1, 10)
                ),
            ),
        )
        state.put_customer(
            live_customer(
                live_subscription(id="s-part", offer=BASIC, seats=9),
                tenant=tenant_of(1),
                key="alpha",
                name="Alpha GmbH",
            )
        )
        running = live_subscription(id="t-trial", offer=TRIAL, seats=25, trial=True)
        paid = trial_becomes(trial, None)
        state.put_customer(
            live_customer(
                live_subscription(id="s-part2", offer=BASIC, seats=5),
                live_subscription(id="s-long", offer=VISIO, seats=4),
                replace(running, scheduled=paid), tenant=tenant_of(2), key="beta", name="Beta GmbH",
            )
        )  # fmt: skip
        state.put_customer(
            live_customer(
                live_subscription(id="s-full", offer=BASIC, seats=3),
                live_subscription(id="s-stop", offer=VISIO, seats=6),
                live_subscription(id="s-wake", offer=PHONE, seats=2, status=Status.SUSPENDED, end_of_term="unset"),
                tenant=tenant_of(3), key="gamma", name="Gamma gGmbH",
            )
        )  # fmt: skip
    estate = estate_at(root)
    estate.project()
    part: dict[str, Any] = {"name": "part", "offer": PREMIUM, "seats": 9}
    estate.customer("alpha", {**part, "upgrade": {"from": BASIC, "seats": 4}}, tenant=tenant_of(1))
    estate.apply()
    world.advance(days=8)
    with world.open() as state:
        alpha = state.customer(tenant_of(1))
        [made] = [item.id for item in alpha.subscriptions if item.offer == premium]
        path = TransitionPath(
            offer=premium, kinds=("transition_only",), into=(TargetSubscription(id=made, eligible=True),)
        )
        asked = AskTransitions(tenant=alpha.tenant, subscription="s-part", when="immediate")
        state.said = ((asked, Transitions(paths=(path,))),)
        state.put_customer(replace(alpha, budget=Decimal(0)))
    estate.customer("alpha", {**part, "upgrade": {"from": BASIC, "seats": 6}}, {"name": "azure", "azurePlan": {"budget": "500.00"}},
        {"name": "owned", "offer": OWNED, "seats": 2, "billing": "one_time"},
        {"name": "phone", "offer": PHONE, "seats": 5, "promotion": LAUNCH, "customTermEnd": "month-end",
         "atRenewal": {"seats": 7}}, tenant=tenant_of(1))  # fmt: skip
    estate.customer("beta", {"name": "part", "offer": PREMIUM, "seats": 5, "upgrade": {"from": BASIC, "seats": 2}},
        {"name": "long", "offer": VISIO, "seats": 4, "term": "P3Y", "atRenewal": {"seats": 3}},
        {"name": "trial", "offer": PREMIUM, "seats": 25, "upgrade": {"from": TRIAL}, "id": "t-trial"},
        tenant=tenant_of(2))  # fmt: skip
    estate.customer("gamma", {"name": "full", "offer": PREMIUM, "seats": 5, "upgrade": {"from": BASIC}, "endOfTerm": "cancel"},
        {"name": "stop", "offer": VISIO, "seats": 6, "suspended": True},
        {"name": "wake", "offer": PHONE, "seats": 4, "atRenewal": {"seats": 3}},
        {"name": "try", "offer": TRIAL, "seats": 25, "trial": True, "renewsTo": {"seats": 30}},
        tenant=tenant_of(3))  # fmt: skip
    return estate


def estate_at(root: Path) -> Estate:
    world = World(root / "world.json")
    return Estate(root=root, connect=lambda mode: MemoryProvider(world, mode=mode))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    victim = Victim()
    try:
        yield Scene(tmp_path_factory.mktemp("crash-new"), victim, prepare)
    finally:
        victim.close()


def crash(scene: Scene, point: int, verb: str) -> None:
    estate = scene.copy(f"{verb}-{point}")
    assert scene.victim.order(estate.root, kill=point)["killed"]
    scene.victim.order(estate.root, verb)
    scene.victim.order(estate.root)
    scene.assert_same_end(estate)
    shutil.rmtree(estate.root)


def test_the_run_does_all_that_is_new(scene: Scene):
    """Every new kind of write is in the run that is killed: upgrades in full, in part and into what is there, too."""
    done = Counter(action for _address, _origin, action, *_rest in scene.records.elements())

    assert {"purchase": 3, "transition": 5, "change_term": 1, "buy_azure_plan": 1, "suspend": 1, "resume": 1} == {
        name: done[name] for name in ("purchase", "transition", "change_term", "buy_azure_plan", "suspend", "resume")
    }


@pytest.mark.parametrize("seventh", range(7))
def test_killed_and_recovered(scene: Scene, seventh: int):
    """A slice of the points: killed there, recovered, applied again, it ends like the run that nobody killed."""
    for point in range(seventh * 5, len(scene.points), 35):
        crash(scene, point, "recover")


@pytest.mark.parametrize("point", [12, 40])
def test_killed_and_just_applied_again(scene: Scene, point: int):
    """Without `recover` in between, `apply` settles what the killed run left before it plans."""
    crash(scene, point, "apply")


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("verb", ["recover", "apply"])
def test_killed_at_every_point(scene: Scene, verb: str):
    """Every point there is."""
    for point in range(len(scene.points)):
        crash(scene, point, verb)
