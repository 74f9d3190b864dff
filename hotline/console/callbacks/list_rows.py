"""The rows of the callback list in words: one thought each, and marks for what most rows share."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from hotline.console.callbacks.due_words import due_words, moment_words, time_there
from hotline.console.callbacks.words import tells_more
from hotline.console.shell.words import N_, _, language_name, ngettext
from models.callbacks.callback import gave_pin
from models.callbacks.callback_policy import CallbackPolicy
from models.callbacks.follow_up import NOT_CALLED
from models.overview.work_list import WorkRow

FILTER_NAMES = {
    "mine": N_("Mine"),
    "urgent": N_("Urgent"),
    "languages": N_("My languages"),
    "overdue": N_("Overdue"),
    "attention": N_("Needs attention"),
    "follow_ups": N_("My follow-ups today"),
}
#: Why we call, in a word or two: each is read whole in a row on a phone, in every language.
SHORT_REASONS = {
    "asked": N_("Asked for a call"),
    "afraid": N_("Afraid"),
    "hard_news": N_("Hard news"),
    "lockout": N_("Case not opened"),
    "waited": N_("Waited on line"),
    "abandoned": N_("Hung up waiting"),
    "lost_pin": N_("Lost PIN"),
    "pin_changed": N_("PIN changed"),
    "letter_pin_used": N_("Letter PIN used"),
    "phone_added": N_("Phone added"),
    "phone_stopped": N_("Phone stopped"),
    "about_person": N_("About the person"),
    "about_court": N_("About the court"),
    "about_safety": N_("About safety"),
    "about_other": N_("Something else"),
    "dropped": N_("Call dropped"),
    "cut_off": N_("Cut off on hold"),
    "call_later": N_("Asked for later"),
    "to_supervisor": N_("For supervisor"),
    "staff_call": N_("Call by staff"),
    "consent_ends": N_("Ask for consent"),
    "calls_stopped": N_("Calls stopped"),
    "notice": N_("Reach them"),
}
#: Why a callback needs attention, in a few words; the outcomes that say no more than the reason are left out.
SHORT_OUTCOMES = {
    "no_answer": N_("not reached"),
    "not_safe": N_("could not talk"),
    "no_window": N_("no shared hours"),
    "cannot_dial": N_("cannot dial"),
    "stopped": N_("phone said stop"),
    "wrong_person": N_("wrong person"),
    "next_phone": N_("wrong person"),
    "stop_lifted": N_("stop was lifted"),
    "phone_stopped": N_("phone stopped"),
    "no_safe_phone": N_("no safe phone"),
    "behind_news": N_("other call first"),
    "unknown": N_("maybe called"),
    "unknown_call": N_("maybe called"),
    "unknown_offer": N_("offer unclear"),
    "notice_late": N_("not confirmed"),
    "notice_cap": N_("cap reached"),
    "notice_unconfirmed": N_("no answer"),
    "notice_no_phone": N_("no phone to call"),
    "notice_wrong_code": N_("code problem"),
    "notice_no_code": N_("code problem"),
    "notice_refused": N_("call failed"),
    "notice_asked_person": N_("wants a person"),
    "notice_said_nothing": N_("said nothing"),
}
#: The marks in the order of the legend: each in a few words, and what it asks of the one who calls.
MARKS = {
    "attention": (
        N_("Needs attention"),
        N_("Needs attention: the line does not call by itself, or nobody took it. Read why before you call."),
    ),
    "silent": (
        N_("cannot talk"),
        N_("Cannot talk: ask yes or no questions. They answer 1 for yes and 2 for no."),
    ),
    "two": (
        N_("perhaps two callers"),
        N_("Two callers may have asked for this. Begin with a yes or no question."),
    ),
    "only": (
        N_("only they may answer"),
        N_("Only they may answer: if somebody else does, say nothing and end the call."),
    ),
    "voicemail": (N_("no voicemail"), N_("No voicemail.")),
    "discreet": (N_("discreet line"), N_("Discreet line: nobody names the office.")),
    "interpreter": (
        N_("interpreter needed"),
        N_("Interpreter needed: you do not speak their language, or their last talk showed it."),
    ),
}
_STATES = {
    "requested": N_("Waiting"),
    "claimed": N_("Claimed"),
    "ringing_liaison": N_("Ringing liaison"),
    "ringing_caller": N_("Ringing caller"),
    "talking": N_("Talking"),
    "left_for_staff": N_("Needs attention"),
}


@dataclass(frozen=True, slots=True)
class RowWords:
    """One row. ``due_narrow`` is what a narrow row shows of ``due``.

    ``note`` says who has it, why it needs attention, or why it cannot be called now.

    ``note_at`` is the moment in a note that is about one: a narrow row shows a clock and it alone.
    ``after``: why it continues the talk that ``why`` began with; a narrow row leaves it out.
    ``action`` is the last word of the URL of its one button, and ``button`` that button's text; both are
    empty when this reader can do nothing. ``marks`` are keys of MARKS. ``verified`` is None for what no
    caller asked for: nobody could give the PIN for it.
    """

    id: int
    due: str
    due_narrow: str
    is_overdue: bool
    is_urgent: bool
    why: str
    after: str
    state: str
    needs_attention: bool
    note: str
    note_at: str
    verified: bool | None
    language: str
    language_code: str
    there: str
    tries: str
    tries_used: int
    marks: tuple[str, ...]
    action: str
    button: str


def row_words(
    row: WorkRow,
    now: datetime,
    zone: ZoneInfo,
    policy: CallbackPolicy,
    *,
    is_mine: bool,
    needs_interpreter: bool,
    first: str | None = None,
) -> RowWords:
    """A row for a reader; ``is_mine``: they have it. ``zone`` is the office's.

    ``needs_interpreter``: they do not speak its language, or the last talk said so. ``first``: why the talk
    was asked for that this callback continues.
    """
    needs_attention = row.state == "left_for_staff" or (row.state == "requested" and row.paged_at is not None)
    opens = _window_opens(row, now, policy)
    note, note_about = _note(row, now, zone, opens, is_mine=is_mine)
    is_stopped = row.outcome in NOT_CALLED and row.state in ("left_for_staff", "claimed")
    action, button = _action(row, is_mine=is_mine, may_be_called=opens is None and not is_stopped)
    begun = first if tells_more(first, row.reason) else None
    return RowWords(
        id=row.id,
        due=due_words(row.due_at, now, zone),
        due_narrow=due_words(row.due_at, now, zone, is_narrow=True),
        is_overdue=row.due_at < now and row.state != "talking",
        is_urgent=row.urgency == "urgent",
        why=short_reason(begun or row.reason),
        after=short_reason(row.reason) if begun else "",
        state=_state(row, now, opens, needs_attention=needs_attention),
        needs_attention=needs_attention,
        note=note,
        note_at=moment_words(note_about, now, zone, is_narrow=True) if note_about else "",
        verified=gave_pin(row.verified, row.case_id, row.begun_by_staff),
        language=language_name(row.language),
        language_code=row.language.upper(),
        there=time_there(now, row.time_zone, zone),
        tries=_tries(row.caller_tries),
        tries_used=row.caller_tries,
        marks=tuple(_marks(row, needs_interpreter=needs_interpreter)),
        action=action,
        button=button,
    )


def short_reason(reason: str, first: str | None = None) -> str:
    """Why we call, in a word or two, and why the talk before was asked for; else the code of the reason."""
    said = _(SHORT_REASONS[reason]) if reason in SHORT_REASONS else reason
    return f"{_(SHORT_REASONS[first])}: {said}" if tells_more(first, reason) else said


def _state(row: WorkRow, now: datetime, opens: datetime | None, *, needs_attention: bool) -> str:
    if needs_attention:
        return _("Needs attention")
    if row.state == "requested" and opens is not None:
        return _("Not yet")
    if row.state == "requested" and not row.on_list and row.next_attempt_at > now:
        # It waits for no liaison: the line calls then, and staff may before.
        return _("Later")
    if row.state == "talking" and row.held_at is not None:
        return _("On hold")
    if row.state == "claimed" and row.staff_id is None:
        # The line has claimed it, and calls a liaison about it.
        return _("Ringing liaison")
    return _(_STATES[row.state])


def _note(
    row: WorkRow, now: datetime, zone: ZoneInfo, opens: datetime | None, *, is_mine: bool
) -> tuple[str, datetime | None]:
    """The note, and the moment that it is about."""
    if is_mine:
        return _("You have it"), None
    if row.holder is not None:
        return _("%(name)s has it", name=row.holder), None
    if row.state == "left_for_staff":
        return _(SHORT_OUTCOMES[row.outcome]) if row.outcome in SHORT_OUTCOMES else "", None
    if opens is not None:
        return _("window opens %(moment)s", moment=moment_words(opens, now, zone)), opens
    if row.state == "requested" and row.paged_at is not None:
        return _("nobody took it"), None
    if row.state == "requested" and row.next_attempt_at > now and not row.on_list:
        at = row.next_attempt_at
        return _("line calls %(moment)s", moment=moment_words(at, now, zone)), at
    return "", None


def _window_opens(row: WorkRow, now: datetime, policy: CallbackPolicy) -> datetime | None:
    """When the person may be called, if that is later than now."""
    if row.state not in ("requested", "claimed") or row.on_list:
        return None
    opens = policy.of_staff().moment_inside(row, now)
    return None if opens is None or opens <= now else opens


def _action(row: WorkRow, *, is_mine: bool, may_be_called: bool) -> tuple[str, str]:
    if not may_be_called:
        return "", ""
    if row.state == "requested":
        return "claim", _("Claim")
    if row.state == "left_for_staff":
        return "claim", _("Reopen")
    if row.state == "claimed" and is_mine:
        return "call", _("Call now")
    return "", ""


def _tries(count: int) -> str:
    # The count begins anew for another phone and for the promised part of the day, so none used is not none
    # made.
    return ngettext("1 try used", "%(num)d tries used", count) if count else _("no tries used")


def _marks(row: WorkRow, *, needs_interpreter: bool) -> list[str]:
    found = {
        "silent": row.silent,
        "two": row.asked_elsewhere,
        "only": row.may_answer == "only_me",
        "voicemail": row.voicemail_text is None,
        "discreet": row.discreet,
        "interpreter": needs_interpreter,
    }
    return [mark for mark, applies in found.items() if applies]
