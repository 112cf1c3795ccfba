"""The secrets of an installation as Secrets of Kubernetes: those that are missing are made, in the cluster.

The Job that runs this may get the Secrets named here and create Secrets, nothing else. What is there is never
changed and never shown: an operator may have made it, or another Job in the same moment.
"""

import base64
import binascii
import ssl
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import httpx

from common.bootstrap.secrets import IncompleteError, new_secrets
from common.settings import PREFIX

SECRETS = {
    "mysql": {"root-password": "mysql_root_password", "backup-password": "backup_password"},
    "redis": {"password": "redis_password"},
    "service-key": {"service-key": "service_key"},
    "auth": {
        "database-password": "auth_password",
        "migrator-password": "auth_migrator_password",
        "key-encryption-key": "key_encryption_key",
        "refresh-key": "refresh_key",
    },
    "todo": {"database-password": "todo_password", "migrator-password": "todo_migrator_password"},
    "chat": {"database-password": "chat_password", "migrator-password": "chat_migrator_password"},
}
"""Secret, key, name of new_secrets()."""
ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
LABELS = {"app.kubernetes.io/part-of": "todolist", "app.kubernetes.io/managed-by": "todolist-bootstrap"}
PAUSE_SECONDS = 1.0
SAY_SECONDS = 5.0
# Too many requests, or an API server that is starting, stopping or cut off from its own storage.
NOT_YET = {429, 500, 502, 503, 504}


class ClusterError(Exception):
    """The Kubernetes API did not do what was asked; the message says why and what to do."""


class Cluster:
    """The Secrets of one namespace, through the Kubernetes API, as the service account of this pod."""

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        deadline: float,
        say: Callable[[str], None],
    ) -> None:
        host = environment.get("KUBERNETES_SERVICE_HOST")
        if not host or not ACCOUNT.is_dir():
            raise ClusterError("This is not a pod with a service account: --kubernetes runs as a Job.")
        port = environment.get("KUBERNETES_SERVICE_PORT", "443")
        self.namespace = environment.get(f"{PREFIX}NAMESPACE") or (ACCOUNT / "namespace").read_text().strip()
        self._url = f"https://{f'[{host}]' if ':' in host else host}:{port}"
        self._deadline = deadline
        self._say = say
        # The cluster's own authority and no other; and no proxy, whatever the environment names.
        trust = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))
        # Python 3.13 refuses authorities that are not RFC 5280 to the letter, as those of older clusters are
        # (EKS, microk8s); kubectl takes them. Signatures, names and dates are checked as ever.
        trust.verify_flags &= ~ssl.VERIFY_X509_STRICT
        self._client = httpx.Client(verify=trust, trust_env=False, timeout=10)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def read(self, name: str) -> dict[str, str] | None:
        """What a Secret holds; None when there is none of this name."""
        answer = self._ask("GET", name)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        self._expect(answer, "get", name)
        held: dict[str, str] = answer.json().get("data") or {}
        try:
            return {key: base64.b64decode(value).decode() for key, value in held.items()}
        except (binascii.Error, UnicodeDecodeError):
            raise ClusterError(
                f"The Secret {self.namespace}/{name} holds something that is no text."
            ) from None

    def create(self, name: str, values: Mapping[str, str]) -> bool:
        """Make a Secret; False when somebody else made it in the meantime."""
        manifest = {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "Opaque",
            "metadata": {"name": name, "namespace": self.namespace, "labels": LABELS},
            "data": {key: base64.b64encode(value.encode()).decode() for key, value in values.items()},
        }
        answer = self._ask("POST", name, manifest)
        if answer.status_code == httpx.codes.CONFLICT:
            return False
        self._expect(answer, "create", name)
        return True

    def _ask(self, method: str, name: str, manifest: Mapping[str, object] | None = None) -> httpx.Response:
        """One request, again while the API server is not there, until the deadline."""
        path = f"/api/v1/namespaces/{self.namespace}/secrets"
        told = -SAY_SECONDS
        while True:
            try:
                # Read for each request: the file is replaced before the token in it expires.
                token = (ACCOUNT / "token").read_text().strip()
                answer = self._client.request(
                    method,
                    self._url + (path if manifest else f"{path}/{name}"),
                    headers={"Authorization": f"Bearer {token}"},
                    json=manifest,
                )
                if answer.status_code not in NOT_YET:
                    return answer
                reason = f"status {answer.status_code}"
            except httpx.TransportError as error:
                if "CERTIFICATE_VERIFY_FAILED" in str(error):
                    raise ClusterError(f"The Kubernetes API at {self._url} is not trusted: {error}") from None
                reason = str(error) or type(error).__name__
            now = time.monotonic()
            if now >= self._deadline:
                raise ClusterError(f"The Kubernetes API at {self._url} did not answer: {reason}")
            if now - told >= SAY_SECONDS:
                told = now
                self._say(f"Waiting for the Kubernetes API at {self._url}: {reason}")
            time.sleep(PAUSE_SECONDS)

    def _expect(self, answer: httpx.Response, verb: str, name: str) -> None:
        if answer.is_success:
            return
        advice = {
            401: "Its token was refused: is it this cluster's?",
            403: "Its Role must allow to get the named Secrets and to create Secrets, in this namespace.",
            404: f"Is there a namespace {self.namespace}?",
        }.get(answer.status_code, "")
        raise ClusterError(
            f"The service account may not or could not {verb} the Secret {self.namespace}/{name}:"
            f" status {answer.status_code}, {_reason(answer)}. {advice}".rstrip()
        )


def read_or_make(cluster: Cluster, say: Callable[[str], None]) -> dict[str, str]:
    """All secrets of the installation, by name; Secrets that are not there are made."""
    secrets: dict[str, str] = {}
    fresh = new_secrets()
    lacking: list[str] = []
    for secret, names in SECRETS.items():
        held = cluster.read(secret)
        if held is None and cluster.create(secret, made := {key: fresh[name] for key, name in names.items()}):
            say(f"Secret {secret}: made")
            held = made
        else:
            say(f"Secret {secret}: there already")
        # After a conflict: what the other one made is what holds.
        held = cluster.read(secret) if held is None else held
        if held is None:
            raise ClusterError(
                f"The Secret {cluster.namespace}/{secret} was there and is gone. Run this again."
            )
        lacking += [f"{secret}: {key}" for key in names if not held.get(key)]
        secrets |= {name: held[key] for key, name in names.items() if held.get(key)}
    if lacking:
        raise IncompleteError(_advice(cluster.namespace, lacking))
    return secrets


def root_url(environment: Mapping[str, str], password: str) -> str:
    """Where MySQL is, with the account that may make others."""
    account = quote(environment.get(f"{PREFIX}MYSQL_USER", "root"), safe="")
    host = environment.get(f"{PREFIX}MYSQL_HOST", "mysql")
    port = environment.get(f"{PREFIX}MYSQL_PORT", "3306")
    return f"mysql://{account}:{quote(password, safe='')}@{host}:{port}"


def _advice(namespace: str, lacking: list[str]) -> str:
    listed = "".join(f"\n  {item}" for item in lacking)
    return (
        f"These Secrets in the namespace {namespace} are there, but a key is missing or empty:{listed}\n"
        "They are never changed from here. Add each key, for instance:\n"
        f'  kubectl -n {namespace} patch secret NAME --type merge -p \'{{"stringData":{{"KEY":"value"}}}}\'\n'
        "(key-encryption-key is 32 random bytes in base64, every other value a random text of 32 letters or"
        " more). Deleting a Secret to have it made anew is safe only while there is no data."
    )


def _reason(answer: httpx.Response) -> str:
    try:
        return str(answer.json().get("message", answer.reason_phrase))
    except ValueError:
        return answer.reason_phrase
