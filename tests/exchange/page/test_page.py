"""What the page of handsets gets, and what people can do from it."""

from typing import Any

import pytest

from hotline.exchange.calls.order import Answering
from hotline.exchange.page.handsets import MOST_HANDSETS, Handsets
from tests.exchange.small_exchange import CALLER, LIAISON, LINE, Exchange, place


def state(exchange: Exchange) -> Any:
    return exchange.web.get("/exchange/state.json").json


def test_front_page_leads_to_the_page_of_handsets(exchange: Exchange) -> None:
    page = exchange.web.get("/", follow_redirects=True)

    assert page.request.path == "/exchange/"
    assert "<title>The exchange</title>" in page.get_data(as_text=True)
    assert page.headers["Cache-Control"] == "no-store"


def test_call_dialed_on_a_handset_is_shown_with_what_was_heard(exchange: Exchange) -> None:
    sid = exchange.web.post("/exchange/handsets/1/dial", json={"to": LINE, "from": "anonymous"}).json["sid"]
    assert exchange.waits_until(lambda: exchange.board.find(sid).passages())

    (call,) = state(exchange)["calls"]

    assert (call["sid"], call["handset"], call["from"], call["direction"]) == (sid, 1, "anonymous", "inbound")
    assert call["transcript"][0]["text"] == "To talk to someone, … press 1."
    assert call["transcript"][0]["language"] == "en-US"
    (asked,) = [one["facts"] for one in state(exchange)["log"] if one["kind"] == "webhook"]
    assert ["From", "anonymous"] in asked["params"]
    assert asked["body"].startswith("<Response>\n  <Gather")
    assert asked["status"] == 200


def test_script_may_dial_and_hear_as_it_lasts(exchange: Exchange) -> None:
    exchange.board.set_speed(1)
    at_once, slowly = (
        exchange.web.post("/handset/dial", json={"from": CALLER, "to": LINE, "at_tempo": at_tempo}).json
        for at_tempo in (False, True)
    )

    assert exchange.waits_until(lambda: exchange.web.get(f"/handset/{slowly['sid']}.json").json["speaking"])
    assert exchange.waits_until(lambda: exchange.board.find(at_once["sid"]).live.state == "keys")


def test_script_that_dials_somebody_else_hears_why_not(exchange: Exchange) -> None:
    answer = exchange.web.post("/handset/dial", json={"from": CALLER, "to": "+12025550199"})

    assert (answer.status_code, answer.json) == (404, {"error": "that is no number of the line's"})


def test_log_shows_what_the_strict_reader_finds(exchange: Exchange) -> None:
    caller = exchange.board.dial(CALLER, LINE)
    assert exchange.waits_until(lambda: caller.live.state == "keys")
    exchange.act(caller.sid, "keys", keys="4")

    last = [one["facts"] for one in state(exchange)["log"] if one["kind"] == "webhook"][1]

    assert last["body"] == "<Response>\n  <Dial/>\n</Response>"
    assert {"code", "line", "message", "severity"} == set(last["findings"][0])
    assert any(one["line"] == 2 and "Dial" in one["message"] for one in last["findings"])


def test_answer_to_a_text_is_shown_and_not_read_like_that_of_a_call(exchange: Exchange) -> None:
    texted = exchange.web.post("/handset/text", json={"from": CALLER, "to": LINE, "body": "Hello"})
    assert texted.status_code == 200
    assert exchange.waits_until(lambda: any(one["kind"] == "webhook" for one in state(exchange)["log"]))

    (asked,) = [one["facts"] for one in state(exchange)["log"] if one["kind"] == "webhook"]

    assert asked["body"] == "<Response>\n  <Message>Call us.</Message>\n</Response>"
    assert asked["findings"] == []


def test_handsets_are_added_and_removed_for_every_tab(exchange: Exchange) -> None:
    before = exchange.board.feed.last
    added = exchange.web.post("/exchange/handsets", json={"name": " My  phone ", "number": "+1 202-555-0160"})
    assert added.json == {"id": 4, "name": "My phone", "number": "+12025550160"}
    assert [one["number"] for one in state(exchange)["handsets"]][-1] == "+12025550160"
    assert exchange.web.delete("/exchange/handsets/4").status_code == 200
    assert exchange.web.delete("/exchange/handsets/4").status_code == 404

    assert [one.kind for one in exchange.board.feed.since(before)] == ["handsets", "handsets"]
    assert len(state(exchange)["handsets"]) == 3


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("(202) 555-0110", "+12025550110"),
        ("202-555-0110", "+12025550110"),
        ("1 202 555 0110", "+12025550110"),
        ("+1 202 555 0110", "+12025550110"),
        ("+1 (202) 555-0110 ", "+12025550110"),
        ("202.555.0110", "+12025550110"),
        ("+44 20 7946 0958", "+442079460958"),
        ("011 44 20 7946 0958", "+442079460958"),
    ],
)
def test_number_is_typed_as_people_type_it(exchange: Exchange, typed: str, number: str) -> None:
    added = exchange.web.post("/exchange/handsets", json={"name": "Mine", "number": typed})

    assert added.json["number"] == number


def test_number_without_country_code_is_of_the_country_of_the_line(exchange: Exchange) -> None:
    british = Handsets(exchange.board.feed, lines=["+442079460000"])

    assert british.add("Mine", "020 7946 0958").number == "+442079460958"


def test_phones_are_put_back_as_they_were_at_the_start(exchange: Exchange) -> None:
    exchange.web.post("/exchange/handsets", json={"name": "Mine", "number": "(202) 555-0160"})
    exchange.web.delete("/exchange/handsets/1")
    exchange.web.post("/handset/set", json={"number": "+12025550170", "kind": "machine", "after_seconds": 2})
    before = exchange.board.feed.last

    assert exchange.web.post("/exchange/handsets/put-back", json={}).json == {"stay": []}

    assert [one["name"] for one in state(exchange)["handsets"]] == ["Victim", "Liaison", "Second liaison"]
    assert [one["id"] for one in state(exchange)["handsets"]] == state(exchange)["first"]
    assert exchange.board.phones.at("+12025550170") == Answering()
    assert [one.kind for one in exchange.board.feed.since(before)] == ["handsets", "phone"]


def test_added_phone_in_a_call_stays_when_phones_are_put_back(exchange: Exchange) -> None:
    exchange.web.post("/exchange/handsets", json={"name": "Mine", "number": "(202) 555-0160"})
    sid = exchange.web.post("/exchange/handsets/4/dial", json={"to": LINE}).json["sid"]

    stay = exchange.web.post("/exchange/handsets/put-back", json={}).json["stay"]

    assert [one["name"] for one in stay] == ["Mine"]
    assert [one["id"] for one in state(exchange)["handsets"]] == [1, 2, 3, 4]
    exchange.act(sid, "hang-up")


def test_page_is_given_what_it_shows_of_the_app(exchange: Exchange) -> None:
    shown = state(exchange)["stage"]

    assert shown["title"] == "Small line"
    assert shown["cards"][1] == {"says": "dice adiós", "keys": ["9", "77"], "language": "es"}


def test_log_has_each_call_from_its_first_moment(exchange: Exchange) -> None:
    sid = place(exchange).sid
    exchange.act(sid, "decline")

    told = [(one["kind"], one["facts"].get("status")) for one in state(exchange)["log"] if one["call"] == sid]

    assert ("placed", None) in told
    assert ("status", "busy") in told
    (call,) = state(exchange)["calls"]
    assert call["placed_at"] <= call["ended_at"]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"name": "", "number": "+12025550160"}, "name"),
        ({"name": "A", "number": "0160"}, "type a number such as (202) 555-0110"),
        ({"name": "A", "number": "(202) 555-0110 ext. 5"}, "type a number"),
        ({"name": "A", "number": "+12025550144"}, "another phone"),
        ({"name": "A", "number": "(202) 555-0144"}, "another phone"),
        ({}, "name"),
        ([], "object"),
    ],
)
def test_impossible_handset_is_refused(exchange: Exchange, given: Any, why: str) -> None:
    refused = exchange.web.post("/exchange/handsets", json=given)

    assert refused.status_code == 400
    assert why in refused.json["error"]


def test_handsets_have_a_limit(exchange: Exchange) -> None:
    given = [{"name": "One more", "number": f"+120255501{number}"} for number in range(50, 70)]

    codes = [exchange.web.post("/exchange/handsets", json=one).status_code for one in given]

    assert codes.count(200) == MOST_HANDSETS - 3
    assert set(codes[MOST_HANDSETS - 3 :]) == {400}


def test_only_numbers_of_the_line_are_dialed_and_only_from_existing_handsets(
    exchange: Exchange,
) -> None:
    assert exchange.web.post("/exchange/handsets/1/dial", json={"to": LIAISON}).status_code == 404
    assert exchange.web.post("/exchange/handsets/9/dial", json={"to": LINE}).status_code == 404
    assert exchange.board.all() == []


def test_digits_are_typed_one_by_one_and_silence_ends_them(exchange: Exchange) -> None:
    exchange.board.set_speed(None)
    sid = exchange.web.post("/exchange/handsets/1/dial", json={"to": LINE}).json["sid"]
    assert exchange.waits_until(lambda: exchange.board.find(sid).live.state == "keys")

    heard = exchange.act(sid, "silence")["transcript"]
    over = exchange.act(sid, "types", keys="2")

    assert "Take your time." in [passage["text"] for passage in heard]
    assert over["transcript"][-1]["text"] == "Goodbye."
    assert exchange.web.post(f"/handset/{sid}/types", json={"keys": "1"}).status_code == 409


def test_voicemail_answers_this_call_and_the_next_one_rings_again(exchange: Exchange) -> None:
    first = place(
        exchange,
        machine_detection="Enable",
        async_amd="true",
        async_amd_status_callback="https://line.example.org/voice/call-events",
    ).sid

    assert exchange.act(first, "voicemail")["status"] == "in-progress"

    assert exchange.waits_until(lambda: exchange.board.find(first).answered_by == "machine_start")
    assert exchange.board.phones.at(LIAISON) == Answering()
    assert exchange.board.find(place(exchange).sid).status == "ringing"


def test_voicemail_answers_a_phone_that_a_call_dials_and_does_not_accept(exchange: Exchange) -> None:
    caller = exchange.board.dial(CALLER, LINE)
    assert exchange.waits_until(lambda: caller.live.state == "keys")
    exchange.act(caller.sid, "keys", keys="1")
    (child,) = [one for one in exchange.board.all() if one.parent is caller]

    exchange.act(child.sid, "voicemail")

    assert exchange.waits_until(lambda: caller.passages()[-1]["text"] == "Dial completed, bridged false.")


def test_phone_that_a_call_dials_is_answered_and_declined_like_any_other(exchange: Exchange) -> None:
    for action, ends in (("decline", "Dial busy, bridged false."), ("answer", "")):
        caller = exchange.board.dial(CALLER, LINE)
        assert exchange.waits_until(lambda call=caller: call.live.state == "keys")
        exchange.act(caller.sid, "keys", keys="1")
        child = [one for one in exchange.board.all() if one.parent is caller][-1]

        exchange.act(child.sid, action)

        assert exchange.web.post(f"/handset/{child.sid}/{action}", json={}).status_code == 409
        if ends:
            assert caller.passages()[-1]["text"] == ends
        else:
            assert child.passages()[-1]["text"] == "To accept, press 1."


def test_every_tab_is_told_who_answers_a_phone(exchange: Exchange) -> None:
    exchange.web.post("/handset/set", json={"number": LIAISON, "kind": "machine"})

    assert state(exchange)["phones"] == {LIAISON: "machine"}
    told = exchange.board.feed.since(0)[-1]
    assert (told.kind, told.facts) == ("phone", {"number": LIAISON, "answering": "machine"})


def test_handset_in_a_call_dials_no_second_one_and_cannot_be_removed(exchange: Exchange) -> None:
    dialled = exchange.web.post("/exchange/handsets/1/dial", json={"to": LINE})
    sid = dialled.json["sid"]

    again = exchange.web.post("/exchange/handsets/1/dial", json={"to": LINE})
    removed = exchange.web.delete("/exchange/handsets/1")

    assert dialled.status_code == 200
    assert [answer.status_code for answer in (again, removed)] == [409, 409]
    assert again.json == {"error": "this phone is in a call"}
    exchange.act(sid, "hang-up")
    assert exchange.waits_until(lambda: exchange.board.find(sid).ended_at is not None)
    assert exchange.web.post("/exchange/handsets/1/dial", json={"to": LINE}).status_code == 200
