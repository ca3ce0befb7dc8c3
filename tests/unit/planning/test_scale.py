"""Planning grows with what is declared and with nothing else."""

from __future__ import annotations

import gc
import time

from tests.planning_builders import PHONE, PREMIUM, VISIO, binding, customer, line, live_customer, make_plan, sub

OFFERS = (VISIO, PREMIUM, PHONE)


def estate(customers: int, lines: int):
    specs, lives, bound = [], [], []
    for number in range(customers):
        key = f"k{number}"
        names = [(f"l{index}", OFFERS[index % 3]) for index in range(lines)]
        specs.append(
            customer(key, *(line(name, offer, 6 if name == "l0" else 5, customer=key) for name, offer in names))
        )
        lives.append(live_customer(key, *(sub(f"{key}-{name}", offer) for name, offer in names)))
        bound += [binding(f"{key}/{name}", f"{key}-{name}", offer=offer) for name, offer in names]
    return specs, lives, bound


def spent(customers: int, lines: int) -> float:
    specs, lives, bound = estate(customers, lines)
    gc.collect()
    best = float("inf")
    for _ in range(3):
        begun = time.process_time()
        make_plan(specs, lives, bindings=bound)
        best = min(best, time.process_time() - begun)
    return best


def test_ten_times_the_customers_cost_ten_times_as_much():
    """The slope over customers is one, with room for a busy machine; a quadratic step would make it a hundred."""
    assert spent(1_000, 5) < 30 * spent(100, 5)


def test_ten_times_the_lines_of_one_customer_cost_ten_times_as_much():
    """The slope over the lines of one customer is one too."""
    assert spent(1, 5_000) < 30 * spent(1, 500)


def test_lines_that_change_do_not_compare_with_each_other():
    """Every line of one customer changes, and still ten times as many take ten times as long."""

    def all_new(count: int) -> float:
        specs = [customer("k", *(line(f"l{index}", OFFERS[index % 3], customer="k") for index in range(count)))]
        lives = [live_customer("k", *(sub(f"s{index}", OFFERS[index % 3], 4) for index in range(count)))]
        bound = [binding(f"k/l{index}", f"s{index}", offer=OFFERS[index % 3]) for index in range(count)]
        begun = time.process_time()
        make_plan(specs, lives, bindings=bound, catalogs={})
        return time.process_time() - begun

    assert min(all_new(2_000) for _ in range(2)) < 30 * min(all_new(200) for _ in range(3))
