"""A person with two cases and one phone: registering for one leaves the other as it was agreed (R28)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from models import Case, Registration
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import Registered, reports, sweeps
from tests.calls.notices.registering.conftest import ASK, calls, changes
from tests.conftest import ON_SQLITE
from tests.factories import MadeCase
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]
OTHER_CODE = "8024"
NO_NIGHTS = "We will not call between nine in the evening and eight in the morning."


@pytest.fixture
def other(case: MadeCase, hotline: Hotline, make_case: MakeCase) -> MadeCase:
    """Another case of the same person."""
    made = make_case(custody_status="in_custody", facility="Stewart", phone=CALLER)
    with hotline.database.transaction() as session:
        session.get_one(Case, made.id).registrant_id = case.registrant_id
    return made


def escapes(hotline: Hotline, case: MadeCase) -> list[str]:
    """The person of this case escapes; the phones that ring within two minutes."""
    mine = select(Registration).where(Registration.case_id == case.id)
    reports(hotline, "escaped", Registered(hotline, case, hotline.row(mine).id))
    return [one for _ in range(2) for one in sweeps(hotline, minutes=1)]


def test_escape_is_texted_as_agreed_after_the_other_case_was_registered_without_texts(
    phone: Phone, case: MadeCase, other: MadeCase, hotline: Hotline
) -> None:
    changes(phone, case, "3", "2", "2").hangs_up()
    calls(phone, other, *ASK, "1", OTHER_CODE, OTHER_CODE).hangs_up()

    assert calls(phone, case, *ASK).hears("We may send a text that asks you to call us")
    escapes(hotline, case)

    assert [to for to, _body in hotline.carrier.texts] == [CALLER]


def test_text_is_not_sent_about_the_case_that_was_registered_without_texts(
    phone: Phone, case: MadeCase, other: MadeCase, hotline: Hotline
) -> None:
    calls(phone, other, *ASK, "1", OTHER_CODE, OTHER_CODE).hangs_up()
    changes(phone, case, "3", "2", "2").hangs_up()

    escapes(hotline, other)

    assert hotline.carrier.texts == []


@ON_SQLITE
@pytest.mark.parametrize("answer", ["the express yes", "a yes that was chosen"])
def test_no_to_nights_about_one_case_stays_whatever_is_said_about_the_other(
    phone: Phone, case: MadeCase, other: MadeCase, hotline: Hotline, answer: str
) -> None:
    changes(phone, case, "2", "2", "2").hangs_up()
    caller = calls(phone, other, *ASK, "2", OTHER_CODE, OTHER_CODE)
    if answer == "a yes that was chosen":
        for key in ("2", "2", "1"):
            caller.presses(key)
        assert caller.hears("If they get out, we will call at any hour")
    caller.hangs_up()

    assert calls(phone, case, *ASK).hears(NO_NIGHTS)
    assert calls(phone, other, *ASK).hears("If they get out, we will call at any hour")
    hotline.clock.passes(hours=13)
    assert escapes(hotline, case) == []
    assert CALLER in escapes(hotline, other)


def test_no_to_nights_about_one_case_silences_no_escape_in_the_other(
    phone: Phone, case: MadeCase, other: MadeCase, hotline: Hotline
) -> None:
    changes(phone, case, "2", "2", "1").hangs_up()
    caller = calls(phone, other, *ASK, "2", OTHER_CODE, OTHER_CODE, "2", "2", "2")
    assert caller.hears(NO_NIGHTS)
    caller.hangs_up()
    hotline.clock.passes(hours=13)

    assert escapes(hotline, other) == []
    assert CALLER in escapes(hotline, case)
