"""Who may use the exchange: this machine, and no page of another site."""

import pytest

from tests.exchange.small_exchange import LINE, Exchange

PATHS = [
    "/exchange/",
    "/exchange/state.json",
    "/handset/rung.json",
    "/exchange/faults",
    "/2010-04-01/Accounts/A",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "host",
    [
        "evil.example.org",
        "127.0.0.1.evil.example.org",
        "api.twilio.com.example.org",
        "eviltwilio.com",
        "[",
        "",
    ],
)
def test_foreign_name_that_points_here_is_not_let_in(exchange: Exchange, path: str, host: str) -> None:
    assert exchange.web.get(path, headers={"Host": host}).status_code == 403


@pytest.mark.parametrize("host", ["127.0.0.1:8001", "localhost:8001", "[::1]:8001", "api.twilio.com"])
def test_machine_is_let_in_by_any_of_its_own_names(exchange: Exchange, host: str) -> None:
    assert exchange.web.get("/exchange/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example.org"},
        {"Origin": "null"},
        {"Origin": "http://localhost:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_page_of_another_site_can_press_no_key(exchange: Exchange, headers: dict[str, str]) -> None:
    caller = exchange.board.dial("+12025550123", LINE)
    assert exchange.waits_until(lambda: caller.live.state == "keys")

    for path, given in (
        (f"/handset/{caller.sid}/types", {"keys": "2"}),
        ("/handset/dial", {"from": "+12025550123", "to": LINE}),
        ("/exchange/handsets", {"name": "Mine", "number": "+12025550199"}),
        ("/exchange/tempo", {"speed": None}),
        ("/exchange/faults", {}),
    ):
        assert exchange.web.post(path, json=given, headers=headers).status_code == 403, path

    assert caller.live.state == "keys"
    assert len(exchange.board.all()) == 1


def test_page_itself_can_press_keys(exchange: Exchange) -> None:
    headers = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}

    answer = exchange.web.post("/exchange/handsets/1/dial", json={"to": LINE}, headers=headers)

    assert answer.status_code == 200


def test_page_on_the_port_with_tls_is_the_page_itself(exchange: Exchange) -> None:
    for origin, status in (("https://localhost", 200), ("http://localhost", 403)):
        answer = exchange.web.post(
            "/exchange/handsets/1/dial",
            json={"to": LINE},
            headers={"Origin": origin, "Sec-Fetch-Site": "same-origin"},
            base_url="https://localhost",
        )
        assert answer.status_code == status, origin


def test_form_changes_nothing(exchange: Exchange) -> None:
    for path in ("/exchange/handsets", "/exchange/handsets/1/dial", "/exchange/tempo", "/handset/dial"):
        assert exchange.web.post(path, data={"to": LINE}).status_code == 415, path
        plain = exchange.web.post(path, data='{"to": "+12025550100"}', content_type="text/plain")
        assert plain.status_code == 415, path


def test_every_answer_is_hardened(exchange: Exchange) -> None:
    for path in (*PATHS, "/exchange/static/exchange.js", "/nowhere"):
        with exchange.web.get(path) as answer:
            headers = answer.headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "Access-Control-Allow-Origin" not in headers


def test_page_brings_all_it_needs_and_nothing_inline(exchange: Exchange) -> None:
    html = exchange.web.get("/exchange/").get_data(as_text=True)

    assert "<style" not in html
    assert " style=" not in html
    assert " onclick=" not in html
    assert "://" not in html
    assert html.count("<script") == html.count('<script type="module" src="static/') == 1
