"""Policies: the numbers an office decides, each with its basis, its owner and its review date."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from config.field_error import FieldError

#: Every policy that the app uses, with its smallest and largest value. Only those in FRACTIONS may be
#: fractions.
BOUNDS: dict[str, tuple[float, float]] = {
    "fresh_minutes": (1, 1440),
    "spoken_stale_hours": (1, 168),
    "tries_per_call": (1, 5),
    "wait_after_failures": (1, 9),
    "wait_first_seconds": (1, 3600),
    "wait_most_seconds": (1, 86400),
    "lock_after_failures": (2, 100),
    "total_failures_limit": (10, 100),
    "spray_numbers": (2, 100),
    "global_failures_floor": (1, 100000),
    "global_failures_factor": (1, 100),
    "unverified_minutes": (1, 60),
    "verification_minutes": (1, 60),
    "case_number_digits": (8, 10),
    "service_ring_seconds": (5, 120),
    "liaison_ring_seconds": (5, 60),
    "caller_ring_seconds": (5, 60),
    "liaison_tries": (1, 10),
    "caller_tries": (1, 10),
    "retry_minutes": (1, 1440),
    "liaison_retry_seconds": (1, 3600),
    "untaken_retry_minutes": (1, 60),
    "away_after_misses": (1, 10),
    "due_soon_minutes": (0, 240),
    "wrap_up_seconds": (0, 600),
    "lease_seconds": (8, 3600),
    "talk_check_seconds": (10, 3600),
    "carrier_calls_per_second": (1, 100),
    "warn_staff_before_minutes": (0, 1440),
    "warn_supervisor_before_minutes": (0, 1440),
    "warn_staff_after_minutes": (0, 1440),
    "warn_supervisor_after_minutes": (0, 1440),
    "unverified_callbacks_a_day": (1, 10),
    "calls_at_once": (1, 1000),
    "lost_pin_reports_a_day": (1, 10),
    "lost_pin_calls_an_hour": (1, 1000),
    "lost_pin_minutes": (0, 1440),
    "lock_alert_minutes": (1, 5),
    "urgent_minutes": (1, 1440),
    "callback_minutes": (1, 120),
    "claim_minutes": (1, 240),
    "missed_claim_minutes": (1, 60),
    "handed_minutes": (1, 1440),
    "hard_news_hours": (1, 720),
    "one_time_pin_days": (1, 21),
    "one_time_pin_uses": (1, 5),
    "lost_pin_hold_hours": (24, 720),
    "unsafe_phone_hold_hours": (24, 720),
    "stop_task_minutes": (5, 240),
    "pin_request_hours": (1, 336),
    "case_open_minutes": (5, 480),
    "window_opens_hour": (0, 23),
    "window_closes_hour": (1, 23),
    "hold_most_seconds": (30, 1800),
    "dropped_seconds": (5, 600),
    "cut_short_seconds": (1, 60),
    "outcome_minutes": (1, 120),
    "call_later_minutes": (5, 2880),
    "hard_call_minutes": (1, 120),
    "notice_code_tries": (1, 5),
    "notice_tries": (1, 10),
    "notice_retry_minutes": (5, 1440),
    "notice_first_tries": (1, 20),
    "notice_first_minutes": (5, 240),
    "notice_later_minutes": (10, 720),
    "notice_urgent_hours": (1, 72),
    "notice_task_minutes": (5, 240),
    "notice_on_call_minutes": (5, 240),
    "notice_supervisor_minutes": (10, 480),
    "correction_minutes": (10, 240),
    "notice_calls_percent": (5, 50),
    "notice_calls_a_day": (1, 48),
    "consent_max_days": (30, 1095),
    "consent_renew_days": (1, 90),
    "page_minutes": (1, 60),
    "trouble_page_minutes": (1, 120),
    "held_page_minutes": (1, 120),
    "held_pages": (1, 10),
    "held_list_minutes": (1, 1440),
    "preview_minutes": (5, 1440),
    "upload_megabytes": (1, 2000),
    "audit_look_hours": (1, 168),
    "audit_looks_without_call": (0, 1000),
    "audit_looks_at_subject": (1, 1000),
    "audit_pair_days": (1, 365),
    "audit_pair_least": (2, 1000),
    "audit_pair_percent": (1, 100),
    "two_people_days": (1, 365),
    "purge_days": (35, 365),
    "audit_searches": (1, 1000),
    "brake_floor": (0, 100000),
    "brake_percent": (0, 100),
    "brake_peak_factor": (0, 100),
    "brake_day_floor": (0, 100000),
    "brake_day_peak_factor": (0, 100),
    "brake_releasable_floor": (0, 100000),
    "brake_releasable_percent": (0, 100),
    "brake_drop_percent": (0, 100),
    "future_skew_minutes": (0, 60),
    "feed_silent_hours": (1, 168),
    "feed_silent_message": (0, 1),
    "feed_done_days": (0, 30),
    "feed_refused_days": (1, 30),
    "hearing_reminder_days": (0, 30),
    "expected_release_reminder_days": (0, 30),
    "sign_in_wait_after_failures": (3, 20),
    "sign_in_wait_first_seconds": (5, 3600),
    "sign_in_wait_most_seconds": (60, 86400),
    "sign_in_lock_after_failures": (5, 100),
    "sign_in_client_failures": (10, 10000),
    "console_idle_minutes": (5, 240),
    "console_session_hours": (1, 24),
    "console_fresh_minutes": (1, 60),
}
FRACTIONS = frozenset(
    {
        "global_failures_factor",
        "brake_percent",
        "brake_peak_factor",
        "brake_day_peak_factor",
        "brake_releasable_percent",
        "brake_drop_percent",
    }
)


class PolicyError(FieldError):
    """A policy is missing or wrong; the message names it and the field."""


@dataclass(frozen=True, slots=True)
class Policy:
    """One decision: its value, its basis, its owner, and the day by which it is reviewed."""

    value: int | float
    basis: str
    decided_by: str
    review_by: date


def read_policies(table: Mapping[str, Any]) -> dict[str, Policy]:
    """Read every policy. Raises PolicyError at the first that is missing, unknown or wrong."""
    if unknown := sorted(set(table) - set(BOUNDS)):
        raise PolicyError("%(field)s is no policy of the line.", field=f"policies.{unknown[0]}")
    policies = {name: _policy(name, table.get(name)) for name in BOUNDS}
    for low, high in (
        ("window_opens_hour", "window_closes_hour"),
        ("wait_after_failures", "lock_after_failures"),
        ("wait_first_seconds", "wait_most_seconds"),
        ("sign_in_wait_after_failures", "sign_in_lock_after_failures"),
        ("sign_in_wait_first_seconds", "sign_in_wait_most_seconds"),
    ):
        if policies[low].value >= policies[high].value:
            raise PolicyError(
                "%(low)s must be below %(high)s.", low=f"policies.{low}.value", high=f"policies.{high}.value"
            )
    for first, second in (
        ("warn_supervisor_before_minutes", "warn_staff_before_minutes"),
        ("warn_staff_after_minutes", "warn_supervisor_after_minutes"),
    ):
        if policies[first].value > policies[second].value:
            raise PolicyError(
                "%(low)s must not be above %(high)s.",
                low=f"policies.{first}.value",
                high=f"policies.{second}.value",
            )
    return policies


def _policy(name: str, entry: Any) -> Policy:
    if not isinstance(entry, dict):
        raise PolicyError(f"[policies.{name}] is missing.")
    if unknown := sorted(set(entry) - {"value", "basis", "decided_by", "review_by"}):
        raise PolicyError(f"policies.{name}.{unknown[0]} is no field of a policy.")
    value, (least, most) = entry.get("value"), BOUNDS[name]
    kinds = (int, float) if name in FRACTIONS else (int,)
    if isinstance(value, bool) or not isinstance(value, kinds) or not least <= value <= most:
        raise PolicyError(
            "%(field)s must be a number from %(least)s to %(most)s."
            if name in FRACTIONS
            else "%(field)s must be a whole number from %(least)s to %(most)s.",
            field=f"policies.{name}.value", least=f"{least:g}", most=f"{most:g}",
        )  # fmt: skip
    for field in ("basis", "decided_by"):
        if not isinstance(entry.get(field), str) or not entry[field].strip():
            raise PolicyError("%(field)s must be a text.", field=f"policies.{name}.{field}")
    if type(entry.get("review_by")) is not date:
        raise PolicyError(
            "%(field)s must be a date such as 2027-06-30, without quotes.", field=f"policies.{name}.review_by"
        )
    return Policy(value, entry["basis"], entry["decided_by"], entry["review_by"])
