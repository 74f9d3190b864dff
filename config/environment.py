"""Reads environment variables one at a time, and says which one is missing or wrong."""

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar, cast
from urllib.parse import urlsplit

SHORTEST_SECRET = 32

_T = TypeVar("_T")


class SettingsError(ValueError):
    """A setting is missing or wrong. The message is one sentence naming the variable, never its value."""


class Reader:
    """Reads one variable at a time and names it in every error. An empty variable counts as unset."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str, default: str = "") -> str:
        return self._environ.get(name, "").strip() or default

    def required(self, name: str, why: str = "") -> str:
        value = self.text(name)
        if not value:
            raise SettingsError(f"{name} is not set; it is required{' ' + why if why else ''}.")
        return value

    def one_of(self, name: str, words: tuple[str, ...], default: str) -> str:
        value = self.text(name, default)
        for word in words:
            if value.lower() == word.lower():
                return word
        raise SettingsError(f"{name} must be one of {', '.join(words)}.")

    def truth(self, name: str, default: str = "0") -> bool:
        value = self.text(name, default).lower()
        if value in {"1", "true", "yes", "on"}:
            return True
        if value in {"0", "false", "no", "off"}:
            return False
        raise SettingsError(f"{name} must be 1 or 0.")

    def number(self, name: str, kind: type[_T], default: _T, *, least: float, most: float) -> _T:
        value = self.text(name)
        if not value:
            return default
        complaint = f"{name} must be a number from {least:g} to {most:g}."
        try:
            number = kind(value)  # type: ignore[call-arg]
        except ValueError:
            raise SettingsError(complaint) from None
        if not least <= cast(float, number) <= most:
            raise SettingsError(complaint)
        return number

    def url(self, name: str, schemes: tuple[str, ...]) -> str | None:
        value = self.text(name)
        if not value:
            return None
        complaint = f"{name} must be a URL that starts with {' or '.join(s + '://' for s in schemes)}."
        try:
            parts = urlsplit(value)
            _ = parts.port
        except ValueError:
            raise SettingsError(complaint) from None
        if parts.scheme not in schemes or not (parts.path if parts.scheme == "unix" else parts.hostname):
            raise SettingsError(complaint)
        if parts.scheme in {"http", "https"} and (parts.query or parts.fragment):
            raise SettingsError(f"{name} must have no query and no fragment.")
        if parts.scheme in {"http", "https"} and parts.username is not None:
            # It is part of what TwiML, `doctor` and pages show.
            raise SettingsError(f"{name} must have no user name and no password.")
        return value.rstrip("/")

    def database_url(self, data_dir: Path) -> str:
        value = self.text("HOTLINE_DATABASE_URL")
        if not value:
            return f"sqlite:///{data_dir / 'hotline.db'}"
        scheme, separator, rest = value.partition("://")
        if scheme in {"postgresql", "postgres"}:
            scheme = "postgresql+psycopg"
        if not separator or scheme not in {"sqlite", "postgresql+psycopg"}:
            raise SettingsError("HOTLINE_DATABASE_URL must start with sqlite:/// or postgresql+psycopg://.")
        if scheme == "sqlite" and _is_no_file(rest):
            # Without a file SQLite works in memory: all that a command wrote would be gone when it ends.
            raise SettingsError("HOTLINE_DATABASE_URL must name a file after sqlite:/// (three slashes).")
        return f"{scheme}://{rest}"

    def audit_head_file(self, data_dir: Path) -> Path:
        """The file where signed audit heads are kept."""
        value = self.text("HOTLINE_AUDIT_HEAD_FILE")
        return Path(value).expanduser().absolute() if value else data_dir / "audit-heads.jsonl"

    def path(self, name: str) -> Path | None:
        value = self.text(name)
        return Path(value).expanduser().absolute() if value else None

    def office_file(self) -> Path:
        value = self.text("HOTLINE_OFFICE_FILE")
        return Path(value).expanduser().absolute() if value else Path(__file__).with_name("office.toml")

    def secret(self, name: str) -> bytes:
        value = self.required(name)
        if len(value) < SHORTEST_SECRET:
            raise SettingsError(f"{name} must have at least {SHORTEST_SECRET} characters.")
        return value.encode()

    def tokens(self) -> tuple[str, ...]:
        tokens = tuple(t.strip() for t in self.required("TWILIO_AUTH_TOKEN").split(",") if t.strip())
        if not 1 <= len(tokens) <= 2:
            raise SettingsError("TWILIO_AUTH_TOKEN must hold one token, or two while they rotate.")
        return tokens

    def pairs(self, name: str, form: str) -> list[tuple[str, str]]:
        pairs = []
        for part in filter(None, (p.strip() for p in self.text(name).split(","))):
            key, separator, value = part.partition(":")
            if not separator or not key.strip() or not value.strip():
                raise SettingsError(f"{name} must hold {form}, comma-separated.")
            pairs.append((key.strip(), value.strip()))
        if len({key for key, _ in pairs}) != len(pairs):
            raise SettingsError(f"{name} holds one name twice.")
        return pairs

    def field_keys(self) -> tuple[tuple[str, bytes], ...]:
        self.required("HOTLINE_FIELD_KEYS")
        return tuple(
            (key_id, _field_key(key_id, text))
            for key_id, text in self.pairs("HOTLINE_FIELD_KEYS", "ID:BASE64")
        )


def _is_no_file(rest: str) -> bool:
    """Whether what follows ``sqlite://`` names a host, or no file after the third slash."""
    host, _, path = rest.partition("?")[0].partition("/")
    return bool(host) or path in ("", ":memory:")


def _field_key(key_id: str, text: str) -> bytes:
    try:
        key = base64.b64decode(
            text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True
        )
    except binascii.Error:
        raise SettingsError("HOTLINE_FIELD_KEYS holds a key that is not base64.") from None
    if len(key) != 32 or "." in key_id or len(key_id) > 20:
        raise SettingsError(
            "HOTLINE_FIELD_KEYS must hold keys of 32 bytes under names of 1 to 20 letters without a dot."
        )
    return key
