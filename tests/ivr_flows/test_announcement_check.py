"""An office's announcements are checked like prompts: length, telling words, and how hard to read."""

from typing import Any

import pytest

from config.office import Office
from hotline.trees import office_problems
from ivr_flows.prompts import Prompts
from ivr_flows.review.readability import readability
from ivr_flows.verbs.announcement_verbs import sentences_of
from tests.factories import make_office

PROMPTS = Prompts.load(["en", "es"])
EASY = {"en": "The office is closed on Friday.", "es": "La oficina cierra el viernes."}


def announcing(*texts: dict[str, str], days: tuple[str, str] = ("2026-11-25", "2026-11-26")) -> Office:
    entries: list[Any] = [
        {"text": {**EASY, **text}, "first_day": days[0], "last_day": days[1]} for text in texts
    ]
    return make_office().with_changes({"announcements": entries})


def test_plain_words_are_announced() -> None:
    assert office_problems(announcing(EASY), PROMPTS) == []
    assert office_problems(make_office(), PROMPTS) == []


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ({"en": "We are closed " + "and closed " * 10 + "today."}, "1.text.en has a sentence over 20 words"),
        ({"en": "Call us about asylum."}, "1.text.en holds the telling word 'asylum' (R13)"),
        # A telling word of the other language tells as much.
        ({"en": "Ask for asilo."}, "1.text.en holds the telling word 'asilo' (R13)"),
        ({"es": "Llame sobre el menor."}, "1.text.es holds the telling word 'menor' (R13)"),
        (
            {"en": "Administrative verification necessitates institutional classification procedures."},
            "1.text.en is too hard to read",
        ),
        (
            {"es": "La verificación administrativa requiere clasificación institucional correspondiente."},
            "1.text.es is too hard to read",
        ),
        ({"en": "x" * 201}, "1.text.en has a sentence over 200 characters"),
        ({"en": "…"}, "1.text.en has nothing to say"),
    ],
)
def test_words_that_no_prompt_may_have_are_refused(text: dict[str, str], named: str) -> None:
    found = office_problems(announcing(text), PROMPTS)

    assert any(f"announcements entry {named}" in fault for fault in found), found


def test_announcements_of_one_day_take_twenty_seconds_together_and_those_of_other_days_do_not_count() -> None:
    fifty = {"en": "We are closed on this day. " * 8, "es": "No abrimos ese día. " * 8}
    one, two = announcing(fifty), announcing(fifty, fifty)
    later = announcing(fifty, days=("2026-11-27", "2026-11-28"))
    entries: Any = [*one.table["announcements"], *later.table["announcements"]]

    assert office_problems(one, PROMPTS) == []
    assert any("take 38 s together in en; at most 20 s" in fault for fault in office_problems(two, PROMPTS))
    assert office_problems(make_office().with_changes({"announcements": _plain(entries)}), PROMPTS) == []


def _plain(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**one, "first_day": str(one["first_day"]), "last_day": str(one["last_day"])} for one in entries]


def test_each_sentence_is_a_passage_of_its_own() -> None:
    assert list(sentences_of("We are closed.  Call again! ¿Es urgente? Llame.")) == [
        "We are closed.", "Call again!", "¿Es urgente?", "Llame.",
    ]  # fmt: skip
    assert list(sentences_of("  ")) == []


@pytest.mark.parametrize("language", ["en", "es"])
def test_score_equals_that_of_a_library_kept_by_others(language: str) -> None:
    """textstat needs a corpus of nltk, so it is no part of the line; here it checks our score."""
    # Takes a second, which only the process that runs this test should spend.
    import textstat

    textstat.set_lang(language)
    for text in PROMPTS.languages[language].texts.values():
        ours = readability(text, language)
        if ours is None:
            continue
        if language == "en":
            theirs = max(textstat.automated_readability_index(text), textstat.coleman_liau_index(text))
        else:
            theirs = textstat.crawford(text)
            assert ours.ease == pytest.approx(textstat.fernandez_huerta(text), abs=0.01)
        assert ours.years == pytest.approx(theirs, abs=0.01)


def test_text_without_words_and_language_without_a_formula_have_no_score() -> None:
    assert readability("…", "en") is None
    assert readability("Xin chào.", "vi") is None
