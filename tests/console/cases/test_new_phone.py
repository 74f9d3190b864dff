"""A phone that replaces an unsafe one hears nothing of its case for three days, or until staff know (R09)."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models import Phone
from models.store.database import Database
from tests.console.case_pages import actions, kept_case, verifies
from tests.console.conftest import Clock, Member
from tests.factories import MadeCase, make_callback

OLD, NEW = "+12025550110", "+12025550111"
KNOWN = "It is them: the case may be spoken of there"
REFUSED = "This phone replaced an unsafe one"


def binds(person: Member, number: str = NEW) -> None:
    """Add a phone and confirm it by its code."""
    person.clicks("Add a phone").fills(phone=number).clicks("Add the phone").clicks("Get a code")
    code = person.page.xpath("//p[contains(@class, 'spoken-code')]")[0].text_content().replace(" ", "")
    person.fills(code=code).clicks("Confirm the phone")
    assert person.reads("The phone is confirmed.")


def held(database: Database) -> list[bool]:
    """Whether content is held from each phone, in their order."""
    with database.reading() as session:
        phones = session.scalars(select(Phone).order_by(Phone.position)).all()
        return [one.content_held_until is not None for one in phones]


def talks(database: Database, case: MadeCase, staff_id: int, number: str) -> int:
    """A talk of this case that this person has in hand, at one of its phones."""
    with database.transaction() as session:
        return make_callback(
            session, case, phone=number, staff_id=staff_id, state="talking", recognized_by="agreed_word"
        ).id


@pytest.fixture
def case(liaison: Member, database: Database) -> MadeCase:
    """A case that is open to the liaison."""
    made = kept_case(database)
    verifies(liaison, made)
    return made


@pytest.mark.parametrize("order", ["unsafe first", "bound first"])
def test_phone_that_replaces_an_unsafe_one_opens_no_case_for_three_days(
    liaison: Member, staff: Any, case: MadeCase, database: Database, clock: Clock, order: str
) -> None:
    if order == "bound first":
        binds(liaison)
    liaison.clicks("Unsafe: stop calling it")
    if order == "unsafe first":
        binds(liaison)
    assert held(database) == [False, True]
    assert liaison.reads("Nothing of the case before")

    other: Member = staff("liaison").signs_in()
    callback = talks(database, case, other.staff_id, NEW)
    other.opens(f"/console/cases/{case.id}")
    assert other.reads("This case is not open to you.")
    other.opens(f"/console/callbacks/{callback}/words")
    assert other.status == 403
    assert other.reads(REFUSED)
    assert not other.reads("in custody")

    clock.goes_on(hours=73)
    other.signs_in().opens(f"/console/callbacks/{callback}/words")
    assert other.status == 200
    assert other.opens(f"/console/cases/{case.id}").reads("What may be said")


def test_liaison_who_knows_the_person_lets_the_case_be_talked_about_there(
    liaison: Member, staff: Any, case: MadeCase, database: Database
) -> None:
    liaison.clicks("Unsafe: stop calling it")
    binds(liaison)

    liaison.clicks(KNOWN)

    assert liaison.reads("The case may be spoken of there.")
    assert held(database) == [False, False]
    assert "vouch_for_phone" in actions(database)
    other: Member = staff("liaison").signs_in()
    talks(database, case, other.staff_id, NEW)
    assert other.opens(f"/console/cases/{case.id}").reads("What may be said")


def test_pin_alone_lets_nobody_vouch_for_the_new_phone(
    liaison: Member, staff: Any, case: MadeCase, database: Database
) -> None:
    liaison.clicks("Unsafe: stop calling it")
    binds(liaison)
    other: Member = staff("liaison").signs_in()
    talks(database, case, other.staff_id, "+12025550119")
    other.opens(f"/console/cases/{case.id}")
    assert KNOWN not in other.words

    with database.reading() as session:
        new = session.scalars(select(Phone.id).order_by(Phone.position.desc())).first()
    other.sends(f"/console/cases/{case.id}/phones/{new}/vouch", {"csrf_token": other.token})

    assert other.reads("first verify the person yourself")
    assert held(database) == [False, True]


def test_phone_that_replaces_none_hears_of_the_case_at_once(
    liaison: Member, staff: Any, case: MadeCase, database: Database, clock: Clock
) -> None:
    binds(liaison)
    assert held(database) == [False, False]
    with database.transaction() as session:
        session.scalars(select(Phone).where(Phone.position == 2)).one().confirmed_at = clock() - timedelta(
            days=9
        )

    liaison.opens(f"/console/cases/{case.id}").clicks("Unsafe: stop calling it")

    assert held(database) == [False, False]
