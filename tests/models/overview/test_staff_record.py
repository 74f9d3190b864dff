"""The staff list as administrators keep it: what may change of whom; a deactivated account opens nothing."""

import dataclasses
import threading
from datetime import date, time

import pytest
from sqlalchemy import func, select

from models import Absence, AuditEntry, Schedule, Staff
from models.callbacks.liaison import Pool, count_free
from models.overview.case_opening import grounds_for, open_to
from models.overview.staff_record import (
    change_record,
    let_go,
    person_numbered,
    record_of,
    take_back,
)
from models.staff.recovery_code import RecoveryCode
from models.staff.refusals import StaffRefusal
from models.staff.schedule import absences_of, add_absence, apply_schedules, remove_absence, set_schedule
from models.staff.staff import StaffError, change_shift, find_staff
from models.staff.staff_access import access_of_email
from models.staff.staff_session import begin_session, find_signed_in
from models.store.database import Database
from tests.conftest import ON_BOTH
from tests.factories import NOW, make_case, make_office, make_staff
from tests.models.staff.staff_people import Someone
from workers.office_rules import policies_of

BOSS = "boss@office.example.org"


@pytest.fixture
def boss(database: Database) -> int:
    return add(database, role="administrator", email=BOSS, phone="+12025550171", on_shift=False)


def add(database: Database, **facts: object) -> int:
    with database.transaction() as session:
        return make_staff(session, **facts).id  # type: ignore[arg-type]


def change(database: Database, staff_id: int, by: int, **facts: object) -> list[str]:
    with database.transaction() as session:
        record = record_of(session, person_numbered(session, staff_id))
        changed = dataclasses.replace(record, **facts)  # type: ignore[arg-type]
        return change_record(session, staff_id, changed, by_id=by, actor=BOSS, now=NOW)


def leave(database: Database, staff_id: int, by: int) -> None:
    with database.transaction() as session:
        let_go(session, staff_id, by_id=by, actor=BOSS, now=NOW)


def test_administrator_changes_what_the_list_has(database: Database, boss: int) -> None:
    ana = add(database, name="Ana Invented", phone="+12025550170")

    changed = change(
        database, ana, boss, name="Ana Other", role="supervisor", phone="+12025550180",
        office_phone=False, languages=("es", "en"),
    )  # fmt: skip

    assert changed == ["name", "role", "phone", "office_phone", "languages"]
    with database.reading() as session:
        person = person_numbered(session, ana)
        record = record_of(session, person)
        assert (record.name, record.role, record.phone) == ("Ana Other", "supervisor", "+12025550180")
        assert (record.office_phone, record.languages) == (False, ("es", "en"))
        assert person.phone_key == database.keyring.index("phone", "+12025550180")
        entry = session.scalars(select(AuditEntry)).one()
        assert entry.facts == {"changed": changed, "role": "supervisor", "role_before": "liaison"}
    assert change(database, ana, boss, name="Ana Other") == []


def test_nobody_changes_their_own_role_or_takes_themselves_off_the_list(
    database: Database, boss: int
) -> None:
    add(database, role="administrator")

    with pytest.raises(StaffError, match=f"^{StaffRefusal.OWN_ROLE}$"):
        change(database, boss, boss, role="liaison")
    with pytest.raises(StaffError, match=f"^{StaffRefusal.OWN_LEAVING}$"):
        leave(database, boss, boss)
    assert change(database, boss, boss, name="Bea Other") == ["name"]


def test_last_administrator_stays_one(database: Database, boss: int) -> None:
    other = add(database, role="administrator")
    leave(database, other, boss)
    stranger = add(database, role="supervisor")

    with pytest.raises(StaffError, match=f"^{StaffRefusal.LAST_ADMINISTRATOR}$"):
        change(database, boss, stranger, role="liaison")
    with pytest.raises(StaffError, match=f"^{StaffRefusal.LAST_ADMINISTRATOR}$"):
        leave(database, boss, stranger)


@ON_BOTH
def test_one_of_two_administrators_who_end_each_others_role_at_once_stays(
    database: Database, boss: int
) -> None:
    other = add(database, role="administrator")
    ready, refused = threading.Barrier(2), []

    def end(whose: int, by: int) -> None:
        ready.wait()
        try:
            leave(database, whose, by)
        except StaffError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=end, args=pair) for pair in ((boss, other), (other, boss))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert refused == [StaffRefusal.LAST_ADMINISTRATOR]
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Staff).where(Staff.left_at.is_(None))) == 1


def test_deactivated_account_is_rung_no_more_and_opens_nothing(database: Database, boss: int) -> None:
    office = make_office()
    ruth = add(
        database, email="ruth@office.example.org", role="supervisor", on_shift=True, on_call=True,
        pin_hash="a", code_hash="b", password_hash="c", totp_sealed="d",
    )  # fmt: skip
    with database.transaction() as session:
        set_schedule(session, "ruth@office.example.org", kind="on_shift", weekdays=range(7),
                     span=(time(8), time(20)), actor=BOSS, now=NOW)  # fmt: skip
        session.add(RecoveryCode(staff_id=ruth, code_key="k", made_at=NOW))
        token = begin_session(session, ruth, method="password", browser="Test", hours=12, now=NOW)

    leave(database, ruth, boss)

    with database.transaction() as session:
        apply_schedules(session, NOW, office.zone, office.is_holiday)
    with database.reading() as session:
        person = person_numbered(session, ruth)
        assert (person.on_shift, person.on_call, person.away) == (False, False, True)
        assert (person.pin_hash, person.code_hash, person.totp_sealed) == (None, None, None)
        assert session.scalars(select(Schedule)).all() == []
        assert session.scalars(select(RecoveryCode)).all() == []
        assert find_signed_in(session, token, idle_minutes=60, now=NOW) is None
        assert access_of_email(session, "ruth@office.example.org") is None
        assert set(count_free(session, is_open=True).values()) == {0}
        for asks in (find_staff, lambda s, e: change_shift(s, e, on_shift=True, actor=BOSS, now=NOW)):
            with pytest.raises(StaffError):
                asks(session, "ruth@office.example.org")
    with pytest.raises(StaffError, match=f"^{StaffRefusal.GONE}$"):
        change(database, ruth, boss, name="Ruth Other")


@pytest.mark.parametrize("how", ["another role", "the hotline", "another phone"])
def test_cases_that_somebody_opened_close_with_their_role(database: Database, boss: int, how: str) -> None:
    ruth = add(database, email="ruth@office.example.org", role="supervisor")
    person, office = Someone(ruth, "ruth@office.example.org", "supervisor"), make_office()
    with database.transaction() as session:
        case_id = make_case(session).id
        open_to(session, person, case_id, "search", "complaint", NOW, policies_of(office))

    if how == "the hotline":
        leave(database, ruth, boss)
    elif how == "another role":
        change(database, ruth, boss, role="liaison")
    else:
        change(database, ruth, boss, phone="+12025550188")

    with database.reading() as session:
        stands_open = grounds_for(session, person, case_id, NOW, policies_of(office)) is not None
    assert stands_open == (how == "another phone")


def test_deactivated_account_comes_back_with_a_new_password_and_no_shift(
    database: Database, boss: int
) -> None:
    ruth = add(database, email="ruth@office.example.org", role="supervisor")
    leave(database, ruth, boss)

    with database.transaction() as session:
        take_back(session, ruth, "a new hash", actor=BOSS, now=NOW)

    with database.reading() as session:
        person = find_staff(session, "ruth@office.example.org")
        assert (person.left_at, person.away, person.on_shift) == (None, False, False)
        assert (person.password_hash, person.password_is_one_time) == ("a new hash", True)
        assert count_free(session, is_open=True)[Pool.EVERYONE] == 1
    with pytest.raises(StaffError), database.transaction() as session:
        take_back(session, ruth, "another", actor=BOSS, now=NOW)


@ON_BOTH
def test_absence_can_be_taken_back(database: Database, boss: int) -> None:
    with database.transaction() as session:
        add_absence(session, BOSS, date(2026, 11, 25), date(2026, 11, 26), actor=BOSS, now=NOW)
        add_absence(session, BOSS, date(2026, 10, 1), date(2026, 10, 2), actor=BOSS, now=NOW)

    with database.transaction() as session:
        (coming,) = absences_of(session, boss, NOW.date())
        assert remove_absence(session, coming.id, actor=BOSS, now=NOW) == boss
        assert remove_absence(session, coming.id, actor=BOSS, now=NOW) is None

    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Absence)) == 1
