"""A leg runs TwiML the way Twilio does, verb by verb."""

from datetime import UTC, datetime

import pytest

from hotline.exchange.delivery.request import Request
from hotline.exchange.twiml.documents import TwimlError
from hotline.exchange.twiml.leg import Leg
from hotline.exchange.twiml.waits import Conference, Keys, Ringing

LINE = "https://line.example.org/voice/inbound"


def an_answered_call(verbs: str, **leg: str) -> tuple[Leg, Request | None]:
    call = Leg(account_sid="AC1", from_="+12025550123", to="+12025550100", **leg)
    call.fetch(LINE)
    return call, call.takes(f"<Response>{verbs}</Response>".encode())


def form(request: Request | None) -> dict[str, str]:
    assert request is not None
    return dict(request.params)


def test_first_request_says_who_calls_whom_and_that_it_rings() -> None:
    sent = form(Leg(account_sid="AC1", from_="+12025550123", to="+12025550100", call_sid="CA1").fetch(LINE))

    assert sent["CallStatus"] == "ringing"
    assert (sent["Direction"], sent["ApiVersion"]) == ("inbound", "2010-04-01")
    assert (sent["CallSid"], sent["AccountSid"]) == ("CA1", "AC1")
    assert (sent["From"], sent["Caller"]) == ("+12025550123", "+12025550123")
    assert (sent["To"], sent["Called"]) == ("+12025550100", "+12025550100")
    assert sent["FromCity"] == sent["CalledZip"] == ""
    countries = [sent[f"{side}Country"] for side in ("From", "To", "Caller", "Called")]
    assert countries == ["US"] * 4
    assert "ParentCallSid" not in sent


@pytest.mark.parametrize(("from_", "country"), [("+442079460958", "GB"), ("anonymous", ""), ("", "")])
def test_country_is_that_of_the_number(from_: str, country: str) -> None:
    assert form(Leg(account_sid="AC1", from_=from_, to="+12025550100").fetch(LINE))["FromCountry"] == country


def test_dialed_leg_is_in_progress_when_its_document_is_fetched() -> None:
    leg = Leg(account_sid="AC1", from_="+12025550100", to="+12025550142", direction="outbound-api")

    assert form(leg.fetch(LINE))["CallStatus"] == "in-progress"


def test_every_request_has_a_token_of_its_own() -> None:
    leg = Leg(account_sid="AC1", from_="+12025550123", to="+12025550100")

    assert leg.fetch(LINE).idempotency_token != leg.fetch(LINE).idempotency_token


def test_redirect_by_get_carries_the_parameters_in_the_url_and_no_fragment() -> None:
    _, asked = an_answered_call('<Redirect method="GET">/voice/next?x=1#rc=2</Redirect>')

    assert asked is not None
    assert asked.url.startswith("https://line.example.org/voice/next?x=1&CallSid=CA")
    assert "#" not in asked.url
    assert asked.params == ()


def test_say_is_heard_and_its_break_is_a_pause() -> None:
    call, _ = an_answered_call(
        '<Say voice="x"><break/>To hear it again, <break time="600ms"/> press\n 1.</Say>'
    )

    assert call.heard == ["To hear it again, … press 1."]


def test_play_is_heard_as_a_recording() -> None:
    call, _ = an_answered_call("<Play>https://line.example.org/ht.mp3</Play>")

    assert call.heard == ["[recording https://line.example.org/ht.mp3]"]


def test_pauses_before_a_request_are_the_time_that_passes_before_it() -> None:
    _, asked = an_answered_call(
        '<Pause length="9"/><Say>One moment.</Say><Pause/><Pause length="2"/><Redirect>x</Redirect>'
    )

    assert asked is not None
    assert asked.after_seconds == 3


def test_end_of_a_document_is_the_end_of_the_call() -> None:
    call, asked = an_answered_call("<Say>Goodbye.</Say>")

    assert asked is None
    assert call.call_status == "completed"


def test_redirect_asks_relative_to_the_document_and_drops_the_rest() -> None:
    call, asked = an_answered_call("<Redirect>steps/menu/2</Redirect><Say>Never heard.</Say>")

    assert asked is not None
    assert (asked.method, asked.url) == ("POST", "https://line.example.org/voice/steps/menu/2")
    assert form(asked)["CallStatus"] == "in-progress"
    assert call.heard == []


def test_redirects_that_go_round_in_circles_are_found_out() -> None:
    call, asked = an_answered_call("<Redirect>again</Redirect>")

    def goes_round() -> None:
        for _ in range(1000):
            call.takes(b"<Response><Redirect>again</Redirect></Response>")

    assert asked is not None
    with pytest.raises(TwimlError, match="circles"):
        goes_round()


def test_hangup_ends_the_call_and_nothing_after_it_is_heard() -> None:
    call, asked = an_answered_call("<Hangup/><Say>Never heard.</Say>")

    assert (asked, call.is_over, call.heard) == (None, True, [])


@pytest.mark.parametrize(("attribute", "status"), [("", "no-answer"), (' reason="busy"', "busy")])
def test_reject_as_the_first_verb_leaves_the_call_unanswered(attribute: str, status: str) -> None:
    call, _ = an_answered_call(f"<Reject{attribute}/>")

    assert call.call_status == status


GATHER = (
    '<Gather action="/answer" numDigits="4" timeout="8"{0}><Say>Key it.</Say></Gather>'
    "<Say>Nothing came.</Say>"
)


def test_gather_speaks_its_prompt_and_waits() -> None:
    call, asked = an_answered_call(GATHER.format(""))

    assert asked is None
    assert call.heard == ["Key it."]
    assert call.waits_for == Keys("https://line.example.org/answer", "POST", 4, "#", 8, False)


@pytest.mark.parametrize(
    ("typed", "digits", "finished_on"),
    [("1234", "1234", ""), ("12", "12", ""), ("12#", "12", "#"), ("123456", "1234", ""), ("*", "*", "")],
)
def test_gather_posts_the_keys_up_to_its_end_and_the_rest_are_lost(
    typed: str, digits: str, finished_on: str
) -> None:
    call, _ = an_answered_call(GATHER.format(""))

    sent = form(call.presses(typed))

    assert (sent["Digits"], sent["FinishedOnKey"], sent["msg"]) == (digits, finished_on, "Gather End")
    assert call.presses("9") is None, "keys between two documents are lost"


def test_gather_without_a_finish_key_takes_every_key() -> None:
    call, _ = an_answered_call('<Gather action="/answer" finishOnKey=""><Say>Key it.</Say></Gather>')

    assert form(call.presses("*12#"))["Digits"] == "*12#"


@pytest.mark.parametrize("typed", ["", "#"])
def test_nothing_entered_falls_through_to_the_next_verb(typed: str) -> None:
    call, _ = an_answered_call(GATHER.format(""))

    assert (call.presses(typed) if typed else call.hears_out()) is None
    assert call.heard == ["Key it.", "Nothing came."]
    assert call.is_over


@pytest.mark.parametrize("typed", ["", "#"])
def test_nothing_entered_is_posted_if_the_gather_asks_for_it(typed: str) -> None:
    call, _ = an_answered_call(GATHER.format(' actionOnEmptyResult="true"'))

    sent = form(call.presses(typed) if typed else call.hears_out())

    assert (sent["Digits"], sent["FinishedOnKey"]) == ("", typed)


def test_gather_without_an_action_asks_its_own_document_again() -> None:
    call, _ = an_answered_call("<Gather><Say>Key it.</Say></Gather>")

    asked = call.presses("1#")

    assert asked is not None
    assert asked.url == LINE


def test_key_that_no_phone_has_is_refused() -> None:
    call, _ = an_answered_call(GATHER.format(""))

    with pytest.raises(ValueError, match="keys 0 to 9"):
        call.presses("12a")


DIAL = (
    '<Dial action="/done" timeout="20" callerId="+12025550100">'
    '<Number url="/voice/legs/abc">+12025550142</Number></Dial><Say>Never heard.</Say>'
)


def test_dial_rings_a_number_with_the_document_that_screens_it() -> None:
    call, _ = an_answered_call(DIAL)

    assert isinstance(call.waits_for, Ringing)
    (number,) = call.waits_for.numbers
    assert (number.phone, number.url) == ("+12025550142", "https://line.example.org/voice/legs/abc")
    assert (call.waits_for.seconds, call.waits_for.caller_id) == (20, "+12025550100")


def test_action_of_a_dial_gets_the_result() -> None:
    call, _ = an_answered_call(DIAL)

    asked = call.dial_ends("completed", call_sid="CA2", seconds=7, bridged=True)

    sent = form(asked)
    assert asked is not None
    assert asked.url == "https://line.example.org/done"
    assert (sent["DialCallStatus"], sent["DialBridged"]) == ("completed", "true")
    assert (sent["DialCallSid"], sent["DialCallDuration"]) == ("CA2", "7")


def test_dial_without_an_action_falls_through() -> None:
    call, _ = an_answered_call("<Dial>+12025550142</Dial><Say>No one is free.</Say>")

    assert call.dial_ends("no-answer", call_sid="CA2", seconds=0, bridged=False) is None
    assert call.heard == ["No one is free."]


def test_whisper_that_ends_without_hanging_up_bridges_and_one_that_hangs_up_does_not() -> None:
    accepted, _ = an_answered_call("", direction="outbound-dial", parent_call_sid="CA1")
    refused, _ = an_answered_call("<Hangup/>", direction="outbound-dial", parent_call_sid="CA1")

    assert (accepted.is_bridged, accepted.is_over) == (True, False)
    assert (refused.is_bridged, refused.is_over) == (False, True)
    assert dict(accepted.standard_params())["ParentCallSid"] == "CA1"


def test_conference_is_joined_and_its_end_goes_to_the_action() -> None:
    call, _ = an_answered_call(
        '<Dial action="/done"><Conference endConferenceOnExit="true">conference-7</Conference></Dial>'
    )
    assert call.waits_for == Conference("https://line.example.org/done", "POST", "conference-7", True)

    sent = form(call.conference_ends())

    assert sent["DialCallStatus"] == "answered"
    assert "DialCallSid" not in sent


@pytest.mark.parametrize(
    ("verbs", "named"),
    [
        ("<Dial/>", "Dial"),
        ("<Dial><Queue>q</Queue><Number>+12025550142</Number></Dial>", "Queue"),
        ("<Dial><Number>+12025550142</Number><Conference>x</Conference></Dial>", "Conference"),
        ("<Play/>", "Play"),
        ('<Gather actionOnEmptyResult="yes"/>', "Gather"),
        ("<Redirect>javascript:x</Redirect>", "Redirect"),
    ],
)
def test_unknown_verb_is_an_error_that_names_the_element(verbs: str, named: str) -> None:
    with pytest.raises(TwimlError, match=f"<{named}>"):
        an_answered_call(verbs)


def test_whisper_may_not_dial() -> None:
    with pytest.raises(TwimlError, match="<Dial>"):
        an_answered_call("<Dial>+12025550142</Dial>", direction="outbound-dial", parent_call_sid="CA1")


@pytest.mark.parametrize(
    "document", [b"", b"<Response>", b"<Reply/>", b"<Response>" + b" " * 70_000 + b"</Response>"]
)
def test_body_that_is_no_document_is_an_error(document: bytes) -> None:
    call = Leg(account_sid="AC1", from_="+12025550123", to="+12025550100")
    call.fetch(LINE)

    with pytest.raises(TwimlError):
        call.takes(document)


def test_last_call_event_tells_how_long_the_call_was() -> None:
    call, _ = an_answered_call("<Hangup/>")
    at = datetime(2026, 11, 25, 15, 4, tzinfo=UTC)

    sent = form(
        call.event("https://line.example.org/voice/call-events", "completed", sequence=3, seconds=61, now=at)
    )

    assert (sent["CallStatus"], sent["SequenceNumber"]) == ("completed", "3")
    assert (sent["CallDuration"], sent["Duration"]) == ("61", "2")
    assert (sent["CallbackSource"], sent["Timestamp"]) == (
        "call-progress-events",
        "Wed, 25 Nov 2026 15:04:00 +0000",
    )
