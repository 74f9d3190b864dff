"""Calls in which the liaison clicks instead of pressing star: hold, colleague, interpreter, end."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update

from models import Callback, Case, Staff
from models.callbacks.note import keep_note, may_note, note_of
from models.callbacks.refusals import CallbackRefusal
from models.cases.duress import DuressWatch, choose_duress_pin
from models.overview.staff_record import let_go
from models.store.refusal import RefusedError
from models.talks import talk_controls
from models.talks.refusals import TalkRefusal
from tests.calls.callbacks.test_callbacks import accepted_by, asks_express, nobody_is_held, the_callback
from tests.calls.conftest import Hotline
from tests.calls.talks.talking import SECOND, actions, joins, states
from tests.conftest import ON_BOTH, ON_SQLITE
from tests.factories import NOW, MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


def clicks(hotline: Hotline, what: Callable[..., Any], *more: Any) -> None:
    """The leader of the talk clicks; the jobs are done at once."""
    callback: Callback = the_callback(hotline)
    with hotline.database.transaction() as session:
        talk = talk_controls.led_on_callback(session, callback.id, callback.staff_id)
        jobs = what(session, talk, callback.staff_id, hotline.clock.now, *more)
    for name, row_id in jobs:
        hotline.jobs.enqueue(name, row_id)
    hotline.jobs.works_off()


def test_hold_from_the_console_plays_words_to_the_caller_and_a_click_brings_them_back(
    talk: tuple[Phone, Phone], hotline: Hotline
) -> None:
    liaison, called = talk

    clicks(hotline, talk_controls.hold)
    clicks(hotline, talk_controls.hold)
    assert called.hears("You are on hold. The person helping you will be right back")
    assert (liaison.is_talking, called.is_talking) == (True, False)

    clicks(hotline, talk_controls.resume)
    assert called.hears("Our team is on the line with you")
    assert (liaison.is_talking, called.is_talking) == (True, True)
    assert actions(hotline).count("hold_talk") == 1


def test_click_ends_the_talk_for_both_and_the_phone_asks_for_the_outcome(
    talk: tuple[Phone, Phone], hotline: Hotline
) -> None:
    liaison, called = talk

    clicks(hotline, talk_controls.end, hotline.policies)
    clicks(hotline, talk_controls.end, hotline.policies)

    assert called.hears("Goodbye")
    assert liaison.hears("How did it end?")
    assert the_callback(hotline).state == "reached"
    assert nobody_is_held(hotline)


def test_colleague_is_rung_by_a_click_announced_and_takes_the_talk_over(
    talk: tuple[Phone, Phone], phone: Phone, hotline: Hotline, make_staff: MakeStaff
) -> None:
    liaison, called = talk
    with pytest.raises(RefusedError, match=f"^{TalkRefusal.NO_COLLEAGUE_FREE}$"):
        clicks(hotline, talk_controls.ring_colleague)
    colleague_id = make_staff(phone=SECOND).id
    with pytest.raises(RefusedError, match=f"^{TalkRefusal.NO_COLLEAGUE_THERE}$"):
        clicks(hotline, talk_controls.hand_over)

    clicks(hotline, talk_controls.ring_colleague)
    colleague = joins(phone, hotline, hotline.carrier.ringing[-1])
    assert called.hears("Someone else from our team is joining the call")
    assert (colleague.is_talking, called.is_talking) == (True, True)
    with pytest.raises(RefusedError, match=f"^{TalkRefusal.COLLEAGUE_THERE}$"):
        clicks(hotline, talk_controls.hold)

    clicks(hotline, talk_controls.hand_over)
    for one in (colleague, called):
        if not one.is_talking:
            one.says_nothing()
            hotline.jobs.works_off()

    assert liaison.hears("Your colleague goes on with the call")
    assert liaison.is_over
    assert (colleague.is_talking, called.is_talking) == (True, True)
    assert the_callback(hotline).staff_id == colleague_id
    assert states(hotline) == ["talking"]


@ON_BOTH
def test_talk_cannot_be_left_to_a_colleague_whose_account_was_deactivated_in_it(
    talk: tuple[Phone, Phone], phone: Phone, hotline: Hotline, make_staff: MakeStaff
) -> None:
    """They stayed alone with the person, the callback was theirs, and their key saved the outcome."""
    liaison, called = talk
    first_id = the_callback(hotline).staff_id
    colleague_id = make_staff(phone=SECOND).id
    clicks(hotline, talk_controls.ring_colleague)
    colleague = joins(phone, hotline, hotline.carrier.ringing[-1])
    boss_id = make_staff(role="administrator", phone="+12025550179", on_shift=False).id
    with hotline.database.transaction() as session:
        let_go(session, colleague_id, by_id=boss_id, actor=f"staff:{boss_id}", now=hotline.clock.now)

    with pytest.raises(RefusedError, match=f"^{TalkRefusal.COLLEAGUE_DEACTIVATED}"):
        clicks(hotline, talk_controls.hand_over)
    liaison.presses("*")
    liaison.presses("2")
    hotline.jobs.works_off()

    assert liaison.hears("You cannot leave this call to your colleague")
    assert liaison.hears("To go back to the caller, press 1")
    assert the_callback(hotline).staff_id == first_id
    assert are_together(hotline, colleague, called)

    liaison.hangs_up()
    hotline.jobs.works_off()
    assert are_together(hotline, colleague, called), "the caller is never left alone"


@ON_BOTH
def test_talk_is_not_left_to_a_colleague_who_does_not_know_of_a_use_of_the_duress_pin(
    talk: tuple[Phone, Phone], phone: Phone, hotline: Hotline, make_staff: MakeStaff
) -> None:
    """He came before it was used, and by key 2 the callback was his (R10)."""
    liaison, called = talk
    leader_id, case_id = the_callback(hotline).staff_id, the_callback(hotline).case_id
    make_staff(phone=SECOND)
    clicks(hotline, talk_controls.ring_colleague)
    colleague = joins(phone, hotline, hotline.carrier.ringing[-1])
    with hotline.database.transaction() as session:
        real = session.get_one(Case, case_id)
        choose_duress_pin(
            session, real, pin_hash="hash", mark="mark", beside=real.pin_hash, actor="test", now=NOW
        )
        session.execute(update(DuressWatch).values(staff_id=leader_id, told_at=hotline.clock.now))
        session.execute(
            update(Case).where(Case.duress_of == case_id).values(last_verified_at=hotline.clock.now)
        )

    with pytest.raises(RefusedError, match=f"^{CallbackRefusal.NOT_FOR_COLLEAGUE}"):
        clicks(hotline, talk_controls.hand_over)
    liaison.presses("*")
    liaison.presses("2")
    hotline.jobs.works_off()

    assert liaison.hears("You cannot leave this call to your colleague", "To go back to the caller, press 1")
    assert the_callback(hotline).staff_id == leader_id

    liaison.hangs_up()
    hotline.jobs.works_off()
    assert are_together(hotline, colleague, called), "the caller is never left alone"

    # What the line owes that person after this talk is again for those who know.
    clicks(hotline, talk_controls.hold)
    colleague.hangs_up()
    hotline.jobs.works_off()
    assert called.hears("We will call you again")
    rung = list(hotline.carrier.asked_for)
    for _ in range(3):
        hotline.clock.passes(minutes=2)
        hotline.sweeps()
        hotline.jobs.works_off()
    again = hotline.row(select(Callback).order_by(Callback.id.desc()).limit(1))
    assert (again.state, again.staff_id) == ("claimed", leader_id)
    assert SECOND not in hotline.carrier.asked_for[len(rung) :]


def are_together(hotline: Hotline, *phones: Phone) -> bool:
    """Whether they talk, once each has been asked for its next document."""
    for one in phones:
        if not one.is_talking:
            one.says_nothing()
            hotline.jobs.works_off()
    return all(one.is_talking for one in phones)


@ON_BOTH
def test_colleague_who_is_chosen_by_name_is_rung_though_another_has_been_idle_for_longer(
    talk: tuple[Phone, Phone], phone: Phone, hotline: Hotline, make_staff: MakeStaff
) -> None:
    _liaison, called = talk
    make_staff(phone=SECOND)
    chosen_id = make_staff(phone="+12025550179").id
    with hotline.database.transaction() as session:
        session.get_one(Staff, chosen_id).last_offered_at = hotline.clock.now

    clicks(hotline, talk_controls.ring_colleague, chosen_id)
    with pytest.raises(RefusedError, match=f"^{TalkRefusal.COLLEAGUE_NOT_FREE}"):
        clicks(hotline, talk_controls.ring_colleague, chosen_id)

    assert hotline.carrier.ringing[-1].to == "+12025550179"
    colleague = joins(phone, hotline, hotline.carrier.ringing[-1])
    assert (colleague.is_talking, called.is_talking) == (True, True)


@pytest.mark.parametrize("is_lost", [False, True])
def test_colleague_to_whom_a_talk_was_left_can_call_another_one_into_it(
    talk: tuple[Phone, Phone], phone: Phone, hotline: Hotline, make_staff: MakeStaff, is_lost: bool
) -> None:
    """They read that a colleague was called already: it was they themselves."""
    _liaison, called = talk
    make_staff(phone=SECOND)
    clicks(hotline, talk_controls.ring_colleague)
    colleague = joins(phone, hotline, hotline.carrier.ringing[-1])
    clicks(hotline, talk_controls.hand_over)
    assert are_together(hotline, colleague, called)
    third_id = make_staff(phone="+12025550179").id

    clicks(hotline, talk_controls.ring_colleague, third_id)

    third = joins(phone, hotline, hotline.carrier.ringing[-1])
    assert are_together(hotline, third, colleague, called)
    hotline.jobs.is_down = is_lost
    clicks(hotline, talk_controls.hand_over)
    hotline.jobs.is_down = False
    hotline.clock.passes(seconds=4)
    hotline.sweeps()
    hotline.jobs.works_off()
    assert are_together(hotline, third, called)
    assert colleague.hears("Your colleague goes on with the call")
    assert (colleague.is_over, the_callback(hotline).staff_id) == (True, third_id)


@ON_BOTH
def test_liaison_who_handed_a_talk_over_still_writes_its_note_and_a_stranger_does_not(
    talk: tuple[Phone, Phone], phone: Phone, hotline: Hotline, make_staff: MakeStaff
) -> None:
    first_id = the_callback(hotline).staff_id
    make_staff(phone=SECOND)
    clicks(hotline, talk_controls.ring_colleague)
    joins(phone, hotline, hotline.carrier.ringing[-1])
    clicks(hotline, talk_controls.hand_over)
    stranger_id = make_staff(phone="+12025550179").id
    assert the_callback(hotline).staff_id not in {first_id, stranger_id}

    def writes(staff_id: int | None) -> None:
        with hotline.database.transaction() as session:
            person = session.get_one(Staff, staff_id)
            keep_note(session, the_callback(hotline).id, person, "Mornings suit best.", hotline.clock.now)

    with pytest.raises(RefusedError):
        writes(stranger_id)
    writes(first_id)

    with hotline.database.reading() as session:
        assert note_of(session, the_callback(hotline)) == "Mornings suit best."


@ON_SQLITE
def test_liaison_who_accepted_in_an_earlier_round_and_reached_nobody_does_not_read_the_note(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    first_id = make_staff().id
    asks_express(phone, make_case(custody_status="in_custody"))
    liaison, to_caller = accepted_by(phone, hotline)
    phone.another().declines(to_caller, "no-answer")
    hotline.jobs.works_off()
    liaison.hangs_up()
    assert the_callback(hotline).state == "requested"

    with hotline.database.reading() as session:
        assert not may_note(session, the_callback(hotline), first_id, "liaison")


def test_interpreter_is_rung_by_a_click_for_the_callers_language(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"), language="2")
    _, to_caller = accepted_by(phone, hotline)
    phone.answers(to_caller).presses("1")

    clicks(hotline, talk_controls.ring_interpreter, hotline.office.interpreters, "en")

    assert hotline.carrier.ringing[-1].to == hotline.office.interpreters["es"]
    with pytest.raises(RefusedError, match=f"^{TalkRefusal.INTERPRETER_THERE}$"):
        clicks(hotline, talk_controls.ring_interpreter, hotline.office.interpreters, "en")


def test_only_the_leader_of_an_ongoing_talk_can_control_it(
    talk: tuple[Phone, Phone], hotline: Hotline, make_staff: MakeStaff
) -> None:
    liaison, _ = talk
    stranger = make_staff(phone=SECOND, name="Luis Demo").id
    callback = the_callback(hotline)
    with (
        hotline.database.transaction() as session,
        pytest.raises(RefusedError, match=f"^{CallbackRefusal.TALKING}$"),
    ):
        talk_controls.led_on_callback(session, callback.id, stranger)

    liaison.hangs_up()
    for what in (
        talk_controls.hold,
        talk_controls.resume,
        talk_controls.ring_colleague,
        talk_controls.hand_over,
    ):
        with pytest.raises(RefusedError, match=f"^{CallbackRefusal.NOT_TALKING}$"):
            clicks(hotline, what)
    clicks(hotline, talk_controls.end, hotline.policies)
