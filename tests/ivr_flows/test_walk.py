"""Every step of every tree in every language, walked and rendered; calls during deploys."""

import dataclasses
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

import ivr_flows
from hotline.office_rules import rules_of
from hotline.trees import build_flows
from hotline.voice.twiml import Renderer
from ivr_flows.engine.desk import Desk, Ring
from ivr_flows.engine.flow import (
    Announce,
    Collect,
    Conference,
    Decide,
    Flow,
    Handler,
    Menu,
    Stay,
    Step,
    Transfer,
    Wait,
)
from ivr_flows.engine.turn import Gather, Hangup, Say, Turn
from ivr_flows.engine.walk import OWN_WORDS, Walk
from ivr_flows.prompts import Prompts
from models.calls.call_state import CallState
from models.calls.place import COVERED
from models.store.unit import Unit
from models.talks import voicemail
from tests.factories import NOW, make_office
from tests.twiml_check import check

OFFICE = make_office()
FLOWS = build_flows(OFFICE)
PROMPTS = Prompts.load(OFFICE.languages)
RULES = rules_of(OFFICE)
RENDERER = Renderer.of(PROMPTS, OFFICE, "https://line.example.org")
LANGUAGES = tuple(PROMPTS.languages)
SLOTS = {
    "key": "1", "line": OFFICE.name["en"], "emergency": "911", "facility": "Stewart", "phone": "this phone",
    "place": "the court", "service": "the help line", "number": "+12025550100",
    **dict.fromkeys(("at", "as_of", "when"), "Monday, November 23 at 3:05 PM"),
    "on": "on Monday, November 23", "since": "Monday, November 23", "moment": "today at 3:05 PM",
    "zone": "Eastern Time", "day": "Monday, November 23", "clock": "at 3:05 PM", "time": "3:05 PM",
    "minutes": "10", "count": "2",
    "verified": "3", "other": "4", "words": "The office is closed on Friday.",
    "digits": "10", "least": "8",
    "wait": "about forty minutes", "part": "in the morning", "hour": "three in the afternoon",
    "starts": "nine in the morning", "ends": "eleven in the morning",
    "closes": "nine in the evening", "opens": "eight in the morning",
}  # fmt: skip


#: Steps with no words of their own: the step before has said all, or nothing may be said to a machine (R31).
SAY_NOTHING = {
    "join",
    "conference",
    "end",
    "message_left",
    "put_off_silently",
    "who_answered",
    "ring_service",
}


def call_at(step: str, flow: str, language: str, **facts: Any) -> CallState:
    """A call of a caller with a PIN that waits at a step."""
    defaults: dict[str, Any] = {
        "id": 1, "direction": "inbound", "flow": flow, "line": OFFICE.lines[0], "started_at": NOW,
        "language": language, "pace": "normal", "step": step, "turn": 3, "heard_from": step, "misses": 0,
        "silences": 0, "tries": 0, "said": "", "trail": "", "last_key_at": NOW, "verified_at": NOW,
        "case_id": 1, "pin_issued_at": NOW, "free_liaisons": 0,
    }  # fmt: skip
    return CallState(**(defaults | facts))


def answering(flow: Flow, words: dict[str, str]) -> Flow:
    """The tree with verbs that look nothing up: each answers the word given for its step, else any."""

    def stub(step: str, handler: Any, on: Any) -> Handler:
        word = words.get(step, sorted(on)[0])
        return Handler(handler.name, handler.words, lambda _desk, _digits: word)

    steps: dict[str, Step] = {}
    for name, step in flow.steps.items():
        match step:
            case Decide():
                steps[name] = dataclasses.replace(step, ask=stub(name, step.ask, step.on))
            case Transfer() | Conference() | Stay():
                steps[name] = dataclasses.replace(step, then=stub(name, step.then, step.on))
            case Menu() | Wait():
                choices = tuple(
                    choice
                    if choice.does is None
                    else dataclasses.replace(choice, does=stub(name, choice.does, choice.on))
                    for choice in step.choices
                )
                changed = dataclasses.replace(step, choices=choices)
                if isinstance(changed, Wait):
                    changed = dataclasses.replace(changed, look=stub(name, changed.look, changed.on))
                steps[name] = changed
            case _:
                steps[name] = step
    return dataclasses.replace(flow, steps=steps)


#: Every tree with such verbs, made once: a walk may cross into any of them.
ANSWERING = {name: answering(tree, {}) for name, tree in FLOWS.items()}


class JustTold(Desk):
    """A desk without a database, whose caller has just been told something."""

    def last_turn(self) -> Turn:
        return Turn((), (Say("silent.noted"),), Hangup())


def walk_of(flow: Flow, call: CallState) -> Walk:
    """A walk that has a phone to ring and a conference to join."""
    desk = JustTold(cast(Unit, None), call, NOW, RULES, PROMPTS)
    desk.ring, desk.conference = Ring("+12025550170", 20), "b" * 32
    return Walk(flow, desk, ANSWERING)


def ways(flow: Flow, name: str) -> Iterator[Flow]:
    """The tree, once for each word that this step's own verb may answer."""
    step = flow.steps[name]
    words = sorted(step.on) if isinstance(step, Decide | Stay | Transfer | Conference) else []
    for word in words or [""]:
        yield answering(flow, {name: word} if word else {})


def rendered(turn: Any, language: str, flow: str) -> str:
    """The document of a turn, checked against everything that Twilio requires."""
    assert isinstance(turn, Turn)
    document = RENDERER.render(turn, language)
    assert check(document.encode()) == []
    return document


@contextmanager
def named(where: str) -> Iterator[None]:
    """Name the step, key or prompt in what fails inside, since one test walks a whole tree."""
    try:
        yield
    except Exception as fault:
        fault.add_note(f"at {where}")
        raise


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("flow", FLOWS)
def test_every_step_is_a_document_that_twilio_runs(flow: str, language: str) -> None:
    for step in FLOWS[flow].steps:
        for table in ways(FLOWS[flow], step):
            with named(step):
                call = call_at(step, flow, language)
                turn = walk_of(table, call).enter(step)
                assert "<Say" in rendered(turn, language, flow) or step in SAY_NOTHING
                assert Turn.from_json(turn.to_json()) == turn


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("flow", FLOWS)
def test_every_key_and_every_silence_at_every_step_is_answered(flow: str, language: str) -> None:
    for step, kind in FLOWS[flow].steps.items():
        if isinstance(kind, Wait) or not FLOWS[flow].may_wait_at(step):
            # Nobody waits here; an answer that names it all the same is passed to a person or ended.
            with named(step):
                turn = walk_of(ANSWERING[flow], call_at(step, flow, language)).answer("1")
                assert "<Say" in rendered(turn, language, flow)
            continue
        for keys in ("0", "*", "9", "7", "1", "2", "3", "4", "5", "8", "#", "99", "?", "", None):
            for is_verified in (True, False):
                with named(f"{step}, {keys!r}, {is_verified=}"):
                    call = call_at(step, flow, language)
                    if not is_verified:
                        call.verified_at = None
                    turn = walk_of(ANSWERING[flow], call).answer(keys)
                    assert "<Say" in rendered(turn, call.language, flow) or call.step in SAY_NOTHING


#: Where a caller still hears words that keys stop, while the danger line is to follow (R19, R23).
DANGER_AHEAD = [
    (flow, step)
    for flow, table in FLOWS.items()
    for step, kind in table.steps.items()
    if isinstance(kind, Announce) and not kind.barge_in
]


@pytest.mark.parametrize(("flow", "step"), DANGER_AHEAD)
def test_danger_line_follows_whatever_is_keyed_during_the_words_before_it(flow: str, step: str) -> None:
    table = FLOWS[flow]
    danger = cast(Announce, table.steps[step])
    for keys in (None, "", "1", "2", "3", "4", "6", "#", "0", "5"):
        if keys in table.keys and not table.keys[keys] and keys != "#":
            continue
        with named(repr(keys)):
            call = call_at(step, flow, "en", misses=1, silences=1)
            turn = walk_of(ANSWERING[flow], call).answer(keys)
            assert isinstance(turn, Turn)
            assert {say.prompt for say in turn.before} == {danger.prompt}
            assert call.step != step
            assert (call.pace, call.silences) == ("normal", 0 if keys else 1)


@pytest.mark.parametrize(("flow", "step"), DANGER_AHEAD)
def test_keys_that_work_everywhere_work_during_the_words_before_the_danger_line(flow: str, step: str) -> None:
    table = FLOWS[flow]
    for keys in {"7", "*", "9"} & set(table.keys):
        with named(keys):
            call = call_at(step, flow, "en", heard_from=OWN_WORDS)
            turn = walk_of(ANSWERING[flow], call).answer(keys)
            assert isinstance(turn, Turn)
            if keys == "7":
                assert (turn.before, call.place) == ((), COVERED)
            else:
                assert (turn.before, turn.says, call.step) == ((), (Say("silent.noted"),), step)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("keys", ["6", None])
@pytest.mark.parametrize("flow", FLOWS)
def test_repair_comes_to_an_end_at_every_step(flow: str, language: str, keys: str | None) -> None:
    for step, kind in FLOWS[flow].steps.items():
        if isinstance(kind, Menu | Collect):
            with named(step):
                comes_to_an_end(flow, step, language, keys)


def comes_to_an_end(flow: str, step: str, language: str, keys: str | None) -> None:
    """Repeat one slip: the caller is asked four times at most, and the third time is offered a person."""
    call = call_at(step, flow, language)
    walk = walk_of(ANSWERING[flow], call)
    asked = 0

    while call.step == step and asked < 6:
        turn = walk.answer(keys)
        asked += 1
        rendered(turn, language, flow)
        if call.step == step and asked == 3 and "0" in FLOWS[flow].keys:
            assert isinstance(turn, Turn)
            assert turn.says[-1] == Say("repair.person")

    assert asked <= 4


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_prompt_can_be_said(language: str) -> None:
    for prompt in sorted(PROMPTS.languages["en"].texts):
        with named(prompt):
            names = sorted(PROMPTS.languages[language].slots[prompt])
            slots = tuple((name, SLOTS[name]) for name in names)
            turn = Turn((), (Say(prompt, slots),), Hangup())

            assert "<Say" in rendered(turn, language, "victim_line")


def test_every_prompt_that_a_verb_says_exists() -> None:
    said = {
        prompt
        for path in Path(cast(str, ivr_flows.__file__)).parent.rglob("*.py")
        for prompt in re.findall(r'\bsay\(\s*"([a-z_.]+)"', path.read_text("utf-8"), re.IGNORECASE)
    }

    assert len(said) > 10
    assert said <= set(PROMPTS.languages["en"].texts)
    assert {f"voicemail.{text}" for text in voicemail.TEXTS} <= set(PROMPTS.languages["en"].texts)


# No call is stranded by a deploy.


@pytest.mark.parametrize("keys", ["1", "0", "123456", None])
@pytest.mark.parametrize("flow", FLOWS)
def test_call_at_a_step_that_was_dropped_goes_to_a_person_or_to_a_polite_end(
    flow: str, keys: str | None
) -> None:
    call = call_at("a_step_of_last_year", flow, "en")

    turn = walk_of(answering(FLOWS[flow], {"person": "none", "find_person": "wait"}), call).answer(keys)

    assert "<Say" in rendered(turn, "en", flow)
    inbound = {"victim_line", "discreet_line"}
    assert call.step == ("in_queue" if flow in inbound else FLOWS[flow].stranded) or isinstance(
        cast(Turn, turn).end, Hangup
    )


def test_call_at_a_step_that_was_renamed_goes_on_at_the_new_one() -> None:
    table = dataclasses.replace(FLOWS["victim_line"], moved={"first_menu": "main_menu"})
    call = call_at("first_menu", "victim_line", "en")

    turn = walk_of(answering(table, {}), call).answer("4")

    assert call.step == "report"
    assert isinstance(cast(Turn, turn).end, Gather)


def test_renamed_step_keeps_its_gate() -> None:
    table = dataclasses.replace(FLOWS["victim_line"], moved={"old_case_menu": "case_menu"})
    call = call_at("old_case_menu", "victim_line", "en", verified_at=None)

    walk_of(answering(table, {"lapsed": "number_too"}), call).answer("1")

    assert call.step == "ask_number"


@pytest.mark.parametrize("step", sorted(set(FLOWS["victim_line"].steps) - FLOWS["victim_line"].open_to_all))
def test_gate_is_checked_on_the_step_answered_and_on_the_step_entered(step: str) -> None:
    table = answering(FLOWS["victim_line"], {"lapsed": "number_too"})
    entered, answered = (call_at(step, "victim_line", "en", verified_at=None) for _ in range(2))

    walk_of(table, entered).enter(step)
    walk_of(table, answered).answer("1")

    assert entered.step == answered.step == "ask_number"


def test_table_that_loops_is_stopped_and_not_followed_for_ever() -> None:
    table = FLOWS["victim_line"]
    ring = {"welcome": Announce("welcome", "round"), "round": Announce("welcome", "welcome")}
    steps = {**table.steps, **ring}
    looping = dataclasses.replace(table, steps=steps, open_to_all=frozenset(steps))

    with pytest.raises(RuntimeError, match="loops at"):
        walk_of(looping, call_at("welcome", "victim_line", "en")).enter("welcome")
