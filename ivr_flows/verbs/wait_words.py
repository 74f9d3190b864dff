"""A length of time as people say it: "about forty minutes". Each length is a prompt of its own."""

from datetime import timedelta

#: The minutes that have words, prompt ``wait.N``. The steps are as fine as listeners need.
LENGTHS = (
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 35, 40, 45, 50, 60, 75, 90, 105, 120, 150, 180,
    210, 240, 300, 360, 420, 480, 540, 600, 720, 840, 960, 1080, 1200, 1440, 1800, 2160, 2880, 4320,
)  # fmt: skip


def wait_prompt(wait: timedelta) -> str | None:
    """The prompt with the words for the length nearest to ``wait``; None if it is too long for words."""
    minutes = wait.total_seconds() / 60
    if minutes > LENGTHS[-1]:
        return None
    # The nearest by ratio: always rounding up would turn eight callers of ten into nine.
    nearest = min(LENGTHS, key=lambda length: max(length, minutes) / min(length, max(minutes, 0.5)))
    return f"wait.{nearest}"
