"""The refusals that only auth has."""

from common.errors import Conflict, Forbidden, Unauthorized


class EmailTaken(Conflict):
    """Another account has the address."""

    code, title = "email-taken", "There is an account with that e-mail address"


class BadCredentials(Unauthorized):
    """Unknown address or wrong password: the same answer, after the same time."""

    code, title = "bad-credentials", "The e-mail address or the password is wrong"


class SessionEnded(Unauthorized):
    """The session is over; only signing in again helps."""

    code, title = "session-ended", "You have been signed out"


class AccountDisabled(Forbidden):
    """Told only to who knows the password."""

    code, title = "account-disabled", "This account has been disabled"


class WrongPassword(Forbidden):
    """A signed-in person did not prove the password. Not a 401: the token is good."""

    code, title = "wrong-password", "The password is wrong"


class OriginRefused(Forbidden):
    """A page of another site tried to use the refresh cookie."""

    code, title = "origin-refused", "Requests from that origin are refused"
