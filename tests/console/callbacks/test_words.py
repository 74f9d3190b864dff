"""What may be said, and the whole number, each look an entry (R37)."""

import pytest

from models.database import Database
from tests.console.callbacks.office import Office
from tests.console.conftest import Clock, Member
from tests.factories import MadeCase, make_callback, make_case


def test_what_may_be_said_is_what_the_line_would_say_and_looking_is_an_entry(
    liaison: Member, office_rows: Office
) -> None:
    callback_id = office_rows.promises()
    liaison.opens(f"/console/callbacks/{callback_id}")
    assert "Show what may be said" not in liaison.links
    liaison.clicks("Take it").clicks("Show what may be said")

    assert liaison.reads("What may be said", "in custody", "Stewart")
    (entry,) = office_rows.entries("look_at_case")
    assert entry.actor == f"staff:{liaison.staff_id}"


@pytest.mark.parametrize("denied", ["releasable", "absent", "no record", "closed"])
def test_staff_see_the_one_neutral_phrase_for_every_reason_not_to_tell(
    liaison: Member, office_rows: Office, database: Database, clock: Clock, denied: str
) -> None:
    with database.transaction() as session:
        status = None if denied == "no record" else "in_custody"
        case: MadeCase = make_case(
            session, status, facility="Stewart", as_of=clock(), record={"releasable": denied != "releasable"}
        )
        from models import Case, Subject

        if denied == "absent":
            session.get_one(Subject, case.subject_id).absent_since = clock()
        if denied == "closed":
            session.get_one(Case, case.id).closed_at = clock()
        callback_id = make_callback(
            session, case, state="claimed", staff_id=liaison.staff_id, claimed_at=clock(), lease_until=clock()
        ).id

    liaison.opens(f"/console/callbacks/{callback_id}/words")

    said = liaison.page.xpath("//blockquote")[0].text_content()
    assert (
        " ".join(said.split())
        == (
            "We cannot confirm where this person is right now. Please act as if they may be out. "
            "To speak with a person, press 0 at any time."
        )
        or "cannot confirm" in said
    )
    assert not any(
        word in liaison.text for word in ("Stewart", "denied", "releasable", "juvenile", "closed at")
    )


def test_without_a_pin_no_case_is_opened(liaison: Member, office_rows: Office) -> None:
    callback_id = office_rows.promises(case=False)
    liaison.opens(f"/console/callbacks/{callback_id}").clicks("Take it")

    assert liaison.reads("No PIN was given", "say neither yes nor no to whether a case exists")
    assert liaison.opens(f"/console/callbacks/{callback_id}/words").status == 403
