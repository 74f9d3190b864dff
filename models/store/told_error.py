"""What was asked for cannot be done: a sentence for whoever asked, in parts, to be translated."""


class ToldError(ValueError):
    """``sentence`` has slots such as ``%(who)s``, which ``slots`` fills; ``str()`` is the English whole."""

    def __init__(self, sentence: str, **slots: object) -> None:
        super().__init__(sentence % slots if slots else sentence)
        self.sentence, self.slots = sentence, slots
