"""The samples of code in the documents for developers are in the code, line by line."""

import re
import textwrap
from pathlib import Path

import pytest

from tests.documents.writing import DOCS, ROOT

SOURCES = "".join(
    path.read_text(encoding="utf-8")
    for folder in ("config", "hotline", "ivr_flows", "models", "tests", "workers")
    for kind in ("*.py", "*.po", "*.toml")
    for path in (ROOT / folder).rglob(kind)
    if path.name != "test_samples.py"
)
LINES = {line.strip() for line in SOURCES.splitlines()}
SAMPLE = re.compile(r"^```(python|toml|po)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", sorted((DOCS / "developers").glob("*.md")), ids=lambda path: path.stem)
def test_each_line_of_a_sample_is_a_line_of_the_code(page: Path) -> None:
    lines = [
        line
        for _, sample in SAMPLE.findall(page.read_text(encoding="utf-8"))
        for line in textwrap.dedent(sample).splitlines()
        # Three dots stand for arguments that would not help a reader.
        if line.strip() and "..." not in line
    ]

    assert [line for line in lines if line.strip() not in LINES] == []
