"""The liaison who knows of a use of the duress PIN, colleagues who must not, and what each of them does."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select

from models import Alert, Staff
from models.overview.work_list import Reader, work_list
from models.talks.own_call import call_now
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import (
    FIRST,
    Registered,
)
from tests.calls.notices.staff_tells import tasks
from tests.factories import make_duress_pin
from tests.models.staff.staff_people import Someone
from tests.phone import Phone

Registering = Callable[..., Registered]
MakeStaff = Callable[..., Staff]
DURESS_PIN = "518263"


class Team:
    """The liaison who knows, and colleagues who must not."""

    def __init__(self, make_staff: MakeStaff) -> None:
        self.knows = as_person(make_staff(email="ana@example.org", phone="+12025550171"))
        self.colleague = as_person(make_staff(email="luis@example.org", phone="+12025550172", on_call=True))
        self.supervisor = as_person(
            make_staff(email="boss@example.org", phone="+12025550174", role="supervisor")
        )


def as_person(staff: Staff) -> Someone:
    """A member of staff who is signed in."""
    return Someone(staff.id, staff.email, staff.role)


def texts_to(hotline: Hotline, person: Someone) -> list[str]:
    """The levels of the texts to one member of staff."""
    mine = (Alert.staff_id == person.staff_id, Alert.channel == "text")
    return hotline.rows(select(Alert.level).where(*mine).order_by(Alert.id))


def makes_them_call(phone: Phone, hotline: Hotline, made: Registered) -> Phone:
    """Somebody beside the person makes them call; they enter the duress PIN."""
    with hotline.database.transaction() as session:
        make_duress_pin(session, made.case, now=hotline.clock.now)
    caller = phone.another()
    caller.dials_in(from_=FIRST)
    for keys in ("1", "1", made.case.number, DURESS_PIN):
        caller.presses(keys)
    assert caller.hears("I cannot confirm where this person is right now")
    return caller


def calls_now(hotline: Hotline, who: Someone) -> None:
    """Staff press Call now on the task about the news."""
    with hotline.database.transaction() as session:
        jobs = call_now(session, tasks(hotline)[-1].id, who.staff_id, hotline.clock.now, hotline.policy)
    for name, row_id in jobs:
        hotline.jobs.enqueue(name, row_id)
    hotline.jobs.works_off()


def on_the_list(hotline: Hotline, who: Someone) -> tuple[int, int, int]:
    """What one member of staff sees on the list: rows, and the counts of urgent ones and of attention."""
    now, soon = hotline.clock.now, timedelta(minutes=15)
    with hotline.database.reading() as session:
        seen = work_list(
            session, Reader(who.staff_id, ("en",), now), (), now, soon=soon, lines=hotline.office.lines,
            discreet=frozenset(),
        )  # fmt: skip
    return seen.total, seen.counts["urgent"], seen.counts["attention"]
