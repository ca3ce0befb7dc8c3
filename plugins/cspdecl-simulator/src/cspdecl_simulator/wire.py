"""What travels: request bodies read in any case, replies written in camelCase, refusals as error bodies.

Sources: contract §3 (JSON conventions), §4 (errors). Numbers come in as Decimal and go out as JSON numbers without
losing a digit.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

Doc = dict[str, Any]
ERROR_SOURCE = "PartnerApiServiceControllers"


class Body(dict[str, Any]):
    """A JSON object whose names are looked up without case; `raw` keeps the names as they were sent."""

    __slots__ = ("raw",)

    def __init__(self, pairs: Iterable[tuple[str, Any]] | Mapping[str, Any] | None = None) -> None:
        items = list(pairs.items()) if isinstance(pairs, Mapping) else list(pairs or ())
        super().__init__((name.lower(), value) for name, value in items)
        self.raw: Doc = {name: plain(value) for name, value in items}

    def text(self, name: str) -> str | None:
        """The value as text, or None when absent, null or empty."""
        value = self.get(name)
        return str(value) if value not in (None, "") else None

    def part(self, name: str) -> Body:
        """The nested object of that name; an empty one when absent."""
        value = self.get(name)
        return value if isinstance(value, Body) else Body()

    def parts(self, name: str) -> list[Body]:
        """The nested objects of a list; a single object counts as a list of one."""
        value = self.get(name)
        if isinstance(value, Body):
            return [value]
        return [item for item in value if isinstance(item, Body)] if isinstance(value, list) else []


def plain(value: Any) -> Any:
    """A parsed value with the sender's own spelling of names."""
    if isinstance(value, Body):
        return value.raw
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


class Refusal(Exception):  # noqa: N818 - a no is an answer, not an error of this program
    """The service says no: an HTTP status with a documented code, or a body of a shape of its own."""

    def __init__(
        self,
        status: int,
        code: int | str,
        description: str,
        *,
        data: list[Any] | None = None,
        source: str = ERROR_SOURCE,
        body: Doc | None = None,
        headers: Doc | None = None,
    ) -> None:
        super().__init__(description)
        self.status, self.code, self.description = status, code, description
        self.body = (
            body
            if body is not None
            else {"code": code, "description": description[:1024], "data": data or [], "source": source}
        )
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP answer; `delay` is how many seconds a server should wait before it sends it, `drop` that it never
    should.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    delay: float = 0.0
    drop: bool = False


@dataclass(slots=True)
class Answer:
    """What a handler returns before it becomes bytes."""

    status: int
    doc: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None


def parse_body(raw: bytes) -> Any:
    """JSON bytes to Body, list or scalar; empty means an empty object.

    Raises Refusal(400, 800002) for what is not JSON.
    """
    if not raw.strip():
        return Body()
    try:
        return json.loads(raw.decode("utf-8-sig"), object_pairs_hook=Body, parse_float=Decimal)
    except (ValueError, RecursionError) as problem:
        raise Refusal(400, 800002, "The request body is not valid JSON.") from problem


def number(value: Any) -> Any:
    """A Decimal as the JSON number of the same value, for `json.dumps(default=…)`."""
    if isinstance(value, Decimal):
        if value == value.to_integral_value() and value.as_tuple().exponent == 0:
            return int(value)
        return float(value)  # money has fewer digits than a float holds exactly
    raise TypeError(f"{type(value).__name__} is not JSON")


def dump(doc: Any) -> bytes:
    """A document as JSON bytes; Decimal becomes a JSON number of the same value."""
    return json.dumps(doc, default=number, ensure_ascii=False, separators=(",", ":")).encode()


def present(**fields: Any) -> Doc:
    """A document of the fields that have a value: the service leaves out what is null."""
    return {name: value for name, value in fields.items() if value is not None}


def link(uri: str, method: str = "GET", headers: list[Doc] | None = None) -> Doc:
    return {"uri": uri, "method": method, "headers": headers or []}


def attributes(kind: str, etag: str | None = None) -> Doc:
    return {"etag": etag, "objectType": kind} if etag is not None else {"objectType": kind}


def collection(items: list[Doc], self_uri: str | None = None, **extra: Any) -> Doc:
    """The usual envelope of a list; totalCount counts the items of this answer."""
    doc: Doc = {"totalCount": len(items), "items": items}
    doc.update(extra)
    if self_uri is not None:
        doc.setdefault("links", {})["self"] = link(self_uri)
    doc["attributes"] = attributes("Collection")
    return doc


def snake(value: str) -> str:
    """An enum value as the wire spells it: `OneTime` → `one_time`; what is already lower stays."""
    value = value.strip()
    out = []
    for position, char in enumerate(value):
        if char.isupper() and position and not value[position - 1].isupper() and value[position - 1] != "_":
            out.append("_")
        out.append(char.lower())
    return "".join(out)


def pascal(value: str) -> str:
    """`one_time` → `OneTime`."""
    return "".join(part[:1].upper() + part[1:] for part in value.split("_"))


def iso(moment: datetime) -> str:
    """UTC with `Z`, fraction only where there is one."""
    text = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return text + (f".{moment.microsecond:06d}".rstrip("0") if moment.microsecond else "") + "Z"


def moment(text: str) -> datetime:
    """An ISO 8601 instant; without an offset it is UTC, more than six fractional digits are cut.

    Raises ValueError for anything else.
    """
    text = text.strip().replace("Z", "+00:00").replace("z", "+00:00").replace(" ", "" if "T" in text else " ")
    head, dot, tail = text.partition(".")
    if dot:
        digits = len(tail) - len(tail.lstrip("0123456789"))
        text = f"{head}.{tail[:digits][:6].ljust(6, '0')}{tail[digits:]}"
    parsed = datetime.fromisoformat(text)
    return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def midnight(day: datetime) -> datetime:
    return day.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def pages(items: list[Any], size: int, start: int) -> tuple[list[Any], int | None]:
    """One page and where the next begins; None when this was the last."""
    chosen = items[start : start + size]
    return chosen, (start + size if start + size < len(items) else None)


DAY = timedelta(days=1)
