"""What listens for Label Studio: who is let in, how much may be sent, what comes back, who can hold it up."""

import asyncio
import base64
import json
import os
import socket
import stat
import subprocess
import sys
import threading
import time

import httpx
import pytest

from activeseed.annotators.label_studio.addresses import is_loopback
from activeseed.errors import ConfigError, FolderError
from activeseed.serving import HEADER, LocalServer, Order, Scores, Secret, build_app, listen, only_one
from activeseed.serving.app import EVENT_BYTES, PREDICT_BYTES
from activeseed.serving.server import BoundedProtocol

pytestmark = pytest.mark.usefixtures("nothing_left_open")

WORD = "a-secret-of-enough-characters"
SECRET = Secret(WORD, "a test")
STUDY = "study-1"
SCORES = Scores(
    {1: Order("activeseed-0123", {"r001-01": 0.0, "r001-02": 0.5}), 2: Order("activeseed-4567", {"r001-03": 0.0})}
)
EVENT = {"action": "ANNOTATION_CREATED"}


class Running:
    """The application on a real loopback port."""

    def __init__(self, protocol=BoundedProtocol):
        self.wake = threading.Event()
        self.train = threading.Event()
        self.listener = listen("127.0.0.1", 0)
        app = build_app(SECRET, self.wake.set, self.train.set, lambda: SCORES, STUDY)
        self.server = LocalServer(app, self.listener, protocol)
        self.client = httpx.Client(base_url=self.listener.address, timeout=20, trust_env=False)

    def __enter__(self):
        self.server.__enter__()
        return self

    def __exit__(self, *error):
        self.client.close()
        self.server.__exit__(*error)

    def post(self, path="/webhook", body=EVENT, headers=None, **more):
        if isinstance(body, dict | list):
            more["json"] = body
        elif body is not None:
            more["content"] = body
        return self.client.post(path, headers={HEADER: WORD} if headers is None else headers, **more)

    def connect(self):
        return socket.create_connection((self.listener.host, self.listener.port), timeout=20)


@pytest.fixture(scope="module")
def started():
    with Running() as running:
        yield running


@pytest.fixture
def running(started):
    started.wake.clear()
    return started


def basic(password, user="activeseed"):
    token = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {token}"}


# --- who is let in --------------------------------------------------------------------------------------------------


def test_an_event_with_the_secret_wakes_the_loop(running):
    reply = running.post()
    assert (reply.status_code, reply.json()) == (200, {"status": "ok"})
    assert running.wake.is_set()


@pytest.mark.parametrize("headers", [{HEADER.lower(): WORD}, {HEADER.upper(): WORD}, basic(WORD), basic(WORD, "x")])
def test_the_secret_is_known_in_the_header_and_as_a_password(running, headers):
    assert running.post(headers=headers).status_code == 200
    assert running.wake.is_set()


WRONG = [
    {},
    {HEADER: ""},
    {HEADER: WORD + "x"},
    {HEADER: WORD[:-1]},
    {HEADER: WORD.upper()},
    {HEADER: "é" * 30},
    {"X-Other": WORD},
    {"Authorization": f"Bearer {WORD}"},
    {"Authorization": "Basic"},
    {"Authorization": "Basic !!!"},
    {"Authorization": "Basic " + base64.b64encode(WORD.encode()).decode()},  # no colon: a user without password
    basic(""),
    basic("wrong"),
    basic("activeseed", WORD),
]


@pytest.mark.parametrize("headers", WRONG)
@pytest.mark.parametrize("path", ["/webhook", "/train", "/setup", "/predict"])
def test_without_the_secret_nothing_happens(running, path, headers):
    encoded = {k: v.encode() for k, v in headers.items()}
    reply = running.post(path, headers=encoded)
    assert reply.status_code == 401
    assert WORD not in reply.text
    assert not running.wake.is_set()
    assert not running.train.is_set()


def test_versions_need_the_secret_and_health_does_not(running):
    assert running.client.get("/versions").status_code == 401
    assert running.client.get("/health").json() == {"status": "UP", "model_class": "activeseed"}
    # Label Studio tells its user of a wrong password where the health check is refused
    assert running.client.get("/health", headers=basic("wrong")).status_code == 401
    assert running.client.get("/health", headers=basic(WORD)).status_code == 200


def test_a_secret_in_the_address_is_no_secret(running):
    assert running.post(f"/webhook?{HEADER}={WORD}", headers={}).status_code == 401
    assert not running.wake.is_set()


# --- what may be sent -----------------------------------------------------------------------------------------------


def in_pieces(total, piece=1 << 16):
    for _ in range(total // piece):
        yield b"x" * piece


@pytest.mark.parametrize("path", ["/webhook", "/setup", "/predict"])
@pytest.mark.parametrize("content", [b"x" * (50 << 20), in_pieces(50 << 20)], ids=["declared", "chunked"])
def test_fifty_megabytes_are_refused(running, path, content):
    if not isinstance(content, bytes):
        content = in_pieces(50 << 20)
    reply = running.post(path, content)
    assert reply.status_code == 413
    assert not running.wake.is_set()
    assert running.post().status_code == 200  # on the same connection, or another: it goes on


async def read_of(path, pieces, headers):
    """(status, bytes that the application took) for a body sent in pieces."""
    taken = 0
    replies = []
    left = list(pieces)

    async def receive():
        nonlocal taken
        piece = left.pop(0)
        taken += len(piece)
        return {"type": "http.request", "body": piece, "more_body": bool(left)}

    async def send(message):
        replies.append(message)

    app = build_app(SECRET, lambda: None, lambda: None, lambda: SCORES, STUDY)
    scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()], "scheme": "http",
        "http_version": "1.1", "server": ("test", 80), "client": ("test", 1), "root_path": "",
    }  # fmt: skip
    await app(scope, receive, send)
    return replies[0]["status"], taken


@pytest.mark.parametrize(("path", "most"), [("/webhook", EVENT_BYTES), ("/predict", PREDICT_BYTES)])
def test_a_body_that_is_too_long_is_not_taken_in(path, most):
    pieces = list(in_pieces(50 << 20))
    declared = {HEADER: WORD, "Content-Length": str(50 << 20)}
    assert asyncio.run(read_of(path, pieces, declared)) == (413, 0)
    status, taken = asyncio.run(read_of(path, pieces, {HEADER: WORD}))
    assert status == 413
    assert taken <= most + (1 << 16)
    assert asyncio.run(read_of(path, pieces, {})) == (401, 0)
    # a length that lies is no way round
    assert asyncio.run(read_of(path, pieces, {HEADER: WORD, "Content-Length": "10"}))[0] == 413


def test_the_last_byte_that_fits_is_taken(running):
    event = json.dumps(EVENT).encode()
    assert running.post(body=event + b" " * (EVENT_BYTES - len(event))).status_code == 200
    assert running.post(body=event + b" " * (EVENT_BYTES - len(event) + 1)).status_code == 413


def test_a_training_is_asked_for_without_reading_who_annotated_what(running):
    assert running.post("/train", b"x" * (20 << 20)).status_code == 200
    assert running.train.is_set()


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"nonsense", b"\xff\xfe", b"[]", b'"text"', b"null", b"{}", b'{"action": 3}', b"[" * 100_000],
)
def test_what_is_no_event_is_refused(running, body):
    reply = running.post(body=body)
    assert reply.status_code == 400
    assert "error" in reply.json()
    assert not running.wake.is_set()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404), ("POST", "/", 404), ("GET", "/webhooks", 404), ("POST", "/webhook/", 404),
        ("POST", "//webhook", 404), ("POST", "/job_status", 404), ("POST", "/delete", 404),
        ("GET", "/webhook", 405), ("PUT", "/webhook", 405), ("DELETE", "/webhook", 405), ("GET", "/predict", 405),
        ("POST", "/health", 405), ("OPTIONS", "/predict", 405),
    ],
)  # fmt: skip
def test_other_paths_and_methods(running, method, path, status):
    target = httpx.URL(running.listener.address).copy_with(raw_path=path.encode())
    assert running.client.request(method, target, headers={HEADER: WORD}).status_code == status
    assert not running.wake.is_set()


def test_what_is_no_http_is_refused_and_the_next_caller_is_served(running):
    for sent in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"POST /webhook HTTP/1.1\r\nx: \x00\r\n\r\n",
    ):
        with running.connect() as line:
            line.sendall(sent)
            assert line.recv(100).startswith(b"HTTP/1.1 400")
    assert running.post().status_code == 200


def test_headers_are_bounded(running):
    with running.connect() as line:
        line.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nx: " + b"y" * 200_000)
        assert line.recv(100).startswith(b"HTTP/1.1 400")


# --- who can't hold it up -------------------------------------------------------------------------------------------


class Impatient(BoundedProtocol):
    arrival = 0.5


class Unhurried(BoundedProtocol):
    """For requests that are meant to arrive in time, however busy the machine."""

    arrival = 2.0


class Crowded(BoundedProtocol):
    """Whoever is let in may stay: who is sent away was one too many."""

    most = 4


@pytest.fixture
def impatient():
    with Running(Impatient) as running:
        yield running


def closed_within(line, seconds):
    """Whether the other side ends the connection; what it says before is read."""
    line.settimeout(seconds)
    try:
        while line.recv(1 << 16):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        pass
    return True


HEAD = f"POST /webhook HTTP/1.1\r\nHost: x\r\n{HEADER}: {WORD}\r\nContent-Length: 100\r\n\r\n".encode()


@pytest.mark.parametrize("sent", [b"", b"POST /web", HEAD[:-2], HEAD, HEAD + b"{"], ids=range(5))
def test_a_caller_who_does_not_go_on_is_cut_off(impatient, sent):
    with impatient.connect() as line:
        line.sendall(sent)
        assert closed_within(line, 10)
    assert not impatient.wake.is_set()


@pytest.mark.parametrize("sent", [b"POST /webhook HTTP/1.1\r\n", HEAD])
def test_a_byte_now_and_then_buys_no_time(impatient, sent):
    began = time.monotonic()
    with impatient.connect() as line:
        try:
            line.sendall(sent)
            while time.monotonic() - began < 10:
                line.sendall(b"x")
                time.sleep(0.05)
        except ConnectionError:
            pass
    assert time.monotonic() - began < 10


def test_a_connection_is_kept_between_requests():
    request = HEAD.replace(b"100", str(len(json.dumps(EVENT))).encode()) + json.dumps(EVENT).encode()
    with Running(Unhurried) as running, running.connect() as line:
        for pause in (Unhurried.arrival + 0.2, 0.0):  # longer than a request may take to arrive
            line.sendall(request[:-5])
            time.sleep(0.1)
            line.sendall(request[-5:])
            said = b""
            while b'"ok"}' not in said:
                said += line.recv(1000)
            assert said.startswith(b"HTTP/1.1 200")
            time.sleep(pause)


def test_connections_are_counted():
    with Running(Crowded) as running:
        held = [running.connect() for _ in range(Crowded.most)]
        # the others are left to the protocol before the fifth knocks
        time.sleep(0.1)
        with running.connect() as fifth:
            assert closed_within(fifth, 0.5 * Crowded.arrival)
        for line in held:
            line.close()
        for _ in range(100):
            try:
                assert running.post().status_code == 200
                break
            except httpx.TransportError:
                time.sleep(0.05)
        else:
            pytest.fail("nobody is let in any more")


def test_an_event_is_answered_while_others_dawdle(running):
    slow = [running.connect() for _ in range(20)]
    for line in slow:
        line.sendall(HEAD)
    assert running.post(timeout=0.5 * BoundedProtocol.arrival).status_code == 200
    for line in slow:
        line.close()


# --- the protocol of ML backends ------------------------------------------------------------------------------------


def task(number, question, project=1, study=STUDY):
    meta = {"activeseed": study, "question": question}
    return {"id": number, "project": project, "data": {"text": "…"}, "meta": meta}


@pytest.mark.parametrize(
    ("project", "version"),
    [
        ("1.1700000000", "activeseed-0123"), ("2.1700000000", "activeseed-4567"), ("3.1700000000", "activeseed"),
        (None, "activeseed"), ("x", "activeseed"), ({"id": 1}, "activeseed"), ("9" * 5000, "activeseed"),
    ],
)  # fmt: skip
def test_a_backend_is_set_up_and_names_the_order_of_the_project(running, project, version):
    body = {
        "project": project, "schema": "<View/>", "hostname": "http://localhost:8080", "access_token": "t0ken",
        "extra_params": None,
    }  # fmt: skip
    reply = running.post("/setup", body, basic(WORD))
    assert (reply.status_code, reply.json()) == (200, {"model_version": version})
    assert not running.wake.is_set()


def test_all_orders_are_named(running):
    told = running.client.get("/versions", headers=basic(WORD)).json()
    assert told == {"versions": ["activeseed-0123", "activeseed-4567"]}


def test_tasks_are_scored_by_their_place_and_never_filled_in(running):
    tasks = [
        task(7, "r001-02"), task(8, "r001-01"), task(9, "r000-09"), task(10, "r001-01", study="another"),
        {"id": 11, "project": 1, "data": {"question": "r001-01"}}, task(12, ["r001-01"]), {"id": 13, "meta": None}, {},
        task(14, "r001-01", project=2), task(15, "r001-03", project=2), task(16, "r001-03", project=3),
    ]  # fmt: skip
    reply = running.post("/predict", {"tasks": tasks, "project": "1.2", "params": {"context": None}}, basic(WORD))
    results = reply.json()["results"]
    assert [r["score"] for r in results] == [0.5, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 1.0]
    assert [r["model_version"][10:] for r in results] == [*["-0123"] * 6, "", "", "-4567", "-4567", ""]
    assert all(r["result"] == [] for r in results)
    assert {key for r in results for key in r} == {"result", "score", "model_version"}


@pytest.mark.parametrize("body", [{}, [], {"tasks": None}, {"tasks": "x"}, {"tasks": [1]}, b"{", b""])
def test_predictions_of_nothing_are_refused(running, body):
    assert running.post("/predict", body).status_code == 400


def test_no_tasks_no_predictions(running):
    assert running.post("/predict", {"tasks": []}).json()["results"] == []


def test_a_training_event_of_the_server_is_more_than_a_wake_up(running):
    reply = running.post(body={"action": "START_TRAINING", "project": {"id": 1}}, headers=basic(WORD))
    assert reply.status_code == 200
    assert "job" not in reply.json()  # the server would ask after it
    assert running.train.is_set()
    assert not running.wake.is_set()


def test_scores_are_a_snapshot():
    given = {"q": 0.1}
    orders = {1: Order("v", given)}
    scores = Scores(orders)
    given["q"] = 0.9
    orders.clear()
    assert scores.of(1).scores["q"] == 0.1
    with pytest.raises(TypeError):
        scores.of(1).scores["q"] = 0.5  # type: ignore[index]


def test_nothing_is_printed_whatever_is_asked(running, capfd):
    running.post(f"/webhook?token={WORD}")
    running.post(headers={HEADER: "wrong"})
    running.post(body=b"{")
    with running.connect() as line:
        line.sendall(b"nonsense\r\n\r\n")
        line.recv(100)
    assert capfd.readouterr() == ("", "")


# --- the secret -----------------------------------------------------------------------------------------------------


def test_a_secret_is_made_once_and_nobody_else_may_read_it(tmp_path):
    first, second = Secret.of(tmp_path), Secret.of(tmp_path)
    path = tmp_path / ".activeseed" / "label_studio" / "webhook_secret"
    assert first == second
    assert len(first.value) >= 40
    assert first.place == str(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert first.value not in repr(first)
    assert Secret.of(tmp_path / "other").value != first.value
    assert {p.name for p in path.parent.iterdir()} == {"webhook_secret", ".gitignore"}


def test_a_secret_that_others_can_read_is_refused(tmp_path):
    word = Secret.of(tmp_path).value
    path = tmp_path / ".activeseed" / "label_studio" / "webhook_secret"
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600") as caught:
        Secret.of(tmp_path)
    assert word not in str(caught.value)


@pytest.mark.parametrize(
    "word", ["", "short", "fifteen-letters", "with a space in it", "tabs\tand\nlines-in-it", "ünïcödé-wörds-of-length"]
)
def test_a_secret_that_is_no_use_is_refused(tmp_path, monkeypatch, word):
    monkeypatch.setenv("ACTIVESEED_WEBHOOK_SECRET", word)
    with pytest.raises(ConfigError, match="ACTIVESEED_WEBHOOK_SECRET") as caught:
        Secret.of(tmp_path)
    assert not word or word not in str(caught.value)
    monkeypatch.delenv("ACTIVESEED_WEBHOOK_SECRET")
    Secret.of(tmp_path)
    (tmp_path / ".activeseed" / "label_studio" / "webhook_secret").write_text(word, "utf-8")
    with pytest.raises(ConfigError, match="webhook_secret"):
        Secret.of(tmp_path)


def test_the_environment_goes_first(tmp_path, monkeypatch):
    monkeypatch.setenv("ACTIVESEED_WEBHOOK_SECRET", WORD)
    assert Secret.of(tmp_path) == Secret(WORD, "ACTIVESEED_WEBHOOK_SECRET")
    assert not (tmp_path / ".activeseed").exists()


# --- the address, and one at a time ---------------------------------------------------------------------------------


def test_a_taken_port_says_so():
    first = listen("127.0.0.1", 0)
    with pytest.raises(ConfigError, match=f"Port {first.port} .* --port {first.port + 1}"):
        listen("127.0.0.1", first.port)
    first.socket.close()


@pytest.mark.parametrize(
    ("host", "port", "said"),
    [
        ("no.such.host.invalid", 0, "no such address"),
        ("192.0.2.1", 0, "no address of this machine"),
        ("127.0.0.1", 70_000, "70000"),
    ],
)
def test_an_address_that_is_none_of_ours(host, port, said):
    with pytest.raises(ConfigError, match=said):
        listen(host, port)


@pytest.mark.parametrize(
    ("host", "private"),
    [
        ("127.0.0.1", True), ("127.8.9.1", True), ("::1", True), ("[::1]", True), ("localhost", True),
        ("0.0.0.0", False), ("::", False), ("192.168.1.2", False), ("localhost.example.org", False), ("", False),
    ],
)  # fmt: skip
def test_what_counts_as_this_machine_alone(host, private):
    assert is_loopback(host) is private


HOLD = """
import sys, pathlib
from activeseed.serving import only_one
with only_one(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(os.name != "posix", reason="needs file locks")
def test_a_second_one_is_refused_until_the_first_is_gone_however_it_went(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(FolderError, match=rf"process {holder.pid}\)"), only_one(tmp_path):
        pass
    with only_one(tmp_path / "another"):
        pass
    holder.kill()
    holder.communicate()
    with only_one(tmp_path), pytest.raises(FolderError, match=f"process {os.getpid()}"), only_one(tmp_path):
        pass
    with only_one(tmp_path):
        pass
