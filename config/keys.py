"""Makes missing keys for a development installation, once, in files that only their owner can read."""

import base64
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from config.environment import SettingsError

#: The file in the data folder that replaces each variable, and the function that makes a new key.
KEY_FILES: dict[str, tuple[str, Callable[[], str]]] = {
    "HOTLINE_SECRET_KEY": ("secret.key", lambda: secrets.token_urlsafe(48)),
    "HOTLINE_PIN_PEPPER": ("pin_pepper.key", lambda: secrets.token_urlsafe(48)),
    "HOTLINE_FIELD_KEYS": (
        "field_keys.key",
        lambda: f"k1:{base64.b64encode(secrets.token_bytes(32)).decode()}",
    ),
    "TWILIO_AUTH_TOKEN": ("twilio_auth_token.key", lambda: secrets.token_hex(16)),
}


def make_missing_keys(data_dir: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return ``environ`` with the keys it lacks, read from ``data_dir`` or made there with mode 0600.

    In production this makes no key: it raises SettingsError and names the first missing variable. It makes a
    token for Twilio only for the local exchange.
    """
    environ = dict(environ)
    production = environ.get("HOTLINE_ENV", "").strip().lower() == "production"
    with_twilio = environ.get("HOTLINE_CARRIER", "").strip().lower() == "twilio"
    for name, (file_name, make) in KEY_FILES.items():
        if environ.get(name, "").strip():
            continue
        if production or (with_twilio and name == "TWILIO_AUTH_TOKEN"):
            raise SettingsError(f"{name} is not set; it is required{' in production' if production else ''}.")
        environ[name] = _read_or_make(data_dir / file_name, make)
    return environ


def _read_or_make(path: Path, make: Callable[[], str]) -> str:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _write_whole(path, make())
        text = path.read_text().strip()
    except OSError as error:
        raise SettingsError(
            f"The key file {path.name} cannot be read or made in HOTLINE_DATA_DIR: {error.strerror}."
        ) from None
    if not text:
        raise SettingsError(f"The key file {path.name} in HOTLINE_DATA_DIR is empty.")
    return text


def _write_whole(path: Path, text: str) -> None:
    # The key is written to a side file and then linked into place. A crash leaves no half-written key, and
    # when two processes make the same key at once, both use the first one.
    aside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(aside, path)
        except FileExistsError:
            return
    finally:
        aside.unlink()
