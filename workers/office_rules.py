"""Fills in the office's numbers for the models, and what they check before they call somebody."""

from dataclasses import replace
from typing import Any

from config.office import Office
from models.callbacks.callback_policy import CallbackPolicy
from models.custody.custody_status import HeardRules
from models.custody.imports.custody_import import ImportRules
from models.store.policies import Policies


def policies_of(office: Office) -> Policies:
    """The office's policies as plain numbers. Raises TypeError when they do not match the fields."""
    values: dict[str, Any] = {name: policy.value for name, policy in office.policies.items()}
    return Policies(**values, always_open=office.always_open)


def callback_policy_of(office: Office) -> CallbackPolicy:
    """The numbers, the hours and the phones that the office uses to call people."""
    return CallbackPolicy(
        numbers=policies_of(office),
        lines=office.lines,
        zone=office.zone,
        due_at=office.due_at,
        can_dial=office.can_dial,
        zone_of=office.zone_of,
        is_open=office.is_open,
        next_open=office.next_open,
        is_holiday=office.is_holiday,
    )


def import_rules_of(office: Office, policies: Policies) -> ImportRules:
    """What an import may store, and its brake. A date that the office does not tell makes no call (R12)."""
    told = {
        "expected_release_reminder_days": office.allow_expected_release,
        "hearing_reminder_days": office.allow_hearing,
    }
    off: dict[str, Any] = dict.fromkeys((name for name, is_told in told.items() if is_told is not True), 0)
    return ImportRules(office.gates, replace(policies, **off))


def heard_rules_of(office: Office) -> HeardRules:
    """The office's numbers and switches for what may be told about a person (R12, R14)."""
    policies = policies_of(office)
    return HeardRules(
        fresh_minutes=policies.fresh_minutes,
        spoken_stale_hours=policies.spoken_stale_hours,
        future_skew_minutes=policies.future_skew_minutes,
        allow_facility=office.allow_facility,
        allow_hearing=office.allow_hearing,
        allow_expected_release=office.allow_expected_release,
        allow_removal_stage=office.allow_removal_stage,
        zone=office.zone,
    )
