"""Documents are fetched as Twilio fetches them: redirects, types, sizes, cookies, credentials, a fallback."""

from collections.abc import Iterator

import pytest

from hotline.exchange.delivery.delivery import Deliver, over_http
from hotline.exchange.delivery.fetching import fetching, with_fallback
from hotline.exchange.delivery.request import LineError, Reply, Request
from tests.exchange.small_line import TOKEN
from tests.exchange.web_line import Answer, WebLine, document, web_line

PARAMS = (("CallSid", "CA1"), ("From", "+12025550123"), ("Digits", "1"))


def answers(line: WebLine, path: str) -> Answer | None:
    match path.partition("?")[0]:
        case "/found":
            return 302, {"Location": "/voice?step=2"}, b""
        case "/moved-for-now":
            return 307, {"Location": "/voice"}, b""
        case "/circle":
            return 302, {"Location": "/circle"}, b""
        case "/nowhere":
            return 302, {"Location": "ftp://nowhere"}, b""
        case "/text":
            return 200, {"Content-Type": "text/plain"}, b"We are closed & sorry."
        case "/text-that-is-twiml":
            return 200, {"Content-Type": "text/plain"}, b"<Response/>"
        case "/recording.mp3":
            return 200, {"Content-Type": "audio/mpeg"}, b"ID3"
        case "/broken":
            return 200, {"Content-Type": "text/xml"}, b"<Response>"
        case "/page":
            return 200, {"Content-Type": "text/html"}, b"<html/>"
        case "/empty":
            return 200, {"Content-Type": "text/xml"}, b" \n"
        case "/large":
            return 200, {"Content-Type": "text/xml"}, b"<Response>" + b" " * 65536 + b"</Response>"
        case "/untyped":
            return 200, {}, b"<Response/>"
        case "/json":
            return 200, {"Content-Type": "application/json"}, b"{}"
        case "/busy":
            return 429, {}, b""
        case "/cookie":
            return document(**{"Set-Cookie": "crumb=1; Path=/"})
        case "/cookie-gone":
            return document(**{"Set-Cookie": "crumb=; Max-Age=0"})
        case "/bad-cookie":
            return document(**{"Set-Cookie": "cr@mb\x01=1"})
        case "/secret":
            known = "Authorization" in line.asked[-1][2]
            return document() if known else (401, {"WWW-Authenticate": "Basic"}, b"")
    return document()


@pytest.fixture
def line() -> Iterator[WebLine]:
    with web_line(answers) as line:
        yield line


@pytest.fixture
def fetch(line: WebLine) -> Deliver:
    return fetching(over_http(line.url, TOKEN))


def post(line: WebLine, path: str) -> Request:
    return Request.of("POST", line.url + path, PARAMS)


def test_redirect_is_followed_and_the_keys_are_not_sent_again(line: WebLine, fetch: Deliver) -> None:
    reply = fetch(post(line, "/found"))

    method, target, _, body = line.asked[1]
    assert (method, body) == ("GET", b"")
    assert target == "/voice?step=2&CallSid=CA1&From=%2B12025550123"
    assert reply.url == f"{line.url}/voice?step=2"

    fetch(post(line, "/moved-for-now"))
    assert line.asked[3][0] == "POST"
    assert line.asked[3][3] == b"CallSid=CA1&From=%2B12025550123"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/circle", 11215), ("/nowhere", 11216), ("/busy", 11217), ("/large", 11750), ("/empty", 11770),
        ("/broken", 12100), ("/page", 12102), ("/untyped", 12300), ("/json", 12300), ("/bad-cookie", 11206),
    ],
)  # fmt: skip
def test_reply_that_is_no_document_has_its_number(
    line: WebLine, fetch: Deliver, path: str, code: int
) -> None:
    with pytest.raises(LineError) as failed:
        fetch(post(line, path))

    assert failed.value.code == code


def test_ten_redirects_are_followed_and_no_more(line: WebLine, fetch: Deliver) -> None:
    with pytest.raises(LineError):
        fetch(post(line, "/circle"))

    assert len(line.asked) == 11


def test_text_is_read_aloud_and_a_recording_is_played(line: WebLine, fetch: Deliver) -> None:
    assert fetch(post(line, "/text")).body == b"<Response><Say>We are closed &amp; sorry.</Say></Response>"
    assert fetch(post(line, "/text-that-is-twiml")).body == b"<Response/>"
    played = f"<Response><Play>{line.url}/recording.mp3</Play></Response>"
    assert fetch(post(line, "/recording.mp3")).body == played.encode()


def test_cookie_comes_back_in_its_own_call_alone(line: WebLine, fetch: Deliver) -> None:
    fetch(post(line, "/cookie"))
    fetch(post(line, "/voice"))
    fetch(Request.of("POST", f"{line.url}/voice", (("CallSid", "CA2"),)))
    fetch(post(line, "/cookie-gone"))
    fetch(post(line, "/voice"))

    assert [asked[2].get("Cookie") for asked in line.asked] == [None, "crumb=1", None, "crumb=1", None]


def test_credentials_are_sent_once_they_were_asked_for_and_from_then_on(
    line: WebLine, fetch: Deliver
) -> None:
    url = line.url.replace("http://", "http://user:p%40ss@") + "/secret"
    fetch(Request.of("POST", url, PARAMS))
    fetch(Request.of("POST", url, PARAMS))

    assert [asked[2].get("Authorization") for asked in line.asked] == [
        None, "Basic dXNlcjpwQHNz", "Basic dXNlcjpwQHNz",
    ]  # fmt: skip


def test_refused_credentials_are_not_tried_again(line: WebLine, fetch: Deliver) -> None:
    def refuses(request: Request) -> Reply:
        asked.append(request)
        return Reply(401, "", b"")

    asked: list[Request] = []
    with pytest.raises(LineError):
        fetching(refuses)(Request.of("POST", "http://user:pass@line.example.org/", PARAMS))

    assert len(asked) == 2


def test_fallback_gets_the_error_and_where_it_was(line: WebLine, fetch: Deliver) -> None:
    reply = with_fallback(fetch, f"{line.url}/fallback")(post(line, "/busy"))

    assert b"Hello." in reply.body
    assert line.asked[1][1] == "/fallback"
    error = f"&ErrorCode=11217&ErrorUrl={line.url.replace(':', '%3A').replace('/', '%2F')}%2Fbusy"
    assert line.asked[1][3].decode().endswith(error)


def test_line_has_failed_without_a_fallback_or_with_one_that_fails_too(line: WebLine, fetch: Deliver) -> None:
    with pytest.raises(LineError, match="answered 429"):
        with_fallback(fetch, None)(post(line, "/busy"))
    with pytest.raises(LineError, match="is empty"):
        with_fallback(fetch, f"{line.url}/empty", "GET")(post(line, "/busy"))
