"""Signing in by an OpenID provider, against one over HTTP that shares no code with our client."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask import Flask
from sqlalchemy import select

from config.environment import SettingsError
from config.settings import Settings
from models import AuditEntry
from models.store.database import Database
from tests.console.conftest import HOST, Browser, Clock, Member
from tests.console.provider import CLIENT_ID, CLIENT_SECRET, Provider, new_key, path_of

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:authlib")
BACK = f"https://{HOST}/console/oidc/back"


@pytest.fixture
def clock() -> Clock:
    """The real time: tokens are dated."""
    return Clock(datetime.now(UTC))


@pytest.fixture
def provider(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """A provider on this machine, without TLS."""
    monkeypatch.setitem(os.environ, "AUTHLIB_INSECURE_TRANSPORT", "1")
    one = Provider(BACK, clock)
    yield one
    one.closes()


@pytest.fixture
def settings(settings: Settings, provider: Provider) -> Settings:
    """The settings with that provider in them."""
    return replace(
        settings,
        oidc_issuer=provider.url,
        oidc_client_id=CLIENT_ID,
        oidc_client_secret=CLIENT_SECRET,
        oidc_name="Example County",
    )


def goes_to_the_provider(browser: Browser, path: str = "/console/oidc") -> str:
    """Follow the link; the address to which the provider sends the browser back."""
    start = browser.gets(path)
    assert start.status_code in {302, 303}
    answer = requests.get(start.headers["Location"], allow_redirects=False, timeout=10)
    return path_of(answer.headers["Location"])


def test_person_on_the_staff_list_gets_in(
    staff: Any, provider: Provider, app: Flask, database: Database
) -> None:
    person: Member = staff("supervisor")
    provider.user["email"] = person.email.upper()
    browser = Browser(app)
    browser.opens("/console/sign-in")
    assert browser.links["Sign in with Example County"] == "/console/oidc"

    browser.opens(goes_to_the_provider(browser))

    assert browser.heading == "Callbacks"
    assert browser.reads("Supervisor 1")
    (asked,) = provider.asked
    assert asked["code_challenge_method"] == "S256"
    assert {"state", "nonce", "code_challenge"} <= set(asked)
    with database.reading() as session:
        entries = session.execute(select(AuditEntry.action, AuditEntry.facts).order_by(AuditEntry.id)).all()
    assert tuple(entries[-1]) == ("sign_in", {"by": "oidc"})


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "stranger@office.example.org"},
        {"email_verified": False},
        {"email_verified": "true"},
        {"email_verified": None},
        {"email": ""},
        {"email": "supervisor1@office.example.org.evil.example"},
    ],
)
def test_person_who_is_not_on_the_list_by_a_verified_email_stays_out(
    staff: Any, provider: Provider, app: Flask, claims: dict[str, Any]
) -> None:
    person: Member = staff("supervisor")
    provider.user.update({"email": person.email, **claims})
    browser = Browser(app)

    browser.opens(goes_to_the_provider(browser))

    assert browser.heading == "Sign in"
    assert browser.reads("The e-mail of that account is not on the staff list")
    assert browser.links["Sign out of Example County as well"] == "/console/oidc/end"


@pytest.mark.parametrize("fault", ["iss", "aud", "key", "issuer", "down"])
def test_token_that_is_not_for_us_opens_nothing(
    staff: Any, provider: Provider, app: Flask, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    person: Member = staff("supervisor")
    provider.user["email"] = person.email
    browser = Browser(app)
    if fault != "down":
        back = goes_to_the_provider(browser) if fault in {"iss", "aud", "key"} else None
    provider.faults[fault] = new_key() if fault == "key" else "https://evil.example"

    if fault == "down":
        browser.opens("/console/oidc")
    else:
        browser.opens(back or goes_to_the_provider(browser))

    assert browser.heading == "Sign in"
    assert browser.reads("That sign-in did not work.")
    assert person.email not in caplog.text


@pytest.mark.parametrize(
    "faults",
    [
        {"alg": "none"},
        {"alg": "HS256"},
        {"claims": {"nonce": "of another sign-in"}},
        {"claims": {"exp": 1_700_000_000}},
        {"claims": {"aud": ["somebody else"]}},
    ],
)
def test_token_with_a_wrong_signature_nonce_or_age_opens_nothing(
    staff: Any, provider: Provider, app: Flask, faults: dict[str, Any]
) -> None:
    person: Member = staff("supervisor")
    provider.user["email"] = person.email
    provider.faults.update(faults)
    browser = Browser(app)

    browser.opens(goes_to_the_provider(browser))

    assert browser.heading == "Sign in"
    assert browser.reads("That sign-in did not work.")


def test_forged_state_used_code_and_another_browser_open_nothing(
    staff: Any, provider: Provider, app: Flask
) -> None:
    person: Member = staff("supervisor")
    provider.user["email"] = person.email
    browser, other = Browser(app), Browser(app)
    back = goes_to_the_provider(browser)
    code = parse_qs(urlsplit(back).query)["code"][0]

    assert other.opens(back).heading == "Sign in"
    assert browser.opens(f"/console/oidc/back?code={code}&state=forged").heading == "Sign in"
    assert browser.opens("/console/oidc/back?error=access_denied").heading == "Sign in"
    assert browser.opens(back).heading == "Callbacks"
    browser.clicks("Sign out")
    assert browser.opens(back).heading == "Sign in"


def test_signing_out_leads_to_the_providers_end_as_well(staff: Any, provider: Provider, app: Flask) -> None:
    person: Member = staff("supervisor")
    provider.user["email"] = person.email
    browser = Browser(app)
    browser.opens(goes_to_the_provider(browser)).clicks("Sign out")

    end = browser.gets(browser.links["Sign out of Example County as well"])
    answer = requests.get(end.headers["Location"], allow_redirects=False, timeout=10)

    assert provider.ended[0]["client_id"] == CLIENT_ID
    assert answer.headers["Location"].startswith(f"https://{HOST}/console/sign-in")


def test_fresh_proof_asks_the_provider_for_a_new_sign_in(
    staff: Any, provider: Provider, app: Flask, clock: Clock
) -> None:
    person: Member = staff("supervisor", totp=True)
    provider.user["email"] = person.email
    browser = Browser(app)
    browser.opens(goes_to_the_provider(browser))
    clock.goes_on(minutes=6)
    assert browser.opens("/console/account/password").heading == "Confirm your identity"

    browser.opens(goes_to_the_provider(browser, browser.links["Confirm with Example County"]))

    assert provider.asked[-1]["prompt"] == "login"
    assert browser.heading == "Change password"


def test_someone_elses_proof_proves_nothing(staff: Any, provider: Provider, app: Flask, clock: Clock) -> None:
    person: Member = staff("supervisor").signs_in()
    other: Member = staff("administrator")
    provider.user["email"] = other.email
    clock.goes_on(minutes=6)
    person.opens("/console/account/password")

    person.opens(goes_to_the_provider(person))

    assert person.heading == "Confirm your identity"
    assert person.opens("/console/account").reads(person.email)


def test_way_in_by_a_provider_is_not_offered_without_an_issuer(
    settings: Settings, database: Database
) -> None:
    from hotline import create_app

    app = create_app(replace(settings, oidc_issuer=None), database=database)
    browser = Browser(app)

    assert "Example County" not in browser.opens("/console/sign-in").words
    assert browser.opens("/console/oidc").status == 404


def test_settings_of_a_provider_come_whole(settings: Settings) -> None:
    environ = {
        "HOTLINE_SECRET_KEY": "s" * 32,
        "HOTLINE_PIN_PEPPER": "p" * 32,
        "HOTLINE_FIELD_KEYS": "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "TWILIO_AUTH_TOKEN": "x",
        "HOTLINE_OIDC_ISSUER": "https://id.example.org/realm/",
    }
    with pytest.raises(SettingsError, match="HOTLINE_OIDC_CLIENT_ID"):
        Settings.from_env(environ)

    made = Settings.from_env(
        {**environ, "HOTLINE_OIDC_CLIENT_ID": "console", "HOTLINE_OIDC_CLIENT_SECRET": "very secret"}
    )

    assert made.oidc_issuer == "https://id.example.org/realm"
    assert "very secret" not in repr(made)
