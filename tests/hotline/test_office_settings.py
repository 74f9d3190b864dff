"""Where the office's settings change: a wrong value is refused, and the slower of two people is told."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from config.office import Office, OfficeError
from hotline.office_settings import OfficeSettings
from ivr_flows.prompts import Prompts
from models.audit.office_change import OfficeChangeError, changes_of, standing_changes
from models.store.database import Database
from models.store.form_stamp import FormRefusal
from tests.factories import NOW, make_office

SHIPPED = Path(__file__).parents[2] / "config" / "office.toml"
PROMPTS = Prompts.load(["en", "es"])
POLICY = {"value": 30, "basis": "Asked for.", "decided_by": "the director", "review_by": "2027-06-30"}


@pytest.fixture
def settings(database: Database) -> OfficeSettings:
    return OfficeSettings(Office.load(SHIPPED), database, PROMPTS)


def change(settings: OfficeSettings, name: str, value: Any, seen: int = 0, by: str = "ruth") -> int | None:
    return settings.change(name, value, seen=seen, reason="The suite.", actor=by, now=NOW)


def test_change_counts_at_once_and_this_process_uses_it(database: Database) -> None:
    looked: list[bool] = []
    settings = OfficeSettings(Office.load(SHIPPED), database, PROMPTS, lambda: looked.append(True))

    change(settings, "hours.saturday", ["09:00-12:00"])

    office, standing = settings.standing()
    assert office.hours["saturday"] != ()
    assert standing.version > 0
    assert looked == [True]


def test_administrator_with_an_older_page_open_is_told(settings: OfficeSettings) -> None:
    first = change(settings, "hours.saturday", ["09:00-12:00"])

    with pytest.raises(OfficeChangeError, match=f"^{FormRefusal.CHANGED}$"):
        change(settings, "hours.saturday", ["10:00-12:00"], seen=0, by="ana")

    assert first is not None
    assert change(settings, "hours.saturday", ["10:00-12:00"], seen=first, by="ana")


def test_change_of_another_field_stops_nobody(settings: OfficeSettings) -> None:
    change(settings, "hours.saturday", ["09:00-12:00"])

    assert change(settings, "hours.sunday", ["09:00-12:00"], seen=0, by="ana")


def test_change_between_the_check_and_the_row_is_checked_again(
    settings: OfficeSettings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = OfficeSettings(Office.load(SHIPPED), database, PROMPTS)
    check, came = settings.check, []

    def slow_check(*args: Any) -> Office:
        if not came:
            came.append(change(other, "policies.window_closes_hour", {**POLICY, "value": 12}))
        return check(*args)

    monkeypatch.setattr(settings, "check", slow_check)

    with pytest.raises(OfficeError, match=r"window_opens_hour.value must be below"):
        change(settings, "policies.window_opens_hour", {**POLICY, "value": 13})


def test_value_that_the_office_has_already_is_no_change(settings: OfficeSettings) -> None:
    assert change(settings, "hours.saturday", []) is None
    assert change(settings, "announcements", None) is None
    made = change(settings, "hours.saturday", ["09:00-12:00"])
    assert made is not None
    assert change(settings, "hours.saturday", ["09:00-12:00"], seen=made) is None


def test_undo_is_a_new_change_with_the_old_value(settings: OfficeSettings, database: Database) -> None:
    made = change(settings, "hours.monday", [])
    assert made is not None

    undone = change(settings, "hours.monday", ["08:00-20:00"], seen=made)
    back = change(settings, "hours.monday", None, seen=undone or 0)

    office, standing = settings.standing()
    assert office.hours == Office.load(SHIPPED).hours
    assert standing.values == {}
    with database.reading() as session:
        assert [one.id for one in changes_of(session, "hours.monday")] == [back, undone, made]


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("release.gates", {"adult": "no"}, "is not changed here"),
        ("hours.monday", ["9 to 5"], "hours.monday must hold hours"),
        ("policies.fresh_minutes", {**POLICY, "value": 0}, "policies.fresh_minutes.value"),
        ("services", [], "at least one service"),
        (
            "announcements",
            [{"text": {"en": "Ask about asylum.", "es": "Hola."}, "first_day": "2026-12-01",
              "last_day": "2026-12-02"}],
            "telling word",
        ),
        (
            "holidays.extra_closures",
            [(NOW + timedelta(days=day)).date().isoformat() for day in range(100, 170)],
            "does not open within 60 days",
        ),
    ],
)  # fmt: skip
def test_wrong_change_is_not_kept(settings: OfficeSettings, field: str, value: Any, told: str) -> None:
    with pytest.raises(OfficeError, match=told):
        change(settings, field, value)

    assert settings.standing()[1].version == 0


def test_field_goes_back_to_the_file_even_if_the_file_no_longer_fits_the_changes(
    settings: OfficeSettings, database: Database
) -> None:
    made = change(settings, "policies.window_opens_hour", {**POLICY, "value": 20})
    table: Any = {**settings.base.table, "policies": {**settings.base.table["policies"]}}
    table["policies"]["window_closes_hour"] = {**table["policies"]["window_closes_hour"], "value": 19}
    later = OfficeSettings(Office(**{**vars(settings.base), "table": table}), database, PROMPTS)
    with pytest.raises(OfficeError):
        later.standing()

    assert change(later, "policies.window_opens_hour", None, seen=made or 0)

    assert later.standing()[0].policies["window_opens_hour"].value == 8


def test_office_of_tests_keeps_what_was_set_for_it(database: Database) -> None:
    settings = OfficeSettings(make_office(policies={"liaison_tries": 7}), database, PROMPTS)
    change(settings, "hours.monday", ["09:00-17:00"])

    assert settings.standing()[0].policies["liaison_tries"].value == 7
    with database.reading() as session:
        assert standing_changes(session).version == 1
