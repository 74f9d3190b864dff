"""Calls of the REST side beyond placing them: filters, deleting, pace, detection, fallback, limits."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial

import pytest
from twilio.base.exceptions import TwilioRestException

from hotline.exchange.calls.order import Answering, Order
from tests.exchange.small_exchange import CALLER, LIAISON, LINE, Exchange, place, raw
from tests.exchange.small_line import ACCOUNT, PUBLIC_URL


def test_calls_are_listed_by_start_and_status(exchange: Exchange) -> None:
    busy, ringing = place(exchange), place(exchange)
    exchange.act(busy.sid, "decline")
    now = datetime.now(UTC)
    calls = exchange.twilio.calls

    def listed(**filters: object) -> set[str]:
        return {call.sid for call in calls.list(**filters)}

    assert listed(start_time=now.date()) == {busy.sid, ringing.sid}
    assert listed(start_time_after=now - timedelta(hours=1)) == {busy.sid, ringing.sid}
    assert listed(start_time_before=now - timedelta(hours=1)) == set()
    assert listed(start_time_after=now + timedelta(hours=1)) == set()
    assert listed(end_time_after=now - timedelta(hours=1)) == {busy.sid}
    assert listed(status="ringing", to=LIAISON) == {ringing.sid}
    assert listed(from_="+12025550199") == set()


def test_call_that_is_over_has_its_end_as_twilio_writes_it(exchange: Exchange) -> None:
    call = place(exchange)
    assert call.fetch().end_time is None
    began = datetime.now(UTC).replace(microsecond=0)
    exchange.act(call.sid, "decline")

    written = raw(exchange, "GET", f"{ACCOUNT}/Calls/{call.sid}.json").json()["end_time"]

    assert began <= datetime.strptime(written, "%a, %d %b %Y %H:%M:%S %z") <= datetime.now(UTC)
    assert call.fetch().end_time == parsedate_to_datetime(written)


def test_page_goes_on_after_the_last_one_shown_whatever_comes_meanwhile(exchange: Exchange) -> None:
    sids = [place(exchange).sid for _ in range(4)]
    first = exchange.twilio.calls.page(page_size=2)
    assert [call.sid for call in first] == sids[:1:-1]

    place(exchange)

    second = exchange.twilio.calls.get_page(
        first.next_page_url.replace("https://api.twilio.com", exchange.url)
    )
    assert [call.sid for call in second] == sids[1::-1]
    assert raw(exchange, "GET", f"{ACCOUNT}/Calls.json?StartTime=soon").json()["code"] == 20001


def test_only_a_call_that_is_over_can_be_deleted(exchange: Exchange) -> None:
    call = place(exchange)
    with pytest.raises(TwilioRestException) as refused:
        call.delete()
    assert refused.value.status == 409
    exchange.act(call.sid, "decline")

    assert call.delete()

    with pytest.raises(TwilioRestException) as gone:
        call.fetch()
    assert gone.value.code == 20404


def test_calls_beyond_the_pace_wait_their_turn() -> None:
    now = [100.0]
    exchange = Exchange(calls_per_second=1, monotonic=lambda: now[0])
    first, second, third = place(exchange), place(exchange), place(exchange)

    assert [int(call.queue_time) for call in (first, second, third)] == [0, 1000, 2000]
    assert [call.fetch().status for call in (first, second, third)] == ["ringing", "queued", "queued"]
    assert third.update(status="canceled").status == "canceled"
    now[0] = 101.5
    exchange.board.timers.after(0, lambda: None)

    assert exchange.waits_until(lambda: second.fetch().status == "ringing")
    exchange.closes()


def test_calls_may_wait_for_a_day_and_no_longer() -> None:
    exchange = Exchange(calls_per_second=0.00002, monotonic=lambda: 0.0)
    place(exchange)
    place(exchange)

    with pytest.raises(TwilioRestException) as refused:
        place(exchange)

    assert refused.value.code == 22005
    exchange.closes()


@pytest.mark.parametrize(
    ("kind", "mode", "found", "shown"),
    [
        ("person", "Enable", "human", "human"),
        ("machine", "Enable", "machine_start", "machine"),
        ("machine", "DetectMessageEnd", "machine_end_beep", "machine"),
        ("fax", "DetectMessageEnd", "fax", None),
        ("robot", "Enable", "unknown", None),
    ],
)
def test_first_request_tells_who_picked_up(
    exchange: Exchange, kind: str, mode: str, found: str, shown: str | None
) -> None:
    assert exchange.web.post("/handset/set", json={"number": LIAISON, "kind": kind}).status_code == 200
    call = place(exchange, machine_detection=mode)
    if kind == "person":
        exchange.act(call.sid, "answer")

    def first_requests() -> list[str]:
        return [r.param("AnsweredBy") for r in exchange.requests if r.url.endswith("/legs/liaison")]

    assert exchange.waits_until(first_requests)
    assert first_requests() == [found]
    assert exchange.twilio.calls(call.sid).fetch().answered_by == shown
    # A machine presses nothing, and the document ends after its question.
    if kind != "person":
        assert exchange.waits_until(lambda: call.fetch().status == "completed")


def test_machine_is_detected_only_on_request(exchange: Exchange) -> None:
    exchange.board.phones.set(LIAISON, Answering("machine"))
    call = place(exchange)

    assert exchange.waits_until(lambda: call.fetch().status == "completed")
    assert all(not request.param("AnsweredBy") for request in exchange.requests)


def test_detection_can_come_later_while_the_call_goes_on(exchange: Exchange) -> None:
    exchange.board.phones.set(LIAISON, Answering("machine"))
    place(
        exchange,
        machine_detection="Enable",
        async_amd="true",
        async_amd_status_callback=f"{PUBLIC_URL}/voice/call-events",
        status_callback_event=["completed"],
    )

    assert set(exchange.hears_events(2)) == {"machine_start", "completed"}
    told = next(r for r in exchange.requests if r.param("AnsweredBy"))
    assert told.param("MachineDetectionDuration") == "4000"
    first = next(r for r in exchange.requests if r.url.endswith("/legs/liaison"))
    assert first.param("AnsweredBy") == ""


@pytest.mark.parametrize(("kind", "status"), [("busy", "busy"), ("unreachable", "failed")])
def test_phone_can_be_busy_or_out_of_reach(exchange: Exchange, kind: str, status: str) -> None:
    exchange.web.post("/handset/set", json={"number": LIAISON, "kind": kind})
    place(exchange)

    assert exchange.hears_events(3) == ["initiated", "ringing", status]


def test_phone_is_set_only_to_known_answers(exchange: Exchange) -> None:
    for given in (
        {"number": LIAISON, "kind": "cat"},
        {"kind": "fax"},
        {"number": LIAISON, "after_seconds": -1},
    ):
        assert exchange.web.post("/handset/set", json=given).status_code == 400


@pytest.mark.parametrize(("kind", "code"), [("blocked", 21216), ("unroutable", 21214)])
def test_some_phones_are_refused_before_they_ring(exchange: Exchange, kind: str, code: int) -> None:
    exchange.web.post("/handset/set", json={"number": LIAISON, "kind": kind})

    with pytest.raises(TwilioRestException) as refused:
        place(exchange)

    assert refused.value.code == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"from_": "+12025550199"}, 21210),
        ({"url": "", "fallback_url": f"{PUBLIC_URL}/voice/fallback"}, 21405),
        ({"fallback_url": "/voice/fallback"}, 21205),
        ({"url": "", "twiml": "x" * 4001}, 32018),
        ({"status_callback_event": ["sneezed"]}, 21626),
        ({"machine_detection": "Maybe"}, 20001),
        ({"method": "PUT"}, 21209),
        ({"machine_detection": "Enable", "async_amd": "maybe"}, 20001),
    ],
)
def test_more_wrong_orders_are_refused(exchange: Exchange, changes: dict[str, object], code: int) -> None:
    with pytest.raises(TwilioRestException) as refused:
        place(exchange, **changes)

    assert refused.value.code == code


def test_call_ends_when_the_time_that_it_was_given_is_up(exchange: Exchange) -> None:
    def is_over(sid: str) -> bool:
        return bool(exchange.twilio.calls(sid).fetch().status == "completed")

    at_once = place(exchange, time_limit=1)
    exchange.act(at_once.sid, "answer")
    exchange.board.set_speed(50)
    heard = exchange.board.place(
        Order(LIAISON, LINE, 20, url=f"{PUBLIC_URL}/voice/legs/liaison", most_seconds=4)
    )
    exchange.board.answer(heard.sid, at_tempo=True)

    for sid in (at_once.sid, heard.sid):
        assert exchange.waits_until(partial(is_over, sid))
        assert "the call has lasted as long as a call may" in [
            one["text"] for one in exchange.board.find(sid).passages()
        ]


def test_gather_without_an_action_in_the_document_of_an_order_goes_on_when_no_key_comes(
    exchange: Exchange,
) -> None:
    gather = '<Gather timeout="2"><Say>Press a key.</Say></Gather>'
    silent, pressing = (
        exchange.twilio.calls.create(
            to=number, from_=LINE, twiml=f"<Response>{gather}<Say>Goodbye.</Say></Response>"
        )
        for number in (LIAISON, "+12025550143")
    )

    assert exchange.act(silent.sid, "answer")["state"] == "keys"
    assert exchange.act(silent.sid, "silence")["transcript"][-1]["text"] == "Goodbye."
    exchange.act(pressing.sid, "answer")
    exchange.act(pressing.sid, "keys", keys="1")

    errors = exchange.twilio.calls(pressing.sid).notifications.list(log=0)
    assert [one.error_code for one in errors] == ["15004"]


def test_status_that_no_call_can_have_is_refused(exchange: Exchange) -> None:
    call = place(exchange)

    with pytest.raises(TwilioRestException) as refused:
        call.update(status="sneezed")

    assert refused.value.code == 20001


def test_call_whose_line_fails_goes_on_at_its_fallback(exchange: Exchange) -> None:
    call = place(exchange, url=f"{PUBLIC_URL}/voice/none", fallback_url=f"{PUBLIC_URL}/voice/fallback")

    answered = exchange.act(call.sid, "answer")

    assert answered["transcript"][0]["text"] == "Something went wrong: 11217."
    fallback = next(r for r in exchange.requests if r.url.endswith("/fallback"))
    assert fallback.param("ErrorUrl") == f"{PUBLIC_URL}/voice/none"
    assert answered["trouble"] == ""


def test_caller_without_a_fallback_hears_the_apology_and_the_call_ends(exchange: Exchange) -> None:
    call = place(exchange, url=f"{PUBLIC_URL}/voice/none")

    answered = exchange.act(call.sid, "answer")

    assert answered["transcript"][-1]["text"] == "an application error has occurred"
    assert answered["state"] == "over"


def test_requests_beyond_the_limit_are_refused_and_nothing_is_done(exchange: Exchange) -> None:
    assert exchange.web.post("/exchange/limits", json={"requests_per_second": 1}).status_code == 200
    call = place(exchange)

    with pytest.raises(TwilioRestException) as refused:
        place(exchange)
    assert (refused.value.status, refused.value.code) == (429, 20429)
    exchange.now += 1.1
    assert [one.sid for one in exchange.twilio.calls.list()] == [call.sid]
    exchange.web.post("/exchange/limits", json={"requests_per_second": None})

    exchange.limit.at_once = 1
    assert exchange.limit.enter()
    with pytest.raises(TwilioRestException):
        place(exchange)
    exchange.limit.leave()
    exchange.limit.at_once = None


def test_limits_can_be_read_and_only_right_ones_set(exchange: Exchange) -> None:
    for wrong in ({"calls_per_second": 0}, {"calls_per_second": "many"}, {"calls": 1}, [1]):
        assert exchange.web.post("/exchange/limits", json=wrong).status_code == 400
    assert exchange.web.post("/exchange/limits", data="{}").status_code == 415

    exchange.web.post("/exchange/limits", json={"calls_per_second": 0.5, "requests_at_once": 9})

    assert exchange.web.get("/exchange/limits").json == {
        "calls_per_second": 0.5,
        "requests_per_second": None,
        "requests_at_once": 9,
    }


def test_calls_to_the_line_are_listed_too(exchange: Exchange) -> None:
    dialled = exchange.web.post("/handset/dial", json={"from": CALLER, "to": LINE}).json
    assert exchange.waits_until(lambda: exchange.board.find(dialled["sid"]).live.state == "keys")

    call = exchange.twilio.calls.list(from_=CALLER)[0]

    assert (call.sid, call.direction, call.status) == (dialled["sid"], "inbound", "in-progress")
    assert call.update(status="completed").status == "completed"
    assert exchange.hears_events(1) == ["completed"]


def test_status_callback_can_be_a_get(exchange: Exchange) -> None:
    sid = place(exchange, status_callback_method="GET", status_callback_event=["completed"]).sid

    exchange.act(sid, "decline")

    assert exchange.waits_until(lambda: [r for r in exchange.requests if r.param("CallStatus") == "busy"])
    (told,) = exchange.requests
    assert (told.method, told.params) == ("GET", ())
    assert told.url.startswith(f"{PUBLIC_URL}/voice/call-events?CallSid={sid}")
