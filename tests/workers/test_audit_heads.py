"""The sweeper keeps the audit's head each day, pages for held imports, and tells of alarms."""

import json
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from models import Alert, AuditEntry
from models.audit import audit
from models.audit.audit_head import read_heads, signing_key
from models.overview.audit_watch import watch
from models.store.database import Database
from tests.conftest import SECRET_KEY
from tests.factories import NOW, make_case, make_office, make_policies, make_staff, make_subject
from tests.fake_carrier import FakeCarrier
from tests.models.custody.feed import at, feed_row, load, open_cases
from workers.audit_heads import HeadKeeper
from workers.queue import Jobs
from workers.sweeper import sweep

OFFICE, POLICIES = make_office(), make_policies()


def test_head_is_kept_each_day(database: Database, tmp_path: Path) -> None:
    place = tmp_path / "elsewhere" / "heads.jsonl"
    keeper = HeadKeeper(database, place, SECRET_KEY)
    for hours in (0, 1, 23, 24, 25, 49):
        with database.transaction() as session:
            audit.record(session, actor="a", action="rest", target="staff:1", now=NOW)
        keeper.keep(NOW + timedelta(hours=hours))

    kept = read_heads(place, signing_key(SECRET_KEY).public_key())
    assert [head.entry for head in kept] == [1, 4, 6]
    assert json.loads(place.read_text().splitlines()[0])["at"] == NOW.isoformat()


def test_head_of_a_new_line_is_kept_with_its_first_entry_and_not_a_day_later(
    database: Database, tmp_path: Path
) -> None:
    place = tmp_path / "heads.jsonl"
    keeper = HeadKeeper(database, place, SECRET_KEY)
    keeper.keep(NOW)
    assert not place.exists(), "the head of an empty chain proves nothing"
    with database.transaction() as session:
        audit.record(session, actor="a", action="rest", target="staff:1", now=NOW)

    keeper.keep(NOW + timedelta(seconds=2))

    kept = read_heads(place, signing_key(SECRET_KEY).public_key())
    assert [head.entry for head in kept] == [1]


def test_unwritable_place_is_an_entry_and_is_tried_again(database: Database, tmp_path: Path) -> None:
    with database.transaction() as session:
        audit.record(session, actor="a", action="rest", target="staff:1", now=NOW)
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    keeper = HeadKeeper(database, blocked / "heads.jsonl", SECRET_KEY)
    for minutes in (0, 5, 11):
        keeper.keep(NOW + timedelta(minutes=minutes))

    with database.reading() as session:
        failed = session.scalars(select(AuditEntry.id).where(AuditEntry.action == "fail_audit_head")).all()
    assert len(failed) == 2
    assert (
        HeadKeeper(database, tmp_path / "heads.jsonl", SECRET_KEY).keep(NOW + timedelta(minutes=22)) is None
    )
    assert (tmp_path / "heads.jsonl").exists()


def _sweep(database: Database, redis_url: str) -> list[tuple[str, str, int]]:
    jobs = Jobs(redis_url)
    sweep(database, jobs, FakeCarrier(), OFFICE, NOW, wait=lambda _seconds: None)
    jobs.close()
    with database.reading() as session:
        alerts = session.scalars(select(Alert).order_by(Alert.id)).all()
        return [(one.level, one.channel, one.staff_id) for one in alerts]


def test_sweep_pages_supervisors_while_an_import_is_held(database: Database, redis_url: str) -> None:
    cases = open_cases(database, *(f"A-{n}" for n in range(12)))
    load(database, *(feed_row(name, as_of=at(-2)) for name in cases), now=at(-2))
    load(database, *(feed_row(name, status="released") for name in cases))
    with database.transaction() as session:
        ruth = make_staff(session, role="supervisor").id

    assert _sweep(database, redis_url) == [("import_held", "text", ruth), ("import_held", "call", ruth)]
    assert len(_sweep(database, redis_url)) == 2


def test_sweep_tells_supervisors_of_an_alarm_except_the_one_it_is_about(
    database: Database, redis_url: str
) -> None:
    with database.transaction() as session:
        watch(session, NOW, POLICIES)
        ruth = make_staff(session, "ruth@office.example.org", name="Ruth Quill", role="supervisor")
        sam = make_staff(session, "sam@office.example.org", name="Sam Ochre", role="supervisor").id
        case = make_case(session, subject=make_subject(session, name="Ivo Quill"))
        audit.record(session, actor=ruth.email, action="look_at_case", target=f"case:{case.id}", now=NOW)

    assert _sweep(database, redis_url) == [("audit_alarm", "text", sam)]
    assert len(_sweep(database, redis_url)) == 1
