"""What may be said beside a talk: it follows the feed, and new words are a view that is logged (R16, R37)."""

from flask import Response, g
from sqlalchemy.orm import Session

from hotline.console.callbacks.area import area
from hotline.console.shell.console import console
from models.callbacks.case_words import View, WordsBeside, log_view, words_beside
from models.store.database import tried_again

#: Where a request keeps the new words that it shows, until they are logged.
_NEW = "new_words"


def words_shown_beside(session: Session, view: View) -> WordsBeside | None:
    """What the pane shows to a person who has viewed the words in this talk; None before that.

    The parts of a page follow by themselves, so nobody clicks to see new words. They count as viewed all the
    same: staff may tell them, and a file that is taken back must reach who heard it.
    """
    now = console.clock()
    found = words_beside(session, view, now, console.rules.release)
    if found is not None and found.is_new:
        g.setdefault(_NEW, []).append((view, found.heard, now))
    return found


@area.after_request
def log_new_words(response: Response) -> Response:
    """Log the new words of a page before anybody sees them: a page reads in a session that writes nothing."""
    new = g.pop(_NEW, [])

    def log() -> None:
        with console.database.transaction() as session:
            for view, told, now in new:
                log_view(session, view, told, now)

    if new:
        tried_again(log)
    return response
