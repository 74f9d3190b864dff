"""The files of config/deploy, as an operator copies them: each role has what it needs to start."""

import re
import tomllib
from pathlib import Path

import pytest

from hotline.cli.command.bind import read_bind

DEPLOY = Path(__file__).parents[2] / "config" / "deploy"
OFFICE = "/etc/hotline/office.toml"
HEADS = "/var/lib/hotline-audit"
FEED, FEED_KEY = "/srv/feed", Path("/etc/hotline-feed/feed.pem")
ROLES = {"web", "console", "worker", "sweeper", "intake", "events"}


def text(name: str) -> str:
    return (DEPLOY / name).read_text()


def uncommented(name: str) -> str:
    return "\n".join(line for line in text(name).splitlines() if not line.lstrip().startswith("#"))


def documents() -> list[str]:
    return [one for one in uncommented("kubernetes.yaml").split("\n---\n") if "kind: " in one]


def test_every_yaml_file_has_spaces_and_closed_brackets() -> None:
    for name in ("compose.yaml", "kubernetes.yaml"):
        assert "\t" not in text(name), name
        for number, line in enumerate(uncommented(name).splitlines(), 1):
            assert line.count("{") == line.count("}"), (name, number)
            assert line.count("[") == line.count("]"), (name, number)
            assert line.count('"') % 2 == 0, (name, number)
            assert (len(line) - len(line.lstrip())) % 2 == 0, (name, number)


def test_every_role_of_compose_has_the_office_file_and_the_place_for_heads() -> None:
    shared, services = uncommented("compose.yaml").split("\nservices:\n")
    assert f"HOTLINE_OFFICE_FILE: {OFFICE}" in shared
    assert f"./office.toml:{OFFICE}:ro" in shared
    assert f"HOTLINE_AUDIT_HEAD_FILE: {HEADS}/heads.jsonl" in shared
    assert f"audit-heads:{HEADS}" in shared
    assert "audit-heads: {}" in services.split("\nvolumes:\n")[1]

    found = dict(re.findall(r"^  (\w+):\n((?:    .*\n)+)", services, re.M))
    assert found.keys() >= ROLES
    for role in ROLES:
        assert "<<: *hotline" in found[role], role
        assert f"command: [{role}" in found[role], role
        # A key of its own would replace the shared one, and take the mounts away.
        assert not re.search(r"^    environment:", found[role], re.M), role
        if role != "intake":
            assert "    volumes:" not in found[role], role
    mounts = {one: set(re.findall(r"^ +- (\S+:/\S+)$", one, re.M)) for one in (shared, found["intake"])}
    assert mounts[found["intake"]] - mounts[shared] == {
        f"./feed:{FEED}", f"./feed-key:{FEED_KEY.parent}:ro",
    }  # fmt: skip
    assert mounts[shared] < mounts[found["intake"]]


def test_intake_alone_has_the_folder_of_the_feed_and_may_empty_it() -> None:
    """With the settings of the page no batch was ever taken in a container: the folder was not in it."""
    for name in ("compose.yaml", "kubernetes.yaml"):
        head = text(name).split("\napiVersion", 1)[0]
        assert f"HOTLINE_FEED_DIR={FEED}" in head
        assert f"HOTLINE_FEED_KEY_FILE={FEED_KEY}" in head
    having = [one for one in documents() if f"mountPath: {FEED} }}" in one]
    assert ["args: [intake" in one for one in having] == [True]
    (intake,) = having
    assert f"mountPath: {FEED_KEY.parent}, readOnly: true" in intake
    assert "persistentVolumeClaim: { claimName: hotline-feed }" in intake
    # An office without a folder has no such key, and its intake takes files of the console.
    assert "configMap: { name: hotline-feed-key, optional: true }" in intake


def test_every_role_of_kubernetes_has_the_office_file_and_the_place_for_heads() -> None:
    runs = [one for one in documents() if re.search(r"^kind: (Job|Deployment)$", one, re.M)]
    assert {re.findall(r"args: \[(\w+)", one)[0] for one in runs} == ROLES | {"db"}
    for one in runs:
        for word in (
            f"name: HOTLINE_OFFICE_FILE, value: {OFFICE}",
            f"name: HOTLINE_AUDIT_HEAD_FILE, value: {HEADS}/heads.jsonl",
            "name: office, mountPath: /etc/hotline, readOnly: true",
            f"name: audit, mountPath: {HEADS}",
            "configMap: { name: hotline-office }",
            "persistentVolumeClaim: { claimName: hotline-audit }",
        ):
            assert word in one, word
    claims = [one for one in documents() if "kind: PersistentVolumeClaim" in one]
    assert [re.findall(r"metadata: { name: (\S+) }", one) for one in claims] == [
        ["hotline-audit"], ["hotline-feed"],
    ]  # fmt: skip


def test_image_has_every_file_that_the_package_names() -> None:
    project = tomllib.loads((DEPLOY.parents[1] / "pyproject.toml").read_text())["project"]

    copied = re.findall(r"^COPY (.+) \./$", text("Containerfile"), re.M)

    assert {project["readme"], *project["license-files"]} <= {
        name for line in copied for name in line.split()
    }


def test_image_makes_the_place_for_heads() -> None:
    assert HEADS in text("Containerfile")


def test_unit_starts_everything_behind_a_proxy_of_this_machine() -> None:
    unit = text("hotline.service")
    started = re.search(r"^ExecStart=\S+/hotline serve --bind (\S+)$", unit, re.M)
    assert started is not None
    assert read_bind(started[1]).host == "127.0.0.1"
    assert "HOTLINE_ENV=production" in unit
    # The unit may write nowhere else: an office that keeps heads on a share adds its path.
    assert "ProtectSystem=strict" in unit
    assert f"ReadWritePaths=-{HEADS}" in unit


@pytest.mark.parametrize("name", ["hotline.service", "hotline@.service"])
def test_unit_lets_intake_empty_the_folder_of_which_the_page_of_the_feed_speaks(name: str) -> None:
    """Everything else is read-only for the service: with any other folder no batch was ever taken."""
    page = (DEPLOY.parents[1] / "docs" / "operators" / "feed.md").read_text()
    found = re.search(r"HOTLINE_FEED_DIR=([/\w]+)", page)

    assert found is not None
    assert f"\nReadWritePaths=-{found[1]}\n" in text(name)
    assert f"install -d -o hotline -g jail -m 2770 {found[1]}\n" in page
    assert f" folder={found[1]}\n" in page


def test_proxy_takes_a_whole_request_before_it_passes_it_to_the_line() -> None:
    nginx = uncommented("nginx.conf")
    assert nginx.count("{") == nginx.count("}")
    assert "client_body_timeout 10s;" in nginx
    assert "client_header_timeout 10s;" in nginx
    assert nginx.count("proxy_request_buffering off;") == 1
    assert "/console/imports/upload" in nginx
