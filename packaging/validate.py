"""Checks documents against the schemas of their makers: validate.py FOLDER bom|kubernetes FILE…"""

import json
import sys
from pathlib import Path

checks, kind, files = Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
# Schemathesis has brought both.
sys.path.insert(0, str(checks.parent / "schemathesis"))
import jsonschema_rs  # noqa: E402
import yaml  # noqa: E402


def bom(path):
    document = json.loads(Path(path).read_text())
    schemas = checks / "cyclonedx/schema/_res"

    def sibling(address):
        name = address.rsplit("/", 1)[-1].removesuffix(".schema.json").removesuffix(".SNAPSHOT")
        return json.loads((schemas / f"{name}.SNAPSHOT.schema.json").read_text())

    schema = json.loads((schemas / f"bom-{document['specVersion']}.SNAPSHOT.schema.json").read_text())
    jsonschema_rs.validator_for(schema, retriever=sibling).validate(document)


def closed(schema):
    """The same, refusing members that it does not know: one that is misspelt would have no effect."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {name: closed(part) for name, part in schema.items()}
    if isinstance(schema.get("properties"), dict) and "additionalProperties" not in schema:
        schema["additionalProperties"] = False
    return schema


def newest():
    folder = checks / "kubernetes_validate/kubernetes-json-schema"
    number = lambda path: [int(part) for part in path.name[1:].split("-")[0].split(".")]  # noqa: E731
    return max(folder.glob("v*-local"), key=number)


def kubernetes(path):
    definitions = closed(json.loads((newest() / "_definitions.json").read_text())["$defs"])
    documents = [document for document in yaml.safe_load_all(Path(path).read_text()) if document]
    assert documents, f"{path} is empty"
    for document in documents:
        group, _, version = document["apiVersion"].rpartition("/")
        wanted = {"group": group, "version": version, "kind": document["kind"]}
        names = [
            name for name, schema in definitions.items() if wanted in schema.get("x-kubernetes-group-version-kind", [])
        ]
        assert len(names) == 1, f"{path}: {wanted} is not in the schema"
        schema = {"$ref": f"#/$defs/{names[0]}", "$defs": definitions}
        jsonschema_rs.validator_for(schema).validate(document)


for file in files:
    try:
        {"bom": bom, "kubernetes": kubernetes}[kind](file)
    except jsonschema_rs.ValidationError as error:
        sys.exit(f"{file}: {error.message} at {'/'.join(map(str, error.instance_path))}")
print(f"{len(files)} files")
