"""Every refusal of the models has words, and no model has a sentence that people read."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from hotline.refusals.wording import WORDS
from models.store.free_text import TextRefusal
from models.store.refusal import RefusedError

ROOT = Path(__file__).resolve().parents[2]
#: What a room refuses with: each class of refusals.
CODES = tuple(
    getattr(import_module(".".join(path.relative_to(ROOT).with_suffix("").parts)), name)
    for path in sorted((ROOT / "models").rglob("*.py"))
    for name in re.findall(r"^class (\w+Refusal)\(StrEnum\)", path.read_text(encoding="utf-8"), re.MULTILINE)
)


def raised() -> Iterator[tuple[str, ast.Call]]:
    """Each place that refuses, as ``file:line``."""
    errors = {"RefusedError", *(one.__name__ for one in _below(RefusedError))}
    for room in ("models", "hotline"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in errors:
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def _below(error: type[RefusedError]) -> Iterator[type[RefusedError]]:
    for one in error.__subclasses__():
        yield one
        yield from _below(one)


def test_every_code_has_words() -> None:
    assert CODES
    for codes in CODES:
        assert set(WORDS[codes]) == set(codes)


def test_every_code_is_raised() -> None:
    used = {ast.unparse(node) for _, call in raised() for node in ast.walk(call)}

    names = {f"{codes.__name__}.{one.name}" for codes in CODES if codes is not TextRefusal for one in codes}
    assert names - used == set()


def test_every_refusal_gives_a_code_and_the_facts_of_its_words() -> None:
    words = {
        f"{codes.__name__}.{one.name}": text for codes, all_ in WORDS.items() for one, text in all_.items()
    }
    wrong = []
    for place, call in raised():
        code = ast.unparse(call.args[0]) if call.args else "nothing"
        facts = {keyword.arg for keyword in call.keywords}
        slots = set(re.findall(r"%\((\w+)\)", words.get(code, "")))
        if isinstance(call.args[0] if call.args else None, ast.Constant) or not slots <= facts:
            wrong.append(f"{place}: {code}")

    assert wrong == []
