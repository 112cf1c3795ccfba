"""A person who uses the API over HTTP: registered, signed in, with an address book of one stack."""

import ssl
import uuid
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import httpx

from tests.support.live import Live, open_live

PASSWORD = "correct horse battery staple"
_TLS = ssl.create_default_context()  # built once: it costs more than a request


class Person:
    """Someone who is signed in. The verbs send the token; paths are public ones, /api/<service>/…"""

    def __init__(self, url: Callable[[str], str], name: str, email: str) -> None:
        self._url = url
        self.name = name
        self.email = email
        self.password = PASSWORD
        self.id = ""
        self.token = ""
        self.session: dict[str, Any] = {}
        self.client = new_client()

    async def register(self) -> None:
        """Make the account, then sign in."""
        account = {"email": self.email, "password": self.password, "name": self.name}
        answer = await self.client.post(self.address("/api/auth/accounts"), json=account)
        assert answer.status_code == 201, answer.text
        self.id = answer.json()["id"]
        await self.sign_in()

    async def sign_in(self, transport: str = "cookie") -> httpx.Response:
        """A new session; its token is used from now on."""
        credentials = {"email": self.email, "password": self.password, "transport": transport}
        answer = await self.client.post(self.address("/api/auth/sessions"), json=credentials)
        assert answer.status_code == 201, answer.text
        self.token = answer.json()["access_token"]
        self.session = answer.json()["session"]
        return answer

    def address(self, path: str) -> str:
        """Where a public path is answered in this stack."""
        return self._url(path.split("/")[2]) + path

    async def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Any request, with the token unless other headers say otherwise; the answer as it is."""
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return await self.client.request(method, self.address(path), headers=headers, **options)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        """GET."""
        return await self.request("GET", path, **options)

    async def post(self, path: str, **options: Any) -> httpx.Response:
        """POST."""
        return await self.request("POST", path, **options)

    async def patch(self, path: str, **options: Any) -> httpx.Response:
        """PATCH."""
        return await self.request("PATCH", path, **options)

    async def put(self, path: str, **options: Any) -> httpx.Response:
        """PUT."""
        return await self.request("PUT", path, **options)

    async def delete(self, path: str, **options: Any) -> httpx.Response:
        """DELETE."""
        return await self.request("DELETE", path, **options)

    def live(self, service: str, **options: Any) -> AbstractAsyncContextManager[Live]:
        """An authenticated live socket of a service, closed at the end of the block."""
        return open_live(f"{self._url(service)}/api/{service}/live", self.token, **options)


class PersonFactory(Protocol):
    """`await person("Alice")`: a fresh account, signed in; on another stack when one is given."""

    async def __call__(self, name: str = "Alice", *, stack: Any = None) -> Person: ...


def new_client() -> httpx.AsyncClient:
    """A client of this machine's services, without proxies."""
    return httpx.AsyncClient(verify=_TLS, trust_env=False, timeout=30)


def new_email(name: str) -> str:
    """An address nobody had before."""
    local = "".join(letter for letter in name.lower() if letter.isascii() and letter.isalnum()) or "person"
    return f"{local}.{uuid.uuid4().hex[:12]}@example.com"
