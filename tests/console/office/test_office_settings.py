"""Office settings by the browser: what is saved, who is told, and what no browser changes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from config.office import Office
from config.settings import Settings
from hotline.console.office.prompt_words import GROUPS
from ivr_flows.prompts import Prompts
from models import AuditEntry, Callback
from models.audit.office_change import standing_changes
from models.store.database import Database
from tests.conftest import ON_BOTH
from tests.console.conftest import Clock, Member, words
from tests.factories import make_callback, make_facility
from tests.statements import sent_statements

WHY = "A storm is coming."
ANNOUNCED = {
    "text-en": "The office is closed on Friday.", "text-es": "La oficina cierra el viernes.",
    "first_day": "2026-11-25", "last_day": "2026-11-27",
}  # fmt: skip


@pytest.fixture
def office(settings: Settings) -> Office:
    """The shipped office with its own hours."""
    return Office.load(settings.office_file)


def standing(database: Database) -> dict[str, Any]:
    with database.reading() as session:
        return dict(standing_changes(session).values)


def test_reason_why_a_field_is_not_changed_is_in_the_language_of_the_page(administrator: Member) -> None:
    administrator.opens("/console/office/fixed").clicks("Español")

    assert administrator.reads("El nombre es parte de mensajes cuya duración se comprobó.")
    assert administrator.reads("adult: sí", "allow_facility: sí")
    assert ": yes" not in administrator.words


def test_language_has_no_capital_inside_a_spanish_line(staff: Any, administrator: Member) -> None:
    staff("liaison", languages=["en", "es"])
    administrator.opens("/console/office/announcements").clicks("Español")
    assert administrator.reads("Texto en inglés", "Texto en español")
    administrator.opens("/console/office/partners")
    assert administrator.reads("Nombre en inglés")
    administrator.opens("/console/staff")
    assert administrator.reads("Inglés, español")
    administrator.opens("/console/office/announcements").clicks("English")
    assert administrator.reads("Text in Spanish")


def test_policies_and_groups_of_prompts_are_named_in_the_language_of_the_page(administrator: Member) -> None:
    administrator.opens("/console/office/policies").clicks("Español")
    assert administrator.reads("Registro que se lee sin su antigüedad")

    administrator.opens("/console/prompts?step=status")
    assert administrator.reads("Noticia difícil", "Inicio de la llamada")
    assert not administrator.reads("Hard news")


def test_every_group_of_prompts_has_a_name() -> None:
    said = Prompts.load(["en", "es"]).languages.values()

    assert {name.split(".")[0] for one in said for name in one.texts} == set(GROUPS)


def test_administrator_changes_hours_and_the_line_has_them_at_once(
    app: Flask, administrator: Member, database: Database
) -> None:
    administrator.opens("/console/office/hours")
    administrator.fills(**{"hours-saturday": "09:00–12:00; 13:00-17:00", "reason": WHY}).clicks("Save hours")

    assert administrator.reads("Saved. The line uses it within ten seconds.", "changed here")
    assert standing(database) == {"hours.saturday": ["09:00-12:00", "13:00-17:00"]}
    assert len(app.extensions["hotline.current_line"]().office.hours["saturday"]) == 2
    with database.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "change_office")).one()
        assert (entry.actor, entry.facts) == (
            administrator.email, {"field": "hours.saturday", "change": 1, "back_to_file": False},
        )  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"hours-monday": "9 to 5", "reason": WHY}, "Hours of Monday must hold hours"),
        ({"hours-monday": "0001-01-01", "reason": WHY}, "Hours of Monday must hold hours"),
        ({"hours-monday": "09:00-17:00", "reason": " "}, "Say why you are changing this."),
        ({"hours-monday": "09:00-17:00", "reason": "Call Ana at 202 555 0123."}, "no phone, address"),
    ],
)
def test_value_that_does_not_fit_is_not_saved_and_stays_typed(
    administrator: Member, database: Database, fields: dict[str, str], told: str
) -> None:
    administrator.opens("/console/office/hours").fills(**fields).clicks("Save hours")

    assert administrator.status == 422
    assert administrator.reads("Not saved", told)
    assert administrator.value("hours-monday") == fields["hours-monday"]
    assert standing(database) == {}


def test_form_is_saved_whole_or_not_at_all(app: Flask, administrator: Member, database: Database) -> None:
    administrator.opens("/console/office/hours")
    administrator.fills(**{"hours-monday": "09:00-17:00", "hours-friday": "5 to 9", "reason": WHY})
    administrator.clicks("Save hours")

    assert administrator.reads("Hours of Friday must hold hours")
    assert standing(database) == {}
    administrator.fills(**{"hours-friday": "09:00-15:00", "reason": WHY}).clicks("Save hours")
    assert standing(database) == {"hours.monday": ["09:00-17:00"], "hours.friday": ["09:00-15:00"]}


def test_hours_that_fit_only_together_are_saved_together(administrator: Member, database: Database) -> None:
    days = ("monday", "tuesday", "wednesday", "thursday", "friday")
    administrator.opens("/console/office/hours")
    administrator.fills(**{f"hours-{day}": "" for day in days}, **{"hours-sunday": "10:00-12:00"}, reason=WHY)
    administrator.clicks("Save hours")

    assert standing(database) == {f"hours.{day}": [] for day in days} | {"hours.sunday": ["10:00-12:00"]}


def test_form_whose_other_day_was_changed_meanwhile_saves_nothing(
    staff: Any, administrator: Member, database: Database
) -> None:
    other = staff("administrator").signs_in()
    administrator.opens("/console/office/hours")
    other.opens("/console/office/hours")
    administrator.fills(**{"hours-friday": "09:00-15:00", "reason": WHY}).clicks("Save hours")

    other.fills(**{"hours-monday": "10:00-17:00", "reason": WHY}).clicks("Save hours")

    assert other.reads("Someone else has changed this meanwhile")
    assert standing(database) == {"hours.friday": ["09:00-15:00"]}


def test_second_of_two_administrators_is_told(staff: Any, administrator: Member, database: Database) -> None:
    other = staff("administrator").signs_in()
    administrator.opens("/console/office/hours")
    other.opens("/console/office/hours")
    administrator.fills(**{"hours-monday": "09:00-17:00", "reason": WHY}).clicks("Save hours")

    other.fills(**{"hours-monday": "10:00-17:00", "reason": WHY}).clicks("Save hours")

    assert other.status == 422
    assert other.reads("Someone else has changed this meanwhile")
    assert standing(database) == {"hours.monday": ["09:00-17:00"]}
    # The form has the newest version now, and what they typed.
    other.fills(reason=WHY).clicks("Save hours")
    assert standing(database) == {"hours.monday": ["10:00-17:00"]}


def test_second_try_undoes_nothing_of_the_others(
    staff: Any, administrator: Member, database: Database
) -> None:
    other = staff("administrator").signs_in()
    other.opens("/console/office/hours")
    administrator.opens("/console/office/hours")
    administrator.fills(**{"hours-monday": "09:00-17:00", "hours-friday": "09:00-15:00", "reason": WHY})
    administrator.clicks("Save hours")

    other.fills(**{"hours-monday": "10:00-17:00", "hours-saturday": "09:00-12:00", "reason": WHY})
    other.clicks("Save hours")

    assert (other.value("hours-monday"), other.value("hours-friday")) == ("10:00-17:00", "09:00-15:00")
    assert other.reads(
        "This also changed while you were editing: Monday, now: 09:00-17:00. Your text is still in the form"
    )
    other.clicks("Save hours")
    assert standing(database) == {
        "hours.monday": ["10:00-17:00"], "hours.friday": ["09:00-15:00"], "hours.saturday": ["09:00-12:00"],
    }  # fmt: skip


def test_administrator_reads_in_spanish_that_saving_replaces_the_change_of_a_colleague(
    staff: Any, administrator: Member
) -> None:
    other = staff("administrator").signs_in()
    other.opens("/console/office/hours").clicks("Español")
    administrator.opens("/console/office/hours")
    administrator.fills(**{"hours-monday": "09:00-17:00", "reason": WHY}).clicks("Save hours")

    other.fills(**{"hours-monday": "10:00-17:00", "reason": WHY}).clicks("Guardar horario")

    assert other.reads("Mientras tanto también se cambió esto:", "si lo guarda, reemplaza lo otro.")


def test_second_try_at_a_policy_keeps_the_basis_that_another_wrote(
    staff: Any, administrator: Member, database: Database
) -> None:
    other = staff("administrator").signs_in()
    for one in (other, administrator):
        one.opens("/console/office/policies/liaison_tries")
    administrator.fills(basis="A new basis.", reason=WHY).clicks("Save policy")

    other.fills(value="4", reason=WHY).clicks("Save policy").clicks("Save policy")

    held = standing(database)["policies.liaison_tries"]
    assert (held["value"], held["basis"]) == (4, "A new basis.")


def test_second_try_at_the_partner_lines_finds_each_line_at_its_new_place(
    staff: Any, administrator: Member, database: Database
) -> None:
    other = staff("administrator").signs_in()
    for one in (other, administrator):
        one.opens("/console/office/partners")
    before = [other.value(f"name-{n}-en") for n in range(4)]
    # The first line goes, so that all others move up, and the number of the last one is another.
    administrator.fills(**{"name-0-en": "", "name-0-es": "", "phone-0": "", "phone-3": "202 555 0170"})
    administrator.fills(reason=WHY).clicks("Save partner lines")

    other.fills(**{"phone-2": "202 555 0160", "phone-3": "202 555 0161", "reason": WHY})
    other.clicks("Save partner lines")

    assert other.reads(
        f"This also changed while you were editing: {before[3]}. Your text is still in the form"
    )
    other.clicks("Save partner lines")
    assert [(one["name"]["en"], one["phone"][-4:]) for one in standing(database)["services"]][1:] == [
        (before[2], "0160"), (before[3], "0161"),
    ]  # fmt: skip
    # A new line has a key of its own, even if a removed line had the same one.
    other.fills(**{"name-3-en": "legal help", "name-3-es": "ayuda legal", "phone-3": "988", "reason": WHY})
    assert other.clicks("Save partner lines").reads("Saved.")


def test_form_that_is_sent_twice_changes_once(administrator: Member, database: Database) -> None:
    administrator.opens("/console/office/closures")
    form = {"csrf_token": administrator.token, "which": "extra_closures", "day": "2026-12-24", "reason": WHY,
            "seen-holidays.extra_closures": "0"}  # fmt: skip

    administrator.sends("/console/office/closures", form)
    administrator.sends("/console/office/closures", form)

    assert administrator.reads("Someone else has changed this meanwhile")
    with database.reading() as session:
        assert standing_changes(session).version == 1


def test_closure_closes_the_office_and_is_taken_back(
    app: Flask, administrator: Member, database: Database, clock: Clock
) -> None:
    administrator.opens("/console/office/closures")
    assert administrator.reads(
        "From the calendar of this place: United States.", "Thu, Nov 26, 2026 · Thanksgiving Day"
    )
    administrator.fills(day="2026-11-25", reason=WHY)
    administrator.clicks("Add closure")
    assert administrator.opens("/console/office/closures").clicks("Español").reads("Día de Acción de Gracias")
    administrator.clicks("English")
    office = app.extensions["hotline.current_line"]().office
    assert not office.is_open(clock())

    administrator.clicks("Remove")

    assert app.extensions["hotline.current_line"]().office.is_open(clock())
    assert standing(database) == {"holidays.extra_closures": []}
    administrator.clicks("Open the office")
    assert standing(database)["holidays.worked_holidays"] == ["2026-11-26"]


@ON_BOTH
def test_closure_says_which_promised_callbacks_it_puts_off_and_its_removal_brings_them_back(
    administrator: Member, database: Database, clock: Clock
) -> None:
    """On Wednesday at 10 AM two callbacks are promised for Friday; one of them waits for Friday morning."""
    friday, tuesday = datetime(2026, 11, 27, 13, 0, tzinfo=UTC), datetime(2026, 12, 1, 13, 0, tzinfo=UTC)
    due = {"due_at": friday + timedelta(hours=12), "requested_at": clock.now}
    with database.transaction() as session:
        waits = make_callback(session, next_attempt_at=friday, **due).id
        make_callback(session, next_attempt_at=friday, urgency="urgent", **due)
        make_callback(session, rank=1, next_attempt_at=clock.now, **due)

    def next_moment() -> datetime:
        with database.reading() as session:
            return session.get_one(Callback, waits).next_attempt_at

    administrator.opens("/console/office/closures").fills(day="2026-11-30", reason=WHY)
    administrator.clicks("Add closure")
    assert "promised time." not in administrator.words
    administrator.fills(day="2026-11-27", reason=WHY).clicks("Add closure")

    assert administrator.reads("1 promised callback must wait until after its promised time.")
    assert administrator.reads("1 promised callback can be made in time only today.")
    assert next_moment() == tuesday
    administrator.opens("/console/office/closures")
    form = administrator.page.xpath("//button[@value='2026-11-27']/ancestor::form")[0]
    administrator.sends(form.get("action"), {**dict(form.form_values()), "remove": "2026-11-27"})
    assert next_moment() == clock.now


def test_closure_has_a_name_on_every_page_that_lists_it(administrator: Member, database: Database) -> None:
    for day, name in (("2026-12-31", "Staff day"), ("2026-12-30", "")):
        administrator.opens("/console/office/closures").fills(day=day, name=name, reason=WHY)
        administrator.clicks("Add closure")

    assert standing(database)["holidays.extra_closures"] == [
        "2026-12-30", {"day": "2026-12-31", "name": "Staff day"},
    ]  # fmt: skip
    assert administrator.reads("Thu, Dec 31, 2026 · Staff day")
    assert administrator.opens("/console/office").reads(
        "Dec 31, 2026 · Staff day", "Next public holiday: Nov 26, 2026 · Thanksgiving Day"
    )
    assert administrator.opens("/console/office/changes").reads("2026-12-31 · Staff day")
    administrator.opens("/console/office/closures")
    form = administrator.page.xpath("//button[@value='2026-12-31']/ancestor::form")[0]
    administrator.sends(form.get("action"), {**dict(form.form_values()), "remove": "2026-12-31"})
    assert standing(database)["holidays.extra_closures"] == ["2026-12-30"]


def test_name_of_a_closure_has_no_phone_in_it(administrator: Member, database: Database) -> None:
    administrator.opens("/console/office/closures")
    administrator.fills(day="2026-12-31", name="Ask 202 555 0123", reason=WHY)
    administrator.clicks("Add closure")

    assert administrator.reads("The name of a day must have no phone, address or ID number.")
    assert administrator.value("name") == "Ask 202 555 0123"
    assert standing(database) == {}


def test_change_is_undone_by_a_new_one(administrator: Member, database: Database) -> None:
    for hours in ("09:00-17:00", "10:00-17:00"):
        administrator.opens("/console/office/hours").fills(**{"hours-monday": hours, "reason": WHY})
        administrator.clicks("Save hours")

    administrator.opens("/console/office/changes").clicks("Undo")
    assert standing(database) == {"hours.monday": ["09:00-17:00"]}
    # Undone once more, it is the value before that: the row is one of three now.
    assert administrator.reads("Undone.")
    with database.reading() as session:
        assert standing_changes(session).version == 3


def test_change_is_read_in_words_and_not_in_the_format_of_the_file(administrator: Member) -> None:
    administrator.opens("/console/office/policies/liaison_tries").fills(value="4", reason=WHY)
    administrator.clicks("Save policy").opens("/console/office/announcements")
    administrator.fills(**ANNOUNCED, reason=WHY).clicks("Save announcement")

    administrator.opens("/console/office/changes")

    assert administrator.reads("The office is closed on Friday. · La oficina cierra el viernes.")
    assert not administrator.reads("{")
    assert not administrator.reads("decided_by")


def test_administrator_sees_an_announcement_before_saving_it(
    administrator: Member, database: Database
) -> None:
    administrator.opens("/console/office/announcements").fills(**ANNOUNCED).clicks("Preview announcement")

    assert administrator.reads(
        "What callers will hear", "You have reached the Victim Assistance Line.", "6 words", "2.4 seconds"
    )
    assert standing(database) == {}
    administrator.fills(reason=WHY).clicks("Save announcement")
    assert administrator.reads("today")
    assert standing(database)["announcements"][0]["text"]["es"] == "La oficina cierra el viernes."
    (removes,) = administrator.page.xpath("//button[@name='remove']")
    # Several are heard as the same button, unless each is about its days.
    assert "today" in words(administrator.page.get_element_by_id(removes.get("aria-describedby")))
    administrator.clicks("Remove announcement")
    assert standing(database)["announcements"] == []


def test_closure_of_a_day_that_is_past_is_refused_and_of_today_is_not(
    administrator: Member, database: Database
) -> None:
    administrator.opens("/console/office/closures").fills(day="2026-11-24", reason=WHY)

    administrator.clicks("Add closure")

    assert administrator.status == 422
    assert administrator.reads("This day is in the past. Enter today or a later day.")
    assert standing(database) == {}
    administrator.fills(day="2026-11-25", reason=WHY).clicks("Add closure")
    assert standing(database)["holidays.extra_closures"] == ["2026-11-25"]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"text-es": ""}, "Write it in Spanish as well."),
        ({"text-en": "Ask us about asylum."}, "telling word 'asylum'"),
        ({"text-es": "Pregunte por el asilo."}, "telling word 'asilo'"),
        ({"text-en": "We are closed and closed and closed " * 4}, "over 20 words"),
        ({"last_day": "2026-11-01"}, "The last day is before the first."),
        (
            {"first_day": "2026-11-01", "last_day": "2026-11-05"},
            "This day is in the past. Enter today or a later day.",
        ),
        ({"first_day": "soon"}, "Enter a day."),
    ],
)
def test_words_that_no_prompt_may_have_are_not_announced(
    administrator: Member, database: Database, fields: dict[str, str], told: str
) -> None:
    administrator.opens("/console/office/announcements").fills(**{**ANNOUNCED, **fields, "reason": WHY})
    administrator.clicks("Save announcement")

    assert administrator.status == 422
    assert administrator.reads(told)
    assert standing(database) == {}


def test_refusal_of_an_announcement_is_read_at_the_text_that_it_is_about(administrator: Member) -> None:
    administrator.opens("/console/office/announcements")
    administrator.fills(**{**ANNOUNCED, "text-es": "Pregunte por el asilo.", "reason": WHY})
    administrator.clicks("Save announcement")

    told = "The line never says the telling word 'asilo'. Write it without that word."
    assert told in words(administrator.page.get_element_by_id("text-es-error"))
    assert "announcements entry" not in administrator.words


def test_policy_has_its_basis_and_review_and_one_overdue_is_marked(
    administrator: Member, database: Database, clock: Clock
) -> None:
    administrator.opens("/console/office/policies/liaison_tries")
    administrator.fills(value="4", review_by="2026-11-26", reason=WHY).clicks("Save policy")
    assert standing(database)["policies.liaison_tries"]["value"] == 4

    clock.goes_on(days=2)
    administrator.signs_in().opens("/console/office/policies")
    assert administrator.reads("Missed offers before everyone is called", "review overdue")
    administrator.opens("/console/office")
    assert administrator.reads("Policies whose review is overdue", "Missed offers before everyone is called")


@pytest.mark.parametrize("value", ["0", "11", "three", "2.5", ""])
def test_policy_out_of_its_bounds_is_refused(administrator: Member, database: Database, value: str) -> None:
    administrator.opens("/console/office/policies/liaison_tries").fills(value=value, reason=WHY)
    administrator.clicks("Save policy")

    assert administrator.reads(
        "Missed offers before everyone is called, value must be a whole number from 1 to 10."
    )
    assert standing(database) == {}


def test_partner_lines_are_changed_and_a_wrong_number_is_refused(
    administrator: Member, database: Database
) -> None:
    administrator.opens("/console/office/partners")
    administrator.fills(
        **{"name-3-en": "free legal help", "name-3-es": "ayuda legal", "phone-3": "202 555 0160"}
    )
    administrator.fills(reason=WHY).clicks("Save partner lines")
    assert standing(database)["services"][3] == {
        "key": "victims_of_crime", "name": {"en": "free legal help", "es": "ayuda legal"},
        "phone": "+12025550160",
    }  # fmt: skip

    administrator.fills(**{"phone-0": "call us", "reason": WHY}).clicks("Save partner lines")
    assert administrator.reads("Partner line 1, phone must be a number")
    # The page has the whole change, without the keys that only the file uses.
    administrator.opens("/console/office/changes")
    assert administrator.reads("free legal help · ayuda legal · +12025550160")
    assert "victims_of_crime" not in administrator.words


def test_supervisor_reads_the_settings_and_changes_none(supervisor: Member) -> None:
    supervisor.opens("/console/office/hours")

    assert supervisor.status == 200
    assert "Save hours" not in supervisor.words
    assert supervisor.sends("/console/office/hours", {"csrf_token": supervisor.token}).status == 403


def test_field_that_stays_in_the_file_is_shown_with_the_reason(administrator: Member) -> None:
    administrator.opens("/console/office/fixed")

    assert administrator.reads(
        "release", "section_1367: no", "changed with a deploy (R12)", "office.lines", "+12025550100"
    )


def test_pages_take_as_many_statements_for_thirty_rows_as_for_three(
    administrator: Member, database: Database, clock: Clock
) -> None:
    def looks(rows: int) -> list[int]:
        with database.transaction() as session:
            for _ in range(rows):
                make_facility(session, f"Place {rows} {_}", created_at=clock() - timedelta(days=1))
        counts = []
        for path in ("office", "office/facilities", "office/policies", "office/changes"):
            with sent_statements(database) as statements:
                administrator.opens(f"/console/{path}")
            counts.append(len(statements))
        return counts

    looks(1)
    assert looks(3) == looks(30)
