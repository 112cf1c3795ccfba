"""What is true of every composition. A rule is given one and yields a sentence for each fault in it."""

from collections.abc import Callable, Iterator

from tests.manifests.rendered import Rendered
from tests.manifests.rules.edges import edges
from tests.manifests.rules.endings import endings
from tests.manifests.rules.images import images
from tests.manifests.rules.placement import placement
from tests.manifests.rules.probes import probes
from tests.manifests.rules.references import references
from tests.manifests.rules.scaling import scaling
from tests.manifests.rules.secrets import secrets
from tests.manifests.rules.security import security
from tests.manifests.rules.selectors import selectors
from tests.manifests.rules.settings import settings

__all__ = [
    "RULES",
    "Rule",
    "edges",
    "endings",
    "images",
    "placement",
    "probes",
    "references",
    "scaling",
    "secrets",
    "security",
    "selectors",
    "settings",
]

Rule = Callable[[Rendered], Iterator[str]]
RULES: tuple[Rule, ...] = (
    selectors,
    references,
    secrets,
    security,
    placement,
    probes,
    endings,
    scaling,
    images,
    settings,
    edges,
)
