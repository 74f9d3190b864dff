"""The states of a callback as a table: which moves exist, and who may make them. Pure data."""

from dataclasses import dataclass

OPEN_STATES = ("requested", "claimed", "ringing_liaison", "ringing_caller", "talking")
#: States before the two talk. A talk closes by itself, and news of its end may be late: it fulfills no later
#: promise.
OWED_STATES = OPEN_STATES[:-1]
FINAL_STATES = ("reached", "no_answer", "left_for_staff", "cancelled")
STATES = OPEN_STATES + FINAL_STATES
#: An end that only a staff member may take up again.
TAKEN_UP_AGAIN = "left_for_staff"
#: The outcomes of a callback left because nobody knows whether a call was placed: the person's, or only a
#: liaison's.
UNKNOWN_OUTCOMES = ("unknown", "unknown_call", "unknown_offer")
#: In these states a leg rings, or waits for the other, so the carrier may still report something.
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
    # A staff claim (it names the person) calls nobody yet, and a worker never dials for it.
    Move("claim", ("requested",), "claimed", ("worker", "sweeper", "staff")),
    # Nothing redials a callback whose end nobody knows; a person decides, and it is then theirs. After a use
    # of the duress PIN a worker gives it to the one liaison who was told (R10).
    Move("take_up", (TAKEN_UP_AGAIN,), "claimed", ("staff", "worker")),
    # Another callback of its case settles what was left; beside that one it cannot be open again. The sweeper
    # closes a task whose news its person has confirmed. A person cancels what waits behind a call about news.
    Move("close_left", (TAKEN_UP_AGAIN,), "cancelled", ("staff", "sweeper", "caller")),
    # A person who asks again, more urgently, does not wait for the staff member who claimed them.
    Move("give_back", ("claimed",), "requested", ("worker", "sweeper", "staff", "caller")),
    # Made directly by the process that finds it on the list, with the liaison reserved in the same
    # transaction.
    Move("ring_liaison", ("requested", "claimed"), "ringing_liaison", ("worker", "sweeper", "staff")),
    Move("accept", ("ringing_liaison",), "ringing_caller", ("liaison",)),
    # A liaison may also hang up after the accept key, while the caller's phone still rings.
    Move(
        "liaison_missed",
        ("ringing_liaison", "ringing_caller"),
        "requested",
        ("liaison", "worker", "carrier", "sweeper"),
    ),
    # A staff member missed the call that they asked for: they have a moment to ask again.
    Move("miss_own_call", ("ringing_liaison",), "claimed", ("liaison", "worker", "carrier", "sweeper")),
    Move("caller_missed", ("ringing_caller",), "requested", ("worker", "carrier", "sweeper")),
    Move("not_safe", ("ringing_caller",), "requested", ("caller",)),
    # The same for a person whose liaison hung up before their key.
    Move("not_safe_later", ("requested", "ringing_liaison"), "requested", ("caller",)),
    Move("join", ("ringing_caller",), "talking", ("caller",)),
    # By the end of either leg, by staff who end the talk, or by a hold that has lasted too long. A worker
    # that cannot move a leg asks the carrier, and may be the first to learn of its end.
    Move("reach", ("talking",), "reached", ("caller", "liaison", "staff", "worker", "carrier", "sweeper")),
    Move("give_up", ("ringing_caller",), "no_answer", ("worker", "carrier", "sweeper")),
    Move(
        "leave",
        ("requested", "claimed", "ringing_liaison", "ringing_caller"),
        "left_for_staff",
        ("caller", "liaison", "staff", "worker", "carrier", "sweeper"),
    ),
    # Its phone said stop: the person's next safe phone is called instead (R33).
    Move(
        "change_phone",
        ("requested", "claimed", "ringing_liaison", "ringing_caller"),
        "requested",
        ("caller",),
    ),
    Move("cancel", ("requested", "claimed", "ringing_liaison"), "cancelled", ("caller", "staff")),
)

MOVES = {move.name: move for move in _TABLE}


def _check() -> None:
    """Refuse a table that could strand a promise or undo an end; runs when the table is imported."""
    for move in _TABLE:
        wrong = {*move.before, move.after} - set(STATES) or set(move.movers) - set(MOVERS)
        ended = set(move.before) & set(FINAL_STATES)
        # What was left for staff is only kept by one of them; to close it is another end.
        may_leave = ended == {TAKEN_UP_AGAIN} and move.after in ("claimed", *FINAL_STATES)
        if wrong or (ended and not may_leave):
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
