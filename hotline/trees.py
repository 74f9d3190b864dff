"""The call trees of an office, built from its languages and services and checked before the first call."""

from collections.abc import Mapping

from config.office import Office
from hotline.office_rules import rules_of
from ivr_flows.engine.check import problems, prompt_problems
from ivr_flows.engine.flow import Flow
from ivr_flows.prompts import Prompts
from ivr_flows.review.announcement_check import announcement_problems
from ivr_flows.review.rehearsal import rehearse
from ivr_flows.review.rehearsal_check import rehearsal_problems
from ivr_flows.trees.alert_call import alert_call
from ivr_flows.trees.discreet_line import discreet_line
from ivr_flows.trees.legs import (
    callback_call,
    callout_call,
    colleague_call,
    interpreter_call,
    liaison_at_0,
    liaison_callback,
)
from ivr_flows.trees.notice_call import notice_call
from ivr_flows.trees.staff_line import staff_line
from ivr_flows.trees.victim_line import victim_line
from models.calls.role import INBOUND_ROLES, ROLES
from workers.office_rules import policies_of


def build_flows(office: Office, case_digits: int = 0) -> dict[str, Flow]:
    """Every tree by its name. ``case_digits``: the length of case numbers, if longer than the office says."""
    digits = max(case_digits, policies_of(office).case_number_digits)
    services = [service.key for service in office.services]
    has_partner = office.partner is not None
    victims = victim_line(office.languages, services, digits, has_partner=has_partner)
    discreet = discreet_line(office.languages, services, digits, has_partner=has_partner)
    legs = (
        liaison_callback(), liaison_at_0(), callback_call(), colleague_call(), interpreter_call(),
        callout_call(), notice_call(services, has_partner=has_partner),
    )  # fmt: skip
    return {
        flow.name: flow for flow in (victims, discreet, *legs, alert_call(), staff_line(office.languages))
    }


def tree_problems(flows: Mapping[str, Flow], prompts: Prompts) -> list[str]:
    """Every fault of every tree and prompt, one sentence each. The line does not start while there is one."""
    found = list(prompt_problems(prompts))
    for flow in flows.values():
        found += problems(flow, prompts)
    found += [
        f"The role {role} has the trees: {', '.join(trees) or 'none'}. A call that we place needs just one."
        for role in sorted(ROLES - INBOUND_ROLES)
        if len(trees := [flow.name for flow in flows.values() if flow.role == role]) != 1
    ]
    return list(dict.fromkeys(found))


def office_problems(office: Office, prompts: Prompts) -> list[str]:
    """Every fault of the texts that the office wrote itself, one sentence each (R13, R18, R23)."""
    told = [
        f"services entry {position}.name.{code} holds the telling word {word!r} (R13)."
        for position, service in enumerate(office.services, start=1)
        for code, name in service.name.items()
        for word in prompts.telling_words(name)
    ]
    return told + announcement_problems(office, prompts)


def walked_problems(flows: Mapping[str, Flow], prompts: Prompts, office: Office) -> list[str]:
    """The faults that a walk through every path of every tree in every language finds (R18-R26).

    The trees must be complete: ``tree_problems`` finds nothing in them.
    """
    found, rules = list[str](), rules_of(office)
    for language in prompts.languages:
        for flow in flows.values():
            found += rehearsal_problems(rehearse(flow, prompts, rules, language))
    return found
