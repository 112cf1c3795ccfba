"""Positions: ASCII strings between any two of which another fits, ordered by their bytes.

A position is a whole number, then a fraction. The whole number begins with a letter that says how many digits
follow: `a` one digit, `b` two, … upwards; `Z` one digit, `Y` two, … downwards, so that longer is further out.
Adding at an end counts the whole number on and stays short; inserting between two lengthens the fraction.
"""

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BASE = len(DIGITS)
ZERO = "a0"

MAX_LENGTH = 64
"""Bytes a stored position may have; what would be longer makes its neighbours move apart."""


def between(lower: str | None, upper: str | None) -> str:
    """A position after `lower` and before `upper`; None stands for the end on that side."""
    if lower is None:
        return ZERO if upper is None else _before(upper)
    if upper is None:
        return _step(_whole(lower), +1)
    whole, end = _whole(lower), _whole(upper)
    if whole == end:
        return whole + _midpoint(lower[len(whole) :], upper[len(end) :])
    following = _step(whole, +1)
    return following if following < upper else whole + _midpoint(lower[len(whole) :], None)


def spread(lower: str | None, upper: str | None, count: int) -> list[str]:
    """So many positions between the two, in order, each as short as halving gives."""
    if count == 0:
        return []
    left = count // 2
    middle = between(lower, upper)
    return [*spread(lower, middle, left), middle, *spread(middle, upper, count - left - 1)]


def _before(upper: str) -> str:
    whole = _whole(upper)
    return whole if whole < upper else _step(whole, -1)


def _whole(position: str) -> str:
    head = position[0]
    digits = ord(head) - ord("a") + 1 if head >= "a" else ord("Z") - ord(head) + 1
    return position[: digits + 1]


def _step(whole: str, by: int) -> str:
    """The whole number one further up or down. Where all digits are used up, the next letter takes over."""
    head, digits = whole[0], [DIGITS.index(digit) for digit in whole[1:]]
    for place in reversed(range(len(digits))):
        digits[place] = (digits[place] + by) % BASE
        if digits[place] != (0 if by > 0 else BASE - 1):
            return head + "".join(DIGITS[digit] for digit in digits)
    if (head, by) in {("Z", +1), ("a", -1)}:
        return ZERO if by > 0 else "Z" + DIGITS[-1]
    grows = (head >= "a") == (by > 0)
    length = len(digits) + (1 if grows else -1)
    return chr(ord(head) + by) + DIGITS[0 if by > 0 else -1] * length


def _midpoint(lower: str, upper: str | None) -> str:
    """A fraction between two, never ending in the digit 0, so that there is always one below it."""
    shared = 0
    while upper is not None and shared < len(upper) and (lower[shared : shared + 1] or "0") == upper[shared]:
        shared += 1
    if upper is not None and shared:
        return upper[:shared] + _midpoint(lower[shared:], upper[shared:])
    low = DIGITS.index(lower[0]) if lower else 0
    high = DIGITS.index(upper[0]) if upper else BASE
    if high - low > 1:
        return DIGITS[(low + high) // 2]
    if upper is not None and len(upper) > 1:
        return upper[0]
    return DIGITS[low] + _midpoint(lower[1:], None)
