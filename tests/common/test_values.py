"""Small things that everything relies on: ids, digests, cursors, ETags, frames."""

import contextlib
import json
import time
from uuid import UUID, uuid4

import pytest
from asyncmy.converters import conversions, escape_item
from asyncmy.cursors import RE_INSERT_VALUES
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError
from sqlalchemy import insert
from sqlalchemy.dialects.mysql import asyncmy
from websockets.frames import Frame
from websockets.streams import StreamReader

from common.columns import EncodedJSON
from common.errors import Invalid, VersionConflict
from common.etag import etag, if_match
from common.ids import body_digest, derived_id, new_id
from common.log.tables import EVENTS
from common.log.wire import text_frame
from common.schemas import ClientId, cursor_decode, cursor_encode, encode


def test_new_ids_are_uuid_v7_in_order_of_time() -> None:
    """Version and variant of RFC 9562, milliseconds in front."""
    before = time.time_ns() // 1_000_000
    ids = [new_id() for _ in range(100)]
    assert {(value.version, value.variant) for value in ids} == {(7, "specified in RFC 4122")}
    assert all(before <= value.int >> 80 <= before + 5000 for value in ids)
    assert len(set(ids)) == 100


def test_only_uuid_v7_may_be_chosen() -> None:
    """Another version does not sort by time."""
    ids: TypeAdapter[UUID] = TypeAdapter(ClientId)
    assert ids.validate_python(str(new_id())).version == 7
    with pytest.raises(ValidationError):
        ids.validate_python(str(uuid4()))


def test_derived_ids_are_the_same_everywhere() -> None:
    """And differ with any part."""
    assert derived_id("room", "a") == derived_id("room", "a")
    assert len({derived_id("room", "a"), derived_id("room", "b"), derived_id("list", "a")}) == 3


class _Body(BaseModel):
    id: str | None = None
    title: str
    labels: list[str] = []


def test_a_digest_is_of_what_was_given() -> None:
    """Neither the id nor a default that was not sent is part of it."""
    digest = body_digest(_Body(title="x"))
    assert digest == body_digest(_Body(id="1", title="x"))
    assert digest != body_digest(_Body(title="x", labels=[]))
    assert digest != body_digest(_Body(title="y"))


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30), max_size=4
    )
)
def test_cursors_come_back_as_they_went(parts: list[str]) -> None:
    """Opaque, and safe in a URL."""
    text = cursor_encode(*parts)
    assert cursor_decode(text, len(parts)) == tuple(parts)
    assert text.isascii()
    with pytest.raises(Invalid):
        cursor_decode(text, len(parts) + 1)


@given(st.text(max_size=60))
def test_any_other_cursor_is_the_callers_mistake(text: str) -> None:
    """422, never an error of ours."""
    with contextlib.suppress(Invalid):
        assert len(cursor_decode(text, 2)) == 2


@pytest.mark.parametrize("header", [None, "*", '"3"', 'W/"3"', '"1", "3"'])
def test_if_match_holds(header: str | None) -> None:
    """`W/` is ignored: a proxy that compresses adds it."""
    if_match(header, 3, lambda: b"{}")


@pytest.mark.parametrize("header", ['"2"', "3", '"30"', 'W/"2"', ""])
def test_if_match_fails_with_the_resource_as_it_is(header: str) -> None:
    """412 with `current`, and its ETag."""
    with pytest.raises(VersionConflict) as caught:
        if_match(header, 3, lambda: b'{"version":3}')
    assert caught.value.extra == {"current": {"version": 3}}
    assert caught.value.headers == {"ETag": etag(3)}


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 100_000])
def test_a_prepared_frame_is_what_the_protocol_says(size: int) -> None:
    """RFC 6455 section 5.2: a client's parser reads it."""
    payload = b"x" * size
    reader = StreamReader()
    reader.feed_data(text_frame(payload))
    parser = Frame.parse(reader.read_exact, mask=False)
    with pytest.raises(StopIteration) as done:
        next(parser)
    frame = done.value.value
    assert (bytes(frame.data), frame.opcode, frame.fin) == (payload, 1, True)


def test_json_is_utf8_with_utc_timestamps() -> None:
    """The one encoder."""
    identifier = new_id()
    assert json.loads(encode({"id": identifier, "title": "月餅"})) == {"id": str(identifier), "title": "月餅"}


def test_the_driver_has_nothing_to_escape_in_a_document() -> None:
    """It would go through a long one character by character; and it puts many rows into one INSERT only where
    each value is a plain placeholder."""
    document = encode({"notes": 'a "quoted"\nline' + "語" * 20_000})
    dialect = asyncmy.dialect()
    processor = EncodedJSON().bind_processor(dialect)
    assert processor is not None
    taken = processor(document)
    assert escape_item(taken, "utf8mb4", conversions) == f"x'{document.hex()}'"
    assert RE_INSERT_VALUES.match(str(insert(EVENTS).compile(dialect=dialect)))
