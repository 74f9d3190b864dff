"""Two people decide about an import: apply or discard a held one, or take back a wrong one (R16, R40)."""

from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select

from models import AuditEntry, Case, Staff
from models.audit import audit
from models.custody.custody_status import NEUTRAL
from models.custody.imports.custody_import import resume
from models.notices.taking_back.retraction import resume_retractions
from models.store.database import Database
from tests.console.conftest import PASSWORD, Clock, Member, words
from tests.console.imports.files import held_import, newest_import, uploads
from tests.models.custody.feed import feed_row, load, open_cases, what_is_heard


def test_held_import_is_released_by_two_people_on_sessions_of_their_own(
    staff: Any, database: Database, clock: Clock
) -> None:
    cases = held_import(database, clock)
    ruth, sam = staff("supervisor").signs_in(), staff("administrator").signs_in()
    page = f"/console/imports/{newest_import(database)}/settle"
    ruth.opens(page).fills(way="release").clicks("Ask a second person")
    assert ruth.reads("You asked for this, so someone else must approve it.")
    assert "Approve: apply import" not in ruth.buttons

    sam.opens("/console/imports")
    assert sam.reads("Supervisor 1 asks to apply it.", "12 cases would hear something else.")
    sam.opens(page).clicks("Approve: apply import")
    assert sam.reads("You approved. The import is applied now.", "Approved 10:00 AM by you and Supervisor 1")
    resume(database, clock())

    assert what_is_heard(database, cases["A-0"], clock()).status == "released"
    ruth.opens(page)
    assert ruth.reads("Applied", "Approved 10:00 AM by you and Administrator 2")


def test_supervisor_who_reset_the_other_account_cannot_agree_and_the_attempt_is_kept(
    staff: Any, database: Database, clock: Clock
) -> None:
    cases = held_import(database, clock)
    ruth, sam = staff("supervisor").signs_in(), staff("administrator").signs_in()
    with database.transaction() as session:
        ids = {one.role: one for one in session.scalars(select(Staff))}
        audit.record(
            session,
            actor=ids["administrator"].email,
            action="reset_sign_in",
            target=f"staff:{ids['supervisor'].id}",
            now=clock(),
        )
    page = f"/console/imports/{newest_import(database)}/settle"
    ruth.opens(page).fills(way="release").clicks("Ask a second person")

    sam.opens(page)
    assert sam.reads("one of you set up or reset the other's account")
    assert "Approve: apply import" not in sam.buttons
    sam.sends(page.replace("settle", "agree"), {"csrf_token": sam.token, "way": "release"})

    assert sam.reads("You two may not approve this together")
    assert what_is_heard(database, cases["A-0"], clock()) is NEUTRAL
    with database.reading() as session:
        tried = select(AuditEntry.target).where(AuditEntry.action == "try_tied_approval")
        assert session.scalars(tried).all() == [f"import:{newest_import(database)}"]


def test_supervisor_who_asked_cannot_agree_by_a_forged_form(
    supervisor: Member, database: Database, clock: Clock
) -> None:
    held_import(database, clock)
    import_id = newest_import(database)
    supervisor.opens(f"/console/imports/{import_id}/settle").fills(way="release").clicks(
        "Ask a second person"
    )

    supervisor.sends(
        f"/console/imports/{import_id}/agree", {"csrf_token": supervisor.token, "way": "release"}
    )

    assert supervisor.reads("You asked for this. Someone else must settle it")


def test_slower_of_two_who_agree_at_once_reads_who_settled_it(
    staff: Any, database: Database, clock: Clock
) -> None:
    held_import(database, clock)
    page = f"/console/imports/{newest_import(database)}/settle"
    ruth, sam, eve = (staff("supervisor").signs_in() for _ in range(3))
    ruth.opens(page).fills(way="reject").clicks("Ask a second person")
    sam.opens(page)
    eve.opens(page)
    assert sam.opens(page.removesuffix("/settle")).reads("What callers would hear")

    sam.opens(page).clicks("Approve: discard import")
    # Callers hear none of it, and heard none.
    assert sam.reads(
        "Rejected", "What callers would have heard", "Discarded 10:00 AM by you and Supervisor 1"
    )
    eve.clicks("Approve: discard import")

    assert eve.reads("This import is no longer held. It was settled by Supervisor 1, Supervisor 2.")


def test_settling_asks_for_a_fresh_proof_of_identity(
    supervisor: Member, database: Database, clock: Clock
) -> None:
    held_import(database, clock)
    clock.goes_on(minutes=10)

    supervisor.opens(f"/console/imports/{newest_import(database)}/settle")

    assert not supervisor.reads("Ask a second person")


def test_proof_of_identity_in_between_continues_the_approval_of_an_import(
    staff: Any, database: Database, clock: Clock
) -> None:
    held_import(database, clock)
    ruth, sam = staff("supervisor").signs_in(), staff("administrator").signs_in()
    page = f"/console/imports/{newest_import(database)}/settle"
    ruth.opens(page).fills(way="reject").clicks("Ask a second person")
    sam.opens(page)
    clock.goes_on(minutes=6)

    sam.clicks("Approve: discard import").fills(password=PASSWORD).clicks("Continue")
    assert sam.heading == "Approve import request"
    sam.clicks("Approve import request")

    assert sam.reads("You approved. The import is discarded.", "Discarded 10:06 AM by you and Supervisor 1")


def _landed(database: Database, clock: Clock) -> dict[str, Any]:
    now = clock()
    cases = open_cases(database, "A-1")
    before = now - timedelta(hours=2)
    load(database, feed_row("A-1", as_of=before), now=before)
    load(database, feed_row("A-1", status="released", as_of=now), now=now)
    return cases


def test_wrong_import_is_taken_back_by_two_people_on_sessions_of_their_own(
    staff: Any, database: Database, clock: Clock
) -> None:
    cases = _landed(database, clock)
    ruth, sam = staff("supervisor").signs_in(), staff("administrator").signs_in()
    page = f"/console/imports/{newest_import(database)}"
    assert f"{page}/retract" in ruth.opens(page).links.values()
    ruth.opens(f"{page}/retract").clicks("Ask a second person")
    assert ruth.reads("You asked for this, so someone else must approve it.")
    assert "Approve: take back import" not in ruth.buttons

    # Callers hear the false news meanwhile, so every page on which a second person looks says it.
    clock.goes_on(seconds=5)
    waits = "Supervisor 1 asks to take it back. Callers hear it until a second person approves."
    assert waits in words(
        sam.opens("/console/wallboard").page.xpath("//section[.//h2='Needs a person now']")[0]
    )
    assert sam.links[f"Import {newest_import(database)}"] == f"{page}/retract"
    decide = f"Decide: take back import {newest_import(database)}"
    assert sam.opens("/console/imports").reads("To decide", waits)
    assert sam.links[decide] == f"{page}/retract"
    assert ruth.opens("/console/imports").reads("You asked for this, so someone else must approve it.")
    assert decide not in ruth.links
    ruth.clicks(f"See the request to take back import {newest_import(database)}")
    assert "Withdraw request" in ruth.buttons
    sam.opens(page)
    assert sam.reads("Supervisor 1 asks to take it back.")
    sam.opens(f"{page}/retract").clicks("Approve: take back import")
    assert sam.reads("You approved. The import is taken back now.", "Being taken back")
    resume_retractions(database, clock(), UTC)

    assert what_is_heard(database, cases["A-1"], clock()).status == "in_custody"
    clock.goes_on(seconds=5)
    assert waits not in ruth.opens("/console/wallboard").words
    ruth.opens(page)
    assert ruth.reads("Taken back", "What callers heard", "Taken back 10:00 AM by Supervisor 1, ")
    assert ruth.opens("/console/imports").reads("taken back by Supervisor 1, ")


def test_supervisor_who_reset_the_other_account_is_not_asked_to_decide(
    staff: Any, database: Database, clock: Clock
) -> None:
    _landed(database, clock)
    ruth, sam = staff("supervisor").signs_in(), staff("administrator").signs_in()
    with database.transaction() as session:
        ids = {one.role: one for one in session.scalars(select(Staff))}
        audit.record(
            session, actor=ids["administrator"].email, action="reset_sign_in",
            target=f"staff:{ids['supervisor'].id}", now=clock(),
        )  # fmt: skip
    ruth.opens(f"/console/imports/{newest_import(database)}/retract").clicks("Ask a second person")

    sam.opens("/console/imports")

    assert not sam.reads("Decide:")
    sam.clicks(f"See the request to take back import {newest_import(database)}")
    assert sam.reads("You cannot approve this request.")
    assert "Approve: take back import" not in sam.buttons


def test_page_says_who_is_told_that_a_file_was_wrong_and_how_many_callers_are_not(
    supervisor: Member, database: Database, clock: Clock
) -> None:
    case = _landed(database, clock)["A-1"]
    page = f"/console/imports/{newest_import(database)}/retract"
    assert supervisor.opens(page).reads("People who had a notice of its news and heard it get a call")
    assert not supervisor.reads("may have heard its news")

    # The person is not registered, enters the PIN and hears "released".
    with database.transaction() as session:
        session.get_one(Case, case.id).last_verified_at = clock() + timedelta(minutes=1)

    assert supervisor.opens(page).reads(
        "Nobody else is called. 1 other case had a call with the PIN since the file was applied, and may have"
    )


def test_supervisor_who_asked_to_take_back_an_import_cannot_agree_by_a_forged_form(
    supervisor: Member, database: Database, clock: Clock
) -> None:
    _landed(database, clock)
    page = f"/console/imports/{newest_import(database)}/retract"
    supervisor.opens(page).clicks("Ask a second person")

    supervisor.sends(f"{page}/agree", {"csrf_token": supervisor.token})

    assert supervisor.reads("You asked for this. Someone else must settle it")


def test_request_to_take_back_an_import_is_withdrawn(
    supervisor: Member, database: Database, clock: Clock
) -> None:
    cases = _landed(database, clock)
    supervisor.opens(f"/console/imports/{newest_import(database)}/retract").clicks("Ask a second person")

    supervisor.clicks("Withdraw request")

    assert supervisor.reads("The request is closed. The import still counts.")
    assert what_is_heard(database, cases["A-1"], clock()).status == "released"


def test_in_production_a_second_person_approves_what_the_first_applied(
    app: Flask, staff: Any, database: Database, clock: Clock
) -> None:
    """No sender has signed an uploaded file, so one person alone could have callers hear anything."""
    console = app.extensions["hotline.console"]
    app.extensions["hotline.console"] = replace(console, settings=replace(console.settings, env="production"))
    case = open_cases(database, "A-1")["A-1"]
    ada, sam = staff("administrator").signs_in(), staff("supervisor").signs_in()

    uploads(ada, feed_row("A-1", as_of=clock())).clicks("Apply import")
    resume(database, clock())

    assert ada.reads("It is held. A second person must approve it before it is applied.")
    assert what_is_heard(database, case, clock()) is NEUTRAL
    page = f"/console/imports/{newest_import(database)}/settle"
    ada.opens(page)
    assert ada.reads(
        "The file has no manifest that vouches for it, so a second person must approve it.",
        "You asked for this, so someone else must approve it.",
    )
    assert "Approve: apply import" not in ada.buttons
    sam.opens(page).clicks("Approve: apply import")
    assert sam.reads("You approved. The import is applied now.")
    resume(database, clock())
    assert what_is_heard(database, case, clock()).status == "in_custody"
