"""`hotline audit`: checks the chain of audit entries against itself and its kept heads (R41)."""

import json
import sys
from datetime import UTC, datetime

import click

from hotline.cli.command.context import emit, open_installation
from hotline.refusals.wording import in_english
from models.audit.audit_head import HeadError, check, read_head, read_heads, signed_document, signing_key

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
#: The exit codes of `audit verify`.
PROVEN, BROKEN, NOT_PROVEN = 0, 1, 3
_WRONG = {
    "changed": "entry {entry} was changed",
    "out_of_place": "entry {entry} does not follow the one before it: something was removed or inserted",
    "emptied": "the details of entry {entry} are gone, and no purge says that it took them",
    "rewritten": "entry {entry} is not the one whose hash was kept: the chain was written anew",
    "cut": "entry {entry}, whose hash was kept, is gone: the chain was cut",
    "heads": "the kept heads cannot be trusted",
}


@click.group()
def audit() -> None:
    """Check the chain of audit entries and print its head."""


@audit.command()
@as_json
def verify(as_json: bool) -> None:
    """Walk the whole chain and compare it with the heads that were kept elsewhere.

    Exits 0 when that proves it up to the newest head, 1 when it is broken, 3 when nothing is proven: no head
    was kept.
    """
    installation = open_installation()
    key = signing_key(installation.settings.secret_key).public_key()
    try:
        heads, reason = read_heads(installation.settings.audit_head_file, key), None
    except HeadError as error:
        heads, reason = [], in_english(error)
    with installation.database.reading() as session:
        found = check(session, heads)
    what = found.what or ("heads" if reason else None)
    # A head of an empty chain proves nothing about later entries.
    newest = max((head for head in heads if head.entry), key=lambda head: head.at, default=None)
    document = {
        "holds": what is None, "proven": what is None and newest is not None, "entries": found.entries,
        "heads": found.heads, "wrong": what, "entry": found.entry,
        "newest_head": None if newest is None else newest.at.isoformat(timespec="seconds"),
    }  # fmt: skip
    if newest is not None:
        said = (
            f"The chain holds: {found.entries} entries, compared with {found.heads} kept "
            f"{'head' if found.heads == 1 else 'heads'}. The newest "
            f"is of {newest.at:%Y-%m-%d %H:%M} UTC and names entry {newest.entry}: nothing proves what was "
            "written since."
        )
    else:
        said = (
            f"Not proven: {found.entries} entries follow each other, but no head was kept elsewhere, so "
            "whoever can write to the database could have written them anew."
        )
    if what is not None:
        said = f"The chain does not hold: {_WRONG[what].format(entry=found.entry)}."
    if reason is not None:
        click.echo(reason, err=True)
    emit(as_json, document, said)
    sys.exit(BROKEN if what is not None else NOT_PROVEN if newest is None else PROVEN)


@audit.command()
@as_json
def head(as_json: bool) -> None:
    """Print the current head, signed. Keep it where nobody with access to this installation can change it."""
    installation = open_installation()
    with installation.database.reading() as session:
        now = read_head(session, datetime.now(UTC))
    document = signed_document(now, signing_key(installation.settings.secret_key))
    # The text is one line in both cases: the form in which `audit verify` reads kept heads.
    emit(as_json, document, json.dumps(document))
