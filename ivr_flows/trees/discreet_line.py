"""The tree of a discreet number: neutral words until the PIN or a person, then the victim line (R17)."""

import dataclasses
from collections.abc import Sequence

from ivr_flows.engine.code_words import in_code_words
from ivr_flows.engine.flow import AGAIN, Announce, Choice, Collect, Flow, Menu, Step, required
from ivr_flows.trees.callback_steps import after_wait_menu, callback_ways, silent_menu
from ivr_flows.trees.pin_steps import CASE_DIGITS, PIN_DIGITS, number_slip
from ivr_flows.trees.registering_steps import NOTICES
from ivr_flows.trees.victim_line import PARTNER, TO_CASE, last_menu, victim_line
from ivr_flows.verbs import case_verbs
from models.calls.role import CALLER

#: Steps of the victim line whose words reveal what kind of line it is, and to which nothing here leads.
_VICTIM_LINE_ALONE = frozenset({
    "danger_line", "announcements", "callback_or_person", "report", "report_crime", "report_tip",
    "report_comment", "lost_pin", "ask_number_of_lost_pin", "lost_pin_reported", "silent_told",
    "callback_about",
})  # fmt: skip

#: What is said there about a malformed number, one length or two (R20).
_WRONG_NUMBER = {
    "ask_number.wrong": "discreet.wrong_number",
    "ask_number.wrong_two": "discreet.wrong_number_two",
}


def discreet_line(
    languages: Sequence[str], services: Sequence[str], case_digits: int, *, has_partner: bool = False
) -> Flow:
    """Build the tree for the languages offered, the keys of the services and the length of a number.

    A caller may be overheard, or may only have found the number on somebody's phone. Before the PIN or 0
    there is no emergency number, no case and no crime; the danger line follows the PIN.
    """
    table = victim_line(languages, services, case_digits, has_partner=has_partner, tells_5=False)
    kept = {name: step for name, step in table.steps.items() if name not in _VICTIM_LINE_ALONE}
    ask_pin, wishes = table.steps["ask_pin"], table.steps["callback_more_wishes"]
    assert isinstance(ask_pin, Collect)  # noqa: S101 - the table above is ours.
    mistaken = required(ask_pin.mistaken)
    assert isinstance(wishes, Menu)  # noqa: S101
    # Not "to hear it again": after a promise that would be the promise, and the news may be untold.
    back = Choice("notices.back", does=case_verbs.back_to_case, on=TO_CASE)
    ways, number = callback_ways("discreet.soon"), Choice("discreet.number_choice", next="may_try")
    slip = number_slip(case_digits)
    front: dict[str, Step] = {
        "language": Menu(
            tuple(Choice("language.choose", next="welcome", language=language) for language in languages)
        ),
        "welcome": Announce("discreet.welcome", "may_try", about="neutral"),
        "main_menu": Menu(
            (
                number,
                Choice("choose.callback", next="callback_first"),
                Choice("choose.person", next="person"),
            ),
            tail=("keys.told",),
            tells_language=True,
        ),
        "ask_number": Collect(
            "discreet.ask_number",
            case_digits,
            case_verbs.take_number,
            {"ok": "ask_pin", "mistyped": AGAIN},
            least=CASE_DIGITS,
            malformed=_WRONG_NUMBER[slip["malformed"]],
            about=slip["about"],
            otherwise="discreet.no_number",
            back="main_menu",
        ),
        "ask_pin": dataclasses.replace(
            ask_pin,
            prompt="discreet.ask_code",
            digits=PIN_DIGITS,
            on={**ask_pin.on, "right": "danger_after_pin", "letter": "danger_after_letter"},
            malformed="discreet.wrong_code",
            mistaken=dataclasses.replace(mistaken, words="discreet.number_again"),
        ),
        "danger_after_pin": Announce("danger_line", "status", barge_in=False, about="emergency"),
        "danger_after_letter": Announce("danger_line", "new_pin_needed", barge_in=False, about="emergency"),
        "no_match": Announce("discreet.no_match", "ask_pin"),
        "pin_again": Announce("discreet.code_again", "ask_pin"),
        "callback_menu_without_pin": Menu((*ways, number), silence="silent_end", told_by="callback"),
        "callback_menu_lost_pin": Menu(ways, silence="silent_end", told_by="callback"),
        "silent_menu": silent_menu(number, "discreet.soon"),
        "waited_long": after_wait_menu(Choice("notices.back", next="lapsed"), "discreet.soon"),
        # What a call may be about, such as court, would tell a listener what kind of line this is.
        "callback_more_wishes": dataclasses.replace(
            wishes, choices=tuple(one for one in wishes.choices if one.next != "callback_about")
        ),
        "anything_else": last_menu(Choice("end.main", next="main_menu")),
        "all_said_in_case": last_menu(back, NOTICES),
    }
    if has_partner:
        front["all_said_for_news"] = last_menu(PARTNER, back, NOTICES)
    steps = {name: in_code_words(step) for name, step in {**kept, **front}.items()}
    return dataclasses.replace(
        table,
        name="discreet_line",
        role=CALLER,
        start="language",
        steps=steps,
        open_to_all=(table.open_to_all | {"language"}) & frozenset(steps),
        open_to_letters=table.open_to_letters | {"danger_after_letter"},
        is_discreet=True,
    )
