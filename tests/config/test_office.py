"""The office: hours, holidays, windows, whom it may dial, and what its file may not contain."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.office import Office, OfficeError
from config.policies import BOUNDS
from tests.factories import make_office
from workers.office_rules import callback_policy_of

SHIPPED = Path(__file__).parents[2] / "config" / "office.toml"
GATES = 'gates = { adult = "yes", section_1367 = "no", asylum_related = "no" }'
FRESH = "[policies.fresh_minutes]\nvalue"
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
WEDNESDAY = datetime(2026, 11, 25, 15, 0, tzinfo=UTC)  # 10 a.m. in New York, the day before a holiday


def hours_office() -> Office:
    return make_office(always_open=False)


def test_shipped_office_is_valid() -> None:
    office = Office.load(SHIPPED)

    assert office.languages == ("en", "es")
    assert set(office.policies) == set(BOUNDS)
    assert office.policies["brake_releasable_percent"].value == 0.1
    assert office.gates == {"adult": "yes", "section_1367": "no", "asylum_related": "no"}
    assert office.services[0].phone == "988"
    assert all(
        p.review_by > date(2026, 11, 25) and p.basis and p.decided_by for p in office.policies.values()
    )


def test_office_is_open_in_its_hours_and_closed_on_holidays_and_weekends() -> None:
    office = hours_office()

    assert office.is_open(WEDNESDAY)
    assert not office.is_open(WEDNESDAY.replace(hour=12, minute=59))
    assert office.is_open(WEDNESDAY.replace(hour=13))
    assert not office.is_open(datetime(2026, 11, 26, 1, 0, tzinfo=UTC))
    assert not office.is_open(WEDNESDAY + timedelta(days=1))
    assert office.is_open(WEDNESDAY + timedelta(days=2))
    assert not office.is_open(WEDNESDAY + timedelta(days=3))


def test_office_may_close_on_its_own_days_and_work_on_a_holiday() -> None:
    office = make_office(
        always_open=False,
        extra_closures=frozenset({date(2026, 11, 25)}),
        worked_holidays=frozenset({date(2026, 11, 26)}),
    )

    assert not office.is_open(WEDNESDAY)
    assert office.is_open(WEDNESDAY + timedelta(days=1))


def test_closures_have_names_and_dates_alone_are_read_as_before(tmp_path: Path) -> None:
    listed = 'extra_closures = [2026-11-25, { day = 2026-11-27, name = "Staff day" }]'
    (tmp_path / "office.toml").write_text(SHIPPED.read_text().replace("extra_closures = []", listed))

    office = Office.load(tmp_path / "office.toml")

    assert office.extra_closures == {date(2026, 11, 25), date(2026, 11, 27)}
    assert office.closure_names == {date(2026, 11, 27): "Staff day"}
    assert not office.is_open(WEDNESDAY + timedelta(days=2))


def test_ordinary_callback_is_due_by_the_close_of_the_next_business_day() -> None:
    office = hours_office()

    assert office.due_at("other", WEDNESDAY) == datetime(2026, 11, 28, 1, 0, tzinfo=UTC)
    assert office.due_at("urgent", WEDNESDAY) == WEDNESDAY + timedelta(minutes=60)


@given(at=MOMENTS)
def test_next_opening_is_open_and_nothing_before_it_is(at: datetime) -> None:
    office = hours_office()
    opens = office.next_open(at)

    assert opens >= at
    assert office.is_open(opens)
    assert opens == at or not office.is_open(opens - timedelta(microseconds=1))
    assert office.due_at("other", at) > at
    assert office.due_at("other", at).tzinfo is UTC


def test_office_that_is_always_open_is_open_at_night() -> None:
    office = make_office()
    night = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)

    assert office.is_open(night)
    assert office.next_open(night) == night
    assert office.due_at("other", night) > night


def test_unknown_time_zone_and_naive_moment_are_refused() -> None:
    with pytest.raises(OfficeError, match="time_zone"):
        make_office(time_zone="../etc/passwd").is_open(WEDNESDAY)
    with pytest.raises(ValueError, match="time zone"):
        hours_office().is_open(WEDNESDAY.replace(tzinfo=None))


@pytest.mark.parametrize("number", ["+12025550123", "+12025550199", "+12024561111", "+12125551234"])
def test_ordinary_numbers_are_dialed(number: str) -> None:
    assert make_office().can_dial(number)


@pytest.mark.parametrize(
    "number",
    [
        "+12025550100",  # our own line
        "+19005550123", "+19002345678",  # premium
        "+18005550123", "+18002345678", "+18887654321",  # toll-free
        "+18764561111", "+18765550123", "+14412345678",  # abroad under +1
        "+881612345678", "+870773123456",  # satellite
        "+442071234567", "+5215512345678",  # another country
        "+1911", "911", "988", "+1988", "",  # short
        "12025550123", "+1 202 555 0123", "+1202555012a", "+１2025550123",
        "sip:a@example.org", "+12025550123;x",
    ],
)  # fmt: skip
def test_no_other_number_is_ever_dialed(number: str) -> None:
    assert not make_office().can_dial(number)


@pytest.mark.parametrize(
    ("shipped", "changed", "named"),
    [
        ('languages = ["en", "es"]', 'languages = ["en", "es", "fr"]', "fr"),
        ('languages = ["en", "es"]', "languages = []", "office.languages"),
        ('name = { en = "the Victim Assistance Line", ', "name = { ", "office.name.en"),
        ('lines = ["+12025550100", "+12025550101"]', "lines = []", "office.lines"),
        ('lines = ["+12025550100", "+12025550101"]', 'lines = ["202 555 0100"]', "office.lines"),
        ('discreet_lines = ["+12025550101"]', 'discreet_lines = ["+12025550199"]', "office.discreet_lines"),
        ('emergency_number = "911"', "emergency_number = 911", "office.emergency_number"),
        ('time_zone = "America/New_York"', 'time_zone = "Eastern"', "office.time_zone"),
        ('countries = ["US",', 'countries = ["USA",', "office.countries"),
        ('monday = ["08:00-20:00"]', 'monday = ["8-20"]', "hours.monday"),
        ('monday = ["08:00-20:00"]', 'monday = ["20:00-08:00"]', "hours.monday"),
        ('monday = ["08:00-20:00"]', 'monday = ["08:00-13:00", "12:00-20:00"]', "hours.monday"),
        ("saturday = []", "caturday = []", "hours.caturday"),
        ('country = "US"', 'country = "XX"', "holidays.country"),
        ('subdivision = ""', 'subdivision = "ZZ"', "holidays.subdivision"),
        ("extra_closures = []", 'extra_closures = ["2026-12-24"]', "holidays.extra_closures"),
        ("extra_closures = []", "extra_closures = [{ day = 2026-12-24 }]", "holidays.extra_closures"),
        ("extra_closures = []", 'extra_closures = [{ day = "soon", name = "a" }]', "extra_closures must be"),
        ("extra_closures = []", 'extra_closures = [{ day = 2026-12-24, name = " " }]', "1 to 60 characters"),
        ("extra_closures = []", "extra_closures = 2026-12-24", "holidays.extra_closures"),
        ("worked_holidays = []", 'worked_holidays = ["2026-12-25"]', "holidays.worked_holidays"),
        ('phone = "988"', 'phone = "call us"', "services entry 1.phone"),
        ('key = "victim_connect"', 'key = "crisis"', "services"),
        ('partner = ""', 'partner = "a_friend"', "notices.partner must be the key of one of"),
        ('partner = ""', "partner = 988", "notices.partner"),
        ('partner = ""', 'partners = "crisis"', "notices.partners"),
        ('adult = "yes"', 'adult = "maybe"', "release.gates"),
        (GATES, "gates = {}", "release.gates must hold at least one gate"),
        (GATES, "", "[release.gates] is missing"),
        ("allow_facility = true", 'allow_facility = "yes"', "release.allow_facility"),
        ("allow_facility = true", "allow_everything = true", "release.allow_everything"),
        (f"{FRESH} = 60", f"{FRESH} = 0", "policies.fresh_minutes"),
        (f"{FRESH} = 60", f"{FRESH} = true", "policies.fresh_minutes"),
        (f"{FRESH} = 60", f"{FRESH} = 1.5", "policies.fresh_minutes"),
        ("[policies.fresh_minutes]", "[policies.fresh_hours]", "policies.fresh_hours"),
        ("[policies.window_closes_hour]\nvalue = 21", "[policies.window_closes_hour]\nvalue = 8", "window"),
        ("review_by = 2027-06-30", 'review_by = "2027-06-30"', "review_by"),
        ("[office]", "[office", "TOML"),
        ("[holidays]", "[holydays]", "holydays"),
    ],
)  # fmt: skip
def test_slip_in_the_file_is_named(tmp_path: Path, shipped: str, changed: str, named: str) -> None:
    text = SHIPPED.read_text()
    assert shipped in text
    path = tmp_path / "office.toml"
    path.write_text(text.replace(shipped, changed, 1))

    with pytest.raises(OfficeError) as refused:
        Office.load(path)

    assert named in str(refused.value)
    assert str(path) in str(refused.value)


def test_partner_is_one_of_the_services_or_nobody(tmp_path: Path) -> None:
    path = tmp_path / "office.toml"
    path.write_text(SHIPPED.read_text().replace('partner = ""', 'partner = "crisis"', 1))

    assert Office.load(path).partner == "crisis"
    assert Office.load(SHIPPED).partner is None
    with pytest.raises(OfficeError, match=r"notices\.partner"):
        Office.load(path).with_changes(
            {"services": [{"key": "legal", "name": {"en": "a", "es": "b"}, "phone": "211"}]}
        )
    path.write_text(SHIPPED.read_text().replace("[notices]", "", 1).replace('partner = ""', "", 1))
    assert Office.load(path).partner is None


def test_fifth_service_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "office.toml"
    fifth = '[[services]]\nkey = "fifth"\nname = { en = "a", es = "b" }\nphone = "211"\n\n[release]'
    path.write_text(SHIPPED.read_text().replace("[release]", fifth, 1))

    with pytest.raises(OfficeError, match="at most 4"):
        Office.load(path)


def test_missing_release_switch_denies(tmp_path: Path) -> None:
    path = tmp_path / "office.toml"
    path.write_text(SHIPPED.read_text().replace("allow_hearing = true\n", ""))

    assert Office.load(path).allow_hearing is False
    assert Office.load(path).allow_facility is True


def test_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(OfficeError, match=r"cannot be read"):
        Office.load(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("number", "zone"),
    [
        ("+12025550123", "America/New_York"),
        ("+18085550123", "Pacific/Honolulu"),
        ("+12065550123", "America/Los_Angeles"),
        ("+13125550123", "America/Chicago"),
        ("+17875550123", "America/Puerto_Rico"),
        ("+16715550123", "Pacific/Guam"),
        ("+16705550123", "Pacific/Saipan"),
        ("+16845550123", "Pacific/Pago_Pago"),
        ("+13405550123", "America/St_Thomas"),
        # An area code that nobody has: the office's own hours.
        ("+12465550123", "America/New_York"),
        ("+15005550123", "America/New_York"),
        ("+9990", "America/New_York"),
        ("nonsense", "America/New_York"),
    ],
)
def test_zone_of_a_number_is_guessed_by_its_area_code(number: str, zone: str) -> None:
    assert make_office().zone_of(number) == zone


@pytest.mark.parametrize("area", ["787", "939", "340", "671", "684", "670"])
def test_office_file_that_ships_dials_the_territories_of_the_united_states(area: str) -> None:
    assert make_office().can_dial(f"+1{area}5550123")


def test_hours_of_guam_close_no_other_phone() -> None:
    office = make_office(always_open=False)
    policy = callback_policy_of(office)
    noon_in_new_york = datetime(2026, 3, 3, 17, tzinfo=UTC)

    for number in ("+12025550123", "+12465550123", "+17875550123"):
        assert policy.calling_window(noon_in_new_york, office.zone_of(number)) == noon_in_new_york
    # It is three at night there: the phone rings at eight.
    in_guam = policy.calling_window(noon_in_new_york, office.zone_of("+16715550123"))
    assert in_guam == datetime(2026, 3, 3, 22, tzinfo=UTC)


def test_zones_of_an_office_are_those_of_its_countries() -> None:
    zones = make_office(countries=("US", "PR")).zones

    assert {"America/New_York", "Pacific/Honolulu", "America/Puerto_Rico"} <= set(zones)
    assert "Europe/Berlin" not in zones
