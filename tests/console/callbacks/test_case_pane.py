"""The case beside an open talk: to whom it opens, and what it shows (R37)."""

from datetime import UTC, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from models import Case
from models.cases.registrant import Consent, Phone
from models.store.database import Database
from tests.console.callbacks.office import Office
from tests.console.callbacks.test_talks_at_0 import begins
from tests.console.callbacks.test_words import recognizes
from tests.console.conftest import Clock, Member, words
from tests.factories import make_case

PHONE_WORDS = "Agreed on"


def has_phone(office_rows: Office, callback_id: int, clock: Clock) -> None:
    """The person of this callback has agreed to be called, and one of their phones is unsafe."""
    with office_rows.database.transaction() as session:
        case_id = office_rows.row(callback_id).case_id
        case = make_case(session, phone="+12025550155")
        phone = session.scalars(select(Phone).where(Phone.registrant_id == case.registrant_id)).first()
        assert phone is not None
        phone.unsafe_since = clock()
        phone.window_starts, phone.window_ends = time(9), time(12, 30)
        session.add(
            Consent(
                phone_id=phone.id, channel="voice", words="You may call me here.", cap_per_day=3,
                granted_at=clock(),
            )
        )  # fmt: skip
        registrant_id = session.get_one(Case, case_id).registrant_id
        phone.registrant_id = registrant_id


def test_recognition_opens_the_case_beside_the_talk_without_its_number(
    liaison: Member, office_rows: Office, clock: Clock
) -> None:
    callback_id = office_rows.promises()
    has_phone(office_rows, callback_id, clock)
    office_rows.talks(callback_id, liaison.staff_id)
    liaison.opens(f"/console/callbacks/{callback_id}")
    assert not any(word in liaison.words for word in ("Unsafe", PHONE_WORDS, "Open the page of the case"))

    recognizes(liaison, callback_id)

    assert liaison.reads("•••• 55", "Unsafe", PHONE_WORDS, "You may call me here.", "What may be said")
    assert liaison.reads("9 AM to 12:30 PM, where they are")
    assert len(office_rows.entries("look_at_case")) == 1
    case_id = office_rows.row(callback_id).case_id
    assert f"/console/cases/{case_id}" in liaison.links.values()
    liaison.clicks("Open the page of the case")
    assert liaison.path == f"/console/cases/{case_id}"


def test_case_beside_a_talk_is_closed_to_everyone_else_and_when_its_time_is_over(
    staff: Any, office_rows: Office, clock: Clock
) -> None:
    ana, luis = staff().signs_in(), staff().signs_in()
    callback_id = office_rows.promises()
    has_phone(office_rows, callback_id, clock)
    office_rows.talks(callback_id, ana.staff_id)
    recognizes(ana, callback_id)

    for other in (luis, staff("supervisor").signs_in()):
        for path in (f"/console/callbacks/{callback_id}", f"/console/callbacks/{callback_id}/part"):
            assert PHONE_WORDS not in other.opens(path).words
    office_rows.becomes(callback_id, state="reached", outcome="reached", closed_at=clock())
    assert ana.opens(f"/console/callbacks/{callback_id}").reads(PHONE_WORDS)
    clock.goes_on(minutes=16)
    assert PHONE_WORDS not in ana.opens(f"/console/callbacks/{callback_id}").words


def test_case_of_a_caller_at_0_is_beside_the_talk_once_its_leader_has_looked(
    staff: Any, office_rows: Office, clock: Clock, database: Database
) -> None:
    ana = staff(name="Ana Demo").signs_in()
    with database.transaction() as session:
        case_id = make_case(session, "in_custody", as_of=clock(), phone="+12025550155").id
    page = begins(office_rows, ana, case_id=case_id, verified_at=clock())
    assert "•••• 55" not in ana.opens(page).words
    assert "Needs an interpreter." not in ana.words

    ana.clicks("Show what may be said")

    assert ana.reads("•••• 55", "in custody")
    ana.opens(page)
    assert ana.reads("•••• 55", "in custody")
    assert len(office_rows.entries("look_at_case")) == 1


def test_phones_of_a_case_and_agencies_are_called_beside_its_talk_once_that_is_over(
    staff: Any, office_rows: Office, clock: Clock, database: Database
) -> None:
    ana = staff(on_shift=True).signs_in()
    callback_id = office_rows.promises()
    has_phone(office_rows, callback_id, clock)
    with database.transaction() as session:
        session.scalars(select(Phone)).one().unsafe_since = None
    office_rows.talks(callback_id, ana.staff_id)
    recognizes(ana, callback_id)
    assert not {"Call this phone", "Call agency"} & set(ana.buttons), "their phone is in the talk"

    office_rows.becomes(callback_id, state="reached", outcome="reached", closed_at=clock())
    here = f"/console/callbacks/{callback_id}"
    assert {"Call this phone", "Call agency", "Call interpreter"} <= set(ana.opens(here).buttons)
    case_id = office_rows.row(callback_id).case_id
    ana.sends(f"/console/cases/{case_id}/call-out", {"csrf_token": ana.token, "party": "service:crisis"})
    assert ana.path == here
    assert ana.reads("You asked for the call.", "accept to call the suicide and crisis line")

    ana.clicks("Call this phone")
    assert ana.path == here
    assert ana.reads("Your phone is already on a call with us.")
    ana.clicks("End call")
    ana.opens(here).clicks("Call this phone")
    assert ana.path != here
    assert ana.reads("staff began this call")


def test_caller_at_0_who_needed_an_interpreter_before_is_shown_so_to_the_leader_alone(
    staff: Any, office_rows: Office, clock: Clock, database: Database
) -> None:
    ana = staff(name="Ana Demo").signs_in()
    done = office_rows.promises(
        state="reached", outcome="reached", talking_at=clock(), closed_at=clock(), staff_id=ana.staff_id,
        rank=None,
    )  # fmt: skip
    ana.opens(f"/console/callbacks/{done}").fills(outcome="reached", interpreter="1").clicks("Save outcome")
    case_id = office_rows.row(done).case_id
    page = begins(office_rows, ana, case_id=case_id, verified_at=clock())

    assert ana.opens(page).reads("Needs an interpreter.")
    assert "Needs an interpreter." not in staff("supervisor").signs_in().opens(page).words


def test_end_of_a_day_is_said_in_the_list_beside_the_talk_and_in_a_refusal_as_callers_hear_it(
    liaison: Member, office_rows: Office, clock: Clock
) -> None:
    today = (
        clock().astimezone(ZoneInfo("America/New_York")).replace(hour=0, minute=0, second=0, microsecond=0)
    )
    callback_id = office_rows.promises(due_at=(today + timedelta(days=2)).astimezone(UTC))

    page = liaison.opens(f"/console/callbacks/{callback_id}").page

    for pane in ("list", "case"):
        assert "tomorrow 11:59 PM" in words(page.get_element_by_id(pane)).replace(
            "\N{NARROW NO-BREAK SPACE}", " "
        )
    office_rows.becomes(callback_id, next_attempt_at=clock() + timedelta(minutes=5))
    liaison.fills(reason="person_asked").clicks("Cancel callback")
    assert liaison.reads("This callback has changed", "it is due by Nov 26, 2026, 11:59")


def test_phone_is_marked_unsafe_beside_the_talk_and_only_by_whom_the_case_is_open_to(
    staff: Any, office_rows: Office, clock: Clock
) -> None:
    ana, luis = staff().signs_in(), staff().signs_in()
    callback_id = office_rows.promises()
    office_rows.talks(callback_id, ana.staff_id)
    case_id = office_rows.row(callback_id).case_id
    with office_rows.database.transaction() as session:
        other = make_case(session, phone="+12025550156")
        phone = session.scalars(select(Phone).where(Phone.registrant_id == other.registrant_id)).one()
        phone.registrant_id = session.get_one(Case, case_id).registrant_id
        phone_id = phone.id
    assert "Unsafe: stop calling it" not in ana.opens(f"/console/callbacks/{callback_id}").buttons
    recognizes(ana, callback_id)

    luis.opens("/console/callbacks")
    luis.sends(f"/console/cases/{case_id}/phones/{phone_id}/unsafe", {"csrf_token": luis.token})
    assert luis.reads("This case is not open to you.")
    assert not _is_unsafe(office_rows, phone_id)
    ana.clicks("Unsafe: stop calling it")

    assert ana.path == f"/console/callbacks/{callback_id}"
    assert ana.reads("•••• 56", "Unsafe")
    assert "Unsafe: stop calling it" not in ana.buttons
    assert _is_unsafe(office_rows, phone_id)


def test_phone_is_added_and_a_pin_is_asked_for_from_the_case_beside_the_talk(
    liaison: Member, office_rows: Office, clock: Clock
) -> None:
    callback_id = office_rows.promises()
    office_rows.talks(callback_id, liaison.staff_id)
    recognizes(liaison, callback_id)
    case_id = office_rows.row(callback_id).case_id

    assert liaison.links["Ask for a PIN"] == f"/console/cases/{case_id}/pin"
    liaison.fills(phone="(202) 555-0157").clicks("Add the phone")

    assert liaison.path.startswith(f"/console/cases/{case_id}/phones/")
    assert liaison.reads("The phone is on the list. It is called once it is confirmed.")
    liaison.opens(f"/console/callbacks/{callback_id}")
    assert liaison.reads("•••• 57", "Not confirmed")


def _is_unsafe(office_rows: Office, phone_id: int) -> bool:
    with office_rows.database.reading() as session:
        return session.get_one(Phone, phone_id).unsafe_since is not None
