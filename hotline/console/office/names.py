"""The names of the office's fields on pages. The sentences for their faults are those of config/."""

import re
from collections.abc import Mapping

from config.field_error import FieldError
from config.office import OfficeError
from hotline.console.office.policy_names import POLICY_NAMES
from hotline.console.shell.refused import refused
from hotline.console.shell.words import N_, gettext
from models.audit.office_change import COURT, OfficeChange
from models.store.refusal import RefusedError

#: Fields by their name in the office file.
FIELD_NAMES = {
    "hours": N_("Hours"),
    "hours.monday": N_("Hours of Monday"),
    "hours.tuesday": N_("Hours of Tuesday"),
    "hours.wednesday": N_("Hours of Wednesday"),
    "hours.thursday": N_("Hours of Thursday"),
    "hours.friday": N_("Hours of Friday"),
    "hours.saturday": N_("Hours of Saturday"),
    "hours.sunday": N_("Hours of Sunday"),
    "holidays.country": N_("Country of the holidays"),
    "holidays.subdivision": N_("State of the holidays"),
    "holidays.extra_closures": N_("Closures"),
    "holidays.worked_holidays": N_("Holidays on which the office is open"),
    "services": N_("Partner lines"),
    "announcements": N_("Announcements"),
    "release": N_("What may be said"),
    "office.lines": N_("The office's numbers"),
    "office.discreet_lines": N_("Discreet numbers"),
    "office.staff_line": N_("The staff's own line"),
    "office.person_number": N_("Number of a person for emergencies of the line"),
    "office.emergency_number": N_("Emergency number"),
    "office.languages": N_("Languages"),
    "office.voices": N_("Voices"),
    "office.name": N_("Name of the line"),
    "office.neutral_name": N_("Neutral name of the line"),
    "office.time_zone": N_("Time zone"),
    "office.countries": N_("Countries that the line calls"),
    "office.shared_phones": N_("Phones that many people share"),
    "notices.partner": N_("Partner line while no one at the office can talk"),
    "interpreters": N_("Interpreters"),
}
#: The holidays of the United States in the words of the calendar library, which has them only in English.
HOLIDAYS = (
    N_("New Year's Day"),
    N_("Martin Luther King Jr. Day"),
    N_("Washington's Birthday"),
    N_("Memorial Day"),
    N_("Juneteenth National Independence Day"),
    N_("Independence Day"),
    N_("Labor Day"),
    N_("Columbus Day"),
    N_("Veterans Day"),
    N_("Thanksgiving Day"),
    N_("Christmas Day"),
)
#: Parts of a policy, and of an entry of a list.
PART_NAMES = {
    "value": N_("value"),
    "basis": N_("basis"),
    "decided_by": N_("decided by"),
    "review_by": N_("review by"),
    "phone": N_("phone"),
    "name": N_("name"),
    "key": N_("key"),
    "text": N_("text"),
    "first_day": N_("first day"),
    "last_day": N_("last day"),
}
_ENTRIES = {"services": N_("Partner line %(n)s"), "announcements": N_("Announcement %(n)s")}
_ENTRY = re.compile(r"(services|announcements) entry ([0-9]+)((?:\.[a-z_]+)*)")
_POLICY = re.compile(r"policies\.([a-z_]+)((?:\.[a-z_]+)*)")


def field_name(field: str) -> str:
    """A field of the office file in the page's language; a field without a name is shown as in the file."""
    if entry := _ENTRY.fullmatch(field):
        return _with_parts(gettext(_ENTRIES[entry[1]], n=entry[2]), entry[3])
    if (policy := _POLICY.fullmatch(field)) and policy[1] in POLICY_NAMES:
        return _with_parts(gettext(POLICY_NAMES[policy[1]]), policy[2])
    return gettext(FIELD_NAMES[field]) if field in FIELD_NAMES else field


def basis_said(basis: str) -> str:
    """A basis of the shipped office file in the page's language; the office's own bases are unchanged."""
    return gettext(basis) if basis else ""


def change_name(change: OfficeChange) -> str:
    """What was changed: a field, or an entry of a directory by its name."""
    if change.place is not None:
        said = N_("Court: %(name)s") if change.field.startswith(COURT) else N_("Facility: %(name)s")
        return gettext(said, name=change.place)
    return field_name(change.field)


def entry_said(entry: Mapping[str, str] | None) -> str:
    """The value of a directory entry beside its name: a phone or a time zone; "" for no entry."""
    return ", ".join(value for part, value in (entry or {}).items() if part != "name")


def holiday_said(name: str) -> str:
    """A public holiday in the page's language; without a translation, as its country calls it."""
    plain, observed, _rest = name.partition(" (observed)")
    said = gettext(plain) if plain in HOLIDAYS else plain
    return gettext("%(holiday)s, observed", holiday=said) if observed else said


def said(error: Exception) -> str:
    """The fault in the page's language, with fields named as on the pages."""
    if isinstance(error, RefusedError):
        return refused(error)
    fault = error.fault if isinstance(error, OfficeError) else error
    if not isinstance(fault, FieldError) or not fault.slots:
        return gettext(str(error))
    slots = {
        name: field_name(str(value)) if name in ("field", "low", "high") else value
        for name, value in fault.slots.items()
    }
    return gettext(fault.sentence, **slots)


def _with_parts(name: str, parts: str) -> str:
    """Such as ``Partner line 2, name, es``."""
    return ", ".join(
        [name, *(gettext(PART_NAMES[one]) if one in PART_NAMES else one for one in parts.split(".") if one)]
    )
