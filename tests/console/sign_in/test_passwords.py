"""Password hashes run away from the web threads: one stranger waits at a time, known browsers apart."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from hotline.console.sign_in.passwords import BusyError, Passwords
from models.staff.staff_password import PasswordKdf, weakness
from tests.console.conftest import CHEAP_COST, CHEAP_KIB


class HeldKdf(PasswordKdf):
    """A KDF that waits until it is allowed to work."""

    def __init__(self) -> None:
        super().__init__(CHEAP_KIB, CHEAP_COST)
        self.began, self.may = threading.Event(), threading.Event()
        self.threads: set[str] = set()

    def matches(self, stored: str | None, password: str) -> bool:
        """Say that it began, and wait."""
        self.threads.add(threading.current_thread().name)
        self.began.set()
        assert self.may.wait(20)
        return super().matches(stored, password)


def test_flood_of_strangers_holds_one_thread_and_the_rest_are_told_at_once() -> None:
    kdf = HeldKdf()
    passwords = Passwords(kdf)
    with ThreadPoolExecutor(2) as web:
        first = web.submit(passwords.matches, None, "x")
        assert kdf.began.wait(20)
        for _ in range(50):
            with pytest.raises(BusyError):
                passwords.matches(None, "x")
        known = web.submit(passwords.matches, kdf.hash("theirs"), "theirs", known=True)
        kdf.may.set()

        assert first.result(20) is False
        assert known.result(20) is True
    assert all(name.startswith("password") for name in kdf.threads)
    assert len(kdf.threads) == 1
    passwords.close()


def test_slot_is_free_again_after_a_fault() -> None:
    passwords = Passwords(PasswordKdf(CHEAP_KIB, CHEAP_COST))

    assert passwords.matches("no hash at all", "x") is False
    assert passwords.matches(passwords.hash("é"), "e\u0301") is True
    assert passwords.matches(passwords.hash("x"), "\udcff") is False

    passwords.close()


@pytest.mark.parametrize(
    "password",
    ["seven quiet herons over the weir", "tr0ub4dor&3 stapler horse", "ночью тихо шумит река"],
)
def test_few_unusual_words_together_are_a_good_password(password: str) -> None:
    assert weakness(password, ["ana@office.example.org", "Ana Demo", "Victim Assistance Line"]) is None
