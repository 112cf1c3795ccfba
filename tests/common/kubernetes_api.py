"""As much of the Kubernetes API as the bootstrap Job may use: Secrets, over TLS, for one service account."""

import base64
import datetime
import ipaddress
import json
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NAMED = {"mysql", "redis", "service-key", "auth", "todo", "chat"}
SECRETS_PATH = re.compile(r"/api/v1/namespaces/todolist/secrets(?:/([a-z-]+))?")


@dataclass
class API:
    """A server's state: what it holds, what it was asked, and how it should misbehave."""

    account: Path
    port: int = 0
    token: str = "t0ken-of-the-service-account"
    secrets: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[tuple[str, str, int]] = field(default_factory=list)
    refuse: set[str] = field(default_factory=set)
    """Verbs its Role lacks."""
    failures: list[int] = field(default_factory=list)
    """Statuses of the next answers, whatever is asked."""
    rival: dict[str, dict[str, str]] = field(default_factory=dict)
    """Secrets that somebody else makes in the moment before we would."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def environment(self) -> dict[str, str]:
        """What Kubernetes puts into a container."""
        return {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(self.port)}

    def answer(self, verb: str, path: str, token: str | None, body: bytes) -> tuple[int, dict[str, Any]]:
        with self._lock:
            status, said = self._decide(verb, path, token, body)
            self.asked.append((verb, path, status))
            return status, said

    def _decide(self, verb: str, path: str, token: str | None, body: bytes) -> tuple[int, dict[str, Any]]:
        if self.failures:
            return _status(self.failures.pop(0), "later")
        if token != f"Bearer {self.token}":
            return _status(401, "Unauthorized")
        found = SECRETS_PATH.fullmatch(path)
        name = found[1] if found else None
        allowed = found and ((verb == "GET" and name in NAMED) or (verb == "POST" and not name))
        if not allowed or verb in self.refuse:
            who = "system:serviceaccount:todolist:bootstrap"
            return _status(403, f'secrets is forbidden: User "{who}" cannot {verb} resource "secrets"')
        if verb == "GET" and name:
            return self._object(200, name) if name in self.secrets else _status(404, f'"{name}" not found')
        return self._create(json.loads(body))

    def _create(self, manifest: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        name = manifest["metadata"]["name"]
        assert (manifest["apiVersion"], manifest["kind"]) == ("v1", "Secret")
        assert name in NAMED
        if name in self.rival:
            self.secrets[name] = self.rival.pop(name)
        if name in self.secrets:
            return _status(409, f'secrets "{name}" already exists')
        texts = manifest["data"].items()
        self.secrets[name] = {key: base64.b64decode(text, validate=True).decode() for key, text in texts}
        return self._object(201, name)

    def _object(self, status: int, name: str) -> tuple[int, dict[str, Any]]:
        data = {key: base64.b64encode(text.encode()).decode() for key, text in self.secrets[name].items()}
        return status, {"kind": "Secret", "metadata": {"name": name}, "data": data}


@contextmanager
def serving(account: Path) -> Iterator[API]:
    """A running server; `account` is what a pod finds mounted, with the certificate to trust."""
    api = API(account)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, said = api.answer(self.command, self.path, self.headers.get("Authorization"), body)
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

        def log_message(self, *_: object) -> None:
            """Silent: what is printed is the subject of the tests."""

    account.mkdir()
    (account / "token").write_text(api.token + "\n")
    (account / "namespace").write_text("todolist")
    key = make_certificate(account / "ca.crt")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(account / "ca.crt", key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        api.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield api
        finally:
            server.shutdown()
            thread.join()


def make_certificate(path: Path) -> Path:
    """A certificate for 127.0.0.1 that vouches for itself; returns where its key is."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubernetes")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    path.with_name("server.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    )
    return path.with_name("server.key")


def _status(code: int, message: str) -> tuple[int, dict[str, Any]]:
    return code, {"kind": "Status", "status": "Failure", "message": message, "code": code}
