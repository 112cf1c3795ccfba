"""The memory of pages: bounded by bytes, those unused for longest go first."""

import orjson
import pytest

from common.pages import join
from todo.page_cache import PageCache, Place

pytestmark = pytest.mark.system

NOW = Place("e", 7)


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
    pages.put("a", NOW, b"x" * 10)
    pages.put("b", NOW, b"x" * 10)
    pages.put("c", NOW, b"x" * 10)
    assert pages.get("a", NOW) is not None
    pages.put("d", NOW, b"x" * 10)
    assert [key for key in "abcd" if pages.get(key, NOW)] == ["a", "c", "d"]


def test_room_is_counted_once_for_each_page() -> None:
    pages = PageCache(max_bytes=20)
    for _ in range(5):
        pages.put("a", NOW, b"x" * 10)
    pages.put("b", NOW, b"x" * 10)
    assert pages.get("a", NOW) is not None
    assert pages.get("b", NOW) is not None


def test_what_is_too_large_is_not_kept() -> None:
    pages = PageCache(max_bytes=10)
    pages.put("small", NOW, b"x")
    pages.put("large", NOW, b"x" * 11)
    assert pages.get("large", NOW) is None
    assert pages.get("small", NOW) is not None


def test_a_newer_page_takes_the_place_and_the_room_of_an_older_one() -> None:
    pages = PageCache(max_bytes=20)
    pages.put("other", NOW, b"x" * 10)
    for seq in range(1, 100):
        pages.put("a", Place("e", seq), b"%010d" % seq)
    assert pages.get("other", NOW) is not None, "what nobody asks for any more has taken its room"
    assert pages.get("a", Place("e", 99)) == b"%010d" % 99
    assert pages.get("a", Place("e", 98)) is None


def test_who_reads_slowly_does_not_put_an_older_page_in_place_of_a_newer_one() -> None:
    pages = PageCache()
    pages.put("a", Place("e", 2), b"new")
    pages.put("a", Place("e", 1), b"old")
    assert pages.get("a", Place("e", 2)) == b"new"
    pages.put("a", Place("restored", 1), b"another life of the log")
    assert pages.get("a", Place("restored", 1)) == b"another life of the log"
