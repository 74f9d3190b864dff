"""The exchange does not run in production, whichever way it is started."""

import dataclasses

import pytest
from werkzeug.test import TestResponse

from config.office import Office
from config.settings import Settings
from hotline import create_app
from hotline.cli.command.bind import Bind
from hotline.cli.serving.supervision import programs
from hotline.exchange.__main__ import HOST, exchange_for, main, numbers_of
from models.store.database import Database

PRODUCTION = {
    "HOTLINE_ENV": "production",
    "HOTLINE_DATABASE_URL": "sqlite://",
    "HOTLINE_PUBLIC_URL": "https://line.example.org",
    "HOTLINE_SECRET_KEY": "s" * 32,
    "HOTLINE_PIN_PEPPER": "p" * 32,
    "HOTLINE_FIELD_KEYS": "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
    "TWILIO_AUTH_TOKEN": "the-token-of-a-hotline-in-production",
}


@pytest.mark.parametrize("carrier", ["exchange", "twilio", ""])
def test_exchange_process_ends_at_once_in_production(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], carrier: str
) -> None:
    for name, value in {**PRODUCTION, "HOTLINE_CARRIER": carrier}.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit) as refused:
        main()

    assert refused.value.code == 2
    told = capsys.readouterr().err
    assert "HOTLINE_CARRIER" in told
    assert told.count("\n") == 1


def test_nothing_that_serves_production_starts_it_or_leads_to_it(
    settings: Settings, database: Database
) -> None:
    produced = Settings.from_env({**PRODUCTION, "HOTLINE_REDIS_URL": settings.queue_url})

    assert "exchange" not in {program.name for program in programs(produced, Bind("127.0.0.1", 8000))}
    web = create_app(dataclasses.replace(settings, carrier="twilio"), database=database).test_client()
    for path in ("/exchange/", "/exchange/events", "/exchange/state.json", "/handset/rung.json"):
        assert web.get(path).status_code in {403, 404}, path


def test_exchange_of_an_office_owns_its_lines_and_no_other_number(settings: Settings, office: Office) -> None:
    account, token = settings.twilio_account_sid, settings.twilio_auth_tokens[0]
    exchange = exchange_for(settings, office).test_client()

    def asks(kind: str, from_: str, **more: str) -> TestResponse:
        return exchange.post(
            f"/2010-04-01/Accounts/{account}/{kind}.json",
            data={"To": "+12025550170", "From": from_, **more},
            auth=(account, token),
            environ_base={"REMOTE_ADDR": "127.0.0.1"},
        )

    for kind, more in (("Calls", {"Url": "http://127.0.0.1:1/leg"}), ("Messages", {"Body": "words"})):
        refused = asks(kind, "+12025550199", **more)
        assert (refused.status_code, refused.get_json()["code"]) == (400, 21210), kind
        assert asks(kind, office.lines[0], **more).status_code == 201, kind


def test_discreet_number_of_the_exchange_falls_back_to_neutral_words(
    settings: Settings, office: Office
) -> None:
    numbers = numbers_of(settings, office)

    neutral = {line for line, number in numbers.items() if "discreet" in str(number.fallback_url)}
    assert neutral == set(office.discreet_lines)
    assert set(numbers) == {*office.lines, office.staff_line}


def test_line_in_development_leads_to_it_and_streams_nothing_itself(
    settings: Settings, database: Database
) -> None:
    web = create_app(settings, database=database).test_client()

    there = web.get("/exchange/")

    assert there.status_code == 302
    assert there.headers["Location"] == f"http://127.0.0.1:{settings.exchange_port}/exchange/"
    assert web.get("/exchange/events").status_code == 404


def test_exchange_listens_on_this_machine_alone() -> None:
    assert HOST == "127.0.0.1"
