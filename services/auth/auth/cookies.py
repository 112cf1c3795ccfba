"""The refresh cookie, and which pages may make a browser send it."""

from fastapi import Request, Response

from auth.errors import OriginRefused
from auth.settings import Settings
from common.origin import same_host

PATH = "/api/auth/sessions"


def name(settings: Settings) -> str:
    """`__Secure-` makes browsers take it over TLS only."""
    return "__Secure-refresh" if settings.cookie_secure else "refresh"


def read(request: Request, settings: Settings) -> str | None:
    """The refresh token that the browser sent."""
    return request.cookies.get(name(settings))


def write(response: Response, settings: Settings, token: str) -> None:
    """Hand the browser a refresh token, which no script can read and only the sessions' routes get."""
    response.set_cookie(
        name(settings),
        token,
        max_age=settings.session_idle_days * 86_400,
        path=PATH,
        secure=settings.cookie_secure,
        httponly=True,
        samesite="strict",
    )


def clear(response: Response, settings: Settings) -> None:
    """Make the browser forget it."""
    response.delete_cookie(
        name(settings), path=PATH, secure=settings.cookie_secure, httponly=True, samesite="strict"
    )


def check_origin(request: Request, settings: Settings) -> None:
    """Refuse a page of another origin, even a sibling host, which SameSite lets through.

    Browsers send Origin, or at least Sec-Fetch-Site, with each of these requests; what sends neither is no
    browser and holds no cookie but its own.
    """
    origin = request.headers.get("origin")
    if origin is None:
        trusted = request.headers.get("sec-fetch-site", "none") in {"same-origin", "none"}
    else:
        trusted = same_host(origin, request.headers.get("host")) or origin in settings.allowed_origins
    if not trusted:
        raise OriginRefused
