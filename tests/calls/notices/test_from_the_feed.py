"""From a row of the feed to a person who has heard the news, and what the feed says meanwhile (R16, R28)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from models import Notice, Subject
from models.custody.imports.custody_import import ImportResult, ImportRules, import_custody
from models.custody.imports.held import list_held, reject, release
from models.store.database import keyring_of
from tests import factories
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import CODE, FIRST, Registered, misses, picks_up, sweeps, the_notice
from tests.calls.stories import opens_the_case
from tests.conftest import ON_SQLITE
from tests.models.custody.feed import feed_file, feed_row
from tests.phone import Phone

Registering = Callable[..., Registered]


class Feed:
    """The feed of one hotline, which speaks of the person of one case."""

    def __init__(self, hotline: Hotline, made: Registered) -> None:
        self._hotline = hotline
        with hotline.database.reading() as session:
            subject = session.get_one(Subject, made.case.subject_id)
            self._id = keyring_of(session).unseal("subject.feed_id", subject.feed_id_sealed)

    def says(self, status: str, **values: object) -> ImportResult:
        """A file with one row, confirmed now; what it tells happened a minute ago."""
        now = self._hotline.clock.now
        facts = {"as_of": now, "status_at": now - timedelta(minutes=1), **values}
        return self._brings(feed_row(self._id, status=status, **facts), full=False)

    def sends_a_snapshot_without_them(self) -> ImportResult:
        """A full file that names one other person, about whom there is no case."""
        now = self._hotline.clock.now
        row = feed_row("B-2", status="in_custody", as_of=now, status_at=now - timedelta(days=9))
        return self._brings(row, full=True)

    def _brings(self, row: dict[str, str], *, full: bool) -> ImportResult:
        database, now = self._hotline.database, self._hotline.clock.now
        rules = ImportRules(self._hotline.office.gates, factories.make_policies())
        file = feed_file(row)
        return import_custody(database, file, rules, full=full, dry_run=False, strict=False, now=now)


@pytest.fixture
def made(registered: Registering) -> Registered:
    """Somebody is registered about a person in custody."""
    return registered("in_custody")


@pytest.fixture
def feed(made: Registered, hotline: Hotline) -> Feed:
    """What the feed says of that person."""
    return Feed(hotline, made)


def hears_the_news(phone: Phone, hotline: Hotline, now: str = "1") -> Phone:
    """The registrant picks up, gives the code, and chooses to hear it now by the key ``now``."""
    called = picks_up(phone, hotline)
    for key in ("1", CODE, now):
        called.presses(key)
    return called


def outcomes(hotline: Hotline) -> list[tuple[str, str | None]]:
    """Each notice: its state, and why it was stopped."""
    with hotline.database.reading() as session:
        return [(one.state, one.outcome) for one in session.scalars(select(Notice).order_by(Notice.id))]


def rejects_what_is_held(hotline: Hotline) -> None:
    """A supervisor finds the held file wrong."""
    with hotline.database.transaction() as session:
        factories.make_staff(session, "ana@office.example.org", role="supervisor", on_shift=False)
    with hotline.database.reading() as session:
        (held,) = list_held(session)
    reject(hotline.database, held.id, by="ana@office.example.org", now=hotline.clock.now)


def test_release_in_the_feed_rings_the_registrant_who_confirms_it(
    phone: Phone, hotline: Hotline, feed: Feed
) -> None:
    feed.says("released")
    assert len(sweeps(hotline)) == 1

    called = hears_the_news(phone, hotline)
    assert called.hears("was released", "To confirm that you heard this, press 1")
    called.presses("1")

    assert the_notice(hotline).state == "confirmed"
    feed.says("released", status_at=hotline.clock.now - timedelta(minutes=1))
    assert sweeps(hotline, hours=1) == []


def test_file_with_nothing_new_rings_nobody(hotline: Hotline, feed: Feed) -> None:
    feed.says("in_custody")

    assert sweeps(hotline) == []
    assert outcomes(hotline) == []


def test_gate_that_closes_before_the_call_rings_nobody_until_it_opens(
    phone: Phone, hotline: Hotline, feed: Feed
) -> None:
    feed.says("released")
    feed.says("released", asylum_related="yes")
    assert sweeps(hotline) == []
    assert outcomes(hotline) == [("stopped", "gate")]

    hotline.clock.passes(minutes=10)
    feed.says("released", status_at=hotline.clock.now - timedelta(minutes=11))

    assert len(sweeps(hotline, minutes=1)) == 1
    assert hears_the_news(phone, hotline).hears("was released")


def test_death_sent_as_a_release_is_told_as_a_death_alone(phone: Phone, hotline: Hotline, feed: Feed) -> None:
    feed.says("released")
    feed.says("deceased")

    assert len(sweeps(hotline)) == 1
    # A person is offered first.
    called = hears_the_news(phone, hotline, now="2")
    assert called.hears("this person died today")
    assert "released" not in called.transcript
    assert len(outcomes(hotline)) == 1


def test_false_flip_of_one_case_that_is_corrected_rings_nobody_about_the_release(
    hotline: Hotline, feed: Feed
) -> None:
    """The file that takes the release back says the impossible, so the brake holds it and nothing is told."""
    feed.says("released")
    before = hotline.clock.now - timedelta(days=2)
    assert feed.says("in_custody", status_at=before).held

    assert sweeps(hotline) == []
    assert outcomes(hotline) == [("stopped", "gate")]

    with hotline.database.transaction() as session:
        for name in ("ana", "ben"):
            factories.make_staff(
                session, f"{name}@office.example.org", role="supervisor", on_shift=False,
                created_at=hotline.clock.now - timedelta(days=400),
            )  # fmt: skip
    with hotline.database.reading() as session:
        (held,) = list_held(session)
    release(
        hotline.database, held.id, by="ana@office.example.org", and_by="ben@office.example.org",
        now=hotline.clock.now, tied_days=30,
    )  # fmt: skip
    sweeps(hotline, minutes=2)
    assert outcomes(hotline) == [("stopped", "gate"), ("ringing", None)]


@pytest.mark.parametrize("found", ["in_custody", "released"])
def test_person_who_vanished_from_the_snapshot_is_news_only_once_a_file_says_what_became_of_them(
    phone: Phone, hotline: Hotline, made: Registered, feed: Feed, found: str
) -> None:
    """Not being listed is no release, and no custody either: neither a call nor the line says so (R14)."""
    since = hotline.clock.now - timedelta(days=2)
    feed.says("in_custody", status_at=since)
    hotline.clock.passes(minutes=5)
    assert not feed.sends_a_snapshot_without_them().held

    assert [*sweeps(hotline), *sweeps(hotline, hours=1)] == []
    assert outcomes(hotline) == []
    caller = phone.another()
    opens_the_case(caller, made.case)
    assert caller.hears("I cannot confirm where this person is right now")
    assert caller.does_not_hear("in custody", "released")
    caller.hangs_up()

    feed.says(found, **({"status_at": since} if found == "in_custody" else {}))

    assert sweeps(hotline, minutes=1) == ([FIRST] if found == "released" else [])
    assert outcomes(hotline) == ([("ringing", None)] if found == "released" else [])


def test_news_that_waits_is_not_told_of_a_person_who_vanished_from_the_snapshot(
    phone: Phone, hotline: Hotline, feed: Feed
) -> None:
    feed.says("transferred")
    assert sweeps(hotline) == [FIRST]
    called = picks_up(phone, hotline)
    called.presses("1")
    hotline.clock.passes(minutes=5)
    assert not feed.sends_a_snapshot_without_them().held

    called.presses(CODE)

    assert called.hears("The call is over")
    assert called.does_not_hear("custody", "news")
    assert sweeps(hotline, hours=3) == []
    assert outcomes(hotline) == [("stopped", "gate")]


def test_held_file_that_is_rejected_lets_the_true_release_be_told(
    phone: Phone, hotline: Hotline, feed: Feed
) -> None:
    feed.says("released")
    assert feed.says("in_custody", status_at=hotline.clock.now - timedelta(days=2)).held
    assert sweeps(hotline) == []

    rejects_what_is_held(hotline)

    assert len(sweeps(hotline, minutes=1)) == 1
    assert hears_the_news(phone, hotline).hears("was released")


def test_escape_that_was_met_with_silence_rings_on_after_a_held_file_is_rejected(
    phone: Phone, hotline: Hotline, feed: Feed
) -> None:
    """Silence asked for nothing, so the calls go on; the held file must not end them (R19, R28)."""
    feed.says("escaped")
    sweeps(hotline)
    silent = picks_up(phone, hotline)
    for key in ("1", CODE):
        silent.presses(key)
    while not silent.is_over:
        silent.says_nothing()
    assert silent.hears("We will call you")
    assert feed.says("in_custody", status_at=hotline.clock.now - timedelta(days=2)).held
    assert sweeps(hotline, minutes=10) == []
    assert outcomes(hotline) == [("stopped", "gate")]

    rejects_what_is_held(hotline)

    # The promised call is due too, and the news waits for the first liaison called for it.
    sweeps(hotline, seconds=10)
    phone.another().lets_ring(hotline.carrier.ringing[0])
    assert FIRST in sweeps(hotline, minutes=30)


@ON_SQLITE
@pytest.mark.parametrize("has_rung", [True, False])
def test_escape_that_waited_a_weekend_for_a_held_file_rings_once_the_file_is_rejected(
    phone: Phone, hotline: Hotline, feed: Feed, has_rung: bool
) -> None:
    """The 24 hours of calls are hours in which it may be told: nobody was called in those before."""
    feed.says("escaped")
    if has_rung:
        assert sweeps(hotline) == [FIRST]
        misses(phone, hotline)
    assert feed.says("in_custody", status_at=hotline.clock.now - timedelta(days=2)).held
    assert sweeps(hotline, minutes=10) == []
    assert sweeps(hotline, hours=50) == []

    rejects_what_is_held(hotline)

    assert sweeps(hotline, minutes=1) == [FIRST]
    misses(phone, hotline)
    assert sweeps(hotline, minutes=30) == [FIRST]
    misses(phone, hotline)
    assert FIRST in sweeps(hotline, hours=20)
    called = hears_the_news(phone, hotline)
    assert called.hears("escaped")
    called.hangs_up()
    # A day of calls is over, as it is for an escape that never waited.
    assert FIRST not in sweeps(hotline, hours=4)
    assert [one.state for one in hotline.rows(select(Notice))] == ["left_for_staff"]


@pytest.mark.parametrize("spread", [False, True], ids=["before the sweeper saw it", "after"])
@pytest.mark.parametrize(
    "keys_before", [0, 1, 2], ids=["at the first words", "at the code", "at the warning"]
)
def test_person_who_is_on_the_phone_about_a_release_hears_of_the_escape_that_comes_meanwhile(
    phone: Phone, hotline: Hotline, feed: Feed, keys_before: int, spread: bool
) -> None:
    """The call tells the newest record; it said that the call is over, in the middle of the news."""
    feed.says("released", status_at=hotline.clock.now - timedelta(minutes=30))
    assert sweeps(hotline) == [FIRST]
    called = picks_up(phone, hotline)
    keys = ("1", CODE, "1")
    for key in keys[:keys_before]:
        called.presses(key)

    feed.says("escaped")
    if spread:
        assert FIRST not in sweeps(hotline, seconds=2)
    for key in keys[keys_before:]:
        called.presses(key)

    assert called.hears("this person escaped today")
    hotline.clock.passes(seconds=20)
    called.presses("1")
    assert called.hears("We will not call about this again")
    called.hangs_up()
    if spread:
        assert FIRST not in sweeps(hotline, hours=3)


def test_person_who_is_on_the_phone_hears_nothing_of_a_release_whose_correction_is_held(
    phone: Phone, hotline: Hotline, feed: Feed
) -> None:
    feed.says("released")
    sweeps(hotline)
    called = picks_up(phone, hotline)
    called.presses("1")
    feed.says("escaped")
    assert feed.says("in_custody", status_at=hotline.clock.now - timedelta(days=2)).held

    called.presses(CODE)

    assert called.hears("The call is over")
    assert called.does_not_hear("escaped", "released", "news")
