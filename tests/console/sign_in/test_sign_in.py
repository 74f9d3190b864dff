"""Signing in: the first time, every day, with lost proofs, and out again."""

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select

from hotline.demo_staff import TOTP_SECRET
from models import AuditEntry, Staff, StaffSession
from models.staff.recovery_code import recovery_codes_left
from models.staff.staff_access import reset, set_password
from models.staff.staff_password import PasswordKdf
from models.staff.staff_totp import set_totp
from models.store.database import Database
from tests.console.conftest import CHEAP_COST, CHEAP_KIB, PASSWORD, Browser, Clock, Member
from tests.console.entrance import NEW_PASSWORD, WRONG, gives_password, sets_up, shown_secret


def test_first_sign_in_sets_up_a_password_an_app_and_recovery_codes(
    newcomer: Member, database: Database, clock: Clock
) -> None:
    gives_password(newcomer, newcomer.email, newcomer.password)
    assert newcomer.heading == "Choose your own password"
    assert newcomer.reads("Step 1 of 3")
    newcomer.fills(new_password=NEW_PASSWORD, new_password_again=NEW_PASSWORD).clicks("Continue")
    assert newcomer.heading == "Set up a second factor"
    assert newcomer.reads("Step 2 of 3")
    assert "<svg" in newcomer.text
    secret = shown_secret(newcomer)
    newcomer.fills(code="000000").clicks("Continue")
    assert newcomer.status == 422
    assert shown_secret(newcomer) == secret

    newcomer.fills(code=pyotp.TOTP(secret).at(clock())).clicks("Continue")

    assert newcomer.heading == "Your recovery codes"
    assert newcomer.reads("Step 3 of 3")
    codes = {item.text_content() for item in newcomer.page.xpath("//ul[@class='codes']/li")}
    assert len(codes) == 10
    newcomer.clicks("I saved them")
    assert newcomer.heading == "Callbacks"
    newcomer.opens("/console/account/codes")
    assert newcomer.heading == "My account"
    with database.reading() as session:
        person = session.get(Staff, newcomer.staff_id)
        assert person is not None
        assert not person.password_is_one_time
        assert secret not in str(vars(person))
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["add_staff", "set_up", "sign_in"]


def test_nothing_is_changed_and_no_page_opens_until_all_is_set_up(
    newcomer: Member, app: Flask, clock: Clock
) -> None:
    gives_password(newcomer, newcomer.email, newcomer.password)
    assert newcomer.reads("Until you finish step 2, sign in with the password you were given.")
    newcomer.fills(new_password=NEW_PASSWORD, new_password_again=NEW_PASSWORD).clicks("Continue")
    newcomer.opens("/console/account")
    assert newcomer.heading == "Sign in"
    assert gives_password(Browser(app), newcomer.email, NEW_PASSWORD).reads(WRONG)

    again = Member(app, newcomer.staff_id, newcomer.email, newcomer.password)
    sets_up(again, clock)

    assert again.heading == "Callbacks"
    newcomer.opens("/console/set-up")
    assert newcomer.heading == "Sign in"
    assert gives_password(Browser(app), newcomer.email, newcomer.password).reads(WRONG)


def test_one_of_two_who_set_up_with_one_password_at_the_same_moment_gets_in(
    newcomer: Member, app: Flask, database: Database, clock: Clock
) -> None:
    gives_password(newcomer, newcomer.email, newcomer.password)
    newcomer.fills(new_password=NEW_PASSWORD, new_password_again=NEW_PASSWORD).clicks("Continue")
    code, form = pyotp.TOTP(shown_secret(newcomer)).at(clock()), newcomer.token
    is_over = threading.Event()

    def is_second() -> None:
        newcomer.sends("/console/set-up/code", {"csrf_token": form, "code": code})
        is_over.set()

    second = threading.Thread(target=is_second)
    with database.transaction() as session:
        set_password(session, newcomer.staff_id, "the hash of whoever was first")
        second.start()
        # It cannot be over before this one is; to wait a moment shows that it is not.
        is_over.wait(0.3)
    second.join()

    assert newcomer.heading == "Sign in"
    with database.reading() as session:
        assert session.get_one(Staff, newcomer.staff_id).password_hash == "the hash of whoever was first"
        assert session.scalars(select(StaffSession)).all() == []


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ("short enough", "short enough", "Use at least 15 characters"),
        ("passwordpassword1", "passwordpassword1", "This password is easy to guess"),
        ("neu@office.example.org", "neu@office.example.org", "This password is easy to guess"),
        ("NinaNewcomer2026", "NinaNewcomer2026", "This password is easy to guess"),
        ("abcabcabcabcabcabc", "abcabcabcabcabcabc", "This password is easy to guess"),
        ("x" * 1025, "x" * 1025, "Use at most 1,024 characters"),
        (NEW_PASSWORD, NEW_PASSWORD + ".", "The two passwords do not match."),
    ],
)
def test_password_that_others_would_try_is_refused(
    newcomer: Member, first: str, second: str, told: str
) -> None:
    gives_password(newcomer, newcomer.email, newcomer.password)

    newcomer.fills(new_password=first, new_password_again=second).clicks("Continue")

    assert newcomer.status == 422
    assert newcomer.reads(told)
    assert newcomer.value("new_password") == ""


def test_password_and_code_let_someone_in_every_day(newcomer: Member, app: Flask, clock: Clock) -> None:
    secret, _ = sets_up(newcomer, clock)
    newcomer.clicks("Sign out")
    assert newcomer.heading == "Sign in"
    clock.goes_on(seconds=30)

    gives_password(newcomer, newcomer.email.upper(), NEW_PASSWORD)
    assert newcomer.heading == "Enter your code"
    newcomer.fills(code=" ".join(pyotp.TOTP(secret).at(clock()))).clicks("Continue")

    assert newcomer.heading == "Callbacks"


def test_code_opens_once(newcomer: Member, app: Flask, clock: Clock) -> None:
    secret, _ = sets_up(newcomer, clock)
    clock.goes_on(seconds=60)
    code = pyotp.TOTP(secret).at(clock())
    first, second = Browser(app), Browser(app)
    for browser in (first, second):
        gives_password(browser, newcomer.email, NEW_PASSWORD)

    first.fills(code=code).clicks("Continue")
    second.fills(code=code).clicks("Continue")

    assert first.heading == "Callbacks"
    assert second.reads("That code is wrong or was used before.")


@pytest.mark.parametrize(("late", "opens"), [(-60, False), (-30, True), (30, True), (60, False)])
def test_clock_may_be_one_step_off_and_no_more(
    newcomer: Member, app: Flask, clock: Clock, late: int, opens: bool
) -> None:
    secret, _ = sets_up(newcomer, clock)
    clock.goes_on(minutes=5)
    browser = gives_password(Browser(app), newcomer.email, NEW_PASSWORD)

    browser.fills(code=pyotp.TOTP(secret).at(clock() + timedelta(seconds=late))).clicks("Continue")

    assert (browser.heading == "Callbacks") == opens


def test_recovery_code_lets_in_once_and_says_how_many_are_left(
    newcomer: Member, app: Flask, clock: Clock, database: Database
) -> None:
    _, codes = sets_up(newcomer, clock)
    browser = gives_password(Browser(app), newcomer.email, NEW_PASSWORD)

    browser.fills(code=codes[3].upper().replace("-", " ")).clicks("Continue")

    assert browser.reads("You have 9 recovery codes left.")
    with database.reading() as session:
        assert recovery_codes_left(session, newcomer.staff_id) == 9
    again = gives_password(Browser(app), newcomer.email, NEW_PASSWORD).fills(code=codes[3]).clicks("Continue")
    assert again.heading == "Enter your code"


def test_recovery_code_opens_for_nobody_else(newcomer: Member, staff: Any, clock: Clock) -> None:
    _, codes = sets_up(newcomer, clock)
    other: Member = staff("liaison", totp=True)

    gives_password(other, other.email, PASSWORD).fills(code=codes[0]).clicks("Continue")

    assert other.heading == "Enter your code"


def test_second_proof_cannot_be_left_out_or_come_late(newcomer: Member, app: Flask, clock: Clock) -> None:
    secret, _ = sets_up(newcomer, clock)
    browser = gives_password(Browser(app), newcomer.email, NEW_PASSWORD)
    browser.opens("/console/")
    assert browser.heading == "Sign in"
    browser.opens("/console/sign-in/code")
    clock.goes_on(minutes=11)

    browser.fills(code=pyotp.TOTP(secret).at(clock())).clicks("Continue")

    assert browser.heading == "Sign in"
    assert browser.reads("That took too long.")


def test_half_sign_in_ends_when_the_password_changes(
    newcomer: Member, app: Flask, database: Database, clock: Clock
) -> None:
    secret, _ = sets_up(newcomer, clock)
    browser = gives_password(Browser(app), newcomer.email, NEW_PASSWORD)
    with database.transaction() as session:
        reset(session, newcomer.email, "another hash", actor="test", now=clock())
    clock.goes_on(seconds=60)

    browser.fills(code=pyotp.TOTP(secret).at(clock())).clicks("Continue")

    assert browser.heading == "Sign in"


def test_reset_ends_sessions_and_leads_to_a_new_set_up(
    newcomer: Member, app: Flask, database: Database, clock: Clock
) -> None:
    _, codes = sets_up(newcomer, clock)
    with database.transaction() as session:
        given = PasswordKdf(CHEAP_KIB, CHEAP_COST).hash("given anew once")
        reset(session, newcomer.email, given, actor="test", now=clock())

    assert newcomer.opens("/console/").heading == "Sign in"
    assert gives_password(Browser(app), newcomer.email, NEW_PASSWORD).reads(WRONG)
    browser = gives_password(Browser(app), newcomer.email, "given anew once")
    assert browser.heading == "Choose your own password"
    with database.reading() as session:
        assert recovery_codes_left(session, newcomer.staff_id) == 0
    assert codes


def test_signing_in_makes_a_new_cookie_and_signing_out_ends_the_session(
    newcomer: Member, app: Flask, clock: Clock, database: Database
) -> None:
    gives_password(newcomer, newcomer.email, newcomer.password)
    before, token = newcomer.cookie().value, newcomer.token
    newcomer.opens("/console/sign-in")
    sets_up(newcomer, clock)
    held = newcomer.cookie()

    assert held.value != before
    assert newcomer.token != token
    assert held.http_only
    assert held.secure
    assert held.same_site == "Lax"
    assert held.path == "/"
    thief = Browser(app)
    thief.holds(held.value)
    assert thief.opens("/console/account").heading == "My account"
    newcomer.clicks("Sign out")
    assert thief.opens("/console/account").heading == "Sign in"
    with database.reading() as session:
        assert session.scalars(select(StaffSession.ended_at)).all() == [clock()]


def test_changed_cookie_is_no_cookie(liaison: Member) -> None:
    value = liaison.cookie().value
    liaison.holds(value[:-4] + ("AAAA" if value[-4:] != "AAAA" else "BBBB"))

    assert liaison.opens("/console/account").heading == "Sign in"


def test_person_gets_to_the_page_that_they_wanted(staff: Any, clock: Clock) -> None:
    person: Member = staff("liaison", totp=True)
    person.opens("/console/account")
    assert person.heading == "Sign in"
    assert person.path == "/console/sign-in"

    person.fills(email=person.email, password=PASSWORD).clicks("Sign in")
    person.fills(code=person.code(clock())).clicks("Continue")

    assert person.path == "/console/account"


def test_demo_persons_code_opens_no_production_installation(staff: Any, clock: Clock, app: Flask) -> None:
    person: Member = staff("liaison", totp=True)
    console = app.extensions["hotline.console"]
    object.__setattr__(console, "settings", replace(console.settings, env="production"))
    with console.database.transaction() as session:
        set_totp(session, person.staff_id, TOTP_SECRET, 0)

    gives_password(person, person.email, PASSWORD)
    person.fills(code=pyotp.TOTP(TOTP_SECRET).at(clock())).clicks("Continue")

    assert person.heading == "Enter your code"
