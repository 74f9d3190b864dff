"""Connection overrides: how a URL's fragment changes the carrier's connection (#rc=2&rp=ct,rt)."""

from dataclasses import dataclass
from urllib.parse import parse_qsl

from hotline.exchange.delivery.request import LineError

_RANGES = {"ct": (100, 10_000), "rt": (100, 15_000), "tt": (100, 15_000), "rc": (0, 5)}
_POLICIES = frozenset({"4xx", "5xx", "ct", "rt", "all"})
_EDGES = frozenset(
    {"ashburn", "dublin", "frankfurt", "sao-paulo", "singapore", "sydney", "tokyo", "umatilla"}
)
_BAD_EDGE, _UNKNOWN_EDGE, _INTERCONNECT, _BAD_VALUE = 11240, 11241, 11242, 11243


@dataclass(frozen=True, slots=True)
class Overrides:
    """How to connect: times in seconds, the number of retries, and the failures to retry after."""

    connect_seconds: float = 5.0
    read_seconds: float = 15.0
    total_seconds: float = 15.0
    retries: int = 1
    retry_on: frozenset[str] = frozenset({"ct"})
    names_server: bool = True

    @classmethod
    def read(cls, fragment: str) -> "Overrides":
        """Read a URL's fragment. Raises LineError (11240 to 11243) for an override that Twilio refuses.

        A fragment without any of the keys, such as an anchor in a page, changes nothing.
        """
        given = dict(parse_qsl(fragment, keep_blank_values=True))
        if "e" in given:
            _check_edge(given["e"])
        numbers = {key: _number(key, given[key]) for key in _RANGES if key in given}
        policy = frozenset(given["rp"].split(",")) if "rp" in given else frozenset({"ct"})
        if not policy <= _POLICIES:
            raise LineError("rp is a list of 4xx, 5xx, ct, rt and all", _BAD_VALUE)
        if given.get("sni", "y") not in {"y", "n"}:
            raise LineError("sni is y or n", _BAD_VALUE)
        return cls(
            connect_seconds=numbers.get("ct", 5000) / 1000,
            read_seconds=numbers.get("rt", 15000) / 1000,
            total_seconds=numbers.get("tt", 15000) / 1000,
            retries=numbers.get("rc", 1),
            retry_on=policy,
            names_server=given.get("sni", "y") == "y",
        )

    def retries_after(self, reason: str) -> bool:
        """Whether to retry after this failure: ct, rt, 4xx or 5xx."""
        return not self.retry_on.isdisjoint({reason, "all"})


def _number(key: str, text: str) -> int:
    least, most = _RANGES[key]
    if not (text.isascii() and text.isdecimal()) or not least <= int(text) <= most:
        raise LineError(f"{key} is a whole number from {least} to {most}", _BAD_VALUE)
    return int(text)


def _check_edge(name: str) -> None:
    """Check the edges from which requests leave. Twilio tries comma-separated ones in turn."""
    for one in name.split(","):
        bare = one.removesuffix("-ix")
        if not bare or not all(letter.islower() or letter == "-" for letter in bare):
            raise LineError("e is not the name of an edge", _BAD_EDGE)
        if bare not in _EDGES:
            raise LineError("e is an edge that there is not", _UNKNOWN_EDGE)
        if bare != one:
            raise LineError("e leads over Interconnect, which this account has not", _INTERCONNECT)
