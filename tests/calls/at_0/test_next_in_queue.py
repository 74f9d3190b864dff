"""The next offer: liaisons who do not answer, callbacks beside the call queue, measured waits (R36)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from config.office import Office
from models import Call, Callback, QueuedCall, Staff
from models.calls.offer import Offer, note_offer
from models.talks.queue_turn import fetch
from tests.calls.at_0.waiting import OTHER, _a_sweep, outcomes, waits, waits_in_queue
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import opens_the_case, reaches_the_first_menu
from tests.conftest import ON_BOTH
from tests.factories import MadeCase, make_callback, make_office
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


def test_liaison_who_does_not_answer_costs_no_place_and_after_the_last_one_the_caller_is_offered_a_callback(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    since = waits(hotline)[0].since
    hotline.declines(phone)
    # The next ring does not wait for the caller's next poll, and the words say that it goes on: the first
    # words again would sound as if the wait had begun anew.
    assert phone.hears("I am still calling someone for you. Please hold")
    assert len(hotline.rung()) == 1
    assert waits(hotline)[0].since == since

    hotline.declines(phone)

    assert phone.hears("No one can answer right now", "To have us call this phone as soon as we can, press 1")
    assert outcomes(hotline) == ["offered"]


def test_caller_is_offered_a_callback_when_the_last_liaison_goes_home(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline
) -> None:
    waits_in_queue(phone, make_case(custody_status="in_custody"))
    with hotline.database.transaction() as session:
        session.scalars(select(Staff)).one().on_shift = False

    phone.says_nothing()

    assert phone.hears("No one can answer right now", "as soon as we can, press 1")
    assert outcomes(hotline) == ["offered"]


def test_callers_in_the_queue_notice_nothing_when_redis_is_down(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline
) -> None:
    hotline.jobs.is_down = True
    waits_in_queue(phone, make_case(custody_status="in_custody"))
    phone.says_nothing()
    busy.hangs_up()
    hotline.sweeps()

    assert phone.hears("I am calling someone for you")
    hotline.clock.passes(seconds=4)
    # No worker can ring anybody, so the sweeper does.
    hotline.sweeps()
    liaison = phone.answers(hotline.carrier.ringing[-1])
    liaison.presses("1")
    phone.says_nothing()

    assert (phone.is_talking, liaison.is_talking) == (True, True)


def test_callback_that_is_due_leaves_the_free_liaison_to_the_caller_who_waits_on_the_line(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock
) -> None:
    asker = phone.another()
    opens_the_case(asker, make_case(custody_status="in_custody"), from_=OTHER)
    asker.presses("2")
    asker.presses("1")
    asker.hangs_up()
    waits_in_queue(phone, make_case(custody_status="in_custody"))
    busy.hangs_up()

    assert hotline.rung() == []
    phone.says_nothing()
    (to_liaison,) = hotline.rung()
    phone.hangs_up()
    assert hotline.rung() == []
    clock.passes(seconds=31)
    hotline.sweeps()
    assert hotline.rung() == [to_liaison]


def test_overdue_callback_goes_before_callers_on_the_line(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock
) -> None:
    with hotline.database.transaction() as session:
        make_callback(session, due_at=clock.now, next_attempt_at=clock.now).verified = True
    waits_in_queue(phone, make_case(custody_status="in_custody"))
    busy.hangs_up()

    hotline.jobs.works_off()
    hotline.dialler.dial_liaison(hotline.row(select(Callback.id)))

    assert len(hotline.rung()) == 1
    phone.says_nothing()
    assert phone.hears("still in line")


def test_spanish_caller_hears_spanish_in_the_queue(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline
) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody"), language="2")
    phone.presses("0")
    assert phone.hears("Usted es la siguiente", "oprima 1", "Si no puede hablar, oprima 5")
    phone.says_nothing()
    assert phone.hears("Sigue en espera")
    phone.presses("1")
    assert phone.hears("Le llamaremos")


def others_waited(hotline: Hotline) -> None:
    """Forty others waited for one minute, two minutes, and so on, and then talked with a person."""
    now = hotline.clock.now
    with hotline.database.transaction() as session:
        for number in range(40):
            call = Call(
                direction="inbound", flow="victim_line", started_at=now, language="en", step="in_queue",
                place="waiting", turn=1, heard_from="person", said="",
            )  # fmt: skip
            session.add(call)
            session.flush()
            since = now - timedelta(hours=number + 1)
            session.add(
                QueuedCall(
                    call_id=call.id, verified=True, since=since, seen_at=since, outcome="talked",
                    ended_at=since + timedelta(minutes=number + 1),
                )
            )  # fmt: skip


def test_caller_hears_a_measured_wait_in_words(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock
) -> None:
    others_waited(hotline)

    waits_in_queue(phone, make_case(custody_status="in_custody"))

    assert phone.hears("Most people wait about thirty minutes or less")
    clock.passes(minutes=40)
    for _ in range(4):
        phone.says_nothing()
    assert phone.hears("The wait is longer than it should be")


class TestBeforeTheOfficeCloses:
    """It closes in twenty minutes."""

    @pytest.fixture
    def office(self) -> Office:
        return make_office(always_open=False)

    @pytest.fixture
    def now(self) -> datetime:
        return datetime(2026, 11, 25, 0, 40, tzinfo=UTC)

    @pytest.mark.usefixtures("busy")
    @pytest.mark.parametrize(
        ("language", "nobody", "wait"),
        [
            ("1", "No one can answer right now. You are next in line", "Most people wait"),
            ("2", "nadie puede atenderle. Usted es la siguiente", "La mayoría de las personas espera"),
        ],
    )
    def test_no_wait_is_told_that_ends_after_closing(
        self,
        phone: Phone,
        make_case: MakeCase,
        hotline: Hotline,
        language: str,
        nobody: str,
        wait: str,
    ) -> None:
        """They heard "about thirty minutes or less", and "We are closed now" twenty minutes later."""
        others_waited(hotline)
        opens_the_case(phone, make_case(custody_status="in_custody"), language=language)

        phone.presses("0")

        assert phone.hears(nobody)
        assert phone.does_not_hear(wait)


def test_free_liaison_is_offered_to_the_first_in_the_queue_before_their_next_poll(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock
) -> None:
    second = phone.another()
    for caller, number in ((phone, CALLER), (second, OTHER)):
        waits_in_queue(caller, make_case(custody_status="in_custody"), from_=number)
        hotline.carrier.carries(caller)
        clock.passes(seconds=1)
    _a_sweep(hotline)
    assert hotline.rung() == []

    busy.hangs_up()
    clock.passes(seconds=1)
    _a_sweep(hotline)

    assert phone.hears("I am calling someone for you")
    assert second.does_not_hear("calling someone")
    assert len(hotline.rung()) == 1
    _a_sweep(hotline)
    liaison = hotline.accepts(phone)
    assert (phone.is_talking, liaison.is_talking) == (True, True)
    _a_sweep(hotline)
    assert phone.is_talking


def test_caller_without_a_pin_is_fetched_only_when_their_half_has_a_slot(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff()
    make_staff(phone="+12025550171")
    for number in ("+12025550149", "+12025550147"):
        talker = phone.another()
        reaches_the_first_menu(talker, from_=number)
        talker.presses("0")
        if number == "+12025550149":
            hotline.accepts(talker)
    assert talker.hears("You are next in line")
    hotline.carrier.carries(talker)

    clock.passes(seconds=1)
    _a_sweep(hotline)

    assert hotline.rung() == []
    assert talker.hears("You are next in line"), "nothing cuts off what they hear"


def test_caller_fetched_while_a_phone_began_to_ring_for_them_hears_it_ring_again(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, busy: Phone, clock: Clock
) -> None:
    waits_in_queue(phone, make_case(custody_status="in_custody"))
    hotline.carrier.carries(phone)
    busy.hangs_up()
    with hotline.database.transaction() as session:
        call_id = session.scalars(select(QueuedCall.call_id).order_by(QueuedCall.id.desc())).first()
        assert call_id is not None
        found = fetch(session, call_id, clock.now, is_open=True)
    assert found is not None
    phone.says_nothing()
    assert len(hotline.rung()) == 1

    hotline.carrier.redirect_call(*found)

    assert phone.hears("I am calling someone for you")
    assert len(hotline.rung()) == 1
    hotline.accepts(phone)
    assert phone.is_talking


def _two_wait(hotline: Hotline, case: MadeCase) -> tuple[int, int]:
    """A verified callback that is due first, and one without a PIN."""
    with hotline.database.transaction() as session:
        soon, later = hotline.clock.now + timedelta(hours=20), hotline.clock.now + timedelta(hours=22)
        verified = make_callback(session, case, due_at=soon, next_attempt_at=hotline.clock.now)
        other = make_callback(session, phone=OTHER, due_at=later, next_attempt_at=hotline.clock.now)
        return verified.id, other.id


def verified_callers_at_0(phone: Phone, hotline: Hotline, case: MadeCase, count: int) -> None:
    """``count`` callers with a PIN ask for a person, one after another, and the only liaison takes each."""
    for number in range(count):
        caller = phone.another()
        opens_the_case(caller, case, from_=f"+1202555013{number}")
        caller.presses("0")
        hotline.accepts(caller)
        hotline.clock.passes(minutes=1)
        caller.hangs_up()
        hotline.jobs.works_off()


def _is_offered(hotline: Hotline) -> int:
    _a_sweep(hotline)
    return int(hotline.row(select(Callback.id).where(Callback.state == "ringing_liaison")))


@pytest.mark.parametrize(("talks", "first"), [(2, "verified"), (3, "without a PIN")])
def test_three_verified_callers_at_0_in_a_row_give_the_next_offer_to_a_callback_without_a_pin(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, talks: int, first: str
) -> None:
    make_staff()
    case = make_case(custody_status="in_custody")
    verified_callers_at_0(phone, hotline, case, talks)
    verified, without_pin = _two_wait(hotline, case)

    assert _is_offered(hotline) == (verified if first == "verified" else without_pin)


@pytest.mark.parametrize(
    ("talks", "heard"), [(2, "You are next in line"), (3, "I am calling someone for you")]
)
def test_one_of_four_offers_goes_to_a_caller_at_0_without_a_pin_while_a_verified_callback_is_due(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, talks: int, heard: str
) -> None:
    make_staff()
    case = make_case(custody_status="in_custody")
    verified_callers_at_0(phone, hotline, case, talks)
    _two_wait(hotline, case)

    reaches_the_first_menu(phone, from_=OTHER)
    phone.presses("0")

    assert phone.hears(heard)


def test_caller_at_0_without_a_pin_gets_one_of_four_offers_while_verified_callbacks_are_always_due(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock
) -> None:
    """A sweep fetches the call a moment later, after the job beside it has looked for a liaison."""
    with hotline.database.transaction() as session:
        later = clock.now + timedelta(hours=20)
        for number in range(5):
            to = f"+1202555013{number}"
            callback = make_callback(session, phone=to, due_at=later, next_attempt_at=clock.now)
            callback.verified = True
    reaches_the_first_menu(phone, from_=OTHER)
    phone.presses("0")
    assert phone.hears("You are next in line")
    hotline.carrier.moves_later = hotline.jobs.at_once = True
    busy.hangs_up()
    hotline.jobs.works_off()

    for _ in range(2):
        clock.passes(seconds=31)
        _a_sweep(hotline)
        hotline.carrier.moves()
        assert phone.does_not_hear("I am calling someone")
        phone.says_nothing()
        liaison = hotline.accepts(phone)
        hotline.declines(phone)
        liaison.hangs_up()
        hotline.jobs.works_off()
    clock.passes(seconds=31)
    _a_sweep(hotline)
    hotline.carrier.moves()

    assert phone.hears("I am calling someone for you")
    assert hotline.rows(select(Offer.verified).order_by(Offer.id)) == [True, True, True, False]


@ON_BOTH
def test_caller_at_0_keeps_no_supervisor_from_an_urgent_callback_that_nobody_takes(
    phone: Phone, make_case: MakeCase, busy: Phone, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    """Supervisors take no calls at 0, so a stranger who waits there must not hold them back."""
    make_staff(phone="+12025550171", on_shift=False, role="supervisor")
    with hotline.database.transaction() as session:
        urgent = make_callback(
            session, urgency="urgent", due_at=clock.now + timedelta(minutes=50), next_attempt_at=clock.now,
            liaison_tries=5,
        )  # fmt: skip
        urgent.verified = True
        for _ in range(3):
            note_offer(session, verified=True, now=clock.now)
    reaches_the_first_menu(phone, from_=OTHER)
    phone.presses("0")
    assert phone.hears("You are next in line")

    clock.passes(seconds=1)
    _a_sweep(hotline)

    assert hotline.rung() == ["+12025550171"]
    assert _is_offered(hotline) == hotline.row(select(Callback.id))
