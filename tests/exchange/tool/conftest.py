"""The exchange installed from its wheel, in front of two Twilio apps that are not ours."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.exchange.tool.tool import (
    ACCOUNT,
    APPS,
    RESTAURANT,
    SERVICE,
    TOKEN,
    Running,
    Tool,
    build_wheel,
    free_port,
    install,
)
from tests.programs import needs


@pytest.fixture(scope="session")
def command(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`exchange`, installed from a wheel into an environment without anything else of ours."""
    folder = tmp_path_factory.mktemp("wheel")
    return install(build_wheel(folder), folder / "venv")


@pytest.fixture(scope="session")
def tool(command: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tool]:
    """The exchange in front of an answering service (Perl) and a restaurant's waiting list (Node)."""
    folder = tmp_path_factory.mktemp("tool")
    port = free_port()
    environ = {
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "API_URL": f"http://127.0.0.1:{port}",
    }
    apps = [
        Running(needs("perl"), str(APPS / "answering_service.pl"), cwd=folder, **environ),
        Running(needs("node"), str(APPS / "waiting_list.js"), cwd=folder, **environ),
    ]
    service, restaurant = (app.prints("http") for app in apps)
    exchange = Running(
        str(command), "--port", str(port), "--tls", "0",
        "--number", f"{SERVICE}=http{service}/voice", "--number", f"{RESTAURANT}=http{restaurant}/voice",
        "--status", f"{RESTAURANT}=http{restaurant}/status",
        cwd=folder, **environ,
    )  # fmt: skip
    try:
        yield Tool(exchange, folder)
    finally:
        for program in (exchange, *apps):
            program.ends()
