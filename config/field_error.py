"""The error for one field of the office."""


class FieldError(ValueError):
    """A field is missing or wrong. The message is one sentence that names it.

    ``sentence`` is that sentence before its ``slots`` are filled in, which lets a page say it in another
    language. The slots ``field``, ``low`` and ``high`` are names of fields as in the office file.
    """

    def __init__(self, sentence: str, **slots: object) -> None:
        super().__init__(sentence % slots if slots else sentence)
        self.sentence, self.slots = sentence, slots
