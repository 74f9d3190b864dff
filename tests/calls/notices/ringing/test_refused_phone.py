"""A registrant's phone that the carrier refuses while the account works stops no other call (R28, R39)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from models import Callback, Notice
from models.calls.pacing import refusals
from models.overview.trouble import troubles
from tests import factories
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import (
    CODE,
    FIRST,
    SECOND,
    Registered,
    misses,
    picks_up,
    ringing,
    sweeps,
    the_notice,
)
from tests.calls.stories import opens_the_case
from tests.factories import MadeCase
from tests.phone import Phone

Registering = Callable[..., Registered]
LIAISON, AFRAID, OTHER = "+12025550170", "+12025550199", "+12025550132"
#: A code of the carrier's that is not in the list of those about the called number.
REFUSED = 13224


@pytest.fixture
def refused(registered: Registering, hotline: Hotline) -> Callable[..., Registered]:
    """News is due, and the carrier refuses the person's first phone, and no other."""

    def make(kind: str, *phones: str) -> Registered:
        made = registered(kind, phones=phones or (FIRST,))
        made.is_due(kind)
        hotline.carrier.refuses_to[(phones or (FIRST,))[0]] = REFUSED
        return made

    return make


@pytest.fixture
def others(hotline: Hotline) -> Callable[[], None]:
    """A liaison, another one each time, is called for another person: the carrier accepts that call."""
    fresh = iter(range(40, 60))

    def call() -> None:
        with hotline.database.transaction() as session:
            number = f"+120255501{next(fresh)}"
            factories.make_staff(session, phone=number, email=f"{number}@example.org")
        asks_for_a_callback(hotline)
        # News that is not urgent takes a slot only if nobody else has asked for it.
        for seconds in (31, 5, 5):
            sweeps(hotline, seconds=seconds)

    return call


def asks_for_a_callback(hotline: Hotline, **facts: object) -> int:
    """Somebody with a PIN is to be called back; a liaison is on shift for them. Returns the callback's id."""
    now = hotline.clock.now
    facts = {"requested_at": now, "next_attempt_at": now, "due_at": now + timedelta(hours=1), **facts}
    with hotline.database.transaction() as session:
        return factories.make_callback(session, factories.make_case(session), **facts).id


def comes_on_shift(hotline: Hotline) -> None:
    """A liaison is there to be called."""
    with hotline.database.transaction() as session:
        factories.make_staff(session, phone=LIAISON)


def is_refused(hotline: Hotline) -> bool:
    """Whether the office takes the whole account for refused."""
    with hotline.database.reading() as session:
        return bool(refusals(session))


def asked(hotline: Hotline, number: str = FIRST) -> int:
    """How often the carrier was asked to call this phone."""
    return hotline.carrier.asked_for.count(number)


def talks_to_the_afraid(phone: Phone, hotline: Hotline) -> None:
    """The liaison accepts, and the person who is called back talks with them."""
    liaison = phone.another().answers(ringing(hotline, LIAISON))
    liaison.presses("1")
    hotline.jobs.works_off()
    person = picks_up(phone.another(), hotline, AFRAID)
    person.presses("1")
    assert person.is_talking


def test_afraid_person_is_called_and_talks_while_news_waits_for_a_refused_phone(
    phone: Phone, refused: Callable[..., Registered], hotline: Hotline
) -> None:
    """The liaison accepted each time and heard "We could not connect you now", and nobody was called."""
    comes_on_shift(hotline)
    refused("released", FIRST, SECOND)
    asks_for_a_callback(hotline, urgency="urgent", reason="afraid", phone=AFRAID)
    sweeps(hotline)
    liaison = phone.another().answers(ringing(hotline, LIAISON))
    liaison.presses("1")
    hotline.jobs.works_off()
    assert liaison.hears("We could not connect you now"), "once: then it is known whose phone it is"
    liaison.hangs_up()

    sweeps(hotline, seconds=31)

    assert not is_refused(hotline)
    talks_to_the_afraid(phone, hotline)
    assert (the_notice(hotline).state, the_notice(hotline).tries) in {("waiting", 0), ("ringing", 0)}


def test_second_phone_rings_when_the_carrier_refuses_the_first_alone(
    phone: Phone, refused: Callable[..., Registered], hotline: Hotline
) -> None:
    refused("released", FIRST, SECOND)
    sweeps(hotline)
    assert is_refused(hotline), "nothing else was called, so this may be the account"

    assert sweeps(hotline, seconds=31) == [SECOND]

    assert not is_refused(hotline)
    called = picks_up(phone, hotline, SECOND)
    for keys in ("1", CODE, "1", "1"):
        called.presses(keys)
    assert the_notice(hotline).state == "confirmed"
    assert asked(hotline) == 1


def test_refused_phone_is_tried_ever_more_seldom_and_the_second_every_half_hour(
    phone: Phone, refused: Callable[..., Registered], hotline: Hotline
) -> None:
    """The carrier was asked for the first phone every half minute, and never for the second."""
    refused("released", FIRST, SECOND)
    rung = 0

    for _ in range(35):
        if SECOND in sweeps(hotline, minutes=2):
            misses(phone, hotline, SECOND)
            rung += 1

    assert asked(hotline) == 6, "in its two turns, and then after 2, 4, 8 and 16 minutes"
    assert rung == 3, "at once, and every 30 minutes"
    assert (the_notice(hotline).tries, the_notice(hotline).task) == (3, "refused"), "a refusal spends no try"
    hotline.carrier.refuses_to.clear()
    assert sweeps(hotline, minutes=32) == [SECOND]
    misses(phone, hotline, SECOND)
    assert sweeps(hotline, minutes=2) == [FIRST]


def test_staff_are_to_reach_the_person_whose_phone_stays_refused(
    refused: Callable[..., Registered], hotline: Hotline, others: Callable[[], None]
) -> None:
    """Ordinary news waited at its phone with no try, no task and nobody who heard of it."""
    refused("transferred")
    for _ in range(2):
        others()
    assert (asked(hotline), the_notice(hotline).task) == (2, None)

    for _ in range(3):
        sweeps(hotline, minutes=3)

    notice = the_notice(hotline)
    assert (notice.state, notice.task, notice.tries) == ("waiting", "refused", 0), "the line goes on as well"
    (task,) = hotline.rows(select(Callback).where(Callback.reason == "notice"))
    assert task.outcome == "notice_refused"


def test_another_person_hears_the_hour_while_one_phone_is_refused(
    phone: Phone,
    refused: Callable[..., Registered],
    hotline: Hotline,
    make_case: Callable[..., MadeCase],
    others: Callable[[], None],
) -> None:
    """They heard "Our calls do not go out right now", which was untrue."""
    comes_on_shift(hotline)
    refused("transferred")
    case = make_case(phone=OTHER)
    for _ in range(2):
        others()

    opens_the_case(phone, case, from_=OTHER)
    for key in ("2", "1"):
        phone.presses(key)

    assert phone.hears("We will call you no later than")
    assert phone.does_not_hear("Our calls do not go out")


def test_two_refused_phones_do_not_stop_the_office_in_turn(
    refused: Callable[..., Registered], hotline: Hotline, others: Callable[[], None]
) -> None:
    refused("transferred", FIRST)
    refused("transferred", OTHER)
    for _ in range(4):
        others()
    before = asked(hotline), asked(hotline, OTHER)

    for _ in range(6):
        sweeps(hotline, minutes=2)
        assert not is_refused(hotline)

    assert asked(hotline) > before[0], "they are tried again"
    assert asked(hotline, OTHER) > before[1], "they are tried again"


def test_probe_of_a_refused_account_is_another_persons_news_than_the_refused_one(
    registered: Registering, refused: Callable[..., Registered], hotline: Hotline
) -> None:
    """An escape at a refused phone was the probe each time, and all other news waited behind it."""
    refused("escaped", FIRST)
    sweeps(hotline)
    registered("transferred", phones=(OTHER,)).is_due("transferred")

    assert sweeps(hotline, seconds=31) == [OTHER]
    assert not is_refused(hotline)


def test_phone_refused_in_its_turn_does_not_delay_the_other_by_half_an_hour(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    registered("released", phones=(FIRST, SECOND)).is_due()
    for number, minutes in ((FIRST, 0), (SECOND, 30)):
        sweeps(hotline, minutes=minutes)
        misses(phone, hotline, number)
    hotline.carrier.refuses_to[FIRST] = REFUSED
    sweeps(hotline, minutes=30)

    assert sweeps(hotline, seconds=31) == [SECOND]
    assert the_notice(hotline).tries == 2


def test_refused_account_stays_named_and_spends_nothing_though_each_phone_was_refused_before(
    registered: Registering, hotline: Hotline
) -> None:
    registered("released", phones=(FIRST, SECOND)).is_due()
    registered("released", phones=(OTHER,)).is_due()
    hotline.carrier.refuses_calls = 20003

    for _ in range(20):
        sweeps(hotline, seconds=31)
        assert is_refused(hotline)

    assert set(hotline.carrier.asked_for) == {FIRST, SECOND, OTHER}
    assert len(hotline.carrier.asked_for) == 20, "one probe every 30 s"
    assert [(one.tries, one.task, one.state) for one in hotline.rows(select(Notice))] == [
        (0, None, "waiting"), (0, None, "waiting")
    ]  # fmt: skip
    with hotline.database.reading() as session:
        assert [one.name for one in troubles(session, hotline.clock.now)] == ["calls"]

    hotline.carrier.refuses_calls = None
    for _ in range(3):
        sweeps(hotline, seconds=31)
    assert OTHER in hotline.rung()
    assert {FIRST, SECOND} & set(hotline.rung())


def asks_afraid(phone: Phone, case: MadeCase | None, language: str = "1") -> Phone:
    """A whole call from the first phone, with the PIN or without: somebody is afraid and wants a call."""
    caller = phone.another()
    if case is None:
        caller.dials_in(from_=FIRST)
        for key in (language, "2", "1"):
            caller.presses(key)
    else:
        opens_the_case(caller, case, language, from_=FIRST)
        caller.presses("2")
    if "afraid" in caller.heard or "miedo" in caller.heard:
        caller.presses("3")
    caller.hangs_up()
    return caller


def accepts_in_vain(phone: Phone, hotline: Hotline, minutes: int) -> int:
    """Time passes, and the liaison accepts each time that they are called; how often nobody was connected."""
    vain = 0
    for _ in range(minutes * 2):
        sweeps(hotline, seconds=30)
        for call in [one for one in hotline.carrier.ringing if one.to == LIAISON]:
            liaison = phone.another().answers(call)
            liaison.presses("1")
            hotline.jobs.works_off()
            vain += "We could not connect you" in liaison.heard_so_far
            liaison.hangs_up()
    return vain


@pytest.mark.parametrize("has_pin", [True, False], ids=["with the PIN", "without the PIN"])
def test_callback_to_a_phone_that_stays_refused_is_given_to_staff_within_the_hour(
    phone: Phone, registered: Registering, hotline: Hotline, has_pin: bool
) -> None:
    """After four hours liaisons had accepted it 11 times in vain, and nobody else was to call."""
    comes_on_shift(hotline)
    made = registered("in_custody", phones=(FIRST, SECOND))
    hotline.carrier.refuses_to[FIRST] = REFUSED
    asks_afraid(phone, made.case if has_pin else None)

    vain = accepts_in_vain(phone, hotline, minutes=60)

    assert vain == 3, "once as the account, and twice as this phone"
    (left,) = hotline.rows(select(Callback))
    assert (left.state, left.outcome, left.caller_tries) == ("left_for_staff", "cannot_dial", 0)
    assert not is_refused(hotline)


def test_callback_to_a_phone_that_is_refused_once_more_and_then_taken_is_made_by_the_line(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    comes_on_shift(hotline)
    made = registered("in_custody")
    hotline.carrier.refuses_to[FIRST] = REFUSED
    asks_afraid(phone, made.case)
    assert accepts_in_vain(phone, hotline, minutes=2) == 2

    hotline.carrier.refuses_to.clear()
    while not hotline.rung():
        sweeps(hotline, seconds=30)
    phone.another().answers(ringing(hotline, LIAISON)).presses("1")
    hotline.jobs.works_off()
    person = picks_up(phone.another(), hotline, FIRST)
    person.presses("1")

    assert person.is_talking


@pytest.mark.parametrize("language", ["1", "2"])
def test_person_whose_phone_is_refused_alone_hears_no_hour_when_they_ask_again(
    phone: Phone, registered: Registering, hotline: Hotline, language: str
) -> None:
    comes_on_shift(hotline)
    made = registered("in_custody", phones=(FIRST, SECOND))
    hotline.carrier.refuses_to[FIRST] = REFUSED
    first = asks_afraid(phone, made.case, language)
    accepts_in_vain(phone, hotline, minutes=20)

    again = asks_afraid(phone, made.case, language)
    stranger = asks_afraid(phone, None, language)

    hour = {"1": "no later than", "2": "a más tardar"}[language]
    assert hour in first.heard_so_far
    assert {"1": "we cannot say when", "2": "no podemos decir cuándo"}[language] in again.heard_so_far
    assert "988" in again.heard_so_far
    assert hour not in again.heard_so_far
    assert hour in stranger.heard_so_far, "without the PIN a first request is heard, whatever was tried (R35)"
    assert accepts_in_vain(phone, hotline, minutes=20) <= 2, "it is known whose phone it is"


def test_person_whose_phone_news_found_refused_hears_no_hour_at_all(
    phone: Phone, refused: Callable[..., Registered], hotline: Hotline, others: Callable[[], None]
) -> None:
    """Four calls about the news had been refused, and the line promised the hour."""
    made = refused("released")
    for _ in range(2):
        others()
    sweeps(hotline, minutes=3)
    assert not is_refused(hotline)

    caller = phone.another()
    opens_the_case(caller, made.case, from_=FIRST)
    for key in ("1", "2", "1"):
        caller.presses(key)

    assert "we cannot say when" in caller.heard_so_far
    assert "no later than" not in caller.heard_so_far
