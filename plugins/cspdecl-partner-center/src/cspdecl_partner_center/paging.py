"""Collections, page by page, with the documented defects of their links (contract §5, §22.19).

A next link is never followed to where it points: path and query of the first call are kept, the query of the link is
laid over them after its second `?` is mended, and the continuation token goes into its header. So a link can neither
lead to another host nor lose the filter. Pages that go round in a circle, and counts that do not fit, are `Incomplete`:
half a list must not look like a whole one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

from cspdecl_partner_center.faithful import Json, get, listed
from cspdecl_partner_center.subscriptions import whole
from cspdecl_partner_center.transport import Request, Transport

_TOKEN = "MS-ContinuationToken"  # noqa: S105 - the name of a header
_MISSPELT = {"nvoicelineitemtype": "invoicelineitemtype"}
_PAGES = 20_000


class Incomplete(Exception):  # noqa: N818 - says what the list is
    """A list that is not all there, in one sentence."""


def items(transport: Transport, request: Request, *, by_header: bool = False) -> Iterator[Json]:
    """All items of a collection, each once. Raises Incomplete at the end, besides what the transport raises.

    `by_header`: a continuation token in the answer's headers means another page, whatever the counts say.
    """
    seen_tokens: set[str] = set()
    seen_ids: set[str] = set()
    counted, largest, total = 0, 0, None
    current = request
    for number in range(1, _PAGES + 1):
        answer = transport.send(current)
        body = answer.body
        page = body if isinstance(body, list) else get(body, "items")
        if not isinstance(page, list):
            raise Incomplete(f"{request.path}: the answer is no collection")
        counted += len(page)
        largest = max(largest, len(page))
        total = whole(get(body, "totalCount")) if not isinstance(body, list) else None
        for item in page:
            own = get(item, "id")
            if isinstance(own, str):
                if own.lower() in seen_ids:
                    continue  # the list moved while it was read
                seen_ids.add(own.lower())
            yield item
        token, query = _next(body)
        if query is None and (by_header or (total is not None and counted < total)):
            # No link, yet there is more: the token may stand alone, in the body or in the answer's headers.
            token = _alone(body, answer.headers.get(_TOKEN.lower()))
        if token is None and query is None:
            _check(request, total, counted, last=len(page), pages=number)
            return
        mark = token or repr(query)
        if mark in seen_tokens:
            raise Incomplete(f"{request.path}: the pages go round in a circle")
        seen_tokens.add(mark)
        headers = {**request.headers, _TOKEN: token} if token else request.headers
        current = replace(request, query=_merged(request, query or []), headers=headers)
    raise Incomplete(f"{request.path}: more than {_PAGES} pages")


def _check(request: Request, total: int | None, counted: int, *, last: int, pages: int) -> None:
    # `totalCount` is printed per page in some samples and for the whole in others.
    if total is None or total == counted or (pages > 1 and total == last):
        return
    raise Incomplete(f"{request.path}: {total} were announced and {counted} came")


def _next(body: Json) -> tuple[str | None, list[tuple[str, str]] | None]:
    """Token and query of the next link; no link means the last page."""
    link = get(body, "links", "next")
    uri = get(link, "uri")
    if not isinstance(uri, str) or not uri:
        return None, None
    token = next(
        (
            str(get(entry, "value"))
            for entry in listed(link, "headers")
            if str(get(entry, "key")).lower() == _TOKEN.lower() and get(entry, "value")
        ),
        None,
    )
    query = parse_qsl(urlsplit(uri).query.replace("?", "&"), keep_blank_values=True)
    return token or _alone(body, None), query


def _alone(body: Json, header: str | None) -> str | None:
    own = get(body, "continuationToken")
    return own if isinstance(own, str) and own else header or None


def _merged(request: Request, query: list[tuple[str, str]]) -> list[tuple[str, str]]:
    laid = {name.lower(): (name, value) for name, value in request.query}
    for name, value in query:
        name = _MISSPELT.get(name.lower(), name)
        kept = laid.get(name.lower(), (name, value))[0]
        laid[name.lower()] = (kept, value)
    laid.setdefault("seekoperation", ("seekOperation", "Next"))
    return list(laid.values())
