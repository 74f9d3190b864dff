"""Fixtures of whole calls: a phone to the app, and a carrier that dials nobody."""

import pytest
from flask import Flask

from config.office import Office
from config.settings import Settings
from models.database import Database
from tests.fake_carrier import FakeCarrier
from tests.phone import Phone
from tests.twiml_check import check


@pytest.fixture
def carrier() -> FakeCarrier:
    """The carrier that workers dial through."""
    return FakeCarrier()


@pytest.fixture
def phone(app: Flask, settings: Settings, office: Office, database: Database) -> Phone:
    """A telephone whose calls reach the app."""
    return Phone(
        app.test_client(),
        public_url=settings.public_url,
        auth_token=settings.twilio_auth_tokens[0],
        account_sid=settings.twilio_account_sid,
        line=office.lines[0],
        check=check,
    )
