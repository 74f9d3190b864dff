"""Why staff may not do what they asked of a callback: one sentence, and the facts that stand in it."""

from datetime import datetime
from typing import Any


class RefusedError(ValueError):
    """``sentence`` is the English source with ``{slots}``; ``facts`` fill them.

    A fact is a word, a name of staff, or an aware moment, which whoever shows it turns into the reader's own
    time. It holds nothing of the person to be called.
    """

    def __init__(self, sentence: str, **facts: Any) -> None:
        super().__init__(sentence)
        self.sentence, self.facts = sentence, facts

    def __str__(self) -> str:
        """The sentence in English, its moments in UTC."""
        shown = {
            name: f"{fact:%Y-%m-%d %H:%M} UTC" if isinstance(fact, datetime) else fact
            for name, fact in self.facts.items()
        }
        return self.sentence.format(**shown)
