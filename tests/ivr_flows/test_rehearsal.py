"""The transcript of every path, checked against the rules of speech and keys; and what breaks each rule."""

import dataclasses
import re
from collections.abc import Callable, Sequence
from functools import cache
from itertools import dropwhile
from typing import Any

import pytest

from hotline.office_rules import rules_of
from hotline.trees import build_flows, walked_problems
from hotline.voice import twiml
from hotline.voice.twiml import Renderer
from ivr_flows.engine import walk as engine
from ivr_flows.engine.flow import Announce, Flow, Menu
from ivr_flows.engine.step_words import StepWords
from ivr_flows.engine.turn import Gather, Say
from ivr_flows.prompts import Prompts
from ivr_flows.review import rehearsal
from ivr_flows.review.drawing import edges
from ivr_flows.review.rehearsal import rehearse
from ivr_flows.review.rehearsal_check import rehearsal_problems
from ivr_flows.review.scene import Rehearsal, Scene
from ivr_flows.review.transcript import as_document, as_script
from tests.factories import make_office
from tests.ivr_flows.test_check import with_steps, with_texts
from tests.twiml_check import check

#: With a partner, whose steps only such an office has.
OFFICE = make_office(partner="domestic_violence")
RULES = rules_of(OFFICE)
FLOWS = build_flows(OFFICE)
#: Enough to show that a broken engine or text is found.
VICTIM_LINE = FLOWS["victim_line"]
PROMPTS = Prompts.load(OFFICE.languages)
RENDERER = Renderer.of(PROMPTS, OFFICE, "https://line.example.org")
#: Each tree in each language has a script.
SCRIPTS = [(name, language) for name in FLOWS for language in PROMPTS.languages]
#: Not spoken in any tree: text messages, a fault of ours, and words that go into other prompts.
#: Also what an office says whose case numbers have grown to ten digits.
SPOKEN_ELSEWHERE = re.compile(
    r"sms\.|apology|hold$|moment|clock|zone\.|phone\.|hour\.\d|wait\.\d|waited\.|part\.|ask_number\.wrong_two"
    r"|discreet\.wrong_number_two|notice\.text$"
)


@cache
def script_of(flow: str, language: str) -> Rehearsal:
    """The script of one tree. It is written on first use: every process of the suite imports this."""
    return rehearse(FLOWS[flow], PROMPTS, RULES, language)


def scenes(found: Rehearsal) -> list[Scene]:
    """Every scene of the script, also those of repair and of the extra keys."""
    told = [scene for path in found.paths for scene in path.scenes]
    for stop in found.stops.values():
        told += [*stop.silences, *stop.slips, *stop.mistaken, *stop.extra.values()]
    return told


def exits_told(found: Rehearsal) -> set[tuple[str, str]]:
    """The steps that follow each other somewhere in the script, as pairs."""
    told = set()
    for path in found.paths:
        at = path.origin
        for scene in path.scenes:
            for name in scene.entered:
                if at is not None:
                    told.add((at, name))
                at = name
            at = scene.step
    return told


def spoken_of(scenes: Sequence[Scene]) -> str:
    """The words of some scenes, one after another."""
    return " ".join(spoken.text for scene in scenes for spoken in scene.spoken)


@pytest.mark.parametrize(("flow", "language"), SCRIPTS)
def test_transcript_keeps_every_rule(flow: str, language: str) -> None:
    assert rehearsal_problems(script_of(flow, language)) == []


def test_notice_call_of_an_office_without_a_partner_keeps_every_rule() -> None:
    office = make_office()

    assert walked_problems({"notice_call": build_flows(office)["notice_call"]}, PROMPTS, office) == []


@pytest.mark.parametrize(("flow", "language"), SCRIPTS)
def test_transcript_has_every_step_and_every_exit(flow: str, language: str) -> None:
    found, table = script_of(flow, language), FLOWS[flow]
    wanted = {
        (name, target)
        for name in table.steps
        for by, target in edges(table, name)
        if by not in {"silence", "#"}
    }

    assert set(found.written_in) == set(table.steps)
    assert wanted - exits_told(found) == set()


@pytest.mark.parametrize(("flow", "language"), SCRIPTS)
def test_only_the_danger_line_is_stopped_by_no_key(flow: str, language: str) -> None:
    """R23, wherever a tree leads, at a repair and after every extra key."""
    unstopped = {
        spoken.prompt
        for scene in scenes(script_of(flow, language))
        for spoken in scene.spoken
        if not spoken.can_be_stopped
    }

    assert unstopped <= {"danger_line"}


@pytest.mark.parametrize("language", PROMPTS.languages)
def test_transcript_of_a_discreet_line_tells_of_key_5_nowhere_as_the_line_does(language: str) -> None:
    """R22: the queue of the other lines offers it, and a translator signs off what the script has."""
    told = {
        spoken.prompt for scene in scenes(script_of("discreet_line", language)) for spoken in scene.spoken
    }

    assert "queue.back" in told
    assert "silent.offer" not in told


@pytest.mark.parametrize("language", PROMPTS.languages)
def test_transcript_has_every_prompt_that_a_caller_can_hear(language: str) -> None:
    told = {
        spoken.prompt
        for flow in FLOWS
        for scene in scenes(script_of(flow, language))
        for spoken in scene.spoken
    }

    assert {p for p in PROMPTS.languages[language].texts if not SPOKEN_ELSEWHERE.match(p)} <= told


@pytest.mark.parametrize(("flow", "language"), SCRIPTS)
def test_carrier_gets_the_words_of_the_transcript(flow: str, language: str) -> None:
    for scene in scenes(script_of(flow, language)):
        assert scene.turn is not None
        document = RENDERER.render(scene.turn, scene.language)
        assert check(document.encode()) == []
        if isinstance(scene.turn.end, Gather):
            slow = dataclasses.replace(scene.turn, end=dataclasses.replace(scene.turn.end, slow=True))
            assert f'timeout="{scene.seconds}"' in document
            assert f'timeout="{scene.slow_seconds}"' in RENDERER.render(slow, scene.language)


# How long, how hard to read, and how far apart (R17, R18, R21, R23).


def hard_to_read(text: str, language: str) -> str | None:
    """R18 for a whole path: school grades, and in Spanish Fernández Huerta, who calls 80 and more easy."""
    # Takes a second, which only the process that checks paths should spend.
    import textstat

    textstat.set_lang(language)
    if language == "en":
        grades = [textstat.automated_readability_index(text), textstat.coleman_liau_index(text)]
        return None if max(grades) <= 6 else f"grade {max(grades):.1f} (R18)"
    ease, years = textstat.fernandez_huerta(text), textstat.crawford(text)
    return None if ease >= 80 and years <= 6 else f"ease {ease:.0f}, {years:.1f} years of school (R18)"


@pytest.mark.parametrize(("flow", "language"), SCRIPTS)
def test_whole_path_is_easy_to_read(flow: str, language: str) -> None:
    """Each path from the start of the call to where it ends or goes on."""
    paths = script_of(flow, language).paths
    found = {path.number: hard_to_read(spoken_of([*path.before, *path.scenes]), language) for path in paths}

    assert {number: fault for number, fault in found.items() if fault} == {}


def test_hard_text_is_not_easy_to_read() -> None:
    hard = {
        "en": "The individual's custodial classification necessitates administrative verification.",
        "es": "La clasificación administrativa correspondiente requiere verificación institucional previa.",
    }

    for language, text in hard.items():
        assert "(R18)" in (hard_to_read(text, language) or "")


def crowded_options(document: str) -> list[str]:
    """Menus in which an option follows another without 500 to 750 ms between them (R21).

    The keys after the options have a pause as well. Words before the first option may name 0.
    """
    said = re.findall(r"<Say[^>]*>(.*?)</Say>", document)
    named = [text for text in said if re.search(r"(press|oprima) [0-9]\.", text)]
    options = list(dropwhile(lambda text: not re.search(r"(press|oprima) [1-4]\.", text), named))
    return [
        f"{text} (R21)"
        for text in options[1:]
        if not (time := re.match(r'<break time="(\d+)ms"/>', text)) or not 500 <= int(time[1]) <= 750
    ]


@pytest.mark.parametrize(("flow", "language"), SCRIPTS)
def test_options_have_pauses_between_them(flow: str, language: str) -> None:
    for stop in script_of(flow, language).stops.values():
        assert stop.scene.turn is not None
        assert crowded_options(RENDERER.render(stop.scene.turn, language)) == []


def test_options_without_pauses_between_them_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    turn = script_of("victim_line", "en").stops["main_menu"].scene.turn
    assert turn is not None
    for mark in ("", '<break time="200ms"/>'):
        monkeypatch.setattr(twiml, "_BREAK", mark)
        assert len(crowded_options(Renderer.of(PROMPTS, OFFICE, "").render(turn, "en"))) == 5


# A broken rule is found on the way. Rules of the table alone are broken in test_check.


def slower_menus(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(engine, "MENU_SECONDS", 5)


def shorter_entries(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(engine, "ENTRY_SECONDS", 6)


def keys_from_two(patch: pytest.MonkeyPatch) -> None:
    option = StepWords._option
    patch.setattr(StepWords, "_option", lambda words, key, choice: option(words, key + 1, choice))


def no_slow_pace(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rehearsal.ExampleDesk, "slow_down", lambda _desk: None)


def nine_leads_on(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(engine, "SLOW", "x")


def a_repeat_that_says_less(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(engine.Walk, "_repeat", lambda walk: walk._wait_at(walk.call.step, (), (Say("goodbye"),)))


def no_end_of_repair(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(engine.Walk, "_move_on", lambda walk, _target: walk.enter(walk.call.step))


def repair_without_the_question(patch: pytest.MonkeyPatch) -> None:
    miss = engine.Walk._miss

    def shorter(walk: engine.Walk, name: str, kind: str, mistaken: str | None = None) -> Any:
        turn = miss(walk, name, kind, mistaken)
        return dataclasses.replace(turn, says=turn.says[:1]) if walk.call.step == name else turn

    patch.setattr(engine.Walk, "_miss", shorter)


ENGINES: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], str]] = {
    "a menu that waits too short": (slower_menus, "waits 5 s, not 8 (R24)"),
    "an entry that waits too short": (shorter_entries, "waits 6 s, not 10 (R24)"),
    "options from 2 on": (keys_from_two, "offers the keys 2, 3, 4, 5, not 1 to 4 in order (R20)"),
    "silence without the slow pace": (no_slow_pace, "s at the slow pace for what it says (R26)"),
    "a 9 that is no slow pace": (nine_leads_on, "does not do what 9 does everywhere (R22)"),
    "a * that does not repeat": (a_repeat_that_says_less, "does not do what * does everywhere (R22)"),
    "repair that never ends": (no_end_of_repair, "asks again without end (R25)"),
    "repair that does not ask": (repair_without_the_question, "does not ask again after a slip"),
}


@pytest.mark.parametrize("name", ENGINES)
def test_engine_that_breaks_a_rule_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    breaks, fault = ENGINES[name]
    breaks(monkeypatch)

    found = rehearsal_problems(rehearse(VICTIM_LINE, PROMPTS, RULES, "en"))

    assert [problem for problem in found if fault in problem], found


def led_to(step: str, **places: str) -> Flow:
    table = FLOWS["victim_line"]
    menu = table.steps[step]
    assert isinstance(menu, Menu)
    return with_steps(table, **{step: dataclasses.replace(menu, **places)})


TREES: dict[str, tuple[Flow, str]] = {
    "a hang-up after slips": (
        led_to("services", give_up="goodbye"),
        "leads to goodbye after the last miss, not to a person or a callback (R25)",
    ),
    "a deeper menu after slips": (
        led_to("main_menu", give_up="report"),
        "leads to report after the last miss, not to a person or a callback (R25)",
    ),
    "a hang-up after silence": (
        led_to("main_menu", silence="goodbye"),
        "leads to goodbye after the last miss, not to a person or a callback (R25)",
    ),
    "a last question that hangs up at the first slip": (
        led_to("anything_else", misses=0),
        "leads to goodbye after the last miss, not to a person or a callback (R25)",
    ),
    "a 7 that goes on": (
        dataclasses.replace(
            with_steps(FLOWS["victim_line"], blank=Announce("goodbye", "main_menu")),
            keys={**FLOWS["victim_line"].keys, "7": "blank"},
            open_to_all=FLOWS["victim_line"].open_to_all | {"blank"},
        ),
        "does not do what 7 does everywhere (R22)",
    ),
    "a leg without *": (
        dataclasses.replace(FLOWS["liaison_callback"], keys={}),
        "offer in en does not know * (R22)",
    ),
}


@pytest.mark.parametrize("name", TREES)
def test_tree_that_breaks_a_rule_is_found(name: str) -> None:
    table, fault = TREES[name]

    found = rehearsal_problems(rehearse(table, PROMPTS, RULES, "en"))

    assert [problem for problem in found if fault in problem], found


LONG = "To hear the next part of what we have to say about this now and at once and for good and all"
TEXTS: dict[str, tuple[dict[str, str | None], str]] = {
    "a slot that makes a sentence too long": (
        {"callback__promise": f"{LONG} {{when}}."}, "callback.promise in en says “To hear the next part",
    ),
    "a first repair longer than the second": (
        {"repair__wrong": "One two three four five. " * 4},
        "is not fuller the second time than the first (R25)",
    ),
    "a third repair longer than the second": (
        {"repair__simplest": "One two three four five. " * 4},
        "is not simpler the third time than the second (R25)",
    ),
    "a third repair without 0": (
        {"repair__person": "Or ask for a person."}, "does not offer 0 the third time (R25)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_text_that_breaks_a_rule_is_found(name: str) -> None:
    texts, fault = TEXTS[name]

    found = rehearsal_problems(rehearse(VICTIM_LINE, with_texts(PROMPTS, "en", **texts), RULES, "en"))

    assert [problem for problem in found if fault in problem], found


# How it reads.


def test_script_says_who_says_what_which_keys_and_how_long() -> None:
    script = as_script(script_of("victim_line", "es"), lambda _text, _language: None)

    assert "espeak-ng is not installed" in script
    assert "LINE    “Para español, oprima 2.” (1.6 s)" in script
    assert "THEY    presses 2." in script
    assert "(the PIN is right)" in script
    assert "(4.0 s; no key stops it)" in script
    assert "Waits 8 s for a key, 41 s at the slow pace." in script
    assert "El teléfono de Valle Verde es 202, 555, 0190." in script
    assert "Repito: 202, 555, 0190." in script


def test_measured_seconds_are_beside_the_counted_ones() -> None:
    found = script_of("liaison_at_0", "en")
    script = as_script(found, lambda text, _language: len(text) / 10)
    document = as_document(found, lambda text, _language: len(text) / 10)

    assert "“To accept, press 1.” (1.6 s [1.9 s])" in script
    said = document["paths"][0]["scenes"][0]["says"]
    assert [one["measured_seconds"] for one in said if one["prompt"] == "liaison.accept"] == [1.9]


def test_long_neutral_name_makes_the_first_words_too_long() -> None:
    """A machine that picks up records no more than 25 seconds (R30)."""
    name = {"en": "the information line of the county and its towns", "es": OFFICE.neutral_name["es"]}
    office = dataclasses.replace(OFFICE, neutral_name=name)

    faults = rehearsal_problems(rehearse(FLOWS["callback_call"], PROMPTS, rules_of(office), "en"))

    assert len(faults) == 1
    assert "(R30)" in faults[0]


def test_repair_before_a_first_key_is_a_fault() -> None:
    table = FLOWS["callback_call"]
    menu = table.steps["good_time"]
    assert isinstance(menu, Menu)
    patient = with_steps(table, good_time=dataclasses.replace(menu, unattended=False, silence=None))

    faults = rehearsal_problems(rehearse(patient, PROMPTS, RULES, "en"))

    assert any("R24" in fault for fault in faults)
