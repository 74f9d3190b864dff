"""The certificate of the exchange's TLS port: one from files, or one that is made at each start."""

import ssl
from functools import lru_cache
from pathlib import Path

#: The names for which a certificate is made: this machine's, and Twilio's for clients that use a proxy.
NAMES = ("api.twilio.com", "localhost", "127.0.0.1")
_MOST_HOSTS = 100


def is_twilio(host: str) -> bool:
    """Whether a host is one of Twilio's, for which the exchange answers."""
    return host.endswith(".twilio.com")


class CertificateError(Exception):
    """There is no usable certificate; the message says why and names the option."""


def from_files(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return a context with the certificate and the key in two PEM files. Raises CertificateError."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as problem:
        what = problem.strerror or type(problem).__name__
        raise CertificateError(
            f"--certificate {certificate} and --key {key} cannot be used: {what}"
        ) from None
    return context


def made_now(authority: Path) -> ssl.SSLContext:
    """Return a context with a new certificate, and write its authority's to a PEM file for the clients.

    The authority's key is in memory alone. Raises CertificateError.
    """
    try:
        import trustme
    except ImportError:
        raise CertificateError("--tls needs the package trustme, or --certificate and --key") from None
    made = trustme.CA(organization_name="The exchange, for tests")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.issue_cert(*NAMES).configure_cert(context)

    def names_other_host(connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        # A client with a region calls api.EDGE.REGION.twilio.com, for which no wildcard holds.
        if name is not None and name not in NAMES and is_twilio(name):
            connection.context = for_host(name)

    @lru_cache(maxsize=_MOST_HOSTS)
    def for_host(name: str) -> ssl.SSLContext:
        other = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        made.issue_cert(name).configure_cert(other)
        return other

    context.sni_callback = names_other_host
    try:
        made.cert_pem.write_to_path(str(authority))
    except OSError as problem:
        raise CertificateError(f"--ca {authority} cannot be written: {problem.strerror}") from None
    return context
