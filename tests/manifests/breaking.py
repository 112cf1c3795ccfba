"""Ways to break a composition.

A target is "<kind> <name>", "pod <workload>", or "app <workload>": its container.
"""

from collections.abc import Callable
from typing import Any

from tests.manifests.rendered import Object, Rendered

Break = Callable[[Rendered], None]


def _found(all_: Rendered, target: str) -> Object:
    kind, _, name = target.partition(" ")
    if kind in ("pod", "app"):
        pod: Object = all_.workload(name).pod
        container: Object = pod["containers"][0]
        return pod if kind == "pod" else container
    if name == "settings":
        return next(x for x in all_.of("ConfigMap") if "TODOLIST_LOG_LEVEL" in x["data"])
    found = all_.get(kind, name)
    assert found is not None, f"there is no {target}"
    return found


def _walk(found: Any, way: tuple[Any, ...]) -> Any:
    for step in way:
        found = found[step]
    return found


def put(target: str, *path: Any) -> Break:
    """Set what stands at the end of a path; the last part is the value."""

    def do(all_: Rendered) -> None:
        *way, last, value = path
        _walk(_found(all_, target), tuple(way))[last] = value

    return do


def drop(target: str, *path: Any) -> Break:
    """Take away what stands at the end of a path."""
    return lambda all_: _walk(_found(all_, target), path[:-1]).pop(path[-1])


def add(target: str, *path: Any) -> Break:
    """Append to the list at the end of a path; the last part is the value."""
    return lambda all_: _walk(_found(all_, target), path[:-1]).append(path[-1])


def gone(target: str) -> Break:
    """Take the object away."""
    return lambda all_: all_.objects.remove(_found(all_, target))


def variable(name: str, value: str, *, of: str = "chat") -> Break:
    """Give a container one more variable."""
    return lambda all_: _found(all_, f"app {of}").setdefault("env", []).append({"name": name, "value": value})


def setting(name: str, value: str) -> Break:
    """Change what all services are told."""
    return put("ConfigMap settings", "data", name, value)


def without_variable(name: str) -> Break:
    """Take a variable from the chat service."""

    def do(all_: Rendered) -> None:
        app = _found(all_, "app chat")
        app["env"] = [each for each in app["env"] if each["name"] != name]

    return do


def both(*breaks: Break) -> Break:
    """One after the other."""

    def do(all_: Rendered) -> None:
        for each in breaks:
            each(all_)

    return do
