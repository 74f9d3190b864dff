"""A sender of the custody feed for tests: signed batches in a real folder, and who watches it."""

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from hotline.refusals.wording import in_english
from models import Alert
from models.custody.feed.folder import FeedFolder
from models.custody.feed.watch import FeedWatch
from models.custody.imports.custody_import import CustodyImport, ImportRules
from models.store.database import Database
from tests.factories import NOW, make_office, make_policies
from tests.models.custody.feed import feed_file


class Sender:
    """Writes the three files of each batch in their order, as docs/operators/feed.md asks senders to."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.key = folder, Ed25519PrivateKey.from_private_bytes(bytes(range(32)))

    def send(
        self, number: int, *rows: dict[str, str], name: str = "", full: bool = False, **lies: Any
    ) -> None:
        """Send one batch; ``lies`` are fields of the manifest that are not as they should be."""
        name = name or f"jail-{number:04}"
        data = feed_file(*rows).read()
        manifest = {
            "batch": number, "file": f"{name}.csv", "rows": len(rows),
            "sha256": hashlib.sha256(data).hexdigest(), "kind": "full" if full else "delta", **lies,
        }  # fmt: skip
        text = json.dumps(manifest).encode()
        self.write(f"{name}.csv", data)
        self.write(f"{name}.json", text)
        self.write(f"{name}.sig", self.key.sign(text))

    def write(self, name: str, content: bytes) -> None:
        """Put a file into the folder at once, as a rename does."""
        (self.folder / f"{name}.part").write_bytes(content)
        (self.folder / f"{name}.part").replace(self.folder / name)

    def left(self, *where: str) -> list[str]:
        """The names of the files in the folder, or in one below it."""
        folder = self.folder.joinpath(*where)
        return sorted(one.name for one in folder.iterdir() if one.is_file()) if folder.is_dir() else []


def watch_of(database: Database, sender: Sender, **policies: Any) -> FeedWatch:
    """What looks at the sender's folder, with the office's policies but these."""
    numbers = make_policies(**policies)
    return FeedWatch(
        database=database,
        folder=FeedFolder(sender.folder),
        keys=(sender.key.public_key(),),
        rules=ImportRules(make_office().gates, numbers),
        policies=numbers,
        is_open=True,
        say=in_english,
    )


def look(database: Database, sender: Sender, now: datetime = NOW, **policies: Any) -> None:
    """One look at the sender's folder."""
    watch_of(database, sender, **policies).look(now)


def batches(database: Database, *states: str) -> list[int | None]:
    """The numbers of the imports in these states, in the order in which they were taken."""
    with database.reading() as session:
        return list(
            session.scalars(
                select(CustodyImport.batch).where(CustodyImport.state.in_(states)).order_by(CustodyImport.id)
            )
        )


def alerts(database: Database) -> list[tuple[str, str]]:
    """Level and channel of each alert, in the order in which they were made."""
    with database.reading() as session:
        rows = session.execute(select(Alert.level, Alert.channel).order_by(Alert.id))
        return [(level, channel) for level, channel in rows]
