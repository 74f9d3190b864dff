"""The tools of every template: words, moments in the office's time, the navigation, what was typed."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time, get_timezone
from flask import Flask, g, request
from markupsafe import Markup, escape
from sqlalchemy.exc import SQLAlchemyError

from hotline.console.shell import typed_fields, words
from hotline.console.shell.console import console
from hotline.console.shell.durations import time_of_day
from hotline.console.shell.guard import someone
from hotline.console.shell.in_place import IN_PLACE_AREAS
from hotline.console.shell.kept_request import page_at_hand, page_of_form
from hotline.console.shell.named import named
from hotline.console.shell.other_port import events_url
from hotline.console.shell.stacked import stacked
from hotline.console.shell.static_files import static_url
from models.overview.pin_request import count_to_decide


def install_layout(app: Flask, time_zone: str) -> None:
    """Give the templates of ``app`` the words, filters and names that the console's pages use."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        words.gettext_only, words.ngettext_only, newstyle=True
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    moments = Moments(time_zone)
    app.jinja_env.filters.update(
        language_name=words.language_name,
        language_inside=words.language_inside,
        languages_named=words.languages_named,
        stacked=stacked,
        named=named,
    )
    app.jinja_env.filters.update(
        when=moments.when,
        brief=moments.brief,
        clock=moments.clock,
        second=moments.second,
        time_of_day=lambda at: time_of_day(at, words.language()),
        day=moments.day,
        _attrs=attributes,
    )

    @app.context_processor
    def names() -> dict[str, Any]:
        person = someone()
        return {
            "person": person,
            # Functions, since a part of a page has none of these.
            "navigation": lambda: console.navigation.groups(person.role) if person else [],
            "current_entry": lambda: (
                console.navigation.current(person.role, request.endpoint) if person else None
            ),
            "console_languages": console.words.names,
            # A refused form is shown at an address that is no page.
            "page_shown": page_at_hand if request.method == "GET" else page_of_form,
            "language": words.language(),
            "office_name": _office_name(),
            "static_url": static_url,
            "in_place_areas": IN_PLACE_AREAS,
            "events_url": events_url,
            "typed": typed_fields.typed,
            "typed_all": typed_fields.typed_all,
            "form_was_sent": typed_fields.form_was_sent,
            "is_ticked": typed_fields.is_ticked,
            "drawn_with": typed_fields.drawn_with,
            "changed_by_both": typed_fields.changed_by_both,
            "was_kept": "kept_form" in g,
            "has_kept_form": typed_fields.has_kept_form,
            "form_is_gone": typed_fields.FORM_IS_GONE,
            "has_kept_fields": typed_fields.has_kept_fields,
            "role_name": role_name,
            "pins_to_decide": _pins_to_decide,
            "printed_at": console.clock(),
            "office_zone": time_zone,
            "is_local": console.settings.carrier == "exchange",
        }


def _pins_to_decide() -> int:
    """How many PINs wait for this person; none if the database cannot say, as on the page about that."""
    person = someone()
    with suppress(SQLAlchemyError):
        if person is not None:
            with console.database.reading() as reading:
                return count_to_decide(reading, person, console.clock(), console.policies)
    return 0


def _office_name() -> str:
    names = console.office.name
    name = names.get(words.language()) or next(iter(names.values()))
    # The name begins with a small letter because it is also spoken within a sentence.
    return name[:1].upper() + name[1:]


ROLE_NAMES = {
    "liaison": words.N_("Liaison"),
    "supervisor": words.N_("Supervisor"),
    "administrator": words.N_("Administrator"),
}


def role_name(role: str) -> str:
    """A role's name in the language of the page."""
    return words.gettext(ROLE_NAMES.get(role, role))


def attributes(given: Mapping[str, object]) -> Markup:
    """Attributes of an element: ``hx_get="/x"`` becomes ``hx-get="/x"``, True a bare name, False nothing."""
    said = Markup("")
    for name, value in given.items():
        if value is True:
            said += Markup(" {}").format(name.replace("_", "-"))
        elif value is not None and value is not False:
            said += Markup(' {}="{}"').format(name.replace("_", "-"), value)
    return said


@lru_cache(maxsize=2048)
def _spelled_day(day: date, language: str) -> str:
    """Cached: a page shows the same few days many times, and formatting one is most of a cell's work."""
    return format_date(day, "medium", locale=words.written_in(language))


class Moments:
    """Moments for readers: in the office's time zone and the language of the page."""

    def __init__(self, time_zone: str) -> None:
        self._zone = ZoneInfo(time_zone)
        self._babel_zone = get_timezone(time_zone)

    def when(self, moment: datetime | None) -> Markup:
        """Day and time, in a ``<time>``; nothing for None."""
        return self._time(moment, self._day_and_time)

    def brief(self, moment: datetime | None) -> Markup:
        """Only the time for today's moments, and the day before it for others; nothing for None."""
        today = console.clock().astimezone(self._zone).date()
        is_today = moment is not None and moment.astimezone(self._zone).date() == today
        return self.clock(moment) if is_today else self.when(moment)

    def clock(self, moment: datetime | None) -> Markup:
        """Only the time of day, in a ``<time>``; nothing for None."""
        return self._time(
            moment,
            lambda at, lang: format_time(at, "short", tzinfo=self._babel_zone, locale=words.written_in(lang)),
        )

    def second(self, moment: datetime | None) -> Markup:
        """The time of day to the second, in a ``<time>``; nothing for None."""
        return self._time(
            moment,
            lambda at, lang: format_time(
                at, "medium", tzinfo=self._babel_zone, locale=words.written_in(lang)
            ),
        )

    def day(self, moment: datetime | date | None) -> Markup:
        """Only the day, in a ``<time>``; nothing for None."""
        if moment is None:
            return Markup("")
        local = moment.astimezone(self._zone).date() if isinstance(moment, datetime) else moment
        said = _spelled_day(local, words.language())
        return Markup('<time datetime="{}">{}</time>').format(local.isoformat(), said)

    def _day_and_time(self, local: datetime, language: str) -> str:
        locale = words.written_in(language)
        day = _spelled_day(local.date(), language)
        return f"{day}, {format_time(local, 'short', tzinfo=self._babel_zone, locale=locale)}"

    def _time(self, moment: datetime | None, say: Any) -> Markup:
        if moment is None:
            return Markup("")
        local = moment.astimezone(self._zone)
        return Markup('<time datetime="{}">{}</time>').format(
            local.isoformat(timespec="minutes"), escape(say(local, words.language()))
        )
