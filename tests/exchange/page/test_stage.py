"""What the page shows of the app is read from a file; a wrong one is refused by the name of its field."""

import json
from pathlib import Path
from typing import Any

import pytest

from hotline.exchange.page.stage import Stage, StageError, read_stage
from tests.exchange.small_exchange import STAGE

EXCHANGE, CONSOLE = (Path("hotline") / name / "static" for name in ("exchange/page", "console"))


def written(folder: Path, given: Any) -> Path:
    path = folder / "stage.json"
    path.write_text(json.dumps(given), encoding="utf-8")
    return path


def test_stage_that_is_written_is_read_as_it_was(tmp_path: Path) -> None:
    assert read_stage(written(tmp_path, STAGE.document())) == STAGE


def test_fields_that_are_left_out_are_those_of_any_app(tmp_path: Path) -> None:
    stage = read_stage(written(tmp_path, {"title": "My app"}))

    assert stage == Stage(title="My app")
    assert stage.phones
    assert stage.steps[0].dials


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ([], "the stage is not an object"),
        ({"titel": "A"}, "titel is not a field"),
        ({"title": 3}, "title is not text"),
        ({"phones": []}, "phones is empty"),
        ({"phones": [{"name": "A"}]}, "phones[0].number is missing"),
        ({"phones": [{"name": "A", "number": "555"}]}, "phones[0].number: type a number"),
        ({"steps": [{"title": "A", "text": "B", "dials": "yes"}]}, "steps[0].dials is not true or false"),
        ({"steps": [{"title": "A", "text": "B", "link": {"text": "C"}}]}, "steps[0].link.url is missing"),
        ({"cards": [{"says": "A", "keys": "12"}]}, "cards[0].keys is not a list"),
        ({"cards": [{"says": "A", "keys": ["12"]}]}, "cards[0].keys has not one entry"),
    ],
)
def test_wrong_stage_is_refused_by_the_name_of_its_field(tmp_path: Path, given: Any, why: str) -> None:
    with pytest.raises(StageError) as refused:
        read_stage(written(tmp_path, given))

    assert str(refused.value).startswith(why)


def test_stage_that_is_not_there_or_no_json_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="No such file"):
        read_stage(tmp_path / "none.json")
    (tmp_path / "stage.json").write_text("{")
    with pytest.raises(StageError, match="is not JSON"):
        read_stage(tmp_path / "stage.json")


def test_exchange_has_the_colors_and_sizes_of_the_console() -> None:
    tokens = (EXCHANGE / "tokens.css").read_text(encoding="utf-8").partition("*/")[2].strip()

    assert tokens in (CONSOLE / "console.css").read_text(encoding="utf-8")


def test_stage_in_the_documents_is_one(tmp_path: Path) -> None:
    words = Path("docs/developers/exchange.md").read_text(encoding="utf-8")
    example = words.partition("```json\n")[2].partition("```")[0]

    stage = read_stage(written(tmp_path, json.loads(example)))

    assert stage.cards[1].language == "de"
    assert stage.steps[1].command == "bin/ship 1001"
