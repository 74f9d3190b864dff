"""Walks a flow: one caller action in, one Turn out. Repair, the gate and the extra keys are only here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import takewhile
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ivr_flows.engine import turn as turns
from ivr_flows.engine.flow import (
    AGAIN,
    BACK,
    COVER,
    ENTRY_SECONDS,
    LANGUAGE,
    LINE_SECONDS,
    MENU_SECONDS,
    MOMENT_SECONDS,
    NEXT_LANGUAGE,
    PERSON,
    REPEAT,
    SILENT,
    SLOW,
    Announce,
    Collect,
    Conference,
    Crossing,
    Decide,
    Flow,
    Handler,
    Hangup,
    Menu,
    SlowHandler,
    Stay,
    Step,
    Transfer,
    Wait,
    required,
)
from ivr_flows.engine.gate import Gate
from ivr_flows.engine.repair import repair_words
from ivr_flows.engine.step_words import StepWords
from ivr_flows.engine.turn import Say, Turn
from ivr_flows.engine.way_back import menu_before

if TYPE_CHECKING:
    from ivr_flows.engine.desk import Desk

#: A chain of steps that ask nothing is longer than this only if the table loops.
LONGEST_CHAIN = 30
LONGEST_TRAIL = 2000
#: A call that has lasted too long is offered a callback, and has this long to answer.
GRACE = timedelta(minutes=2)
#: A silent unverified caller hears this many prompts, then an offer, then the call ends (R25).
MOST_SILENT_PROMPTS = 3
#: Used instead of a step to repeat from: a verb's words were said, and no step could repeat them.
OWN_WORDS = "(own words)"


@dataclass(frozen=True, slots=True)
class Deferred:
    """An answer whose work is done with no transaction open; ``resume`` takes its result."""

    step: str
    task: Any


class Walk:
    """One walk of one call through its flow, within one transaction; ``trees`` are all, for a crossing."""

    def __init__(self, flow: Flow, desk: "Desk", trees: Mapping[str, Flow] = MappingProxyType({})) -> None:
        self.desk = desk
        self.call = desk.call
        self._trees = trees
        self._take(flow)
        #: How long surplus digits may still arrive after those that were answered.
        self._more_digits = 0

    def _take(self, flow: Flow) -> None:
        self.flow, self._gate, self._words = flow, Gate(flow, self.desk), StepWords(flow, self.desk)

    def start(self) -> Turn:
        """The first document of the call. A leg that we placed is in no tree before it."""
        self.call.flow, self.call.role = self.flow.name, self.flow.role
        return self.enter(self.flow.start)

    def recall(self) -> Turn | None:
        """Tell a leg that was sent to its address again the current state; None if it waits for a key."""
        name = self.flow.find(self.call.step)
        target = self.flow.recalled.get(name or "")
        if target is not None:
            return self._progress(target)
        if name is not None and isinstance(self.flow.steps[name], Conference):
            # A leg asks for its first document here only after it was taken out of its conference.
            return self._whole(self.answer(None))
        return None

    def may_wait(self) -> bool:
        """Whether the caller may still be where the call waits; not if the verification is over (R11)."""
        name = self.flow.find(self.call.step)
        return name is None or self._gate.is_open(name)

    def answer(self, digits: str | None) -> Turn | Deferred:
        """The caller's keys at the step where the call waits; None or empty is silence."""
        call, desk = self.call, self.desk
        self._more_digits = int(digits is not None and len(digits) > 1)
        name = self.flow.find(call.step)
        if name is None or name not in self.flow.steps:
            return self.enter(self.flow.stranded or self.flow.give_up)
        step, call.step = self.flow.steps[name], name
        if digits and not digits.strip(PERSON) and isinstance(step, Collect) and PERSON in self.flow.keys:
            # No number and no PIN begins with 0. Frightened callers press it again and again, so it is not a
            # try (R22).
            digits = PERSON
        # At every step (R22), also if the verification is over or the call is too long: a person who walks in
        # must not hear anything about a PIN or a callback.
        kept = self.flow.keys.get(digits or "") if digits in (PERSON, COVER, SILENT) else None
        if not self._gate.is_open(name):
            return self._progress(kept) if kept else self.enter(self.flow.locked_out or self.flow.give_up)
        if isinstance(step, Transfer | Conference):
            return self._follow(step.then, step.on, "")
        is_extra = kept or (digits == SLOW and SLOW in self.flow.keys)
        if not is_extra and not isinstance(step, Wait | Stay | Announce) and self._gate.is_too_long():
            if self.flow.overlong is not None and self.flow.silent in call.trail.split():
                return self.enter(self.flow.overlong)
            # The offer can still be taken: the next key must not be too late again.
            call.progress_at = desk.now - self._gate.longest() + GRACE
            return self.enter(self.flow.silent)
        if isinstance(step, Stay) and not digits:
            return self._follow(step.then, step.on, "")
        if isinstance(step, Announce) and not self.flow.may_wait_at(name):
            return self.enter(self.flow.stranded or self.flow.give_up)
        if isinstance(step, Announce) and not digits:
            return self._go_on(name, step, digits)
        if not digits:
            return self._look_again(name, step) if isinstance(step, Wait) else self._miss(name, "silence")
        desk.heard_a_key()
        if isinstance(step, Wait):
            # The caller was active in the queue, even with a key that means nothing (QueuedCall).
            call.progress_at = desk.now
        if isinstance(step, Stay) and not (digits == COVER and COVER in self.flow.keys):
            return self._follow(step.then, step.on, digits)
        everywhere = self.flow.keys.get(digits)
        if digits == REPEAT:
            return self._repeat()
        if digits == SLOW and SLOW in self.flow.keys:
            desk.slow_down()
            return self._repeat()
        if everywhere is not None and digits in (PERSON, COVER, SILENT):
            if isinstance(step, Announce) and not step.barge_in and digits != COVER:
                # The danger line follows the news of a release, whichever way the caller goes (R19).
                call.misses, call.progress_at = 0, desk.now
                return self.enter(everywhere, self._words.announced(step))
            return self._progress(everywhere)
        match step:
            case Announce():
                if digits == LANGUAGE and LANGUAGE in self.flow.keys:
                    return self._speak_the_next_language(name)
                return self._go_on(name, step, digits)
            case Menu() | Wait():
                if digits == LANGUAGE and LANGUAGE in self.flow.keys and isinstance(step, Menu):
                    return self._speak_the_next_language(name)
                if digits == BACK and BACK in self.flow.keys and isinstance(step, Menu):
                    return self._go_back(name)
                if digits == BACK and isinstance(step, Wait) and step.back is not None:
                    return self._progress(step.back)
                return self._choose(name, step, digits)
            case Collect(back=str(back)) if digits == BACK and self._gate.is_open(back):
                # The count of misses continues, or a caller who goes back and forth would never be helped
                # (R25).
                return self.enter(back)
            case Collect():
                if not digits.isdecimal() or not (step.least or step.digits) <= len(digits) <= step.digits:
                    return self._miss(name, "wrong")
                if step.mistaken is not None and step.mistaken.is_it(desk, digits):
                    self._more_digits = step.mistaken.seconds
                    return self._miss(name, "wrong", step.mistaken.words)
                if isinstance(step.then, SlowHandler):
                    task = step.then.reserve(desk, digits)
                    call.pending_since = desk.now
                    return Deferred(name, task)
                return self._follow(step.then, step.on, digits)
            case _:
                return self.enter(self.flow.stranded or self.flow.give_up)

    def resume(self, deferred: Deferred, found: Any) -> Turn:
        """Record the result of the work, and go on."""
        step = self.flow.steps[deferred.step]
        if not isinstance(step, Collect) or not isinstance(step.then, SlowHandler):
            raise TypeError("Only a collect step with a slow handler can be resumed.")
        self.call.pending_since = None
        self._more_digits = 1
        word = step.then.record(self.desk, deferred.task, found)
        return self._progress(step.on[word])

    def _choose(self, name: str, step: Menu | Wait, digits: str) -> Turn:
        if isinstance(step, Menu) and digits in step.extra:
            return self._progress(step.extra[digits])
        if len(digits) != 1 or not "1" <= digits <= str(len(step.choices)):
            if isinstance(step, Wait):
                # No caller loses their position by wrong keys, however many.
                return self._wait_at(
                    name, (), (Say("repair.wrong"), *self._words.asks(name)), self._said_before()
                )
            return self._miss(name, "wrong")
        choice = step.choices[int(digits) - 1]
        if choice.language is not None and choice.does is None:
            self.desk.speak(choice.language)
        elif choice.language is not None:
            self.call.language = choice.language
        # To open the menu of a topic again does not undo what was chosen in it.
        if choice.topic is not None and not (self.call.topic or "").startswith(f"{choice.topic}_"):
            self.call.topic = choice.topic
        if choice.does is not None:
            return self._follow(choice.does, choice.on, digits)
        return self._progress(required(choice.next))

    def _follow(self, handler: Handler, exits: Any, digits: str) -> Turn:
        word = handler.run(self.desk, digits)
        target = exits[word]
        if target == AGAIN:
            return self._miss(self.call.step, "wrong")
        return self._progress(target)

    def _progress(self, target: str) -> Turn:
        self.call.progress_at = self.desk.now
        return self._move_on(target)

    def _move_on(self, target: str) -> Turn:
        """Go to another step; after a failed repair this is no progress, or it could go on forever."""
        self.call.misses = 0
        return self.enter(target)

    def _go_on(self, name: str, step: Announce, digits: str | None) -> Turn:
        """The words before the danger line were heard, or a key stopped them: say it, and go on (R23).

        That key answers nothing, since nobody has heard the options yet. Silence is no miss. * repeats those
        words later, too.
        """
        call, heard_from = self.call, self.call.heard_from
        turn = self._move_on(step.next if step.apart else name)
        is_own = OWN_WORDS in (heard_from, call.heard_from)
        call.heard_from = OWN_WORDS if is_own else heard_from
        if isinstance(turn.end, turns.Gather) and turn.end.slow:
            # A relay operator may still be typing the words of before (R26).
            words = self._words.count([*self._said_before(), *turn.before, *turn.says])
            turn = replace(turn, end=replace(turn.end, seconds=words + turns.SLOW_SECONDS_MORE))
        if digits and not is_own:
            # A step repeats the words. The caller did not hear them out, so they do not count as told.
            return turn
        return replace(turn, again=(*self._said_before(), *turn.before, *turn.says))

    def _look_again(self, name: str, step: Wait) -> Turn:
        """A caller in the queue was silent, as expected: check the state, and say something about it."""
        call = self.call
        # Waiting is no lack of progress (R11); the number of polls tells the verb what to say.
        call.misses, call.progress_at = call.misses + 1, self.desk.now
        target = step.on[step.look.run(self.desk, "")]
        if target != name:
            return self._progress(target)
        call.heard_from = OWN_WORDS
        return self._wait_at(name, (), tuple(self.desk.taken_words()))

    def _miss(self, name: str, kind: str, mistaken: str | None = None) -> Turn:
        """Repair (R25): first short, then fuller, then simplest with 0; never a deeper menu after that."""
        call, step = self.call, self.flow.steps[name]
        call.misses += 1
        if kind == "silence" and isinstance(step, Menu) and step.unattended:
            # No repair, and no slower pace; star repeats everything, whichever question was asked last.
            heard_from = call.heard_from
            turn = self._move_on(required(step.silence))
            call.heard_from = heard_from
            return turn
        if kind == "silence":
            call.silences += 1
            if SLOW in self.flow.keys:
                self.desk.slow_down()
        own = step if isinstance(step, Menu) else None
        give_up = (own and own.give_up) or self.flow.give_up
        if kind == "silence" and self._was_silent_long(step):
            leads_on = give_up if self._gate.is_known() else self.flow.silent
            return self._move_on((own and own.silence) or leads_on)
        if kind != "silence" and call.misses > _most_misses(step):
            return self._move_on(give_up)
        if kind == "silence" and isinstance(step, Collect) and step.silences == call.silences:
            name = call.heard_from = required(step.back)
        # Words that silence followed were heard to their end, though a step can repeat them (R34).
        is_kept = call.heard_from == OWN_WORDS or kind == "silence"
        again = self._said_before() if is_kept else ()
        asked = self.flow.steps[name]
        about = self.desk.slots(asked.about if isinstance(asked, Collect) else None)
        says = [*repair_words(asked, kind, call.misses, about, mistaken), *self._words.asks(name)]
        if call.misses >= 3 and PERSON in self.flow.keys:
            says.append(Say("repair.person"))
        return self._wait_at(name, (), tuple(says), again)

    def _was_silent_long(self, step: Step) -> bool:
        """Whether silence leads on from here: after three prompts on an unverified call (R25).

        A menu that silence itself led to, such as the offer of a callback, is asked once.
        """
        call = self.call
        if call.misses > _most_misses(step) or (
            not self._gate.is_known() and call.silences >= MOST_SILENT_PROMPTS
        ):
            return True
        if not isinstance(step, Menu) or step.silence is None:
            return False
        if step.silences is not None:
            return call.silences > step.silences
        return call.silences > call.misses

    def _repeat(self) -> Turn:
        """Repeat what was said when the caller came to this step, without the repairs since."""
        step = self.flow.steps[self.call.step]
        if isinstance(step, Wait) and step.tell is not None and self.call.misses:
            step.tell.run(self.desk, "")
            says = (*self.desk.taken_words(), *self._words.asks(self.call.step))
            return self._wait_at(self.call.step, (), says)
        if self.call.heard_from != OWN_WORDS:
            # A deploy may have removed the step that led here; then the step that waits is asked again.
            return self.enter(self.flow.find(self.call.heard_from) or self.call.step)
        said = self._said_before()
        return self._wait_at(self.call.step, self._words.danger_in(said), self._words.others_in(said))

    def _said_before(self) -> tuple[Say, ...]:
        """What * would repeat now, if a verb said it and no step can repeat it, in the order it was said.

        It is in the language that the call has now, and a day has the name that it has now: after midnight
        "tomorrow" is said as "today".
        """
        last, language, now = self.desk.last_turn(), self.call.language, self.desk.now
        return tuple(say.anew(language, now) for say in last.again or (*last.before, *last.says))

    def _speak_the_next_language(self, name: str) -> Turn:
        """Key 8: what was said when the caller came to this menu, in the next language (R22).

        It ends with the key of the language after it, for a caller who pressed 8 by mistake.
        """
        call, desk = self.call, self.desk
        desk.change_language()
        call.misses = 0
        if call.heard_from == OWN_WORDS:
            # Nothing is done a second time: the verb's words are repeated, and the question is asked.
            said, asked = self._said_before(), self._words.menu(name)
            question = {say.prompt for say in asked}
            own = takewhile(lambda say: say.prompt not in question, self._words.others_in(said))
            turn = self._wait_at(name, self._words.danger_in(said), (*own, *asked))
        else:
            turn = self.enter(self.flow.find(call.heard_from) or name)
        told = Say(NEXT_LANGUAGE, (), desk.next_language)
        if told in turn.says or len(desk.languages) == 1 or not isinstance(turn.end, turns.Gather):
            return turn
        return replace(turn, says=(*turn.says, told))

    def _go_back(self, name: str) -> Turn:
        """Key #: the previous menu (R22); the first one has none, and is repeated."""
        before = menu_before(self.flow, self.call.trail.split(), name, is_over=self._gate.is_over())
        return self._repeat() if before is None else self._progress(before)

    def enter(self, target: str, danger: Sequence[Say] = ()) -> Turn:
        """Follow steps that ask nothing until one waits or ends the call, collecting what is said.

        ``danger`` is the danger line, if it comes first; it is not said a second time on the way.
        """
        call, desk = self.call, self.desk
        before = list(danger)
        # A verb that a key called may have its own words, such as a promise; they come first.
        says = desk.taken_words()
        name = target
        for position in range(LONGEST_CHAIN):
            if not self._gate.is_open(name):
                name = self.flow.locked_out or self.flow.give_up
            if position == 0:
                call.heard_from = OWN_WORDS if says else name
            step = self.flow.steps[name]
            spoken = self._words.announced(step) if isinstance(step, Announce) else []
            is_danger = isinstance(step, Announce) and not step.barge_in and spoken != before
            if is_danger and says:
                # Every key works during these words. The danger line is the next turn (R22, R23).
                return self._wait_at(name, tuple(before), tuple(says))
            call.trail = f"{call.trail} {name}"[-LONGEST_TRAIL:].strip()
            match step:
                case Announce():
                    if is_danger:
                        before += spoken
                    elif step.barge_in:
                        says += spoken
                    if step.apart:
                        return self._wait_at(name, tuple(before), tuple(says))
                    name = step.next
                case Decide():
                    if step.once:
                        call.heard_from = OWN_WORDS
                    word = step.ask.run(desk, "")
                    says += desk.taken_words()
                    name = step.on[word]
                case Menu() | Collect() | Wait() | Stay():
                    says += self._words.menu(name)
                    if isinstance(step, Wait) and not says:
                        # In the queue there may be nothing to choose.
                        says.append(Say("hold"))
                    return self._wait_at(name, tuple(before), tuple(says))
                case Crossing():
                    self._take(self._trees[step.tree])
                    call.flow, call.role, name = self.flow.name, self.flow.role, step.at
                case Transfer():
                    says += [Say(step.prompt)] if step.prompt else []
                    self._stop_at(name)
                    ring = required(desk.ring)
                    end = turns.Dial(name, call.turn, ring.number, ring.seconds)
                    return Turn(tuple(before), tuple(says), end)
                case Conference():
                    self._stop_at(name)
                    conference = required(desk.conference)
                    join = turns.Join(
                        name, call.turn, conference, desk.conference_ends_with_me, star=step.star
                    )
                    return Turn(tuple(before), tuple(says), join)
                case Hangup():
                    says += [Say(step.prompt)] if step.prompt else []
                    self._stop_at(name)
                    return Turn(tuple(before), tuple(says), turns.Hangup())
        raise RuntimeError(f"The flow {self.flow.name} loops at {name}.")

    def _stop_at(self, name: str) -> None:
        """The turn ends at this step; the models read its place and never its name."""
        call = self.call
        call.step, call.place, call.turn = name, self.flow.place_of(name), call.turn + 1

    def _wait_at(
        self, name: str, before: tuple[Say, ...], says: tuple[Say, ...], again: tuple[Say, ...] = ()
    ) -> Turn:
        call, step = self.call, self.flow.steps[name]
        # After a case number the line listens at once: some callers enter the PIN before they are asked.
        is_next_entry = isinstance(step, Collect) and call.step != name
        self._stop_at(name)
        digits = step.digits if isinstance(step, Collect) else 1
        waits = {Collect: ENTRY_SECONDS, Wait: LINE_SECONDS, Announce: MOMENT_SECONDS}
        seconds = waits.get(type(step), MENU_SECONDS)
        if isinstance(step, Stay | Menu):
            seconds = step.seconds or seconds
        # When nothing is asked, the slow pace has nothing to wait for.
        slow = call.pace == "slow" and not isinstance(step, Wait | Stay | Announce)
        more = 0 if is_next_entry else self._more_digits
        end = turns.Gather(name, call.turn, digits, seconds, slow=slow, after_digits=more)
        return Turn(before, says, end, again)

    @staticmethod
    def _whole(result: "Turn | Deferred") -> Turn:
        if isinstance(result, Deferred):
            raise TypeError("What follows a conference is never slow.")
        return result


def _most_misses(step: Step) -> int:
    return step.misses if isinstance(step, Menu | Collect) else 0
