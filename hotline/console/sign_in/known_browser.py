"""A browser in which someone has signed in before: it counts their failures apart from those of strangers.

This way nobody can lock a person out from afar. A stranger's failures count on the e-mail, while failures in
a browser where that person signed in before count on the browser.
"""

import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import timedelta

from flask import Response, current_app, request

from hotline.console.shell.cookie import PREFIX
from models.store.keyring import Keyring, SealError

PURPOSE = "console.browser"
KEPT = timedelta(days=180)
ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class KnownBrowser:
    """``key`` is a hash of the browser's secret, the same as long as its cookie is there."""

    staff_id: int
    secret: str

    @property
    def key(self) -> str:
        """The form in which rows store it."""
        return hashlib.sha256(self.secret.encode()).hexdigest()


def known_browser(keyring: Keyring) -> KnownBrowser | None:
    """The owner of the browser that sent the request, or None for an unknown browser."""
    try:
        held = json.loads(keyring.unseal(PURPOSE, request.cookies.get(_name(), "")))
    except (SealError, ValueError):
        return None
    return KnownBrowser(held["staff"], held["secret"])


def know_browser(staff_id: int, keyring: Keyring) -> KnownBrowser:
    """This browser as one of this person's: already known, or new."""
    found = known_browser(keyring)
    return (
        found
        if found is not None and found.staff_id == staff_id
        else KnownBrowser(staff_id, secrets.token_hex(ID_BYTES))
    )


def remember_browser(response: Response, known: KnownBrowser, keyring: Keyring) -> None:
    """Give the browser a cookie by which it is known next time."""
    config = current_app.config
    response.set_cookie(
        _name(),
        keyring.seal(PURPOSE, json.dumps({"staff": known.staff_id, "secret": known.secret})),
        max_age=KEPT,
        path="/" if config["SESSION_COOKIE_SECURE"] else PREFIX,
        secure=config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Strict",
    )


def _name() -> str:
    return f"{current_app.config['SESSION_COOKIE_NAME']}-browser"
