"""Whatever anybody does in a talk, nobody is left in silence, and the liaison hears who does not join."""

from collections.abc import Callable
from random import Random

from sqlalchemy import select, update

from models import Callback, Staff
from tests.calls.callbacks.test_callbacks import accepted_by, asks_express
from tests.calls.conftest import Clock, Hotline
from tests.calls.talks.talking import (
    FIRST,
    INTERPRETER,
    SECOND,
    Stage,
    a_colleague_is_rung,
)
from tests.conftest import in_turn
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


@in_turn("seed", range(7))
def test_caller_is_never_left_alone_in_silence_whatever_anybody_does(
    talk: tuple[Phone, Phone], phone: Phone, hotline: Hotline, make_staff: MakeStaff, clock: Clock, seed: int
) -> None:
    make_staff(phone=SECOND)
    chance, stage = Random(seed), Stage(phone, hotline, clock, *talk)
    deeds = [
        stage.presses, stage.stars, stage.is_silent, stage.hangs_up, stage.answers, stage.works_off,
        stage.works_off, stage.sweeps, stage.redelivers,
    ]  # fmt: skip

    for _ in range(25):
        chance.choice(deeds)(chance)
    stage.comes_to_rest()

    called, row = stage.called, hotline.rows(select(Callback).order_by(Callback.id))[0]
    if called.is_talking:
        assert any(one.is_talking for one in stage.staff), called.transcript
        assert row.state == "talking"
    elif not called.is_over:
        waits = ("stay on the line", "will be right back")
        assert any(words in called.heard for words in waits), called.transcript
    else:
        assert not any(one.is_talking for one in stage.staff), "someone of staff waits for nobody"
    assert row.state in {"talking", "reached"}
    busy = hotline.rows(select(Staff.busy_call_id).where(Staff.busy_call_id.is_not(None)))
    assert len(busy) == len(set(busy))
    dialled = [placed.leg_id for placed in hotline.carrier.placed]
    assert len(dialled) == len(set(dialled))


def test_colleague_hears_like_the_liaison_that_the_caller_cannot_talk(
    talk: tuple[Phone, Phone], phone: Phone, hotline: Hotline, make_staff: MakeStaff
) -> None:
    liaison, _ = talk
    with hotline.database.transaction() as session:
        session.execute(update(Callback).values(silent=True))
    colleague = phone.answers(a_colleague_is_rung(phone, hotline, make_staff, liaison))
    assert colleague.does_not_hear("cannot talk")

    colleague.presses("1")

    assert colleague.hears("This caller cannot talk. Do not say their name. Ask yes or no questions")


@in_turn("way", ["no-answer", "busy", "failed", "passes", "machine"])
def test_liaison_in_the_talk_hears_that_the_colleague_does_not_join_and_the_caller_hears_nothing(
    talk: tuple[Phone, Phone], phone: Phone, hotline: Hotline, make_staff: MakeStaff, way: str
) -> None:
    liaison, called = talk
    placed = a_colleague_is_rung(phone, hotline, make_staff, liaison)
    before = called.heard
    if way in ("passes", "machine"):
        colleague = phone.answers(placed)
        while not colleague.is_over:
            colleague.presses("2") if way == "passes" else colleague.says_nothing()
    else:
        phone.another().declines(placed, way)
    hotline.jobs.works_off()

    assert liaison.hears("Your colleague did not join")
    assert called.heard == before
    assert (liaison.is_talking, called.is_talking) == (True, True)
    liaison.presses("*")
    assert liaison.does_not_hear("did not join"), "once is enough"


def test_liaison_out_of_the_talk_hears_at_once_that_the_interpreter_does_not_join(
    talk: tuple[Phone, Phone], phone: Phone, hotline: Hotline
) -> None:
    liaison, _ = talk
    liaison.presses("*")
    liaison.presses("3")
    hotline.jobs.works_off()
    assert hotline.carrier.ringing[-1].to == INTERPRETER
    liaison.presses("*")
    phone.another().lets_ring(hotline.carrier.ringing[-1])
    hotline.jobs.works_off()

    assert liaison.hears("The interpreter did not join", "To go back to the caller, press 1")


def test_liaison_hears_in_spanish_at_the_next_star_that_the_colleague_did_not_join_with_redis_down(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=FIRST, languages="es")
    asks_express(phone, make_case(custody_status="in_custody"), language="2")
    liaison, to_caller = accepted_by(phone, hotline)
    phone.answers(to_caller).presses("1")
    placed = a_colleague_is_rung(phone, hotline, make_staff, liaison)
    hotline.jobs.is_down = True
    phone.another().lets_ring(placed)

    liaison.presses("*")

    assert liaison.hears("La otra persona del equipo no se unió a la llamada")
