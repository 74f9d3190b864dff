"""Verbs of 0, a person now: ringing a liaison, waiting in line, keeping the place as a callback."""

from datetime import timedelta

from ivr_flows.callback_verbs import promise
from ivr_flows.desk import Desk, Ring
from ivr_flows.flow import answers
from ivr_flows.wait_words import wait_prompt
from models import leg as legs
from models import line_wait as waits
from models.abandoned_wait import wait_ended
from models.liaison import free_liaisons, take_liaison_for
from models.wait_time import wait_in_line

#: Every so many looks the caller in line hears where they stand; in between, a word that the line is there.
LOOKS_TO_A_REPORT = 4


@answers("marked")
def mark_silent(desk: Desk, _digits: str) -> str:
    """5: this caller cannot talk. Whoever helps them is told, now and in a callback."""
    desk.call.silent = True
    desk.say("silent.noted")
    return "marked"


@answers("ringing", "wait", "nobody", "closed")
def find_person(desk: Desk, _digits: str) -> str:
    """0: in opening hours ring a free liaison or join the line, verified callers first (R36)."""
    word = _seek(desk)
    if word == "wait":
        desk.say("person.nobody")
        _report(desk)
        if not desk.call.silent:
            desk.say("silent.offer")
    return word


@answers("ringing", "nobody")
def find_person_at_once(desk: Desk, _digits: str) -> str:
    """A liaison who is free this moment, for a caller who asked for nothing: nobody is put in line (R19)."""
    if desk.office.is_open(desk.now) and _ring_if_free(desk):
        return "ringing"
    return "nobody"


@answers("ringing", "still", "nobody", "closed")
def look_again(desk: Desk, _digits: str) -> str:
    """Some seconds on in line: ring a liaison who is free now, else say that the line is still there."""
    word = _seek(desk)
    if word != "wait":
        return word
    if desk.call.misses % LOOKS_TO_A_REPORT:
        desk.say("line.hold")
    else:
        _report(desk)
        desk.say("line.keep", key="1")
    return "still"


@answers("ringing", "still", "nobody", "closed")
def look_at_once(desk: Desk, digits: str) -> str:
    """Somebody is free and the line itself took this call out of its wait.

    It may have begun to ring a liaison at that very moment, whose phone the carrier then stopped.
    """
    legs.direct_ended(desk.session, desk.call, desk.now)
    desk.call.free_liaisons = free_liaisons(desk.session)
    return look_again.run(desk, digits)


@answers("promised", "refused")
def keep_place(desk: Desk, _digits: str) -> str:
    """Hang up and be called back, with the place in the list of when the caller began to wait (R36)."""
    held = waits.wait_of(desk.session, desk.call.id)
    verified = desk.is_verified or (held is not None and held.verified and desk.call.opened_its_case())
    word = promise(desk, "other", "waited", verified=verified, since=held.since if held else None)
    if word == "promised":
        waits.leave_line(desk.session, desk.call.id, "kept", desk.now)
        return "promised"
    desk.say("line.cannot_keep")
    return "refused"


@answers("talked", "wait", "nobody", "closed")
def person_ended(desk: Desk, _digits: str) -> str:
    """Whether someone accepted by a key; an answered phone alone proves nothing (Legs).

    When nobody did, the caller waits for the next one who is free; after some tries a callback is offered.
    """
    session, call, office = desk.session, desk.call, desk.office
    if legs.direct_ended(session, call, desk.now) == "talked":
        wait_ended(session, call.id, desk.now, office)
        return "talked"
    tries, since = waits.rung_for(session, call.id)
    if tries >= office.policy("liaison_tries"):
        return _give_up(desk, "nobody")
    if not office.is_open(desk.now):
        return _close(desk)
    if call.liaisons_on_shift == 0:
        return _give_up(desk, "nobody")
    waits.join_line(session, call, desk.now, verified=desk.is_verified, since=since)
    desk.say("person.nobody")
    _report(desk)
    return "wait"


def _seek(desk: Desk) -> str:
    """A liaison for this caller if it is their turn, else a place in line while someone is on shift."""
    session, call, now = desk.session, desk.call, desk.now
    if not desk.office.is_open(now):
        return _close(desk)
    if _ring_if_free(desk):
        return "ringing"
    if call.liaisons_on_shift == 0:
        return _give_up(desk, "nobody")
    waits.join_line(session, call, now, verified=desk.is_verified)
    return "wait"


def _ring_if_free(desk: Desk) -> bool:
    """Whether a liaison's phone is to ring for this caller: one is free, and nobody ahead waits for them."""
    session, call, now = desk.session, desk.call, desk.now
    held = waits.wait_of(session, call.id)
    verified = desk.is_verified or (held is not None and held.verified)
    ahead = waits.ahead_of(session, now, verified=verified, wait=held)
    taken = take_liaison_for(session, call, now, verified=verified) if call.free_liaisons > ahead else None
    if taken is None:
        return False
    if held is not None:
        held.seen_at = now
    desk.ring = Ring(taken.number, int(desk.office.policy("liaison_ring_seconds")), taken.leg_id)
    return True


def _close(desk: Desk) -> str:
    desk.say("person.closed", when=desk.moment(desk.office.next_open(desk.now)))
    waits.leave_line(desk.session, desk.call.id, "offered", desk.now)
    return "closed"


def _give_up(desk: Desk, word: str) -> str:
    desk.say("person.nobody")
    waits.leave_line(desk.session, desk.call.id, "offered", desk.now)
    return word


def _report(desk: Desk) -> None:
    """Where the caller stands, and how long callers wait: only what was measured is said."""
    held = waits.wait_of(desk.session, desk.call.id)
    if held is None:
        return
    number = 1 + waits.ahead_of(desk.session, desk.now, verified=held.verified, wait=held)
    if number == 1:
        desk.say("line.next")
    else:
        desk.say("line.place", place=str(number))
    wait = wait_in_line(desk.session, desk.now, verified=held.verified)
    if wait is None:
        return
    if desk.now - held.since > wait + timedelta(minutes=1):
        # What was said has not come true for this caller; they are told so.
        desk.say("line.longer")
    elif prompt := wait_prompt(wait):
        desk.say("line.wait", wait=desk.words(prompt))
