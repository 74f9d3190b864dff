"""A guarded view reads what was signed, and nothing large, odd or foreign gets to it."""

from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from flask import Flask, request
from werkzeug.exceptions import BadRequest, Forbidden, HTTPException
from werkzeug.test import create_environ, run_wsgi_app

from hotline.voice.signature import BODY_BYTES, FORM, SIGNATURE_HEADER, Door, guard_twilio
from tests.hotline.test_signature import BASE, SomeSettings, sign


@pytest.fixture
def app() -> Flask:
    made = Flask("door")
    made.testing = True
    Door(SomeSettings()).install(made)

    @guard_twilio
    def heard(rest: str) -> dict[str, Any]:
        assert not request.files
        return {"form": list(request.form.items(multi=True)), "values": request.values.get("Digits")}

    made.add_url_rule("/voice/<path:rest>", view_func=heard, methods=["GET", "POST"])
    return made


def test_guarded_view_says_so(app: Flask) -> None:
    assert app.view_functions["heard"].guard == "twilio"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "path", ["/voice/inbound", "/voice/steps/ask_pin/7", "/voice/a b+c", "/voice/é:@!$&'()*,;=~"]
)
def test_guarded_view_reads_what_was_signed_behind_any_host_name(app: Flask, path: str) -> None:
    target = quote(path, safe="/:@!$&'()*+,;=-._~") + "?foo=1&bar=%2f+"
    params = [("Digits", "5"), ("Name", "Ana ñ"), ("Blank", "")]
    answer = app.test_client().post(
        target,
        data="&".join(f"{n}={quote_plus(v)}" for n, v in params),
        content_type=FORM,
        base_url="http://10.0.0.7:8000",
        headers={SIGNATURE_HEADER: sign("https://mycompany.com" + target, params)},
    )
    assert answer.status_code == 200
    assert answer.json == {"form": [list(p) for p in params], "values": "5"}


class Unread:
    """A body of ten megabytes that records how much of it was read."""

    def __init__(self) -> None:
        self.taken = 0

    def read(self, size: int = -1) -> bytes:
        assert size >= 0, "The whole body would have been read at once."
        self.taken += size
        return b"x" * size


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize("signature", [BASE, None])
def test_body_of_ten_megabytes_is_refused_without_being_read(
    app: Flask, declared: bool, signature: str | None
) -> None:
    body = Unread()
    environ = create_environ("/voice/inbound", method="POST", content_type=FORM)
    environ |= {"wsgi.input": body, "wsgi.input_terminated": True}
    if declared:
        environ["CONTENT_LENGTH"] = "10000000"
    else:
        del environ["CONTENT_LENGTH"]
    if signature:
        environ["HTTP_X_TWILIO_SIGNATURE"] = signature
    _, status, _ = run_wsgi_app(app, environ)
    assert status[:3] == ("400" if signature else "403")
    assert body.taken <= (0 if declared else 2 * BODY_BYTES)


def test_refusal_has_nothing_of_what_was_sent(app: Flask) -> None:
    canary = "8675309"
    for body, kind in ((f"Digits={canary}", FORM), (f"Digits={canary}%ff", FORM), (canary, "text/plain")):
        for signature in (BASE, canary):
            answer = app.test_client().post(
                "/voice/inbound", data=body, content_type=kind, headers={SIGNATURE_HEADER: signature}
            )
            assert answer.status_code in {400, 403}
            assert canary not in answer.text


def test_refusals_are_plain_http_errors() -> None:
    assert issubclass(Forbidden, HTTPException)
    assert issubclass(BadRequest, HTTPException)
