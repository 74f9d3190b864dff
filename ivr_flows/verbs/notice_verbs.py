"""Verbs of a call about a notice: nothing of the news before the code, or before a key if that was chosen."""

from ivr_flows.engine.check import WORDS_A_SECOND
from ivr_flows.engine.desk import Desk
from ivr_flows.engine.flow import LANGUAGE, REPEAT, SLOW, answers
from ivr_flows.verbs.case_verbs import OUT
from ivr_flows.verbs.correction_words import WRONG, WRONG_DATE, say_what_was_wrong
from ivr_flows.verbs.promise_words import due_of, say_due, say_where_sooner, true_moment
from ivr_flows.verbs.status_words import say_dates, say_feed_silent, say_status, say_which_case
from models.callbacks.promised_time import Asker
from models.notices import answering

#: Keys that repeat the same words: once more, in another language, slower.
_SAID_AGAIN = (REPEAT, LANGUAGE, SLOW)
#: Prompts after a status that offer a person.
_OFFERS = ("status.person", "status.support")
#: A step after every status and all news, and how many steps follow it before the line waits, at most.
_AFTER_STATUS, _LATELY = "person_told", 4
#: The step that tells hard news. It is the last one while the danger line is still to come.
_NEWS = "news"
#: The step that tells the dates of which a reminder is, and the menu that follows it.
_DETAILS = "details"
#: A voice may speak faster than the speed for which words are counted.
_FASTEST = 1.4


@answers("code", "key", "gone")
def begin_notice(desk: Desk, _digits: str) -> str:
    """Key 1: this is a good time. The notice code is asked, or nothing more if a key alone was chosen."""
    return answering.begin(desk.session, desk.call, desk.now, desk.rules.release)


@answers("code", "key", "gone")
def begin_notice_silently(desk: Desk, _digits: str) -> str:
    """Key 5: the same for a person who cannot talk; a person who calls them later knows it (R22)."""
    desk.call.silent = True
    return answering.begin(desk.session, desk.call, desk.now, desk.rules.release)


@answers("put_off", "gone")
def put_off_notice(desk: Desk, _digits: str) -> str:
    """Key 2: not now; the line calls later."""
    word, jobs = answering.put_off(desk.session, desk.call, desk.now, desk.callback_policy)
    desk.jobs += jobs
    return word


@answers("message", "nothing")
def nobody_there(desk: Desk, _digits: str) -> str:
    """No key after the neutral opening: a message, only where it is allowed (R31)."""
    text = answering.leave_message(desk.session, desk.call, desk.now, desk.callback_policy)
    if text is None:
        return "nothing"
    desk.say(f"voicemail.{text}", line=desk.office.neutral_name[desk.call.language])
    return "message"


@answers("right", "wrong", "spent", "gone")
def check_notice_code(desk: Desk, digits: str) -> str:
    """The notice code, which opens this notice and nothing else (R30)."""
    return answering.try_code(desk.session, desk.call, digits, desk.now, desk.callback_policy)


@answers("stopped")
def has_no_code(desk: Desk, _digits: str) -> str:
    """ "I don't have my code": the person hangs up and calls the number on the card that they got."""
    answering.has_no_code(desk.session, desk.call, desk.now)
    return "stopped"


@answers("hard", "death", "plain", "gone")
def look_at_notice(desk: Desk, _digits: str) -> str:
    """Which case it is about, and what kind of news it is by now: hard news is warned of first (R19)."""
    found = answering.news(desk.session, desk.call, desk.now, desk.rules.release)
    if found is None:
        return "gone"
    say_which_case(desk, found.case_ends)
    if found.silent_since is not None:
        return "plain"
    if found.heard.status != "deceased" and not found.heard.hard_news:
        return "plain"
    return "death" if found.heard.status == "deceased" else "hard"


@answers("out", "not_out", "feed", "gone")
def tell_notice(desk: Desk, _digits: str) -> str:
    """The news in the words of the line, with its date and "as of" (R14); or that the feed is silent."""
    found = answering.news(desk.session, desk.call, desk.now, desk.rules.release)
    if found is None:
        return "gone"
    if found.silent_since is not None:
        say_feed_silent(desk, found.silent_since)
        answering.note_heard(desk.session, desk.call, desk.now, is_status=False)
        return "feed"
    heard = found.heard
    say_what_was_wrong(desk, found.was_wrong)
    say_status(desk, heard)
    if found.with_details:
        say_dates(desk, heard)
    answering.note_heard(desk.session, desk.call, desk.now, is_status=heard.status is not None)
    return "out" if heard.status in OUT else "not_out"


@answers("confirmed", "gone")
def confirm_notice(desk: Desk, _digits: str) -> str:
    """The person has heard it: nothing calls them about it again."""
    jobs = answering.confirm_in_call(desk.session, desk.call, desk.now)
    if jobs is None:
        return "gone"
    desk.jobs += jobs
    return "confirmed"


@answers("again", "over")
def nobody_confirmed(desk: Desk, _digits: str) -> str:
    """The news was said, and no key confirms it: we call again, unless this was the last try."""
    again = answering.rings_again(desk.session, desk.call, desk.now, desk.callback_policy)
    return "again" if again else "over"


@answers("promised", "gone")
def ask_person(desk: Desk, _digits: str) -> str:
    """Promise a call by a person who tells them (R19).

    It is promised within the hour while that can be kept. Else they hear the true time and a crisis line, as
    callers do (R36).
    """
    return _promise_person(desk)


@answers("promised", "gone")
def call_silence_back(desk: Desk, _digits: str) -> str:
    """Hard news is never told to silence: it is promised a call, and the line goes on calling (R28)."""
    return _promise_person(desk, is_silence=True)


def _promise_person(desk: Desk, *, is_silence: bool = False) -> str:
    asker = Asker(verified=True, doubted=False, phone_key=desk.call.phone_key or "")
    due_at, _wait = due_of(desk, "urgent", asker)
    promised = answering.ask_person(
        desk.session, desk.call, desk.now, due_at, desk.callback_policy, is_silence=is_silence
    )
    if promised is None:
        return "gone"
    moved = true_moment(desk, promised)
    say_due(desk, promised.due_at, moved)
    say_where_sooner(desk, "urgent", moved or promised.due_at)
    return "promised"


def heard_on_line(desk: Desk, key: str) -> None:
    """A key after the status was said to its end confirms what waits for this case, in any tree.

    No question asks for it: a case of which nothing may be told has no notice, and must sound the same (R13).
    A key before the words can have been spoken proves nothing, and neither does one that repeats them.
    """
    call = desk.call
    steps = call.trail.split()
    is_details = _DETAILS in steps[-2:]
    is_told = is_details or _AFTER_STATUS in steps[-_LATELY:] or _NEWS in steps[-1:]
    if not is_told or key in _SAID_AGAIN:
        return
    if not desk.is_verified or call.case_id is None or not call.open_notices:
        return
    said = desk.last_turn()
    words, told, is_correction = 0, 0, False
    # After the danger line the news before it was heard too, unless a key stopped it. So were the words that
    # only silence has followed, since it begins once they are spoken.
    is_earlier = said.before or 0 < call.misses == call.silences
    for say in (is_earlier and said.again) or (*said.before, *said.says):
        words += len(desk.prompts.text(say.language or call.language, say.prompt, **dict(say.slots)).split())
        is_correction |= say.prompt in (WRONG, WRONG_DATE)
        if say.prompt.startswith("status.") and say.prompt not in _OFFERS:
            told = words
    since = call.progress_at
    if not told or since is None or (desk.now - since).total_seconds() < told / WORDS_A_SECOND / _FASTEST:
        return
    if (is_correction or desk.heard().status is not None) and call.verified_at is not None:
        desk.jobs += answering.confirm_on_line(
            desk.session, call.case_id, call.verified_at, desk.now, f"caller:{call.id}", reminders=is_details
        )
