"""The notice above every page: here that somebody was set away, and the way back (R36)."""

from typing import Any

from flask import Flask

from config.office import Office
from models.staff.set_away import note_miss
from models.store.database import Database
from tests.console.conftest import Clock
from tests.console.shell.test_every_route import routes
from workers.office_rules import policies_of

SET_AWAY = "You are set away. You missed 2 offers in a row, so your shift has ended."


def test_liaison_who_was_set_away_reads_it_on_every_page_and_is_back_by_one_click(
    app: Flask, staff: Any, database: Database, office: Office, clock: Clock
) -> None:
    ana = staff("supervisor", on_shift=True).signs_in()
    with database.transaction() as session:
        missed = [note_miss(session, ana.staff_id, clock(), policies_of(office)) for _ in range(2)]
        assert missed == [False, True]
    pages = [
        path
        for method, path, view in routes(app)
        if method == "GET" and view.guard == "staff" and not view.live and "supervisor" in view.roles
    ]
    assert len(pages) > 40
    for path in pages:
        answer = ana.opens(path)
        if answer.headers["Content-Type"].startswith("text/html"):
            assert answer.reads(SET_AWAY), path

    ana.opens("/console/cases").clicks("Begin my shift again")

    assert ana.reads("Your shift has begun", "You are on shift")
    assert not ana.opens("/console/cases").reads("You are set away.")
