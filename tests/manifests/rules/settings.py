"""Every variable that a container is given is one that it reads, and the values pass its own checks."""

from collections.abc import Iterator, Mapping

from pydantic import ValidationError

from common.migrate import URL_VARIABLES
from common.settings import PREFIX
from tests.manifests.code import SERVICES, settings_class, variables_in
from tests.manifests.rendered import Object, Rendered
from tools.gen import SETTINGS


def settings(all_: Rendered) -> Iterator[str]:
    """By container: a service, a migration, the bootstrap, the front end."""
    for each in all_.workloads():
        for container in each.containers:
            given = {entry["name"] for entry in container.get("env", []) if entry["name"].startswith(PREFIX)}
            command = container.get("command", [])
            for name in sorted(given - _known(container["image"], command)):
                yield f"{each.kind} {each.name}, {container['name']}: nobody reads {name}"
            if command[:2] == ["python", "-m"] and command[2] in SERVICES:
                for fault in _refused(command[2], all_.environment(container)):
                    yield f"{each.kind} {each.name}: {fault}"
    shared: Object = next((x for x in all_.of("ConfigMap") if "TODOLIST_LOG_LEVEL" in x.get("data", {})), {})
    known = set().union(*(_fields(service) for service in SERVICES))
    for name in sorted(key for key in shared.get("data", {}) if key.startswith(PREFIX) and key not in known):
        yield f"the settings name {name}, which no service has"


def _known(image: str, command: list[str]) -> set[str]:
    if command[:2] == ["python", "-m"]:
        if command[2] in SERVICES:
            return _fields(command[2])
        return set(URL_VARIABLES) if command[2] == "common.migrate" else _bootstraps()
    return variables_in("frontend/nginx", "frontend/Dockerfile") if "/frontend" in image else set()


def _bootstraps() -> set[str]:
    return variables_in("services/common/common/bootstrap")


def _fields(service: str) -> set[str]:
    return {PREFIX + field.upper() for field in settings_class(service).model_fields}


def _refused(service: str, environment: Mapping[str, str]) -> Iterator[str]:
    """What the settings class says of the environment; secrets are stood in for by some that it takes."""
    fields = _fields(service)
    values: Object = {
        name.removeprefix(PREFIX).lower(): SETTINGS[name] if value.startswith("<") else value
        for name, value in environment.items()
        if name in fields
    }
    try:
        settings_class(service)(**values)
    except ValidationError as error:
        for item in error.errors(include_input=False, include_url=False):
            yield f"{PREFIX}{str(item['loc'][0]).upper()}: {item['msg']}"
