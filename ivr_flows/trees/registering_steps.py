"""The steps of being called when custody changes: register, hear, change, pause and stop (R28).

None of them asks what may be told about the case, so a denied, a closed and an unknown case have the same
words and keys, and so has one that a duress PIN opened (R10, R13).
"""

from ivr_flows.engine.flow import Announce, Choice, Collect, Decide, Handler, Menu, Step
from ivr_flows.verbs import callback_verbs, registering_verbs
from models.notices.notice_code import CODE_DIGITS

_SAVED = {"saved": "notices_wishes", "gone": "notices_gone"}
_BACK = Choice("notices.back", next="notices_wishes")
#: To the calls about changes, from a menu of the case.
NOTICES = Choice("notices.ask", next="notices")


def registering_steps() -> dict[str, Step]:
    """Every step; all of them are behind the PIN."""
    return {
        "notices": Decide(
            registering_verbs.look_at_registration,
            {
                "none": "notices_offer",
                "standing": "notices_standing",
                "ends": "notices_ending",
                "paused": "notices_paused",
                "paused_ends": "notices_paused_ending",
                "uncalled": "notices_uncalled",
                "no_phone_left": "notices_no_phone_left",
                "held": "notices_held",
                "no_phone": "notices_no_phone",
            },
        ),
        # Express: this menu's first key, then the code, which is no key of a menu.
        "notices_offer": Menu(
            (
                Choice("notices.agree", next="notice_code"),
                Choice("notices.more", next="notices_more_first"),
                Choice(
                    "notices.decline",
                    does=registering_verbs.decline_calls,
                    on={"declined": "notices_declined", "stands": "notices"},
                ),
            ),
            told_by="notices",
        ),
        "notices_more_first": Announce("notices.code_first", "notice_code"),
        "notices_declined": Announce("notices.declined", "all_said"),
        "notice_code": Collect(
            "notices.ask_code",
            CODE_DIGITS,
            registering_verbs.take_notice_code,
            {"good": "notice_code_again", "guessable": "notice_code_guessable"},
            malformed="notice.code_length",
            back="choose_menu",
        ),
        "notice_code_guessable": Announce("notices.code_guessable", "notice_code"),
        "notice_code_again": Collect(
            "notices.code_again",
            CODE_DIGITS,
            registering_verbs.confirm_notice_code,
            {
                "registered": "all_said",
                "more": "notices_wishes",
                "stands": "notices",
                "differs": "notice_code_differs",
                "gone": "notices_gone",
            },
            malformed="notice.code_length",
            back="choose_menu",
        ),
        "notice_code_differs": Announce("notices.codes_differ", "notice_code"),
        # It stands: hear it, change it, pause it, stop it.
        "notices_standing": Menu(
            (
                Choice("notices.leave", next="notices_still"),
                Choice("notices.change", next="notices_wishes"),
                Choice("notices.pause_or_stop", next="notices_stop"),
            ),
            told_by="notices",
        ),
        "notices_ending": Menu(
            (
                Choice("notices.renew", does=registering_verbs.renew_registration, on=_ENDED),
                Choice("notices.change", next="notices_wishes"),
                Choice("notices.pause_or_stop", next="notices_stop"),
            ),
            told_by="notices",
        ),
        "notices_paused": Menu(
            (
                _RESUME,
                Choice("notices.leave", next="notices_still"),
                Choice("notices.stop", does=registering_verbs.stop_registration, on=_ENDED),
            ),
            told_by="notices",
        ),
        # The consent has ended, or ends soon or before the pause is over.
        "notices_paused_ending": Menu(
            (
                Choice("notices.renew", does=registering_verbs.renew_registration, on=_ENDED),
                _RESUME,
                Choice("notices.leave", next="notices_still"),
                Choice("notices.stop", does=registering_verbs.stop_registration, on=_ENDED),
            ),
            told_by="notices",
        ),
        # The phones that were chosen are no longer safe: another one takes over what was agreed (R09).
        "notices_uncalled": Menu(
            (
                _which("notices.one_phone", registering_verbs.call_new_phones, about="own_phone"),
                _which("notices.all_phones", registering_verbs.call_new_phones),
                Choice("notices.leave", next="notices_still"),
                Choice("notices.pause_or_stop", next="notices_stop"),
            ),
            told_by="notices",
        ),
        "notices_no_phone_left": Menu(
            (
                Choice("notices.leave", next="notices_still"),
                Choice("notices.pause_or_stop", next="notices_stop"),
            ),
            told_by="notices",
        ),
        "notices_stop": Menu(
            (
                Choice("notices.pause_week", does=registering_verbs.pause_week, on=_ENDED),
                Choice("notices.pause_month", does=registering_verbs.pause_month, on=_ENDED),
                Choice("notices.stop", does=registering_verbs.stop_registration, on=_ENDED),
                Choice("notices.leave", next="notices_still"),
            ),
            returns=False,
        ),
        # Another call may have changed it since it was said.
        "notices_still": Decide(
            registering_verbs.look_whether_it_stands, {"kept": "notices_kept", "changed": "notices"}
        ),
        "notices_kept": Announce("notices.kept", "all_said"),
        "notices_held": Announce("callback.held", "all_said"),
        "notices_no_phone": Announce("notices.no_phone", "person"),
        "notices_gone": Announce("notices.gone", "all_said"),
        **_wishes(),
    }


def _wishes() -> dict[str, Step]:
    """More choices; a caller who hangs up among them has what was agreed so far."""
    return {
        "notices_wishes": Menu(
            (
                Choice("wishes.done", next="notices_still"),
                Choice("notices.when", next="notices_when"),
                Choice("notices.messages", next="notices_messages"),
                Choice("wishes.more", next="notices_more"),
            ),
        ),
        "notices_when": Menu(
            (
                Choice("notices.which", next="notices_which"),
                Choice("notices.nights", next="notices_nights"),
                Choice("notices.hours", next="notices_hours"),
                Choice("notices.cap", next="notices_cap"),
            ),
        ),
        "notices_which": Menu(
            (
                _which("notices.one_phone", registering_verbs.choose_phones, about="own_phone"),
                _which("notices.all_phones", registering_verbs.choose_phones),
                # A new phone is a binding (R09): a person speaks a code to it, and the old one is told.
                Choice("notices.add_phone", next="person"),
            ),
        ),
        "notices_nights": Menu(
            (
                _choice("notices.yes", registering_verbs.choose_nights),
                _choice("notices.no", registering_verbs.choose_nights),
            ),
            prompt="notices.night_question",
        ),
        "notices_hours": Menu(
            tuple(
                _choice(f"callback.{part}", registering_verbs.choose_hours)
                for part in ("morning", "afternoon", "evening", "any_time")
            ),
            prompt="notices.hours_lead",
        ),
        "notices_cap": Menu(
            (
                _choice("notices.cap_few", registering_verbs.choose_cap),
                _choice("notices.cap_usual", registering_verbs.choose_cap),
                _choice("notices.cap_many", registering_verbs.choose_cap),
            ),
            prompt="notices.cap_lead",
        ),
        "notices_messages": Menu(
            (
                Choice("wishes.message", next="notices_voicemail"),
                Choice("notices.texts", next="notices_texts"),
                _BACK,
            ),
        ),
        "notices_voicemail": Menu(
            tuple(
                _choice(f"message.{text}", registering_verbs.choose_voicemail)
                for text in ("none", "please_call", "we_call_again", "hello")
            ),
        ),
        "notices_texts": Menu(
            (
                _choice("notices.no_texts", registering_verbs.choose_texts),
                _choice("notices.texts_too", registering_verbs.choose_texts),
            ),
            prompt="notices.text_risk",
        ),
        "notices_more": Menu(
            (
                Choice("notices.code", next="notices_code"),
                Choice("notices.line", next="notices_line"),
                Choice("notices.zone", next="notices_zone"),
                _BACK,
            ),
        ),
        "notices_code": Menu(
            (
                Choice("notices.new_code", next="notice_code"),
                _choice("notices.key_alone", registering_verbs.choose_key_alone),
                _BACK,
            ),
            prompt="notices.key_risk",
        ),
        "notices_line": Menu(
            (
                _choice("notices.this_line", registering_verbs.choose_line),
                _choice("notices.main_line", registering_verbs.choose_line),
            ),
        ),
        "notices_zone": Menu(
            (
                _choice("hour.right", registering_verbs.choose_zone),
                Choice("hour.earlier", does=callback_verbs.hour_is_earlier, on={"shifted": "notices_zone"}),
                Choice("hour.later", does=callback_verbs.hour_is_later, on={"shifted": "notices_zone"}),
            ),
            prompt="hour.question",
            about="hour",
        ),
    }


_ENDED = {"saved": "all_said", "gone": "notices_gone"}
_RESUME = Choice(
    "notices.resume", does=registering_verbs.resume_registration, on=_ENDED | {"changed": "notices"}
)


def _choice(prompt: str, verb: Handler, about: str | None = None) -> Choice:
    return Choice(prompt, does=verb, on=_SAVED, about=about)


def _which(prompt: str, verb: Handler, about: str | None = None) -> Choice:
    on = _SAVED | {"code": "notices_more_first"}
    return Choice(prompt, does=verb, on=on, about=about)
