"""Checks the input of the forms about cases: one sentence for each field that is wrong (issue 5)."""

import re
import secrets
from collections.abc import Mapping
from datetime import time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from config.office import Office
from hotline.console.shell.words import _, country_name
from hotline.typed_phone import typed_phone
from models.callbacks.wishes import VOICEMAIL_TEXTS, WHO_MAY_ANSWER, Wishes
from models.cases.case import check_digit_is_right
from models.cases.registrant import Phone, Registrant
from models.overview.case_change import Details
from models.overview.phone_list import PhoneWishes

LONGEST_NAME, LONGEST_ID = 200, 100
PACES = ("normal", "slow")
_FORM = re.compile(r"[0-9a-f]{16}")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")

Fields = Mapping[str, str]
Errors = dict[str, str]


def text_of(
    fields: Fields, name: str, label: str, longest: int, errors: Errors, *, needed: bool = True
) -> str:
    """A text without surrounding spaces; if it is not acceptable, a sentence goes into ``errors``."""
    value = " ".join(fields.get(name, "").split(" ")).strip()
    if not value and needed:
        errors[name] = _("%(field)s: this is empty.", field=label)
    elif len(value) > longest:
        errors[name] = _("%(field)s: this is longer than %(most)s characters.", field=label, most=longest)
    elif value and not value.isprintable():
        errors[name] = _("%(field)s: this holds a character that cannot be printed.", field=label)
    return value


def new_form() -> str:
    """A new form's id: the form counts only once, however often it is sent."""
    return secrets.token_hex(8)


def form_of(fields: Fields) -> str:
    """The id of the form that was sent; "" if it has none that we made."""
    known_by = fields.get("form", "")
    return known_by if _FORM.fullmatch(known_by) else ""


def number_of(fields: Fields, errors: Errors) -> str:
    """A case number. The check digit reveals a typing mistake, whether or not such a case exists (R01)."""
    number = re.sub(r"[\s.-]", "", fields.get("number", ""))
    if not check_digit_is_right(number):
        errors["number"] = _("Case number: this is not valid. It has 8 or 10 digits; check each of them.")
    return number


def phone_of(fields: Fields, name: str, label: str, office: Office, errors: Errors) -> str:
    """A phone that the line may call, in E.164; without a + it is one of the office's own country."""
    typed = fields.get(name, "").strip()
    number = typed_phone(typed, office.countries[0] if office.countries else None)
    if number is None:
        errors[name] = _("%(field)s: this is not a phone number.", field=label)
        return ""
    if not office.can_dial(number):
        errors[name] = _(
            "%(field)s: the line may not ring this number. It takes ordinary numbers of: %(countries)s.",
            field=label,
            countries=", ".join(country_name(one) for one in office.countries),
        )
    return number


def details_of(fields: Fields, office: Office, errors: Errors) -> Details:
    """How to speak with a registrant."""
    name = text_of(fields, "name", _("Name of the registrant"), LONGEST_NAME, errors, needed=False)
    language, pace = fields.get("language", ""), fields.get("pace", "normal")
    if language not in office.languages:
        errors["language"] = _("Language: choose one of the list.")
    zone = fields.get("time_zone", "").strip()
    try:
        zone = ZoneInfo(zone).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        errors["time_zone"] = _("Time zone: choose one of the list.")
    if pace not in PACES:
        errors["pace"] = _("Pace: choose one of the list.")
    line = fields.get("line", "") or None
    if line is not None and line not in office.lines:
        errors["line"] = _("Number they see: choose one of the list.")
    return Details(
        name=name or None,
        language=language,
        time_zone=zone,
        pace=pace,
        mail_safe=fields.get("mail_safe") == "1",
        line=line,
    )


def details_shown(registrant: Registrant, name: str | None) -> dict[str, str]:
    """The values that the fields of `details_of` show for a registrant named ``name``."""
    return {
        "name": name or "",
        "language": registrant.language,
        "time_zone": registrant.time_zone,
        "pace": registrant.pace,
        "line": registrant.line or "",
        "mail_safe": "1" if registrant.mail_safe else "",
    }


def wishes_shown(phone: Phone) -> dict[str, str]:
    """The values that the fields of `wishes_of` show for a phone, and whether it is called at all."""
    return {
        "unsafe": "" if phone.unsafe_since is None and phone.stopped_at is None else "1",
        "may_answer": phone.may_answer,
        "voicemail_text": (phone.voicemail_text or "please_call") if phone.voicemail_allowed else "",
        "window_starts": "" if phone.window_starts is None else f"{phone.window_starts:%H:%M}",
        "window_ends": "" if phone.window_ends is None else f"{phone.window_ends:%H:%M}",
    }


def wishes_of(fields: Fields, errors: Errors) -> PhoneWishes:
    """How and when a phone may be called."""
    may_answer, text = fields.get("may_answer", ""), fields.get("voicemail_text") or None
    if may_answer not in WHO_MAY_ANSWER:
        errors["may_answer"] = _("Who may take the call: choose one.")
    if text not in VOICEMAIL_TEXTS:
        errors["voicemail_text"] = _("Message on a machine: choose one.")
    starts = _time_of(fields, "window_starts", _("Not before"), errors)
    ends = _time_of(fields, "window_ends", _("Not after"), errors)
    if not errors and (starts is None) != (ends is None):
        missing = "window_starts" if starts is None else "window_ends"
        errors[missing] = _("Times: give both, or neither.")
    if not errors and starts is not None and starts == ends:
        errors["window_ends"] = _("Not after: this is the same time as the first.")
    return PhoneWishes(Wishes(may_answer, text), starts, ends)


def _time_of(fields: Fields, name: str, label: str, errors: Errors) -> time | None:
    typed = fields.get(name, "").strip()
    if not typed:
        return None
    found = _CLOCK.fullmatch(typed)
    if found is None:
        errors[name] = _("%(field)s: this is not a time of day, such as 09:00.", field=label)
        return None
    return time(int(found[1]), int(found[2]))
