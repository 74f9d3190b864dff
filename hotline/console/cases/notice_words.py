"""The words of the notices in a case: states and news for staff, and the consent that they read aloud."""

from collections.abc import Sequence
from datetime import datetime

from babel.dates import format_date

from hotline.console.imports.words import STATUSES
from hotline.console.shell.console import console
from hotline.console.shell.durations import time_of_day
from hotline.console.shell.words import N_, _, written_in
from models.notices.agreed.read_back import Hours
from models.notices.case_notices import NoticeRow
from models.notices.registering import MOST_CALLS_A_DAY, Choices

NEWS = STATUSES | {
    "hearing": N_("reminder of a hearing"),
    "expected_release": N_("reminder of an expected release"),
    "feed_silent": N_("the feed is silent"),
}
STATES = {
    "waiting": (N_("The line calls"), "warn"),
    "ringing": (N_("Ringing"), "warn"),
    "left_for_staff": (N_("Reach this person"), "bad"),
    "confirmed": (N_("Confirmed"), "good"),
    "stopped": (N_("Stopped"), "quiet"),
}
CONFIRMED = {
    "call": N_("by key in our call"),
    "line": N_("on the line, after the PIN"),
    "staff": N_("told by staff"),
}
#: Why a notice was stopped, or needs a person.
WHY = {
    "withdrawn": N_("they do not want to be called"),
    "paused": N_("the calls were paused"),
    "gate": N_("it may not be told"),
    "replaced": N_("newer news took its place"),
    "retracted": N_("the news was wrong"),
    "staff_cancelled": N_("canceled by staff"),
    "late": N_("not confirmed in time"),
    "cap": N_("cap reached"),
    "unconfirmed": N_("no answer"),
    "no_phone": N_("no phone may be called"),
    "wrong_code": N_("code problem"),
    "no_code": N_("code problem"),
    "asked_person": N_("asked for a person"),
    "said_nothing": N_("said nothing"),
    "refused": N_("phone cannot be called"),
}
OPENS = {
    "code": (N_("A notice code of 4 digits"), N_("They choose it now. It opens a notice and nothing else.")),
    "key": (
        N_("A key alone"),
        N_("Anyone who answers and presses the key hears the news. Not for a phone that only they answer."),
    ),
}
#: By the message that a phone may get: what is read to the person, as the line says it.
_MESSAGES: dict[str | None, str] = {
    None: N_("We will leave no message. A machine may record our first words."),
    "please_call": N_("We may leave a message that asks you to call us."),
    "we_call_again": N_("We may leave a message that says we will call again."),
    "hello": N_("We may leave a message with only our name: %(line)s."),
}
NIGHTS = {"yes": N_("Yes, at any hour"), "no": N_("No, not at night")}


def news(row: NoticeRow) -> str:
    """The news of a notice, and that it corrects earlier news."""
    kind = _(NEWS[row.kind]) if row.kind in NEWS else _("may not be said")
    return _("Correction: %(news)s", news=kind) if row.corrects else kind


def ended(row: NoticeRow) -> str:
    """How a notice ended, or what it waits for."""
    if row.confirmed_by is not None:
        return _(CONFIRMED[row.confirmed_by])
    return _(WHY[row.why]) if row.why in WHY else ""


def consent_words(
    choices: Choices,
    hours: Sequence[Hours],
    messages: Sequence[str | None],
    language: str,
    *,
    paused_until: datetime | None = None,
    begins_at: datetime | None = None,
) -> list[str]:
    """What staff read aloud before somebody registers, in that person's language; it is the consent (R28).

    ``hours`` and ``messages`` are those of each phone that is called, as they are stored with the consent.
    ``begins_at`` is when a new phone may hear of the case (R09). Both moments are in the person's time zone.
    """
    said = console.words.catalog(language).gettext
    many = len(hours) > 1
    return [
        *_pause_words(paused_until, language),
        said(
            N_(
                "When something changes, we will call your phones one after another, "
                "or all at once if they escape."
            )
        )
        if many
        else said(N_("We will call your phone when something changes.")),
        *_wait_words(begins_at, language),
        *_when_words(choices, hours, language),
        said(N_("When we call, we will first ask for your call code."))
        if choices.code_key is not None
        else said(N_("We will ask for no code. Anyone who answers and presses a key hears the news.")),
        _message_words(messages, language),
        said(N_("We may send a text that asks you to call us. The phone company keeps a list of texts."))
        if choices.by_text
        else said(N_("We will send no text.")),
        _cap_words(choices.cap_per_day, language),
        said(N_("We may not be able to tell you of every change. No call does not mean no change.")),
    ]


def _pause_words(until: datetime | None, language: str) -> list[str]:
    if until is None:
        return []
    said = console.words.catalog(language).gettext
    return [
        said(N_("We will not call about changes for now. The calls begin again on %(day)s."))
        % {"day": _day(until, language)},
        said(N_("After that, this is how we will call.")),
    ]


def _wait_words(begins_at: datetime | None, language: str) -> list[str]:
    if begins_at is None:
        return []
    said = console.words.catalog(language).gettext
    return [
        said(N_("Calls to a new phone begin on %(day)s, %(time)s."))
        % {"day": _day(begins_at, language), "time": time_of_day(begins_at.time(), language)}
    ]


def _message_words(messages: Sequence[str | None], language: str) -> str:
    """What a machine may record, which anybody at home may play (R31)."""
    said = console.words.catalog(language).gettext
    if len(set(messages)) > 1:
        return said(
            N_(
                "We may leave a message only on phones where you allowed it. "
                "On the others, a machine may record our first words."
            )
        )
    return said(_MESSAGES[messages[0]]) % {"line": console.office.neutral_name[language]}


def _cap_words(cap: int, language: str) -> str:
    said = console.words.catalog(language).gettext
    if cap >= MOST_CALLS_A_DAY:
        return said(N_("You set no limit on calls in a day."))
    if cap == 1:
        return said(N_("We will call at most once a day."))
    return said(N_("We will call at most %(count)s times a day.")) % {"count": cap}


def _when_words(choices: Choices, by_phone: Sequence[Hours], language: str) -> list[str]:
    """When we call, as the line says it: a yes to nights opens every hour if they get out."""
    said = console.words.catalog(language).gettext
    hours = [_hours(one, language) for one in by_phone]
    if is_alike := len(set(hours)) == 1:
        hours = hours[:1]
    slots = {"hours": ", ".join(one or said(N_("any time of day")) for one in hours)}
    if choices.wishes.get("night_allowed"):
        words = (
            N_("For other changes, we will call only from %(hours)s.")
            if is_alike
            else N_("For other changes, each phone has its own hours: %(hours)s.")
        )
        by_night = said(N_("If they get out, we will call at any hour."))
        return [by_night, said(words) % slots] if any(hours) else [by_night]
    words = (
        N_("We will call only from %(hours)s.")
        if is_alike
        else N_("Each phone has its own hours: %(hours)s.")
    )
    by_night = said(N_("We will not call at night."))
    return [said(words) % slots, by_night] if any(hours) else [by_night]


def _hours(hours: Hours, language: str) -> str | None:
    """The hours that were chosen for a phone, where its person is; None for any time."""
    starts, ends = hours
    if starts is None or ends is None:
        return None
    first, last = time_of_day(starts, language), time_of_day(ends, language)
    return console.words.catalog(language).gettext(N_("%(first)s to %(last)s")) % {
        "first": first,
        "last": last,
    }


def _day(at: datetime, language: str) -> str:
    return format_date(at.date(), "long", locale=written_in(language))
