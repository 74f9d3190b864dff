"""Requests that no page of ours makes: ids beyond every column, a NUL in an address, a page of two lines."""

import re
from typing import Any

import pytest
from flask import Flask

from tests.console.conftest import Member

#: The first ids that the columns of PostgreSQL and of SQLite do not hold.
BEYOND = (2**31, 2**63)


def _addresses(app: Flask) -> list[tuple[str, str]]:
    """Method and pattern of each address of the console."""
    return [
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("console.")
        for method in sorted((rule.methods or set()) & {"GET", "POST"})
    ]


@pytest.mark.parametrize("id_", BEYOND)
def test_an_id_that_no_column_holds_is_a_page_that_there_is_not(app: Flask, staff: Any, id_: int) -> None:
    person: Member = staff("administrator").signs_in()
    person.opens("/console/account")
    token = person.token
    for method, pattern in _addresses(app):
        path = re.sub(r"<\w+>", "password", re.sub(r"<int:\w+>", str(id_), pattern))
        if path == pattern:
            continue
        if method == "GET":
            person.opens(path)
        else:
            person.sends(path, {"csrf_token": token})

        assert person.status == 404, f"{method} {path}"


def test_a_nul_in_an_address_is_refused_and_is_no_fault(app: Flask, staff: Any) -> None:
    person: Member = staff("supervisor").signs_in()
    for method, pattern in _addresses(app):
        if method == "GET" and "<" not in pattern:
            assert person.opens(f"{pattern}?what=a%00b").status == 400, pattern


@pytest.mark.parametrize("text", ["99999999999999999999", "-99999999999999999999", "x", "٣"])
def test_a_list_of_imports_that_begins_nowhere_is_the_first(app: Flask, staff: Any, text: str) -> None:
    person: Member = staff("supervisor").signs_in()

    assert person.opens(f"/console/imports?before={text}").status == 200


def test_the_page_to_come_back_to_from_a_language_has_one_line(liaison: Member) -> None:
    liaison.opens("/console/account")
    liaison.sends(
        "/console/language",
        {"csrf_token": liaison.token, "language": "es", "page": "/console/\r\nSet-Cookie: a=b"},
    )

    assert (liaison.status, liaison.path) == (200, "/console/callbacks")
    assert "Set-Cookie" not in liaison.headers


def test_clicks_whose_answer_nobody_waits_for_leave_a_cookie_that_browsers_take(
    app: Flask, liaison: Member
) -> None:
    liaison.opens("/console/account")
    token = liaison.token
    for _ in range(60):
        liaison.posts("/console/callbacks/999999/release", {"csrf_token": token})

    assert len(liaison.cookie().value) < 4000
    assert liaison.opens("/console/callbacks").reads("There is no such callback.")


def test_a_page_with_more_words_than_a_cookie_holds_is_come_back_to_without_them(
    staff: Any, app: Flask
) -> None:
    person: Member = staff("supervisor")
    person.opens("/console/audit?who=" + "x" * 5000)
    assert person.heading == "Sign in"
    assert len(person.cookie().value) < 4000
