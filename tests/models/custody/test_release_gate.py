"""The gate over feed values: only the exact allowed value of every named gate opens it."""

from hypothesis import given
from hypothesis import strategies as st

from models.custody.release_gate import is_releasable

GATES = {"adult": "yes", "section_1367": "no", "asylum_related": "no"}
ODD = st.one_of(
    st.none(),
    st.sampled_from(["", "yes", "no", "Yes", "NO", " yes", "no ", "y", "n", "1", "true", "ｙes"]),
    st.text(),
)


@given(adult=ODD, section_1367=ODD, asylum_related=ODD)
def test_only_the_one_right_combination_opens_the_gate(adult, section_1367, asylum_related):
    named = {"adult": adult, "section_1367": section_1367, "asylum_related": asylum_related}
    values = {name: value for name, value in named.items() if value is not None}
    assert is_releasable(GATES, values) == (values == GATES)


def test_office_that_names_no_gate_says_nothing_of_anyone():
    assert not is_releasable({}, {"adult": "yes", "section_1367": "no", "asylum_related": "no"})


def test_gate_that_the_feed_does_not_carry_denies():
    assert not is_releasable({**GATES, "sealed_by_court": "no"}, GATES)


def test_office_may_name_fewer_gates():
    assert is_releasable({"adult": "yes"}, {"adult": "yes", "section_1367": "yes", "asylum_related": ""})
