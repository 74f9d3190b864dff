"""The calendar of the office: the days of the library, without loading every country of it."""

import subprocess
import sys

import holidays
import pytest

from config.public_holidays import holiday_names, public_holidays


@pytest.mark.parametrize(
    ("country", "subdivision"),
    [("US", None), ("US", "CA"), ("USA", "TX"), ("PR", None), ("MX", None), ("CA", "QC")],
)
def test_office_has_the_days_that_the_library_gives(country: str, subdivision: str | None) -> None:
    theirs = holidays.country_holidays(country, subdiv=subdivision, years=2027)

    assert public_holidays(country, subdivision, 2027) == set(theirs)


@pytest.mark.parametrize(
    ("country", "spoken", "theirs"),
    [("US", "en", "en_US"), ("US", "es", None), ("MX", "es", "es"), ("MX", "en", "en_US")],
)
def test_holiday_has_its_name_in_the_language_if_the_library_knows_it(
    country: str, spoken: str, theirs: str | None
) -> None:
    named = holidays.country_holidays(country, years=2027, language=theirs)

    assert holiday_names(country, None, 2027, spoken) == dict(named.items())


@pytest.mark.parametrize(("country", "subdivision"), [("XX", None), ("US", "XX"), ("us", None), ("", None)])
def test_place_that_the_library_does_not_know_is_refused(country: str, subdivision: str | None) -> None:
    with pytest.raises(NotImplementedError):
        public_holidays(country, subdivision, 2027)


def test_office_of_one_country_does_not_load_the_others() -> None:
    asked = (
        "import sys; from config.public_holidays import public_holidays;"
        "public_holidays('US', 'CA', 2027); print('holidays.countries' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"
