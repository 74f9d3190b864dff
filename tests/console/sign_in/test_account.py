"""My account: one's own sessions, password, authenticator, passkeys and codes; nobody else's."""

from typing import Any

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select

from models import Passkey, StaffSession
from models.staff.passkey import add_passkey
from models.store.database import Database
from tests.console.case_pages import actions
from tests.console.conftest import PASSWORD, Browser, Clock, Member

NEW_PASSWORD = "seven quiet herons over the weir"


@pytest.fixture
def elsewhere(liaison: Member, app: Flask) -> Member:
    """The same liaison in another browser."""
    return Member(app, liaison.staff_id, liaison.email, PASSWORD).signs_in()


def test_sessions_are_listed_and_another_one_can_be_ended(
    liaison: Member, elsewhere: Member, database: Database
) -> None:
    liaison.opens("/console/account")
    assert liaison.words.count("Test browser") == 2
    buttons = liaison.page.xpath("//form[contains(@action, '/end')]/button[text()='End session']")
    other = next(b for b in buttons if "this browser" not in b.xpath("ancestor::tr")[0].text_content())

    liaison._submits(other)

    assert liaison.reads("The session has ended.")
    assert elsewhere.opens("/console/").heading == "Sign in"
    assert liaison.opens("/console/").heading == "Callbacks"
    assert actions(database)[-1] == "end_session"


def test_all_others_can_be_ended_at_once(liaison: Member, elsewhere: Member) -> None:
    liaison.opens("/console/account").clicks("End all other sessions")

    assert liaison.reads("1 other session has ended.")
    assert elsewhere.opens("/console/").heading == "Sign in"


def test_nobody_ends_the_session_of_someone_else(
    liaison: Member, supervisor: Member, database: Database
) -> None:
    with database.reading() as session:
        theirs = session.scalars(
            select(StaffSession.id).where(StaffSession.staff_id == supervisor.staff_id)
        ).one()
    liaison.opens("/console/account")

    liaison.sends(f"/console/account/sessions/{theirs}/end", {"csrf_token": liaison.token})

    assert liaison.status == 404
    assert supervisor.opens("/console/").heading == "Callbacks"


def test_changed_password_ends_every_other_session_and_works_from_then_on(
    staff: Any, app: Flask, clock: Clock, database: Database
) -> None:
    person: Member = staff("liaison", totp=True).signs_in()
    other = Member(app, person.staff_id, person.email, PASSWORD).signs_in()
    person.opens("/console/account").clicks("Change it")

    person.fills(new_password=NEW_PASSWORD, new_password_again=NEW_PASSWORD).clicks("Change password")

    assert person.reads("Password changed.")
    assert other.opens("/console/").heading == "Sign in"
    other.fills(email=person.email, password=PASSWORD).clicks("Sign in")
    assert other.status == 422
    other.fills(email=person.email, password=NEW_PASSWORD).clicks("Sign in")
    assert other.heading == "Enter your code"
    assert "change_password" in actions(database)


def test_password_needs_a_second_proof_beside_it(liaison: Member) -> None:
    assert liaison.opens("/console/account/password").reads("Set up an authenticator app or a passkey first.")


def test_weak_password_changes_nothing(staff: Any, database: Database) -> None:
    liaison: Member = staff("liaison", totp=True).signs_in()
    liaison.opens("/console/account/password")

    liaison.fills(new_password="liaisonliaison1", new_password_again="liaisonliaison1")
    liaison.clicks("Change password")

    assert liaison.status == 422
    assert "change_password" not in actions(database)


def test_new_authenticator_replaces_the_old_one(
    staff: Any, clock: Clock, app: Flask, database: Database
) -> None:
    person: Member = staff("liaison", totp=True).signs_in()
    person.opens("/console/account").clicks("Replace")
    secret = "".join(person.page.xpath("//*[contains(@class, 'secret')]")[0].text_content().split())
    person.fills(code=person.code(clock())).clicks("Continue")
    assert person.status == 422

    person.fills(code=pyotp.TOTP(secret).at(clock())).clicks("Continue")

    assert person.reads("The old one no longer does.")
    browser = Browser(app)
    clock.goes_on(seconds=60)
    browser.opens("/console/sign-in").fills(email=person.email, password=PASSWORD).clicks("Sign in")
    browser.fills(code=person.code(clock())).clicks("Continue")
    assert browser.status == 422
    browser.fills(code=pyotp.TOTP(secret).at(clock())).clicks("Continue")
    assert browser.heading == "Callbacks"


def test_new_recovery_codes_make_the_old_ones_void_and_are_shown_once(staff: Any, database: Database) -> None:
    person: Member = staff("liaison", totp=True).signs_in()
    shown = []
    for _ in range(2):
        person.opens("/console/account").clicks("Get ten new codes")
        shown.append({item.text_content() for item in person.page.xpath("//ul[@class='codes']/li")})
        assert not person.reads("Step 3 of 3")
        person.clicks("I saved them")

    assert len(shown[0]) == len(shown[1]) == 10
    assert not shown[0] & shown[1]
    assert person.opens("/console/account/codes").heading == "My account"
    assert person.reads("10 codes left")


def test_only_second_proof_cannot_be_removed(liaison: Member, database: Database, clock: Clock) -> None:
    with database.transaction() as session:
        add_passkey(
            session, liaison.staff_id, credential_id="abc", public_key=b"k", sign_count=0, name="Key",
            now=clock(),
        )  # fmt: skip
    liaison.opens("/console/account")

    liaison.clicks("Remove")

    assert liaison.reads("This is your only second factor.")
    with database.reading() as session:
        assert session.scalars(select(Passkey.name)).all() == ["Key"]


def test_nobody_removes_the_passkey_of_someone_else(
    liaison: Member, supervisor: Member, database: Database, clock: Clock
) -> None:
    with database.transaction() as session:
        add_passkey(
            session, supervisor.staff_id, credential_id="abc", public_key=b"k", sign_count=0, name="Key",
            now=clock(),
        )  # fmt: skip
        theirs = session.scalars(select(Passkey.id)).one()
    liaison.opens("/console/account")

    liaison.sends(f"/console/account/passkey/{theirs}/remove", {"csrf_token": liaison.token})

    assert liaison.status == 404
    with database.reading() as session:
        assert session.scalars(select(Passkey.id)).all() == [theirs]


@pytest.mark.parametrize("answer", ["", "null", "[]", "{}", '{"id": "abc"}', "x" * 30_000, '{"id": 5}'])
def test_answer_that_is_no_passkey_opens_nothing(app: Flask, answer: str) -> None:
    browser = Browser(app)
    browser.opens("/console/sign-in")

    browser.sends("/console/sign-in/passkey", {"csrf_token": browser.token, "passkey": answer})

    assert browser.status == 422
    assert browser.reads("This passkey was not accepted.")


@pytest.mark.parametrize("path", ["/account/password", "/account/authenticator", "/account/passkey"])
def test_change_of_a_sign_in_secret_asks_for_a_fresh_proof(liaison: Member, clock: Clock, path: str) -> None:
    clock.goes_on(minutes=6)

    assert liaison.opens(f"/console{path}").heading == "Confirm your identity"


def test_language_stays_after_signing_in_anywhere(liaison: Member, app: Flask) -> None:
    liaison.opens("/console/account").clicks("Español")
    assert liaison.heading == "Mi cuenta"
    assert liaison.page.get("lang") == "es"

    again = Member(app, liaison.staff_id, liaison.email, PASSWORD).signs_in()

    assert again.opens("/console/account").heading == "Mi cuenta"


def test_language_before_signing_in_is_the_browsers_until_one_is_chosen(app: Flask) -> None:
    browser = Browser(app)
    assert browser.opens("/console/sign-in", Accept_Language="fr, es;q=0.8").heading == "Iniciar sesión"

    browser.clicks("English")

    assert browser.opens("/console/sign-in", Accept_Language="es").heading == "Sign in"


def test_link_to_the_account_is_heard_with_the_persons_name(staff: Any) -> None:
    person: Member = staff(name="Eva Demo").signs_in()

    (link,) = person.opens("/console/account").page.xpath("//a[@class='top-name']")

    assert link.get("aria-label") == "Eva Demo, My account"
