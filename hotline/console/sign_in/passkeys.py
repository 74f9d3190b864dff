"""Passkeys (WebAuthn): the questions to a browser, and whether its answer proves someone's identity."""

import json
import secrets
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from flask import session
from sqlalchemy.orm import Session
from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from hotline.console.shell.console import console
from models.staff.passkey import (
    PasskeyError,
    add_passkey,
    find_passkey,
    passkeys_of,
    use_passkey,
    user_handle,
)
from models.staff.staff_access import access_of

CHALLENGE = "challenge"
CHALLENGE_SECONDS = 600
CHALLENGE_BYTES = 32
LONGEST_ANSWER = 20_000


def are_possible() -> bool:
    """Whether browsers make passkeys for this installation: it needs a host name, not an IP address."""
    host = urlsplit(console.settings.public_url).hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return bool(host)
    return False


def options_to_sign_in() -> str | None:
    """The options for the browser's sign-in request, as JSON; None if there are no passkeys."""
    if not are_possible():
        return None
    return options_to_json(
        generate_authentication_options(
            rp_id=_host(),
            challenge=_challenge("get"),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
    )


def options_to_add(writing: Session, staff_id: int, email: str) -> str | None:
    """The options for a new passkey in the browser, as JSON; None if there are no passkeys."""
    if not are_possible():
        return None
    there = [
        PublicKeyCredentialDescriptor(id=base64url_to_bytes(one.credential_id))
        for one in passkeys_of(writing, staff_id)
    ]
    office = console.office
    return options_to_json(
        generate_registration_options(
            rp_id=_host(),
            rp_name=office.neutral_name.get(office.languages[0], _host()),
            user_name=email,
            user_id=user_handle(writing, staff_id),
            challenge=_challenge("create"),
            exclude_credentials=there,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
        )
    )


def proven(writing: Session, answer: str) -> tuple[int, str] | None:
    """Id and e-mail of the person that the browser's answer proves, or None. A challenge works once."""
    challenge, given = _taken("get"), _read(answer)
    if challenge is None or given is None:
        return None
    passkey = find_passkey(writing, str(given.get("id", "")))
    if passkey is None:
        return None
    try:
        verified = verify_authentication_response(
            credential=given,
            expected_challenge=challenge,
            expected_rp_id=_host(),
            expected_origin=_origin(),
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError):
        return None
    access = access_of(writing, passkey.staff_id)
    is_new = use_passkey(
        writing, passkey.id, challenge=challenge, count=verified.new_sign_count, now=console.clock()
    )
    return (access.staff_id, access.email) if access is not None and is_new else None


def added(writing: Session, staff_id: int, answer: str, name: str) -> bool:
    """Whether the browser's answer is a passkey made for this person; if so, it is stored for them."""
    challenge, given = _taken("create"), _read(answer)
    if challenge is None or given is None:
        return False
    try:
        verified = verify_registration_response(
            credential=given,
            expected_challenge=challenge,
            expected_rp_id=_host(),
            expected_origin=_origin(),
            require_user_verification=True,
        )
        add_passkey(
            writing,
            staff_id,
            credential_id=bytes_to_base64url(verified.credential_id),
            public_key=verified.credential_public_key,
            sign_count=verified.sign_count,
            name=name,
            now=console.clock(),
        )
    except (WebAuthnException, PasskeyError, ValueError):
        return False
    return True


def _challenge(purpose: str) -> bytes:
    """The challenge of this browser for this purpose: one for all of its tabs, until it is answered."""
    held, now = session.get(CHALLENGE), int(console.clock().timestamp())
    if isinstance(held, dict) and held["for"] == purpose and now - held["at"] < CHALLENGE_SECONDS / 2:
        return base64url_to_bytes(held["bytes"])
    made = secrets.token_bytes(CHALLENGE_BYTES)
    session[CHALLENGE] = {"for": purpose, "at": now, "bytes": bytes_to_base64url(made)}
    return made


def _taken(purpose: str) -> bytes | None:
    held, now = session.pop(CHALLENGE, None), int(console.clock().timestamp())
    if not isinstance(held, dict) or held["for"] != purpose or now - held["at"] > CHALLENGE_SECONDS:
        return None
    return base64url_to_bytes(held["bytes"])


def _read(answer: str) -> dict[str, Any] | None:
    if len(answer) > LONGEST_ANSWER:
        return None
    try:
        given = json.loads(answer)
    except ValueError:
        return None
    return given if isinstance(given, dict) else None


def _host() -> str:
    return urlsplit(console.settings.public_url).hostname or ""


def _origin() -> str:
    url = urlsplit(console.settings.public_url)
    is_usual = url.port in {None, {"http": 80, "https": 443}[url.scheme]}
    # In the spelling of browsers: lower case, without the usual port.
    return f"{url.scheme}://{_host()}" + ("" if is_usual else f":{url.port}")
