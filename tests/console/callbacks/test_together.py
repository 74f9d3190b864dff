"""Pages that were told of the same change look together: what they all show is read once, and never late."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from hotline.console.shell.together import Gathered
from models.store.database import Database
from tests.console.callbacks.office import Office
from tests.console.conftest import Member

LIST, BAR = "/console/callbacks/part", "/console/bar"


class Look:
    """Readers whose pages look at the same moment; with only one of them it waits for nobody."""

    def __init__(self, app: Flask) -> None:
        self._app, self._plain = app, app.wsgi_app
        self.waited: list[float] = []

    def __call__(self, path: str, *readers: Member, looks: str = "parts") -> None:
        all_there = Barrier(len(readers), timeout=30)

        def wait(seconds: float) -> None:
            self.waited.append(seconds)
            all_there.wait()

        self._app.wsgi_app = Gathered(self._plain, wait)  # type: ignore[method-assign]
        with ThreadPoolExecutor(len(readers)) as threads:
            for _ in threads.map(lambda one: one.opens(path, Looks_Again=looks), readers):
                pass


@pytest.fixture
def look(app: Flask) -> Look:
    return Look(app)


@pytest.fixture
def reads(database: Database) -> Iterator[Callable[[], int]]:
    """How many statements that read the two lists were sent since it was last called."""
    sent = list[str]()

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if "UNION ALL" in statement and "callbacks.rank" in statement:
            sent.append(statement)

    def since() -> int:
        found = len(sent)
        sent.clear()
        return found

    event.listen(database.engine, "before_cursor_execute", note)
    yield since
    event.remove(database.engine, "before_cursor_execute", note)


def test_three_pages_that_look_at_once_read_the_list_once(
    look: Look, staff: Any, office_rows: Office, reads: Callable[[], int]
) -> None:
    ana, ben, cleo = (staff(name=name).signs_in() for name in ("Ana Ito", "Ben Ota", "Cleo Uda"))
    callback_id = office_rows.promises()

    reads()
    look(LIST, ana, ben, cleo)

    assert reads() == 1
    assert all(f"row-{callback_id}" in one.text for one in (ana, ben, cleo))


def test_three_bars_that_look_at_once_count_urgent_work_once(
    look: Look, staff: Any, office_rows: Office, reads: Callable[[], int]
) -> None:
    members = [staff(name=name).signs_in() for name in ("Ana Ito", "Ben Ota", "Cleo Uda")]
    office_rows.promises(urgency="urgent")

    reads()
    look(BAR, *members, looks="bar")

    assert reads() == 1
    assert all(one.reads("1 to claim now") for one in members)


def test_each_of_them_sees_their_own_claim_languages_and_token(
    look: Look, staff: Any, office_rows: Office
) -> None:
    ana = staff(name="Ana Ito", languages=["en", "es"]).signs_in()
    ben = staff(name="Ben Ota", languages=["en"]).signs_in()
    theirs, free = office_rows.promises(), office_rows.promises(language="es", urgency="urgent")
    ana.opens(f"/console/callbacks/{theirs}").clicks("Claim")

    look(LIST, ana, ben)

    assert [re.findall(r'id="row-(\d+)"', one.text) for one in (ana, ben)] == [
        [str(theirs), str(free)],
        [str(free), str(theirs)],
    ]
    assert ana.reads("Mine 1", "My languages 2", "You have it", "Call now")
    assert ben.reads("Mine 0", "My languages 1", "Ana has it", "interpreter needed")
    assert not ana.reads("interpreter needed")
    assert not ben.reads("You have it")
    assert ana.token != ben.token


def test_follow_ups_are_counted_for_each_of_them(look: Look, staff: Any, office_rows: Office) -> None:
    ana, ben = staff(name="Ana Ito").signs_in(), staff(name="Ben Ota").signs_in()
    office_rows.promises(rescheduled_by_id=ana.staff_id, due_at=office_rows.clock())

    look(LIST, ana, ben)

    assert ana.reads("My follow-ups today 1")
    assert ben.reads("My follow-ups today 0")


@pytest.mark.parametrize(("path", "looks"), [(LIST, "parts"), (BAR, "bar")])
def test_page_that_looks_after_a_change_sees_it_though_another_looked_just_before(
    look: Look, staff: Any, office_rows: Office, path: str, looks: str
) -> None:
    ana, ben = staff(name="Ana Ito").signs_in(), staff(name="Ben Ota").signs_in()
    callback_id = office_rows.promises(urgency="urgent")
    look(path, ana, looks=looks)
    assert ana.reads("Claim" if path == LIST else "1 to claim now")

    office_rows.becomes(callback_id, state="claimed", staff_id=ana.staff_id, rank=None)
    look(path, ben, looks=looks)

    assert ben.reads("Ana has it") if path == LIST else not ben.reads("1 to claim now")


def test_filter_that_depends_on_the_reader_shows_each_their_own(
    look: Look, staff: Any, office_rows: Office
) -> None:
    ana, ben = staff(name="Ana Ito").signs_in(), staff(name="Ben Ota", languages=["es"]).signs_in()
    callback_id = office_rows.promises()

    look(f"{LIST}?languages=1", ana, ben)

    assert f"row-{callback_id}" in ana.text
    assert f"row-{callback_id}" not in ben.text


def test_nobody_waits_long_for_others_and_who_clicks_waits_for_nobody(
    look: Look, staff: Any, office_rows: Office
) -> None:
    ana = staff(name="Ana Ito").signs_in()
    callback_id = office_rows.promises()

    look(BAR, ana, looks="bar")
    look(LIST, ana)
    bar, parts = look.waited
    assert 0 < bar <= 0.2
    assert 0 < parts <= 1

    ana.opens(f"/console/callbacks/{callback_id}").clicks("Claim")
    ana.opens(LIST)
    look(LIST, ana, looks="something else")
    assert look.waited == [bar, parts]
