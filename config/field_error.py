"""The fault of one field of the office."""


class FieldError(ValueError):
    """A field is missing or wrong; the message is one sentence that names it.

    ``sentence`` is that sentence before its ``slots`` were filled in, so that a page can say it in another
    language; the slots ``field``, ``low`` and ``high`` are names of fields as in the office file.
    """

    def __init__(self, sentence: str, **slots: object) -> None:
        super().__init__(sentence % slots if slots else sentence)
        self.sentence, self.slots = sentence, slots
