"""The certificate of the exchange's TLS port: one from files, or one that is made at each start."""

import ssl
from pathlib import Path

#: The names for which a certificate is made: this machine's, and Twilio's for clients that use a proxy.
NAMES = ("api.twilio.com", "*.twilio.com", "localhost", "127.0.0.1")


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
    try:
        made.cert_pem.write_to_path(str(authority))
    except OSError as problem:
        raise CertificateError(f"--ca {authority} cannot be written: {problem.strerror}") from None
    return context
