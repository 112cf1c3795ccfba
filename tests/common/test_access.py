"""Access to a topic ends before the event that ends it is sent, and is what it is at the head."""

from common.ids import new_id
from common.log.events import Run
from common.log.transaction import Tx
from tests.common.conftest import Log, create, event, note
from tests.common.screen import Screen, sees, subscribe
from tests.support import eventually


async def test_revoked_before_the_event_is_sent(log: Log) -> None:
    """The one whose access ends gets no event any more, live or replayed; the others get it."""
    topic = f"list:{new_id()}"
    await create(log, topic)
    leaver, stayer = Screen(), Screen()
    subscribe(log.hub, leaver, topic)
    subscribe(log.hub, stayer, topic)

    async def both() -> bool:
        return leaver.ops() == stayer.ops() == ["subscribed"]

    await eventually(both)

    async def remove(tx: Tx) -> None:
        gone = leaver.account_id
        tx.append(topic, "member.removed", resource_id=gone, actor_id=None, data=b"{}", revokes=[gone])
        await note(tx, topic, "secret")

    await log.writer.write([topic], remove)
    await eventually(sees(stayer, [1, 2]))
    assert leaver.frames[1:] == [{"op": "unsubscribed", "topic": topic, "reason": "removed"}]
    assert leaver.over

    async def delete(tx: Tx) -> None:
        tx.append(topic, "list.deleted", resource_id=new_id(), actor_id=None, data=b"{}", revokes="all")

    await log.writer.write([topic], delete)

    async def over() -> bool:
        return stayer.over

    await eventually(over)
    assert stayer.frames[-1] == {"op": "unsubscribed", "topic": topic, "reason": "deleted"}
    assert topic not in log.hub.topics


async def test_somebody_back_on_a_list_sees_its_past(log: Log) -> None:
    """Access is what it is at the head: an earlier removal in what is replayed ends nothing."""
    topic = f"list:{new_id()}"
    await create(log, topic)
    screen = Screen()

    async def removed_and_back(tx: Tx) -> None:
        tx.append(
            topic,
            "member.removed",
            resource_id=new_id(),
            actor_id=None,
            data=b"{}",
            revokes=[screen.account_id],
        )
        await note(tx, topic, "back")

    await log.writer.write([topic], removed_and_back)
    subscribe(log.hub, screen, topic, 0)
    await eventually(sees(screen, [1, 2]))


async def test_a_run_stops_where_access_ends(log: Log) -> None:
    """What follows the revocation in the same write is not written."""
    topic = f"list:{new_id()}"
    await create(log, topic)
    screen = Screen()
    subscription = subscribe(log.hub, screen, topic)

    async def began() -> bool:
        return screen.ops() == ["subscribed"]

    await eventually(began)
    subscription.offer(Run([event(1), event(2, revokes=[screen.account_id]), event(3)]))
    assert screen.seqs() == [1]
    assert screen.frames[-1] == {"op": "unsubscribed", "topic": topic, "reason": "removed"}
