"""The templates of the console's pages, compiled once for all hotlines of a process."""

from typing import Any

from jinja2.bccache import Bucket, BytecodeCache


class KeptTemplates(BytecodeCache):
    """Compiled templates, kept in memory."""

    def __init__(self) -> None:
        self._kept: dict[str, Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill in the code of a template, if it is here."""
        bucket.code = self._kept.get(bucket.key)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of a template; its source does not change while tests run."""
        self._kept[bucket.key] = bucket.code


TEMPLATES = KeptTemplates()
