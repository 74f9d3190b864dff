"""How fast time passes at an exchange, for the people who play with its phones."""

#: The fastest that a call may be played; beyond it nobody can follow.
FASTEST = 60.0


class Tempo:
    """``speed`` is how many seconds of a call pass in one second; None takes time out of calls.

    Then words are heard at once, and a wait for keys lasts until the person presses one or gives it up. It
    is so as well on calls that do not follow the tempo, such as those that a script plays.
    """

    def __init__(self, speed: float | None = 1.0) -> None:
        self._speed = _checked(speed)

    @property
    def speed(self) -> float | None:
        """Seconds of a call in one second, or None."""
        return self._speed

    @speed.setter
    def speed(self, speed: float | None) -> None:
        self._speed = _checked(speed)


def _checked(speed: float | None) -> float | None:
    if speed is not None and not 0 < speed <= FASTEST:
        raise ValueError(f"speed is above 0 and at most {FASTEST:g}, or null for no time at all")
    return speed
