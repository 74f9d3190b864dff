"""A file of the feed that comes late, or is released late, after a snapshot that does not name the person."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from models.cases.subject import Subject
from models.custody.imports.custody_import import ImportResult, ImportRules
from models.custody.imports.held import release
from models.store.database import keyring_of
from tests.calls.conftest import Hotline
from tests.calls.stories import opens_the_case
from tests.factories import MadeCase, make_staff
from tests.models.custody.feed import feed_row, load
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
ANA, BEN = "ana@office.example.org", "ben@office.example.org"
NEUTRAL = "I cannot confirm where this person is right now. Please act as if they may be out."


class Feed:
    """The feed of one hotline; ``named`` is on every snapshot."""

    def __init__(self, hotline: Hotline, named: MadeCase) -> None:
        self._hotline, self._named = hotline, named

    def says(self, case: MadeCase, as_of: datetime, **values: Any) -> ImportResult:
        """A delta about one person, which comes now and speaks for ``as_of``."""
        return self._takes([feed_row(self._id(case), as_of=as_of, **values)])

    def snapshot(self, *more: MadeCase, **values: Any) -> ImportResult:
        """A full snapshot of this moment."""
        now = self._hotline.clock.now
        rows = [feed_row(self._id(case), **{"as_of": now, **values}) for case in more]
        return self._takes([feed_row(self._id(self._named), as_of=now), *rows], full=True)

    def held_with(self, case: MadeCase, **values: Any) -> int:
        """A file about two people that is held, since one of them is dated in the future; returns its id."""
        now = self._hotline.clock.now
        later = feed_row(self._id(self._named), as_of=now + timedelta(days=1))
        held = self._takes([feed_row(self._id(case), as_of=now, **values), later])
        assert held.held
        assert held.import_id is not None
        return held.import_id

    def _takes(self, rows: list[dict[str, str]], full: bool = False) -> ImportResult:
        rules = ImportRules(self._hotline.office.gates, self._hotline.policies)
        return load(self._hotline.database, *rows, now=self._hotline.clock.now, rules=rules, full=full)

    def _id(self, case: MadeCase) -> str:
        with self._hotline.database.reading() as session:
            subject = session.get_one(Subject, case.subject_id)
            return keyring_of(session).unseal("subject.feed_id", subject.feed_id_sealed)


@pytest.fixture
def feed(hotline: Hotline, make_case: MakeCase) -> Feed:
    return Feed(hotline, make_case(custody_status="in_custody"))


def hears(phone: Phone, case: MadeCase, *words: str) -> bool:
    """A caller with the PIN hears these words."""
    caller = phone.another()
    opens_the_case(caller, case)
    heard = caller.hears(*words)
    caller.hangs_up()
    return heard


def test_late_delta_does_not_say_that_somebody_whom_a_newer_snapshot_lacks_is_in_custody(
    phone: Phone, hotline: Hotline, feed: Feed, make_case: MakeCase
) -> None:
    case = make_case(custody_status="in_custody")
    before = hotline.clock.now + timedelta(minutes=10)
    hotline.clock.passes(minutes=20)
    feed.snapshot()
    assert hears(phone, case, NEUTRAL)

    # Confirmed, and then with another status: the moment of both is before the snapshot.
    hotline.clock.passes(minutes=5)
    feed.says(case, before)
    assert hears(phone, case, NEUTRAL)
    feed.says(case, before + timedelta(minutes=1), status="transferred", status_at=before)
    assert hears(phone, case, NEUTRAL)

    feed.says(case, hotline.clock.now)
    assert hears(phone, case, "is in custody")


def test_late_delta_says_that_somebody_whom_a_newer_snapshot_lacks_got_out(
    phone: Phone, hotline: Hotline, feed: Feed, make_case: MakeCase
) -> None:
    case = make_case(custody_status="in_custody")
    escaped = hotline.clock.now + timedelta(minutes=10)
    hotline.clock.passes(minutes=20)
    feed.snapshot()

    feed.says(case, escaped, status="escaped", status_at=escaped)

    caller = phone.another()
    opens_the_case(caller, case)
    caller.presses("1")
    assert caller.hears("escaped")


def test_newer_snapshot_that_names_the_person_counts_whatever_moment_the_row_speaks_for(
    phone: Phone, hotline: Hotline, feed: Feed, make_case: MakeCase
) -> None:
    case = make_case(custody_status="in_custody")
    hotline.clock.passes(minutes=20)
    feed.snapshot()
    hotline.clock.passes(minutes=20)

    feed.snapshot(case, as_of=hotline.clock.now - timedelta(minutes=25))

    assert hears(phone, case, "is in custody")


def test_file_that_is_released_after_a_snapshot_does_not_say_that_whom_it_lacks_is_in_custody(
    phone: Phone, hotline: Hotline, feed: Feed, make_case: MakeCase
) -> None:
    """The brake held it because of another row, dated in the future."""
    case = make_case(custody_status="in_custody")
    hotline.clock.passes(minutes=10)
    moved = hotline.clock.now - timedelta(minutes=5)
    held = feed.held_with(case, status="transferred", status_at=moved)
    hotline.clock.passes(minutes=10)
    feed.snapshot()

    with hotline.database.transaction() as session:
        for email in (ANA, BEN):
            make_staff(session, email=email, role="supervisor", on_shift=False)
    release(hotline.database, held, by=ANA, and_by=BEN, now=hotline.clock.now, tied_days=30)

    assert hears(phone, case, NEUTRAL)
