"""Why imports and directories stay as they are; hotline/refusals/custody.py has the words."""

from enum import StrEnum, auto


class UploadRefusal(StrEnum):
    """Why an upload cannot go on."""

    BUSY = auto()
    TOO_OLD = auto()
    OVERTAKEN = auto()
    NOT_WAITING = auto()


class SettleRefusal(StrEnum):
    """Why a held import is not settled."""

    NO_WAY = auto()
    #: ``who``: the person who asked.
    ASKED = auto()
    NOT_ASKED = auto()
    CHANGED = auto()
    SAME_PERSON = auto()
    #: ``who``: the person who asked.
    ASKER_MAY_NOT = auto()
    YOU_MAY_NOT = auto()
    NOT_HELD = auto()
    #: ``who``: the people who settled it.
    SETTLED = auto()
    TWO_PEOPLE = auto()
    #: ``option``: the option that named them.
    NOT_STAFF = auto()
    #: ``number``: the import.
    NO_HELD_IMPORT = auto()


class ImportBusyRefusal(StrEnum):
    """Why an import has to wait, or wrote no more."""

    BUSY = auto()
    TAKEN_OVER = auto()


class DirectoryRefusal(StrEnum):
    """Why a directory does not take an entry."""

    TELLING_NAME = auto()
