"""Addresses: how everything that can change is named, "hafenkontor/arbeitsplatz/m365".

The first part is the customer, the rest the way down: a line, or a bundle line and its component.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """A customer and the path to one of its lines; an empty path is the customer itself."""

    customer: str
    path: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read "customer/line/component". Raises ValueError on empty parts."""
        parts = text.split("/")
        if not all(parts):
            raise ValueError(f"`{text}` is no address: write customer/line or customer/line/component")
        return cls(parts[0], tuple(parts[1:]))

    def child(self, name: str) -> Address:
        """The address one step below."""
        return Address(self.customer, (*self.path, name))

    @property
    def parent(self) -> Address:
        """The address one step above; a customer is its own parent."""
        return Address(self.customer, self.path[:-1])

    @property
    def name(self) -> str:
        """The last part: what a person calls it."""
        return self.path[-1] if self.path else self.customer

    def __str__(self) -> str:
        return "/".join((self.customer, *self.path))
