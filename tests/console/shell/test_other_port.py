"""Where a page hears of changes: by a path of its own host behind TLS, and by another port without it."""

from dataclasses import replace

from flask import Flask

from tests.console.conftest import Browser, Member

PAGE = "/console/callbacks"


def _listens_at(browser: Browser) -> list[str]:
    return [str(at) for at in browser.page.xpath("//body/@data-events")]


def _with_port(app: Flask, public_url: str, port: int) -> None:
    console = app.extensions["hotline.console"]
    settings = replace(console.settings, public_url=public_url, events_port=port)
    object.__setattr__(console, "settings", settings)


def test_page_behind_a_proxy_listens_at_its_own_host(liaison: Member) -> None:
    assert _listens_at(liaison.opens(PAGE)) == ["/console/events"]
    assert "connect-src" not in liaison.headers["Content-Security-Policy"]


def test_page_without_tls_listens_at_the_port_of_the_events(app: Flask, liaison: Member) -> None:
    _with_port(app, "http://127.0.0.1:8000", 8003)

    assert _listens_at(liaison.opens(PAGE)) == ["http://line.example.org:8003/console/events"]
    policy = liaison.headers["Content-Security-Policy"]
    assert policy.endswith("; connect-src 'self' http://line.example.org:8003")


def test_page_of_a_line_without_events_polls(app: Flask, liaison: Member) -> None:
    _with_port(app, "http://127.0.0.1:8000", 0)

    assert _listens_at(liaison.opens(PAGE)) == [""]


def test_page_for_everybody_listens_to_nothing(app: Flask) -> None:
    assert _listens_at(Browser(app).opens("/console/sign-in")) == []
