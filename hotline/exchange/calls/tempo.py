"""How fast time passes on the calls of the people who try out the exchange."""

#: The fastest tempo that a person can still follow.
FASTEST = 60.0


class Tempo:
    """``speed`` is how many seconds of a call pass in one real second; None takes time out of calls.

    Without time, words are heard at once, and a wait for keys lasts until the person presses one or gives
    up. Calls that a script plays do not follow the tempo and have no time either.
    """

    def __init__(self) -> None:
        self._speed: float | None = 1.0

    @property
    def speed(self) -> float | None:
        """Seconds of a call in one real second, or None."""
        return self._speed

    @speed.setter
    def speed(self, speed: float | None) -> None:
        self._speed = _checked(speed)


def _checked(speed: float | None) -> float | None:
    if speed is not None and not 0 < speed <= FASTEST:
        raise ValueError(f"speed is above 0 and at most {FASTEST:g}, or null for no time at all")
    return speed
