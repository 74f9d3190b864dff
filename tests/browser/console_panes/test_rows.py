"""The rows of the list: each is short, and read whole beside an open callback and on a phone."""

import re
from datetime import UTC, datetime, timedelta
from itertools import cycle

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from hotline.console.callbacks.list_rows import SHORT_OUTCOMES, SHORT_REASONS
from models import Callback
from tests.browser.conftest import HEIGHT, Visitors
from tests.browser.console_panes.test_heard import described
from tests.browser.console_panes.test_panes import box, box_of, has_open
from tests.browser.console_server import NARROW, ConsoleServer, judge
from tests.browser.test_console_callbacks import many, promises
from tests.factories import make_call, make_callback, make_case


def test_fifteen_rows_of_44_pixels_at_most_fit_on_a_screen(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana, luis = console_server.adds(name="Ana Demo"), console_server.adds(name="Luis Demo")
    many(console_server, ana, luis)
    for _ in range(12):
        last = promises(console_server, language="es", silent=True, caller_tries=2, reason="letter_pin_used")
    with console_server.database.transaction() as session:
        # With nobody in a call the list has the screen to itself.
        for row in session.scalars(select(Callback).where(Callback.staff_id == ana.staff_id)):
            row.staff_id, row.state, row.rank = None, "cancelled", None
    page = console_server.opens(visitors, "/console/callbacks", ana)
    page.set_viewport_size({"width": 1280, "height": 800})

    rows = [one.bounding_box() for one in page.locator(".row").all()]
    assert max(one["height"] for one in rows if one) <= 44
    assert len([one for one in rows if one and one["y"] + one["height"] <= 800]) >= 15
    judge(page, "list", (NARROW, 900))

    # What each column is, above it.
    heads = page.locator("#rows-head")
    assert box_of(heads)["height"] <= 24
    expect(heads).to_have_text(re.compile("Due ?Why ?State ?PIN ?Language ?Their time ?Tries ?How to call"))
    parts = (
        ".row-due",
        ".row-why",
        ".row-state",
        ".row-verified",
        ".row-language",
        ".row-there",
        ".row-tries",
    )
    for head, part in zip(heads.locator("span").all(), parts, strict=False):
        assert abs(box_of(head)["x"] - box(page, f"{part} >> nth=0")["x"]) <= 2, part

    page.goto(f"{console_server.url}/console/callbacks/{last}")
    # A row of two lines says it itself: without a sign the time of day there reads like that of the request.
    expect(heads).to_be_hidden()
    expect(page.locator(".row-there > .row-sign").first).to_be_visible()
    assert max(one["height"] for one in map(box_of, page.locator(".row").all())) <= 44


def test_row_has_two_lines_at_390_pixels(visitors: Visitors, console_server: ConsoleServer) -> None:
    ana = console_server.adds()
    now = datetime.now(UTC)
    promises(
        console_server, urgency="urgent", reason="afraid", language="es", silent=True, caller_tries=2,
        due_at=now - timedelta(minutes=8), paged_at=now,
    )  # fmt: skip
    page = console_server.opens(visitors, "/console/callbacks", ana, 390)

    tops = {
        round(one.bounding_box()["y"] / 12)
        for one in page.locator(".row-due, .row-why, .row-state, .row-verified, .row-there").all()
    }

    assert len(tops) == 2
    assert box(page, ".row")["height"] <= 44


@pytest.mark.parametrize("language", ["English", "Español"])
def test_reason_of_a_row_is_read_whole_on_a_phone_and_beside_an_open_callback(
    visitors: Visitors, console_server: ConsoleServer, language: str
) -> None:
    ana, now = console_server.adds(), datetime.now(UTC)
    for reason in SHORT_REASONS:
        promises(
            console_server, case=False, urgency="urgent", reason=reason, state="left_for_staff",
            outcome="no_answer", closed_at=now, due_at=now - timedelta(minutes=58),
        )  # fmt: skip
    opened = promises(console_server, due_at=now + timedelta(hours=30))
    page = console_server.opens(visitors, "/console/callbacks", ana, 390)
    if language != "English":
        page.get_by_role("button", name=language).click()

    for width, path in ((390, "/console/callbacks"), (1280, f"/console/callbacks/{opened}")):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{console_server.url}{path}")
        rows = page.locator(".row--attention").evaluate_all(
            """rows => rows.map(row => Object.fromEntries(
                [".row-due", ".row-why", ".row-why > span", ".row-state", ".row-does"]
                    .map(one => [one, row.querySelector(one).getBoundingClientRect().toJSON()])
                    .concat([["text", row.textContent], ["height", row.offsetHeight]])))"""
        )
        assert len(rows) == len(SHORT_REASONS)
        for row in rows:
            why = row[".row-why"]
            assert row[".row-why > span"]["right"] <= why["right"] + 1, row["text"]
            assert row[".row-state"]["right"] <= row[".row-does"]["left"], row["text"]
            assert abs(row[".row-due"]["top"] - why["top"]) < 6, row["text"]
            assert row["height"] <= 44, row["text"]


@pytest.mark.parametrize("language", ["English", "Español"])
@pytest.mark.parametrize("width", [390, 1280])
def test_tries_and_marks_of_a_row_are_whole_and_beside_its_button_on_a_phone_and_beside_a_callback(
    visitors: Visitors, console_server: ConsoleServer, language: str, width: int
) -> None:
    """ "no tries used" was cut to "no tri…", and five marks lay under *Claim*."""
    ana = console_server.adds()
    marked = {"language": "vi", "silent": True, "asked_elsewhere": True, "may_answer": "only_me"}
    none, tried, _marks = (
        promises(console_server),
        promises(console_server, caller_tries=2),
        promises(console_server, case=False, caller_tries=1, **marked),
    )
    page = console_server.opens(visitors, "/console/callbacks", ana, 390)
    if language != "English":
        page.get_by_role("button", name=language).click()
    if width == 1280:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        page.locator(f"#callback-{none}").click()
        has_open(page, none)

    said = page.locator(f"#row-{none} .row-tries")
    expect(said).to_have_text({"English": "no tries used", "Español": "ningún intento usado"}[language])
    assert box_of(said)["width"] < 2
    expect(page.locator(f"#row-{tried} .row-tries > .row-sign")).to_be_visible()
    for row in page.locator(".row").all():
        places = row.locator(".row-second > *, .row-does").evaluate_all(
            "parts => parts.map(it => it.getBoundingClientRect().toJSON())"
        )
        *parts, button = places
        assert all(one["right"] <= button["left"] for one in parts), row.text_content()
        assert row.locator(".row-parts").evaluate("it => it.scrollWidth <= it.clientWidth")
        assert box_of(row)["height"] <= 44
    page.locator("#legend-summary").click()
    expect(page.get_by_text("2×").last).to_be_visible()


#: Each reason beside each need, and how it is read then: its height, and whether anything leaves its row.
MEET = """([there, marks, due]) => {
    // A row that has a button is written anew for each pair, so what the rows say is read once.
    const rows = [...document.querySelectorAll(".row--attention")];
    const all = (part) => [...new Set(rows.map((one) => one.querySelector(part).innerHTML))];
    const row = rows.find((one) => one.querySelector(".row-button"));
    const found = (part) => row.querySelector(part);
    window.told ??= {
        whys: all(".row-why"),
        states: all(".row-state"),
        marks: [...row.querySelectorAll(".row-marks > .mark")].map((one) => one.outerHTML),
    };
    const { whys, states, marks: drawn } = window.told;
    const said = [];
    found(".row-marks").innerHTML = [...drawn, ...drawn].slice(0, marks).join(" ");
    found(".row-there").childNodes[1].textContent = there;
    found(".row-due").innerHTML = due;
    const right = (part) => part.getBoundingClientRect().right;
    for (const why of whys) {
        for (const state of states) {
            found(".row-why").innerHTML = why;
            found(".row-state").innerHTML = state;
            const ends = [...row.querySelectorAll(".row-parts *")].every((one) => right(one) <= right(row));
            const cut = [found(".row-why"), found(".row-state")].some((one) =>
                one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1);
            const words = found(".row-parts").textContent.replace(/\\s+/g, " ");
            const isMarked = row.querySelectorAll(".row-marks > .mark").length === marks;
            said.push([words, row.offsetHeight, ends && !cut && isMarked]);
        }
    }
    return said;
}"""


@pytest.mark.parametrize(
    ("language", "there", "elsewhere"),
    [("English", "12:59 PM", "Sun 12:59 PM"), ("Español", "12:59 p.m.", "dom 12:59 p.m.")],
)
def test_every_reason_beside_every_need_is_two_whole_lines_on_a_phone(
    visitors: Visitors, console_server: ConsoleServer, language: str, there: str, elsewhere: str
) -> None:
    """ "wrong person answered" beside "Asked to call later" took a third line, and once was cut to "wro…"."""
    ana, now = console_server.adds(), datetime.now(UTC)
    for reason, outcome in zip(cycle(SHORT_REASONS), SHORT_OUTCOMES, strict=False):
        promises(
            console_server, case=False, urgency="urgent", reason=reason, state="left_for_staff",
            outcome=outcome, closed_at=now, due_at=now - timedelta(minutes=58), caller_tries=2,
            language="vi", silent=True, asked_elsewhere=True, may_answer="only_me",
        )  # fmt: skip
    late = promises(console_server, reason="asked", due_at=now - timedelta(minutes=58), paged_at=now)
    noon = now.astimezone(console_server.office.zone).replace(hour=12, minute=59)
    tomorrow = promises(console_server, due_at=noon + timedelta(days=1))
    page = console_server.opens(visitors, "/console/callbacks", ana, 390)
    if language != "English":
        page.get_by_role("button", name=language).click()
    page.wait_for_load_state()
    due, ahead = (page.locator(f"#row-{one} .row-due").inner_html() for one in (late, tomorrow))

    for time_there, marks, when in (
        (there, 0, due),
        (there, 3, due),
        (elsewhere, 3, due),
        (there, 4, due),
        (there, 5, due),
        (elsewhere, 6, due),
        (elsewhere, 6, ahead),
    ):
        rows = page.evaluate(MEET, [time_there, marks, when])
        assert len(rows) >= len(SHORT_REASONS) * len(set(SHORT_OUTCOMES.values()))
        for words, height, is_whole in rows:
            assert is_whole, words
            assert height <= 44, words
    # A smaller or larger phone may need another line, and cuts nothing either.
    for width in (390, 320, 360, 520):
        page.set_viewport_size({"width": width, "height": HEIGHT})
        assert [
            words for words, _, is_whole in page.evaluate(MEET, [elsewhere, 6, ahead]) if not is_whole
        ] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("language", ["English", "Español"])
def test_signs_of_a_narrow_row_are_words_for_a_screen_reader_and_in_the_legend(
    visitors: Visitors, console_server: ConsoleServer, language: str
) -> None:
    ana = console_server.adds()
    known, unknown = promises(console_server), promises(console_server, case=False)
    page = console_server.opens(visitors, "/console/callbacks", ana, 390)
    if language != "English":
        page.get_by_role("button", name=language).click()
    words = {
        "English": ("Verified", "Not verified", "there", "The time of day where the person is"),
        "Español": ("Verificada", "Sin verificar", "allí", "La hora donde está la persona"),
    }[language]

    for callback_id, word in zip((known, unknown), words[:2], strict=True):
        row = page.locator(f"#row-{callback_id}")
        assert described(page, f"#callback-{callback_id}").count(word) == 1
        assert words[2] in described(page, f"#callback-{callback_id}")
        assert box_of(row.locator(".row-verified-word"))["width"] < 2
        expect(row.locator(".row-verified > .row-sign")).to_be_visible()
        expect(row.locator(".row-there > .row-sign")).to_be_visible()
    page.locator("#legend-summary").click()
    for line in (f"{words[0]}:", f"{words[1]}:", words[3]):
        expect(page.locator("#legend li").filter(has_text=re.compile(rf"^\s*{line}"))).to_be_visible()
    page.set_viewport_size({"width": 1280, "height": HEIGHT})
    expect(page.locator("#legend").get_by_text(words[3])).to_be_hidden()
    expect(page.locator(f"#row-{known} .row-verified-word")).to_be_visible()
    expect(page.locator(f"#row-{known} .row-sign").first).to_be_hidden()


def test_what_a_talk_is_continued_for_is_left_out_whole_where_it_does_not_fit(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana, now = console_server.adds(), datetime.now(UTC)
    with console_server.database.transaction() as session:
        talked = make_call(session)
        begun = make_callback(
            session, make_case(session), reason="about_person", state="reached", outcome="call_later",
            requested_at=now, closed_at=now, rank=None,
        )  # fmt: skip
        begun.caller_call_id = talked.id
        later = make_callback(
            session, make_case(session), reason="call_later", urgency="urgent",
            requested_in_call_id=talked.id, requested_at=now, next_attempt_at=now,
            due_at=now - timedelta(minutes=58), rank=0,
        ).id  # fmt: skip
    page = console_server.opens(visitors, "/console/callbacks", ana, 1280)
    first, second = page.locator(f"#row-{later} .row-why > span").all()
    expect(first).to_have_text("About the person")
    expect(second).to_have_text(": Asked for later")
    assert abs(box_of(first)["y"] - box_of(second)["y"]) < 2

    page.set_viewport_size({"width": 390, "height": 900})

    why = box(page, f"#row-{later} .row-why")
    assert box_of(first)["width"] <= why["width"]
    assert box_of(second)["y"] >= why["y"] + why["height"] - 1


@pytest.mark.parametrize("language", ["English", "Español"])
@pytest.mark.parametrize("width", [390, 1280])
def test_when_the_line_calls_is_read_whole_on_a_phone_and_beside_an_open_callback(
    visitors: Visitors, console_server: ConsoleServer, language: str, width: int
) -> None:
    """ "line calls 8:40 PM" was cut to "line cal…"; a clock says it, and the title the words."""
    ana, now = console_server.adds(), datetime.now(UTC)
    opened = promises(console_server, due_at=now + timedelta(hours=30))
    waits = {
        "rank": None,
        "next_attempt_at": now + timedelta(minutes=70),
        "due_at": now - timedelta(minutes=58),
    }
    for reason in SHORT_REASONS:
        promises(console_server, case=False, reason=reason, **waits)
    page = console_server.opens(visitors, "/console/callbacks", ana, 390)
    if language != "English":
        page.get_by_role("button", name=language).click()
    page.set_viewport_size({"width": width, "height": HEIGHT})
    if width == 1280:
        page.goto(f"{console_server.url}/console/callbacks/{opened}")

    rows = page.locator(".row:has(.row-note-at)").evaluate_all(
        """rows => rows.map(row => {
            const state = row.querySelector(".row-state");
            const fits = (one) => one.scrollWidth <= one.clientWidth + 1;
            return [row.textContent, fits(state), fits(row.querySelector(".row-parts")), row.offsetHeight];
        })"""
    )

    assert len(rows) == min(len(SHORT_REASONS), 24)
    for words, is_whole, is_inside, height in rows:
        assert is_whole, words
        assert is_inside, words
        assert height <= 44, words
    first = page.locator(".row:has(.row-note-at)").first
    expect(first.locator(".row-note-at")).to_be_visible()
    title = {"English": "Later: line calls", "Español": "Más tarde: la línea llama"}[language]
    expect(first.locator(".row-state")).to_have_attribute("title", re.compile(title))
    page.locator("#legend-summary").click()
    expect(
        page.get_by_text("Not before this time" if language == "English" else "No antes de esta hora")
    ).to_be_visible()


@pytest.mark.parametrize("language", ["English", "Español"])
def test_when_the_line_calls_is_read_whole_at_any_width(
    visitors: Visitors, console_server: ConsoleServer, language: str
) -> None:
    """In Spanish the day was cut between 1,165 and 1,200 pixels, where a row had just become one line."""
    ana, now = console_server.adds(), datetime.now(UTC)
    promises(
        console_server, case=False, reason="call_later", rank=None, caller_tries=2, language="vi",
        silent=True, asked_elsewhere=True, may_answer="only_me", due_at=now + timedelta(days=3),
        next_attempt_at=now + timedelta(days=2),
    )  # fmt: skip
    page = console_server.opens(visitors, "/console/callbacks", ana, 390)
    if language != "English":
        page.get_by_role("button", name=language).click()
    state = page.locator(".row-state")

    for width in (*range(480, 1100, 120), *range(1100, 1300, 20)):
        page.set_viewport_size({"width": width, "height": HEIGHT})
        assert state.evaluate("one => one.scrollWidth - one.clientWidth") <= 0, width
