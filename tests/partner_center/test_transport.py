"""The conversation itself: what passes, what is repeated, what an odd answer becomes. Answers are written down."""

# a test that claims an outcome may look into it
# mypy: disable-error-code="union-attr,operator,index,call-overload"
from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cspdecl.core.errors import ConfigurationError, NotAuthorised
from cspdecl_partner_center.faithful import NotJson, get, parse, render, with_fields
from cspdecl_partner_center.pacing import Pacer
from cspdecl_partner_center.transport import Busy, NoAnswer, Refusal, Request, Transport
from cspdecl_partner_center.wire import LARGEST, HttpxWire, Lost, open_wire
from tests.partner_center.support import PlainTokens, Script, Sleeper

PATH = "/v1/customers/t/subscriptions/s"
FAULT = {"code": 800090, "description": "Quantity cannot be decreased.", "data": [], "source": "x"}


def transport(answers, *, mode="write", sleeper=None, tokens=None, per_minute=1000, headers=None):
    waits = sleeper or Sleeper()
    script = Script(answers, headers=headers or {})
    return script, Transport(
        wire=script,
        tokens=tokens or PlainTokens(),
        pacer=Pacer(per_minute, clock=waits.clock, sleep=waits.sleep),
        endpoint="https://api.example",
        mode=mode,
        new_id=lambda: "11111111-2222-4333-8444-555555555555",
        sleep=waits.sleep,
        clock=waits.clock,
    )


GET = Request(method="GET", path=PATH)
PATCH = Request(method="PATCH", path=PATH, body={"quantity": 1}, request_id="r", correlation_id="c")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "path", [PATH, "/v1/customers", "/v1/customers/t/carts/c/checkout", "/v1/validations/addressx"]
)
def test_reading_connection_lets_no_write_pass(method, path):
    """Connected for reading, nothing that could write leaves, whoever asks."""
    script, reading = transport([], mode="read")

    with pytest.raises(ConfigurationError, match="reading only"):
        reading.send(Request(method=method, path=path, body={}))
    assert [] == script.sent


@pytest.mark.parametrize(
    "path",
    ["/v1/validations/address", "/v1/extensions/product/checkinventory", "/v1/customers/t/promotionEligibilities"],
)
def test_posts_that_only_ask_pass(path):
    """Three POSTs change nothing and pass."""
    script, reading = transport([("POST", path, 200, {})], mode="read")

    reading.send(Request(method="POST", path=path, body={}))

    assert [path] == [one.path for one in script.sent]


def test_reading_view_of_a_writing_connection_cannot_write():
    """What probes with is the same connection without the right to write."""
    script, writing = transport([])

    with pytest.raises(ConfigurationError):
        writing.reading().send(PATCH)
    assert [] == script.sent


def test_headers_of_every_request():
    """Token, ids, locale, JSON both ways; the body's type only where there is a body."""
    script, sending = transport([("GET", PATH, 200, {}), ("PATCH", PATH, 200, {})])

    sending.send(GET)
    sending.send(PATCH)

    first, second = script.sent
    assert {
        "authorization": "Bearer token-app-0",
        "accept": "application/json",
        "user-agent": "cspdecl",
        "x-locale": "en-US",
        "ms-requestid": "11111111-2222-4333-8444-555555555555",
        "ms-correlationid": "11111111-2222-4333-8444-555555555555",
        "ms-partnercenter-application": "cspdecl",
    } == first.headers
    assert ("r", "c", "application/json") == tuple(
        second.headers[name] for name in ("ms-requestid", "ms-correlationid", "content-type")
    )


def test_refused_token_is_replaced_once():
    """A 401 is answered with a new token, once; a second one is the credentials' fault."""
    tokens = PlainTokens()
    script, sending = transport([("GET", PATH, 401, {"code": 800001}), ("GET", PATH, 200, {})], tokens=tokens)

    sending.send(GET)

    assert ["Bearer token-app-0", "Bearer token-app-1"] == [one.headers["authorization"] for one in script.sent]
    _script, refused = transport([("GET", PATH, 401, {"code": 800001})])
    with pytest.raises(NotAuthorised, match="refuses the token"):
        refused.send(GET)


def test_reading_is_repeated_until_answered():
    """Two lost answers and a 503: a reading is asked again after growing pauses."""
    sleeper = Sleeper()
    lost = Lost("cut", sent=True)
    _script, sending = transport(
        [("GET", PATH, 0, lost), ("GET", PATH, 503, b"<html>"), ("GET", PATH, 0, lost), ("GET", PATH, 200, {"a": 1})],
        sleeper=sleeper,
    )

    assert {"a": 1} == sending.send(GET).body
    assert [0.5, 1.5, 3.5] == sleeper.slept


def test_write_that_never_left_may_leave_again():
    """No connection came about, so nothing can have happened: tried again like a reading."""
    sleeper = Sleeper()
    refused = Lost("no connection", sent=False)
    script, sending = transport(
        [("PATCH", PATH, 0, refused), ("PATCH", PATH, 0, refused), ("PATCH", PATH, 200, {"a": 1})], sleeper=sleeper
    )

    assert {"a": 1} == sending.send(PATCH).body
    assert 3 == len(script.sent)
    assert [0.5, 1.5] == sleeper.slept
    assert 1 == sending.shared.writes


def test_silence_is_believed_after_half_a_minute():
    """Nobody there: six tries, 29 seconds; then whoever else asks is told at once, for half a minute."""
    sleeper = Sleeper()
    script, sending = transport([("GET", PATH, 0, Lost("no connection", sent=False))], sleeper=sleeper)

    with pytest.raises(NoAnswer, match="no connection") as first:
        sending.send(GET)
    tried = len(script.sent)
    with pytest.raises(NoAnswer, match="no connection") as second:
        sending.reading().send(GET)

    assert [0.5, 1.5, 3.5, 7.5, 15.5] == sleeper.slept
    assert (6, 6) == (tried, len(script.sent))
    assert first.value.silent
    assert second.value.silent
    assert not second.value.doubtful
    sleeper.now += 31
    script.answers[:] = [("GET", PATH, 200, {})]
    assert 200 == sending.send(GET).status


def test_hung_service_is_not_waited_for_twice():
    """An answer that did not come for as long as we wait at most: that was the minute."""
    sleeper = Sleeper()
    script, sending = transport([], sleeper=sleeper)

    def hang(*request, **how):
        script.sent.append(request)
        sleeper.now += 60
        raise Lost("no answer in time", sent=True)

    script.send = hang
    with pytest.raises(NoAnswer, match="in time"):
        sending.send(GET)
    assert 1 == len(script.sent)


def test_one_silent_place_is_not_a_silent_service():
    """While others are answered, one request that is not says nothing about the next."""
    sleeper = Sleeper()
    lost = Lost("cut", sent=True)
    script, sending = transport([("GET", PATH, 0, lost), ("GET", "/other", 200, {})], sleeper=sleeper)
    other = Request(method="GET", path="/v1/other")

    def sleep(seconds):
        sleeper.sleep(seconds)
        if len(script.sent) == 2:
            assert 200 == sending.send(other).status

    sending._sleep = sleep
    with pytest.raises(NoAnswer, match="cut"):
        sending.send(GET)
    assert 200 == sending.send(other).status


def test_one_lost_answer_to_a_write_is_no_absence():
    """A checkout whose answer was lost is looked for at once: the look is sent, not told that nobody is there."""
    script, sending = transport([("PATCH", PATH, 0, Lost("cut", sent=True)), ("GET", PATH, 200, {})])

    with pytest.raises(NoAnswer, match="cut") as lost:
        sending.send(PATCH)

    assert lost.value.doubtful
    assert 200 == sending.send(GET).status
    assert 2 == len(script.sent)


def test_reading_gives_up_after_four_times():
    """What never answers is not asked for ever."""
    script, sending = transport([("GET", PATH, 500, {"code": "800003"})])

    with pytest.raises(NoAnswer, match="500"):
        sending.send(GET)
    assert 4 == len(script.sent)


@pytest.mark.parametrize(
    "answer",
    [
        (0, Lost("cut", sent=True)),
        (500, {"code": 800005}),
        (502, b"<html>"),
        (503, None),
        (200, b"{"),
        (408, None),
        (302, None),
    ],
)
def test_write_is_sent_once_whatever_comes_back(answer):
    """A lost answer, a 5xx, a redirect or rubbish: it may have happened, so it is not sent again here."""
    script, sending = transport([("PATCH", PATH, *answer)])

    with pytest.raises(NoAnswer) as told:
        sending.send(PATCH)
    assert not told.value.reading
    assert 1 == len(script.sent)


@pytest.mark.parametrize(
    ("status", "body", "code", "words"),
    [
        (400, FAULT, "800090", "decreased"),
        (400, {**FAULT, "code": "800090"}, "800090", "decreased"),
        (404, {"code": 600074, "message": "not found", "errorName": "x"}, "600074", "not found"),
        (404, None, "HTTP 404", ""),
        (409, b"\xff\xfe", "HTTP 409", ""),
        (403, ["odd"], "HTTP 403", ""),
        (403, {"Code": 20002, "Description": "no"}, "20002", "no"),
        (400, {"code": True, "description": {"a": 1}}, "HTTP 400", "a"),
    ],
)
def test_refusals_in_all_their_shapes(status, body, code, words):
    """Codes as numbers and as text, messages under two names, bodies that are no JSON."""
    _script, sending = transport([("PATCH", PATH, status, body)])

    with pytest.raises(Refusal) as told:
        sending.send(PATCH)
    assert (status, code) == (told.value.status, told.value.code)
    assert words in told.value.description


def test_throttle_is_waited_out_by_patient_readings_only():
    """Planning waits as long as it was told; an operation hands the pause to the engine."""
    sleeper, body = Sleeper(), {"statusCode": 429, "message": "Rate limit is exceeded. Try again in 57 seconds."}
    _script, sending = transport([("GET", PATH, 429, body), ("GET", PATH, 200, {})], sleeper=sleeper)

    sending.send(Request(method="GET", path=PATH, patient=True))

    assert [57.0] == sleeper.slept
    _script, impatient = transport([("GET", PATH, 429, body)], headers={"retry-after": "12"})
    with pytest.raises(Busy) as told:
        impatient.send(GET)
    assert 12 == told.value.retry_after


def test_endless_throttle_ends():
    """Told to wait again and again, a reading gives up and says so."""
    script, sending = transport([("GET", PATH, 429, None)], headers={"retry-after": "1"})

    with pytest.raises(Busy):
        sending.send(Request(method="GET", path=PATH, patient=True))
    assert 6 == len(script.sent)


def test_business_time_is_taken_from_any_answer():
    """Refusals are dated too; a Date that is none is passed over."""
    _script, sending = transport([("GET", PATH, 404, None)])
    with pytest.raises(Refusal):
        sending.send(GET)
    assert datetime(2026, 11, 22, 14, 2, tzinfo=UTC) == sending.shared.date

    _script, odd = transport([("GET", PATH, 200, {})], headers={"date": "yesterday"})
    odd.send(GET)
    assert None is odd.shared.date


@given(st.lists(st.floats(0, 30), min_size=1, max_size=60))
def test_no_minute_holds_more_than_allowed(gaps):
    """Whatever the rhythm of asking, no window of a minute sees more than ten requests."""
    sleeper, sent = Sleeper(), []
    pacer = Pacer(10, clock=sleeper.clock, sleep=sleeper.sleep)
    for gap in gaps:
        sleeper.now += gap
        pacer.acquire()
        sent.append(sleeper.now)

    assert all(later - earlier >= 59.999 for earlier, later in zip(sent, sent[10:], strict=False))


def test_bodies_too_large_are_lost_not_kept():
    """An answer beyond the limit is dropped while it comes in."""

    def stream():
        for _ in range(LARGEST // 2**20 + 2):
            yield bytes(2**20)

    wire = HttpxWire(httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, content=stream()))))

    with pytest.raises(Lost, match="larger"):
        wire.send("GET", "https://api.example/v1", {}, b"")


@pytest.mark.parametrize(
    ("problem", "sent"),
    [
        (httpx.ConnectError("refused"), False),
        (httpx.ConnectTimeout("slow"), False),
        (httpx.ReadTimeout("slow"), True),
        (httpx.ReadError("cut"), True),
        (httpx.RemoteProtocolError("odd"), True),
    ],
)
def test_broken_connections_are_lost_answers(problem, sent):
    """Every way a connection breaks is one exception that says whether the request may have arrived."""

    def fail(_request):
        raise problem

    wire = HttpxWire(httpx.Client(transport=httpx.MockTransport(fail)))
    with pytest.raises(Lost) as told:
        wire.send("GET", "https://api.example/v1", {}, b"")
    assert sent is told.value.sent


def test_certificate_file_that_is_none_is_a_configuration_error(tmp_path):
    """`caFile` that does not exist or holds no certificates is said before anything is sent."""
    rubbish = tmp_path / "ca.pem"
    rubbish.write_text("no certificate")
    for path in (rubbish, tmp_path / "absent.pem"):
        with pytest.raises(ConfigurationError, match="caFile"):
            open_wire(ca_file=str(path), connections=1)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_documents_survive_a_round_trip(value):
    """Any document comes back as it went, odd text and all."""
    assert value == parse(render(value))


@pytest.mark.parametrize(
    "literal",
    ["30.40", "0.10", "1e2", "1E+2", "-0", "-0.0", "123456789012345678901234567890", "1.0000000000000000000001"],
)
def test_number_literals_survive_a_round_trip(literal):
    """`30.40` stays `30.40`: money and quantities go back exactly as they came."""
    text = f'{{"a":[{literal}],"B":null}}'.encode()

    assert text == render(parse(text))
    assert text.replace(b"null", b"7") == render(with_fields(parse(text), b=7))


@pytest.mark.parametrize(
    "text", [b"{", b"\xff", b"NaN", b"[1,]", b"[" * 100_000, b"[" * 300 + b"]" * 300, b"1" * 5000, b'{"a":Infinity}']
)
def test_what_is_no_json_is_said_to_be_none(text):
    """Cut, foreign, endless or nested beyond reason: one exception, never a crash."""
    with pytest.raises(NotJson):
        parse(text)


def test_names_are_found_in_any_case():
    """The exact spelling wins, then any."""
    assert (1, 2, None, None) == (
        get({"FriendlyName": 1}, "friendlyName"),
        get({"friendlyName": 2, "FRIENDLYNAME": 3}, "friendlyName"),
        get({"a": 1}, "b"),
        get([1], "a"),
    )
