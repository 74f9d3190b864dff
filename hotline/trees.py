"""The call trees of an office, built from its languages and services and checked before the first call."""

from collections.abc import Mapping

from config.office import Office
from ivr_flows.check import problems
from ivr_flows.flow import Flow
from ivr_flows.legs import callback_call, liaison_callback, liaison_direct
from ivr_flows.prompts import Prompts
from ivr_flows.victim_line import victim_line


def build_flows(office: Office, case_digits: int = 0) -> dict[str, Flow]:
    """Every tree by its name. ``case_digits``: the length of case numbers, if longer than the office says."""
    victims = victim_line(
        office.languages,
        [service.key for service in office.services],
        max(case_digits, int(office.policy("case_number_digits"))),
    )
    return {flow.name: flow for flow in (victims, liaison_callback(), liaison_direct(), callback_call())}


def tree_problems(flows: Mapping[str, Flow], prompts: Prompts) -> list[str]:
    """Every fault of every tree and prompt, one sentence each; the line does not start with one."""
    found = prompts.problems()
    for flow in flows.values():
        found += problems(flow, prompts)
    return list(dict.fromkeys(found))
