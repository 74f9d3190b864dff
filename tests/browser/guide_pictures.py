"""The pictures of the guide for liaisons, taken while a test plays a callback from claim to outcome."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

#: With this set, `keep` saves its pictures in it.
FOLDER = "HOTLINE_GUIDE_PICTURES"
#: In the order of the day. The guide shows each, and nothing else.
NAMES = ("list", "claimed", "talking", "may-be-said", "outcome", "my-shift")
WIDTH, HEIGHT = 1280, 960


class Guide:
    """Keeps the pictures of one story; ``kept`` names those that it has come by."""

    def __init__(self) -> None:
        self.kept: list[str] = []

    def keep(self, page: "Page", name: str) -> None:
        """Come by the picture of this name, and take it where a folder is set."""
        self.kept.append(name)
        if not (folder := os.environ.get(FOLDER)):
            return
        asked = page.viewport_size
        page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
        page.evaluate("document.getAnimations().forEach(one => { try { one.finish(); } catch { } })")
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png", caret="initial")
        if asked is not None:
            page.set_viewport_size(asked)
