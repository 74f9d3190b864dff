"""Every change of a callback's state is one log line, once it is committed, with the id alone (R39)."""

import json
import logging

import pytest
from sqlalchemy import select

from config.logging import JsonLines
from models import Callback
from models.callbacks.callback import advance
from models.talks import leg as legs
from tests.call_center import CallCenter, accept


def _changes(caplog: pytest.LogCaptureFixture) -> list[tuple[int, str]]:
    found = [one for one in caplog.records if one.name == "models.store.change_log"]
    return [(vars(one)["callback_id"], vars(one)["state"]) for one in found]


def test_finished_callback_leaves_a_line_for_each_state_and_no_number(
    call_center: CallCenter, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    row_id = call_center.callback().id
    _, caller = accept(call_center)
    call_center.answers(caller)
    call_center.presses(caller, legs.join_caller)
    call_center.hangs_up(caller)

    states = ["ringing_liaison", "ringing_caller", "talking", "reached"]
    assert _changes(caplog) == [(row_id, state) for state in states]
    for record in caplog.records:
        if record.name == "models.store.change_log":
            line = json.loads(JsonLines("worker").format(record))
            assert set(line) == {"at", "level", "process", "logger", "message", "callback_id", "state"}
            assert line["message"] == "The callback changed its state."


def test_change_that_is_rolled_back_leaves_no_line(
    call_center: CallCenter, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    def cancels_and_breaks() -> None:
        with call_center.database.transaction() as session:
            row = session.scalars(select(Callback)).one()
            assert advance(session, row.id, "cancel", actor="caller:1", now=call_center.now)
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        cancels_and_breaks()
    assert _changes(caplog) == []
