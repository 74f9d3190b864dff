"""Fills in the office's numbers for the models, and what they check before they call somebody."""

from typing import Any

from config.office import Office
from models.callbacks.callback_policy import CallbackPolicy
from models.store.policies import Policies


def policies_of(office: Office) -> Policies:
    """The office's policies as plain numbers. Raises TypeError when they do not match the fields."""
    values: dict[str, Any] = {name: policy.value for name, policy in office.policies.items()}
    return Policies(**values)


def callback_policy_of(office: Office) -> CallbackPolicy:
    """The numbers, the hours and the phones that the office uses to call people."""
    return CallbackPolicy(
        numbers=policies_of(office),
        lines=office.lines,
        zone=office.zone,
        calling_window=office.calling_window,
        due_at=office.due_at,
        can_dial=office.can_dial,
        zone_of=office.zone_of,
        is_open=office.is_open,
        next_open=office.next_open,
        is_holiday=office.is_holiday,
    )
