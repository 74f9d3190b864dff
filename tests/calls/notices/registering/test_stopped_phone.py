"""One of the phones of a registration said stop: the choices for the others go on (R28, R33)."""

from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import select

from models import Notice
from models.callbacks.follow_up import WRONG_PERSON
from models.overview.phone_stop import stop_phone
from models.store.database import keyring_of
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import SECOND, sweeps
from tests.calls.notices.registering.conftest import ASK, calls, changes, consents, registration
from tests.calls.notices.registering.test_new_phone import escapes, phone_id
from tests.calls.notices.registering.test_stories import has_another_phone
from tests.conftest import ON_SQLITE
from tests.factories import MadeCase
from tests.phone import CALLER, Phone

Texts = Callable[..., str]


def both_are_called(phone: Phone, case: MadeCase, hotline: Hotline) -> None:
    """The person registers both of their phones."""
    has_another_phone(hotline, case, SECOND)
    caller = changes(phone, case, "2", "1", "2")
    assert caller.hears("We will call your phones one after another")
    caller.hangs_up()


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (("4", "1", "1", "7186", "7186"), "Got it. When we call, we will first ask for your call code."),
        (("2", "3", "1"), "Got it. If they get out, we will call at any hour. For other changes"),
        (("2", "2", "2"), "Got it. We will not call between nine in the evening"),
        (("2", "4", "1"), "Got it. We will call at most 3 times a day."),
        (("3", "1", "1"), "Got it. We will leave no message. A machine may record our first words."),
    ],
)
def test_choices_for_the_phone_that_is_left_can_be_changed_after_a_stop(
    phone: Phone, case: MadeCase, hotline: Hotline, texts: Texts, keys: Sequence[str], said: str
) -> None:
    both_are_called(phone, case, hotline)
    texts("STOP", from_=SECOND)

    caller = calls(phone, case, "2", *ASK)
    assert caller.hears("We will call this phone when something changes")
    for key in ("2", *keys):
        caller.presses(key)

    assert caller.hears(said)


@ON_SQLITE
@pytest.mark.parametrize("lifted", [True, False])
def test_phone_that_a_wrong_person_answered_is_called_again_once_the_caller_lifts_it(
    phone: Phone, case: MadeCase, hotline: Hotline, lifted: bool
) -> None:
    both_are_called(phone, case, hotline)
    with hotline.database.transaction() as session:
        key = keyring_of(session).index("phone", SECOND)
        stop_phone(
            session, key, hotline.clock.now, hotline.policy, actor="liaison:1",
            outcome=WRONG_PERSON,
        )  # fmt: skip
    # Left stopped in this call, and the limit is set.
    caller = calls(phone, case)
    assert caller.hears("said that we had the wrong person")
    hotline.clock.passes(minutes=1)
    for key in ("1" if lifted else "2", *ASK, "2", "2", "4", "1"):
        caller.presses(key)
    assert caller.hears("at most 3 times a day")
    caller.hangs_up()

    assert {one.phone_id for one in consents(hotline)} == {
        phone_id(hotline, CALLER),
        phone_id(hotline, SECOND),
    }
    assert {one.cap_per_day for one in consents(hotline)} == {3}
    escapes(hotline, case)
    assert sorted(sweeps(hotline)) == ([CALLER, SECOND] if lifted else [CALLER])
    assert [one.state for one in hotline.rows(select(Notice))] == ["ringing"]


def test_caller_who_chooses_all_phones_keeps_the_stopped_one_among_them(
    phone: Phone, case: MadeCase, hotline: Hotline, texts: Texts
) -> None:
    both_are_called(phone, case, hotline)
    texts("STOP", from_=SECOND)

    caller = calls(phone, case, "2", *ASK, "2", "2", "1", "2")
    assert caller.hears("Got it. We will call your phones one after another")
    caller.hangs_up()

    assert {one.phone_id for one in consents(hotline)} == {
        phone_id(hotline, CALLER),
        phone_id(hotline, SECOND),
    }
    escapes(hotline, case)
    assert sweeps(hotline) == [CALLER]


def test_person_whose_only_phone_said_stop_has_another_one_called(
    phone: Phone, case: MadeCase, hotline: Hotline, texts: Texts
) -> None:
    changes(phone, case, "2", "4", "1").hangs_up()
    code_key = registration(hotline).code_key
    has_another_phone(hotline, case, SECOND)
    texts("STOP", from_=CALLER)

    caller = calls(phone, case, "2", *ASK, "1", from_=SECOND)

    assert caller.hears("Got it. We will call this phone when something changes.", "at most 3 times a day")
    assert [one.phone_id for one in consents(hotline)] == [phone_id(hotline, SECOND)]
    assert registration(hotline).code_key == code_key
