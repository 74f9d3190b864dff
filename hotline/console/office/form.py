"""The shared parts of the office forms: the version they were drawn with, and saving the changes."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import flash, request

from config.office import Office, OfficeError
from config.office_changes import value_of
from hotline.console.office.names import said
from hotline.console.shell.console import console
from hotline.console.shell.guard import me
from hotline.console.shell.words import _, ngettext
from models.audit.office_change import OfficeChangeError, Standing
from models.store.free_text import MOST_CHARACTERS

READ = ("supervisor", "administrator")
KEEP = ("administrator",)


@dataclass(frozen=True, slots=True)
class Settings:
    """The office as the rows have it now, for one page."""

    office: Office
    standing: Standing

    @classmethod
    def of_now(cls) -> "Settings":
        """Read it from the rows; this process's own copy may be a few seconds old."""
        return cls(*console.office_settings.standing())

    def value(self, name: str) -> Any:
        """The current value of a field, as JSON."""
        return value_of(self.office.table, name)

    def version(self, name: str) -> int:
        """The change that a form of this field is based on."""
        return self.standing.versions.get(name, 0)

    def is_changed(self, name: str) -> bool:
        """Whether the field's value differs from the file."""
        return name in self.standing.values


def seen(name: str) -> int:
    """The version of a field that the current form was drawn with."""
    text = request.form.get(f"seen-{name}", "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def typed_line(name: str, most: int = 200) -> str:
    """One line of the current form, with runs of spaces made one."""
    return " ".join(request.form.get(name, "")[:most].split())


def save(*changes: tuple[str, Any]) -> str | None:
    """Save every field with the form's reason, or none; return the fault in one sentence, or None."""
    reason = request.form.get("reason", "")[: MOST_CHARACTERS + 1]
    try:
        made = console.office_settings.change_all(
            dict(changes), seen={name: seen(name) for name, _value in changes}, reason=reason,
            actor=me().email, now=console.clock(),
        )  # fmt: skip
    except (OfficeError, OfficeChangeError) as error:
        return said(error)
    if made:
        flash(_("Saved. The line uses it within ten seconds."), "success")
        _say_moved(
            *console.office_settings.move_promises([name for name, _value in changes], console.clock())
        )
    else:
        flash(_("Nothing was changed."), "info")
    return None


def _say_moved(put_off: int, today_only: int) -> None:
    """Say how many promises the hours that are now saved do not let us keep, or let us keep today only."""
    if put_off:
        flash(
            ngettext(
                "%(num)d promised callback must wait until after its promised time. "
                "Supervisors are told now.",
                "%(num)d promised callbacks must wait until after their promised time. "
                "Supervisors are told now.",
                put_off,
            ),
            "warning",
        )
    if today_only:
        flash(
            ngettext(
                "%(num)d promised callback can be made in time only today.",
                "%(num)d promised callbacks can be made in time only today.",
                today_only,
            ),
            "warning",
        )


def typed_day(name: str) -> date | None:
    """A day of the current form; None if it is empty or not a day."""
    try:
        return date.fromisoformat(request.form.get(name, ""))
    except ValueError:
        return None
