"""Signing in by an OpenID provider (Authlib): it proves identity, and the staff list says who may come in."""

import logging
import threading
from collections.abc import Callable
from typing import Any, cast

from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import Blueprint, Flask, current_app, flash, redirect, session, url_for
from joserfc.errors import JoseError
from requests import RequestException
from werkzeug.exceptions import NotFound

from config.settings import Settings
from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_open, someone
from hotline.console.shell.words import _
from hotline.console.sign_in.continue_views import asked_by_tab, go_on
from hotline.console.sign_in.entering import begin, enter
from hotline.console.sign_in.views import Answer, say_busy
from models.staff.staff_access import Access, access_of_email
from models.staff.staff_session import prove_again

log = logging.getLogger(__name__)

#: Key in the cookie: a signed-in person went to prove their identity again.
AGAIN, OF = "oidc_again", "oidc_of"
#: How long one answer of the provider may take: one web thread in each process waits for it.
PATIENCE_SECONDS = 4.0
#: How recent a repeated proof must be, in seconds.
FRESH_SECONDS = 300
#: What can go wrong at the provider or on the way to it; the person sees one sentence for all of it.
FAULTS = (OAuthError, JoseError, RequestException, RuntimeError, KeyError, ValueError)


#: Nested in the console only if an issuer is set.
oidc = Blueprint("oidc", __name__)
EXTENSION = "hotline.console.oidc"


class Provider:
    """The provider of the settings, asked by one web thread at a time."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._issuer = settings.oidc_issuer or ""
        self._settings = settings
        self._slot = threading.BoundedSemaphore(1)
        registry: Any = OAuth(app)  # type: ignore[no-untyped-call]
        self._client = registry.register(
            name="oidc",
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret,
            server_metadata_url=f"{self._issuer}/.well-known/openid-configuration",
            client_kwargs={
                "scope": "openid email",
                "code_challenge_method": "S256",
                "default_timeout": PATIENCE_SECONDS,
            },
        )

    def asked(self, ask: Callable[[], Answer]) -> Answer:
        """The answer of ``ask``; a sentence on the sign-in page when the provider is busy or at fault."""
        if not self._slot.acquire(blocking=False):
            flash(say_busy(), "error")
            return _to_sign_in()
        try:
            return ask()
        except FAULTS as fault:
            # The log names class and place: a message may contain an address, a code or a claim.
            log.warning("The OpenID provider could not be used.", extra={"fault": fault})
            flash(_("That sign-in did not work. Try again, or use your password."), "error")
            return _to_sign_in()
        finally:
            self._slot.release()

    def begins(self, *, again: bool) -> Answer:
        """Send the browser to the provider, with a state, a nonce and a PKCE challenge of its own."""
        # Remove what an earlier start left in the cookie; nobody uses it.
        for name in [name for name in session if name.startswith("_state_oidc_")]:
            session.pop(name)
        anew = {"prompt": "login", "max_age": "0"} if again else {}
        answer: Answer = self._client.authorize_redirect(self._back_to("/console/oidc/back"), **anew)
        return answer

    def claims(self) -> dict[str, Any]:
        """What the provider says about the returning person. Raises one of FAULTS."""
        metadata = self._client.load_server_metadata()
        if metadata.get("issuer", "").rstrip("/") != self._issuer:
            raise ValueError("The provider names another issuer.")
        token = self._client.authorize_access_token(
            claims_options={
                "iss": {"essential": True, "value": metadata["issuer"]},
                "aud": {"essential": True, "value": self._settings.oidc_client_id},
                "exp": {"essential": True},
            }
        )
        return dict(token["userinfo"])

    def ends(self) -> Answer:
        """Send the browser to the page that ends the provider's own session, if there is one."""
        metadata = self._client.load_server_metadata()
        if "end_session_endpoint" not in metadata:
            flash(_("Sign out at your provider's own page."), "info")
            return _to_sign_in()
        made = self._client.create_logout_url(
            post_logout_redirect_uri=self._back_to("/console/sign-in"),
            client_id=self._settings.oidc_client_id,
        )
        return redirect(made["url"], code=303)

    def _back_to(self, path: str) -> str:
        return f"{self._settings.public_url}{path}"


def _provider() -> Provider:
    return cast(Provider, current_app.extensions[EXTENSION])


@oidc.get("/oidc")
@guard_open
def start() -> Answer:
    person = someone()
    session.pop(AGAIN, None)
    session.pop(OF, None)
    if person is not None:
        session[AGAIN], session[OF] = person.session_id, asked_by_tab()
    provider = _provider()
    return provider.asked(lambda: provider.begins(again=person is not None))


@oidc.get("/oidc/back")
@guard_open
def back() -> Answer:
    provider = _provider()
    return provider.asked(lambda: _come_back(provider.claims()))


@oidc.get("/oidc/end")
@guard_open
def end() -> Answer:
    if someone() is not None:
        raise NotFound("Signing out of the console comes first.")
    provider = _provider()
    return provider.asked(provider.ends)


def _come_back(claims: dict[str, Any]) -> Answer:
    """Sign in the person that the provider vouches for, if the staff list has their verified e-mail."""
    email, access = str(claims.get("email", "")), None
    if claims.get("email_verified") is True and email:
        with console.database.reading() as reading:
            access = access_of_email(reading, email)
    if access is None:
        flash(_("The e-mail of that account is not on the staff list."), "error")
        # The provider would give the same account again: the page offers to sign out there.
        return _to_sign_in(by="oidc")
    person, again = someone(), session.pop(AGAIN, None)
    if person is not None:
        is_them = again == person.session_id and access.staff_id == person.staff_id
        return _proven_again(claims, person.session_id) if is_them else _not_them()
    return _come_in(access)


def _come_in(access: Access) -> Answer:
    with console.database.transaction() as writing:
        token = begin(writing, access.staff_id, access.email, "oidc")
    return enter(access.staff_id, token)


def _proven_again(claims: dict[str, Any], session_id: int) -> Answer:
    at = claims.get("auth_time")
    if not isinstance(at, int | float) or console.clock().timestamp() - at > FRESH_SECONDS:
        return _not_them()
    with console.database.transaction() as writing:
        prove_again(writing, session_id, console.clock())
    return go_on(session.pop(OF, ""))


def _not_them() -> Answer:
    flash(_("That did not confirm your identity."), "error")
    return redirect(url_for("console.sign_in.confirm"), code=303)


def _to_sign_in(by: str | None = None) -> Answer:
    page = "console.sign_in.confirm" if someone() is not None else "console.sign_in.sign_in"
    return redirect(url_for(page, by=by), code=303)
