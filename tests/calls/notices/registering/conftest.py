"""A person who calls from their own phone and asks to be called when custody changes."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from models import Consent, Registration
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import CODE
from tests.calls.stories import opens_the_case
from tests.factories import MadeCase
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]
#: From the case menu: to be called, about changes.
ASK = ("2", "4")


@pytest.fixture
def case(make_case: MakeCase) -> MadeCase:
    """The case of a person who calls from their own phone."""
    return make_case(custody_status="in_custody", facility="Stewart", phone=CALLER)


def calls(phone: Phone, case: MadeCase, *keys: str, from_: str = CALLER) -> Phone:
    """A call that opens the case and goes on with these keys; it is still on the line."""
    caller = phone.another()
    opens_the_case(caller, case, from_=from_)
    for key in keys:
        caller.presses(key)
    return caller


def registers(phone: Phone, case: MadeCase, *more: str) -> Phone:
    """A whole express call: three keys of menus, and the code twice."""
    return calls(phone, case, *ASK, "1", CODE, CODE, *more)


def registration(hotline: Hotline) -> Registration:
    """The only registration."""
    found: Registration = hotline.row(select(Registration))
    return found


def consents(hotline: Hotline) -> list[Consent]:
    """The consents to notices that stand."""
    standing = select(Consent).where(Consent.registration_id.is_not(None), Consent.withdrawn_at.is_(None))
    return list(hotline.rows(standing.order_by(Consent.id)))


def changes(phone: Phone, case: MadeCase, *keys: str) -> Phone:
    """Register, and go on to a choice in the same call's menus."""
    caller = calls(phone, case, *ASK, "2", CODE, CODE)
    assert caller.hears("If that is all, press 1")
    for key in keys:
        caller.presses(key)
    return caller
