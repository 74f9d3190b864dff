"""Calls in trees with new names for steps: what the models know of a call depends on none of them."""

import dataclasses
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from ivr_flows.engine.flow import Choice, Crossing, Flow
from models import Call, Callback, Staff, Talk
from models.calls.place import PLACES
from models.calls.role import INBOUND_ROLES
from tests.calls.callbacks.test_callbacks import accepted_by, asks_express, the_callback
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import opens_the_case
from tests.calls.talks.talking import FIRST, a_colleague_is_rung, joins
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
#: The fields of a step that lead to another, alone or for each of some words or keys.
_EXITS, _TABLES = ("next", "give_up", "silence", "back"), ("on", "extra")


@pytest.fixture(autouse=True)
def renamed(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Flow]:
    """Every step that has a place gets a new name, and so does the tree of every call that we place."""
    line = app.extensions["hotline.line"]
    flows = {flow.name: flow for flow in map(_renamed, line.flows.values())}
    monkeypatch.setitem(vars(line), "flows", flows)
    return flows


def _renamed(flow: Flow) -> Flow:
    names = {step: f"{step}_2" for step in flow.steps if flow.place_of(step) is not None}

    def new(name: str | None) -> str | None:
        return names.get(name or "", name)

    def led(part: Any) -> Any:
        """A step, or a choice of one, whose exits lead to the new names."""
        if isinstance(part, Crossing):
            return part
        here = {field.name for field in dataclasses.fields(part)}
        changed = {name: new(getattr(part, name)) for name in _EXITS if name in here}
        for name in here.intersection(_TABLES):
            changed[name] = {word: new(to) for word, to in getattr(part, name).items()}
        if "choices" in here:
            changed["choices"] = tuple(led(choice) for choice in part.choices if isinstance(choice, Choice))
        return dataclasses.replace(part, **changed)

    ends = ("start", "give_up", "silent", "locked_out", "stranded", "overlong")
    return dataclasses.replace(
        flow,
        name=flow.name if flow.role in INBOUND_ROLES else f"{flow.name}_2",
        steps={new(name): led(step) for name, step in flow.steps.items()},
        open_to_all=frozenset(new(name) for name in flow.open_to_all),
        keys={key: new(to) for key, to in flow.keys.items()},
        recalled={new(name): new(to) for name, to in flow.recalled.items()},
        moved={},
        **{name: new(getattr(flow, name)) for name in ends},
    )


def test_each_place_is_one_of_a_renamed_step(renamed: Mapping[str, Flow]) -> None:
    found = {flow.place_of(step) for flow in renamed.values() for step in flow.steps} - {None}

    # A fault of ours has no step, and a click in the console calls a leg in.
    assert found == PLACES - {"faulted", "called_in"}


def test_callback_is_held_joined_by_a_colleague_and_led_on_by_them(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=FIRST)
    asks_express(phone, make_case(custody_status="in_custody"))
    liaison, to_caller = accepted_by(phone, hotline)
    called = phone.answers(to_caller)
    called.presses("1")
    # With this job alone the liaison, who waits for the key, comes to the person at once.
    hotline.jobs.works_off()
    assert (liaison.is_talking, called.is_talking) == (True, True)

    liaison.presses("*")
    called.says_nothing()
    assert called.hears("You are on hold")
    liaison.presses("1")
    hotline.jobs.works_off()
    assert (liaison.is_talking, called.is_talking) == (True, True)

    colleague = joins(phone, hotline, a_colleague_is_rung(phone, hotline, make_staff, liaison))
    assert called.hears("Someone else from our team is joining")
    assert colleague.is_talking
    liaison.hangs_up()
    hotline.jobs.works_off()
    for one in (called, colleague):
        if not one.is_talking:
            one.says_nothing()

    assert (colleague.is_talking, called.is_talking) == (True, True)
    assert the_callback(hotline).state == "talking"
    roles = hotline.rows(select(Call.role).order_by(Call.id))
    assert roles == ["caller", "liaison", "called_back", "colleague"]


def test_caller_at_0_waits_talks_and_is_called_again_after_a_hold(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    assert hotline.row(select(Call.place).where(Call.role == "caller")) == "waiting"
    liaison = hotline.accepts(phone)
    assert (liaison.is_talking, phone.is_talking) == (True, True)
    clock.passes(seconds=30)

    liaison.presses("*")
    phone.says_nothing()
    assert phone.hears("You are on hold")
    phone.hangs_up()
    hotline.jobs.works_off()

    assert hotline.row(select(Talk.outcome)) == "reached"
    assert hotline.row(select(Callback.reason)) == "cut_off"


def test_key_7_after_a_request_puts_the_callback_off(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("2")
    phone.presses("1")

    phone.presses("7")
    phone.hangs_up()

    minutes = hotline.policies.retry_minutes
    assert the_callback(hotline).next_attempt_at >= hotline.clock.now + timedelta(minutes=minutes)
    assert hotline.row(select(Call.place)) == "covered"
