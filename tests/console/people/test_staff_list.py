"""The staff list and the schedules by the browser."""

from datetime import datetime, time, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from models import Absence, AuditEntry, Schedule, Staff
from models.cases.pin_hash import PinHasher
from models.overview.pin_request import PinRequest
from models.overview.staff_record import record_of
from models.staff.set_away import spare
from models.store.database import Database
from tests.console.case_pages import actions
from tests.console.conftest import PASSWORD, Member
from tests.factories import make_call, make_callback, make_case, make_staff
from tests.statements import sent_statements

NEW = {
    "email": "Ana@office.example.org",
    "name": "Ana Invented",
    "phone": "202 555 0160",
    "languages": ["en", "es"],
}


def person(database: Database, email: str) -> Staff:
    with database.reading() as session:
        found = session.scalars(select(Staff).where(Staff.email == email)).one()
        session.expunge_all()
        return found


def test_someone_is_added_and_their_password_is_shown_once(
    administrator: Member, database: Database, app: Flask
) -> None:
    administrator.opens("/console/staff").clicks("Add staff member").fills(
        **NEW, role="supervisor", office_phone="0"
    )
    administrator.clicks("Add staff member")

    shown = administrator.page.xpath("//dd")[0].text_content()
    assert administrator.reads("Shown only now", "cannot be shown again", "until you issue a code")
    assert len(shown) == 23
    ana = person(database, "ana@office.example.org")
    assert (ana.role, ana.office_phone, ana.languages, ana.on_shift) == ("supervisor", False, "en,es", False)
    assert ana.password_is_one_time
    administrator.clicks("Done")
    assert shown not in administrator.text


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"email": "nobody"}, "Enter an e-mail address."),
        ({"name": " "}, "Enter a name."),
        ({"phone": "900 555 0123"}, "Enter an ordinary phone number"),
        ({"phone": "202 555 0100"}, "Enter an ordinary phone number"),
        ({"languages": []}, "Choose at least one language."),
        ({"email": "liaison2@office.example.org"}, "already on the staff list"),
    ],
)
def test_person_with_a_typing_error_is_not_added(
    staff: Any, administrator: Member, database: Database, fields: dict[str, Any], told: str
) -> None:
    staff("liaison")
    before = len(actions(database))

    administrator.opens("/console/staff/new").fills(**{**NEW, **fields}).clicks("Add staff member")

    assert administrator.status == 422
    assert administrator.reads(told)
    assert len(actions(database)) == before


def test_people_who_share_a_name_are_told_apart_on_every_list(staff: Any, supervisor: Member) -> None:
    people = [staff("liaison", name="Ana Invented") for _ in range(2)]

    for page in ("staff", "schedule"):
        supervisor.opens(f"/console/{page}")
        assert supervisor.reads(*(f"Ana Invented ({one.email})" for one in people))
    assert supervisor.opens(f"/console/schedule/{people[0].staff_id}").reads(people[0].email)


def test_person_changes_on_the_list_with_an_entry_that_names_no_phone(
    staff: Any, administrator: Member, database: Database
) -> None:
    ana = staff("liaison", name="Ana Invented")
    administrator.opens("/console/staff").clicks("Ana Invented")
    administrator.fills(name="Ana Other", phone="202 555 0188", role="supervisor").clicks("Save")

    assert administrator.reads("Saved.", "Ana Other", "Supervisor")
    with database.reading() as session:
        record = record_of(session, session.get_one(Staff, ana.staff_id))
        assert (record.name, record.phone, record.role) == ("Ana Other", "+12025550188", "supervisor")
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "change_staff")).one()
        assert "0188" not in str(entry.facts)


def test_old_tab_undoes_no_role_that_somebody_else_has_changed_since(
    staff: Any, administrator: Member, database: Database
) -> None:
    ana, other = staff("administrator", name="Ana Invented"), staff("administrator").signs_in()
    administrator.opens(f"/console/staff/{ana.staff_id}")
    other.opens(f"/console/staff/{ana.staff_id}").fills(role="liaison").clicks("Save")
    assert other.reads("Saved.")

    administrator.fills(phone="202 555 0188").clicks("Save")

    assert administrator.reads("Someone else has changed this meanwhile.")
    assert administrator.value("phone") == "202 555 0188"
    assert person(database, ana.email).role == "liaison"
    # The second save has the author's phone and the other's role.
    administrator.clicks("Save")
    assert administrator.reads("Saved.")
    with database.reading() as session:
        record = record_of(session, session.get_one(Staff, ana.staff_id))
        assert (record.phone, record.role) == ("+12025550188", "liaison")


def test_administrator_reads_what_another_changed_in_the_same_fields(
    staff: Any, administrator: Member, database: Database
) -> None:
    ana, other = staff("liaison", name="Ana Invented"), staff("administrator").signs_in()
    administrator.opens(f"/console/staff/{ana.staff_id}")
    other.opens(f"/console/staff/{ana.staff_id}").fills(name="Ana Other", languages=["en", "es"]).clicks(
        "Save"
    )

    administrator.fills(name="Ana Third").clicks("Save")

    assert administrator.reads("This also changed while you were editing: Name, now: Ana Other.")
    assert administrator.page.xpath("//input[@name='languages'][@checked]/@value") == ["en", "es"]
    administrator.clicks("Save")
    with database.reading() as session:
        record = record_of(session, session.get_one(Staff, ana.staff_id))
        assert (record.name, record.languages) == ("Ana Third", ("en", "es"))


@pytest.mark.parametrize("between", ["a mistake", "a fresh proof"])
def test_old_tab_that_asks_again_undoes_no_role_either(
    staff: Any, administrator: Member, database: Database, clock: Any, between: str
) -> None:
    ana, other = staff("administrator", name="Ana Invented"), staff("administrator").signs_in()
    administrator.opens(f"/console/staff/{ana.staff_id}")
    other.opens(f"/console/staff/{ana.staff_id}").fills(role="liaison").clicks("Save")
    if between == "a mistake":
        administrator.fills(phone="123").clicks("Save")
        assert administrator.reads("Enter an ordinary phone number")
    else:
        clock.goes_on(minutes=6)
        administrator.fills(phone="202 555 0188", languages=["es"]).clicks("Save")
        # The script of the page presses this button.
        administrator.fills(password=PASSWORD).clicks("Continue").clicks("Save staff member")
        assert administrator.page.xpath("//input[@name='languages'][@checked]/@value") == ["es"]

    if between == "a mistake":
        administrator.fills(phone="202 555 0188").clicks("Save")

    assert administrator.reads("Someone else has changed this meanwhile.")
    assert person(database, ana.email).role == "liaison"


def test_administrator_who_meets_a_busy_password_thread_is_told_to_try_again_and_nothing_changes(
    staff: Any, administrator: Member, database: Database, app: Flask
) -> None:
    ana = staff("liaison")
    before = person(database, ana.email).password_hash
    administrator.opens(f"/console/staff/{ana.staff_id}/password")
    passwords = app.extensions["hotline.console"].passwords
    slot = passwords._slots[True]
    slot.acquire()

    administrator.clicks("Reset password")
    slot.release()

    assert administrator.status == 503
    assert administrator.reads("Sign-in is busy.")
    assert person(database, ana.email).password_hash == before


def test_nobody_changes_their_own_role_and_the_last_administrator_stays(
    staff: Any, administrator: Member, database: Database
) -> None:
    administrator.opens(f"/console/staff/{administrator.staff_id}").fills(role="liaison").clicks("Save")

    assert administrator.status == 422
    assert administrator.reads("You cannot change your own role")
    administrator.sends(f"/console/staff/{administrator.staff_id}/leave", {"csrf_token": administrator.token})
    assert administrator.reads("You cannot take yourself off the staff list")
    assert person(database, administrator.email).left_at is None


def test_deactivated_account_is_signed_out_and_can_be_reactivated(
    staff: Any, administrator: Member, database: Database
) -> None:
    ana = staff("supervisor", name="Ana Invented").signs_in()
    administrator.opens(f"/console/staff/{ana.staff_id}").clicks("Deactivate account")
    administrator.clicks("Deactivate account")

    assert administrator.reads("Account deactivated.", "Deactivated accounts")
    assert ana.opens("/console/staff").heading == "Sign in"
    administrator.clicks("Ana Invented").clicks("Reactivate account").clicks("Reactivate account")
    assert administrator.reads("Shown only now")
    back = person(database, ana.email)
    assert (back.left_at, back.password_is_one_time, back.on_shift) == (None, True, False)
    assert actions(database)[-2:] == ["let_go_staff", "take_back_staff"]


def test_administrator_reads_what_open_work_a_person_has_before_deactivating_their_account(
    staff: Any, administrator: Member, database: Database, now: datetime
) -> None:
    ana, luis = staff("liaison"), staff("liaison")
    with database.transaction() as session:
        case = make_case(session)
        make_callback(session, case, state="claimed", staff_id=ana.staff_id, claimed_at=now)
        session.add(
            PinRequest(
                case_id=case.id, kind="lost", evidence="met_in_person", delivery="posted",
                requested_by=ana.staff_id, requested_at=now,
            )
        )  # fmt: skip
        session.get_one(Staff, ana.staff_id).busy_call_id = make_call(session).id

    administrator.opens(f"/console/staff/{ana.staff_id}/leave")
    assert administrator.reads(
        "They have 1 claimed callback. Colleagues take over.",
        "They are in a call now, or their phone rings. A talk goes on.",
        "1 PIN request of theirs is withdrawn.",
    )
    administrator.opens(f"/console/staff/{luis.staff_id}/leave")
    assert administrator.reads("They have no open work.")
    administrator.opens(f"/console/staff/{ana.staff_id}/pin")
    assert "claimed callback" not in administrator.text


def test_pin_and_code_are_shown_once_and_kept_as_hashes(
    staff: Any, administrator: Member, database: Database, app: Flask
) -> None:
    ana = staff("liaison")
    hasher: PinHasher = app.extensions["hotline.console"].hasher
    administrator.opens(f"/console/staff/{ana.staff_id}").clicks("Issue PIN for the staff line")
    administrator.clicks("Issue a PIN")
    number, pin = (one.text_content() for one in administrator.page.xpath("//dd/span[@aria-hidden]"))
    administrator.opens(f"/console/staff/{ana.staff_id}/code").clicks("Issue a code")
    code = administrator.page.xpath("//dd/span[@aria-hidden]")[0].text_content()

    found = person(database, ana.email)
    assert hasher.matches(found.pin_hash, pin)
    assert hasher.matches(found.code_hash, code)
    administrator.opens(f"/console/staff/{ana.staff_id}")
    assert administrator.reads(number)
    assert pin not in administrator.text
    assert actions(database)[-2:] == ["issue_staff_pin", "issue_staff_code"]


def test_secret_asks_for_a_fresh_proof_after_a_while(staff: Any, administrator: Member, clock: Any) -> None:
    ana = staff("liaison")
    clock.goes_on(minutes=6)

    administrator.opens(f"/console/staff/{ana.staff_id}/pin")

    assert "/pin" not in administrator.path


def test_week_is_set_and_shown_to_everyone_who_plans(
    staff: Any, supervisor: Member, database: Database
) -> None:
    ana = staff("liaison", name="Ana Invented")
    supervisor.opens("/console/schedule").clicks("Ana Invented")
    supervisor.fills(**{"on_shift-0-from": "08:00", "on_shift-0-to": "16:30", "on_call-5-from": "20:00",
                        "on_call-5-to": "08:00"}).clicks("Save week")  # fmt: skip

    assert supervisor.opens("/console/schedule").reads("8 AM–4:30 PM", "8 PM–8 AM on call")
    before = len(actions(database))
    supervisor.opens(f"/console/schedule/{ana.staff_id}").clicks("Save week")
    assert supervisor.reads("Nothing was changed.")
    assert len(actions(database)) == before
    supervisor.fills(**{"on_shift-0-from": "", "on_shift-0-to": ""}).clicks("Save week")
    with database.reading() as session:
        assert [one.kind for one in session.scalars(select(Schedule))] == ["on_call"]


def test_old_tab_undoes_no_day_that_somebody_else_has_changed(
    staff: Any, supervisor: Member, administrator: Member, database: Database
) -> None:
    path = f"/console/schedule/{staff('liaison').staff_id}"
    supervisor.opens(path)
    administrator.opens(path).fills(**{"on_call-5-from": "20:00", "on_call-5-to": "08:00"})
    administrator.clicks("Save week")

    supervisor.fills(**{"on_shift-0-from": "08:00", "on_shift-0-to": "16:30"}).clicks("Save week")

    assert supervisor.reads("Someone else has changed this meanwhile.")
    assert supervisor.value("on_call-5-from") == "20:00"
    with database.reading() as session:
        assert [one.kind for one in session.scalars(select(Schedule))] == ["on_call"]
    # What the author typed is still there: the second save has it, and the other's day.
    assert supervisor.value("on_shift-0-from") == "08:00"
    assert supervisor.clicks("Save week").reads("Saved.")
    with database.reading() as session:
        assert {one.kind for one in session.scalars(select(Schedule))} == {"on_call", "on_shift"}


def test_supervisor_reads_what_another_put_on_the_same_day(
    staff: Any, supervisor: Member, administrator: Member, database: Database
) -> None:
    path = f"/console/schedule/{staff('liaison').staff_id}"
    for one, ends in ((supervisor, "16:30"), (administrator, "12:00")):
        one.opens(path).fills(**{"on_shift-0-from": "08:00", "on_shift-0-to": ends})
    administrator.fills(**{"on_shift-1-from": "09:00", "on_shift-1-to": "10:00"}).clicks("Save week")

    supervisor.clicks("Save week")

    assert supervisor.reads("Monday, On shift, now: 8 AM–12 PM.")
    supervisor.clicks("Save week")
    with database.reading() as session:
        spans = {one.weekday: one.ends for one in session.scalars(select(Schedule))}
    assert spans == {0: time(16, 30), 1: time(10)}


def test_old_tab_with_an_error_undoes_nothing_once_that_is_corrected(
    staff: Any, supervisor: Member, administrator: Member, database: Database
) -> None:
    path = f"/console/schedule/{staff('liaison').staff_id}"
    supervisor.opens(path)
    administrator.opens(path).fills(**{"on_call-5-from": "20:00", "on_call-5-to": "08:00"})
    administrator.clicks("Save week")
    supervisor.fills(**{"on_shift-0-from": "08:00"}).clicks("Save week")
    assert supervisor.reads("Monday: enter a start and an end.")

    supervisor.fills(**{"on_shift-0-to": "16:30"}).clicks("Save week")

    assert supervisor.reads("Someone else has changed this meanwhile.")
    with database.reading() as session:
        assert [one.kind for one in session.scalars(select(Schedule))] == ["on_call"]


def test_half_a_span_is_refused(staff: Any, supervisor: Member, database: Database) -> None:
    ana = staff("liaison")
    supervisor.opens(f"/console/schedule/{ana.staff_id}").fills(**{"on_shift-1-from": "08:00"})
    supervisor.clicks("Save week")

    assert supervisor.status == 422
    assert supervisor.reads("Tuesday: enter a start and an end.")


def test_absence_is_added_and_removed(staff: Any, supervisor: Member, database: Database) -> None:
    ana = staff("liaison")
    supervisor.opens(f"/console/schedule/{ana.staff_id}")
    supervisor.fills(first_day="2026-12-01", last_day="2026-12-05").clicks("Add absence")
    assert supervisor.reads("Dec 1, 2026 – Dec 5, 2026")

    supervisor.clicks("Remove")

    with database.reading() as session:
        assert session.scalars(select(Absence)).all() == []
    assert actions(database)[-2:] == ["add_absence", "remove_absence"]
    supervisor.fills(first_day="2026-12-05", last_day="2026-12-01").clicks("Add absence")
    assert supervisor.reads("The last day is before the first.")
    supervisor.fills(first_day="", last_day="2026-12-01").clicks("Add absence")
    assert supervisor.reads("Enter a day.")


def test_absence_that_is_over_or_too_far_ahead_is_refused_at_its_day_and_one_that_began_is_kept(
    staff: Any, supervisor: Member, database: Database
) -> None:
    """It was saved, and then was in no list: a slip in the year left a liaison to be called while away."""
    ana = staff("liaison")
    supervisor.opens(f"/console/schedule/{ana.staff_id}")
    supervisor.fills(first_day="2025-12-01", last_day="2025-12-05").clicks("Add absence")
    assert supervisor.reads("This day is in the past. Enter today or a later day.")
    assert supervisor.page.xpath("//input[@name='last_day']/@aria-invalid") == ["true"]
    supervisor.fills(first_day="2026-12-01", last_day="2029-12-05").clicks("Add absence")
    assert supervisor.reads("This day is more than two years away. Enter an earlier day.")
    with database.reading() as session:
        assert session.scalars(select(Absence)).all() == []

    supervisor.fills(first_day="2026-11-20", last_day="2026-12-05").clicks("Add absence")
    assert supervisor.reads("Nov 20, 2026 – Dec 5, 2026")


def test_lists_take_as_many_statements_for_thirty_people_as_for_three(
    supervisor: Member, database: Database
) -> None:
    def looks(people: int) -> list[int]:
        with database.transaction() as session:
            for _ in range(people):
                make_staff(session)
        counts = []
        for path in ("staff", "schedule"):
            with sent_statements(database) as statements:
                supervisor.opens(f"/console/{path}")
            counts.append(len(statements))
        return counts

    assert looks(3) == looks(30)


def test_person_on_call_who_did_not_take_urgent_work_is_shown_as_on_call(
    administrator: Member, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        ana = make_staff(session, name="Ana Invented", on_shift=False, on_call=True)
        spare(session, ana.id, now, timedelta(minutes=3))

    row = administrator.opens("/console/staff").page.xpath("//tr[contains(., 'Ana Invented')]")[0]

    assert "on call" in row.text_content()
    assert "wrap-up" not in row.text_content()
