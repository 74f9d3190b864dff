"""`hotline demo-data`: loads the demo office once and lists its cases."""

from dataclasses import asdict
from datetime import UTC, datetime

import click

from hotline.cli.command.context import emit, fail, open_installation
from hotline.demo import DemoError, load
from hotline.demo_feed import write_release


@click.command("demo-data")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--callbacks", is_flag=True, help="Fill the callback list with a few as well.")
def demo_data(as_json: bool, callbacks: bool) -> None:
    """Load the demo office, or confirm its people anew, and list its cases with their PINs."""
    installation = open_installation()
    try:
        cases = load(installation.database, installation.settings, installation.office, callbacks=callbacks)
    except DemoError as error:
        fail(str(error))
    # Its people were confirmed anew: the file of the last start would be older than what is on record.
    write_release(installation.settings.data_dir, datetime.now(UTC))
    lines = [f"{case.number}  {case.pin}  {case.language}  {case.says}" for case in cases]
    emit(as_json, [asdict(case) for case in cases], "\n".join(lines))
