"""A name that no directory has is a task: staff see it, get one text, and settle it (R12, R14, R15)."""

from typing import Any

import pytest
from sqlalchemy import select

from models import Alert, UnlistedName
from models.custody.directory import remove_facility, set_facility
from models.custody.unlisted import tell_of_unlisted
from models.store.database import Database
from tests.console.case_pages import actions
from tests.console.conftest import Clock, Member
from tests.console.imports.files import uploads
from tests.factories import NOW, make_policies
from tests.models.custody.feed import at, feed_row, load, open_cases

HEADING = "What the feed sent that callers do not hear"


@pytest.fixture
def sent(database: Database) -> None:
    """A file with a facility, a court and a code that nobody listed, and denied rows with others."""
    open_cases(database, "A-1", "A-2", "A-3", "A-4")
    load(
        database,
        feed_row("A-1", facility="Canary Hotline"),
        feed_row(
            "A-2", facility="CANARY  hotline", next_hearing_at=at(24), next_hearing_place="Canary Court"
        ),
        feed_row("A-3", status="canary_code"),
        feed_row("A-4", status="denied_code", facility="Denied Hotline", adult="no"),
    )


def _tasks(database: Database) -> list[tuple[Any, ...]]:
    with database.reading() as session:
        found = session.scalars(select(UnlistedName).order_by(UnlistedName.kind)).all()
        return [(one.kind, one.seen, one.line, one.settled_as) for one in found]


def test_staff_see_where_the_feed_sent_an_unlisted_name_and_the_name_is_kept_nowhere(
    supervisor: Member, database: Database, sent: None
) -> None:
    assert _tasks(database) == [("court", 1, 3, None), ("facility", 2, 2, None), ("status", 1, 4, None)]

    supervisor.opens("/console/imports")

    assert supervisor.reads(HEADING, "Facility", "Court", "Status code", "line 2", "line 3", "line 4")
    assert "canary" not in supervisor.text.lower()
    with database.reading() as session:
        kept = [str(vars(one)).lower() for one in session.scalars(select(UnlistedName))]
    assert not any("canary" in one or "denied" in one for one in kept)


def test_wallboard_asks_for_a_person_as_long_as_a_name_is_in_no_directory(
    supervisor: Member, sent: None, clock: Clock
) -> None:
    # Their first page was the wallboard, and its figures are kept for some seconds.
    clock.goes_on(seconds=5)
    supervisor.opens("/console/wallboard")
    assert supervisor.reads("Feed 3 names, codes or rows of the feed cannot be used not told to callers")

    supervisor.clicks("3 names, codes or rows of the feed cannot be used")
    for _ in range(3):
        supervisor.clicks("Dismiss")
    clock.goes_on(seconds=5)

    assert not supervisor.opens("/console/wallboard").reads("cannot be used")


def test_preview_tells_of_an_unknown_facility_and_code_by_their_lines(
    supervisor: Member, database: Database
) -> None:
    open_cases(database, "A-1", "A-2")

    uploads(
        supervisor, feed_row("A-1", facility="Canary Hotline"), feed_row("A-2", status="canary_code"),
    )  # fmt: skip

    assert supervisor.reads("Waits for your decision", "Names, codes and rows that cannot be used")
    assert supervisor.reads("Facility, line 2: no directory has it, so callers do not hear it")
    assert supervisor.reads("Status code, line 3: it is unknown, so callers hear that we cannot confirm")
    assert "canary" not in supervisor.text.lower()
    supervisor.clicks("Add them to a directory, or dismiss them")
    assert supervisor.reads(HEADING)


def test_same_name_in_the_directory_settles_the_task_and_its_removal_opens_it_again(
    supervisor: Member, database: Database, sent: None
) -> None:
    entry = {"name": "Canary Hotline", "actor": "test", "now": NOW}
    with database.transaction() as session:
        set_facility(session, phone="+12025550123", tells=lambda _: False, **entry)
    assert ("facility", 2, 2, "added") in _tasks(database)

    with database.transaction() as session:
        remove_facility(session, **entry)
    load(database, feed_row("A-1", facility="Canary Hotline", as_of=at(1)), now=at(1))

    assert ("facility", 3, 2, None) in _tasks(database)


def test_dismissed_name_stays_dismissed_and_that_is_an_entry(
    supervisor: Member, database: Database, sent: None
) -> None:
    supervisor.opens("/console/imports")
    for _ in range(3):
        supervisor.clicks("Dismiss")

    assert not supervisor.reads(HEADING)
    assert actions(database).count("dismiss_unlisted") == 3
    load(database, feed_row("A-1", facility="Canary Hotline", as_of=at(1)), now=at(1))
    assert not supervisor.opens("/console/imports").reads(HEADING)


def test_row_that_cannot_be_read_is_a_task_and_one_again_after_it_was_dismissed(
    supervisor: Member, database: Database
) -> None:
    open_cases(database, "A-1")
    load(database, feed_row("A-1", as_of=at(-1)), now=at(-1))
    for hour in (0, 1):
        broken = feed_row("A-1", next_hearing_at="canary", as_of=at(hour))
        load(database, feed_row("A-9", as_of="canary"), broken, now=at(hour))
        with database.transaction() as session:
            tell_of_unlisted(session, at(hour), make_policies(), is_open=True)
            session.scalars(select(Alert).where(Alert.state == "made")).one().state = "sent"

        supervisor.opens("/console/imports")
        assert supervisor.reads(HEADING, "Row that cannot be used", "line 3")
        assert not supervisor.reads("line 2")
        supervisor.opens(f"/console/imports/{hour + 2}")
        assert supervisor.reads(
            "Row that cannot be used, line 3: it was rejected: callers hear that we cannot confirm"
        )
        assert "canary" not in supervisor.text
        supervisor.opens("/console/imports").clicks("Dismiss")
        assert not supervisor.reads("Row that cannot be used")


def test_two_rows_that_contradict_each_other_are_a_task_and_two_equal_ones_are_none(
    supervisor: Member, database: Database
) -> None:
    open_cases(database, "A-1", "A-2")
    load(
        database,
        feed_row("A-1"), feed_row("A-1"), feed_row("A-2"), feed_row("A-2", status="released"),
    )  # fmt: skip

    supervisor.opens("/console/imports")

    assert _tasks(database) == [("row", 1, 5, None)]
    assert supervisor.reads(HEADING, "Row that cannot be used", "line 5")


def test_supervisors_get_one_text_about_all_names_and_none_again(
    supervisor: Member, database: Database, sent: None
) -> None:
    for _ in range(2):
        with database.transaction() as session:
            tell_of_unlisted(session, NOW, make_policies(), is_open=True)

    with database.reading() as session:
        told = [(one.level, one.channel, one.promises) for one in session.scalars(select(Alert))]
    assert told == [("unlisted", "text", 3)]
