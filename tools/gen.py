"""Generates what the front end knows of the services (API documents, live frames, error codes, types), the
configuration reference and the dashboard.

`--check` writes nothing, and fails when what is in the repository is not what would be written.
"""

import ast
import base64
import json
import os
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from tools import configuration, dashboard

ROOT = Path(__file__).resolve().parent.parent
SERVICES = ("auth", "todo", "chat")
FRONTEND = ROOT / "frontend"
DOCUMENTS = FRONTEND / "openapi"
TYPES = FRONTEND / "src" / "api"

# Building an application touches neither database nor network, so any settings that pass the checks will do.
SETTINGS = {
    "TODOLIST_DATABASE_URL": "mysql://nobody@localhost/none",
    "TODOLIST_REDIS_URL": "redis://localhost",
    "TODOLIST_SERVICE_KEY": "-" * 32,
    "TODOLIST_REFRESH_KEY": "-" * 32,
    "TODOLIST_KEY_ENCRYPTION_KEY": base64.b64encode(bytes(32)).decode(),
}

REF = "#/components/schemas/{model}"
SIDES: dict[str, JsonSchemaMode] = {"ClientFrame": "validation", "ServerFrame": "serialization"}


def main(arguments: list[str]) -> int:
    """Write everything, or with `--check` compare it with what is there."""
    others = [make(arguments) for make in (configuration.main, dashboard.main)]
    if "--check" not in arguments:
        _generate(DOCUMENTS, TYPES)
        return max(others)
    with tempfile.TemporaryDirectory() as directory:
        _generate(Path(directory), Path(directory))
        stale = [path for made in sorted(Path(directory).iterdir()) if _differs(made, path := _place(made))]
    for path in stale:
        print(f"{path.relative_to(ROOT)} is stale: run `make gen`", file=sys.stderr)
    return 1 if stale else max(others)


def _place(made: Path) -> Path:
    return (DOCUMENTS if made.suffix == ".json" else TYPES) / made.name


def _differs(made: Path, kept: Path) -> bool:
    return not kept.exists() or made.read_bytes() != kept.read_bytes()


def _generate(documents: Path, types: Path) -> None:
    sys.path[:0] = [str(ROOT / "services" / name) for name in ("common", *SERVICES)]
    os.environ.update(SETTINGS)
    documents.mkdir(parents=True, exist_ok=True)
    made = {name: import_module(f"{name}.app").build().openapi() for name in SERVICES}
    for name, document in (made | {"frames": _frames(), "codes": _codes()}).items():
        text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False)
        (documents / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    command = ["npm", "run", "--silent", "gen", "--", str(documents), str(types)]
    subprocess.run(command, cwd=FRONTEND, check=True)


def _frames() -> dict[str, Any]:
    """The frames as schemas of an OpenAPI document: as a client writes its own, as it gets the server's."""
    frames = import_module("common.log.frames")
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = []
    schemas: dict[str, Any] = {}
    for side, mode in SIDES.items():
        union, *_ = get_args(getattr(frames, side))
        models += [(model, mode) for model in get_args(union)]
        schemas[side] = {"oneOf": [{"$ref": REF.format(model=model.__name__)} for model in get_args(union)]}
    _, definitions = models_json_schema(models, ref_template=REF)
    for model, mode in models:
        if mode == "serialization":  # a server frame carries all of its fields, those with a default too
            schema = definitions["$defs"][model.__name__]
            schema["required"] = sorted(schema["properties"])
    schemas |= definitions["$defs"]
    return {
        "openapi": "3.1.0",
        "info": {"title": "Todolist live frames", "version": "1"},
        "paths": {},
        "components": {"schemas": schemas},
    }


def _codes() -> dict[str, list[str]]:
    """Every error code in the sources: `code` of an exception class or call, what `Invalid.field` names."""
    problems = {known.code for known in import_module("common.errors").FRAMEWORK.values()}
    fields: set[str] = set()
    for path in (ROOT / "services").glob("*/*/**/*.py"):
        if "migrations" not in path.parts:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                _collect(node, problems, fields)
    return {"problems": sorted(problems), "fields": sorted(fields)}


def _collect(node: ast.AST, problems: set[str], fields: set[str]) -> None:
    match node:
        case ast.ClassDef(body=body):
            for statement in body:
                problems.update(_class_code(statement))
        case ast.Call(func=ast.Attribute(attr="field"), args=[_, ast.Constant(value=str(code)), *_]):
            fields.add(code)
        case ast.Call(func=ast.Name(id="PydanticCustomError"), args=[ast.Constant(value=str(code)), *_]):
            fields.add(code)
        case ast.Call(keywords=keywords):
            for keyword in keywords:
                if keyword.arg == "code":
                    problems.update(_texts(keyword.value))


def _texts(expression: ast.expr) -> set[str]:
    """The texts an expression may give: itself, or both ways of a condition."""
    parts = (expression.body, expression.orelse) if isinstance(expression, ast.IfExp) else (expression,)
    return {part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)}


def _class_code(statement: ast.stmt) -> set[str]:
    match statement:
        case ast.AnnAssign(target=ast.Name(id="code"), value=ast.Constant(value=str(code))):
            return {code}
        case ast.Assign(targets=[ast.Name(id="code")], value=ast.Constant(value=str(code))):
            return {code}
        case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
            texts = (_texts(value) for name, value in zip(names, values, strict=True) if _is_code(name))
            return set().union(*texts)
        case _:
            return set()


def _is_code(target: ast.expr) -> bool:
    return isinstance(target, ast.Name) and target.id == "code"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
