"""Whether a page that a browser speaks for is ours."""

from urllib.parse import urlsplit


def same_host(origin: str, host: str | None) -> bool:
    """Whether an Origin header (RFC 6454) names the host, with its port, that the request was sent to."""
    try:
        return host is not None and urlsplit(origin).netloc == host
    except ValueError:  # no address at all
        return False
