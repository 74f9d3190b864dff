"""Makes new proofs of identity: an acceptable password, an authenticator with its QR code."""

from collections.abc import Mapping

import segno
from markupsafe import Markup

from hotline.console.shell.console import console
from hotline.console.shell.words import _
from models.staff.staff_password import weakness
from models.staff.staff_totp import address_of


def password_faults(form: Mapping[str, str], email: str, name: str) -> dict[str, str]:
    """The faults of a new password that was typed twice, by field; empty when it is acceptable."""
    first, second = form.get("new_password", ""), form.get("new_password_again", "")
    about = [email, name, *console.office.name.values(), *console.office.neutral_name.values()]
    why = weakness(first, about)
    if why == "short":
        return {"new_password": _("Use at least 15 characters, such as a few unrelated words.")}
    if why == "long":
        return {"new_password": _("Use at most 1,024 characters.")}
    if why == "common":
        return {"new_password": _("This password is easy to guess. Use less common words.")}
    if first != second:
        return {"new_password_again": _("The two passwords do not match.")}
    return {}


def qr_code(secret: str, email: str) -> Markup:
    """The authenticator's address as a picture to scan, in the page itself: no file, no request."""
    office = console.office
    issuer = office.neutral_name.get(office.languages[0], "Console")
    drawn = segno.make(address_of(secret, email, issuer), error="m")
    # Black on white in the dark theme too, because cameras need it.
    svg = drawn.svg_inline(
        border=4, dark="#000", light="#fff", svgclass="qr-code", lineclass=None, omitsize=True
    )
    return Markup(svg)  # noqa: S704 - segno's own drawing, which holds no text


def spelled(secret: str) -> str:
    """The secret in groups of four, for typing it where nothing can be scanned."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
