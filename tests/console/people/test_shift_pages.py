"""My shift, as staff use it in their browsers."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Absence, AuditEntry, Callback, Staff, Talk
from models.store.database import Database, keyring_of
from models.talks.talk import audit_talk, begin_talk, close
from tests.conftest import ON_BOTH
from tests.console.case_pages import actions
from tests.console.conftest import Clock, Member, words
from tests.factories import make_call, make_callback, make_case


def row(database: Database, member: Member) -> Staff:
    with database.reading() as session:
        found = session.get_one(Staff, member.staff_id)
        session.expunge(found)
        return found


def test_shift_begins_and_ends_by_a_click(liaison: Member, database: Database) -> None:
    def presses(text: str) -> None:
        # The call bar has a button of the same name.
        liaison._submits(liaison.page.xpath(f"//main//button[normalize-space()='{text}']")[0])

    liaison.opens("/console/shift")
    presses("Start shift")
    assert liaison.reads("Shift started.", "You are on shift")
    assert row(database, liaison).on_shift

    presses("End shift")
    assert not row(database, liaison).on_shift
    assert actions(database)[-2:] == ["begin_shift", "end_shift"]


def test_supervisor_off_shift_reads_that_the_line_may_ring_them(supervisor: Member) -> None:
    supervisor.opens("/console/shift")

    assert supervisor.reads(
        "During opening hours the line calls you for urgent callbacks that nobody else takes."
    )
    assert not supervisor.reads("The line calls you only when")


def test_phone_is_changed_and_the_entry_names_neither(
    liaison: Member, staff: Any, database: Database
) -> None:
    staff("liaison", phone="+12025550199")
    liaison.opens("/console/shift").fills(phone="(202) 555-0199", kind="office").clicks("Save phone")

    assert liaison.reads("Phone saved. The line calls it from now on.")
    with database.reading() as session:
        person = session.get_one(Staff, liaison.staff_id)
        assert keyring_of(session).unseal("staff.phone", person.phone_sealed) == "+12025550199"
        assert person.phone_key == keyring_of(session).index("phone", "+12025550199")
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "change_phone")).one()
        assert entry.facts == {"office_phone": True}


def test_phone_that_the_line_may_not_ring_is_refused_and_kept_in_its_field(
    liaison: Member, database: Database
) -> None:
    before = row(database, liaison).phone_sealed
    for phone in ("911", "+1 900 234 5678", "+12025550100", "x" * 500):
        liaison.opens("/console/shift").fills(phone=phone, kind="office").clicks("Save phone")
        assert liaison.status == 422
        assert liaison.reads("Enter an ordinary phone number")
        assert liaison.value("phone") == phone
    assert row(database, liaison).phone_sealed == before


def test_page_shows_the_end_of_the_phone_alone_and_an_empty_field_keeps_it(
    liaison: Member, database: Database
) -> None:
    with database.reading() as session:
        phone = keyring_of(session).unseal(
            "staff.phone", session.get_one(Staff, liaison.staff_id).phone_sealed
        )

    liaison.opens("/console/shift")
    assert liaison.reads(f"phone, ending in {phone[-2:]}")
    assert phone[2:] not in liaison.text
    liaison.fills(phone="", kind="office").clicks("Save phone")

    assert liaison.reads("Phone saved.")
    with database.reading() as session:
        kept = session.get_one(Staff, liaison.staff_id)
        assert keyring_of(session).unseal("staff.phone", kept.phone_sealed) == phone


def test_nobody_exempts_a_phone_of_their_own_from_the_code(liaison: Member, database: Database) -> None:
    before = row(database, liaison).phone_sealed

    liaison.opens("/console/shift").fills(phone="2025550199", kind="office").clicks("Save phone")

    assert liaison.status == 422
    assert liaison.reads("The staff list has no such office phone. An administrator must add it first.")
    assert row(database, liaison).phone_sealed == before


def test_personal_phone_needs_a_staff_code_first(liaison: Member, database: Database) -> None:
    liaison.opens("/console/shift").fills(kind="personal").clicks("Save phone")
    assert liaison.status == 422
    assert liaison.reads("You need a staff code to accept calls on a personal phone")
    with database.transaction() as session:
        session.get_one(Staff, liaison.staff_id).code_hash = "a hash"
    liaison.opens("/console/shift").fills(kind="personal").clicks("Save phone")
    assert row(database, liaison).office_phone is False


@ON_BOTH
def test_languages_are_ticked_and_none_is_refused(liaison: Member, database: Database) -> None:
    liaison.opens("/console/shift").fills(speaks_en="1", speaks_es="1").clicks("Save languages")
    assert row(database, liaison).languages == "en,es"
    liaison.fills(speaks_en=[], speaks_es=[]).clicks("Save languages")
    assert liaison.status == 422
    assert liaison.reads("Choose at least one language.")


def test_liaison_sees_their_own_figures_of_today(liaison: Member, database: Database, clock: Clock) -> None:
    now = clock()
    with database.transaction() as session:
        for waited, ago in ((10, 60), (30, 40), (50, 20)):
            talking = now - timedelta(minutes=ago)
            make_callback(
                session, make_case(session), state="reached", staff_id=liaison.staff_id,
                requested_at=talking - timedelta(minutes=waited), talking_at=talking,
                closed_at=talking + timedelta(minutes=5), outcome="reached",
            )  # fmt: skip
        make_callback(
            session, make_case(session), state="reached", staff_id=liaison.staff_id,
            talking_at=now - timedelta(days=1), closed_at=now - timedelta(days=1),
        )  # fmt: skip

    liaison.opens("/console/shift")

    assert liaison.reads("Calls3", "Callbacks reached3", "Minutes in calls15", "Median wait30 min")


def says_how_it_ended(session: Session, callback: Callback, at: datetime) -> None:
    """Somebody has saved the outcome that this callback has."""
    talk = session.scalars(select(Talk).filter_by(callback_id=callback.id)).one()
    audit_talk(session, talk, "note_outcome", f"liaison:{talk.staff_id}", at, {"code": callback.outcome})


def finished(member: Member) -> list[tuple[str, list[str]]]:
    """The words of each call that My shift lists as finished, and the pages that it leads to."""
    rows = member.opens("/console/shift").page.xpath(
        "//table[caption[normalize-space()='Finished today']]/tbody/tr"
    )
    return [(words(row), row.xpath(".//a/@href")) for row in rows]


def test_call_whose_outcome_nobody_saved_is_marked_and_leads_to_its_form_while_that_is_possible(
    liaison: Member, database: Database, clock: Clock
) -> None:
    now = clock()
    with database.transaction() as session:
        callback = make_callback(
            session, make_case(session), state="reached", staff_id=liaison.staff_id, reason="afraid",
            talking_at=now, closed_at=now, outcome="reached",
        )  # fmt: skip
        caller = make_call(session)
        leg = make_call(session, role="liaison_at_0", staff_id=liaison.staff_id, parent_call_id=caller.id)
        at_0 = begin_talk(
            session, caller_call_id=caller.id, leader_call_id=leg.id, staff_id=liaison.staff_id,
            language="en", now=now,
        )  # fmt: skip
        close(session, at_0, "carrier", now)
        pages = [f"/console/talks/{at_0.id}", f"/console/callbacks/{callback.id}"]

    for (told, links), page, why in zip(finished(liaison), pages, ("Caller at 0", "Afraid"), strict=True):
        assert why in told
        assert "Not saved It counts as reached. Save how it ended" in told
        assert links == [page, f"{page}#outcome"]

    clock.goes_on(minutes=16)
    for told, links in finished(liaison):
        assert "Not saved It counts as reached." in told
        assert "Save how it ended" not in told
        assert len(links) == 1

    with database.transaction() as session:
        says_how_it_ended(session, session.get_one(Callback, callback.id), now)
    assert "Reached" in finished(liaison)[1][0]
    assert "Not saved" not in finished(liaison)[1][0]


def test_liaison_finds_what_they_finished_today_by_time_reason_and_outcome_and_no_number(
    liaison: Member, database: Database, clock: Clock
) -> None:
    now = clock()
    assert not liaison.opens("/console/shift").reads("Finished today")
    with database.transaction() as session:
        for reason, outcome, ago in (("about_court", "message_left", 40), ("afraid", "reached", 10)):
            talking = now - timedelta(minutes=ago)
            over = talking + timedelta(minutes=5)
            done = make_callback(
                session, make_case(session), state="reached", staff_id=liaison.staff_id, reason=reason,
                requested_at=talking, talking_at=talking, closed_at=over, outcome=outcome,
            )  # fmt: skip
            says_how_it_ended(session, done, over)
        earlier = now - timedelta(days=1)
        make_callback(
            session, make_case(session), state="reached", staff_id=liaison.staff_id, reason="lost_pin",
            talking_at=earlier, closed_at=earlier, outcome="reached",
        )  # fmt: skip
        last = done.id

    liaison.opens("/console/shift")

    rows = liaison.page.xpath("//table[caption[normalize-space()='Finished today']]/tbody/tr")
    told = [" ".join(row.text_content().split()) for row in rows]
    assert [("Afraid" in one, "Reached" in one, "9:55" in one) for one in told] == [
        (True, True, True), (False, False, False),
    ]  # fmt: skip
    assert "About the court" in told[1]
    assert "Message left" in told[1]
    assert not any("202" in one or "•" in one for one in told)
    assert rows[0].xpath(".//a/@href") == [f"/console/callbacks/{last}"]


@pytest.mark.parametrize(("outcome", "kept"), [("reached", 1), ("nobody_there", 0), ("wrong_person", 0)])
def test_call_whose_person_did_not_get_it_is_a_talk_and_not_a_kept_callback(
    liaison: Member, database: Database, clock: Clock, outcome: str, kept: int
) -> None:
    talking = clock() - timedelta(minutes=20)
    with database.transaction() as session:
        make_callback(
            session, make_case(session), state="reached", staff_id=liaison.staff_id, talking_at=talking,
            closed_at=talking + timedelta(minutes=5), outcome=outcome,
        )  # fmt: skip

    liaison.opens("/console/shift")

    assert liaison.reads("Calls1", f"Callbacks reached{kept}")


def test_talk_that_was_handed_over_and_one_at_0_are_talks_of_today(
    staff: Any, database: Database, clock: Clock
) -> None:
    ana, luis, now = staff(), staff(), clock()
    talking, handed, over = (now - timedelta(minutes=minutes) for minutes in (30, 20, 8))
    with database.transaction() as session:
        talk = make_callback(
            session, make_case(session), state="reached", staff_id=luis.staff_id, outcome="reached",
            requested_at=talking, talking_at=talking, closed_at=over,
        )  # fmt: skip
        for who, accepted, ended in ((ana, talking, handed), (luis, handed, over)):
            make_call(
                session, direction="outbound", role="liaison", callback_id=talk.id,
                staff_id=who.staff_id, started_at=talking, accepted_at=accepted, ended_at=ended,
            )  # fmt: skip
        caller = make_call(session)
        leg = make_call(
            session, direction="outbound", role="liaison_at_0", parent_call_id=caller.id,
            staff_id=ana.staff_id, started_at=over, accepted_at=over, ended_at=now,
        )  # fmt: skip
        at_0 = begin_talk(
            session,
            caller_call_id=caller.id,
            leader_call_id=leg.id,
            staff_id=ana.staff_id,
            language="en",
            now=over,
        )
        close(session, at_0, "carrier", now)

    assert ana.signs_in().opens("/console/shift").reads("Calls2", "Callbacks reached1", "Minutes in calls18")
    assert luis.signs_in().opens("/console/shift").reads("Calls1", "Callbacks reached1", "Minutes in calls12")


def test_break_begins_and_ends_by_a_click(staff: Any, database: Database) -> None:
    liaison = staff(on_shift=True).signs_in()
    liaison.opens("/console/shift").clicks("Take a 10-minute break")
    assert liaison.reads("You are on a break until 10:10")
    assert row(database, liaison).resting_until is not None
    liaison.clicks("End break")
    assert row(database, liaison).resting_until is None
    assert actions(database)[-2:] == ["rest", "end_rest"]


@pytest.mark.parametrize(
    ("role", "on_call", "offered"),
    [("liaison", False, False), ("liaison", True, True), ("supervisor", False, True)],
)
def test_break_is_offered_off_shift_only_to_those_whom_the_line_may_call(
    staff: Any, database: Database, role: str, on_call: bool, offered: bool
) -> None:
    """A liaison off shift who took one read "On a break until 10:10 AM", and waited for calls after it."""
    person = staff(role).signs_in()
    with database.transaction() as session:
        session.get_one(Staff, person.staff_id).on_call = on_call

    assert ("Take a 10-minute break" in person.opens("/console/shift").buttons) == offered


def test_staff_add_and_remove_their_own_days_away_and_nobody_elses(
    staff: Any, database: Database, clock: Clock
) -> None:
    ana, luis = staff().signs_in(), staff().signs_in()
    ana.opens("/console/shift").fills(first_day="2026-11-24", last_day="").clicks("Add absence")
    assert ana.reads("Enter a first day that is today or later.")
    ana.fills(first_day="2026-12-24", last_day="2026-12-20").clicks("Add absence")
    assert ana.reads("The last day is before the first.")
    ana.fills(first_day="2026-12-24", last_day="2029-12-26").clicks("Add absence")
    assert ana.reads("This day is more than two years away. Enter an earlier day.")
    assert "The last day is before the first." not in ana.text
    ana.fills(first_day="2029-12-24", last_day="").clicks("Add absence")
    assert ana.reads("This day is more than two years away. Enter an earlier day.")
    ana.fills(first_day="2026-12-24", last_day="2026-12-26").clicks("Add absence")
    assert ana.reads("Absence added.", "Dec 24, 2026 – Dec 26, 2026")
    with database.reading() as session:
        (absence_id,) = session.scalars(select(Absence.id))

    luis.opens("/console/shift")
    luis.sends(f"/console/shift/absences/{absence_id}/remove", {"csrf_token": luis.token})
    assert luis.reads("You have no such absence.")
    ana.opens("/console/shift").clicks("Remove")
    assert ana.reads("Absence removed.")
    with database.reading() as session:
        assert session.scalars(select(Absence.id)).all() == []


def test_liaison_whose_phone_the_carrier_refuses_reads_so_until_they_enter_another(
    administrator: Member, staff: Any, database: Database, clock: Clock
) -> None:
    ana = staff(name="Ana Demo", on_shift=True).signs_in()
    staff(phone="+12025550190")
    with database.transaction() as session:
        session.get_one(Staff, ana.staff_id).spared_until = clock() + timedelta(minutes=4)
    assert ana.opens("/console/shift").reads("The carrier refuses calls to your phone")
    assert administrator.opens("/console/staff").reads("phone refused")

    ana.opens("/console/shift").fills(phone="202 555 0190", kind="office").clicks("Save phone")

    assert ana.reads("Phone saved. The line calls it from now on.")
    assert not ana.reads("The carrier refuses calls to your phone")
    assert row(database, ana).spared_until is None
