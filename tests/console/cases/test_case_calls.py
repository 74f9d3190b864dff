"""Calls from the page of an open case: the phone of its reader rings first, then the other one (Legs)."""

from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from models import Callback, Callout, Case, Facility, Phone, Staff, Talk
from models.store.database import Database
from tests.console.case_pages import kept_case, verifies
from tests.console.conftest import Clock, Member, words
from tests.factories import MadeCase, make_callback, make_talk


@pytest.fixture
def case(liaison: Member, database: Database) -> MadeCase:
    """A case that is open to the liaison."""
    made = kept_case(database)
    verifies(liaison, made)
    return made


def callbacks(database: Database) -> list[tuple[str, str]]:
    with database.reading() as session:
        return [tuple(row) for row in session.execute(select(Callback.reason, Callback.state))]


def callouts(database: Database) -> list[tuple[str, str | None]]:
    with database.reading() as session:
        return [tuple(row) for row in session.execute(select(Callout.party, Callout.outcome))]


def parties(person: Member) -> list[str]:
    """Whom the page offers to call."""
    return [str(value) for value in person.page.xpath("//select[@name='party']/option/@value")]


def calls_out(person: Member, case: MadeCase, party: str) -> None:
    """Choose whom to call; two forms of the page have a field of this name."""
    person.sends(f"/console/cases/{case.id}/call-out", {"csrf_token": person.token, "party": party})


def test_button_beside_a_phone_of_an_open_case_calls_it(
    liaison: Member, case: MadeCase, database: Database
) -> None:
    liaison.clicks("Call this phone")

    assert liaison.reads("Accept on your phone, and the line calls the person.", "staff began this call")
    assert liaison.reads("Nobody gave it: staff called first.")
    assert callbacks(database) == [("staff_call", "ringing_liaison")]
    assert "+12025550110" not in liaison.text

    liaison.opens(f"/console/cases/{case.id}")
    assert liaison.reads("A phone of the case called")


def test_nobody_is_told_that_a_pin_was_right_when_staff_began_the_call(
    liaison: Member, case: MadeCase, database: Database, clock: Clock
) -> None:
    with database.transaction() as session:
        callback_id = make_callback(
            session, case, reason="staff_call", state="talking", staff_id=liaison.staff_id,
            talking_at=clock.now, recognized_by="last_call",
        ).id  # fmt: skip

    liaison.opens(f"/console/callbacks/{callback_id}")
    assert "Show what may be said" in liaison.links
    assert not liaison.reads("The PIN was right")


def test_case_that_is_promised_a_callback_shows_that_one_and_calls_nobody(
    liaison: Member, case: MadeCase, database: Database
) -> None:
    with database.transaction() as session:
        make_callback(session, case)

    liaison.clicks("Call this phone")

    assert liaison.reads("This case already has an open callback. Here it is.")
    assert callbacks(database) == [("asked", "requested")]


def test_phone_outside_its_hours_is_not_called_and_the_page_says_when_it_may_be(
    liaison: Member, case: MadeCase, database: Database
) -> None:
    with database.transaction() as session:
        session.execute(update(Phone).values(window_starts=time(3), window_ends=time(4)))

    liaison.clicks("Call this phone")

    assert liaison.reads("This person cannot be called now. Their next hours begin on")
    assert callbacks(database) == []


@pytest.mark.parametrize("mark", ["unsafe_since", "stopped_at"])
def test_phone_that_may_not_be_called_has_no_button_and_an_old_tab_is_refused(
    liaison: Member, case: MadeCase, database: Database, clock: Clock, mark: str
) -> None:
    with database.transaction() as session:
        session.execute(update(Phone).values({mark: clock.now}))
        phone_id = session.scalars(select(Phone.id)).one()

    liaison.opens(f"/console/cases/{case.id}")
    assert "Call this phone" not in liaison.buttons
    liaison.sends(f"/console/cases/{case.id}/phones/{phone_id}/call", {"csrf_token": liaison.token})

    assert liaison.reads("This phone cannot be called")
    assert callbacks(database) == []


def test_phone_of_a_case_that_is_not_open_to_the_reader_is_not_called(
    liaison: Member, database: Database
) -> None:
    made = kept_case(database)
    with database.reading() as session:
        registrant_id = session.get_one(Case, made.id).registrant_id
        phone_id = session.scalars(select(Phone.id).where(Phone.registrant_id == registrant_id)).one()

    liaison.opens("/console/cases")
    liaison.sends(f"/console/cases/{made.id}/phones/{phone_id}/call", {"csrf_token": liaison.token})

    assert liaison.reads("This case is not open to you.")
    assert callbacks(database) == []


def test_agency_of_the_directory_is_called_and_the_call_is_ended_in_the_bar(
    liaison: Member, case: MadeCase, database: Database
) -> None:
    liaison.opens(f"/console/cases/{case.id}")
    facility = next(one for one in parties(liaison) if one.startswith("facility:"))
    assert {"service:crisis", "interpreter:es"} <= set(parties(liaison))

    calls_out(liaison, case, facility)
    assert liaison.reads(
        "You asked for the call. Accept on your phone", "accept to call Stewart", "An agency called"
    )
    assert callouts(database) == [(facility, None)]

    liaison.clicks("End call")
    assert liaison.reads("The call is ended.")
    assert callouts(database) == [(facility, "ended")]
    assert "Call agency" in liaison.buttons


@pytest.mark.parametrize(
    "party",
    [
        "", "facility:999", "facility:x", "service:nobody", "interpreter:xx", "+12025550190",
        # Forged: more digits than an id can have, and a known id in another spelling.
        f"facility:{'9' * 30}", f"facility:{'9' * 5000}", f"facility:{'0' * 99}1", "facility:01",
    ],
)  # fmt: skip
def test_nobody_outside_the_directory_is_called(
    liaison: Member, case: MadeCase, database: Database, party: str
) -> None:
    calls_out(liaison, case, party)

    assert liaison.reads("Choose whom to call from the directory.")
    assert callouts(database) == []


@pytest.mark.parametrize("number", ["+19005550111", "+12025550100"])
def test_facility_whose_number_the_line_may_not_call_is_not_offered_and_not_called(
    liaison: Member, case: MadeCase, database: Database, number: str
) -> None:
    with database.transaction() as session:
        session.execute(update(Facility).values(phone=number))
        party = f"facility:{session.scalars(select(Facility.id)).one()}"

    liaison.opens(f"/console/cases/{case.id}")
    assert party not in parties(liaison)
    calls_out(liaison, case, party)

    assert callouts(database) == []


def test_agency_is_not_called_about_a_case_that_is_not_open_to_the_reader(
    liaison: Member, database: Database
) -> None:
    made = kept_case(database)

    liaison.opens("/console/cases")
    liaison.sends(
        f"/console/cases/{made.id}/call-out", {"csrf_token": liaison.token, "party": "service:crisis"}
    )

    assert liaison.reads("This case is not open to you.")
    assert callouts(database) == []


def test_case_says_by_when_a_call_was_promised_in_the_words_of_the_list(
    liaison: Member, case: MadeCase, database: Database, clock: Clock
) -> None:
    midnight = clock().astimezone(ZoneInfo("America/New_York")).replace(hour=0, minute=0, second=0)
    with database.transaction() as session:
        for days in (2, -1):
            make_callback(
                session, case, due_at=midnight + timedelta(days=days),
                state="requested" if days > 0 else "no_answer", closed_at=None if days > 0 else clock(),
            )  # fmt: skip

    page = liaison.opens(f"/console/cases/{case.id}").page

    rows = page.xpath("//table[caption[normalize-space()='Callbacks of this case']]/tbody/tr/td[2]")
    told = [words(one).replace("\N{NARROW NO-BREAK SPACE}", " ") for one in rows]
    assert sorted(told) == ["Nov 23, 11:59 PM", "tomorrow 11:59 PM"]


@pytest.fixture
def new_phone(liaison: Member, case: MadeCase) -> Member:
    """The liaison, before the page of a phone that they have just added and nobody has confirmed."""
    liaison.clicks("Add a phone").fills(phone="(202) 555-0111").clicks("Add the phone")
    return liaison


def code_on(person: Member) -> str:
    """The code that the page tells the liaison to say."""
    return str(person.page.xpath("//p[contains(@class, 'spoken-code')]")[0].text_content()).replace(" ", "")


def talks_on_new_phone(database: Database, clock: Clock) -> int:
    """Both have pressed their keys; the id of the callback."""
    with database.transaction() as session:
        row = session.scalars(select(Callback)).one()
        row.state, row.talking_at, row.recognized_by = "talking", clock.now, "spoken_code"
        make_talk(session, row)
        return row.id


def test_code_without_a_call_is_for_a_person_who_is_on_the_phone_already(new_phone: Member) -> None:
    assert new_phone.reads("Use “Get a code” only if you are talking with the person on this phone now.")

    assert new_phone.clicks("Español").reads(
        "Use «Obtener un código» solo si la persona habla con usted ahora por este teléfono."
    )


def test_line_calls_a_new_phone_so_that_staff_can_say_its_code(new_phone: Member, database: Database) -> None:
    new_phone.clicks("Call it with a code")

    assert new_phone.reads("Accept on your phone, and the line calls the person.", "Say only this code")
    assert callbacks(database) == [("staff_call", "ringing_liaison")]
    with database.reading() as session:
        called = database.keyring.unseal(
            "callback.number", session.scalars(select(Callback)).one().number_sealed
        )
    assert called == "+12025550111"
    assert called not in new_phone.text
    new_phone.fills(code=code_on(new_phone)).clicks("Confirm the phone")
    assert new_phone.reads("The phone is confirmed.")


def test_second_press_in_the_call_with_a_code_leaves_the_code_valid_and_its_field_on_the_page(
    new_phone: Member, database: Database
) -> None:
    new_phone.clicks("Call it with a code")
    code, page = code_on(new_phone), new_phone.path.rpartition("/")[0]
    assert "Call it with a new code" not in new_phone.buttons
    # Another tab still has the button.
    new_phone.opens(page).clicks("Call it with a code")

    assert new_phone.status == 422
    assert new_phone.reads("You are already calling this phone.")
    assert "Get a new code" in new_phone.buttons
    assert callbacks(database) == [("staff_call", "ringing_liaison")]
    new_phone.fills(code=code).clicks("Confirm the phone")
    assert new_phone.reads("The phone is confirmed.")


def test_liaison_who_missed_their_own_phone_calls_the_new_one_again_with_another_code(
    new_phone: Member, database: Database
) -> None:
    page = new_phone.path
    new_phone.clicks("Call it with a code")
    with database.transaction() as session:
        session.execute(update(Callback).values(state="claimed", liaison_call_id=None))
        session.execute(update(Staff).values(busy_call_id=None))

    new_phone.opens(page).clicks("Call it with a code")

    assert new_phone.reads("Accept on your phone, and the line calls the person.", "Say only this code")
    assert callbacks(database) == [("staff_call", "ringing_liaison")]


def test_nothing_of_the_case_is_said_on_a_new_phone_before_its_code_came_back(
    new_phone: Member, database: Database, clock: Clock
) -> None:
    new_phone.clicks("Call it with a code")
    callback_id, code = talks_on_new_phone(database, clock), code_on(new_phone)
    phone = new_phone.path.rpartition("/")[0]

    new_phone.opens(f"/console/callbacks/{callback_id}/words")
    assert new_phone.status == 403
    assert new_phone.reads("This phone is not confirmed. Say only its code there")
    assert not new_phone.reads("in custody")

    new_phone.sends(f"{phone}/confirm", {"csrf_token": new_phone.token, "code": code})
    assert new_phone.opens(f"/console/callbacks/{callback_id}/words").status == 200
    assert new_phone.reads("in custody")


def test_new_phone_at_which_nobody_answered_is_not_called_again_by_the_line(
    new_phone: Member, database: Database, clock: Clock
) -> None:
    new_phone.clicks("Call it with a code")
    callback_id = talks_on_new_phone(database, clock)
    with database.transaction() as session:
        row = session.get_one(Callback, callback_id)
        row.state, row.outcome, row.closed_at = "reached", "reached", clock.now
        talk = session.scalars(select(Talk)).one()
        talk.closed_at, talk.outcome = clock.now, "reached"

    new_phone.opens(f"/console/callbacks/{callback_id}")
    new_phone.fills(outcome="nobody_there").clicks("Save outcome")

    assert callbacks(database) == [("staff_call", "reached")]


def test_call_with_a_code_is_refused_outside_the_hours_of_the_phone_and_gives_no_code(
    new_phone: Member, database: Database
) -> None:
    with database.transaction() as session:
        session.execute(update(Phone).values(window_starts=time(3), window_ends=time(4)))

    new_phone.clicks("Call it with a code")

    assert new_phone.reads("This person cannot be called now. Their next hours begin on")
    assert not new_phone.reads("Say only this code")
    assert callbacks(database) == []


def test_unsafe_phone_gets_a_code_in_a_call_from_it_and_is_not_called(
    liaison: Member, case: MadeCase, database: Database, clock: Clock
) -> None:
    with database.transaction() as session:
        session.execute(update(Phone).values(unsafe_since=clock.now))
        phone_id = session.scalars(select(Phone.id)).one()

    page = f"/console/cases/{case.id}/phones/{phone_id}"
    liaison.opens(page)
    assert liaison.reads("We do not call this phone.", "Get a code")
    assert "Call it with a code" not in liaison.buttons
    liaison.sends(f"{page}/code-call", {"csrf_token": liaison.token})

    assert liaison.reads("This phone cannot be called")
    assert callbacks(database) == []
