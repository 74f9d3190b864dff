"""What staff record about a talk besides its outcome, and to whom it is shown later (R37)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models import Callback, Talk
from models.outcomes.talk_facts import TalkFacts, needs_interpreter, which_need_interpreter
from models.overview.outcome import note_outcome
from models.store.database import Database
from tests.call_center import CallCenter
from tests.factories import MadeCase, make_callback, make_case, make_office, make_staff

PHONE = "+12025550110"


@pytest.fixture
def call_center(database: Database, now: datetime) -> CallCenter:
    return CallCenter(database, make_office(), now)


def talked(call_center: CallCenter, case: MadeCase | None, said: bool | None, **ago: float) -> int:
    """A talk that is over, in which somebody may have said whether the person needs an interpreter."""
    at = call_center.now - timedelta(**ago)
    with call_center.database.transaction() as session:
        callback = make_callback(
            session, case, phone=PHONE, state="reached", outcome="reached", talking_at=at, closed_at=at
        )
        session.scalars(select(Talk).filter_by(callback_id=callback.id)).one().needs_interpreter = said
        return callback.id


def is_shown(call_center: CallCenter, case: MadeCase | None, **facts: Any) -> bool:
    """The page of a callback and its row in the list say the same."""
    with call_center.database.transaction() as session:
        callback = make_callback(session, case, phone=PHONE, **facts)
        is_on_page = needs_interpreter(session, callback)
        assert which_need_interpreter(session, [callback.id]) == ({callback.id} if is_on_page else set())
        return is_on_page


def made(call_center: CallCenter) -> MadeCase:
    with call_center.database.transaction() as session:
        return make_case(session)


def test_last_talk_in_which_somebody_said_so_decides(call_center: CallCenter) -> None:
    case = made(call_center)
    assert not is_shown(call_center, case, state="cancelled", closed_at=call_center.now)
    talked(call_center, case, True, days=3)
    talked(call_center, case, None, days=2)
    assert is_shown(call_center, case, state="cancelled", closed_at=call_center.now)

    talked(call_center, case, False, days=1)

    assert not is_shown(call_center, case, state="cancelled", closed_at=call_center.now)


def test_callback_without_the_pin_does_not_tell_what_is_known_of_a_case(call_center: CallCenter) -> None:
    talked(call_center, made(call_center), True, days=1)
    assert not is_shown(call_center, None)

    talked(call_center, None, True, days=1)

    assert is_shown(call_center, None)
    assert not is_shown(call_center, made(call_center))


def test_outcome_keyed_on_a_phone_leaves_the_facts_that_were_saved_in_the_console(
    call_center: CallCenter,
) -> None:
    with call_center.database.transaction() as session:
        staff_id = make_staff(session).id
    callback_id = talked(call_center, made(call_center), None, minutes=1)
    facts = TalkFacts(needs_interpreter=True, safety_plan=True, referred_to=("crisis",))
    with call_center.database.transaction() as session:
        talk = session.scalars(select(Talk).filter_by(callback_id=callback_id)).one()
        talk.staff_id = staff_id
        for code, more in (("reached", facts), ("nobody_there", None)):
            note_outcome(session, talk, code, staff_id, call_center.now, call_center.policy, facts=more)

        assert (talk.outcome, talk.needs_interpreter, talk.safety_plan) == ("nobody_there", True, True)
        assert talk.referred_to == ["crisis"]
        assert session.get_one(Callback, callback_id).outcome == "nobody_there"
