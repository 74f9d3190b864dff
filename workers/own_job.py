"""A job as we put it into Redis. Anything else in its hash, by anyone, is never read."""

from typing import Any

from rq.exceptions import DeserializationError, NoSuchJobError
from rq.job import Job
from rq.utils import as_text

#: Every job; ``workers.callbacks.METHODS`` has the method for each.
JOBS = (
    "dial_liaison",
    "dial_caller",
    "ring_direct",
    "ring_taker",
    "ring_joiner",
    "move_leg",
    "release_leg",
    "send_alert",
    "fetch_caller",
    "tell_missed",
    "dial_notice",
    "text_notice",
)
JOB_SECONDS = 60
FAILURES_KEPT_SECONDS = 3600
#: The only function that RQ calls, with the name of a job and the id of a row.
FUNCTION = "workers.callbacks.do_job"
#: What `Jobs.enqueue` and a running worker write of a job. RQ would also read from the hash what to call when
#: the job ends (any function by name, any URL), when to repeat it, which jobs wait for it, and when to cancel
#: it.
_READ = frozenset({
    "data", "created_at", "enqueued_at", "started_at", "ended_at", "last_heartbeat", "origin", "status",
    "worker_name",
})  # fmt: skip


class OwnJob(Job):
    """RQ's job without callbacks, webhooks, repeats, retries or dependents, whatever Redis contains."""

    def restore(self, raw_data: dict[Any, Any]) -> None:
        """Read our fields from a job's hash. Raises NoSuchJobError for one that cannot be read."""
        try:
            super().restore({key: value for key, value in raw_data.items() if as_text(key) in _READ})
        except (ValueError, TypeError) as fault:
            # A worker skips a job that is gone; any other error would end it.
            raise NoSuchJobError("A job cannot be read.") from fault
        self.timeout, self.result_ttl, self.failure_ttl = JOB_SECONDS, 0, FAILURES_KEPT_SECONDS

    def is_ours(self) -> bool:
        """Whether it asks for one of our jobs with one row id, and nothing else."""
        try:
            if self.func_name != FUNCTION or self.instance is not None or self.kwargs or len(self.args) != 2:
                return False
            name, row_id = self.args
            return name in JOBS and type(row_id) is int
        except DeserializationError:
            return False
