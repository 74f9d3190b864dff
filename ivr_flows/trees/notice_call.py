"""The call that tells a registrant of a change in custody: neutral words, a code, and then the news (R30).

Whoever answers without the code learns nothing: not the office, not that there is a case, not that something
happened.
"""

from collections.abc import Sequence

from ivr_flows.engine.desk import SAFETY_SERVICE
from ivr_flows.engine.flow import Announce, Choice, Collect, Decide, Flow, Hangup, Menu, Step, Transfer
from ivr_flows.trees.called_steps import CALLED_KEYS, called_steps
from ivr_flows.trees.legs import outbound
from ivr_flows.trees.partner_choice import look_for_partner, partner_choice
from ivr_flows.verbs import notice_verbs, service_verbs
from models.calls.role import NOTIFIED
from models.notices.notice_code import CODE_DIGITS

_BEGUN = {"code": "ask_code", "key": "choose", "gone": "gone"}


def notice_call(services: Sequence[str], *, has_partner: bool = False) -> Flow:
    """Build the tree for the keys of the office's services, and with its partner line if it has one."""
    # After the promise that a person calls, which is kept whatever follows.
    after_promise = "look_for_partner" if has_partner else "promised"
    now = Choice("hard_news.now", next="news")
    asked = {"promised": "danger_person", "gone": "gone"}
    person = Choice("notice.person_tells", does=notice_verbs.ask_person, on=asked)
    steps: dict[str, Step] = {
        **called_steps(
            notice_verbs.begin_notice, _BEGUN, notice_verbs.put_off_notice, notice_verbs.nobody_there
        ),
        # 5 is 1 for a person who cannot talk; later in the call it leads to the news again, never around it.
        "silent": Decide(notice_verbs.begin_notice_silently, _BEGUN),
        "ask_code": Collect(
            "notice.ask_code",
            CODE_DIGITS,
            notice_verbs.check_notice_code,
            {"right": "choose", "wrong": "wrong_code", "spent": "use_card", "gone": "gone"},
            malformed="notice.code_length",
            # "If you do not have it, press pound."
            back="no_code",
        ),
        "wrong_code": Announce("notice.wrong_code", "ask_code"),
        "no_code": Decide(notice_verbs.has_no_code, {"stopped": "use_card"}),
        "use_card": Hangup("notice.use_card"),
        # Hard news: warn, then choose; after a death the person comes first (R19).
        "choose": Decide(
            notice_verbs.look_at_notice,
            {"hard": "warn", "death": "warn_gently", "plain": "news", "gone": "gone"},
        ),
        "warn": _warning(now, person),
        "warn_gently": _warning(person, now),
        # Hard news is never told to silence: nobody knows who has the phone.
        "silence": Decide(
            notice_verbs.call_silence_back, {"promised": "danger_silence", "gone": "gone"}, once=True
        ),
        **_danger_first("silence", "promised"),
        **_danger_first("person", after_promise),
        "news": Decide(
            notice_verbs.tell_notice,
            {"out": "danger_again", "not_out": "confirm", "feed": "confirm_feed", "gone": "gone"},
            once=True,
        ),
        "danger_again": Announce("danger_line", "confirm_out", barge_in=False, about="emergency"),
        "confirm": _confirming("thanks", after_promise),
        # Nothing happened that a person could tell them about.
        "confirm_feed": Menu((_confirms("thanks"),)),
        "confirm_out": _confirming("thanks_out" if SAFETY_SERVICE in services else "thanks", after_promise),
        "thanks": Hangup("notice.thanks"),
        "promised": Hangup("notice.person_promised"),
        # No key confirms the news: the next try is due, if there is one.
        "unconfirmed": Decide(notice_verbs.nobody_confirmed, {"again": "again", "over": "gone"}),
        "again": Hangup("notice.unconfirmed"),
        "gone": Hangup("notice.gone"),
    }
    if SAFETY_SERVICE in services:
        steps |= {
            "thanks_out": Menu(
                (
                    Choice(
                        "case.safety",
                        does=service_verbs.ring_safety_line,
                        on={"ringing": "ring_service", "changed": "thanks"},
                        about="safety",
                    ),
                ),
                prompt="notice.noted",
                give_up="unclear",
                silence="unclear",
                silences=1,
            ),
            "ring_service": Transfer(
                None, service_verbs.service_ended, {"talked": "unclear", "failed": "unclear"}
            ),
        }
    if has_partner:
        steps |= _partner_steps()
    return outbound("notice_call", NOTIFIED, "opening", steps, give_up="unclear", keys=CALLED_KEYS)


def _warning(first: Choice, second: Choice) -> Menu:
    return Menu((first, second), prompt="hard_news.warning", silence="silence", silences=1, give_up="silence")


def _danger_first(who: str, then: str) -> dict[str, Step]:
    """The danger line, which no key stops, and safety advice until the news is told (R17, R19)."""
    return {
        f"danger_{who}": Announce("danger_line", f"until_{who}", barge_in=False, about="emergency"),
        f"until_{who}": Announce("hard_news.until", then),
    }


def _partner_steps() -> dict[str, Step]:
    """A partner to talk with until we call: never in place of our call, and never offered to silence."""
    return {
        "look_for_partner": look_for_partner(offered="partner", none="promised"),
        "partner": Menu(
            (partner_choice(ringing="ring_partner", changed="promised"),),
            prompt="services.partner_until",
            give_up="unclear",
            silence="unclear",
            silences=1,
        ),
        "ring_partner": Transfer(
            None, service_verbs.service_ended, {"talked": "promised", "failed": "promised"}
        ),
    }


def _confirms(thanks: str) -> Choice:
    on = {"confirmed": thanks, "gone": "gone"}
    return Choice("notice.confirm", does=notice_verbs.confirm_notice, on=on)


def _confirming(thanks: str, person: str) -> Menu:
    return Menu(
        (
            _confirms(thanks),
            Choice("notice.person", does=notice_verbs.ask_person, on={"promised": person, "gone": "gone"}),
        ),
        give_up="unconfirmed",
    )
