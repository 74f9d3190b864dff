"""What the tests of talks with people called back share: who is rung into one, and what the rows hold."""

from collections.abc import Callable
from random import Random

from sqlalchemy import select

from models import AuditEntry, Callback, Staff
from tests.calls.conftest import Clock, Hotline
from tests.phone import Phone, PlacedCall
from workers.sweeper import sweep

MakeStaff = Callable[..., Staff]
FIRST, SECOND = "+12025550170", "+12025550171"
INTERPRETER = "+12025550104"


def a_colleague_is_rung(phone: Phone, hotline: Hotline, make_staff: MakeStaff, liaison: Phone) -> PlacedCall:
    """Star and 2: the other liaison's phone rings."""
    make_staff(phone=SECOND)
    liaison.presses("*")
    liaison.presses("2")
    hotline.jobs.works_off()
    assert hotline.carrier.ringing[-1].to == SECOND
    return hotline.carrier.ringing[-1]


def joins(phone: Phone, hotline: Hotline, placed: PlacedCall) -> Phone:
    """The phone that is rung into the talk accepts, and the caller is told."""
    joiner = phone.answers(placed)
    joiner.presses("1")
    hotline.jobs.works_off()
    return joiner


def states(hotline: Hotline) -> list[str]:
    """The states of all callbacks, oldest first."""
    return hotline.rows(select(Callback.state).order_by(Callback.id))


def actions(hotline: Hotline) -> list[str]:
    """The audited actions, oldest first."""
    return hotline.rows(select(AuditEntry.action).order_by(AuditEntry.id))


def _key(hotline: Hotline, number: str) -> str:
    return hotline.database.keyring.index("phone", number)


class Stage:
    """A talk in which anybody may do anything at any moment, with jobs that come late, twice or never."""

    def __init__(self, phone: Phone, hotline: Hotline, clock: Clock, liaison: Phone, called: Phone) -> None:
        self.phone, self.hotline, self.clock = phone, hotline, clock
        self.called, self.staff = called, [liaison]

    def someone_of_staff(self, chance: Random) -> Phone:
        return chance.choice(self.staff)

    def presses(self, chance: Random) -> None:
        self._unless_over(self.someone_of_staff(chance), lambda one: one.presses(chance.choice("*1234")))

    def stars(self, chance: Random) -> None:
        self._unless_over(self.someone_of_staff(chance), lambda one: one.presses("*"))

    def is_silent(self, chance: Random) -> None:
        one = chance.choice([self.called, *self.staff])
        self._unless_over(one, lambda phone: phone.says_nothing())

    def hangs_up(self, chance: Random) -> None:
        one = chance.choice([self.called, *self.staff])
        if chance.random() < 0.4:
            self._unless_over(one, lambda phone: phone.hangs_up())

    def answers(self, chance: Random) -> None:
        if self.hotline.carrier.ringing:
            placed = chance.choice(self.hotline.carrier.ringing)
            if chance.random() < 0.3:
                self.phone.another().declines(placed, chance.choice(["busy", "no-answer", "failed"]))
            else:
                self.staff.append(self.phone.answers(placed))

    def works_off(self, chance: Random) -> None:
        if chance.random() < 0.3:
            # A worker died with them, or Redis was wiped.
            self.hotline.jobs.waiting.clear()
        elif chance.random() < 0.3:
            self.hotline.jobs.waiting += self.hotline.jobs.waiting
        self.hotline.jobs.works_off()

    def sweeps(self, chance: Random) -> None:
        self.clock.passes(seconds=chance.choice([1, 3, 30]))
        sweep(
            self.hotline.database,
            self.hotline.jobs,
            self.hotline.carrier,
            self.hotline.office,
            self.clock.now,
        )

    def redelivers(self, chance: Random) -> None:
        one = chance.choice([self.called, *self.staff])
        if one.last_request is not None:
            one.redelivers_last()

    def comes_to_rest(self) -> None:
        """Nobody does anything more: jobs are done, the sweeper runs, and anyone who is asked is silent."""
        for _ in range(6):
            self.clock.passes(seconds=3)
            sweep(
                self.hotline.database,
                self.hotline.jobs,
                self.hotline.carrier,
                self.hotline.office,
                self.clock.now,
            )
            self.hotline.jobs.works_off()
            for one in (self.called, *self.staff):
                if not one.is_talking:
                    self._unless_over(one, lambda phone: phone.says_nothing())

    @staticmethod
    def _unless_over(one: Phone, what: Callable[[Phone], None]) -> None:
        if not one.is_over:
            what(one)
