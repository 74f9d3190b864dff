"""Two callers under one number, neither with a PIN: each hears the truth, and neither harms the other.

One of them may have borrowed the phone, or fake its number (R35, R36).
"""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from models import Callback, Staff
from models.callbacks.callback_list import rank_for
from tests.calls.callbacks.test_callbacks import accepted_by, the_callback
from tests.calls.conftest import Hotline
from tests.calls.pin.test_without_pin import DOUBTED, dials_to_the_callback_menu, is_afraid
from tests.calls.stories import opens_the_case
from tests.conftest import ON_SQLITE
from tests.factories import MadeCase
from tests.phone import CALLER, Phone
from tests.statements import sent_statements

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
MAIN, DISCREET = "+12025550100", "+12025550101"
MENU_OF_DISCREET = ("1", "#", "2")


def asks(phone: Phone, key: str = "1", **extra: str) -> None:
    dials_to_the_callback_menu(phone, **extra)
    phone.presses(key)


def asks_on_the_discreet_line(phone: Phone) -> None:
    phone.dials_in(to=DISCREET)
    for key in (*MENU_OF_DISCREET, "1"):
        phone.presses(key)
    assert phone.hears("Your phone will show the number that you called")
    phone.hangs_up()


def is_served(phone: Phone, hotline: Hotline) -> str | None:
    """A liaison takes the first callback, and the person answers; returns the line that their phone shows."""
    hotline.sweeps()
    liaison, to_caller = accepted_by(phone, hotline)
    called = phone.answers(to_caller)
    called.presses("1")
    called.hangs_up()
    liaison.hangs_up()
    hotline.clock.passes(hours=1)
    return to_caller.line


def test_refusal_of_a_third_callback_tells_nothing_of_an_open_urgent_one(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    for _ in range(2):
        caller = phone.another()
        asks(caller)
        caller.hangs_up()
        is_served(phone, hotline)
    while_none_stands, while_one_stands = phone.another(), phone.another()

    asks(while_none_stands)
    is_afraid(phone)
    asks(while_one_stands)

    assert while_none_stands.hears("I cannot call this number back")
    assert while_one_stands.heard == while_none_stands.heard


def test_second_callback_of_the_day_is_promised_again_while_it_is_open(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    first = phone.another()
    asks(first)
    first.hangs_up()
    is_served(phone, hotline)
    asks(phone)

    again = phone.another()
    asks(again)

    assert again.heard == phone.heard
    assert again.hears("We will call you no later than")


@ON_SQLITE
@pytest.mark.parametrize("extra", [DOUBTED, {}], ids=["doubted", "unattested"])
def test_callbacks_asked_for_under_a_faked_number_do_not_count_against_its_phone(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, extra: dict[str, str]
) -> None:
    make_staff()
    for _ in range(2):
        stranger = phone.another()
        asks(stranger, **extra)
        stranger.hangs_up()
        is_served(phone, hotline)

    asks(phone, StirVerstat="TN-Validation-Passed-A")

    assert phone.hears("We will call you no later than")


def test_doubted_caller_who_asks_first_does_not_keep_the_phone_at_the_end_of_the_list(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_case(custody_status="in_custody", phone=CALLER)
    asks(phone.another(), "3", **DOUBTED)
    prank = phone.another()
    asks(prank, "3", from_="+12025550188")

    is_afraid(phone)

    with hotline.database.transaction() as session:
        ranks = {one.phone_key: rank_for(session, one) for one in session.scalars(select(Callback))}
    keyring = hotline.database.keyring
    assert ranks[keyring.index("phone", CALLER)] < ranks[keyring.index("phone", "+12025550188")]


def test_doubted_caller_who_asks_later_lowers_nothing(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    make_case(custody_status="in_custody", phone=CALLER)
    is_afraid(phone)
    with hotline.database.transaction() as session:
        before = rank_for(session, session.scalars(select(Callback)).one())

    asks(phone.another(), "3", **DOUBTED)

    with hotline.database.transaction() as session:
        assert rank_for(session, session.scalars(select(Callback)).one()) == before


@pytest.mark.parametrize("first", ["main", "discreet"])
def test_each_of_two_callers_sees_the_line_that_they_dialed(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, first: str
) -> None:
    other = phone.another()
    if first == "main":
        asks(other)
        other.hangs_up()
        asks_on_the_discreet_line(phone)
    else:
        asks_on_the_discreet_line(phone)
        asks(other)
        other.hangs_up()
    make_staff()

    shown = [is_served(phone, hotline), is_served(phone, hotline)]

    assert shown == ([MAIN, DISCREET] if first == "main" else [DISCREET, MAIN])


def test_caller_who_then_gives_the_pin_is_called_once_on_the_line_that_they_dialed(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    asks(phone.another())
    asks_on_the_discreet_line(phone.another())

    opens_the_case(phone, make_case(custody_status="in_custody", phone=CALLER))
    phone.presses("2")
    phone.presses("1")

    assert phone.hears("We will call you no later than")
    # Who asked on the discreet line sees that number, and no other (R32).
    assert hotline.rows(select(Callback.state).order_by(Callback.id)) == [
        "cancelled",
        "requested",
        "requested",
    ]


def test_message_that_a_stranger_allowed_is_not_left_once_another_caller_was_promised_none(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    stranger = phone.another()
    dials_to_the_callback_menu(stranger)
    for key in ("2", "1", "4", "3", "2", "2", "3", "1"):
        stranger.presses(key)
    assert stranger.hears("We may leave a short message", "Anyone who answers may take the call")
    stranger.hangs_up()
    asks(phone)
    assert phone.hears("We will leave no message", "If someone else answers, we will not say why we called")
    phone.hangs_up()
    make_staff()
    hotline.sweeps()

    _, to_caller = accepted_by(phone, hotline)
    machine = phone.answers(to_caller)
    machine.says_nothing()
    machine.says_nothing()

    assert machine.is_over
    assert "message" not in machine.heard_so_far
    assert the_callback(hotline).may_answer == "anyone"


def test_message_that_only_one_caller_allowed_is_left(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    dials_to_the_callback_menu(phone)
    for key in ("2", "1", "4", "3", "2", "1"):
        phone.presses(key)
    phone.hangs_up()
    make_staff()
    hotline.sweeps()

    _, to_caller = accepted_by(phone, hotline)
    machine = phone.answers(to_caller)
    machine.says_nothing()
    machine.says_nothing()

    assert "This is a message from" in machine.heard_so_far


def test_request_takes_the_same_reads_whether_a_callback_is_open_or_not(
    phone: Phone, hotline: Hotline
) -> None:
    reads = []
    for stands in (False, True):
        caller = phone.another()
        if stands:
            is_afraid(phone.another())
        dials_to_the_callback_menu(caller, from_=CALLER if stands else "+12025550188")
        with sent_statements(hotline.database) as statements:
            caller.presses("1")
        reads.append(len([one for one in statements if one.startswith("SELECT")]))

    assert reads[0] == reads[1]
