"""The public holidays of a country or of one of its subdivisions, from the ``holidays`` library."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

import holidays
from holidays.registry import COUNTRIES


@cache
def public_holidays(country: str | None, subdivision: str | None, year: int) -> frozenset[date]:
    """The public holidays of one year. Raises NotImplementedError if the library lacks the place."""
    if country is None:
        return frozenset()
    return frozenset(_calendar(country)(subdiv=subdivision, years=year))


@cache
def holiday_names(
    country: str | None, subdivision: str | None, year: int, language: str
) -> Mapping[date, str]:
    """Their names in this language if the library has it, else in the library's default language."""
    if country is None:
        return {}
    calendar = _calendar(country)
    said = next((one for one in calendar.supported_languages if one.partition("_")[0] == language), None)
    return dict(calendar(subdiv=subdivision, years=year, language=said).items())


@cache
def _calendar(country: str) -> Any:
    """The library's class for this country, without the package of all countries around it.

    That package takes 8 MB and 40 ms in every process. Raises NotImplementedError.
    """
    for module, names in COUNTRIES.items():
        if country in names:
            loaded = ModuleType(module)
            file = Path(holidays.__file__).parent / "countries" / f"{module}.py"
            SourceFileLoader(module, str(file)).exec_module(loaded)
            return getattr(loaded, names[0])
    raise NotImplementedError("The holidays library lacks this country.")
