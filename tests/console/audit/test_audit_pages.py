"""The audit in the console: what a search finds, in which words, and alarms that another person settles."""

import ast
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hotline.console.audit.words import ACTIONS
from hotline.console.shell.named import PARTS
from models.audit import audit
from models.audit.audit_head import note_head
from models.callbacks.callback_state import MOVES
from models.overview.audit_watch import watch
from models.store.database import Database
from tests.conftest import ON_BOTH
from tests.console.audit_pages import records
from tests.console.conftest import Clock, Member
from tests.factories import make_case, make_office, make_policies, make_subject
from tests.statements import sent_statements

#: The functions of the hotline that write an entry; the action is among their arguments.
WRITERS = {"_note", "_record", "audit_talk"}
ROOT = Path(__file__).resolve().parents[3]
OFFICE = make_office()


def _entries(person: Member) -> list[str]:
    return [" ".join(one.text_content().split()) for one in person.page.xpath("//li[@class='record']")]


def test_entry_reads_like_a_sentence(staff: Any, database: Database, clock: Clock) -> None:
    supervisor = staff("supervisor", name="Ruth Audit").signs_in()
    records(database, clock, "sweeper", "warn_of_callback", "callback:7", level="staff_before")
    records(database, clock, f"liaison:{supervisor.staff_id}", "rest", f"staff:{supervisor.staff_id}")
    records(database, clock, "caller:12", "change_pin", "case:3")

    supervisor.opens("/console/audit")

    assert supervisor.reads(
        "the sweeper warned of a callback at risk: callback 7",
        "level “staff, before it was due”",
        "Ruth Audit took a break after a hard call",
        "the caller of call 12 chose a new PIN by phone: case 3",
    )


def test_entry_about_staff_names_them_as_their_page_does(
    staff: Any, supervisor: Member, database: Database, clock: Clock
) -> None:
    first, second = (staff("liaison", name="Ana Invented") for _ in range(2))
    records(database, clock, f"staff:{first.staff_id}", "change_staff", f"staff:{second.staff_id}")
    records(database, clock, "sweeper", "let_go_staff", "staff:4711")

    supervisor.opens("/console/audit")

    # Two people share the name, so both are told apart by their e-mails.
    assert supervisor.reads(
        f"Ana Invented ({first.email}) changed a member of staff: Ana Invented ({second.email})",
        "deactivated an account: member of staff 4711",
    )
    assert supervisor.clicks(f"Ana Invented ({second.email})").path == f"/console/staff/{second.staff_id}"


def test_code_in_a_fact_reads_as_on_the_page_where_it_was_chosen(
    supervisor: Member, database: Database, clock: Clock
) -> None:
    records(database, clock, "sweeper", "request_pin", "case:7", evidence="met_in_person", delivery="posted")
    supervisor.opens("/console/audit")

    assert supervisor.reads("how they were known “I met them in person”", "how they get it “Letter, by post”")


@pytest.mark.parametrize(
    ("action", "target", "facts", "said"),
    [
        ("warn_of_callback", "callback:7", {"level": "urgent_untaken"}, "level “urgent, and nobody took it”"),
        ("warn_of_notice", "notice:7", {"level": 2}, "level “supervisors”"),
        ("sign_in", "staff:7", {"by": "code"}, "by “a code of their authenticator”"),
        ("confirm_notice", "notice:7", {"by": "line"}, "by “on the line, after the PIN”"),
        ("stop_notice", "notice:7", {"outcome": "staff_cancelled"}, "outcome “canceled by staff”"),
        ("request_callback", "callback:7", {"urgency": "other", "verified": True}, "class “not urgent”"),
        ("change_staff", "staff:7", {"role": "liaison"}, "role “Liaison”"),
        ("register_for_notices", "registration:7", {"code": True}, "with a notice code Yes"),
        ("change_registration", "registration:7", {"changed": ["night_allowed"]}, "“calls at night”"),
        ("recognize_person", "callback:7", {"code": "agreed_word"}, "recognized “They said"),
        ("look_at_case", "case:7", {"reason": "verified_call"}, "reason “the caller gave the PIN”"),
        ("note_outcome", "callback:7", {"code": "reached"}, "how it ended “Reached”"),
    ],
)
def test_codes_of_levels_classes_ways_and_roles_are_read_in_words(
    supervisor: Member,
    database: Database,
    clock: Clock,
    action: str,
    target: str,
    facts: dict[str, Any],
    said: str,
) -> None:
    records(database, clock, "sweeper", action, target, **facts)
    assert supervisor.opens("/console/audit").reads(said)


def test_caller_who_cancels_what_waited_behind_news_did_not_close_work_of_staff(
    supervisor: Member, database: Database, clock: Clock
) -> None:
    records(database, clock, "caller:7", "close_left_callback", "callback:7")
    records(database, clock, f"liaison:{supervisor.staff_id}", "close_left_callback", "callback:8")
    supervisor.opens("/console/audit")

    assert supervisor.reads(
        "canceled a callback that waited behind a call about news: callback 7",
        "closed a callback that needed attention: callback 8",
    )
    assert not supervisor.reads("closed a callback that needed attention: callback 7")
    assert supervisor.clicks("Español").reads("canceló una llamada que esperaba")


def test_names_of_facts_are_in_the_language_of_the_page(
    supervisor: Member, database: Database, clock: Clock
) -> None:
    records(database, clock, "sweeper", "warn_of_callback", "callback:7", level="staff_before", tries=2)
    supervisor.opens("/console/audit").clicks("Español")

    assert supervisor.reads("nivel “personal, antes de la hora prometida”", "intentos 2")


def test_search_narrows_by_person_action_target_and_day(
    supervisor: Member, database: Database, clock: Clock
) -> None:
    records(database, clock, supervisor.email, "look_at_case", "case:3")
    clock.goes_on(days=1)
    records(database, clock, f"liaison:{supervisor.staff_id}", "look_at_case", "case:4")
    records(database, clock, "import", "land_import", "import:1")
    supervisor.signs_in()

    def found(query: str) -> int:
        supervisor.opens(f"/console/audit?{query}")
        return len(_entries(supervisor))

    assert found(f"who=staff:{supervisor.staff_id}&what=look_at_case") == 2
    assert found("who=import") == 1
    assert found("kind=case&number=3") == 1
    assert found("what=look_at_case&since=2026-11-26") == 1
    assert found("what=look_at_case&until=2026-11-25") == 1
    assert found("who=nobody") == 0
    assert supervisor.reads("No entry matches.")


def test_search_field_that_makes_no_sense_has_its_error_beside_it(supervisor: Member) -> None:
    supervisor.opens("/console/audit?since=someday&number=x1&until=99999-01-01&kind=case")

    assert supervisor.reads("Enter a date.", "Its number has digits alone.")
    supervisor.opens("/console/audit?kind=case")
    assert supervisor.reads("Give its number as well.")
    supervisor.opens("/console/audit?after=nonsense-at-all&who=staff:999999999999")
    assert supervisor.status == 200


@ON_BOTH
def test_phone_typed_in_place_of_a_row_number_is_in_no_address(
    supervisor: Member, database: Database, clock: Clock
) -> None:
    records(database, clock, "import", "land_import", "import:1")
    supervisor.signs_in()

    supervisor.opens("/console/audit").fills(kind="case", number="2025550144").clicks("Search")

    assert supervisor.reads("No entry matches.")
    assert (supervisor.path, supervisor.value("number")) == ("/console/audit", "2025550144")
    assert not [link for link in supervisor.links.values() if "2025550144" in link]
    supervisor.fills(kind="import", number="1").clicks("Search")
    assert len(_entries(supervisor)) == 1


def test_page_of_entries_takes_as_many_statements_for_any_number(
    supervisor: Member, database: Database, clock: Clock
) -> None:
    counts = []
    for number in (3, 60):
        for _ in range(number):
            records(database, clock, "import", "land_import", "import:1")
        with sent_statements(database) as seen:
            supervisor.opens("/console/audit?who=import")
        counts.append(len(seen))

    assert counts[0] == counts[1]
    assert len(_entries(supervisor)) == 50
    supervisor.clicks("Older")
    assert len(_entries(supervisor)) == 13


def test_purged_entry_says_that_its_details_are_gone(
    supervisor: Member, database: Database, clock: Clock
) -> None:
    records(database, clock, "import", "land_import", "import:1", rows=3)
    with database.transaction() as session:
        audit.purge_facts(session, clock() + timedelta(days=1), 0, 100, clock())

    supervisor.opens("/console/audit?who=import")

    assert supervisor.reads("The details were deleted after their retention time.")


def test_purge_and_hold_read_as_what_they_did(supervisor: Member, database: Database, clock: Clock) -> None:
    records(database, clock, "sweeper", "purge_rows", "purge:3", deleted={"calls": 12, "call_events": 40})
    records(database, clock, "sweeper", "add_hold", "hold:2", reason="records_request")

    supervisor.opens("/console/audit?who=sweeper")

    assert supervisor.reads("deleted old calls and what belongs to them", "calls 12, call events 40")
    assert supervisor.reads("put a legal hold on rows", "a request for records")


def test_page_says_whether_the_head_was_kept(supervisor: Member, database: Database, clock: Clock) -> None:
    supervisor.opens("/console/audit")
    assert supervisor.reads("was not copied to its second place")
    with database.transaction() as session:
        note_head(session, clock(), written=True)

    supervisor.opens("/console/audit")

    assert supervisor.reads("The head of the audit was last copied to its second place on")
    # Somebody unmounted the second place, and each try fails.
    for hours in range(60, -1, -2):
        with database.transaction() as session:
            note_head(session, clock() - timedelta(hours=hours), written=hours == 60)
    supervisor.opens("/console/audit")
    assert supervisor.reads("was not copied to its second place")


def _alarm(database: Database, clock: Clock, who: str) -> None:
    with database.transaction() as session:
        watch(session, clock(), make_policies())
        case = make_case(session, subject=make_subject(session, name="Ivo Quill"))
    records(database, clock, who, "look_at_case", f"case:{case.id}")
    with database.transaction() as session:
        watch(session, clock(), make_policies())


def test_alarm_is_settled_by_somebody_whom_it_is_not_about(
    staff: Any, database: Database, clock: Clock
) -> None:
    ruth = staff("supervisor", name="Ruth Quill").signs_in()
    sam = staff("supervisor", name="Sam Ochre").signs_in()
    _alarm(database, clock, ruth.email)

    ruth.opens("/console/audit/alarms")
    assert ruth.reads("Looked at a case with their own surname in it", "so someone else must close it")
    sam.opens("/console/audit")
    sam.clicks("1 alarm to look at").fills(finding="talked_to").clicks("Close alarm")

    assert sam.reads("The alarm is closed.", "No open alarms.", "I talked to them about it")
    assert sam.reads("I talked to them about it Sam Ochre")


def test_nobody_settles_an_alarm_about_themselves_by_a_forged_form(
    staff: Any, database: Database, clock: Clock
) -> None:
    ruth = staff("supervisor", name="Ruth Quill").signs_in()
    _alarm(database, clock, ruth.email)
    ruth.opens("/console/audit/alarms")

    ruth.sends("/console/audit/alarms/1/settle", {"csrf_token": ruth.token, "finding": "explained"})

    assert ruth.reads("Someone else must close an alarm about what you did.")


def test_every_action_that_the_app_records_has_words() -> None:
    written = set()
    for package in ("models", "hotline", "workers"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.keyword) and node.arg == "action":
                    written |= _texts(node.value)
                elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in WRITERS:
                    written |= set().union(*map(_texts, node.args))

    assert {name for name in written if re.fullmatch(r"[a-z_]+", name)} <= set(ACTIONS)
    assert len(written) > 20


def test_every_change_of_a_directory_has_words() -> None:
    changed = {f"{deed}_{kind}" for deed in ("add", "update", "remove") for kind in ("facility", "court")}

    assert changed <= set(ACTIONS)


def test_no_two_actions_have_the_same_words() -> None:
    assert sorted(ACTIONS.values()) == sorted(set(ACTIONS.values()))


def test_every_move_of_a_callback_has_words_and_so_has_everyone_who_makes_it() -> None:
    assert {f"{move}_callback" for move in MOVES} <= set(ACTIONS)
    movers = {mover for rule in MOVES.values() for mover in rule.movers}
    assert movers - {"liaison", "staff", "caller"} <= set(PARTS)


def _texts(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return {node.value}
    if isinstance(node, ast.IfExp):
        return _texts(node.body) | _texts(node.orelse)
    return set()
