"""`python -m common.bootstrap --kubernetes`: Secrets made where missing, never changed, never shown."""

import base64
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pymysql
import pytest

from common.bootstrap import __main__ as command
from common.bootstrap import kubernetes
from tests.common.kubernetes_api import API, make_certificate, serving
from tools.stack import MySQL, free_port


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[API]:
    """A cluster in which nothing has been made; the database server is nowhere yet."""
    with serving(tmp_path / "serviceaccount") as api:
        monkeypatch.setattr(kubernetes, "ACCOUNT", api.account)
        monkeypatch.setattr(kubernetes, "PAUSE_SECONDS", 0.05)
        for name, value in api.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("TODOLIST_MYSQL_HOST", "127.0.0.1")
        monkeypatch.setenv("TODOLIST_MYSQL_PORT", str(free_port()))
        monkeypatch.setenv("TODOLIST_BOOTSTRAP_SECONDS", "0")
        yield api


@pytest.fixture
def server(api: API, new_mysql: Callable[[], MySQL], monkeypatch: pytest.MonkeyPatch) -> MySQL:
    """A new database server that has the root password of the Secret, as MySQL takes it when it starts."""
    server = new_mysql()
    api.secrets["mysql"] = {"root-password": server.password, "backup-password": "kept-" * 6}
    monkeypatch.setenv("TODOLIST_MYSQL_PORT", str(server.port))
    monkeypatch.setenv("TODOLIST_BOOTSTRAP_SECONDS", "30")
    return server


def run() -> int:
    return command.main(["--kubernetes"])


def signs_in(server: MySQL, account: str, password: str) -> bool:
    try:
        pymysql.connect(host="127.0.0.1", port=server.port, user=account, password=password).close()
    except pymysql.err.OperationalError as error:
        return bool(error.args[0] != 1045)  # access denied
    return True


def assert_nothing_is_shown(said: str, api: API) -> None:
    """Neither a value nor its base64 nor the token, in whatever was printed."""
    values = [value for secret in api.secrets.values() for value in secret.values() if value]
    for value in [*values, api.token]:
        assert value not in said
        assert base64.b64encode(value.encode()).decode() not in said


def test_all_is_made_once_and_found_ever_after(
    api: API, server: MySQL, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0
    first = json.dumps(api.secrets)
    assert {name: set(keys) for name, keys in api.secrets.items()} == {
        "mysql": {"root-password", "backup-password"},
        "redis": {"password"},
        "service-key": {"service-key"},
        "auth": {"database-password", "migrator-password", "key-encryption-key", "refresh-key"},
        "todo": {"database-password", "migrator-password"},
        "chat": {"database-password", "migrator-password"},
    }
    for service in ("auth", "todo", "chat"):
        assert signs_in(server, service, api.secrets[service]["database-password"])
        assert signs_in(server, f"{service}_migrator", api.secrets[service]["migrator-password"])
    assert signs_in(server, "backup", api.secrets["mysql"]["backup-password"])

    assert run() == 0
    assert json.dumps(api.secrets) == first
    said = "".join(capfd.readouterr())
    assert "Secret mysql: there already" in said
    assert "Secret auth: made" in said
    assert "Databases and accounts are ready." in said
    assert_nothing_is_shown(said, api)
    assert {verb for verb, _, _ in api.asked} == {"GET", "POST"}
    assert not [asked for asked in api.asked if asked[2] == 403]


def test_a_password_changed_in_the_secret_is_set_on_the_account(api: API, server: MySQL) -> None:
    assert run() == 0
    before = api.secrets["todo"]["database-password"]
    api.secrets["todo"]["database-password"] = "another-" * 4
    assert run() == 0
    assert signs_in(server, "todo", "another-" * 4)
    assert not signs_in(server, "todo", before)


def test_two_at_once_agree(api: API, server: MySQL) -> None:
    """Whoever makes a Secret first is right, and the accounts end with what the Secrets hold."""
    outcomes: list[int] = []
    jobs = [threading.Thread(target=lambda: outcomes.append(run())) for _ in range(4)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert outcomes == [0, 0, 0, 0]
    for service in ("auth", "todo", "chat"):
        assert signs_in(server, service, api.secrets[service]["database-password"])


def test_what_somebody_else_made_in_the_same_moment_holds(api: API, server: MySQL) -> None:
    """Between our look and our creation: 409, and theirs is read."""
    api.rival["chat"] = {"database-password": "theirs-" * 4, "migrator-password": "theirs-too-" * 4}
    assert run() == 0
    assert ("POST", "/api/v1/namespaces/todolist/secrets", 409) in api.asked
    assert signs_in(server, "chat", "theirs-" * 4)


@pytest.mark.parametrize(
    "keys", [{"database-password": "x" * 32}, {"migrator-password": "", "other": "y" * 32}]
)
def test_a_secret_that_lacks_a_key_is_named_and_not_changed(
    api: API, capfd: pytest.CaptureFixture[str], keys: dict[str, str]
) -> None:
    api.secrets["chat"] = dict(keys)
    assert run() == 2
    assert api.secrets["chat"] == keys
    said = "".join(capfd.readouterr())
    assert "chat: migrator-password" in said
    assert "kubectl -n todolist patch secret" in said
    assert_nothing_is_shown(said, api)


@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_a_role_that_is_too_small_is_said(api: API, capfd: pytest.CaptureFixture[str], verb: str) -> None:
    api.refuse = {verb}
    assert run() == 1
    said = capfd.readouterr().err
    assert "status 403" in said
    assert "Its Role must allow" in said
    assert len(api.asked) <= 2, "waiting would not help"


def test_a_token_that_is_refused_is_said(api: API, capfd: pytest.CaptureFixture[str]) -> None:
    (api.account / "token").write_text("0ld")
    assert run() == 1
    said = capfd.readouterr().err
    assert "status 401" in said
    assert "0ld" not in said


def test_a_token_that_was_replaced_is_read_anew(api: API, server: MySQL) -> None:  # noqa: ARG001 - is there
    """The file changes before the token expires; a Job may wait for longer than that."""
    api.failures = [503]
    asked_with = api.token

    def replace() -> None:
        while not api.asked:
            time.sleep(0.005)
        api.token = "the-next-token"
        (api.account / "token").write_text(api.token)

    replacing = threading.Thread(target=replace)
    replacing.start()
    assert run() == 0
    replacing.join()
    assert api.token != asked_with


def test_an_api_server_that_is_starting_is_waited_for(
    api: API,
    server: MySQL,  # noqa: ARG001 - is there
    capfd: pytest.CaptureFixture[str],
) -> None:
    api.failures = [503, 429, 500]
    assert run() == 0
    assert "Waiting for the Kubernetes API" in capfd.readouterr().out


def test_nobody_but_the_cluster_is_told_the_secrets(api: API, capfd: pytest.CaptureFixture[str]) -> None:
    """A server with another certificate gets no request, and no token."""
    make_certificate(api.account / "ca.crt")
    assert run() == 1
    assert "is not trusted" in capfd.readouterr().err
    assert api.asked == []


def test_an_authority_that_is_not_by_the_letter_is_trusted(
    api: API,
    server: MySQL,  # noqa: ARG001 - is there
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As kubectl does, also where Python is strict unless told otherwise (3.13)."""
    make_context, made = ssl.create_default_context, []

    def as_python_3_13(**options: str) -> ssl.SSLContext:
        context = make_context(**options)  # type: ignore[arg-type]  # handed on as it came
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        made.append(context)
        return context

    monkeypatch.setattr(ssl, "create_default_context", as_python_3_13)
    assert run() == 0
    assert api.asked
    assert not made[0].verify_flags & ssl.VERIFY_X509_STRICT
    assert made[0].check_hostname


def test_outside_a_pod_it_says_so(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    assert run() == 1
    assert "not a pod with a service account" in capfd.readouterr().err


def test_a_namespace_may_be_named(
    api: API, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TODOLIST_NAMESPACE", "elsewhere")
    assert run() == 1
    assert api.asked == [("GET", "/api/v1/namespaces/elsewhere/secrets/mysql", 403)]
    assert "elsewhere/mysql" in capfd.readouterr().err
