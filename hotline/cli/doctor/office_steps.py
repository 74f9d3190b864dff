"""Steps of going live that the office decides: its file, its policies, and what people must approve."""

from datetime import UTC, datetime

from config.office import Office
from config.office_file import SHIPPED_DECIDER, SHIPPED_FILE
from hotline.cli.doctor.findings import check_flows
from hotline.cli.doctor.site import OFFICE_FILE, Site
from hotline.cli.doctor.step import OpenError, Step

_SHOWN = 3


def _own_file(site: Site) -> str:
    office, path = site.office, site.settings.office_file
    if path == SHIPPED_FILE:
        raise OpenError(
            "the shipped config/office.toml is in use, which the next release replaces",
            "Copy it, name the copy in HOTLINE_OFFICE_FILE, and change the copy.",
        )
    return f"{path}, {len(office.lines)} lines, languages {', '.join(office.languages)}"


def _no_shipped_number(site: Site) -> str:
    if names := site.office.placeholders():
        raise OpenError(
            f"numbers that belong to nobody are in {', '.join(names)}",
            "Put the office's own numbers there; nothing starts in production before.",
        )
    return f"{len(site.office.lines)} lines, and a person behind office.person_number"


def _trees(site: Site) -> str:
    _ = site.office
    found = check_flows(site.settings)
    if found.wrong:
        raise OpenError(found.wrong.rstrip("."), "Run `hotline flows check`.")
    return found.told


def _policies(site: Site) -> str:
    policies, today = site.office.policies, datetime.now(UTC).astimezone(site.office.zone).date()
    if unsigned := [name for name, one in policies.items() if one.decided_by == SHIPPED_DECIDER]:
        raise OpenError(
            f"{len(unsigned)} of {len(policies)} policies still say that {SHIPPED_DECIDER} decided them: "
            f"{_some(unsigned)}",
            "Read each with whoever decides, and write a name and the reason into decided_by and basis.",
        )
    if late := [name for name, one in policies.items() if one.review_by < today]:
        raise OpenError(
            f"{len(late)} policies are past their review_by: {_some(late)}",
            "Decide them anew, and set the next review_by.",
        )
    return f"{len(policies)} policies, the next review by {min(one.review_by for one in policies.values())}"


def _gates(site: Site) -> str:
    office = site.office
    gates = ", ".join(f"{name} = {value}" for name, value in office.gates.items())
    return f"gates {gates}; spoken besides the status: {_spoken(office)}"


def _spoken(office: Office) -> str:
    switches = {
        "facility": office.allow_facility,
        "hearing": office.allow_hearing,
        "expected release": office.allow_expected_release,
        "removal stage": office.allow_removal_stage,
    }
    return ", ".join(name for name, on in switches.items() if on) or "nothing"


def _languages(site: Site) -> str:
    return f"the line speaks {', '.join(site.office.languages)}"


def _services(site: Site) -> str:
    office = site.office
    partner = office.partner or "nobody"
    return f"{', '.join(one.key for one in office.services)}; partner for hard news: {partner}"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"


OFFICE_STEPS = (
    Step(OFFICE_FILE, _own_file),
    Step("Replace every shipped number", _no_shipped_number),
    Step("Check the call trees and prompts", _trees),
    Step("Record who decided each policy", _policies),
    Step(
        "Have counsel decide what may be said",
        _gates,
        by_hand="Read [release] of the office file with counsel, and keep their answer.",
    ),
    Step(
        "Have a translator approve each language",
        _languages,
        by_hand="Give a certified translator `hotline flows transcript` and the fallback files.",
    ),
    Step(
        "Call each service yourself",
        _services,
        by_hand="Dial every number of [[services]] and [interpreters], and ask the partner of [notices].",
    ),
)
