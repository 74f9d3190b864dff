"""The switchboard under many calls: nothing waits for the line, and every listener is told."""

import threading
from collections import Counter

import pytest

from hotline.exchange.calls.feed import Happening
from hotline.exchange.calls.order import Answering, Order
from hotline.exchange.calls.switchboard import Switchboard
from hotline.exchange.delivery.request import LineError, Reply, Request
from tests.exchange.small_exchange import CALLER, LIAISON, LINE, Exchange, place
from tests.exchange.small_line import ACCOUNT, PUBLIC_URL

GREETING = b'<Response><Gather numDigits="1" action="/a"><Say>Press 1.</Say></Gather></Response>'


def order(to: str = LIAISON) -> Order:
    return Order(to=to, from_=LINE, ring_seconds=60, url=f"{PUBLIC_URL}/x", status_callback=f"{PUBLIC_URL}/e")


class SlowLine:
    """A line that answers nobody until it is allowed to."""

    def __init__(self) -> None:
        self.answers = threading.Event()
        self.asked: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Reply:
        with self._lock:
            self.asked[request.url] += 1
        if not request.is_event:
            self.answers.wait(10)
        return Reply(204, "", b"") if request.is_event else Reply(200, "text/xml", GREETING)


def test_two_hundred_calls_talk_at_once_and_one_more_is_placed_and_seen_meanwhile() -> None:
    line = SlowLine()
    board = Switchboard(ACCOUNT, line, sleep=lambda _seconds: None)
    calls = [board.place(order()) for _ in range(200)]
    people = [threading.Thread(target=board.answer, args=(call.sid,)) for call in calls]
    for person in people:
        person.start()

    one_more = board.place(order())
    assert (one_more.status, len(board.all())) == ("ringing", 201)
    assert board.end_unanswered(one_more.sid, "busy").status == "busy"
    line.answers.set()
    for person in people:
        person.join(10)

    assert [call.live.state for call in calls] == ["keys"] * 200
    assert line.asked[f"{PUBLIC_URL}/x"] == 200


def test_only_one_person_answers_a_phone(exchange: Exchange) -> None:
    sid = place(exchange).sid
    statuses: list[int] = []

    def answers() -> None:
        statuses.append(
            exchange.web.application.test_client().post(f"/handset/{sid}/answer", json={}).status_code
        )

    people = [threading.Thread(target=answers) for _ in range(8)]
    for person in people:
        person.start()
    for person in people:
        person.join()

    assert sorted(statuses) == [200] + [409] * 7
    assert exchange.line.asked == ["legs/liaison"]


def test_rest_update_from_within_the_calls_own_request_does_not_hang() -> None:
    board: Switchboard

    def line(request: Request) -> Reply:
        if request.url.endswith("/x"):
            board.hang_up(request.param("CallSid"), patience=0.05)
        return Reply(200, "text/xml", GREETING)

    board = Switchboard(ACCOUNT, line, sleep=lambda _seconds: None)
    call = board.place(order())
    ended = threading.Event()
    board.feed.subscribe(lambda h: ended.set() if h.facts.get("status") == "completed" else None)

    board.answer(call.sid)

    assert ended.wait(10)


def test_listener_is_told_of_everything_until_they_stop(exchange: Exchange) -> None:
    told: list[Happening] = []
    stop = exchange.board.feed.subscribe(told.append)
    exchange.board.feed.subscribe(lambda _happening: 1 / 0)
    sid = place(exchange, status_callback="").sid
    exchange.act(sid, "answer")
    exchange.act(sid, "decline")
    exchange.act(sid, "keys", keys="2")
    exchange.act(sid, "hang-up")

    kinds = [(happening.kind, happening.facts.get("status")) for happening in told]
    statuses = [status for kind, status in kinds if kind == "status"]
    assert kinds[0] == ("placed", None)
    assert statuses == ["queued", "ringing", "in-progress", "completed"]
    webhook = next(happening for happening in told if happening.kind == "webhook")
    assert webhook.call_sid == sid
    assert webhook.facts["url"] == f"{PUBLIC_URL}/voice/legs/liaison"
    assert dict(webhook.facts["params"])["To"] == LIAISON
    assert (webhook.facts["status"], webhook.facts["trouble"], webhook.facts["is_event"]) == (200, "", False)
    assert "To accept" in webhook.facts["body"]
    heard = [p["text"] for h in told if h.kind == "transcript" for p in h.facts["passages"]]
    assert heard == [passage["text"] for passage in exchange.board.find(sid).passages()]
    assert [happening.number for happening in told] == sorted(happening.number for happening in told)
    assert exchange.board.feed.since(told[3].number)[0].number == told[4].number

    stop()
    count = len(told)
    place(exchange, status_callback="")
    assert len(told) == count


def test_fault_of_the_line_is_reported_with_its_number(exchange: Exchange) -> None:
    told: list[Happening] = []
    exchange.board.feed.subscribe(told.append)

    exchange.act(place(exchange, url=f"{PUBLIC_URL}/voice/none", status_callback="").sid, "answer")

    trouble = next(happening for happening in told if happening.kind == "trouble")
    assert trouble.facts["trouble"] == "the line answered 500"


def test_request_that_never_arrived_is_reported_too() -> None:
    def line(_request: Request) -> Reply:
        raise LineError("nothing answers", 11202)

    board = Switchboard(ACCOUNT, line, sleep=lambda _seconds: None)
    told: list[Happening] = []
    board.feed.subscribe(told.append)
    call = board.place(Order(to=LIAISON, from_=LINE, ring_seconds=60, url=f"{PUBLIC_URL}/x"))

    board.answer(call.sid)

    webhook = next(happening for happening in told if happening.kind == "webhook")
    assert (webhook.facts["status"], webhook.facts["code"]) == (None, 11202)
    assert call.trouble == "nothing answers"


def test_phone_that_a_callers_dial_rings_is_picked_up_and_both_can_talk(exchange: Exchange) -> None:
    caller = exchange.board.dial(CALLER, LINE)
    assert exchange.waits_until(lambda: caller.live.state == "keys")
    exchange.act(caller.sid, "keys", keys="1")
    shown, rung = exchange.web.get("/handset/rung.json").json["calls"]
    assert shown["rings"] == [LIAISON]
    assert (rung["to"], rung["status"], rung["direction"]) == (LIAISON, "ringing", "outbound-dial")

    child = exchange.act(caller.sid, "pick-up", phone=LIAISON)
    exchange.act(child["sid"], "keys", keys="1")
    exchange.act(caller.sid, "words", words="Hello")
    exchange.act(child["sid"], "words", words="Yes?")

    talk = [(one["kind"], one["text"]) for one in caller.passages()[-2:]]
    assert talk == [("said", "Hello"), ("talk", "Yes?")]
    talk = [(one["kind"], one["text"]) for one in exchange.board.find(child["sid"]).passages()[-2:]]
    assert talk == [("talk", "Hello"), ("said", "Yes?")]
    assert child["sid"] == rung["sid"]
    assert exchange.twilio.calls(child["sid"]).fetch().parent_call_sid == caller.sid
    exchange.act(child["sid"], "hang-up")
    assert exchange.waits_until(lambda: caller.status == "completed")
    assert caller.passages()[-1]["text"] == "Dial completed, bridged true."


def test_nobody_is_on_a_dialed_phone_whose_words_the_line_does_not_answer() -> None:
    dial = f'<Response><Dial action="/a"><Number url="/whisper">{LIAISON}</Number></Dial></Response>'

    def line(request: Request) -> Reply:
        if request.url.endswith("/whisper"):
            raise LineError("nothing answers", 11202)
        return Reply(200, "text/xml", dial.encode())

    board = Switchboard(ACCOUNT, line, sleep=lambda _seconds: None)
    call = board.place(order())
    board.answer(call.sid)

    with pytest.raises(LookupError, match="line failed"):
        board.pick_up(call.sid)


def test_dialed_phone_can_be_declined_busy_or_ring_out(exchange: Exchange) -> None:
    declined = exchange.board.dial(CALLER, LINE)
    assert exchange.waits_until(lambda: declined.live.state == "keys")
    exchange.act(declined.sid, "keys", keys="1")
    assert (
        exchange.act(declined.sid, "decline-dialled")["transcript"][-1]["text"] == "Dial busy, bridged false."
    )

    exchange.board.phones.set(LIAISON, Answering("unreachable"))
    failed = exchange.board.dial(CALLER, LINE)
    assert exchange.waits_until(lambda: failed.live.state == "keys")
    exchange.act(failed.sid, "keys", keys="1")
    assert exchange.waits_until(lambda: failed.passages()[-1]["text"] == "Dial failed, bridged false.")


def test_machine_that_answers_a_dialed_phone_does_not_accept(exchange: Exchange) -> None:
    exchange.board.phones.set(LIAISON, Answering("machine"))
    caller = exchange.board.dial(CALLER, LINE)
    assert exchange.waits_until(lambda: caller.live.state == "keys")

    exchange.act(caller.sid, "keys", keys="1")

    assert exchange.waits_until(lambda: caller.passages()[-1]["text"] == "Dial completed, bridged false.")


def test_nobody_talks_to_a_line_that_only_speaks(exchange: Exchange) -> None:
    sid = place(exchange).sid
    exchange.act(sid, "answer")

    assert exchange.web.post(f"/handset/{sid}/words", json={"words": "Hello?"}).status_code == 409
    assert exchange.web.post("/handset/dial", json={"from": CALLER, "to": "+12025550199"}).status_code == 404


def test_call_without_anything_to_ring_can_still_be_looked_up(exchange: Exchange) -> None:
    sid = place(exchange).sid

    assert exchange.web.post(f"/handset/{sid}/pick-up", json={}).status_code == 404
    with pytest.raises(LookupError):
        exchange.board.pick_up("CA1")


def test_first_request_of_a_call_to_the_line_says_that_it_rings(exchange: Exchange) -> None:
    caller = exchange.board.dial(CALLER, LINE, {"ForwardedFrom": "+12025550111"})
    assert exchange.waits_until(lambda: caller.live.state == "keys")

    exchange.act(caller.sid, "keys", keys="9")

    assert [request.param("CallStatus") for request in exchange.requests] == ["ringing", "in-progress"]
    assert {request.param("ForwardedFrom") for request in exchange.requests} == {"+12025550111"}


def test_call_that_was_deleted_does_not_stop_the_others_from_ringing_out(exchange: Exchange) -> None:
    gone = exchange.board.place(Order(to=LIAISON, from_=LINE, ring_seconds=0.05, url=f"{PUBLIC_URL}/x"))
    exchange.board.end_unanswered(gone.sid, "busy")
    exchange.board.forget(gone.sid)

    later = exchange.board.place(Order(to=LIAISON, from_=LINE, ring_seconds=0.06, url=f"{PUBLIC_URL}/x"))

    assert exchange.waits_until(lambda: later.status == "no-answer")
