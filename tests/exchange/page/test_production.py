"""Nothing that serves production starts the exchange, and `serve` starts it as any Twilio app would."""

import dataclasses
import sys

from config.office import Office
from config.settings import Settings
from hotline import create_app
from hotline.cli.command.bind import Bind
from hotline.cli.serving.exchange_program import exchange_command
from hotline.cli.serving.supervision import programs
from hotline.exchange.calls.inbound import line_number
from hotline.exchange.command import exchange as command
from hotline.exchange.numbers import read_numbers
from hotline.exchange.server import HOST
from models.store.database import Database
from tests.conftest import ON_SQLITE

PRODUCTION = {
    "HOTLINE_ENV": "production",
    "HOTLINE_DATABASE_URL": "sqlite:///line.db",
    "HOTLINE_PUBLIC_URL": "https://line.example.org",
    "HOTLINE_SECRET_KEY": "s" * 32,
    "HOTLINE_PIN_PEPPER": "p" * 32,
    "HOTLINE_FIELD_KEYS": "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
    "TWILIO_AUTH_TOKEN": "the-token-of-a-hotline-in-production",
}


@ON_SQLITE
def test_nothing_that_serves_production_starts_it_or_leads_to_it(
    settings: Settings, database: Database
) -> None:
    produced = Settings.from_env({**PRODUCTION, "HOTLINE_REDIS_URL": settings.queue_url})

    assert "exchange" not in {program.name for program in programs(produced, Bind("127.0.0.1", 8000))}
    web = create_app(dataclasses.replace(settings, carrier="twilio"), database=database).test_client()
    for path in ("/exchange/", "/exchange/events", "/exchange/state.json", "/handset/rung.json"):
        assert web.get(path).status_code in {403, 404}, path


def test_exchange_of_an_office_has_its_lines_and_every_other_number_calls_the_main_one(
    settings: Settings, office: Office
) -> None:
    program, *arguments = exchange_command(settings, office)
    options = command.make_context("exchange", arguments[2:]).params
    numbers = read_numbers(
        options["numbers"], sms=options["sms"], status=options["status"], fallback=options["fallback"]
    )

    assert (program, arguments[:2]) == (sys.executable, ["-m", "hotline.exchange"])
    assert options["port"] == settings.exchange_port
    assert set(numbers) == {*office.lines, office.staff_line, "any"}
    assert numbers["any"] == line_number(settings.public_url)
    neutral = {line for line, number in numbers.items() if "discreet" in str(number.fallback_url)}
    assert neutral == set(office.discreet_lines)
    secrets = {settings.twilio_account_sid, *settings.twilio_auth_tokens}
    assert not secrets & {*arguments}, "every user of this machine reads a command"


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
