"""What the tests of imports share: a file that is uploaded, and one that the brake holds."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from models import CustodyImport
from models.store.database import Database
from tests.console.conftest import Clock, Member
from tests.models.custody.feed import feed_file, feed_row, load, open_cases


def uploads(person: Member, *rows: dict[str, str], raw: bytes | None = None, **fields: str) -> Member:
    person.opens("/console/imports/upload")
    data: dict[str, Any] = {"csrf_token": person.token, "full": "0", **fields}
    content = feed_file(*rows).read() if raw is None else raw
    # Made by hand: the test client would put a large form into a file of its own.
    parts = [
        f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in data.items()
    ]
    head = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="feed.csv"\r\n\r\n'
    person.sends_body(
        "/console/imports/upload",
        b"".join((*parts, head, content, b"\r\n--edge--\r\n")),
        "multipart/form-data; boundary=edge",
    )
    return person


def newest_import(database: Database) -> int:
    with database.reading() as session:
        return session.scalars(select(CustodyImport.id).order_by(CustodyImport.id.desc())).first() or 0


def held_import(database: Database, clock: Clock, number: int = 12) -> dict[str, Any]:
    now = clock()
    cases = open_cases(database, *(f"A-{n}" for n in range(number)))
    load(
        database, *(feed_row(n, as_of=now - timedelta(hours=2)) for n in cases), now=now - timedelta(hours=2)
    )
    load(database, *(feed_row(n, status="released", as_of=now) for n in cases), now=now)
    return cases
