"""Calls in which two talk: holds, colleagues and interpreters who join, hand-overs, and being cut off."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest
from flask import Flask
from sqlalchemy import select, update

from models import AuditEntry, Callback, Staff
from models.caller_state import load_by_leg
from models.hold import staff_left
from tests.calls.conftest import Clock, House
from tests.calls.test_callbacks import accepted_by, asks_express, nobody_is_held, the_callback
from tests.factories import MadeCase
from tests.fake_carrier import FakeCarrier
from tests.phone import Phone, PlacedCall
from workers.sweeper import sweep

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
FIRST, SECOND = "+12025550170", "+12025550171"
INTERPRETER = "+12025550104"


@pytest.fixture
def talk(phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House) -> tuple[Phone, Phone]:
    """A liaison and the person called back, who talk."""
    make_staff(phone=FIRST)
    asks_express(phone, make_case(custody_status="in_custody"))
    liaison, to_caller = accepted_by(phone, house)
    called = phone.answers(to_caller)
    called.presses("1")
    assert (liaison.is_talking, called.is_talking) == (True, True)
    return liaison, called


def a_colleague_is_rung(phone: Phone, house: House, make_staff: MakeStaff, liaison: Phone) -> PlacedCall:
    """Star and 2: the other liaison's phone rings."""
    make_staff(phone=SECOND)
    liaison.presses("*")
    liaison.presses("2")
    house.jobs.works_off()
    assert house.carrier.ringing[-1].to == SECOND
    return house.carrier.ringing[-1]


def joins(phone: Phone, house: House, placed: PlacedCall) -> Phone:
    """The phone that is rung into the talk accepts, and the caller is told."""
    joiner = phone.answers(placed)
    joiner.presses("1")
    house.jobs.works_off()
    return joiner


def states(house: House) -> list[str]:
    """The states of all callbacks, oldest first."""
    return house.rows(select(Callback.state).order_by(Callback.id))


def actions(house: House) -> list[str]:
    """What was audited, oldest first."""
    return house.rows(select(AuditEntry.action).order_by(AuditEntry.id))


# Hold.


def test_star_puts_the_caller_on_hold_and_the_liaison_goes_back(
    talk: tuple[Phone, Phone], house: House
) -> None:
    liaison, called = talk

    liaison.presses("*")
    assert liaison.hears("The caller waits on hold", "To go back to the caller, press 1")
    assert called.hears("Please stay on the line")
    called.says_nothing()
    assert called.hears("You are on hold. Please stay on the line")
    assert not called.is_talking

    liaison.presses("1")
    house.jobs.works_off()
    assert called.hears("Thank you for waiting. Our office is on the line with you")
    assert (liaison.is_talking, called.is_talking) == (True, True)
    assert {"hold_talk", "resume_talk"} <= set(actions(house))
    assert the_callback(house).state == "talking"


def test_a_caller_on_hold_hears_it_in_spanish(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House
) -> None:
    make_staff(languages="en,es")
    asks_express(phone, make_case(custody_status="in_custody"), language="2")
    liaison, to_caller = accepted_by(phone, house)
    called = phone.answers(to_caller)
    called.presses("1")

    liaison.presses("*")
    called.says_nothing()

    assert called.hears("Está en espera. Por favor, no cuelgue")
    assert called.does_not_hear("hold")


def test_with_redis_down_the_caller_on_hold_finds_the_way_back_alone(
    talk: tuple[Phone, Phone], house: House
) -> None:
    liaison, called = talk
    house.jobs.is_down = True
    liaison.presses("*")
    called.says_nothing()

    liaison.presses("1")
    called.says_nothing()

    assert called.hears("Our office is on the line with you")
    assert (liaison.is_talking, called.is_talking) == (True, True)


def test_a_long_hold_waits_for_a_key_and_then_offers_the_choices_again(talk: tuple[Phone, Phone]) -> None:
    liaison, _ = talk
    liaison.presses("*")
    liaison.says_nothing()
    liaison.says_nothing()
    assert liaison.hears("For your choices, press any key")
    liaison.says_nothing()
    assert liaison.hears("For your choices, press any key")

    liaison.presses("5")

    assert liaison.hears("To go back to the caller, press 1")


def test_who_is_held_too_long_is_let_go_with_a_promise_and_called_again(
    talk: tuple[Phone, Phone], house: House, clock: Clock
) -> None:
    liaison, called = talk
    liaison.presses("*")
    called.says_nothing()
    clock.passes(seconds=181)

    called.says_nothing()

    assert called.hears("The call was cut off. We will call you again")
    assert called.is_over
    assert states(house) == ["reached", "requested"]
    house.jobs.works_off()
    assert liaison.hears(
        "The hold was too long. We told the caller that we will call again",
        "The call is over. How did it end?",
    )
    liaison.presses("1")
    sweep(house.database, house.jobs, house.carrier, house.office, clock.now)
    house.jobs.works_off()
    assert [call.to for call in house.carrier.ringing] == [FIRST]


def test_a_liaison_who_is_cut_off_during_a_hold_leaves_nobody_in_silence(
    talk: tuple[Phone, Phone], house: House
) -> None:
    liaison, called = talk
    liaison.presses("*")
    called.says_nothing()

    liaison.hangs_up()
    assert states(house) == ["reached", "requested"]
    called.says_nothing()

    assert called.hears("The call was cut off. We will call you again")
    assert called.is_over
    again = house.rows(select(Callback).order_by(Callback.id))[-1]
    assert (again.reason, again.verified, again.caller_tries) == ("cut_off", True, 0)
    house.jobs.works_off()
    assert [call.to for call in house.carrier.ringing] == [FIRST]


def test_a_caller_who_hangs_up_on_hold_closes_it_and_the_liaison_hears_so(
    talk: tuple[Phone, Phone], house: House
) -> None:
    liaison, called = talk
    liaison.presses("*")

    called.hangs_up()
    house.jobs.works_off()

    assert states(house) == ["reached"]
    assert liaison.hears("The call is over. How did it end?")
    assert nobody_is_held(house)


def test_star_before_the_caller_joins_asks_whether_to_wait_and_a_caller_who_comes_meanwhile_is_kept(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House
) -> None:
    make_staff(phone=FIRST)
    asks_express(phone, make_case(custody_status="in_custody"))
    liaison, to_caller = accepted_by(phone, house)

    liaison.presses("*")
    assert liaison.hears("The line is still calling them", "To go on waiting, press 1")
    called = phone.answers(to_caller)
    called.presses("1")
    assert called.hears("You are on hold")
    assert the_callback(house).state == "talking"
    liaison.presses("1")
    house.jobs.works_off()

    assert (liaison.is_talking, called.is_talking) == (True, True)
    assert called.hears("Our office is on the line with you")


def test_a_liaison_may_give_up_waiting_and_the_callers_phone_stops_ringing(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House
) -> None:
    make_staff(phone=FIRST)
    asks_express(phone, make_case(custody_status="in_custody"))
    liaison, to_caller = accepted_by(phone, house)

    liaison.presses("*")
    liaison.presses("2")
    house.jobs.works_off()

    assert liaison.is_over
    assert to_caller.status == "canceled"
    assert the_callback(house).state == "requested"
    assert nobody_is_held(house)


def test_the_liaison_ends_the_call_for_both(talk: tuple[Phone, Phone], house: House) -> None:
    liaison, called = talk
    liaison.presses("*")
    called.says_nothing()

    liaison.presses("4")
    assert liaison.hears("How did it end?")
    house.jobs.works_off()

    assert called.hears("Goodbye")
    assert called.does_not_hear("cut off")
    assert called.is_over
    assert states(house) == ["reached"]
    liaison.says_nothing()
    liaison.says_nothing()
    assert liaison.is_over


def test_every_key_of_the_hold_may_be_delivered_twice(talk: tuple[Phone, Phone], house: House) -> None:
    liaison, called = talk
    for who, key in ((liaison, "*"), (called, ""), (liaison, "1")):
        if key:
            who.presses(key)
        else:
            who.says_nothing()
        who.redelivers_last()
        house.jobs.works_off()

    assert (liaison.is_talking, called.is_talking) == (True, True)
    assert actions(house).count("hold_talk") == actions(house).count("resume_talk") == 1


def test_when_news_of_the_star_comes_late_the_caller_is_fetched_out_of_an_empty_conference(
    talk: tuple[Phone, Phone], house: House
) -> None:
    _, called = talk
    to_liaison = house.carrier.placed[0]
    # The caller heard the first words and went back before the liaison's own request was answered.
    with house.database.transaction() as session:
        leg = load_by_leg(session, to_liaison.leg_id, house.clock.now)
        assert leg is not None
        word, jobs = staff_left(session, leg, house.clock.now)
    assert (word, called.is_talking) == ("star", True)
    house.jobs.waiting += jobs
    house.jobs.works_off()

    assert called.hears("You are on hold")
    assert not called.is_talking


# A colleague.


def test_a_colleague_is_rung_announced_to_the_caller_and_joins(
    talk: tuple[Phone, Phone], phone: Phone, house: House, make_staff: MakeStaff
) -> None:
    liaison, called = talk
    placed = a_colleague_is_rung(phone, house, make_staff, liaison)
    assert liaison.hears("Your colleague's phone is ringing")
    assert (liaison.is_talking, called.is_talking) == (True, True)

    colleague = phone.answers(placed)
    assert colleague.hears("A colleague asks you to join a call", "To accept, press 1")
    assert colleague.does_not_hear("case", "Ivo", "0123")
    colleague.presses("1")
    assert colleague.hears("We are telling the caller that you join")
    assert not colleague.is_talking
    house.jobs.works_off()

    assert called.hears("One more person from our office now joins this call")
    assert colleague.is_talking
    assert (liaison.is_talking, called.is_talking) == (True, True)
    assert {"add_colleague", "accept_joining"} <= set(actions(house))


def test_nobody_joins_before_the_caller_was_told_even_with_redis_down(
    talk: tuple[Phone, Phone], phone: Phone, house: House, make_staff: MakeStaff
) -> None:
    liaison, called = talk
    placed = a_colleague_is_rung(phone, house, make_staff, liaison)
    colleague = phone.answers(placed)
    house.jobs.is_down = True
    colleague.presses("1")
    colleague.says_nothing()
    assert not colleague.is_talking

    house.jobs.is_down = False
    colleague.says_nothing()
    house.jobs.works_off()

    assert called.hears("One more person from our office now joins")
    assert colleague.is_talking


@pytest.mark.parametrize("way", ["no-answer", "busy", "passes", "machine"])
def test_a_colleague_who_does_not_come_changes_nothing(
    talk: tuple[Phone, Phone], phone: Phone, house: House, make_staff: MakeStaff, way: str
) -> None:
    liaison, called = talk
    placed = a_colleague_is_rung(phone, house, make_staff, liaison)

    if way == "passes":
        phone.answers(placed).presses("2")
    elif way == "machine":
        machine = phone.answers(placed)
        while not machine.is_over:
            machine.says_nothing()
    else:
        phone.another().declines(placed, way)
    house.jobs.works_off()

    assert (liaison.is_talking, called.is_talking) == (True, True)
    assert called.does_not_hear("One more person")
    assert house.rows(select(Staff.busy_call_id).where(Staff.phone_key == _key(house, SECOND))) == [None]


def test_when_nobody_else_is_free_the_liaison_hears_so(talk: tuple[Phone, Phone], house: House) -> None:
    liaison, _ = talk
    liaison.presses("*")

    liaison.presses("2")

    assert liaison.hears("No other colleague can be rung now", "To go back to the caller, press 1")
    assert len(house.carrier.placed) == 2


def test_the_first_liaison_leaves_the_call_to_the_colleague_and_the_talk_goes_on(
    talk: tuple[Phone, Phone], phone: Phone, house: House, make_staff: MakeStaff
) -> None:
    liaison, called = talk
    colleague = joins(phone, house, a_colleague_is_rung(phone, house, make_staff, liaison))

    liaison.presses("*")
    assert liaison.hears("Your colleague is with the caller", "To leave the call to your colleague, press 2")
    liaison.presses("2")
    house.jobs.works_off()
    for one in (called, colleague):
        if not one.is_talking:
            one.says_nothing()

    assert liaison.hears("Your colleague goes on with the call")
    assert liaison.is_over
    assert (colleague.is_talking, called.is_talking) == (True, True)
    row = the_callback(house)
    assert (row.state, row.staff_id) == (
        "talking",
        house.row(select(Staff.id).where(Staff.phone_key == _key(house, SECOND))),
    )
    assert "hand_over_talk" in actions(house)
    called.hangs_up()
    house.jobs.works_off()
    assert the_callback(house).state == "reached"
    assert colleague.hears("How did it end?")
    assert nobody_is_held(house)


def test_a_first_liaison_who_is_cut_off_leaves_the_talk_to_the_colleague(
    talk: tuple[Phone, Phone], phone: Phone, house: House, make_staff: MakeStaff
) -> None:
    liaison, called = talk
    colleague = joins(phone, house, a_colleague_is_rung(phone, house, make_staff, liaison))

    liaison.hangs_up()
    house.jobs.works_off()
    for one in (called, colleague):
        if not one.is_talking:
            one.says_nothing()

    assert states(house) == ["talking"]
    assert (colleague.is_talking, called.is_talking) == (True, True)
    colleague.hangs_up()
    house.jobs.works_off()
    assert states(house) == ["reached"]
    assert called.is_over


def test_when_both_press_star_the_caller_is_on_hold_and_either_may_fetch_them_back(
    talk: tuple[Phone, Phone], phone: Phone, house: House, make_staff: MakeStaff
) -> None:
    liaison, called = talk
    colleague = joins(phone, house, a_colleague_is_rung(phone, house, make_staff, liaison))

    colleague.presses("*")
    colleague.says_nothing()
    assert colleague.hears("Your colleague is with the caller")
    liaison.presses("*")
    called.says_nothing()
    assert called.hears("You are on hold")
    colleague.presses("1")
    house.jobs.works_off()

    assert (colleague.is_talking, called.is_talking) == (True, True)
    assert called.hears("Our office is on the line with you")


def test_a_colleague_who_leaves_while_the_first_is_out_leaves_the_caller_on_hold_and_not_alone(
    talk: tuple[Phone, Phone], phone: Phone, house: House, make_staff: MakeStaff
) -> None:
    liaison, called = talk
    colleague = joins(phone, house, a_colleague_is_rung(phone, house, make_staff, liaison))
    liaison.presses("*")
    for one in (called, colleague):
        if not one.is_talking:
            one.says_nothing()

    colleague.hangs_up()
    house.jobs.works_off()

    assert called.hears("You are on hold")
    liaison.presses("1")
    house.jobs.works_off()
    assert (liaison.is_talking, called.is_talking) == (True, True)


# An interpreter.


def test_an_interpreter_joins_as_a_third_leg_and_is_announced(
    talk: tuple[Phone, Phone], phone: Phone, house: House, carrier: FakeCarrier
) -> None:
    liaison, called = talk
    liaison.presses("*")
    liaison.presses("3")
    assert liaison.hears("The interpreter's phone is ringing")
    house.jobs.works_off()
    assert carrier.ringing[-1].to == INTERPRETER

    interpreter = phone.answers(carrier.ringing[-1])
    assert interpreter.hears("A call needs an interpreter", "To accept, press 1")
    interpreter.presses("1")
    house.jobs.works_off()

    assert called.hears("An interpreter now joins this call")
    assert (liaison.is_talking, called.is_talking, interpreter.is_talking) == (True, True, True)
    interpreter.hangs_up()
    assert (liaison.is_talking, called.is_talking) == (True, True)
    called.hangs_up()
    house.jobs.works_off()
    assert states(house) == ["reached"]


def test_an_interpreter_waits_with_words_while_the_caller_is_on_hold(
    talk: tuple[Phone, Phone], phone: Phone, house: House, carrier: FakeCarrier
) -> None:
    liaison, called = talk
    liaison.presses("*")
    liaison.presses("3")
    house.jobs.works_off()
    interpreter = joins(phone, house, carrier.ringing[-1])

    liaison.presses("*")
    assert interpreter.hears("Please stay on the line")
    interpreter.says_nothing()
    liaison.presses("1")
    house.jobs.works_off()
    interpreter.says_nothing()

    assert (liaison.is_talking, called.is_talking, interpreter.is_talking) == (True, True, True)


def test_without_a_number_for_the_language_there_is_no_interpreter(
    talk: tuple[Phone, Phone], house: House, app: Flask
) -> None:
    liaison, _ = talk
    line = app.extensions["hotline.line"]
    # The line is made once and for all, so the test has to reach under it.
    object.__setattr__(line, "rules", replace(line.rules, office=replace(house.office, interpreters={})))
    liaison.presses("*")

    liaison.presses("3")

    assert liaison.hears("No interpreter can be rung now")


def _key(house: House, number: str) -> str:
    return house.database.keyring.index("phone", number)


# Whatever anybody does, in any order.


class Stage:
    """A talk in which anybody may do anything at any moment, with jobs that come late, twice or never."""

    def __init__(self, phone: Phone, house: House, clock: Clock, liaison: Phone, called: Phone) -> None:
        self.phone, self.house, self.clock = phone, house, clock
        self.called, self.staff = called, [liaison]

    def someone_of_staff(self, chance: Random) -> Phone:
        return chance.choice(self.staff)

    def presses(self, chance: Random) -> None:
        self._unless_over(self.someone_of_staff(chance), lambda one: one.presses(chance.choice("*1234")))

    def stars(self, chance: Random) -> None:
        self._unless_over(self.someone_of_staff(chance), lambda one: one.presses("*"))

    def is_silent(self, chance: Random) -> None:
        one = chance.choice([self.called, *self.staff])
        self._unless_over(one, lambda phone: phone.says_nothing())

    def hangs_up(self, chance: Random) -> None:
        one = chance.choice([self.called, *self.staff])
        if chance.random() < 0.4:
            self._unless_over(one, lambda phone: phone.hangs_up())

    def answers(self, chance: Random) -> None:
        if self.house.carrier.ringing:
            placed = chance.choice(self.house.carrier.ringing)
            if chance.random() < 0.3:
                self.phone.another().declines(placed, chance.choice(["busy", "no-answer", "failed"]))
            else:
                self.staff.append(self.phone.answers(placed))

    def works_off(self, chance: Random) -> None:
        if chance.random() < 0.3:
            # A worker died with them, or Redis was wiped.
            self.house.jobs.waiting.clear()
        elif chance.random() < 0.3:
            self.house.jobs.waiting += self.house.jobs.waiting
        self.house.jobs.works_off()

    def sweeps(self, chance: Random) -> None:
        self.clock.passes(seconds=chance.choice([1, 3, 30]))
        sweep(self.house.database, self.house.jobs, self.house.carrier, self.house.office, self.clock.now)

    def redelivers(self, chance: Random) -> None:
        one = chance.choice([self.called, *self.staff])
        if one.last_request is not None:
            one.redelivers_last()

    def comes_to_rest(self) -> None:
        """Nobody does anything more: jobs are done, the sweeper looks, and whoever is asked is silent."""
        for _ in range(6):
            self.clock.passes(seconds=3)
            sweep(self.house.database, self.house.jobs, self.house.carrier, self.house.office, self.clock.now)
            self.house.jobs.works_off()
            for one in (self.called, *self.staff):
                if not one.is_talking:
                    self._unless_over(one, lambda phone: phone.says_nothing())

    @staticmethod
    def _unless_over(one: Phone, what: Callable[[Phone], None]) -> None:
        if not one.is_over:
            what(one)


@pytest.mark.parametrize("seed", range(25))
def test_whatever_anybody_does_a_caller_is_never_left_alone_in_silence(
    talk: tuple[Phone, Phone], phone: Phone, house: House, make_staff: MakeStaff, clock: Clock, seed: int
) -> None:
    make_staff(phone=SECOND)
    chance, stage = Random(seed), Stage(phone, house, clock, *talk)
    deeds = [
        stage.presses, stage.stars, stage.is_silent, stage.hangs_up, stage.answers, stage.works_off,
        stage.works_off, stage.sweeps, stage.redelivers,
    ]  # fmt: skip

    for _ in range(25):
        chance.choice(deeds)(chance)
    stage.comes_to_rest()

    called, row = stage.called, house.rows(select(Callback).order_by(Callback.id))[0]
    if called.is_talking:
        assert any(one.is_talking for one in stage.staff), called.transcript
        assert row.state == "talking"
    elif not called.is_over:
        assert "stay on the line" in called.heard, called.transcript
    else:
        assert not any(one.is_talking for one in stage.staff), "someone of staff waits for nobody"
    assert row.state in {"talking", "reached"}
    busy = house.rows(select(Staff.busy_call_id).where(Staff.busy_call_id.is_not(None)))
    assert len(busy) == len(set(busy))
    dialled = [placed.leg_id for placed in house.carrier.placed]
    assert len(dialled) == len(set(dialled))


def test_a_colleague_hears_as_the_liaison_did_that_the_caller_cannot_talk(
    talk: tuple[Phone, Phone], phone: Phone, house: House, make_staff: MakeStaff
) -> None:
    liaison, _ = talk
    with house.database.transaction() as session:
        session.execute(update(Callback).values(silent=True))
    colleague = phone.answers(a_colleague_is_rung(phone, house, make_staff, liaison))
    assert colleague.does_not_hear("cannot talk")

    colleague.presses("1")

    assert colleague.hears("This caller cannot talk. Ask yes or no questions")


# Who was asked and does not come.


@pytest.mark.parametrize("way", ["no-answer", "busy", "failed", "passes", "machine"])
def test_a_liaison_hears_in_the_talk_that_the_colleague_does_not_come_and_the_caller_hears_nothing(
    talk: tuple[Phone, Phone], phone: Phone, house: House, make_staff: MakeStaff, way: str
) -> None:
    liaison, called = talk
    placed = a_colleague_is_rung(phone, house, make_staff, liaison)
    before = called.heard
    if way in ("passes", "machine"):
        colleague = phone.answers(placed)
        while not colleague.is_over:
            colleague.presses("2") if way == "passes" else colleague.says_nothing()
    else:
        phone.another().declines(placed, way)
    house.jobs.works_off()

    assert liaison.hears("Your colleague did not join")
    assert called.heard == before
    assert (liaison.is_talking, called.is_talking) == (True, True)
    liaison.presses("*")
    assert liaison.does_not_hear("did not join"), "once is enough"


def test_a_liaison_out_of_the_talk_hears_at_once_that_the_interpreter_does_not_come(
    talk: tuple[Phone, Phone], phone: Phone, house: House
) -> None:
    liaison, _ = talk
    liaison.presses("*")
    liaison.presses("3")
    house.jobs.works_off()
    assert house.carrier.ringing[-1].to == INTERPRETER
    liaison.presses("*")
    phone.another().lets_ring(house.carrier.ringing[-1])
    house.jobs.works_off()

    assert liaison.hears("The interpreter did not join", "To go back to the caller, press 1")


def test_with_redis_down_the_liaison_hears_it_at_the_next_star_in_spanish(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House
) -> None:
    make_staff(phone=FIRST, languages="es")
    asks_express(phone, make_case(custody_status="in_custody"), language="2")
    liaison, to_caller = accepted_by(phone, house)
    phone.answers(to_caller).presses("1")
    placed = a_colleague_is_rung(phone, house, make_staff, liaison)
    house.jobs.is_down = True
    phone.another().lets_ring(placed)

    liaison.presses("*")

    assert liaison.hears("Su colega no se unió a la llamada")
