"""Policies on their pages: by what they govern, searched by their words, and each with its facts."""

import re

from config.policies import BOUNDS
from hotline.console.office.policy_effects import POLICY_EFFECTS
from hotline.console.office.policy_groups import POLICY_GROUPS
from tests.console.conftest import Member

WHY = "The director decided so."


def row(reader: Member, name: str) -> list[str]:
    """The texts of a policy in the list, in order."""
    found = reader.page.xpath(f"//li[@id='policy-{name}']//text()")
    return [" ".join(text.split()) for text in found if text.strip()]


def test_each_policy_is_in_exactly_one_group() -> None:
    grouped = [name for group in POLICY_GROUPS for name in group.policies]

    assert len(grouped) == len(set(grouped))
    assert set(grouped) == set(BOUNDS)
    assert len({group.key for group in POLICY_GROUPS}) == len(POLICY_GROUPS)


def test_each_policy_says_in_one_short_sentence_what_it_changes() -> None:
    assert set(POLICY_EFFECTS) == set(BOUNDS)
    assert len(set(POLICY_EFFECTS.values())) == len(BOUNDS)
    for name, sentence in POLICY_EFFECTS.items():
        assert sentence.endswith("."), name
        assert len(sentence.split()) <= 25, name


def test_policies_are_listed_by_what_they_govern_with_their_facts(administrator: Member) -> None:
    administrator.opens("/console/office/policies")

    assert administrator.page.xpath("//summary/h2/text()") == [group.title for group in POLICY_GROUPS]
    assert not administrator.page.xpath("//details[@open]")
    assert row(administrator, "case_open_minutes") == [
        "Time that a case stays open",
        "60 minutes",
        "A case closes again this long after a verified caller or a logged search opened it.",
        "Allowed: 5 to 480 minutes",
        "Basis: Office decision.",
        "Review by", "Jun 30, 2027",
        "As in the office file",
    ]  # fmt: skip
    assert row(administrator, "window_opens_hour")[1] == "8 AM"
    assert row(administrator, "brake_releasable_percent")[1] == "0.1%"


def test_changed_policy_says_when_and_who_changed_it(administrator: Member) -> None:
    administrator.opens("/console/office/policies/case_open_minutes").fills(value="90", reason=WHY)
    administrator.clicks("Save policy")
    assert administrator.reads("90 minutes", "changed here", "Administrator 1")
    # The page of one policy belongs to the section of all.
    assert set(administrator.page.xpath("//nav//a[@aria-current]/text()")) == {"Office", "Policies"}

    administrator.opens("/console/office/policies")
    told = " ".join(row(administrator, "case_open_minutes"))
    assert "90 minutes" in told
    assert re.search(r"Changed Nov 25, 2026, \S+\s[AP]M by Administrator 1$", told)


def test_policies_are_found_by_their_words_without_scripts(administrator: Member) -> None:
    administrator.opens("/console/office/policies").fills(q="  WRAP-up   liaison ").clicks("Search")

    assert administrator.reads(f" 1 of {len(BOUNDS)} policies", "Wrap-up after a call")
    assert administrator.page.xpath("//details[@open]/@id") == ["group-ringing"]
    assert administrator.value("q") == "WRAP-up liaison"
    administrator.fills(q="zebra").clicks("Search")
    assert administrator.reads(f" 0 of {len(BOUNDS)} policies", "No policy has these words.")


def test_policies_are_found_in_the_language_of_the_page_without_its_accents(administrator: Member) -> None:
    administrator.opens("/console/office/policies").clicks("Español")
    administrator.opens("/console/office/policies?q=presencia+timbre")
    assert administrator.reads("Timbre y presencia")
    administrator.opens("/console/office/policies?q=sesion+mas+larga")
    assert administrator.reads("Sesión más larga", "12 horas")
