"""hotline answers: the web app (app.py is its table of contents), the command line and the local exchange."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

    from hotline.app import create_app

__all__ = ["create_app", "create_app_from_env"]


def create_app_from_env() -> "Flask":
    """The app of this process's environment; what the WSGI server calls."""
    from hotline.app import create_app
    from hotline.cli.context import load_settings

    return create_app(load_settings())


def __getattr__(name: str) -> Any:
    # Loaded when asked for: the exchange and the command line must not load the whole house.
    if name == "create_app":
        from hotline.app import create_app

        return create_app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
