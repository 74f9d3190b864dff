"""Tells whether a text asks us to stop: by a word, by a refusal, or by "wrong number" (R33)."""

import re
import unicodedata
from collections.abc import Mapping
from typing import NamedTuple


class _Wording(NamedTuple):
    """What people of one language write, without accents and apostrophes, as alternatives of a pattern."""

    #: One of these alone stops, at the beginning of the text and with nothing but asides after it.
    words: str
    #: "Do not call me" and its like, which say stop without the word.
    refusals: str
    #: May come before.
    leads: str
    #: May follow. A request to be called may not: "stop texting me. Call me" stops nothing.
    asides: str
    #: May come before "wrong number".
    claims: str
    wrong: str


_WORDINGS: Mapping[str, _Wording] = {
    "en": _Wording(
        # "End it all" and "stop me" are cries for help: the answer to what we cannot read names 911.
        words=r"(?:stop(?! me )|stopall|unsubscribe|cancel|end(?! (?:it|me|all $))|quit|revoke|optout|"
        r"opt (?:me )?out)"
        r"(?: (?:call|text|message|contact) me)?",
        refusals=r"(?:do not|dont|never) (?:ever )?(?:call|text|message|contact)|"
        r"(?:i (?:do not|dont) want|no) (?:any )?(?:more )?(?:calls|texts|messages)|"
        r"(?:remove|lose) (?:me|my number|this number)|take (?:me|my number|this number) off|leave me alone",
        leads=r"please|sorry|hi|hello|hey|ok|okay|just|now|all|calls|texts|messages|nope|i said|"
        r"who is (?:this|it)|whos this|\?|(?:i am|im) not \w+",
        asides=r"\?|all|any|the|these|this|your|it|calling|calls|texting|texts|messaging|messages|phone|number|"
        r"contacting|sending|bothering|(?:call|text|message|contact)(?! me)|me|us|here|again|anymore|"
        r"any more|from|list|to|and|or|please|already|thanks|thank you|sorry",
        claims=r"(?:this is|it is|its) not \w+|this isnt \w+|no|you|u|have|has|got|this|its|it|is|a|the|im|"
        r"i think",
        wrong=r"wrong (?:number|person|phone)",
    ),
    "es": _Wording(
        words=r"parar?|paren?|alto|basta|detener|detengan?|cancelar|fin(?! de todo)|baja|salir",
        refusals=r"no (?:me |nos )?(?:llame[ns]?|escriban?|manden?|envien?|contacten?)|"
        r"no (?:me |nos )?vuelvan? a (?:llamar|escribir)(?:me|nos)?|"
        r"no (?:quiero )?mas(?: (?:llamadas|mensajes))?|no quiero (?:llamadas|mensajes)|dej(?:en?|an?) de|"
        r"dej[ea]n?me en paz|(?:quiten?|borren?)(?:me| mi numero)",
        leads=r"por favor|perdone?|disculpen?|lo siento|hola|ya|todo|llamadas|mensajes|textos|"
        r"quien (?:es|habla)|\?|(?:yo )?no soy \w+",
        asides=r"\?|de|llamar(?:me|nos)?|escribir(?:me|nos)?|mandar(?:me)?|enviar(?:me)?|molestar(?:me)?|"
        r"llamadas|mensajes|textos|la|las|los|su|sus|lista|mas|otra vez|nunca|aqui|"
        r"a este (?:numero|telefono)|y|ni|todo|"
        r"todas|por favor|gracias",
        claims=r"no es \w+|es|este|esta|tienen?|el|la|un|una|se|me|creo|que|usted|ustedes|ha|han",
        wrong=r"(?:numero|persona|telefono) equivocad[oa]|numero incorrecto|"
        r"equivoc(?:o|ado|aron) de (?:numero|persona|telefono)",
    ),
}


def _pattern(wording: _Wording) -> re.Pattern[str]:
    """The pattern of one language. Its loops give nothing back, so that no text takes long."""
    words, refusals, leads, asides, claims, wrong = wording
    # "Now" after a refusal is missing on purpose: "do not call me now" is about this hour alone.
    stop = rf"(?:{refusals}) (?:(?:{asides}) )*+$|(?:{words}) (?:(?:{words}|{asides}|now|ya) )*+$"
    # After "wrong number" comes who they are, or are not. As a question, it is about our number.
    mistake = rf"(?:(?:{claims}|{words}|{asides}) )*+(?:{wrong}) (?!\?)"
    return re.compile(rf"(?!is )(?:(?:{leads}) )*+(?:{stop}|{mistake})")


_PATTERNS = {language: _pattern(wording) for language, wording in _WORDINGS.items()}


def stop_language(body: str) -> str | None:
    """Return the language in which a text says stop, or None: "stop lying to me, where is he?" does not."""
    text = "".join(f"{word} " for word in plain_words(body, keep=r"\?"))
    return next((language for language, asks in _PATTERNS.items() if asks.match(text)), None)


def plain_words(body: str, keep: str = r"\b\B") -> list[str]:
    """Return the words of a text without case, accents and apostrophes, and what ``keep`` matches."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", body) if not unicodedata.combining(c))
    return re.findall(rf"\w+|{keep}", re.sub("['’´`]", "", plain).casefold())
