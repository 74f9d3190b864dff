"""The local exchange as `serve` runs it: the same command that any Twilio app can start."""

import sys
from pathlib import Path

from config.office import Office
from config.settings import Settings
from hotline.exchange.calls.inbound import line_number
from hotline.exchange.calls.order import PhoneNumber
from hotline.exchange.numbers import ANY


def numbers_of(settings: Settings, office: Office) -> dict[str, PhoneNumber]:
    """Return the settings of each number of the office, including its staff line."""
    lines = [*office.lines, *filter(None, [office.staff_line])]
    return {line: line_number(settings.public_url, discreet=line in office.discreet_lines) for line in lines}


def stage_file(settings: Settings) -> Path:
    """Return where the exchange finds what its page shows of this line."""
    return settings.data_dir / "run" / "stage.json"


def exchange_command(settings: Settings, office: Office) -> tuple[str, ...]:
    """Return the command that starts the exchange of one office.

    Every dialed number reaches the line; it calls only from its own. The account and the token are not in
    the command, which every user of this machine can read: the program finds them in its environment.
    """
    common = line_number(settings.public_url)
    options = [
        ("--port", str(settings.exchange_port)),
        ("--sms", common.sms_url),
        ("--status", common.status_callback),
        ("--fallback", common.fallback_url),
    ]
    for line, number in numbers_of(settings, office).items():
        options.append(("--number", f"{line}={number.voice_url}"))
        if number.fallback_url != common.fallback_url:
            options.append(("--fallback", f"{line}={number.fallback_url}"))
    options.append(("--number", f"{ANY}={common.voice_url}"))
    return (
        sys.executable,
        "-m",
        "hotline.exchange",
        "--quiet",
        "--style",
        "--stage",
        str(stage_file(settings)),
        *(str(part) for option in options for part in option),
    )
