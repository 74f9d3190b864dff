"""Imports in the console: upload a file, preview it, apply it, and read what came of it."""

import io
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from models import AuditEntry, Case, CustodyEvent, CustodyImport, ImportRow, Notice, Registration
from models.cases.duress import DuressWatch
from models.custody.custody_status import NEUTRAL
from models.custody.imports.custody_import import resume
from models.custody.imports.paging import page_held
from models.notices.spreading import spread
from models.notices.taking_back.retraction import retract
from models.store.database import Database
from tests.conftest import ON_BOTH
from tests.console.case_pages import verifies
from tests.console.conftest import Clock, Member
from tests.console.imports.files import held_import, newest_import, uploads
from tests.factories import (
    make_callback,
    make_duress_pin,
    make_import,
    make_policies,
    make_registration,
)
from tests.models.custody.feed import feed_file, feed_row, load, open_cases, what_is_heard
from tests.statements import sent_statements


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

    supervisor.opens(f"/console/imports/{newest_import(database)}").clicks("Notices of this import")

    assert supervisor.reads("Made2", "The line calls0", "Reach the person1", "Confirmed1", "Escalated1")
    assert "released201101" in supervisor.words
    assert not any("/console/cases/" in link for link in supervisor.links.values())
    supervisor.opens("/console/imports/1/notices")
    assert supervisor.reads("This import led to no notices.")


def test_corrections_of_an_import_that_was_taken_back_are_counted_apart_on_its_page(
    staff: Any, database: Database, clock: Clock
) -> None:
    """Within the hour two people ask how many have heard that the news was wrong (R16)."""
    ruth, sam = staff("supervisor").signs_in(), staff("administrator")
    (case,) = open_cases(database, "A-1").values()
    load(database, feed_row("A-1"), now=clock())
    with database.transaction() as session:
        make_registration(session, case)
    now = clock() + timedelta(minutes=5)
    load(database, feed_row("A-1", status="released", status_at=now, as_of=now), now=now)
    wrong = newest_import(database)
    with database.transaction() as session:
        spread(session, now, 50)
        told = session.scalars(select(Notice)).one()
        told.state, told.confirmed_by, told.confirmed_at = "confirmed", "call", now
        told.said_at = now
        told.said_record_id = session.scalars(select(CustodyEvent.record_id)).one()
    retract(database, wrong, by=ruth.email, and_by=sam.email, now=now, tied_days=30, office=UTC)

    ruth.opens(f"/console/imports/{wrong}").clicks("Notices of this import")

    assert ruth.reads("Made2", "Confirmed1")
    assert "Correction: in custody110000" in ruth.words
    assert "released100100" in ruth.words


def test_notice_under_duress_is_in_no_count_of_an_import_until_calls_are_resumed(
    supervisor: Member, database: Database, clock: Clock
) -> None:
    cases = open_cases(database, "A-1", "A-2")
    load(database, feed_row("A-1"), feed_row("A-2"), now=clock())
    with database.transaction() as session:
        for case in cases.values():
            make_registration(session, case)
    now = clock() + timedelta(minutes=5)
    rows = [feed_row(one, status="escaped", status_at=now, as_of=now) for one in cases]
    load(database, *rows, now=now)
    with database.transaction() as session:
        spread(session, now, 50)
        # The line calls nobody for the first person: somebody makes her use her duress PIN.
        session.execute(
            update(Notice)
            .where(Notice.case_id == cases["A-1"].id)
            .values(state="left_for_staff", task="no_phone", task_at=now, outcome="no_phone", paged_level=1)
        )
        duress = make_duress_pin(session, cases["A-1"])
        session.get_one(Case, duress.id).last_verified_at = now
    page = f"/console/imports/{newest_import(database)}/notices"

    assert supervisor.opens(page).reads("Made1", "The line calls1", "Reach the person0", "Escalated0")

    with database.transaction() as session:
        session.execute(update(DuressWatch).values(lifted_at=now + timedelta(minutes=1)))
    assert supervisor.opens(page).reads("Made2", "The line calls1", "Reach the person1", "Escalated1")


def test_file_is_uploaded_previewed_and_applied(
    administrator: Member, database: Database, clock: Clock
) -> None:
    cases = open_cases(database, "A-1", "A-2")

    uploads(administrator, feed_row("A-1"), feed_row("A-2", status="released"), feed_row("A-3", as_of=""))

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
    uploads(
        administrator,
        feed_row("A-1", section_1367=secret),
        feed_row("A-2", asylum_related=secret, as_of="x"),
    )
    import_id = newest_import(database)

    for page in ("", "/people", "/rejects", "/calls"):
        administrator.opens(f"/console/imports/{import_id}{page}")
        assert administrator.status == 200
        assert secret not in administrator.text
        assert not administrator.reads("1367")
        assert not administrator.reads("asylum")


def test_denied_status_reads_like_an_unknown_one(administrator: Member, database: Database) -> None:
    open_cases(database, "A-1", "A-2")
    uploads(administrator, feed_row("A-1", status="released", adult="no"), feed_row("A-2", status="unknown"))

    administrator.opens(f"/console/imports/{newest_import(database)}/people")

    rows = [" ".join(row.text_content().split()) for row in administrator.page.xpath("//tbody/tr")]
    assert [row.split("First record")[1].split("case")[0].strip() for row in rows] == [
        "cannot be confirmed"
    ] * 2


def test_people_are_shown_by_number_and_cases_and_never_by_name(
    administrator: Member, database: Database
) -> None:
    made = open_cases(database, *(f"A-{n}" for n in range(30)))
    uploads(administrator, *(feed_row(name) for name in made))
    administrator.opens(f"/console/imports/{newest_import(database)}").clicks("See them row by row")

    assert len(administrator.page.xpath("//tbody/tr")) == 25
    assert "Invented" not in administrator.text
    administrator.clicks("More")
    assert len(administrator.page.xpath("//tbody/tr")) == 5


def test_case_in_the_rows_is_a_link_only_for_a_person_to_whom_it_is_open(
    supervisor: Member, administrator: Member, database: Database, clock: Clock
) -> None:
    made = open_cases(database, "A-1", "A-2")
    uploads(administrator, *(feed_row(name) for name in made))
    page = f"/console/imports/{newest_import(database)}/people"
    for reader in (administrator, supervisor):
        assert reader.opens(page).reads(*(f"case {case.id}" for case in made.values()))
        assert not [one for one in reader.links if one.startswith("case ")]

    verifies(supervisor, made["A-1"])

    assert [one for one in supervisor.opens(page).links if one.startswith("case ")] == [
        f"case {made['A-1'].id}"
    ]
    supervisor.clicks(f"case {made['A-1'].id}")
    assert supervisor.heading.startswith("Case about")
    assert not [one for one in administrator.opens(page).links if one.startswith("case ")]
    clock.goes_on(minutes=61)
    supervisor.signs_in().opens(page)
    assert not [one for one in supervisor.links if one.startswith("case ")]


def test_rejects_are_shown_by_line_and_field(administrator: Member, database: Database) -> None:
    uploads(
        administrator, feed_row("A-1", as_of=""), feed_row("A-2", status_at="x"), feed_row("A-3", as_of="x")
    )

    administrator.clicks("See them line by line")
    assert administrator.reads("2 as_of is missing", "3 status_at is not an ISO 8601 time")
    administrator.opens(f"/console/imports/{newest_import(database)}").clicks("as_of")

    assert administrator.reads("Only this field: as_of.", "4 as_of is not an ISO 8601 time")
    assert not administrator.reads("3 status_at")


def test_preview_can_be_discarded(administrator: Member, database: Database) -> None:
    open_cases(database, "A-1")
    uploads(administrator, feed_row("A-1")).clicks("Discard import")

    assert administrator.reads("The import is discarded.", "Someone discarded it after the preview.")
    with database.reading() as session:
        assert session.scalars(select(ImportRow)).all() == []


def test_broken_file_has_its_errors_by_line_and_column(administrator: Member) -> None:
    uploads(administrator, raw=b"subject_id,status\nA-1,in_custody\n")

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
    uploads(administrator, raw=large)
    assert administrator.reads("The file is too large: at most 2 MB.")

    app.config["HOTLINE_INTAKE"] = True
    uploads(administrator, raw=large)

    assert administrator.reads("26,000")


def test_file_over_the_offices_limit_leaves_nothing(staff: Any, database: Database, app: Flask) -> None:
    app.config["HOTLINE_INTAKE"] = True
    console = app.extensions["hotline.console"]
    numbers = replace(console.policies, upload_megabytes=1)
    smaller = replace(console.rules, callback_policy=replace(console.callback_policy, numbers=numbers))
    object.__setattr__(console, "standing_rules", lambda: smaller)
    ada = staff("administrator").signs_in()

    uploads(ada, raw=feed_file(*(feed_row(f"A-{n}") for n in range(26_000))).read())

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

    ruth = staff("supervisor").signs_in().opens(f"/console/imports/{newest_import(database)}")

    assert ruth.reads("With the files of the last hour the status of 11 cases would change; at most 10 may.")
    assert ruth.reads("11 cases would hear something else.")


def test_call_list_is_by_case_and_is_announced_after_an_hour(
    supervisor: Member, database: Database, clock: Clock
) -> None:
    cases = held_import(database, clock)
    page = f"/console/imports/{newest_import(database)}"
    supervisor.opens(page).clicks("People to call")
    assert supervisor.reads("12 open cases would hear something else", "The line does not call them.")
    assert all(f"case {case.id}" in supervisor.words for case in cases.values())

    with database.transaction() as session:
        page_held(session, clock() + timedelta(minutes=60), make_policies(), is_open=True)
    supervisor.opens(page)

    assert supervisor.reads("someone should call the people on this list")


@ON_BOTH
def test_supervisor_calls_the_people_on_the_call_list_and_sees_who_was_called(
    supervisor: Member, administrator: Member, liaison: Member, database: Database, clock: Clock
) -> None:
    case, for_supervisor, for_later, promised, *_ = held_import(database, clock).values()
    page = f"/console/imports/{newest_import(database)}/calls"
    early = f"{page}/{case.id}/open"
    supervisor.opens(page).sends(early, {"csrf_token": supervisor.token})
    assert supervisor.reads("This case is not open to you")
    with database.transaction() as session:
        page_held(session, clock() + timedelta(minutes=60), make_policies(), is_open=True)

    supervisor.opens(page).clicks("Open the case")

    assert supervisor.path == f"/console/cases/{case.id}"
    assert supervisor.reads("the call list of a held import", "Phones, in the order in which they are called")
    with database.transaction() as session:
        make_callback(
            session, case, state="reached", begun_by_staff=True, requested_at=clock(), closed_at=clock(),
            outcome="reached",
        )  # fmt: skip
        talked: dict[str, Any] = {"requested_at": clock(), "closed_at": clock(), "talking_at": clock()}
        for one, code in ((for_supervisor, "to_supervisor"), (for_later, "call_later")):
            make_callback(session, one, state="reached", begun_by_staff=True, outcome=code, **talked)
            # What follows from the talk is no call yet.
            make_callback(session, one, reason=code, begun_by_staff=True, requested_at=clock())
        talked["requested_at"] = clock() - timedelta(hours=3)
        make_callback(session, promised, state="reached", outcome="reached", **talked)
    supervisor.opens(page)
    assert supervisor.words.count("10:00 AM: reached") == 4
    assert supervisor.reads("10:00 AM: reached, for the supervisor", "10:00 AM: reached, to be called again")
    assert supervisor.words.count("Not yet") == 8

    assert administrator.opens(page).reads("A supervisor opens each case here and calls the person.")
    assert "Open the case" not in administrator.buttons
    liaison.sends(early, {"csrf_token": liaison.token})
    assert liaison.status == 403


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
        with sent_statements(database) as seen:
            supervisor.opens("/console/imports")
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
    page = f"/console/imports/{newest_import(database)}/state"
    supervisor.opens(page)
    assert supervisor.reads("Applying")

    supervisor.opens(page, If_None_Match=supervisor.headers["ETag"])

    assert supervisor.status == 304


def test_uploading_and_deciding_are_entries(administrator: Member, database: Database) -> None:
    open_cases(database, "A-1")
    uploads(administrator, feed_row("A-1")).clicks("Apply import")

    with database.reading() as session:
        said = session.scalars(
            select(AuditEntry.action).where(AuditEntry.actor == administrator.email).order_by(AuditEntry.id)
        ).all()
    assert said[-3:] == ["upload_import", "preview_import", "accept_import"]


@pytest.mark.parametrize("path", ["/console/imports/99", "/console/imports/99999999999999999999"])
def test_import_that_nobody_made_is_not_found(supervisor: Member, path: str) -> None:
    assert supervisor.opens(path).status == 404


def test_page_of_an_import_is_read_in_spanish(staff: Any, database: Database, clock: Clock) -> None:
    held_import(database, clock)
    luz = staff("supervisor").signs_in()
    luz.opens("/console/imports").clicks("Español")
    luz.opens(f"/console/imports/{newest_import(database)}")

    assert luz.reads("Retenida hasta que dos personas decidan", "12 casos oirían otra cosa.")


def test_staff_read_which_batch_is_held_and_what_is_missing_before_it(
    supervisor: Member, database: Database
) -> None:
    with database.transaction() as session:
        make_import(session, state="held", batch=44, hold_reasons=["skips_a_batch 2 0"], settled_at=None)

    supervisor.opens(f"/console/imports/{newest_import(database)}")

    assert supervisor.reads("from batch 44 of the feed", "Files before this one have not arrived: 2.")
