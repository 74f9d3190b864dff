"""The line: takes one signed request of a call, walks its tree in one unit of work, answers with a Turn."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Protocol

from config.office import Office
from hotline.voice.form import caller_id
from hotline.voice.guesses import Guesses
from ivr_flows.engine.desk import Desk
from ivr_flows.engine.flow import PERSON, Collect, Flow, SlowHandler
from ivr_flows.engine.rules import Rules
from ivr_flows.engine.turn import Connect, Dial, Hangup, Hold, Say, Turn
from ivr_flows.engine.walk import Deferred, Walk
from ivr_flows.prompts import Prompts
from ivr_flows.verbs.case_verbs import PinWork
from ivr_flows.verbs.notice_verbs import heard_on_line
from ivr_flows.verbs.pin_verbs import heard_of_tries
from models.calls.call import inserting_call, saving_turn
from models.calls.call_state import CallState
from models.calls.caller_id import caller_id_is_attested, caller_id_is_doubted
from models.calls.place import FAULTED
from models.calls.role import COLLEAGUE, INTERPRETER
from models.overview.caller_state import glance, load_by_leg, load_by_sid
from models.store.database import Database, tried_again
from models.store.unit import OvertakenError, Unit
from models.talks.call_event import hear_who_answered, record_call_event, record_call_sid
from models.talks.joiner import missed_words

#: A PIN that was pending for longer than this was lost with its process. The caller is asked again.
PIN_WORK_LIFE = timedelta(seconds=5)
#: How long the office's own number rings after a fault.
RING_SECONDS = 30


class JobTaker(Protocol):
    """Queues jobs (workers.queue.Jobs)."""

    def enqueue(self, name: str, row_id: int, /) -> bool:
        """Queue one job. Returns False, and raises nothing, when the queue cannot be reached."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What to say next, and in which language."""

    turn: Turn
    language: str


@dataclass(frozen=True)
class Line:
    """Everything that is needed to answer a call; one for each process."""

    database: Database
    office: Office
    rules: Rules
    prompts: Prompts
    flows: Mapping[str, Flow]
    guesses: Guesses
    jobs: JobTaker
    clock: Callable[[], datetime]

    def begin(self, call_sid: str, form: Mapping[str, str]) -> Spoken:
        """An inbound call rings: insert it and open the tree. A repeat gets the last words again."""
        now = self.clock()
        call = self._new_call(call_sid, form, now)
        try:
            with Unit(self.database) as unit:
                desk = self._desk(unit, call, now)
                turn = self._walk(desk).start()
                self._keep(call, turn)
                unit.save(*desk.writes, inserting_call(call))
        except OvertakenError:
            return self._said_last(call_sid)
        return Spoken(turn, call.language)

    def begin_leg(
        self, leg_id: str, call_sid: str, form: Mapping[str, str], token: str | None = None
    ) -> Spoken:
        """A leg that we called requests its first document, or was sent here again for the current state.

        Its address names no turn, so only the carrier's ``token`` tells a repeat, which gets the last words
        again.
        """
        now = self.clock()
        with Unit(self.database) as unit:
            call = load_by_leg(unit.session, leg_id, now)
            if call is None or call.ended_at is not None:
                return self._gone(self.office.languages[0])
            if token is not None and token == call.fetched_by:
                return self._said_again(unit, call, now)
            call.fetched_by = token
            desk = self._desk(unit, call, now)
            desk.jobs += record_call_sid(unit.session, call.id, call_sid, now, self.rules.callback_policy)
            hear_who_answered(unit.session, call_sid, form)
            walk = self._walk(desk)
            turn = walk.start() if call.turn == 0 else walk.recall()
            if turn is None:
                return self._said_again(unit, call, now)
            self._save(desk, turn)
        self._enqueue(desk)
        return Spoken(turn, call.language)

    def answer(
        self, call_sid: str, step: str, turn_number: int, digits: str | None, form: Mapping[str, str]
    ) -> Spoken:
        """Take the caller's keys at a step. Anything but the expected answer hears the last words again."""
        now = self.clock()
        try:
            with Unit(self.database) as unit:
                slow = self._slow.get(step)
                if slow is not None:
                    # A try is reserved while the call is locked, so that no try is counted twice (R04).
                    call = load_by_sid(unit.session, call_sid, now, for_pin=slow.is_a_try)
                else:
                    call = glance(unit, call_sid, with_case=step in self._behind_gate)
                if call is not None and call.ended_at is not None:
                    return self._gone(self._offered(call.language))
                if call is not None and (step, turn_number) != (call.step, call.turn):
                    return self._said_again(unit, call, now)
                being_worked = call is not None and self._is_being_worked(call, now)
                if call is not None and not being_worked:
                    desk, result = self._walk_on(unit, call, digits, now, form.get("DialCallStatus"))
        except OvertakenError:
            return self._said_last(call_sid)
        if call is None:
            return self._unknown(call_sid, form)
        if being_worked:
            return self._wait_for(call, self.guesses.pending(call.id))
        self._enqueue(desk)
        if isinstance(result, Turn):
            return Spoken(result, call.language)
        return self._work(call_sid, call, result)

    def _walk_on(
        self, unit: Unit, call: CallState, digits: str | None, now: datetime, dial_status: str | None
    ) -> tuple[Desk, Turn | Deferred]:
        if call.pending_since is not None:
            # The process that hashed this try is gone. The try was counted, and is not counted again.
            slow = self._slow.get(call.step)
            counted = bool(digits) and slow is not None and slow.is_a_try
            call.pending_since, call.tries = None, call.tries - counted
        desk = self._desk(unit, call, now)
        desk.dial_status = dial_status
        if digits:
            heard_of_tries(desk, digits)
            heard_on_line(desk, digits)
        result = self._walk(desk).answer(digits)
        self._save(desk, result if isinstance(result, Turn) else None)
        return desk, result

    def hear_event(self, form: Mapping[str, str], leg_id: str | None) -> None:
        """The carrier reports the state of a call; ``leg_id`` is in the address of a leg's own events."""
        with self.database.transaction() as session:
            jobs = record_call_event(session, form, self.clock(), self.rules.callback_policy, leg_id)
        for name, row_id in jobs:
            self.jobs.enqueue(name, row_id)

    def apologise(self, call_sid: str | None) -> Spoken:
        """After a fault: an apology, then a person or a callback. Raises when the database is what failed."""
        now = self.clock()
        with Unit(self.database) as unit:
            call = load_by_sid(unit.session, call_sid, now) if call_sid else None
            if call is None:
                raise LookupError("No call to apologise in.")
            call.pending_since = None
            desk = self._desk(unit, call, now)
            flow = self._tree(call)
            if call.direction == "outbound":
                # The call ends at no step of the tree, and nobody has missed a call because of it (R36).
                call.step = call.place = FAULTED
                call.turn += 1
                turn = Turn((), (Say("apology.leg"), Say("called.goodbye")), Hangup())
            else:
                turn = self._walk(desk).enter(flow.stranded or flow.give_up)
                # The apology for staff does not promise to find a person.
                sorry = "apology" if PERSON in flow.keys else "apology.leg"
                turn = Turn(turn.before, (Say(sorry), *turn.says), turn.end)
            self._save(desk, turn)
        self._enqueue(desk)
        return Spoken(turn, call.language)

    def tell_missed(self, leg_id: str) -> Spoken:
        """Tell staff in a conference that the person who was called into their talk did not answer."""
        with self.database.transaction() as session:
            role, language = missed_words(session, leg_id) or (None, self.office.languages[0])
        prompts = {COLLEAGUE: "talk.colleague_missed", INTERPRETER: "talk.interpreter_missed"}
        says = (Say(prompts[role]),) if role in prompts else ()
        return Spoken(Turn((), says, Connect()), language)

    def last_words(self, *, placed: bool = False, discreet: bool = False) -> Turn:
        """The words when even the database fails: an apology in each language, then a person's number.

        A call that we ``placed`` hears only neutral words (R30); a ``discreet`` line has neutral words and
        the person (R17). The number rings for a while, so callers hear what happens next.
        """
        office = self.office
        if discreet:
            sorry = tuple(Say("apology.discreet", (), language) for language in office.languages)
            return Turn((), sorry, Dial("goodbye", 0, office.person_number, RING_SECONDS))
        if placed:
            sorry = tuple(Say("apology.leg", (), language) for language in office.languages)
            return Turn((), (*sorry, Say("called.goodbye")), Hangup())
        says = tuple(
            Say("apology.end", (("emergency", office.emergency_number),), language)
            for language in office.languages
        )
        return Turn((), says, Dial("goodbye", 0, office.person_number, RING_SECONDS))

    def _work(self, call_sid: str, call: CallState, deferred: Deferred) -> Spoken:
        """Hash the PIN with no transaction open. If that takes too long, tell the caller to wait and poll."""
        work: PinWork = deferred.task
        number = call.turn

        def finish(found: Any) -> Spoken:
            return tried_again(lambda: self._finish(call_sid, number, deferred, found))

        future = self.guesses.submit(work.guess, work.pin, finish)
        return self._wait_for(call, future)

    def _finish(self, call_sid: str, number: int, deferred: Deferred, found: Any) -> Spoken:
        now = self.clock()
        with Unit(self.database) as unit:
            opening = deferred.task.guess.opens(found)
            call = load_by_sid(unit.session, call_sid, now, opening=opening)
            if call is None:
                raise LookupError("The call is gone.")
            if (call.step, call.turn) != (deferred.step, number) or call.pending_since is None:
                return self._said(call)
            desk = self._desk(unit, call, now)
            turn = self._walk(desk).resume(deferred, found)
            self._save(desk, turn)
        self._enqueue(desk)
        return Spoken(turn, call.language)

    def _is_being_worked(self, call: CallState, now: datetime) -> bool:
        return call.pending_since is not None and now - call.pending_since < PIN_WORK_LIFE

    def _wait_for(self, call: CallState, future: "Future[Spoken] | None") -> Spoken:
        """Return the result of the pending PIN, or tell the caller to wait and poll."""
        spoken: Spoken | None = None
        if future is not None:
            # A caller who opened the case and now chooses a new PIN is known, whatever phone they use.
            spoken = self.guesses.wait(
                future, first=bool(call.phone_opened_lately) or call.verified_at is not None
            )
        return spoken or Spoken(Turn((), (Say("hold"),), Hold(call.step, call.turn)), call.language)

    def _unknown(self, call_sid: str, form: Mapping[str, str]) -> Spoken:
        """An unknown call: an inbound one starts from the beginning, one that we placed is ended."""
        if form.get("Direction", "inbound").startswith("outbound"):
            return self._gone(self.office.languages[0])
        return self.begin(call_sid, form)

    def _new_call(self, call_sid: str, form: Mapping[str, str], now: datetime) -> CallState:
        number = caller_id(form.get("From", ""))
        keyring = self.database.keyring
        return CallState(
            id=0,
            call_sid=call_sid,
            direction="inbound",
            flow=_flow_of(form, self.office),
            line=_line_of(form.get("To", ""), self.office),
            phone_sealed=keyring.seal("call.phone", number) if number else None,
            phone_key=keyring.index("phone", number) if number else None,
            call_status=form.get("CallStatus", "")[:16] or None,
            started_at=now,
            language=self.office.languages[0],
            caller_id_doubted=caller_id_is_doubted(form),
            caller_id_attested=caller_id_is_attested(form),
            # Empty until the tree is entered.
            step="",
            turn=0,
            heard_from="",
            said="",
        )

    def _desk(self, unit: Unit, call: CallState, now: datetime) -> Desk:
        call.verification_minutes = self.rules.policies.verification_minutes
        call.language = self._offered(call.language)
        return Desk(unit, call, now, self.rules, self.prompts)

    def _offered(self, language: str) -> str:
        """A language of the office. A call promised in a language that was dropped since must not fail."""
        return language if language in self.office.languages else self.office.languages[0]

    def _walk(self, desk: Desk) -> Walk:
        return Walk(self._tree(desk.call), desk, self.flows)

    def _tree(self, call: CallState) -> Flow:
        """The tree that the call is in. A leg that has heard nothing yet has only a role with one tree."""
        if call.flow:
            return self.flows[call.flow]
        return next(flow for flow in self.flows.values() if flow.role == call.role)

    @cached_property
    def _slow(self) -> Mapping[str, SlowHandler]:
        """The verbs whose work runs between two transactions, by step, and by its name in an older tree."""
        return {
            name: found.then
            for flow in self.flows.values()
            for name in (*flow.steps, *flow.moved)
            if isinstance(found := flow.steps.get(flow.find(name) or ""), Collect)
            and isinstance(found.then, SlowHandler)
        }

    @cached_property
    def _behind_gate(self) -> frozenset[str]:
        """The steps that only a caller past a gate reaches: there a turn will ask for the case."""
        return frozenset(
            name for flow in self.flows.values() for name in flow.steps if name not in flow.open_to_all
        )

    def _keep(self, call: CallState, turn: Turn) -> None:
        call.said = self.database.keyring.seal("call.said", turn.to_json())

    def _said(self, call: CallState) -> Spoken:
        language = self._offered(call.language)
        if not call.said:
            return self._gone(language)
        return Spoken(Turn.from_json(self.database.keyring.unseal("call.said", call.said)), language)

    def _said_last(self, call_sid: str) -> Spoken:
        """Another request of this call was faster: return its result."""
        with Unit(self.database) as unit:
            call = glance(unit, call_sid)
            if call is None:
                return self._gone(self.office.languages[0])
            return self._said_again(unit, call, self.clock())

    def _said_again(self, unit: Unit, call: CallState, now: datetime) -> Spoken:
        """Return the last words of this call, or the PIN step if the verification is over (R11, R39)."""
        desk = self._desk(unit, call, now)
        walk = self._walk(desk)
        if call.ended_at is not None or walk.may_wait():
            return self._said(call)
        turn = walk.enter(walk.flow.locked_out or walk.flow.give_up)
        self._save(desk, turn)
        return Spoken(turn, call.language)

    def _save(self, desk: Desk, turn: Turn | None) -> None:
        if turn is not None:
            self._keep(desk.call, turn)
        desk.unit.save(*desk.writes, saving_turn(desk.call))

    def _enqueue(self, desk: Desk) -> None:
        # After the commit: the row is the promise. The queue is only a hint, which the sweeper can give too.
        for name, row_id in desk.jobs:
            self.jobs.enqueue(name, row_id)

    def _gone(self, language: str) -> Spoken:
        return Spoken(Turn((), (Say("called.gone"),), Hangup()), language)


def _flow_of(form: Mapping[str, str], office: Office) -> str:
    """The tree of the number that was called; any number but a staff or discreet one is the victim line."""
    own = office.staff_line
    if own is not None and form.get("To", "") == own:
        return "staff_line"
    return "discreet_line" if form.get("To", "") in office.discreet_lines else "victim_line"


def _line_of(to: str, office: Office) -> str:
    """Which of our own lines was called; anything else counts as the main one."""
    return to if to in office.lines else office.lines[0]
