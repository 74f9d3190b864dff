"""The duress PIN at the console: given with the person, shown once, and known to one liaison (R10)."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from models import Alert, AuditEntry, Call, Callback, Case, Phone, Staff, Talk
from models.cases.duress import duress_case
from models.cases.new_pin import is_guessable
from models.overview.duress_use import tell_of_uses
from models.overview.phone_stop import stop_phone
from models.store.database import Database
from models.talks.joiner import add_colleague
from models.talks.talk import begin_talk
from tests.console.bar.bars import joins, talks_at_0
from tests.console.callbacks.office import Office
from tests.console.case_pages import kept_case, verifies
from tests.console.cases.test_case_pins import everything_kept
from tests.console.conftest import Clock, Member, words
from tests.factories import (
    HASHER,
    NOW,
    MadeCase,
    make_call,
    make_callback,
    make_duress_pin,
    make_event,
    make_notice,
    make_office,
    make_policies,
    make_registration,
    make_wait,
)
from workers.office_rules import callback_policy_of


def gives(person: Member, case: MadeCase) -> str:
    """Give a duress PIN in an opened case; returns it as the page shows it."""
    verifies(person, case).clicks("Duress PIN").clicks("Give a duress PIN")
    found = re.search(r"(\d{3}) (\d{3})", person.words)
    assert found is not None, person.words
    return found[1] + found[2]


def is_used(database: Database, case: MadeCase) -> int:
    """The duress PIN was used, a callback asked for, and the sweeper has passed; returns the callback."""
    with database.transaction() as session:
        duress = make_duress_pin(session, case)
        session.execute(update(Case).where(Case.id == duress.id).values(last_verified_at=NOW))
        callback = make_callback(session, case_id=duress.id, verified=True)
        tell_of_uses(session, NOW, make_policies(), True)
        return callback.id


def test_duress_pin_is_shown_once_differs_in_three_places_and_is_kept_nowhere(
    liaison: Member, database: Database
) -> None:
    case = kept_case(database)

    pin = gives(liaison, case)

    assert not is_guessable(pin)
    assert sum(a != b for a, b in zip(pin, case.pin, strict=True)) >= 3
    assert liaison.headers["Cache-Control"] == "no-store"
    assert pin not in everything_kept(database)
    with database.reading() as session:
        duress = duress_case(session, case.id)
        assert duress is not None
        assert HASHER.matches(duress.pin_hash, pin)
    assert "Duress PIN" in liaison.opens(f"/console/cases/{case.id}").links


def test_page_of_a_case_reads_the_same_with_and_without_a_duress_pin(
    liaison: Member, supervisor: Member, database: Database
) -> None:
    case = kept_case(database)
    before = verifies(supervisor, case).words
    gives(liaison, case)

    after = supervisor.opens(f"/console/cases/{case.id}").words

    assert after.partition("History")[0] == before.partition("History")[0]
    assert "duress" not in after.replace("Duress PIN", "").lower()


def test_turning_off_reads_the_same_whether_or_not_there_was_one(liaison: Member, database: Database) -> None:
    case = kept_case(database)
    none = verifies(liaison, case).clicks("Duress PIN").clicks("Turn off").words
    gives(liaison, case)

    some = liaison.opens(f"/console/cases/{case.id}").clicks("Duress PIN").clicks("Turn off").words

    assert "The case has no duress PIN." in none
    assert "The case has no duress PIN." in some


def test_case_whose_person_has_a_mailed_pin_gets_no_duress_pin(liaison: Member, database: Database) -> None:
    case = kept_case(database, pin_kind="one_time")

    verifies(liaison, case)
    assert "Duress PIN" not in liaison.links
    liaison.sends(f"/console/cases/{case.id}/duress", {"csrf_token": liaison.token})

    with database.reading() as session:
        assert duress_case(session, case.id) is None


@pytest.mark.parametrize("is_coerced", [False, True], ids=["own PIN", "duress PIN"])
def test_caller_at_0_gets_no_duress_pin_for_their_pin_alone_whichever_it_was(
    liaison: Member, database: Database, is_coerced: bool
) -> None:
    """After the duress PIN staff read that the person has no PIN of their own, and would have said so."""
    case = kept_case(database)
    with database.transaction() as session:
        opened = make_duress_pin(session, case) if is_coerced else case
        before = session.scalar(select(Case.pin_hash).where(Case.duress_of == case.id))
        caller = make_call(session, case_id=opened.id, verified_at=NOW)
        make_wait(session, caller)
        begin_talk(
            session, caller_call_id=caller.id, leader_call_id=make_call(session).id,
            staff_id=liaison.staff_id, language="en", now=NOW,
        )  # fmt: skip

    liaison.opens("/console/cases").clicks("Open their case")
    assert "Duress PIN" not in liaison.links
    assert liaison.reads("To give a duress PIN, verify the person first")
    for act in ("", "/drop"):
        liaison.sends(f"/console/cases/{opened.id}/duress{act}", {"csrf_token": liaison.token})
        assert liaison.reads("Only with the person, after you record how you recognized them.")

    with database.reading() as session:
        assert session.scalar(select(Case.pin_hash).where(Case.duress_of == case.id)) == before


def test_only_the_liaison_and_supervisors_see_a_use_and_the_audit_tells_nobody(
    liaison: Member, staff: Any, supervisor: Member, administrator: Member, database: Database
) -> None:
    other = staff("liaison").signs_in()
    case = kept_case(database)
    callback = is_used(database, case)

    assert liaison.opens("/console/only-you").reads("Automated calls for this case are paused.")
    assert supervisor.opens("/console/only-you").reads("Liaison 1 decides whether to call.")
    assert other.opens("/console/only-you").reads("Nothing waits for you alone.")
    assert "Only you" not in administrator.opens("/console/callbacks").links
    assert "duress" in liaison.opens(f"/console/callbacks/{callback}").words
    assert "duress" not in other.opens(f"/console/callbacks/{callback}").words
    assert "duress" not in administrator.opens(f"/console/callbacks/{callback}").words
    for person in (supervisor, administrator):
        page = person.opens("/console/audit").page
        for choice in page.xpath("//option"):
            # The search offers every action by its name, whether or not there is an entry of it.
            choice.getparent().remove(choice)
        assert "duress" not in words(page)
        assert "one liaison and the supervisors" not in words(page)
    with database.reading() as session:
        assert session.scalar(select(AuditEntry.id).where(AuditEntry.action == "tell_duress")) is not None
        assert {one.level for one in session.scalars(select(Alert))} == {"only_you"}
        assert session.get_one(Callback, callback).staff_id == liaison.staff_id


def test_stop_of_a_phone_stands_in_the_audit_once_whether_or_not_the_case_has_a_duress_pin(
    supervisor: Member, database: Database
) -> None:
    case = kept_case(database)
    with database.transaction() as session:
        make_duress_pin(session, case)
        phone = session.scalars(select(Phone).order_by(Phone.id).limit(1)).one()
        phone_id = phone.id
        stop_phone(session, phone.phone_key, NOW, callback_policy_of(make_office()))

    said = supervisor.opens("/console/audit").words

    assert said.count(f": phone {phone_id}") == 1
    assert ": phone " not in said.replace(f": phone {phone_id}", "")


def test_liaison_reads_that_a_notice_waits_for_a_person_whom_nobody_calls(
    liaison: Member, database: Database
) -> None:
    case = kept_case(database, "released")
    is_used(database, case)
    with database.transaction() as session:
        event = make_event(session, case.subject_id)
        make_notice(session, make_registration(session, case), event, state="left_for_staff")

    assert liaison.opens("/console/only-you").reads("1 notice waits for this person.")


def test_liaison_resumes_calls_and_opens_the_case(liaison: Member, database: Database) -> None:
    case = kept_case(database)
    is_used(database, case)

    liaison.opens("/console/only-you").clicks("Open the case")
    assert liaison.heading.startswith("Case about")
    liaison.opens("/console/only-you").clicks("Resume calls")
    assert liaison.reads("The line calls this person again as promised.")
    assert liaison.reads("Automated calls for this case go on.")


def test_callback_after_the_duress_pin_is_handed_only_to_those_who_know_of_it(
    staff: Any, supervisor: Member, database: Database
) -> None:
    """A colleague who does not know could not call, and could show the number, reschedule it or cancel it."""
    told = staff(name="Ana Demo", on_shift=True).signs_in()
    other = staff(name="Luis Demo", on_shift=True).signs_in()
    callback_id = is_used(database, kept_case(database))
    page = f"/console/callbacks/{callback_id}"

    supervisor.opens(page)
    assert supervisor.reads("Ana Demo – free")
    assert not supervisor.reads("Luis Demo – free")
    # A page that was drawn before the use still offers him.
    for hands in (supervisor, told.opens(page)):
        hands.sends(f"{page}/hand", {"csrf_token": hands.token, "to": str(other.staff_id)})
        assert hands.status == 422
        assert hands.reads("Luis Demo cannot take this one. Choose another colleague.")

    with database.reading() as session:
        assert session.get_one(Callback, callback_id).staff_id == told.staff_id
    told.opens(page).clicks("Return to list")
    supervisor.opens(page).fills(to=str(told.staff_id)).clicks("Hand to colleague")
    assert supervisor.reads("It is handed to your colleague.", "Claimed: Ana Demo")


@pytest.mark.parametrize("at_0", [False, True])
def test_colleague_who_does_not_know_of_a_use_is_not_added_to_the_talk(
    staff: Any, supervisor: Member, database: Database, clock: Clock, at_0: bool
) -> None:
    """Whoever was added heard the talk, and a transfer left them a callback that they cannot see to."""
    told = staff(name="Ana Demo", on_shift=True, phone="+12025550121").signs_in()
    other = staff(name="Luis Demo", on_shift=True, phone="+12025550122")
    boss = staff("supervisor", name="Rosa Demo", on_shift=True, phone="+12025550123")
    case = kept_case(database)
    callback_id = is_used(database, case)
    rows = Office(database, clock)
    rows.becomes(callback_id, staff_id=told.staff_id)
    field = {"callback": str(callback_id)}
    if at_0:
        talk_id = talks_at_0(rows, told, case_id=rows.row(callback_id).case_id, verified_at=NOW).id
        field = {"talk": str(talk_id)}
    else:
        rows.talks(callback_id, told.staff_id)

    added = told.opens("/console/cases").page.get_element_by_id("bar-add-menu").text_content()
    assert "Rosa Demo" in added
    assert "Luis Demo" not in added
    # A page that was drawn before the use still offers him.
    told.sends("/console/bar", {"csrf_token": told.token, "colleague": str(other.staff_id)} | field)
    assert told.reads("Luis Demo cannot take this one. Choose another colleague.")
    # By phone, key 2 calls the next who is free.
    with database.transaction() as session:
        talk = session.scalars(select(Talk)).one()
        session.get_one(Staff, told.staff_id).busy_call_id = talk.leader_call_id
        word, _jobs = add_colleague(session, talk, f"liaison:{told.staff_id}", NOW)
        rung = session.scalars(select(Call.staff_id).where(Call.role == "colleague")).all()
    assert (word, rung) == ("ringing", [boss.staff_id])


@pytest.mark.parametrize("knows", [False, True])
def test_talk_is_not_transferred_to_a_colleague_who_does_not_know_of_a_use(
    staff: Any, database: Database, clock: Clock, knows: bool
) -> None:
    """One who was in the talk before the use had its button, and then a callback that they cannot see to."""
    told = staff(name="Ana Demo", on_shift=True, phone="+12025550121").signs_in()
    other = staff("supervisor" if knows else "liaison", name="Luis Demo", on_shift=True)
    case = kept_case(database)
    callback_id = is_used(database, case)
    rows = Office(database, clock)
    rows.becomes(callback_id, staff_id=told.staff_id)
    rows.talks(callback_id, told.staff_id)
    joins(rows, callback_id, "colleague", other.staff_id, accepted_at=NOW, place="in_talk")
    with database.transaction() as session:
        session.scalars(select(Talk)).one().announced_at = NOW

    page = told.opens("/console/cases").page
    assert "with Luis" in words(page.get_element_by_id("bar"))
    assert bool(page.xpath("//button[@id='bar-transfer']")) is knows
    # A page that was drawn before the use has it.
    told.sends("/console/bar", {"csrf_token": told.token, "does": "hand-over", "callback": str(callback_id)})

    assert rows.row(callback_id).staff_id == (other.staff_id if knows else told.staff_id)
    assert told.reads("Your colleague goes on with the call." if knows else "Luis Demo cannot take this one.")


def test_leader_who_does_not_know_of_a_use_adds_a_colleague_like_any_other(
    staff: Any, database: Database, clock: Clock
) -> None:
    """A refusal would tell them (R10)."""
    staff(name="Ana Demo", on_shift=True, phone="+12025550121")
    case = kept_case(database)
    callback_id = is_used(database, case)
    other = staff(name="Luis Demo", on_shift=True, phone="+12025550122").signs_in()
    third = staff(name="Max Demo", on_shift=True, phone="+12025550123")
    rows = Office(database, clock)
    talk = talks_at_0(rows, other, case_id=rows.row(callback_id).case_id, verified_at=NOW)

    assert "Max Demo" in other.opens("/console/cases").page.get_element_by_id("bar-add-menu").text_content()
    added = {"csrf_token": other.token, "colleague": str(third.staff_id), "talk": str(talk.id)}
    other.sends("/console/bar", added)

    assert other.reads("A colleague was asked to join.")


@pytest.mark.parametrize("button", ["Claim", "Reschedule", "Cancel callback"])
def test_colleague_who_does_not_know_changes_nothing_that_waits_after_a_use(
    staff: Any, database: Database, button: str
) -> None:
    """The call that the person asked for with their own PIN is kept by the liaison who knows."""
    told = staff(name="Ana Demo", on_shift=True).signs_in()
    other = staff(name="Luis Demo").signs_in()
    case = kept_case(database)
    with database.transaction() as session:
        due_at = NOW + timedelta(hours=8)
        callback_id = make_callback(session, case, rank=0, next_attempt_at=NOW, due_at=due_at).id
    is_used(database, case)
    told.opens(f"/console/callbacks/{callback_id}").clicks("Return to list")

    other.opens(f"/console/callbacks/{callback_id}")
    other.fills(reason="duplicate", day="2026-11-27", time="12:30", agreed="yes").clicks(button)

    assert other.reads("We are calling a colleague for this callback.")
    with database.reading() as session:
        row = session.get_one(Callback, callback_id)
        assert (row.state, row.staff_id, row.due_at) == ("requested", None, due_at)
