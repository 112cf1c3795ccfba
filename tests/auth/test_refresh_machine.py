"""The refresh rules as a state machine against the running service; time is moved in the database."""

from uuid import UUID

import httpx
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from tests.auth.support import PASSWORD, REFRESH, SESSIONS, AuthDatabase, counter_of, new_email
from tests.support import Stack

GRACE = 60.0


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_service_does_what_the_rules_say(stack: Stack, database: AuthDatabase) -> None:
    """Any order of presenting any token at any age."""
    url = stack.url("auth")
    with httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
        person = {"email": new_email("machine"), "password": PASSWORD}
        client.post("/api/auth/accounts", json=person | {"name": "Machine"}).raise_for_status()

        class Refreshing(RuleBasedStateMachine):
            """What a client, or a thief, may do with one session; the rules stand here in other words."""

            @initialize()
            def sign_in(self) -> None:
                """Token number one."""
                body = client.post(SESSIONS, json=person | {"transport": "body"}).json()
                self.session = body["session"]["id"]
                self.tokens = [body["refresh_token"]]
                self.rotated_ago = 0.0
                self.used_ago: float | None = None
                self.over = False

            def time_passes(self, seconds: float) -> None:
                """Everything becomes older."""
                self.rotated_ago += seconds
                self.used_ago = None if self.used_ago is None else self.used_ago + seconds
                database.run(
                    "UPDATE sessions SET rotated_at = rotated_at - INTERVAL %s SECOND, "
                    "used_at = used_at - INTERVAL %s SECOND WHERE id = %s",
                    seconds,
                    seconds,
                    UUID(self.session),
                )

            @rule(seconds=st.sampled_from([0.0, 30.0, 100.0]), back=st.sampled_from([0, 0, 0, 1, 1, 2]))
            def present(self, seconds: float, back: int) -> None:
                """After some time, present the current token, or one that many before it."""
                if self.over:
                    self.sign_in()
                if back >= len(self.tokens):
                    return
                self.time_passes(seconds)
                answer = client.post(REFRESH, json={"refresh_token": self.tokens[-1 - back]})
                if back > 1 or (back == 1 and self.used_ago is not None and self.used_ago >= GRACE):
                    self.over = True
                    assert (answer.status_code, answer.json()["code"]) == (401, "session-ended")
                    current = client.post(REFRESH, json={"refresh_token": self.tokens[-1]})
                    assert current.status_code == 401
                    return
                assert answer.status_code == 200
                token = answer.json()["refresh_token"]
                if back == 0 and self.rotated_ago >= GRACE:
                    assert counter_of(token) == counter_of(self.tokens[-1]) + 1
                    self.tokens.append(token)
                    self.rotated_ago, self.used_ago = 0.0, None
                else:
                    assert token == self.tokens[-1]
                    if back == 0 and self.used_ago is None:
                        self.used_ago = 0.0

        run_state_machine_as_test(
            Refreshing,
            settings=settings(
                max_examples=40,
                stateful_step_count=12,
                deadline=None,
                derandomize=True,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
