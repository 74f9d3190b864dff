"""What axe-core finds on a page against WCAG 2.2 AA."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = (Path(__file__).parent / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page: "Page") -> list[str]:
    """Each rule that the page breaks, with where and why."""
    page.evaluate(AXE)
    found: Any = page.evaluate("tags => axe.run({ runOnly: tags })", WCAG)
    return [
        f"{one['id']}: {[(node['target'], node['failureSummary']) for node in one['nodes']]}"
        for one in found["violations"]
    ]
