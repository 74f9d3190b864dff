"""A file that was found wrong after it landed is taken back, and those whom it misled are told (R16, R40)."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select, update

from models import CustodyRecord, Notice, Registrant, Registration
from models.audit.audit import AuditEntry
from models.cases.case import Case
from models.cases.subject import Subject
from models.custody.imports.held import SettleError
from models.notices.notice_moves import confirm, note_said
from models.notices.taking_back import retraction as retracting
from models.notices.taking_back.corrections import raises_danger
from models.notices.taking_back.retraction import (
    is_any_to_retract,
    resume_retractions,
)
from models.store.database import Database
from tests.conftest import ON_SQLITE
from tests.factories import MadeCase, make_call
from tests.models.custody.feed import at, feed_row, load, what_is_heard
from tests.models.notices.registered import OUT, feeds, notices, registered_case, states
from tests.models.notices.retractions import (
    ANA,
    BEN,
    NEW_YORK,
    false_release,
    hears,
    last_import,
    spreads,
    takes_back,
)


def test_notice_that_nobody_heard_is_stopped_and_not_corrected(database: Database, case: MadeCase) -> None:
    wrong = false_release(database)

    done = takes_back(database, wrong, 2)

    assert (done.corrections, done.jobs) == (0, [])
    assert states(database) == [("released", "stopped", "retracted")]


def test_call_that_rings_with_false_news_is_ended(database: Database, case: MadeCase) -> None:
    wrong = false_release(database)
    with database.transaction() as session:
        notice = session.scalars(select(Notice)).one()
        notice.state = "ringing"
        leg = make_call(session, direction="outbound", role="notified", notice_id=notice.id)

    assert takes_back(database, wrong, 2).jobs == [("release_leg", leg.id)]


def test_exactly_those_whom_the_false_news_reached_are_corrected(database: Database, case: MadeCase) -> None:
    with database.transaction() as session:
        registered_case(session)
    wrong = false_release(database)
    hears(database, 1.5, case_id=case.id)

    assert takes_back(database, wrong, 2).corrections == 1

    told, untold, correction = notices(database)
    assert (told.state, untold.outcome) == ("confirmed", "retracted")
    assert (correction.case_id, correction.corrects_id) == (case.id, told.id)
    # What was said, and when, stays on record.
    assert (told.said_at, correction.said_at) == (at(1.5), None)
    with database.reading() as session:
        assert session.get_one(CustodyRecord, told.said_record_id).status == "released"


def test_person_who_heard_the_news_without_confirming_it_is_corrected(
    database: Database, case: MadeCase
) -> None:
    wrong = false_release(database)
    with database.transaction() as session:
        notice = session.scalars(select(Notice)).one()
        note_said(session, [notice], at(1.2), is_status=True)

    assert takes_back(database, wrong, 2).corrections == 1
    assert states(database) == [("released", "stopped", "retracted"), ("in_custody", "waiting", None)]


def test_person_whom_staff_told_is_corrected(database: Database, case: MadeCase) -> None:
    wrong = false_release(database)
    with database.transaction() as session:
        confirm(session, notices(database)[0].id, "staff", at(1.2), "staff:1")

    assert takes_back(database, wrong, 2).corrections == 1


@pytest.mark.parametrize(
    ("said", "now_true", "is_urgent"),
    [
        ("released", "in_custody", False),
        ("deceased", "released", True),
        ("in_custody", "escaped", True),
        ("removed", "released_on_bond", True),
        ("released", "escaped", True),
        ("escaped", "released", False),
        ("deceased", "in_custody", False),
        ("deceased", "unknown", True),
        ("released", "unknown", False),
    ],
)
def test_correction_is_urgent_where_it_raises_danger(said: str, now_true: str, is_urgent: bool) -> None:
    assert raises_danger(said, now_true) is is_urgent


def test_false_death_of_a_person_who_is_out_is_corrected_urgently(database: Database, case: MadeCase) -> None:
    feeds(database, **OUT)
    feeds(database, status="deceased", status_at=at(1.5), as_of=at(2))
    wrong = last_import(database)
    spreads(database, 2)
    hears(database, 2.5)

    takes_back(database, wrong, 3)

    correction = notices(database)[-1]
    assert (correction.is_urgent, correction.state, correction.next_attempt_at) == (True, "waiting", at(3))


def test_later_file_that_corrects_by_itself_is_an_ordinary_event(database: Database, case: MadeCase) -> None:
    wrong = false_release(database)
    hears(database, 1.5)
    feeds(database, status="returned_to_custody", status_at=at(1.7), as_of=at(2))
    spreads(database, 2)

    assert takes_back(database, wrong, 3).corrections == 0

    assert states(database) == [("released", "confirmed", None), ("returned_to_custody", "waiting", None)]
    assert what_is_heard(database, case, at(3)).status == "returned_to_custody"


@pytest.mark.parametrize(
    ("got_out", "corrections"),
    [
        (datetime(2026, 11, 24, 10, tzinfo=NEW_YORK), 0),
        # Eleven in the evening of the day before, where the person is.
        (datetime(2026, 11, 24, 2, tzinfo=NEW_YORK), 1),
    ],
)
def test_day_alone_that_was_told_is_the_offices_also_for_a_person_farther_west(
    database: Database, case: MadeCase, got_out: datetime, corrections: int
) -> None:
    """The line says "on Tuesday" of the office's midnight. It was compared as Monday, the day over there."""
    with database.transaction() as session:
        session.execute(update(Registrant).values(time_zone="America/Los_Angeles"))
    feeds(database, **{**OUT, "status_at": got_out})
    spreads(database, 1)
    feeds(database, **{**OUT, "status_at": datetime(2026, 11, 24, tzinfo=NEW_YORK), "as_of": at(1.2)})
    day_alone = last_import(database)
    hears(database, 1.5)

    assert takes_back(database, day_alone, 2).corrections == corrections


def test_person_who_was_not_told_yet_is_told_what_another_file_repeats(
    database: Database, case: MadeCase
) -> None:
    """The call about the release was stopped as false, although the newest file says that they are out."""
    wrong = false_release(database)
    feeds(database, **{**OUT, "as_of": at(2)})
    again = last_import(database)

    takes_back(database, wrong, 3)
    assert states(database) == [("released", "waiting", None)]

    takes_back(database, again, 4)
    assert states(database) == [("released", "stopped", "retracted")]


@pytest.mark.parametrize("more", [{}, {"removal_stage": "appeal_pending"}])
def test_change_of_the_file_that_nobody_repeated_is_told_to_nobody(
    database: Database, case: MadeCase, more: dict[str, Any]
) -> None:
    feeds(database, **OUT | more)
    feeds(database, **{**OUT, "status_at": at(49), "as_of": at(50), **more})
    wrong = last_import(database)
    spreads(database, 50)

    takes_back(database, wrong, 51)

    assert states(database) == [("released", "stopped", "retracted")]
    assert what_is_heard(database, case, at(51)).status_at == at(0.5)


def test_false_transfer_that_a_later_file_undid_without_an_event_is_corrected(
    database: Database, case: MadeCase
) -> None:
    feeds(database, status="transferred", status_at=at(0.5), as_of=at(1))
    wrong = last_import(database)
    spreads(database, 1)
    hears(database, 1.5)
    feeds(database, as_of=at(2))

    assert takes_back(database, wrong, 3).corrections == 1
    assert states(database)[-1] == ("in_custody", "waiting", None)


def test_row_that_comes_late_and_says_that_they_got_out_is_told(database: Database, case: MadeCase) -> None:
    wrong = false_release(database)
    load(database, feed_row("A-1", next_hearing_at="soon", as_of=at(1.3)), now=at(1.3))
    takes_back(database, wrong, 2)
    late = {"status": "escaped", "status_at": at(0.6), "as_of": at(1.1)}
    load(database, feed_row("A-1", **late), now=at(2.2))

    assert what_is_heard(database, case, at(2.2)).status == "escaped"


def test_correction_is_told_once_however_many_files_are_taken_back(
    database: Database, case: MadeCase
) -> None:
    first = last_import(database)
    wrong = false_release(database)
    hears(database, 1.5)
    takes_back(database, wrong, 2)

    takes_back(database, first, 3)
    assert [one.corrects_id is not None for one in notices(database)] == [False, True]
    # The correction that is still owed is told, whatever else was taken back meanwhile.
    assert notices(database)[-1].state == "waiting"


def test_correction_that_was_itself_wrong_is_corrected(database: Database, case: MadeCase) -> None:
    first = last_import(database)
    wrong = false_release(database)
    hears(database, 1.5)
    takes_back(database, wrong, 2)
    hears(database, 2.5)

    assert takes_back(database, first, 3).corrections == 1
    one, two, three = notices(database)
    assert (two.corrects_id, three.corrects_id) == (one.id, two.id)
    assert states(database)[-1] == ("unknown", "waiting", None)


@pytest.mark.parametrize("state", ["stopped", "paused"])
def test_person_who_asked_the_line_to_stop_is_left_to_staff(
    database: Database, case: MadeCase, state: str
) -> None:
    wrong = false_release(database)
    hears(database, 1.5)
    with database.transaction() as session:
        session.scalars(select(Registration)).one().state = state

    takes_back(database, wrong, 2)

    assert states(database)[-1] == ("in_custody", "left_for_staff", "no_phone")


def test_person_whose_case_was_closed_is_left_to_staff(database: Database, case: MadeCase) -> None:
    wrong = false_release(database)
    hears(database, 1.5)
    with database.transaction() as session:
        session.get_one(Case, case.id).closed_at = at(1.8)

    takes_back(database, wrong, 2)

    assert notices(database)[-1].state == "left_for_staff"


def test_newer_event_does_not_replace_a_correction_that_is_still_owed(
    database: Database, case: MadeCase
) -> None:
    wrong = false_release(database)
    hears(database, 1.5)
    takes_back(database, wrong, 2)

    feeds(database, status="deceased", status_at=at(2.5), as_of=at(3))
    spreads(database, 3)

    assert states(database)[1:] == [("in_custody", "waiting", None), ("deceased", "waiting", None)]


def test_killed_between_two_batches_it_goes_on(
    database: Database, case: MadeCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["A-1", "B-1", "B-2", "B-3"]
    with database.transaction() as session:
        for name in names[1:]:
            registered_case(session, name)
    load(database, *(feed_row(name) for name in names[1:]))
    load(database, *(feed_row(name, **OUT) for name in names), now=at(1))
    wrong = last_import(database)
    spreads(database, 1)
    hears(database, 1.5)
    monkeypatch.setattr(retracting, "_BATCH", 2)
    carry_out, calls = retracting.take_back_records, 0

    def dies(*args: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        return carry_out(*args)

    monkeypatch.setattr(retracting, "take_back_records", dies)
    with pytest.raises(KeyboardInterrupt):
        takes_back(database, wrong, 2)
    monkeypatch.undo()
    with database.reading() as session:
        assert is_any_to_retract(session)

    resume_retractions(database, at(3), NEW_YORK)
    resume_retractions(database, at(4), NEW_YORK)

    corrections = [one for one in notices(database) if one.corrects_id is not None]
    assert len(corrections) == 4
    with database.reading() as session:
        statuses = session.scalars(
            select(CustodyRecord.status).join(Subject, Subject.record_id == CustodyRecord.id)
        ).all()
        assert not is_any_to_retract(session)
    assert statuses == ["in_custody"] * 4


@ON_SQLITE
def test_import_is_taken_back_by_two_people_who_are_not_tied(database: Database, case: MadeCase) -> None:
    wrong = false_release(database)

    with pytest.raises(SettleError):
        takes_back(database, wrong, 2, and_by=ANA)
    with pytest.raises(SettleError):
        takes_back(database, wrong, 2, and_by="nobody@office.example.org")
    with pytest.raises(SettleError):
        takes_back(database, wrong + 1, 2)
    takes_back(database, wrong, 2)
    with pytest.raises(SettleError):
        takes_back(database, wrong, 3)

    with database.reading() as session:
        found = session.execute(
            select(AuditEntry.actor, AuditEntry.action, AuditEntry.facts)
            .where(AuditEntry.target == f"import:{wrong}")
            .order_by(AuditEntry.id)
        ).all()
    assert [tuple(one) for one in found[-3:]] == [
        (ANA, "retract_import", None),
        (BEN, "retract_import", None),
        ("import", "finish_retraction", {"corrections": 0}),
    ]
