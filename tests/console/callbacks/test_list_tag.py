"""A list that is open all day asks for what changed, and gets a few bytes where nothing did."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from config.office import Office as OfficeFile
from models import Staff
from models.audit import audit
from models.callbacks.callback_list import put_on_list
from models.staff.staff_session import StaffSession
from models.store.database import Database
from tests.console.callbacks.office import Office
from tests.console.conftest import Browser, Clock, Member
from workers.office_rules import callback_policy_of

PART = "/console/callbacks/part"


@pytest.fixture
def tag(liaison: Member, office_rows: Office) -> str:
    """The tag of a list that this liaison has open, and that answered 304 once."""
    office_rows.promises()
    tag: str = liaison.opens(PART).headers["ETag"]
    assert liaison.opens(PART, If_None_Match=tag).status == 304
    return tag


def test_change_is_shown_at_the_next_look(liaison: Member, tag: str, office_rows: Office) -> None:
    callback_id = office_rows.promises()
    liaison.opens(f"/console/callbacks/{callback_id}").clicks("Claim")

    assert liaison.opens(PART, If_None_Match=tag).status == 200


def test_callback_that_is_put_on_the_list_is_shown_at_the_next_look(
    liaison: Member, office_rows: Office, office: OfficeFile, clock: Clock, database: Database
) -> None:
    office_rows.promises(rank=1, due_at=clock() + timedelta(hours=9))
    callback_id = office_rows.promises(rank=None, due_at=clock() + timedelta(hours=8))
    tag = liaison.opens(PART).headers["ETag"]
    assert liaison.opens(PART, If_None_Match=tag).status == 304

    with database.transaction() as session:
        assert put_on_list(session, callback_id, clock(), callback_policy_of(office))

    assert liaison.opens(PART, If_None_Match=tag).status == 200
    assert re.findall(r'id="row-(\d+)"', liaison.text)[0] == str(callback_id)


def test_change_that_the_list_does_not_show_costs_no_rendering(
    liaison: Member, tag: str, database: Database, clock: Clock
) -> None:
    with database.transaction() as session:
        audit.record(session, actor="system", action="look", target="case:1", now=clock())

    assert liaison.opens(PART, If_None_Match=tag).status == 304


def test_row_that_two_people_see_alike_has_the_token_of_each(
    liaison: Member, supervisor: Member, tag: str
) -> None:
    tokens = [
        set(re.findall(r'name="csrf_token" value="([^"]+)"', who.opens(PART).text))
        for who in (liaison, supervisor)
    ]

    assert [len(one) for one in tokens] == [1, 1]
    assert tokens[0] != tokens[1]


def test_list_is_read_again_with_each_minute(liaison: Member, tag: str, clock: Clock) -> None:
    clock.goes_on(seconds=61)

    assert liaison.opens(PART, If_None_Match=tag).status == 200


def _signed_out(clock: Clock) -> Any:
    return update(StaffSession).values(ended_at=clock())


def _at_its_end(clock: Clock) -> Any:
    return update(StaffSession).values(ends_at=clock())


def _idle(clock: Clock) -> Any:
    return update(StaffSession).values(seen_at=datetime(2000, 1, 1, tzinfo=clock().tzinfo))


def _gone(clock: Clock) -> Any:
    return update(Staff).values(left_at=clock())


@pytest.mark.parametrize("ends", [_signed_out, _at_its_end, _idle, _gone])
def test_liaison_whose_session_is_over_is_told_even_if_nothing_changed(
    liaison: Member, tag: str, database: Database, clock: Clock, ends: Callable[[Clock], Any]
) -> None:
    with database.transaction() as session:
        session.execute(ends(clock))

    assert liaison.opens(PART, If_None_Match=tag).status == 401


def test_tag_of_a_list_is_useless_without_signing_in(app: Flask, tag: str) -> None:
    assert Browser(app).opens(PART, If_None_Match=tag).status == 401


def test_tag_of_a_list_is_useless_to_somebody_else(liaison: Member, supervisor: Member, tag: str) -> None:
    assert supervisor.opens(PART, If_None_Match=tag).status == 200


@pytest.mark.parametrize("query", ["urgent=1", "page=2", "opened=1"])
def test_another_filter_page_or_open_callback_is_another_request(
    liaison: Member, tag: str, query: str
) -> None:
    assert liaison.opens(f"{PART}?{query}", If_None_Match=tag).status == 200


def test_liaison_who_chooses_spanish_gets_the_list_in_spanish(
    liaison: Member, tag: str, database: Database
) -> None:
    liaison.opens("/console/callbacks").clicks("Español")

    assert liaison.opens(PART, If_None_Match=tag).status == 200
    assert "Tomar" in liaison.text


def test_liaison_who_chooses_spanish_in_another_browser_gets_the_list_in_spanish_here_too(
    app: Flask, liaison: Member, tag: str
) -> None:
    at_home = Member(app, liaison.staff_id, liaison.email, liaison.password).signs_in()
    at_home.opens("/console/callbacks").clicks("Español")

    assert liaison.opens(PART, If_None_Match=tag).status == 200
    assert "Tomar" in liaison.text
