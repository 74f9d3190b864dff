"""Another call about the same case changes the callback while a caller is still choosing (R35, R36)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from models import Callback, Staff
from tests.calls.callbacks.test_callbacks import the_callback
from tests.calls.conftest import Hotline
from tests.calls.stories import asks_very_soon, opens_the_case
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
OTHER = "+12025550188"
OVER = {
    "1": "Your callback cannot be changed now. It was canceled or is over. You can ask for a new one",
    "2": "La llamada que pidió ya no se puede cambiar. Se canceló o ya terminó. Puede pedir otra",
}
ELSEWHERE = {
    "1": ("You already have a callback.", "We will call the phone that you asked for before, not this one"),
    "2": ("Ya tiene una llamada pedida.", "Llamaremos al teléfono que pidió antes, no a este"),
}
PROMISES = ("We will", "may already be calling", "vamos a", "llamaremos", "le estamos llamando")


def in_the_case(phone: Phone, case: MadeCase, *keys: str, language: str = "1") -> Phone:
    """A call from another phone that opens the case and presses these keys."""
    caller = phone.another()
    opens_the_case(caller, case, language, OTHER)
    for key in keys:
        caller.presses(key)
    return caller


@pytest.mark.parametrize(
    ("language", "then"),
    [("1", "1"), ("2", "2 1"), ("1", "4 4"), ("2", "")],
    ids=["done", "who", "done, after more", "silence"],
)
def test_caller_who_chooses_wishes_for_a_cancelled_callback_hears_that_it_was_cancelled(
    phone: Phone, make_case: MakeCase, hotline: Hotline, language: str, then: str
) -> None:
    case = make_case("in_custody")
    opens_the_case(phone, case, language)
    for key in ("2", "2", "1"):
        phone.presses(key)
    assert "canceled" in in_the_case(phone, case, "2", "4").heard

    for key in then.split():
        phone.presses(key)
    while not then and not phone.is_over:
        phone.says_nothing()

    heard = phone.heard_so_far if phone.is_over else phone.heard
    assert OVER[language] in heard
    if then:
        assert phone.does_not_hear(*PROMISES, "message", "mensaje")
    assert the_callback(hotline).state == "cancelled"


@pytest.mark.parametrize("language", ["1", "2"])
def test_caller_who_leaves_a_cancelled_callback_as_it_is_hears_that_nobody_calls(
    phone: Phone, make_case: MakeCase, language: str
) -> None:
    case = make_case("in_custody")
    in_the_case(phone, case, "2", "1").hangs_up()
    opens_the_case(phone, case, language)
    phone.presses("2")
    in_the_case(phone, case, "2", "4")

    phone.presses("1")

    assert phone.hears(OVER[language])
    assert phone.does_not_hear(*PROMISES)
    for key in ("1", "2", "1"):
        phone.presses(key)
    assert phone.hears({"1": "We will call you", "2": "llamaremos"}[language])


def test_caller_who_keeps_a_callback_for_which_a_liaison_is_rung_hears_that_we_may_be_calling(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    case = make_case("in_custody")
    opens_the_case(phone, case)
    for key in ("2", "2", "4", "2"):
        phone.presses(key)
    hotline.clock.passes(minutes=2)
    with hotline.database.transaction() as session:
        session.scalars(select(Callback)).one().state = "ringing_liaison"

    phone.presses("1")

    assert phone.hears("Your callback cannot be changed now. We may already be calling you.")
    assert phone.does_not_hear("It was canceled")


@pytest.mark.parametrize("part", ["1", "2", "3"])
def test_caller_who_never_heard_that_the_other_call_is_afraid_does_not_put_it_off(
    phone: Phone, make_case: MakeCase, hotline: Hotline, part: str
) -> None:
    case = make_case("in_custody")
    opens_the_case(phone, case)
    for key in ("2", "2"):
        phone.presses(key)
    assert "We will call you no later than" in in_the_case(phone, case, "2", "3").heard
    before = the_callback(hotline)

    phone.presses(part)

    assert phone.hears("You already have a callback. We will call you no later than")
    assert phone.does_not_hear("We will try")
    after = the_callback(hotline)
    for name in ("urgency", "reason", "due_at", "window_starts"):
        assert getattr(after, name) == getattr(before, name)


def test_caller_who_never_heard_that_the_other_call_is_afraid_hears_it_before_they_cancel(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case("in_custody")
    in_the_case(phone, case, "2", "1").hangs_up()
    opens_the_case(phone, case)
    phone.presses("2")
    in_the_case(phone, case, "2", "3")

    phone.presses("4")

    assert phone.hears("You already have a callback. We will call you no later than", "press 4")
    assert phone.does_not_hear("is canceled")
    assert (the_callback(hotline).state, the_callback(hotline).urgency) == ("requested", "urgent")
    phone.presses("4")
    phone.presses("2")
    assert phone.hears("Your callback is canceled")


def test_caller_who_heard_of_the_urgent_callback_may_still_choose_the_evening(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case("in_custody")
    in_the_case(phone, case, "2", "3").hangs_up()
    opens_the_case(phone, case)
    for key in ("2", "2", "3"):
        phone.presses(key)

    assert phone.hears("We will try today, in the evening")
    assert the_callback(hotline).window_starts is not None


@pytest.mark.parametrize(
    ("language", "anew", "keys"),
    [("1", "3", ("2", "4")), ("2", "1", ("2", "4")), ("1", "1", ("2",)), ("2", "3", ("2",))],
    ids=["afraid, question", "as soon as we can, question", "as soon as we can, menu", "afraid, menu"],
)
def test_caller_does_not_cancel_what_another_call_asked_for_after_the_callback_that_they_heard_of(
    phone: Phone,
    make_case: MakeCase,
    hotline: Hotline,
    language: str,
    anew: str,
    keys: tuple[str, ...],
) -> None:
    case = make_case("in_custody")
    in_the_case(phone, case, "2", "3").hangs_up()
    opens_the_case(phone, case, language)
    for key in keys:
        phone.presses(key)
    assert "Your callback is canceled" in in_the_case(phone, case, "2", "4", "2").heard
    assert "We will call you" in in_the_case(phone, case, "2", anew).heard

    phone.presses({1: "4", 2: "2"}[len(keys)])
    if len(keys) == 1:
        assert phone.hears({"1": "Do you want to cancel", "2": "cancelar"}[language])
        phone.presses("2")

    assert phone.hears({"1": "You already have a callback.", "2": "Ya tiene una llamada pedida."}[language])
    assert phone.does_not_hear("is canceled", "se canceló")
    assert sorted(row.state for row in hotline.rows(select(Callback))) == ["cancelled", "requested"]


def test_caller_who_then_heard_of_the_new_callback_may_cancel_it(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case("in_custody")
    in_the_case(phone, case, "2", "3").hangs_up()
    opens_the_case(phone, case)
    for key in ("2", "4"):
        phone.presses(key)
    in_the_case(phone, case, "2", "4", "2")
    in_the_case(phone, case, "2", "3")
    for key in ("2", "4", "2"):
        phone.presses(key)

    assert phone.hears("Your callback is canceled")
    assert [row.state for row in hotline.rows(select(Callback))] == ["cancelled", "cancelled"]


def test_caller_who_heard_of_an_urgent_callback_does_not_put_off_the_one_that_came_after_it(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case("in_custody")
    in_the_case(phone, case, "2", "3").hangs_up()
    opens_the_case(phone, case)
    for key in ("2", "2"):
        phone.presses(key)
    in_the_case(phone, case, "2", "4", "2")
    in_the_case(phone, case, "2", "3")

    phone.presses("3")

    assert phone.hears("You already have a callback. We will call you no later than")
    assert phone.does_not_hear("We will try")
    assert hotline.rows(select(Callback).order_by(Callback.id))[-1].window_starts is None


@pytest.mark.parametrize(
    ("language", "anew", "keys"),
    [("1", "1", ("2",)), ("2", "3", ("2",)), ("2", "1", ("2", "4"))],
    ids=["as soon as we can", "afraid", "as soon as we can, question"],
)
def test_caller_does_not_keep_unheard_what_another_call_asked_for_after_the_callback_that_they_heard_of(
    phone: Phone,
    make_case: MakeCase,
    hotline: Hotline,
    language: str,
    anew: str,
    keys: tuple[str, ...],
) -> None:
    case = make_case("in_custody")
    afraid = phone.another()
    asks_very_soon(afraid, case)
    afraid.hangs_up()
    opens_the_case(phone, case, language)
    for key in keys:
        phone.presses(key)
    in_the_case(phone, case, "2", "4", "2")
    assert "We will call you" in in_the_case(phone, case, "2", anew).heard

    phone.presses("1")

    assert phone.hears(*ELSEWHERE[language])
    phone.presses("1")
    assert phone.hears({"1": "We will call you no later than", "2": "Le llamaremos"}[language])
    assert phone.does_not_hear("You already have", "Ya tiene")


def test_caller_who_leaves_it_as_it_is_hears_that_another_call_made_it_urgent(
    phone: Phone, make_case: MakeCase
) -> None:
    case = make_case("in_custody")
    in_the_case(phone, case, "2", "1").hangs_up()
    opens_the_case(phone, case)
    phone.presses("2")
    in_the_case(phone, case, "2", "3")

    phone.presses("1")

    assert phone.hears(
        "You already have a callback. We will call you no later than", "To talk with someone sooner"
    )
    phone.presses("1")
    assert phone.does_not_hear("You already have a callback")
