"""Simulated people of every temperament call: all who know the PIN are served, and others hear no status."""

from pathlib import Path

import pytest

from ivr_flows.engine import walk as engine
from tests.people.person import REACHED
from tests.people.temperament import TEMPERAMENTS
from tests.people.town import Resident, share_of_good_ends, town, why_not

#: Every temperament in both languages, five times each; the same people each time.
PEOPLE = range(len(TEMPERAMENTS) * 2 * 5)
WITHOUT_A_PIN = range(len(TEMPERAMENTS) * 2)
LEAST_SHARE = 0.95
#: Nobody's temperament may be the reason why few of them are served.
LEAST_SHARE_OF_EACH = 0.8
#: How it may end for somebody with a wrong PIN or none: an end that was spoken, or that was their own.
SPOKEN_ENDS = REACHED - {"heard the status"} | {
    "was told goodbye",
    "hung up",
    "hung up on a strange language",
}


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> list[Resident]:
    """Everyone with a right PIN, after their calls."""
    with town(tmp_path_factory.mktemp("town")) as place:
        return [place.person(seed) for seed in PEOPLE]


def test_person_who_knows_the_pin_hears_the_status_or_reaches_a_person_or_a_callback(
    people: list[Resident],
) -> None:
    if share_of_good_ends(people) < LEAST_SHARE:
        pytest.fail(why_not(people))


@pytest.mark.parametrize("temperament", [temperament.name for temperament in TEMPERAMENTS])
@pytest.mark.parametrize("language", ["en", "es"])
def test_no_temperament_and_no_language_is_left_behind(
    people: list[Resident], temperament: str, language: str
) -> None:
    alike = [one for one in people if (one.temperament, one.language) == (temperament, language)]

    assert len(alike) == 5
    if share_of_good_ends(alike) < LEAST_SHARE_OF_EACH:
        pytest.fail(why_not(alike))


def test_person_who_heard_the_status_heard_its_words_and_nobody_fell_into_dead_air(
    people: list[Resident],
) -> None:
    told = [one for one in people if one.ending.how == "heard the status"]

    assert len(told) > len(people) / 2
    assert all(one.heard_a_status for one in told)
    assert {one.ending.how for one in people} <= SPOKEN_ENDS | {"heard the status"}, why_not(people)


@pytest.mark.parametrize("pin", ["wrong", "none"])
def test_person_who_does_not_know_the_pin_hears_no_status_and_never_dead_air(
    tmp_path: Path, pin: str
) -> None:
    with town(tmp_path) as place:
        strangers = [place.person(seed, pin) for seed in WITHOUT_A_PIN]

    assert not [why_not([one]) for one in strangers if one.heard_a_status]
    assert {one.ending.how for one in strangers} <= SPOKEN_ENDS, why_not(strangers)
    assert share_of_good_ends(strangers) > 0.8, why_not(strangers)


def test_line_that_gives_them_no_time_loses_slow_people_and_says_whom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "MENU_SECONDS", 3)
    monkeypatch.setattr(engine, "ENTRY_SECONDS", 3)
    monkeypatch.setattr("ivr_flows.engine.desk.Desk.slow_down", lambda _self: None)
    slow = [at for at, one in enumerate(TEMPERAMENTS) if one.relay == 30]
    with town(tmp_path) as place:
        people = [place.person(seed) for seed in PEOPLE if seed % len(TEMPERAMENTS) in slow]

    assert share_of_good_ends(people) < LEAST_SHARE
    assert "relay at 30 words a minute" in why_not(people)
    assert "seed " in why_not(people)


def test_same_seed_is_the_same_person(tmp_path: Path, people: list[Resident]) -> None:
    with town(tmp_path) as place:
        again = [place.person(seed) for seed in PEOPLE[:10]]

    assert [one.ending.how for one in again] == [one.ending.how for one in people[:10]]
