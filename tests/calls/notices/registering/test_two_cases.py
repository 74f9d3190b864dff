"""A call about a notice says after the code which case it is about, and tells of no other (R13, R30)."""

from collections.abc import Callable

import pytest

from models import Case, Registration, Subject
from tests import factories
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import CODE, FIRST, Registered, is_called, picks_up
from tests.phone import Phone

Registering = Callable[..., Registered]
#: The case numbers and what the line says of them, in the order of the calls.
ONE, OTHER = "41000723", "52000766"
SAID = {
    "en": "This is about your case number that ends in",
    "es": "Es sobre su número de caso que termina en",
}


def also_registered(
    hotline: Hotline, made: Registered, *, is_one_registrant: bool, code: str | None = None, **facts: str
) -> Registered:
    """Somebody with the same phone asks to be called about somebody else who is in custody."""
    with hotline.database.transaction() as session:
        other = factories.make_case(
            session, "returned_to_custody", number=OTHER, phone=FIRST, as_of=hotline.clock.now, **facts
        )
        if is_one_registrant:
            session.get_one(Case, other.id).registrant_id = made.case.registrant_id
            session.flush()
        return Registered(hotline, other, factories.make_registration(session, other, code=code).id)


@pytest.mark.parametrize(
    ("language", "code", "is_one_registrant"),
    [("en", CODE, True), ("es", None, True), ("es", CODE, False), ("en", None, False)],
    ids=["code, one registrant", "key alone, one registrant", "code, two registrants", "key alone, two"],
)
def test_person_with_two_cases_hears_who_is_out_and_who_is_in_custody(
    phone: Phone,
    registered: Registering,
    hotline: Hotline,
    language: str,
    code: str | None,
    is_one_registrant: bool,
) -> None:
    made = registered("released", language=language, code=code, number=ONE, phone={"may_answer": "anyone"})
    other = also_registered(hotline, made, is_one_registrant=is_one_registrant, code=code, language=language)
    opens = ["1"] if code is None else ["1", code]

    first = is_called(phone, made)
    for keys in opens:
        assert SAID[language] not in first.heard_so_far
        first.presses(keys)
    assert first.hears(f"{SAID[language]} 23")
    first.presses("1")
    assert first.hears("released" if language == "en" else "en libertad")
    first.presses("1")
    first.hangs_up()
    hotline.jobs.works_off()
    hotline.clock.passes(minutes=10)
    other.is_dialed("returned_to_custody")

    second = picks_up(phone.another(), hotline)
    for keys in opens:
        assert SAID[language] not in second.heard_so_far
        second.presses(keys)

    assert second.hears(f"{SAID[language]} 66", "custody" if language == "en" else "custodia")
    assert ONE not in first.heard_so_far
    assert OTHER not in second.heard_so_far


@pytest.mark.parametrize("code", [CODE, None], ids=["code", "key alone"])
@pytest.mark.parametrize("other", ["none", "one of a neighbor", "one of the same person"])
def test_call_sounds_alike_whatever_other_case_is_called_on_this_phone(
    phone: Phone, registered: Registering, hotline: Hotline, code: str | None, other: str
) -> None:
    """Who shares the phone, or answers it, would else learn that another case is called there."""
    made = registered("released", code=code, number=ONE)
    if other != "none":
        also_registered(hotline, made, is_one_registrant=other == "one of the same person", code="8024")
    made.is_dialed()

    called = picks_up(phone, hotline)
    for keys in ("1", "1") if code is None else ("1", CODE, "1"):
        called.presses(keys)

    assert called.hears("was released on Monday")
    assert called.heard_so_far.count(f"{SAID['en']} 23") == 1


def test_correction_says_which_case_was_told_wrongly(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("in_custody", number=ONE)
    also_registered(hotline, made, is_one_registrant=True, code=CODE)
    now = hotline.clock.now
    with hotline.database.transaction() as session:
        registration = session.get_one(Registration, made.registration_id)
        false = factories.make_notice(
            session, registration, factories.make_event(session, made.case.subject_id, "released", at=now),
            state="confirmed", confirmed_at=now, confirmed_by="call", closed_at=now, said_at=now,
        )  # fmt: skip
        false_id = false.id
    hotline.clock.passes(minutes=10)
    with hotline.database.transaction() as session:
        subject = session.get_one(Subject, made.case.subject_id)
        factories.make_custody_record(session, subject, "in_custody", as_of=hotline.clock.now)
    made.is_dialed("in_custody", corrects_id=false_id)

    called = picks_up(phone, hotline)
    for keys in ("1", CODE):
        called.presses(keys)

    assert called.hears(f"{SAID['en']} 23. What we told you today was wrong.", "in custody")
