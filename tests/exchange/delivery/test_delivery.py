"""Requests go out over real HTTP as Twilio sends them, and every failure has Twilio's number."""

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hotline.exchange.delivery.delivery import Deliver, over_http
from hotline.exchange.delivery.request import LineError, Request
from tests.exchange.small_line import TOKEN
from tests.exchange.web_line import Answer, WebLine, document, web_line


def answers(line: WebLine, path: str) -> Answer | None:
    match path.partition("?")[0]:
        case "/fails":
            return document(status=500)
        case "/fails-once":
            return document(status=500 if len(line.asked) == 1 else 200)
        case "/slow":
            line.patience.wait(10)  # type: ignore[attr-defined]
            return document()
        case "/breaks-off":
            return None
        case "/large":
            return 200, {"Content-Type": "text/xml"}, b"x" * 200_000
    return document()


@pytest.fixture
def line() -> Iterator[WebLine]:
    with web_line(answers) as line:
        line.patience = threading.Event()  # type: ignore[attr-defined]
        yield line
        line.patience.set()  # type: ignore[attr-defined]


@pytest.fixture
def deliver(line: WebLine) -> Deliver:
    return over_http(line.url, TOKEN)


def post(line: WebLine, path: str) -> Request:
    return Request.of("POST", line.url + path, (("CallSid", "CA1"), ("Digits", "1")))


def code_of(deliver: Deliver, request: Request) -> int:
    with pytest.raises(LineError) as failed:
        deliver(request)
    return failed.value.code


def test_request_arrives_with_its_form_and_without_its_fragment(line: WebLine, deliver: Deliver) -> None:
    reply = deliver(post(line, "/voice?step=1#rc=2"))

    method, target, headers, body = line.asked[0]
    assert (method, target, body) == ("POST", "/voice?step=1", b"CallSid=CA1&Digits=1")
    assert headers["I-Twilio-Idempotency-Token"]
    assert (reply.status, reply.content_type) == (200, "text/xml")


def test_get_carries_everything_in_its_address(line: WebLine, deliver: Deliver) -> None:
    deliver(Request.of("GET", line.url + "/voice?step=1", (("Digits", "#"),)))

    assert line.asked[0][:2] == ("GET", "/voice?step=1&Digits=%23")
    assert line.asked[0][3] == b""


def test_failure_is_retried_only_when_the_policy_names_it(line: WebLine, deliver: Deliver) -> None:
    assert deliver(post(line, "/fails")).status == 500
    assert len(line.asked) == 1

    assert deliver(post(line, "/fails#rc=3&rp=4xx")).status == 500
    assert len(line.asked) == 2

    assert deliver(post(line, "/fails#rc=3&rp=5xx")).status == 500
    assert len(line.asked) == 6


def test_all_tries_of_one_request_carry_one_token(line: WebLine, deliver: Deliver) -> None:
    assert deliver(post(line, "/fails-once#rp=all")).status == 200

    tokens = [headers["I-Twilio-Idempotency-Token"] for _, _, headers, _ in line.asked]
    assert len(tokens) == 2
    assert len(set(tokens)) == 1


def test_line_that_does_not_answer_in_time_is_given_up(line: WebLine, deliver: Deliver) -> None:
    assert code_of(deliver, post(line, "/slow#rt=100")) == 11203
    assert len(line.asked) == 1

    assert code_of(deliver, post(line, "/slow#rt=100&rc=2&rp=rt")) == 11203
    assert len(line.asked) == 4


def test_all_tries_together_take_no_longer_than_the_total(line: WebLine, deliver: Deliver) -> None:
    assert code_of(deliver, post(line, "/slow#tt=150&rc=5&rp=rt")) == 11203

    assert len(line.asked) == 1


def test_reply_that_stops_half_way_is_never_requested_again() -> None:
    tries = []

    def half() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            tries.append(connection)
            connection.recv(65536)
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 99\r\n\r\n<Resp"
            )

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=half, daemon=True).start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"

        assert code_of(over_http(url, TOKEN), Request.of("POST", f"{url}/#rt=100&rc=3&rp=all", ())) == 11203

        listening.shutdown(socket.SHUT_RDWR)
    assert len(tries) == 1
    tries[0].close()


def test_each_way_of_not_answering_has_its_number(line: WebLine, deliver: Deliver) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        closed = f"http://127.0.0.1:{free.getsockname()[1]}"

    assert code_of(over_http(closed, TOKEN), Request.of("POST", closed, ())) == 11202
    assert code_of(deliver, post(line, "/breaks-off")) == 11205
    assert code_of(deliver, Request.of("POST", "ftp://127.0.0.1/", ())) == 11100
    assert code_of(deliver, Request.of("POST", "http://[", ())) == 11100
    assert code_of(deliver, post(line, "/#e=mars")) == 11241
    https = line.url.replace("http:", "https:")
    assert code_of(over_http(https, TOKEN), Request.of("POST", https, ())) == 11220


def test_only_a_connect_timeout_is_retried_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[float] = []

    def never(address: tuple[str, int], timeout: float) -> socket.socket:
        tries.append(timeout)
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", never)
    deliver = over_http("http://127.0.0.1", TOKEN, clock=lambda: 0.0)

    assert code_of(deliver, Request.of("POST", "http://127.0.0.1/", ())) == 11201
    assert tries == [5.0, 5.0]
    assert code_of(deliver, Request.of("POST", "http://127.0.0.1/#rc=0&ct=700", ())) == 11201
    assert tries[2:] == [0.7]


def test_no_document_sends_the_carrier_to_a_host_that_was_not_allowed(line: WebLine) -> None:
    elsewhere = over_http("http://127.0.0.1:1", TOKEN)
    assert code_of(elsewhere, post(line, "/voice")) == 11210
    assert line.asked == []

    assert over_http("http://127.0.0.1:1", TOKEN, hosts=[line.url])(post(line, "/voice")).status == 200


def test_reading_stops_when_a_document_is_too_long(line: WebLine, deliver: Deliver) -> None:
    body = deliver(post(line, "/large")).body

    assert 64 * 1024 < len(body) < 100_000


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
    from datetime import UTC, datetime, timedelta

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "line.pem"
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem.write_bytes(key.private_bytes(*form) + made.public_bytes(serialization.Encoding.PEM))
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(pem)
    return pem, serving


def test_https_is_spoken_and_its_certificate_checked(
    line: WebLine, certificate: tuple[Path, ssl.SSLContext]
) -> None:
    pem, serving = certificate
    line.socket = serving.wrap_socket(line.socket, server_side=True)
    url = f"https://localhost:{line.server_port}"

    trusting = over_http(url, TOKEN, tls=ssl.create_default_context(cafile=pem))

    assert trusting(Request.of("POST", f"{url}/voice", ())).status == 200
    assert code_of(over_http(url, TOKEN), Request.of("POST", f"{url}/voice", ())) == 11237
