"""Every code of a state, a reason, an outcome or an action has words that staff read."""

import ast
from pathlib import Path

from hotline.console.callbacks import list_rows
from hotline.console.callbacks import words as said
from hotline.console.cases import notice_words
from models.callbacks import appointment, callback
from models.callbacks.callback_state import MOVES, STATES, UNKNOWN_OUTCOMES
from models.notices import notice
from models.notices.staff_task import OUTCOME_PREFIX
from models.overview import history
from models.overview.outcome import OUTCOME_CODES
from models.overview.work_list import FILTERS

MODELS = Path(callback.__file__).parents[1]


def test_every_code_has_words() -> None:
    assert set(said.STATES) == set(STATES)
    assert set(list_rows.FILTER_NAMES) == set(FILTERS)
    assert set(list_rows.SHORT_REASONS) == set(callback.REASONS)
    assert set(list_rows.SHORT_OUTCOMES) <= set(said.OUTCOME_SENTENCES)
    assert set(said.REASONS) == set(callback.REASONS)
    assert set(said.OUTCOME_CHOICES) == set(OUTCOME_CODES)
    assert set(OUTCOME_CODES) <= set(said.OUTCOME_SENTENCES)
    assert set(said.CANCEL_NAMES) == set(appointment.CANCEL_REASONS)
    assert {f"{move}_callback" for move in MOVES} <= set(said.HAPPENED)
    assert set(history._LEGS.values()) <= set(said.HAPPENED)


def test_words_of_notices_are_those_of_outcomes_that_exist() -> None:
    written = {*notice.OUTCOMES, notice.LATE}
    of_tasks = {
        one.removeprefix(OUTCOME_PREFIX)
        for one in said.OUTCOME_SENTENCES
        if one != callback.NEWS_OVER and one.startswith(OUTCOME_PREFIX)
    }

    assert set(notice_words.WHY) == written - {"case_closed"}
    assert of_tasks <= written
    assert {f"{OUTCOME_PREFIX}{one}" for one in of_tasks} <= set(list_rows.SHORT_OUTCOMES)


def test_every_entry_about_a_callback_has_words() -> None:
    written = set()
    for path in MODELS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "audit.record":
                values = {keyword.arg: keyword.value for keyword in node.keywords}
                is_of_callback = "target" in values and "callback:" in ast.unparse(values["target"])
                if is_of_callback and isinstance(values["action"], ast.Constant):
                    written.add(values["action"].value)

    assert {"request_callback", "leave_message"} <= written
    assert written <= set(said.HAPPENED)


def test_every_outcome_that_a_model_writes_has_words() -> None:
    written = {
        keyword.value.value
        for path in MODELS.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "advance"
        for keyword in node.keywords
        if keyword.arg == "outcome" and isinstance(keyword.value, ast.Constant)
    }

    assert {"reached", "no_answer", "not_safe"} <= written
    assert written | {
        *UNKNOWN_OUTCOMES,
        "cannot_dial",
        "no_window",
        "no_safe_phone",
        "stopped",
        "phone_stopped",
    } <= set(said.OUTCOME_SENTENCES)
