"""Every route of the console with every role and with nobody: its guard decides who gets in."""

from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

from models.staff.staff import ROLES
from tests.conftest import ON_SQLITE
from tests.console.conftest import Browser, Member

# A guard decides before a view asks the database.
pytestmark = ON_SQLITE

OPEN = {
    "console.shell.choose_language",
    "console.shell.static_file",
    "console.sign_in.check_code",
    "console.sign_in.check_passkey",
    "console.sign_in.check_password",
    "console.sign_in.choose_password",
    "console.sign_in.prove_authenticator",
    "console.sign_in.prove_passkey",
    "console.sign_in.second_proof",
    "console.sign_in.set_up",
    "console.sign_in.sign_in",
}


def routes(app: Flask) -> list[tuple[str, str, Any]]:
    """Method, path with an unknown id, and view of each route of the console."""
    return [
        (method, _path(rule), app.view_functions[rule.endpoint])
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("console.")
        for method in sorted((rule.methods or set()) & {"GET", "POST"})
    ]


def _path(rule: Rule) -> str:
    with_ids = {name: 999_999 if name.endswith("id") else "none" for name in rule.arguments}
    path = rule.build({name: str(value) for name, value in with_ids.items()})
    assert path is not None
    return str(path[1])


def test_only_the_way_in_is_open(app: Flask) -> None:
    unguarded = {
        endpoint
        for endpoint, view in app.view_functions.items()
        if endpoint.startswith("console.") and getattr(view, "guard", None) != "staff"
    }

    assert unguarded == OPEN


def test_nobody_gets_in_without_signing_in(app: Flask) -> None:
    stranger = Browser(app)
    stranger.opens("/console/sign-in")
    token = stranger.token
    for method, path, view in routes(app):
        if view.guard == "open":
            continue
        if method == "GET":
            stranger.opens(path)
        else:
            stranger.sends(path, {"csrf_token": token})

        is_refused = stranger.status == 401 if view.live else stranger.heading == "Sign in"
        assert is_refused, f"{method} {path}"


@pytest.mark.parametrize("role", ROLES)
def test_page_is_refused_to_every_role_that_it_does_not_name(app: Flask, staff: Any, role: str) -> None:
    person: Member = staff(role).signs_in()
    person.opens("/console/my-first-page-of-none")
    token = person.token
    for method, path, view in routes(app):
        if view.guard == "open" or path == "/console/sign-out":
            continue
        # The answer itself: where it leads is another route of the list.
        answer = person.gets(path) if method == "GET" else person.posts(path, {"csrf_token": token})

        status = answer.status_code
        assert (status == 403) == (role not in view.roles), f"{method} {path} {status}"
        assert status < 500, f"{method} {path}"


def test_form_without_our_token_is_refused_on_every_route(app: Flask, staff: Any) -> None:
    people: dict[str, Member] = {role: staff(role).signs_in() for role in ROLES}
    for turn, (method, path, view) in enumerate(routes(app)):
        if method != "POST":
            continue
        # Any of the roles that may use the route, each in its turn.
        may = [role for role in ROLES if view.guard == "open" or role in view.roles]
        answer = people[may[turn % len(may)]].posts(path, {"csrf_token": "forged"})

        assert answer.status_code == 400, path
        assert "<h1>That did not work</h1>" in answer.text


@pytest.mark.parametrize("path", ["/console", "/console/", "/exchange", "/exchange/"])
def test_no_redirect_repeats_the_host_of_the_request(app: Flask, path: str) -> None:
    answer = app.test_client().get(path, headers={"Host": "elsewhere.example.net"})

    assert answer.status_code in {302, 303}
    assert "elsewhere" not in answer.headers["Location"]
