"""Faults come from a seed, hit what they are set to, and can be switched while an exchange runs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.exchange.delivery.faults import EVENT_FAULTS, KINDS, WITHHELD_CALLER_IDS, Faults
from hotline.exchange.delivery.request import LineError, Reply, Request
from tests.exchange.small_exchange import CALLER, LINE, Exchange, place
from tests.exchange.small_line import PUBLIC_URL

URL = f"{PUBLIC_URL}/voice/inbound"


class Line:
    """Records what arrives, as the Nth parameter, and whether the sender signed it."""

    def __init__(self) -> None:
        self.got: list[Request] = []

    def __call__(self, request: Request) -> Reply:
        self.got.append(request)
        return Reply(403 if request.headers else 200, "text/xml", b"<Response/>")

    @property
    def numbers(self) -> list[str]:
        return [request.param("N") for request in self.got]


def document(number: int, call: str = "CA1", **more: str) -> Request:
    params = {"CallSid": call, "N": str(number), "Direction": "inbound", "From": CALLER, "Caller": CALLER}
    return Request.of("POST", URL, tuple((params | more).items()))


def event(number: int, status: str) -> Request:
    return document(number, CallbackSource="call-progress-events", CallStatus=status)


def played(faults: Faults, count: int = 30) -> list[str]:
    line = Line()
    carry = faults.around(line)
    heard = []
    for number in range(count):
        try:
            heard.append(carry(document(number)).body.decode())
        except LineError as problem:
            heard.append(str(problem))
    return [*line.numbers, *heard, *(request.param("From") for request in line.got)]


RATES = {"duplicate": 0.3, "late": 0.3, "drop": 0.2, "lose_reply": 0.1, "hang_up": 0.1, "withhold": 0.5}


@given(st.integers())
def test_same_seed_brings_the_same_trouble(seed: int) -> None:
    assert played(Faults(seed, RATES)) == played(Faults(seed, RATES))


def test_another_seed_brings_other_trouble_and_none_brings_none() -> None:
    assert played(Faults(1, RATES)) != played(Faults(2, RATES))
    assert played(Faults(1, {}), 2) == ["0", "1", "<Response/>", "<Response/>", CALLER, CALLER]


def test_rate_of_one_kind_does_not_move_another() -> None:
    line, both = Line(), Line()
    alone = Faults(3, {"duplicate": 0.3}).around(line)
    together = Faults(3, {"duplicate": 0.3, "delay": 0.9}, sleep=lambda _s: None).around(both)
    for number in range(40):
        alone(document(number))
        together(document(number))
    assert line.numbers == both.numbers


def test_late_request_arrives_after_the_next_one_of_its_call() -> None:
    line = Line()
    carry = Faults(at={"late": 1}).around(line)
    for number in range(3):
        carry(document(number))

    assert line.numbers == ["0", "1", "0", "2"]
    assert line.got[0].idempotency_token == line.got[2].idempotency_token


def test_events_change_places_but_the_last_is_never_held_back() -> None:
    line = Line()
    carry = Faults(rates={"event_reorder": 1}).around(line)

    assert carry(event(0, "ringing")).status == 204
    carry(event(1, "in-progress"))
    assert line.numbers == []
    carry(event(2, "completed"))

    assert line.numbers == ["2", "0", "1"]


def test_events_are_doubled_dropped_delayed_and_tampered_with() -> None:
    waited: list[float] = []
    at = {"event_duplicate": 1, "event_drop": 2, "event_delay": 3, "event_tamper": 4}
    line = Line()
    carry = Faults(at=at, delay_seconds=7, sleep=waited.append).around(line)

    replies = [carry(event(number, "ringing")).status for number in range(5)]

    assert line.numbers == ["0", "0", "2", "3", "4"]
    assert waited == [7]
    assert replies == [200, 204, 200, 403, 200]


def test_forgery_that_is_let_in_is_counted() -> None:
    faults = Faults(rates={"forge": 1})
    carry = faults.around(lambda _request: Reply(200, "text/xml", b"<Response/>"))

    carry(document(0))

    assert faults.summary()["injected"] == {"forge": 1, "let_in": 1}


def test_answer_that_differs_the_second_time_is_counted() -> None:
    answers = iter([b"<Response><Say>1</Say></Response>", b"<Response/>"])
    faults = Faults(rates={"duplicate": 1})

    faults.around(lambda _request: Reply(200, "text/xml", next(answers)))(document(0))

    assert faults.summary()["injected"]["answered_differently"] == 1


def test_caller_id_is_withheld_in_every_known_way_and_stays_so_for_the_call() -> None:
    line = Line()
    carry = Faults(rates={"withhold": 1}).around(line)
    for call in range(200):
        carry(document(0, f"CA{call}"))
        carry(document(1, f"CA{call}"))

    seen = {(a.param("From"), b.param("Caller")) for a, b in zip(line.got[::2], line.got[1::2], strict=True)}
    assert seen == {(one, one) for one in WITHHELD_CALLER_IDS}


def test_call_that_the_line_placed_keeps_its_numbers() -> None:
    line = Line()
    Faults(rates={"withhold": 1}).around(line)(document(0, Direction="outbound-api"))

    assert line.got[0].param("From") == CALLER


def test_strange_parameters_leave_what_matters_alone() -> None:
    line = Line()
    request = document(0, FromCity="RENO", FromState="NV", ToCity="", ToZip="1")

    Faults(rates={"strange": 1}).around(line)(request)

    sent = dict(line.got[0].said)
    assert len(sent.keys() & {"FromCity", "FromState", "ToCity", "ToZip"}) == 2
    assert any(name.startswith("Unknown") for name in sent)
    assert (sent["CallSid"], sent["N"], sent["From"]) == ("CA1", "0", CALLER)


@pytest.mark.parametrize(
    "wrong", [{"rates": {"cats": 1}}, {"rates": {"drop": 1.5}}, {"at": {"drop": 0}}, {"delay_seconds": -1}]
)
def test_unknown_fault_is_refused(exchange: Exchange, wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"fault|rate|counted"):
        Faults(**wrong)  # type: ignore[arg-type]
    assert exchange.web.post("/exchange/faults", json=wrong).status_code == 400


def test_faults_are_switched_on_and_off_while_the_exchange_runs(exchange: Exchange) -> None:
    begun = exchange.web.post("/exchange/faults", json={"seed": 7, "rates": {"event_reorder": 1}})
    assert begun.json["rates"] == {"event_reorder": 1}
    sid = place(exchange).sid
    exchange.act(sid, "decline")
    assert exchange.hears_events(3) == ["busy", "initiated", "ringing"]
    assert exchange.web.get("/exchange/faults").json["injected"] == {"event_reorder": 3}

    ended = exchange.web.delete("/exchange/faults").json

    assert ended["seed"] == 7
    sid = place(exchange).sid
    exchange.act(sid, "decline")
    assert exchange.hears_events(3) == ["initiated", "ringing", "busy"]
    assert exchange.web.get("/exchange/faults").json["rates"] == {}


@pytest.mark.parametrize(
    "wrong", [[1], {"rates": []}, {"rates": {"drop": "often"}}, {"seed": "x"}, {"rate": {}}]
)
def test_faults_take_only_a_right_object(exchange: Exchange, wrong: object) -> None:
    assert exchange.web.post("/exchange/faults", json=wrong).status_code == 400
    assert exchange.web.post("/exchange/faults", data="{}").status_code == 415


def test_call_at_the_exchange_ends_when_its_caller_hangs_up_on_the_way(exchange: Exchange) -> None:
    exchange.web.post("/exchange/faults", json={"at": {"hang_up": 1}})

    exchange.web.post("/handset/dial", json={"from": CALLER, "to": LINE})

    assert exchange.hears_events(1) == ["completed"]


def test_events_and_documents_have_kinds_of_their_own() -> None:
    assert set(EVENT_FAULTS) < set(KINDS)
    line = Line()
    carry = Faults(rates={"drop": 1}).around(line)

    carry(event(0, "ringing"))

    assert line.numbers == ["0"]
