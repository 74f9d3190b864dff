"""Changes on top of the office file: the same code checks both."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.office import Office, OfficeError
from config.office_changes import EDITABLE, FIXED, plain, value_of
from tests.factories import NOW, make_office

SHIPPED = Path(__file__).parents[2] / "config" / "office.toml"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)
NAMES = {"en": "a", "es": "b"}
POLICY = {"value": 30, "basis": "b", "decided_by": "d", "review_by": "2027-01-31"}


def announcement(en: str = "We are closed on Friday.", **facts: Any) -> dict[str, Any]:
    """One that is spoken this Wednesday and Thursday."""
    days = {"first_day": "2026-11-25", "last_day": "2026-11-26"}
    return {"text": {"en": en, "es": "Cerramos el viernes."}, **days, **facts}


def test_changed_field_counts_and_the_others_stay_as_in_the_file() -> None:
    office = Office.load(SHIPPED)

    changed = office.with_changes(
        {"hours.monday": ["09:00-12:00", "13:00-17:00"], "policies.fresh_minutes": POLICY}
    )

    assert len(changed.hours["monday"]) == 2
    assert changed.hours["tuesday"] == office.hours["tuesday"]
    assert changed.policies["fresh_minutes"].value == 30
    assert changed.policies["fresh_minutes"].review_by == date(2027, 1, 31)
    assert changed.policies["retry_minutes"].value == office.policies["retry_minutes"].value
    assert office.policies["fresh_minutes"].value == 60


def test_office_without_changes_is_the_office_itself() -> None:
    office = Office.load(SHIPPED)

    assert office.with_changes({}) is office


def test_closure_gets_a_name_by_a_change() -> None:
    office = Office.load(SHIPPED)

    changed = office.with_changes(
        {"holidays.extra_closures": ["2026-11-25", {"day": "2026-11-27", "name": "Staff day"}]}
    )

    assert changed.closure_names == {date(2026, 11, 27): "Staff day"}
    assert changed.extra_closures == {date(2026, 11, 25), date(2026, 11, 27)}


def test_value_set_for_this_process_alone_stays_set() -> None:
    office = make_office(policies={"carrier_calls_per_second": 100})

    changed = office.with_changes(
        {"policies.fresh_minutes": POLICY, "holidays.extra_closures": ["2026-11-27"]}
    )

    assert changed.always_open
    assert changed.policies["carrier_calls_per_second"].value == 100
    assert changed.extra_closures == {date(2026, 11, 27)}


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("hours.monday", ["9 to 5"], "hours.monday"),
        ("hours.monday", ["12:00-14:00", "13:00-15:00"], "hours.monday"),
        ("hours.monday", "08:00-20:00", "hours.monday"),
        ("holidays.extra_closures", ["tomorrow"], "holidays.extra_closures"),
        ("holidays.extra_closures", [{"day": "tomorrow", "name": "a"}], "holidays.extra_closures"),
        ("holidays.country", "XX", "holidays.country"),
        ("services", [{"key": "a", "name": NAMES, "phone": "ring us"}], "services entry 1.phone"),
        ("services", ["988"], "services entry 1"),
        ("services", [{"key": "a", "name": {"en": "a"}, "phone": "988"}], "services entry 1.name"),
        ("policies.fresh_minutes", {**POLICY, "value": 0}, "policies.fresh_minutes.value"),
        ("policies.fresh_minutes", {**POLICY, "basis": " "}, "policies.fresh_minutes.basis"),
        ("policies.fresh_minutes", {**POLICY, "review_by": "soon"}, "policies.fresh_minutes.review_by"),
        ("policies.window_opens_hour", {**POLICY, "value": 22}, "policies.window_opens_hour.value"),
        ("announcements", [announcement(text={"en": "Hello."})], "announcements entry 1.text.es"),
        ("announcements", [announcement(last_day="2026-11-24")], "announcements entry 1.last_day"),
        ("announcements", [announcement(first_day="x")], "announcements entry 1.first_day"),
        ("announcements", [announcement(loud=True)], "announcements entry 1"),
        ("announcements", [announcement()] * 9, "announcements"),
        ("release.gates", {"adult": "no"}, "release.gates"),
        ("office.lines", ["+12025550100"], "office.lines"),
        ("hours", {"monday": []}, "hours"),
        ("policies.no_such", POLICY, "policies.no_such"),
    ],
)  # fmt: skip
def test_wrong_change_is_refused_in_one_sentence_that_names_the_field(
    field: str, value: Any, named: str
) -> None:
    with pytest.raises(OfficeError) as refused:
        make_office().with_changes({field: value})

    assert str(refused.value).startswith((named, f"[[{named}]]"))
    assert str(refused.value).endswith(".")


@given(field=st.sampled_from(EDITABLE), value=JSON)
def test_anything_sent_is_an_office_or_one_sentence(field: str, value: Any) -> None:
    try:
        changed = make_office().with_changes({field: value})
    except OfficeError as refused:
        told = str(refused)
    else:
        told = "open" if changed.next_open(NOW) >= NOW else ""

    assert told


def test_every_field_of_the_file_can_be_changed_or_says_why_it_cannot() -> None:
    table = Office.load(SHIPPED).table
    named = {
        f"{place}.{name}"
        for place in ("office", "hours", "holidays", "notices", "policies")
        for name in table[place]
    }
    named |= {name for name in table if name not in {"office", "hours", "holidays", "notices", "policies"}}

    assert named <= {*EDITABLE, *FIXED}


def test_value_of_the_file_is_shown_in_the_form_in_which_it_is_sent_back() -> None:
    office = Office.load(SHIPPED)

    same = office.with_changes(
        {name: value_of(office.table, name) for name in EDITABLE if value_of(office.table, name) is not None}
    )

    assert same == office
    assert plain(date(2026, 12, 24)) == "2026-12-24"
    with pytest.raises(KeyError):
        value_of(office.table, "release.gates")


def test_announcement_is_made_on_its_days_in_the_offices_own_time_zone() -> None:
    office = make_office().with_changes({"announcements": [announcement()]})

    assert [text["en"] for text in office.announced(NOW)] == ["We are closed on Friday."]
    # In New York it is still the day before.
    assert office.announced(datetime.fromisoformat("2026-11-25T04:59:00+00:00")) == ()
    assert office.announced(datetime.fromisoformat("2026-11-27T04:59:00+00:00")) != ()
    assert office.announced(NOW + timedelta(days=3)) == ()
