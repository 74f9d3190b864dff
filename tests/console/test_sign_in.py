"""Signing in: the first time, every day, with what was lost, and by someone who should not."""

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from flask import Flask
from sqlalchemy import func, select

from hotline.console.passwords import BusyError
from hotline.demo_staff import TOTP_SECRET
from models import AuditEntry, SignInCounter, Staff, StaffSession
from models.database import Database
from models.recovery_code import recovery_codes_left
from models.staff import add_staff
from models.staff_access import reset, set_password, unlock
from models.staff_password import PasswordKdf
from models.staff_totp import set_totp
from tests.console.conftest import CHEAP_COST, CHEAP_KIB, PASSWORD, Browser, Clock, Member

NEW_PASSWORD = "seven quiet herons over the weir"
WRONG = "The e-mail or the password is not right."
TOO_MANY = "There were too many wrong tries."


@pytest.fixture
def newcomer(app: Flask, database: Database, clock: Clock) -> Member:
    """Someone who was just added, with the password that works once."""
    with database.transaction() as session:
        staff_id, password = add_staff(
            session,
            email="neu@office.example.org",
            name="Nina Newcomer",
            role="liaison",
            phone="+12025550179",
            languages=["en"],
            on_shift=False,
            actor="test",
            now=clock(),
        )
    return Member(app, staff_id, "neu@office.example.org", password)


def gives_password(browser: Browser, email: str, password: str) -> Browser:
    return browser.opens("/console/sign-in").fills(email=email, password=password).clicks("Sign in")


def shown_secret(browser: Browser) -> str:
    return "".join(browser.page.xpath("//*[contains(@class, 'secret')]")[0].text_content().split())


def sets_up(person: Member, clock: Clock) -> tuple[str, list[str]]:
    """Take the whole way of the first sign-in; the secret of the app and the recovery codes."""
    gives_password(person, person.email, person.password)
    person.fills(new_password=NEW_PASSWORD, new_password_again=NEW_PASSWORD).clicks("Go on")
    secret = shown_secret(person)
    person.fills(code=pyotp.TOTP(secret).at(clock())).clicks("Go on")
    codes = [item.text_content() for item in person.page.xpath("//ul[@class='codes']/li")]
    person.clicks("I have kept them")
    return secret, codes


def failures(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.sum(SignInCounter.failures))) or 0


def test_the_first_sign_in_sets_up_a_password_an_app_and_recovery_codes(
    newcomer: Member, database: Database, clock: Clock
) -> None:
    gives_password(newcomer, newcomer.email, newcomer.password)
    assert newcomer.heading == "Choose a password of your own"
    assert newcomer.reads("Step 1 of 3")
    newcomer.fills(new_password=NEW_PASSWORD, new_password_again=NEW_PASSWORD).clicks("Go on")
    assert newcomer.heading == "Choose a second proof"
    assert newcomer.reads("Step 2 of 3")
    assert "<svg" in newcomer.text
    secret = shown_secret(newcomer)
    newcomer.fills(code="000000").clicks("Go on")
    assert newcomer.status == 422
    assert shown_secret(newcomer) == secret

    newcomer.fills(code=pyotp.TOTP(secret).at(clock())).clicks("Go on")

    assert newcomer.heading == "Your recovery codes"
    assert newcomer.reads("Step 3 of 3")
    codes = {item.text_content() for item in newcomer.page.xpath("//ul[@class='codes']/li")}
    assert len(codes) == 10
    newcomer.clicks("I have kept them")
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


def test_until_all_is_set_up_nothing_is_changed_and_no_page_opens(
    newcomer: Member, app: Flask, clock: Clock
) -> None:
    gives_password(newcomer, newcomer.email, newcomer.password)
    newcomer.fills(new_password=NEW_PASSWORD, new_password_again=NEW_PASSWORD).clicks("Go on")
    newcomer.opens("/console/account")
    assert newcomer.heading == "Sign in"

    again = Member(app, newcomer.staff_id, newcomer.email, newcomer.password)
    sets_up(again, clock)

    assert again.heading == "Callbacks"
    newcomer.opens("/console/set-up")
    assert newcomer.heading == "Sign in"
    assert gives_password(Browser(app), newcomer.email, newcomer.password).reads(WRONG)


def test_of_two_who_set_up_with_one_password_at_the_same_moment_one_gets_in(
    newcomer: Member, app: Flask, database: Database, clock: Clock
) -> None:
    gives_password(newcomer, newcomer.email, newcomer.password)
    newcomer.fills(new_password=NEW_PASSWORD, new_password_again=NEW_PASSWORD).clicks("Go on")
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
        ("passwordpassword1", "passwordpassword1", "Others would try this one early"),
        ("neu@office.example.org", "neu@office.example.org", "Others would try this one early"),
        ("NinaNewcomer2026", "NinaNewcomer2026", "Others would try this one early"),
        ("abcabcabcabcabcabc", "abcabcabcabcabcabc", "Others would try this one early"),
        ("x" * 1025, "x" * 1025, "Use at most 1,024 characters"),
        (NEW_PASSWORD, NEW_PASSWORD + ".", "The two are not the same."),
    ],
)
def test_a_password_that_others_would_try_is_refused(
    newcomer: Member, first: str, second: str, told: str
) -> None:
    gives_password(newcomer, newcomer.email, newcomer.password)

    newcomer.fills(new_password=first, new_password_again=second).clicks("Go on")

    assert newcomer.status == 422
    assert newcomer.reads(told)
    assert newcomer.value("new_password") == ""


def test_every_day_a_password_and_a_code_let_someone_in(newcomer: Member, app: Flask, clock: Clock) -> None:
    secret, _ = sets_up(newcomer, clock)
    newcomer.clicks("Sign out")
    assert newcomer.heading == "Sign in"
    clock.goes_on(seconds=30)

    gives_password(newcomer, newcomer.email.upper(), NEW_PASSWORD)
    assert newcomer.heading == "Now your code"
    newcomer.fills(code=" ".join(pyotp.TOTP(secret).at(clock()))).clicks("Go on")

    assert newcomer.heading == "Callbacks"


def test_a_code_opens_once(newcomer: Member, app: Flask, clock: Clock) -> None:
    secret, _ = sets_up(newcomer, clock)
    clock.goes_on(seconds=60)
    code = pyotp.TOTP(secret).at(clock())
    first, second = Browser(app), Browser(app)
    for browser in (first, second):
        gives_password(browser, newcomer.email, NEW_PASSWORD)

    first.fills(code=code).clicks("Go on")
    second.fills(code=code).clicks("Go on")

    assert first.heading == "Callbacks"
    assert second.reads("This code is not right, or it was used before.")


@pytest.mark.parametrize(("late", "opens"), [(-60, False), (-30, True), (30, True), (60, False)])
def test_a_clock_may_be_one_step_off_and_no_more(
    newcomer: Member, app: Flask, clock: Clock, late: int, opens: bool
) -> None:
    secret, _ = sets_up(newcomer, clock)
    clock.goes_on(minutes=5)
    browser = gives_password(Browser(app), newcomer.email, NEW_PASSWORD)

    browser.fills(code=pyotp.TOTP(secret).at(clock() + timedelta(seconds=late))).clicks("Go on")

    assert (browser.heading == "Callbacks") == opens


def test_a_recovery_code_lets_in_once_and_says_how_many_are_left(
    newcomer: Member, app: Flask, clock: Clock, database: Database
) -> None:
    _, codes = sets_up(newcomer, clock)
    browser = gives_password(Browser(app), newcomer.email, NEW_PASSWORD)

    browser.fills(code=codes[3].upper().replace("-", " ")).clicks("Go on")

    assert browser.reads("You have 9 recovery codes left.")
    with database.reading() as session:
        assert recovery_codes_left(session, newcomer.staff_id) == 9
    again = gives_password(Browser(app), newcomer.email, NEW_PASSWORD).fills(code=codes[3]).clicks("Go on")
    assert again.heading == "Now your code"


def test_nobodys_recovery_code_opens_for_another(newcomer: Member, staff: Any, clock: Clock) -> None:
    _, codes = sets_up(newcomer, clock)
    other: Member = staff("liaison", totp=True)

    gives_password(other, other.email, PASSWORD).fills(code=codes[0]).clicks("Go on")

    assert other.heading == "Now your code"


def test_the_second_proof_cannot_be_left_out_or_come_late(newcomer: Member, app: Flask, clock: Clock) -> None:
    secret, _ = sets_up(newcomer, clock)
    browser = gives_password(Browser(app), newcomer.email, NEW_PASSWORD)
    browser.opens("/console/")
    assert browser.heading == "Sign in"
    browser.opens("/console/sign-in/code")
    clock.goes_on(minutes=11)

    browser.fills(code=pyotp.TOTP(secret).at(clock())).clicks("Go on")

    assert browser.heading == "Sign in"
    assert browser.reads("That took too long.")


def test_a_half_sign_in_ends_when_the_password_changes(
    newcomer: Member, app: Flask, database: Database, clock: Clock
) -> None:
    secret, _ = sets_up(newcomer, clock)
    browser = gives_password(Browser(app), newcomer.email, NEW_PASSWORD)
    with database.transaction() as session:
        reset(session, newcomer.email, "another hash", actor="test", now=clock())
    clock.goes_on(seconds=60)

    browser.fills(code=pyotp.TOTP(secret).at(clock())).clicks("Go on")

    assert browser.heading == "Sign in"


def test_an_unknown_email_and_a_wrong_password_are_answered_alike(staff: Any, app: Flask) -> None:
    person: Member = staff("liaison")
    passwords = app.extensions["hotline.console"].passwords
    answers = []
    for email in (person.email, "nobody@office.example.org", "", "x" * 5000, "ä\u200bb@c"):
        runs = passwords.runs
        browser = gives_password(Browser(app), email, "wrong")
        answers.append((browser.status, browser.reads(WRONG), passwords.runs - runs))

    assert set(answers) == {(422, True, 1)}


def test_after_five_wrong_passwords_one_waits_whether_the_email_exists_or_not(
    staff: Any, app: Flask, clock: Clock
) -> None:
    person: Member = staff("liaison")
    passwords = app.extensions["hotline.console"].passwords
    for email in (person.email, "nobody@office.example.org"):
        for _ in range(5):
            gives_password(Browser(app), email, "wrong")
        runs = passwords.runs
        assert gives_password(Browser(app), email, PASSWORD).reads(TOO_MANY, "Wait 1 minute")
        assert passwords.runs == runs
        clock.goes_on(seconds=31)
        assert gives_password(Browser(app), email, "wrong").reads(WRONG)
        assert gives_password(Browser(app), email, "wrong").reads(TOO_MANY)
        clock.goes_on(seconds=61)

    assert gives_password(Browser(app), person.email, PASSWORD).heading == "Choose a second proof"


def test_a_right_password_forgets_the_wrong_ones(staff: Any, app: Flask, database: Database) -> None:
    person: Member = staff("liaison")
    for _ in range(4):
        gives_password(Browser(app), person.email, "wrong")

    gives_password(Browser(app), person.email, PASSWORD)

    with database.reading() as session:
        kept = session.scalars(select(SignInCounter.failures)).all()
    # What is left are the four of the network address.
    assert list(kept) == [4]


def locks(app: Flask, clock: Clock, email: str) -> None:
    """Be wrong, and wait as told, until the way in is locked."""
    for _ in range(20):
        clock.goes_on(minutes=16)
        assert gives_password(Browser(app), email, "wrong").reads(WRONG)


def test_twenty_wrong_passwords_lock_the_way_in_until_an_administrator_lifts_it(
    staff: Any, app: Flask, clock: Clock, database: Database
) -> None:
    person: Member = staff("liaison")
    locks(app, clock, person.email)
    clock.goes_on(days=2)
    assert gives_password(Browser(app), person.email, PASSWORD).reads(TOO_MANY, "Ask an administrator")

    with database.transaction() as session:
        unlock(session, person.email, actor="test", now=clock())

    assert gives_password(Browser(app), person.email, PASSWORD).heading == "Choose a second proof"
    with database.reading() as session:
        assert (
            session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()[-1] == "unlock_sign_in"
        )


def test_a_lock_leaves_an_entry_that_names_no_email(
    staff: Any, administrator: Member, app: Flask, clock: Clock, database: Database
) -> None:
    person: Member = staff("liaison")
    for email in (person.email, "nobody@office.example.org"):
        locks(app, clock, email)

    with database.reading() as session:
        of_locks = select(AuditEntry).where(AuditEntry.action == "lock_sign_in").order_by(AuditEntry.id)
        found = [(one.actor, one.target, one.facts) for one in session.scalars(of_locks)]
    assert found == [("console", f"staff:{person.staff_id}", None), ("console", "sign_in:0", None)]
    administrator.signs_in().opens("/console/audit")
    assert administrator.reads(
        "the console", "locked signing in after wrong tries", "an e-mail that nobody has"
    )


def test_a_right_password_in_the_last_try_before_the_lock_leaves_no_entry(
    staff: Any, app: Flask, clock: Clock, database: Database
) -> None:
    person: Member = staff("liaison")
    for _ in range(19):
        clock.goes_on(minutes=16)
        gives_password(Browser(app), person.email, "wrong")
    clock.goes_on(minutes=16)

    assert gives_password(Browser(app), person.email, PASSWORD).heading == "Choose a second proof"

    with database.reading() as session:
        assert "lock_sign_in" not in session.scalars(select(AuditEntry.action)).all()


def test_a_stranger_can_lock_nobody_out_of_their_own_browser_nor_end_a_session(
    newcomer: Member, app: Flask, clock: Clock
) -> None:
    secret, _ = sets_up(newcomer, clock)
    locks(app, clock, newcomer.email)
    assert gives_password(Browser(app), newcomer.email, NEW_PASSWORD).reads(TOO_MANY)

    gives_password(newcomer, newcomer.email, "a slip")
    assert newcomer.reads(WRONG)
    gives_password(newcomer, newcomer.email, NEW_PASSWORD)
    newcomer.fills(code=pyotp.TOTP(secret).at(clock())).clicks("Go on")

    assert newcomer.heading == "Callbacks"


def test_who_is_signed_in_stays_so_while_their_email_is_locked(
    liaison: Member, app: Flask, clock: Clock
) -> None:
    for _ in range(20):
        gives_password(Browser(app), liaison.email, "wrong")
        clock.goes_on(minutes=16)
        liaison.opens("/console/")

    assert liaison.opens("/console/").heading == "Callbacks"


def test_a_browser_that_is_known_to_one_person_counts_not_for_another(
    newcomer: Member, staff: Any, clock: Clock, app: Flask
) -> None:
    sets_up(newcomer, clock)
    other: Member = staff("liaison")
    newcomer.clicks("Sign out")

    for _ in range(5):
        gives_password(newcomer, other.email, "wrong")

    assert gives_password(newcomer, other.email, PASSWORD).reads(TOO_MANY)


def test_wrong_codes_are_counted_apart_and_end_in_a_wait(staff: Any, app: Flask, clock: Clock) -> None:
    person: Member = staff("liaison", totp=True)
    browser = gives_password(Browser(app), person.email, PASSWORD)
    for _ in range(5):
        browser.fills(code="000000").clicks("Go on")

    browser.fills(code=person.code(clock())).clicks("Go on")
    assert browser.reads(TOO_MANY)
    again = gives_password(Browser(app), person.email, PASSWORD)
    assert again.fills(code=person.code(clock())).clicks("Go on").reads(TOO_MANY)
    clock.goes_on(seconds=31)

    assert again.fills(code=person.code(clock())).clicks("Go on").heading == "Callbacks"


def test_one_address_that_tries_many_emails_has_to_wait_and_others_not(staff: Any, app: Flask) -> None:
    person: Member = staff("liaison")
    stranger = Browser(app)
    for number in range(60):
        gives_password(stranger, f"guess{number}@office.example.org", "wrong")

    assert gives_password(stranger, person.email, PASSWORD).reads(TOO_MANY)
    elsewhere = Browser(app, address="203.0.113.9")
    assert gives_password(elsewhere, person.email, PASSWORD).heading == "Choose a second proof"


def test_the_last_try_before_the_lock_that_was_not_looked_at_locks_nothing(
    staff: Any, app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    person: Member = staff("liaison")
    for _ in range(19):
        gives_password(Browser(app), person.email, "wrong")
        clock.goes_on(minutes=16)
    passwords = app.extensions["hotline.console"].passwords

    def is_busy(*_: Any, **__: Any) -> bool:
        raise BusyError

    with monkeypatch.context() as patch:
        patch.setattr(passwords, "matches", is_busy)
        busy = gives_password(Browser(app), person.email, PASSWORD)

    assert (busy.status, busy.value("email")) == (503, person.email)
    assert busy.reads("Many people are signing in right now.")
    assert gives_password(Browser(app), person.email, PASSWORD).heading == "Choose a second proof"


def test_no_email_password_or_address_stands_in_the_counters_or_the_log(
    staff: Any, app: Flask, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    person: Member = staff("liaison")
    caplog.set_level("DEBUG")

    gives_password(Browser(app), person.email, "wrong but secret")

    with database.reading() as session:
        keys = session.scalars(select(SignInCounter.key)).all()
    assert len(keys) == 2
    assert all(len(key) == 64 for key in keys)
    said = caplog.text
    assert person.email not in said
    assert "wrong but secret" not in said


def test_a_reset_ends_sessions_and_leads_to_setting_up_anew(
    newcomer: Member, app: Flask, database: Database, clock: Clock
) -> None:
    _, codes = sets_up(newcomer, clock)
    with database.transaction() as session:
        given = PasswordKdf(CHEAP_KIB, CHEAP_COST).hash("given anew once")
        reset(session, newcomer.email, given, actor="test", now=clock())

    assert newcomer.opens("/console/").heading == "Sign in"
    assert gives_password(Browser(app), newcomer.email, NEW_PASSWORD).reads(WRONG)
    browser = gives_password(Browser(app), newcomer.email, "given anew once")
    assert browser.heading == "Choose a password of your own"
    with database.reading() as session:
        assert recovery_codes_left(session, newcomer.staff_id) == 0
    assert codes


def test_signing_in_makes_the_cookie_anew_and_signing_out_ends_the_session(
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


def test_a_cookie_that_was_changed_is_no_cookie(liaison: Member) -> None:
    value = liaison.cookie().value
    liaison.holds(value[:-4] + ("AAAA" if value[-4:] != "AAAA" else "BBBB"))

    assert liaison.opens("/console/account").heading == "Sign in"


def test_where_one_wanted_to_go_is_where_one_comes(staff: Any, clock: Clock) -> None:
    person: Member = staff("liaison", totp=True)
    person.opens("/console/account")
    assert person.heading == "Sign in"
    assert person.path == "/console/sign-in"

    person.fills(email=person.email, password=PASSWORD).clicks("Sign in")
    person.fills(code=person.code(clock())).clicks("Go on")

    assert person.path == "/console/account"


def test_a_demo_persons_code_opens_no_production_house(staff: Any, clock: Clock, app: Flask) -> None:
    person: Member = staff("liaison", totp=True)
    console = app.extensions["hotline.console"]
    object.__setattr__(console, "settings", replace(console.settings, env="production"))
    with console.database.transaction() as session:
        set_totp(session, person.staff_id, TOTP_SECRET, 0)

    gives_password(person, person.email, PASSWORD)
    person.fills(code=pyotp.TOTP(TOTP_SECRET).at(clock())).clicks("Go on")

    assert person.heading == "Now your code"
