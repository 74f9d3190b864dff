"""What axe-core finds on a page against WCAG 2.2 AA."""

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
#: Where a server of the tests has it for its pages. A browser keeps a script that has an address; the source
#: sent as part of a question is carried and read again for each page.
ADDRESS = "/axe.js"
_FETCHES = f"""new Promise((comes, fails) => {{
    const script = document.createElement("script");
    Object.assign(script, {{ src: "{ADDRESS}", onload: comes, onerror: fails }});
    document.head.append(script);
}})"""
#: Colors that still change from the look before belong to neither look. Passed checks need no details: those
#: alone cost as much work as the checks.
_ASKS = """async ([rules, where]) => {
    %s;
    document.getAnimations().forEach(one => { try { one.finish(); } catch { } });
    return (await axe.run(where ?? document, { runOnly: rules, resultTypes: ["violations"] })).violations;
}"""


def violations(page: "Page", rules: Any = WCAG, where: Any = None) -> list[str]:
    """Each of these rules that the page breaks, with where and why.

    ``where`` is what axe calls a context: the part of the page to look at, if it is not the whole.
    """
    found: Any = page.evaluate(_ASKS % "if (!('axe' in window)) return null", [rules, where])
    if found is None:
        gets = f"await {_FETCHES}" if "/console/" in page.url else AXE
        found = page.evaluate(_ASKS.replace("%s", gets), [rules, where])
    return [
        f"{one['id']}: {[(node['target'], node['failureSummary']) for node in one['nodes']]}" for one in found
    ]
