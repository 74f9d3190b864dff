"""The pictures of the call trees: every step and every way is in them, and nothing covers anything else."""

import platform
import re
import xml.etree.ElementTree as ET
from itertools import combinations

import pytest

from hotline.trees import build_flows
from ivr_flows.engine.flow import Crossing
from ivr_flows.prompts import Prompts
from ivr_flows.review.drawing import edges
from ivr_flows.review.layout import Link, lay_out
from ivr_flows.review.parts import REST, TITLES, file_of, parts_of
from ivr_flows.review.picture import OVERVIEW, Box, Picture, Row, pictures
from ivr_flows.review.plain_words import STEPS, WAYS, WAYS_OF, title_of, way_of
from ivr_flows.review.svg import as_svg
from tests.factories import make_office

SVG = "{http://www.w3.org/2000/svg}"
FLOWS = build_flows(make_office())
WORDS = Prompts.load(("en", "es"))
PICTURES = {picture.name: picture for picture in pictures(FLOWS, WORDS, "en")}

pytestmark = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "aarch64", "arm64"),
    reason="pygraphviz has no wheel for this machine",
)


def box(picture: Picture, step: str) -> Box:
    """The box of a step."""
    return next(one for one in picture.boxes if one.name == step)


def shown(picture: Picture) -> ET.Element:
    """The picture as a browser reads it."""
    return ET.fromstring(as_svg(picture))  # noqa: S314


def test_every_step_is_in_a_part_that_was_named_for_it() -> None:
    for flow in FLOWS.values():
        parts = parts_of(flow)
        assert sorted(step for part in parts for step in part.steps) == sorted(flow.steps)
        assert REST[0] not in [part.name for part in parts]


def test_every_way_out_of_a_step_is_an_arrow_or_a_line_in_its_box() -> None:
    for flow in FLOWS.values():
        for part in parts_of(flow):
            if part.picture not in PICTURES:
                # An earlier tree has the same steps.
                continue
            picture = PICTURES[part.picture]
            for step in part.steps:
                rows = {row.text for row in box(picture, step).rows if row.kind in ("exit", "near")}
                arrows = {arrow.target for arrow in picture.arrows if arrow.source == step}
                for _, target in edges(flow, step):
                    home = next(one for one in parts_of(flow) if target in one.steps)
                    words = {home.title, f"{home.title}: {title_of(target)}", title_of(target)}
                    assert target in arrows or rows & words, (flow.name, step, target)


def test_part_that_two_trees_share_is_drawn_once() -> None:
    assert "victim-line-talk" in PICTURES
    assert "discreet-line-talk" not in PICTURES
    talk = box(PICTURES["discreet-line"], "discreet-line-talk")
    assert talk.link == "victim-line-talk.svg"


def test_menu_shows_each_option_with_its_key_and_where_it_leads() -> None:
    rows = [(row.key, row.text) for row in box(PICTURES["victim-line-greeting"], "main_menu").rows]

    assert ("1", "To hear about your case") in rows
    assert rows[rows.index(("1", "To hear about your case")) + 1] == ("", "Case number and PIN")


def test_step_behind_a_key_that_works_everywhere_says_which_key() -> None:
    rows = [row.text for row in box(PICTURES["victim-line-person"], "person").rows if row.kind == "entry"]

    assert "key 0 at every step" in rows
    assert "after three wrong keys" in rows


def test_each_part_in_the_picture_of_a_tree_names_all_parts_that_it_leads_to_and_no_key() -> None:
    for flow in FLOWS.values():
        parts = parts_of(flow)
        if len(parts) == 1:
            continue
        whole = PICTURES[file_of(flow.name)]
        for part in parts:
            named = [row for row in box(whole, part.picture).rows if row.kind == "exit"]
            led = {to for step in part.steps for _, to in edges(flow, step)} - part.steps.keys()
            homes = {one.title for one in parts if one.steps.keys() & led}
            trees = {TITLES[step.tree] for step in part.steps.values() if isinstance(step, Crossing)}
            assert {row.text for row in named} == homes | trees
            assert {row.key for row in named} <= {""}
            drawn = {arrow.target for arrow in whole.arrows if arrow.source == part.picture}
            assert drawn <= {one.picture for one in parts if one.title in homes}
        assert len({arrow.target for arrow in whole.arrows}) == len(whole.arrows)


def test_steps_and_ways_have_plain_words_and_no_word_of_the_code() -> None:
    ways = {
        (step, word)
        for flow in FLOWS.values()
        for step in flow.steps
        for by, _ in edges(flow, step)
        for word in by.split(", ")
        if len(word) > 1
    }
    steps = {step for flow in FLOWS.values() for step in flow.steps}
    assert {word for step, word in ways if (step, word) not in WAYS_OF} == WAYS.keys()
    assert WAYS_OF.keys() <= ways
    assert STEPS.keys() <= steps
    # A step that says nothing itself is known by its title alone.
    silent = {
        step for flow in FLOWS.values() for step in flow.steps if not [*flow.prompts(step)]
    } - STEPS.keys()
    assert not silent
    assert all("_" not in words for words in [*STEPS.values(), *WAYS.values(), *WAYS_OF.values()])
    assert (title_of("may_try"), way_of("ask_pin", "spent")) == ("Is a try left?", "no try is left")


def test_pictures_have_the_words_of_the_chosen_language() -> None:
    spanish = {picture.name: picture for picture in pictures(FLOWS, WORDS, "es")}

    rows = [row.text for row in box(spanish["victim-line-pin"], "ask_number").rows]
    assert f"“{WORDS.languages['es'].texts['ask_number']}”" in rows


def test_every_link_leads_to_a_picture_and_a_step_that_exist() -> None:
    for picture in PICTURES.values():
        links = [row.link for one in picture.boxes for row in one.rows] + [one.link for one in picture.boxes]
        for link in filter(None, links):
            name, _, step = link.partition("#")
            target = PICTURES[name.removesuffix(".svg")] if name else picture
            assert not step or box(target, step), (picture.name, link)


def test_overview_leads_to_every_tree() -> None:
    links = {one.link for one in PICTURES[OVERVIEW].boxes}

    assert links == {f"{file_of(tree)}.svg" for tree in FLOWS}


def test_no_box_covers_another_and_all_are_inside_the_picture() -> None:
    for picture in PICTURES.values():
        root = shown(picture)
        width, height = float(root.attrib["width"]), float(root.attrib["height"])
        rects = [one.find(f"{SVG}rect") for one in root.iter(f"{SVG}g") if "box" in one.get("class", "")]
        places = [
            [float(rect.attrib[key]) for key in ("x", "y", "width", "height")]
            for rect in rects
            if rect is not None
        ]
        assert len(places) == len(picture.boxes)
        for x, y, wide, tall in places:
            assert x >= -1
            assert y >= -1
            assert x + wide <= width
            assert y + tall <= height
        for (x1, y1, w1, h1), (x2, y2, w2, h2) in combinations(places, 2):
            assert x1 + w1 < x2 or x2 + w2 < x1 or y1 + h1 < y2 or y2 + h2 < y1, picture.name


def test_label_is_between_the_boxes_of_its_arrow_beside_a_box_without_arrows() -> None:
    layout = lay_out(
        {"above": (100, 40), "below": (100, 40), "alone": (100, 40)}, [Link("above", "below", (50, 18))]
    )

    assert layout.labels[0] is not None
    assert layout.boxes["above"][1] < layout.labels[0][1] < layout.boxes["below"][1]


def test_picture_needs_nothing_from_outside_and_follows_dark_and_paper() -> None:
    for picture in PICTURES.values():
        text = as_svg(picture)
        assert re.findall(r"https?://[^\"]+", text) == ["http://www.w3.org/2000/svg"]
        assert not re.search(r"<script|<image|<foreignObject|@font-face|@import|url\(|\son\w+=", text)
        assert "@media (prefers-color-scheme:dark)" in text
        assert "@media print" in text


def test_long_list_of_words_is_broken_and_set_off_and_never_hides_where_they_lead() -> None:
    words = ["the office is closed", "nobody else can be called", "the feed is silent", "too easy to guess"]
    way = Row("exit", "A person, and the call queue: Nobody came", ", ".join(words), "other.svg")
    root = shown(Picture("one", "One", "", (Box("step", "Step", "decide", (way,)),), ()))

    lines = [one for one in root.iter(f"{SVG}text") if one.get("class") == "exit"]
    bold = [one.findtext(f"{SVG}tspan") or "" for one in lines]
    assert " ".join(" ".join(bold).split()) == ", ".join(words)
    plain = ["".join(one.itertext()).removeprefix(part) for one, part in zip(lines, bold, strict=True)]
    assert " ".join(" ".join(plain).split()) == f"→ {way.text}"


def test_picture_has_the_words_as_text_and_a_title() -> None:
    root = shown(PICTURES["victim-line-greeting"])

    assert root.findtext(f"{SVG}title") == "Victim line: Greeting and main menu"
    texts = ["".join(one.itertext()) for one in root.iter(f"{SVG}text")]
    assert "“If you are in danger, hang up and" in texts
    assert "1 To hear about your case" in texts
