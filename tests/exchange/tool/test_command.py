"""The command `exchange`: its help, and one sentence for whatever is wrong."""

import re
import socket
import tomllib
from pathlib import Path

import pytest

from hotline.exchange.command import exchange as command
from hotline.exchange.command import main
from hotline.exchange.numbers import read_numbers
from tests.exchange.tool.tool import ROOT

NUMBER = "+12025550100=http://127.0.0.1:5000/voice"
FREE = ("--number", NUMBER, "--port", "0", "--tls", "0")


def refuses(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    """The sentence with which these options are refused."""
    with pytest.raises(SystemExit) as refused:
        main(list(options))
    told = capsys.readouterr()
    assert (refused.value.code, told.out, told.err.count("\n")) == (2, "", 1)
    return told.err


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ((), "--number is missing"),
        (
            ("--number", "http://127.0.0.1:5000/voice"),
            "--number http://127.0.0.1:5000/voice is not NUMBER=URL",
        ),
        (("--number", "+1202=http://127.0.0.1/voice"), "--number +1202 is no phone number"),
        (
            ("--number", "+12025550100=ftp://app/voice"),
            "--number ftp://app/voice is not an http or https URL",
        ),
        (("--number", NUMBER, "--number", NUMBER), "--number +12025550100 is given twice"),
        (("--number", NUMBER, "--status", "+12025550199=http://a/s"), "--status +12025550199"),
        (("--number", NUMBER, "--fallback", "/fallback"), "--fallback /fallback"),
        (("--number", NUMBER, "--sms", "http://:x/"), "--sms http://:x/"),
        (("--number", NUMBER, "--origin", "app.example.org"), "--origin app.example.org"),
        (("--number", NUMBER, "--account", "12"), "--account"),
        (("--number", NUMBER, "--api-key", "SK1"), "--api-secret"),
        (("--number", NUMBER, "--port", "99999"), "--port"),
        (("--number", NUMBER, "--tls", "x"), "--tls"),
        (("--number", NUMBER, "--tls", "0", "--key", __file__), "--certificate"),
        ((*FREE, "--key", __file__, "--certificate", __file__), "--certificate"),
        ((*FREE, "--ca", "/nowhere/ca.pem"), "--ca /nowhere/ca.pem"),
        (("--number", NUMBER, "--key", __file__, "--certificate", __file__), "--tls, which is missing"),
        (("--number", NUMBER, "--ca", "/nowhere/ca.pem"), "--tls, which is missing"),
        (("--number", NUMBER, "--stage", "/nowhere.json"), "--stage: /nowhere.json cannot be read"),
        (("--number", NUMBER, "--stage", __file__), f"--stage: {__file__} is not JSON"),
        (("--numbers", NUMBER), "--numbers"),
    ],
)
def test_wrong_usage_is_one_sentence_that_names_the_option(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], named: str
) -> None:
    for name in ("ACCOUNT_SID", "AUTH_TOKEN", "API_KEY", "API_SECRET"):
        monkeypatch.delenv(f"TWILIO_{name}", raising=False)

    assert named in refuses(capsys, *options)


def test_help_shows_a_whole_command_and_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--help"])

    told = capsys.readouterr().out
    assert "exchange --number +12025550100=http://127.0.0.1:5000/voice" in told
    options = set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", told, re.MULTILINE))
    assert options == {
        "--number", "--sms", "--status", "--fallback", "--origin", "--port", "--tls", "--ca", "--certificate",
        "--key", "--account", "--token", "--api-key", "--api-secret", "--stage", "--style", "--quiet",
        "--version", "--help",
    }  # fmt: skip


def test_documents_name_every_option() -> None:
    told = (ROOT / "docs" / "developers" / "exchange.md").read_text(encoding="utf-8")

    named = set(re.findall(r"^\| (`--.+?) \|", told, re.MULTILINE))
    assert {one for row in named for one in re.findall(r"--[a-z-]+", row)} == {
        name for option in command.params for name in option.opts
    }


def test_package_has_the_version_of_the_whole_and_every_folder_of_the_exchange() -> None:
    folder = ROOT / "hotline" / "exchange"
    whole, own = (tomllib.loads((one / "pyproject.toml").read_text()) for one in (ROOT, folder))

    assert own["project"]["version"] == whole["project"]["version"]
    assert set(own["tool"]["setuptools"]["packages"]) == {
        ".".join(found.parent.relative_to(ROOT).parts) for found in folder.rglob("__init__.py")
    }


def test_busy_port_is_one_sentence_and_a_fault(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit) as refused:
            main(["--number", NUMBER, "--port", str(port)])

    assert refused.value.code == 1
    assert f"127.0.0.1:{port}" in capsys.readouterr().err


def test_start_that_fails_leaves_the_certificate_of_the_running_one_trusted(tmp_path: Path) -> None:
    authority = tmp_path / "exchange-ca.pem"
    authority.write_text("of the running one")

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for ports in (("--port", port, "--tls", "0"), ("--port", "0", "--tls", port)):
            with pytest.raises(SystemExit) as refused:
                main(["--number", NUMBER, *ports, "--ca", str(authority)])
            assert refused.value.code == 1

    assert authority.read_text() == "of the running one"


def test_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--version"])

    assert re.fullmatch(r"exchange [0-9]+\.[0-9]+\.[0-9]+\n", capsys.readouterr().out)


def test_number_is_read_as_people_type_it_and_has_urls_of_its_own() -> None:
    numbers = read_numbers(
        ["(202) 555-0100=http://app/voice?line=1", "+12025550101=http://app/two", "any=http://app/rest"],
        status=["http://app/status"],
        fallback=["http://app/fallback", "+12025550101=http://app/quiet"],
    )

    assert list(numbers) == ["+12025550100", "+12025550101", "any"]
    assert numbers["+12025550100"].voice_url == "http://app/voice?line=1"
    assert {one.status_callback for one in numbers.values()} == {"http://app/status"}
    assert [one.fallback_url for one in numbers.values()] == [
        "http://app/fallback", "http://app/quiet", "http://app/fallback",
    ]  # fmt: skip
    assert numbers["any"].sms_url is None
