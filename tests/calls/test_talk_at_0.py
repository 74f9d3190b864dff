"""Talks of callers at 0: fetched out of the line by the accept key, with star and all of a talk (Legs)."""

import threading
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from models import AuditEntry, Call, Callback, DirectTalk, LineWait, Staff, line_ring
from models.leg_end import leg_ended
from models.staff_secret import issue_code
from tests.calls.conftest import Clock, House
from tests.calls.stories import opens_the_case, reaches_the_first_menu
from tests.calls.test_talk import Stage
from tests.factories import HASHER, MadeCase
from tests.phone import CALLER, Phone
from workers.sweeper import sweep

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
FIRST, SECOND, INTERPRETER = "+12025550170", "+12025550171", "+12025550104"


@pytest.fixture
def talk(phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House) -> tuple[Phone, Phone]:
    """A liaison, and the caller at 0 whom they took."""
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    liaison = house.accepts(phone)
    assert (liaison.is_talking, phone.is_talking) == (True, True)
    return liaison, phone


def passes(house: House, seconds: float) -> None:
    """Let time go by, and the sweeper look; what it hands on waits for a worker."""
    house.clock.passes(seconds=seconds)
    sweep(house.database, house.jobs, house.carrier, house.office, house.clock.now, lambda _seconds: None)


def talks(house: House) -> list[DirectTalk]:
    return house.rows(select(DirectTalk).order_by(DirectTalk.id))


def busy(house: House) -> list[int]:
    return house.rows(select(Staff.busy_call_id).where(Staff.busy_call_id.is_not(None)))


def test_the_accept_key_fetches_the_caller_out_of_the_line_and_their_talk_is_measured(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House, clock: Clock
) -> None:
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    assert phone.hears("I am calling someone for you", "keep your place and be called, press 1")
    clock.passes(seconds=5)

    liaison = house.accepts(phone)

    assert liaison.hears("You are now joined")
    assert phone.hears("A person from our office is now on the line")
    assert (liaison.is_talking, phone.is_talking) == (True, True)
    clock.passes(minutes=3)
    phone.hangs_up()
    (talk,) = talks(house)
    assert (talk.state, talk.closed_at) == ("reached", clock.now)
    assert (clock.now - talk.talking_at).total_seconds() == 180
    wait = house.row(select(LineWait))
    assert (wait.outcome, (wait.ended_at - wait.since).total_seconds()) == ("talked", 5)
    assert house.rows(select(Callback)) == []
    house.jobs.works_off()
    assert liaison.hears("The call is over. How did it end?")


def test_who_hangs_up_in_the_moment_of_the_key_leaves_no_liaison_alone_in_a_talk(
    phone: Phone, make_staff: MakeStaff, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_staff(phone=FIRST)
    reaches_the_first_menu(phone)
    phone.presses("0")
    liaison = house.answers(phone)
    caller_id = house.row(select(Call.id).where(Call.direction == "inbound"))
    begin_talk = line_ring.begin_talk

    def hangs_up() -> None:
        with house.database.transaction() as session:
            leg_ended(session, caller_id, "completed", house.clock.now, house.office)

    hanging_up = threading.Thread(target=hangs_up)

    def begins_while_they_hang_up(*args: Any, **values: Any) -> DirectTalk:
        hanging_up.start()
        # The word of it has come, and waits for what this key holds.
        hanging_up.join(0.5)
        return begin_talk(*args, **values)

    monkeypatch.setattr(line_ring, "begin_talk", begins_while_they_hang_up)
    liaison.presses("1")
    hanging_up.join(30)
    house.jobs.works_off()

    assert [talk.state for talk in talks(house)] == ["reached"]
    assert busy(house) == []


def test_who_hangs_up_as_a_worker_begins_to_ring_a_liaison_has_that_ring_stopped(
    phone: Phone, make_staff: MakeStaff, house: House
) -> None:
    make_staff(phone=FIRST)
    reaches_the_first_menu(phone)
    phone.presses("0")
    caller_id, leg_id = (
        house.row(select(Call.id).where(Call.flow == flow)) for flow in ("victim_line", "liaison_at_0")
    )
    jobs: list[tuple[str, int]] = []

    def hangs_up() -> None:
        with house.database.transaction() as session:
            jobs.extend(leg_ended(session, caller_id, "completed", house.clock.now, house.office))

    hanging_up = threading.Thread(target=hangs_up)
    with house.database.transaction() as session:
        assert line_ring.dial_direct(session, leg_id) is not None
        hanging_up.start()
        hanging_up.join(0.5)
    hanging_up.join(30)

    assert jobs == [("release_leg", leg_id)]
    assert house.row(select(Call.ended_at).where(Call.id == leg_id)) is None
    assert busy(house) == [leg_id]


def test_in_spanish_the_caller_is_joined_in_spanish(
    phone: Phone, make_staff: MakeStaff, house: House
) -> None:
    make_staff(languages="en,es")
    reaches_the_first_menu(phone, language="2")
    phone.presses("0")
    assert phone.hears("Estoy llamando a una persona para usted")
    phone.says_nothing()
    assert phone.hears("Sigo llamando a una persona")

    house.accepts(phone)

    assert phone.hears("Una persona de nuestra oficina está ahora en la línea")


def test_the_liaison_hears_nothing_of_the_caller_before_the_key(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House
) -> None:
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody", facility="Stewart"))
    phone.presses("0")

    liaison = house.answers(phone)

    assert liaison.hears("A caller is waiting to speak with someone", "To accept, press 1")
    assert liaison.does_not_hear("custody", "case", "Stewart", "Ivo", "0123")
    assert not phone.is_talking


def test_star_puts_a_caller_at_0_on_hold_and_the_liaison_goes_back(
    talk: tuple[Phone, Phone], house: House
) -> None:
    liaison, caller = talk
    liaison.presses("*")
    assert liaison.hears("The caller waits on hold", "To go back to the caller, press 1")
    assert caller.hears("Please stay on the line")
    caller.says_nothing()
    assert caller.hears("You are on hold")

    liaison.presses("1")
    house.jobs.works_off()

    assert caller.hears("Thank you for waiting. Our office is on the line with you")
    assert (liaison.is_talking, caller.is_talking) == (True, True)
    assert {"begin_talk", "hold_talk", "resume_talk"} <= set(house.rows(select(AuditEntry.action)))


def test_with_redis_down_after_the_key_the_caller_finds_the_way_by_the_next_look(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House
) -> None:
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    liaison = house.answers(phone)
    house.jobs.is_down = True
    liaison.presses("1")
    assert not phone.is_talking

    phone.says_nothing()

    assert (liaison.is_talking, phone.is_talking) == (True, True)
    liaison.presses("*")
    phone.says_nothing()
    liaison.presses("1")
    phone.says_nothing()
    assert (liaison.is_talking, phone.is_talking) == (True, True)


def test_a_colleague_comes_in_announced_and_the_first_liaison_leaves_the_caller_to_them(
    talk: tuple[Phone, Phone], phone: Phone, house: House, make_staff: MakeStaff
) -> None:
    liaison, caller = talk
    make_staff(phone=SECOND)
    liaison.presses("*")
    liaison.presses("2")
    assert house.rung() == [SECOND]
    colleague = phone.answers(house.carrier.ringing[-1])
    assert colleague.hears("A colleague asks you to join a call")
    colleague.presses("1")
    house.jobs.works_off()
    assert caller.hears("One more person from our office now joins this call")
    assert colleague.is_talking

    liaison.presses("*")
    liaison.presses("2")
    house.jobs.works_off()
    for one in (caller, colleague):
        if not one.is_talking:
            one.says_nothing()

    assert liaison.is_over
    assert (colleague.is_talking, caller.is_talking) == (True, True)
    caller.hangs_up()
    house.jobs.works_off()
    assert colleague.hears("How did it end?")
    assert [one.state for one in talks(house)] == ["reached"]
    assert busy(house) == []


def test_an_interpreter_comes_in_announced(talk: tuple[Phone, Phone], phone: Phone, house: House) -> None:
    liaison, caller = talk
    liaison.presses("*")
    liaison.presses("3")
    assert house.rung() == [INTERPRETER]
    interpreter = phone.answers(house.carrier.ringing[-1])
    interpreter.presses("1")
    house.jobs.works_off()

    assert caller.hears("An interpreter now joins this call")
    assert (liaison.is_talking, caller.is_talking, interpreter.is_talking) == (True, True, True)
    caller.hangs_up()
    house.jobs.works_off()
    assert interpreter.is_over


def test_the_liaison_ends_the_talk_and_keys_its_outcome_and_a_rest(
    talk: tuple[Phone, Phone], house: House
) -> None:
    liaison, caller = talk
    liaison.presses("*")
    liaison.presses("4")
    house.jobs.works_off()
    caller.says_nothing() if not caller.is_over else None

    assert caller.hears("Thank you for calling. Goodbye")
    assert liaison.hears("How did it end?", "press 8")
    liaison.presses("8")
    liaison.presses("2")
    assert liaison.hears("It is noted")
    (row,) = talks(house)
    assert row.outcome == "message_left"
    person = house.row(select(Staff))
    assert person.resting_until is not None
    assert "note_outcome" in house.rows(select(AuditEntry.action))


def test_to_be_called_later_is_a_callback_of_the_case_and_the_supervisors_one_is_left_for_staff(
    talk: tuple[Phone, Phone], house: House
) -> None:
    liaison, caller = talk
    caller.hangs_up()
    house.jobs.works_off()
    liaison.presses("3")
    assert liaison.hears("It is noted")

    later = house.row(select(Callback))
    assert (later.state, later.reason, later.verified) == ("requested", "call_later", True)
    assert later.case_id == house.row(select(Call.case_id).where(Call.flow == "victim_line"))
    assert later.number_key == house.database.keyring.index("phone", CALLER)


@pytest.mark.parametrize("from_", [CALLER, "anonymous"])
def test_without_a_pin_the_supervisors_callback_needs_a_phone_that_called(
    phone: Phone, make_staff: MakeStaff, house: House, from_: str
) -> None:
    make_staff(phone=FIRST)
    reaches_the_first_menu(phone, from_=from_)
    phone.presses("0")
    liaison = house.accepts(phone)
    phone.hangs_up()
    house.jobs.works_off()

    liaison.presses("4")

    if from_ == CALLER:
        left = house.row(select(Callback))
        assert (left.state, left.outcome, left.verified) == ("left_for_staff", "to_supervisor", False)
        assert liaison.does_not_hear("No phone")
    else:
        assert house.rows(select(Callback)) == []
        assert liaison.hears("No phone may be called for it", "It is noted")


def test_either_leg_closes_the_talk(talk: tuple[Phone, Phone], house: House) -> None:
    liaison, caller = talk
    liaison.hangs_up()
    house.jobs.works_off()

    assert caller.hears("Thank you for calling. Goodbye")
    assert caller.is_over
    assert [one.state for one in talks(house)] == ["reached"]
    assert busy(house) == []


def test_a_caller_whose_liaison_is_lost_on_hold_is_told_and_gets_the_next_one_in_the_same_call(
    talk: tuple[Phone, Phone], house: House, make_staff: MakeStaff
) -> None:
    liaison, caller = talk
    make_staff(phone=SECOND)
    liaison.presses("*")
    caller.says_nothing()

    liaison.hangs_up()
    house.jobs.works_off()

    assert caller.hears("The call was cut off. You are still on the line", "I am calling someone for you")
    other = house.accepts(caller)
    assert (other.is_talking, caller.is_talking) == (True, True)
    assert [one.state for one in talks(house)] == ["reached", "talking"]
    other.hangs_up()
    house.jobs.works_off()
    assert caller.is_over


def test_who_was_cut_off_and_hangs_up_while_they_wait_again_is_called_back(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House, clock: Clock
) -> None:
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody", phone=CALLER))
    phone.presses("0")
    liaison = house.accepts(phone)
    clock.passes(minutes=5)
    liaison.presses("*")
    phone.says_nothing()
    liaison.hangs_up()
    house.jobs.works_off()
    assert phone.hears("The call was cut off. You are still on the line")
    clock.passes(seconds=30)

    phone.hangs_up()

    wait = house.row(select(LineWait))
    assert (wait.outcome, (wait.ended_at - wait.since).total_seconds()) == ("abandoned", 30)
    assert [row.reason for row in house.rows(select(Callback))] == ["abandoned"]


@pytest.mark.parametrize(
    "lost", ["before they met", "before they met, the liaison first", "without a word of it", "on hold"]
)
def test_who_is_cut_off_before_they_met_or_were_told_is_called_back(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House, clock: Clock, lost: str
) -> None:
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody", phone=CALLER))
    phone.presses("0")
    liaison = house.answers(phone)
    clock.passes(seconds=20)
    liaison.presses("1")
    if lost == "on hold":
        house.jobs.works_off()
        clock.passes(minutes=5)
        liaison.presses("*")
        phone.says_nothing()
    if lost == "without a word of it":
        house.carrier.carries(phone)
        phone.call.leg.ends("completed")
    if lost != "before they met":
        liaison.hangs_up()

    phone.hangs_up()
    house.jobs.works_off()

    (callback,) = house.rows(select(Callback))
    assert (callback.reason, callback.verified) == ("abandoned", True)
    assert house.row(select(LineWait.outcome)) == ("talked" if lost == "on hold" else "abandoned")
    assert [one.state for one in talks(house)] == ["reached"]
    assert busy(house) == []


def test_who_lost_a_liaison_before_they_met_hears_the_end_of_the_next_talk_at_once(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House
) -> None:
    make_staff(phone=FIRST)
    make_staff(phone=SECOND)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    lost = house.answers(phone)
    lost.presses("1")
    lost.hangs_up()
    house.jobs.works_off()
    liaison = house.accepts(phone)
    liaison.presses("*")
    phone.says_nothing()

    liaison.presses("4")
    house.jobs.works_off()

    assert phone.hears("Goodbye")
    assert phone.is_over


def test_who_is_held_too_long_is_not_left_to_it(
    talk: tuple[Phone, Phone], house: House, clock: Clock
) -> None:
    liaison, caller = talk
    liaison.presses("*")
    caller.says_nothing()
    clock.passes(seconds=181)
    caller.says_nothing()

    assert caller.hears("The call was cut off. You are still on the line")
    assert not caller.is_over
    house.jobs.works_off()
    assert liaison.hears("The call is over. How did it end?")


def test_7_on_hold_is_harmless_words_and_the_end(talk: tuple[Phone, Phone], house: House) -> None:
    liaison, caller = talk
    liaison.presses("*")
    caller.presses("7")

    assert caller.hears("The store is closed now")
    assert caller.is_over
    house.jobs.works_off()
    assert liaison.hears("How did it end?")


def test_a_long_talk_without_a_pin_is_no_lack_of_progress_on_hold(
    phone: Phone, make_staff: MakeStaff, house: House, clock: Clock
) -> None:
    make_staff(phone=FIRST)
    reaches_the_first_menu(phone)
    phone.presses("0")
    liaison = house.accepts(phone)
    clock.passes(minutes=40)
    liaison.presses("*")
    phone.says_nothing()

    assert phone.hears("You are on hold")


def test_a_place_kept_in_the_moment_of_the_key_is_the_one_or_the_other(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House
) -> None:
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    liaison = house.answers(phone)
    phone.presses("1")
    assert phone.hears("We will call you")

    liaison.presses("1")

    assert liaison.hears("This call is no longer waiting")
    assert talks(house) == []
    assert len(house.rows(select(Callback))) == 1


def test_a_key_of_the_caller_after_the_liaisons_key_joins_them_and_promises_nothing(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House
) -> None:
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    liaison = house.answers(phone)
    liaison.presses("1")

    phone.presses("1")

    assert (liaison.is_talking, phone.is_talking) == (True, True)
    assert house.rows(select(Callback)) == []


def test_a_liaison_whose_caller_went_away_while_they_listened_is_told(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House
) -> None:
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    liaison = house.answers(phone)

    phone.hangs_up()
    house.jobs.works_off()

    assert liaison.hears("This call is no longer waiting")
    assert liaison.is_over
    assert busy(house) == []


def test_on_a_personal_phone_the_code_joins_and_the_key_alone_does_not(
    phone: Phone, make_staff: MakeStaff, house: House, clock: Clock
) -> None:
    person = make_staff(phone=FIRST, office_phone=False, email="ana@office.example.org")
    with house.database.transaction() as session:
        issue_code(session, person.email, HASHER.hash("5207"), "the suite", clock.now)
    reaches_the_first_menu(phone)
    phone.presses("0")
    liaison = house.accepts(phone)
    assert liaison.hears("Please enter your code")
    assert not phone.is_talking

    liaison.presses("5207#")
    house.jobs.works_off()

    assert (liaison.is_talking, phone.is_talking) == (True, True)


def test_every_key_of_a_talk_at_0_may_be_delivered_twice(talk: tuple[Phone, Phone], house: House) -> None:
    liaison, caller = talk
    liaison.redelivers_last()
    for who, key in ((liaison, "*"), (caller, ""), (liaison, "1")):
        if key:
            who.presses(key)
        else:
            who.says_nothing()
        who.redelivers_last()
        house.jobs.works_off()

    assert (liaison.is_talking, caller.is_talking) == (True, True)
    assert len(talks(house)) == 1
    actions = house.rows(select(AuditEntry.action))
    assert actions.count("begin_talk") == actions.count("hold_talk") == actions.count("resume_talk") == 1


# What dies in between.


def test_with_redis_down_from_the_first_key_the_callers_own_call_rings_the_liaison(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House
) -> None:
    make_staff(phone=FIRST)
    house.jobs.is_down = True
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")

    assert phone.hears("I am calling someone for you")
    assert phone.does_not_hear("problem", "sorry")
    assert phone.rings == (FIRST,)
    liaison = phone.answers()
    assert liaison.hears("A caller is waiting to speak with someone", "To accept, press 1")
    liaison.presses("1")
    assert (liaison.is_talking, phone.is_talking) == (True, True)
    liaison.hangs_up()
    assert phone.hears("Thank you for calling. Goodbye")
    assert busy(house) == []
    assert house.carrier.placed == []


def test_with_workers_and_sweeper_dead_the_callers_own_call_rings_the_liaison_at_its_next_look(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House, clock: Clock
) -> None:
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    assert phone.rings == ()
    clock.passes(seconds=8)

    phone.says_nothing()

    assert phone.rings == (FIRST,)
    # A worker that comes to life now finds the right to ring taken.
    house.jobs.works_off()
    assert house.carrier.placed == []
    phone.answers().presses("1")
    assert phone.is_talking


def test_a_lost_job_is_found_by_the_sweeper(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House
) -> None:
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    house.jobs.waiting.clear()

    passes(house, 4)

    assert house.rung() == [FIRST]
    house.jobs.waiting.append(("ring_direct", house.row(select(Call.id).where(Call.flow == "liaison_at_0"))))
    assert house.rung() == [FIRST]
    house.accepts(phone)
    assert phone.is_talking


def test_a_carrier_that_certainly_did_not_ring_costs_the_caller_nothing(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House
) -> None:
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    house.carrier.refuses_next()
    phone.presses("0")

    assert house.rung() == [FIRST]
    assert house.carrier.refused == 1
    house.accepts(phone)
    assert phone.is_talking


@pytest.mark.parametrize("dialled", [True, False])
def test_when_nobody_knows_whether_the_liaison_rings_the_caller_waits_with_words_for_one_ring(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House, dialled: bool
) -> None:
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    house.carrier.loses_next_answer(dialled=dialled)
    phone.presses("0")
    house.jobs.works_off()
    if dialled:
        house.accepts(phone)
        assert phone.is_talking, "the leg's first document proves it"
        return
    for _ in range(6):
        passes(house, 8)
        phone.says_nothing()
        assert phone.hears("calling someone for you")
        house.jobs.works_off()

    assert house.rung() == [FIRST], "freed after one ring, and rung again"
    house.accepts(phone)
    assert phone.is_talking


def test_when_the_job_that_tells_the_liaison_of_the_end_is_lost_the_sweeper_tells_them(
    talk: tuple[Phone, Phone], house: House
) -> None:
    liaison, caller = talk
    caller.hangs_up()
    house.jobs.waiting.clear()
    assert liaison.is_talking
    assert busy(house) == []

    passes(house, 4)
    house.jobs.works_off()

    assert liaison.hears("The call is over. How did it end?")


def test_a_talk_whose_end_was_lost_is_closed_within_a_minute_by_the_carriers_word(
    talk: tuple[Phone, Phone], house: House
) -> None:
    house.carrier.placed[-1].status = "completed"
    for _ in range(20):
        passes(house, 3)

    assert [one.state for one in talks(house)] == ["reached"]
    assert busy(house) == []


def test_a_talk_that_goes_on_is_left_alone_by_the_sweeper(talk: tuple[Phone, Phone], house: House) -> None:
    for _ in range(40):
        passes(house, 3)
    house.jobs.works_off()

    assert [one.state for one in talks(house)] == ["talking"]
    assert all(one.is_talking for one in talk)
    assert len(busy(house)) == 1


def test_with_nobody_left_on_shift_but_a_phone_that_rings_the_caller_still_gets_them(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House
) -> None:
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    liaison = house.answers(phone)
    with house.database.transaction() as session:
        session.scalars(select(Staff)).one().on_shift = False
    phone.says_nothing()
    assert phone.hears("still calling someone")

    liaison.presses("1")
    house.jobs.works_off()

    assert phone.is_talking


def test_an_interpreter_is_of_the_callers_language_and_none_where_there_is_no_number(
    talk: tuple[Phone, Phone], house: House, app: object
) -> None:
    line = app.extensions["hotline.line"]  # type: ignore[attr-defined]
    object.__setattr__(line, "rules", replace(line.rules, office=replace(house.office, interpreters={})))
    liaison, _ = talk
    liaison.presses("*")
    liaison.presses("3")

    assert liaison.hears("No interpreter can be rung now")


# Whatever anybody does, in any order.


@pytest.mark.parametrize("seed", range(12))
def test_whatever_anybody_does_a_caller_at_0_is_never_left_alone_in_silence(
    talk: tuple[Phone, Phone], phone: Phone, house: House, make_staff: MakeStaff, clock: Clock, seed: int
) -> None:
    make_staff(phone=SECOND)
    liaison, caller = talk
    chance, stage = Random(seed), Stage(phone.another(), house, clock, liaison, caller)
    deeds = [
        stage.presses, stage.stars, stage.is_silent, stage.hangs_up, stage.answers, stage.works_off,
        stage.works_off, stage.sweeps, stage.redelivers,
    ]  # fmt: skip

    for _ in range(25):
        chance.choice(deeds)(chance)
    stage.comes_to_rest()

    staff_talk = any(one.is_talking for one in stage.staff)
    if caller.is_talking:
        assert staff_talk, caller.transcript
    elif caller.is_over:
        assert not staff_talk, "someone of staff waits for nobody"
    else:
        # With words, or with the ringing of the phone that their own call dials.
        assert caller.rings or "on the line" in caller.heard or "hold" in caller.heard, caller.transcript
    assert len(busy(house)) == len(set(busy(house)))
    dialled = [placed.leg_id for placed in house.carrier.placed]
    assert len(dialled) == len(set(dialled))
    assert [one.state for one in talks(house)][:-1] == ["reached"] * (len(talks(house)) - 1)
