"""Tells whether a text asks us to stop: by a word, by a refusal, or by "wrong number" (R33)."""

import re
import unicodedata
from collections.abc import Mapping
from typing import NamedTuple


class _Wording(NamedTuple):
    """What people of one language write, without accents and apostrophes, as alternatives of a pattern."""

    #: One of these alone stops, and with what is named in ``things`` after it.
    words: str
    #: "Stop calling" and its like, at once or for good.
    endings: str
    #: "Do not call" and its like. With "now" it is about this hour alone.
    refusals: str
    #: What is to stop.
    things: str
    #: May follow an ending or a refusal: whom, where, how long.
    objects: str
    #: May follow these: why no call is safe.
    reasons: str
    #: May come before, between and after.
    asides: str
    #: May come before "wrong number".
    claims: str
    wrong: str


_WORDINGS: Mapping[str, _Wording] = {
    "en": _Wording(
        # "End it all" and "stop me" are cries for help: the answer to what we cannot read names 911.
        words=r"stop(?: ?all| it)?|unsubscribe(?: me)?|cancel(?: all)?|end|quit|revoke|opt ?(?:me )?out",
        endings=r"(?:stop|quit) (?:calling|texting|messaging|contacting|sending|bothering)",
        refusals=r"(?:do not|dont|never) (?:ever )?(?:call|text|message|contact|bother)|"
        r"(?:i (?:do not|dont) want|no) (?:any )?(?:more )?(?:calls|texts|messages)|"
        r"(?:remove|lose) (?:me|my number|this number)|take (?:me|my number|this number) off|leave me alone",
        things=r"(?:(?:all|any|the|these|your|more|text|from) )*(?:calls|texts|messages|list)",
        objects=r"me|us|here|again|anymore|any more|(?:this|my) (?:phone|number)|or (?:call|text|message)|"
        r"(?:or|and) (?:calling|texting|messaging)",
        reasons=r"(?:(?:he|she) is|hes|shes) (?:here|home|back|with me)|"
        r"(?:he|she) (?:has|took|sees|reads) (?:it|(?:my|this) (?:phone|texts|messages))",
        asides=r"please|sorry|hi|hello|hey|ok|okay|just|nope|i said|who is (?:this|it)|whos this|\?|"
        r"already|thanks|thank you|(?:can|could|will|would) (?:you|u)(?= (?:please )?stop )|"
        r"(?:this is|it is|its|i am|im) not \w+|this isnt \w+|(?:(?:there is|theres) )?no \w+ here",
        claims=r"this is|it is|its|(?:you|u) (?:have|got|have got)|youve got|i think|no|the|a",
        wrong=r"wrong (?:number|person|phone|phone number)",
    ),
    "es": _Wording(
        words=r"par(?:ar?|en?)(?: todo)?|alto|basta|detener|detengan?|cancelar|fin|baja|salir",
        endings=r"(?:par(?:ar?|en?)|dej(?:en?|an?|ar)|basta) de (?:llamar|escribir|mandar|enviar|molestar)"
        r"(?:me|nos)?",
        refusals=r"no (?:me |nos )?(?:llame[ns]?|escriban?|manden?|envien?|contacten?)|"
        r"no (?:me |nos )?vuelvan? a (?:llamar|escribir)(?:me|nos)?|"
        # "No más" alone may be despair, as "no more" is.
        r"no (?:quiero )?(?:mas )?(?:llamadas|mensajes|textos)|"
        r"dej[ea]n?me en paz|(?:quiten?|borren?)(?:me| mi numero)",
        things=r"(?:(?:de|la|las|los|sus?|todas|todos|mas) )*(?:llamadas|mensajes|textos|lista)",
        objects=r"mas|otra vez|nunca|aqui|a (?:este|mi) (?:numero|telefono|celular)|"
        r"ni (?:me )?(?:llame[ns]?|escriban?|manden?|envien?)",
        reasons=r"(?:(?:el|ella) )?esta (?:aqui|en casa|conmigo)|"
        r"(?:(?:el|ella) )?(?:lo tiene|(?:tiene|ve|lee) (?:mi|este|mis) (?:telefono|celular|mensajes))",
        asides=r"por favor|perdone?|disculpen?|lo siento|hola|ya(?= (?:no|basta|par|dej|alto))|gracias|\?|"
        r"quien (?:es|habla)|(?:pueden?|podrian?)(?= (?:por favor )?(?:parar|dejar) )|"
        r"(?:yo )?no soy \w+|no es \w+|aqui no (?:hay ningun[ao]?|vive(?: ningun[ao]?)?) \w+",
        claims=r"es|este es|esta es|(?:usted |ustedes )?(?:tienen?|ha|han)|no|el|la|un|una|se|me|creo|que",
        wrong=r"(?:numero|persona|telefono) equivocad[oa]|numero incorrecto|"
        r"equivoc(?:o|ado|aron) de (?:numero|persona|telefono)",
    ),
}


def _pattern(wording: _Wording) -> re.Pattern[str]:
    """The pattern of one language. Its loops give nothing back, so that no text takes long.

    It reads the whole text, so that a word that it does not know stops nothing: it may ask for a call or tell
    news ("the wrong person was released").
    """
    words, endings, refusals, things, objects, reasons, asides, claims, wrong = wording
    objects = rf"{things}|{objects}"
    parts = (
        rf"(?:{endings}) (?:(?:{objects}|now|ya) )*+(?:(?:{reasons}) )?",
        rf"(?:{refusals}) (?:(?:{objects}) )*+(?:(?:{reasons}) )?",
        rf"(?:{words}) (?:(?:{things}|now|ya) )*+",
        # As a question, it is about our number.
        rf"(?:(?:{claims}) )*+(?:{wrong}) (?!\?)",
    )
    said = "|".join(parts)
    return re.compile(rf"(?:(?:{asides}|{things}) )*+(?:{said})(?:{said}|(?:{asides}) )*+$")


_PATTERNS = {language: _pattern(wording) for language, wording in _WORDINGS.items()}


def stop_language(body: str) -> str | None:
    """Return the language in which a text says stop, or None: "stop lying to me, where is he?" does not."""
    text = "".join(f"{word} " for word in plain_words(body, keep=r"\?"))
    return next((language for language, asks in _PATTERNS.items() if asks.match(text)), None)


def plain_words(body: str, keep: str = r"\b\B") -> list[str]:
    """Return the words of a text without case, accents and apostrophes, and what ``keep`` matches."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", body) if not unicodedata.combining(c))
    return re.findall(rf"\w+|{keep}", re.sub("['’´`]", "", plain).casefold())
