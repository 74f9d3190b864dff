"""Twilio's own client places, reads and ends calls at the exchange, and the line is told of each."""

from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException

from tests.exchange.small_exchange import LIAISON, LINE, Exchange, place, raw
from tests.exchange.small_line import ACCOUNT, PUBLIC_URL


def test_placed_call_is_queued_rings_and_can_be_read(exchange: Exchange) -> None:
    call = place(exchange)

    assert (call.status, call.direction, call.to, call._from) == ("queued", "outbound-api", LIAISON, LINE)
    read = exchange.twilio.calls(call.sid).fetch()
    assert (read.sid, read.status) == (call.sid, "ringing")
    assert read.date_created is not None
    assert read.end_time is None
    assert exchange.web.get("/handset/rung.json").json == {
        "calls": [
            {
                "sid": call.sid,
                "to": LIAISON,
                "from": LINE,
                "status": "ringing",
                "direction": "outbound-api",
                "rings": [],
            }
        ]
    }


def test_answered_call_hears_the_document_and_sends_its_events_in_order(exchange: Exchange) -> None:
    sid = place(exchange).sid

    picked_up = exchange.act(sid, "answer")
    (heard,) = picked_up["transcript"]
    assert (heard["kind"], heard["text"], heard["language"]) == ("heard", "To accept, press 1.", "en-US")
    assert picked_up["state"] == "keys"
    joined = exchange.act(sid, "keys", keys="1")
    assert joined["state"] == "alone"
    over = exchange.act(sid, "hang-up")

    assert over["state"] == "over"
    assert exchange.hears_events(4) == ["initiated", "ringing", "in-progress", "completed"]
    assert exchange.twilio.calls(sid).fetch().status == "completed"
    assert exchange.web.get("/handset/rung.json").json == {"calls": []}


def test_legs_in_one_conference_are_joined_until_the_one_who_ends_it_leaves(exchange: Exchange) -> None:
    liaison = place(exchange).sid
    caller = place(exchange, to="+12025550144", url=f"{PUBLIC_URL}/voice/inbound").sid
    exchange.act(liaison, "answer")
    exchange.act(liaison, "keys", keys="1")
    exchange.act(caller, "answer")
    joined = exchange.act(caller, "keys", keys="3")
    assert joined["transcript"][-1]["text"] == "you are now connected to 1 other"

    exchange.act(liaison, "hang-up")

    assert exchange.waits_until(lambda: exchange.board.find(caller).status == "completed")
    after = exchange.web.get(f"/handset/{caller}.json").json
    assert "The talk is over." in [passage["text"] for passage in after["transcript"]]
    assert after["state"] == "over"


def test_caller_alone_in_the_conference_is_shown_so_and_their_words_are_refused_and_not_lost(
    exchange: Exchange,
) -> None:
    liaison = place(exchange).sid
    caller = place(exchange, to="+12025550144", url=f"{PUBLIC_URL}/voice/inbound").sid
    exchange.act(caller, "answer")
    assert exchange.act(caller, "keys", keys="3")["state"] == "alone"

    spoken = exchange.web.post(f"/handset/{caller}/words", json={"words": "Hello, who is this?"})

    assert (spoken.status_code, spoken.json) == (409, {"error": "nobody is on the other side"})
    exchange.act(liaison, "answer")
    exchange.act(liaison, "keys", keys="1")
    seen = exchange.web.get(f"/handset/{caller}.json").json
    assert seen["state"] == "talking"
    assert "Hello, who is this?" not in [one["text"] for one in seen["transcript"]]
    exchange.act(caller, "words", words="Hello, who is this?")
    heard = exchange.web.get(f"/handset/{liaison}.json").json["transcript"]
    assert heard[-1]["text"] == "Hello, who is this?"


def test_declined_call_is_busy(exchange: Exchange) -> None:
    sid = place(exchange).sid

    exchange.act(sid, "decline")

    assert exchange.hears_events(3) == ["initiated", "ringing", "busy"]


def test_call_that_nobody_answers_in_time_is_no_answer(exchange: Exchange) -> None:
    sid = place(exchange, timeout=1).sid

    assert exchange.hears_events(3) == ["initiated", "ringing", "no-answer"]
    assert exchange.twilio.calls(sid).fetch().status == "no-answer"
    assert exchange.web.post(f"/handset/{sid}/answer", json={}).status_code == 409


def test_only_the_wanted_events_are_sent(exchange: Exchange) -> None:
    sid = place(exchange, status_callback_event=["completed"]).sid

    exchange.act(sid, "decline")

    assert exchange.hears_events(1) == ["busy"]


def test_ringing_call_can_be_cancelled_and_a_talk_ended(exchange: Exchange) -> None:
    ringing, talking = place(exchange), place(exchange)
    exchange.act(talking.sid, "answer")

    assert ringing.update(status="canceled").status == "canceled"
    assert talking.update(status="canceled").status == "in-progress", "too late to cancel"
    assert talking.update(status="completed").status == "completed"
    assert talking.update(status="completed").status == "completed"


def test_call_that_talks_can_be_taken_to_another_document(exchange: Exchange) -> None:
    call = place(exchange)
    with pytest.raises(TwilioRestException, match="not in-progress"):
        call.update(twiml="<Response><Say>Too early.</Say></Response>")
    exchange.act(call.sid, "answer")

    call.update(url=f"{PUBLIC_URL}/voice/inbound")
    call.update(twiml="<Response><Say>Goodbye.</Say></Response>")

    heard = [p["text"] for p in exchange.web.get(f"/handset/{call.sid}.json").json["transcript"]]
    assert heard == ["To accept, press 1.", "To talk to someone, … press 1.", "Goodbye."]


def test_call_can_be_placed_with_its_document(exchange: Exchange) -> None:
    call = exchange.twilio.calls.create(
        to=LIAISON, from_=LINE, twiml="<Response><Say>Hello.</Say></Response>"
    )

    assert exchange.act(call.sid, "answer")["transcript"][0]["text"] == "Hello."


def test_line_that_fails_ends_the_call_and_the_trouble_is_reported(exchange: Exchange) -> None:
    sid = place(exchange, url=f"{PUBLIC_URL}/voice/steps/none/1").sid

    answered = exchange.act(sid, "answer")

    assert (answered["state"], answered["trouble"]) == ("over", "the line answered 500")
    assert exchange.hears_events(4)[-1] == "completed"


def test_calls_are_listed_newest_first_over_several_pages(exchange: Exchange) -> None:
    sids = [place(exchange).sid for _ in range(5)]
    exchange.act(sids[0], "decline")

    listed = [call.sid for call in exchange.twilio.calls.list(page_size=2)]

    assert listed == sids[::-1]
    assert [call.sid for call in exchange.twilio.calls.list(status="busy")] == [sids[0]]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"to": ""}, 21201),
        ({"from_": ""}, 21213),
        ({"url": ""}, 21205),
        ({"to": "911"}, 21211),
        ({"from_": "hotline"}, 21212),
        ({"url": "/voice/inbound"}, 21205),
        ({"status_callback": "/voice/call-events"}, 21609),
        ({"timeout": "soon"}, 21208),
        ({"timeout": 0}, 21208),
        ({"send_digits": "abc"}, 21206),
        ({"time_limit": -1}, 20001),
        ({"to": "client:bob"}, 21211),
        ({"to": "sip:bob@example.org"}, 21211),
    ],
)
def test_wrong_order_is_refused_in_twilios_words(
    exchange: Exchange, changes: dict[str, Any], code: int
) -> None:
    with pytest.raises(TwilioRestException) as refused:
        place(exchange, **changes)

    assert (refused.value.status, refused.value.code) == (400, code)
    assert exchange.twilio.calls.list() == []


@pytest.mark.parametrize(
    ("user", "password", "status"),
    [(ACCOUNT, "wrong", 401), ("SK2", "secret", 401), (ACCOUNT, "second", 200), ("SK1", "secret", 200)],
)
def test_rest_needs_the_account_or_its_api_key(
    exchange: Exchange, user: str, password: str, status: int
) -> None:
    answer = raw(exchange, "GET", f"{ACCOUNT}/Calls.json", auth=(user, password))

    assert answer.status_code == status
    asks = answer.headers.get("WWW-Authenticate")
    assert asks == (None if status == 200 else 'Basic realm="Twilio API"')
    assert status == 200 or answer.json() == {
        "code": 20003,
        "message": "Authenticate",
        "more_info": "https://www.twilio.com/docs/errors/20003",
        "status": 401,
    }


def test_unknown_resource_is_not_found(exchange: Exchange) -> None:
    for path in (
        f"{ACCOUNT}/Calls/CA1.json",
        f"{ACCOUNT}/Messages/SM1.json",
        f"{ACCOUNT}/Conferences/CF1.json",
        f"{ACCOUNT}/Conferences/CF1/Participants.json",
        f"{ACCOUNT}/Queues/QU1.json",
        f"{ACCOUNT}/Addresses.json",
        "AC2/Calls.json",
    ):
        answer = raw(exchange, "GET", path)
        assert (answer.status_code, answer.json()["code"], answer.json()["status"]) == (404, 20404, 404)
    assert exchange.web.post("/handset/CA1/answer", json={}).status_code == 404


def test_only_json_moves_a_phone(exchange: Exchange) -> None:
    sid = place(exchange).sid

    assert exchange.web.post(f"/handset/{sid}/answer", data={"keys": "1"}).status_code == 415
    assert exchange.web.post(f"/handset/{sid}/dance", json={}).status_code == 404
    exchange.act(sid, "answer")
    for body in ({"keys": "x"}, {"digits": "1"}):
        assert exchange.web.post(f"/handset/{sid}/keys", json=body).status_code == 400
    assert "pressed" not in exchange.web.get(f"/handset/{sid}.json").text
