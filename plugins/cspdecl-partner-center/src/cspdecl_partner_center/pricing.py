"""Price sheets, offer matrix and exchange rates: files from the pricing host, streamed as they come (contract §9.2).

The host is another one, with tokens of its own, for users only: Global Admin, Admin Agent or Sales Agent. A wrong kind
of sign-in shows as 400 there. A sheet is some forty megabytes; nothing here holds more of it than a piece.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Literal

from cspdecl.core.errors import ConfigurationError, NotAuthorised, TryLater
from cspdecl_partner_center import faithful
from cspdecl_partner_center.faithful import NotJson, get
from cspdecl_partner_center.pacing import Pacer
from cspdecl_partner_center.tokens import Credential
from cspdecl_partner_center.transport import Bearer, Shared
from cspdecl_partner_center.wire import Lost, Stream, Streaming

Timeline = Literal["current", "history", "future"]
#: What a list is called here, and its view there; the last one is known from a client in use (contract §9.2, 2026).
VIEWS = {"license": "updatedlicensebased", "software": "software", "est": "licensebasedest"}
_MONTH = re.compile(r"\d{4}-?(?:0[1-9]|1[0-2])")
_MARKET = re.compile(r"[A-Za-z]{2}")
_USER: Credential = "user"
_LONGEST = 64 * 1024  # bytes of an error body that are looked at


class PriceFiles:
    """Downloads from the pricing host."""

    def __init__(
        self, *, wire: Streaming, tokens: Bearer, pacer: Pacer, endpoint: str, shared: Shared, new_id: Callable[[], str]
    ) -> None:
        self._wire = wire
        self._tokens = tokens
        self._pacer = pacer
        self._endpoint = endpoint
        self._shared = shared
        self._new_id = new_id

    def price_sheet(self, market: str, view: str, timeline: str, month: str | None) -> Iterator[bytes]:
        """A price sheet (CSV, or a zip of it) in pieces.

        `view`: license, software, est, or the service's own word; `timeline`: current, history (with `month`
        YYYY-MM) or future. Raises NotAuthorised, TryLater, ConfigurationError for what cannot be asked, and
        LookupError where there is no such sheet: `future` before anything will change.
        """
        if not _MARKET.fullmatch(market):
            raise ConfigurationError(f"`{market}` is no market: write two letters, such as DE")
        if timeline not in ("current", "history", "future"):
            raise ConfigurationError(f"`{timeline}` is none of current, history, future")
        if (timeline == "history") is (month is None):
            raise ConfigurationError("a month goes with history, and only with it")
        known = VIEWS.get(view, view)
        if not known.replace("_", "").isalnum():
            raise ConfigurationError(f"`{view}` is no view of price sheets: write {', '.join(VIEWS)}")
        query = f"timeline={timeline}" + (f"&month={_month(month)}" if month is not None else "")
        path = f"/v1.0/sales/pricesheets(Market='{market.upper()}',PricesheetView='{known}')/$value?{query}"
        return self._file(path, f"no price sheet `{view}` ({timeline}) for {market.upper()}")

    def offer_matrix(self, month: str) -> Iterator[bytes]:
        """The offer matrix of a month (YYYY-MM), as `price_sheet` gives it."""
        return self._file(f"/v1.0/sales/offermatrix(Month='{_month(month)}')/$value", f"no offer matrix for {month}")

    def fx_rates(self, month: str) -> Iterator[bytes]:
        """The exchange rates of a month (YYYY-MM), as `price_sheet` gives them."""
        return self._file(f"/v1.0/sales/fxrates(Month='{_month(month)}')/$value", f"no exchange rates for {month}")

    def _file(self, path: str, missing: str) -> Iterator[bytes]:
        self._tokens.credential_for(_USER)
        token = self._tokens.bearer(_USER)
        stream = self._open(path, token)
        if stream.status == 401:
            stream.close()
            self._tokens.forget(_USER, token)
            stream = self._open(path, self._tokens.bearer(_USER))
        if 200 <= stream.status < 300:
            return _pieces(stream)
        with stream:
            told = _told(stream)
        if stream.status == 404:
            raise LookupError(missing)
        if stream.status in (400, 401, 403):
            # A wrong kind of sign-in shows as 400 on this host (contract §9.2).
            raise NotAuthorised(
                f"the pricing service refuses the request ({stream.status}{told}): the user needs to be Global Admin, "
                "Admin Agent or Sales Agent"
            )
        raise TryLater(f"the pricing service answers {stream.status}{told}")

    def _open(self, path: str, token: str) -> Stream:
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept-Encoding": "deflate",
            "User-Agent": "cspdecl",
            "MS-CorrelationId": self._new_id(),
        }
        self._pacer.acquire()
        self._shared.count()
        try:
            return self._wire.stream(f"{self._endpoint}{path}", headers)
        except Lost as lost:
            raise TryLater(f"the pricing service does not answer: {lost.cause}") from lost


def _pieces(stream: Stream) -> Iterator[bytes]:
    """All of it. Raises TryLater where it breaks off: half a price list is none."""
    with stream:
        try:
            yield from stream.pieces()
        except Lost as lost:
            raise TryLater(f"the download broke off: {lost.cause}") from lost


def _told(stream: Stream) -> str:
    taken = b""
    try:
        for piece in stream.pieces():
            taken += piece
            if len(taken) > _LONGEST:
                break
        body = faithful.parse(taken) if taken.strip() else None
    except (Lost, NotJson):
        return ""
    told = get(body, "description") or get(body, "message") or get(body, "error", "message")
    return f": {str(told)[:200]}" if told else ""


def _month(text: str | None) -> str:
    if text is None or not _MONTH.fullmatch(text):
        raise ConfigurationError(f"`{text}` is no month: write YYYY-MM")
    return text.replace("-", "")
