"""Price sheets, offer matrix and exchange rates: fetched from the pricing host in pieces, or said why not."""

# mypy: disable-error-code="union-attr,operator,index,call-overload"
from __future__ import annotations

import io
import zipfile

import pytest

from cspdecl.core.capability import Capability
from cspdecl.core.errors import ConfigurationError, NotAuthorised, TryLater
from cspdecl_partner_center.settings import parse_settings
from cspdecl_partner_center.wire import Lost, Reply
from tests.partner_center.shop import Shop
from tests.partner_center.support import APP_ONLY, Pieces, PlainTokens, Script, over_script, settings_of

SHEET = "/v1.0/sales/pricesheets(Market='US',PricesheetView='updatedlicensebased')/$value"


def unpacked(pieces):
    taken = b"".join(pieces)
    if not taken.startswith(b"PK"):
        return taken.decode("utf-8-sig")
    with zipfile.ZipFile(io.BytesIO(taken)) as packed:
        (name,) = packed.namelist()
        return packed.read(name).decode("utf-8-sig")


@pytest.mark.parametrize("view", ["license", "software", "est"])
def test_current_sheet_is_fetched_in_pieces(view):
    """By a user's token for the pricing host; a file as it is imported (contract §9.2)."""
    shop = Shop()

    text = unpacked(shop.provider.price_sheet("us", view, "current"))

    assert Capability.PRICE_PREVIEW in shop.provider.capabilities
    assert "ProductId" in text.splitlines()[0]
    assert (view != "license") or len(text.splitlines()) > 1


def test_offer_matrix_and_exchange_rates():
    """Of a month, each in its own columns."""
    shop = Shop()

    assert "ProductSkuConversion" in unpacked(shop.provider.offer_matrix("2026-11"))
    assert unpacked(shop.provider.fx_rates("202611"))


def test_sheet_of_an_earlier_month_names_it():
    """History goes with a month; the query is as documented."""
    script = Script([("GET", "/$value", 200, b"a,b\n1,2\n")])
    provider = over_script(script)

    assert b"a,b\n1,2\n" == b"".join(provider.price_sheet("US", "license", "history", "2021-01"))
    (sent,) = script.sent
    assert (SHEET, "timeline=history&month=202101") == (sent.path, sent.query)
    assert ("deflate", "Bearer token-user-0") == (sent.headers["accept-encoding"], sent.headers["authorization"])


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("U.S.", "license", "current", None), "no market"),
        (("US", "license", "soon", None), "none of current, history, future"),
        (("US", "license", "history", None), "a month goes with history"),
        (("US", "license", "current", "2026-11"), "a month goes with history"),
        (("US", "license", "history", "2026-13"), "no month"),
        (("US", "x')/$value?", "current", None), "no view"),
    ],
)
def test_question_that_makes_no_sense_is_not_sent(asked, told):
    """What goes into the path is checked first."""
    script = Script([])

    with pytest.raises(ConfigurationError, match=told):
        over_script(script).price_sheet(*asked)
    assert [] == script.sent


@pytest.mark.parametrize(
    ("status", "error"),
    [(404, LookupError), (400, NotAuthorised), (403, NotAuthorised), (500, TryLater), (429, TryLater)],
)
def test_answer_that_is_no_file(status, error):
    """There is none; the sign-in is of the wrong kind; the service is unwell: each is its own."""
    provider = over_script(Script([("GET", "/$value", status, {"code": 1, "description": "because"})]))

    with pytest.raises(error):
        provider.price_sheet("US", "license", "future")


def test_refused_token_is_replaced_once():
    """401: another token, one more try."""
    tokens = PlainTokens()
    script = Script([("GET", "/$value", 401, None), ("GET", "/$value", 200, b"x")])

    assert b"x" == b"".join(over_script(script, tokens=tokens).price_sheet("US", "license", "current"))
    assert ["token-user-0"] == tokens.forgotten


def test_download_that_breaks_off_is_no_list():
    """Half a price sheet raises; what came before it is not passed off as all."""

    class Cut(Script):
        def stream(self, url, headers):
            return Pieces(Reply(status=200, headers={}, content=b"a,b\n" * 20), cut=2)

    pieces = over_script(Cut([])).price_sheet("US", "license", "current")

    assert b"a,b\na,b" == next(pieces)
    with pytest.raises(TryLater, match="broke off"):
        list(pieces)


def test_nobody_there_is_said():
    """No connection at all."""

    class Gone(Script):
        def stream(self, url, headers):
            raise Lost("no connection", sent=False)

    with pytest.raises(TryLater, match="does not answer"):
        over_script(Gone([])).fx_rates("2026-11")


def test_without_a_users_sign_in_or_outside_the_global_cloud_there_are_none():
    """Said with what is missing, before anything is sent."""
    app_only = over_script(Script([]), auth=APP_ONLY)
    china = parse_settings(settings_of(cloud="china", endpoint=None))

    with pytest.raises(NotAuthorised, match=r"auth\.user"):
        app_only.price_sheet("US", "license", "current")
    assert None is china.pricing
    assert "https://api.partner.microsoft.com" == parse_settings(settings_of(endpoint=None)).pricing
    assert "https://127.0.0.1" == parse_settings(settings_of()).pricing
