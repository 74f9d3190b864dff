"""How tests take the first sign-in to the console."""

import pyotp
from sqlalchemy import func, select

from models import SignInCounter
from models.store.database import Database
from tests.console.conftest import Browser, Clock, Member

NEW_PASSWORD = "seven quiet herons over the weir"
WRONG = "The e-mail or the password is not right."
TOO_MANY = "Too many wrong tries."


def gives_password(browser: Browser, email: str, password: str) -> Browser:
    return browser.opens("/console/sign-in").fills(email=email, password=password).clicks("Sign in")


def shown_secret(browser: Browser) -> str:
    return "".join(browser.page.xpath("//*[contains(@class, 'secret')]")[0].text_content().split())


def sets_up(person: Member, clock: Clock) -> tuple[str, list[str]]:
    """Do the whole first sign-in; the secret of the app and the recovery codes."""
    gives_password(person, person.email, person.password)
    person.fills(new_password=NEW_PASSWORD, new_password_again=NEW_PASSWORD).clicks("Continue")
    secret = shown_secret(person)
    person.fills(code=pyotp.TOTP(secret).at(clock())).clicks("Continue")
    codes = [item.text_content() for item in person.page.xpath("//ul[@class='codes']/li")]
    person.clicks("I saved them")
    return secret, codes


def failures(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.sum(SignInCounter.failures))) or 0
