"""A line with answers that a test wrote down: it records every request, and never sleeps."""

from collections import deque

from hotline.exchange.calls.call import LiveCall
from hotline.exchange.calls.conferences import Conferences
from hotline.exchange.calls.queues import Queues
from hotline.exchange.delivery.request import Reply, Request
from hotline.exchange.twiml.leg import Leg

BASE = "https://line.example.org"


class ScriptedLine:
    """``answers`` are the verbs of each path, one document after the other; the last one repeats."""

    def __init__(self, **answers: str | list[str]) -> None:
        self.answers = {
            path: deque([verbs] if isinstance(verbs, str) else verbs) for path, verbs in answers.items()
        }
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.methods: list[str] = []
        self.slept: list[float] = []
        #: The events of conferences, in the order in which they arrived.
        self.sent: list[Request] = []
        self.conferences = Conferences(send=self.sent.append)
        self.queues = Queues()

    def __call__(self, request: Request) -> Reply:
        path = request.url.removeprefix(f"{BASE}/").partition("?")[0]
        self.asked.append((path, dict(request.params)))
        self.methods.append(request.method)
        verbs = self.answers.get(path, deque([""]))
        document = f"<Response>{verbs.popleft() if len(verbs) > 1 else verbs[0]}</Response>"
        return Reply(200, "text/xml", document.encode())

    def is_dialled(self, *, timed: bool = True, from_: str = "+12025550123") -> LiveCall:
        """A call that has heard, or begins to hear, the document of ``start``."""
        leg = Leg(account_sid="AC1", from_=from_, to="+12025550100", timed=timed)
        call = LiveCall(
            leg,
            self,
            conferences=self.conferences,
            queues=self.queues,
            events_url=f"{BASE}/events",
            sleep=self.slept.append,
        )
        call.fetches(f"{BASE}/start")
        return call

    def paths(self) -> list[str]:
        """Every requested path, without call events."""
        return [path for path, _ in self.asked if path != "events"]

    def told(self, path: str) -> dict[str, str]:
        """The parameters of the last request for ``path``."""
        return next(params for asked, params in reversed(self.asked) if asked == path)


def heard(call: LiveCall) -> list[str]:
    """Everything heard so far."""
    return [passage.text for passage in call.transcript if passage.kind == "heard"]


def noted(call: LiveCall) -> list[str]:
    """Everything noted so far."""
    return [passage.text for passage in call.transcript if passage.kind == "note"]
