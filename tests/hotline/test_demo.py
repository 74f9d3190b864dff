"""The demo office: it covers what a caller can hear, is made once, stays fresh, and never in production."""

import dataclasses
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import phonenumbers
import pytest
from argon2 import PasswordHasher
from click.testing import CliRunner
from sqlalchemy import func, select

from config.office import FICTIONAL, Office
from config.settings import Settings
from hotline.cli import demo_data
from hotline.cli.command.context import Installation
from hotline.demo import ACTOR, PEOPLE, DemoError, load
from hotline.demo_feed import REGISTERED_NUMBER, RELEASED, write_release
from hotline.demo_staff import STAFF
from hotline.office_rules import rules_of
from models import Base, Case, CustodyImport, CustodyRecord, Facility, Phone, Staff, Subject
from models.audit.audit import AuditEntry
from models.callbacks.at_risk import make_alerts
from models.callbacks.callback_list import due_callbacks, tidy_list
from models.cases.case import check_digit_is_right, close_case, rotate_pin
from models.cases.new_pin import is_guessable
from models.cases.pin_hash import PinHasher
from models.custody.custody import CUSTODY_STATUSES
from models.custody.custody_event import CustodyEvent
from models.custody.custody_status import heard
from models.custody.imports.custody_import import ImportRules, import_custody
from models.custody.imports.history import newest_as_of
from models.overview.caller_state import load_by_sid
from models.overview.work_list import Reader, work_list
from models.staff.alert import Alert
from models.store.database import Database
from tests.conftest import ON_BOTH
from tests.factories import HASHER, make_call, make_policies
from workers.office_rules import callback_policy_of, policies_of

SOON = timedelta(minutes=15)
READER = Reader(0, ("en",), datetime(2100, 1, 1, tzinfo=UTC))


@pytest.fixture(autouse=True)
def _light_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same hashes at less cost: the demo makes twenty of them each time."""
    monkeypatch.setattr("hotline.demo.PinHasher", partial(PinHasher, memory_kib=64, time_cost=1))
    for module in ("models.staff.staff", "hotline.demo_staff"):
        monkeypatch.setattr(f"{module}.PasswordHasher", partial(PasswordHasher, memory_cost=64, time_cost=1))


def test_every_demo_case_has_a_number_and_pin_such_as_the_office_would_issue() -> None:
    assert all(check_digit_is_right(person.number) for person in PEOPLE)
    assert not any(is_guessable(person.pin) for person in PEOPLE)
    assert len({person.number for person in PEOPLE}) == len({person.pin for person in PEOPLE}) == len(PEOPLE)


def test_demo_covers_every_custody_status_and_every_reason_for_the_neutral_words_in_both_languages() -> None:
    assert {person.status for person in PEOPLE} >= set(CUSTODY_STATUSES)
    assert {person.language for person in PEOPLE} == {"en", "es"}
    neutral = " ".join(person.says for person in PEOPLE)
    assert all(reason in neutral for reason in ("denied", "no record", "confirmed", "gone", "closed"))


def test_every_listed_case_opens_with_its_pin(database: Database, settings: Settings, office: Office) -> None:
    listed = load(database, settings, office)

    assert [case.number for case in listed] == [person.number for person in PEOPLE]
    hasher = PinHasher(settings.pin_pepper)
    with database.reading() as session:
        for case in listed:
            key = database.keyring.index("case", case.number)
            stored = session.scalars(select(Case.pin_hash).where(Case.number_key == key)).one()
            assert hasher.matches(stored, case.pin)


def test_loading_again_makes_nothing_twice(database: Database, settings: Settings, office: Office) -> None:
    first = load(database, settings, office)
    before = _counts(database)

    assert load(database, settings, office) == first
    assert _counts(database) == before


def test_audit_of_the_demo_names_nobody_but_the_demo(
    database: Database, settings: Settings, office: Office
) -> None:
    """ "The caller of call None" had registered a person."""
    load(database, settings, office)

    with database.reading() as session:
        assert set(session.scalars(select(AuditEntry.actor))) == {ACTOR}


def _counts(database: Database) -> dict[str, int]:
    with database.reading() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.tables.values()
        }


def test_demo_started_tomorrow_is_as_fresh_as_today(
    database: Database, settings: Settings, office: Office, now: datetime
) -> None:
    ages = []
    for moment in (now, now + timedelta(days=1)):
        load(database, settings, office, moment)
        with database.reading() as session:
            ages.append(
                [moment - at for at in session.scalars(select(Subject.as_of).order_by(Subject.id)) if at]
            )

    assert ages[0] == ages[1]
    assert min(ages[0]) < timedelta(minutes=60) < timedelta(hours=24) < max(ages[0])


def test_demo_records_came_in_one_file_whose_age_is_known(
    database: Database, settings: Settings, office: Office, now: datetime
) -> None:
    for moment in (now, now + timedelta(days=1)):
        load(database, settings, office, moment)

        with database.reading() as session:
            assert session.scalars(select(CustodyImport.rows)).all() == [15]
            assert moment - (newest_as_of(session) or now) < timedelta(minutes=60)


def test_everything_that_a_record_names_is_in_the_directory(
    database: Database, settings: Settings, office: Office
) -> None:
    load(database, settings, office)

    with database.reading() as session:
        named = set(
            session.scalars(select(CustodyRecord.facility_key).where(CustodyRecord.facility_key.is_not(None)))
        )
        assert named
        assert named <= set(session.scalars(select(Facility.name_key)))


def test_two_liaisons_are_on_shift_and_every_phone_is_nobodys(
    database: Database, settings: Settings, office: Office
) -> None:
    load(database, settings, office)

    with database.reading() as session:
        on_shift = session.execute(
            select(Staff.role, Staff.languages).where(Staff.on_shift).order_by(Staff.id)
        ).all()
        assert [tuple(row) for row in on_shift] == [("liaison", "en"), ("liaison", "en,es")]
        assert session.scalar(select(func.count()).where(Staff.role == "supervisor")) == 1
        keyring = database.keyring
        phones = [
            keyring.unseal("staff.phone", sealed) for sealed in session.scalars(select(Staff.phone_sealed))
        ]
        phones += [
            keyring.unseal("phone.number", sealed) for sealed in session.scalars(select(Phone.number_sealed))
        ]
        phones += session.scalars(select(Facility.phone)).all()
    assert all(FICTIONAL.fullmatch(phone) for phone in phones)
    assert all(phonenumbers.is_possible_number(phonenumbers.parse(phone)) for phone in phones)
    assert not set(phones) & set(office.lines)


def test_case_that_was_changed_or_closed_meanwhile_is_no_longer_listed(
    database: Database, settings: Settings, office: Office, now: datetime
) -> None:
    load(database, settings, office, now)
    with database.transaction() as session:
        rotate_pin(session, HASHER, PEOPLE[0].number, now + timedelta(hours=1))
        close_case(session, PEOPLE[1].number, now + timedelta(hours=1))

    listed = {case.number for case in load(database, settings, office, now + timedelta(days=1))}

    assert {person.number for person in PEOPLE} - listed == {PEOPLE[0].number, PEOPLE[1].number}


@ON_BOTH
def test_callback_list_is_filled_on_request_and_nobody_is_rung_on_that_day(
    database: Database, settings: Settings, office: Office, now: datetime
) -> None:
    always_open = dataclasses.replace(office, always_open=True)
    load(database, settings, always_open, now)
    with database.reading() as session:
        assert work_list(session, READER, (), now, soon=SOON, lines=office.lines, discreet=()).rows == []
    for _ in range(2):
        load(database, settings, always_open, now, callbacks=True)
    with database.transaction() as session:
        found = work_list(session, READER, (), now, soon=SOON, lines=office.lines, discreet=())
        assert (found.total, found.counts["attention"], found.counts["overdue"]) == (3, 1, 0)
        assert sum(row.on_list for row in found.rows) == 1
        for hours in (0, 17):
            tidy_list(session, now + timedelta(hours=hours), callback_policy_of(always_open))
            make_alerts(session, now + timedelta(hours=hours), make_policies(), is_open=True)
        assert due_callbacks(session, now + timedelta(hours=17), 8, SOON) == []
        assert session.scalars(select(Alert)).all() == []

    later = now + timedelta(days=9)
    load(database, settings, always_open, later)

    with database.reading() as session:
        found = work_list(session, READER, (), later, soon=SOON, lines=office.lines, discreet=())
        assert found.counts["overdue"] == 1, "what needs attention"
        assert all(row.next_attempt_at > later for row in found.rows if row.state == "requested")


def test_shift_that_was_ended_stays_ended(database: Database, settings: Settings, office: Office) -> None:
    load(database, settings, office)
    with database.transaction() as session:
        session.scalars(select(Staff).where(Staff.email == STAFF[0][0])).one().on_shift = False

    load(database, settings, office)

    with database.reading() as session:
        assert not session.scalars(select(Staff.on_shift).where(Staff.email == STAFF[0][0])).one()


def test_office_without_spanish_has_its_demo_too(
    database: Database, settings: Settings, office: Office
) -> None:
    english = dataclasses.replace(office, languages=("en",))

    assert {case.language for case in load(database, settings, english)} == {"en"}


def test_production_refuses_the_demo_in_one_sentence(
    database: Database, settings: Settings, office: Office
) -> None:
    production = dataclasses.replace(settings, env="production")

    with pytest.raises(DemoError, match="production"):
        load(database, production, office)

    assert not any(_counts(database).values())


def test_caller_of_each_demo_case_hears_what_its_list_line_says(
    database: Database, settings: Settings, office: Office, now: datetime
) -> None:
    load(database, settings, office, now)

    for person in PEOPLE:
        with database.transaction() as session:
            key = database.keyring.index("case", person.number)
            case_id = session.scalars(select(Case.id).where(Case.number_key == key)).one()
            sid = f"CA{person.number}"
            make_call(session, sid, case_id=case_id, verified_at=now)
            state = load_by_sid(session, sid, now)
            assert state is not None
            told = heard(state, now, rules_of(office).release)
        assert (told.kind == "neutral") is ("neutral" in person.says), person
        assert told.hard_news is ("hard news" in person.says), person
        assert (person.language == "es") is ("in Spanish" in person.says), person
        if person.facility is not None and told.kind == "status":
            assert told.facility_name == person.facility
            assert told.age == ("notice" if "some hours" in person.says else "fresh")


def test_demo_data_names_the_language_of_each_case(
    monkeypatch: pytest.MonkeyPatch, database: Database, settings: Settings, office: Office
) -> None:
    monkeypatch.setattr(demo_data, "open_installation", lambda: Installation(settings, office, database))

    listed = CliRunner().invoke(demo_data.demo_data).stdout

    assert "27503183  402857  es  in Spanish: the same person, another registrant" in listed


def test_feed_file_still_lets_its_person_go_after_the_demo_was_listed_again(
    monkeypatch: pytest.MonkeyPatch, database: Database, settings: Settings, office: Office
) -> None:
    start = datetime.now(UTC) - timedelta(hours=1)
    load(database, settings, office, start)
    path = write_release(settings.data_dir, start)
    monkeypatch.setattr(demo_data, "open_installation", lambda: Installation(settings, office, database))

    assert CliRunner().invoke(demo_data.demo_data).exit_code == 0

    rules = ImportRules(office.gates, policies_of(office))
    done = import_custody(
        database, path, rules, full=False, dry_run=False, strict=True, now=datetime.now(UTC)
    )
    assert (done.changed, len(done.rejected)) == (1, 0)


def test_shipped_feed_file_lets_the_registered_person_go_and_is_news_once(
    database: Database, settings: Settings, office: Office, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    load(database, settings, office, now)
    assert [one.subject for one in PEOPLE if one.number == REGISTERED_NUMBER] == [RELEASED]
    rules = ImportRules(office.gates, policies_of(office))

    for changed in (1, 0):
        path = write_release(tmp_path, now)
        result = import_custody(
            database, path, rules, full=False, dry_run=False, strict=True, now=now + timedelta(minutes=1)
        )
        assert (result.rows, result.changed, result.held) == (1, changed, False)

    with database.reading() as session:
        assert session.scalars(select(CustodyEvent.kind)).all() == ["released"]
