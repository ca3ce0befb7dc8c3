"""Seats of add-ons that need a share of their base's."""

from __future__ import annotations

from fractions import Fraction

import pytest

from cspdecl.commerce.decide_addon import minimum_addon_seats


@pytest.mark.parametrize(("base", "least"), [(1, 1), (20, 1), (21, 2), (100, 5), (101, 6), (130, 7), (0, 1)])
def test_five_per_cent_rounded_up(base, least):
    """Multi-Geo: at least 5 % of the base seats, a started seat counts, one at least."""
    assert least == minimum_addon_seats(base, Fraction(1, 20))
