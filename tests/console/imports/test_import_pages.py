"""Imports in the console: upload a file, preview it, apply it; two people settle an import that is held."""

import io
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select

from models import AuditEntry, CustodyImport, ImportRow, Notice, Registration, Staff
from models.audit import audit
from models.custody.custody_import import resume
from models.custody.custody_status import NEUTRAL
from models.custody.import_paging import page_held
from models.notices.spreading import spread
from models.notices.taking_back.retraction import resume_retractions
from models.store.database import Database
from tests.console.conftest import PASSWORD, Clock, Member
from tests.factories import make_import, make_policies
from tests.models.custody.feed import feed_file, feed_row, load, open_cases, what_is_heard


def _uploads(person: Member, *rows: dict[str, str], raw: bytes | None = None, **fields: str) -> Member:
    person.opens("/console/imports/upload")
    data: dict[str, Any] = {"csrf_token": person.token, "full": "0", **fields}
    content = feed_file(*rows).read() if raw is None else raw
    # Made by hand: the test client would put a large form into a file of its own.
    parts = [
        f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in data.items()
    ]
    head = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="feed.csv"\r\n\r\n'
    person.sends_body(
        "/console/imports/upload",
        b"".join((*parts, head, content, b"\r\n--edge--\r\n")),
        "multipart/form-data; boundary=edge",
    )
    return person


def _import_id(database: Database) -> int:
    with database.reading() as session:
        return session.scalars(select(CustodyImport.id).order_by(CustodyImport.id.desc())).first() or 0


def _held(database: Database, clock: Clock, number: int = 12) -> dict[str, Any]:
    now = clock()
    cases = open_cases(database, *(f"A-{n}" for n in range(number)))
    load(
        database, *(feed_row(n, as_of=now - timedelta(hours=2)) for n in cases), now=now - timedelta(hours=2)
    )
    load(database, *(feed_row(n, status="released", as_of=now) for n in cases), now=now)
    return cases


def test_notices_of_an_import_are_counted_by_their_news_and_name_nobody(
    supervisor: Member, database: Database, clock: Clock
) -> None:
    cases = open_cases(database, "A-1", "A-2")
    load(database, feed_row("A-1"), feed_row("A-2"), now=clock())
    with database.transaction() as session:
        for case in cases.values():
            session.add(
                Registration(
                    case_id=case.id, made_at=clock(), made_by="caller", lapses_at=clock() + timedelta(days=9)
                )
            )
    now = clock() + timedelta(minutes=5)
    rows = [feed_row(one, status="released", status_at=now, as_of=now) for one in ("A-1", "A-2")]
    load(database, *rows, now=now)
    with database.transaction() as session:
        spread(session, now, 50)
        told, waits = session.scalars(select(Notice).order_by(Notice.id)).all()
        told.state, waits.state, waits.paged_level = "confirmed", "left_for_staff", 1

    supervisor.opens(f"/console/imports/{_import_id(database)}").clicks("Notices of this import")

    assert supervisor.reads("Made2", "The line calls0", "Reach the person1", "Confirmed1", "Escalated1")
    assert "released201101" in supervisor.words
    assert not any("/console/cases/" in link for link in supervisor.links.values())
    supervisor.opens("/console/imports/1/notices")
    assert supervisor.reads("This import led to no notices.")


def test_file_is_uploaded_previewed_and_applied(
    administrator: Member, database: Database, clock: Clock
) -> None:
    cases = open_cases(database, "A-1", "A-2")

    _uploads(administrator, feed_row("A-1"), feed_row("A-2", status="released"), feed_row("A-3", as_of=""))

    assert administrator.heading == "Import 1"
    assert administrator.reads("Waits for your decision", "2 cases would hear something else.", "as_of: 1")
    assert administrator.reads("cannot be confirmed → becomes in custody", "becomes released")
    assert what_is_heard(database, cases["A-1"], clock()) is NEUTRAL

    administrator.clicks("Apply import")
    assert administrator.reads("The import is applied now.", "Applying")
    resume(database, clock())
    administrator.opens(administrator.path)

    assert administrator.reads("Applied")
    assert what_is_heard(database, cases["A-2"], clock()).status == "released"


def test_no_reason_of_the_gate_is_on_any_page(administrator: Member, database: Database) -> None:
    open_cases(database, "A-1", "A-2")
    secret = "a-reason-that-nobody-may-read"
    _uploads(
        administrator,
        feed_row("A-1", section_1367=secret),
        feed_row("A-2", asylum_related=secret, as_of="x"),
    )
    import_id = _import_id(database)

    for page in ("", "/people", "/rejects", "/calls"):
        administrator.opens(f"/console/imports/{import_id}{page}")
        assert administrator.status == 200
        assert secret not in administrator.text
        assert not administrator.reads("1367")
        assert not administrator.reads("asylum")


def test_denied_status_reads_like_an_unknown_one(administrator: Member, database: Database) -> None:
    open_cases(database, "A-1", "A-2")
    _uploads(administrator, feed_row("A-1", status="released", adult="no"), feed_row("A-2", status="unknown"))

    administrator.opens(f"/console/imports/{_import_id(database)}/people")

    rows = [" ".join(row.text_content().split()) for row in administrator.page.xpath("//tbody/tr")]
    assert [row.split("First record")[1].split("case")[0].strip() for row in rows] == [
        "cannot be confirmed"
    ] * 2


def test_people_are_shown_by_number_and_cases_and_never_by_name(
    administrator: Member, database: Database
) -> None:
    made = open_cases(database, *(f"A-{n}" for n in range(30)))
    _uploads(administrator, *(feed_row(name) for name in made))
    administrator.opens(f"/console/imports/{_import_id(database)}").clicks("See them row by row")

    assert len(administrator.page.xpath("//tbody/tr")) == 25
    assert "Invented" not in administrator.text
    administrator.clicks("More")
    assert len(administrator.page.xpath("//tbody/tr")) == 5


def test_rejects_are_shown_by_line_and_field(administrator: Member, database: Database) -> None:
    _uploads(
        administrator, feed_row("A-1", as_of=""), feed_row("A-2", status_at="x"), feed_row("A-3", as_of="x")
    )

    administrator.clicks("See them line by line")
    assert administrator.reads("2 as_of is missing", "3 status_at is not an ISO 8601 time")
    administrator.opens(f"/console/imports/{_import_id(database)}").clicks("as_of")

    assert administrator.reads("Only this field: as_of.", "4 as_of is not an ISO 8601 time")
    assert not administrator.reads("3 status_at")


def test_preview_can_be_discarded(administrator: Member, database: Database) -> None:
    open_cases(database, "A-1")
    _uploads(administrator, feed_row("A-1")).clicks("Discard import")

    assert administrator.reads("The import is discarded.", "Someone discarded it after the preview.")
    with database.reading() as session:
        assert session.scalars(select(ImportRow)).all() == []


def test_broken_file_has_its_errors_by_line_and_column(administrator: Member) -> None:
    _uploads(administrator, raw=b"subject_id,status\nA-1,in_custody\n")

    assert administrator.heading == "Upload a custody file"
    assert administrator.reads("Line 1: the column status_at is missing.")


def test_form_without_a_file_or_without_our_token_does_nothing(
    administrator: Member, database: Database
) -> None:
    administrator.opens("/console/imports/upload")
    administrator.sends("/console/imports/upload", {"csrf_token": administrator.token})
    assert administrator.reads("Choose a file first.")

    for fields in ({"csrf_token": "forged"}, {}):
        content = (io.BytesIO(feed_file(feed_row("A-1")).read()), "feed.csv")
        administrator.sends("/console/imports/upload", {**fields, "file": content})
        assert administrator.status == 400
    with database.reading() as session:
        assert session.scalars(select(CustodyImport)).all() == []


def test_process_that_answers_callers_takes_only_small_files(
    administrator: Member, database: Database, app: Flask
) -> None:
    large = feed_file(*(feed_row(f"A-{n}") for n in range(26_000))).read()
    assert len(large) > 2_000_000
    _uploads(administrator, raw=large)
    assert administrator.reads("The file is too large: at most 2 MB.")

    app.config["HOTLINE_INTAKE"] = True
    _uploads(administrator, raw=large)

    assert administrator.reads("26,000")


def test_file_over_the_offices_limit_leaves_nothing(staff: Any, database: Database, app: Flask) -> None:
    app.config["HOTLINE_INTAKE"] = True
    console = app.extensions["hotline.console"]
    numbers = replace(console.policies, upload_megabytes=1)
    smaller = replace(console.rules, callback_policy=replace(console.callback_policy, numbers=numbers))
    object.__setattr__(console, "standing_rules", lambda: smaller)
    ada = staff("administrator").signs_in()

    _uploads(ada, raw=feed_file(*(feed_row(f"A-{n}") for n in range(26_000))).read())

    assert ada.reads("The file is too large: at most 1 MB.")
    with database.reading() as session:
        assert session.scalars(select(CustodyImport)).all() == []


def test_reason_of_a_hold_counts_nobody_of_whom_nothing_may_be_said(
    staff: Any, database: Database, clock: Clock
) -> None:
    now, ids = clock(), [f"A-{n}" for n in range(13)]
    open_cases(database, *ids)
    earlier = now - timedelta(hours=2)
    # Of the first two nothing may be said, before and after.
    adult = ["no", "no"] + ["yes"] * 11
    load(
        database, *(feed_row(n, as_of=earlier, adult=a) for n, a in zip(ids, adult, strict=True)), now=earlier
    )
    load(
        database,
        *(feed_row(n, status="released", as_of=now, adult=a) for n, a in zip(ids, adult, strict=True)),
        now=now,
    )

    ruth = staff("supervisor").signs_in().opens(f"/console/imports/{_import_id(database)}")

    assert ruth.reads("With the files of the last hour the status of 11 cases would change; at most 10 may.")
    assert ruth.reads("11 cases would hear something else.")


def test_held_import_is_released_by_two_people_on_sessions_of_their_own(
    staff: Any, database: Database, clock: Clock
) -> None:
    cases = _held(database, clock)
    ruth, sam = staff("supervisor").signs_in(), staff("administrator").signs_in()
    page = f"/console/imports/{_import_id(database)}/settle"
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
    cases = _held(database, clock)
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
    page = f"/console/imports/{_import_id(database)}/settle"
    ruth.opens(page).fills(way="release").clicks("Ask a second person")

    sam.opens(page)
    assert sam.reads("one of you set up or reset the other's account")
    assert "Approve: apply import" not in sam.buttons
    sam.sends(page.replace("settle", "agree"), {"csrf_token": sam.token, "way": "release"})

    assert sam.reads("You two may not approve this together")
    assert what_is_heard(database, cases["A-0"], clock()) is NEUTRAL
    with database.reading() as session:
        tried = select(AuditEntry.target).where(AuditEntry.action == "try_tied_approval")
        assert session.scalars(tried).all() == [f"import:{_import_id(database)}"]


def test_supervisor_who_asked_cannot_agree_by_a_forged_form(
    supervisor: Member, database: Database, clock: Clock
) -> None:
    _held(database, clock)
    import_id = _import_id(database)
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
    _held(database, clock)
    page = f"/console/imports/{_import_id(database)}/settle"
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
    _held(database, clock)
    clock.goes_on(minutes=10)

    supervisor.opens(f"/console/imports/{_import_id(database)}/settle")

    assert not supervisor.reads("Ask a second person")


def test_proof_of_identity_in_between_continues_the_approval_of_an_import(
    staff: Any, database: Database, clock: Clock
) -> None:
    _held(database, clock)
    ruth, sam = staff("supervisor").signs_in(), staff("administrator").signs_in()
    page = f"/console/imports/{_import_id(database)}/settle"
    ruth.opens(page).fills(way="reject").clicks("Ask a second person")
    sam.opens(page)
    clock.goes_on(minutes=6)

    sam.clicks("Approve: discard import").fills(password=PASSWORD).clicks("Continue")
    assert sam.heading == "Approve import request"
    sam.clicks("Approve import request")

    assert sam.reads("You approved. The import is discarded.", "Discarded 10:06 AM by you and Supervisor 1")


def test_call_list_is_by_case_and_is_announced_after_an_hour(
    supervisor: Member, database: Database, clock: Clock
) -> None:
    cases = _held(database, clock)
    page = f"/console/imports/{_import_id(database)}"
    supervisor.opens(page).clicks("People to call")
    assert supervisor.reads("12 open cases would hear something else", "Calling begins on")
    assert all(f"case {case.id}" in supervisor.words for case in cases.values())

    with database.transaction() as session:
        page_held(session, clock() + timedelta(minutes=60), make_policies(), is_open=True)
    supervisor.opens(page)

    assert supervisor.reads("someone should call the people on this list")


def test_age_of_the_feed_is_above_the_list(supervisor: Member, database: Database, clock: Clock) -> None:
    supervisor.opens("/console/imports")
    assert supervisor.reads("No file has been applied yet.", "There is no import yet.")
    open_cases(database, "A-1")
    load(database, feed_row("A-1", as_of=clock()), now=clock())

    supervisor.opens("/console/imports")
    assert supervisor.reads("Feed updated 0 s ago")
    assert not supervisor.reads("records are old")
    clock.goes_on(minutes=61)
    supervisor.signs_in().opens("/console/imports")

    assert supervisor.reads("Callers hear that records are old")


def test_page_of_the_history_takes_as_many_statements_for_any_number(
    supervisor: Member, database: Database, clock: Clock
) -> None:
    counts = []
    for number in (3, 27):
        with database.transaction() as session:
            for _ in range(number):
                session.add(
                    CustodyImport(
                        state="landed", full=False, started_at=clock(), hold_reasons=[], settled_by=[],
                        uploaded_by_id=supervisor.staff_id,
                    )
                )  # fmt: skip
        seen: list[str] = []

        def note(_c: Any, _cursor: Any, statement: str, *_rest: Any, seen: list[str] = seen) -> None:
            seen.append(statement)

        event.listen(database.engine, "before_cursor_execute", note)
        supervisor.opens("/console/imports")
        event.remove(database.engine, "before_cursor_execute", note)
        counts.append(len(seen))

    assert counts[0] == counts[1]
    assert len(supervisor.page.xpath("//tbody/tr")) == 25
    supervisor.clicks("Older")
    assert len(supervisor.page.xpath("//tbody/tr")) == 5


def test_live_part_is_sent_once_while_it_is_the_same(
    supervisor: Member, database: Database, clock: Clock
) -> None:
    with database.transaction() as session:
        session.add(
            CustodyImport(state="applying", full=False, started_at=clock(), hold_reasons=[], settled_by=[])
        )
    page = f"/console/imports/{_import_id(database)}/state"
    supervisor.opens(page)
    assert supervisor.reads("Applying")

    supervisor.opens(page, If_None_Match=supervisor.headers["ETag"])

    assert supervisor.status == 304


def test_uploading_and_deciding_are_entries(administrator: Member, database: Database) -> None:
    open_cases(database, "A-1")
    _uploads(administrator, feed_row("A-1")).clicks("Apply import")

    with database.reading() as session:
        said = session.scalars(
            select(AuditEntry.action).where(AuditEntry.actor == administrator.email).order_by(AuditEntry.id)
        ).all()
    assert said[-3:] == ["upload_import", "preview_import", "accept_import"]


@pytest.mark.parametrize("path", ["/console/imports/99", "/console/imports/99999999999999999999"])
def test_import_that_nobody_made_is_not_found(supervisor: Member, path: str) -> None:
    assert supervisor.opens(path).status == 404


def test_page_of_an_import_is_read_in_spanish(staff: Any, database: Database, clock: Clock) -> None:
    _held(database, clock)
    luz = staff("supervisor").signs_in()
    luz.opens("/console/imports").clicks("Español")
    luz.opens(f"/console/imports/{_import_id(database)}")

    assert luz.reads("Retenida hasta que dos personas decidan", "12 casos oirían otra cosa.")


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
    page = f"/console/imports/{_import_id(database)}"
    assert f"{page}/retract" in ruth.opens(page).links.values()
    ruth.opens(f"{page}/retract").clicks("Ask a second person")
    assert ruth.reads("You asked for this, so someone else must approve it.")
    assert "Approve: take back import" not in ruth.buttons

    sam.opens(page)
    assert sam.reads("Supervisor 1 asks to take it back.")
    sam.opens(f"{page}/retract").clicks("Approve: take back import")
    assert sam.reads("You approved. The import is taken back now.", "Being taken back")
    resume_retractions(database, clock())

    assert what_is_heard(database, cases["A-1"], clock()).status == "in_custody"
    ruth.opens(page)
    assert ruth.reads("Taken back", "What callers heard", "Taken back 10:00 AM by Supervisor 1, ")


def test_supervisor_who_asked_to_take_back_an_import_cannot_agree_by_a_forged_form(
    supervisor: Member, database: Database, clock: Clock
) -> None:
    _landed(database, clock)
    page = f"/console/imports/{_import_id(database)}/retract"
    supervisor.opens(page).clicks("Ask a second person")

    supervisor.sends(f"{page}/agree", {"csrf_token": supervisor.token})

    assert supervisor.reads("You asked for this. Someone else must settle it")


def test_request_to_take_back_an_import_is_withdrawn(
    supervisor: Member, database: Database, clock: Clock
) -> None:
    cases = _landed(database, clock)
    supervisor.opens(f"/console/imports/{_import_id(database)}/retract").clicks("Ask a second person")

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

    _uploads(ada, feed_row("A-1", as_of=clock())).clicks("Apply import")
    resume(database, clock())

    assert ada.reads("It is held. A second person must approve it before it is applied.")
    assert what_is_heard(database, case, clock()) is NEUTRAL
    page = f"/console/imports/{_import_id(database)}/settle"
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


def test_staff_read_which_batch_is_held_and_what_is_missing_before_it(
    supervisor: Member, database: Database
) -> None:
    with database.transaction() as session:
        make_import(session, state="held", batch=44, hold_reasons=["skips_a_batch 2 0"], settled_at=None)

    supervisor.opens(f"/console/imports/{_import_id(database)}")

    assert supervisor.reads("from batch 44 of the feed", "Files before this one have not arrived: 2.")
