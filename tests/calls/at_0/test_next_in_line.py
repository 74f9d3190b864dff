"""Who is next: liaisons who do not come, callbacks beside the line, and waits that were measured (R36)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from models import Call, Callback, LineWait, Staff
from models.calls.offer import Offer, note_offer
from models.talks.line_turn import fetch
from tests.calls.at_0.waiting import OTHER, _a_sweep, outcomes, waits, waits_in_line
from tests.calls.conftest import Clock, House
from tests.calls.stories import opens_the_case, reaches_the_first_menu
from tests.factories import MadeCase, make_callback
from tests.phone import CALLER, Phone
from workers.sweeper import sweep

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


def test_a_liaison_who_does_not_answer_costs_no_place_and_the_last_one_set_away_brings_a_callback(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House
) -> None:
    make_staff()
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    since = waits(house)[0].since
    house.declines(phone)
    # The next ring does not wait for the caller's next look, and is told as going on: the same words again
    # would sound as if the line had begun anew.
    assert phone.hears("I am still calling someone for you. Please hold")
    assert len(house.rung()) == 1
    assert waits(house)[0].since == since

    house.declines(phone)

    assert phone.hears("No one can answer right now", "To have us call this phone as soon as we can, press 1")
    assert outcomes(house) == ["offered"]


def test_when_the_last_liaison_goes_home_a_callback_is_offered(
    phone: Phone, make_case: MakeCase, busy: Phone, house: House
) -> None:
    waits_in_line(phone, make_case(custody_status="in_custody"))
    with house.database.transaction() as session:
        session.scalars(select(Staff)).one().on_shift = False

    phone.says_nothing()

    assert phone.hears("No one can answer right now", "as soon as we can, press 1")
    assert outcomes(house) == ["offered"]


def test_without_redis_nobody_in_line_notices(
    phone: Phone, make_case: MakeCase, busy: Phone, house: House
) -> None:
    house.jobs.is_down = True
    waits_in_line(phone, make_case(custody_status="in_custody"))
    phone.says_nothing()
    busy.hangs_up()
    sweep(house.database, house.jobs, house.carrier, house.office, house.clock.now)

    assert phone.hears("I am calling someone for you")
    house.clock.passes(seconds=4)
    # No worker can ring anybody, so the sweeper does.
    sweep(house.database, house.jobs, house.carrier, house.office, house.clock.now)
    liaison = phone.answers(house.carrier.ringing[-1])
    liaison.presses("1")
    phone.says_nothing()

    assert (phone.is_talking, liaison.is_talking) == (True, True)


def test_a_callback_that_is_due_leaves_the_free_liaison_to_who_waits_on_the_line(
    phone: Phone, make_case: MakeCase, busy: Phone, house: House, clock: Clock
) -> None:
    asker = phone.another()
    opens_the_case(asker, make_case(custody_status="in_custody"), from_=OTHER)
    asker.presses("2")
    asker.presses("1")
    asker.hangs_up()
    waits_in_line(phone, make_case(custody_status="in_custody"))
    busy.hangs_up()

    assert house.rung() == []
    phone.says_nothing()
    (to_liaison,) = house.rung()
    phone.hangs_up()
    assert house.rung() == []
    clock.passes(seconds=31)
    sweep(house.database, house.jobs, house.carrier, house.office, clock.now)
    assert house.rung() == [to_liaison]


def test_an_overdue_callback_waits_for_nobody_on_the_line(
    phone: Phone, make_case: MakeCase, busy: Phone, house: House, clock: Clock
) -> None:
    with house.database.transaction() as session:
        make_callback(session, due_at=clock.now, next_attempt_at=clock.now).verified = True
    waits_in_line(phone, make_case(custody_status="in_custody"))
    busy.hangs_up()

    house.jobs.works_off()
    house.dialler.dial_liaison(house.row(select(Callback.id)))

    assert len(house.rung()) == 1
    phone.says_nothing()
    assert phone.hears("still in line")


def test_in_spanish_the_line_speaks_spanish(
    phone: Phone, make_case: MakeCase, busy: Phone, house: House
) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody"), language="2")
    phone.presses("0")
    assert phone.hears("Usted es la siguiente", "oprima 1", "Si no puede hablar, oprima 5")
    phone.says_nothing()
    assert phone.hears("Sigue en espera")
    phone.presses("1")
    assert phone.hears("Le llamaremos")


def test_a_measured_wait_is_said_in_words(
    phone: Phone, make_case: MakeCase, busy: Phone, house: House, clock: Clock
) -> None:
    with house.database.transaction() as session:
        for number in range(40):
            call = Call(
                direction="inbound", flow="victim_line", started_at=clock.now, language="en", step="in_line",
                place="waiting", turn=1, heard_from="person", said="",
            )  # fmt: skip
            session.add(call)
            session.flush()
            since = clock.now - timedelta(hours=number + 1)
            session.add(
                LineWait(
                    call_id=call.id, verified=True, since=since, seen_at=since, outcome="talked",
                    ended_at=since + timedelta(minutes=number + 1),
                )
            )  # fmt: skip

    waits_in_line(phone, make_case(custody_status="in_custody"))

    assert phone.hears("Most people wait about thirty minutes or less")
    clock.passes(minutes=40)
    for _ in range(4):
        phone.says_nothing()
    assert phone.hears("The wait is longer than it should be")


def test_who_is_free_is_offered_to_the_first_in_line_before_they_look_again(
    phone: Phone, make_case: MakeCase, busy: Phone, house: House, clock: Clock
) -> None:
    second = phone.another()
    for caller, number in ((phone, CALLER), (second, OTHER)):
        waits_in_line(caller, make_case(custody_status="in_custody"), from_=number)
        house.carrier.carries(caller)
        clock.passes(seconds=1)
    _a_sweep(house)
    assert house.rung() == []

    busy.hangs_up()
    clock.passes(seconds=1)
    _a_sweep(house)

    assert phone.hears("I am calling someone for you")
    assert second.does_not_hear("calling someone")
    assert len(house.rung()) == 1
    _a_sweep(house)
    liaison = house.accepts(phone)
    assert (phone.is_talking, liaison.is_talking) == (True, True)
    _a_sweep(house)
    assert phone.is_talking


def test_a_caller_without_a_pin_is_fetched_only_when_their_half_has_room(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House, clock: Clock
) -> None:
    make_staff()
    make_staff(phone="+12025550171")
    for number in ("+12025550149", "+12025550147"):
        talker = phone.another()
        reaches_the_first_menu(talker, from_=number)
        talker.presses("0")
        if number == "+12025550149":
            house.accepts(talker)
    assert talker.hears("You are next in line")
    house.carrier.carries(talker)

    clock.passes(seconds=1)
    _a_sweep(house)

    assert house.rung() == []
    assert talker.hears("You are next in line"), "nothing cuts off what they hear"


def test_a_caller_fetched_while_a_phone_began_to_ring_for_them_hears_it_ring_again(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House, busy: Phone, clock: Clock
) -> None:
    waits_in_line(phone, make_case(custody_status="in_custody"))
    house.carrier.carries(phone)
    busy.hangs_up()
    with house.database.transaction() as session:
        call_id = session.scalars(select(LineWait.call_id).order_by(LineWait.id.desc())).first()
        assert call_id is not None
        found = fetch(session, call_id, clock.now, is_open=True)
    assert found is not None
    phone.says_nothing()
    assert len(house.rung()) == 1

    house.carrier.redirect_call(*found)

    assert phone.hears("I am calling someone for you")
    assert len(house.rung()) == 1
    house.accepts(phone)
    assert phone.is_talking


def _two_wait(house: House, case: MadeCase) -> tuple[int, int]:
    """A verified callback that is due first, and one without a PIN."""
    with house.database.transaction() as session:
        soon, later = house.clock.now + timedelta(hours=20), house.clock.now + timedelta(hours=22)
        verified = make_callback(session, case, due_at=soon, next_attempt_at=house.clock.now)
        other = make_callback(session, phone=OTHER, due_at=later, next_attempt_at=house.clock.now)
        return verified.id, other.id


def verified_callers_at_0(phone: Phone, house: House, case: MadeCase, count: int) -> None:
    """So many callers with a PIN ask for a person, one after another, and the one liaison takes each."""
    for number in range(count):
        caller = phone.another()
        opens_the_case(caller, case, from_=f"+1202555013{number}")
        caller.presses("0")
        house.accepts(caller)
        house.clock.passes(minutes=1)
        caller.hangs_up()
        house.jobs.works_off()


def _is_offered(house: House) -> int:
    _a_sweep(house)
    return int(house.row(select(Callback.id).where(Callback.state == "ringing_liaison")))


@pytest.mark.parametrize(("talks", "first"), [(2, "verified"), (3, "without a PIN")])
def test_three_verified_callers_at_0_in_a_row_give_the_next_offer_to_a_callback_without_a_pin(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House, talks: int, first: str
) -> None:
    make_staff()
    case = make_case(custody_status="in_custody")
    verified_callers_at_0(phone, house, case, talks)
    verified, without_pin = _two_wait(house, case)

    assert _is_offered(house) == (verified if first == "verified" else without_pin)


@pytest.mark.parametrize(
    ("talks", "heard"), [(2, "You are next in line"), (3, "I am calling someone for you")]
)
def test_one_of_four_offers_goes_to_a_caller_at_0_without_a_pin_though_a_verified_callback_is_due(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House, talks: int, heard: str
) -> None:
    make_staff()
    case = make_case(custody_status="in_custody")
    verified_callers_at_0(phone, house, case, talks)
    _two_wait(house, case)

    reaches_the_first_menu(phone, from_=OTHER)
    phone.presses("0")

    assert phone.hears(heard)


def test_a_caller_at_0_without_a_pin_has_one_of_four_offers_though_verified_callbacks_are_always_due(
    phone: Phone, make_case: MakeCase, busy: Phone, house: House, clock: Clock
) -> None:
    """The call that a sweep fetches comes a moment later, when the job beside it has looked for a liaison."""
    with house.database.transaction() as session:
        later = clock.now + timedelta(hours=20)
        for number in range(5):
            to = f"+1202555013{number}"
            callback = make_callback(session, phone=to, due_at=later, next_attempt_at=clock.now)
            callback.verified = True
    reaches_the_first_menu(phone, from_=OTHER)
    phone.presses("0")
    assert phone.hears("You are next in line")
    house.carrier.moves_later = house.jobs.at_once = True
    busy.hangs_up()
    house.jobs.works_off()

    for _ in range(2):
        clock.passes(seconds=31)
        _a_sweep(house)
        house.carrier.moves()
        assert phone.does_not_hear("I am calling someone")
        phone.says_nothing()
        liaison = house.accepts(phone)
        house.declines(phone)
        liaison.hangs_up()
        house.jobs.works_off()
    clock.passes(seconds=31)
    _a_sweep(house)
    house.carrier.moves()

    assert phone.hears("I am calling someone for you")
    assert house.rows(select(Offer.verified).order_by(Offer.id)) == [True, True, True, False]


def test_a_caller_at_0_keeps_no_supervisor_from_an_urgent_callback_that_nobody_takes(
    phone: Phone, make_case: MakeCase, busy: Phone, make_staff: MakeStaff, house: House, clock: Clock
) -> None:
    """Supervisors take no calls at 0, so a stranger who waits there must not hold them back."""
    make_staff(phone="+12025550171", on_shift=False, role="supervisor")
    with house.database.transaction() as session:
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
    _a_sweep(house)

    assert house.rung() == ["+12025550171"]
    assert _is_offered(house) == house.row(select(Callback.id))
