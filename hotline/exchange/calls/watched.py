"""A delivery that publishes each request, its reply, its duration and any failure."""

import time

from hotline.exchange.calls.feed import Feed
from hotline.exchange.delivery.delivery import Deliver
from hotline.exchange.delivery.request import LineError, Reply, Request


def watched(deliver: Deliver, feed: Feed) -> Deliver:
    """Wrap ``deliver``: when a request is over, tell ``feed`` a ``webhook``."""

    def carry(request: Request) -> Reply:
        began = time.perf_counter()
        reply, problem = None, None
        try:
            reply = deliver(request)
        except LineError as failed:
            problem = failed
            raise
        else:
            return reply
        finally:
            feed.tell(
                "webhook",
                request.param("CallSid"),
                method=request.method,
                url=request.url,
                params=request.said,
                is_event=request.is_event,
                status=None if reply is None else reply.status,
                content_type=None if reply is None else reply.content_type,
                body="" if reply is None else reply.body.decode(errors="replace"),
                milliseconds=round((time.perf_counter() - began) * 1000),
                trouble="" if problem is None else str(problem),
                code=None if problem is None else problem.code,
            )

    return carry
