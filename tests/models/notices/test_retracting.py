"""A file that was found wrong after it landed is taken back, and those whom it misled are told (R16, R40)."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from models import CustodyEvent, CustodyRecord, Notice, Registrant, Registration
from models.audit.audit import AuditEntry
from models.cases.case import Case
from models.cases.subject import Subject
from models.custody.held_import import SettleError, release
from models.custody.import_record import CustodyImport
from models.notices.notice_moves import confirm, note_said
from models.notices.spreading import spread
from models.notices.taking_back import retraction as retracting
from models.notices.taking_back.corrections import raises_danger
from models.notices.taking_back.retraction import (
    Retraction,
    is_any_to_retract,
    resume_retractions,
    retract,
)
from models.store.database import Database
from tests.conftest import ON_SQLITE
from tests.factories import NOW, MadeCase, make_call, make_staff
from tests.models.custody.feed import at, feed_row, load, what_is_heard
from tests.models.notices.registered import OUT, feeds, notices, registered_case, states

ANA, BEN = "ana@office.example.org", "ben@office.example.org"
NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture
def case(database: Database) -> MadeCase:
    """A case whose registrant asked to be called; the feed said an hour ago that somebody is in custody."""
    with database.transaction() as session:
        made = registered_case(session)
        for email in (ANA, BEN):
            make_staff(session, email=email, role="supervisor")
    feeds(database)
    return made


def spreads(database: Database, hours: float) -> None:
    with database.transaction() as session:
        spread(session, at(hours), 50)


def hears(database: Database, hours: float, *, case_id: int | None = None) -> None:
    """Whoever waits for a call hears the news, and confirms it."""
    with database.transaction() as session:
        found = session.scalars(select(Notice).where(Notice.state == "waiting").order_by(Notice.id)).all()
        for one in found:
            if case_id in (None, one.case_id):
                note_said(session, [one], at(hours), is_status=True)
                one.heard_at = at(hours)
                confirm(session, one.id, "call", at(hours), "caller:1")


def last_import(database: Database) -> int:
    with database.reading() as session:
        return session.scalars(select(CustodyImport.id).order_by(CustodyImport.id.desc())).first() or 0


def takes_back(database: Database, import_id: int, hours: float, **people: str) -> Retraction:
    who = {"by": ANA, "and_by": BEN, **people}
    return retract(database, import_id, now=at(hours), tied_days=30, office=NEW_YORK, **who)


def false_release(database: Database, **values: Any) -> int:
    """A wrong file says that somebody got out; returns its import."""
    feeds(database, **{**OUT, **values})
    spreads(database, 1)
    return last_import(database)


def test_line_says_what_the_record_before_said_and_no_newer_date(database: Database, case: MadeCase) -> None:
    wrong = false_release(database)
    assert what_is_heard(database, case, at(1)).status == "released"

    takes_back(database, wrong, 2)

    heard = what_is_heard(database, case, at(2))
    assert (heard.status, heard.as_of) == ("in_custody", NOW)
    assert what_is_heard(database, case, at(25)).status is None
    with database.reading() as session:
        found = session.scalars(select(CustodyRecord.status).order_by(CustodyRecord.id)).all()
        entry = session.get_one(CustodyImport, wrong)
        assert (entry.state, entry.retracted_by, entry.retracted_at) == ("retracted", [ANA, BEN], at(2))
    assert found == ["in_custody", "released", "in_custody"]


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


def test_status_that_another_file_repeats_is_not_taken_back(database: Database, case: MadeCase) -> None:
    wrong = false_release(database)
    hears(database, 1.5)
    feeds(database, **{**OUT, "as_of": at(2), "removal_stage": "appeal_pending"})
    again = last_import(database)

    assert takes_back(database, wrong, 3).corrections == 0
    assert what_is_heard(database, case, at(3)).status == "released"

    assert takes_back(database, again, 4).corrections == 1
    assert what_is_heard(database, case, at(4)).status == "in_custody"


def test_status_that_another_file_repeats_word_for_word_is_not_taken_back(
    database: Database, case: MadeCase
) -> None:
    """The line called to say that a person was in custody of whom the newest file said that they were out."""
    wrong = false_release(database)
    hears(database, 1.5)
    feeds(database, **{**OUT, "as_of": at(2)})
    again = last_import(database)

    assert takes_back(database, wrong, 3).corrections == 0
    assert what_is_heard(database, case, at(3)).status == "released"

    assert takes_back(database, again, 4).corrections == 1
    assert what_is_heard(database, case, at(4)).status == "in_custody"


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


def test_row_that_another_file_sends_once_more_is_not_taken_back_with_the_first(
    database: Database, case: MadeCase
) -> None:
    wrong = false_release(database)
    feeds(database, **OUT)
    again = last_import(database)

    takes_back(database, wrong, 3)
    assert what_is_heard(database, case, at(3)).status == "released"

    takes_back(database, again, 4)
    assert what_is_heard(database, case, at(4)).status == "in_custody"


@pytest.mark.parametrize("is_repeated", [False, True])
def test_file_that_only_confirmed_a_record_confirms_nothing_once_it_is_taken_back(
    database: Database, case: MadeCase, is_repeated: bool
) -> None:
    """The line said "in custody", as of the moment of a file that two people had found to be wrong."""
    feeds(database, as_of=at(20))
    wrong = last_import(database)
    if is_repeated:
        feeds(database, as_of=at(21))
    assert what_is_heard(database, case, at(25)).status == "in_custody"

    takes_back(database, wrong, 22)

    heard = what_is_heard(database, case, at(23))
    assert (heard.status, heard.as_of) == ("in_custody", at(21) if is_repeated else NOW)
    assert what_is_heard(database, case, at(25)).status == ("in_custody" if is_repeated else None)
    load(database, feed_row("A-1", as_of=at(24)), now=at(24))
    assert what_is_heard(database, case, at(25)).status == "in_custody"


def test_row_older_than_a_false_confirmation_counts_once_that_is_taken_back(
    database: Database, case: MadeCase
) -> None:
    feeds(database, as_of=at(3))
    wrong = last_import(database)
    load(database, feed_row("A-1", status="released", status_at=at(1), as_of=at(2)), now=at(3.5))
    assert what_is_heard(database, case, at(3.5)).status == "in_custody"

    takes_back(database, wrong, 4)

    assert what_is_heard(database, case, at(4)).status is None


def test_gate_stays_closed_when_the_file_that_confirmed_it_is_taken_back(
    database: Database, case: MadeCase
) -> None:
    feeds(database, as_of=at(1), asylum_related="yes")
    feeds(database, as_of=at(3), asylum_related="yes")
    takes_back(database, last_import(database), 4)

    load(database, feed_row("A-1", as_of=at(2)), now=at(4.5))

    assert what_is_heard(database, case, at(4.5)).status is None


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


def test_denied_record_stays_denied_and_the_correction_confirms_nothing(
    database: Database, case: MadeCase
) -> None:
    wrong = false_release(database)
    hears(database, 1.5)
    feeds(database, **{**OUT, "as_of": at(2), "asylum_related": "yes"})

    assert takes_back(database, wrong, 3).corrections == 1

    assert what_is_heard(database, case, at(3)).status is None
    assert states(database)[-1] == ("unknown", "waiting", None)


def test_person_with_no_earlier_record_cannot_be_confirmed_until_the_next_file(
    database: Database, case: MadeCase
) -> None:
    with database.reading() as session:
        first = session.scalars(select(CustodyImport.id).order_by(CustodyImport.id)).first() or 0

    takes_back(database, first, 2)
    assert what_is_heard(database, case, at(2)).status is None

    feeds(database, as_of=at(-1))
    assert what_is_heard(database, case, at(2)).status == "in_custody"
    with database.reading() as session:
        in_order = select(CustodyImport.state).order_by(CustodyImport.id)
        assert session.scalars(in_order).all() == ["retracted", "landed"]


@pytest.mark.parametrize("readable_again", [False, True])
def test_record_before_does_not_count_again_if_a_later_row_could_not_be_read(
    database: Database, case: MadeCase, readable_again: bool
) -> None:
    """That row may have said that they got out. The line told the custody of before as if none had come."""
    wrong = false_release(database)
    hears(database, 1)
    load(database, feed_row("A-1", next_hearing_at="soon", as_of=at(1.2)), now=at(1.2))
    assert what_is_heard(database, case, at(1.2)).status == "released"
    if readable_again:
        load(database, feed_row("A-1", **OUT | {"as_of": at(1.4)}), now=at(1.4))

    takes_back(database, wrong, 2)
    if readable_again:
        assert what_is_heard(database, case, at(2)).status == "released", "the newest file says so"
        takes_back(database, last_import(database), 2)

    assert what_is_heard(database, case, at(2)).status is None
    assert states(database)[-1][1] == "waiting", "the correction"
    load(database, feed_row("A-1", as_of=at(2.5)), now=at(2.5))
    assert what_is_heard(database, case, at(2.5)).status == "in_custody"


@pytest.mark.parametrize("moment", [1.3, ""])
@pytest.mark.parametrize("comes", ["before it is taken back", "after it"])
def test_row_that_comes_late_confirms_nothing_of_a_moment_after_it_that_could_not_be_read(
    database: Database, case: MadeCase, comes: str, moment: float | str
) -> None:
    """The line told custody by a row from before the one that may have said that they got out."""
    wrong = false_release(database)
    dated = at(moment) if isinstance(moment, float) else moment
    load(database, feed_row("A-1", next_hearing_at="soon", as_of=dated), now=at(1.4))
    if comes == "after it":
        takes_back(database, wrong, 2)
        load(database, feed_row("A-1", as_of=at(0.5)), now=at(2.2))
    else:
        load(database, feed_row("A-1", **OUT | {"as_of": at(1.2)}), now=at(1.5))
        takes_back(database, last_import(database), 2)
        takes_back(database, wrong, 2)

    assert what_is_heard(database, case, at(2.2)).status is None
    load(database, feed_row("A-1", as_of=at(2.5)), now=at(2.5))
    assert what_is_heard(database, case, at(2.5)).status == "in_custody"


@pytest.mark.parametrize("said", [{"status": "released", "status_at": at(0.8)}, {"asylum_related": "yes"}])
@pytest.mark.parametrize("is_held", [False, True])
def test_row_that_was_older_than_the_false_one_keeps_the_record_before_it_from_counting_again(
    database: Database, case: MadeCase, said: dict[str, Any], is_held: bool
) -> None:
    """The line said "in custody" of somebody who had got out, or about whom the gate had closed."""
    if is_held:
        load(database, feed_row("A-1", as_of=at(0.9), **said), feed_row("B-9", as_of=at(9)), now=at(1))
    load(database, feed_row("A-1", as_of=at(1.2), status="transferred", status_at=at(1)), now=at(1.3))
    wrong = last_import(database)
    if is_held:
        release(database, wrong - 1, by=ANA, and_by=BEN, now=at(1.4), tied_days=30)
    else:
        load(database, feed_row("A-1", as_of=at(0.9), **said), now=at(1.4))
    assert what_is_heard(database, case, at(1.4)).status == "transferred"

    takes_back(database, wrong, 2)

    assert what_is_heard(database, case, at(2)).status is None
    load(database, feed_row("A-1", as_of=at(2.1)), now=at(2.2))
    assert what_is_heard(database, case, at(2.2)).status == "in_custody"


@pytest.mark.parametrize("is_sent_again", [False, True])
def test_row_of_a_file_that_never_landed_keeps_nothing_that_is_taken_back(
    database: Database, case: MadeCase, is_sent_again: bool
) -> None:
    wrong = false_release(database)
    feeds(database, **OUT)
    with database.transaction() as session:
        session.get_one(CustodyImport, last_import(database)).state = "rejected"
    if is_sent_again:
        feeds(database, **OUT)

    takes_back(database, wrong, 3)

    stands = "released" if is_sent_again else "in_custody"
    assert what_is_heard(database, case, at(3)).status == stands


def test_record_before_does_not_count_again_if_an_older_row_said_what_the_false_one_said(
    database: Database, case: MadeCase
) -> None:
    """The line said "in custody" of somebody of whom a file that counts says that they got out after that."""
    load(database, feed_row("A-1", status="released", status_at=at(0.4), as_of=at(1)), now=at(1))
    wrong = last_import(database)
    load(database, feed_row("A-1", status="released", status_at=at(0.4), as_of=at(0.9)), now=at(1.2))

    takes_back(database, wrong, 2)

    assert what_is_heard(database, case, at(2)).status is None


@pytest.mark.parametrize("rows", [
    [{"as_of": at(0.9), "next_hearing_at": "soon"}],
    [{"as_of": at(0.9), "status": "released", "status_at": at(0.8)}, {"as_of": at(0.5)}],
    [{"as_of": at(0.9), "asylum_related": "yes"}, {"as_of": at(0.5), "next_hearing_at": "soon"}],
])  # fmt: skip
def test_each_row_that_was_older_than_the_false_one_keeps_the_record_before_it_from_counting_again(
    database: Database, case: MadeCase, rows: list[dict[str, Any]]
) -> None:
    """The row cannot be read, or another row of its file about the same person says what was said before."""
    load(database, feed_row("A-1", as_of=at(1.2), status="transferred", status_at=at(1)), now=at(1.3))
    wrong = last_import(database)
    load(database, *(feed_row("A-1", **row) for row in rows), now=at(1.4))
    assert what_is_heard(database, case, at(1.4)).status == "transferred"

    takes_back(database, wrong, 2)

    assert what_is_heard(database, case, at(2)).status is None


def test_record_before_counts_again_if_a_late_row_said_the_same(database: Database, case: MadeCase) -> None:
    wrong = false_release(database)
    load(database, feed_row("A-1", as_of=at(0.5)), now=at(1.4))
    takes_back(database, wrong, 2)

    assert what_is_heard(database, case, at(2)).status == "in_custody"


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


def test_next_file_is_compared_with_the_record_before_the_wrong_one(
    database: Database, case: MadeCase
) -> None:
    wrong = false_release(database)
    takes_back(database, wrong, 2)

    feeds(database, as_of=at(3))

    with database.reading() as session:
        assert session.scalars(select(CustodyEvent.kind)).all() == ["released"]


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
