"""Connection overrides in a URL's fragment are obeyed, and bad ones refused by Twilio's numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.exchange.delivery.overrides import Overrides
from hotline.exchange.delivery.request import LineError


def test_one_retry_follows_a_connect_timeout_alone_without_overrides() -> None:
    overrides = Overrides.read("")

    assert overrides == Overrides.read("a-place-in-a-page") == Overrides()
    assert (overrides.connect_seconds, overrides.read_seconds, overrides.total_seconds) == (5, 15, 15)
    assert overrides.retries == 1
    assert [overrides.retries_after(reason) for reason in ("ct", "rt", "4xx", "5xx")] == [True, *[False] * 3]


def test_every_key_is_obeyed() -> None:
    overrides = Overrides.read("ct=100&rt=200&tt=300&rc=5&rp=5xx,rt&sni=n&e=dublin")

    assert (overrides.connect_seconds, overrides.read_seconds, overrides.total_seconds) == (0.1, 0.2, 0.3)
    assert (overrides.retries, overrides.names_server) == (5, False)
    assert [overrides.retries_after(reason) for reason in ("ct", "rt", "4xx", "5xx")] == [
        False, True, False, True,
    ]  # fmt: skip
    assert Overrides.read("rp=all").retries_after("4xx")


@pytest.mark.parametrize(
    ("fragment", "code"),
    [
        ("e=!", 11240), ("e=", 11240), ("e=mars", 11241), ("e=ashburn,mars", 11241), ("e=dublin-ix", 11242),
        ("rc=6", 11243), ("rc=-1", 11243), ("rc=", 11243), ("ct=99", 11243), ("ct=10001", 11243),
        ("rt=15001", 11243), ("tt=1.5", 11243), ("tt=²", 11243), ("rp=3xx", 11243), ("rp=", 11243),
        ("sni=maybe", 11243),
    ],
)  # fmt: skip
def test_bad_override_is_refused(fragment: str, code: int) -> None:
    with pytest.raises(LineError) as refused:
        Overrides.read(fragment)

    assert refused.value.code == code


@given(st.text())
def test_any_fragment_is_read_or_refused(fragment: str) -> None:
    code = 0
    overrides = Overrides()
    try:
        overrides = Overrides.read(fragment)
    except LineError as problem:
        code = problem.code

    assert code in {0, 11240, 11241, 11242, 11243}
    assert 0 <= overrides.retries <= 5
    assert overrides.total_seconds <= 15
