//! The document of the API in `OpenAPI` 3.1. All of it comes from the list of routes and from what parses and writes their
//! bodies.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::manage::TAGS;
use super::operation::{Describe, Operation};
use super::routes::{Group, Route};

/// The part about keys that are checked, which comes first.
pub(super) const VERIFICATION: &str = "Verification";

/// The problems that a call can have, as status and description.
const PROBLEMS: [(u16, &str); 10] = [
    (400, "The request is malformed"),
    (401, "There is no key, or it was refused"),
    (403, "The key may not do this"),
    (404, "It does not exist, or not for this key"),
    (408, "The body took too long"),
    (413, "The body is too long"),
    (415, "The body is not JSON"),
    (422, "The body is invalid"),
    (429, "The key has used up its calls"),
    (503, "Keystead cannot answer right now"),
];
const CONFLICT: (u16, &str) = (409, "The current state does not allow this");
const STALE: (u16, &str) = (412, "It was changed since its caller saw it");

/// The document.
pub(crate) fn document(groups: &[&Group]) -> Value {
    let mut schemas = BTreeMap::new();
    schemas.insert("Problem".to_owned(), problem());
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for (route, operation) in groups.iter().flat_map(|group| group.routes()).filter_map(with_operation) {
        let (method, path) = route.call();
        let described = describe(path, method, operation, &mut schemas);
        paths.entry(path).or_default().insert(method.to_ascii_lowercase(), described);
    }
    let verification = json!({ "name": VERIFICATION, "description": "Whether keys may pass." });
    let tags = TAGS.iter().map(|(name, about)| json!({ "name": name, "description": about }));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Keystead",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The API of Keystead. Send a key of the kind Service with each call, as Authorization: Bearer.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": std::iter::once(verification).chain(tags).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "key": { "type": "http", "scheme": "bearer", "description": "A key, as Authorization: Bearer." },
            },
        },
    })
}

fn with_operation(route: &'static Route) -> Option<(&'static Route, &'static Operation)> {
    route.operation().map(|operation| (route, operation))
}

fn describe(path: &str, method: &str, operation: &Operation, schemas: &mut BTreeMap<String, Value>) -> Value {
    let mut about = operation.about.to_owned();
    if let Some(permission) = operation.permission {
        let needs = format!("The key needs the permission `{}`.", permission.as_str());
        about = if about.is_empty() { needs } else { format!("{about} {needs}") };
    }
    let mut described = json!({
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": about,
        "security": [{ "key": [] }],
        "parameters": parameters(path, method, operation),
        "responses": answers(method, operation, schemas),
    });
    let body = operation.body.map(|body| (body, true)).or(operation.maybe_body.map(|body| (body, false)));
    if let (Some((body, required)), Some(members)) = (body, described.as_object_mut()) {
        let schema = reference(body.describe, schemas);
        let example: Value = serde_json::from_str(body.example).unwrap_or_default();
        let content = json!({ "application/json": { "schema": schema, "example": example } });
        members.insert("requestBody".to_owned(), json!({ "required": required, "content": content }));
    }
    described
}

fn parameters(path: &str, method: &str, operation: &Operation) -> Vec<Value> {
    let mut parameters = Vec::new();
    if path.contains("{id}") {
        let is_key = ["/v1/keys/", "/v1/hand-overs/", "/v1/requests/"].iter().any(|of| path.starts_with(of));
        let pattern = if is_key { "^[0-9A-Za-z]{12}$" } else { "^[0-9a-f]{24}$" };
        let schema = json!({ "type": "string", "pattern": pattern });
        parameters.push(json!({ "name": "id", "in": "path", "required": true, "schema": schema }));
    }
    parameters.extend(operation.query.iter().map(
        |param| json!({ "name": param.name, "in": "query", "description": param.about, "schema": param.schema() }),
    ));
    if operation.if_match {
        let schema = json!({ "type": "string", "pattern": "^\"[0-9]{1,9}\"$" });
        let about = "The ETag that the key had when its caller saw it.";
        parameters.push(json!({ "name": "If-Match", "in": "header", "description": about, "schema": schema }));
    }
    if method == "POST" && operation.changes() {
        let schema = json!({ "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" });
        let about = "A call that is sent again with the same key is carried out once. Its answer is kept for 24 hours.";
        parameters.push(json!({ "name": "Idempotency-Key", "in": "header", "description": about, "schema": schema }));
    }
    parameters
}

fn answers(method: &str, operation: &Operation, schemas: &mut BTreeMap<String, Value>) -> Value {
    let mut answers = Map::new();
    let mut done = json!({ "description": "Done" });
    if let (Some(answer), Some(members)) = (operation.answer, done.as_object_mut()) {
        let schema = reference(answer, schemas);
        members.insert("content".to_owned(), json!({ "application/json": { "schema": schema } }));
    }
    answers.insert(operation.status.to_string(), done);
    let content = json!({ "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } });
    let conflict = (method != "GET").then_some(CONFLICT);
    let stale = operation.if_match.then_some(STALE);
    for (status, about) in PROBLEMS.into_iter().chain(conflict).chain(stale) {
        answers.insert(status.to_string(), json!({ "description": about, "content": content }));
    }
    Value::Object(answers)
}

/// A reference to a schema, which is added with all that it refers to.
fn reference(describe: Describe, schemas: &mut BTreeMap<String, Value>) -> Value {
    let described = describe();
    let name = described.name;
    schemas.extend(described.schemas);
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn problem() -> Value {
    let text = |about: &str| json!({ "type": "string", "description": about });
    json!({
        "type": "object",
        "description": "Why a call failed (RFC 9457).",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": text("What kind of problem it is, for programs."),
            "title": text("The same in a few words."),
            "status": { "type": "integer" },
            "detail": text("What is wrong and what to do, for people."),
            "errors": {
                "type": "array",
                "description": "Each thing that is wrong.",
                "items": {
                    "type": "object",
                    "required": ["detail"],
                    "properties": {
                        "pointer": text("A member of the body, as a JSON pointer."),
                        "parameter": text("A parameter of the query."),
                        "detail": text("What is wrong with it."),
                    },
                },
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::super::V1;
    use super::*;

    #[test]
    fn the_parser_of_each_body_accepts_its_example() {
        for (route, operation) in V1.routes().filter_map(with_operation) {
            for body in operation.body.iter().chain(&operation.maybe_body) {
                let read = (body.read)();
                assert!(read.is_ok(), "{:?}: {read:?}", route.call());
            }
        }
    }

    #[test]
    fn each_body_is_shown_with_its_example() {
        let document = document(&[&V1]);
        let operations =
            document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
        for operation in operations.filter(|operation| operation.get("requestBody").is_some()) {
            let content = &operation["requestBody"]["content"]["application/json"];
            let schema = content["schema"]["$ref"].as_str().unwrap().trim_start_matches('#');
            let members = document.pointer(schema).unwrap()["properties"].as_object();
            let takes_nothing = members.is_none_or(Map::is_empty);
            let example = content["example"].as_object().unwrap();
            assert_eq!(example.is_empty(), takes_nothing, "{}", operation["operationId"]);
        }
    }
}
