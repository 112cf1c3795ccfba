"""Positions: there is always one between two, they sort by their bytes, and adding keeps them short."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from todo.positions import MAX_LENGTH, between, spread


@given(st.lists(st.integers(min_value=0), min_size=1, max_size=300))
def test_any_sequence_of_insertions_keeps_the_order_of_a_plain_list(places: list[int]) -> None:
    positions: list[str] = []
    for place in places:
        index = place % (len(positions) + 1)
        lower = positions[index - 1] if index > 0 else None
        upper = positions[index] if index < len(positions) else None
        positions.insert(index, between(lower, upper))

    encoded = [position.encode("ascii") for position in positions]
    assert encoded == sorted(set(encoded))


@pytest.mark.parametrize("at_the_end", [True, False])
def test_adding_at_an_end_stays_short(at_the_end: bool) -> None:
    position = between(None, None)
    for _ in range(20_000):
        following = between(position, None) if at_the_end else between(None, position)
        assert (position < following) is at_the_end
        position = following
    assert len(position) <= 5


def test_inserting_at_one_place_lengthens_slowly() -> None:
    lower, upper = between(None, None), between(between(None, None), None)
    for _ in range(300):
        upper = between(lower, upper)
    assert lower < upper
    assert len(upper) <= MAX_LENGTH


@given(st.integers(min_value=0, max_value=300), st.booleans(), st.booleans())
def test_spreading_gives_so_many_in_order(count: int, below: bool, above: bool) -> None:
    first = between(None, None)
    lower, upper = (first if below else None), (between(first, None) if above else None)
    found = spread(lower, upper, count)
    ends = [*([lower] if lower else []), *found, *([upper] if upper else [])]
    assert len(found) == count
    assert ends == sorted(set(ends))
    assert all(len(position) <= 8 for position in found)
