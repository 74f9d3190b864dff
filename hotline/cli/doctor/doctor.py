"""`hotline doctor`: shows what is configured and what is wrong with it, or what going live still needs."""

import sys
from dataclasses import fields
from typing import Any

import click

from hotline.cli.command.context import emit, load_settings
from hotline.cli.doctor.findings import CHECKS, NOT_KNOWN, Finding

_NOT_SHOWN = "set, not shown"


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option(
    "--going-live",
    is_flag=True,
    help="Tick the steps of going live; exit 1 while one that can be checked is open. It asks Twilio how the "
    "numbers are set, and calls nobody.",
)
def doctor(as_json: bool, going_live: bool) -> None:
    """Say what is configured and what is wrong, or what going live still needs; exit 1 while something is."""
    if going_live:
        # Imported here: a plain doctor needs neither Twilio's client nor an HTTP client.
        from hotline.cli.doctor.going_live import tick

        document, text = tick()
        emit(as_json, document, text)
        sys.exit(0 if document["ready"] else 1)
    settings = load_settings()
    configured = {f.metadata["env"]: _shown(f.repr, getattr(settings, f.name)) for f in fields(settings)}
    findings = [check(settings) for check in CHECKS]
    document = {
        "healthy": not any(finding.wrong and finding.is_fault for finding in findings),
        "configured": configured,
        "checks": [
            {"name": f.name, "told": f.told, "wrong": f.wrong, "fault": bool(f.wrong and f.is_fault)}
            for f in findings
        ],
    }
    emit(as_json, document, lambda: _text(configured, findings))
    if not document["healthy"]:
        sys.exit(1)


def _shown(may_be_shown: bool, value: Any) -> str:
    if value in (None, "", (), b""):
        return "not set"
    return str(value) if may_be_shown else _NOT_SHOWN


def _word(finding: Finding) -> str:
    if not finding.wrong:
        return "?" if finding.told == NOT_KNOWN else "well"
    return "WRONG" if finding.is_fault else "NOTE"


def _text(configured: dict[str, str], findings: list[Finding]) -> str:
    lines = [f"{name:32} {value}" for name, value in configured.items()]
    lines += ["", *(f"{_word(f):6}{f.name:12}{f.wrong or f.told}" for f in findings)]
    return "\n".join(lines)
