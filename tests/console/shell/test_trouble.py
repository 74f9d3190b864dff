"""Errors: a plain page with a number that is in the log, and nothing of the app's insides."""

import json
import logging
import re
import sqlite3
import threading
from typing import Any

import psycopg
import pytest
from flask import Blueprint, Flask
from sqlalchemy import event, make_url, text

from config.logging import JsonLines
from hotline.console import blueprint as console_blueprint
from hotline.console.shell.guard import guard_staff
from models.store import database as database_module
from models.store.database import Database
from tests.conftest import ON_SQLITE
from tests.console.callbacks.office import Office
from tests.console.conftest import Browser, Clock, Member


@pytest.fixture(autouse=True)
def _with_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    faulty = Blueprint("faulty", __name__)

    @faulty.get("/fault/<int:case_id>")
    @guard_staff("liaison")
    def fault(case_id: int) -> str:
        raise RuntimeError("Rosa Invented at +12025550123")

    @faulty.get("/supervisors")
    @guard_staff("supervisor")
    def supervisors() -> str:
        return "fine"

    monkeypatch.setattr(console_blueprint, "AREAS", (*console_blueprint.AREAS, (faulty, ())))


def reference(browser: Browser) -> str:
    return str(browser.page.xpath("//*[@class='reference']/strong")[0].text_content())


def test_fault_shows_a_number_that_is_in_the_log_and_no_internals(
    liaison: Member, caplog: pytest.LogCaptureFixture
) -> None:
    liaison.opens("/console/fault/123456")

    assert liaison.status == 500
    assert liaison.heading == "Something went wrong on our side"
    for inside in ("RuntimeError", "Traceback", "Rosa", "+1202"):
        assert inside not in liaison.text
    (record,) = [one for one in caplog.records if getattr(one, "reference", "") == reference(liaison)]
    line = json.loads(JsonLines("web").format(record))
    assert line["reference"] == reference(liaison)
    assert line["route"] == "/console/fault/<int:case_id>"
    assert line["fault"].startswith("RuntimeError at tests/console/shell/test_trouble.py")
    assert "Rosa" not in json.dumps(line)
    assert "123456" not in json.dumps(line)


def test_log_says_what_the_database_said_and_in_which_line_it_was_asked(
    liaison: Member, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with database.transaction() as session:
        session.execute(text("ALTER TABLE staff_sessions RENAME TO of_another_release"))

    liaison.opens("/console/account")

    assert liaison.status == 500
    (record,) = [one for one in caplog.records if getattr(one, "reference", "") == reference(liaison)]
    said = json.loads(JsonLines("web").format(record))["fault"]
    code = {"sqlite": "SQLITE_ERROR", "postgresql": "42P01"}[database.engine.dialect.name]
    assert re.match(rf"\w+Error \({code}\) at models/staff/staff_session\.py:\d+ in ", said)


def test_fault_after_a_change_does_not_say_that_nothing_was_changed(
    liaison: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> Any:
        raise RuntimeError

    # What the view saved before stays.
    monkeypatch.setattr("hotline.console.sign_in.account_views.redirect", fails)

    liaison.opens("/console/account")
    liaison.sends("/console/account/sessions/end-others", {"csrf_token": liaison.token})

    assert liaison.status == 500
    assert liaison.reads("look whether it was done before you repeat it")


@pytest.mark.parametrize(
    ("path", "status", "heading"),
    [
        ("/console/none", 404, "There is no such page"),
        ("/console/static/x/none.css", 404, "There is no such page"),
        ("/console/static/x/../../console.py", 404, "There is no such page"),
        ("/console/sign-out", 405, "That did not work"),
        ("/console/supervisors", 403, "This page is not for your role"),
    ],
)
def test_each_kind_of_trouble_has_its_page(liaison: Member, path: str, status: int, heading: str) -> None:
    liaison.opens(path)

    assert (liaison.status, liaison.heading) == (status, heading)
    assert reference(liaison)
    assert "Sign out" in liaison.words or "static" in path
    assert "Content-Security-Policy" in liaison.headers
    assert liaison.headers["Cache-Control"] == "no-store"


def test_form_that_is_too_large_is_refused_before_it_is_read(liaison: Member) -> None:
    liaison.opens("/console/account")

    liaison.sends("/console/language", {"csrf_token": liaison.token, "x": "y" * 70_000})

    assert liaison.status == 413
    assert liaison.heading == "That was too large"


def test_form_from_another_site_is_refused_even_with_a_token(liaison: Member) -> None:
    liaison.opens("/console/account")

    liaison.sends("/console/sign-out", {"csrf_token": liaison.token}, Sec_Fetch_Site="cross-site")

    assert liaison.status == 400
    assert liaison.opens("/console/").heading == "Callbacks"


def test_nul_in_a_field_is_refused_on_either_database(liaison: Member) -> None:
    liaison.opens("/console/account")

    liaison.sends("/console/sign-in", {"csrf_token": liaison.token, "email": "a\0b@example.org"})

    assert liaison.status == 400


def test_token_of_another_browser_is_refused(liaison: Member, supervisor: Member) -> None:
    supervisor.opens("/console/account")
    liaison.opens("/console/account")

    liaison.sends("/console/sign-out", {"csrf_token": supervisor.token})

    assert liaison.status == 400


def test_trouble_is_explained_in_the_readers_language(liaison: Member) -> None:
    liaison.opens("/console/account").clicks("Español")

    assert liaison.opens("/console/supervisors").heading == "Esta página no es para su función"
    assert liaison.opens("/console/none").heading == "Esa página no existe"


def test_every_page_says_what_a_browser_may_do(liaison: Member) -> None:
    liaison.opens("/console/account")

    policy = liaison.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy
    assert liaison.headers["X-Content-Type-Options"] == "nosniff"
    assert liaison.headers["Referrer-Policy"] == "same-origin"
    assert liaison.headers["Cache-Control"] == "no-store"


def test_no_page_has_an_inline_script_style_or_handler(staff: Any, app: Flask, clock: Clock) -> None:
    person: Member = staff("liaison", totp=True).signs_in()
    for path in ("/account", "/account/password", "/account/authenticator", "/account/passkey", "/none"):
        page = person.opens(f"/console{path}").page
        assert page.xpath("//script[not(@src)]|//style|//*[@style]") == []
        assert page.xpath("//@*[starts-with(name(), 'on')]|//a[starts-with(@href, 'javascript:')]") == []


def test_static_files_are_cached_for_ever_under_an_address_that_changes_with_them(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = Browser(app)
    browser.opens("/console/sign-in")
    for path in browser.page.xpath("//link/@href|//script/@src"):
        answer = browser._client.get(path, headers={"Accept-Encoding": "gzip"})
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Encoding"] == "gzip"
        old = browser._client.get(path.replace(path.split("/")[3], "older"))
        assert old.headers["Cache-Control"] == "no-cache"
        assert "Set-Cookie" not in answer.headers


def test_callers_turn_gets_no_cookie_and_no_page_of_the_console(app: Flask) -> None:
    answer = app.test_client().post("/voice/inbound")

    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers
    assert "Content-Security-Policy" not in answer.headers
    assert "Reference number" not in answer.text


def test_database_that_is_away_is_explained_plainly(
    liaison: Member, app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from sqlalchemy.exc import OperationalError

    def away(*_: Any) -> None:
        raise OperationalError("SELECT 1", {}, Exception("secret words"))

    caplog.set_level(logging.INFO)
    monkeypatch.setattr(app.extensions["hotline.console"].database, "reading", away)

    liaison.opens("/console/account")

    assert liaison.status == 500
    assert "secret words" not in liaison.text
    assert "secret words" not in caplog.text


@ON_SQLITE
@pytest.mark.parametrize("is_soon_over", [True, False])
def test_database_that_others_write_to_delays_what_may_be_said_and_is_no_fault_of_ours(
    liaison: Member, database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch, is_soon_over: bool
) -> None:
    """Looking at the words is logged, so that page writes. It answered 500, as for a fault."""
    office = Office(database, clock)
    callback_id = office.promises()
    office.talks(callback_id, liaison.staff_id)
    office.becomes(callback_id, recognized_by="last_call")
    held, over = threading.Event(), threading.Event()

    def writes() -> None:
        with database.transaction() as session:
            session.execute(text("SELECT 1"))
            held.set()
            over.wait(0.05 if is_soon_over else 20)

    other = threading.Thread(target=writes)
    other.start()
    assert held.wait(5)
    if not is_soon_over:
        monkeypatch.setattr(database_module, "LOCK_POLLS", 5)
        monkeypatch.setattr(database_module, "BUSY_SECONDS", 0.05)
    liaison.opens(f"/console/callbacks/{callback_id}/words")
    over.set()
    other.join()

    if not is_soon_over:
        assert (liaison.status, liaison.heading) == (503, "Please try again in a moment")
        assert liaison.headers["Retry-After"] == "3"
        liaison.opens(f"/console/callbacks/{callback_id}/words")
    assert liaison.reads("in custody")


ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def _is_told_to_try_again(liaison: Member) -> bool:
    return (liaison.status, liaison.heading, liaison.headers["Retry-After"]) == (
        503, "Please try again in a moment", "3"
    )  # fmt: skip


@ON_SQLITE
@pytest.mark.parametrize(
    ("code", "passes"),
    [
        (sqlite3.SQLITE_BUSY_RECOVERY, True),
        (sqlite3.SQLITE_PROTOCOL, True),
        (sqlite3.SQLITE_IOERR_FSYNC, False),
        (sqlite3.SQLITE_FULL, False),
        (None, False),
    ],
)
def test_sqlite_that_lost_a_race_is_busy_and_one_with_a_bad_disk_is_a_fault(
    liaison: Member, database: Database, code: int | None, passes: bool
) -> None:
    """On an overloaded machine a writer that is halted in the middle costs a reader SQLITE_PROTOCOL."""
    fault = sqlite3.OperationalError("no words of it are shown")
    if code is not None:
        fault.sqlite_errorcode = code

    def fails(*_: Any) -> None:
        raise fault

    event.listen(database.engine, "do_execute", fails)
    liaison.opens("/console/account")
    event.remove(database.engine, "do_execute", fails)

    assert _is_told_to_try_again(liaison) if passes else liaison.status == 500
    assert liaison.opens("/console/account").status == 200


@ON_POSTGRESQL
def test_liaison_notices_nothing_of_a_database_that_was_started_again(
    liaison: Member, database: Database
) -> None:
    """Connections of the pool fail once. Each console process answered 500 to somebody after a restart."""
    liaison.opens("/console/account")
    plain = make_url(str(database.engine.url.render_as_string(hide_password=False)))
    own = plain.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(own, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    liaison.opens("/console/account")

    assert liaison.status == 200


@ON_POSTGRESQL
def test_liaison_whose_database_is_away_reads_to_try_again(
    liaison: Member, app: Flask, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = database.engine.url.set(host="127.0.0.1", port=9, query={})
    nobody = Database(url.render_as_string(hide_password=False), database.keyring)
    monkeypatch.setattr(app.extensions["hotline.console"].database, "reading", nobody.reading)

    liaison.opens("/console/account")

    assert _is_told_to_try_again(liaison)
    assert "Nothing was changed" not in liaison.text


def test_liaison_who_gets_no_connection_in_time_reads_to_try_again(
    liaison: Member, app: Flask, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = database.engine.pool
    monkeypatch.setattr(pool, "_timeout", 0.05)
    monkeypatch.setattr(pool, "_max_overflow", 0)
    taken = [database.engine.connect() for _ in range(pool.size())]

    liaison.opens("/console/account")

    for one in taken:
        one.close()
    assert _is_told_to_try_again(liaison)
    assert liaison.opens("/console/account").status == 200
