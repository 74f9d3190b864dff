"""What axe-core finds on a page against WCAG 2.2 AA."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = (Path(__file__).parent / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
WCAG = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
_ON_COLORS = ["color-contrast", "link-in-text-block"]
#: The rules that depend on colors, which are all that the dark changes.
COLORS = {"type": "rule", "values": _ON_COLORS}
#: The rules that depend on colors and on layout; the others read the same document.
LOOKS = {"type": "rule", "values": [*_ON_COLORS, "scrollable-region-focusable", "target-size"]}
#: Colors that still change from the look before belong to neither look. Passed checks need no details: those
#: alone cost as much work as the checks.
_RUN = """rules => {
    document.getAnimations().forEach(one => { try { one.finish(); } catch { } });
    return axe.run({ runOnly: rules, resultTypes: ["violations"] }).then(all => all.violations);
}"""


def violations(page: "Page", rules: Any = WCAG) -> list[str]:
    """Each of these rules that the page breaks, with where and why."""
    found: Any = page.evaluate(f"rules => 'axe' in window ? ({_RUN})(rules) : null", rules)
    if found is None:
        found = page.evaluate(f"{AXE};({_RUN})({json.dumps(rules)})")
    return [
        f"{one['id']}: {[(node['target'], node['failureSummary']) for node in one['nodes']]}" for one in found
    ]
