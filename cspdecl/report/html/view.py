"""What every part of the page is drawn for: the language, the eyes, and where declarations stand in the files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cspdecl.core.diagnostics import Origin
from cspdecl.core.money import Money
from cspdecl.report.costliest import signed
from cspdecl.report.html.markup import Html, el
from cspdecl.report.language import ENGLISH, Language
from cspdecl.report.links import NO_LINKS, Links
from cspdecl.report.show import Show


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """`show` "sell" leaves out cost, margin and commitment. `links` finds a declaration's line and its address."""

    lang: Language = ENGLISH
    show: Show = "all"
    links: Links = NO_LINKS

    @property
    def cost(self) -> bool:
        """Whether cost, margin and commitment may be seen."""
        return self.show == "all"

    def say(self, template: str, /, **values: object) -> str:
        """A text of the page's own, in its language."""
        return self.lang.say(template, **values)

    def counted(self, count: int, one: str, many: str) -> str:
        """`one` for a single thing, else `many` with its {count}: both are whole texts of the catalogue."""
        return self.say(one) if count == 1 else self.say(many, count=count)

    def signed(self, money: Money) -> str:
        """An amount that is a change: +61.80 EUR."""
        return signed(money, self.lang)

    def last_day(self, exclusive: datetime) -> str:
        """The last full day before an exclusive end."""
        return self.lang.day((exclusive - timedelta(microseconds=1)).date())

    def where(self, origin: Origin) -> Html:
        """File and line of a declaration, customers/hafenkontor.yaml:14, as a link where an address is known."""
        found = self.links.place(origin)
        text = f"{self.links.path(origin)}:{found[0]}" if found else self.links.path(origin)
        address = self.links.address(origin)
        if address is not None and address.startswith(("https://", "http://")):
            return el("a", text, href=address)
        return el("span", text)
