"""Every rule, on every composition."""

import pytest

from tests.manifests.rendered import rendered
from tests.manifests.rules import RULES, Rule
from tools.manifests import compositions


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("composition", compositions())
def test_it_holds(composition: str, rule: Rule) -> None:
    assert list(rule(rendered(composition))) == []
