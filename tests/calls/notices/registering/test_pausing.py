"""Calls about changes that are paused or stopped, or that end with their consent (R28, R33)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from models import Callback, Case, Registration
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import CODE, SECOND
from tests.calls.notices.registering.conftest import ASK, calls, consents, registers, registration
from tests.calls.notices.registering.test_new_phone import escapes, is_confirmed, is_unsafe
from tests.calls.stories import opens_the_case
from tests.conftest import ON_BOTH
from tests.factories import MadeCase
from tests.phone import CALLER, Phone
from workers.sweeper import sweep

MakeCase = Callable[..., MadeCase]


def test_pause_ends_by_itself_and_can_be_ended(phone: Phone, case: MadeCase, hotline: Hotline) -> None:
    registers(phone, case).hangs_up()
    caller = calls(phone, case, *ASK, "3", "1")
    assert caller.hears("We will not call about changes for now")
    caller.hangs_up()
    assert registration(hotline).paused_until == hotline.clock.now + timedelta(days=7)

    # The next call asks about the pause by itself.
    again = calls(phone, case, "2", *ASK)
    assert again.hears("We will not call about changes for now", "To start these calls again, press 1")
    again.presses("1")

    assert again.hears("The pause is over")
    assert registration(hotline).state == "standing"


def test_stopped_calls_can_be_asked_for_again(phone: Phone, case: MadeCase, hotline: Hotline) -> None:
    registers(phone, case).hangs_up()
    caller = calls(phone, case, *ASK, "3", "3")
    assert caller.hears("We will not call you about changes. You can start again at any time")
    caller.hangs_up()
    assert consents(hotline) == []

    # The next call asks about the stop by itself.
    calls(phone, case, "1", "1", CODE, CODE)

    assert [one.state for one in hotline.rows(select(Registration).order_by(Registration.id))] == [
        "stopped",
        "standing",
    ]


def test_staff_do_not_ask_at_a_phone_that_replaced_an_unsafe_one_who_stopped_the_calls(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    """Whoever had found out the PIN, and had her phone replaced by his own, was asked whether it was she."""
    theirs = "+12025550166"
    registers(phone, case).hangs_up()
    is_unsafe(hotline, case, CALLER)
    is_confirmed(hotline, case, theirs)
    calls(phone, case, *ASK, "4", "3", from_=theirs).hangs_up()
    sweep(hotline.database, hotline.jobs, hotline.carrier, hotline.office, hotline.clock.now)

    (task,) = hotline.rows(select(Callback).where(Callback.reason == "calls_stopped"))
    assert task.phone_key != hotline.database.keyring.index("phone", theirs)
    assert (task.state, task.outcome) == ("left_for_staff", "no_safe_phone")


@pytest.mark.parametrize("keys", [("3",), ("1",)], ids=["stopped for good", "paused for a week"])
def test_calls_that_somebody_with_the_pin_turned_off_are_noticed_by_staff_and_in_the_next_call(
    phone: Phone, case: MadeCase, hotline: Hotline, keys: tuple[str, ...]
) -> None:
    registers(phone, case).hangs_up()
    abuser = calls(phone, case, *ASK, "3", *keys, from_="+12025550166")
    # In the call itself they know.
    for key in ("1", "1", "1"):
        abuser.presses(key)
    assert abuser.hears("in custody", "as of")
    assert "were stopped or paused" not in abuser.heard_so_far
    abuser.hangs_up()
    hotline.clock.passes(hours=2)
    sweep(hotline.database, hotline.jobs, hotline.carrier, hotline.office, hotline.clock.now)
    (task,) = hotline.rows(select(Callback).where(Callback.reason == "calls_stopped"))
    assert (task.state, task.urgency, task.registrant_id) == ("left_for_staff", "other", case.registrant_id)

    caller = calls(phone, case)

    assert caller.hears(
        "The calls about changes were stopped or paused today. It may have been you."
        " To have these calls again, press 1. To leave it as it is, press 2."
    )
    # Whoever hangs up before they choose is asked again.
    caller.hangs_up()
    assert calls(phone, case).hears("were stopped or paused")


@pytest.mark.parametrize("key", ["1", "2"])
def test_way_back_leads_past_the_question_once_it_is_answered(
    phone: Phone, case: MadeCase, hotline: Hotline, key: str
) -> None:
    registers(phone, case).hangs_up()
    calls(phone, case, *ASK, "3", "1").hangs_up()
    hotline.clock.passes(hours=1)
    caller = calls(phone, case, key)
    assert caller.hears("For calls about changes, or to be called back, press 2")

    caller.presses("#")

    # Without the words before it nobody would know what "leave it as it is" leaves.
    assert caller.does_not_hear("To leave it as it is")
    assert caller.hears("To hear about your case, press 1")


def test_pause_is_over_at_the_key_for_these_calls(phone: Phone, case: MadeCase, hotline: Hotline) -> None:
    registers(phone, case).hangs_up()
    calls(phone, case, *ASK, "3", "1").hangs_up()
    hotline.clock.passes(hours=1)

    caller = calls(phone, case, "1")

    assert caller.hears(
        "The pause is over. We will call you when something changes.", "Your PIN was last used"
    )
    caller.hangs_up()
    kept = registration(hotline)
    assert (kept.state, kept.paused_until) == ("standing", None)
    assert "were stopped or paused" not in calls(phone, case).heard_so_far


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("1", "were paused on Wednesday, November 25. It may have been you. That pause is over."),
        ("2", "se pausaron el miércoles 25 de noviembre. Puede haber sido usted. Esa pausa ya terminó."),
    ],
    ids=["english", "spanish"],
)
def test_pause_that_ended_by_itself_is_told_and_nothing_is_asked(
    phone: Phone, case: MadeCase, hotline: Hotline, language: str, said: str
) -> None:
    registers(phone, case).hangs_up()
    calls(phone, case, *ASK, "3", "1", from_="+12025550166").hangs_up()
    hotline.clock.passes(days=9)

    caller = phone.another()
    opens_the_case(caller, case, language=language, from_=CALLER)

    assert caller.hears(said)
    assert "To have these calls again" not in caller.heard_so_far
    # They heard all of it again and hung up: somebody else may have been on the phone.
    caller.presses("*")
    caller.hangs_up()
    again = calls(phone, case)
    assert again.hears("That pause is over", "To hear it again, press 1")
    # A key after it: the next call does not tell of it, nor does this one again.
    again.presses("1")
    assert again.does_not_hear("That pause is over")
    again.hangs_up()
    assert "That pause is over" not in calls(phone, case).heard_so_far


def test_stopped_calls_are_asked_about_until_the_caller_agreed_again_or_said_no(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    registers(phone, case).hangs_up()
    calls(phone, case, *ASK, "3", "3").hangs_up()

    caller = calls(phone, case, "1")
    assert caller.hears(
        "These calls have stopped. To have them again, agree once more and choose a call code.",
        "To agree, press 1",
    )
    caller.presses("1")
    caller.hangs_up()
    again = calls(phone, case)
    assert again.hears("were stopped or paused", "To have these calls again, press 1")
    again.presses("1")
    again.presses("3")
    assert again.hears("We will not call you about changes")
    again.hangs_up()

    assert "were stopped or paused" not in calls(phone, case).heard_so_far


def test_key_for_these_calls_ends_no_pause_while_changes_wait_after_a_lost_pin(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    registers(phone, case).hangs_up()
    calls(phone, case, *ASK, "3", "1").hangs_up()
    with hotline.database.transaction() as session:
        held = session.get_one(Case, case.id)
        held.changes_held_until = hotline.clock.now + timedelta(hours=72)

    caller = calls(phone, case, "1")

    assert caller.does_not_hear("The pause is over")
    assert caller.hears("Your PIN was last used")
    caller.hangs_up()
    hotline.clock.passes(hours=73)
    assert calls(phone, case).hears("were stopped or paused")
    assert registration(hotline).state == "paused"


def test_pause_that_ends_without_a_phone_to_call_promises_no_call(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    registers(phone, case).hangs_up()
    calls(phone, case, *ASK, "3", "1").hangs_up()
    is_unsafe(hotline, case, CALLER)

    caller = calls(phone, case, "1")

    assert caller.hears("We have no phone left to call")
    assert caller.does_not_hear("We will call you when something changes")


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (("1",), "La pausa terminó. Le llamaremos cuando algo cambie."),
        (("3",), "Para tenerlas otra vez, acepte de nuevo y elija un código de llamadas."),
    ],
    ids=["paused", "stopped"],
)
def test_spanish_caller_hears_what_gives_these_calls_back(
    phone: Phone, case: MadeCase, keys: tuple[str, ...], said: str
) -> None:
    registers(phone, case).hangs_up()
    calls(phone, case, *ASK, "3", *keys).hangs_up()

    caller = phone.another()
    opens_the_case(caller, case, language="2", from_=CALLER)
    caller.presses("1")

    assert caller.hears(said)


@ON_BOTH
def test_caller_who_leaves_the_calls_stopped_is_told_once_and_staff_have_one_task(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    registers(phone, case).hangs_up()
    calls(phone, case, *ASK, "3", "1").hangs_up()
    calls(phone, case, "2", *ASK, "3").hangs_up()
    hotline.clock.passes(hours=2)
    for _ in range(2):
        sweep(hotline.database, hotline.jobs, hotline.carrier, hotline.office, hotline.clock.now)
        hotline.clock.passes(hours=2)

    caller = calls(phone, case)

    assert caller.hears("were stopped or paused")
    caller.presses("2")
    assert caller.hears("Your PIN was last used", "To choose a new PIN, press 4")
    caller.hangs_up()
    assert "were stopped or paused" not in calls(phone, case).heard_so_far
    assert len(hotline.rows(select(Callback).where(Callback.reason == "calls_stopped"))) == 1


@pytest.mark.parametrize(
    ("language", "asked", "offered", "leave", "after", "renew"),
    [
        (
            "1", "Please tell us soon if you still want calls about changes", "For calls about changes",
            "or for calls about changes, press 1", "For calls when something changes, press 3",
            "To keep these calls, press 1",
        ),
        (
            "2", "Díganos pronto si todavía quiere llamadas sobre cambios", "Para llamadas sobre cambios",
            "o para llamadas sobre cambios, oprima 1", "Para llamadas cuando algo cambie, oprima 3",
            "Para seguir con estas llamadas, oprima 1",
        ),
    ],
)  # fmt: skip
def test_person_with_an_open_callback_who_is_asked_again_finds_these_calls_by_the_keys_that_they_hear(
    phone: Phone,
    case: MadeCase,
    hotline: Hotline,
    language: str,
    asked: str,
    offered: str,
    leave: str,
    after: str,
    renew: str,
) -> None:
    """Behind "for calls about changes, press 2" nothing was said of them, and the consent ended."""
    registers(phone, case).hangs_up()
    hotline.clock.passes(days=350)
    calls(phone, case, "2", "1").hangs_up()
    caller = phone.another()
    opens_the_case(caller, case, language)
    assert caller.hears(asked, offered)

    caller.presses("2")
    assert caller.hears(leave)
    caller.presses("1")
    assert caller.hears(after)
    caller.presses("3")

    assert caller.hears(renew)


def test_consent_that_ends_is_asked_for_again_in_the_next_call(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    registers(phone, case).hangs_up()
    assert "still want calls" not in calls(phone, case).heard_so_far
    hotline.clock.passes(days=366)

    caller = calls(phone, case)
    assert caller.hears("Please tell us soon if you still want calls about changes", "press 2")
    for key in ASK:
        caller.presses(key)

    assert caller.hears(
        "have ended. We will not call until you choose to keep them", "To keep these calls, press 1"
    )
    caller.presses("1")
    assert caller.hears("We will go on calling you")
    assert "still want calls" not in calls(phone, case).heard_so_far
    assert registration(hotline).lapses_at == hotline.clock.now + timedelta(days=365)


def _consent_ends(hotline: Hotline, **after: float) -> None:
    with hotline.database.transaction() as session:
        kept = session.scalars(select(Registration)).one()
        kept.lapses_at = hotline.clock.now + timedelta(**after)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (("1",), "We will go on calling you"),
        (("2", "3", "1", "1"), "We will leave no message. A machine may record our first words"),
        (("3", "3"), "We will not call you about changes"),
    ],
    ids=["kept", "changed", "stopped"],
)
def test_staff_call_nobody_to_ask_who_has_answered_by_key(
    phone: Phone, case: MadeCase, hotline: Hotline, keys: tuple[str, ...], said: str
) -> None:
    registers(phone, case).hangs_up()
    _consent_ends(hotline, days=10)
    sweep(hotline.database, hotline.jobs, hotline.carrier, hotline.office, hotline.clock.now)
    asked = select(Callback).where(Callback.reason == "consent_ends")
    assert [task.state for task in hotline.rows(asked)] == ["left_for_staff"]

    caller = calls(phone, case, *ASK, *keys)

    assert caller.hears(said)
    assert [task.state for task in hotline.rows(asked)] == ["cancelled"]


@ON_BOTH
def test_staff_still_ask_about_the_other_case_whose_consent_ends(
    phone: Phone, case: MadeCase, hotline: Hotline, make_case: MakeCase
) -> None:
    other = make_case(custody_status="in_custody", facility="Stewart", phone=CALLER)
    with hotline.database.transaction() as session:
        session.get_one(Case, other.id).registrant_id = case.registrant_id
    for one in (case, other):
        registers(phone, one).hangs_up()
    with hotline.database.transaction() as session:
        for kept in session.scalars(select(Registration)):
            kept.lapses_at = hotline.clock.now + timedelta(days=10)
    sweep(hotline.database, hotline.jobs, hotline.carrier, hotline.office, hotline.clock.now)

    calls(phone, case, *ASK, "1").hangs_up()

    asked = select(Callback).where(Callback.reason == "consent_ends")
    assert sorted(task.state for task in hotline.rows(asked)) == ["cancelled", "left_for_staff"]


def test_consent_that_ended_in_a_pause_can_be_kept_in_it(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    registers(phone, case).hangs_up()
    calls(phone, case, *ASK, "3", "2").hangs_up()
    _consent_ends(hotline, days=10)
    hotline.clock.passes(days=20)

    caller = calls(phone, case, "2", *ASK)

    assert caller.hears(
        "These calls have ended. We will not call until you choose to keep them."
        " They are also paused. The pause ends on Friday, December 25. After that, this is how we will call.",
        "To keep these calls, press 1. To start these calls again, press 2. To leave it as it is, press 3",
    )
    assert caller.does_not_hear("The calls begin again")
    caller.presses("1")
    assert caller.hears("Got it", "The calls begin again on Friday, December 25")
    caller.hangs_up()
    assert registration(hotline).lapses_at == hotline.clock.now + timedelta(days=365)
    assert registration(hotline).state == "paused"


@pytest.mark.parametrize(
    ("language", "ended", "resumed"),
    [
        (
            "1",
            "They are also paused. The pause ends on Friday, December 25.",
            "The pause is over. We will call you when something changes.",
        ),
        (
            "2",
            "También están en pausa. La pausa termina el viernes 25 de diciembre.",
            "La pausa terminó. Le llamaremos cuando algo cambie.",
        ),
    ],
    ids=["english", "spanish"],
)
def test_phone_rings_once_calls_are_started_again_after_their_consent_ended(
    phone: Phone, case: MadeCase, hotline: Hotline, language: str, ended: str, resumed: str
) -> None:
    registers(phone, case).hangs_up()
    calls(phone, case, *ASK, "3", "2").hangs_up()
    _consent_ends(hotline, days=10)
    hotline.clock.passes(days=20)

    caller = phone.another()
    opens_the_case(caller, case, language=language, from_=CALLER)
    for key in ("2", *ASK):
        caller.presses(key)
    assert caller.hears(ended)
    caller.presses("2")

    assert caller.hears(resumed)
    caller.hangs_up()
    escapes(hotline, case)
    sweep(hotline.database, hotline.jobs, hotline.carrier, hotline.office, hotline.clock.now)
    assert hotline.rung() == [CALLER]


def test_pause_past_the_end_of_the_consent_names_both_ends(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    registers(phone, case).hangs_up()
    _consent_ends(hotline, days=10)

    caller = calls(phone, case, *ASK, "3", "2")

    assert caller.hears(
        "Got it. These calls end on Saturday, December 5, unless you choose to keep them."
        " They are also paused. The pause ends on Friday, December 25."
    )
    assert caller.does_not_hear("The calls begin again")
    # What they leave as it is has not changed.
    caller.hangs_up()
    assert calls(phone, case, "2", *ASK, "3").hears("We will keep it that way")


def test_pause_that_is_ended_when_no_phone_is_called_any_more_promises_no_call(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    registers(phone, case).hangs_up()
    calls(phone, case, *ASK, "3", "1").hangs_up()
    caller = calls(phone, case, "2", *ASK)
    is_unsafe(hotline, case, CALLER)

    caller.presses("1")

    assert caller.hears("We have no phone left to call")
    assert caller.does_not_hear("We will call you when something changes")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("1", "We will not call about changes for now. The pause ends on Saturday, December 5."),
        ("2", "Por ahora no le avisaremos de cambios. La pausa termina el sábado 5 de diciembre."),
    ],
    ids=["english", "spanish"],
)
def test_pause_while_no_phone_is_called_promises_no_calls_after_it(
    phone: Phone, case: MadeCase, hotline: Hotline, language: str, said: str
) -> None:
    registers(phone, case).hangs_up()
    is_unsafe(hotline, case, CALLER)
    is_confirmed(hotline, case, SECOND)
    hotline.clock.passes(days=3)
    caller = phone.another()
    opens_the_case(caller, case, language=language, from_=SECOND)
    for key in ASK:
        caller.presses(key)

    caller.presses("4")
    caller.presses("1")

    assert caller.hears(said)
    assert caller.does_not_hear("The calls begin again")
    caller.hangs_up()
    again = calls(phone, case, "2", *ASK, from_=SECOND)
    assert again.hears(
        "We will not call about changes for now. The pause ends on", "Now we call none of your phones"
    )
    assert again.does_not_hear("The calls begin again")
