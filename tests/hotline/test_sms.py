"""Text messages: STOP stops that phone at once and once, HELP says where to turn, nothing else is read."""

import dataclasses
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.datastructures import ImmutableMultiDict

from config.office import Office
from hotline.voice.sms import sms_inbound
from ivr_flows.prompts import Prompts
from models.audit.audit import AuditEntry
from models.callbacks.callback import Callback
from models.cases.registrant import Phone, Registrant
from models.store.database import Database
from tests.factories import make_callback, make_office
from tests.twiml_check import check_message
from workers.office_rules import callback_policy_of

NOW = datetime(2026, 11, 25, 15, tzinfo=UTC)
PHONE = "+12025550123"
OTHER = "+12025550124"


@pytest.fixture(scope="module")
def prompts() -> Prompts:
    return Prompts.load(("en", "es"))


@pytest.fixture(scope="module")
def office() -> Office:
    return make_office()


def make_phones(database: Database, *numbers: str) -> None:
    """A registrant for each number."""
    with database.transaction() as session:
        for number in numbers:
            registrant = Registrant(language="en", time_zone="America/New_York", created_at=NOW)
            key = database.keyring.index("phone", number)
            sealed = database.keyring.seal("phone.number", number)
            registrant.phones = [Phone(position=1, number_sealed=sealed, phone_key=key)]
            session.add(registrant)


class Texter:
    """Somebody who sends text messages to the line."""

    def __init__(self, database: Database, office: Office, prompts: Prompts) -> None:
        self.database, self.office, self.prompts = database, office, prompts

    def sends(self, body: str | None, from_: str = PHONE, **extra: str) -> str:
        pairs = {"From": from_, "MessageSid": "SM1", **({} if body is None else {"Body": body}), **extra}
        with self.database.transaction() as session:
            answer, _ = self.answer(session, ImmutableMultiDict(pairs))
        assert check_message(answer) == []
        return answer

    def answer(self, session: Session, form: ImmutableMultiDict[str, str]) -> tuple[str, list[Any]]:
        return sms_inbound(session, self.office, callback_policy_of(self.office), self.prompts, form, NOW)

    def stopped(self) -> list[bool]:
        with self.database.reading() as session:
            return [at == NOW for at in session.scalars(select(Phone.stopped_at).order_by(Phone.id))]

    def audited(self) -> list[tuple[str, str, str]]:
        with self.database.reading() as session:
            return [
                (e.actor, e.action, e.target)
                for e in session.scalars(select(AuditEntry).order_by(AuditEntry.id))
            ]


@pytest.fixture
def texter(database: Database, office: Office, prompts: Prompts) -> Texter:
    return Texter(database, office, prompts)


STOPS = [
    *("STOP", "stop", " Stop. ", "STOP!!", "StopAll", "UNSUBSCRIBE", "cancel", "End", "QUIT"),
    *("opt out", "REVOKE", "stop calling me please", "Please stop", "wrong number", "stop it now"),
    *("This is the wrong person", "Sorry, wrong number", "wrong number, this is not Maria", "Stop it?"),
    *("Stop calling me, you have the wrong number", "Please don't call me again", "do not call me"),
    *("No more calls!", "unsubscribe me", "Remove me from your list", "Don’t ever text me", "stop\u200b"),
    *("All texts stop, thank you", "No, wrong number", "Stop contacting me", "Do not contact this number"),
    *("Who is this? Stop texting me", "I'm not Maria. Wrong number.", "This isn't Maria, wrong number"),
    *("u have the wrong number", "Take my number off your list", "lose my number", "Leave me alone"),
    *("stop sending me texts", "I don't want any more calls", "end all calls", "Do not call or text me"),
    *("stop calling he is here", "don't call this phone, he has it", "can you stop calling"),
    *("Could you please stop?", "Wrong number, no Maria here", "stop calling me now", "Stop all"),
    *("STOP please don't call my house", "don't call my house, stop", "Stop calling my house"),
    *("Don't ever call my house again", "don't call this house", "stop calling my cell phone"),
    *("Stop calling my husband has my phone", "STOP he has my phone", "he reads my texts, stop texting"),
    *("he is here stop calling", "my husband's home, don't call me", "Stop. He's here. Don't call."),
    *("STOP - Sent from my iPhone", "stop\n\nSent from my Verizon, Samsung Galaxy smartphone"),
    *("stop calling me please he is here", "Stop calling please, my husband has my phone"),
    *("do not call me at this number again", "no more calls to this number", "stop sending texts to me"),
    *("don't call me on my cell", "stop calling me on this phone"),
    *("I want to unsubscribe", "I want you to stop calling", "I don't want you to call me anymore"),
    *("pls stop", "stop pls", "plz stop calling me", "can you pls stop", "He's got my phone stop"),
    *("No more calls or texts", "No calls or messages", "no messages or calls", "no calls, no texts"),
    *("no more messages", "I no longer want messages", "he found out stop calling", "She knows, don't text"),
    *("dont call her here", "don't call him at this number", "this isnt her number", "This is not his phone"),
    *("I don't want texts", "No texts", "no texts please", "I do not want any texts", "no more texts"),
    *("Not Maria. Wrong number", "not safe to call", "It isn't safe to call here", "its not safe, dont call"),
    *("not safe stop", "Stop, it's not safe", "he saw the call stop", "stop calling me he heard it"),
    *("my kid has this phone stop", "my ex has this phone. do not call it", "wrong #", "Wrong#!"),
    *("she no longer has this number", "Maria no longer has this number", "This is no longer her number"),
    *("stop he saw your texts", "stop calling it"),
]  # fmt: skip
PARADAS = [
    *("PARE de llamar", "no me llamen más", "Por favor, ya no me llamen", "Deje de llamarme"),
    *("No más mensajes", "no quiero más llamadas", "No más textos"),
    *("Se equivocó de número", "Número equivocado, no soy María"),
    *("Hola, creo que tiene el número equivocado", "¿Quién es? No me llamen", "Déjenme en paz", "Ya basta"),
    *("Quítenme de la lista", "No es María, número equivocado", "No me contacten", "deja de llamarme"),
    *("PARAR", "Alto", "alto, por favor", "Detener", "BAJA", "número equivocado", "Persona equivocada"),
    *("no llamen a este número, él tiene mi teléfono", "no me llamen ni escriban", "Salir", "Cancelar"),
    *("¿Pueden dejar de llamarme?", "Salir de la lista", "Paren ya"),
    *("deje de llamar mi esposo tiene el teléfono", "él está aquí, dejen de llamar"),
    *("Alto, él ve mi celular", "Mi marido lee mis mensajes, no me escriban"),
    *("quiero darme de baja", "Denme de baja, por favor", "Darme de baja de la lista", "no me molesten más"),
    *("ya no me hablen", "no me marques", "dejen de marcar", "deja de hablarme", "no hablen a este número"),
    *("ya no quiero que me marquen", "no me vuelvan a marcar", "Ya dejen de estar llamando"),
    *("ALTO, no llamen a mi casa", "Quiero que dejen de llamar", "Ya no me hablen. Enviado desde mi iPhone"),
    *("no me llamen por favor mi esposo está aquí", "que ya no me llamen", "que dejen de llamarme"),
    *("no vuelvan a hablar a este número", "dennos de baja", "no llamen más a mi casa"),
    *("no llamar", "No llamar a este número", "no volver a llamar", "no es seguro llamar"),
    *("ya no quiero recibir llamadas", "ya no quiero mensajes", "No quiero mensajes ni llamadas"),
    *("Ya no me estén llamando", "no es seguro que me llamen", "No María, número equivocado"),
    *("ya me encontró no llamen", "Mi esposo ya se enteró, dejen de llamar"),
    *("no quiero textos", "No textos", "no quiero recibir textos", "sáquenme de la lista"),
    *("STOP por favor", "Stop gracias", "no llamen please", "STOP, no llamen", "ya sabe no llamen"),
    *("él vio la llamada, no llamen", "lo vio, no me llamen", "Mi esposo oyó el teléfono, dejen de llamar"),
    *("está equivocado", "Usted está equivocado", "Está equivocada, no soy María", "Equivocado"),
    *("ya no es su número", "ella ya no tiene este número", "mi hija ya no usa este celular"),
]  # fmt: skip


def test_stop_in_any_spelling_stops_every_registration_of_that_phone_and_no_other(texter: Texter) -> None:
    make_phones(texter.database, PHONE, PHONE, OTHER)

    texter.sends("STOP")

    assert texter.stopped() == [True, True, False]
    assert [action for _, action, _ in texter.audited()] == ["stop_phone", "stop_phone"]
    assert all(target.startswith("phone:") and PHONE not in target for _, _, target in texter.audited())


def test_same_stop_again_changes_nothing_more(texter: Texter) -> None:
    make_phones(texter.database, PHONE)
    answers = {texter.sends("STOP") for _ in range(6)}

    assert len(answers) == 1
    assert texter.stopped() == [True]
    assert len(texter.audited()) == 1


def test_stranger_and_registrant_get_the_same_answers(texter: Texter) -> None:
    make_phones(texter.database, PHONE)
    for body in ("STOP", "HELP", "AYUDA", "Where is he?", ""):
        assert texter.sends(body, PHONE) == texter.sends(body, OTHER) == texter.sends(body, "anonymous")


@pytest.mark.parametrize(("language", "bodies"), [("en", STOPS), ("es", PARADAS)], ids=["en", "es"])
def test_every_word_for_stop_stops(
    database: Database, office: Office, prompts: Prompts, language: str, bodies: list[str]
) -> None:
    make_phones(database, PHONE)
    texter = Texter(database, office, prompts)

    for body in bodies:
        answer = texter.sends(body)

        assert texter.stopped() == [True], body
        assert prompts.text(language, "sms.stop") in answer, body
        with database.transaction() as session:
            session.execute(update(Phone).values(stopped_at=None))


#: Texts that have such a word and mean something else.
OTHER_TEXTS = [
    *("stop lying to me, where is he?", "When does it end?", "", "yes", "1", "🙂", "help me stop him"),
    *("Call me, this is the end", "please stop texting me. call me", "Do not text me, call me"),
    *("Stop it!!! he is going to kill me", "Don't call me now, he is home", "Is this the wrong number?"),
    *("Who is this? Wrong number?", "I'm not safe, where is he", "Do not contact him", "Take my number"),
    *("I don't want calls now, he is home", "¿Quién es usted?", "basta de hablar con él"),
    *("End it all", "please, just end it", "Stop me", "fin de todo"),
    *("No more", "no more, please", "No más", "Ya no más, por favor", "no quiero más"),
    *("No es buen momento, no me llamen ahora", "Para información"),
    *(
        "Don't text, call",
        "Don't text me. Call",
        "no text, call",
        "Stop! Call me",
        "no texts, calls only",
    ),
    *("cancel the call", "end the call", "Cancel it", "Don't stop calling me", "No calls today"),
    *("No, the wrong person was let out. Call me!", "The wrong person was released"),
    *("You have the wrong person in custody", "the wrong number is on my card"),
    "You have the wrong phone number for me, call me at 202-555-0123",
    *("stop calling, where is he?", "this is the wrong number?", "No me escriban. Llámenme"),
    *("la persona equivocada salió libre", "salir de aquí", "¿Es el número equivocado?"),
    "Es el número equivocado que tengo, ¿cuál es el bueno?",
    *(
        "I called the wrong number, where is he?",
        "no me llama nadie",
        "No me llame ahora",
        "stop " * 300 + "him",
    ),
    # The house may have another phone than the one that texts.
    *("Don't call my house", "Don't call my house, call my cell", "No llamen a mi casa"),
    *(
        "STOP he is here",
        "he is here stop",
        "Stop my husband",
        "he has my phone",
        "stop him, he has my phone",
    ),
    *(
        "he is here, don't call the police",
        "I want it to stop",
        "stop calling my husband",
        "call me, he is here",
    ),
    *("Where is he? Sent from my iPhone", "call me. Sent from my iPhone", "Sent from my iPhone"),
    *(
        "no hablen con él",
        "dejen de hablar",
        "no me hablen ahora",
        "ya no me habla",
        "¿por qué no me hablan?",
    ),
    *("no me marquen, mándenme mensaje", "no me marca nadie", "mi esposo tiene el teléfono"),
    *("sáquenme", "Sáquenme de aquí", "quiero que pare todo", "quiero que deje de pegarme"),
    *("lo van a dar de baja", "no me hables así"),
    # A person who wants no message left may still want to be called.
    *("no messages", "No messages please", "I don't want messages", "no mensajes", "no quiero mensajes"),
    *(
        "no messages, call me",
        "no texts, calls",
        "no textos, llamadas",
        "no llamar ahora",
        "no llamar, mandar mensaje",
    ),
    *("pls call me", "pls stop him", "plz help", "he found out", "he found me stop", "stop he found me"),
    *(
        "not safe",
        "It's not safe here",
        "not safe to call now",
        "Is it not safe to call?",
        "he knows stop",
    ),
    *("not safe to talk, call me", "he's got a gun", "dont call her", "don't call him", "not Maria"),
    *("this isn't her number?", "Stop. Not him.", "i no longer want to live", "ya no quiero vivir"),
    *(
        "ya me encontró",
        "ya me encontró, ayuda",
        "ya me encontró, llámenme",
        "no es seguro",
        "ya no quiero",
    ),
    *("¿por qué no me están llamando?", "no me están llamando", "no llamar a la policía"),
    *("he saw the call", "he heard it", "my ex has this phone", "not safe, call me", "not safe stop him"),
    *("the wrong # is on my card", "wrong #?", "he doesn't have this number", "he saw me stop", "unsafe"),
    *("STOP por favor, él está aquí", "stop que me mata", "me quitó el celular", "ya sabe", "ya lo sabe"),
    *("él está equivocado", "no está equivocado", "¿Está equivocado?", "el registro está equivocado"),
    # Whoever writes this has another phone in hand, and the stop would count for that one.
    *("ya no es mi número", "this is no longer my number", "él no tiene este número"),
]


def test_longer_text_with_such_a_word_stops_nothing(texter: Texter) -> None:
    make_phones(texter.database, PHONE)

    for body in OTHER_TEXTS:
        answer = texter.sends(body)

        for language in ("en", "es"):
            text = texter.prompts.text(language, "sms.other", number="+1 202-555-0100", emergency="911")
            assert text in answer, body
        assert "reply STOP" in answer, body
        assert "responda ALTO" in answer, body
        assert texter.stopped() == [False], body
    assert texter.audited() == []


@pytest.mark.parametrize(
    ("body", "language"),
    [
        ("HELP", "en"),
        ("info", "en"),
        ("Ayuda", "es"),
        ("¡AYUDA!", "es"),
        ("Help - Sent from my iPhone", "en"),
    ],
)
def test_help_answers_with_the_emergency_number_and_ours_and_tells_nothing(
    texter: Texter, body: str, language: str
) -> None:
    answer = texter.sends(body)

    assert "911" in answer
    assert "+1 202-555-0100" in answer
    assert texter.office.neutral_name[language] in answer
    assert texter.office.name[language] not in answer


def test_message_without_a_body_or_with_two_is_still_answered(texter: Texter) -> None:
    assert "<Message>" in texter.sends(None)
    with texter.database.transaction() as session:
        form = ImmutableMultiDict([("From", PHONE), ("Body", "STOP"), ("Body", "HELP")])
        assert "<Message>" in texter.answer(session, form)[0]


def test_we_stop_the_phone_and_say_nothing_when_twilio_has_answered_an_opt_out_itself(texter: Texter) -> None:
    make_phones(texter.database, PHONE)

    assert "<Message>" not in texter.sends("anything", OptOutType="HELP")
    assert texter.stopped() == [False]
    assert "<Message>" not in texter.sends("halt", OptOutType="STOP")
    assert texter.stopped() == [True]


def test_office_without_spanish_answers_a_spanish_word_in_its_own_language(
    database: Database, prompts: Prompts
) -> None:
    texter = Texter(database, make_office(languages=("en",)), prompts)
    assert prompts.text("en", "sms.stop") in texter.sends("PARAR")


def test_stop_gives_an_open_callback_to_staff_and_rings_that_phone_no_more(
    database: Database, office: Office, prompts: Prompts
) -> None:
    with database.transaction() as session:
        mine = make_callback(session, phone=PHONE).id
        theirs = make_callback(session, phone=OTHER).id
    texter = Texter(database, office, prompts)

    texter.sends("STOP")
    texter.sends("STOP")

    with database.reading() as session:
        assert session.get_one(Callback, mine).state == "left_for_staff"
        assert session.get_one(Callback, mine).outcome == "stopped"
        assert session.get_one(Callback, theirs).state == "requested"


@pytest.mark.parametrize("body", ["HELP", "AYUDA", "who is this"])
def test_discreet_number_answers_a_text_by_its_neutral_name_and_without_911(
    database: Database, office: Office, prompts: Prompts, body: str
) -> None:
    discreet = "+12025550199"
    lines = (*office.lines, discreet)
    installation = dataclasses.replace(office, lines=lines, discreet_lines=(discreet,))

    answer = Texter(database, installation, prompts).sends(body, To=discreet)

    assert "911" not in answer
    assert "Victim" not in answer
    assert "Víctimas" not in answer
    assert "911" in Texter(database, installation, prompts).sends(body, To=office.lines[0])


@pytest.mark.parametrize(("body", "word"), [("START", "your code"), ("INICIAR", "su clave")])
def test_discreet_number_asks_for_a_code_and_never_speaks_of_a_pin(
    database: Database, office: Office, prompts: Prompts, body: str, word: str
) -> None:
    discreet = "+12025550199"
    lines = (*office.lines, discreet)
    installation = dataclasses.replace(office, lines=lines, discreet_lines=(discreet,))

    answer = Texter(database, installation, prompts).sends(body, To=discreet)

    assert word in answer
    assert "PIN" not in answer
