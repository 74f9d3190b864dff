"""Plain functions that make what a test needs, with defaults for all that it does not care about."""

import dataclasses
from pathlib import Path
from typing import Any

from config.office import Office

_SHIPPED = Path(__file__).parent.parent / "config" / "office.toml"


def make_office(**changes: Any) -> Office:
    """The shipped office, always open unless asked, with some of its fields replaced.

    ``policies`` may be given as plain values: ``make_office(policies={"tries_per_call": 2})``.
    """
    shipped = Office.load(_SHIPPED, always_open=True)
    if "policies" in changes:
        changes["policies"] = {
            **shipped.policies,
            **{
                name: dataclasses.replace(shipped.policies[name], value=value)
                for name, value in changes["policies"].items()
            },
        }
    return dataclasses.replace(shipped, **changes)
