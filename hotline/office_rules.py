"""Puts an office in the terms of the call trees and the models, once for each version of it."""

from config.office import Office
from ivr_flows.engine.rules import Rules
from models.calls.pin_try import PinLimits
from models.custody.custody_status import HeardRules
from workers.office_rules import callback_policy_of


def rules_of(office: Office, shared_phone_keys: frozenset[str] = frozenset()) -> Rules:
    """The rules of this office; ``shared_phone_keys`` are the blind indexes of its shared phones (R06)."""
    callback_policy = callback_policy_of(office)
    policies = callback_policy.numbers
    return Rules(
        office=office,
        callback_policy=callback_policy,
        release=HeardRules(
            fresh_minutes=policies.fresh_minutes,
            spoken_stale_hours=policies.spoken_stale_hours,
            future_skew_minutes=policies.future_skew_minutes,
            allow_facility=office.allow_facility,
            allow_hearing=office.allow_hearing,
            allow_expected_release=office.allow_expected_release,
            allow_removal_stage=office.allow_removal_stage,
        ),
        pins=PinLimits.of(policies),
        shared_phone_keys=shared_phone_keys,
    )
