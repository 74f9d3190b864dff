"""What the tests of commands begin with."""

import pytest

from config.settings import Settings


@pytest.fixture
def environ(settings: Settings, database_url: str) -> dict[str, str]:
    """The environment in which a command uses the test's database and the suite's keys."""
    return {
        "HOTLINE_ENV": "development",
        "HOTLINE_DATA_DIR": str(settings.data_dir),
        "HOTLINE_DATABASE_URL": database_url,
        "HOTLINE_SECRET_KEY": settings.secret_key.decode(),
        "HOTLINE_PIN_PEPPER": settings.pin_pepper.decode(),
        "HOTLINE_FIELD_KEYS": "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "TWILIO_AUTH_TOKEN": "the-token-of-the-test-suite",
    }
