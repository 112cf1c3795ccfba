"""`make upgrade` that is interrupted leaves as many replicas as there were."""

import pytest

from tools import upgrade
from tools.console import FailedError

OLD = ["old-1", "old-2"]
NEW = ["new-1", "new-2"]


class Engine:
    """As much of `docker` as is asked, with a service of two replicas; it breaks off at a command."""

    def __init__(self, at: str, error: BaseException) -> None:
        self.at = at
        self.error: BaseException | None = error
        self.there = list(OLD)

    def __call__(self, *arguments: str) -> str:
        """`docker …`."""
        command, said = " ".join(arguments), ""
        if command.startswith("compose up"):
            self.there += NEW
        elif command.startswith("compose ps"):
            said = "\n".join(self.there)
        elif command.startswith("compose config"):
            said = '{"services": {"todo": {"image": "todolist/todo:1"}}}'
        elif "State.Status" in command:
            said = "running"
        elif "State.Health" in command:
            said = "healthy"
        elif arguments[0] == "rm":
            self.there = [each for each in self.there if each not in arguments]
        if self.error is not None and self.at in command:
            error, self.error = self.error, None
            raise error
        return said


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), FailedError("It broke.", "Mend it.")], ids=["^C", "failure"]
)
@pytest.mark.parametrize(
    ("at", "left"),
    [
        ("compose up", OLD),
        ("State.Health.Status}} new-2", OLD),
        ("stop --time=30 old-1", NEW),
        ("rm old-1", NEW),
        ("stop --time=30 old-2", NEW),
    ],
)
def test_it_leaves_the_old_or_the_new(
    monkeypatch: pytest.MonkeyPatch, at: str, left: list[str], error: BaseException
) -> None:
    engine = Engine(at, error)
    monkeypatch.setattr(upgrade, "docker", engine)
    with pytest.raises(type(error)):
        upgrade.replace("todo")
    assert engine.there == left


def test_all_are_replaced_when_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine("never", KeyboardInterrupt())
    monkeypatch.setattr(upgrade, "docker", engine)
    upgrade.replace("todo")
    assert engine.there == NEW
