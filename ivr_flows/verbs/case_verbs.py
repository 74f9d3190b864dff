"""Verbs of the caller's own case: the number, the PIN, the status."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ivr_flows.engine.desk import Desk
from ivr_flows.engine.flow import SlowHandler, answers
from ivr_flows.verbs.correction_words import correct_on_line, note_dates_said
from ivr_flows.verbs.status_words import say_details, say_status
from models.callbacks.claim import waits_behind
from models.calls import pin_try, staff_secret
from models.calls.pin_try import Guess
from models.calls.staff_number import from_main_line
from models.cases.case import NUMBER_LENGTHS, begins_number, check_digit_is_right
from models.cases.pin import Match
from models.overview.lost_pin import tell_of_letter
from models.overview.pin_change import FirstEntry, SecondEntry


@dataclass(frozen=True, slots=True)
class PinWork:
    """A reserved try, or an entry of a new PIN. Only this object has the PIN, until it is hashed (R03)."""

    guess: Guess | FirstEntry | SecondEntry
    pin: str = field(repr=False)


@answers("ok", "mistyped")
def check_number(desk: Desk, digits: str) -> str:
    """A mistyped number is asked for again before the PIN; that reveals nothing about what exists (R01)."""
    if not check_digit_is_right(digits):
        return "mistyped"
    desk.call.tried_key = desk.keyring.index("case", digits)
    desk.call.case_id = desk.call.verified_at = desk.call.letter_at = None
    return "ok"


@answers("ok", "mistyped")
def take_number(desk: Desk, digits: str) -> str:
    """A case number, or a staff number in a form no case has: for both only the PIN decides (R05)."""
    number = from_main_line(digits)
    if number is None:
        return check_number.run(desk, digits)
    desk.call.tried_key = staff_secret.number_key(desk.keyring, number)
    desk.call.case_id = desk.call.verified_at = desk.call.letter_at = None
    return "ok"


def number_again(case_digits: int) -> Callable[[Desk, str], bool]:
    """Whether the first digits of the entered number, known or not, were entered again as a PIN (R05).

    No case number begins with its PIN, so this is no try. Numbers have at most ``case_digits`` digits.
    """
    lengths = [length for length in NUMBER_LENGTHS if length <= case_digits]

    def is_it(desk: Desk, digits: str) -> bool:
        number_key = desk.call.tried_key
        return number_key is not None and begins_number(desk.keyring, digits, number_key, lengths)

    return is_it


@answers("yes", "number_too", "no")
def may_try(desk: Desk, _digits: str) -> str:
    """Three tries per call (R04); after a timeout only the PIN is asked for again (R11)."""
    if not desk.has_tries:
        return "no"
    return "yes" if desk.call.verified_at is not None else "number_too"


def _reserve(desk: Desk, digits: str) -> PinWork:
    desk.call.tries += 1
    shared = desk.call.phone_key in desk.rules.shared_phone_keys
    guess, writes = pin_try.reserve(desk.call, desk.now, desk.policies, shared_phone=shared)
    desk.writes += writes
    return PinWork(guess, digits)


def _record(desk: Desk, work: PinWork, matched: Match) -> str:
    call, most = desk.call, desk.policies.tries_per_call
    if not isinstance(work.guess, Guess):
        raise TypeError("An entry of a new PIN is no try.")
    word, writes = pin_try.record(call, work.guess, matched, desk.now)
    desk.writes += writes
    if word == "right" and work.guess.found_staff_id is not None:
        staff_secret.sign_in(desk.session, call, work.guess.found_staff_id, desk.now)
        return "staff"
    if word == "right":
        last_used = _last_use_before(desk)
        call.case_id, call.verified_at, call.last_key_at = call.found_case_id, desk.now, desk.now
        # A right PIN is no try; wrong ones still count, or a PIN of one's own would buy more of them (R04).
        call.tries -= 1
        call.letter_at = None
        # Said after the status, so that nothing comes between the PIN and the status (R04, R20).
        call.wrong_tries, call.last_call_at = call.wrong_untold, last_used
        if "slow" in (call.pace, call.registrant_pace):
            desk.slow_down()
        return "right"
    if word == "letter":
        return _open_choice(desk)
    call.tries = max(call.tries, most) if work.guess.tightened else call.tries
    return "wrong" if call.tries < most else "spent"


def _last_use_before(desk: Desk) -> datetime | None:
    """When the PIN of the case just found was last used, except by this same call (R04, R11)."""
    call = desk.call
    used_here = call.verified_at if call.case_id == call.found_case_id else None
    if used_here is not None and call.last_verified_at is not None and call.last_verified_at <= used_here:
        # The use before this call must still be told if the caller did not get to hear it.
        return None if "person_told" in steps_in_case(desk, "ask_number") else call.last_call_at
    return call.last_verified_at


def _open_choice(desk: Desk) -> str:
    """A mailed PIN was right: the caller may choose their own PIN, and safe phones are told (R02)."""
    call = desk.call
    call.case_id, call.letter_at, call.last_key_at = call.found_case_id, desk.now, desk.now
    call.tries -= 1
    call.verified_at = None
    call.wrong_tries, call.last_call_at = call.wrong_untold, call.last_verified_at
    if call.case_id is not None:
        again, actor = call.letter_uses != 0, f"caller:{call.id}"
        tell_of_letter(desk.session, call.case_id, actor, desk.callback_policy, desk.now, again=again)
    return "letter"


verify_pin = SlowHandler(
    "verify_pin", frozenset({"right", "letter", "staff", "wrong", "spent"}), _reserve, _record
)


@answers("said", "hard")
def read_status(desk: Desk, _digits: str) -> str:
    """The status at once, but with a warning before hard news (R19, R20)."""
    found = desk.heard()
    if found.hard_news:
        return "hard"
    correct_on_line(desk)
    say_status(desk, found)
    return "said"


#: After these the person may be near: the danger line and a safety-planning line follow the news (R19).
OUT = frozenset({"released", "released_on_bond", "released_on_supervision", "escaped"})
#: Steps after which hard news is known, or the danger line was said in its place (R19).
_NEWS_STEPS = frozenset({"news", "danger_person", "danger_callback", "danger_silence"})


def steps_in_case(desk: Desk, asked: str = "ask_pin") -> set[str]:
    """The steps passed since the PIN, or the number, was asked for: before, it may be another case."""
    *_, since = f" {desk.call.trail} ".rpartition(f" {asked} ")
    return set(since.split())


def tell_no_more(desk: Desk) -> None:
    """Don't tell a caller who reached ``person_told`` about the time since the last call again."""
    if "person_told" in steps_in_case(desk):
        desk.call.wrong_tries, desk.call.last_call_at = 0, None


@answers("out", "not_out")
def tell_news(desk: Desk, _digits: str) -> str:
    """The hard news itself; after a release or an escape the danger line follows (R19)."""
    found = desk.heard()
    correct_on_line(desk)
    say_status(desk, found)
    return "out" if found.status in OUT else "not_out"


@answers("waits", "none")
def news_waits(desk: Desk, _digits: str) -> str:
    """Whether this call neither told hard news of this case nor said the danger line in its place (R19).

    A caller who goes to a person without it hears the danger line first, whichever key they use.
    """
    if not desk.is_verified or not desk.heard().hard_news:
        return "none"
    return "none" if _NEWS_STEPS & steps_in_case(desk) else "waits"


def is_untold(desk: Desk) -> bool:
    """Whether the caller may hear hard news of this case and did not hear it in this call (R19)."""
    return desk.is_verified and desk.heard().hard_news and "news" not in steps_in_case(desk)


@answers("owed", "untold", "kept", "over", "none")
def news_is_owed(desk: Desk, _digits: str) -> str:
    """Nobody came: whether hard news is still untold, and whether the caller was silent before it (R19).

    ``kept`` and ``over``: they waited so long that the PIN would be asked for again (R11). What follows is
    alike with hard news and without it: whoever has the phone by now must not learn of it.
    """
    call, steps = desk.call, steps_in_case(desk)
    if not desk.is_verified and call.opened_its_case() and desk.has_tries and "status" in steps:
        if desk.number_to_call(verified=True) is None:
            # After the PIN they may keep a call that their case is promised at another phone.
            return "over"
        _mean_no_yes(desk)
        return "kept"
    if "danger_silence" in steps and "news" not in steps and desk.is_verified:
        return "owed"
    untold = is_untold(desk)
    stands = desk.is_verified and (call.open_callback_id or waits_behind(desk.session, call.case_id))
    if untold or stands or desk.number_to_call():
        _mean_no_yes(desk)
    return "untold" if untold else "none"


def _mean_no_yes(desk: Desk) -> None:
    """1 and 2 were said to be yes and no to a caller who cannot talk; at the next menu they are not."""
    if desk.call.silent:
        desk.say("silent.choices")


def is_news_owed(desk: Desk) -> bool:
    """Whether a caller who is now silent went to a person for hard news of their case in vain (R19).

    If the PIN would be asked for again by now, so is every caller who waited for a person (R11).
    """
    steps = steps_in_case(desk, "status")
    if not desk.is_verified:
        return desk.call.opened_its_case() and "in_queue" in steps
    return bool(steps & {"danger_person", "danger_silence"}) and "news" not in steps


@answers("owed", "none")
def news_was_left(desk: Desk, _digits: str) -> str:
    """Whether silence at this menu requests a callback for hard news (R19)."""
    return "owed" if is_news_owed(desk) else "none"


@answers("again", "news")
def hear_again(desk: Desk, _digits: str) -> str:
    """The status once more, without the words about the time since the last call.

    Hard news that was told is repeated at once: a warning would sound like other news.
    """
    tell_no_more(desk)
    return "news" if desk.heard().hard_news and "news" in steps_in_case(desk) else "again"


@answers("offered")
def offer_person(desk: Desk, _digits: str) -> str:
    """Key 0, offered after the status; after a death as an offer of support (R14, R19).

    Before it: the consent to calls about changes ends soon or has ended, so it is asked again (R28).
    """
    ends_at, ask_from = desk.call.consent_ends_at, timedelta(days=desk.policies.consent_renew_days)
    is_asked = ends_at is not None and ends_at - ask_from <= desk.now
    if is_asked and not desk.is_held and "notices" not in steps_in_case(desk):
        desk.say("notices.ask_again")
    desk.say("status.support" if desk.heard().status == "deceased" else "status.person")
    return "offered"


@answers("more", "again", "out_more", "out")
def choose_menu(desk: Desk, _digits: str) -> str:
    """Which menu follows: whether option 1 tells more, and whether the person is out (R14, R19)."""
    found = desk.heard()
    if found.status in OUT:
        return "out_more" if found.has_details else "out"
    return "more" if found.has_details else "again"


@answers("told", "out")
def tell_details(desk: Desk, _digits: str) -> str:
    """The details behind option 1 (R14); the menu after it offers to repeat everything."""
    found = desk.heard()
    note_dates_said(desk)
    say_details(desk, found)
    return "out" if found.status in OUT else "told"


@answers("case", "menu")
def all_said(desk: Desk, _digits: str) -> str:
    """Whether the way from here leads back to the caller's own case, or to the main menu (R22)."""
    return "case" if desk.is_verified else "menu"


@answers("case", "news")
def back_to_case(desk: Desk, _digits: str) -> str:
    """To the menu of the case, or to hard news that is still untold (R19)."""
    return "news" if is_untold(desk) else "case"


@answers("free", "nobody")
def look_for_someone(desk: Desk, _digits: str) -> str:
    """Whether a person could tell the news now (R19)."""
    return "free" if desk.is_anyone_free else "nobody"
