"""Divides each call tree into sub-dialogues, so that a picture of one fits on a page."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ivr_flows.engine.flow import Flow, Step

TITLES = {
    "victim_line": "Victim line",
    "discreet_line": "Discreet line",
    "liaison_callback": "Callback, the liaison's call",
    "liaison_at_0": "Caller at 0, the liaison's call",
    "callback_call": "Callback, the caller's call",
    "colleague_call": "Colleague who is added",
    "interpreter_call": "Interpreter who is added",
    "callout_call": "Call to an agency",
    "notice_call": "Call about a change",
    "alert_call": "Alert call to staff",
    "staff_line": "Staff line",
}

#: A sub-dialogue: its name in file names, its title, and its steps. A star stands for any ending.
Division = tuple[tuple[str, str, str], ...]

_CALLER: Division = (
    (
        "greeting",
        "Greeting and main menu",
        "danger_line language welcome announcements main_menu callback_or_person",
    ),
    ("help", "Help and reports", "services ring_service service_failed report report_*"),
    (
        "pin",
        "Case number and PIN",
        "may_try ask_number ask_pin staff no_match no_more tries_spent lapsed pin_again lost_pin"
        " ask_number_of_lost_pin lost_pin_reported danger_after_*",
    ),
    (
        "status",
        "Status and case menu",
        "status since phone_stopped stop_lifted stop_held calls_stopped calls_held person_told silent_told"
        " choose_menu case_menu_more case_menu details",
    ),
    (
        "news",
        "Hard news",
        "hard_news warn warn_alone danger_person until_person danger_callback until_callback news_callback"
        " danger_silence until_silence person_or_callback news danger_again news_menu_more news_menu",
    ),
    ("new-pin", "New PIN", "new_pin_needed change_pin pin_in_force pin_in_force_wrong new_pin new_pin_*"),
    (
        "callback",
        "Asking for a callback",
        "callback_first callback callback_menu callback_menu_* callback_left callback_may_choose"
        " callback_hour callback_when callback_held callback_cannot promised",
    ),
    (
        "open-callback",
        "A callback that is open",
        "callback_open callback_open_not_urgent callback_may_change callback_sure callback_cancelled"
        " callback_gone",
    ),
    (
        "wishes",
        "How we may call back",
        "callback_wishes callback_more_wishes callback_who callback_message callback_dropped"
        " callback_about callback_language",
    ),
    (
        "registering",
        "Registering for calls about changes",
        "notices notices_offer notices_more_first notices_declined notice_code notice_code_* notices_held"
        " notices_no_phone",
    ),
    (
        "registered",
        "Registered for calls about changes",
        "notices_standing notices_ending notices_paused notices_paused_ending notices_uncalled"
        " notices_no_phone_left notices_stop notices_still notices_kept notices_gone",
    ),
    (
        "notice-wishes",
        "When we call about changes",
        "notices_wishes notices_when notices_which notices_nights notices_hours notices_cap",
    ),
    (
        "notice-words",
        "Messages, texts and the code",
        "notices_messages notices_voicemail notices_texts notices_more notices_code notices_line"
        " notices_zone",
    ),
    (
        "person",
        "A person, and the call queue",
        "person silent find_person choices queue_choices in_queue leave_queue fetched ring_office"
        " unreached waited_long news_untold news_uncalled callback_in_silence promised_in_silence"
        " refused_in_silence",
    ),
    (
        "talk",
        "The caller in a talk",
        "meet awaited look_for_them joining conference stay held look back cut_off talk_over",
    ),
    (
        "end",
        "Silence and the end of a call",
        "no_one_there silent_offer silent_menu silent_end all_said all_said_in_case anything_else goodbye"
        " cover",
    ),
)

_ACCEPT = ("accept", "Accepting the call", "offer ask_code wrong_code accept passed_over passed")
_TALK = (
    "talk",
    "Leading a talk",
    "ringing_them look_at_them conference moment recalled out star_menu shared_menu holding early"
    " colleague_rung no_colleague interpreter_rung no_interpreter returning joined_again out_of_it",
)
_OUTCOME = (
    "outcome",
    "The outcome of a talk",
    "ended outcome outcome_again not_talked rest rests missed noted late unsaid handed stopped not_reached",
)
_ANSWERED = (
    "opening good_time who_answered good_time_again put_off_silently message_left end unclear put_off"
    " cover covered silent"
)


def _led(*beyond: str) -> Division:
    """The parts of a call to a liaison who leads the talk; ``beyond`` are its own steps of accepting."""
    name, title, steps = _ACCEPT
    return ((name, title, " ".join((steps, *beyond))), _TALK, _OUTCOME)


DIVISIONS: Mapping[str, Division] = {
    "victim_line": _CALLER,
    "discreet_line": _CALLER,
    "liaison_callback": _led("gone calling_them"),
    "liaison_at_0": _led("gone wanted joining joining_them"),
    "colleague_call": _led("gone telling announcing look coming_in"),
    "callback_call": (
        ("answer", "Who answers", f"{_ANSWERED} done gone"),
        (
            "talk",
            "The caller in a talk",
            "meet awaited look_for_them joining conference stay held look back cut_off",
        ),
    ),
    "interpreter_call": (("", "The whole call", "*"),),
    "callout_call": (("", "The whole call", "*"),),
    "alert_call": (("", "The whole call", "*"),),
    "notice_call": (
        ("answer", "Who answers", _ANSWERED),
        (
            "news",
            "Telling the news",
            "ask_code wrong_code no_code use_card choose warn warn_gently silence danger_silence"
            " until_silence danger_person until_person news danger_again confirm confirm_feed confirm_out"
            " thanks promised gone thanks_out unconfirmed again ring_service",
        ),
    ),
    "staff_line": (
        (
            "sign-in",
            "Signing in",
            "language welcome ask_staff_number ask_staff_pin no_match no_more ask_supervisor lapsed goodbye",
        ),
        (
            "menu",
            "Shift and calls",
            "shift on_menu off_menu list list_menu others none queue_first calling_them",
        ),
        _TALK,
        _OUTCOME,
        (
            "settings",
            "PIN and code",
            "more new_pin weak_pin new_pin_again pin_differs new_code weak_code new_code_again"
            " code_differs changed correct correct_not_talked colleagues",
        ),
    ),
}

#: A new step is drawn here until a part lists it.
REST = ("rest", "Other steps", "*")


@dataclass(frozen=True, slots=True)
class Part:
    """A sub-dialogue of one tree. ``picture`` names its picture and file, without an ending."""

    tree: str
    name: str
    title: str
    steps: Mapping[str, Step]

    @property
    def picture(self) -> str:
        """The name of the picture: the tree, and the part unless it is all of it."""
        return f"{file_of(self.tree)}-{self.name}" if self.name else file_of(self.tree)

    @property
    def first(self) -> str:
        """The step that stands for the part where another picture points at it."""
        return next(iter(self.steps))


def file_of(tree: str) -> str:
    """The name of the picture of a whole tree."""
    return tree.replace("_", "-")


def parts_of(flow: Flow) -> list[Part]:
    """The parts of a tree, in the order of a call. The last one has the steps that no other lists."""
    left = dict(flow.steps)
    found = []
    for name, title, patterns in (*DIVISIONS.get(flow.name, ()), REST):
        steps = {step: left[step] for one in patterns.split() for step in left if fnmatchcase(step, one)}
        if steps:
            found.append(Part(flow.name, name, title, steps))
        left = {step: left[step] for step in left if step not in steps}
    return found
