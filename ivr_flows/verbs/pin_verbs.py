"""Verbs after a right PIN: what happened since the last call, a new PIN; and reporting a lost one.

The PIN itself is checked in ``ivr_flows/verbs/case_verbs.py`` and ``models/calls/pin_try.py``.
"""

from dataclasses import replace

from ivr_flows.engine.desk import Desk
from ivr_flows.engine.flow import LANGUAGE, REPEAT, SLOW, SlowHandler, answers
from ivr_flows.verbs.case_verbs import PinWork, check_number, steps_in_case, verify_pin
from models.calls.pin_try import Guess, is_since_last_call, tries_told
from models.cases.case import NUMBER_LENGTHS, begins_number
from models.cases.duress import pin_in_force
from models.cases.pin import Match
from models.notices.agreed.read_back import is_pause_over, read_back
from models.notices.registering import leave_ended, resume
from models.overview.phone_stop import answer_notice
from models.overview.pin_change import Chosen, FirstEntry, SecondEntry, Weighed, change_pin
from models.staff.lost_pin_report import reporting

#: The key of a new PIN in every menu that follows the status.
NEW_PIN_KEY = "4"
#: Keys that repeat the same words: once more, in another language, slower.
_SAID_AGAIN = (REPEAT, LANGUAGE, SLOW)
#: The menus that follow the status and what is told after it.
_AFTER_TOLD = frozenset({"case_menu", "case_menu_more", "news_menu", "news_menu_more"})


@answers("go", "stopped", "calls_stopped")
def since_last_call(desk: Desk, _digits: str) -> str:
    """A phone that said stop first (R33), then when the case was last opened and whether wrong PINs came.

    Before that: the calls about changes were stopped or paused with the PIN, maybe by somebody else. A caller
    who was at these calls in this call knows what stands. Of a pause that has ended by itself nothing is
    asked, since we call again.
    """
    call = desk.call
    if call.stops_untold and "stop_held" not in steps_in_case(desk):
        return "stopped"
    if call.calls_stopped_at is not None and not {"notices", "calls_held"} & steps_in_case(desk):
        on = desk.when(call.calls_stopped_at, on=True)
        if not _is_pause_over(desk):
            desk.say("notices.were_stopped", on=on)
            return "calls_stopped"
        if "person_told" not in steps_in_case(desk):
            desk.say("notices.were_paused", on=on)
    if call.wrong_tries:
        since_then = is_since_last_call(desk.session, call)
        desk.say("since.wrong_tries" if since_then else "since.wrong_tries_first")
    if call.last_call_at is not None:
        desk.say("since.last_call", on=desk.when(call.last_call_at, on=True, clock=True))
    if call.wrong_tries:
        desk.say("since.advice", number=NEW_PIN_KEY)
    return "go"


def heard_of_tries(desk: Desk, key: str) -> None:
    """A key after the notice of wrong PINs: the next call does not have to tell of the same ones (R04).

    Nor of a pause of the calls about changes that has ended by itself.

    Silence does not count: a caller who hung up, or went to a person before, is told in the next call. So is
    a caller who had it repeated, slower or in another language, until they press another key.
    """
    if key in _SAID_AGAIN or "person_told" not in steps_in_case(desk):
        return
    if desk.call.wrong_tries:
        desk.writes += tries_told(desk.call)
    if desk.call.step in _AFTER_TOLD and _is_pause_over(desk):
        leave_calls_stopped.run(desk, key)


@answers("lifted", "again", "held")
def lift_stops(desk: Desk, _digits: str) -> str:
    """Call stopped phones again; not while changes to phones are blocked after a lost PIN (R08).

    In that case the next call asks again: a caller who wanted the phone back must not lose it for good.
    A stop that came after the question is not lifted by its answer, but asked about next.
    """
    if desk.is_held:
        return "held"
    return "lifted" if answer_notice(desk.session, desk.call, desk.now, lift=True) else "again"


@answers("left")
def leave_stops(desk: Desk, _digits: str) -> str:
    """Leave them stopped, and don't mention them again."""
    answer_notice(desk.session, desk.call, desk.now, lift=False)
    return "left"


@answers("resumed", "go", "held")
def have_calls_again(desk: Desk, _digits: str) -> str:
    """The caller wants the calls about changes again: a pause ends at this key.

    After a stop they must agree again; until they did, or said no, the next call asks again. So it does while
    nothing can be changed after a lost PIN (R08).
    """
    call = desk.call
    if desk.is_held or call.case_id is None:
        return "held"
    found = read_back(desk.session, call.case_id, desk.now, desk.policies)
    if found is None:
        desk.say("notices.agree_again")
        return "go"
    resume(desk.session, call.case_id, made_by="caller", call_id=call.id, now=desk.now)
    leave_ended(desk.session, call.case_id, desk.now)
    call.calls_stopped_at = None
    if not found.phones or found.lapses_at <= desk.now:
        # "We will call you" would not be true; what is read back says why.
        return "go"
    desk.keep_language()
    desk.say("notices.resumed")
    return "resumed"


@answers("left")
def leave_calls_stopped(desk: Desk, _digits: str) -> str:
    """Leave it as it is, and don't mention it again.

    What another call stopped or paused since the PIN, and maybe since the question, the next call mentions.
    """
    if desk.call.case_id is not None:
        leave_ended(desk.session, desk.call.case_id, desk.now, until=desk.call.verified_at)
    desk.call.calls_stopped_at = None
    return "left"


def _is_pause_over(desk: Desk) -> bool:
    """Whether somebody paused the calls about changes, nobody was told, and the pause has ended by itself."""
    call = desk.call
    if call.calls_stopped_at is None or call.case_id is None:
        return False
    return is_pause_over(desk.session, call.case_id, desk.now)


@answers("yes", "no")
def may_change_pin(desk: Desk, _digits: str) -> str:
    """Whether this call has a try left for the PIN in force, which is asked before a new one (R04)."""
    return "yes" if desk.has_tries else "no"


def _reserve_once_more(desk: Desk, digits: str) -> PinWork:
    work: PinWork = verify_pin.reserve(desk, digits)
    call, guess = desk.call, work.guess
    if isinstance(guess, Guess) and call.case_id is not None and call.case_id == guess.duress_case_id:
        # A caller who entered the duress PIN may be asked beside somebody for "the PIN in force": the case's
        # own PIN, entered here out of habit, must not show it to them (R10).
        return replace(work, guess=guess.only_duress())
    return work


def _take_once_more(desk: Desk, work: PinWork, matched: Match) -> str:
    call = desk.call
    told, case_id = (call.wrong_tries, call.last_call_at), call.case_id
    word = verify_pin.record(desk, work, matched)
    if word == "right" and call.case_id == case_id:
        # The next call tells about wrong tries that came after the status.
        call.wrong_tries, call.last_call_at = told
    return word


def _take_first(desk: Desk, digits: str) -> PinWork:
    call = desk.call
    in_force = pin_in_force(desk.session, call.case_id) if call.case_id is not None else None
    is_number = call.tried_key is not None and begins_number(
        desk.keyring, digits, call.tried_key, NUMBER_LENGTHS
    )
    return PinWork(FirstEntry(call.id, call.turn, in_force, is_number), digits)


def _keep_first(desk: Desk, _work: PinWork, found: Weighed) -> str:
    # Between the two entries only the hash is kept, on the call.
    desk.call.new_pin_hash = found.pin_hash
    return found.word


def _take_second(desk: Desk, digits: str) -> PinWork:
    return PinWork(SecondEntry(desk.call.id, desk.call.turn, desk.call.new_pin_hash), digits)


def _put_into_force(desk: Desk, _work: PinWork, chosen: Chosen) -> str:
    call = desk.call
    new_hash, call.new_pin_hash = call.new_pin_hash, None
    if not chosen.is_same or new_hash is None:
        return "differs"
    by_letter = not desk.is_verified and call.may_choose_pin(desk.now)
    if not (
        (desk.is_verified or by_letter) and change_pin(desk.session, call, new_hash, chosen.mark, desk.now)
    ):
        return "gone"
    # This call knows the new PIN, so the case stays open in it; in every other call it closes.
    call.verified_at = call.pin_issued_at = desk.now
    call.letter_at = None
    if by_letter:
        return "chosen"
    call.wrong_tries, call.last_call_at = 0, None
    return "changed"


verify_pin_again = SlowHandler(
    "verify_pin_again", frozenset({"right", "letter", "wrong", "spent"}), _reserve_once_more, _take_once_more
)
take_new_pin = SlowHandler(
    "take_new_pin", frozenset({"good", "guessable", "same"}), _take_first, _keep_first, is_a_try=False
)
confirm_new_pin = SlowHandler(
    "confirm_new_pin",
    frozenset({"changed", "chosen", "differs", "gone"}),
    _take_second,
    _put_into_force,
    is_a_try=False,
)


@answers("number", "reported")
def lost_pin(desk: Desk, _digits: str) -> str:
    """The PIN is lost: a person looks into it, once the line knows which number it is about (R08)."""
    if desk.call.tried_key is None:
        return "number"
    return _report(desk)


@answers("reported", "mistyped")
def lost_pin_of(desk: Desk, digits: str) -> str:
    """The case number whose PIN is lost; the words that follow are the same whether or not a case has it."""
    if check_number.run(desk, digits) == "mistyped":
        return "mistyped"
    return _report(desk)


def _report(desk: Desk) -> str:
    call = desk.call
    if call.tried_key is not None:
        desk.writes.append(
            reporting(call.tried_key, call.phone_key, call.id, desk.now, silent=bool(call.silent))
        )
    desk.call.topic = desk.call.topic or "lost_pin"
    return "reported"
