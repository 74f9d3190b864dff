"""Signing in by a stranger: wrong tries, waits, locks, and what they leave behind."""

import threading
import time
from dataclasses import replace
from typing import Any

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select

from hotline.console.sign_in.passwords import BusyError, Passwords
from hotline.request_slots import RequestSlots
from models import AuditEntry, SignInCounter
from models.staff.staff_access import unlock
from models.staff.staff_password import PasswordKdf
from models.store.database import Database
from tests.console.conftest import CHEAP_COST, CHEAP_KIB, PASSWORD, Browser, Clock, Member
from tests.console.entrance import NEW_PASSWORD, TOO_MANY, WRONG, gives_password, sets_up


def test_staff_sign_in_while_a_flood_of_webhooks_has_every_slot(staff: Any, app: Flask, clock: Clock) -> None:
    """Anybody can send requests to the callers' paths; each is refused, but only once it has a slot."""
    person: Member = staff("liaison", totp=True)
    slots = RequestSlots(app.wsgi_app, 1)
    app.wsgi_app = slots  # type: ignore[method-assign]
    is_over = threading.Event()

    def floods() -> None:
        stranger = app.test_client()
        while not is_over.is_set():
            assert stranger.post("/voice/inbound", data={"CallSid": "CA1"}).status_code == 403

    def signs_in() -> None:
        gives_password(person, person.email, PASSWORD).fills(code=person.code(clock())).clicks("Continue")

    strangers = [threading.Thread(target=floods) for _ in range(8)]
    for stranger in strangers:
        stranger.start()
    while slots.waiting < 3:
        is_over.wait(0.001)
    arrives = threading.Thread(target=signs_in, daemon=True)
    arrives.start()
    arrives.join(60)
    still_waits = arrives.is_alive()
    is_over.set()
    for stranger in strangers:
        stranger.join(30)

    assert not still_waits
    assert person.heading == "Callbacks"


def test_slow_hash_lets_its_person_in_and_a_crowd_behind_it_is_told_at_once(
    staff: Any, app: Flask, clock: Clock
) -> None:
    """At a load of 8 the only person who signed in read twice in a row that sign-in was busy."""
    person: Member = staff("liaison", totp=True)
    kdf = SlowKdf(seconds=4)
    app.extensions["hotline.console"] = replace(app.extensions["hotline.console"], passwords=Passwords(kdf))

    def signs_in() -> None:
        gives_password(person, person.email, PASSWORD)

    arrives = threading.Thread(target=signs_in)
    arrives.start()
    assert kdf.began.wait(30)
    assert gives_password(Browser(app), person.email, PASSWORD).reads("Sign-in is busy.")
    assert arrives.is_alive()
    arrives.join(30)

    assert person.fills(code=person.code(clock())).clicks("Continue").heading == "Callbacks"


class SlowKdf(PasswordKdf):
    """A KDF on a machine that has much else to do."""

    def __init__(self, seconds: float) -> None:
        super().__init__(CHEAP_KIB, CHEAP_COST)
        self.began, self._seconds = threading.Event(), seconds

    def matches(self, stored: str | None, password: str) -> bool:
        """Say that it began, and take so long."""
        self.began.set()
        time.sleep(self._seconds)
        return super().matches(stored, password)


def test_unknown_email_and_wrong_password_get_the_same_answer(staff: Any, app: Flask) -> None:
    person: Member = staff("liaison")
    passwords = app.extensions["hotline.console"].passwords
    answers = []
    for email in (person.email, "nobody@office.example.org", "", "x" * 5000, "ä\u200bb@c"):
        runs = passwords.runs
        browser = gives_password(Browser(app), email, "wrong")
        answers.append((browser.status, browser.reads(WRONG), passwords.runs - runs))

    assert set(answers) == {(422, True, 1)}


def test_five_wrong_passwords_lead_to_a_wait_whether_the_email_exists_or_not(
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

    assert gives_password(Browser(app), person.email, PASSWORD).heading == "Set up a second factor"


def test_right_password_clears_the_count_of_wrong_ones(staff: Any, app: Flask, database: Database) -> None:
    person: Member = staff("liaison")
    for _ in range(4):
        gives_password(Browser(app), person.email, "wrong")

    gives_password(Browser(app), person.email, PASSWORD)

    with database.reading() as session:
        kept = session.scalars(select(SignInCounter.failures)).all()
    # The four of the network address are left.
    assert list(kept) == [4]


def locks(app: Flask, clock: Clock, email: str) -> None:
    """Type wrong passwords, with the waits between, until the way in is locked."""
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

    assert gives_password(Browser(app), person.email, PASSWORD).heading == "Set up a second factor"
    with database.reading() as session:
        assert (
            session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()[-1] == "unlock_sign_in"
        )


def test_lock_leaves_an_entry_that_names_no_email(
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


def test_right_password_in_the_last_try_before_the_lock_leaves_no_entry(
    staff: Any, app: Flask, clock: Clock, database: Database
) -> None:
    person: Member = staff("liaison")
    for _ in range(19):
        clock.goes_on(minutes=16)
        gives_password(Browser(app), person.email, "wrong")
    clock.goes_on(minutes=16)

    assert gives_password(Browser(app), person.email, PASSWORD).heading == "Set up a second factor"

    with database.reading() as session:
        assert "lock_sign_in" not in session.scalars(select(AuditEntry.action)).all()


def test_stranger_cannot_lock_people_out_of_their_own_browser_or_end_a_session(
    newcomer: Member, app: Flask, clock: Clock
) -> None:
    secret, _ = sets_up(newcomer, clock)
    locks(app, clock, newcomer.email)
    assert gives_password(Browser(app), newcomer.email, NEW_PASSWORD).reads(TOO_MANY)

    gives_password(newcomer, newcomer.email, "a slip")
    assert newcomer.reads(WRONG)
    gives_password(newcomer, newcomer.email, NEW_PASSWORD)
    newcomer.fills(code=pyotp.TOTP(secret).at(clock())).clicks("Continue")

    assert newcomer.heading == "Callbacks"


def test_signed_in_person_stays_signed_in_while_their_email_is_locked(
    liaison: Member, app: Flask, clock: Clock
) -> None:
    for _ in range(20):
        gives_password(Browser(app), liaison.email, "wrong")
        clock.goes_on(minutes=16)
        liaison.opens("/console/")

    assert liaison.opens("/console/").heading == "Callbacks"


def test_browser_known_to_one_person_does_not_count_for_another(
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
        browser.fills(code="000000").clicks("Continue")

    browser.fills(code=person.code(clock())).clicks("Continue")
    assert browser.reads(TOO_MANY)
    again = gives_password(Browser(app), person.email, PASSWORD)
    assert again.fills(code=person.code(clock())).clicks("Continue").reads(TOO_MANY)
    clock.goes_on(seconds=31)

    assert again.fills(code=person.code(clock())).clicks("Continue").heading == "Callbacks"


def test_address_that_tries_many_emails_has_to_wait_and_others_do_not(staff: Any, app: Flask) -> None:
    person: Member = staff("liaison")
    stranger = Browser(app).opens("/console/sign-in")
    token = stranger.token
    for number in range(60):
        guess = {"csrf_token": token, "email": f"guess{number}@office.example.org", "password": "wrong"}
        assert stranger.posts("/console/sign-in", guess).status_code == 422

    assert gives_password(stranger, person.email, PASSWORD).reads(TOO_MANY)
    elsewhere = Browser(app, address="203.0.113.9")
    assert gives_password(elsewhere, person.email, PASSWORD).heading == "Set up a second factor"


def test_unchecked_last_try_before_the_lock_locks_nothing(
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
    assert busy.reads("Sign-in is busy.")
    assert gives_password(Browser(app), person.email, PASSWORD).heading == "Set up a second factor"


def test_no_email_password_or_address_is_in_the_counters_or_the_log(
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
