"""Names in a text: whole words, in any case and with any accents."""

import pytest

from models.cases.name_index import holds_name


@pytest.mark.parametrize(
    ("text", "is_there"),
    [
        ("Maria called", True), ("llamó la señora PEÑA", True), ("asked about Peña-Ruiz again", True),
        ("maría's sister", True), ("talk with O’Brien first", True), ("Obrien", True), ("Pena", True),
        ("de la madre", False), ("Mariano called", False), ("talks of the Ruizes", False),
        ("J. called", False), ("m\u200baria", True), (("word " * 20) + "Ruiz", True),
    ],
)  # fmt: skip
def test_name_is_a_whole_word_in_any_case_and_with_any_accents(text: str, is_there: bool) -> None:
    assert holds_name(text, "María J. de la Peña Ruiz O'Brien") is is_there
