"""The words beside a talk follow the feed: the page says that they changed; that is one more view (R16)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from models import Case, Notice, Registration, Subject
from models.store import database as database_module
from models.store.database import Database
from tests.conftest import ON_SQLITE
from tests.console.callbacks.office import Office
from tests.console.callbacks.test_talks_at_0 import begins
from tests.console.callbacks.test_words import recognizes
from tests.console.conftest import Clock, Member
from tests.factories import make_case, make_custody_record, make_event, make_notice

CHANGED = "Read them again, and tell the person what they say now."
Talks = Callable[[Member], tuple[str, int]]


@pytest.fixture(params=["callback", "talk at 0"])
def talks(request: Any, office_rows: Office, database: Database, clock: Clock) -> Talks:
    """This member of staff talks and has the words before them; the address of the talk, and its case."""

    def with_words(who: Member) -> tuple[str, int]:
        if request.param == "callback":
            callback_id = office_rows.promises()
            office_rows.talks(callback_id, who.staff_id)
            recognizes(who, callback_id)
            return f"/console/callbacks/{callback_id}", office_rows.row(callback_id).case_id or 0
        with database.transaction() as session:
            case_id = make_case(session, "in_custody", facility="Stewart", as_of=clock()).id
        page = begins(office_rows, who, case_id=case_id, verified_at=clock())
        who.opens(page).clicks("Show what may be said")
        return page, case_id

    return with_words


def reports(database: Database, clock: Clock, case_id: int, status: str) -> None:
    """A file of the feed says this about the person of the case."""
    clock.goes_on(seconds=20)
    now = clock()
    with database.transaction() as session:
        subject = session.get_one(Subject, session.get_one(Case, case_id).subject_id)
        make_custody_record(session, subject, status, status_at=now, as_of=now, recorded_at=now)


def test_liaison_in_a_talk_reads_that_the_person_escaped_and_that_the_words_changed(
    staff: Any, office_rows: Office, database: Database, clock: Clock, talks: Talks
) -> None:
    luis = staff(name="Luis Demo").signs_in()
    page, case_id = talks(luis)
    tag = luis.opens(f"{page}/part").headers["ETag"]
    assert luis.reads("in custody")
    assert CHANGED not in luis.words
    assert luis.opens(f"{page}/part", **{"If-None-Match": tag}).status == 304

    reports(database, clock, case_id, "escaped")

    assert luis.opens(f"{page}/part", **{"If-None-Match": tag}).reads("escaped", CHANGED)
    assert "in custody" not in luis.words
    assert luis.opens(page).reads("escaped", CHANGED)


@ON_SQLITE
def test_new_words_beside_a_talk_that_cannot_be_logged_now_are_not_shown_and_no_fault_of_ours(
    staff: Any,
    office_rows: Office,
    database: Database,
    clock: Clock,
    talks: Talks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They are logged once the page is made. It answered 500 if the database was busy just then."""
    luis = staff(name="Luis Demo").signs_in()
    page, case_id = talks(luis)
    reports(database, clock, case_id, "escaped")
    monkeypatch.setattr(database_module, "LOCK_POLLS", 5)
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 0.05)

    with database.transaction() as other:
        other.execute(text("SELECT 1"))
        luis.opens(page)

    assert (luis.status, luis.heading) == (503, "Please try again in a moment")
    assert luis.headers["Retry-After"] == "3"
    assert "escaped" not in luis.words
    assert luis.opens(page).reads("escaped", CHANGED)
    assert len(office_rows.entries("look_at_case")) == 2


def test_new_words_beside_a_talk_are_one_more_view_however_often_the_page_shows_them(
    staff: Any, office_rows: Office, database: Database, clock: Clock, talks: Talks
) -> None:
    luis = staff(name="Luis Demo").signs_in()
    page, case_id = talks(luis)
    reports(database, clock, case_id, "escaped")

    for path in (f"{page}/part", page, f"{page}/part"):
        luis.opens(path)
        clock.goes_on(seconds=4)

    first, second = office_rows.entries("look_at_case")
    assert (first.target, first.actor) == (second.target, second.actor)
    assert second.at > first.at
    staff("administrator").signs_in().opens("/console/audit")
    assert (first.facts or {})["words"] not in luis.text


@pytest.mark.parametrize("how", ["ticked", "left", "changed again", "changed before"])
def test_news_that_came_during_a_talk_is_told_only_if_its_leader_says_that_they_told_it(
    staff: Any, database: Database, clock: Clock, talks: Talks, how: str
) -> None:
    luis = staff(name="Luis Demo").signs_in()
    page, case_id = talks(luis)
    luis.opens(page)
    assert "I told them the words" not in luis.words
    reports(database, clock, case_id, "escaped")
    reported_at = clock()
    clock.goes_on(seconds=2)
    luis.opens(page)
    clock.goes_on(seconds=3)
    with database.transaction() as session:
        case = session.get_one(Case, case_id)
        registration = Registration(
            case_id=case_id, state="standing", made_at=clock(), made_by="caller",
            lapses_at=clock() + timedelta(days=365),
        )  # fmt: skip
        session.add(registration)
        session.flush()
        event = make_event(session, case.subject_id, "escaped", made_at=reported_at)
        notice_id = make_notice(session, registration, event, made_at=clock()).id
    if how == "changed before":
        # What Luis then tells says nothing of the escape.
        reports(database, clock, case_id, "returned_to_custody")
        luis.opens(page)
    clock.goes_on(seconds=20)
    luis.opens(page).clicks("End call")
    luis.opens(page)
    assert luis.reads("I told them the words that changed at")
    if how == "changed again":
        reports(database, clock, case_id, "returned_to_custody")

    told = luis.page.xpath("//input[@name='told']/@value")[0]
    luis.fills(outcome="reached", **({} if how == "left" else {"told": told})).clicks("Save outcome")

    assert luis.reads("Saved: Reached")
    with database.reading() as session:
        notice = session.get_one(Notice, notice_id)
        assert notice.state == ("confirmed" if how == "ticked" else "waiting")
        assert notice.said_at is not None
    if how != "ticked":
        return
    # The same outcome again takes nothing back, also without the tick; another one does.
    for outcome, state in (("reached", "confirmed"), ("to_supervisor", "waiting"), ("reached", "waiting")):
        clock.goes_on(seconds=5)
        luis.opens(page).fills(outcome=outcome).clicks("Save outcome")
        with database.reading() as session:
            assert (outcome, session.get_one(Notice, notice_id).state) == (outcome, state)


def test_words_that_became_i_cannot_confirm_are_no_news_to_have_told(
    staff: Any, database: Database, clock: Clock, talks: Talks
) -> None:
    luis = staff(name="Luis Demo").signs_in()
    page, case_id = talks(luis)
    reports(database, clock, case_id, "escaped")
    assert luis.opens(page).reads("escaped")
    clock.goes_on(seconds=3)
    with database.transaction() as session:
        session.get_one(Subject, session.get_one(Case, case_id).subject_id).absent_since = clock()

    assert luis.opens(page).reads(CHANGED)
    clock.goes_on(seconds=20)
    luis.clicks("End call")

    assert luis.opens(page).reads("How did it end?")
    assert "I told them the words" not in luis.words


def test_words_that_changed_after_the_talk_were_told_to_nobody(
    staff: Any, database: Database, clock: Clock, talks: Talks
) -> None:
    luis = staff(name="Luis Demo").signs_in()
    page, case_id = talks(luis)
    luis.opens(page).clicks("End call")

    reports(database, clock, case_id, "escaped")

    assert luis.opens(page).reads("escaped", "How did it end?")
    assert "I told them the words" not in luis.words


def test_later_minute_of_the_feed_is_no_change_of_the_words(
    staff: Any, office_rows: Office, database: Database, clock: Clock, talks: Talks
) -> None:
    luis = staff(name="Luis Demo").signs_in()
    page, case_id = talks(luis)
    clock.goes_on(minutes=5)
    with database.transaction() as session:
        session.get_one(Subject, session.get_one(Case, case_id).subject_id).as_of = clock()

    assert luis.opens(f"{page}/part").reads("in custody")

    assert CHANGED not in luis.words
    assert len(office_rows.entries("look_at_case")) == 1


def test_words_that_nobody_opened_are_neither_shown_nor_logged_when_the_feed_goes_on(
    staff: Any, office_rows: Office, database: Database, clock: Clock
) -> None:
    luis = staff(name="Luis Demo").signs_in()
    with database.transaction() as session:
        case_id = make_case(session, "in_custody", as_of=clock()).id
    page = begins(office_rows, luis, case_id=case_id, verified_at=clock())
    luis.opens(page)

    reports(database, clock, case_id, "escaped")

    assert luis.opens(f"{page}/part").reads("Show what may be said")
    assert "escaped" not in luis.words
    assert office_rows.entries("look_at_case") == []
