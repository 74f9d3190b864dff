"""Ways through the line that many stories share."""

import re
from collections.abc import Iterable
from datetime import time, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from models import Callback, PinCounter, PinTry, Staff
from models.overview.lost_pin import settle_lost_pins
from models.staff.schedule import set_schedule
from tests.factories import MadeCase
from tests.phone import CALLER, Phone
from tests.twiml_check import check

if TYPE_CHECKING:
    from tests.calls.conftest import Hotline


def reaches_the_first_menu(phone: Phone, language: str = "1", from_: str = CALLER) -> None:
    """Dial in and choose a language."""
    phone.dials_in(from_=from_)
    phone.presses(language)


def is_asked_for_a_number(phone: Phone, language: str = "1", from_: str = CALLER) -> None:
    """Dial in, and choose a language and to hear of a case."""
    reaches_the_first_menu(phone, language, from_)
    phone.presses("1")


def opens_the_case(phone: Phone, case: MadeCase, language: str = "1", from_: str = CALLER) -> None:
    """Dial in and key the number and the PIN."""
    is_asked_for_a_number(phone, language, from_)
    phone.presses(case.number)
    phone.presses(case.pin)


def chooses_more(phone: Phone, case: MadeCase, **how: str) -> None:
    """Open the case and go to the choice of a time."""
    opens_the_case(phone, case, **how)
    phone.presses("2")
    assert phone.hears("To choose when and how we call, press 2")
    phone.presses("2")


def asks_very_soon(phone: Phone, case: MadeCase, **how: str) -> None:
    """Open the case and ask for a call very soon, since they are afraid."""
    opens_the_case(phone, case, **how)
    phone.presses("2")
    phone.presses("3")


def newest_callback(hotline: "Hotline") -> Callback:
    """The callback that was asked for last."""
    found: Callback = hotline.row(select(Callback).order_by(Callback.id.desc()).limit(1))
    return found


def works(
    hotline: "Hotline", person: Staff, kind: str, starts: time, ends: time, days: Iterable[int] = range(5)
) -> None:
    """A person's schedule: on shift or on call from one hour to another, Monday to Friday."""
    with hotline.database.transaction() as session:
        set_schedule(
            session, person.email, kind=kind, weekdays=days, span=(starts, ends), actor="shell",
            now=hotline.clock.now,
        )  # fmt: skip


def talks_at_0(phone: Phone, hotline: "Hotline", caller: Phone) -> Phone:
    """A liaison takes the caller, who does no more than wait; returns the liaison's phone."""
    liaison = hotline.accepts(phone.another())
    for _ in range(6):
        if not caller.is_talking:
            caller.says_nothing()
    assert caller.is_talking
    return liaison


def wrong(pin: str) -> str:
    """Any PIN but this one."""
    return pin[:-1] + str((int(pin[-1]) + 1) % 10)


def document_of(phone: Phone) -> str:
    """The last document that the phone was given."""
    assert phone.last_response is not None
    return phone.last_response.get_data(as_text=True)


def next_url(document: str) -> str:
    """Where a document sends the next answer."""
    found = re.search(r'action="([^"]+)"', document)
    assert found is not None, "the document waits for no answer"
    return found[1]


def speaks(document: str) -> bool:
    """Whether a right document says words, and then asks, joins, holds or says goodbye."""
    assert check(document.encode(), whisper=False) == []
    return "<Say" in document and bool(re.search("<Gather|<Dial|<Redirect|<Hangup", document))


def has_wrong_tries(hotline: "Hotline", case: MadeCase, many: int) -> None:
    """Phones that the number does not know tried so many wrong PINs in the last weeks."""
    key, now = hotline.database.keyring.index("case", case.number), hotline.clock.now
    with hotline.database.transaction() as session:
        session.add(PinCounter(number_key=key, counter=""))
        session.add_all(
            PinTry(call_id=-1, turn=n, number_key=key, counter="", at=now - timedelta(days=n / 5))
            for n in range(many)
        )


def lost_pins_are_settled(hotline: "Hotline") -> None:
    """The sweeper judges the reports of lost PINs that calls left."""
    with hotline.database.transaction() as session:
        jobs = settle_lost_pins(session, hotline.clock.now, hotline.policy)
    for name, row_id in jobs:
        hotline.jobs.enqueue(name, row_id)


def the_hour_of_lost_pins_has_passed(hotline: "Hotline") -> None:
    """The random moment at which a report of a lost PIN rings a liaison is over; the sweeper queues it."""
    hotline.clock.passes(minutes=60)
    hotline.sweeps()
