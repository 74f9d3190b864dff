"""Two calls at once about a stopped phone: what the line says of it is so (R33)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from models import Phone as PhoneRow
from tests.calls.conftest import Hotline
from tests.calls.stop.test_stop import NOTICE, OTHER, has_another_phone
from tests.calls.stories import opens_the_case
from tests.conftest import ON_BOTH
from tests.factories import MadeCase
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]
LIFTED = {"1": "We can call there again", "2": "Podemos volver a llamar ahí"}
ASKED = {"1": NOTICE, "2": "Dejamos de llamar a uno o más de sus teléfonos"}


def is_asked(phone: Phone, hotline: Hotline, case: MadeCase, language: str = "1") -> Phone:
    """A call with the PIN in which the line asks about the stop."""
    caller = phone.another()
    opens_the_case(caller, case, language=language, from_=OTHER)
    assert caller.hears(ASKED[language])
    hotline.clock.passes(minutes=1)
    return caller


def stopped(hotline: Hotline) -> list[str]:
    """The numbers that the line does not call."""
    unseal = hotline.database.keyring.unseal
    which = select(PhoneRow.number_sealed).where(PhoneRow.stopped_at.is_not(None)).order_by(PhoneRow.id)
    return [unseal("phone.number", sealed) for sealed in hotline.rows(which)]


@pytest.fixture
def case(make_case: MakeCase, hotline: Hotline, texts: Callable[..., str]) -> MadeCase:
    """A case with two phones, of which the first said stop."""
    case = make_case(custody_status="in_custody", phone=CALLER)
    has_another_phone(hotline, case)
    texts("STOP")
    hotline.clock.passes(minutes=1)
    return case


@ON_BOTH
@pytest.mark.parametrize("language", ["1", "2"])
def test_phone_is_called_again_as_the_line_says_though_another_call_left_it_stopped(
    phone: Phone, case: MadeCase, hotline: Hotline, language: str
) -> None:
    caller = is_asked(phone, hotline, case, language)
    other = is_asked(phone, hotline, case)
    other.presses("2")
    other.hangs_up()
    assert stopped(hotline) == [CALLER]

    caller.presses("1")

    assert caller.hears(LIFTED[language])
    assert stopped(hotline) == []


@pytest.mark.parametrize(("key", "said"), [("1", LIFTED["1"]), ("2", "For a person, press 0")])
def test_way_back_leads_past_the_question_once_it_is_answered(
    phone: Phone, case: MadeCase, hotline: Hotline, key: str, said: str
) -> None:
    caller = is_asked(phone, hotline, case)
    caller.presses(key)
    assert caller.hears(said)
    left = stopped(hotline)

    caller.presses("#")

    # "We have stopped calling" would sound like another stop, and a second answer would change nothing.
    assert caller.does_not_hear(NOTICE)
    assert caller.hears("To hear about your case, press 1")
    assert stopped(hotline) == left


def test_line_says_so_too_if_another_call_has_lifted_it_already(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    caller, other = is_asked(phone, hotline, case), is_asked(phone, hotline, case)
    other.presses("1")

    caller.presses("1")

    assert caller.hears(LIFTED["1"])
    assert stopped(hotline) == []


@pytest.mark.parametrize("key", ["1", "2"])
def test_stop_that_comes_after_the_question_is_asked_about_next(
    phone: Phone, case: MadeCase, hotline: Hotline, texts: Callable[..., str], key: str
) -> None:
    caller = is_asked(phone, hotline, case)
    texts("STOP", from_=OTHER)
    hotline.clock.passes(minutes=1)

    caller.presses(key)

    assert caller.hears(NOTICE, "To have us call there again, press 1")
    assert stopped(hotline) == ([OTHER] if key == "1" else [CALLER, OTHER])
    caller.presses("1")
    assert caller.hears(LIFTED["1"], "To be called back, press 2")
    assert stopped(hotline) == ([] if key == "1" else [CALLER])


def test_phone_that_says_stop_again_after_the_question_stays_stopped_until_it_is_asked_about(
    phone: Phone, case: MadeCase, hotline: Hotline, texts: Callable[..., str]
) -> None:
    caller, other = is_asked(phone, hotline, case), is_asked(phone, hotline, case)
    other.presses("1")
    hotline.clock.passes(minutes=1)
    texts("STOP")

    caller.presses("1")

    assert caller.does_not_hear(LIFTED["1"])
    assert caller.hears(NOTICE)
    assert stopped(hotline) == [CALLER]


def test_line_does_not_say_that_it_calls_a_phone_that_was_marked_unsafe_since_the_question(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    caller = is_asked(phone, hotline, case)
    with hotline.database.transaction() as session:
        for row in session.scalars(select(PhoneRow).where(PhoneRow.stopped_at.is_not(None))):
            row.unsafe_since = hotline.clock.now

    caller.presses("1")

    assert caller.does_not_hear(LIFTED["1"])
    assert caller.hears("To be called back, press 2")


def test_earlier_answer_about_another_phone_stays(
    phone: Phone, case: MadeCase, hotline: Hotline, texts: Callable[..., str]
) -> None:
    is_asked(phone, hotline, case).presses("2")
    hotline.clock.passes(minutes=1)
    texts("STOP", from_=OTHER)
    hotline.clock.passes(minutes=1)

    is_asked(phone, hotline, case).presses("1")

    assert stopped(hotline) == [CALLER]
