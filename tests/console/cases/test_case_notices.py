"""Notices on the page of a case: registering, in the words read to the person, and what became of each."""

from datetime import time, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from models import AuditEntry, Case, Notice, Registration
from models.cases.registrant import Consent, Phone
from models.cases.subject import find_or_add_subject
from models.notices.notice_phones import allowed_phones
from models.overview.phone_list import mark_unsafe
from models.overview.phone_stop import lift_stop
from models.store.database import Database
from tests.console.case_pages import PHONE, kept_case, more_phones, verifies
from tests.console.conftest import Member, words
from tests.factories import (
    NOW,
    MadeCase,
    make_case,
    make_event,
    make_notice,
    make_policies,
    make_registration,
)
from tests.models.staff.staff_people import someone

CAUTION = "We may not be able to tell you of every change. No call does not mean no change."


def registers(person: Member, case: MadeCase, code: str = "2593", **answers: Any) -> Member:
    """Open the case, ask the questions, read the words aloud and save."""
    verifies(person, case).clicks("Register for notices")
    person.fills(**{"nights": "yes", **answers}).clicks("Read it to them")
    assert person.heading == "Read this to the person", person.words
    if answers.get("opens") != "key":
        person.fills(code=code)
    return person.clicks("They agree: save")


def make_told(database: Database, case: MadeCase, kind: str = "released", **facts: Any) -> int:
    """A notice of this case; returns its id."""
    with database.transaction() as session:
        registration = session.scalars(select(Registration)).first() or make_registration(session, case)
        event = make_event(session, case.subject_id, kind)
        return make_notice(session, registration, event, **facts).id


def test_person_is_registered_in_the_words_read_to_them_with_the_safest_answers(
    liaison: Member, database: Database
) -> None:
    case = kept_case(database)

    registers(liaison, case)

    assert "Saved. We will call this person when something changes." in liaison.words
    assert "Registered" in liaison.words
    assert "Notice code" in liaison.words
    assert CAUTION in liaison.words
    assert "2593" not in liaison.words
    with database.reading() as session:
        made = session.scalars(select(Registration)).one()
        assert (made.state, made.made_by[:6]) == ("standing", "staff:")
        consent = session.scalars(select(Consent).where(Consent.registration_id == made.id)).one()
        assert consent.words.startswith("We will call your phone when something changes. If they get out,")
        assert (consent.channel, consent.withdrawn_at) == ("voice", None)
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "register_for_notices")).one()
        assert "2593" not in str(entry.facts)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (None, "We will leave no message. A machine may record our first words. We will send no text."),
        ("please_call", "We may leave a message that asks you to call us. We will send no text."),
        ("we_call_again", "We may leave a message that says we will call again."),
        ("hello", "We may leave a message with only our name: the information line."),
    ],
)
def test_person_agrees_to_the_message_that_calls_about_changes_leave(
    liaison: Member, database: Database, message: str | None, said: str
) -> None:
    """A machine at home may play it to anybody; "We will send no text" alone sounded like nothing."""
    case = kept_case(database)
    with database.transaction() as session:
        allowed = {"voicemail_allowed": message is not None, "voicemail_text": message}
        session.execute(update(Phone).values(**allowed))

    registers(liaison, case)

    with database.reading() as session:
        assert (
            said in session.scalars(select(Consent.words).where(Consent.registration_id.is_not(None))).one()
        )


def test_person_agrees_to_a_message_on_one_of_two_phones(liaison: Member, database: Database) -> None:
    case = kept_case(database)
    with database.transaction() as session:
        more_phones(session, case, range(2, 3))
        first, second = session.scalars(select(Phone).order_by(Phone.position)).all()
        second.voicemail_allowed, second.voicemail_text = True, "please_call"
        phones = [str(first.id), str(second.id)]

    registers(liaison, case, phones=phones)

    assert (
        "We may leave a message only on phones where you allowed it."
        " On the others, a machine may record our first words."
    ) in liaison.words


def test_phone_that_is_added_leaves_no_message_where_the_others_leave_none(
    liaison: Member, database: Database
) -> None:
    case = kept_case(database)
    with database.transaction() as session:
        more_phones(session, case, range(2, 3))
        first, second = session.scalars(select(Phone).order_by(Phone.position)).all()
        second.voicemail_allowed, second.voicemail_text = True, "please_call"
        phones = [str(first.id), str(second.id)]
    registers(liaison, case, phones=phones[:1])

    liaison.clicks("Change registration").fills(phones=phones).clicks("Read it to them")
    assert "We will leave no message. A machine may record our first words." in liaison.words
    liaison.clicks("They agree: save")

    with database.reading() as session:
        assert not any(session.scalars(select(Phone.voicemail_allowed)).all())


@pytest.mark.parametrize("code", ["1234", "25", "abcd", "0110"])
def test_code_that_is_easy_to_guess_or_no_code_is_asked_again(
    liaison: Member, database: Database, code: str
) -> None:
    case = kept_case(database)

    registers(liaison, case, code)

    assert liaison.heading == "Read this to the person"
    assert "Code: " in liaison.words
    with database.reading() as session:
        assert session.scalars(select(Registration)).all() == []


def test_key_alone_is_refused_for_a_phone_that_only_the_person_answers(
    liaison: Member, database: Database
) -> None:
    registers(liaison, kept_case(database), opens="key")

    assert "without a code, anyone who answers hears the news" in liaison.words
    with database.reading() as session:
        assert session.scalars(select(Registration)).all() == []


def test_registration_is_changed_and_keeps_its_code(liaison: Member, database: Database) -> None:
    case = kept_case(database)
    registers(liaison, case)
    with database.reading() as session:
        before = session.scalars(select(Registration.code_key)).one()

    liaison.clicks("Change registration").fills(cap="3", nights="no").clicks("Read it to them")
    liaison.clicks("They agree: save")

    assert "We will not call at night. When we call, we will first ask for your call code." in liaison.words
    assert "We will call at most 3 times a day." in liaison.words
    liaison.clicks("Change registration").fills(cap="1", nights="no").clicks("Read it to them")
    assert "We will call at most once a day." in liaison.words
    with database.reading() as session:
        assert session.scalars(select(Registration.code_key)).one() == before


def test_person_who_takes_one_answer_back_is_asked_again_with_the_others_as_they_gave_them(
    liaison: Member, database: Database
) -> None:
    case = kept_case(database)
    with database.transaction() as session:
        more_phones(session, case, range(2, 4))
        phones = [str(one) for one in session.scalars(select(Phone.id).order_by(Phone.position))]
    verifies(liaison, case).clicks("Register for notices")
    liaison.fills(phones=phones[1:], nights="no", cap="2", by_text="1").clicks("Read it to them")
    assert liaison.reads("We will not call at night.", "at most 2 times a day", "We may send a text")

    liaison.clicks("Change the answers")
    assert liaison.heading == "Calls about changes"
    liaison.fills(cap="3").clicks("Read it to them")

    assert liaison.reads("We will not call at night.", "at most 3 times a day", "We may send a text")
    liaison.fills(code="2593").clicks("They agree: save")
    with database.reading() as session:
        agreed = session.scalars(select(Consent).where(Consent.registration_id.is_not(None))).all()
        assert {str(one.phone_id) for one in agreed} == set(phones[1:])
        assert session.get_one(Phone, int(phones[1])).night_allowed is False


def test_page_of_notices_leads_to_the_phone_that_a_case_lacks(liaison: Member, database: Database) -> None:
    case = kept_case(database, phone=None)
    verifies(liaison, case).clicks("Register for notices")
    assert liaison.reads("The case has no confirmed, safe phone yet.")

    liaison.clicks("Add a phone")
    assert liaison.heading == "Add a phone"
    liaison.fills(phone="(202) 555-0157").clicks("Add the phone")

    liaison.opens(f"/console/cases/{case.id}").clicks("Register for notices")
    liaison.clicks("Confirm the phone ending in 57")
    assert liaison.reads("Get a code")


def test_nobody_answers_for_the_person_whether_to_call_at_night(liaison: Member, database: Database) -> None:
    verifies(liaison, kept_case(database)).clicks("Register for notices")
    assert liaison.page.xpath("//input[@name='nights'][@checked]") == []

    liaison.clicks("Read it to them")

    assert liaison.heading == "Calls about changes"
    assert liaison.reads("Calls at night: choose one.")


@pytest.mark.parametrize(
    ("nights", "when"),
    [
        (
            "yes",
            "If they get out, we will call at any hour. "
            "For other changes, we will call only from 8 AM to 12 PM.",
        ),
        ("no", "We will call only from 8 AM to 12 PM. We will not call at night."),
    ],
)
def test_person_agrees_to_the_hours_that_were_chosen_before_and_to_calls_without_limit(
    liaison: Member, database: Database, nights: str, when: str
) -> None:
    case = kept_case(database)
    with database.transaction() as session:
        session.execute(update(Phone).values(window_starts=time(8), window_ends=time(12)))

    registers(liaison, case, nights=nights, cap="48")

    assert when in liaison.words
    assert "You set no limit on calls in a day." in liaison.words
    assert "48 times" not in liaison.words


def test_person_agrees_to_the_hours_of_each_phone_if_they_differ(liaison: Member, database: Database) -> None:
    case = kept_case(database, language="es")
    with database.transaction() as session:
        more_phones(session, case, range(2, 3))
        late = {"window_starts": time(17, 30), "window_ends": time(21)}
        session.execute(update(Phone).where(Phone.position == 2).values(**late))
        phones = [str(one) for one in session.scalars(select(Phone.id).order_by(Phone.position))]

    registers(liaison, case, phones=phones, nights="no")

    assert "Cada teléfono tiene su horario: cualquier hora del día, 5:30" in liaison.words
    assert "No llamaremos de noche." in liaison.words


def test_new_phone_is_chosen_for_a_registration_whose_phone_is_unsafe_and_keeps_the_rest(
    liaison: Member, database: Database
) -> None:
    case = kept_case(database)
    registers(liaison, case, cap="5", nights="no")
    with database.transaction() as session:
        before = session.scalars(select(Registration.code_key)).one()
        unsafe = session.scalars(select(Phone.id)).one()
        found = session.get_one(Case, case.id)
        mark_unsafe(session, someone(session), found, unsafe, NOW, make_policies())
        more_phones(session, case, range(2, 3))
        new = session.scalars(select(Phone.id).where(Phone.id != unsafe)).one()

    liaison.opens(f"/console/cases/{case.id}")
    assert liaison.reads("No phone is called when something changes. Ask the person which phone to call")
    assert liaison.reads("At nightNo", "Calls a day, at most5")
    liaison.clicks("Change registration").fills(phones=str(new)).clicks("Read it to them")
    assert liaison.reads("We will not call at night", "at most 5 times a day")
    liaison.clicks("They agree: save")

    assert liaison.reads("Saved. We will call this person when something changes.")
    assert not liaison.reads("No phone is called when something changes.")
    with database.reading() as session:
        assert session.scalars(select(Registration.code_key)).one() == before
        standing = select(Consent).where(Consent.registration_id.is_not(None), Consent.withdrawn_at.is_(None))
        consent = session.scalars(standing).one()
        assert (consent.phone_id, consent.cap_per_day) == (new, 5)


def test_phone_that_said_stop_stays_in_a_changed_registration_and_is_not_called(
    liaison: Member, database: Database
) -> None:
    case = kept_case(database)
    with database.transaction() as session:
        more_phones(session, case, range(2, 3))
        first, second = session.scalars(select(Phone.id).order_by(Phone.position)).all()
    registers(liaison, case, phones=[str(first), str(second)])
    with database.transaction() as session:
        session.execute(update(Phone).where(Phone.id == second).values(stopped_at=NOW))

    liaison.opens(f"/console/cases/{case.id}")
    assert liaison.reads("Phones•••• 10, •••• 02 (stopped)")
    liaison.clicks("Change registration")
    assert liaison.reads("Phone ending in 02: stopped. It is called again only after its stop is lifted.")
    liaison.fills(cap="5").clicks("Read it to them")
    assert liaison.reads("We will call your phone when something changes.")
    assert not liaison.reads("your phones")
    liaison.clicks("They agree: save")

    assert liaison.reads("Saved.", "Phones•••• 10, •••• 02 (stopped)", "Calls a day, at most5")
    escape = make_told(database, case, "escaped")
    assert called_about(database, case, escape) == [first]
    with database.transaction() as session:
        lift_stop(session, session.get_one(Phone, second), "sms", NOW)
    assert called_about(database, case, escape) == [first, second]


def test_registration_with_no_phone_but_a_stopped_one_is_not_saved(
    liaison: Member, database: Database
) -> None:
    case = kept_case(database)
    with database.transaction() as session:
        more_phones(session, case, range(2, 3))
        first, second = session.scalars(select(Phone.id).order_by(Phone.position)).all()
    registers(liaison, case, phones=[str(first), str(second)])
    with database.transaction() as session:
        session.execute(update(Phone).where(Phone.id == second).values(stopped_at=NOW))

    liaison.clicks("Change registration").fills(phones=str(second)).clicks("Read it to them")

    assert liaison.heading == "Calls about changes"
    assert liaison.reads("Phones: choose only confirmed, safe phones of this person.")


def called_about(database: Database, case: MadeCase, notice_id: int) -> list[int]:
    """The phones that may ring for a notice now."""
    with database.reading() as session:
        phones = allowed_phones(session, notice_id, case.registrant_id, NOW, lambda _number: True, 3)
        return [one.phone_id for one in phones]


def test_person_agrees_for_an_added_phone_to_the_hours_that_it_gets(
    liaison: Member, database: Database
) -> None:
    case = kept_case(database)
    with database.transaction() as session:
        more_phones(session, case, range(2, 3))
        first, second = session.scalars(select(Phone.id).order_by(Phone.position)).all()
        session.execute(
            update(Phone).where(Phone.id == first).values(window_starts=time(17), window_ends=time(21))
        )
    registers(liaison, case, phones=str(first), nights="no")

    liaison.clicks("Change registration").fills(phones=[str(first), str(second)]).clicks("Read it to them")
    assert liaison.reads("We will call only from 5 PM to 9 PM.", "We will not call at night.")
    liaison.clicks("They agree: save")

    assert liaison.reads("We will call only from 5 PM to 9 PM. We will not call at night.")
    with database.reading() as session:
        added = session.get_one(Phone, second)
        assert (added.window_starts, added.window_ends) == (time(17), time(21))


def test_person_is_told_when_calls_to_their_new_phone_begin(liaison: Member, database: Database) -> None:
    case = kept_case(database)
    with database.transaction() as session:
        session.execute(update(Phone).values(content_held_until=NOW + timedelta(hours=72)))

    verifies(liaison, case).clicks("Register for notices")
    liaison.fills(nights="yes").clicks("Read it to them")
    held = "Calls to a new phone begin on November 28, 2026, 10 AM."
    assert liaison.reads("We will call your phone when something changes.", held)
    liaison.fills(code="2593").clicks("They agree: save")

    assert liaison.reads("Saved. We call about no change before Nov 28, 2026, 10:00 AM.", held)


def test_person_who_changes_paused_calls_is_told_when_they_begin_again(
    liaison: Member, database: Database
) -> None:
    case = kept_case(database)
    registers(liaison, case)
    liaison.fills(until=f"{NOW + timedelta(days=6):%Y-%m-%d}").clicks("Pause notices")

    liaison.clicks("Change registration").fills(cap="3", nights="no").clicks("Read it to them")
    assert liaison.reads(
        "We will not call about changes for now. The calls begin again on December 2, 2026.",
        "After that, this is how we will call.",
        "We will call your phone when something changes.",
    )
    liaison.clicks("They agree: save")

    assert liaison.reads("Saved. We call about no change before Dec 2, 2026, 12:00 AM.")


def test_nothing_is_saved_that_was_not_read_to_the_person(liaison: Member, database: Database) -> None:
    case = kept_case(database)
    verifies(liaison, case).clicks("Register for notices")
    liaison.fills(nights="no").clicks("Read it to them")
    assert liaison.reads("We will not call at night.")
    # Meanwhile somebody saves the hours of this phone on its own page.
    with database.transaction() as session:
        session.execute(update(Phone).values(window_starts=time(8), window_ends=time(12)))

    liaison.fills(code="2593").clicks("They agree: save")

    assert liaison.heading == "Read this to the person"
    assert liaison.reads("What they agree to has changed. Read it to them again.")
    assert liaison.reads("We will call only from 8 AM to 12 PM.")
    liaison.fills(code="2593").clicks("They agree: save")
    assert liaison.reads("Saved. We will call this person when something changes.")


def test_registration_is_paused_resumed_and_stopped_and_its_notices_stop_with_it(
    liaison: Member, database: Database
) -> None:
    case = kept_case(database, "released")
    registers(liaison, case)
    made = make_told(database, case)

    liaison.fills(until=f"{NOW + timedelta(days=7):%Y-%m-%d}").clicks("Pause notices")
    assert "The calls are paused." in liaison.words
    with database.reading() as session:
        assert session.get_one(Notice, made).outcome == "paused"
    liaison.clicks("End pause")
    assert "The pause is over." in liaison.words
    asks = liaison.page.xpath("//button[.='Stop notices']/ancestor::details[not(@open)]")[0]
    assert "nobody calls them when something changes, not even after an escape" in words(asks)
    liaison.clicks("Stop notices")

    # The browser goes to the notices, so what was done is said there.
    part = words(liaison.page.get_element_by_id("notices"))
    assert "Stopped. We do not call this person about changes." in part
    assert "Not registered" in part
    assert liaison.words.count("Stopped. We do not") == 1
    with database.reading() as session:
        assert session.scalars(select(Registration.state)).one() == "stopped"


def test_pause_of_more_than_thirty_days_is_refused(liaison: Member, database: Database) -> None:
    registers(liaison, kept_case(database))
    liaison.fills(until=f"{NOW + timedelta(days=40):%Y-%m-%d}").clicks("Pause notices")
    assert "Pause: choose a day within the next 30 days." in liaison.words


def test_staff_who_opened_the_case_by_a_search_register_and_stop_nothing(
    supervisor: Member, database: Database
) -> None:
    with database.transaction() as session:
        subject = find_or_add_subject(session, feed_id="S-1", name="Oren Pike", now=NOW)
        case = make_case(session, subject=subject, phone=PHONE)
        make_registration(session, case)
    supervisor.opens("/console/cases").fills(name="pike", reason="complaint").clicks("Search")
    supervisor.clicks("Open")
    assert "verify the person first" in supervisor.words
    assert "Stop notices" not in supervisor.words

    supervisor.sends(f"/console/cases/{case.id}/notices/stop", {"csrf_token": supervisor.token})

    with database.reading() as session:
        assert session.scalars(select(Registration.state)).one() == "standing"


def test_nothing_changes_while_phones_and_times_are_held_after_a_lost_pin(
    liaison: Member, database: Database
) -> None:
    case = kept_case(database)
    registers(liaison, case)
    with database.transaction() as session:
        session.execute(update(Case).values(changes_held_until=NOW + timedelta(hours=5)))

    liaison.sends(f"/console/cases/{case.id}/notices/stop", {"csrf_token": liaison.token})

    assert "Registrations, phones and times stay as they are until" in liaison.words
    with database.reading() as session:
        assert session.scalars(select(Registration.state)).one() == "standing"


def test_history_tells_news_that_may_be_said_or_was_heard_and_no_other(
    liaison: Member, database: Database
) -> None:
    case = kept_case(database, "released")
    made = make_told(database, case, state="left_for_staff", task="no_code", task_at=NOW, outcome="no_code")
    verifies(liaison, case)
    assert "Reach this person" in liaison.words
    assert "code problem" in liaison.words
    assert "released" in liaison.words.partition("Notices")[2]

    with database.transaction() as session:
        session.execute(update(Notice).values(state="stopped", outcome="gate"))
    liaison.opens(f"/console/cases/{case.id}")

    row = liaison.words.partition("How it ended")[2].partition("Call an agency")[0]
    assert "may not be said" in row
    assert "released" not in row
    assert made


def test_news_that_staff_told_is_confirmed_once_in_their_name(liaison: Member, database: Database) -> None:
    case = kept_case(database, "released")
    made = make_told(database, case, state="left_for_staff", task="cap", task_at=NOW, outcome="cap")
    verifies(liaison, case).clicks("They heard it from me")

    assert "Confirmed. Nobody is called about it any more." in liaison.words
    assert "told by staff" in liaison.words
    with database.reading() as session:
        notice = session.get_one(Notice, made)
        assert (notice.state, notice.confirmed_by) == ("confirmed", "staff")
    liaison.sends(f"/console/cases/{case.id}/notices/{made}/confirm", {"csrf_token": liaison.token})
    assert "This notice was confirmed or stopped already." in liaison.words


def test_notice_of_another_case_is_not_confirmed_here(liaison: Member, database: Database) -> None:
    case, other = kept_case(database, "released"), kept_case(database, "released", phone="+12025550187")
    made = make_told(database, other)
    verifies(liaison, case)
    liaison.sends(f"/console/cases/{case.id}/notices/{made}/confirm", {"csrf_token": liaison.token})
    assert "There is no such notice." in liaison.words
    with database.reading() as session:
        assert session.get_one(Notice, made).state == "waiting"


def test_two_phones_are_named_by_their_last_digits_alone(liaison: Member, database: Database) -> None:
    case = kept_case(database)
    with database.transaction() as session:
        more_phones(session, case, range(2, 4))
    verifies(liaison, case).clicks("Register for notices")
    assert "Phone ending in 10" in liaison.words
    assert "5550110" not in liaison.words
