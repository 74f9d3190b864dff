"""The exchange signs as Twilio does: Twilio's own validator agrees."""

import pytest
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from hotline.exchange.delivery.request import Request
from hotline.exchange.delivery.signing import signature, signed_headers, url_as_signed


@pytest.mark.parametrize(
    ("url", "as_signed"),
    [
        ("https://line.example.org:8443/voice?x=1#rc=2", "https://line.example.org/voice?x=1"),
        ("http://127.0.0.1:8000/voice", "http://127.0.0.1:8000/voice"),
        ("https://user:pass@line.example.org/voice", "https://line.example.org/voice"),
    ],
)
def test_https_is_signed_without_its_port_and_nothing_with_its_fragment(url: str, as_signed: str) -> None:
    assert url_as_signed(url) == as_signed


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_twilios_own_validator_accepts_a_signed_request(method: str) -> None:
    request = Request.of(method, "http://127.0.0.1:8000/voice/inbound", (("Digits", "1"), ("ToCity", "")))

    headers = signed_headers("a token", request)

    assert RequestValidator("a token").validate(
        request.url, dict(request.params), headers["X-Twilio-Signature"]
    )
    assert headers["I-Twilio-Idempotency-Token"] == request.idempotency_token


def test_doubled_parameter_is_signed_once_for_each_value() -> None:
    params = [("Sid", "CA1"), ("Digits", "5"), ("SidAccount", "AC1"), ("Digits", "1"), ("Digits", "1")]

    signed = signature("a token", "https://line.example.org/voice", params)

    assert RequestValidator("a token").validate("https://line.example.org/voice", MultiDict(params), signed)


def test_request_about_a_message_is_signed_with_its_port() -> None:
    request = Request.of("POST", "https://line.example.org:8443/sms", (("Body", "Hi"),), about="message")

    signed = signed_headers("a token", request)["X-Twilio-Signature"]

    assert signed == signature("a token", "https://line.example.org:8443/sms", request.params)


def test_request_can_be_changed_wherever_its_parameters_are() -> None:
    for method in ("POST", "GET"):
        request = Request.of(method, "https://line.example.org/voice?step=1", (("A", "1"), ("B", "2")))

        changed = request.changed({"A": None, "B": "3", "C": ""})

        assert dict(changed.said) | {"step": "1"} == {"step": "1", "B": "3", "C": ""}
        assert "step=1" in changed.url
        assert changed.idempotency_token == request.idempotency_token
