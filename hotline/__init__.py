"""The app: Twilio's webhooks, the console, the command line and the exchange; start reading in app.py."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

    from hotline.app import create_app

__all__ = ["create_app", "create_app_from_env"]


def create_app_from_env(*, with_console: bool = True) -> "Flask":
    """Make the app from the environment, for the WSGI server. It picks up changes of the office."""
    import threading

    from hotline.app import create_app
    from hotline.cli.command.context import load_settings
    from workers.office_watch import keep_looking

    app = create_app(load_settings(), with_console=with_console)
    look = app.extensions["hotline.current_line"].look
    # On a thread of its own: no caller waits for it, and it ends with the process.
    threading.Thread(target=keep_looking, args=(look, threading.Event()), daemon=True).start()
    return app


def __getattr__(name: str) -> Any:
    # Loaded on demand: the exchange and the command line must not load the whole app.
    if name == "create_app":
        from hotline.app import create_app

        return create_app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
