"""A phone is changed in the moment in which a colleague saves how the talk with it went (R09, R31)."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from models import Callback, Phone, Talk
from models.callbacks.callback import locked
from models.overview.outcome import note_outcome
from models.store.database import Database, tried_again
from tests.console.case_pages import kept_case, verifies
from tests.console.conftest import Member
from tests.factories import NOW, make_callback


def leaves_no_message(person: Member) -> Member:
    """Save on the page of the phone that no message may be left there."""
    return person.clicks("How it is called").fills(voicemail_text="").clicks("Save")


def stops_calls(person: Member) -> Member:
    """Mark the phone unsafe."""
    return person.clicks("Unsafe: stop calling it")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (stops_calls, "The phone is marked unsafe. We do not call it any more."),
        # The line no longer calls it by then, and the form did not say so.
        (leaves_no_message, "Please look at this again"),
    ],
)
def test_phone_is_changed_while_a_colleague_saves_that_a_wrong_person_answered_there(
    liaison: Member,
    staff: Any,
    app: Flask,
    database: Database,
    changes: Callable[[Member], Member],
    said: str,
) -> None:
    colleague = staff("supervisor")
    case = kept_case(database)
    with database.transaction() as session:
        voicemail = {"voicemail_allowed": True, "voicemail_text": "please_call"}
        callback_id = make_callback(
            session, case, state="reached", outcome="reached", staff_id=colleague.staff_id,
            talking_at=NOW, closed_at=NOW, **voicemail,
        ).id  # fmt: skip
    verifies(liaison, case)
    policy = app.extensions["hotline.console"].callback_policy
    click = threading.Thread(target=changes, args=(liaison,))

    def saves() -> str:
        with database.transaction() as session:
            # Of two transactions that wait for each other the click's is always the one that is ended.
            session.execute(text("SET LOCAL deadlock_timeout = '60s'"))
            locked(session, callback_id)
            if not click.ident:
                click.start()
            waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            while click.is_alive() and not session.scalar(waits):
                click.join(0.01)
            mine = session.scalars(select(Talk)).one()
            return note_outcome(session, mine, "wrong_person", colleague.staff_id, NOW, policy)[0]

    assert tried_again(saves) == "noted"
    click.join(30)

    assert liaison.reads(said)
    with database.reading() as session:
        assert session.scalars(select(Phone.stopped_at)).one() == NOW
        assert session.get_one(Callback, callback_id).outcome == "wrong_person"
