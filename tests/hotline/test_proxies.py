"""The first request that shows a proxy which the settings do not name logs it, and doctor reports it."""

import dataclasses
import json
import logging

import pytest

from config.settings import Settings
from hotline import create_app
from models.store.database import Database
from tests.hotline.cli.test_doctor import run, wrong

FORWARDED = {"X-Forwarded-For": "192.0.2.7"}


def test_first_request_through_an_unknown_proxy_is_logged_once_and_doctor_reports_it(
    settings: Settings, database: Database, redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = create_app(settings, database=database).test_client()
    client.get("/up")
    assert "proxies" not in wrong(run(settings, "doctor", "--json"))

    for _ in range(3):
        client.get("/up", headers=FORWARDED)

    told = [one.getMessage() for one in caplog.records if one.name == "hotline.proxies"]
    assert told == ["A request came through a proxy, but HOTLINE_WEB_PROXIES is not set."]
    assert "HOTLINE_WEB_PROXIES is not set" in wrong(run(settings, "doctor", "--json"))["proxies"]
    assert "proxies" not in wrong(run(settings, "doctor", "--json", HOTLINE_WEB_PROXIES="1"))


def test_configured_proxy_is_not_logged(
    settings: Settings, database: Database, redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    told_of = dataclasses.replace(settings, web_proxies=1)
    with caplog.at_level(logging.INFO):
        create_app(told_of, database=database).test_client().get("/up", headers=FORWARDED)
    assert [one for one in caplog.records if one.name == "hotline.proxies"] == []


def test_doctor_notes_a_production_web_without_a_proxy_where_it_is_seen(
    settings: Settings, database: Database, redis_url: str
) -> None:
    def found(**environ: str) -> tuple[str | None, bool, str]:
        checks = json.loads(run(settings, "doctor", "--json", **environ).stdout)["checks"]
        (one,) = [check for check in checks if check["name"] == "proxies"]
        return one["wrong"], one["fault"], one["told"]

    real = {
        "HOTLINE_ENV": "production",
        "HOTLINE_PUBLIC_URL": "https://127.0.0.1:9",
        "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
        # Nothing listens there: doctor asks the carrier too.
        "TWILIO_API_BASE_URL": "http://127.0.0.1:9",
    }
    assert found() == (None, False, "none in front")
    wrong_, is_fault, _ = found(**real)
    assert "No proxy is in front of this web" in str(wrong_)
    assert not is_fault
    assert "NOTE  proxies" in run(settings, "doctor", **real).output
    assert found(**real, HOTLINE_WEB_PROXIES="1") == (None, False, "1 in front")


def test_address_that_a_web_process_adds_for_the_console_is_no_unknown_proxy(
    settings: Settings, database: Database, redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    led = dataclasses.replace(settings, console_port=8004)
    client = create_app(led, database=database).test_client()

    client.get("/console/sign-in", headers=FORWARDED)
    assert [one for one in caplog.records if one.name == "hotline.proxies"] == []

    client.get("/console/sign-in", headers={"X-Forwarded-For": "192.0.2.7, 127.0.0.1"})
    assert len([one for one in caplog.records if one.name == "hotline.proxies"]) == 1
