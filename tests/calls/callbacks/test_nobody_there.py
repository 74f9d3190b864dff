"""A key was pressed on the call and no one was there: the callback stays open (R36, Legs)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from models import Callback, Staff, Talk
from models.overview.outcome import note_outcome
from tests.calls.callbacks.test_callbacks import accepted_by, asks_express, the_callback
from tests.calls.callbacks.test_last_round import half_an_hour_passes
from tests.calls.conftest import Hotline
from tests.calls.pin.test_faked_number import EXPRESS, asks
from tests.calls.pin.test_without_pin import DOUBTED
from tests.calls.stories import asks_very_soon, opens_the_case
from tests.conftest import ON_SQLITE
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
NEIGHBOR = "+12025550168"


def is_afraid(phone: Phone, case: MadeCase) -> None:
    """Ask for a call very soon, and hang up."""
    asks_very_soon(phone, case)
    phone.hangs_up()


def meets_nobody(phone: Phone, hotline: Hotline) -> None:
    """Something presses 1 and says nothing; the liaison keys that no one was there."""
    liaison, to_caller = accepted_by(phone, hotline)
    something = phone.answers(to_caller)
    something.presses("1")
    hotline.jobs.works_off()
    something.hangs_up()
    hotline.jobs.works_off()
    liaison.presses("2")
    assert liaison.hears("If no one was there, press 2")
    liaison.presses("2")


def is_on_shift(hotline: Hotline, here: bool) -> None:
    with hotline.database.transaction() as session:
        session.execute(update(Staff).values(on_shift=here))


def callbacks(hotline: Hotline) -> list[Callback]:
    return hotline.rows(select(Callback).order_by(Callback.id))


def test_frightened_person_is_called_again_after_a_machine_pressed_the_key(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    is_afraid(phone, make_case(custody_status="in_custody"))
    asked = the_callback(hotline)

    meets_nobody(phone, hotline)

    first, second = callbacks(hotline)
    assert (first.state, first.outcome) == ("reached", "nobody_there")
    assert (second.state, second.reason, second.urgency, second.caller_tries) == (
        "requested", "afraid", "urgent", 1,
    )  # fmt: skip
    assert (second.requested_at, second.due_at) == (asked.requested_at, asked.due_at)
    assert second.next_attempt_at == hotline.clock.now + timedelta(minutes=30)
    half_an_hour_passes(hotline)
    called = phone.answers(accepted_by(phone, hotline)[1])
    called.presses("1")
    assert called.is_talking


@ON_SQLITE
@pytest.mark.parametrize(("afraid", "end"), [(True, ["left_for_staff"]), (False, [])])
def test_line_stops_calling_after_three_rounds_in_which_nobody_was_there(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, afraid: bool, end: list[str]
) -> None:
    make_staff()
    (is_afraid if afraid else asks_express)(phone, make_case(custody_status="in_custody"))

    for _ in range(3):
        meets_nobody(phone, hotline)
        half_an_hour_passes(hotline)

    assert [row.state for row in callbacks(hotline)] == ["reached"] * 3 + end
    assert hotline.rung() == []


def test_liaison_who_corrects_that_no_one_was_there_calls_nobody_again(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    meets_nobody(phone, hotline)

    with hotline.database.transaction() as session:
        talk = session.scalars(select(Talk).where(Talk.callback_id == callbacks(hotline)[0].id)).one()
        assert talk.staff_id is not None
        note_outcome(session, talk, "reached", talk.staff_id, hotline.clock.now, hotline.policy)

    assert [(row.state, row.outcome) for row in callbacks(hotline)] == [
        ("reached", "reached"), ("cancelled", None),
    ]  # fmt: skip


@ON_SQLITE
def test_person_reached_in_the_last_round_after_all_is_not_left_for_staff(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    is_afraid(phone, make_case(custody_status="in_custody"))
    for _ in range(3):
        half_an_hour_passes(hotline)
        meets_nobody(phone, hotline)
    *_, talked, left = callbacks(hotline)
    assert (left.state, left.outcome) == ("left_for_staff", "no_answer")

    with hotline.database.transaction() as session:
        talk = session.scalars(select(Talk).where(Talk.callback_id == talked.id)).one()
        assert talk.staff_id is not None
        note_outcome(session, talk, "reached", talk.staff_id, hotline.clock.now, hotline.policy)

    assert callbacks(hotline)[-1].state == "cancelled", "the list says that the person was not reached"


def test_person_who_became_afraid_since_is_called_after_the_liaison_corrects_that_no_one_was_there(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    case = make_case(custody_status="in_custody")
    asks_express(phone, case)
    meets_nobody(phone, hotline)
    person = phone.another()
    opens_the_case(person, case)
    for key in ("2", "3"):
        person.presses(key)
    assert person.hears("We will call you no later than today")
    person.hangs_up()

    with hotline.database.transaction() as session:
        talk = session.scalars(select(Talk).where(Talk.callback_id == callbacks(hotline)[0].id)).one()
        assert talk.staff_id is not None
        note_outcome(session, talk, "reached", talk.staff_id, hotline.clock.now, hotline.policy)

    last = callbacks(hotline)[-1]
    assert last.urgency == "urgent"
    assert last.state != "cancelled"


def corrects_to_reached(hotline: Hotline) -> None:
    """The liaison says of the first talk that the person was reached after all."""
    with hotline.database.transaction() as session:
        talk = session.scalars(select(Talk).where(Talk.callback_id == callbacks(hotline)[0].id)).one()
        assert talk.staff_id is not None
        note_outcome(session, talk, "reached", talk.staff_id, hotline.clock.now, hotline.policy)


@ON_SQLITE
@pytest.mark.parametrize(
    ("keys", "promised"),
    [
        ("2", "You already have a callback. We will call you no later than"),
        ("2 1", "We will call you no later than"),
        ("2 2 1", "We will try"),
        ("2 2 2", "We will try"),
    ],
    ids=["told", "left as it is", "morning", "afternoon"],
)
def test_person_told_of_the_callback_since_is_called_after_the_liaison_corrects_that_no_one_was_there(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, keys: str, promised: str
) -> None:
    make_staff()
    case = make_case(custody_status="in_custody")
    asks_express(phone, case)
    meets_nobody(phone, hotline)
    person = phone.another()
    opens_the_case(person, case)
    for key in keys.split():
        person.presses(key)
    assert person.hears(promised)
    person.hangs_up()

    corrects_to_reached(hotline)

    first, last = callbacks(hotline)
    assert (first.outcome, first.replaced_by_id, last.state) == ("reached", None, "requested")


def test_person_told_of_the_agreed_call_since_is_called_after_the_liaison_corrects_call_again_later(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    case = make_case(custody_status="in_custody")
    asks_express(phone, case)
    called = phone.answers(accepted_by(phone, hotline)[1])
    called.presses("1")
    hotline.jobs.works_off()
    called.hangs_up()
    hotline.jobs.works_off()
    with hotline.database.transaction() as session:
        talk = session.scalars(select(Talk)).one()
        assert talk.staff_id is not None
        note_outcome(session, talk, "call_later", talk.staff_id, hotline.clock.now, hotline.policy)
    person = phone.another()
    opens_the_case(person, case)
    for key in ("2", "1"):
        person.presses(key)
    assert person.hears("We will call you no later than")
    person.hangs_up()

    corrects_to_reached(hotline)

    assert [(row.state, row.reason) for row in callbacks(hotline)][1:] == [("requested", "call_later")]


def test_person_promised_a_call_at_0_since_is_called_after_the_liaison_corrects_that_no_one_was_there(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    case = make_case(custody_status="in_custody")
    asks_express(phone, case)
    meets_nobody(phone, hotline)
    person = phone.another()
    opens_the_case(person, case)
    person.presses("0")
    liaison = hotline.accepts(person)
    assert (person.is_talking, liaison.is_talking) == (True, True)
    hotline.clock.passes(minutes=1)
    person.hangs_up()
    hotline.jobs.works_off()
    liaison.presses("3")
    assert liaison.hears("It is saved")

    corrects_to_reached(hotline)

    assert [row.state for row in callbacks(hotline)] == ["reached", "requested"]


def test_caller_without_a_pin_who_asks_again_is_called_after_the_liaison_corrects_that_no_one_was_there(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks(phone.another(), *EXPRESS)
    meets_nobody(phone, hotline)
    assert "We will call you no later than" in asks(phone.another(), *EXPRESS)

    corrects_to_reached(hotline)

    assert [row.state for row in callbacks(hotline)] == ["reached", "requested"]


def test_caller_without_a_pin_whose_callback_met_nobody_twice_may_ask_again(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks(phone.another(), *EXPRESS)
    for _ in range(2):
        meets_nobody(phone, hotline)
        half_an_hour_passes(hotline)

    assert "We will call you no later than" in asks(phone.another(), *EXPRESS)


def test_callback_of_a_faked_number_stays_last_after_it_met_nobody(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks(phone.another(), *EXPRESS, **DOUBTED)
    meets_nobody(phone, hotline)
    is_on_shift(hotline, False)
    half_an_hour_passes(hotline)
    asks(phone.another(), *EXPRESS, from_=NEIGHBOR)
    is_on_shift(hotline, True)
    half_an_hour_passes(hotline)

    assert accepted_by(phone, hotline)[1].to == NEIGHBOR
