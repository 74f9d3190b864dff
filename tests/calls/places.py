"""Every place at which the victim line waits for keys, and a way to each."""

from tests.calls.stories import is_asked_for_a_number, opens_the_case, reaches_the_first_menu, wrong
from tests.conftest import in_turn
from tests.factories import MadeCase
from tests.phone import Phone


def at_the_language_menu(phone: Phone, case: MadeCase) -> None:
    phone.dials_in()


def at_the_first_menu(phone: Phone, case: MadeCase) -> None:
    reaches_the_first_menu(phone)


def at_the_number(phone: Phone, case: MadeCase) -> None:
    is_asked_for_a_number(phone)


def at_the_pin(phone: Phone, case: MadeCase) -> None:
    is_asked_for_a_number(phone)
    phone.presses(case.number)


def after_a_wrong_pin(phone: Phone, case: MadeCase) -> None:
    at_the_pin(phone, case)
    phone.presses(wrong(case.pin))


def at_the_case_menu(phone: Phone, case: MadeCase) -> None:
    opens_the_case(phone, case)


def at_the_callback_menu(phone: Phone, case: MadeCase) -> None:
    opens_the_case(phone, case)
    phone.presses("2")


def at_the_choice_of_a_time(phone: Phone, case: MadeCase) -> None:
    at_the_callback_menu(phone, case)
    phone.presses("2")


def at_the_choice_of_a_callback_or_a_person(phone: Phone, case: MadeCase) -> None:
    reaches_the_first_menu(phone)
    phone.presses("2")


def at_the_open_callback(phone: Phone, case: MadeCase) -> None:
    at_the_callback_menu(phone, case)
    phone.presses("1")
    phone.presses("1")
    phone.presses("2")


def at_the_wishes(phone: Phone, case: MadeCase) -> None:
    at_the_choice_of_a_time(phone, case)
    phone.presses("4")


def at_a_wish(phone: Phone, case: MadeCase) -> None:
    at_the_wishes(phone, case)
    phone.presses("2")


def at_the_question_for_the_hour(phone: Phone, case: MadeCase) -> None:
    at_the_choice_of_a_callback_or_a_person(phone, case)
    phone.presses("1")
    phone.presses("2")


def at_the_pin_once_more(phone: Phone, case: MadeCase) -> None:
    at_the_case_menu(phone, case)
    phone.presses("4")


def at_a_new_pin(phone: Phone, case: MadeCase) -> None:
    at_the_pin_once_more(phone, case)
    phone.presses(case.pin)


def at_the_new_pin_again(phone: Phone, case: MadeCase) -> None:
    at_a_new_pin(phone, case)
    phone.presses("583961")


def at_the_number_of_a_lost_pin(phone: Phone, case: MadeCase) -> None:
    at_the_choice_of_a_callback_or_a_person(phone, case)
    phone.presses("3")


def at_the_services(phone: Phone, case: MadeCase) -> None:
    reaches_the_first_menu(phone)
    phone.presses("3")


def at_the_reports(phone: Phone, case: MadeCase) -> None:
    reaches_the_first_menu(phone)
    phone.presses("4")


def at_the_last_question(phone: Phone, case: MadeCase) -> None:
    at_the_reports(phone, case)
    phone.presses("2")


WAITING = [
    at_the_language_menu, at_the_first_menu, at_the_number, at_the_pin, after_a_wrong_pin, at_the_case_menu,
    at_the_callback_menu, at_the_choice_of_a_time, at_the_choice_of_a_callback_or_a_person,
    at_the_open_callback, at_the_wishes, at_a_wish, at_the_question_for_the_hour, at_the_pin_once_more,
    at_a_new_pin, at_the_new_pin_again, at_the_number_of_a_lost_pin, at_the_services, at_the_reports,
    at_the_last_question,
]  # fmt: skip
EVERYWHERE = in_turn("place", WAITING, ids=lambda value: getattr(value, "__name__", None))
