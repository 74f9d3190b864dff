"""What `hotline serve` gives the page of the exchange: the demo's cases, and the words that ask for them."""

import stat

import pytest

from config.office import Office
from config.settings import Settings
from hotline.cli.serving.exchange_program import stage_file
from hotline.cli.serving.stage import stage_for, write_stage
from hotline.cli.serving.supervision import make_folders
from hotline.demo import DemoCase
from hotline.exchange.page.stage import Stage, read_stage
from ivr_flows.prompts import Prompts

CASES = [
    DemoCase("41000723", "739482", "en", "in custody"),
    DemoCase("27503183", "402857", "es", "in Spanish: in custody"),
]


@pytest.fixture
def stage(settings: Settings, office: Office) -> Stage:
    return stage_for(settings, office, CASES, "hotline staff sign-in-code", "hotline custody import")


def test_each_demo_case_is_a_card_with_its_number_and_pin(stage: Stage) -> None:
    assert [(one.keys, one.language) for one in stage.cards] == [
        (("41000723", "739482"), "en"),
        (("27503183", "402857"), "es"),
    ]
    assert [one.name for one in stage.card_keys] == ["Case number", "PIN"]


@pytest.mark.parametrize(("key", "prompt"), [(0, "ask_number"), (1, "ask_pin")])
@pytest.mark.parametrize("language", ["en", "es"])
def test_page_knows_the_words_in_which_the_line_asks(
    stage: Stage, key: int, prompt: str, language: str
) -> None:
    said = Prompts.load(["en", "es"]).text(language, prompt).lower()

    found = [at for at, one in enumerate(stage.card_keys) if any(word.lower() in said for word in one.asked)]
    assert found == [key]


def test_first_steps_go_on_to_the_last_key_of_each_call(stage: Stage) -> None:
    told = {step.title: step.text for step in stage.steps}

    assert "and 1 to confirm" in told["Hear a change"]
    assert "how you recognized the person" in told["Call somebody back from the console"]


def test_line_without_the_demo_has_no_cards_and_no_password(settings: Settings, office: Office) -> None:
    stage = stage_for(settings, office, [], "", "")

    assert stage.cards == ()
    assert "password" not in str(stage)
    assert [one.url for one in stage.links] == [f"{settings.public_url}/console/"]


def test_exchange_reads_the_stage_that_serve_wrote_for_its_owner_alone(
    settings: Settings, office: Office, stage: Stage
) -> None:
    make_folders(settings)

    write_stage(settings, office, CASES, "hotline staff sign-in-code", "hotline custody import")

    path = stage_file(settings)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_stage(path) == stage
