"""The migrations make exactly the tables that the models declare."""

import importlib
from typing import Any

import pytest

from common.bootstrap import SERVICES
from common.migrate import drift, migrate
from tests.support import Stack


@pytest.mark.parametrize("service", SERVICES)
def test_models_and_migrated_database_agree(stack: Stack, service: str) -> None:
    models: Any = importlib.import_module(f"{service}.models")
    assert drift(models.Base.metadata, stack.database_url(service, account=f"{service}_migrator")) == []


@pytest.mark.parametrize("service", SERVICES)
def test_migrating_again_is_harmless(stack: Stack, service: str) -> None:
    migrate(service, stack.database_url(service, account=f"{service}_migrator"))
