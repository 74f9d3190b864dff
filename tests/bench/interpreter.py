"""Measures the exchange's interpreter alone: a menu goes in, a key is pressed, a request comes out."""

import xml.etree.ElementTree as ET
from statistics import median
from time import process_time

import click

from hotline.exchange.twiml.leg import Leg

#: A menu as the line answers it: the turn that callers hear most.
MENU = b"""<?xml version="1.0" encoding="UTF-8"?><Response>\
<Say voice="Polly.Joanna-Neural" language="en-US">Stewart, as of 3:05 PM.</Say>\
<Gather input="dtmf" numDigits="1" finishOnKey="#" timeout="8" actionOnEmptyResult="true" method="POST" \
action="/voice/steps/case_menu/7">\
<Say voice="Polly.Joanna-Neural" language="en-US">To hear it again, press 1.</Say>\
<Say voice="Polly.Joanna-Neural" language="en-US"><break time="600ms"/>To be called back, press 2.</Say>\
<Say voice="Polly.Joanna-Neural" language="en-US"><break time="600ms"/>For the hearings, press 3.</Say>\
</Gather></Response>"""
#: Turns in the time of one bare parse of the same document, which every turn begins with. An honest run has
#: 0.16 to 0.18. There is no limit in turns a second, since that is the speed of the machine.
LEAST_RATIO = 0.15
_SLICES = 10


def interpreter(turns: int) -> float:
    """Print the turns a second of one core, and return their ratio to bare parses of the same bytes.

    Slices of both are run in turn, and the median of each counts, so that a busy machine slows both alike.
    """
    played, parsed = [], []
    each = max(1, turns // _SLICES)
    for _ in range(_SLICES):
        parsed.append(_parses(each))
        played.append(_turns(each))
    rate, bare = median(played), median(parsed)
    click.echo(f"  {rate:,.0f} turns a second of one core; {rate / bare:.2f} of {bare:,.0f} bare parses")
    return rate / bare


def _turns(count: int) -> float:
    leg = Leg(account_sid="AC1", from_="+12025550123", to="+12025550100")
    leg.fetch("https://line.example.org/voice/inbound")
    started = process_time()
    for _ in range(count):
        leg.takes(MENU)
        request = leg.presses("2")
        if request is None or ("Digits", "2") not in request.params:
            raise AssertionError("the menu did not answer its key")
    return count / (process_time() - started)


def _parses(count: int) -> float:
    started = process_time()
    for _ in range(count):
        ET.fromstring(MENU)  # noqa: S314  # Our own document.
    return count / (process_time() - started)
