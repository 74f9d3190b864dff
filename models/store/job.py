"""A job as rows pass it on: the name of the work and the id of a row, enqueued after the commit."""

Job = tuple[str, int]
