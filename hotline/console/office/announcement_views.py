"""Announcements: texts spoken on certain days, written and played before they are saved."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from config.office import OfficeError
from hotline.console.office.area import area
from hotline.console.office.form import KEEP, READ, Settings, save, typed_day
from hotline.console.office.names import said
from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_staff
from hotline.console.shell.words import N_, _, language_inside, language_name
from ivr_flows.prompts import count_words
from ivr_flows.review.announcement_check import spoken_seconds, text_faults
from ivr_flows.review.readability import Readability, readability
from ivr_flows.verbs.announcement_verbs import sentences_of

FIELD = "announcements"
MOST_CHARACTERS = 600


#: Why a text is refused, at its field.
_FAULTS = {
    "long_sentence": N_("A sentence has over 20 words: “%(what)s…”. Split it into two."),
    "long_passage": N_("A sentence has over %(what)s characters. Make it shorter."),
    "no_words": N_("Write words that can be spoken."),
    "telling_word": N_("The line never says the telling word '%(what)s'. Write it without that word."),
    "hard_to_read": N_("It is too hard to understand. Use shorter words and sentences."),
}


@dataclass(frozen=True, slots=True)
class Heard:
    """The words a caller hears in one language, from its choice to the first menu, and their duration."""

    language: str
    name: str
    passages: tuple[str, ...]
    ours: tuple[str, ...]
    words: int
    seconds: float
    score: Readability | None


def _page(settings: Settings, **more: Any) -> str:
    today = console.today
    entries = [
        (position, one, [_heard(code, one.text[code]) for code in settings.office.languages])
        for position, one in enumerate(settings.office.announcements)
    ]
    return render_template(
        "console/office/announcements.html",
        s=settings, entries=entries, today=today, week=today + timedelta(days=7),
        names={code: language_name(code) for code in settings.office.languages}, **more,
    )  # fmt: skip


@area.get("/office/announcements")
@guard_staff(*READ)
def office_announcements() -> str:
    return _page(Settings.of_now())


@area.post("/office/announcements")
@guard_staff(*KEEP)
def save_announcement() -> Response | str | tuple[str, int]:
    settings = Settings.of_now()
    entries: list[Any] = list(settings.value(FIELD) or [])
    place = request.form.get("remove", "")
    if place:
        if not place.isdecimal() or int(place) >= len(entries):
            return _page(settings, wrong=_("That announcement was already removed.")), 422
        del entries[int(place)]
    else:
        entry, errors = _typed(settings)
        if errors:
            return _page(settings, errors=errors), 422
        entries.append(entry)
        if wrong := _judged(settings, entries):
            return _page(settings, errors={"text-" + settings.office.languages[0]: wrong}), 422
        if "preview" in request.form:
            heard = [_heard(code, text) for code, text in entry["text"].items()]
            return _page(settings, preview=heard)
    if wrong := save((FIELD, entries)):
        return _page(Settings.of_now(), wrong=wrong), 422
    return redirect(url_for("console.office.office_announcements"), code=303)


def _typed(settings: Settings) -> tuple[dict[str, Any], dict[str, str]]:
    errors: dict[str, str] = {}
    texts = {
        code: " ".join(request.form.get(f"text-{code}", "")[:MOST_CHARACTERS].split())
        for code in settings.office.languages
    }
    for code, text in texts.items():
        if not text:
            errors[f"text-{code}"] = _("Write it in %(language)s as well.", language=language_inside(code))
        elif fault := next(text_faults(text, code, settings.office, console.prompts), None):
            errors[f"text-{code}"] = _(_FAULTS[fault.why], what=fault.what)
    days: dict[str, date | None] = {name: typed_day(name) for name in ("first_day", "last_day")}
    errors |= {name: _("Enter a day.") for name, day in days.items() if day is None}
    first, last = days["first_day"], days["last_day"]
    if first is not None and last is not None and last < first:
        errors["last_day"] = _("The last day is before the first.")
    elif last is not None and last < console.today:
        errors["last_day"] = _("This day is in the past. Enter today or a later day.")
    entry = {"text": texts, **{name: day.isoformat() for name, day in days.items() if day is not None}}
    return entry, errors


def _judged(settings: Settings, entries: list[Any]) -> str | None:
    try:
        console.office_settings.check(settings.standing, {FIELD: entries}, console.clock())
    except OfficeError as error:
        return said(error)
    return None


def _heard(code: str, text: str) -> Heard:
    prompts, office = console.prompts, console.office
    ours = tuple(sentences_of(text))
    passages = (
        prompts.text(code, "welcome", line=office.name[code]),
        *ours,
        prompts.text(code, "main.case", key="1"),
    )
    return Heard(
        code,
        language_name(code),
        passages,
        ours,
        count_words(text),
        spoken_seconds(text),
        readability(text, code),
    )
