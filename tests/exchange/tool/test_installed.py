"""The exchange as a package of its own: Twilio's clients use it, and foreign Twilio apps play whole calls.

One file, so that one worker installs the package for all of them.
"""

import io
import json
import os
import re
import subprocess
import wave
from pathlib import Path

import pytest
import requests
import trustme
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from hotline.exchange.command import ACCOUNT as ANY_ACCOUNT
from tests.exchange.tool.tool import (
    ACCOUNT,
    APPS,
    DOCTOR,
    GUEST,
    PATIENT,
    RESTAURANT,
    ROOT,
    SERVICE,
    TOKEN,
    Running,
    Tool,
)
from tests.programs import is_missing, needs

NUMBER = f"{SERVICE}=http://127.0.0.1:5000/voice"
#: Where `make node` puts Twilio's client for Node.
NODE_MODULES = ROOT / "build" / "node" / "node_modules"


def test_patient_talks_to_the_doctor_and_the_talk_is_recorded(tool: Tool) -> None:
    patient = tool.dials(PATIENT, SERVICE)
    assert patient.hears("For the doctor on call, press 1.")

    patient.does("keys", keys="1")
    doctor = tool.rings(DOCTOR).does("answer")

    assert doctor.hears("A patient is calling.", "connected to the caller")
    patient.does("words", words="My tooth hurts.")
    assert doctor.hears("My tooth hurts.")
    doctor.does("hang-up")
    assert patient.hears("You have talked to the doctor. Recording RE")
    assert patient.is_over()
    (recording,) = tool.rest(f"/Calls/{patient.sid}/Recordings.json").json()["recordings"]
    assert (recording["source"], recording["status"]) == ("DialVerb", "completed")


def test_message_is_kept_and_its_sound_can_be_fetched_without_a_password(tool: Tool) -> None:
    patient = tool.dials(PATIENT, SERVICE)
    patient.does("keys", keys="2").does("words", words="Please call me back about my tooth")
    patient.does("keys", keys="#")

    assert patient.hears("[beep]", "Your message of 3 seconds is kept.")
    (recording,) = tool.rest(f"/Calls/{patient.sid}/Recordings.json").json()["recordings"]
    assert recording["media_url"].startswith(tool.url)
    short = requests.get(f"{recording['media_url']}.mp3", timeout=10)
    frame = 0.072  # seconds; 72 bytes at 8 kbit/s
    assert abs(len(short.content) / 72 * frame - int(recording["duration"])) < frame
    assert short.content[:2] == short.content[72:74] == b"\xff\xe3"
    sound = requests.get(f"{recording['media_url']}.wav", timeout=10)
    with wave.open(io.BytesIO(sound.content)) as heard:
        assert heard.getnframes() / heard.getframerate() == int(recording["duration"])
        assert any(heard.readframes(100))


def test_doctor_who_is_busy_and_a_caller_who_says_nothing(tool: Tool) -> None:
    patient = tool.dials(PATIENT, SERVICE)
    patient.does("keys", keys="1")
    tool.rings(DOCTOR).does("decline")

    assert patient.hears("The doctor is busy.", "For the doctor on call, press 1.")
    patient.does("silence")
    assert patient.hears("Goodbye.")
    assert patient.is_over()


def test_guests_wait_in_a_queue_until_the_host_takes_them(tool: Tool) -> None:
    guest = tool.dials(GUEST, RESTAURANT)
    guest.does("words", words="four")
    assert guest.hears("For how many people?", "A table for four.", "You are number 1.")
    (queue,) = [one for one in tool.rest("/Queues.json").json()["queues"] if one["friendly_name"] == "tables"]
    assert queue["current_size"] == 1

    front = f"/Queues/{queue['sid']}/Members/Front.json"
    taken = tool.rest(front, data={"Url": f"{tool.home(RESTAURANT)}/left"})

    assert taken.json()["call_sid"] == guest.sid
    assert guest.hears("Your table is ready")
    assert guest.is_over()


def test_app_calls_a_guest_through_the_rest_api_and_hears_how_it_ended(tool: Tool) -> None:
    placed = requests.post(f"{tool.home(RESTAURANT)}/own/call-back", json={"to": GUEST}, timeout=10).json()
    guest = tool.rings(GUEST).does("answer").does("keys", keys="1")

    assert placed["sid"] == guest.sid
    assert guest.hears("Your table is free. Press 1.", "See you soon.")
    events = tool.events(guest.sid, 3)
    assert [one["request"]["url"].rpartition("/")[2] for one in events] == ["table", "yes", "status"]
    assert [one["response"]["response_code"] for one in events] == [200, 200, 200]


def test_app_that_does_not_know_the_url_is_told_of_in_the_notifications(tool: Tool) -> None:
    call = tool.rest(
        "/Calls.json", data={"To": GUEST, "From": RESTAURANT, "Url": f"{tool.home(RESTAURANT)}/nowhere"}
    ).json()
    tool.rings(GUEST).does("answer")

    (told,) = tool.rest(f"/Calls/{call['sid']}/Notifications.json").json()["notifications"]
    assert (told["error_code"], told["log"], told["message_text"]) == ("11217", "0", "the line answered 404")
    whole = tool.rest(f"/Calls/{call['sid']}/Notifications/{told['sid']}.json").json()
    assert whole["response_body"] == "no"


def test_client_for_python_needs_a_proxy_and_an_authority_alone(
    tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", tool.proxy)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tool.authority))
    client = Client(ACCOUNT, TOKEN)

    assert client.api.v2010.accounts(ACCOUNT).fetch().status == "active"
    call = client.calls.create(to=GUEST, from_=RESTAURANT, url=f"{tool.home(RESTAURANT)}/table")
    assert client.calls(call.sid).update(status="canceled").status == "canceled"
    with pytest.raises(TwilioRestException) as refused:
        client.verify.v2.services("VA" + "1" * 32).fetch()
    assert (refused.value.status, refused.value.code) == (404, 20404)
    in_dublin = Client(ACCOUNT, TOKEN, region="ie1", edge="dublin")
    assert in_dublin.api.v2010.accounts(ACCOUNT).fetch().sid == ACCOUNT


def test_other_hosts_are_not_carried_and_the_refusal_says_what_to_do(tool: Tool) -> None:
    with pytest.raises(requests.exceptions.ProxyError, match="NO_PROXY"):
        requests.get("https://example.org/", proxies={"https": tool.proxy}, timeout=10)


def test_tls_port_can_be_used_directly(tool: Tool) -> None:
    url = tool.proxy.replace("http://", "https://")

    accounts, trusted = f"{url}/2010-04-01/Accounts.json", str(tool.authority)
    answer = requests.get(accounts, auth=(ACCOUNT, TOKEN), verify=trusted, timeout=10)

    assert [one["sid"] for one in answer.json()["accounts"]] == [ACCOUNT]
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(url, timeout=10)
    assert "Traceback" not in "\n".join(tool.program.all_printed()), "a client without trust is no fault"


def test_client_for_node_uses_every_resource(tool: Tool, tmp_path: Path) -> None:
    node = needs("node")
    if not (NODE_MODULES / "twilio").is_dir():
        is_missing("Twilio's client for Node is not here; `make node` fetches it")
    voice = f"{tool.home(RESTAURANT)}/voice"
    environ = {
        "PATH": os.environ["PATH"],
        "NODE_PATH": str(NODE_MODULES),
        "NODE_EXTRA_CA_CERTS": str(tool.authority),
        "HTTP_PROXY": tool.proxy,
        "ACCOUNT": ACCOUNT,
        "TOKEN": TOKEN,
        "NUMBER": RESTAURANT,
        "VOICE_URL": voice,
        "EXCHANGE": tool.url,
    }
    command = [node, str(APPS / "every_resource.js")]

    ran = subprocess.run(
        command, env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )

    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {
        "live": {
            "together": True,
            "muted": True,
            "hold": False,
            "kicked": True,
            "conference": "completed",
            "ofConference": ["Conference", "completed"],
            "front": True,
            "member": 1,
            "stopped": "completed",
            "sound": ["RIFF", True],
            "recordingGone": True,
            "warning": "12200",
            "lasted": "completed",
        },
        "account": "active",
        "accounts": 1,
        "number": [RESTAURANT, voice, True],
        "renamed": "Front desk",
        "bought": "+12025550177",
        "released": True,
        "application": "Hello",
        "call": ["queued", "outbound-api"],
        "calls": 1,
        "canceled": "canceled",
        "events": True,
        "notifications": 0,
        "logged": True,
        "recordings": 0,
        "tooEarly": [400, 21220],
        "allRecordings": True,
        "deleted": True,
        "applicationGone": True,
        "queue": ["from Node", 3, 0],
        "resized": 5,
        "members": 0,
        "front": [404, 20404],
        "queueGone": True,
        "invited": "queued",
        "participants": 0,
        "conferenceRecordings": 0,
        "ended": "completed",
        "message": ["queued", "1"],
        "messages": 1,
        "media": 0,
        "redacted": "",
        "messageGone": True,
        "unknown": [404, 20404],
        "notHere": [404, 20404],
    }


def test_without_a_token_one_is_made_up_and_a_certificate_of_ones_own_is_served(
    command: Path, tmp_path: Path
) -> None:
    authority = trustme.CA()
    own = authority.issue_cert("127.0.0.1")
    files = {"--certificate": own.cert_chain_pems[0], "--key": own.private_key_pem}
    for option, pem in files.items():
        pem.write_to_path(str(tmp_path / option))
    authority.cert_pem.write_to_path(str(tmp_path / "authority"))
    given = [part for option in files for part in (option, str(tmp_path / option))]
    program = Running(str(command), "--number", NUMBER, "--port", "0", "--tls", "0", *given, cwd=tmp_path)

    try:
        token = program.prints("TWILIO_AUTH_TOKEN=")
        url = program.prints("HTTPS_PROXY=").replace("http://", "https://")
        account = f"{url}/2010-04-01/Accounts/{ANY_ACCOUNT}.json"
        answer = requests.get(
            account, auth=(ANY_ACCOUNT, token), verify=str(tmp_path / "authority"), timeout=10
        )
    finally:
        program.ends()

    assert re.fullmatch(r"[0-9a-f]{32}", token)
    assert answer.json()["auth_token"] == token
    assert not (tmp_path / "exchange-ca.pem").exists()
