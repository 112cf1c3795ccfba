"""The memory of pages: bounded by bytes, those unused for longest go first."""

import orjson
import pytest

from common.pages import join
from todo.page_cache import PageCache

pytestmark = pytest.mark.system


def test_a_page_is_json_whatever_it_holds() -> None:
    assert orjson.loads(join([], next=None)) == {"items": [], "next": None}
    assert orjson.loads(join([b'{"a":1}', b'{"a":2}'], next="x", seq=3, epoch="e")) == {
        "items": [{"a": 1}, {"a": 2}],
        "next": "x",
        "seq": 3,
        "epoch": "e",
    }


def test_what_was_used_last_stays() -> None:
    pages = PageCache(max_bytes=30)
    pages.put("a", b"x" * 10)
    pages.put("b", b"x" * 10)
    pages.put("c", b"x" * 10)
    assert pages.get("a") is not None
    pages.put("d", b"x" * 10)
    assert [key for key in "abcd" if pages.get(key)] == ["a", "c", "d"]


def test_room_is_counted_once_for_each_page() -> None:
    pages = PageCache(max_bytes=20)
    for _ in range(5):
        pages.put("a", b"x" * 10)
    pages.put("b", b"x" * 10)
    assert pages.get("a") is not None
    assert pages.get("b") is not None


def test_what_is_too_large_is_not_kept() -> None:
    pages = PageCache(max_bytes=10)
    pages.put("small", b"x")
    pages.put("large", b"x" * 11)
    assert pages.get("large") is None
    assert pages.get("small") is not None
