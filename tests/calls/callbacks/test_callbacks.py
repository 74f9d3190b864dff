"""Calls of people who ask to be called back, and the calls that keep the promise (R29, R35, R36, Legs)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from models import Callback, Staff
from models.talks.own_call import call_now
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import opens_the_case
from tests.conftest import ON_BOTH, ON_SQLITE
from tests.factories import MadeCase
from tests.fake_carrier import FakeCarrier
from tests.phone import Phone, PlacedCall
from workers.carrier import CarrierUnknown
from workers.sweeper import sweep

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
CALLER = "+12025550123"
LIAISON = "+12025550170"
TELLING = ("case", "PIN", "custody", "victim", "Stewart", "Ivo")


def asks_express(phone: Phone, case: MadeCase, **how: str) -> None:
    """Open the case and ask for a call as soon as possible, then hang up."""
    opens_the_case(phone, case, **how)
    phone.presses("2")
    phone.presses("1")
    phone.hangs_up()


def allows_a_message(hotline: Hotline) -> None:
    """The person who asked to be called allows a neutral message on their machine."""
    with hotline.database.transaction() as session:
        session.execute(update(Callback).values(voicemail_allowed=True, voicemail_text="please_call"))


def the_callback(hotline: Hotline) -> Callback:
    """The only callback there is."""
    found: Callback = hotline.row(select(Callback))
    return found


def accepted_by(phone: Phone, hotline: Hotline) -> tuple[Phone, PlacedCall]:
    """The liaison who is rung accepts; returns their phone, and the call that rings the caller."""
    hotline.jobs.works_off()
    liaison = phone.answers(hotline.carrier.ringing[-1])
    liaison.presses("1")
    hotline.jobs.works_off()
    return liaison, hotline.carrier.ringing[-1]


def nobody_is_held(hotline: Hotline) -> bool:
    """Whether every liaison is free again."""
    return all(busy is None for busy in hotline.rows(select(Staff.busy_call_id)))


def test_staff_who_call_before_the_line_would_are_joined_to_the_person_at_once(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff(phone=LIAISON, on_shift=False)
    asks_express(phone, make_case(custody_status="in_custody"))
    with hotline.database.transaction() as session:
        callback = session.scalars(select(Callback)).one()
        callback.next_attempt_at = hotline.clock.now + timedelta(hours=6)
        callback.rank = None
        session.flush()
        jobs = call_now(session, callback.id, who.id, hotline.clock.now, hotline.policy)
    for name, row_id in jobs:
        hotline.jobs.enqueue(name, row_id)

    _, to_caller = accepted_by(phone, hotline)

    assert to_caller.to == CALLER


def test_caller_gets_a_callback_from_the_first_key_to_the_last(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, carrier: FakeCarrier
) -> None:
    make_staff(phone=LIAISON)
    opens_the_case(phone, make_case(custody_status="in_custody", facility="Stewart"))
    assert phone.hears("To be called back, press 2")

    phone.presses("2")
    assert phone.hears("To have us call this phone as soon as we can, press 1")
    phone.presses("1")
    assert phone.hears("We will call you", "We will leave no message")
    phone.hangs_up()

    asked = the_callback(hotline)
    assert (asked.state, asked.verified, asked.urgency) == ("requested", True, "other")
    assert (asked.voicemail_allowed, asked.may_answer) == (False, "only_me")
    assert hotline.jobs.waiting == [("dial_liaison", asked.id)]

    hotline.jobs.works_off()
    (to_liaison,) = carrier.ringing
    assert to_liaison.to == LIAISON
    liaison = phone.answers(to_liaison)
    assert liaison.hears("to accept, press 1")
    assert liaison.does_not_hear(*TELLING[:3], "Stewart", "Ivo", "0123")
    assert the_callback(hotline).state == "ringing_liaison"

    liaison.presses("1")
    assert liaison.hears("We are calling them now")
    hotline.jobs.works_off()
    (to_caller,) = carrier.ringing
    assert to_caller.to == CALLER
    called = phone.answers(to_caller)
    assert called.hears("a call from the information line", "Is this a good time to talk? If yes, press 1")
    assert called.does_not_hear(*TELLING)
    assert the_callback(hotline).state == "ringing_caller"

    called.presses("1")
    assert called.hears("A person from our team is now on the line")
    assert called.is_talking
    hotline.jobs.works_off()
    assert liaison.hears("You are connected")
    assert liaison.is_talking
    assert the_callback(hotline).state == "talking"

    called.hangs_up()
    kept = the_callback(hotline)
    assert (kept.state, kept.outcome) == ("reached", "reached")
    assert kept.closed_at is not None
    assert nobody_is_held(hotline)

    hotline.jobs.works_off()
    assert liaison.hears("The call is over. How did it end?", "If you talked with them, press 1")
    liaison.presses("1")
    assert liaison.hears("It is saved")
    assert liaison.is_over
    assert the_callback(hotline).outcome == "reached"


def test_liaison_who_hangs_up_first_also_closes_the_callback(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    liaison, to_caller = accepted_by(phone, hotline)
    called = phone.answers(to_caller)
    called.presses("1")
    hotline.jobs.works_off()

    liaison.hangs_up()

    assert the_callback(hotline).state == "reached"
    assert called.is_over
    assert nobody_is_held(hotline)


def test_spanish_caller_asks_for_a_callback_and_gets_it_in_spanish(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(languages="en,es")
    opens_the_case(phone, make_case(custody_status="in_custody"), language="2")
    assert phone.hears("Para que le llamemos, oprima 2")
    phone.presses("2")
    phone.presses("1")
    assert phone.hears("Le llamaremos")
    phone.hangs_up()

    _, to_caller = accepted_by(phone, hotline)
    called = phone.answers(to_caller)

    assert called.hears("la línea de información", "¿Es buen momento para hablar? Si es así, oprima 1")
    assert called.does_not_hear("press")
    assert the_callback(hotline).language == "es"


def test_liaison_who_passes_leaves_the_callback_to_another(
    phone: Phone,
    make_case: MakeCase,
    make_staff: MakeStaff,
    hotline: Hotline,
    carrier: FakeCarrier,
    clock: Clock,
) -> None:
    make_staff(phone="+12025550171")
    make_staff(phone="+12025550172")
    asks_express(phone, make_case(custody_status="in_custody"))
    hotline.jobs.works_off()
    first = carrier.ringing[0]

    phone.answers(first).presses("2")
    clock.passes(seconds=20)
    sweep(hotline.database, hotline.jobs, carrier, hotline.office, clock.now)
    hotline.jobs.works_off()

    (second,) = carrier.ringing
    assert {first.to, second.to} == {"+12025550171", "+12025550172"}


@pytest.mark.parametrize("way", ["busy", "no-answer", "failed"])
def test_liaison_who_does_not_answer_leaves_the_callback_to_another(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, carrier: FakeCarrier,
    clock: Clock, way: str,
) -> None:  # fmt: skip
    make_staff(phone="+12025550171")
    make_staff(phone="+12025550172")
    asks_express(phone, make_case(custody_status="in_custody"))
    hotline.jobs.works_off()
    first = carrier.ringing[0]

    phone.another().declines(first, way)
    clock.passes(seconds=20)
    sweep(hotline.database, hotline.jobs, carrier, hotline.office, clock.now)
    hotline.jobs.works_off()

    (second,) = carrier.ringing
    assert second.to != first.to


def test_machine_on_the_liaisons_leg_does_not_accept(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, carrier: FakeCarrier
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    hotline.jobs.works_off()
    machine = phone.answers(carrier.ringing[0])

    while not machine.is_over:
        machine.says_nothing()

    assert the_callback(hotline).state == "requested"
    assert len(carrier.placed) == 1
    assert nobody_is_held(hotline)


@pytest.mark.parametrize("how", ["callback", "at 0"])
def test_liaisons_voicemail_delays_a_frightened_caller_by_two_offers_and_no_more(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, how: str
) -> None:
    make_staff(phone="+12025550170")
    opens_the_case(phone, make_case(custody_status="in_custody"))
    for key in ("0",) if how == "at 0" else ("2", "3"):
        phone.presses(key)
    if how == "callback":
        phone.hangs_up()
    voicemail = hotline.answers(phone)
    make_staff(phone="+12025550171")

    voicemail.says_nothing()
    assert voicemail.hears("Take your time", "To accept, press 1")
    voicemail.says_nothing()

    assert voicemail.is_over
    hotline.clock.passes(seconds=30)
    hotline.sweeps()
    assert hotline.rung() == ["+12025550171"]


def test_machine_on_the_callers_leg_does_not_accept_and_hears_nothing_that_tells(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    liaison, to_caller = accepted_by(phone, hotline)
    machine = phone.answers(to_caller)

    while not machine.is_over:
        machine.says_nothing()
    hotline.jobs.works_off()

    assert not any(word in machine.heard_so_far for word in TELLING)
    callback = the_callback(hotline)
    assert (callback.state, callback.caller_tries, callback.talking_at) == ("requested", 1, None)
    assert liaison.hears("We could not connect you now")
    assert liaison.is_over
    assert nobody_is_held(hotline)


def test_person_who_cannot_talk_now_is_put_off_and_the_liaison_is_told(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    liaison, to_caller = accepted_by(phone, hotline)
    called = phone.answers(to_caller)

    called.presses("2")
    hotline.jobs.works_off()

    assert called.hears("We will call at another time")
    assert called.is_over
    assert liaison.hears("We could not connect you now. Goodbye")
    callback = the_callback(hotline)
    assert callback.state == "requested"
    assert callback.next_attempt_at == clock.now + timedelta(minutes=30)
    assert nobody_is_held(hotline)


def test_person_who_does_not_answer_is_called_again_later(
    phone: Phone,
    make_case: MakeCase,
    make_staff: MakeStaff,
    hotline: Hotline,
    carrier: FakeCarrier,
    clock: Clock,
) -> None:
    make_staff(phone=LIAISON)
    asks_express(phone, make_case(custody_status="in_custody"))
    liaison, to_caller = accepted_by(phone, hotline)

    phone.another().lets_ring(to_caller)
    hotline.jobs.works_off()

    assert liaison.is_over
    assert nobody_is_held(hotline)
    clock.passes(minutes=31)
    sweep(hotline.database, hotline.jobs, carrier, hotline.office, clock.now)
    hotline.jobs.works_off()
    assert [call.to for call in carrier.ringing] == [LIAISON]


def test_callback_is_stored_before_its_job_is_queued(
    phone: Phone, make_case: MakeCase, hotline: Hotline, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, str]] = []

    def look(name: str, row_id: int) -> bool:
        with hotline.database.reading() as session:
            seen.append((name, session.get_one(Callback, row_id).state))
        return True

    monkeypatch.setattr(hotline.jobs, "enqueue", look)
    asks_express(phone, make_case(custody_status="in_custody"))

    assert seen == [("dial_liaison", "requested")]


def test_key_pressed_twice_by_the_liaison_rings_the_caller_once(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, carrier: FakeCarrier
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    liaison, _ = accepted_by(phone, hotline)

    liaison.redelivers_last()
    hotline.jobs.waiting.append(("dial_caller", the_callback(hotline).id))
    hotline.jobs.works_off()

    assert [call.to for call in carrier.placed][1:] == [CALLER]


def test_caller_who_hangs_up_at_the_question_is_not_joined(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    liaison, to_caller = accepted_by(phone, hotline)

    phone.answers(to_caller).hangs_up()
    hotline.jobs.works_off()

    assert the_callback(hotline).state == "requested"
    assert liaison.is_over
    assert nobody_is_held(hotline)


def test_liaison_who_hangs_up_before_the_caller_answers_stops_the_callers_phone(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    liaison, to_caller = accepted_by(phone, hotline)

    liaison.hangs_up()
    hotline.jobs.works_off()

    assert to_caller.status == "canceled"
    assert the_callback(hotline).state == "requested"
    assert nobody_is_held(hotline)


def test_callers_phone_stops_ringing_once_a_refused_account_works_again(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    """The refusal was taken for a call that is over: the phone rang on, and the answer led to no liaison."""
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    liaison, to_caller = accepted_by(phone, hotline)
    hotline.carrier.refuses_all = 20003
    liaison.hangs_up()
    hotline.jobs.works_off()
    assert to_caller.status == "ringing"

    hotline.carrier.refuses_all = None
    clock.passes(seconds=4)
    hotline.sweeps()
    hotline.jobs.works_off()

    assert to_caller.status == "canceled"


@ON_SQLITE
def test_liaison_who_accepts_and_is_cut_off_each_time_does_not_make_the_callers_phone_ring_for_ever(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))

    for _ in range(3):
        liaison, _to_caller = accepted_by(phone, hotline)
        liaison.hangs_up()
        hotline.jobs.works_off()
        clock.passes(seconds=20)
        hotline.sweeps()

    assert [call.status for call in hotline.carrier.placed[1::2]] == ["canceled"] * 3
    for minutes in (1, 4, 8, 8, 8):
        clock.passes(minutes=minutes)
        hotline.sweeps()
        assert hotline.rung() == []
    clock.passes(minutes=1)
    hotline.sweeps()
    assert len(hotline.rung()) == 1, "no liaison makes a callback one that is left for staff"


@ON_BOTH
def test_liaison_who_waits_for_nobody_is_told_even_if_the_carrier_failed_at_first(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def fails(*_: str) -> None:
        raise CarrierUnknown("The carrier failed (500).")

    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    liaison, to_caller = accepted_by(phone, hotline)
    phone.lets_ring(to_caller)
    with monkeypatch.context() as broken:
        broken.setattr(hotline.carrier, "redirect_call", fails)
        hotline.jobs.works_off()
    assert not liaison.is_over

    clock.passes(seconds=2)
    hotline.sweeps()
    hotline.jobs.works_off()

    assert liaison.hears("We could not connect you now. Goodbye")
    assert nobody_is_held(hotline)


def test_key_7_gives_harmless_words_to_someone_who_walks_in_and_the_call_is_tried_later(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    _, to_caller = accepted_by(phone, hotline)
    called = phone.answers(to_caller)

    called.presses("7")

    assert called.hears("Sorry, wrong number. Goodbye")
    assert called.does_not_hear("The number you have reached"), "they dialed nobody"
    assert called.is_over
    assert the_callback(hotline).state == "requested"
