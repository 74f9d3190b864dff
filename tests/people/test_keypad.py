"""Keys against the clock of a Gather: late, cut, doubled, too early."""

from dataclasses import dataclass

from tests.people.keypad import LATENCY, Document, Press, collect

ASKED = Document(("Please enter your PIN.",), (2.0,), 0.0)


@dataclass
class Wait:
    seconds: int = 8
    most: int | None = 1
    finish_on: str = "#"


def typed(keys: str, first: float, gap: float = 0.5) -> list[Press]:
    return [Press(first + at * gap, key) for at, key in enumerate(keys)]


def test_key_after_the_wait_is_silence_and_falls_into_the_next_question() -> None:
    found = collect([Press(12.0, "1")], ASKED, Wait(seconds=8))

    assert found.digits == ""
    assert found.seconds == 10.0 + LATENCY
    assert [round(press.at, 1) for press in found.left] == [1.7]


def test_pause_longer_than_the_wait_cuts_an_entry() -> None:
    found = collect([*typed("123", 3.0), Press(15.0, "4")], ASKED, Wait(seconds=10, most=6))

    assert found.digits == "123"
    assert found.seconds == 14.0 + LATENCY


def test_last_digit_ends_an_entry_and_so_does_the_finishing_key() -> None:
    whole = collect(typed("123456", 3.0), ASKED, Wait(most=6))
    ended = collect(typed("0#", 3.0), ASKED, Wait(most=6))

    assert (whole.digits, whole.seconds) == ("123456", 5.5 + LATENCY)
    assert (ended.digits, ended.seconds) == ("0", 3.5 + LATENCY)


def test_key_stops_the_words_and_the_wait_begins_at_the_key() -> None:
    found = collect([Press(0.5, "4")], ASKED, Wait(seconds=10, most=8))

    assert (found.digits, found.seconds) == ("4", 10.5 + LATENCY)


def test_keys_before_the_gather_are_lost() -> None:
    document = Document(("Hang up and call 911.", "For English, press 1."), (2.0, 4.0), 2.0)

    assert collect([Press(1.0, "1")], document, Wait()).digits == ""


def test_second_hit_is_lost_while_the_answer_travels_and_counts_after_that() -> None:
    lost = collect([Press(3.0, "1"), Press(3.2, "1")], ASKED, Wait())
    counts = collect([Press(3.0, "1"), Press(3.45, "1")], ASKED, Wait())

    assert (lost.digits, lost.left) == ("1", ())
    assert len(counts.left) == 1


def test_words_before_the_gather_are_timed() -> None:
    twiml = b"<Response><Say>If in danger call</Say><Gather><Say>Press one</Say></Gather></Response>"
    document = Document.of(["If in danger call", "Press one"], twiml)

    assert (document.listens_at, round(document.ends_at, 3)) == (1.6, 2.4)
