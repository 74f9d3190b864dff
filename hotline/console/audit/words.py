"""The plain words of the audit's pages for actions, people, targets and alarms."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import current_app, url_for

from hotline.console.callbacks.words import CANCEL_NAMES, OUTCOME_CHOICES, REASONS, RECOGNITION_NAMES
from hotline.console.cases import notice_words
from hotline.console.cases.labels import DELIVERIES, EVIDENCE, SEARCH_REASONS
from hotline.console.shell.layout import ROLE_NAMES
from hotline.console.shell.named import PARTS, staff_name
from hotline.console.shell.refused import moment_of_promise
from hotline.console.shell.words import N_, _
from models.staff.audit_alarm import AuditAlarm
from models.staff.staff_name import StaffNames

#: Every action that the app records, in the past tense.
ACTIONS = {
    "open_case": N_("opened a case"),
    "fail_to_open_case": N_("tried a case number that opened nothing"),
    "close_case": N_("closed a case"),
    "look_at_case": N_("looked at a case"),
    "reveal_number": N_("revealed the number of a callback"),
    "search_cases": N_("searched the cases"),
    "ask_audit_export": N_("asked for entries of the audit as a file"),
    "agree_audit_export": N_("agreed to a file of the audit"),
    "reject_audit_export": N_("rejected a file of the audit"),
    "withdraw_audit_export": N_("withdrew the request for a file of the audit"),
    "export_audit": N_("took entries of the audit as a file"),
    "open_case_to_staff": N_("opened a case to a member of staff"),
    "call_phone_of_case": N_("called a phone of a case"),
    "call_agency": N_("called an agency about a case"),
    "call_interpreter": N_("called an interpreter about a case"),
    "hand_callback": N_("transferred a callback to a colleague"),
    "note_callback": N_("saved a note on a callback"),
    "note_talk": N_("wrote a note on a call at 0"),
    "rotate_pin": N_("issued a new PIN"),
    "change_pin": N_("chose a new PIN by phone"),
    "choose_duress_pin": N_("gave a duress PIN"),
    "drop_duress_pin": N_("turned off a duress PIN"),
    "tell_duress": N_("told one liaison and the supervisors"),
    "resume_calls": N_("let the line call again"),
    "show_found_case": N_("was shown a case by a search by name"),
    "try_tied_approval": N_("tried to approve with a tied account"),
    "replace_lost_pin": N_("replaced a lost PIN"),
    "request_callback": N_("asked for a callback"),
    "ask_again_for_callback": N_("asked again for a callback"),
    "hear_of_callback": N_("heard when their callback is due"),
    "change_callback": N_("changed a callback"),
    "reschedule_callback": N_("moved a callback to another time"),
    "cancel_callback": N_("canceled a callback"),
    "end_with_case_callback": N_("canceled a callback of a closed case"),
    "warn_of_callback": N_("warned of a callback at risk"),
    "leave_message": N_("left a message"),
    "register_for_notices": N_("registered a person for notices"),
    "change_registration": N_("changed a registration for notices"),
    "pause_registration": N_("paused a registration for notices"),
    "resume_registration": N_("ended the pause of a registration for notices"),
    "stop_registration": N_("stopped a registration for notices"),
    "renew_registration": N_("renewed a registration for notices"),
    "ring_notice": N_("called a registrant about a notice"),
    "hear_notice": N_("heard the news of a notice"),
    "confirm_notice": N_("confirmed a notice"),
    "tell_notice": N_("may have told the news of a notice"),
    "put_off_notice": N_("said that it was not a good time for a notice"),
    "leave_notice": N_("passed a notice to staff"),
    "warn_of_notice": N_("warned of a notice that nobody confirmed"),
    "note_outcome": N_("saved the outcome of a call"),
    "lack_phone": N_("asked for another call, and there was no phone to call"),
    "recognize_person": N_("recorded how a person was recognized"),
    "stop_phone": N_("stopped calls to a phone"),
    "block_texts": N_("was refused a text: the phone said STOP to our number"),
    "lift_stop": N_("let a stopped phone be called again"),
    "change_phone_callback": N_("moved a callback to another phone"),
    "add_staff": N_("added a member of staff"),
    "begin_shift": N_("began a shift"),
    "end_shift": N_("ended a shift"),
    "rest": N_("took a break after a hard call"),
    "set_away": N_("set a liaison away who missed offers in a row"),
    "extend_wrap_up": N_("extended a wrap-up"),
    "end_rest": N_("ended their rest"),
    "change_phone": N_("changed the phone that the line calls"),
    "change_languages": N_("changed the languages that they speak with callers"),
    "set_schedule": N_("set a schedule"),
    "add_absence": N_("added an absence"),
    "sign_in": N_("signed in"),
    "sign_out": N_("signed out"),
    "set_up": N_("set up signing in"),
    "lose_session": N_("lost a session by wrong tries"),
    "reset_sign_in": N_("reset how someone signs in"),
    "renew_staff_sign_in": N_("gave someone a new one-time password"),
    "lock_sign_in": N_("locked signing in after wrong tries"),
    "unlock_sign_in": N_("unlocked signing in"),
    "change_staff": N_("changed a member of staff"),
    "let_go_staff": N_("deactivated an account"),
    "take_back_staff": N_("reactivated an account"),
    "remove_absence": N_("removed an absence"),
    "change_office": N_("changed the office's settings"),
    "issue_staff_pin": N_("issued a staff PIN"),
    "issue_staff_code": N_("issued a staff code"),
    "change_staff_pin": N_("chose a staff PIN by phone"),
    "change_staff_code": N_("chose a staff code by phone"),
    "add_facility": N_("added a facility"),
    "update_facility": N_("changed a facility"),
    "remove_facility": N_("removed a facility"),
    "add_court": N_("added a court"),
    "update_court": N_("changed a court"),
    "remove_court": N_("removed a court"),
    "rotate_keys": N_("moved sealed fields to a new key"),
    "accept_pepper": N_("accepted a changed pepper: no PIN from before opens"),
    "upload_import": N_("began to upload a custody file"),
    "preview_import": N_("read a custody file and showed what it would change"),
    "accept_import": N_("accepted an import"),
    "hold_import": N_("held an import"),
    "refuse_import": N_("refused an import with rejects"),
    "abandon_import": N_("gave up an import"),
    "vouch_import": N_("vouched for a file without a manifest"),
    "refuse_batch": N_("refused a file of the feed"),
    "land_import": N_("applied an import"),
    "make_notice": N_("made a notice"),
    "stop_notice": N_("stopped a notice"),
    "take_up_notice": N_("reopened a notice"),
    "hasten_notice": N_("made a correction urgent"),
    "page_held_import": N_("told supervisors of a held import"),
    "ask_release_import": N_("asked to apply a held import"),
    "ask_reject_import": N_("asked to discard a held import"),
    "withdraw_import_request": N_("closed the request about an import"),
    "dismiss_unlisted": N_("dismissed a task about the feed"),
    "release_import": N_("approved that a held import is applied"),
    "ask_retract_import": N_("asked to take back an import"),
    "retract_import": N_("approved that an import is taken back"),
    "finish_retraction": N_("took back an import"),
    "reject_import": N_("approved that a held import is discarded"),
    "custody.unmapped_status": N_("found status codes that are unknown"),
    "custody.unmapped_facility": N_("found facilities that are not in the directory"),
    "custody.unlisted_court": N_("met courts that are not in the directory"),
    "claim_callback": N_("claimed a callback"),
    "ring_caller_callback": N_("called the person of a callback"),
    "ring_liaison_callback": N_("called staff for a callback"),
    "miss_own_call_callback": N_("reported that staff missed their own call for a callback"),
    "liaison_missed_callback": N_("did not reach staff for a callback"),
    "not_safe_callback": N_("heard that the person could not talk now"),
    "not_safe_later_callback": N_("heard after the liaison had hung up that the person could not talk now"),
    "accept_callback": N_("accepted a callback"),
    "join_callback": N_("joined a callback's two people"),
    "give_back_callback": N_("returned a callback to the list"),
    "caller_missed_callback": N_("did not reach the person of a callback"),
    "reach_callback": N_("reached the person of a callback"),
    "give_up_callback": N_("ended a callback that nobody answered"),
    "take_up_callback": N_("reopened a callback"),
    "leave_callback": N_("marked a callback as needing attention"),
    "close_left_callback": N_("closed a callback that needed attention"),
    "begin_talk": N_("began a talk with a caller at 0"),
    "end_talk": N_("ended a talk with a caller at 0"),
    "hold_talk": N_("put a talk on hold"),
    "resume_talk": N_("resumed a talk"),
    "leave_talk": N_("left a talk"),
    "accept_joining": N_("joined a talk that went on"),
    "hand_over_talk": N_("handed a talk over"),
    "add_colleague": N_("added a colleague to a talk"),
    "add_interpreter": N_("added an interpreter to a talk"),
    "add_phone": N_("added a phone"),
    "confirm_phone": N_("confirmed a phone"),
    "vouch_for_phone": N_("said that a new phone may hear of the case"),
    "give_phone_code": N_("gave a code to a phone"),
    "fail_phone_code": N_("keyed a wrong code of a phone"),
    "mark_phone_unsafe": N_("marked a phone as unsafe"),
    "move_phone": N_("moved a phone in its order"),
    "change_phone_wishes": N_("changed what a phone may be used for"),
    "change_registrant": N_("changed a registrant"),
    "link_subject": N_("linked a case to a person"),
    "confirm_subject": N_("confirmed whom a case is about"),
    "request_pin": N_("asked for a PIN"),
    "approve_pin": N_("approved a PIN"),
    "lock_pin": N_("saw that wrong PINs locked a case"),
    "lift_pin_lock": N_("lifted a lock after wrong PINs"),
    "hold_lost_pin": N_("held a report of a lost PIN"),
    "release_lost_pin": N_("let a lost PIN be called about"),
    "decline_lost_pin": N_("dropped a report of a lost PIN"),
    "decline_pin": N_("declined a PIN"),
    "withdraw_pin_request": N_("took back what was asked about a PIN"),
    "reveal_case_number": N_("revealed a case number"),
    "reveal_phone": N_("revealed a phone number"),
    "print_number_letter": N_("printed a letter with a case number"),
    "print_pin_letter": N_("printed a letter with a PIN"),
    "change_password": N_("changed their password"),
    "change_authenticator": N_("changed their authenticator"),
    "add_passkey": N_("added a passkey"),
    "remove_passkey": N_("removed a passkey"),
    "issue_recovery_codes": N_("had new recovery codes made"),
    "end_session": N_("ended a session"),
    "end_sessions": N_("ended their other sessions"),
    "lift_total": N_("lifted the total of wrong tries at a case"),
    "raise_audit_alarm": N_("raised an alarm"),
    "settle_audit_alarm": N_("closed an alarm"),
    "purge_audit": N_("took the details out of old entries of the audit"),
    "purge_rows": N_("deleted old calls and what belongs to them"),
    "add_hold": N_("put a legal hold on rows"),
    "lift_hold": N_("lifted a legal hold"),
    "fail_audit_head": N_("could not copy the head of the audit to its second place"),
}
#: The same of a caller, where the words above are those of staff.
_OF_CALLERS = {
    "close_left_callback": N_("canceled a callback that waited behind a call about news"),
}
#: What an entry can be about, and the page that shows it, if there is such a page.
TARGETS = {
    "case": (N_("case %(id)s"), "console.cases.case"),
    "callback": (N_("callback %(id)s"), "console.callbacks.callback"),
    "notice": (N_("notice %(id)s"), ""),
    "registration": (N_("registration %(id)s for notices"), ""),
    "import": (N_("import %(id)s"), "console.imports.import_page"),
    "staff": (N_("member of staff %(id)s"), "console.people.staff_person"),
    "sign_in": (N_("an e-mail that nobody has"), ""),
    "facility": (N_("facility %(id)s"), ""),
    "court": (N_("court %(id)s"), ""),
    "phone": (N_("phone %(id)s"), ""),
    "call": (N_("call %(id)s"), ""),
    "talk": (N_("talk %(id)s at 0"), ""),
    "office_change": (N_("change %(id)s of the office's settings"), ""),
    "subject": (N_("person %(id)s"), ""),
    "alarm": (N_("alarm %(id)s"), ""),
    "entry": (N_("entry %(id)s"), ""),
    "export": (N_("file %(id)s of the audit"), ""),
    "purge": (N_("purge %(id)s"), ""),
    "hold": (N_("legal hold %(id)s"), ""),
}
ALARMS = {
    "without_call": N_("Looked at %(count)s cases that nobody had called about"),
    "many_looks": N_("%(count)s looks at the cases of one person"),
    "one_pair": N_("These two made %(count)s of the approvals, which is most of them"),
    "own_name": N_("Looked at a case with their own surname in it"),
    "own_phone": N_("Looked at a case with their own phone in it"),
    "tied_pair": N_("Tried to approve together, though their accounts are tied"),
    "shell_pair": N_("A command approved in the name of these two"),
    "many_searches": N_("%(count)s searches by name"),
}
WHY = {
    "without_call": N_("No caller opened these cases by PIN lately, and no callback was promised for them."),
    "many_looks": N_("Everybody's looks within the time that the office set count together."),
    "one_pair": N_("Two people who always approve for each other check nothing."),
    "own_name": N_("It may be chance. Ask whether they know the people of this case."),
    "own_phone": N_("A phone of the case is also that of this member of staff."),
    "tied_pair": N_(
        "One made, reset, let in or gave its role to the other account, or a third person did to both."
    ),
    "shell_pair": N_("A command names two people and proves neither. Ask both whether they know of it."),
    "many_searches": N_("Each search by name shows whether somebody has a case here."),
}
FINDINGS = {
    "explained": N_("It is explained"),
    "talked_to": N_("I talked to them about it"),
    "taken_further": N_("I took it further"),
}
#: The names of facts in entries. A fact without words is shown as it is.
FACTS = {
    "language": N_("language"),
    "languages": N_("languages"),
    "subject": N_("person"),
    "role": N_("role"),
    "on_shift": N_("on shift"),
    "office_phone": N_("office phone"),
    "by": N_("by"),
    "reason": N_("reason"),
    "found": N_("found"),
    "ground": N_("ground"),
    "callback": N_("callback"),
    "urgency": N_("class"),
    "verified": N_("by a right PIN"),
    "evidence": N_("how they were known"),
    "phones_told": N_("phones told"),
    "changed": N_("changed"),
    "page": N_("page"),
    "level": N_("level"),
    "tries": N_("tries"),
    "to": N_("to"),
    "rule": N_("rule"),
    "entry": N_("entry"),
    "count": N_("count"),
    "state": N_("state"),
    "outcome": N_("outcome"),
    "why": N_("why"),
    "field": N_("field"),
    "delivery": N_("how they get it"),
    "full": N_("full file"),
    "rows": N_("rows"),
    "first": N_("first entry"),
    "last": N_("last entry"),
    "kept": N_("entries left as they are"),
    "before": N_("from before"),
    "deleted": N_("deleted"),
    "left_at_carrier": N_("left at the carrier"),
    "case": N_("case"),
    "rejected": N_("rejected"),
    "held": N_("held"),
    "finding": N_("finding"),
    "form": N_("form it came by"),
    "code": N_("how it ended"),
    "interpreter": N_("needs an interpreter"),
    "safety_plan": N_("safety plan made"),
    "referred_to": N_("referred to"),
    "talk": N_("talk"),
    "after": N_("after callback"),
    "rung": N_("called"),
    "asked_by": N_("asked for by"),
    "second": N_("second person"),
    "said_seconds_before": N_("seconds since the line had said it"),
    "records_since": N_("newer records since then"),
    "agreed": N_("the person agreed"),
    "due_at": N_("due by"),
    "was_due_at": N_("was due by"),
}
#: Why rows are kept from the purge; a hold is set by a command, so no page has these words.
HOLD_REASONS = {
    "litigation": N_("a lawsuit"),
    "records_request": N_("a request for records"),
    "investigation": N_("an investigation"),
    "audit": N_("an audit"),
}
#: Who is warned, and when: a promise that is at risk or late, an import, or a notice (R34).
LEVELS = {
    "staff_before": N_("staff, before it was due"),
    "supervisor_before": N_("supervisors, before it was due"),
    "staff_after": N_("staff, after it was due"),
    "supervisor_after": N_("supervisors, after it was due"),
    "left_for_staff": N_("supervisors, since it needs a person"),
    "urgent_untaken": N_("urgent, and nobody took it"),
    "import_held": N_("an import is held"),
    "call_list": N_("its call list is ready"),
    "1": N_("those on call"),
    "2": N_("supervisors"),
}
#: How somebody signed in, or a notice was confirmed.
WAYS = {
    "code": N_("a code of their authenticator"),
    "recovery code": N_("a recovery code"),
    "passkey": N_("a passkey"),
    "authenticator": N_("their authenticator"),
    "oidc": N_("the office's own sign-in"),
    "set up": N_("setting up"),
}
URGENCIES = {"urgent": N_("urgent"), "other": N_("not urgent")}
#: How a case was open to somebody who looked at it in a talk.
OPENED_BY = {
    "verified_call": N_("the caller gave the PIN"),
    "verified_callback": N_("a callback that was asked for with the PIN"),
    "call_list": N_("the call list of a held import"),
}
#: What a person may change about their calls.
WISHES = {
    "may_answer": N_("who may answer"),
    "voicemail_text": N_("messages on their voicemail"),
    "night_allowed": N_("calls at night"),
    "window_starts": N_("from when they are called"),
    "window_ends": N_("until when they are called"),
    "time_zone": N_("time zone"),
    "line": N_("the number that they see"),
}
#: The codes in facts, in the words of the pages on which they were chosen.
CODES = {
    "level": LEVELS,
    "by": WAYS | notice_words.CONFIRMED,
    "urgency": URGENCIES,
    "role": ROLE_NAMES,
    "why": notice_words.WHY,
    "outcome": notice_words.WHY,
    "evidence": EVIDENCE,
    "delivery": DELIVERIES,
    "reason": SEARCH_REASONS | REASONS | CANCEL_NAMES | HOLD_REASONS | OPENED_BY,
    "code": OUTCOME_CHOICES | RECOGNITION_NAMES,
    "changed": WISHES,
}


def is_chosen(asked: Mapping[str, str]) -> bool:
    """Whether a search has only values from its lists: no name or number that somebody typed."""
    kind, _colon, id_ = asked["who"].partition(":")
    is_who = not asked["who"] or asked["who"] in PARTS or (kind == "staff" and id_.isdecimal())
    is_target = asked["kind"] in TARGETS if asked["kind"] else not asked["number"]
    return is_who and is_target and (not asked["what"] or asked["what"] in ACTIONS)


def action(name: str, actor: str = "") -> str:
    """An action of an actor in words; one without words is shown as it is."""
    known = ACTIONS.get(name)
    if actor.partition(":")[0] == "caller":
        known = _OF_CALLERS.get(name, known)
    return _(known) if known else name.replace("_", " ").replace(".", " ")


def target(name: str) -> tuple[str, str | None]:
    """What an entry is about, and the page that shows it, if there is one."""
    kind, _colon, id_ = name.partition(":")
    if kind not in TARGETS or not id_:
        return name, None
    words, endpoint = TARGETS[kind]
    if kind == "staff" and (person := staff_name(name)):
        return person, _page(endpoint, kind, id_)
    return _(words, id=id_), _page(endpoint, kind, id_)


def alarm_target(alarm: AuditAlarm) -> tuple[str, str | None]:
    """What an alarm is about; an alarm about a pair has no other target."""
    return ("", None) if alarm.rule == "one_pair" else target(alarm.target)


def facts_of(facts: Mapping[str, Any], staff: StaffNames) -> list[tuple[str, str]]:
    """The facts of an entry as readable pairs."""
    return [
        (
            _of_code(value) if name == "code" else _fact(name),
            _named(name, value, staff) or _plain(value, CODES.get(name, {})),
        )
        for name, value in facts.items()
        # It says whether two views of one talk had the same words, and nothing to a reader.
        if name != "words"
    ]


def _named(name: str, value: Any, staff: StaffNames) -> str | None:
    """The name of the member of staff that a fact is about, or the moment of a promise."""
    if name in ("due_at", "was_due_at"):
        return moment_of_promise(datetime.fromisoformat(value))
    if name == "asked_by" and isinstance(value, int):
        return staff.by_id.get(value)
    return staff.of(value) if isinstance(value, str) else None


def _of_code(value: Any) -> str:
    """What a fact named code is: a code of a registration, how a person was recognized, or an outcome."""
    if isinstance(value, bool):
        return _("with a notice code")
    return _("recognized") if value in RECOGNITION_NAMES else _fact("code")


def _fact(name: str) -> str:
    known = FACTS.get(name)
    return _(known) if known else name.replace("_", " ")


def _plain(value: Any, codes: Mapping[str, str]) -> str:
    if isinstance(value, list):
        return ", ".join(_plain(one, codes) for one in value) or "–"
    if isinstance(value, Mapping):
        return ", ".join(f"{_fact(name)} {_plain(one, codes)}" for name, one in value.items()) or "–"
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, (str, int)) and str(value) in codes:
        return f"“{_(codes[str(value)])}”"
    return "–" if value is None else str(value)


def _page(endpoint: str, kind: str, id_: str) -> str | None:
    if endpoint not in current_app.view_functions or not id_.isdecimal():
        return None
    values: dict[str, Any] = {f"{kind}_id": int(id_)}
    return url_for(endpoint, **values)
