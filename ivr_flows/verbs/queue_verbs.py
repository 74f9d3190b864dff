"""Verbs of 0, a person now: calling a liaison, the call queue, keeping the position in it as a callback."""

from datetime import timedelta

from ivr_flows.engine.desk import Desk, Ring
from ivr_flows.engine.flow import answers
from ivr_flows.engine.time_words import in_zone
from ivr_flows.verbs.callback_verbs import promise
from ivr_flows.verbs.case_verbs import is_untold
from ivr_flows.verbs.promise_words import say_crisis_line
from ivr_flows.verbs.service_verbs import ANSWERED
from ivr_flows.verbs.wait_words import wait_prompt
from models.callbacks.asking_call import asker_cannot_talk
from models.callbacks.callback_request import owed_to_case
from models.overview.wait_time import wait_in_queue
from models.store.heartbeat import nobody_dials
from models.talks import call_queue as waits
from models.talks import queue_ring
from models.talks.queue_ring import stop_ringing
from models.talks.queue_turn import free_now
from models.talks.talk import talks_now

#: At every so many polls a caller in the call queue hears their position; in between, that the line is still
#: there.
LOOKS_TO_A_REPORT = 4


@answers("marked")
def mark_silent(desk: Desk, _digits: str) -> str:
    """Key 5: this caller cannot talk. The staff who help them are told, now and in a callback."""
    desk.call.silent = True
    asker_cannot_talk(desk.session, desk.call, desk.now)
    desk.say("silent.noted")
    return "marked"


@answers("wait", "joined", "dial", "nobody", "closed")
def find_person(desk: Desk, _digits: str) -> str:
    """0: in opening hours join the call queue, verified callers first, while a free liaison is called (R36).

    ``dial``: no worker or sweeper is alive to call one, so the caller's own call dials the office's number.
    """
    word, is_rung = _seek(desk, at_0=True)
    if word == "wait":
        if is_rung:
            desk.say("person.connecting")
        else:
            desk.say("person.nobody")
            _report(desk)
        if not (desk.call.silent or desk.is_discreet):
            desk.say("silent.offer")
    return word


@answers("ringing", "nobody")
def find_person_at_once(desk: Desk, _digits: str) -> str:
    """Connect a caller who asked for nobody to a liaison who is free right now; else nobody waits (R19)."""
    if not desk.office.is_open(desk.now) or desk.call.free_liaisons == 0:
        return "nobody"
    if nobody_dials(desk.session, desk.now):
        return "nobody"
    wait = _join(desk)
    if queue_ring.rung_now(desk.session, desk.call.id) is None and not _ring_if_free(desk, wait):
        waits.leave_queue(desk.session, desk.call.id, "offered", desk.now)
        return "nobody"
    desk.say("person.connecting")
    return "ringing"


def _join(desk: Desk) -> waits.QueuedCall:
    return waits.join_queue(
        desk.session, desk.call, desk.now, verified=desk.is_verified, urgent=is_untold(desk)
    )


@answers("must", "may")
def must_hear_choices(desk: Desk, _digits: str) -> str:
    """Whether the words that 1 is not "yes" in the queue are a turn of their own, if the caller cannot talk.

    Only after they were fetched for somebody whom they may still answer: then a key that stops the words is
    no choice (R22).
    """
    if not (desk.call.silent and desk.may_have_a_phone):
        return "may"
    if {"fetched", "meet"} & set(desk.call.trail.split()):
        return "must"
    desk.say("silent.choices")
    return "may"


@answers("still", "joined", "dial", "nobody", "closed")
def look_again(desk: Desk, _digits: str) -> str:
    """Some seconds later in the queue: go to a liaison who accepted, call a free one, or say a word."""
    word, is_rung = _seek(desk)
    if word != "wait":
        return word
    if is_rung:
        desk.say("queue.ringing")
    elif desk.call.misses % LOOKS_TO_A_REPORT:
        desk.say("queue.hold")
    else:
        _report(desk)
        if desk.may_have_a_phone:
            if desk.call.silent:
                desk.say("silent.choices")
            desk.say("queue.keep", key="1")
    return "still"


@answers("told")
def tell_place(desk: Desk, _digits: str) -> str:
    """Star later in the queue: whether somebody is called for them, or their place. It calls nobody."""
    if queue_ring.rung_now(desk.session, desk.call.id) is not None:
        desk.say("queue.ringing")
    else:
        desk.say("person.nobody")
        _report(desk)
    if desk.call.silent and desk.may_have_a_phone:
        desk.say("silent.choices")
    elif not (desk.call.silent or desk.is_discreet):
        desk.say("silent.offer")
    return "told"


@answers("still", "joined", "dial", "nobody", "closed")
def look_at_once(desk: Desk, _digits: str) -> str:
    """The line took this call out of the call queue: somebody is free, has accepted, or did not come."""
    word, is_rung = _seek(desk)
    if word != "wait":
        return word
    desk.say(_ringing(desk) if is_rung else "queue.hold")
    return "still"


@answers("promised", "refused", "joined")
def keep_place(desk: Desk, _digits: str) -> str:
    """Hang up and be called back, with the list position of when the caller began to wait (R36)."""
    session, call, now = desk.session, desk.call, desk.now
    held = waits.wait_of(session, call.id)
    # The wait is the right to this caller: a liaison's key at the same moment may have ended it first.
    if not waits.leave_queue(session, call.id, "kept", now) and talks_now(session, call.id):
        return "joined"
    verified = desk.is_verified or (held is not None and held.verified and call.opened_its_case())
    since, owes_news = (held.since, held.urgent) if held else (None, False)
    may_change = desk.is_verified and not desk.is_held
    standing = owed_to_case(session, call.case_id) if may_change else None
    # "When it is your turn" is sooner than the part of the day that they chose before for this phone.
    is_sooner = (
        standing is not None and standing.window_starts is not None and standing.phone_key == call.phone_key
    )
    word = promise(
        desk, "other", "waited", verified=verified, since=since, owes_news=owes_news, any_time=is_sooner
    )
    if word != "promised":
        waits.take_back(session, call.id)
        desk.say("queue.cannot_keep")
        return "refused"
    desk.jobs += stop_ringing(session, call.id, now)
    return "promised"


@answers("menu", "case", "news", "joined")
def leave_place(desk: Desk, _digits: str) -> str:
    """Give up the position and go back: after the PIN to the case's menu, or to untold hard news (R22).

    If the verification is over, the gate before that menu asks for the PIN again (R11).
    """
    session, call, now = desk.session, desk.call, desk.now
    # A liaison's key at the same moment may have ended the wait first, as in keep_place.
    if not waits.leave_queue(session, call.id, "left", now) and talks_now(session, call.id):
        return "joined"
    if queue_ring.rung_now(session, call.id) is not None:
        # The liaison whose phone rings for this caller will be free for them again in a moment.
        call.free_liaisons += 1
    desk.jobs += stop_ringing(session, call.id, now)
    if not desk.is_verified:
        return "case" if call.opened_its_case() and desk.has_tries else "menu"
    return "news" if is_untold(desk) else "case"


@answers("talked", "nobody")
def office_ended(desk: Desk, _digits: str) -> str:
    """Whether the office's number was answered; if it was not, a callback is offered (R35)."""
    if desk.dial_status in ANSWERED:
        return "talked"
    desk.say("person.nobody")
    return "nobody"


def _seek(desk: Desk, *, at_0: bool = False) -> tuple[str, bool]:
    """The state for this queued caller, and whether a liaison is called for them now.

    The caller goes to a liaison who has accepted; else into the queue, while one is being called or somebody
    is on shift. ``at_0``: the caller has just asked, so this checks whether anything is alive that calls
    liaisons.
    """
    session, call, now = desk.session, desk.call, desk.now
    if talks_now(session, call.id):
        return "joined", False
    rung = queue_ring.rung_now(session, call.id)
    if rung is None:
        if not desk.office.is_open(now):
            return _close(desk), False
        if at_0 and nobody_dials(session, now):
            return _ring_office(desk), False
        if call.liaisons_on_shift == 0:
            return _give_up(desk), False
    elif rung.is_lost(now):
        return _ring_office(desk), False
    wait = _join(desk)
    if rung is not None:
        return "wait", True
    if waits.rung_since(session, wait) >= desk.policies.liaison_tries:
        # No liaison missed this caller if the carrier took none of the calls.
        is_missed = waits.is_any_rung(session, wait)
        return (_give_up(desk) if is_missed else _ring_office(desk)), False
    return "wait", _ring_if_free(desk, wait)


def _ring_if_free(desk: Desk, wait: waits.QueuedCall) -> bool:
    """Whether to call a liaison for this caller: one is free, and nobody ahead waits for them."""
    ahead = waits.ahead_of(desk.session, desk.now, verified=wait.verified, wait=wait)
    free = free_now(desk.session, desk.now)
    is_rung, jobs = queue_ring.ring_for(desk.session, desk.call, wait, desk.now, free=free, ahead=ahead)
    desk.jobs += jobs
    return is_rung


def _ring_office(desk: Desk) -> str:
    """The caller's own call dials the office's number, since nothing makes a liaison's phone ring."""
    session, call, now = desk.session, desk.call, desk.now
    waits.leave_queue(session, call.id, "dialed", now)
    desk.jobs += stop_ringing(session, call.id, now)
    desk.ring = Ring(desk.office.person_number, desk.policies.liaison_ring_seconds)
    return "dial"


def _close(desk: Desk) -> str:
    opens = desk.office.next_open(desk.now)
    # A guess of the caller's zone may be hours off, so the time is told in the office's zone, with its name.
    zone = desk.known_zone or desk.office_zone
    when = desk.when(opens, on=True, clock=True, time_zone=zone)
    desk.say("person.closed", when=in_zone(desk.words, when, zone, opens))
    say_crisis_line(desk)
    waits.leave_queue(desk.session, desk.call.id, "offered", desk.now)
    return "closed"


def _give_up(desk: Desk) -> str:
    desk.say("person.nobody")
    waits.leave_queue(desk.session, desk.call.id, "offered", desk.now)
    return "nobody"


def _ringing(desk: Desk) -> str:
    """The words while a liaison is called: after one who did not come, it is not the first (R36)."""
    wait = waits.wait_of(desk.session, desk.call.id)
    is_another = wait is not None and waits.rung_since(desk.session, wait) > 1
    return "queue.ringing" if is_another else "person.connecting"


def _report(desk: Desk) -> None:
    """The caller's position, and how long callers wait: only measured times are said."""
    held = waits.wait_of(desk.session, desk.call.id)
    if held is None:
        return
    number = 1 + waits.ahead_of(desk.session, desk.now, verified=held.verified, wait=held)
    if number == 1:
        desk.say("queue.next")
    else:
        desk.say("queue.place", place=str(number))
    wait = wait_in_queue(desk.session, desk.now, verified=held.verified)
    if wait is not None and desk.now - held.since > wait + timedelta(minutes=1):
        # What was said did not come true for this caller; they are told so.
        desk.say("queue.longer")
    elif wait is not None and desk.office.is_open(held.since + wait) and (prompt := wait_prompt(wait)):
        # After closing nobody comes: the caller hears when we open then.
        desk.say("queue.wait", wait=desk.words(prompt))
    if desk.is_verified or desk.has_tries:
        # Any other words would only lead back here.
        desk.say("queue.back")
