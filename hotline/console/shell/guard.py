"""The guard of the console: who is signed in, and which roles may see a page."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, cast

from flask import current_app, flash, g, redirect, request, session, url_for
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.exceptions import Forbidden, Unauthorized
from werkzeug.wrappers import Response

from hotline.console.shell.console import console
from hotline.console.shell.kept_request import TOKEN, WANTED, keep_request, page_at_hand
from hotline.console.shell.typed_fields import FORM_IS_GONE
from hotline.console.shell.words import _
from models.staff.kept_form import KeptForm, forget_kept_forms, read_kept_forms
from models.staff.staff import ROLES
from models.staff.staff_session import SEEN_EVERY, SignedIn, find_signed_in, see_session
from models.store.database import tried_again

#: The most bytes a form may have, unless its route says otherwise.
BODY_BYTES = 64_000

View = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Person:
    """The signed-in person, as they were when the request came in.

    ``language`` is that of their pages, and ``spoken`` are those that they speak with callers.
    """

    staff_id: int
    email: str
    role: str
    name: str = field(repr=False)
    language: str
    spoken: tuple[str, ...]
    session_id: int
    method: str
    fresh_at: datetime


def me() -> Person:
    """The signed-in person. Raises Unauthorized if there is none, which a guarded view never meets."""
    person = someone()
    if person is None:
        raise Unauthorized("Nobody is signed in.")
    return person


def someone() -> Person | None:
    """The signed-in person, or None."""
    return cast(Person | None, g.get("person"))


def guard_open(view: View) -> View:
    """Let everyone in: for sign-in pages and static files."""
    view.guard = "open"  # type: ignore[attr-defined]
    return view


def guard_staff(
    *roles: str,
    fresh: bool = False,
    live: bool = False,
    body_bytes: int = BODY_BYTES,
    streams: bool = False,
    act: str = "",
    is_file: bool = False,
    own_call: bool = False,
) -> Callable[[View], View]:
    """Let staff of these roles in. Others get 403; signed-out people sign in first and then come back.

    ``fresh``: they proved their identity within the policy ``console_fresh_minutes``, or do so first.
    ``live``: the page itself sends this request, so it does not keep an idle session alive. ``body_bytes``:
    the most bytes that a request may have. ``streams``: the view reads the body while it arrives, and so
    checks the form's token itself. ``act``: what a form that is sent here does, as its button says, for the
    page that asks for a proof first. ``is_file``: the answer is a file. ``own_call``: the page shows the
    reader's call, whichever that is, so what was typed in it belongs to another page. The wrapper has
    ``guard``, ``roles`` and ``fresh`` for the test that walks every route. Raises ValueError for an unknown
    role.
    """
    if not roles or not set(roles) <= set(ROLES):
        raise ValueError("A page is for some of the roles that there are.")

    def wrap(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **values: Any) -> Any:
            person = someone()
            if person is None:
                return sign_in_first(live=live)
            if person.role not in roles:
                raise Forbidden("This page is not for your role.")
            if fresh and not is_fresh(person):
                return confirm_first()
            return view(*args, **values)

        guarded.guard = "staff"  # type: ignore[attr-defined]
        guarded.roles = frozenset(roles)  # type: ignore[attr-defined]
        guarded.fresh = fresh  # type: ignore[attr-defined]
        guarded.live = live  # type: ignore[attr-defined]
        guarded.body_bytes = body_bytes  # type: ignore[attr-defined]
        guarded.streams = streams  # type: ignore[attr-defined]
        guarded.act = act  # type: ignore[attr-defined]
        guarded.is_file = is_file  # type: ignore[attr-defined]
        guarded.own_call = own_call  # type: ignore[attr-defined]
        return guarded

    return wrap


def recognise(*, live: bool) -> None:
    """Find the person behind the token in the cookie; a page that they open keeps the session alive."""
    token = session.get(TOKEN)
    if not isinstance(token, str):
        return
    now = console.clock()

    def find() -> SignedIn | None:
        with console.database.reading() as reading:
            return find_signed_in(reading, token, idle_minutes=console.policies.console_idle_minutes, now=now)

    # After a restart of the database each connection fails once: it is another one for the view then.
    found = tried_again(find)
    if found is None:
        return
    if not live and now - found.seen_at > SEEN_EVERY:
        with console.database.transaction() as writing:
            see_session(writing, found.session_id, now)
    g.person = _person(found)
    g.language = g.person.language
    # Panes that htmx puts into the open page have no place for the message about the form.
    is_whole = "HX-Request" not in request.headers or "HX-History-Restore-Request" in request.headers
    if found.has_kept and request.method == "GET" and is_whole:
        _show_kept_form(found.session_id)


def is_fresh(person: Person) -> bool:
    """Whether they proved their identity a short while ago."""
    minutes = console.policies.console_fresh_minutes
    return console.clock() - person.fresh_at <= timedelta(minutes=minutes)


def waits_for_proof(form: KeptForm) -> bool:
    """Whether a proof given now carries out this form.

    Not one that was pressed longer ago than a proof lasts: at an unlocked screen somebody else may have
    pressed it.
    """
    oldest = console.clock() - timedelta(minutes=console.policies.console_fresh_minutes)
    return form.at >= int(oldest.timestamp())


def sign_in_first(*, live: bool = False) -> Response:
    """Redirect to the sign-in page, and from there back to the page they wanted."""
    if live:
        # A page part that is requested automatically must not become the page to come back to.
        raise Unauthorized("Nobody is signed in any more.")
    had_session, is_kept = TOKEN in session, keep_request()
    if is_kept is not None:
        flash(_("Your session has ended. Sign in to get back what you typed."), "info")
    elif had_session:
        flash(_("Your session has ended. Sign in to continue."), "info")
    return _whole_page(url_for("console.sign_in.sign_in"))


def confirm_first() -> Response:
    """Ask them to prove their identity again, then lead back; a form is kept, and sent after the proof."""
    kept = keep_request(continues=True)
    # The address names the form, so that each of several tabs goes on with what was pressed in it.
    key = kept.key if kept is not None and kept.at else None
    return _whole_page(url_for("console.sign_in.confirm", of=key))


def form_of_earlier_sign_in() -> Response | None:
    """Lead back to a form that this person's page of an earlier sign-in sent, with what was typed in it.

    None for any other form without the token of this cookie, such as another person's or a forged one. In a
    page with scripts what was typed is still there.
    """
    person = someone()
    if person is None or "HX-Request" in request.headers:
        return None
    signer = URLSafeTimedSerializer(current_app.secret_key or "", salt="wtf-csrf-token")
    try:
        token = signer.loads(request.form.get("csrf_token", ""))
    except BadData:
        return None
    if not str(token).startswith(_first_of_token(person.staff_id)):
        return None
    kept, page = keep_request(), session.pop(WANTED)
    return None if kept is None else redirect(page, code=303)


def new_form_token(staff_id: int) -> str:
    """What the forms of a new sign-in prove; the signed token shows whose page a form was on."""
    return _first_of_token(staff_id) + secrets.token_hex(20)


def _first_of_token(staff_id: int) -> str:
    return f"{staff_id}:"


def _whole_page(address: str) -> Response:
    """Lead to a page of its own, also where htmx would put the answer into the open page."""
    if "HX-Request" in request.headers:
        return Response(status=204, headers={"HX-Redirect": address})
    return redirect(address, code=303)


def _show_kept_form(session_id: int) -> None:
    with console.database.reading() as reading:
        # After a proof in this tab, a form that still waits is another tab's, which goes on with it.
        found = [
            one
            for one in read_kept_forms(reading, session_id)
            if one.page == page_at_hand() and not (is_fresh(me()) and waits_for_proof(one))
        ]
    if not found:
        return
    kept = found[-1]
    with console.database.transaction() as writing:
        # What was sent from this page to another address is shown the next time.
        forget_kept_forms(writing, session_id, [one for one in found if one.act == kept.act])
    if kept.fields:
        g.kept_form = kept
    else:
        flash(_("Nothing was done: you have to prove who you are first. Press the button again."), "warning")


def tell_of_kept_form(response: Response) -> Response:
    """Say on the next page that a form was not sent, where its own page leads to another one."""
    if "kept_form" in g and response.status_code in {301, 302, 303, 307, 308}:
        flash(_(FORM_IS_GONE), "warning")
    return response


def _person(found: SignedIn) -> Person:
    return Person(
        staff_id=found.staff_id,
        email=found.email,
        role=found.role,
        name=found.name,
        language=console.words.known(found.language) or g.language,
        spoken=found.spoken,
        session_id=found.session_id,
        method=found.method,
        fresh_at=found.fresh_at,
    )
