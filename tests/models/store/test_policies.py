"""The numbers that the models read are the policies of the office, one for one."""

import dataclasses

from config.policies import BOUNDS, FRACTIONS
from models.store.policies import Policies
from tests.factories import make_office
from workers.office_rules import policies_of


def test_every_policy_of_the_office_is_a_field_and_every_field_but_one_is_a_policy() -> None:
    kinds = {field.name: field.type for field in dataclasses.fields(Policies)}

    assert kinds.pop("always_open") is bool
    assert kinds == {name: float if name in FRACTIONS else int for name in BOUNDS}


def test_changed_policy_is_read_by_its_name() -> None:
    policies = policies_of(make_office(policies={"liaison_tries": 7, "brake_percent": 2.5}))

    assert (policies.liaison_tries, policies.brake_percent) == (7, 2.5)
    assert policies.claim_minutes == 15
