"""A batch's manifest: what the sender says of one file of the feed, under the sender's signature (R16).

The sender signs with Ed25519, so nothing that this office has can forge a batch. The signature is in a file
of its own, over the manifest's bytes as they are: nobody has to agree on one way to write JSON.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from models.custody.imports.file import FeedFileError
from models.custody.refusals import BatchRefusal

#: A manifest is a few hundred bytes; more is none.
MOST_BYTES = 65_536
SIGNATURE_BYTES = 64
FIELDS = ("batch", "file", "rows", "sha256", "kind")
KINDS = ("full", "delta")
#: The highest number that the database's integers have.
MOST = 2_147_483_647

_SHA256 = re.compile(r"[0-9a-f]{64}")
_PEM = re.compile(rb"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----", re.DOTALL)


class FeedKeyError(ValueError):
    """The file of the sender's public keys cannot be used. One sentence."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a manifest says: the batch's number, its rows without the header, its hash and its kind."""

    batch: int
    rows: int
    sha256: str
    full: bool


def read_keys(text: bytes) -> tuple[Ed25519PublicKey, ...]:
    """The public keys of a PEM file, several while the sender changes keys. Raises FeedKeyError."""
    keys = []
    for block in _PEM.findall(text):
        try:
            key = load_pem_public_key(block)
        except ValueError:
            raise FeedKeyError("HOTLINE_FEED_KEY_FILE holds a public key that cannot be read.") from None
        if not isinstance(key, Ed25519PublicKey):
            raise FeedKeyError("HOTLINE_FEED_KEY_FILE holds a key that is not Ed25519.")
        keys.append(key)
    if not keys:
        raise FeedKeyError("HOTLINE_FEED_KEY_FILE holds no public key in PEM form.")
    return tuple(keys)


def read_manifest(name: str, text: bytes, signature: bytes, keys: Sequence[Ed25519PublicKey]) -> Manifest:
    """The manifest of the files called ``name``, once its signature is proved. Raises FeedFileError."""
    if not any(_is_signed(text, signature, key) for key in keys):
        raise FeedFileError(BatchRefusal.SIGNATURE)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if len(text) > MOST_BYTES or not isinstance(document, dict):
        raise FeedFileError(BatchRefusal.NOT_JSON)
    for field in (*FIELDS, *document):
        if field not in FIELDS or not _is_well(field, document.get(field)):
            raise FeedFileError(BatchRefusal.FIELD, name=field if field in FIELDS else "(unknown)")
    if document["file"] != f"{name}.csv":
        raise FeedFileError(BatchRefusal.WRONG_NAME, name=f"{name}.csv")
    return Manifest(document["batch"], document["rows"], document["sha256"], document["kind"] == "full")


def _is_signed(text: bytes, signature: bytes, key: Ed25519PublicKey) -> bool:
    try:
        key.verify(signature, text)
    except InvalidSignature:
        return False
    return True


def _is_well(field: str, value: Any) -> bool:
    if field in ("batch", "rows"):
        # In Python True is a number too.
        return type(value) is int and (1 if field == "batch" else 0) <= value <= MOST
    if not isinstance(value, str):
        return False
    if field == "sha256":
        return _SHA256.fullmatch(value) is not None
    return field != "kind" or value in KINDS
