"""The carrier by the official client over real HTTP: the requests, and what is certain after a failure."""

import dataclasses
import logging
import socketserver
import ssl
import threading
import traceback
from base64 import b64decode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import trustme

from config.settings import Settings
from tests.fake_twilio import FakeTwilio, running_twilio
from workers.carrier import ASKING_SECONDS, Carrier, CarrierCall, CarrierRefused, CarrierUnknown

LINE, PHONE, LEG = "+12025550100", "+12025550123", "a" * 32
CALL_SID = f"CA{7:032x}"


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    with running_twilio() as server:
        yield server


@pytest.fixture
def make_carrier(settings: Settings, twilio: FakeTwilio) -> Iterator[Callable[..., Carrier]]:
    made: list[Carrier] = []

    def make(**changes: Any) -> Carrier:
        changed = {"twilio_api_base_url": twilio.url, "carrier_timeout_seconds": 0.5, **changes}
        made.append(Carrier(dataclasses.replace(settings, **changed), LINE))
        return made[-1]

    yield make
    for carrier in made:
        carrier.close()


@pytest.fixture
def carrier(make_carrier: Callable[..., Carrier]) -> Carrier:
    return make_carrier()


def _place(carrier: Carrier) -> str:
    return carrier.place_call(to=PHONE, leg_id=LEG, ring_seconds=20)


def test_call_is_placed_with_our_number_an_opaque_address_and_its_events(
    carrier: Carrier, twilio: FakeTwilio, settings: Settings
) -> None:
    sid = _place(carrier)
    ((method, path, form),) = twilio.asked
    assert sid.startswith("CA")
    assert (method, path) == ("POST", f"/2010-04-01/Accounts/{settings.twilio_account_sid}/Calls.json")
    assert form == {
        "To": [PHONE],
        "From": [LINE],
        "Url": [f"https://line.example.org/voice/legs/{LEG}"],
        "Method": ["POST"],
        "Timeout": ["20"],
        "StatusCallback": [f"https://line.example.org/voice/call-events?leg={LEG}"],
        "StatusCallbackMethod": ["POST"],
        "StatusCallbackEvent": ["initiated", "ringing", "answered", "completed"],
    }


def test_copy_that_must_ring_nobody_sends_the_carrier_nothing_that_changes_anything(
    make_carrier: Callable[..., Carrier], twilio: FakeTwilio
) -> None:
    copy = make_carrier(places_calls=False)
    for ask in (
        lambda: _place(copy),
        lambda: copy.send_text(to=PHONE, body="The line has a message."),
        lambda: copy.end_call(CALL_SID),
        lambda: copy.redirect_call(CALL_SID, LEG),
        lambda: copy.tell_missed(CALL_SID, "b" * 32, LEG),
        lambda: copy.delete_record("call", CALL_SID),
    ):
        with pytest.raises(CarrierRefused) as refused:
            ask()
        # As for a refused account: nobody's try is spent, and every promise waits.
        assert (refused.value.about, refused.value.code) == ("account", None)
    assert {method for method, _path, _form in twilio.asked} <= {"GET"}


def test_call_shows_the_line_that_its_leg_was_given(carrier: Carrier, twilio: FakeTwilio) -> None:
    carrier.place_call(to=PHONE, leg_id=LEG, ring_seconds=20, line="+12025550101")
    ((_, _, form),) = twilio.asked
    assert form["From"] == ["+12025550101"]


def test_one_participant_of_a_conference_is_told_who_does_not_join(
    carrier: Carrier, twilio: FakeTwilio, settings: Settings
) -> None:
    call_sid = f"CA{7:032x}"
    carrier.tell_missed(call_sid, "b" * 32, LEG)
    (_, asked, _), (method, path, form) = twilio.asked
    account = f"/2010-04-01/Accounts/{settings.twilio_account_sid}"
    assert asked == f"{account}/Conferences.json"
    assert (method, path) == ("POST", f"{account}/Conferences/CF{1:032x}/Participants/{call_sid}.json")
    assert form == {
        "AnnounceUrl": [f"https://line.example.org/voice/legs/{LEG}/missed"],
        "AnnounceMethod": ["POST"],
    }


def test_nobody_is_told_in_a_conference_that_is_over(carrier: Carrier, twilio: FakeTwilio) -> None:
    twilio.has_conference = False
    with pytest.raises(CarrierRefused):
        carrier.tell_missed(f"CA{7:032x}", "b" * 32, LEG)
    assert len(twilio.asked) == 1


def test_account_or_an_api_key_signs_in(
    make_carrier: Callable[..., Carrier], twilio: FakeTwilio, settings: Settings
) -> None:
    _place(make_carrier())
    assert _signed_in(twilio) == f"{settings.twilio_account_sid}:{settings.twilio_auth_tokens[0]}"
    _place(make_carrier(twilio_api_key="SK1", twilio_api_secret="the secret"))
    assert _signed_in(twilio) == "SK1:the secret"
    assert settings.twilio_account_sid in twilio.asked[-1][1]


def _signed_in(twilio: FakeTwilio) -> str:
    assert twilio.authorization is not None
    return b64decode(twilio.authorization.removeprefix("Basic ")).decode()


def test_base_url_with_a_path_is_kept(make_carrier: Callable[..., Carrier], twilio: FakeTwilio) -> None:
    _place(make_carrier(twilio_api_base_url=f"{twilio.url}/stand-in"))
    assert twilio.asked[0][1].startswith("/stand-in/2010-04-01/")


def test_machines_edge_and_region_are_not_read(
    make_carrier: Callable[..., Carrier], twilio: FakeTwilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWILIO_EDGE", "sydney")
    monkeypatch.setenv("TWILIO_REGION", "au1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    _place(make_carrier())
    assert len(twilio.asked) == 1


def test_call_is_polled_ended_and_sent_to_its_leg_again(carrier: Carrier, twilio: FakeTwilio) -> None:
    twilio.call_status = "in-progress"
    assert carrier.fetch_call("CA1") == CarrierCall("in-progress")
    carrier.end_call("CA1")
    carrier.redirect_call("CA1", LEG)
    assert [(method, form) for method, _, form in twilio.asked] == [
        ("GET", {}),
        ("POST", {"Status": ["completed"]}),
        ("POST", {"Url": [f"https://line.example.org/voice/legs/{LEG}"], "Method": ["POST"]}),
    ]
    assert {path.rpartition("/")[2] for _, path, _ in twilio.asked} == {"CA1.json"}


def test_carrier_tells_when_a_call_ended(carrier: Carrier, twilio: FakeTwilio) -> None:
    twilio.call_status, twilio.end_time = "completed", "Wed, 25 Nov 2026 15:00:01 +0000"

    assert carrier.fetch_call("CA1") == CarrierCall("completed", datetime(2026, 11, 25, 15, 0, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("status", "code", "about"),
    [
        (400, 21211, "number"), (400, 21217, "number"), (400, 21210, "account"), (400, 21610, "account"),
        (401, 20003, "account"), (403, None, "account"), (429, 20429, "pace"), (429, 22005, "account"),
        (429, None, "pace"),
    ],
)  # fmt: skip
def test_refused_call_is_certain_and_judged_by_twilios_code(
    carrier: Carrier, twilio: FakeTwilio, status: int, code: int | None, about: str
) -> None:
    twilio.behaves, twilio.error_code = status, code
    with pytest.raises(CarrierRefused) as refused:
        _place(carrier)
    assert (refused.value.about, refused.value.code) == (about, code)
    assert len(twilio.asked) == 1


@pytest.mark.parametrize(
    ("code", "about"),
    [(21211, "number"), (21408, "number"), (21610, "number"), (21612, "number"), (21614, "number"),
     (21606, "account"), (21210, "account")],
)  # fmt: skip
def test_refused_text_has_codes_of_its_own_about_the_number(
    carrier: Carrier, twilio: FakeTwilio, code: int, about: str
) -> None:
    twilio.behaves, twilio.error_code = 400, code
    with pytest.raises(CarrierRefused) as refused:
        carrier.send_text(to=PHONE, body="words")
    assert (refused.value.about, refused.value.code) == (about, code)


@pytest.mark.parametrize("behaves", ["hang", "drop", "garbage", "nameless", 408, 500, 502, 503, 302])
def test_uncertain_result_is_unknown_and_never_tried_twice(
    carrier: Carrier, twilio: FakeTwilio, behaves: str | int
) -> None:
    twilio.behaves = behaves
    with pytest.raises(CarrierUnknown):
        _place(carrier)
    assert len(twilio.asked) == 1


def test_unreachable_carrier_has_dialed_nobody(make_carrier: Callable[..., Carrier]) -> None:
    with pytest.raises(CarrierRefused) as refused:
        _place(make_carrier(twilio_api_base_url="http://127.0.0.1:1"))
    assert refused.value.about == "connection"


def test_carrier_whose_certificate_is_not_believed_has_dialed_nobody(
    make_carrier: Callable[..., Carrier],
) -> None:
    """By a clock months ahead every certificate ran out: each callback that was due was left for staff."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(CarrierRefused) as refused:
            _place(make_carrier(twilio_api_base_url=f"https://127.0.0.1:{server.server_address[1]}"))
        server.shutdown()
    assert refused.value.about == "connection"


@pytest.mark.parametrize("behaves", ["well", 400, 500, "hang", "garbage"])
def test_no_number_and_no_token_is_in_a_log_or_a_fault(
    carrier: Carrier, twilio: FakeTwilio, caplog: pytest.LogCaptureFixture, behaves: str | int
) -> None:
    twilio.behaves = behaves
    told = ""
    with caplog.at_level(logging.INFO):
        try:
            _place(carrier)
        except (CarrierRefused, CarrierUnknown) as fault:
            told = "".join(traceback.format_exception(fault))
    for private in ("5550123", "5550100", "the-token-of-the-test-suite"):
        assert private not in caplog.text + told


def test_text_goes_out_from_our_number_and_its_result_is_as_certain_as_a_calls(
    carrier: Carrier, twilio: FakeTwilio, settings: Settings
) -> None:
    carrier.send_text(to=PHONE, body="2 promised calls are at risk.")
    ((method, path, form),) = twilio.asked
    assert (method, path) == ("POST", f"/2010-04-01/Accounts/{settings.twilio_account_sid}/Messages.json")
    assert form == {"To": [PHONE], "From": [LINE], "Body": ["2 promised calls are at risk."]}
    carrier.send_text(to=PHONE, body="Please call us.", line="+12025550101")
    assert twilio.asked[-1][2]["From"] == ["+12025550101"]
    for behaves, expected in ((400, CarrierRefused), (503, CarrierUnknown), ("drop", CarrierUnknown)):
        twilio.behaves = behaves
        with pytest.raises(expected):
            carrier.send_text(to=PHONE, body="again")


def test_status_poll_waits_no_longer_than_a_pass_of_the_sweeper_may(
    make_carrier: Callable[..., Carrier],
) -> None:
    carrier = make_carrier(carrier_timeout_seconds=10)
    assert carrier._asking_http.timeout == ASKING_SECONDS
    assert carrier._http.timeout == 10


def test_record_is_deleted_and_one_that_is_gone_counts_as_deleted(
    carrier: Carrier, twilio: FakeTwilio
) -> None:
    carrier.delete_record("call", "CA1")
    carrier.delete_record("message", "SM1")
    twilio.behaves, twilio.error_code = 404, 20404
    carrier.delete_record("call", "CA2")

    assert [(method, path.partition(".json")[0].rpartition("/")[2]) for method, path, _ in twilio.asked] == [
        ("DELETE", "CA1"), ("DELETE", "SM1"), ("DELETE", "CA2"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "code", "about"),
    [
        (409, 20409, "record"), (400, 20001, "record"), (401, 20003, "account"), (403, 20403, "account"),
        (429, 20429, "pace"),
    ],
)  # fmt: skip
def test_refused_deletion_is_of_the_record_the_account_or_the_pace(
    carrier: Carrier, twilio: FakeTwilio, status: int, code: int, about: str
) -> None:
    twilio.behaves, twilio.error_code = status, code
    with pytest.raises(CarrierRefused) as refused:
        carrier.delete_record("call", "CA1")
    assert (refused.value.about, refused.value.code) == (about, code)


@pytest.mark.parametrize("behaves", ["drop", 500])
def test_nobody_knows_whether_a_record_is_gone_without_an_answer(
    carrier: Carrier, twilio: FakeTwilio, behaves: str | int
) -> None:
    twilio.behaves = behaves
    with pytest.raises(CarrierUnknown):
        carrier.delete_record("message", "SM1")


@pytest.mark.parametrize(
    ("status", "code", "about"),
    [(401, 20003, "account"), (403, None, "account"), (429, 20429, "pace"), (429, None, "pace")],
)
def test_refused_list_is_judged_as_any_other_request(
    carrier: Carrier, twilio: FakeTwilio, status: int, code: int | None, about: str
) -> None:
    """The client hides the answer to a list, so a wrong key read "The carrier failed (None)"."""
    twilio.behaves, twilio.error_code = status, code
    with pytest.raises(CarrierRefused) as refused:
        carrier.number_settings(LINE)
    assert (refused.value.about, refused.value.code) == (about, code)
    twilio.behaves = 503
    with pytest.raises(CarrierUnknown, match="503"):
        carrier.number_settings(LINE)


def test_records_of_a_line_are_listed_from_and_to_it_page_by_page(
    carrier: Carrier, twilio: FakeTwilio
) -> None:
    twilio.pages = [["CA1", "CA2"], ["CA3"], ["CA4"]]

    pages = list(carrier.records_before("call", LINE, datetime(2026, 8, 27, 15, tzinfo=UTC)))

    assert [[one.sid for one in page] for page in pages] == [["CA1", "CA2"], ["CA3"], ["CA4"]]
    assert {one.phone for page in pages for one in page} == {PHONE}
    assert [query.get("To") or query.get("From") for query in twilio.queries] == [[LINE], [LINE], [LINE]]
    assert twilio.queries[0]["StartTime<"] == ["2026-08-27T15:00:00Z"]
