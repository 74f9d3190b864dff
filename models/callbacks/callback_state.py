"""The states of a callback as a table: which moves there are, and who may make them. Pure data."""

from dataclasses import dataclass

OPEN_STATES = ("requested", "claimed", "ringing_liaison", "ringing_caller", "talking")
#: Before the two talk. A talk closes by itself, and news of its end may be late: it keeps no later promise.
OWED_STATES = OPEN_STATES[:-1]
FINAL_STATES = ("reached", "no_answer", "left_for_staff", "cancelled")
STATES = OPEN_STATES + FINAL_STATES
#: An end that a person of staff, and nobody and nothing else, may take up again.
TAKEN_UP_AGAIN = "left_for_staff"
#: Why a callback is left of which nobody knows whether a call was placed: the person's, or only a liaison's.
UNKNOWN_OUTCOMES = ("unknown", "unknown_call", "unknown_offer")
#: In these a leg rings, or waits for the other, so the carrier may still have something to say.
RINGING_STATES = ("ringing_liaison", "ringing_caller")

MOVERS = ("caller", "liaison", "staff", "worker", "carrier", "sweeper")


@dataclass(frozen=True, slots=True)
class Move:
    """One allowed move. ``movers`` are the kinds of actor that may make it."""

    name: str
    before: tuple[str, ...]
    after: str
    movers: tuple[str, ...]


_TABLE = (
    # A claim of staff (it names them) rings nobody yet, and is never dialled for by a worker.
    Move("claim", ("requested",), "claimed", ("worker", "sweeper", "staff")),
    # What nobody knows the end of is redialled by nothing; a person decides, and it is theirs then.
    Move("take_up", (TAKEN_UP_AGAIN,), "claimed", ("staff",)),
    # What was left is settled by another callback of its case, beside which it cannot be open again.
    Move("close_left", (TAKEN_UP_AGAIN,), "cancelled", ("staff",)),
    # A person who asks again, more urgently, does not wait for whoever claimed them.
    Move("give_back", ("claimed",), "requested", ("worker", "sweeper", "staff", "caller")),
    # At once by whoever finds it on the list, with the liaison held in the same transaction.
    Move("ring_liaison", ("requested", "claimed"), "ringing_liaison", ("worker", "sweeper", "staff")),
    Move("accept", ("ringing_liaison",), "ringing_caller", ("liaison",)),
    # A liaison may also hang up after the accept key, while the caller is still being rung.
    Move(
        "liaison_missed",
        ("ringing_liaison", "ringing_caller"),
        "requested",
        ("liaison", "worker", "carrier", "sweeper"),
    ),
    # A member of staff missed the call that they asked for: they have a moment to ask again.
    Move("miss_own_call", ("ringing_liaison",), "claimed", ("liaison", "worker", "carrier", "sweeper")),
    Move("caller_missed", ("ringing_caller",), "requested", ("worker", "carrier", "sweeper")),
    Move("not_safe", ("ringing_caller",), "requested", ("caller",)),
    # The same of a person whose liaison hung up before their key.
    Move("not_safe_later", ("requested", "ringing_liaison"), "requested", ("caller",)),
    Move("join", ("ringing_caller",), "talking", ("caller",)),
    # By the end of either leg, by staff who end the talk, or by a hold that has lasted too long.
    Move("reach", ("talking",), "reached", ("caller", "liaison", "staff", "carrier", "sweeper")),
    Move("give_up", ("ringing_caller",), "no_answer", ("worker", "carrier", "sweeper")),
    Move(
        "leave",
        ("requested", "claimed", "ringing_liaison", "ringing_caller"),
        "left_for_staff",
        ("caller", "liaison", "staff", "worker", "carrier", "sweeper"),
    ),
    # The phone that it would ring said stop: the person's next safe phone is rung instead (R33).
    Move(
        "change_phone",
        ("requested", "claimed", "ringing_liaison", "ringing_caller"),
        "requested",
        ("caller",),
    ),
    Move("cancel", ("requested", "claimed", "ringing_liaison"), "cancelled", ("caller", "staff")),
)

MOVES = {move.name: move for move in _TABLE}


def may_move(move: str, state: str, mover: str) -> bool:
    """Whether ``mover`` (the part of an actor before its colon) may make ``move`` from ``state``."""
    rule = MOVES[move]
    return state in rule.before and mover in rule.movers


def _check() -> None:
    """Refuse a table that could strand a promise or undo an end; run when the table is imported."""
    for move in _TABLE:
        wrong = {*move.before, move.after} - set(STATES) or set(move.movers) - set(MOVERS)
        ended = set(move.before) & set(FINAL_STATES)
        by_staff_alone = ended == {TAKEN_UP_AGAIN} and move.movers == ("staff",)
        if wrong or (ended and not by_staff_alone):
            raise ValueError(f"The move {move.name} is not allowed by the states of a callback.")
    ends = set(FINAL_STATES)
    while True:
        more = {state for move in _TABLE if move.after in ends for state in move.before} - ends
        if not more:
            break
        ends |= more
    if ends != set(STATES):
        raise ValueError("A state of a callback leads to no end.")


_check()
