"""How staff dial their line and sign in."""

from collections.abc import Callable

from sqlalchemy import select

from models import Staff
from tests.calls.callbacks.test_callbacks import asks_express
from tests.calls.conftest import Hotline
from tests.calls.stories import opens_the_case, reaches_the_first_menu
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
PIN, CODE, OTHER_PIN = "739482", "5207", "628051"
OWN_PHONE = "+12025550175"
STAFF_PHONE = "+12025550170"


def dials_the_staff_line(phone: Phone, hotline: Hotline, language: str = "1") -> Phone:
    staff = phone.another()
    assert hotline.office.staff_line is not None
    staff.dials_in(from_=STAFF_PHONE, to=hotline.office.staff_line)
    hotline.carrier.carries(staff)
    staff.presses(language)
    return staff


def signs_in(phone: Phone, hotline: Hotline, number: str, pin: str = PIN) -> Phone:
    staff = dials_the_staff_line(phone, hotline)
    staff.presses(number)
    staff.presses(pin)
    return staff


def takes_the_next_call(phone: Phone, hotline: Hotline, number: str) -> Phone:
    """Sign in and take the next callback in the same call: the person is rung."""
    hotline.jobs.waiting.clear()
    staff = signs_in(phone, hotline, number)
    for _ in range(2):
        staff.presses("1")
    hotline.jobs.works_off()
    return staff


def on_shift(hotline: Hotline) -> bool:
    found: bool = hotline.row(select(Staff.on_shift))
    return found


def asks_from(phone: Phone, case: MadeCase | None, from_: str, language: str = "1", key: str = "1") -> None:
    """Ask for a callback; key 3 says that the caller is afraid, which is urgent."""
    if case is None:
        reaches_the_first_menu(phone, from_=from_, language=language)
        phone.presses("2")
        phone.presses("1")
    else:
        opens_the_case(phone, case, from_=from_, language=language)
        phone.presses("2")
    phone.presses(key)
    phone.hangs_up()


def rung_at_home(phone: Phone, hotline: Hotline, make_case: MakeCase) -> Phone:
    asks_express(phone, make_case(custody_status="in_custody"))
    hotline.jobs.works_off()
    assert hotline.carrier.ringing[-1].to == OWN_PHONE
    return phone.answers(hotline.carrier.ringing[-1])
