"""Typed words are not lost when a session ends meanwhile, and nobody else sees them."""

from typing import Any

import pytest
from flask import Blueprint, Flask, render_template_string, request
from sqlalchemy import select

from hotline.console import blueprint as console_blueprint
from hotline.console.shell.guard import guard_staff
from models import StaffSession
from models.store.database import Database
from tests.console.callbacks.office import Office, just_talked
from tests.console.conftest import PASSWORD, Browser, Clock, Member

PAGE = """{% extends "console/shell/base.html" %}
{% block title %}Note{% endblock %}{% block main %}<h1>Note</h1>
<form method="post" action="{{ url_for('console.notes.save_note') }}">{{ ui.csrf() }}
{{ ui.field("note", "Note", rows=3) }}{{ ui.field("pin", "PIN") }}{{ ui.field("reason_code", "Reason") }}
{{ ui.checkbox("urgent", "Urgent", value=true) }}{{ ui.checkbox("calm", "Calm") }}
{{ ui.button("Save") }}</form>{% endblock %}"""


@pytest.fixture
def saved() -> list[dict[str, str]]:
    """What the form of this test saved."""
    return []


@pytest.fixture(autouse=True)
def _with_a_form(monkeypatch: pytest.MonkeyPatch, saved: list[dict[str, str]]) -> None:
    """One more area of the console, with one form."""

    notes = Blueprint("notes", __name__)

    @notes.get("/notes/<int:note_id>")
    @guard_staff("liaison", "supervisor")
    def note(note_id: int) -> str:
        return render_template_string(PAGE)

    @notes.post("/notes")
    @guard_staff("liaison", "supervisor")
    def save_note() -> str:
        saved.append(request.form.to_dict())
        return render_template_string(PAGE)

    @notes.get("/secret-notes")
    @guard_staff("liaison", fresh=True)
    def secret_note() -> str:
        return render_template_string(PAGE.replace("save_note", "save_secret_note"))

    @notes.post("/secret-notes")
    @guard_staff("liaison", fresh=True)
    def save_secret_note() -> str:
        saved.append(request.form.to_dict())
        return render_template_string(PAGE)

    @notes.get("/notes/live")
    @guard_staff("liaison", live=True)
    def live_note() -> str:
        return "live"

    monkeypatch.setattr(console_blueprint, "AREAS", (*console_blueprint.AREAS, (notes, ())))


def writes(person: Member) -> None:
    person.fills(note="She calls back on Monday.\nAsk for Rosa.", reason_code="R4", pin="739482", urgent="")


def test_form_that_comes_too_late_is_there_again_after_signing_in(
    staff: Any, clock: Clock, saved: list[dict[str, str]], database: Database
) -> None:
    person: Member = staff("liaison", totp=True).signs_in()
    person.opens("/console/notes/7")
    writes(person)
    del person.filled["urgent"]
    clock.goes_on(minutes=31)

    person.clicks("Save")
    assert person.reads("Your session has ended. Sign in to get back what you typed.")
    assert "Monday" not in person.text
    person.signs_in_again(clock())

    assert person.path == "/console/notes/7"
    assert person.reads("this was not sent. What you had typed is here again")
    assert person.value("note").splitlines() == ["She calls back on Monday.", "Ask for Rosa."]
    assert person.value("reason_code") == "R4"
    # No proof of identity was kept anywhere.
    assert person.value("pin") == ""
    assert saved == []
    person.clicks("Save")
    assert saved[0]["note"].startswith("She calls back")
    assert person.opens("/console/notes/7").value("note") == ""
    with database.reading() as session:
        assert set(session.scalars(select(StaffSession.kept_sealed))) == {None}


def test_liaison_whose_outcome_can_no_longer_be_saved_reads_that_the_agreed_call_was_not_made(
    staff: Any, clock: Clock, database: Database
) -> None:
    person: Member = staff("liaison", totp=True, on_shift=True).signs_in()
    office = Office(database, clock)
    callback_id = just_talked(office, person)
    person.opens(f"/console/callbacks/{callback_id}")
    person.fills(outcome="call_later", call_day="2026-11-27", call_time="10:00", note="About the court.")
    clock.goes_on(minutes=31)
    person.clicks("Save outcome")

    person.signs_in_again(clock())

    assert person.path == f"/console/callbacks/{callback_id}"
    assert person.reads("this was not sent, and nothing in it was done", "Its form is no longer on this page")
    assert not person.reads("What you had typed is here again")
    assert person.value("note") == "About the court."
    assert office.row(callback_id).outcome == "reached"


def test_person_who_comes_back_too_late_reads_that_the_session_ended_and_a_newcomer_does_not(
    staff: Any, clock: Clock, app: Flask
) -> None:
    person: Member = staff("liaison", totp=True).signs_in()
    clock.goes_on(minutes=31)

    assert person.opens("/console/notes/7").reads("Your session has ended. Sign in to continue.")
    assert not Browser(app).opens("/console/notes/7").reads("Your session has ended.")


def test_box_that_was_unticked_comes_back_unticked(staff: Any, clock: Clock) -> None:
    person: Member = staff("liaison", totp=True).signs_in()
    person.opens("/console/notes/7")
    token = person.token
    clock.goes_on(minutes=31)

    person.sends("/console/notes", {"csrf_token": token, "note": "x", "calm": "1"})
    person.signs_in_again(clock())

    assert person.page.xpath("//input[@name='calm'][@checked]")
    assert not person.page.xpath("//input[@name='urgent'][@checked]")


def test_typed_words_of_one_person_are_never_shown_to_another_in_the_same_browser(
    staff: Any, clock: Clock, database: Database
) -> None:
    person: Member = staff("liaison", totp=True).signs_in()
    other: Member = staff("liaison", totp=True)
    person.opens("/console/notes/7")
    writes(person)
    clock.goes_on(minutes=31)
    person.clicks("Save")

    person.fills(email=other.email, password=PASSWORD).clicks("Sign in")
    person.fills(code=other.code(clock())).clicks("Continue")

    assert "Monday" not in person.text
    assert person.opens("/console/notes/7").value("note") == ""
    with database.reading() as session:
        assert set(session.scalars(select(StaffSession.kept_sealed))) == {None}


def types_and_session_ends(person: Member, clock: Clock) -> Browser:
    """They type on a page of their first sign-in. Returns another tab, in which somebody has to sign in."""
    person.opens("/console/sign-in").signs_in_again(clock())  # type: ignore[attr-defined]
    person.opens("/console/notes/7")
    writes(person)
    clock.goes_on(minutes=31)
    return person.new_tab("/console/notes/7")


def test_form_of_an_earlier_sign_in_is_there_again_and_is_sent_once(
    staff: Any, clock: Clock, saved: list[dict[str, str]]
) -> None:
    """Without scripts nothing renews the token of a page that stayed open in another tab."""
    person: Member = staff("liaison", totp=True)
    types_and_session_ends(person, clock).signs_in_again(clock())  # type: ignore[attr-defined]

    person.clicks("Save")
    assert person.path == "/console/notes/7"
    assert person.reads("this was not sent. What you had typed is here again")
    assert person.value("note").splitlines() == ["She calls back on Monday.", "Ask for Rosa."]
    assert (person.value("pin"), saved) == ("", [])

    person.clicks("Save")
    assert len(saved) == 1
    assert person.opens("/console/notes/7").value("note") == ""


def test_form_of_another_person_is_refused_and_kept_for_nobody(
    staff: Any, clock: Clock, saved: list[dict[str, str]], database: Database
) -> None:
    person: Member = staff("liaison", totp=True)
    other: Member = staff("liaison", totp=True)
    tab = types_and_session_ends(person, clock)
    tab.fills(email=other.email, password=PASSWORD).clicks("Sign in")
    tab.fills(code=other.code(clock())).clicks("Continue")

    person.clicks("Save")

    assert person.status == 400
    assert person.reads("The form came from an old page.")
    assert person.opens("/console/notes/7").value("note") == ""
    assert saved == []
    with database.reading() as session:
        assert set(session.scalars(select(StaffSession.kept_sealed))) == {None}


def test_typed_words_are_sealed_while_they_wait(staff: Any, clock: Clock, database: Database) -> None:
    person: Member = staff("liaison", totp=True).signs_in()
    person.opens("/console/notes/7")
    writes(person)
    clock.goes_on(minutes=31)

    person.clicks("Save")

    with database.reading() as session:
        (kept,) = session.scalars(select(StaffSession.kept_sealed)).all()
    assert kept is not None
    assert "Monday" not in kept
    assert "Monday" not in person.cookie().value
    assert "Monday" not in person.path


def test_fresh_proof_of_identity_keeps_what_was_typed(
    staff: Any, clock: Clock, saved: list[dict[str, str]]
) -> None:
    person: Member = staff("liaison").signs_in()
    person.opens("/console/secret-notes")
    writes(person)
    clock.goes_on(minutes=6)

    person.clicks("Save")
    assert person.heading == "Confirm your identity"
    assert saved == []
    person.fills(password="not it").clicks("Continue")
    assert person.reads("Wrong password.")
    person.fills(password=PASSWORD).clicks("Continue")

    assert person.path == "/console/secret-notes"
    assert person.value("note").startswith("She calls back")
    person.clicks("Save")
    assert len(saved) == 1


def test_twenty_wrong_proofs_end_only_the_session(staff: Any, clock: Clock) -> None:
    person: Member = staff("liaison", totp=True).signs_in()
    clock.goes_on(minutes=6)
    person.opens("/console/secret-notes")
    for _ in range(20):
        person.fills(password="not it").clicks("Continue")
        clock.goes_on(minutes=16)

    person.fills(password=PASSWORD).clicks("Continue")

    assert person.heading == "Sign in"
    assert person.reads("This session has ended")
    person.signs_in_again(clock())
    assert person.heading == "Callbacks"


def test_part_that_polls_is_told_and_keeps_no_session_alive(liaison: Member, clock: Clock) -> None:
    for _ in range(31):
        liaison.opens("/console/notes/live")
        clock.goes_on(minutes=1)

    assert liaison.opens("/console/notes/live").status == 401
    # It did not become the page to come back to.
    assert liaison.opens("/console/").heading == "Sign in"


def test_page_keeps_a_session_alive_but_not_beyond_its_longest_time(liaison: Member, clock: Clock) -> None:
    for _ in range(23):
        clock.goes_on(minutes=29)
        assert liaison.opens("/console/").heading == "Callbacks"
    clock.goes_on(minutes=54)

    assert liaison.opens("/console/").heading == "Sign in"


@pytest.mark.parametrize(
    "referer", ["https://evil.example/console/notes/7", "//evil.example", "javascript:alert(1)", ""]
)
def test_person_is_led_back_only_to_a_page_of_ours(staff: Any, clock: Clock, referer: str) -> None:
    person: Member = staff("liaison", totp=True).signs_in()
    person.opens("/console/notes/7")
    token = person.token
    clock.goes_on(minutes=31)

    person.sends("/console/notes", {"csrf_token": token, "note": "x"}, Referer=referer)
    person.signs_in_again(clock())

    assert person.path == "/console/callbacks"
    # Nobody can say which page had the form, so that what was typed is lost: they read that.
    assert person.reads("this was not sent, and nothing in it was done")


def test_very_long_form_is_not_kept_and_nothing_breaks(staff: Any, clock: Clock) -> None:
    person: Member = staff("liaison", totp=True).signs_in()
    person.opens("/console/notes/7").fills(note="é" * 10_000)
    clock.goes_on(minutes=31)

    person.clicks("Save")
    person.signs_in_again(clock())

    assert person.value("note") == ""


def test_stranger_without_a_session_has_nothing_kept(app: Flask, database: Database) -> None:
    stranger = Browser(app)
    stranger.opens("/console/sign-in")

    stranger.sends("/console/notes", {"csrf_token": stranger.token, "note": "x"})

    assert stranger.heading == "Sign in"
    with database.reading() as session:
        assert session.scalars(select(StaffSession.id)).all() == []
