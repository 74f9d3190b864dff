"""The prompts page: every sentence by step of the call, and the search of their words."""

from hotline.console.office.prompt_steps import PROMPT_STEPS, STEP_OF
from hotline.console.office.prompt_words import GROUPS
from tests.console.conftest import Member


def test_each_group_of_prompts_is_in_exactly_one_step() -> None:
    groups = [group for step in PROMPT_STEPS for group in step.groups]

    assert len(groups) == len(set(groups)) == len(STEP_OF)
    assert set(groups) == set(GROUPS)
    assert len({step.key for step in PROMPT_STEPS}) == len(PROMPT_STEPS)


def test_every_prompt_is_shown_in_each_language_beside_the_other(liaison: Member) -> None:
    liaison.opens("/console/prompts?q=danger_line")

    assert liaison.reads("If you are in danger, hang up and call {emergency}.", "Si está en peligro")
    assert liaison.reads("10 words", "4.0 seconds", "score")
    assert liaison.page.xpath("//button[@data-language='es']/@data-play")[0].startswith("Si está en peligro")


def test_prompts_are_found_by_their_words_in_both_languages(liaison: Member) -> None:
    assert liaison.opens("/console/prompts?q=OPRIMA").reads("press", "oprima")
    # The words need not be next to each other, and an accent may be missing.
    assert liaison.opens("/console/prompts?q=emergency+esta").reads("danger_line")
    assert liaison.opens("/console/prompts?q=zebra").reads("No prompt has these words.", "0 of")


def test_one_step_of_the_call_is_shown_and_all_on_request(liaison: Member) -> None:
    liaison.opens("/console/prompts")
    assert [one.strip() for one in liaison.page.xpath("//summary/h2/text()")] == [
        "The danger line", "Choice of language", "Welcome", "Announcements of the day",
    ]  # fmt: skip

    liaison.clicks("Asking for a callback")
    assert liaison.reads("callback.express")
    assert not liaison.page.xpath("//h3[@id='p-danger_line']")

    liaison.clicks("All, for printing")
    assert (
        len(liaison.page.xpath("//article")) == len(liaison.page.xpath("//button[@data-language='es']")) > 200
    )
