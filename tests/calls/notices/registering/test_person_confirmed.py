"""News about a person whom one member of staff alone has named for a case (R28, R34, R40)."""

import threading
from collections.abc import Callable
from typing import NamedTuple

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Case, Notice, Registration
from models.cases.subject import Subject
from models.notices.spreading import spread
from models.overview.case_change import confirm_subject, link_subject
from models.store.database import keyring_of
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import CODE, FIRST, Registered, picks_up, reports, sweeps
from tests.conftest import ON_BOTH
from tests.factories import MadeCase, make_staff
from tests.phone import Phone

Registering = Callable[..., Registered]
MakeCase = Callable[..., MadeCase]


class Boss(NamedTuple):
    """An administrator who is signed in."""

    staff_id: int
    email: str
    role: str


@pytest.fixture
def bosses(hotline: Hotline) -> list[Boss]:
    with hotline.database.transaction() as session:
        made = [
            make_staff(session, f"{name}@office.example.org", role="administrator", on_shift=False)
            for name in ("ana", "ben")
        ]
        return [Boss(one.id, one.email, one.role) for one in made]


def moves(hotline: Hotline, case: MadeCase, other: MadeCase, by: Boss) -> None:
    """One of them finds that a case is about the person of another."""
    with hotline.database.transaction() as session:
        subject = session.get_one(Subject, other.subject_id)
        feed_id = keyring_of(session).unseal("subject.feed_id", subject.feed_id_sealed)
        row = session.get_one(Case, case.id)
        link_subject(session, by, row, subject_id=feed_id, subject_name="Bea", now=hotline.clock.now)


def confirms(hotline: Hotline, case: MadeCase, by: Boss) -> None:
    """The other one agrees."""
    with hotline.database.transaction() as session:
        confirm_subject(session, by, session.get_one(Case, case.id), hotline.clock.now, 30)


@ON_BOTH
def test_escape_before_a_second_person_confirms_whom_a_case_is_about_rings_once_they_do(
    phone: Phone, registered: Registering, hotline: Hotline, make_case: MakeCase, bosses: list[Boss]
) -> None:
    made, right = registered("in_custody"), make_case(custody_status="in_custody")
    hotline.clock.passes(minutes=5)
    moves(hotline, made.case, right, bosses[0])
    hotline.clock.passes(minutes=5)
    reports(hotline, "escaped", Registered(hotline, right, 0), hours_ago=0.1)
    assert FIRST not in sweeps(hotline, minutes=1)

    hotline.clock.passes(hours=5)
    confirms(hotline, made.case, bosses[1])

    assert FIRST in sweeps(hotline, minutes=1)
    called = picks_up(phone, hotline)
    for key in ("1", CODE, "1"):
        called.presses(key)
    assert called.hears("this person escaped today")


def test_escape_rings_after_a_case_was_moved_to_somebody_else_by_mistake(
    phone: Phone, registered: Registering, hotline: Hotline, make_case: MakeCase, bosses: list[Boss]
) -> None:
    made, wrong = registered("in_custody"), make_case(custody_status="in_custody")
    hotline.clock.passes(minutes=5)
    reports(hotline, "escaped", made, hours_ago=0.1)
    hotline.clock.passes(minutes=1)
    with hotline.database.transaction() as session:
        spread(session, hotline.clock.now, 50)
    moves(hotline, made.case, wrong, bosses[0])
    assert sweeps(hotline, minutes=2) == []

    moves(hotline, made.case, made.case, bosses[0])
    confirms(hotline, made.case, bosses[1])

    assert FIRST in sweeps(hotline, minutes=1)
    called = picks_up(phone, hotline)
    for key in ("1", CODE, "1"):
        called.presses(key)
    assert called.hears("this person escaped today")


@pytest.mark.parametrize("news", ["none", "before they registered", "replaced"])
def test_nothing_rings_when_a_second_person_confirms_without_news(
    registered: Registering, hotline: Hotline, make_case: MakeCase, bosses: list[Boss], news: str
) -> None:
    right = make_case(custody_status="in_custody")
    hotline.clock.passes(minutes=5)
    if news == "before they registered":
        reports(hotline, "released", Registered(hotline, right, 0), hours_ago=0.1)
        sweeps(hotline, minutes=1)
    made = registered("in_custody")
    if news == "before they registered":
        made.changes(Registration, made_at=hotline.clock.now)
    moves(hotline, made.case, right, bosses[0])
    if news == "replaced":
        reports(hotline, "released", Registered(hotline, right, 0), hours_ago=0.1)
        sweeps(hotline, minutes=5)
        hotline.clock.passes(minutes=5)
        reports(hotline, "returned_to_custody", Registered(hotline, right, 0), hours_ago=0)

    confirms(hotline, made.case, bosses[1])
    sweeps(hotline, minutes=1)

    kinds = [one.is_urgent for one in hotline.rows(select(Notice))]
    assert kinds == ([False] if news == "replaced" else [])


@pytest.mark.parametrize("watched", [True, False], ids=["before the second person", "with them"])
def test_news_of_the_person_whom_the_case_was_about_before_rings_nobody_any_more(
    registered: Registering, hotline: Hotline, make_case: MakeCase, bosses: list[Boss], watched: bool
) -> None:
    """The call would have told what stands of the other person, as if that were news."""
    made, right = registered("in_custody"), make_case(custody_status="in_custody")
    hotline.clock.passes(minutes=5)
    reports(hotline, "transferred", made)
    with hotline.database.transaction() as session:
        spread(session, hotline.clock.now, 50)
    moves(hotline, made.case, right, bosses[0])
    if watched:
        assert sweeps(hotline, minutes=2) == []

    confirms(hotline, made.case, bosses[1])

    assert [sweeps(hotline, minutes=1) for _ in range(3)] == [[], [], []]
    assert [(one.state, one.outcome) for one in hotline.rows(select(Notice))] == [("stopped", "gate")]


# SQLite lets one of them write at a time.
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("first", ["second person", "sweeper"])
def test_escape_rings_that_is_spread_in_the_moment_in_which_a_second_person_confirms(
    registered: Registering, hotline: Hotline, make_case: MakeCase, bosses: list[Boss], first: str
) -> None:
    made, right = registered("in_custody"), make_case(custody_status="in_custody")
    hotline.clock.passes(minutes=5)
    moves(hotline, made.case, right, bosses[0])
    hotline.clock.passes(minutes=5)
    reports(hotline, "escaped", Registered(hotline, right, 0), hours_ago=0.1)

    def confirmed(session: Session) -> None:
        confirm_subject(session, bosses[1], session.get_one(Case, made.case.id), hotline.clock.now, 30)

    def spreads(session: Session) -> None:
        spread(session, hotline.clock.now, 50)

    def in_a_transaction(work: Callable[[Session], None]) -> None:
        with hotline.database.transaction() as session:
            work(session)

    begins, follows = (confirmed, spreads) if first == "second person" else (spreads, confirmed)
    other = threading.Thread(target=in_a_transaction, args=(follows,))
    with hotline.database.transaction() as session:
        begins(session)
        other.start()
        # It waits for this transaction, or is done by then.
        other.join(timeout=1)
    other.join()

    assert FIRST in sweeps(hotline, minutes=1)
