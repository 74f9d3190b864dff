"""Requests that no page of ours makes: ids beyond every column, a NUL in an address, a page of two lines."""

import re
from typing import Any

import pytest
from flask import Flask

from tests.console.conftest import Member

#: The first ids that are too large for the columns of PostgreSQL and of SQLite.
BEYOND = (2**31, 2**63)


def _addresses(app: Flask) -> list[tuple[str, str]]:
    """Method and pattern of each address of the console."""
    return [
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("console.")
        for method in sorted((rule.methods or set()) & {"GET", "POST"})
    ]


def test_id_too_large_for_a_column_is_a_page_that_does_not_exist(app: Flask, staff: Any) -> None:
    person: Member = staff("administrator").signs_in()
    person.opens("/console/account")
    token = person.token
    for turn, (method, pattern) in enumerate(_addresses(app)):
        id_ = str(BEYOND[turn % len(BEYOND)])
        path = re.sub(r"<\w+>", "password", re.sub(r"<int:\w+>", id_, pattern))
        if path == pattern:
            continue
        answer = person.gets(path) if method == "GET" else person.posts(path, {"csrf_token": token})

        assert answer.status_code == 404, f"{method} {path}"


def test_nul_in_an_address_is_refused_and_is_no_fault(app: Flask, staff: Any) -> None:
    person: Member = staff("supervisor").signs_in()
    for method, pattern in _addresses(app):
        if method == "GET" and "<" not in pattern:
            assert person.gets(f"{pattern}?what=a%00b").status_code == 400, pattern


@pytest.mark.parametrize("text", ["99999999999999999999", "-99999999999999999999", "x", "٣"])
def test_list_of_imports_from_nowhere_is_the_first_page(app: Flask, staff: Any, text: str) -> None:
    person: Member = staff("supervisor").signs_in()

    assert person.opens(f"/console/imports?before={text}").status == 200


def test_return_page_after_a_change_of_language_has_one_line(liaison: Member) -> None:
    liaison.opens("/console/account")
    liaison.sends(
        "/console/language",
        {"csrf_token": liaison.token, "language": "es", "page": "/console/\r\nSet-Cookie: a=b"},
    )

    assert (liaison.status, liaison.path) == (200, "/console/callbacks")
    assert "Set-Cookie" not in liaison.headers


def test_clicks_that_nobody_waits_for_leave_a_cookie_that_browsers_accept(
    app: Flask, liaison: Member
) -> None:
    liaison.opens("/console/account")
    token = liaison.token
    for _ in range(60):
        liaison.posts("/console/callbacks/999999/release", {"csrf_token": token})

    assert len(liaison.cookie().value) < 4000
    assert liaison.opens("/console/callbacks").reads("There is no such callback.")


def test_return_page_with_too_many_words_for_a_cookie_drops_them(staff: Any, app: Flask) -> None:
    person: Member = staff("supervisor")
    person.opens("/console/audit?who=" + "x" * 5000)
    assert person.heading == "Sign in"
    assert len(person.cookie().value) < 4000
