"""One form at the end of a talk: its outcome, what belongs to that, and the note, in one transaction."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask import flash, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.console.callbacks.area import area
from hotline.console.callbacks.list_pane import address_of
from hotline.console.callbacks.list_rows import short_reason
from hotline.console.callbacks.words import OUTCOME_CHOICES, no_phone, note_sentence, there
from hotline.console.shell.console import console
from hotline.console.shell.guard import me
from hotline.console.shell.typed_fields import drawn_with
from hotline.console.shell.words import _
from hotline.refusals.callbacks import ActionRefusal
from models.callbacks.appointment import next_moment_inside
from models.callbacks.callback import IS_OPEN, Callback
from models.callbacks.case_words import View, view_in_callback, words_beside
from models.callbacks.follow_up import LATER, MESSAGE_LEFT, SUPERVISOR, began_with
from models.callbacks.note import keep_note
from models.outcomes.news_told import NewestWords
from models.outcomes.next_callback import next_to_claim
from models.outcomes.talk_facts import TalkFacts
from models.outcomes.talk_note import keep_talk_note
from models.overview import outcome
from models.overview.history import history_of, history_of_talk
from models.staff.rest import begin_rest, lock_staff
from models.staff.staff import Staff
from models.staff.wrap_up import MOST_EXTENSIONS
from models.store.free_text import MOST_CHARACTERS, TextRefusal, patterns, spelling
from models.store.job import Job
from models.store.refusal import RefusedError
from models.talks.shown_talk import shown_talk, view_in_talk
from models.talks.talk import Talk

#: The outcomes of a talk with the very person; only these say whether that person needs an interpreter.
_WITH_PERSON = ("reached", LATER, SUPERVISOR)


@dataclass(frozen=True)
class TalkClick:
    """The person, talk and moment of a click, and the open transaction."""

    session: Session
    talk: Talk
    staff_id: int
    now: datetime


def finish(click: TalkClick) -> list[Job]:
    """Save the note, the outcome and its facts. Raises RefusedError, and then nothing is saved."""
    save_note(click)
    try:
        return _save_outcome(click)
    except RefusedError as error:
        # The day of *Reschedule*, which is on the same page, has the same words and another field.
        error.field = "call_day" if error.field == "day" else error.field
        raise


def save_note(click: TalkClick) -> list[Job]:
    """Save the note alone: on the callback, or on the talk with a caller at 0."""
    staff = click.session.get_one(Staff, click.staff_id)
    text, seen = request.form.get("note", "").strip(), drawn_with("note")
    if click.talk.callback_id is None:
        keep_talk_note(click.session, click.talk, staff, text, click.now, seen)
    else:
        keep_note(click.session, click.talk.callback_id, staff, text, click.now, seen)
    return []


def page_of_next(*, callback_id: int | None = None, talk_id: int | None = None) -> str:
    """The page of the next callback that the reader may claim, still unclaimed; else the list.

    The outcome that was saved is of a callback, or of a talk with a caller at 0.
    """
    with console.database.reading() as session:
        found = next_to_claim(session, me().spoken, console.clock(), console.callback_policy)
        if callback_id is not None:
            callback = session.get_one(Callback, callback_id)
            what = short_reason(callback.reason, began_with(session, callback).reason)
            has_case, caller_call_id = callback.case_id is not None, callback.caller_call_id
            history = history_of(session, callback_id)
        else:
            talk = session.get_one(Talk, talk_id)
            what, has_case = _("Caller at 0"), _case_at_0(session, talk) is not None
            history, caller_call_id = history_of_talk(session, talk.id), talk.caller_call_id
        calls_again = _calls_again(session, caller_call_id) if _code() == LATER else ""
    if lack := no_phone(history, has_case=has_case):
        flash(lack, "warning")
    said = {"outcome": _(OUTCOME_CHOICES[_code()]), "what": what}
    flash(
        _("Saved: %(outcome)s (%(what)s). No other callback in your languages is to be called now.", **said)
        if found is None
        else _(
            "Saved: %(outcome)s (%(what)s). Here is the next callback; nobody has claimed it yet.", **said
        ),
        "success",
    )
    if calls_again:
        flash(calls_again, "info")
    return address_of(found)


def _calls_again(session: Session, caller_call_id: int | None) -> str:
    """From when the line calls for the callback that a talk in this leg led to; empty if it led to none."""
    if caller_call_id is None:
        return ""
    made = select(Callback).where(
        Callback.requested_in_call_id == caller_call_id, Callback.reason == LATER, IS_OPEN
    )
    callback = session.scalars(made.order_by(Callback.id.desc()).limit(1)).first()
    if callback is None:
        return ""
    at = next_moment_inside(session, callback, callback.next_attempt_at, console.callback_policy)
    if at is None:
        return ""
    return _(
        "The line calls this person by itself from %(moment)s there.", moment=there(at, callback.time_zone)
    )


def moment_typed(day: str, time: str, time_zone: str) -> datetime:
    """The typed moment, in the person's time zone. Raises RefusedError for an invalid day or time."""
    try:
        local = datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=ZoneInfo(time_zone))
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        # The last day of the calendar cannot be converted to another zone.
        raise RefusedError(ActionRefusal.NO_TIME, field="day") from None


def _case_at_0(session: Session, talk: Talk) -> int | None:
    """The case that the caller at 0 opened, for the leader of the talk while it is recent."""
    found = shown_talk(session, talk.id, me().staff_id, me().role, console.clock(), console.policies)
    return None if found is None else found.case_id


def zone_of(session: Session, talk: Talk) -> str:
    """The time zone of the person of a talk; the office's if nobody knows it."""
    if talk.callback_id is not None:
        return session.get_one(Callback, talk.callback_id).time_zone
    found = shown_talk(session, talk.id, me().staff_id, me().role, console.clock(), console.policies)
    return (found.time_zone if found is not None else None) or console.office.time_zone


def _save_outcome(click: TalkClick) -> list[Job]:
    code, is_hard = _code(), bool(request.form.get("hard", "").strip())
    if code not in outcome.OUTCOME_CODES:
        raise RefusedError(ActionRefusal.UNKNOWN_OUTCOME)
    call_at = _call_at(click) if code == LATER else None
    if is_hard:
        lock_staff(click.session, click.staff_id)
    word, jobs = outcome.note_outcome(
        click.session, click.talk, code, click.staff_id, click.now, console.callback_policy,
        facts=_facts(), call_at=call_at, newest=_newest(click),
    )  # fmt: skip
    if word == "late":
        raise RefusedError(ActionRefusal.OUTCOME_LATE)
    if word == "unfit":
        is_at_0 = click.talk.callback_id is None
        raise RefusedError(ActionRefusal.THEY_CALLED if is_at_0 else ActionRefusal.NO_MESSAGE)
    if is_hard:
        begin_rest(click.session, click.staff_id, click.now, console.policies)
    return jobs


def _newest(click: TalkClick) -> NewestWords | None:
    """The words that changed in the talk, if its leader says that they told the new ones, too.

    Only if these are still the words: what the feed has reported since they may not have told.
    """
    view, ticked = _view_of(click), request.form.get("told", "")
    if view is None or not ticked:
        return None
    beside = words_beside(click.session, view, click.now, console.rules.release)
    if beside is None or beside.is_new or beside.before_at is None or beside.news_at is None:
        return None
    if not changed_in_talk(beside.news_at, click.talk.closed_at) or told_value(beside.news_at) != ticked:
        return None
    return NewestWords(view.case_id, beside.before_at, beside.news_at)


def _view_of(click: TalkClick) -> View | None:
    """What the leader of the talk views of its case; None if it opened none."""
    if click.talk.callback_id is not None:
        callback = click.session.get_one(Callback, click.talk.callback_id)
        return None if callback.case_id is None else view_in_callback(callback, click.staff_id)
    found = shown_talk(click.session, click.talk.id, me().staff_id, me().role, click.now, console.policies)
    return None if found is None or found.case_id is None else view_in_talk(found, click.staff_id)


def changed_in_talk(changed_at: datetime | None, closed_at: datetime | None) -> bool:
    """Whether words changed while there was somebody to tell them to."""
    return changed_at is not None and (closed_at is None or changed_at <= closed_at)


def told_value(changed_at: datetime | None) -> str:
    """What the form sends for "I told them": of which change, so that a later one is not meant."""
    return "" if changed_at is None else f"{int(changed_at.timestamp() * 1000)}"


def _facts() -> TalkFacts:
    known = {service.key for service in console.office.services}
    return TalkFacts(
        needs_interpreter="interpreter" in request.form if _code() in _WITH_PERSON else None,
        safety_plan="safety_plan" in request.form,
        referred_to=tuple(one for one in request.form.getlist("referred_to") if one in known),
    )


def _code() -> str:
    return request.form.get("outcome", "").strip()


def _call_at(click: TalkClick) -> datetime | None:
    day, time = request.form.get("call_day", "").strip(), request.form.get("call_time", "").strip()
    if not day and not time:
        return None
    return moment_typed(day, time, zone_of(click.session, click.talk))


@dataclass(frozen=True, slots=True)
class Ended:
    """What the form shows of a talk: is it over, and what is saved of it. ``zone`` is the person's.

    ``outcome`` is None until someone has saved it: a talk that ends counts as reached by itself, and a form
    that says so first would make that of a stranger who pressed the key, too.
    """

    is_over: bool
    outcome: str | None
    zone: str
    interpreter: bool
    safety_plan: bool
    referred_to: list[str]
    note: str = field(repr=False)


def finish_words(
    session: Session,
    talk: Talk | None,
    callback: Callback | None,
    note: str,
    zone: str,
    *,
    interpreter: bool,
    news_at: datetime | None = None,
) -> dict[str, object]:
    """What the templates need for the form; ``interpreter``: what was said before about this person.

    ``news_at`` is when new words came before the reader that tell news: did they tell them?
    ``callback`` is None for a talk with a caller at 0.
    """
    ended = Ended(False, None, zone, interpreter, False, [], note)
    if talk is not None:
        said = talk.needs_interpreter
        ended = Ended(
            talk.is_over, talk.outcome if talk.is_over and outcome.is_saved(session, talk) else None, zone,
            interpreter if said is None else said, talk.safety_plan, talk.referred_to or [], note,
        )  # fmt: skip
    may_have_told = talk is not None and changed_in_talk(news_at, talk.closed_at)
    fitting = outcome.fitting_outcomes(callback)
    # An outcome keeps its key where another one is not offered.
    numbers = enumerate(outcome.OUTCOME_CODES, 1)
    return {
        "ended": ended,
        "told_since": news_at if may_have_told else None,
        "told_value": told_value(news_at),
        "services": console.office.services,
        "office_language": console.office.languages[0],
        "outcome_choices": [(key, one, OUTCOME_CHOICES[one]) for key, one in numbers if one in fitting],
        "no_message": callback is not None and MESSAGE_LEFT not in fitting,
        "note_most": MOST_CHARACTERS,
    }


def wrap_up_words(session: Session, *, is_theirs: bool) -> dict[str, object]:
    """Until when the reader's wrap-up runs beside the form, if they led this talk and it is over."""
    reader = session.get_one(Staff, me().staff_id)
    return {
        "wrap_up_until": reader.wrap_up_until if is_theirs else None,
        "may_extend": reader.wrap_up_extended < MOST_EXTENSIONS,
    }


@area.app_context_processor
def _for_every_page() -> dict[str, Callable[[], dict[str, object]]]:
    return {"note_rules": _note_rules}


def _note_rules() -> dict[str, object]:
    """What the browser checks a note against; the server checks it again."""
    return {
        "patterns": patterns(),
        "spelling": spelling(),
        "sentences": {why: note_sentence(why) for why in TextRefusal},
        "most": MOST_CHARACTERS,
    }
