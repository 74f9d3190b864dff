"""An act that needs a fresh proof of identity is carried out after the proof, once, and as it was sent."""

from typing import Any

import pytest
from flask import Blueprint, render_template_string, request
from sqlalchemy import select

from hotline.console import blueprint as console_blueprint
from hotline.console.shell.guard import guard_staff
from models import StaffSession
from models.store.database import Database
from tests.console.conftest import PASSWORD, Browser, Clock, Member

PAGE = """{% extends "console/shell/base.html" %}
{% block title %}Deeds{% endblock %}{% block main %}<h1>Deeds</h1>
<form method="post" action="/console/deeds">{{ ui.csrf() }}
{{ ui.field("reason", "Reason") }}{{ ui.checkbox("days", "Monday", ticked="1") }}
{{ ui.button("Approve") }}</form>
{{ ui.button_form("/console/deeds/7/end", "End session") }}{% endblock %}"""


@pytest.fixture
def done() -> list[dict[str, list[str]]]:
    """What was carried out: the fields of each form."""
    return []


@pytest.fixture(autouse=True)
def _with_deeds(monkeypatch: pytest.MonkeyPatch, done: list[dict[str, list[str]]]) -> None:
    """One more area of the console: a form, a button, and another page that needs a proof."""
    deeds = Blueprint("deeds", __name__)

    @deeds.get("/deeds")
    @guard_staff("liaison")
    def page() -> str:
        return render_template_string(PAGE)

    @deeds.post("/deeds")
    @guard_staff("liaison", fresh=True, act="Approve the deed")
    def approve() -> str:
        done.append(request.form.to_dict(flat=False))
        return render_template_string(PAGE)

    @deeds.post("/deeds/<int:deed_id>/end")
    @guard_staff("liaison", fresh=True)
    def end(deed_id: int) -> str:
        done.append({"ended": [str(deed_id)]})
        return render_template_string(PAGE)

    @deeds.get("/deeds/secret")
    @guard_staff("liaison", fresh=True)
    def secret() -> str:
        return render_template_string(PAGE.replace("Deeds", "Secret deeds"))

    monkeypatch.setattr(console_blueprint, "AREAS", (*console_blueprint.AREAS, (deeds, ())))


def proves(person: Browser) -> Browser:
    assert person.heading == "Confirm your identity"
    person.fills(password=PASSWORD).clicks("Continue")
    return person


def test_form_is_carried_out_after_the_proof_with_what_was_typed(
    staff: Any, clock: Clock, done: list[dict[str, list[str]]], database: Database
) -> None:
    person: Member = staff("liaison").signs_in()
    person.opens("/console/deeds").fills(reason="Rosa asked", days="1")
    clock.goes_on(minutes=6)

    person.clicks("Approve")
    assert person.reads("After that this is carried out: Approve the deed.")
    assert done == []
    proves(person)
    assert (person.path, person.heading) == ("/console/confirm/continue", "Approve the deed")
    assert done == []
    person.clicks("Approve the deed")

    ((fields),) = done
    assert (fields["reason"], fields["days"]) == (["Rosa asked"], ["1"])
    with database.reading() as session:
        assert set(session.scalars(select(StaffSession.kept_sealed))) == {None}


def test_button_without_a_field_is_carried_out_too(
    staff: Any, clock: Clock, done: list[dict[str, list[str]]]
) -> None:
    person: Member = staff("liaison").signs_in()
    person.opens("/console/deeds")
    clock.goes_on(minutes=6)

    person.clicks("End session")
    assert person.reads("After that what you pressed is carried out.")
    proves(person).clicks("Continue")

    assert done == [{"ended": ["7"]}]


def test_act_is_shown_once_and_never_twice(
    staff: Any, clock: Clock, done: list[dict[str, list[str]]]
) -> None:
    person: Member = staff("liaison").signs_in()
    person.opens("/console/deeds")
    clock.goes_on(minutes=6)
    proves(person.clicks("End session")).clicks("Continue")

    person.opens("/console/confirm/continue")

    assert person.heading == "Callbacks"
    assert len(done) == 1


def test_act_that_somebody_left_behind_is_not_carried_out_after_a_proof_for_another_page(
    staff: Any, clock: Clock, done: list[dict[str, list[str]]]
) -> None:
    person: Member = staff("liaison").signs_in()
    person.opens("/console/deeds")
    clock.goes_on(minutes=6)
    person.clicks("End session")

    person.opens("/console/deeds/secret")
    assert not person.reads("After that")
    proves(person)

    assert person.heading == "Secret deeds"
    assert person.opens("/console/confirm/continue").heading == "Callbacks"
    assert done == []


@pytest.mark.parametrize(("minutes", "is_done"), [(4, True), (6, False)])
def test_act_that_waits_for_longer_than_a_proof_lasts_goes_back_to_its_page(
    staff: Any, clock: Clock, done: list[dict[str, list[str]]], minutes: int, is_done: bool
) -> None:
    """A passer-by presses a button at an unlocked screen; its owner comes back, and is asked who they are."""
    person: Member = staff("liaison").signs_in()
    person.opens("/console/deeds").fills(reason="Rosa asked")
    clock.goes_on(minutes=6)
    person.clicks("Approve")

    clock.goes_on(minutes=minutes)
    assert person.opens(person.address).reads("After that") is is_done
    proves(person)
    if is_done:
        person.clicks("Approve the deed")
    else:
        assert (person.path, person.value("reason")) == ("/console/deeds", "Rosa asked")

    assert bool(done) is is_done


def test_person_who_goes_back_without_a_proof_reads_that_nothing_was_done(
    staff: Any, clock: Clock, done: list[dict[str, list[str]]]
) -> None:
    person: Member = staff("liaison").signs_in()
    person.opens("/console/deeds")
    clock.goes_on(minutes=6)
    person.clicks("End session")

    person.opens("/console/deeds")
    assert person.reads("Nothing was done: you have to prove who you are first.")

    proves(person.opens("/console/confirm"))
    assert done == []


def test_act_is_not_shown_before_the_proof(
    staff: Any, clock: Clock, done: list[dict[str, list[str]]]
) -> None:
    person: Member = staff("liaison").signs_in()
    person.opens("/console/deeds").fills(reason="Rosa asked")
    clock.goes_on(minutes=6)
    person.clicks("Approve")

    person.opens("/console/confirm/continue")

    assert person.path == "/console/deeds"
    assert person.value("reason") == "Rosa asked"
    assert done == []


def test_proof_in_one_tab_carries_out_what_was_pressed_in_that_tab(
    staff: Any, clock: Clock, done: list[dict[str, list[str]]]
) -> None:
    person: Member = staff("liaison").signs_in()
    person.opens("/console/deeds").fills(reason="Rosa asked")
    other = person.new_tab("/console/deeds")
    clock.goes_on(minutes=6)
    person.clicks("Approve")
    other.clicks("End session")

    proves(person).clicks("Approve the deed")
    assert [fields["reason"] for fields in done] == [["Rosa asked"]]
    # The page shows the other tab's form to nobody while it waits there.
    assert not person.opens("/console/deeds").reads("Nothing was done")
    proves(other).clicks("Continue")

    assert done[1:] == [{"ended": ["7"]}]


def test_tab_that_asks_for_a_proof_of_a_page_carries_out_nothing_of_another_tab(
    staff: Any, clock: Clock, done: list[dict[str, list[str]]]
) -> None:
    person: Member = staff("liaison").signs_in()
    person.opens("/console/deeds")
    clock.goes_on(minutes=6)
    other = person.new_tab("/console/deeds/secret")
    person.clicks("End session")

    proves(other)

    assert other.path == "/console/deeds"
    assert done == []


def test_wrong_password_in_between_keeps_the_act_of_the_tab(
    staff: Any, clock: Clock, done: list[dict[str, list[str]]]
) -> None:
    person: Member = staff("liaison").signs_in()
    person.opens("/console/deeds")
    clock.goes_on(minutes=6)

    person.clicks("End session").fills(password="not the password").clicks("Continue")
    assert person.reads("Wrong password.", "After that what you pressed is carried out.")
    proves(person).clicks("Continue")

    assert done == [{"ended": ["7"]}]
