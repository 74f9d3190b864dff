"""Slow verbs for what staff enter: their code, their PIN, and new ones. Hashed with nothing open (R05)."""

from dataclasses import dataclass, field
from typing import Any

from ivr_flows.engine.desk import Desk
from ivr_flows.engine.flow import SlowHandler, answers
from models.calls import staff_secret
from models.calls.staff_secret import FirstKeying, Kind, SecondKeying, StaffTry


@dataclass(frozen=True, slots=True)
class SecretWork:
    """The entry, only in memory until it is hashed (R03)."""

    guess: StaffTry | FirstKeying | SecondKeying
    pin: str = field(repr=False)


def _trying(name: str, kind: Kind) -> SlowHandler:
    def reserve(desk: Desk, digits: str) -> SecretWork:
        desk.call.tries += 1
        tried, writes = staff_secret.reserve(desk.session, desk.call, kind, desk.now, desk.policies)
        desk.writes += writes
        return SecretWork(tried, digits)

    def record(desk: Desk, work: SecretWork, matched: Any) -> str:
        call, tried = desk.call, work.guess
        if not isinstance(tried, StaffTry):
            raise TypeError("Only a try can be right or wrong.")
        word, writes = staff_secret.record(desk.session, call, tried, bool(matched), desk.now)
        desk.writes += writes
        if word == "right":
            call.tries = 0
            if kind == "pin" and tried.staff_id is not None:
                staff_secret.sign_in(desk.session, call, tried.staff_id, desk.now)
            return "right"
        most = desk.policies.tries_per_call
        return "spent" if tried.reserved.tightened or call.tries >= most else "wrong"

    return SlowHandler(name, frozenset({"right", "wrong", "spent"}), reserve, record)


def _first(name: str, kind: Kind) -> SlowHandler:
    def reserve(desk: Desk, digits: str) -> SecretWork:
        return SecretWork(staff_secret.first_keying(desk.session, desk.call, kind), digits)

    def record(desk: Desk, _work: SecretWork, hashed: Any) -> str:
        return "good" if staff_secret.keep_first(desk.session, desk.call, hashed) else "weak"

    return SlowHandler(name, frozenset({"good", "weak"}), reserve, record, is_a_try=False)


def _second(name: str, kind: Kind) -> SlowHandler:
    def reserve(desk: Desk, digits: str) -> SecretWork:
        return SecretWork(staff_secret.second_keying(desk.session, desk.call, kind), digits)

    def record(desk: Desk, work: SecretWork, same: Any) -> str:
        if not isinstance(work.guess, SecondKeying):
            raise TypeError("Only a second entry can confirm the first.")
        changed = staff_secret.change(desk.session, desk.call, work.guess, bool(same), desk.now)
        return "changed" if changed else "differs"

    return SlowHandler(name, frozenset({"changed", "differs"}), reserve, record, is_a_try=False)


verify_code = _trying("verify_code", "code")
verify_staff_pin = _trying("verify_staff_pin", "pin")
take_new_pin, confirm_new_pin = _first("take_new_pin", "pin"), _second("confirm_new_pin", "pin")
take_new_code, confirm_new_code = _first("take_new_code", "code"), _second("confirm_new_code", "code")


@answers("ok")
def take_staff_number(desk: Desk, digits: str) -> str:
    """A staff number, real or not: what follows does not reveal which (R05)."""
    desk.call.tried_key = staff_secret.number_key(desk.keyring, digits)
    desk.call.verified_at = None
    return "ok"
