"""For all callers: whatever happens in a call, each answer waits for keys, rings, or says goodbye."""

from collections.abc import Callable

from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st

from tests.calls.conftest import Clock
from tests.calls.stories import document_of, speaks
from tests.conftest import in_turn
from tests.factories import MadeCase
from tests.phone import Phone

PIN = "739482"
KEYS = [*"0123456789*#", "**", "0#", None, None]
#: What a caller does: keys that mean something at this place, any keys, nothing, or a long wait.
ACTIONS = st.lists(
    st.one_of(
        st.sampled_from(["1", "1", "1", "2", "2", "3"]),
        st.sampled_from(["(number)", "(PIN)", "(number)", "(PIN)", "(wait)"]),
        st.sampled_from(KEYS),
        st.text("0123456789*#", min_size=1, max_size=12),
    ),
    min_size=1,
    max_size=25,
)


@in_turn("status", ["in_custody", "released"])
def test_every_answer_of_any_call_waits_or_rings_or_says_goodbye(
    phone: Phone, make_case: Callable[..., MadeCase], make_staff: Callable[..., object], clock: Clock,
    status: str,
) -> None:  # fmt: skip
    case = make_case(custody_status=status)
    make_staff()

    @given(ACTIONS)
    @how(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    def any_call(actions: list[str | None]) -> None:
        caller = phone.another()
        caller.dials_in()
        for action in actions:
            take(caller, action)
            # The phone itself refuses a fault, a document that is not right, and one that leads nowhere.
            assert caller.is_over or speaks(document_of(caller))
            if caller.is_over:
                assert "goodbye" in caller.heard.casefold() or "adiós" in caller.heard.casefold()
                return
        caller.hangs_up()

    def take(caller: Phone, action: str | None) -> None:
        if caller.rings:
            caller.lets_ring()
        elif action == "(wait)":
            clock.passes(minutes=11)
        elif action is None:
            caller.says_nothing()
        else:
            caller.presses({"(number)": case.number, "(PIN)": case.pin}.get(action, action))

    any_call()
