"""In production no role starts while the office file still has numbers that it was shipped with (R39)."""

import re
from pathlib import Path

import pytest

from config.office import Office
from config.office_file import SHIPPED_NUMBERS
from config.settings import Settings
from models.store.database import Database
from tests.hotline.cli.test_doctor import run

PRODUCTION = {
    "HOTLINE_ENV": "production",
    "HOTLINE_PUBLIC_URL": "https://line.example.org",
    "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
}
SHIPPED = Path(__file__).parent.parent.parent / "config" / "office.toml"
FIELDS = ["office.lines", "office.person_number", "office.staff_line", "interpreters.en", "interpreters.es"]


@pytest.mark.parametrize("role", ["web", "console", "worker", "sweeper", "intake", "events"])
def test_role_names_every_placeholder_and_does_not_start(
    settings: Settings, database: Database, role: str
) -> None:
    result = run(settings, role, **PRODUCTION)

    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "The office file still has shipped placeholder numbers, which nobody answers, in "
        f"{', '.join(FIELDS)}; set HOTLINE_OFFICE_FILE to the office's own."
    ]


def test_one_placeholder_left_is_enough(settings: Settings, database: Database, tmp_path: Path) -> None:
    own = tmp_path / "office.toml"
    own.write_text(re.sub(r"\+1202555010([01345])", r"+1202555018\1", SHIPPED.read_text()))

    result = run(settings, "sweeper", HOTLINE_OFFICE_FILE=str(own), **PRODUCTION)

    assert result.exit_code == 2
    assert "in office.person_number; set" in result.stderr


def test_office_with_numbers_of_its_own_has_no_placeholder_and_the_shipped_one_has_all(
    tmp_path: Path,
) -> None:
    own = tmp_path / "office.toml"
    own.write_text(re.sub(r"\+1202555010(\d)", r"+1202555018\1", SHIPPED.read_text()))

    assert Office.load(own).placeholders() == []
    assert Office.load(SHIPPED).placeholders() == FIELDS
    assert set(re.findall(r"\+1\d{3}555\d{4}", SHIPPED.read_text())) <= SHIPPED_NUMBERS
