"""The console's cookie: the data that a browser stores for us, sealed so that nobody can read or forge it."""

import json
from typing import Any

from flask import Flask, Request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import BadSignature

from models.store.keyring import Keyring, SealError

PURPOSE = "console.cookie"
PREFIX = "/console"
#: The most messages that wait for the next page: a browser silently drops a cookie over 4,096 bytes.
MOST_SAID = 4


def cookie_name(public_url: str) -> str:
    """The cookie's name: over https it is bound to this host and to TLS."""
    return "__Host-console" if public_url.startswith("https://") else "console"


def read_cookie(keyring: Keyring, sealed: str) -> dict[str, Any]:
    """What a cookie holds. Raises BadSignature for one that is none of ours."""
    return _Sealer(keyring).loads(sealed)


class _Sealer:
    """Has a serializer's interface, but seals with the app's keyring instead of signing."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def dumps(self, held: dict[str, Any]) -> str:
        return self._keyring.seal(PURPOSE, json.dumps(held, separators=(",", ":")))

    def loads(self, sealed: str, max_age: int | None = None) -> dict[str, Any]:  # noqa: ARG002
        # The session's row limits the cookie's age; the cookie only names the session.
        try:
            held = json.loads(self._keyring.unseal(PURPOSE, sealed))
        except (SealError, ValueError):
            raise BadSignature("The cookie is none of ours.") from None
        return held if isinstance(held, dict) else {}


class SealedCookies(SecureCookieSessionInterface):
    """Flask's session, for requests of the console only: a caller's turn neither opens nor sends one.

    It has the token of the staff session, the CSRF token, flash messages, and the page that someone wanted.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._sealer = _Sealer(keyring)

    def install(self, app: Flask, public_url: str) -> None:
        """Make these the sessions of ``app``; over https the cookie is bound to this host and to TLS."""
        is_https = public_url.startswith("https://")
        app.session_interface = self
        app.config.update(
            SESSION_COOKIE_NAME=cookie_name(public_url),
            SESSION_COOKIE_SECURE=is_https,
            SESSION_COOKIE_HTTPONLY=True,
            # Lax lets a link in a message open a page; every request that changes something is a POST.
            SESSION_COOKIE_SAMESITE="Lax",
            SESSION_COOKIE_PATH="/" if is_https else PREFIX,
        )

    def get_signing_serializer(self, app: Flask) -> Any:  # noqa: ARG002
        """The sealer: Flask asks for it to read and to write the cookie."""
        return self._sealer

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """The cookie's content; None outside the console, which means a session that cannot be written."""
        return super().open_session(app, request) if is_console(request.path) else None

    def save_session(self, app: Flask, session: SessionMixin, response: Any) -> None:
        """Send the cookie when it changed."""
        if isinstance(session, SecureCookieSession):
            said = session.get("_flashes", [])
            # A click leaves a message even if nobody waited for its answer. The same one is kept once.
            kept = list(dict.fromkeys((category, message) for category, message in said))[-MOST_SAID:]
            if len(kept) < len(said):
                session["_flashes"] = kept
            super().save_session(app, session, response)


def is_console(path: str) -> bool:
    """Whether a path is one of the console's."""
    return path == PREFIX or path.startswith(f"{PREFIX}/")
