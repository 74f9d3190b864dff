"""The victim line: the tree every inbound call walks, as a table."""

from collections.abc import Sequence

from ivr_flows import callback_verbs, case_verbs
from ivr_flows.flow import (
    AGAIN,
    Announce,
    Choice,
    Collect,
    Decide,
    Flow,
    Handler,
    Hangup,
    Menu,
    Step,
    Transfer,
)

PIN_DIGITS = 6
CASE_DIGITS = 8


def victim_line(languages: Sequence[str], services: Sequence[str], case_digits: int) -> Flow:
    """Build the tree for the languages offered, the keys of the services and the length of a case number."""
    steps: dict[str, Step] = {
        # The opening (R17).
        "danger_line": Announce(
            "danger_line", "language", barge_in=False, in_each_language=True, about="emergency"
        ),
        "language": Menu(
            tuple(Choice("language.choose", next="welcome", language=language) for language in languages)
        ),
        "welcome": Announce("welcome", "main_menu", about="line"),
        "main_menu": Menu(
            (
                Choice("main.case", next="may_try"),
                Choice("main.callback", next="callback_or_person"),
                Choice("main.help", next="services"),
                Choice("main.report", next="report", topic="report"),
            )
        ),
        # The case: number, PIN, and the status at once (R20).
        "may_try": Decide(
            case_verbs.may_try, {"yes": "ask_number", "number_too": "ask_number", "no": "tries_spent"}
        ),
        "ask_number": Collect(
            "ask_number",
            case_digits,
            case_verbs.check_number,
            {"ok": "ask_pin", "mistyped": AGAIN},
            # Where numbers have grown to ten digits, the first ones still have eight (R01).
            least=CASE_DIGITS,
        ),
        "ask_pin": Collect(
            "ask_pin",
            PIN_DIGITS,
            case_verbs.verify_pin,
            {"right": "status", "wrong": "no_match", "spent": "no_more"},
        ),
        "no_match": Announce("no_match", "ask_number"),
        "no_more": Announce("no_match", "tries_spent"),
        "tries_spent": Announce("tries_spent", "person"),
        "lapsed": Decide(
            case_verbs.may_try, {"yes": "pin_again", "number_too": "ask_number", "no": "tries_spent"}
        ),
        "pin_again": Announce("pin_again", "ask_pin"),
        "status": Decide(case_verbs.read_status, {"said": "case_menu", "hard": "hard_news"}),
        "case_menu": Menu(
            (
                Choice("case.again", next="status"),
                Choice("case.callback", next="callback"),
                Choice("case.help", next="services"),
            )
        ),
        # Hard news: warn, then choose (R19).
        "hard_news": Decide(case_verbs.look_for_someone, {"free": "warn", "nobody": "warn_alone"}),
        "warn": Menu(
            (Choice("hard_news.now", next="news"), Choice("hard_news.person", next="person")),
            prompt="hard_news.warning",
            misses=1,
            silence="person_or_news",
        ),
        "person_or_news": Decide(
            callback_verbs.find_person,
            {"ringing": "ring_person", "nobody": "news", "closed": "news"},
        ),
        "warn_alone": Menu(
            (
                Choice("hard_news.now", next="news"),
                Choice(
                    "hard_news.first",
                    does=callback_verbs.request_for_news,
                    on={"promised": "promised", "refused": "callback_refused"},
                ),
            ),
            prompt="hard_news.alone",
            misses=1,
            silence="news",
        ),
        "news": Decide(case_verbs.weigh_news, {"out": "danger_again", "not_out": "telling"}),
        "danger_again": Announce("danger_line", "telling", barge_in=False, about="emergency"),
        "telling": Decide(case_verbs.tell_news, {"not_out": "case_menu", "out": "news_menu"}),
        "news_menu": Menu(
            (
                Choice("case.again", next="news"),
                Choice("case.callback", next="callback"),
                _safety_choice(services),
            )
        ),
        # To be called back (R35).
        "callback_or_person": Menu(
            (Choice("choose.callback", next="callback"), Choice("choose.person", next="person"))
        ),
        "callback": Decide(
            callback_verbs.callback_stands,
            {"open": "callback_open", "none": "callback_menu", "cannot": "callback_cannot"},
        ),
        "callback_menu": Menu(
            (
                _asking("callback.express", callback_verbs.request_express),
                Choice("callback.more", next="callback_more", about="phone"),
                _asking("callback.afraid", callback_verbs.request_afraid),
            ),
            silence="goodbye",
        ),
        "callback_more": Menu(
            (
                _asking("callback.morning", callback_verbs.request_morning),
                _asking("callback.afternoon", callback_verbs.request_afternoon),
            )
        ),
        "callback_open": Menu(
            (
                Choice("callback.keep", does=callback_verbs.keep_callback, on={"kept": "promised"}),
                Choice("callback.move", next="callback_more"),
                Choice(
                    "callback.cancel",
                    does=callback_verbs.cancel_callback,
                    on={"cancelled": "callback_cancelled", "gone": "callback_gone"},
                ),
            ),
            silence="goodbye",
        ),
        "callback_cancelled": Announce("callback.cancelled", "anything_else"),
        "callback_gone": Announce("callback.gone", "anything_else"),
        "callback_refused": Announce("callback.refused", "anything_else"),
        "callback_cannot": Announce("callback.cannot", "anything_else"),
        "promised": Announce("callback.neutral_call", "anything_else"),
        # 0: a person (R22, R36).
        "person": Decide(
            callback_verbs.find_person, {"ringing": "ring_person", "nobody": "callback", "closed": "callback"}
        ),
        "ring_person": Transfer(
            "person.connecting", callback_verbs.person_ended, {"talked": "goodbye", "nobody": "callback"}
        ),
        # Help and services.
        "services": Menu(_services(services)),
        "ring_service": Transfer(
            "services.connecting", callback_verbs.service_ended, {"ended": "anything_else"}
        ),
        # Reports, tips and comments take no staff time: they are answered by recordings and counted (R38).
        "report": Menu(
            (
                Choice("report.crime", next="report_crime", topic="report_crime"),
                Choice("report.tip", next="report_tip", topic="report_tip"),
                Choice("report.comment", next="report_comment", topic="report_comment"),
            )
        ),
        "report_crime": Announce("report.crime_answer", "anything_else", about="emergency"),
        "report_tip": Announce("report.tip_answer", "anything_else", about="emergency"),
        "report_comment": Announce("report.comment_answer", "anything_else"),
        # Ends.
        "anything_else": Menu(
            (Choice("end.main", next="main_menu"), Choice("case.help", next="services")),
            prompt="end.question",
            # All is said, so silence is a goodbye; a slip is asked again, and 0 is offered (R25).
            give_up="goodbye",
            silence="goodbye",
            silences=0,
        ),
        "no_one_there": Announce("no_one_there", "silent_offer"),
        "silent_offer": Decide(
            callback_verbs.callback_stands,
            {"open": "goodbye", "none": "callback_menu", "cannot": "goodbye"},
        ),
        "cover": Hangup("cover"),
        "goodbye": Hangup("goodbye"),
    }
    closed = {
        "status",
        "case_menu",
        "hard_news",
        "warn",
        "warn_alone",
        "person_or_news",
        "news",
        "telling",
        "danger_again",
        "news_menu",
        "callback_open",
    }
    return Flow(
        name="victim_line",
        start="danger_line",
        steps=steps,
        open_to_all=frozenset(steps) - closed,
        give_up="person",
        silent="no_one_there",
        keys={"0": "person", "*": "", "9": "", "7": "cover"},
        locked_out="lapsed",
        stranded="person",
    )


def _asking(prompt: str, verb: Handler) -> Choice:
    return Choice(
        prompt, does=verb, on={"promised": "promised", "refused": "callback_refused"}, about="phone"
    )


def _services(services: Sequence[str]) -> tuple[Choice, ...]:
    return tuple(
        Choice(
            "services.join",
            does=callback_verbs.ring_service,
            on={"ringing": "ring_service"},
            about=f"service.{n}",
        )
        for n in range(len(services))
    )


def _safety_choice(services: Sequence[str]) -> Choice:
    """The safety-planning line by a key where the office lists one, else the help menu."""
    if callback_verbs.SAFETY_SERVICE in services:
        return Choice("case.safety", does=callback_verbs.ring_safety_line, on={"ringing": "ring_service"})
    return Choice("case.help", next="services")
