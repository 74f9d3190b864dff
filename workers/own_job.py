"""A job as we put it into Redis. Whatever else somebody wrote into its hash is never read."""

from typing import Any

from rq.exceptions import DeserializationError, NoSuchJobError
from rq.job import Job
from rq.utils import as_text

#: Every job there is; ``workers.callbacks.METHODS`` says what does it.
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
)
JOB_SECONDS = 60
FAILURES_KEPT_SECONDS = 3600
#: The only function that RQ calls, with the name of a job and the id of a row.
FUNCTION = "workers.callbacks.do_job"
#: What `Jobs.enqueue` and a worker at work write of a job. RQ would also read from the hash whom to call when
#: the job ends (any function by its name, any URL), when to repeat it, which jobs wait for it, and when to
#: break it off.
_READ = frozenset({
    "data", "created_at", "enqueued_at", "started_at", "ended_at", "last_heartbeat", "origin", "status",
    "worker_name",
})  # fmt: skip


class OwnJob(Job):
    """RQ's job, without callbacks, webhooks, repeats, retries or dependents, whatever Redis says of them."""

    def restore(self, raw_data: dict[Any, Any]) -> None:
        """Read the hash of a job, as far as it is ours. Raises NoSuchJobError for one that cannot be read."""
        try:
            super().restore({key: value for key, value in raw_data.items() if as_text(key) in _READ})
        except (ValueError, TypeError) as fault:
            # A worker passes over a job that is gone; any other fault would end it.
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
