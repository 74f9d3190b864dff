"""nginx with the shipped file in front of a real web process: a signed call over TLS."""

import os
import re
import ssl
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPSConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hotline.exchange.delivery.signing import signature
from tests.deploy.test_files import text
from tests.hotline.cli.test_serve import free_ports, until
from tests.hotline.cli.test_web_server import Web, migrated_folder
from tests.programs import needs

NAME = "line.example.org"
TOKEN = "t" * 32
CALL = {
    "CallSid": "CA" + "1" * 32, "AccountSid": "AC" + "0" * 32, "From": "+12025550123", "To": "+12025550100",
    "CallStatus": "ringing", "Direction": "inbound", "ApiVersion": "2010-04-01",
}  # fmt: skip


class Proxy:
    """nginx with config/deploy/nginx.conf, in which the ports, the paths and the certificate are a test's."""

    def __init__(self, folder: Path, web_port: int) -> None:
        self.port, plain = free_ports(), free_ports()
        make_certificate(folder)
        shipped = text("nginx.conf")
        for here, there in (
            ("listen 443 ssl http2;", f"listen 127.0.0.1:{self.port} ssl http2;"),
            ("listen 80;", f"listen 127.0.0.1:{plain};"),
            ("127.0.0.1:8000", f"127.0.0.1:{web_port}"),
            ("/etc/ssl/hotline", str(folder)),
            ("/var/log/nginx", str(folder)),
        ):
            assert here in shipped
            shipped = shipped.replace(here, there)
        shipped = re.sub(r"^  listen \[::\].*\n", "", shipped, flags=re.MULTILINE)
        (folder / "hotline.conf").write_text(shipped)
        kept = "".join(
            f"{name}_temp_path {folder}/{name};"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (folder / "nginx.conf").write_text(
            # Begun with root's rights it would give them up, and then reach no folder of a test.
            f"{'user root;' if os.geteuid() == 0 else ''}"
            f"daemon off; pid {folder}/pid; error_log {folder}/start.log;"
            f"events {{}} http {{ {kept} include {folder}/hotline.conf; }}"
        )
        self.log, self.certificate = folder / "hotline.log", folder / "fullchain.pem"
        self.process = subprocess.Popen([needs("nginx"), "-p", folder, "-c", folder / "nginx.conf"])

    def asks(
        self, method: str, path: str, form: dict[str, str] | None = None, **headers: str
    ) -> tuple[int, str]:
        """Ask the proxy over TLS; the status and the words of the answer."""
        trusting = ssl.create_default_context(cafile=self.certificate)
        # The certificate is for the line's name, and the test asks at an address.
        trusting.check_hostname = False
        connection = HTTPSConnection("127.0.0.1", self.port, timeout=15, context=trusting)
        body = None if form is None else urlencode(form)
        told = {"Host": NAME, "Content-Type": "application/x-www-form-urlencoded", **headers}
        connection.request(method, path, body, told)
        answer = connection.getresponse()
        status, words = answer.status, answer.read().decode()
        connection.close()
        return status, words

    def is_up(self) -> bool:
        try:
            return self.asks("GET", "/up")[0] == 200
        except OSError:
            return False


def make_certificate(folder: Path) -> None:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "fullchain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    needs("nginx")
    folder = tmp_path_factory.mktemp("proxy")
    told = {
        "HOTLINE_PUBLIC_URL": f"https://{NAME}", "HOTLINE_WEB_PROXIES": "1", "HOTLINE_WEB_WORKERS": "1",
        "TWILIO_AUTH_TOKEN": TOKEN,
    }  # fmt: skip
    web = Web(migrated_folder(folder / "var"), **told)
    one = Proxy(folder, web.port)
    until(one.is_up, "the proxy")
    yield one
    one.process.terminate()
    one.process.wait(30)
    web.process.terminate()
    web.process.wait(30)


def test_signed_call_is_answered_over_tls(proxy: Proxy) -> None:
    signed = signature(TOKEN, f"https://{NAME}/voice/inbound", CALL.items())

    status, words = proxy.asks("POST", "/voice/inbound", CALL, **{"X-Twilio-Signature": signed})

    assert status == 200
    assert "For English, press 1" in words


def test_stranger_without_a_signature_is_refused(proxy: Proxy) -> None:
    assert proxy.asks("POST", "/voice/inbound", CALL)[0] == 403


def test_console_that_is_away_is_one_sentence_in_two_languages(proxy: Proxy) -> None:
    status, words = proxy.asks("GET", "/console/")

    assert status == 503
    assert words.startswith("The console starts again.")
    assert "La consola se está reiniciando." in words


def test_log_has_no_query(proxy: Proxy) -> None:
    proxy.asks("GET", "/up?From=%2B12025550123")

    until(lambda: "/up" in proxy.log.read_text(), "its line in the log")
    assert "2025550123" not in proxy.log.read_text()
