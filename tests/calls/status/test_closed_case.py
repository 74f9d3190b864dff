"""A closed case: its caller gets what was promised, and it sounds like other neutral cases (R13)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

import pytest
from sqlalchemy import update

from models import Callback, Staff
from models.cases.case import Case, close_case, rotate_pin
from models.cases.subject import Subject
from models.overview.case_change import confirm_subject, link_subject
from models.overview.lost_pin import replace_lost_pin
from models.store.database import keyring_of
from tests import factories
from tests.calls.callbacks.test_callbacks import accepted_by, asks_express, nobody_is_held, the_callback
from tests.calls.conftest import Hotline
from tests.calls.pin.test_lost_pin import SAFE, reports_a_lost_pin
from tests.calls.stories import lost_pins_are_settled, opens_the_case, the_hour_of_lost_pins_has_passed, wrong
from tests.conftest import ON_BOTH, in_turn
from tests.factories import HASHER, MadeCase
from tests.models.custody.feed import feed_row, load
from tests.phone import Phone, PlacedCall

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


@pytest.fixture
def case(phone: Phone, make_case: MakeCase, make_staff: MakeStaff) -> MadeCase:
    """A case whose registrant has asked to be called, with a liaison on shift."""
    make_staff()
    made = make_case(custody_status="in_custody")
    asks_express(phone, made)
    return made


class Boss(NamedTuple):
    """An administrator who is signed in."""

    staff_id: int
    email: str
    role: str


def closes(hotline: Hotline, case: MadeCase) -> None:
    with hotline.database.transaction() as session:
        close_case(session, case.number, now=hotline.clock.now, actor="boss")


def fed(hotline: Hotline, case: MadeCase) -> str:
    """The feed's id of the person whom a case is about."""
    with hotline.database.reading() as session:
        subject = session.get_one(Subject, case.subject_id)
        return keyring_of(session).unseal("subject.feed_id", subject.feed_id_sealed)


def opens_anew(hotline: Hotline, case: MadeCase) -> MadeCase:
    """Another case about the same person."""
    with hotline.database.transaction() as session:
        return factories.make_case(session, subject=session.get_one(Subject, case.subject_id))


def test_caller_of_a_closed_case_who_was_promised_a_call_gets_it(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    closed = make_case(custody_status="in_custody")
    closes(hotline, closed)
    asks_express(phone, closed)
    assert phone.hears("We will call you")
    phone.hangs_up()
    hotline.clock.passes(seconds=30)

    liaison, to_caller = accepted_by(phone, hotline)
    called = phone.answers(to_caller)
    called.presses("1")
    hotline.jobs.works_off()

    assert (liaison.is_talking, called.is_talking) == (True, True)


def test_caller_of_a_closed_case_chooses_a_new_pin_and_uses_it(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    closed = make_case(custody_status="in_custody")
    closes(hotline, closed)
    opens_the_case(phone, closed)
    for keys in ("4", closed.pin, "583961", "583961"):
        phone.presses(keys)
    assert phone.does_not_hear("Please enter")

    again = phone.another()
    again.dials_in()
    for keys in ("1", "1", closed.number, "583961"):
        again.presses(keys)

    assert again.hears("cannot confirm")


def test_caller_of_a_closed_case_who_is_locked_out_gets_a_new_pin_from_staff(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    closed = make_case(custody_status="in_custody")
    closes(hotline, closed)
    for _ in range(10):
        caller = phone.another()
        opens_the_case(caller, replace(closed, pin=wrong(closed.pin)))
        caller.hangs_up()
        hotline.clock.passes(hours=2)
    opens_the_case(phone, closed)
    assert phone.hears("Those numbers did not work")

    with hotline.database.transaction() as session:
        pin = rotate_pin(session, HASHER, closed.number, hotline.clock.now)

    again = phone.another()
    opens_the_case(again, replace(closed, pin=pin))
    assert again.hears("cannot confirm")


@ON_BOTH
def test_staff_talk_over_a_lost_pin_of_a_closed_case_and_its_caller_is_told_of_the_new_one(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(email="ruth@office.example.org", role="supervisor", on_shift=False, phone="+12025550178")
    make_staff(email="ann@office.example.org", role="administrator", on_shift=False, phone="+12025550179")
    make_staff()
    closed = make_case(custody_status="in_custody", phone=SAFE)
    closes(hotline, closed)
    reports_a_lost_pin(phone, closed.number)
    assert phone.hears("We will look into it")
    phone.hangs_up()
    lost_pins_are_settled(hotline)
    the_hour_of_lost_pins_has_passed(hotline)

    liaison, to_caller = accepted_by(phone, hotline)
    assert to_caller.to == SAFE
    called = phone.answers(to_caller)
    called.presses("1")
    hotline.jobs.works_off()
    assert (liaison.is_talking, called.is_talking) == (True, True)
    called.hangs_up()
    hotline.jobs.works_off()
    liaison.presses("1")
    assert the_callback(hotline).state == "reached"
    with hotline.database.transaction() as session:
        pin, told = replace_lost_pin(
            session, HASHER, closed.number, evidence="rang_confirmed_phone", by="ruth@office.example.org",
            and_by="ann@office.example.org", hold=timedelta(hours=72), policy=hotline.policy,
            now=hotline.clock.now,
        )  # fmt: skip

    assert told == 1
    hotline.sweeps()
    _, to_caller = accepted_by(phone, hotline)
    assert to_caller.to == SAFE
    with_new_pin = phone.another()
    opens_the_case(with_new_pin, replace(closed, pin=pin))
    assert with_new_pin.hears("cannot confirm")


@pytest.mark.parametrize("state", ["in line", "liaison rings"])
def test_callback_in_the_list_is_made_when_its_case_is_closed(
    phone: Phone, case: MadeCase, hotline: Hotline, state: str
) -> None:
    if state == "liaison rings":
        hotline.jobs.works_off()
        liaison = phone.answers(hotline.carrier.ringing[-1])
        closes(hotline, case)
        liaison.presses("1")
        hotline.jobs.works_off()
        to_caller = hotline.carrier.ringing[-1]
    else:
        closes(hotline, case)
        liaison, to_caller = accepted_by(phone, hotline)

    called = phone.answers(to_caller)
    called.presses("1")
    hotline.jobs.works_off()

    assert (liaison.is_talking, called.is_talking) == (True, True)
    called.hangs_up()
    assert (the_callback(hotline).state, nobody_is_held(hotline)) == ("reached", True)


def _lets_it_ring(phone: Phone, to_caller: PlacedCall, _liaison: Phone) -> None:
    phone.another().declines(to_caller, "no-answer")


def _cannot_talk_now(phone: Phone, to_caller: PlacedCall, _liaison: Phone) -> None:
    called = phone.answers(to_caller)
    called.presses("2")
    assert called.hears("another time")


def _liaison_hangs_up(_phone: Phone, _to_caller: PlacedCall, liaison: Phone) -> None:
    liaison.hangs_up()


@in_turn("misses", [_lets_it_ring, _cannot_talk_now, _liaison_hangs_up])
def test_missed_callback_of_a_closed_case_is_tried_again(
    phone: Phone, case: MadeCase, hotline: Hotline, misses: Callable[[Phone, PlacedCall, Phone], None]
) -> None:
    liaison, to_caller = accepted_by(phone, hotline)

    closes(hotline, case)
    misses(phone, to_caller, liaison)
    hotline.jobs.works_off()

    assert the_callback(hotline).state in ("requested", "ringing_liaison")
    hotline.clock.passes(hours=1)
    hotline.sweeps()
    assert hotline.rung() != []


@pytest.mark.parametrize("text", ["we_call_again", "please_call"])
def test_machine_of_a_closed_case_hears_the_message_that_was_allowed(
    phone: Phone, case: MadeCase, hotline: Hotline, text: str
) -> None:
    with hotline.database.transaction() as session:
        session.execute(update(Callback).values(voicemail_allowed=True, voicemail_text=text))
    _, to_caller = accepted_by(phone, hotline)

    closes(hotline, case)
    machine = phone.answers(to_caller)
    while not machine.is_over:
        machine.says_nothing()

    assert "This is a message from" in machine.heard_so_far


def test_talk_that_is_cut_off_after_the_case_was_closed_brings_another_call(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    liaison, to_caller = accepted_by(phone, hotline)
    called = phone.answers(to_caller)
    called.presses("1")

    closes(hotline, case)
    liaison.presses("*")
    called.says_nothing()
    liaison.hangs_up()
    called.says_nothing()

    assert called.hears("call you again")


def moves(hotline: Hotline, case: MadeCase, to: str = "B-7") -> None:
    """Two administrators find that the case is about somebody else."""
    with hotline.database.transaction() as session:
        ana, ben = (
            factories.make_staff(
                session, f"{name}-{to}@office.example.org", role="administrator", on_shift=False
            )
            for name in ("ana", "ben")
        )
        row = session.get_one(Case, case.id)
        by, now = Boss(ana.id, ana.email, ana.role), hotline.clock.now
        link_subject(session, by, row, subject_id=to, subject_name="Bea", now=now)
        confirm_subject(session, Boss(ben.id, ben.email, ben.role), row, now, 30)


@pytest.mark.parametrize("leaves", [closes, moves])
def test_case_that_is_opened_later_says_nothing_that_the_gate_has_closed_meanwhile(
    phone: Phone, make_case: MakeCase, hotline: Hotline, leaves: Callable[[Hotline, MadeCase], None]
) -> None:
    """The feed's row by which the gate closed was ignored: no case was about that person."""
    first = make_case(custody_status="released")
    feed_id = fed(hotline, first)
    leaves(hotline, first)
    hotline.clock.passes(days=3)
    now = hotline.clock.now
    load(hotline.database, feed_row(feed_id, status="released", as_of=now, asylum_related="yes"), now=now)
    hotline.clock.passes(days=1)

    later = opens_anew(hotline, first)

    opens_the_case(phone, later)
    assert phone.hears("I cannot confirm where this person is right now")
    assert phone.does_not_hear("released", "hard to hear")
    phone.hangs_up()
    # A file of now names the person, and the gate is open.
    now = hotline.clock.now
    load(hotline.database, feed_row(feed_id, as_of=now, status="released", status_at=now), now=now)
    caller = phone.another()
    opens_the_case(caller, later)
    caller.presses("1")
    assert caller.hears("was released today")


@pytest.mark.parametrize("status", ["in_custody", "released"])
def test_late_file_from_before_the_gate_closed_is_not_told_to_a_case_that_is_opened_later(
    phone: Phone, make_case: MakeCase, hotline: Hotline, status: str
) -> None:
    first = make_case(custody_status="in_custody")
    feed_id = fed(hotline, first)
    closes(hotline, first)
    hotline.clock.passes(hours=6)
    before = hotline.clock.now
    hotline.clock.passes(hours=6)
    now = hotline.clock.now
    load(hotline.database, feed_row(feed_id, as_of=now, asylum_related="yes"), now=now)
    hotline.clock.passes(hours=1)
    later = opens_anew(hotline, first)

    now = hotline.clock.now
    load(hotline.database, feed_row(feed_id, as_of=before, status=status, status_at=before), now=now)

    opens_the_case(phone, later)
    assert phone.hears("I cannot confirm where this person is right now")
    assert phone.does_not_hear("in custody", "released", "hard to hear")


def test_case_that_was_moved_by_a_slip_and_back_says_what_it_said(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    """No file came meanwhile, so no row about the person was ignored."""
    case = make_case(custody_status="in_custody")
    feed_id = fed(hotline, case)
    hotline.clock.passes(minutes=5)
    moves(hotline, case)
    hotline.clock.passes(minutes=5)

    moves(hotline, case, feed_id)

    opens_the_case(phone, case)
    assert phone.hears("is in custody")


def test_case_that_stays_open_hears_of_the_person_as_before_when_another_one_closes(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    first = make_case(custody_status="in_custody")
    second = opens_anew(hotline, first)

    closes(hotline, first)

    opens_the_case(phone, second)
    assert phone.hears("is in custody")


def test_case_that_is_opened_beside_another_one_lets_no_row_about_the_person_be_late(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    first = make_case(custody_status="in_custody")
    feed_id, other_id = fed(hotline, first), fed(hotline, make_case(custody_status="in_custody"))
    closes(hotline, first)
    hotline.clock.passes(hours=1)
    load(hotline.database, feed_row(feed_id, as_of=hotline.clock.now), now=hotline.clock.now)
    hotline.clock.passes(minutes=5)
    second = opens_anew(hotline, first)
    hotline.clock.passes(minutes=5)
    then = hotline.clock.now
    hotline.clock.passes(minutes=5)
    load(hotline.database, feed_row(other_id, as_of=hotline.clock.now), now=hotline.clock.now)

    opens_anew(hotline, first)

    load(hotline.database, feed_row(feed_id, as_of=then), now=hotline.clock.now)
    opens_the_case(phone, second)
    assert phone.hears("is in custody")
