"""Staff: adding a person, their one-time password, and their shifts."""

import pytest
from argon2 import PasswordHasher
from sqlalchemy import event, select

from models import AuditEntry, Staff
from models.staff.refusals import StaffRefusal
from models.staff.staff import StaffError, add_staff, change_shift, new_password
from models.store.database import Database
from tests.factories import NOW, make_call, make_staff

EMAIL = "lea@office.example.org"


def _add(database: Database, email: str = EMAIL, *, role: str = "liaison", on_shift: bool = False) -> str:
    with database.transaction() as session:
        _, password = add_staff(
            session,
            email=email,
            name="Lea Invented",
            role=role,
            phone="+12025550150",
            languages=("en", "es"),
            on_shift=on_shift,
            actor="command line",
            now=NOW,
        )
        return password


def test_new_person_has_a_password_that_works_once_and_is_stored_only_as_a_hash(database: Database) -> None:
    password = _add(database)

    with database.reading() as session:
        person = session.scalars(select(Staff)).one()
        assert PasswordHasher().verify(person.password_hash, password)
        assert person.password_hash.startswith("$argon2id$")
        assert person.password_is_one_time
        assert person.office_phone
        assert (person.role, person.languages, person.on_shift) == ("liaison", "en,es", False)
        assert database.keyring.unseal("staff.name", person.name_sealed) == "Lea Invented"
        assert database.keyring.unseal("staff.phone", person.phone_sealed) == "+12025550150"


def test_password_is_hashed_before_the_first_query(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []

    class Watched(PasswordHasher):
        def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
            order.append("hash")
            return super().hash(password, salt=salt)

    monkeypatch.setattr("models.staff.staff.PasswordHasher", Watched)
    event.listen(database.write_engine, "begin", lambda _connection: order.append("begin"))

    _add(database)

    assert order == ["hash", "begin"]


def test_no_two_passwords_are_alike_and_none_has_a_letter_taken_for_a_digit() -> None:
    passwords = {new_password() for _ in range(500)}

    assert len(passwords) == 500
    assert not set("01oliI") & set("".join(passwords))
    assert {len(password) for password in passwords} == {23}


@pytest.mark.parametrize("email", [EMAIL, EMAIL.upper()])
def test_one_email_is_one_person_however_it_is_spelled(database: Database, email: str) -> None:
    _add(database)

    with pytest.raises(StaffError, match=f"^{StaffRefusal.KNOWN_EMAIL}$"):
        _add(database, email)


def test_unknown_role_is_refused(database: Database) -> None:
    with pytest.raises(StaffError, match=f"^{StaffRefusal.UNKNOWN_ROLE}$"):
        _add(database, role="director")


def test_shift_begins_and_ends_and_each_is_an_audit_entry(database: Database) -> None:
    _add(database)

    for on_shift in (True, True, False, False):
        with database.transaction() as session:
            change_shift(session, EMAIL.upper(), on_shift=on_shift, actor="command line", now=NOW)

    with database.reading() as session:
        assert not session.scalars(select(Staff.on_shift)).one()
        assert session.scalars(select(Staff.shift_changed_at)).one() == NOW
        entries = session.execute(select(AuditEntry.action, AuditEntry.facts).order_by(AuditEntry.id)).all()
    assert [action for action, _ in entries] == ["add_staff", "begin_shift", "end_shift"]
    assert not any(secret in str(entries) for secret in ("Lea", "555", EMAIL))


def test_end_of_a_shift_takes_nobody_out_of_a_call(database: Database) -> None:
    with database.transaction() as session:
        call = make_call(session)
        make_staff(session, EMAIL, busy_call_id=call.id, busy_since=NOW)

    with database.transaction() as session:
        change_shift(session, EMAIL, on_shift=False, actor="command line", now=NOW)

    with database.reading() as session:
        assert session.scalars(select(Staff.busy_call_id)).one() is not None


def test_unknown_email_is_refused(database: Database) -> None:
    with (
        pytest.raises(StaffError, match=f"^{StaffRefusal.UNKNOWN_EMAIL}$"),
        database.transaction() as session,
    ):
        change_shift(session, "nobody@office.example.org", on_shift=True, actor="command line", now=NOW)
