"""Why a request about imports or directories is refused; hotline/refusals/custody.py has the words."""

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
    TWO_PEOPLE_RETRACT = auto()
    TWO_PEOPLE_VOUCH = auto()
    #: ``option``: the option that named them.
    NOT_STAFF = auto()
    #: ``number``: the import.
    NO_HELD_IMPORT = auto()
    #: ``number``: the import.
    NO_LANDED_IMPORT = auto()
    NOT_LANDED = auto()


class ImportBusyRefusal(StrEnum):
    """Why an import has to wait, or stopped writing."""

    BUSY = auto()
    TAKEN_OVER = auto()


class DirectoryRefusal(StrEnum):
    """Why a directory does not accept an entry."""

    TELLING_NAME = auto()


class FeedRefusal(StrEnum):
    """Why a file cannot be read as a custody feed."""

    #: ``reason``: the operating system's message.
    UNREADABLE = auto()
    EMPTY = auto()
    NOT_CSV = auto()
    NOT_UTF8 = auto()
    #: ``known``: the columns of a header.
    NO_HEADER = auto()
    #: ``name``: the column, also for the next two.
    COLUMN_MISSING = auto()
    COLUMN_UNKNOWN = auto()
    COLUMN_TWICE = auto()


class BatchRefusal(StrEnum):
    """Why a batch in the watched folder is refused. No fact is a value of a row."""

    SIGNATURE = auto()
    NOT_JSON = auto()
    #: ``name``: the field of the manifest.
    FIELD = auto()
    #: ``name``: the file that belongs to this manifest.
    WRONG_NAME = auto()
    #: ``name``: the file.
    UNREADABLE = auto()
    #: ``name``: the data file, also for the next one.
    NO_DATA = auto()
    WRONG_HASH = auto()
    #: ``name``: the data file; ``needed``: the manifest's count of rows; ``found``: the file's.
    WRONG_ROWS = auto()
    #: ``batch``: the number, also for the next one.
    OTHER_CONTENT = auto()
    LATE_SNAPSHOT = auto()


class RowRefusal(StrEnum):
    """Why a row of a feed does not land. No fact is a value of the row."""

    MISSING = auto()
    NOT_UTF8 = auto()
    CONTROL_CHARACTER = auto()
    #: ``most``: the maximum number of characters of the field.
    TOO_LONG = auto()
    #: ``known``: the valid stages.
    UNKNOWN_STAGE = auto()
    NOT_A_TIME = auto()
    NO_OFFSET = auto()
    OUT_OF_RANGE = auto()
    OLDER = auto()
    #: ``line``: the earlier line about the same person.
    SAME_PERSON = auto()
    #: ``found`` and ``needed``: the number of columns.
    COLUMN_COUNT = auto()
    NOT_CSV = auto()
