"""Hold: what the caller hears, who ends it, and what happens to a person who is left on it."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select

from models import Callback, Staff
from models.overview.caller_state import load_by_leg
from models.talks.hold import staff_left
from tests.calls.callbacks.test_callbacks import accepted_by, asks_express, nobody_is_held, the_callback
from tests.calls.conftest import Clock, Hotline
from tests.calls.talks.talking import (
    FIRST,
    actions,
    states,
)
from tests.factories import MadeCase, make_callback
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


def test_star_puts_the_caller_on_hold_and_the_liaison_goes_back(
    talk: tuple[Phone, Phone], hotline: Hotline
) -> None:
    liaison, called = talk

    liaison.presses("*")
    assert liaison.hears("The caller is on hold", "To go back to the caller, press 1")
    assert called.hears("Please stay on the line")
    called.says_nothing()
    assert called.hears("You are on hold. The person helping you will be right back")
    assert not called.is_talking

    liaison.presses("1")
    hotline.jobs.works_off()
    assert called.hears("Thank you for waiting. Our team is on the line with you")
    assert (liaison.is_talking, called.is_talking) == (True, True)
    assert {"hold_talk", "resume_talk"} <= set(actions(hotline))
    assert the_callback(hotline).state == "talking"


def test_caller_on_hold_hears_the_hold_in_spanish(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(languages="en,es")
    asks_express(phone, make_case(custody_status="in_custody"), language="2")
    liaison, to_caller = accepted_by(phone, hotline)
    called = phone.answers(to_caller)
    called.presses("1")

    liaison.presses("*")
    called.says_nothing()

    assert called.hears("Está en espera. La persona que le atiende vuelve enseguida")
    assert called.does_not_hear("hold")


def test_caller_on_hold_finds_the_way_back_alone_with_redis_down(
    talk: tuple[Phone, Phone], hotline: Hotline
) -> None:
    liaison, called = talk
    hotline.jobs.is_down = True
    liaison.presses("*")
    called.says_nothing()

    liaison.presses("1")
    called.says_nothing()

    assert called.hears("Our team is on the line with you")
    assert (liaison.is_talking, called.is_talking) == (True, True)


def test_long_hold_waits_for_a_key_and_then_offers_the_choices_again(talk: tuple[Phone, Phone]) -> None:
    liaison, _ = talk
    liaison.presses("*")
    liaison.says_nothing()
    liaison.says_nothing()
    assert liaison.hears("For your choices, press any key")
    liaison.says_nothing()
    assert liaison.hears("For your choices, press any key")

    liaison.presses("5")

    assert liaison.hears("To go back to the caller, press 1")


def test_caller_who_is_held_too_long_is_let_go_with_a_promise_and_called_again(
    talk: tuple[Phone, Phone], hotline: Hotline, clock: Clock
) -> None:
    liaison, called = talk
    liaison.presses("*")
    called.says_nothing()
    clock.passes(seconds=181)

    called.says_nothing()

    assert called.hears("The call was cut off. We will call you again")
    assert called.is_over
    assert states(hotline) == ["reached", "requested"]
    hotline.jobs.works_off()
    assert liaison.hears(
        "The call ended while the caller was on hold. We will call them again.",
        "The call is over. How did it end?",
    )
    liaison.presses("1")
    hotline.sweeps()
    hotline.jobs.works_off()
    assert [call.to for call in hotline.carrier.ringing] == [FIRST]


def test_caller_who_is_forgotten_on_hold_is_called_again_before_those_who_are_due_tomorrow(
    talk: tuple[Phone, Phone], hotline: Hotline, clock: Clock, make_case: MakeCase
) -> None:
    """They were in the middle of their talk, and went to the end of a list of a day and more."""
    liaison, called = talk
    due_at = the_callback(hotline).due_at
    others = [make_case() for _ in range(3)]
    with hotline.database.transaction() as session:
        for case in others:
            make_callback(session, case, phone="+12025550139", rank=1, due_at=due_at, requested_at=clock())
    liaison.presses("*")
    called.says_nothing()
    clock.passes(seconds=181)
    called.says_nothing()
    assert called.hears("We will call you again")
    hotline.jobs.works_off()
    liaison.presses("1")
    liaison.hangs_up()

    hotline.sweeps()
    hotline.jobs.works_off()

    assert hotline.rows(select(Callback.reason).where(Callback.state == "ringing_liaison")) == ["cut_off"]


def test_liaison_who_is_cut_off_during_a_hold_leaves_nobody_in_silence(
    talk: tuple[Phone, Phone], hotline: Hotline
) -> None:
    liaison, called = talk
    liaison.presses("*")
    called.says_nothing()

    liaison.hangs_up()
    assert states(hotline) == ["reached", "requested"]
    called.says_nothing()

    assert called.hears("The call was cut off. We will call you again")
    assert called.is_over
    again = hotline.rows(select(Callback).order_by(Callback.id))[-1]
    assert (again.reason, again.verified, again.caller_tries) == ("cut_off", True, 0)
    hotline.jobs.works_off()
    assert [call.to for call in hotline.carrier.ringing] == [FIRST]


def test_caller_whose_own_call_ends_on_hold_is_called_again_and_the_liaison_is_told(
    talk: tuple[Phone, Phone], hotline: Hotline, clock: Clock
) -> None:
    liaison, called = talk
    liaison.presses("*")

    called.hangs_up()
    hotline.jobs.works_off()

    assert states(hotline) == ["reached", "requested"]
    again = hotline.rows(select(Callback).order_by(Callback.id))[-1]
    assert (again.reason, again.verified, again.caller_tries) == ("cut_off", True, 0)
    assert again.next_attempt_at == clock.now + timedelta(minutes=1)
    assert liaison.hears(
        "The call ended while the caller was on hold. We will call them again.",
        "The call is over. How did it end?",
    )
    assert nobody_is_held(hotline)


def test_liaison_who_ends_a_call_that_was_just_cut_off_hears_that_the_caller_is_called_again(
    talk: tuple[Phone, Phone], hotline: Hotline
) -> None:
    liaison, called = talk
    liaison.presses("*")
    called.hangs_up()

    liaison.presses("4")

    assert liaison.hears(
        "The call ended while the caller was on hold. We will call them again.",
        "The call is over. How did it end?",
    )
    assert states(hotline) == ["reached", "requested"]


def test_star_before_the_caller_joins_asks_whether_to_wait_and_keeps_a_caller_who_comes_meanwhile(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=FIRST)
    asks_express(phone, make_case(custody_status="in_custody"))
    liaison, to_caller = accepted_by(phone, hotline)

    liaison.presses("*")
    called = phone.answers(to_caller)
    assert liaison.hears("They are not on the line yet", "To go on waiting, press 1")
    called.presses("1")
    # They have met nobody yet who could be right back.
    for _ in range(2):
        assert called.hears("Please stay on the line")
        assert called.does_not_hear("on hold", "right back")
        called.says_nothing()
    assert the_callback(hotline).state == "talking"
    liaison.presses("1")
    hotline.jobs.works_off()

    assert (liaison.is_talking, called.is_talking) == (True, True)
    assert called.hears("Our team is on the line with you")


def test_person_called_back_in_spanish_hears_only_to_stay_while_the_liaison_chooses(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=FIRST, languages="es")
    asks_express(phone, make_case(custody_status="in_custody"), language="2")
    liaison, to_caller = accepted_by(phone, hotline)
    liaison.presses("*")
    assert liaison.hears(
        "La persona todavía no está en la línea", "Para dejar la llamada y pasarla a otra persona"
    )
    called = phone.answers(to_caller)

    called.presses("1")

    assert called.hears("Por favor, no cuelgue")
    assert called.does_not_hear("vuelve enseguida")
    liaison.presses("1")
    hotline.jobs.works_off()
    assert called.hears("Nuestro equipo está en la línea con usted")
    assert (liaison.is_talking, called.is_talking) == (True, True)


def test_liaison_may_give_up_waiting_and_the_callers_phone_stops_ringing(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=FIRST)
    asks_express(phone, make_case(custody_status="in_custody"))
    liaison, to_caller = accepted_by(phone, hotline)

    liaison.presses("*")
    liaison.presses("2")
    hotline.jobs.works_off()

    assert liaison.is_over
    assert to_caller.status == "canceled"
    assert the_callback(hotline).state == "requested"
    assert nobody_is_held(hotline)


def test_liaison_ends_the_call_for_both(talk: tuple[Phone, Phone], hotline: Hotline) -> None:
    liaison, called = talk
    liaison.presses("*")
    called.says_nothing()

    liaison.presses("4")
    assert liaison.hears("How did it end?")
    hotline.jobs.works_off()

    assert called.hears("This call is over. If we were cut off, you can call us back. Goodbye")
    assert called.does_not_hear("was cut off", "We will call you again")
    assert called.is_over
    assert states(hotline) == ["reached"]
    liaison.says_nothing()
    liaison.says_nothing()
    assert liaison.is_over


def test_every_key_of_the_hold_may_be_delivered_twice(talk: tuple[Phone, Phone], hotline: Hotline) -> None:
    liaison, called = talk
    for who, key in ((liaison, "*"), (called, ""), (liaison, "1")):
        if key:
            who.presses(key)
        else:
            who.says_nothing()
        who.redelivers_last()
        hotline.jobs.works_off()

    assert (liaison.is_talking, called.is_talking) == (True, True)
    assert actions(hotline).count("hold_talk") == actions(hotline).count("resume_talk") == 1


def test_caller_is_fetched_out_of_an_empty_conference_when_the_star_event_comes_late(
    talk: tuple[Phone, Phone], hotline: Hotline
) -> None:
    _, called = talk
    to_liaison = hotline.carrier.placed[0]
    # The caller heard the first words and went back before the liaison's own request was answered.
    with hotline.database.transaction() as session:
        leg = load_by_leg(session, to_liaison.leg_id, hotline.clock.now)
        assert leg is not None
        word, jobs = staff_left(session, leg, hotline.clock.now)
    assert (word, called.is_talking) == ("star", True)
    hotline.jobs.waiting += jobs
    hotline.jobs.works_off()

    assert called.hears("You are on hold")
    assert not called.is_talking


def test_liaison_who_returns_to_a_person_who_left_unheard_does_not_wait_for_them_alone(
    talk: tuple[Phone, Phone], hotline: Hotline
) -> None:
    """The end event was lost. The worker that cannot fetch the person from hold asks the carrier."""
    liaison, called = talk
    liaison.presses("*")
    called.says_nothing()
    called.call.leg.ends("completed")
    hotline.carrier.placed[-1].status = "completed"

    liaison.presses("1")
    hotline.jobs.works_off()

    assert liaison.hears("The call is over. How did it end?")
    assert states(hotline) == ["reached"]
    assert nobody_is_held(hotline)
