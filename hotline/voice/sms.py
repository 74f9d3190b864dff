"""Answers text messages: STOP stops calls to that phone, START may lift it (R33), HELP says where to turn."""

from collections.abc import Mapping
from datetime import datetime

import phonenumbers
from sqlalchemy.orm import Session

from config.office import Office
from hotline.voice.form import Fields, caller_id, one
from hotline.voice.twiml import Words, message
from models.callbacks.callback_policy import CallbackPolicy
from models.calls.heard_text import hear_once
from models.calls.stop_words import plain_words, stop_language
from models.overview.phone_stop import start_phone, stop_phone
from models.store.database import keyring_of
from models.store.job import Job

# Words without accents, each with the language of the answer.
_START: Mapping[str, str] = {
    **dict.fromkeys(("start", "unstop"), "en"),
    **dict.fromkeys(("iniciar", "comenzar", "reanudar"), "es"),
}
_HELP: Mapping[str, str] = {"help": "en", "info": "en", "ayuda": "es", "informacion": "es"}


def sms_inbound(
    session: Session, office: Office, policy: CallbackPolicy, prompts: Words, form: Fields, now: datetime
) -> tuple[str, list[Job]]:
    """Return the TwiML that answers a text, and the jobs to enqueue. A STOP takes effect first.

    The answer is the same for every phone, registered or not. The same message again, however much later,
    changes nothing more.
    """
    body = one(form, "Body") or ""
    said = plain_words(body)
    stop = stop_language(body)
    # A person who texts a discreet number is told to call that number, and learns of no other.
    texted = one(form, "To")
    line = texted if texted is not None and texted in office.lines else office.lines[0]
    # With its own opt-out texts switched on, Twilio has answered already and only reports the kind.
    answered = (one(form, "OptOutType") or "").upper()
    number = caller_id(one(form, "From"))
    phone_key = None if number is None else keyring_of(session).index("phone", number)
    if answered == "STOP" or stop is not None:
        is_news = phone_key is not None and hear_once(session, one(form, "MessageSid"), now)
        jobs = stop_phone(session, phone_key, now, policy) if is_news and phone_key is not None else []
        text = _text(office, line, prompts, "sms.stop", stop or "en")
        return message() if answered else message(text), jobs
    if answered == "START" or (len(said) == 1 and said[0] in _START):
        if phone_key is not None and hear_once(session, one(form, "MessageSid"), now):
            start_phone(session, phone_key, now)
        text = _text(office, line, prompts, "sms.start", _START.get(said[0], "en") if said else "en")
        return message() if answered else message(text), []
    if answered:
        return message(), []
    if len(said) == 1 and said[0] in _HELP:
        return message(_text(office, line, prompts, "sms.help", _HELP[said[0]])), []
    return message(
        *(_text(office, line, prompts, "sms.other", language) for language in office.languages)
    ), []


def _text(office: Office, line: str, prompts: Words, prompt: str, language: str) -> str:
    if line in office.discreet_lines and prompt in ("sms.help", "sms.start", "sms.other"):
        # No 911 and no PIN either: the reader of this phone may not be the person meant (R17).
        prompt += "_discreet"
    code = language if language in office.languages else office.languages[0]
    return prompts.text(
        code,
        prompt,
        line=office.neutral_name[code],
        number=phonenumbers.format_number(
            phonenumbers.parse(line), phonenumbers.PhoneNumberFormat.INTERNATIONAL
        ),
        emergency=office.emergency_number,
    )
