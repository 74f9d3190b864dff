"""Nothing of the news before the code: every answer of the carrier, every profile and channel (R30, R31)."""

from collections.abc import Callable

from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import OPENING, Registered, picks_up, sweeps
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
        registered(kind, phones=(number,), phone=profile, language=language, pace=pace).is_dialed(kind)
        extra = {} if answered_by is None else {"AnsweredBy": answered_by}
        silent = picks_up(phone.another(), hotline, number, **extra)
        while not silent.is_over:
            silent.says_nothing()

        heard = silent.heard_so_far.casefold()
        assert not [word for word in TELLING[language] if word in heard], (profile, silent.transcript)


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
