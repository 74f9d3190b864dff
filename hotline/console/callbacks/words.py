"""A callback in words for staff: its state, the person's wishes, and its history."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeGuard
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton, get_timezone

from hotline.console.callbacks.due_words import DAYS_BY_NAME
from hotline.console.shell.console import console
from hotline.console.shell.durations import zone_if_twice
from hotline.console.shell.refused import moment_of_promise
from hotline.console.shell.words import N_, _, language, language_inside, ngettext, written_in
from hotline.refusals.callbacks import NOTE_WORDS
from models.callbacks.follow_up import CONTINUES
from models.overview.history import Happening, lacks_phone
from models.overview.listing import Listed
from models.store.free_text import MOST_CHARACTERS, TextRefusal

#: A word and the kind of its tag.
STATES = {
    "requested": (N_("Waiting"), ""),
    "claimed": (N_("Claimed"), "warn"),
    "ringing_liaison": (N_("Ringing liaison"), "warn"),
    "ringing_caller": (N_("Ringing caller"), "warn"),
    "talking": (N_("Talking"), "good"),
    "reached": (N_("Reached"), "good"),
    "no_answer": (N_("No answer"), ""),
    "left_for_staff": (N_("Needs attention"), "bad"),
    "cancelled": (N_("Canceled"), "quiet"),
}
#: What a colleague does now who could be asked (models/callbacks/liaison.py).
COLLEAGUE_STATES = {
    "free": N_("free"),
    "rings": N_("phone rings"),
    "in_call": N_("in a call"),
    "wrap_up": N_("in wrap-up"),
    "break": N_("on a break"),
    "off_shift": N_("off shift"),
}
REASONS = {
    "asked": N_("asked to be called back"),
    "afraid": N_("is afraid"),
    "hard_news": N_("hard news in this case"),
    "lockout": N_("could not open a case"),
    "waited": N_("waited on the line"),
    "abandoned": N_("waited on the line and hung up"),
    "lost_pin": N_("lost the PIN"),
    "pin_changed": N_("is to be told that the PIN was changed"),
    "letter_pin_used": N_("is to be told that the PIN from a letter was used"),
    "phone_added": N_("is to be told that a phone was added to their case"),
    "phone_stopped": N_("we stopped calling one of their phones"),
    "about_person": N_("about the person in the case"),
    "about_court": N_("about the court"),
    "about_safety": N_("about safety"),
    "about_other": N_("about something else"),
    "dropped": N_("the last call dropped"),
    "cut_off": N_("was cut off while on hold"),
    "call_later": N_("asked to be called later"),
    "to_supervisor": N_("is for the supervisor"),
    "staff_call": N_("did not ask: staff began this call"),
    "consent_ends": N_("is to be asked if they still want calls about changes"),
    "calls_stopped": N_("is to be asked if it was them who stopped the calls about changes"),
    "notice": N_("is to be told of a change in custody"),
}
#: The task to tell somebody that earlier news was wrong.
CORRECTION = N_("is to be told that what we told them was wrong")
#: How a callback ended or why it is left, and what that means for the next person who takes it.
OUTCOME_SENTENCES = {
    "reached": N_("Reached: two people talked."),
    "message_left": N_("A message was left."),
    "nobody_there": N_("The call was answered, but not by the person: no one was there, or somebody else."),
    "wrong_person": N_("It was the wrong person. That phone is not called any more."),
    "next_phone": N_(
        "A wrong person answered another phone of theirs, which is not called any more. This is their next"
        " safe phone."
    ),
    "call_later": N_("They asked to be called later."),
    "to_supervisor": N_("Handed to the supervisor."),
    "staff_call": N_("Nobody asked for this call: staff began it."),
    "notice_late": N_(
        "Nobody has confirmed urgent news in time. Reach this person yourself. The line may call them too."
    ),
    "notice_cap": N_("The line called as often as this person allows, on all phones. Reach them yourself."),
    "notice_unconfirmed": N_("The line called in every try, and nobody confirmed the news."),
    "notice_no_phone": N_("No phone of theirs may be called by the line. Look at the phones of the case."),
    "notice_wrong_code": N_("Code problem: someone answered and gave a wrong notice code three times."),
    "notice_no_code": N_("Code problem: someone answered and said that they do not have the notice code."),
    "notice_refused": N_("The carrier could not call their phone."),
    "notice_asked_person": N_("They asked to hear the news from a person."),
    "notice_said_nothing": N_("Someone answered, and said nothing when the line offered the news."),
    "notice_over": N_("The news was confirmed, may not be told any more, or is told in another callback."),
    "no_answer": N_("The person was not reached in any of the tries."),
    "not_safe": N_("The person was not reached. In the last try, someone answered and could not talk."),
    "no_window": N_("This person's hours and the office's hours do not overlap."),
    "cannot_dial": N_(
        "This phone cannot be called: it is unsafe, the line may not call it, or the carrier could not."
    ),
    "stopped": N_("Someone asked for this phone not to be called any more."),
    "stop_lifted": N_("We had stopped calling this phone. The stop has been lifted: you can call it."),
    "phone_stopped": N_(
        "We stopped calling one of their phones: a text said stop, or a wrong person answered. Call another"
        " safe phone and ask if that was right."
    ),
    "consent_ends": N_(
        "Their consent to calls about changes ends soon. Ask if they still want them, and renew it."
    ),
    "calls_stopped": N_(
        "A caller with the PIN stopped or paused the calls about changes. Call a safe phone and ask if it was"
        " them."
    ),
    "no_safe_phone": N_(
        "The case has no safe phone for this call. Decide with the supervisor how to reach the person."
    ),
    "case_closed": N_("The case was closed."),
    "unknown": N_("We do not know whether the person was called. Their phone may have rung already."),
    "unknown_call": N_("We do not know whether the person was called. Their phone may have rung already."),
    "unknown_offer": N_(
        "The line could not tell whether a phone of staff rang. The person was not called in this try."
    ),
    "superseded": N_("The person asked again with the PIN, and that callback took its place."),
    "promised_anew": N_("Somebody looked into it and promised it anew: it is another callback now."),
    "behind_news": N_("It waits while staff call this person, and is promised as before after that."),
    "person_asked": N_("Canceled: the person asked for it."),
    "duplicate": N_("Canceled: there was another callback for the same."),
    "wrong_number": N_("Canceled: the number is not theirs."),
    "settled_otherwise": N_("Canceled: it was settled in another way."),
}
#: The same for a talk with a caller at 0: nobody was called.
AT_0_SENTENCES = OUTCOME_SENTENCES | {"nobody_there": N_("No one spoke on the line.")}
CANCEL_NAMES = {
    "person_asked": N_("The person asked for it"),
    "duplicate": N_("There is another callback for the same"),
    "wrong_number": N_("The number is not theirs"),
    "settled_otherwise": N_("It was settled in another way"),
}
#: The outcomes that staff choose from, as the page of a talk offers them.
OUTCOME_CHOICES = {
    "reached": N_("Reached"),
    "message_left": N_("Message left"),
    "nobody_there": N_("No one was there"),
    "wrong_person": N_("Wrong person"),
    "call_later": N_("Call again later"),
    "to_supervisor": N_("For the supervisor"),
}
#: How staff recognized the person on a call that we placed.
RECOGNITION_NAMES = {
    "agreed_word": N_("They said the word agreed on in an earlier talk"),
    "spoken_code": N_("They gave a code that staff told them, not their notice code"),
    "last_call": N_("They knew what was said in their last call"),
}
#: With these outcomes a phone may have rung without anyone knowing.
MAY_HAVE_RUNG = frozenset({"unknown", "unknown_call"})

#: What the history says of a person who could not talk.
_PUT_OFF = frozenset({"not_safe_callback", "not_safe_later_callback"})
HAPPENED = {
    "request_callback": N_("The callback was put on the list"),
    "ask_again_for_callback": N_("The person asked again"),
    "hear_of_callback": N_("The person called and heard when we will call"),
    "change_callback": N_("The person changed how they want to be called"),
    "reschedule_callback": N_("Rescheduled"),
    "claim_callback": N_("Claimed"),
    "take_up_callback": N_("Reopened by staff"),
    "give_back_callback": N_("Returned to the callback list"),
    "hand_callback": N_("Handed to %(to)s"),
    "ring_liaison_callback": N_("The line called a liaison"),
    "accept_callback": N_("Accepted by key"),
    "liaison_missed_callback": N_("Not accepted; it went to the next"),
    "miss_own_call_callback": N_(
        "The liaison missed the call that they had asked for; the claim stays theirs for a moment"
    ),
    "leave_message": N_("The line left its neutral message on a machine"),
    "caller_missed_callback": N_("The person was not reached; it is tried again later"),
    "not_safe_callback": N_("The person could not talk now"),
    "not_safe_later_callback": N_("The person could not talk now"),
    "join_callback": N_("The person pressed their key; the talk began"),
    "reach_callback": N_("The talk ended"),
    "give_up_callback": N_("No answer in the last try"),
    "leave_callback": N_("Needs attention"),
    "cancel_callback": N_("Canceled"),
    "close_left_callback": N_("Canceled"),
    "change_phone_callback": N_("Moved to another phone, since this one is not called any more"),
    "end_with_case_callback": N_("Canceled, since the case was closed"),
    "warn_of_callback": N_("Staff were warned that it is at risk"),
    "reveal_number": N_("The whole number was looked at"),
    "note_callback": N_("The note was saved"),
    "note_talk": N_("The note was saved"),
    "note_outcome": N_("The outcome was saved"),
    "lack_phone": N_("There was no phone to call for it"),
    "recognize_person": N_("The person was recognized"),
    "begin_talk": N_("Accepted by key; the talk began"),
    "end_talk": N_("The talk ended"),
    "hold_talk": N_("On hold"),
    "resume_talk": N_("Back from hold"),
    "add_colleague": N_("%(rung)s was called into the talk"),
    "add_interpreter": N_("An interpreter was called into the talk"),
    "accept_joining": N_("Somebody joined, and the person was told"),
    "hand_over_talk": N_("The talk was handed over to %(to)s"),
    "leave_talk": N_("Somebody left the talk"),
    "rang_staff": N_("Call to staff"),
    "rang_caller": N_("Call to the person"),
    "rang_colleague": N_("Call to a colleague"),
    "rang_interpreter": N_("Call to an interpreter"),
}
ACTORS = {
    "caller": N_("The person"),
    "worker": N_("The line"),
    "sweeper": N_("The line"),
    "carrier": N_("reported by the phone company"),
    "interpreter": N_("The interpreter"),
}
_ENDED = {
    "completed": N_("ended"),
    "busy": N_("busy"),
    "no-answer": N_("no answer"),
    "failed": N_("failed"),
    "canceled": N_("stopped before it was answered"),
}


def why(reason: str, *, corrects: bool, first: str | None = None) -> str:
    """Why somebody is called; ``corrects``: a task about news that was wrong.

    ``first``: why the talk was asked for that this one continues.
    """
    if corrects:
        return _(CORRECTION)
    said = _(REASONS[reason]) if reason in REASONS else reason
    return f"{said}: {_(REASONS[first])}" if tells_more(first, reason) else said


def tells_more(first: str | None, reason: str) -> TypeGuard[str]:
    """Whether the reason that a talk began with is to be said beside that of the callback after it."""
    return first in REASONS and first not in (*CONTINUES, reason, "asked", "staff_call")


def to_do(row: Listed) -> list[str]:
    """What this person's wishes ask of the one who calls, the most important first."""
    found = []
    if row.reason == "notice":
        found.append(_("Tell them what may be said. The outcome “Reached” then confirms that they heard it."))
    if row.asked_elsewhere:
        # Even after one of them pressed 5: that may be the person whose phone it is not.
        found.append(_("Two callers may have asked for this. Begin with a yes or no question."))
    found.append(
        {
            "only_me": _("Only they may answer: if somebody else does, say nothing and end the call."),
            "ask_for_me": _(
                "Somebody else may answer: ask if someone there expects this call, and say nothing else."
            ),
        }.get(row.may_answer, _("You may speak with anyone who answers."))
    )
    found.append(
        _("No voicemail.") if row.voicemail_text is None else _("The line may leave its neutral message.")
    )
    if row.when_dropped == "ring_once":
        found.append(
            _(
                "If the call drops in its first moments, the line calls once more. "
                "After that, note “Call again later”."
            )
        )
    else:
        found.append(
            _(
                "If the call drops, they call us: do not ring again. "
                "If it drops while they are on hold, the line calls them."
            )
        )
    return found


def to_do_at_0(language: str, *, is_silent: bool, is_discreet: bool) -> list[str]:
    """The same for a caller at 0, before somebody talks with them: only what every liaison may know."""
    found = [_("Language: %(language)s", language=language_inside(language))]
    if is_discreet:
        found.insert(0, _("Discreet line: do not name the office."))
    if is_silent:
        found.insert(0, _("Cannot talk: ask yes or no questions. They answer 1 for yes and 2 for no."))
    return found


def if_somebody_else(row: Listed) -> list[str]:
    """What to do in the talk if it is not the person who answered; it agrees with ``to_do``.

    No page has shown the name of the person by then, so nobody can be asked for by name (R37).
    """
    return [
        {
            "only_me": _("If it is somebody else, say nothing more."),
            "ask_for_me": _(
                "If it is somebody else, ask if someone there expects this call, and say nothing else."
            ),
        }.get(
            row.may_answer,
            _("If it is somebody else, you may ask them to get the person. Do not say why you call."),
        ),
        _("If the person does not come to the phone, end the call and choose “No one was there”."),
        _("If they say that it is the wrong number, choose “Wrong person”."),
        _(
            "If they say that they did not ask for this call, choose “Reached”, "
            "or “For the supervisor” if it was asked for with the PIN."
        ),
    ]


def title_of(row: Listed) -> str:
    """What a callback is, as its heading: it names nobody."""
    spoken = language_inside(row.language)
    if row.urgency == "urgent":
        return _("Callback: %(language)s, urgent", language=spoken)
    return _("Callback: %(language)s", language=spoken)


def tries(row: Listed, history: Sequence[Happening]) -> str:
    """How often we tried to reach the person so far; an offer that staff missed does not count (R36).

    A person who could not talk may begin a new round of tries, whose count is 0.
    """
    if not row.caller_tries and (row.outcome == "not_safe" or any(one.what in _PUT_OFF for one in history)):
        return _("the person answered and could not talk")
    if not row.caller_tries:
        return _("none failed")
    return ngettext("the person was tried once", "the person was tried %(num)d times", row.caller_tries)


def there(at: datetime, time_zone: str) -> str:
    """The day and time of a moment in the person's time zone, with the date if it is not in these days.

    The zone is named if that time comes twice.
    """
    zone = ZoneInfo(time_zone)
    days_off = abs((at.astimezone(zone).date() - console.clock().astimezone(zone).date()).days)
    day = "EEE" if days_off <= DAYS_BY_NAME else "MMMEd"
    return _there(at.replace(second=0, microsecond=0), time_zone, day, language())


@lru_cache(maxsize=4096)
def _there(at: datetime, time_zone: str, day: str, said_in: str) -> str:
    # Most callbacks are due at the same few moments, and a page of the list shows dozens of them.
    zone, locale, local = get_timezone(time_zone), written_in(said_in), at.astimezone(ZoneInfo(time_zone))
    if day == "EEE":
        said = format_skeleton("EEEhmm", local, tzinfo=zone, locale=locale)
    else:
        time = format_skeleton("hmm", local, tzinfo=zone, locale=locale)
        said = f"{format_skeleton(day, local, tzinfo=zone, locale=locale)}, {time}"
    return said + zone_if_twice(local)


def happened(one: Happening) -> str:
    """One line of the history."""
    sentence = HAPPENED.get(one.what)
    if sentence is None:
        return one.what.replace("_", " ")
    facts = {"to": "", "rung": ""} | one.facts
    said = _(sentence, **facts) if "%(" in sentence else _(sentence)
    if one.what == "reschedule_callback" and "was_due_at" in facts:
        return _rescheduled(facts)
    if one.what == "note_outcome":
        return f"{said}: {'; '.join(_noted(facts))}"
    if one.what == "recognize_person" and facts.get("code") in RECOGNITION_NAMES:
        return f"{said}: {_(RECOGNITION_NAMES[facts['code']])}"
    if one.what in {"cancel_callback", "close_left_callback"} and facts.get("reason") in CANCEL_NAMES:
        return f"{said}: {_(CANCEL_NAMES[facts['reason']])}"
    if one.what.startswith("rang_"):
        return f"{said}: {_how_it_went(one)}"
    return said


def _rescheduled(facts: dict[str, Any]) -> str:
    """Who settled another time, and which moment it replaced."""
    due, was = (moment_of_promise(datetime.fromisoformat(facts[name])) for name in ("due_at", "was_due_at"))
    if facts.get("agreed"):
        return _("They agreed to another time: due by %(due)s, before that by %(was)s", due=due, was=was)
    return _("Staff chose another time: due by %(due)s, before that by %(was)s", due=due, was=was)


def _noted(facts: dict[str, Any]) -> list[str]:
    """An outcome and what was recorded with it."""
    found = [_(OUTCOME_CHOICES.get(str(facts.get("code")), "Reached"))]
    if facts.get("interpreter"):
        found.append(_("needs an interpreter"))
    if facts.get("safety_plan"):
        found.append(_("safety plan made"))
    if facts.get("referred_to"):
        found.append(
            _("referred to %(services)s", services=", ".join(map(service_name, facts["referred_to"])))
        )
    return found


def no_phone(history: Sequence[Happening], *, has_case: bool) -> str:
    """What follows if no phone may be called for what the saved outcome asks for; else empty."""
    if not lacks_phone(history):
        return ""
    said = _("There is no phone that may be called for this, so the line calls nobody.")
    if not has_case:
        return said
    more = _("Look for another safe phone on the page of the case, and call that one from there.")
    return f"{said} {more}"


def service_name(key: str) -> str:
    """A service of the office in the reader's language; the key of one that the office no longer has."""
    names = next((one.name for one in console.office.services if one.key == key), {})
    return names.get(language()) or next(iter(names.values()), key)


def who(one: Happening) -> str:
    """The actor: a staff member's name, or a part of the app."""
    if one.is_staff:
        return one.who
    return _(ACTORS[one.who]) if one.who in ACTORS else one.who


def _how_it_went(one: Happening) -> str:
    ended = one.facts.get("ended")
    if one.facts.get("seconds") is None:
        return _("going on")
    key = _("a key was pressed") if one.facts.get("accepted") else _("no key")
    how = _(_ENDED[ended]) if ended in _ENDED else _("ended")
    return _("%(how)s after %(seconds)d s, %(key)s", how=how, seconds=one.facts["seconds"], key=key)


def note_sentence(why: TextRefusal) -> str:
    """Why a note is not saved, for the page that checks it while it is typed."""
    return _(NOTE_WORDS[why], most=MOST_CHARACTERS)
