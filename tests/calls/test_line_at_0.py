"""Calls of people who wait in line for a person: position, honest wait, keeping the place (R36)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import delete, or_, select, update

from models import Call, Callback, Consent, LineWait, Registrant, Staff
from models.line_turn import fetch
from models.registrant import Phone as RegisteredPhone
from tests import factories
from tests.calls.conftest import Clock, House
from tests.calls.stories import document_of, opens_the_case, reaches_the_first_menu
from tests.factories import MadeCase, make_call, make_callback
from tests.phone import CALLER, Phone
from workers.sweeper import sweep

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
OTHER, TALKER = "+12025550148", "+12025550149"


@pytest.fixture
def busy(phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House) -> Phone:
    """The one liaison on shift talks with someone else; gives that caller's phone."""
    make_staff()
    talker = phone.another()
    opens_the_case(talker, make_case(custody_status="in_custody"), from_=TALKER)
    talker.presses("0")
    house.accepts(talker)
    assert talker.is_talking
    return talker


def waits_in_line(phone: Phone, case: MadeCase, **how: str) -> None:
    """Open the case and ask for a person while none is free."""
    opens_the_case(phone, case, **how)
    phone.presses("0")
    assert phone.hears("No one is free right now")


def waits(house: House) -> list[LineWait]:
    """The places in line, but the one of whoever talks with the busy liaison."""
    talker = house.database.keyring.index("phone", TALKER)
    those = select(LineWait).join(Call, Call.id == LineWait.call_id)
    others = or_(Call.phone_key.is_(None), Call.phone_key != talker)
    return house.rows(those.where(others).order_by(LineWait.id))


def outcomes(house: House) -> list[str | None]:
    return [wait.outcome for wait in waits(house)]


def test_who_waits_hears_where_they_stand_and_gets_the_next_liaison(
    phone: Phone, make_case: MakeCase, busy: Phone, house: House, clock: Clock
) -> None:
    waits_in_line(phone, make_case(custody_status="in_custody"))
    assert phone.hears(
        "You are next", "keep your place and be called, press 1", "If you cannot talk, press 5"
    )
    assert phone.does_not_hear("Eight of ten")

    phone.says_nothing()
    assert phone.hears("You are still in line. Please hold")
    busy.hangs_up()
    clock.passes(seconds=8)
    phone.says_nothing()

    assert phone.hears("I am still calling someone for you")
    house.accepts(phone)
    assert phone.is_talking
    (wait,) = waits(house)
    assert (wait.outcome, wait.ended_at) == ("talked", clock.now)


def test_every_half_minute_the_place_is_said_again(phone: Phone, make_case: MakeCase, busy: Phone) -> None:
    waits_in_line(phone, make_case(custody_status="in_custody"))

    for _ in range(3):
        phone.says_nothing()
        assert phone.hears("Please hold")
        assert phone.does_not_hear("You are next")
    phone.says_nothing()

    assert phone.hears("You are next", "press 1")


def test_a_caller_with_a_pin_waits_ahead_of_one_without(
    phone: Phone, make_case: MakeCase, busy: Phone, house: House, clock: Clock
) -> None:
    unverified, first = phone.another(), phone.another()
    reaches_the_first_menu(unverified, from_=OTHER)
    unverified.presses("0")
    assert unverified.hears("You are next")
    waits_in_line(first, make_case(custody_status="in_custody"))
    clock.passes(seconds=1)
    waits_in_line(phone, make_case(custody_status="in_custody"), from_="+12025550147")
    assert first.hears("You are next")
    assert phone.hears("You are number 2 in line")

    busy.hangs_up()
    for waiting in (unverified, phone):
        waiting.says_nothing()
    assert house.rung() == []
    first.says_nothing()
    assert first.hears("calling someone for you")

    assert len(house.rung()) == 1
    for _ in range(2):
        unverified.says_nothing()
    unverified.presses("*")
    assert len(house.rung()) == 1


@pytest.mark.parametrize("pause", [0, 11])
def test_key_1_keeps_the_place_as_a_callback_from_when_the_wait_began(
    phone: Phone, make_case: MakeCase, busy: Phone, house: House, clock: Clock, pause: int
) -> None:
    case = make_case(custody_status="in_custody")
    waits_in_line(phone, case)
    began = clock.now
    for _ in range(3):
        clock.passes(minutes=pause / 3 + 0.5)
        phone.says_nothing()

    phone.presses("1")

    assert phone.hears("We will call you", "We will leave no message")
    kept = house.row(select(Callback))
    assert (kept.reason, kept.case_id, kept.verified) == ("waited", case.id, True)
    assert kept.requested_at == began
    assert outcomes(house) == ["kept"]


def test_the_same_key_twice_makes_one_callback(
    phone: Phone, make_case: MakeCase, busy: Phone, house: House
) -> None:
    waits_in_line(phone, make_case(custody_status="in_custody"))
    phone.presses("1")
    phone.redelivers_last()

    assert len(house.rows(select(Callback))) == 1


def test_a_wait_asked_for_twice_is_one_place_and_one_answer(
    phone: Phone, make_case: MakeCase, busy: Phone, house: House
) -> None:
    waits_in_line(phone, make_case(custody_status="in_custody"))
    said = document_of(phone)

    assert phone.raw(phone.redelivers_last()) == said
    assert len(waits(house)) == 1


@pytest.mark.parametrize("keys", ["2", "8", "3"])
def test_a_wrong_key_however_often_loses_no_place(
    phone: Phone, make_case: MakeCase, busy: Phone, house: House, keys: str
) -> None:
    waits_in_line(phone, make_case(custody_status="in_custody"))

    for _ in range(5):
        phone.presses(keys)
        assert not phone.is_over

    assert outcomes(house) == [None]
    phone.says_nothing()
    assert phone.hears("line")


@pytest.mark.parametrize("keys", ["0", "*", "9"])
def test_extra_keys_say_the_place_again_and_keep_it(
    phone: Phone, make_case: MakeCase, busy: Phone, house: House, clock: Clock, keys: str
) -> None:
    waits_in_line(phone, make_case(custody_status="in_custody"))
    since = waits(house)[0].since
    clock.passes(seconds=20)

    phone.presses(keys)

    assert phone.hears("You are next", "press 1")
    assert waits(house)[0].since == since


def test_star_says_again_that_no_one_is_free_and_looks_for_nobody(
    phone: Phone, make_case: MakeCase, busy: Phone, house: House
) -> None:
    waits_in_line(phone, make_case(custody_status="in_custody"))
    said = phone.heard
    busy.hangs_up()

    phone.presses("*")

    assert phone.heard == said
    assert house.rung() == []
    phone.says_nothing()
    assert phone.hears("calling someone for you")


def test_star_says_again_that_no_one_is_on_shift(phone: Phone, make_case: MakeCase) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody"), language="2")
    phone.presses("0")
    said = phone.heard
    assert phone.hears("oprima 1")

    phone.presses("*")

    assert phone.heard == said


def test_who_presses_keys_for_minutes_is_still_there_and_keeps_their_place(
    phone: Phone, make_case: MakeCase, busy: Phone, house: House, clock: Clock
) -> None:
    waits_in_line(phone, make_case(custody_status="in_custody"))
    for _ in range(10):
        clock.passes(seconds=15)
        phone.presses("*")
        sweep(house.database, house.jobs, house.carrier, house.office, clock.now)

    assert outcomes(house) == [None]


def test_the_wait_is_the_same_for_a_slow_caller_and_slows_nobody(
    phone: Phone, make_case: MakeCase, busy: Phone, house: House
) -> None:
    waits_in_line(phone, make_case(custody_status="in_custody"))
    for _ in range(3):
        phone.says_nothing()

    assert 'timeout="8"' in document_of(phone)
    assert set(house.rows(select(Registrant.pace))) == {"normal"}


def consents_at(house: House, case: MadeCase, **facts: object) -> None:
    """Change the phone that the registrant of a case has."""
    with house.database.transaction() as session:
        phone = session.scalars(
            select(RegisteredPhone).where(RegisteredPhone.registrant_id == case.registrant_id)
        ).one()
        for name, value in facts.items():
            setattr(phone, name, value)


def test_who_hangs_up_in_line_and_agreed_to_calls_there_is_called_back(
    phone: Phone, make_case: MakeCase, busy: Phone, house: House, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody", phone=CALLER)
    waits_in_line(phone, case)
    began = clock.now
    clock.passes(minutes=3)

    phone.hangs_up()

    offered = house.row(select(Callback))
    assert (offered.state, offered.reason, offered.case_id) == ("requested", "abandoned", case.id)
    assert offered.requested_at == began
    assert house.jobs.waiting == [("dial_liaison", offered.id)]
    assert outcomes(house) == ["abandoned"]


@pytest.mark.parametrize(
    "changed", ["another phone", "unsafe", "stopped", "unconfirmed", "withdrawn", "no consent"]
)
def test_who_hangs_up_in_line_at_a_phone_without_consent_leaves_nothing(
    phone: Phone, make_case: MakeCase, busy: Phone, house: House, clock: Clock, changed: str
) -> None:
    case = make_case(custody_status="in_custody", phone=OTHER if changed == "another phone" else CALLER)
    match changed:
        case "unsafe":
            consents_at(house, case, unsafe_since=clock.now)
        case "stopped":
            consents_at(house, case, stopped_at=clock.now)
        case "unconfirmed":
            consents_at(house, case, confirmed_at=None)
        case "no consent":
            with house.database.transaction() as session:
                session.execute(delete(Consent))
        case "withdrawn":
            with house.database.transaction() as session:
                session.execute(update(Consent).values(withdrawn_at=clock.now))
    waits_in_line(phone, case)

    phone.hangs_up()

    assert house.rows(select(Callback)) == []
    assert outcomes(house) == ["abandoned"]


@pytest.mark.parametrize("from_", [OTHER, "anonymous"])
def test_an_unverified_or_withheld_caller_who_hangs_up_leaves_nothing(
    phone: Phone, busy: Phone, house: House, from_: str
) -> None:
    reaches_the_first_menu(phone, from_=from_)
    phone.presses("0")
    assert phone.hears("You are next")

    phone.hangs_up()

    assert house.rows(select(Callback)) == []


def test_a_withheld_caller_without_a_pin_stays_in_line_where_no_place_can_be_kept(
    phone: Phone, busy: Phone, house: House
) -> None:
    reaches_the_first_menu(phone, from_="anonymous")
    phone.presses("0")

    phone.presses("1")

    assert phone.hears("I cannot call this phone back. You are still in line")
    assert outcomes(house) == [None]


def test_a_hang_up_of_which_no_word_came_is_noticed_all_the_same(
    phone: Phone, make_case: MakeCase, busy: Phone, house: House, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody", phone=CALLER)
    waits_in_line(phone, case)
    behind = phone.another()
    waits_in_line(behind, make_case(custody_status="in_custody"), from_=OTHER)
    assert behind.hears("You are number 2 in line")
    for _ in range(7):
        clock.passes(seconds=10)
        behind.says_nothing()

    sweep(house.database, house.jobs, house.carrier, house.office, clock.now)

    assert outcomes(house) == ["lapsed", None]
    offered = house.row(select(Callback))
    assert (offered.reason, offered.state) == ("abandoned", "requested")
    behind.says_nothing()
    assert behind.hears("You are next")


def test_who_is_gone_without_a_word_keeps_a_free_liaison_from_nobody_behind_them(
    phone: Phone, make_case: MakeCase, busy: Phone, house: House, clock: Clock
) -> None:
    waits_in_line(phone, make_case(custody_status="in_custody", phone=CALLER))
    behind = phone.another()
    waits_in_line(behind, make_case(custody_status="in_custody"), from_=OTHER)
    for caller in (phone, behind):
        house.carrier.carries(caller)
    phone.call.leg.ends("completed")
    busy.hangs_up()

    for _ in range(2):
        clock.passes(seconds=1)
        _a_sweep(house)

    assert outcomes(house) == ["abandoned", None]
    assert house.row(select(Callback.reason)) == "abandoned"
    assert behind.hears("I am calling someone for you")
    assert house.accepts(behind).is_talking


def test_who_talked_and_hangs_up_is_not_called_back(
    phone: Phone, make_case: MakeCase, busy: Phone, house: House
) -> None:
    waits_in_line(phone, make_case(custody_status="in_custody", phone=CALLER))
    busy.hangs_up()
    house.jobs.works_off()
    phone.says_nothing()
    house.accepts(phone)

    phone.hangs_up()

    assert house.rows(select(Callback)) == []
    assert outcomes(house) == ["talked"]


def test_a_liaison_who_does_not_answer_costs_no_place_and_after_three_a_callback_is_offered(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House
) -> None:
    make_staff()
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    since = waits(house)[0].since
    for _ in range(2):
        house.declines(phone)
        # The next ring does not wait for the caller's next look.
        assert phone.hears("I am calling someone for you")
        assert len(house.rung()) == 1
        assert waits(house)[0].since == since

    house.declines(phone)

    assert phone.hears("No one is free right now", "For a call to this phone as soon as we can, press 1")
    assert outcomes(house) == ["offered"]


def test_when_the_last_liaison_goes_home_a_callback_is_offered(
    phone: Phone, make_case: MakeCase, busy: Phone, house: House
) -> None:
    waits_in_line(phone, make_case(custody_status="in_custody"))
    with house.database.transaction() as session:
        session.scalars(select(Staff)).one().on_shift = False

    phone.says_nothing()

    assert phone.hears("No one is free right now", "as soon as we can, press 1")
    assert outcomes(house) == ["offered"]


def test_without_redis_nobody_in_line_notices(
    phone: Phone, make_case: MakeCase, busy: Phone, house: House
) -> None:
    house.jobs.is_down = True
    waits_in_line(phone, make_case(custody_status="in_custody"))
    phone.says_nothing()
    busy.hangs_up()
    sweep(house.database, house.jobs, house.carrier, house.office, house.clock.now)

    # No worker can ring anybody, so the caller's own call does.
    assert phone.hears("I am calling someone for you")
    liaison = phone.answers()
    liaison.presses("1")

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
    assert phone.hears("Usted sigue", "oprima 1", "Si no puede hablar, oprima 5")
    phone.says_nothing()
    assert phone.hears("Sigue en la fila")
    phone.presses("1")
    assert phone.hears("Le llamaremos")


def test_a_measured_wait_is_said_in_words(
    phone: Phone, make_case: MakeCase, busy: Phone, house: House, clock: Clock
) -> None:
    with house.database.transaction() as session:
        for number in range(40):
            call = Call(
                direction="inbound", flow="victim_line", started_at=clock.now, language="en", step="in_line",
                turn=1, heard_from="person", said="",
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

    assert phone.hears("Eight of ten people wait less than about thirty minutes")
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
    assert talker.hears("You are next")
    house.carrier.carries(talker)

    clock.passes(seconds=1)
    _a_sweep(house)

    assert house.rung() == []
    assert talker.hears("You are next"), "nothing cuts off what they hear"


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


def _a_sweep(house: House) -> None:
    sweep(house.database, house.jobs, house.carrier, house.office, house.clock.now)
    house.jobs.works_off()


def test_a_verified_callback_that_waits_for_a_busy_supervisor_keeps_no_caller_at_0_from_a_free_liaison(
    phone: Phone, make_staff: MakeStaff, house: House
) -> None:
    make_staff(phone="+12025550170")
    make_staff(phone="+12025550171")
    with house.database.transaction() as session:
        make_callback(session, factories.make_case(session), liaison_tries=3, place=1)
        busy_with = make_call(session).id
    make_staff(role="supervisor", on_shift=False, phone="+12025550172", busy_call_id=busy_with)
    reaches_the_first_menu(phone, from_=OTHER)
    phone.presses("0")

    assert house.rung() == ["+12025550170"]
