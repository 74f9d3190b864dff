"""What may be heard: deny by default, one neutral answer, dated facts, hard news (R12-R15, R19)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.calls.call_state import CallState
from models.custody.custody import CUSTODY_STATUSES, DATED_FACTS, IN_CUSTODY_KINDS, REMOVAL_STAGES
from models.custody.custody_status import NEUTRAL, HeardRules, heard

NOW = datetime(2026, 11, 25, 18, 0, tzinfo=UTC)
RULES = HeardRules(
    allow_facility=True, allow_hearing=True, allow_expected_release=True, allow_removal_stage=True
)
CALL = {
    "id": 1, "call_sid": "CA1", "leg_id": None, "direction": "inbound", "flow": "victim_line",
    "line": "+12025550100", "phone_sealed": None, "phone_key": None, "call_status": None,
    "started_at": NOW, "ended_at": None, "language": "en", "pace": "normal", "step": "status", "turn": 4,
    "heard_from": "status", "misses": 0, "silences": 0, "tries": 0, "pending_since": None,
    "last_key_at": NOW, "progress_at": NOW, "said": "", "topic": None, "trail": "", "tried_key": "k",
    "case_id": 7, "verified_at": NOW, "callback_id": None, "staff_id": None, "parent_call_id": None,
    "accepted_at": None,
}  # fmt: skip
FACTS = dict(
    **CALL,
    found_case_id=7, registrant_id=3, subject_as_of=NOW - timedelta(minutes=10), record_id=5,
    custody_status="in_custody", status_at=NOW - timedelta(days=3), releasable=True,
    removal_stage="proceedings_open", expected_release_at=NOW + timedelta(days=2),
    next_hearing_at=NOW + timedelta(days=1), next_hearing_place="Court 4",
    hearing_zone="America/Chicago",
    facility_name="Stewart", facility_phone="+12025550123",
)  # fmt: skip
RIGHT = CallState(**FACTS)


def state(**changes):
    return CallState(**(FACTS | changes))


def test_caller_hears_of_someone_in_custody_with_every_allowed_detail():
    said = heard(RIGHT, NOW, RULES)
    assert (said.kind, said.status, said.age, said.hard_news) == ("status", "in_custody", "fresh", False)
    assert (said.facility_name, said.facility_phone) == ("Stewart", "+12025550123")
    assert (said.removal_stage, said.next_hearing_place) == ("proceedings_open", "Court 4")
    assert said.next_hearing_at == NOW + timedelta(days=1)
    assert said.expected_release_at == NOW + timedelta(days=2)
    assert (said.status_at, said.as_of) == (NOW - timedelta(days=3), NOW - timedelta(minutes=10))


@pytest.mark.parametrize("status", sorted(IN_CUSTODY_KINDS))
@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (timedelta(minutes=60), "fresh"),
        (timedelta(minutes=60, seconds=1), "notice"),
        (timedelta(hours=24), "notice"),
        (timedelta(hours=24, seconds=1), None),
    ],
)
def test_custody_grows_stale_and_then_cannot_be_confirmed(status, age, expected):
    said = heard(state(custody_status=status, subject_as_of=NOW - age), NOW, RULES)
    assert said.age == expected
    assert (said is NEUTRAL) == (expected is None)


@pytest.mark.parametrize("status", sorted(DATED_FACTS))
def test_dated_event_is_still_said_a_year_later_and_is_hard_news(status):
    said = heard(state(custody_status=status, subject_as_of=NOW - timedelta(days=365)), NOW, RULES)
    assert (said.status, said.age, said.hard_news) == (status, None, True)
    assert said.expected_release_at is None


@pytest.mark.parametrize("status", ["removed", "deceased"])
def test_removal_case_is_over_for_one_who_was_removed_or_has_died(status):
    said = heard(state(custody_status=status), NOW, RULES)
    assert (said.next_hearing_at, said.next_hearing_place, said.removal_stage) == (None, None, None)


def test_past_hearing_or_release_is_not_said():
    yesterday = NOW.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(seconds=1)
    said = heard(state(next_hearing_at=NOW, expected_release_at=yesterday), NOW, RULES)
    assert (said.status, said.next_hearing_at, said.next_hearing_place) == ("in_custody", None, None)
    assert said.expected_release_at is None


@pytest.mark.parametrize("allowed", [False, None, 1, "yes"])
def test_each_detail_needs_its_own_switch_and_only_true_opens_it(allowed):
    for switch, silenced in {
        "allow_facility": ("facility_name", "facility_phone"),
        "allow_hearing": ("next_hearing_at", "next_hearing_place", "hearing_zone"),
        "allow_expected_release": ("expected_release_at",),
        "allow_removal_stage": ("removal_stage",),
    }.items():
        expected = replace(heard(RIGHT, NOW, RULES), **dict.fromkeys(silenced))
        assert heard(RIGHT, NOW, replace(RULES, **{switch: allowed})) == expected


def test_hearing_in_an_unlisted_court_has_no_place_and_no_zone():
    said = heard(state(next_hearing_place=None, hearing_zone=None), NOW, RULES)
    assert (said.next_hearing_at, said.next_hearing_place) == (NOW + timedelta(days=1), None)
    assert said.hearing_zone is None


def test_facility_that_matches_no_entry_of_the_directory_is_not_said():
    said = heard(state(facility_name=None, facility_phone=None), NOW, RULES)
    assert (said.status, said.facility_name, said.facility_phone) == ("in_custody", None, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"releasable": False},
        {
            "record_id": None,
            "custody_status": None,
            "status_at": None,
            "releasable": None,
            "subject_as_of": None,
        },
        {"case_closed_at": NOW - timedelta(days=1)},
        {"absent_since": NOW - timedelta(hours=1)},
        {"held_import_id": 4},
        {"custody_status": "unknown"},
        {"custody_status": "granted_asylum"},
        {"case_id": None},
        {"case_id": 8},
        {"subject_as_of": NOW + timedelta(minutes=5, seconds=1)},
        {"status_at": NOW + timedelta(minutes=5, seconds=1)},
        {"next_hearing_at": datetime(2026, 11, 30, 9, 0)},  # noqa: DTZ001 - a naive time is what is tested.
        {"facility_phone": None},
        {"hearing_zone": None},
        {"next_hearing_place": None},
        {"removal_stage": "relief_granted"},
    ],
)
def test_every_reason_not_to_say_gives_the_same_answer(changes):
    assert heard(state(**changes), NOW, RULES) is NEUTRAL


def test_caller_hears_the_same_of_a_denied_person_and_of_one_without_a_record():
    nothing = dict.fromkeys(
        ["record_id", "custody_status", "status_at", "releasable", "subject_as_of", "removal_stage",
         "expected_release_at", "next_hearing_at", "next_hearing_place", "hearing_zone",
         "facility_name", "facility_phone"]
    )  # fmt: skip
    for status in CUSTODY_STATUSES:
        denied = heard(state(custody_status=status, releasable=False), NOW, RULES)
        assert denied is heard(state(**nothing), NOW, RULES)


# For every field: values that are right, and values that are missing or odd.
PAST, SOON = NOW - timedelta(hours=2), NOW + timedelta(days=3)
NAIVE = datetime(2026, 11, 25, 12, 0)  # noqa: DTZ001 - a naive time is what is tested.
RIGHT_VALUES = {
    "case_id": [7],
    "found_case_id": [7],
    "case_closed_at": [None],
    "subject_as_of": [NOW, PAST, PAST.astimezone(timezone(timedelta(hours=-5)))],
    "absent_since": [None],
    "held_import_id": [None],
    "record_id": [5],
    "custody_status": sorted(IN_CUSTODY_KINDS | DATED_FACTS),
    "status_at": [NOW, PAST, NOW - timedelta(days=900)],
    "releasable": [True],
    "removal_stage": [None, *REMOVAL_STAGES],
    "expected_release_at": [None, PAST, SOON],
    "next_hearing_at": [None, PAST, SOON],
    "next_hearing_place": ["Court 4", "Lumpkin Court"],
    "hearing_zone": ["America/Chicago", "Pacific/Guam"],
}
ODD_VALUES = {
    "case_id": [None, 8],
    "found_case_id": [None, 9],
    "case_closed_at": [PAST, SOON, NAIVE, ""],
    "subject_as_of": [None, NAIVE, SOON, "2026-11-25", 0],
    "absent_since": [PAST, SOON, ""],
    "held_import_id": [0, 1, "x"],
    "record_id": [None],
    "custody_status": [None, "", "unknown", "IN_CUSTODY", "in_custody ", "paroled", 3, ["released"], True],
    "status_at": [None, NAIVE, SOON, "yesterday"],
    "releasable": [None, False, 0, 1, "yes", "true"],
    "removal_stage": ["", "relief_granted", "withheld", 1, []],
    "expected_release_at": [NAIVE, "soon", 1],
    "next_hearing_at": [NAIVE, "soon", 1],
    "next_hearing_place": [None, "", "  ", 4],
    "hearing_zone": [None, "", 4],
}
_RIGHT = {name: st.sampled_from(values) for name, values in RIGHT_VALUES.items()}
_ANY = {name: st.sampled_from(RIGHT_VALUES[name] + ODD_VALUES[name]) for name in RIGHT_VALUES}


@given(right=st.fixed_dictionaries(_RIGHT), switches=st.lists(st.booleans(), min_size=4, max_size=4))
def test_fully_right_record_is_said(right, switches):
    said = heard(state(**right), NOW, HeardRules(60, 24, 5, *switches))
    assert (said.kind, said.status, said.status_at) == ("status", right["custody_status"], right["status_at"])
    assert said.as_of == right["subject_as_of"]


@given(
    right=st.fixed_dictionaries(_RIGHT),
    odd=st.dictionaries(st.sampled_from(sorted(ODD_VALUES)), st.integers(0, 50), min_size=1),
)
def test_one_missing_or_odd_value_among_right_ones_silences_everything(right, odd):
    changes = {name: ODD_VALUES[name][pick % len(ODD_VALUES[name])] for name, pick in odd.items()}
    assert heard(state(**{**right, **changes}), NOW, RULES) is NEUTRAL


@given(
    values=st.fixed_dictionaries(_ANY),
    facility=st.sampled_from([("A", "+12025550101"), ("A", None), (None, "B")]),
)
def test_answer_over_every_combination_is_neutral_or_every_value_is_right(values, facility):
    said = heard(state(**values, facility_name=facility[0], facility_phone=facility[1]), NOW, RULES)
    all_right = all(_is_one_of(values[name], RIGHT_VALUES[name]) for name in values)
    assert (said is not NEUTRAL) == (all_right and facility[1] is not None and facility[0] is not None)


def _is_one_of(value, choices):
    # An equal value of another type (1 for True) is not the same value.
    return any(type(value) is type(choice) and value == choice for choice in choices)
