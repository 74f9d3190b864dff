"""Walks a whole tree with the engine that callers meet, and records each step and each exit once."""

import dataclasses
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

from ivr_flows.engine.flow import (
    AGAIN,
    BACK,
    COVER,
    PERSON,
    SILENT,
    Announce,
    Choice,
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
)
from ivr_flows.engine.rules import Rules
from ivr_flows.engine.turn import Dial, Gather, Join, Say, Turn
from ivr_flows.engine.walk import Deferred, Walk
from ivr_flows.prompts import Prompts, count_words
from ivr_flows.review.example_answers import (
    KEYED,
    VERIFIED_ALONE,
    Answer,
    ExampleDesk,
    call_at,
    examples_of,
    meaning,
)
from ivr_flows.review.scene import ENDINGS, Path, Rehearsal, Scene, Spoken, Stop
from models.calls.call_state import CallState

#: How many of the passed steps are kept from one action to the next; far more than a call keeps.
LONGEST_WAY = 1000
#: More answers of one kind in a row than any step should ask for.
MOST_MISSES = 8
#: Five options are one too many (R20), so this key is not an option of any menu.
WRONG_KEY = "6"


@dataclass(frozen=True, slots=True)
class _Action:
    """An action of a caller at a step. ``target``: told only if it leads to a step not yet written."""

    words: str
    keys: str | None
    lapsed: bool = False
    recalled: bool = False
    target: str | None = None
    times: int = 1


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a call is: its state, what was last said, and how it got there."""

    call: CallState
    turn: Turn
    scenes: tuple[Scene, ...]
    chosen: Mapping[str, tuple[str, str]]


def rehearse(flow: Flow, prompts: Prompts, rules: Rules, language: str) -> Rehearsal:
    """Walk the tree. Every step, every key and every word of every verb occurs at least once."""
    return _Stage(flow, prompts, rules, language).rehearse()


class _Stage:
    def __init__(self, flow: Flow, prompts: Prompts, rules: Rules, language: str) -> None:
        self._prompts, self._rules, self._language = prompts, rules, language
        self._covered: set[tuple[str, str]] = set()
        self._is_scouting = False
        self._when: list[str] = []
        self._chosen: dict[str, tuple[str, str]] = {}
        self._remembered: Mapping[str, tuple[str, str]] = {}
        self._facts: dict[frozenset[str], str] = {}
        self._given = flow
        self._flow = dataclasses.replace(flow, steps={n: self._acted(n, s) for n, s in flow.steps.items()})
        # Another tree has its own rehearsal; here a call that crosses over has reached its end.
        self._beyond = {
            step.tree: dataclasses.replace(
                flow, steps={step.at: Hangup()}, open_to_all=frozenset({step.at}), start=step.at
            )
            for step in flow.steps.values()
            if isinstance(step, Crossing)
        }
        self._places: dict[str, _Place] = {}
        self._found = Rehearsal(flow, language, [], {}, {})

    def rehearse(self) -> Rehearsal:
        is_inbound = PERSON in self._flow.keys
        call = call_at(self._flow.name, self._flow.start, self._language, is_inbound=is_inbound)
        first = _Action("dials the line" if is_inbound else "picks up the phone", None)
        ahead: list[tuple[str | None, _Action]] = [(None, first)]
        # What follows silence, slips and extra keys is told last, and from where it can first happen.
        afterwards: list[tuple[str | None, _Action]] = []
        while ahead or afterwards:
            origin, action = ahead.pop() if ahead else afterwards.pop(0)
            is_aside = action.target is not None
            is_told = action.target in self._found.written_in
            if action.target is not None and is_told and not self._leads_to_news(action.target, {}):
                continue
            place = self._places.get(origin or "")
            known, covered = place.scenes if place else (), set(self._covered)
            path = Path(len(self._found.paths) + 1, origin, known)
            scene, now = self._acts(place, call, action)
            if self._covered == covered and (is_told or not is_aside):
                continue
            # Again, for the words that did not occur this time.
            (afterwards if is_aside else ahead).append((origin, action))
            self._found.paths.append(path)
            while True:
                path.scenes.append(scene)
                goes_on_in = self._found.written_in.get(scene.step)
                self._write(path, scene)
                if goes_on_in is not None and scene.ends not in ENDINGS:
                    path.goes_on_in = goes_on_in
                    break
                if scene.ends in ENDINGS:
                    break
                self._places[scene.step] = place = dataclasses.replace(now, scenes=(*known, *path.scenes))
                self._stop(scene, place)
                actions = self._actions(scene.step)
                ahead += [(scene.step, other) for other in reversed(actions)]
                afterwards += [(scene.step, other) for other in self._repairs(scene.step)]
                action = actions[0]
                scene, now = self._acts(place, call, action)
        return self._found

    def _write(self, path: Path, scene: Scene) -> None:
        for name in scene.entered:
            self._found.written_in.setdefault(name, path.number)

    def _acts(self, place: _Place | None, start: CallState, action: _Action) -> tuple[Scene, _Place]:
        # The way here is kept, since # follows it back, but not forever.
        trail = (place.call if place else start).trail[-LONGEST_WAY:]
        call = copy(place.call if place else start)
        call.trail = trail
        if action.lapsed:
            call.verified_at = None
        if not self._is_scouting and action.target is None:
            self._covered.add((call.step, action.words))
        turn = place.turn if place else None
        self._remembered = place.chosen if place else {}
        for _ in range(action.times):
            self._when, self._facts, self._chosen = [], {}, {}
            # A cut just before a space would leave it, and the walk removes it.
            before = call.trail = call.trail[-LONGEST_WAY:].lstrip()
            desk = ExampleDesk(call, self._prompts, self._rules, turn)
            walk = Walk(self._flow, desk, self._beyond)
            answer: Turn | Deferred | None
            if turn is None:
                answer = walk.start()
            else:
                answer = walk.recall() if action.recalled else walk.answer(action.keys)
            turn = walk.resume(answer, True) if isinstance(answer, Deferred) else answer
            heard: list[Spoken] = []
            while turn is not None and self._is_moment(turn):
                # Whoever presses nothing hears all of it as one.
                heard += self._heard(turn, call)
                answer = Walk(self._flow, ExampleDesk(call, self._prompts, self._rules, turn)).answer(None)
                turn = answer if isinstance(answer, Turn) else None
        if turn is None:
            raise LookupError("An action was done no times.")
        scene = self._scene(action.words, call, turn, call.trail.removeprefix(before), heard)
        return scene, _Place(call, turn, (), self._chosen)

    def _is_moment(self, turn: Turn) -> bool:
        """Whether the line waits only a moment, before it says more (Announce)."""
        return isinstance(turn.end, Gather) and isinstance(self._flow.steps.get(turn.end.step), Announce)

    def _heard(self, turn: Turn, call: CallState) -> list[Spoken]:
        spoken = [self._spoken(say, call, can_be_stopped=False) for say in turn.before]
        return spoken + [self._spoken(say, call, can_be_stopped=True) for say in turn.says]

    def _scene(self, words: str, call: CallState, turn: Turn, trail: str, before: list[Spoken]) -> Scene:
        """``before``: what was heard before the turn."""
        spoken = self._heard(turn, call)
        entered = tuple(name for name in trail.split() if name in self._flow.steps) or (call.step,)
        kind = "stay" if isinstance(self._flow.steps.get(call.step), Stay) else _kind(turn)
        step = call.step
        if call.flow != self._flow.name:
            kind, step = "crossing", entered[-1]
        heard = (*before, *spoken)
        scene = Scene(words, tuple(self._when), entered, heard, step, kind, call.language, turn=turn)
        if not isinstance(turn.end, Gather):
            return scene
        said = sum(one.counted for one in spoken)
        slow = dataclasses.replace(turn.end, slow=True)
        return dataclasses.replace(
            scene,
            digits=turn.end.digits,
            seconds=turn.end.wait_after(said),
            slow_seconds=slow.wait_after(said),
            is_slow=turn.end.slow,
        )

    def _spoken(self, say: Say, call: CallState, *, can_be_stopped: bool) -> Spoken:
        language = say.language or call.language
        slots = dict(say.slots)
        text = self._prompts.text(language, say.prompt, **slots)
        # The voice reads 911 digit by digit; its duration is that of one word of three syllables.
        counted = self._prompts.count(language, say.prompt, **slots)
        return Spoken(say.prompt, language, text, count_words(text), counted, can_be_stopped)

    def _stop(self, scene: Scene, place: _Place) -> None:
        """Look ahead at what repair and the extra keys do here, without counting it as written."""
        self._is_scouting = True
        extra = {
            key: self._acts(place, place.call, _Action(f"presses {key}", key))[0] for key in self._flow.keys
        }
        silences: tuple[Scene, ...] = ()
        slips: tuple[Scene, ...] = ()
        mistaken: tuple[Scene, ...] = ()
        step = self._flow.steps.get(scene.step)
        if scene.ends == "keys":
            silences = self._misses(place, None, "stays silent")
            slips = self._misses(place, WRONG_KEY, "presses a wrong key")
            if isinstance(step, Collect) and step.mistaken is not None:
                mistaken = self._misses(place, WRONG_KEY * step.digits, "keys what was asked before")
        else:
            extra = {}
        is_open = scene.step in self._flow.open_to_all
        self._found.stops[scene.step] = Stop(scene, is_open, silences, slips, extra, mistaken)
        self._is_scouting = False

    def _misses(self, place: _Place, keys: str | None, words: str) -> tuple[Scene, ...]:
        found: list[Scene] = []
        here = place.call.step
        while len(found) < MOST_MISSES:
            scene, place = self._acts(place, place.call, _Action(words, keys))
            found.append(scene)
            if scene.step != here or scene.ends != "keys" or scene.entered != (here,):
                break
        return tuple(found)

    def _actions(self, name: str) -> list[_Action]:
        step = self._flow.steps[name]
        match step:
            case Menu():
                return (
                    [
                        _Action(f"presses {key}", str(key))
                        for key, choice in enumerate(step.choices, 1)
                        if choice.language in {None, self._language}
                    ]
                    + [_Action(f"presses {key}", key) for key in step.extra]
                    + self._recalls(name)
                )
            case Wait():
                keys = [_Action(f"presses {key}", str(key)) for key, _ in enumerate(step.choices, 1)]
                back = [_Action(f"presses {BACK}", BACK)] if step.back is not None else []
                return [*keys, *back, _Action("stays in line", None), *self._recalls(name)]
            case Collect():
                keys = [_Action(f"keys {step.digits} digits", (KEYED * 2)[: step.digits])]
                # Where # is no key of the tree, the entry's own words offer it.
                own = step.back is not None and BACK not in self._flow.keys
                return [*keys, _Action(f"presses {BACK}", BACK)] if own else keys
            case Transfer() | Conference():
                return [_Action("is on the line again", None), *self._recalls(name)]
            case Stay():
                return [_Action("stays on the line", None), *self._recalls(name)]
        return []

    def _recalls(self, name: str) -> list[_Action]:
        """What a leg hears that is sent to its own address again while it waits here."""
        found = name in self._flow.recalled
        return [_Action("is taken out of it by the line", None, recalled=True)] if found else []

    def _repairs(self, name: str) -> list[_Action]:
        """What is told only if it leads to a step at which no path has been written yet."""
        stop, flow = self._found.stops[name], self._flow
        found = []
        for scenes, keys, words in (
            (stop.slips, WRONG_KEY, "presses wrong keys"),
            (stop.silences, None, "stays silent"),
        ):
            if scenes:
                often = f"{words}, {len(scenes)} times in a row" if len(scenes) > 1 else words
                found.append(_Action(often, keys, target=scenes[-1].entered[0], times=len(scenes)))
        found += [
            _Action(f"presses {key}", key, target=scene.entered[0])
            for key, scene in stop.extra.items()
            if key in {PERSON, COVER, SILENT}
        ]
        if name not in flow.open_to_all and flow.locked_out is not None:
            words = "presses a key after ten minutes without one"
            found.append(_Action(words, "1", lapsed=True, target=flow.locked_out))
        return found

    # The verbs, as they are played.

    def _acted(self, name: str, step: Step) -> Step:
        match step:
            case Decide():
                return dataclasses.replace(step, ask=self._played(name, step.ask, step.on))
            case Stay() | Transfer() | Conference():
                return dataclasses.replace(step, then=self._played(name, step.then, step.on))
            case Collect(then=SlowHandler() as slow):
                played = self._played(name, slow, step.on)

                def record(desk: Any, _task: Any, _matched: bool) -> str:
                    return played.run(desk, "")

                then = SlowHandler(slow.name, slow.words, lambda _desk, _digits: None, record)
                played_step = dataclasses.replace(step, then=then)
                if step.mistaken is None:
                    return played_step
                asked_before = WRONG_KEY * step.digits
                own = dataclasses.replace(step.mistaken, is_it=lambda _desk, keys: keys == asked_before)
                return dataclasses.replace(played_step, mistaken=own)
            case Collect():
                return dataclasses.replace(step, then=self._played(name, step.then, step.on))
            case Menu():
                return dataclasses.replace(step, choices=self._played_choices(name, step.choices))
            case Wait():
                look = self._played(name, step.look, step.on)
                return dataclasses.replace(step, choices=self._played_choices(name, step.choices), look=look)
            case _:
                return step

    def _played_choices(self, name: str, choices: Sequence[Choice]) -> tuple[Choice, ...]:
        return tuple(
            choice
            if choice.does is None
            else dataclasses.replace(choice, does=self._played(name, choice.does, choice.on))
            for choice in choices
        )

    def _played(self, step: str, handler: Handler | SlowHandler, on: Mapping[str, str]) -> Handler:
        def run(desk: Any, _digits: str) -> str:
            # Two verbs of one turn with the same two words are about the same fact.
            fact = self._facts.get(handler.words) if len(handler.words) > 1 else None
            able = [word for word in on if desk.is_verified or (handler.name, word) not in VERIFIED_ALONE]
            word, example, answer = self._choice(
                step, handler.name, [fact] if fact is not None and fact in on else able, on
            )
            self._facts[handler.words] = word
            self._chosen[step] = word, example
            if not self._is_scouting:
                self._covered.add((step, f"{word}/{example}"))
            if len(on) > 1 or example:
                self._when.append(meaning(handler.name, word, example))
            if answer is not None:
                answer(desk)
            return word

        return Handler(handler.name, handler.words, run)

    def _choice(
        self, step: str, verb: str, words: Sequence[str], on: Mapping[str, str]
    ) -> tuple[str, str, Answer | None]:
        """A word not told yet, or else the first that leads to one, or else the first."""
        answers = [
            (word, example, answer) for word in words for example, answer in examples_of(verb, word).items()
        ]
        if self._is_scouting:
            # The situation is still as it was when the caller came here.
            same = [found for found in answers if found[:2] == self._remembered.get(step)]
            return (same or answers)[0]
        for word, example, answer in answers:
            if (step, f"{word}/{example}") not in self._covered:
                return word, example, answer
        for word, example, answer in answers:
            if on[word] != AGAIN and self._leads_to_news(on[word], self._facts | {frozenset(on): word}):
                return word, example, answer
        return answers[0]

    def _leads_to_news(self, name: str, facts: Mapping[frozenset[str], str]) -> bool:
        """Whether a word not told yet can occur from here before the line waits again."""
        step = self._given.steps[name]
        if isinstance(step, Announce):
            return self._leads_to_news(step.next, facts)
        if not isinstance(step, Decide):
            return False
        words = [facts[step.ask.words]] if step.ask.words in facts else list(step.on)
        return any(
            self._leads_to_news(step.on[word], {**facts, step.ask.words: word})
            or any(
                (name, f"{word}/{example}") not in self._covered
                for example in examples_of(step.ask.name, word)
            )
            for word in words
        )


def _kind(turn: Turn) -> str:
    match turn.end:
        case Gather():
            return "keys"
        case Dial():
            return "ringing"
        case Join():
            return "conference"
        case _:
            return "hang-up"
