"""Tells whether a text asks us to stop: by a word, by a refusal, or by "wrong number" (R33)."""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
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
    #: May be another phone than the one that texts: not refused unless a word or an ending says stop too.
    places: str
    #: May come before or after an ending or a refusal: why no call is safe.
    reasons: str
    #: Reasons that may come before or after a word too. "Stop, he is here" may be a cry for help.
    exposures: str
    #: May come before, between and after.
    asides: str
    #: May come before "wrong number".
    claims: str
    wrong: str


_SOMEBODY = (
    r"(?:he|she|my (?:husband|wife|boyfriend|girlfriend|partner|ex|mom|mother|dad|father|son|daughter|"
    r"brother|sister|family|roommate|kid|child|boss))"
)
_ALGUIEN = (
    r"(?:el|ella|mi (?:espos[oa]|marido|mujer|novi[oa]|pareja|ex|mama|madre|papa|padre|hij[oa]|herman[oa]|"
    r"familia|suegra))"
)

_PLEASE = r"pl(?:ease|[sz])"
#: "It is not", and then no name: whose phone it is, or whether a call is safe, is a reason of its own.
_NO_NAME = r"(?!(?:her|his|their) (?:\w+ )?(?:phone|number) |safe to (?:call|phone|text|message|contact) )"
_NINGUN_NOMBRE = r"(?!seguro (?:llamar|marcar|que) |su (?:numero|telefono|celular) )"

_WORDINGS: Mapping[str, _Wording] = {
    "en": _Wording(
        # "End it all" and "stop me" are cries for help: the answer to what we cannot read names 911.
        words=r"stop(?: ?all| it)?|(?:i (?:want|would like) to )?(?:unsubscribe(?: me)?|opt ?(?:me )?out)|"
        r"cancel(?: all)?|end|quit|revoke",
        endings=r"(?:stop|quit) (?:calling|phoning|texting|messaging|contacting|sending|bothering)",
        refusals=r"(?:do not|dont|never) (?:ever )?(?:call|phone|text|message|contact|bother)|"
        r"i (?:do not|dont) want (?:you|u) to (?:call|phone|text|message|contact|bother)|"
        r"(?:(?:it is|its|this is) )?(?:not safe|unsafe) to (?:call|phone|text|message|contact)|"
        r"it isnt safe to (?:call|phone|text|message|contact)|"
        # "No messages" alone asks to leave none, and "no texts, calls" asks for a call.
        r"(?:i (?:do not|dont) want|no) (?:any )?(?:(?:texts|messages) (?:or|and|nor|and no|no) )?"
        rf"(?:calls|texts(?! (?:{_PLEASE} )?calls )|more (?:calls|texts|messages))|"
        r"i no longer want (?:any )?(?:calls|texts|messages)|"
        r"(?:remove|lose) (?:me|my number|this number)|take (?:me|my number|this number) off|leave me alone",
        things=r"(?:(?:all|any|the|these|your|more|text|from) )*(?:calls|texts|messages|list)",
        objects=r"(?:to )?(?:me|us)|here|again|anymore|any more|"
        r"(?:(?:at|on|to) )?(?:this|my) (?:cell ?|mobile )?(?:phone|number)|"
        r"(?:(?:on|to) )?(?:this|my) (?:cell|mobile)|this house|my (?:house|home)(?= (?:again|any ?more) )|"
        r"or (?:call|text|message)|(?:or|and) (?:calling|texting|messaging)|"
        r"(?:or|and|nor|and no|no) (?:more )?(?:calls|texts|messages)|"
        # "Do not call him" is about his phone.
        r"(?:her|him|them)(?= (?:here|(?:at|on) this (?:number|phone)) )|it",
        places=r"(?:my|our) (?:house|home)(?: phone| number)?",
        reasons=rf"{_SOMEBODY}(?: is|s) (?:right )?(?:here|home|back|with me|next to me)|"
        rf"{_SOMEBODY} (?:has|took|sees|saw|heard|noticed|reads|checks) it|"
        rf"{_SOMEBODY} (?:just )?(?:found (?:out|it|me|this)|knows)",
        exposures=rf"{_SOMEBODY}(?:s got| (?:has|has got|took|found|sees|(?:can )?(?:see|read)|reads|checks|"
        r"looks at|goes through)) "
        r"(?:my|this|the) (?:phone|cell|cell ?phone|texts|messages)(?: now)?|"
        rf"{_SOMEBODY} (?:just )?(?:saw|heard|noticed) "
        r"(?:my|this|the|your|a) (?:calls?|texts?|messages?|phone)(?: ring)?|"
        # Without a word that says stop it may be about the person, not about our calls.
        r"(?:not safe|unsafe)(?: here)?",
        asides=rf"{_PLEASE}|sorry|hi|hello|hey|ok|okay|just|nope|i said|who is (?:this|it)|whos this|\?|"
        rf"already|thanks|thank you|(?:can|could|will|would) (?:you|u)(?= (?:{_PLEASE} )?stop )|"
        rf"i (?:want|need) (?:you|u) to(?= (?:{_PLEASE} )?(?:stop|quit) \w+ing )|"
        rf"(?:this is|it is|its|i am|im) not {_NO_NAME}\w+|this isnt {_NO_NAME}\w+|"
        r"not \w+(?= wrong (?:number|person) )|(?:(?:there is|theres) )?no \w+ here",
        claims=r"this is|it is|its|(?:you|u) (?:have|got|have got)|youve got|i think|no|the|a",
        wrong=r"wrong (?:number|person|phone|phone number|#)|"
        r"(?:not|(?:this|it) isnt|(?<=no )longer) (?:her|his|their) (?:cell ?|mobile )?(?:phone|number)|"
        # "He does not have this number" may say that it is safe.
        r"(?:\w+ no longer (?:has|uses)|they no longer (?:have|use)) "
        r"this (?:cell ?|mobile )?(?:phone|number)",
    ),
    "es": _Wording(
        words=r"stop|par(?:ar?|en?)(?: todo)?|alto|basta|detener|detengan?|cancelar|fin|baja|salir|"
        r"(?:quiero |quisiera )?dar(?:me|nos) de baja|d[ea](?:n?me|n?nos) de baja",
        # "Hablar" is to phone too, but "dejen de hablar" and "no hablen con él" are not about calls.
        endings=r"(?:par(?:ar?|en?)|dej(?:en?|an?|ar|es)|basta) de (?:"
        r"(?:llamar|marcar|escribir|mandar|enviar|molestar|contactar)(?:me|nos)?|hablar(?:me|nos)|"
        r"estar(?:me|nos)? (?:llamando|marcando|hablando|escribiendo|mandando|enviando|molestando)"
        r"(?:me|nos)?)",
        refusals=r"no (?:quiero que )?(?:(?:me|nos) )?(?:vuelva[ns]? a )?"
        r"(?:llame[ns]?|marque[ns]?|escriba[ns]?|mande[ns]?|envie[ns]?|contacte[ns]?|moleste[ns]?)|"
        r"no (?:quiero que )?(?:me|nos) hable[ns]?|"
        r"no hable[ns]?(?= (?:mas )?a (?:este|mi) (?:numero|telefono|celular) )|"
        r"no (?:quiero que )?(?:(?:me|nos) )?vuelva[ns]? a (?:llamar|marcar|escribir|molestar)(?:me|nos)?|"
        r"no (?:quiero que )?(?:(?:me|nos) vuelva[ns]? a hablar|vuelva[ns]? a hablar(?:me|nos))|"
        r"no (?:quiero que )?vuelva[ns]? a hablar(?= a (?:este|mi) (?:numero|telefono|celular) )|"
        r"no (?:volver a )?(?:llamar|marcar|molestar|contactar)(?:me|nos)?|"
        # "No me están llamando" asks why nobody does.
        r"no (?:quiero que )?(?:(?:me|nos) )?este[ns]? "
        r"(?:llamando|marcando|escribiendo|mandando|enviando|molestando)(?:me|nos)?|"
        r"no (?:quiero que )?(?:me|nos) este[ns]? hablando|"
        r"no es seguro (?:(?:llamar|marcar)(?:me|nos)?|que (?:(?:me|nos) )?(?:llame[ns]?|marque[ns]?))|"
        # "No más" alone may be despair, as "no more" is, and "no mensajes" asks to leave none.
        r"no (?:quiero )?(?:recibir )?(?:(?:mensajes|textos) (?:ni|o|y) )?"
        r"(?:llamadas|textos(?! (?:por favor )?llamadas )|mas (?:llamadas|mensajes|textos))|"
        r"(?<=ya )no quiero (?:recibir )?(?:mensajes|textos)|"
        r"dej[ea]n?me en paz|(?:quiten?|borren?)(?:me| mi numero)|"
        # "Sáquenme" alone is a cry for help.
        r"(?:saqu|elimin)en?me(?= de (?:la|su|esta) lista )",
        things=r"(?:(?:de|la|las|los|esta|sus?|todas|todos|mas) )*(?:llamadas|mensajes|textos|lista)",
        objects=r"mas a mi casa|mas|otra vez|nunca|nada|aqui|"
        r"a (?:este|mi) (?:numero|telefono|celular)|a esta casa|a mi casa(?= (?:mas|otra vez|nunca) )|"
        r"(?:ni|o|y) (?:mas )?(?:llamadas|mensajes|textos)|"
        r"ni (?:me )?(?:llame[ns]?|marque[ns]?|hable[ns]?|escriba[ns]?|mande[ns]?|envie[ns]?)",
        places=r"a (?:mi|la) casa",
        reasons=rf"(?:{_ALGUIEN} )?esta (?:aqui|en casa|conmigo)|(?:{_ALGUIEN} )?(?:lo|la) tiene|"
        rf"(?:ya )?(?:{_ALGUIEN} )?(?:ya )?(?:me (?:encontro|descubrio)|se entero|(?:lo )?sabe)|"
        rf"(?:ya )?(?:{_ALGUIEN} )?(?:lo|la) (?:vio|oyo|escucho)",
        exposures=rf"(?:{_ALGUIEN} )?(?:tiene|ve|lee|revisa|me quito) "
        r"(?:el|mi|mis|este|los) (?:telefono|celular|mensajes)(?: ahora)?|"
        rf"(?:ya )?(?:{_ALGUIEN} )?(?:vio|oyo|escucho) "
        r"(?:el|la|los|las|su|sus|mi|este|esta) (?:telefono|celular|llamadas?|mensajes?|textos?)",
        # Many write both languages at once.
        asides=rf"por favor|{_PLEASE}|perdone?|disculpen?|lo siento|hola|gracias|\?|"
        r"ya(?= (?:no|basta|par|dej|alto))|"
        r"que(?= (?:ya )?(?:no |(?:dej|par)\w+ de ))|"
        r"quien (?:es|habla)|(?:pueden?|podrian?)(?= (?:por favor )?(?:parar|dejar) )|"
        r"quiero que(?= (?:por favor )?(?:ya )?(?:par|dej)\w+ de )|"
        rf"(?:yo )?no soy \w+|no es {_NINGUN_NOMBRE}\w+|no \w+(?= (?:numero|persona) equivocad[oa] )|"
        r"aqui no (?:hay ningun[ao]?|vive(?: ningun[ao]?)?) \w+",
        claims=r"es|este es|esta es|usted(?:es)?|tienen?|ha|han|no|el|la|un|una|se|me|creo|que",
        wrong=r"(?:numero|persona|telefono) equivocad[oa]|numero incorrecto|"
        r"equivoc(?:o|ado|aron) de (?:numero|persona|telefono)|"
        # What people say to a caller who dialed wrong.
        r"(?<!el )(?<!no )estan? equivocad[oa]s?(?: de (?:numero|persona|telefono))?|equivocado|"
        # What may come before it has taken "no es" and "ya no tiene".
        r"(?:(?<=no es )su|(?<=ya no tiene )este|(?<=ya no )usa este|\w+ (?:\w+ )?ya no (?:tiene|usa) este) "
        r"(?:numero|telefono|celular)",
    ),
}

#: What a phone writes below a text by itself.
_SIGNATURE = re.compile(
    r"\b(?:sent from|enviado desde) (?:my|mi) (?:\w+\W+){0,4}"
    r"(?:iphone|ipad|android|galaxy|samsung|motorola|phone|smartphone|cell|celular|telefono|device)\W*$"
)


@cache
def _pattern(wording: _Wording) -> re.Pattern[str]:
    """The pattern of one language. Its loops give nothing back, so that no text takes long.

    It is made for the first text, since every process imports this file and few get one. It reads the whole
    text, so that a word that it does not know stops nothing: it may ask for a call or tell news ("the wrong
    person was released").
    """
    words, endings, refusals, things, objects, places, reasons, exposures, asides, claims, wrong = wording
    objects = rf"{things}|{objects}"
    aside = rf"(?:(?:{asides}) )*+"
    why = rf"(?:{reasons}|{exposures}) "
    parts = (
        rf"(?:{words}) {aside}(?:{refusals}) (?:{places}) ",
        rf"(?:{refusals}) (?:{places}) {aside}(?:{words}) ",
        rf"(?:{why}{aside})?(?:{endings}) (?:(?:{objects}|{places}|now|ya) )*+(?:{aside}{why})?",
        rf"(?:{why}{aside})?(?:{refusals}) (?:(?:{objects}) )*+(?:{aside}{why})?",
        rf"(?:(?:{exposures}) {aside})?(?:{words}) (?:(?:{things}|now|ya) )*+(?:{aside}(?:{exposures}) )?",
        # As a question, it is about our number.
        rf"(?:(?:{claims}) )*+(?:{wrong}) (?!\?)",
    )
    said = "|".join(parts)
    return re.compile(rf"(?:(?:{asides}|{things}) )*+(?:{said})(?:{said}|(?:{asides}) )*+$")


def stop_language(body: str) -> str | None:
    """Return the language in which a text says stop, or None: "stop lying to me, where is he?" does not."""
    text = "".join(f"{word} " for word in plain_words(body, keep=r"\?|(?<=wrong)#|(?<=wrong )#"))
    return next((one for one, wording in _WORDINGS.items() if _pattern(wording).match(text)), None)


def plain_words(body: str, keep: str = r"\b\B") -> list[str]:
    """Return the words of a text without case, accents and apostrophes, and what ``keep`` matches.

    What a phone adds by itself ("Sent from my iPhone") is no part of it.
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", body) if not unicodedata.combining(c))
    return re.findall(rf"\w+|{keep}", _SIGNATURE.sub("", re.sub("['’´`]", "", plain).casefold()))
