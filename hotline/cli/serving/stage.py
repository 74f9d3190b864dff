"""What the page of the exchange shows of this line: the demo's cases, things to try, and its phones."""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace

from config.office import Office
from config.settings import Settings
from hotline.cli.serving.exchange_program import stage_file
from hotline.demo import DemoCase
from hotline.demo_staff import PASSWORD, STAFF
from hotline.exchange.page.stage import Card, Key, Link, NamedPhone, Stage, Step

_CALLER = NamedPhone("Victim", "+12025550144")
#: What the line says in each language of the demo when it asks for a case number or a PIN.
_KEYS = (
    Key("Case number", ("enter your case number", "marque su número de caso", "that is not a case number")),
    Key("PIN", ("enter your 6-digit PIN", "marque su PIN de seis dígitos", "a PIN has six digits")),
)


def write_stage(
    settings: Settings, office: Office, cases: Iterable[DemoCase], sign_in_code: str, release: str
) -> None:
    """Write the stage, for its owner alone. With no ``cases`` it has only the phones and the console.

    ``sign_in_code`` and ``release`` are the commands that print a demo sign-in code and let one of the
    demo's people go.
    """
    path = stage_file(settings)
    text = json.dumps(stage_for(settings, office, list(cases), sign_in_code, release).document())
    with open(path, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text)


def stage_for(
    settings: Settings, office: Office, cases: list[DemoCase], sign_in_code: str, release: str
) -> Stage:
    """Return the stage of this line."""
    console = Link("Console", f"{settings.public_url}/console/")
    title = office.name[office.languages[0]].removeprefix("the ")
    general = Stage(
        title=title, links=(console,), phones=(_CALLER, *_staff_phones()), lines=tuple(_lines(office))
    )
    if not cases:
        return general
    return replace(
        general,
        cards_title="Demo cases",
        card_keys=_KEYS,
        cards=tuple(Card(one.says, (one.number, one.pin), one.language) for one in cases),
        steps=(
            Step(
                "Hear a status",
                "Dial and wait for “For English, press 1”; keys before it are not heard. Press 1, and 1 for "
                "the case. When the phone asks, choose a case on it; key its number, then its PIN.",
                dials=True,
            ),
            Step(
                "Ask to be called back",
                "After a status, press 2, then 1, and hang up. A liaison’s phone rings: answer it and press "
                "1. Then the Victim’s phone rings.",
            ),
            Step(
                "Hear a change",
                "Run this in a second terminal. The line calls +1 202 555 0110, who asked to be told. Answer "
                "at the top of this page, press 1, key 2593, press 1 to hear it, and 1 to confirm that you "
                "heard it. This works once: the same file again changes nothing and rings nobody.",
                command=release,
            ),
            Step(
                "Call somebody back from the console",
                f"Sign in as {STAFF[0][0]} with the password “{PASSWORD}” and the code that this prints. "
                "Claim “About the court” (English) and press Call now. Answer the Liaison here within 20 "
                "seconds and press 1, then the person’s phone within 30 seconds, and press 1. If you miss "
                "it, press Call now again. The console asks how you recognized the person: choose any.",
                command=sign_in_code,
                link=Link("Open the console", console.url),
            ),
        ),
    )


def _lines(office: Office) -> Iterator[NamedPhone]:
    for line in office.lines:
        yield NamedPhone("Discreet line" if line in office.discreet_lines else "Victim line", line)
    if office.staff_line is not None:
        yield NamedPhone("Staff line", office.staff_line)


def _staff_phones() -> tuple[NamedPhone, ...]:
    on_shift = [phone for *_, phone, _, is_on_shift in STAFF if is_on_shift]
    names = ("Liaison", "Second liaison")
    return tuple(NamedPhone(name, phone) for name, phone in zip(names, on_shift, strict=False))
