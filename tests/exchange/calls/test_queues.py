"""A queue brings calls of one exchange together, each driven in a mailbox of its own."""

import random
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from hotline.exchange.calls.answering import WrongMomentError
from hotline.exchange.calls.order import PhoneNumber
from hotline.exchange.calls.switchboard import Switchboard
from hotline.exchange.calls.switched_call import SwitchedCall
from hotline.exchange.delivery.request import Reply, Request
from tests.exchange.scripted_line import BASE, ScriptedLine
from tests.exchange.small_exchange import wait_until

CALLER, LIAISON, HELP, AGENT = "+12025550123", "+12025550142", "+12025550100", "+12025550101"
ENQUEUE = '<Enqueue waitUrl="/wait" action="/left">help</Enqueue>'
DIAL = '<Dial action="/talked"><Queue>help</Queue></Dial>'


class Office:
    """An exchange with two numbers: HELP puts callers into a queue, AGENT takes them out."""

    def __init__(self, **answers: str) -> None:
        told = {"help": ENQUEUE, "agent": DIAL, "wait": "<Say>please wait</Say>", "left": "<Say>over</Say>"}
        self.line = ScriptedLine(**(told | {"talked": "<Say>over</Say>"} | answers))
        self.board = Switchboard(
            "AC1",
            self._deliver,
            numbers={HELP: PhoneNumber(f"{BASE}/help"), AGENT: PhoneNumber(f"{BASE}/agent")},
            sleep=lambda _seconds: None,
        )
        self.board.queues.create("help")

    def _deliver(self, request: Request) -> Reply:
        return self.line(request)

    def dials(self, to: str, from_: str = CALLER) -> SwitchedCall:
        call = self.board.dial(from_, to)
        assert self.until(lambda: call.live.state in {"waiting", "ringing", "talking", "over"})
        return call

    def until(self, fact: Callable[[], object]) -> bool:
        return wait_until(self.board, fact)

    def is_told(self, path: str, **params: str) -> bool:
        """Whether the line gets a request for ``path`` with these among the parameters."""
        return self.until(
            lambda: any(at == path and params.items() <= told.items() for at, told in list(self.line.asked))
        )

    def are_talking(self, *calls: SwitchedCall) -> bool:
        return self.until(lambda: all(call.live.state == "talking" for call in calls))

    def closes(self) -> None:
        for call in self.board.all():
            with suppress(WrongMomentError):
                self.board.hang_up(call.sid)


@pytest.fixture
def office() -> Iterator[Office]:
    one = Office()
    yield one
    one.closes()


def words(call: SwitchedCall) -> list[str]:
    return [passage["text"] for passage in call.passages()]


def test_caller_who_waits_and_liaison_who_dials_the_queue_talk_until_one_hangs_up(office: Office) -> None:
    caller = office.dials(HELP)
    assert office.until(lambda: "please wait" in words(caller))
    liaison = office.dials(AGENT, LIAISON)
    assert office.are_talking(caller, liaison)

    office.board.speak(caller.sid, "Hello?")
    office.board.speak(liaison.sid, "Good morning.")
    assert words(liaison)[-2:] == ["Hello?", "Good morning."]
    assert words(caller)[-2:] == ["Hello?", "Good morning."]
    office.board.hang_up(liaison.sid)

    assert office.until(lambda: caller.status == "completed")
    assert words(caller)[-1] == "over"
    assert office.is_told("left", QueueResult="bridged")


def test_liaison_who_dials_an_empty_queue_gets_the_next_who_comes(office: Office) -> None:
    liaison = office.dials(AGENT, LIAISON)
    assert liaison.live.state == "ringing"
    caller = office.dials(HELP)
    assert office.are_talking(caller, liaison)

    office.board.hang_up(caller.sid)

    assert office.until(lambda: liaison.status == "completed")
    assert office.is_told("talked", QueueResult="bridged", DialCallSid=caller.sid, DialBridged="true")
    assert office.is_told("left", QueueResult="bridged", CallStatus="completed")


def test_callers_are_taken_out_in_their_order_each_by_another(office: Office) -> None:
    callers = [office.dials(HELP) for _ in range(3)]
    for caller in callers:
        liaison = office.dials(AGENT, LIAISON)

        assert office.are_talking(caller, liaison)
        office.board.speak(liaison.sid, "Who is there?")
        assert words(caller)[-1] == "Who is there?"


def test_caller_hears_first_who_takes_them_out() -> None:
    office = Office(
        agent='<Dial action="/talked"><Queue url="/soon">help</Queue></Dial>', soon="<Say>now</Say>"
    )
    caller = office.dials(HELP)
    liaison = office.dials(AGENT, LIAISON)
    assert office.are_talking(caller, liaison)

    assert office.is_told("soon", DequeingCallSid=liaison.sid, CallSid=caller.sid)
    assert words(caller)[-2:] == ["now", "connected to the person who answered"]
    office.closes()


def test_caller_who_leaves_or_hangs_up_is_not_taken_out() -> None:
    office = Office(wait="<Leave/>")
    gone = office.dials(HELP)
    assert office.until(lambda: gone.status == "completed")
    assert office.is_told("left", QueueResult="leave")
    office.line.answers["wait"][0] = "<Say>please wait</Say>"
    other = office.dials(HELP)
    office.board.hang_up(other.sid)
    assert office.is_told("left", QueueResult="hangup")

    liaison = office.dials(AGENT, LIAISON)

    assert liaison.live.state == "ringing"
    office.board.say_nothing(liaison.sid)
    assert office.is_told("talked", DialCallStatus="no-answer")


def test_caller_whom_the_queues_document_hangs_up_on_leaves_the_queue() -> None:
    office = Office(wait="<Hangup/>")
    gone = office.dials(HELP)
    assert office.until(lambda: gone.status == "completed")

    assert office.is_told("left", QueueResult="hangup")
    assert office.dials(AGENT, LIAISON).live.state == "ringing"
    office.closes()


def test_queue_of_the_exchange_is_full_for_every_call() -> None:
    office = Office(help=ENQUEUE.replace("<Enqueue", '<Enqueue maxQueueSize="1"'))
    office.dials(HELP)

    turned_away = office.dials(HELP)

    assert office.until(lambda: turned_away.status == "completed")
    assert office.is_told("left", QueueResult="queue-full")
    office.closes()


@pytest.mark.parametrize(("has_met", "result"), [(False, "redirected"), (True, "redirected-from-bridged")])
def test_caller_who_is_taken_elsewhere_has_left_the_queue(office: Office, has_met: bool, result: str) -> None:
    caller = office.dials(HELP)
    if has_met:
        assert office.are_talking(caller, office.dials(AGENT, LIAISON))

    office.board.redirect(caller.sid, document=b"<Response><Pause/><Say>elsewhere</Say></Response>")

    assert office.until(lambda: "elsewhere" in words(caller))
    assert office.is_told("left", QueueResult=result)
    if has_met:
        assert office.is_told("talked", QueueResult="bridged")


@pytest.mark.parametrize("seed", range(5))
def test_nobody_is_left_in_a_talk_alone_whatever_happens_at_once(seed: int) -> None:
    office, chance = Office(left=ENQUEUE), random.Random(seed)
    calls = [office.board.dial(CALLER, HELP if at % 2 else AGENT) for at in range(16)]
    gone = chance.sample(calls, 10)
    for call in gone:
        office.board.post(call, call.live.hangs_up)

    def is_settled() -> bool:
        left = [call for call in calls if call.status != "completed"]
        waiting = [call for call in left if call.live.state in {"waiting", "ringing"}]
        talking = [call for call in left if call.live.state == "talking"]
        sides = {call.to for call in waiting}
        # A caller who still waits finds nobody on the other side, or the queue would have joined the two.
        return len(waiting) + len(talking) == len(left) and len(talking) % 2 == 0 and len(sides) <= 1

    assert office.until(lambda: all(call.status == "completed" for call in gone))
    assert office.until(is_settled)
    office.closes()
