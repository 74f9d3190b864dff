"""A browser's short name for the list of sessions: enough to recognize it, too little to identify it."""

import re

_BROWSERS = (
    ("Edge", r"\bEdg(e|A|iOS)?/"),
    ("Opera", r"\b(OPR|Opera)/"),
    ("Firefox", r"\b(Firefox|FxiOS)/"),
    ("Chrome", r"\b((Headless)?Chrome|CriOS|Chromium)/"),
    ("Safari", r"\bVersion/[\d.]+ .*Safari/"),
)
_SYSTEMS = (
    ("Android", r"\bAndroid\b"),
    ("iPhone or iPad", r"\b(iPhone|iPad)\b"),
    ("Windows", r"\bWindows\b"),
    ("ChromeOS", r"\bCrOS\b"),
    ("macOS", r"\bMac OS X\b|\bMacintosh\b"),
    ("Linux", r"\bLinux\b"),
)


def browser_name(user_agent: str) -> str:
    """A name such as "Firefox, Windows"; "Browser" for an unknown one."""
    found = [
        next((name for name, pattern in table if re.search(pattern, user_agent[:400])), None)
        for table in (_BROWSERS, _SYSTEMS)
    ]
    return ", ".join(filter(None, found)) or "Browser"
