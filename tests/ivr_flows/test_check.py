"""Broken trees and prompts are refused before a caller can meet them, with the rule that they break."""

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from config.office import Office
from config.settings import Settings
from hotline.app import TreeError, create_app
from hotline.trees import build_flows, tree_problems
from ivr_flows import prompts
from ivr_flows.engine.check import problems
from ivr_flows.engine.flow import Announce, Choice, Decide, Flow, Hangup, Menu, Step
from ivr_flows.prompts import PromptError, Prompts
from ivr_flows.review.drawing import as_mermaid, as_text
from ivr_flows.trees.legs import callback_call
from ivr_flows.verbs import case_verbs
from tests.factories import make_office


@pytest.fixture(scope="module")
def flow() -> Flow:
    """The victim line as it ships."""
    return build_flows(make_office())["victim_line"]


@pytest.fixture(scope="module")
def words() -> Prompts:
    """The prompts as they ship."""
    return Prompts.load(("en", "es"))


def with_steps(flow: Flow, **steps: Step) -> Flow:
    """The tree with some of its steps replaced, or with new ones."""
    return dataclasses.replace(flow, steps={**flow.steps, **steps})


def with_texts(words: Prompts, code: str, **texts: str | None) -> Prompts:
    """The prompts with some texts of one language replaced, or removed (None); ``__`` stands for a dot."""
    language = words.languages[code]
    changed = {**language.texts, **{name.replace("__", "."): text for name, text in texts.items()}}
    kept = {name: text for name, text in changed.items() if text is not None}
    return Prompts({**words.languages, code: dataclasses.replace(language, texts=kept)})


def test_shipped_trees_and_prompts_are_valid(office: Office) -> None:
    assert tree_problems(build_flows(office), Prompts.load(office.languages)) == []


def test_two_trees_for_one_kind_of_call_that_we_place_are_refused(office: Office, words: Prompts) -> None:
    flows = build_flows(office)
    second = dataclasses.replace(flows["callback_call"], name="second_callback_call")

    found = tree_problems({**flows, second.name: second}, words)

    assert found == [
        "The role called_back has the trees: callback_call, second_callback_call."
        " A call that we place needs just one."
    ]


def too_many(flow: Flow) -> Flow:
    report = cast(Menu, flow.steps["report"])
    return with_steps(flow, report=Menu((*report.choices, *report.choices[:2])))


TREES: dict[str, tuple[Callable[[Flow], Flow], str]] = {
    "an exit to nowhere": (
        lambda flow: with_steps(flow, welcome=Announce("welcome", "nowhere")),
        "the step welcome leads to nowhere, which is no step",
    ),
    "a place that the models do not know": (
        lambda flow: with_steps(flow, cover=Hangup("cover", place="under_cover")),
        "the place under_cover of cover is none of models/calls/place.py",
    ),
    "a role that the models do not know": (
        lambda flow: dataclasses.replace(flow, role="victim"),
        "the role victim is none of models/calls/role.py",
    ),
    "a start that is no step": (
        lambda flow: dataclasses.replace(flow, start="nowhere"),
        "the start leads to nowhere",
    ),
    "a word without an exit": (
        lambda flow: with_steps(
            flow, may_try=Decide(case_verbs.may_try, {"yes": "ask_number", "no": "tries_spent"})
        ),
        "may_try has no exit for the word number_too",
    ),
    "an exit for a word that is never said": (
        lambda flow: with_steps(
            flow, status=Decide(case_verbs.read_status, {"said": "case_menu", "hard": "warn", "odd": "news"})
        ),
        "status has an exit for odd, which read_status never answers",
    ),
    "a step that no caller can reach": (
        lambda flow: with_steps(flow, lonely=Announce("welcome", "main_menu")),
        "no caller can reach the step lonely",
    ),
    "steps in a ring": (
        lambda flow: with_steps(
            flow, welcome=Announce("welcome", "round"), round=Announce("welcome", "welcome")
        ),
        "may follow each other without end: round, welcome",
    ),
    "a step without a way out": (
        lambda flow: with_steps(
            flow, report=Menu((Choice("report.tip", next="report"),), give_up="report", silence="report")
        ),
        "report can reach neither an end nor a person",
    ),
    "five options": (too_many, "report has 5 options, not 1 to 4 (R20)"),
    "an option that leads nowhere": (
        lambda flow: with_steps(flow, report=Menu((Choice("report.tip"),))),
        "report.tip of report needs a next step or a verb, not both",
    ),
    "a call that does not open with danger": (
        lambda flow: with_steps(
            flow, danger_line=Announce("danger_line", "language", in_each_language=True, about="emergency")
        ),
        "must open with the danger line in each language (R17)",
    ),
    "words that no key stops": (
        lambda flow: with_steps(flow, no_match=Announce("no_match.again", "ask_pin", barge_in=False)),
        "no key stops no_match, which only the danger line may have (R23)",
    ),
    "a language that is not offered": (
        lambda flow: with_steps(
            flow, language=Menu((Choice("language.choose", next="welcome", language="en"),))
        ),
        "the choice of each language, in itself, must follow the danger line (R17, R27)",
    ),
    "an extra key that is missing": (
        lambda flow: dataclasses.replace(flow, keys={"0": "person", "*": "", "7": "cover", "5": "silent"}),
        "the keys 0, *, 9, 7 and 5, and at menus 8 and #, work everywhere (R22)",
    ),
    "an old step that is still there": (
        lambda flow: dataclasses.replace(flow, moved={"welcome": "main_menu"}),
        "the first must be gone and the second be there",
    ),
    "a step that is open and is not there": (
        lambda flow: dataclasses.replace(flow, open_to_all=flow.open_to_all | {"nowhere"}),
        "nowhere is open to all and is no step",
    ),
}


@pytest.mark.parametrize("name", TREES)
def test_broken_tree_is_refused(flow: Flow, words: Prompts, name: str) -> None:
    breaks, fault = TREES[name]

    found = problems(breaks(flow), words)

    assert [problem for problem in found if fault in problem], found


LONG = (
    "This sentence goes on and on and on, with more words than anyone who is afraid can keep in mind at once."
)
TEXTS: dict[str, tuple[str, dict[str, str | None], str]] = {
    "a prompt that is missing": ("es", {"main__case": None}, "main_menu says main.case, missing in es (R27)"),
    "a repair that is missing": ("es", {"repair__wrong": None}, "repair.wrong is missing in es (R27)"),
    "a key before its action": (
        "en", {"main__case": "Press {key} for your case."}, "main.case in en must end with its key (R21)",
    ),
    "a key before its action, in Spanish": (
        "es", {"case__again": "Oprima {key} para oírlo."}, "case.again in es must end with its key (R21)",
    ),
    "a long sentence": ("en", {"welcome": LONG}, "welcome in en has a sentence over 20 words (R18)"),
    "a long menu": (
        "en", {"main__case": "Go on. " * 70 + "Press {key}."}, "main_menu has over 75 words in en (R23)",
    ),
    "a long prompt": ("en", {"goodbye": "Go on. " * 18}, "The prompt goodbye in en takes over 14 s"),
    "a long prompt, in Spanish": (
        "es", {"goodbye": "Siga así. " * 18}, "The prompt goodbye in es takes over 14 s"
    ),
    "a long instruction": ("en", {"ask_pin": "Go on. " * 60}, "ask_pin takes over 20 s in en (R23)"),
    "a key that stands on the card alone": (
        "es", {"welcome": "Oprima 9 si quiere."}, "welcome in es names 9 or 7, which stand on the card",
    ),
    "a long danger line": ("es", {"danger_line": "Ya. " * 11}, "danger_line takes over 4 s in es (R17)"),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_broken_text_is_refused(flow: Flow, words: Prompts, name: str) -> None:
    code, texts, fault = TEXTS[name]

    found = tree_problems({flow.name: flow}, with_texts(words, code, **texts))

    assert [problem for problem in found if fault in problem], found


def test_tree_of_people_whom_we_call_without_their_keys_is_refused(words: Prompts) -> None:
    called = dataclasses.replace(callback_call(), keys={"*": "", "7": "cover", "5": "silent"})

    found = tree_problems({called.name: called}, words)

    assert any("*, 9, 7 and 5 work everywhere for a person whom we call (R22)" in one for one in found), found


@pytest.mark.parametrize(
    ("code", "text", "word"),
    [
        ("en", "The visa is an asylum matter.", "asylum"),
        ("en", "A T visa.", "T visa"),
        ("en", "Minors.", "minor"),
        ("es", "Es un asilado.", "asilad"),
        ("es", "Está protegida.", "protegid"),
        ("es", "Un menor.", "menor"),
    ],
)
def test_telling_word_is_refused(words: Prompts, code: str, text: str, word: str) -> None:
    found = with_texts(words, code, goodbye=text).problems()

    assert f"The prompt goodbye in {code} holds the telling word {word!r}." in found


def test_stale_translation_is_refused(words: Prompts) -> None:
    spanish = words.languages["es"]
    sources = {**spanish.sources, "goodbye": "Goodbye."}
    stale = Prompts({**words.languages, "es": dataclasses.replace(spanish, sources=sources)})

    assert stale.problems() == ["The prompt goodbye in es translates an older en text."]


def test_translation_without_a_slot_is_refused(words: Prompts) -> None:
    found = with_texts(words, "es", welcome="Hola.").problems()

    assert found == ["The prompt welcome has other slots in es than in en."]


def test_missing_translation_is_refused_and_nothing_falls_back(words: Prompts) -> None:
    lacking = with_texts(words, "es", goodbye=None)

    assert lacking.problems() == ["The prompt goodbye is missing in es."]
    with pytest.raises(KeyError):
        lacking.text("es", "goodbye")


def test_language_without_its_list_of_telling_words_does_not_load(tmp_path: Path) -> None:
    shutil.copy(prompts.FOLDER / "es.po", tmp_path / "es.po")
    (tmp_path / "telling_words.toml").write_text('en = ["asylum"]\n')

    with pytest.raises(PromptError, match="no telling words for the language es"):
        Prompts.load(("es",), tmp_path)


def test_language_without_a_file_does_not_load() -> None:
    with pytest.raises(PromptError, match=r"no prompt file fr\.po"):
        Prompts.load(("fr",))


def test_app_does_not_start_with_a_broken_tree(
    settings: Settings, flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotline.app.build_flows", lambda *_: {"victim_line": too_many(flow)})

    with pytest.raises(TreeError, match=r"R20"):
        create_app(settings, office=make_office())


def test_drawings_show_every_step_of_every_tree(words: Prompts) -> None:
    for flow in build_flows(make_office()).values():
        diagram = as_mermaid(flow)
        assert diagram.startswith("flowchart LR")
        for name in flow.steps:
            assert f'["{name}"]' in diagram
            for language in words.languages:
                assert f"\n{name} (" in as_text(flow, words, language)


def test_drawing_says_where_the_gate_is(flow: Flow, words: Prompts) -> None:
    text = as_text(flow, words, "en")

    assert "case_menu (menu)  [verified callers only]" in text
    assert "main_menu (menu)\n" in text
    assert "at every step, 0: person" in text
