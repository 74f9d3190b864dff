"""``python -m tests.documents`` writes the tables and drawings of the documents anew."""

import sys

from tests.documents.writing import ROOT, ladders, module_maps, pages


def write() -> None:
    """Write every file that code makes, and name those that have changed."""
    changed = []
    for path, text in {**pages(), **ladders(), **module_maps()}.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            changed.append(f"{path.relative_to(ROOT)} has changed.\n")
    sys.stdout.writelines(changed or ["No table and no drawing has changed.\n"])


if __name__ == "__main__":
    write()
