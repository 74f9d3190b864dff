"""Every refusal of the models has words, and no model has a sentence that people read."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from hotline.refusals.wording import WORDS
from tests.test_code_rules import nodes as nodes_of
from tests.test_code_rules import sources

ROOT = Path(__file__).resolve().parents[2]
#: The codes with which models refuse: each class of refusals.
CODES = tuple(
    getattr(import_module(".".join(path.relative_to(ROOT).with_suffix("").parts)), name)
    for path in sorted((ROOT / "models").rglob("*.py"))
    for name in re.findall(r"^class (\w+Refusal)\(StrEnum\)", path.read_text(encoding="utf-8"), re.MULTILINE)
)


def nodes() -> Iterator[tuple[str, ast.AST]]:
    """Everything in the files that may raise a refusal, parsed."""
    for path, tree in sources("models", "hotline"):
        if Path(path).parent.name != "refusals":
            for node in nodes_of(tree):
                yield path, node


def raised() -> Iterator[tuple[str, ast.Call]]:
    """Each line that raises a refusal, as ``file:line``."""
    classes = [one for _, one in nodes() if isinstance(one, ast.ClassDef)]
    # Reading a row has an error of its own, since it must be no ValueError.
    errors = {"RefusedError", "_RowError"} | {
        one.name for one in classes if "RefusedError" in {ast.unparse(base) for base in one.bases}
    }
    for path, node in nodes():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in errors:
            yield f"{path}:{node.lineno}", node


def test_every_code_has_words() -> None:
    assert CODES
    for codes in CODES:
        assert set(WORDS[codes]) == set(codes)


def test_every_code_is_used() -> None:
    used = {
        f"{node.value.id}.{node.attr}"
        for _, node in nodes()
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }

    assert {f"{codes.__name__}.{one.name}" for codes in CODES for one in codes} - used == set()


def test_every_refusal_gives_a_code_and_the_facts_of_its_words() -> None:
    words = {
        f"{codes.__name__}.{one.name}": text for codes, all_ in WORDS.items() for one, text in all_.items()
    }
    wrong = []
    for place, call in raised():
        code = next((one for one in map(ast.unparse, call.args) if one in words), "")
        facts = {keyword.arg for keyword in call.keywords}
        slots = set(re.findall(r"%\((\w+)\)", words.get(code, "")))
        is_sentence = not code and any(isinstance(one, ast.Constant) for one in call.args)
        if is_sentence or not slots <= facts:
            wrong.append(f"{place}: {ast.unparse(call)}")

    assert wrong == []
