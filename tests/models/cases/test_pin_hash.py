"""PIN hashes: salted, peppered, compared in exactly one KDF run whatever is given."""

import threading

import pytest
from argon2 import extract_parameters
from hypothesis import given
from hypothesis import strategies as st

from models.cases.pin_hash import PinHasher

PEPPER = b"a pepper of the tests"
HASHER = PinHasher(PEPPER, memory_kib=8, time_cost=1)
STORED = HASHER.hash("482917")


def test_hash_opens_for_its_pin_and_for_no_other() -> None:
    assert HASHER.matches(STORED, "482917")
    assert not HASHER.matches(STORED, "482918")
    assert not HASHER.matches(STORED, "")


def test_same_pin_hashes_differently_each_time() -> None:
    assert HASHER.hash("482917") != STORED


def test_hash_is_useless_without_the_pepper() -> None:
    assert not PinHasher(b"another pepper", memory_kib=8, time_cost=1).matches(STORED, "482917")


def test_parameters_are_in_the_hash_and_are_what_owasp_advises() -> None:
    parameters = extract_parameters(PinHasher(PEPPER).hash("482917"))

    assert (parameters.type.name, parameters.memory_cost, parameters.time_cost) == ("ID", 19456, 2)


def test_hash_of_earlier_parameters_still_opens() -> None:
    assert PinHasher(PEPPER, memory_kib=16, time_cost=2).matches(STORED, "482917")


@given(stored=st.none() | st.text() | st.just(STORED), pin=st.text())
def test_every_comparison_is_one_kdf_run(stored: str | None, pin: str) -> None:
    runs = HASHER.runs

    assert HASHER.matches(stored, pin) is (stored == STORED and pin == "482917")
    assert HASHER.runs == runs + 1


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "482917",
        STORED[:-1],
        STORED + "A",
        STORED.replace("argon2id", "argon2i"),
        STORED.replace("v=19", "v=16"),
        STORED.replace("m=8", "m=99999999"),
        STORED.replace("m=8", "m=7"),
        STORED.replace("t=1", "t=0"),
        STORED.replace("t=1", "t=999"),
        STORED.replace("p=1", "p=0"),
        STORED.replace("p=1", "p=99"),
        STORED.rsplit("$", 1)[0] + "$" + "A" * 25,
    ],
    # The salt differs in every process, and the name of a test must not.
    ids=map(str, range(13)),
)
def test_broken_hash_opens_for_nothing_and_raises_nothing(stored: str) -> None:
    runs = HASHER.runs

    assert not HASHER.matches(stored, "482917")
    assert HASHER.runs == runs + 1


def test_runs_are_counted_across_threads() -> None:
    hasher = PinHasher(PEPPER, memory_kib=8, time_cost=1)

    def guess() -> None:
        for _ in range(50):
            hasher.matches(None, "482917")

    threads = [threading.Thread(target=guess) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert hasher.runs == 200


def test_repr_shows_no_pepper() -> None:
    assert repr(HASHER) == "PinHasher(memory_kib=8, time_cost=1)"


def test_hasher_without_a_pepper_or_with_absurd_parameters_is_refused() -> None:
    with pytest.raises(ValueError, match="pepper"):
        PinHasher(b"")
    for memory_kib, time_cost in ((7, 1), (1 << 21, 1), (8, 0), (8, 65)):
        with pytest.raises(ValueError, match="out of bounds"):
            PinHasher(PEPPER, memory_kib=memory_kib, time_cost=time_cost)
