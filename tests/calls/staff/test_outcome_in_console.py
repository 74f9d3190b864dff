"""The outcome that a liaison saves in the console while, before or after the phone asks for it."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from models import Staff, Talk
from models.callbacks.case_words import may_open_case
from models.callbacks.claim import claim
from models.callbacks.recognition import recognize
from models.overview.outcome import note_outcome
from tests.calls.callbacks.test_callbacks import accepted_by, allows_a_message, asks_express
from tests.calls.conftest import Hotline
from tests.calls.staff.conftest import LIAISON, callbacks
from tests.conftest import ON_BOTH
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


@ON_BOTH
def test_click_corrects_a_key_at_the_same_moment_and_no_key_a_click(liaison: Phone, hotline: Hotline) -> None:
    callback_id = callbacks(hotline)[0].id
    has_read, keyed = threading.Event(), threading.Event()

    def clicks() -> None:
        with hotline.database.transaction() as session:
            talk = session.scalars(select(Talk).where(Talk.callback_id == callback_id)).one()
            has_read.set()
            # On SQLite the key waits for this transaction instead: it is then the second.
            keyed.wait(30 if hotline.database.engine.dialect.name == "postgresql" else 0)
            assert talk.staff_id is not None
            note_outcome(session, talk, "reached", talk.staff_id, hotline.clock.now, hotline.policy)

    click = threading.Thread(target=clicks)
    click.start()
    assert has_read.wait(30)
    liaison.presses("3")
    keyed.set()
    click.join(30)

    first, *later = callbacks(hotline)
    assert first.outcome == "reached"
    assert [row.state for row in later] in ([], ["cancelled"])


def saves_in_console(hotline: Hotline, code: str, agreed: datetime | None = None) -> None:
    """The leader of the last talk saves its outcome in the console; what follows waits for a worker."""
    with hotline.database.transaction() as session:
        talk = session.scalars(select(Talk).order_by(Talk.id.desc()).limit(1)).one()
        assert talk.staff_id is not None
        word, jobs = note_outcome(
            session, talk, code, talk.staff_id, hotline.clock.now, hotline.policy, call_at=agreed
        )
    assert word == "noted"
    for name, row_id in jobs:
        hotline.jobs.enqueue(name, row_id)


@ON_BOTH
def test_call_agreed_on_for_the_same_hour_twice_stays_with_the_colleague_who_claimed_it(
    liaison: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    liaison.hangs_up()
    agreed = hotline.clock.now + timedelta(hours=3)
    luis = make_staff(phone="+12025550171")
    saves_in_console(hotline, "call_later", agreed)
    with hotline.database.transaction() as session:
        claim(session, callbacks(hotline)[-1].id, luis.id, hotline.clock.now, hotline.policies)

    saves_in_console(hotline, "call_later", agreed)

    (_talked, later) = callbacks(hotline)
    assert (later.state, later.staff_id, later.next_attempt_at) == ("claimed", luis.id, agreed)
    # Another hour is another call.
    saves_in_console(hotline, "call_later", agreed + timedelta(hours=1))
    assert [row.state for row in callbacks(hotline)][1:] == ["cancelled", "requested"]


def test_person_who_was_recognized_is_to_be_recognized_again_in_the_call_that_follows(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    """Somebody else may pick up then, and key 1 is anybody's (R37)."""
    ana = make_staff(phone=LIAISON).id
    asks_express(phone, make_case(custody_status="in_custody"))
    liaison, to_caller = accepted_by(phone, hotline)
    called = phone.answers(to_caller)
    called.presses("1")
    with hotline.database.transaction() as session:
        recognize(session, callbacks(hotline)[0].id, ana, "agreed_word", hotline.clock.now)
    called.hangs_up()
    saves_in_console(hotline, "call_later", hotline.clock.now + timedelta(hours=3))
    liaison.hangs_up()
    hotline.clock.passes(hours=3)
    hotline.sweeps()
    _liaison, to_caller = accepted_by(phone, hotline)
    phone.answers(to_caller).presses("1")

    (talked, later) = callbacks(hotline)
    assert (talked.recognized_by, later.state) == ("agreed_word", "talking")
    assert not may_open_case(later, ana, hotline.clock.now, hotline.policies)


@pytest.mark.parametrize("keyed", ["", "2", "8"])
def test_liaison_who_saves_the_outcome_in_the_console_is_let_go_on_the_phone(
    liaison: Phone, hotline: Hotline, keyed: str
) -> None:
    """Their phone went on asking, and keys 2 and 1 there made "A message was left" of what was saved."""
    for one in keyed:
        liaison.presses(one)

    saves_in_console(hotline, "reached")
    hotline.jobs.works_off()

    assert liaison.hears("Thank you. It is saved. Goodbye.")
    assert liaison.is_over
    assert callbacks(hotline)[0].outcome == "reached"
    assert hotline.rows(select(Staff.wrap_up_until)) == [None]


def test_key_after_the_outcome_was_saved_in_the_console_changes_nothing_while_redis_is_down(
    liaison: Phone, hotline: Hotline
) -> None:
    hotline.jobs.is_down = True
    saves_in_console(hotline, "reached")

    liaison.presses("2")
    liaison.presses("1")

    assert liaison.hears("It is saved")
    assert liaison.is_over
    assert callbacks(hotline)[0].outcome == "reached"


def test_outcome_that_was_saved_before_the_phone_asks_is_not_asked_for(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=LIAISON)
    asks_express(phone, make_case(custody_status="in_custody"))
    allows_a_message(hotline)
    liaison, to_caller = accepted_by(phone, hotline)
    called = phone.answers(to_caller)
    called.presses("1")
    hotline.jobs.works_off()
    hotline.jobs.is_down = True
    called.hangs_up()
    saves_in_console(hotline, "message_left")
    hotline.jobs.is_down = False

    liaison.presses("*")

    assert liaison.does_not_hear("How did it end?")
    assert callbacks(hotline)[0].outcome == "message_left"


def test_liaison_who_keyed_the_outcome_corrects_it_in_the_console(liaison: Phone, hotline: Hotline) -> None:
    liaison.presses("2")
    liaison.presses("1")
    assert liaison.is_over

    saves_in_console(hotline, "reached")
    hotline.jobs.works_off()

    assert callbacks(hotline)[0].outcome == "reached"
