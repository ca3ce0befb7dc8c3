"""Whose eyes something is shown to: "all" see cost and margin, "sell" only what the reseller asks for it."""

from __future__ import annotations

from typing import Literal

Show = Literal["sell", "all"]
