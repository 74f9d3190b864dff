"""Nothing of the news before the code: every answer of the carrier, every profile and channel (R30, R31)."""

from collections.abc import Callable

from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import (
    CODE,
    FIRST,
    OPENING,
    SECOND,
    Registered,
    picks_up,
    sweeps,
    the_notice,
)
from tests.calls.notices.test_texting import agrees_to_texts
from tests.calls.stories import wrong
from tests.conftest import in_turn
from tests.phone import Phone

Registering = Callable[..., Registered]

#: Twilio's words for who answered; None: it says nothing.
ANSWERED_BY = (
    None, "human", "unknown", "fax", "machine_start", "machine_end_beep", "machine_end_silence",
    "machine_end_other",
)  # fmt: skip
#: How a registrant wants to be called.
PROFILES = (
    {},
    {"voicemail_allowed": True, "voicemail_text": "please_call"},
    {"voicemail_allowed": True, "voicemail_text": "we_call_again"},
    {"voicemail_allowed": True, "voicemail_text": "hello"},
    {"night_allowed": False},
)
#: The news, its language and its pace, which changes no word.
NEWS = (("escaped", "en", "normal"), ("deceased", "es", "normal"), ("transferred", "en", "slow"))
#: What must not be heard before the code.
TELLING = {
    "en": (
        "escape",
        "died",
        "custody",
        "moved",
        "case",
        "notice",
        "news",
        "record",
        "danger",
        "victim",
        "911",
    ),
    "es": ("escap", "muri", "custodia", "caso", "aviso", "noticia", "registro", "peligro", "víctima", "911"),
}
#: What somebody without the code does: silence, every single key, a code that is wrong.
KEYS = (
    "",
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "8",
    "9",
    "0",
    "*",
    "#",
    "1#",
    "5#",
    "10",
    "1*",
    "19",
    "17",
    "15",
)


@in_turn("answered_by", ANSWERED_BY)
def test_machine_or_person_without_the_code_hears_neutral_words_alone(
    phone: Phone, registered: Registering, hotline: Hotline, answered_by: str | None
) -> None:
    called = [(profile, *news) for profile in PROFILES for news in NEWS]
    for position, (profile, kind, language, pace) in enumerate(called):
        number = f"+120255501{40 + position}"
        hotline.clock.passes(seconds=3)
        made = registered(kind, phones=(number,), phone=profile, language=language, pace=pace)
        agrees_to_texts(made)
        made.is_dialed(kind)
        extra = {} if answered_by is None else {"AnsweredBy": answered_by}
        silent = picks_up(phone.another(), hotline, number, **extra)
        while not silent.is_over:
            silent.says_nothing()

        heard = silent.heard_so_far.casefold()
        assert not [word for word in TELLING[language] if word in heard], (profile, silent.transcript)
        [text] = [body.casefold() for to, body in hotline.carrier.texts if to == number]
        assert not [word for word in TELLING[language] if word in text], text


@in_turn("all_keys", [KEYS[::2], KEYS[1::2]], ids=str)
def test_keys_of_somebody_without_the_code_open_nothing(
    phone: Phone, registered: Registering, hotline: Hotline, all_keys: tuple[str, ...]
) -> None:
    numbers = [f"+120255501{n}" for n in range(40, 40 + len(all_keys))]
    for number in numbers:
        registered("escaped", phones=(number,)).is_due("escaped")
    sweeps(hotline)

    for number, keys in zip(numbers, all_keys, strict=True):
        stranger = picks_up(phone.another(), hotline, number)
        assert stranger.hears(OPENING)
        for key in keys:
            if not stranger.is_over:
                stranger.presses(key)
        while not stranger.is_over:
            stranger.says_nothing()

        heard = stranger.heard_so_far.casefold()
        assert not [word for word in TELLING["en"] if word in heard], (keys, stranger.transcript)
    assert [body for _to, body in hotline.carrier.texts if any(word in body for word in TELLING["en"])] == []


def test_stranger_who_answers_and_knows_the_case_number_learns_and_stops_nothing(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("escaped", phones=(FIRST, SECOND), number="41000723")
    made.is_due("escaped")
    assert sweeps(hotline) == [FIRST, SECOND]
    stranger = picks_up(phone, hotline, FIRST)
    stranger.presses("1")
    # The whole number, and its parts: a code may be none of them (R30).
    for keys in (made.case.number, made.case.number[4:], made.case.number[2:6]):
        if not stranger.is_over:
            stranger.presses(keys)

    assert stranger.is_over
    assert stranger.hears("I cannot go on without the code")
    heard = stranger.heard_so_far.casefold()
    assert not [word for word in TELLING["en"] if word in heard], stranger.transcript
    caller = phone.another()
    caller.dials_in(from_=FIRST)
    for keys in ("1", "1", made.case.number, wrong(made.case.pin)):
        caller.presses(keys)
    assert caller.hears("Those numbers did not work")
    assert caller.does_not_hear("escaped", "news")
    caller.hangs_up()
    victim = picks_up(phone.another(), hotline, SECOND)
    for key in ("1", CODE, "1"):
        victim.presses(key)
    assert victim.hears("this person escaped")
    victim.presses("1")
    assert the_notice(hotline).state == "confirmed"
