"""One client's requests: to any replica, sent again with the same ids until there is a definite answer."""

import asyncio
import random
import time
from typing import Any

import httpx

from common.ids import new_id
from tests.faults.record import Json, Read, Record, Use, Write
from tests.faults.system import System
from tests.support.person import PASSWORD, new_client, new_email

TIMEOUT = httpx.Timeout(connect=1.5, read=6, write=6, pool=6)
BACKOFF_SECONDS = (0.05, 0.1, 0.2, 0.4, 0.8)
HAUNT_SECONDS = 8.0  # that an ended session is tried again
HAUNT_PAUSE = 0.2
ANYTHING = {"auth": "/api/auth/me", "todo": "/api/todo/lists", "chat": "/api/chat/unread"}
UNDECIDED = (502, 503, 504)


class Client:
    """An account, its session, and its connection to the system."""

    def __init__(self, system: System, name: str, seed: str) -> None:
        self.name = name
        self.id = ""
        self.token = ""
        self.session = ""
        self._changing = False  # the session ends, and the next has not begun
        self.chance = random.Random(seed)
        self.record = Record("")
        self.known: dict[str, int] = {}  # log → the highest number that this client has seen of it
        self._addresses = {service: system.addresses(service) for service in ANYTHING}
        self._email = new_email(name)
        self._http = new_client()
        self._http.timeout = TIMEOUT
        self.haunting: set[asyncio.Task[None]] = set()  # what tries sessions that have ended

    async def close(self) -> None:
        """Give the connections back."""
        for task in self.haunting:
            task.cancel()
        await self._http.aclose()

    def address(self, path: str, replica: int | None = None) -> str:
        """Where a public path is answered: by a replica of the service, chosen by chance unless told."""
        addresses = self._addresses[path.split("/")[2]]
        return (self.chance.choice(addresses) if replica is None else addresses[replica]) + path

    async def register(self) -> None:
        """Make the account and sign in."""
        account = {"email": self._email, "password": PASSWORD, "name": self.name}
        answer = await self.send("POST", "/api/auth/accounts", json=account)
        assert answer.status_code in (201, 409), answer.text
        await self.sign_in()
        self.id = (await self.send("GET", "/api/auth/me")).json()["id"]
        self.record.account = self.id

    async def sign_in(self) -> None:
        """Begin a session; its token is used from now on."""
        credentials = {"email": self._email, "password": PASSWORD, "transport": "body"}
        answer = await self.send("POST", "/api/auth/sessions", json=credentials)
        assert answer.status_code == 201, answer.text
        self.token = answer.json()["access_token"]
        self.session = answer.json()["session"]["id"]

    def same_as(self, other: "Client") -> None:
        """Another window of the same person, in the same session."""
        self.id, self.token, self.session = other.id, other.token, other.session
        self.record.account = other.id

    async def sign_out(self) -> None:
        """End the session, begin another, and see what the old one can still do."""
        token, session = self.token, self.session
        self._changing = True
        await self.send("DELETE", "/api/auth/sessions/current", token=token)
        ended = self.record.sessions[session] = time.monotonic()
        task = asyncio.create_task(self._haunt(token, ended))
        self.haunting.add(task)
        task.add_done_callback(self.haunting.discard)
        await self.sign_in()
        self._changing = False

    async def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """A request, until there is a definite answer."""
        attempt = 0
        while True:
            answer = await self.once(method, path, **options)
            if answer is not None and answer.status_code not in UNDECIDED:
                return answer
            await asyncio.sleep(BACKOFF_SECONDS[min(attempt, 4)] * self.chance.uniform(0.5, 1.5))
            attempt += 1

    async def once(
        self, method: str, path: str, *, replica: int | None = None, token: str | None = None, **options: Any
    ) -> httpx.Response | None:
        """One attempt; None when there was no answer, or only that our session has just been replaced."""
        used = token or self.token
        headers = options.pop("headers", {}) | ({"Authorization": f"Bearer {used}"} if used else {})
        try:
            answer = await self._http.request(method, self.address(path, replica), headers=headers, **options)
        except httpx.TransportError:
            return None
        if token is None and answer.status_code == 401 and (self._changing or used != self.token):
            return None
        self._look_at(answer, method, path, refused=token is None and answer.status_code == 401)
        return answer

    def saw(self, log: str, seq: int) -> None:
        """The log has reached this number."""
        self.known[log] = max(self.known.get(log, 0), seq)

    async def page(self, log: str, path: str, *, replica: int | None = None, **query: Any) -> Json | None:
        """A page of a log's collection; it must not be older than what the client has seen. None: 404."""
        known = self.known.get(log, 0)
        answer = await self.send("GET", path, params={"limit": 200, **query}, replica=replica)
        if answer.status_code != 200:
            return None
        page: Json = answer.json()
        self.record.reads.append(Read(log, known, page["seq"]))
        self.saw(log, page["seq"])
        return page

    async def write(
        self, wanted: Write, method: str, path: str, *, match: int | None = None, json: Json | None = None
    ) -> Json:
        """A change, under one id, until the answer is definite; the resource as the answer gives it.

        With If-Match a change that was made by an earlier attempt is refused the second time, with the
        resource as it is now: if that says what we wanted, it was ours.
        """
        wanted.sent = time.monotonic()
        self.record.writes.append(wanted)
        headers = {} if match is None else {"If-Match": f'"{match}"'}
        attempt = 0
        while True:
            wanted.attempts += 1
            answer = await self.once(method, path, json=json, headers=headers)
            if answer is not None and answer.status_code not in UNDECIDED:
                return self._settle(wanted, answer)
            wanted.unsure = True
            wanted.last = "no answer" if answer is None else answer.text[:200]
            await asyncio.sleep(BACKOFF_SECONDS[min(attempt, 4)] * self.chance.uniform(0.5, 1.5))
            attempt += 1

    def _settle(self, wanted: Write, answer: httpx.Response) -> Json:
        body: Json = answer.json() if answer.content else {}
        current = body.get("current") or {}
        if answer.is_success:
            wanted.acknowledged = time.monotonic()
            wanted.version = body.get("version")
            self.saw(wanted.log, wanted.version or 0)
            return body
        wanted.refused = str(body.get("code", answer.status_code))
        if wanted.token and wanted.token in (current.get("title"), current.get("body")):
            wanted.acknowledged = time.monotonic()
            return current
        return {}

    def _look_at(self, answer: httpx.Response, method: str, path: str, *, refused: bool) -> None:
        """What no client should ever get: an error without a name, a 503 that does not say when to come
        back, a refusal of a good token."""
        nameless = answer.status_code == 500 or (
            answer.status_code == 503 and "retry-after" not in answer.headers
        )
        if nameless or refused:
            self.record.oddities.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")

    async def _haunt(self, token: str, ended: float) -> None:
        """Use a token whose session has ended, everywhere."""
        while time.monotonic() < ended + HAUNT_SECONDS:
            for service, path in ANYTHING.items():
                sent = time.monotonic()
                answer = await self.once("GET", path, token=token)
                if answer is not None and answer.status_code in (200, 401):
                    done = answer.status_code == 200
                    self.record.uses.append(Use("session", service, ended, sent, done))
            await asyncio.sleep(HAUNT_PAUSE)


def fresh() -> str:
    """An id of the client's own choosing."""
    return str(new_id())
