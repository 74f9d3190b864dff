"""Fills what the models know of the office: its numbers, once for each version of it."""

from typing import Any

from config.office import Office
from models.store.policies import Policies


def policies_of(office: Office) -> Policies:
    """The office's policies as plain numbers. Raises TypeError when they are not the fields."""
    values: dict[str, Any] = {name: policy.value for name, policy in office.policies.items()}
    return Policies(**values)
