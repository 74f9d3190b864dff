"""What was typed into the form at hand, and what of it somebody else has changed while it was open.

A form whose fields others may change carries beside each field what that was drawn with (``was-NAME``). What
its author left alone then shows what holds now, so that a second try puts nothing of the other's back.
"""

from collections.abc import Mapping

from flask import g, request

from models.store.form_stamp import FormRefusal
from models.store.refusal import RefusedError

#: How the name of a hidden field begins that holds what another field was drawn with.
DRAWN = "was-"


class OvertakenFormError(RefusedError):
    """Somebody else has changed what this form was drawn with."""


def given(name: str) -> str | None:
    """What was typed into a field: of the form at hand, or of one that was kept; None for no such field."""
    kept: Mapping[str, list[str]] | None = g.get("kept_form")
    if request.method == "POST" and name in request.form:
        return request.form[name]
    return kept[name][0] if kept is not None and kept.get(name) else None


def drawn_with(name: str) -> str | None:
    """What a field held when its form was drawn; None where the form does not say."""
    return given(f"{DRAWN}{name}")


def typed(name: str, otherwise: object = "") -> str:
    """What to show in a field: what was typed there, else ``otherwise``, which is what holds now."""
    found = given(name)
    if found is None or found == drawn_with(name):
        return "" if otherwise is None else str(otherwise)
    return found


def typed_all(name: str) -> list[str]:
    """Every value of ``name`` in the form at hand, or in one that was kept."""
    if request.method == "POST":
        return request.form.getlist(name)
    kept: Mapping[str, list[str]] = g.get("kept_form") or {}
    return list(kept.get(name, []))


def form_was_sent() -> bool:
    """Whether the page shows a form as someone filled it in, so that a box without a tick is one unticked."""
    return request.method == "POST" or "kept_form" in g


def is_ticked(name: str, value: str, otherwise: bool) -> bool:
    """Whether a box has a tick: as somebody left it, else ``otherwise``, which is what holds now."""
    if not form_was_sent():
        return otherwise
    found, drawn = value in typed_all(name), drawn_with(name)
    return otherwise if drawn is not None and found == (drawn == value) else found


def changed_by_both(name: str, now: object) -> bool:
    """Whether the author changed a field that somebody else has changed meanwhile, to something else."""
    found, drawn, holds = given(name) or "", drawn_with(name), "" if now is None else str(now)
    return form_was_sent() and drawn is not None and found != drawn and holds not in {drawn, found}


def refuse_overtaken(now: Mapping[str, str]) -> None:
    """Raise OvertakenFormError for a form that would put back what somebody else has changed.

    ``now`` is what its fields hold. A form that asks for just that, such as one that was sent twice, is none.
    """
    others = any(drawn_with(name) not in {None, holds} for name, holds in now.items())
    if others and any((given(name) or "") != holds for name, holds in now.items()):
        raise OvertakenFormError(FormRefusal.CHANGED)
