"""The victim line: the tree every inbound call walks, as a table."""

from collections.abc import Sequence

from ivr_flows.engine.desk import SAFETY_SERVICE
from ivr_flows.engine.flow import (
    AGAIN,
    Announce,
    Choice,
    Collect,
    Crossing,
    Decide,
    Flow,
    Hangup,
    Menu,
    Mistaken,
    Step,
    Transfer,
    Wait,
)
from ivr_flows.trees.callback_steps import after_wait_menu, callback_steps, silent_menu
from ivr_flows.trees.partner_choice import look_for_partner, partner_choice
from ivr_flows.trees.pin_steps import (
    CASE_DIGITS,
    CLOSED_PIN_STEPS,
    LETTER_STEPS,
    MORE_DIGITS_SECONDS,
    PIN_DIGITS,
    number_slip,
    pin_steps,
)
from ivr_flows.trees.registering_steps import NOTICES, registering_steps
from ivr_flows.trees.talk_steps import CALLER_RECALLED, caller_steps
from ivr_flows.verbs import (
    announcement_verbs,
    callback_verbs,
    case_verbs,
    queue_verbs,
    service_verbs,
    wish_verbs,
)
from models.calls.place import COVERED, WAITING
from models.calls.role import CALLER


def victim_line(
    languages: Sequence[str],
    services: Sequence[str],
    case_digits: int,
    *,
    has_partner: bool = False,
    tells_5: bool = True,
) -> Flow:
    """Build the tree for the languages offered, the keys of the services and the length of a case number.

    ``has_partner``: a partner line is offered while nobody here can talk about hard news (R19).
    ``tells_5``: the key for callers who cannot talk is told after the PIN; a discreet line does not (R22).
    """
    back_to_case = Choice("end.case", does=case_verbs.back_to_case, on=TO_CASE)
    steps: dict[str, Step] = {
        # The opening (R17).
        "danger_line": Announce(
            "danger_line", "language", barge_in=False, in_each_language=True, about="emergency"
        ),
        "language": Menu(
            tuple(Choice("language.choose", next="welcome", language=language) for language in languages)
        ),
        "welcome": Announce("welcome", "announcements", about="line"),
        "announcements": Decide(announcement_verbs.tell_announcements, {"told": "main_menu"}),
        "main_menu": Menu(
            (
                Choice("main.case", next="may_try"),
                Choice("main.callback", next="callback_or_person"),
                Choice("main.help", next="services"),
                Choice("main.report", next="report", topic="report"),
            ),
            tail=("keys.told",),
            tells_language=True,
        ),
        # The case: number, PIN, and the status at once (R20).
        "may_try": Decide(
            case_verbs.may_try, {"yes": "ask_number", "number_too": "ask_number", "no": "tries_spent"}
        ),
        "ask_number": Collect(
            "ask_number",
            case_digits,
            case_verbs.take_number,
            {"ok": "ask_pin", "mistyped": AGAIN},
            # After numbers have grown to ten digits, the first ones still have eight (R01).
            least=CASE_DIGITS,
            **number_slip(case_digits),
            otherwise="ask_number.none",
            back="main_menu",
        ),
        "ask_pin": Collect(
            "ask_pin",
            PIN_DIGITS,
            case_verbs.verify_pin,
            {
                "right": "status",
                "letter": "new_pin_needed",
                "staff": "staff",
                "wrong": "no_match",
                "spent": "no_more",
            },
            malformed="ask_pin.wrong",
            back="ask_number",
            silences=2,
            mistaken=Mistaken(case_verbs.number_again(case_digits), "ask_pin.number", MORE_DIGITS_SECONDS),
        ),
        # Staff without a number of their own to call sign in here, with a number that no case can have.
        "staff": Crossing("staff_line", "shift"),
        "no_match": Announce("no_match.again", "ask_pin"),
        "no_more": Announce("no_match", "tries_spent"),
        "tries_spent": Announce("tries_spent", "person"),
        "lapsed": Decide(
            case_verbs.may_try, {"yes": "pin_again", "number_too": "ask_number", "no": "tries_spent"}
        ),
        "pin_again": Announce("pin_again", "ask_pin"),
        "status": Decide(case_verbs.read_status, {"said": "since", "hard": "hard_news"}),
        "person_told": Decide(
            case_verbs.offer_person, {"offered": "silent_told" if tells_5 else "choose_menu"}
        ),
        "silent_told": Announce("silent.offer", "choose_menu"),
        "choose_menu": Decide(
            case_verbs.choose_menu,
            {
                "more": "case_menu_more",
                "again": "case_menu",
                "out_more": "news_menu_more",
                "out": "news_menu",
            },
        ),
        "case_menu_more": Menu(_case_choices(_MORE, _HELP)),
        "case_menu": Menu(_case_choices(_HEAR_AGAIN, _HELP)),
        "details": Decide(case_verbs.tell_details, {"told": "case_menu", "out": "news_menu"}),
        # Hard news: warn, then choose (R19).
        "hard_news": Decide(case_verbs.look_for_someone, {"free": "warn", "nobody": "warn_alone"}),
        "warn": Menu(
            (Choice("hard_news.now", next="news"), Choice("hard_news.person", next="danger_person")),
            prompt="hard_news.warning",
            silence="danger_silence",
            silences=1,
            returns=False,
        ),
        "warn_alone": Menu(
            (
                Choice("hard_news.now", next="news"),
                Choice("hard_news.first", next="danger_callback", needs_phone=True),
            ),
            prompt="hard_news.alone",
            silence="danger_silence",
            silences=1,
            returns=False,
        ),
        # A caller who does not hear the news now hears the danger line before they are let go.
        # A caller whose talk broke off on hold already counts as waiting while they are told so.
        **_danger_first("person", "find_person", place=WAITING),
        **_danger_first("callback", "news_callback"),
        "callback_first": Decide(case_verbs.news_waits, {"waits": "danger_callback", "none": "callback"}),
        "news_callback": Decide(
            callback_verbs.request_for_news,
            {"promised": "news_promised" if has_partner else "promised", "refused": "callback_cannot"},
            once=True,
        ),
        # Hard news is never told to a silent caller: nobody knows who has the phone.
        **_danger_first("silence", "person_or_callback"),
        "person_or_callback": Decide(
            queue_verbs.find_person_at_once,
            {"ringing": "choices", "nobody": "callback_in_silence"},
            once=True,
        ),
        # A caller who waited for a person in vain: a silent one is called, others may hear the news now.
        "unreached": Decide(
            case_verbs.news_is_owed,
            {
                "owed": "callback_in_silence",
                "untold": "news_untold",
                "kept": "waited_long",
                "over": "pin_again",
                "none": "callback",
            },
        ),
        # They waited so long that the gate before their case asks for the PIN again (R11).
        "waited_long": after_wait_menu(Choice("end.case", next="lapsed")),
        "news_untold": _untold(
            Choice("hard_news.now", next="news"),
            Choice("hard_news.first", next="news_callback", needs_phone=True),
        ),
        # No phone can be called: the caller may still hear the news.
        "news_uncalled": _untold(Choice("hard_news.now", next="news")),
        "callback_in_silence": Decide(
            callback_verbs.request_in_silence,
            {"promised": "promised_in_silence", "refused": "refused_in_silence"},
            once=True,
        ),
        "promised_in_silence": Decide(wish_verbs.say_how, {"said": "silent_end"}),
        "refused_in_silence": Decide(callback_verbs.cannot_call_in_silence, {"said": "goodbye"}, once=True),
        "news": Decide(case_verbs.tell_news, {"out": "danger_again", "not_out": "since"}),
        "danger_again": Announce("danger_line", "since", barge_in=False, about="emergency"),
        "news_menu_more": Menu(_case_choices(_MORE, _safety_choice(services))),
        "news_menu": Menu(_case_choices(_HEAR_AGAIN, _safety_choice(services))),
        # To be called back (R35), or a person now.
        "callback_or_person": Menu(
            (
                Choice("choose.callback", next="callback_first"),
                Choice("choose.person", next="person"),
                Choice("choose.lost_pin", next="lost_pin"),
            ),
            prompt="silent.offer",
        ),
        **callback_steps(languages),
        # To be called when custody changes (R28).
        **registering_steps(),
        # 0: a person (R22, R36), by voice and key or, with 5, only by key.
        "silent": Decide(queue_verbs.mark_silent, {"marked": "person"}),
        "person": Decide(case_verbs.news_waits, {"waits": "danger_person", "none": "find_person"}),
        "find_person": Decide(
            queue_verbs.find_person,
            {
                "wait": "choices",
                "joined": "meet",
                "dial": "ring_office",
                "nobody": "unreached",
                "closed": "unreached",
            },
            once=True,
        ),
        # Nothing can call a liaison: the caller's own call dials the office's number.
        "ring_office": Transfer(
            "person.connecting", queue_verbs.office_ended, {"talked": "talk_over", "nobody": "unreached"}
        ),
        # A caller who answers by key may press 1 for "yes" to a liaison who is gone. It must not end their
        # wait.
        "choices": Decide(queue_verbs.must_hear_choices, {"must": "queue_choices", "may": "in_queue"}),
        "queue_choices": Announce("silent.choices", "in_queue", apart=True, place=WAITING),
        "in_queue": Wait(
            (
                Choice(
                    "queue.keep",
                    does=queue_verbs.keep_place,
                    on={"promised": "promised", "refused": "in_queue", "joined": "meet"},
                    needs_phone=True,
                ),
            ),
            queue_verbs.look_again,
            {
                "still": "in_queue",
                "joined": "meet",
                "dial": "ring_office",
                "nobody": "unreached",
                "closed": "unreached",
            },
            back="leave_queue",
            tell=queue_verbs.tell_place,
        ),
        # The status can be heard at any time, so nobody has to hang up to leave the call queue.
        "leave_queue": Decide(
            queue_verbs.leave_place,
            {"menu": "main_menu", "case": "choose_menu", "news": "hard_news", "joined": "meet"},
            once=True,
        ),
        "fetched": Decide(
            queue_verbs.look_at_once,
            {
                "still": "choices",
                "joined": "meet",
                "dial": "ring_office",
                "nobody": "unreached",
                "closed": "unreached",
            },
            once=True,
        ),
        **caller_steps(gone="choices", over="talk_over"),
        # The liaison was lost while this caller was on hold: they are still on the phone, and wait again.
        "cut_off": Announce("queue.cut_off", "person"),
        # Help and services.
        "services": Menu(_services(services)),
        "ring_service": Transfer(
            None, service_verbs.service_ended, {"talked": "all_said", "failed": "service_failed"}
        ),
        "service_failed": Menu(
            (
                Choice(
                    "services.retry",
                    does=service_verbs.ring_again,
                    on={"ringing": "ring_service", "changed": "services"},
                ),
                Choice("case.help", next="services"),
            ),
            tail=("repair.person",),
        ),
        # Reports, tips and comments take no staff time: recordings answer them, and they are counted (R38).
        "report": Menu(
            (
                Choice("report.crime", next="report_crime", topic="report_crime"),
                Choice("report.tip", next="report_tip", topic="report_tip"),
                Choice("report.comment", next="report_comment", topic="report_comment"),
            )
        ),
        "report_crime": Announce("report.crime_answer", "all_said", about="emergency"),
        "report_tip": Announce("report.tip_answer", "all_said", about="emergency"),
        "report_comment": Announce("report.comment_answer", "all_said"),
        **pin_steps(case_digits),
        # Ends.
        "anything_else": last_menu(Choice("end.main", next="announcements"), _HELP),
        # A caller who entered the PIN is led back into their case, not out of it.
        "all_said": Decide(case_verbs.all_said, {"case": "all_said_in_case", "menu": "anything_else"}),
        "all_said_in_case": last_menu(back_to_case, _HELP, NOTICES),
        # Silence: one offer, heard once, and a gentle end (R25). A caller who has found the card can
        # continue.
        "no_one_there": Announce("no_one_there", "silent_offer"),
        "silent_offer": Decide(
            callback_verbs.callback_for_silence,
            {
                "owed": "callback_in_silence",
                "offered": "silent_menu",
                "locked_out": "callback_menu_lost_pin",
                "reported": "callback_menu",
                "cannot": "silent_end",
            },
        ),
        "silent_menu": silent_menu(Choice("main.case", next="may_try")),
        "silent_end": Hangup("no_one_there.end"),
        "cover": Hangup("cover", place=COVERED),
        "goodbye": Hangup("goodbye"),
        "talk_over": Hangup("queue.over"),
    }
    if has_partner:
        steps |= {
            "news_promised": Decide(wish_verbs.say_how, {"said": "look_for_partner"}),
            "look_for_partner": look_for_partner(offered="all_said_for_news", none="all_said"),
            "all_said_for_news": last_menu(PARTNER, back_to_case, _HELP, NOTICES),
        }
    closed = {
        "status",
        "person_told",
        "silent_told",
        "choose_menu",
        "case_menu_more",
        "case_menu",
        "details",
        "hard_news",
        "warn",
        "warn_alone",
        "danger_person",
        "until_person",
        "danger_callback",
        "until_callback",
        "news_callback",
        "news_untold",
        "news_uncalled",
        "danger_silence",
        "until_silence",
        "person_or_callback",
        "news",
        "danger_again",
        "news_menu_more",
        "news_menu",
        "callback_open",
        "callback_open_not_urgent",
        "callback_sure",
        "callback_menu_in_case",
        *registering_steps(),
        *CLOSED_PIN_STEPS,
    }
    return Flow(
        name="victim_line",
        role=CALLER,
        start="danger_line",
        steps=steps,
        open_to_all=frozenset(steps) - closed,
        open_to_letters=LETTER_STEPS,
        give_up="person",
        silent="no_one_there",
        keys={"0": "person", "*": "", "9": "", "7": "cover", "5": "silent", "8": "", "#": ""},
        moved={
            "callback_more": "callback_when",
            "callback_saved": "callback_wishes",
            "callback_refused": "callback_cannot",
        },
        locked_out="lapsed",
        stranded="person",
        overlong="silent_end",
        recalled={**CALLER_RECALLED, "in_queue": "fetched", "queue_choices": "fetched"},
    )


def _services(services: Sequence[str]) -> tuple[Choice, ...]:
    return tuple(
        Choice(
            "services.join",
            does=service_verbs.ring_service,
            on={"ringing": "ring_service", "changed": "services"},
            about=f"service.{n}",
        )
        for n in range(len(services))
    )


def _safety_choice(services: Sequence[str]) -> Choice:
    """The safety-planning line by a key if the office lists one, else the help menu."""
    if SAFETY_SERVICE in services:
        exits = {"ringing": "ring_service", "changed": "services"}
        return Choice("case.safety", does=service_verbs.ring_safety_line, on=exits, about="safety")
    return _HELP


#: From a promise and the like back to the menu of the case, or to news that the caller has not heard (R19).
TO_CASE = {"case": "choose_menu", "news": "hard_news"}
_HELP = Choice("case.help", next="services")
PARTNER = partner_choice(ringing="ring_service", changed="all_said")
_MORE = Choice("case.more", next="details")
_HEAR_AGAIN = Choice("case.again", does=case_verbs.hear_again, on={"again": "status", "news": "news"})


def _case_choices(first: Choice, third: Choice) -> tuple[Choice, ...]:
    """The options after a status, in the order in which people ask for them (R14, R20)."""
    # The key of a new PIN is the one in pin_verbs.NEW_PIN_KEY.
    return (
        first,
        Choice("case.callback", next="callback_first"),
        third,
        Choice("case.new_pin", next="change_pin"),
    )


def last_menu(*choices: Choice) -> Menu:
    """After everything is said: silence is a goodbye; a slip is asked again, and 0 is offered (R25)."""
    return Menu(choices, prompt="end.question", give_up="goodbye", silence="goodbye", silences=0)


def _danger_first(who: str, then: str, place: str | None = None) -> dict[str, Step]:
    """The danger line, which no key stops, and safety advice until the news is told (R17, R19)."""
    return {
        f"danger_{who}": Announce(
            "danger_line", f"until_{who}", barge_in=False, about="emergency", place=place
        ),
        f"until_{who}": Announce("hard_news.until", then),
    }


def _untold(*choices: Choice) -> Menu:
    """The options again if no person came, or no phone can be called; never for silence (R19)."""
    return Menu(choices, prompt="hard_news.untold", silence="danger_silence", silences=1, returns=False)
