"""What the line says once a wrong file is taken back: which record of a person counts again (R16)."""

from typing import Any

import pytest
from sqlalchemy import select

from models import CustodyEvent, CustodyRecord
from models.custody.imports.held import release
from models.custody.imports.record import CustodyImport
from models.store.database import Database
from tests.factories import NOW, MadeCase
from tests.models.custody.feed import at, feed_row, load, what_is_heard
from tests.models.notices.registered import OUT, feeds, states
from tests.models.notices.retractions import ANA, BEN, false_release, hears, last_import, takes_back


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


def test_next_file_is_compared_with_the_record_before_the_wrong_one(
    database: Database, case: MadeCase
) -> None:
    wrong = false_release(database)
    takes_back(database, wrong, 2)

    feeds(database, as_of=at(3))

    with database.reading() as session:
        assert session.scalars(select(CustodyEvent.kind)).all() == ["released"]
