"""The site of these documents, for Sphinx. `make docs` builds it into build/docs, with warnings as errors.

The pages are plain Markdown that reads well in the repository too, so nothing in them is for Sphinx alone.
The navigation is made here, of the links that each index has to the pages of its folder.
"""

import re
import shutil
from pathlib import Path
from posixpath import normpath, relpath
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

HERE = Path(__file__).parent
#: Drawings that lead to each other by their file names, so they are copied as they are.
DRAWINGS = ("trees", "developers/pictures")
_LINK = re.compile(r"\]\(([^)#\s]+\.md)(?:#[^)]*)?\)")

project = "hotline"
extensions = ["myst_parser"]
# The source folder is the repository: README and SECURITY stay where people look for them.
root_doc = "docs/index"
include_patterns = ["*.md", "docs/**"]
exclude_patterns = [".*", "build", "var*", "config", "hotline", "ivr_flows", "models", "tests", "workers"]
myst_heading_anchors = 4
html_theme = "furo"
html_title = "hotline"
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False


def add_navigation(_app: Sphinx, page: str, source: list[str]) -> None:
    """Give an index the pages that it links as a table of contents, which only the site shows."""
    folder, _, name = page.rpartition("/")
    if name != "index" and page != "docs/decisions/README":
        return
    linked = [normpath(f"{folder}/{link}") for link in _LINK.findall(source[0])]
    # An index links pages of other folders as well; those belong to another index.
    own = [one for one in dict.fromkeys(linked) if page == root_doc or one.rpartition("/")[0] == folder]
    entries = "\n".join(f"/{one.removesuffix('.md')}" for one in own)
    source[0] += f"\n\n```{{toctree}}\n:hidden:\n\n{entries}\n```\n"


def link_drawings(app: Sphinx, doctree: nodes.document) -> None:
    """Let a link to a drawing open it, where it would be a download."""
    folder = app.env.docname.rpartition("/")[0] or "."
    for link in list(doctree.findall(addnodes.download_reference)):
        target = normpath(f"{folder}/{link['reftarget']}")
        if target.endswith(".svg"):
            link.replace_self(nodes.reference("", "", *link.children, refuri=relpath(target, folder)))


def finish(app: Sphinx, error: Exception | None) -> None:
    """Copy the drawings, and let the front page lead to the index."""
    if error is not None or app.builder.format != "html":
        return
    for name in DRAWINGS:
        shutil.copytree(HERE / name, Path(app.outdir) / "docs" / name, dirs_exist_ok=True)
    leads = f'<meta http-equiv="refresh" content="0;url={root_doc}.html">'
    front = f'<!doctype html><meta charset="utf-8">{leads}<title>{project}</title>\n'
    (Path(app.outdir) / "index.html").write_text(front, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.connect("source-read", add_navigation)
    app.connect("doctree-read", link_drawings)
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
