"""Two people are two people: tied accounts approve nothing together (R40)."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from models.audit import audit
from models.overview.audit_watch import watch
from models.staff.alert import Alert
from models.staff.audit_alarm import open_alarms
from models.staff.staff import Staff, add_person
from models.staff.staff_access import reset
from models.staff.two_people import TiedError, check_untied, missing_pairs, note_attempt
from models.store.database import Database
from tests.conftest import ON_BOTH
from tests.factories import NOW, make_policies, make_staff

DAYS = 30
POLICIES = make_policies()


def person(database: Database, email: str, role: str, by: str = "command line") -> int:
    with database.transaction() as session:
        return add_person(
            session, email=email, name="Ada Invented", role=role, phone="+12025550170", languages=["en"],
            on_shift=False, password_hash="none", actor=by, now=NOW,
        )  # fmt: skip


def may(database: Database, first: int, second: int, now=NOW) -> bool:
    with database.reading() as session:
        try:
            check_untied(session, first, second, "import:1", now, DAYS)
        except TiedError:
            return False
        return True


def test_administrator_does_not_approve_with_a_supervisor_whom_they_added(database: Database) -> None:
    ann = person(database, "ann@office.example.org", "administrator")
    bea = person(database, "bea@office.example.org", "supervisor", by="ann@office.example.org")

    assert not may(database, ann, bea)
    assert not may(database, bea, ann)
    assert may(database, ann, bea, NOW + timedelta(days=30, seconds=1))


def test_people_whom_a_shell_added_may_approve_together(database: Database) -> None:
    assert may(
        database,
        person(database, "ann@office.example.org", "administrator"),
        person(database, "bea@office.example.org", "supervisor"),
    )


def test_two_accounts_of_one_maker_do_not_approve_together(database: Database) -> None:
    person(database, "ann@office.example.org", "administrator")
    bea = person(database, "bea@office.example.org", "supervisor", by="ann@office.example.org")
    cal = person(database, "cal@office.example.org", "administrator", by="bea@office.example.org")
    dan = person(database, "dan@office.example.org", "supervisor", by="ann@office.example.org")
    eve = person(database, "eve@office.example.org", "supervisor")

    assert not may(database, bea, dan)
    assert not may(database, cal, dan)
    assert may(database, eve, dan)


@pytest.mark.parametrize(
    ("action", "facts", "ties"),
    [
        ("reset_sign_in", {}, True),
        ("take_back_staff", None, True),
        ("change_staff", {"changed": ["role"], "role": "supervisor"}, True),
        ("change_staff", {"changed": ["languages"]}, False),
        # A purge has emptied the entry: it may have been the role.
        ("change_staff", None, True),
        ("unlock_sign_in", None, False),
    ],
)
def test_accounts_are_tied_by_each_change_that_gives_power(
    database: Database, action: str, facts: dict | None, ties: bool
) -> None:
    ann = person(database, "ann@office.example.org", "administrator")
    bea = person(database, "bea@office.example.org", "supervisor")
    with database.transaction() as session:
        audit.record(
            session,
            actor="ann@office.example.org",
            action=action,
            target=f"staff:{bea}",
            facts=facts,
            now=NOW,
        )

    assert may(database, ann, bea) is not ties


def test_reset_ties_the_person_who_resets_with_the_one_they_reset(database: Database) -> None:
    ann = person(database, "ann@office.example.org", "administrator")
    bea = person(database, "bea@office.example.org", "supervisor")
    with database.transaction() as session:
        reset(session, "bea@office.example.org", "none", actor="ann@office.example.org", now=NOW)

    assert not may(database, ann, bea)


def test_missing_permitted_pair_is_reported(database: Database) -> None:
    def missing() -> list[str]:
        with database.reading() as session:
            return list(missing_pairs(session, NOW, DAYS))

    person(database, "ann@office.example.org", "administrator")
    assert missing() == ["imports", "exports"]
    person(database, "bea@office.example.org", "supervisor", by="ann@office.example.org")
    assert missing() == ["imports", "exports"]
    person(database, "cal@office.example.org", "administrator")
    assert missing() == []
    with database.transaction() as session:
        session.scalars(select(Staff).where(Staff.email == "bea@office.example.org")).one().left_at = NOW
    assert missing() == ["exports"]


def _watched(database: Database) -> list[tuple[str, str, str]]:
    with database.transaction() as session:
        watch(session, NOW, POLICIES)
    with database.reading() as session:
        return [(one.rule, one.actor, one.target) for one in open_alarms(session)]


@ON_BOTH
def test_attempt_to_approve_with_a_tied_account_raises_an_alarm(database: Database) -> None:
    ann = person(database, "ann@office.example.org", "administrator")
    bea = person(database, "bea@office.example.org", "supervisor", by="ann@office.example.org")
    _watched(database)
    with database.transaction() as session:
        note_attempt(session, TiedError((ann, bea), "import:7"), "bea@office.example.org", NOW)

    pair = "ann@office.example.org bea@office.example.org"
    assert _watched(database) == [("tied_pair", pair, "import:7")]


def test_command_that_approves_in_two_names_raises_an_alarm(database: Database) -> None:
    with database.transaction() as session:
        make_staff(session, "ann@office.example.org", role="administrator")
        make_staff(session, "bea@office.example.org", role="supervisor")
    _watched(database)
    with database.transaction() as session:
        for email in ("ann@office.example.org", "bea@office.example.org"):
            audit.record(session, actor=email, action="release_import", target="import:7", now=NOW)

    pair = "ann@office.example.org bea@office.example.org"
    assert _watched(database) == [("shell_pair", pair, "import:7")]


@ON_BOTH
def test_all_others_of_both_roles_are_told_of_a_new_supervisor(database: Database) -> None:
    with database.transaction() as session:
        ann = make_staff(session, "ann@office.example.org", role="administrator").id
        bea = make_staff(session, "bea@office.example.org", role="supervisor").id
        make_staff(session, "lea@office.example.org", role="liaison")
    _watched(database)
    person(database, "new@office.example.org", "supervisor", by="ann@office.example.org")
    person(database, "lou@office.example.org", "liaison", by="ann@office.example.org")
    _watched(database)

    with database.reading() as session:
        told = session.execute(select(Alert.staff_id, Alert.level, Alert.channel).order_by(Alert.id)).all()
    assert [tuple(one) for one in told] == [(ann, "new_approver", "text"), (bea, "new_approver", "text")]
