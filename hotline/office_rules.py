"""Puts an office in the terms of the call trees and the models, once for each version of it."""

from config.office import Office
from ivr_flows.engine.rules import Rules
from workers.office_rules import callback_policy_of, heard_rules_of


def rules_of(office: Office, shared_phone_keys: frozenset[str] = frozenset()) -> Rules:
    """The rules of this office; ``shared_phone_keys`` are the blind indexes of its shared phones (R06)."""
    return Rules(
        office=office,
        callback_policy=callback_policy_of(office),
        release=heard_rules_of(office),
        shared_phone_keys=shared_phone_keys,
    )
