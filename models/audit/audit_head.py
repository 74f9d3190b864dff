"""The head of the audit chain, signed and kept in a second place: it reveals a chain that was cut (R41)."""

import base64
import errno
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.audit.audit import BEGINNING, AuditEntry, find_fault
from models.audit.refusals import HeadRefusal
from models.store.guard import Guard
from models.store.refusal import RefusedError

#: The guard row that says when a head was last written.
HEAD_WRITTEN = "audit_head"
EVERY = timedelta(days=1)
#: How soon a head is written again after the second place could not be written.
AGAIN = timedelta(minutes=10)
#: A head should be kept each day; doctor and the console's page name one that is older than this.
LATE = timedelta(hours=26)
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class HeadError(RefusedError):
    """The kept heads cannot be read, or one of them does not have our signature."""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry of the chain at a moment: its id (0 for an empty chain) and its hash."""

    entry: int
    hash: str
    at: datetime

    def _signed(self) -> bytes:
        moment = self.at.astimezone(UTC).isoformat(timespec="seconds")
        return f"hotline audit head\n{self.entry}\n{self.hash}\n{moment}".encode()


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of a check of the whole chain.

    ``what`` is ``changed``, ``out_of_place``, ``emptied`` (the entry's facts are gone and no purge names it),
    ``cut`` (kept heads name entries that are gone), ``rewritten`` (an entry of a kept head has another hash),
    or None.

    ``entry`` is the first wrong entry, ``heads`` is the number of kept heads compared.
    """

    entries: int
    heads: int
    entry: int | None
    what: str | None


def signing_key(secret: bytes) -> Ed25519PrivateKey:
    """The app's key for heads, from its secret key; its public half may be known to everyone."""
    seed = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"hotline audit head").derive(secret)
    return Ed25519PrivateKey.from_private_bytes(seed)


def public_text(key: Ed25519PublicKey) -> str:
    """A public key as base64 of its 32 bytes."""
    return base64.b64encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def read_head(session: Session, now: datetime) -> Head:
    """The head as it is now."""
    last = session.execute(
        select(AuditEntry.id, AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)
    ).first()
    moment = now.astimezone(UTC).replace(microsecond=0)
    return Head(0, BEGINNING, moment) if last is None else Head(last.id, last.hash, moment)


def signed_document(head: Head, key: Ed25519PrivateKey) -> dict[str, Any]:
    """A head with its signature (Ed25519, base64), as it is printed and kept."""
    return {
        "entry": head.entry,
        "hash": head.hash,
        "at": head.at.astimezone(UTC).isoformat(timespec="seconds"),
        "signature": base64.b64encode(key.sign(head._signed())).decode(),
        "public_key": public_text(key.public_key()),
    }


def write_head(path: Path, head: Head, key: Ed25519PrivateKey) -> None:
    """Append a head to the second place, one JSON document a line, and wait for the disk. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    line = (json.dumps(signed_document(head, key)) + "\n").encode()
    place = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        size = os.fstat(place).st_size
        if size and os.pread(place, 1, size - 1) != b"\n":
            # A head that was cut off must not make this one unreadable.
            line = b"\n" + line
        # One write: a reader, or a crash halfway, leaves whole lines or one torn last line.
        if os.write(place, line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(place)
    finally:
        os.close(place)


def read_heads(path: Path, key: Ed25519PublicKey) -> list[Head]:
    """Every kept head, oldest first; an empty list when none was kept yet.

    Raises HeadError at the first line that no key of this installation signed. A torn line is ignored: the
    process that wrote it died, or the disk was full.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise HeadError(HeadRefusal.UNREADABLE, reason=type(error).__name__) from None
    lines = text.split("\n")
    # The text after the last line end, and a line whose document does not end, were never finished.
    return [_read(number, line, key) for number, line in enumerate(lines[:-1], start=1) if line.endswith("}")]


def check(session: Session, heads: Sequence[Head] = ()) -> Checked:
    """Check the chain and compare it with the kept heads."""
    kept = {head.entry: head.hash for head in heads if head.entry}
    count, wrong = 0, list[int]()

    def passed(entry: int, hash_: str) -> None:
        nonlocal count
        count += 1
        if kept.pop(entry, hash_) != hash_:
            wrong.append(entry)

    fault = find_fault(session, passed)
    if wrong:
        return Checked(count, len(heads), wrong[0], "rewritten")
    if fault is not None:
        return Checked(count, len(heads), fault.entry, fault.what)
    if kept:
        return Checked(count, len(heads), min(kept), "cut")
    return Checked(count, len(heads), None, None)


def head_is_due(session: Session, now: datetime) -> bool:
    """Whether a day has passed since a head was written, or none was ever written.

    After a failure it is due ten minutes later. A clock that was ahead and is set right delays no head.
    """
    guard = session.get(Guard, HEAD_WRITTEN)
    if guard is None:
        return True
    if guard.raised_until is not None:
        return not now < guard.raised_until <= now + AGAIN
    return not timedelta(0) <= now - guard.measured_at < EVERY


def last_kept(session: Session) -> tuple[datetime | None, bool]:
    """When a head was last written, and whether the second place could not be written since."""
    guard = session.get(Guard, HEAD_WRITTEN)
    if guard is None:
        return None, False
    return None if guard.measured_at == _NEVER else guard.measured_at, guard.raised_until is not None


def note_head(session: Session, now: datetime, *, written: bool) -> None:
    """Record that a head was written, or when to try again."""
    guard = session.get(Guard, HEAD_WRITTEN)
    if guard is None:
        guard = Guard(name=HEAD_WRITTEN, measured_at=_NEVER)
        session.add(guard)
    if written:
        guard.measured_at = now
    guard.raised_until = None if written else now + AGAIN
    session.flush()


def _read(number: int, line: str, key: Ed25519PublicKey) -> Head:
    try:
        document = json.loads(line)
        head = Head(int(document["entry"]), str(document["hash"]), datetime.fromisoformat(document["at"]))
        key.verify(base64.b64decode(document["signature"], validate=True), head._signed())
    except (ValueError, KeyError, TypeError, InvalidSignature):
        raise HeadError(HeadRefusal.NOT_OURS, line=number) from None
    return head
