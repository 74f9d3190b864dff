"""House rules as tests: who commits, what each route, setting, prompt and job must have."""

import ast
import inspect
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from config.office import Office
from config.settings import Settings, variables
from hotline import create_app
from hotline.cli import COMMANDS, group
from hotline.cli.intake import PATHS as INTAKE_PATHS
from hotline.console.shell.other_port import EVENTS
from hotline.trees import build_flows, tree_problems
from ivr_flows.prompts import Prompts
from models.calls.role import ROLES
from models.store.database import Database
from tests.conftest import ON_SQLITE
from workers.callbacks import METHODS
from workers.own_job import JOBS

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("config", "models", "ivr_flows", "workers", "hotline")
GUARDS = {"twilio", "open", "operators", "staff"}
#: Folders that tools, setting up and running leave behind.
NO_ROOMS = {"var", "build"}


def sources(*packages: str) -> Iterator[tuple[str, ast.Module]]:
    """Every file of some packages by its path, parsed."""
    for package in packages:
        yield from _files_of(package)


@cache
def _files_of(package: str) -> tuple[tuple[str, ast.Module], ...]:
    return tuple(
        (str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"), str(path)))
        for path in sorted((ROOT / package).rglob("*.py"))
    )


@cache
def nodes(tree: ast.Module) -> tuple[ast.AST, ...]:
    """Every node of a file; walking a thousand trees anew for each rule takes longer than all rules."""
    return tuple(ast.walk(tree))


def dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def calls(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in nodes(tree):
        if isinstance(node, ast.Call):
            yield node.lineno, dotted(node.func)


def test_top_level_has_six_packages_and_docs_and_no_other_folder() -> None:
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}

    left_by_tools = NO_ROOMS | {name for name in folders if name.endswith(".egg-info")}
    assert folders - left_by_tools == {*PACKAGES, "tests", "docs"}
    assert list((ROOT / "docs").rglob("*.py")) == [ROOT / "docs" / "conf.py"]


def test_only_the_database_file_commits() -> None:
    wrong = [
        f"{path}:{line}"
        for path, tree in sources(*PACKAGES)
        for line, name in calls(tree)
        if name.rpartition(".")[2] in {"commit", "begin_nested"} and path != "models/store/database.py"
    ]

    assert not wrong


def test_functions_of_the_models_take_their_session_first() -> None:
    wrong = []
    for path, tree in sources("models"):
        for node in nodes(tree):
            if isinstance(node, ast.FunctionDef):
                names = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
                if "session" in names and names.index("session") > (1 if names[0] in {"self", "cls"} else 0):
                    wrong.append(f"{path}:{node.lineno}")

    assert not wrong


def test_only_the_settings_read_the_environment() -> None:
    # The command line passes the environment to the settings, and does nothing else with it.
    wrong = [
        f"{path}:{node.lineno}"
        for path, tree in sources(*PACKAGES)
        for node in nodes(tree)
        if isinstance(node, ast.Attribute)
        and dotted(node) in {"os.environ", "os.getenv", "os.environb", "os.putenv"}
        and path not in {"config/settings.py", "hotline/cli/command/context.py"}
    ]

    assert not wrong


def test_each_file_says_what_it_is_for() -> None:
    wrong = []
    for path, tree in sources(*PACKAGES, "tests"):
        text = (ROOT / path).read_text(encoding="utf-8")
        if text.strip() and not ast.get_docstring(tree):
            wrong.append(f"{path} does not say what it is for")
        if re.search(r"\b(TODO|FIXME|XXX)\b", text) and not path.startswith("tests/test_code_rules"):
            wrong.append(f"{path} has something to do")

    assert not wrong


def test_no_file_has_a_name_that_says_nothing() -> None:
    empty = {"utils", "util", "helpers", "helper", "common", "services", "misc", "base_utils"}

    assert not [path for path, _ in sources(*PACKAGES) if Path(path).stem in empty]


def test_every_setting_is_in_the_example_with_its_default_and_none_is_missing() -> None:
    text = (ROOT / "config" / "env.example").read_text()
    listed = dict(re.findall(r"^#([A-Z][A-Z_]+)=(.*)$", text, re.MULTILINE))

    assert listed == {name: setting["default"] for name, setting in variables().items()}
    assert all(setting["help"] for setting in variables().values())


def test_documented_default_is_the_one_in_force() -> None:
    defaults = {name: setting["default"] for name, setting in variables().items() if setting["default"]}
    needed = {
        "HOTLINE_SECRET_KEY": "s" * 32,
        "HOTLINE_PIN_PEPPER": "p" * 32,
        "HOTLINE_FIELD_KEYS": "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "TWILIO_AUTH_TOKEN": "the-token-of-the-test-suite",
    }

    assert Settings.from_env({**needed, **defaults}) == Settings.from_env(needed)


@ON_SQLITE
def test_every_route_has_a_guard(settings: Settings, database: Database) -> None:
    app = create_app(settings, database=database)
    guards = {
        rule.rule: getattr(app.view_functions[rule.endpoint], "guard", None)
        for rule in app.url_map.iter_rules()
    }

    assert {path: guard for path, guard in guards.items() if guard not in GUARDS} == {}
    for path in ("/voice/inbound", "/voice/call-events", "/sms/inbound"):
        assert guards[path] == "twilio"
    unguarded = {path for path, guard in guards.items() if guard == "open"}
    way_in = {
        "/console/language",
        "/console/set-up",
        "/console/set-up/code",
        "/console/set-up/passkey",
        "/console/set-up/password",
        "/console/sign-in",
        "/console/sign-in/code",
        "/console/sign-in/passkey",
        "/console/static/<of>/<path:name>",
    }
    assert unguarded <= {
        "/up",
        "/up/ready",
        "/voice/fallback.xml",
        "/voice/fallback-discreet.xml",
        "/exchange/",
        *way_in,
    }
    assert all(
        guard == "staff"
        for path, guard in guards.items()
        if path.startswith("/console") and path not in way_in
    )


def test_every_prompt_is_in_every_language_and_every_tree_is_whole() -> None:
    office = Office.load(ROOT / "config" / "office.toml")

    assert tree_problems(build_flows(office), Prompts.load(office.languages)) == []


#: The parts of a call that belong to the engine: models set and save them, and never read them.
OF_THE_ENGINE = {"flow", "step", "trail", "heard_from"}


def test_models_know_no_tree_and_no_step() -> None:
    trees = set(build_flows(Office.load(ROOT / "config" / "office.toml"))) - ROLES
    found = []
    for path, tree in sources("models"):
        if "/migrations/" in path:
            continue
        for node in nodes(tree):
            match node:
                case ast.Attribute(attr=name, ctx=ast.Load()) if name in OF_THE_ENGINE:
                    found.append(f"{path}:{node.lineno} reads {name}")
                case ast.Constant(value=str(name)) if name in trees:
                    found.append(f"{path}:{node.lineno} names the tree {name}")

    assert found == [], "compare roles (models/calls/role.py) and places (models/calls/place.py)"


def test_every_job_takes_one_id() -> None:
    assert set(METHODS) == set(JOBS)
    for method in METHODS.values():
        _self, parameter = inspect.signature(method).parameters.values()
        assert parameter.annotation is int
        assert parameter.name.endswith("_id")


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_exists_and_says_what_it_does(name: str) -> None:
    import click

    command = group.get_command(click.Context(group), name)

    assert command is not None
    assert command.help


def test_proxy_leads_every_path_of_the_intake_to_it_and_keeps_nothing_on_a_disk() -> None:
    proxy = (ROOT / "config" / "deploy" / "nginx.conf").read_text()

    for path in INTAKE_PATHS:
        assert f"location = {path} {{\n    proxy_pass http://$hotline_upload;" in proxy
    assert "proxy_request_buffering off;" in proxy
    assert "proxy_max_temp_file_size 0;" in proxy
    # A log has the path, and neither its query nor the page from which somebody came.
    assert not re.search(r"log_format .*(\$request\b|\$request_uri|\$args|\$query|\$http_referer)", proxy)


def test_proxy_leads_the_stream_of_events_to_its_role_and_passes_each_on_at_once() -> None:
    proxy = (ROOT / "config" / "deploy" / "nginx.conf").read_text()

    place = re.search(rf"location = {EVENTS} {{\n(.*?)\n  }}", proxy, re.DOTALL)
    assert place is not None
    assert "proxy_pass http://hotline_events;" in place[1]
    assert "proxy_buffering off;" in place[1]
    # Longer than the time between two keepalives.
    assert "proxy_read_timeout 60s;" in place[1]
    assert "listen 443 ssl http2;" in proxy


def test_packages_are_listed_by_hand_and_complete() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    there = {
        str(p.parent.relative_to(ROOT)).replace("/", ".")
        for package in PACKAGES
        for p in (ROOT / package).rglob("__init__.py")
    }

    assert set(listed) == there


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock", "requirements-uv.lock"])
def test_every_locked_requirement_has_hashes_and_no_index_is_named(lock: str) -> None:
    text = (ROOT / lock).read_text()
    requirements = re.split(r"\n(?=[A-Za-z0-9])", text.strip())

    assert requirements
    for requirement in requirements:
        assert re.match(r"[A-Za-z0-9_.\-\[\],]+==", requirement), requirement[:60]
        assert "--hash=sha256:" in requirement, requirement[:60]
    assert "://" not in text
    assert "index" not in re.sub(r"^[A-Za-z0-9_.\-]+==.*$", "", text, flags=re.MULTILINE)


def test_every_requirement_of_the_project_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    locks = {
        "requirements.lock": project["project"]["dependencies"],
        "requirements-dev.lock": project["dependency-groups"]["dev"],
    }

    for lock, wanted in locks.items():
        locked = {
            line.partition("==")[0].split("[")[0].lower() for line in (ROOT / lock).read_text().splitlines()
        }
        for requirement in wanted:
            name = re.split(r"[\[><=;, ]", requirement, maxsplit=1)[0].lower()
            assert name in locked, f"{name} is not in {lock}; run `make lock`"


def test_no_folder_has_more_than_25_python_files() -> None:
    counts: dict[str, int] = {}
    for path, _ in sources(*PACKAGES, "tests"):
        folder = str(Path(path).parent)
        counts[folder] = counts.get(folder, 0) + 1

    assert {folder: n for folder, n in counts.items() if n > 25 and not folder.endswith("versions")} == {}


#: Words that stay out of names: each means something else in this trade, or nothing. The engine may say desk.
_FORBIDDEN = re.compile(
    r"(?:^|_)(?:houses?|seats?|rooms?|desks?|in_line|line_(?:wait|turn|ring|first|choices|verbs))(?:_|$)"
    r"|House|Seat|Room|Desk|LineWait|^(?:take_turns?|true_time|place_in_sql|answers_on_bridge)$"
)
#: Prompts, steps and exits of the call queue; a line is a telephone line.
_FORBIDDEN_TEXTS = re.compile(
    r"(?:line\.(?:next|place|wait|longer|hold|ringing|cut_off|over|keep|back|cannot_keep)"
    r"|(?:staff\.)?(?:in_line(?:_one)?|line_first)|line_choices|leave_line)"
)
#: A callback has a rank; a call has a place, and no number_key: its tries count under a key of another name.
#: The blind index of a phone is a phone_key in every table and never a number_key, or a join could take a
#: phone for a case number.
_FORBIDDEN_COLUMNS = {
    ("Callback", "place"), ("CALLBACKS", "place"), ("Call", "number_key"), ("CALLS", "number_key"),
    ("Callback", "number_key"), ("CALLBACKS", "number_key"),
    ("Phone", "number_key"), ("PHONES", "number_key"), ("_PHONES", "number_key"),
}  # fmt: skip
_ENGINES_DESK = ("ivr_flows/", "hotline/voice/", "tests/ivr_flows/", "tests/calls/faults/test_privacy.py")


def test_no_name_has_a_word_that_the_glossary_replaced() -> None:
    wrong = []
    for path, tree in sources(*PACKAGES, "tests"):
        if "/migrations/" in path:
            continue
        names = {Path(path).stem, Path(path).parent.name}
        for node in nodes(tree):
            match node:
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.alias(name=name):
                    names.add((getattr(node, "asname", None) or name).rpartition(".")[2])
                case (
                    ast.arg(arg=name) | ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(asname=name)
                ):
                    names.add(str(name))
                case ast.keyword(arg=str(name)):
                    names.add(name)
        found = {name for name in names if _FORBIDDEN.search(name)}
        if path.startswith(_ENGINES_DESK):
            found -= {"desk", "Desk", "_desk", "ExampleDesk"}
        wrong += [f"{path}: {name}" for name in sorted(found)]

    assert not wrong


def test_no_prompt_step_or_column_has_a_name_that_the_glossary_replaced() -> None:
    wrong = []
    for path, tree in sources(*PACKAGES, "tests"):
        for node in nodes(tree):
            match node:
                case ast.Constant(value=str(text)) if _FORBIDDEN_TEXTS.fullmatch(text):
                    wrong.append(f"{path}: {text}")
                case (
                    ast.Attribute(value=ast.Name(id=table), attr=column)
                    | ast.Attribute(value=ast.Attribute(value=ast.Name(id=table), attr="c"), attr=column)
                ) if (table, column) in _FORBIDDEN_COLUMNS:
                    wrong.append(f"{path}: {table}.{column}")
                case ast.Call(func=ast.Name(id="Collect"), keywords=keywords) if any(
                    keyword.arg == "wrong" for keyword in keywords
                ):
                    wrong.append(f"{path}: Collect(wrong=)")
    for path in sorted((ROOT / "ivr_flows/prompts").glob("*.po")):
        ids = re.findall(r'^msgctxt "(.*)"$', path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        wrong += [f"{path.name}: {one}" for one in ids if _FORBIDDEN_TEXTS.fullmatch(one)]

    assert not wrong
