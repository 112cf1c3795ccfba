"""Errors as RFC 9457 problem documents: one exception type with a status and a stable code, rendered in one
place.

ServiceError
 ├─ BadRequest 400 · Unauthorized 401 · Forbidden 403 · NotFound 404 · Conflict 409 · Gone 410
 ├─ TooSlow 408 · VersionConflict 412 · TooLarge 413 · UnsupportedMedia 415 · Invalid 422
 ├─ TooManyRequests 429 · HeadTooLarge 431
 └─ Unavailable 503
"""

from typing import Any, ClassVar, NamedTuple

from pydantic import BaseModel, ConfigDict


class FieldError(BaseModel):
    """One invalid field of a request: `pointer` is a JSON pointer (RFC 6901) into the body, or the
    parameter's name."""

    pointer: str
    code: str
    detail: str


class Problem(BaseModel):
    """RFC 9457 problem document. Clients branch on `code`, never on text."""

    model_config = ConfigDict(
        extra="allow", json_schema_extra={"required": ["type", "title", "status", "code"]}
    )

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str | None = None
    request_id: str | None = None
    errors: list[FieldError] | None = None


class ServiceError(Exception):
    """A refusal that the caller is told about. Subclasses give status, code and title; `extra` joins the
    document."""

    status: ClassVar[int] = 500
    code: str = "internal-error"
    title: str = "Something went wrong on our side"

    def __init__(
        self,
        detail: str | None = None,
        *,
        code: str | None = None,
        headers: dict[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.code = code or type(self).code
        self.headers = headers or {}
        self.extra = extra

    def document(self) -> dict[str, Any]:
        """The problem document, without the request id."""
        document = {"type": "about:blank", "title": self.title, "status": self.status, "code": self.code}
        if self.detail is not None:
            document["detail"] = self.detail
        return document | self.extra


class BadRequest(ServiceError):
    """The request cannot be read."""

    status, code, title = 400, "malformed", "The request is malformed"


class Unauthorized(ServiceError):
    """We do not know who is asking."""

    status, code, title = 401, "no-token", "Sign in first"

    def __init__(self, detail: str | None = None, *, code: str | None = None, **extra: Any) -> None:
        super().__init__(detail, code=code, headers={"WWW-Authenticate": "Bearer"}, **extra)


class Forbidden(ServiceError):
    """The caller may see it but not do that."""

    status, code, title = 403, "forbidden", "You may not do that"


class NotFound(ServiceError):
    """It does not exist, or the caller may not see it: the same answer."""

    status, code, title = 404, "not-found", "Not found"


class Conflict(ServiceError):
    """The state of the resource is against it."""

    status, code, title = 409, "conflict", "That conflicts with the current state"


class IdConflict(Conflict):
    """The chosen id belongs to something else."""

    code, title = "id-conflict", "That id is taken"


class Gone(ServiceError):
    """It existed and was deleted."""

    status, code, title = 410, "gone", "It has been deleted"


class VersionConflict(ServiceError):
    """If-Match named another version; `current` carries the resource as it is."""

    status, code, title = 412, "version-conflict", "It has changed since you read it"


class TooSlow(ServiceError):
    """The request did not come in in time (RFC 9110 section 15.5.9)."""

    status, code, title = 408, "too-slow", "The request took too long to arrive"


class HeadTooLarge(ServiceError):
    """The request line and headers are larger than we read (RFC 6585 section 5)."""

    status, code, title = 431, "head-too-large", "The request line and headers are too large"


class TooLarge(ServiceError):
    """The body is larger than we read."""

    status, code, title = 413, "too-large", "The request body is too large"


class UnsupportedMedia(ServiceError):
    """The body is not JSON."""

    status, code, title = 415, "unsupported-media-type", "Send application/json"


class Invalid(ServiceError):
    """The request is well-formed but its content is not acceptable; `errors` says where."""

    status, code, title = 422, "invalid", "The request is not valid"

    def __init__(
        self, detail: str | None = None, *, code: str | None = None, errors: list[FieldError]
    ) -> None:
        super().__init__(detail, code=code, errors=[error.model_dump() for error in errors])

    @classmethod
    def field(cls, pointer: str, code: str, detail: str) -> "Invalid":
        """One field that is wrong."""
        return cls(detail, errors=[FieldError(pointer=pointer, code=code, detail=detail)])


class TooManyRequests(ServiceError):
    """Later, please."""

    status, code, title = 429, "too-many-requests", "Too many requests"

    def __init__(self, detail: str | None = None, *, code: str | None = None, retry_after: int = 1) -> None:
        super().__init__(detail, code=code, headers={"Retry-After": str(retry_after)})


class Unavailable(ServiceError):
    """Something we need is away; the same request may succeed soon. A write may or may not have happened."""

    status, code, title = 503, "unavailable", "Temporarily unavailable"

    def __init__(self, detail: str | None = None, *, code: str | None = None, retry_after: int = 1) -> None:
        super().__init__(detail, code=code, headers={"Retry-After": str(retry_after)})


class _Known(NamedTuple):
    code: str
    title: str


# Answers that the framework gives by itself (no such route, wrong method, …), in our words.
FRAMEWORK = {
    400: _Known("malformed", "The request is malformed"),
    404: _Known("not-found", "Not found"),
    405: _Known("method-not-allowed", "That method is not allowed here"),
    413: _Known("too-large", "The request body is too large"),
    415: _Known("unsupported-media-type", "Send application/json"),
}
