"""The input of the current form, and which of its fields somebody else changed while it was open.

A form with fields that others may change has, next to each field, the value it was drawn with (``was-NAME``).
Fields that the author left alone then show the current values, so that a second try undoes none of the
other's changes.
"""

from collections.abc import Mapping
from typing import cast

from flask import g, request
from markupsafe import escape

from hotline.console.shell.words import N_
from models.staff.kept_form import KeptForm
from models.store.form_stamp import FormRefusal
from models.store.refusal import RefusedError

#: The prefix of a hidden field's name; the field has the value that another field was drawn with.
DRAWN = "was-"
#: What a page says that has not all of the kept form.
FORM_IS_GONE = N_(
    "You had to sign in first, so this was not sent, and nothing in it was done. Its form is no longer on"
    " this page: not all that you had typed is here. Look at what is still to do."
)


class OvertakenFormError(RefusedError):
    """Somebody else has changed what this form was drawn with."""


def given(name: str) -> str | None:
    """The input of a field: of the current form, or of a kept one; None for an unknown field."""
    if request.method == "POST" and name in request.form:
        return request.form[name]
    return next(iter(_kept_fields().get(name, [])), None)


def drawn_with(name: str) -> str | None:
    """The value of a field when its form was drawn; None if the form does not say."""
    return given(f"{DRAWN}{name}")


def typed(name: str, otherwise: object = "") -> str:
    """The value to show in a field: the input if there is any, else ``otherwise``, the current value."""
    found = given(name)
    if found is None or found == drawn_with(name):
        return "" if otherwise is None else str(otherwise)
    return found


def typed_all(name: str) -> list[str]:
    """Every value of ``name`` in the current form, or in a kept one."""
    if request.method == "POST":
        return request.form.getlist(name)
    return list(_kept_fields().get(name, []))


def form_was_sent() -> bool:
    """Whether the page shows a form that someone filled in: then an unticked box was left unticked."""
    return request.method == "POST" or "kept_form" in g


def has_kept_form(shown: str) -> bool:
    """Whether this HTML has the kept form. If not, no field shows what was typed from now on.

    A form is known by its address alone: the same fields, sent elsewhere, may be about another person.
    """
    kept: KeptForm | None = g.get("kept_form")
    if kept is None or f'action="{escape(kept.act)}"' in shown:
        return True
    g.pop("kept_form")
    return False


def has_kept_fields(shown: str) -> bool:
    """Whether this HTML still has every field of the kept form in which something was typed or chosen.

    A form may have left its page while its author signed in, such as one whose minutes are over.
    """
    filled = [name for name, found in _kept_fields().items() if any(found) and not name.startswith(DRAWN)]
    return all(f'name="{escape(name)}"' in shown for name in filled)


def _kept_fields() -> Mapping[str, list[str]]:
    kept = cast(KeptForm | None, g.get("kept_form"))
    return {} if kept is None else kept.fields


def is_ticked(name: str, value: str, otherwise: bool) -> bool:
    """Whether a box is ticked: as somebody left it, else ``otherwise``, the current value."""
    if not form_was_sent():
        return otherwise
    found, drawn = value in typed_all(name), drawn_with(name)
    return otherwise if drawn is not None and found == (drawn == value) else found


def changed_by_both(name: str, now: object) -> bool:
    """Whether the author and somebody else changed the same field to different values."""
    found, drawn, holds = given(name) or "", drawn_with(name), "" if now is None else str(now)
    return form_was_sent() and drawn is not None and found != drawn and holds not in {drawn, found}


def refuse_overtaken(now: Mapping[str, str]) -> None:
    """Raise OvertakenFormError for a form that would undo somebody else's changes.

    ``now`` has the current values of its fields. A form that asks for exactly these values, such as one that
    was sent twice, raises nothing.
    """
    others = any(drawn_with(name) not in {None, holds} for name, holds in now.items())
    if others and any((given(name) or "") != holds for name, holds in now.items()):
        raise OvertakenFormError(FormRefusal.CHANGED)
