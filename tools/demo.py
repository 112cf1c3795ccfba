"""Demo data over the public HTTP API: two people, a list they share, a conversation in two languages."""

import json
import secrets
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any

from tools.console import FailedError

TITLE = "中秋烤肉 Moon festival barbecue"
TASKS: list[dict[str, Any]] = [
    {"title": "訂場地：河濱公園 Book the riverside park", "done": True, "priority": 3},
    {
        "title": "買木炭和烤肉架 Buy charcoal and a grill",
        "notes": "兩包應該夠。Two bags should do.",
        "priority": 2,
    },
    {"title": "準備蔬食選項 Something for the vegetarians", "labels": ["食物", "food"]},
    {"title": "月餅與柚子 Mooncakes and pomelos", "labels": ["食物", "food"]},
    {"title": "帶桌遊 Bring a board game"},
]
CONVERSATION = [
    (0, "大家好！今年的中秋烤肉我來開清單 🌕"),
    (1, "Great, count me in! Is the riverside place still free?"),
    (0, "訂好了，星期六下午四點。Booked: Saturday at four."),
    (1, "那我負責木炭和烤肉架。I will bring the charcoal and the grill."),
    (0, "太好了！記得 Lin 吃素。Remember that Lin is vegetarian."),
    (1, "已經加到清單了 👍 Added it to the list."),
]
WAIT_SECONDS = 30


class Demo:
    """What is to be made. Every id is drawn before the first request, so that a seeding can be repeated."""

    def __init__(self, path: Path, site: str) -> None:
        self._path = path
        self._site = site
        self.plan: dict[str, Any] = json.loads(path.read_text()) if path.exists() else self._new_plan()

    @property
    def people(self) -> list[dict[str, str]]:
        """Their names, addresses and passwords."""
        return list(self.plan["people"])

    @property
    def done(self) -> bool:
        """Whether everything has been made."""
        return bool(self.plan["done"])

    def seed(self) -> None:
        """Make everything that is not there yet."""
        tokens = [self._sign_in(person) for person in self.people]
        owner, guest = tokens
        guest_id = self._call("GET", "/api/auth/me", guest)["id"]
        ids = iter(self.plan["ids"])
        list_id = next(ids)
        home_path = f"/api/todo/lists/{list_id}"
        self._call("POST", "/api/todo/lists", owner, {"id": list_id, "title": TITLE})
        self._call("PUT", f"{home_path}/members/{guest_id}", owner, {"role": "editor"})
        for task in TASKS:
            self._call("POST", f"{home_path}/tasks", owner, {"id": next(ids), **task})
        room = self._room(guest, list_id)
        for speaker, body in CONVERSATION:
            self._call(
                "POST", f"/api/chat/rooms/{room}/messages", tokens[speaker], {"id": next(ids), "body": body}
            )
        self.plan["done"] = True
        self._save()

    def _new_plan(self) -> dict[str, Any]:
        people = [
            {"name": name, "email": f"{local}@example.com", "password": _password()}
            for name, local in (("美玲 Meiling", "meiling"), ("Sam", "sam"))
        ]
        ids = [_uuid7() for _ in range(1 + len(TASKS) + len(CONVERSATION))]
        self.plan = {"people": people, "ids": ids, "done": False}
        self._save()
        return self.plan

    def _save(self) -> None:
        self._path.touch(mode=0o600)
        self._path.write_text(json.dumps(self.plan, ensure_ascii=False, indent=2))

    def _sign_in(self, person: dict[str, str]) -> str:
        try:
            self._call("POST", "/api/auth/accounts", None, person)
        except FailedError as failure:
            if "email-taken" not in failure.what:
                raise
        credentials = {"email": person["email"], "password": person["password"], "transport": "body"}
        return str(self._call("POST", "/api/auth/sessions", None, credentials)["access_token"])

    def _room(self, token: str, list_id: str) -> str:
        """The list's room; chat makes it by itself, soon after the list and its members."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            rooms = self._call("GET", f"/api/chat/rooms?list_id={list_id}", token)["items"]
            if rooms:
                return str(rooms[0]["id"])
            time.sleep(0.2)
        raise FailedError("The demo list got no room.", "Look above for what chat logged.")

    def _call(self, method: str, path: str, token: str | None, body: Any = None) -> Any:
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._site + path, data, headers, method=method)  # noqa: S310 - ours
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                with _opener.open(request, timeout=10) as response:
                    answer = response.read()
                    return json.loads(answer) if answer else None
            except urllib.error.HTTPError as error:
                said = error.read().decode(errors="replace")
                # An account that the other service has not heard of yet, or a service that is not up yet.
                if error.code in (404, 502, 503) and method != "GET" and time.monotonic() < deadline:
                    time.sleep(0.2)
                    continue
                advice = "Look above for what the service logged; `make reset` forgets all data."
                raise FailedError(
                    f"{method} {path} was answered with {error.code}: {said}", advice
                ) from error


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _password() -> str:
    """Easy to read and to type, and nobody else's."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(3))


def _uuid7() -> str:
    """Random, led by the time: what the API asks of an id that the client chooses."""
    milliseconds = time.time_ns() // 1_000_000
    number = milliseconds << 80 | secrets.randbits(80)
    number = number & ~(0xF << 76) | 7 << 76
    number = number & ~(0x3 << 62) | 2 << 62
    return str(uuid.UUID(int=number))
