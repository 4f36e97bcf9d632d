//! The document of this family in `OpenAPI` 3.1. Each call is in it once, in the version that the family documents.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::operations::In::{Body, Path};
use super::operations::{Gives, OPERATIONS, Operation, Param, TAGS};

/// The document.
pub(crate) fn document() -> Value {
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for operation in &OPERATIONS {
        paths.entry(operation.path).or_default().insert(operation.method.to_owned(), described(operation));
    }
    let tags = TAGS.iter().map(|(name, about)| json!({ "name": name, "description": about }));
    let header =
        |name: &str, about: &str| json!({ "type": "apiKey", "in": "header", "name": name, "description": about });
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Keystead: VChatCloud API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The rooms of an app. Press Authorize and enter the API_KEY, which is on the dashboard; 1. Token \
                            gives the X-AUTH-TOKEN. Each path below /openapi/v1 is also below /openapi/v2, and the other way \
                            round. Parameters of a form may be in the query, and the body may be JSON.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": tags.collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "securitySchemes": {
                API_KEY: header(API_KEY, "The API KEY of the app."),
                X_AUTH_TOKEN: header(X_AUTH_TOKEN, "What 1. Token gives."),
            },
        },
    })
}

const API_KEY: &str = "API_KEY";
const X_AUTH_TOKEN: &str = "X-AUTH-TOKEN";

/// The headers that a call presents.
fn credentials(operation: &Operation) -> &'static [&'static str] {
    if operation.tag == 0 { &[API_KEY] } else { &[API_KEY, X_AUTH_TOKEN] }
}

fn described(operation: &Operation) -> Value {
    let headers = credentials(operation);
    let needs: Map<String, Value> = headers.iter().map(|name| ((*name).to_owned(), json!([]))).collect();
    let tag = TAGS.get(operation.tag).map(|(name, _)| name);
    let mut described = json!({
        "operationId": operation.id,
        "tags": [tag],
        "summary": operation.summary,
        "description": operation.about,
        "security": [needs],
        "parameters": parameters(operation, headers),
        "responses": responses(operation.gives),
    });
    let fields: Vec<&Param> = operation.params.iter().filter(|param| param.place == Body).collect();
    if let (false, Some(members)) = (fields.is_empty(), described.as_object_mut()) {
        let properties: Map<String, Value> =
            fields.iter().map(|field| (field.name.to_owned(), field.described())).collect();
        let required: Vec<&str> = fields.iter().filter(|field| field.needed).map(|field| field.name).collect();
        let schema = json!({ "type": "object", "properties": properties, "required": required });
        // JSON is read, too. With one type, Swagger UI has a field for each member.
        let content = json!({ "application/x-www-form-urlencoded": { "schema": schema } });
        members.insert("requestBody".to_owned(), json!({ "required": !required.is_empty(), "content": content }));
    }
    described
}

impl Param {
    fn described(&self) -> Value {
        let mut schema = self.kind.schema();
        if let Some(members) = schema.as_object_mut() {
            members.insert("description".to_owned(), self.about.into());
        }
        schema
    }
}

/// The headers are parameters too, so that they can be entered beside the others. They are optional there, because
/// whoever pressed Authorize has entered them already.
fn parameters(operation: &Operation, headers: &[&str]) -> Vec<Value> {
    let header = |name: &&str| {
        let about = "In place of what was entered with Authorize.";
        json!({ "name": name, "in": "header", "description": about, "schema": { "type": "string" } })
    };
    let placed = operation.params.iter().filter(|param| param.place != Body).map(|param| {
        let place = if param.place == Path { "path" } else { "query" };
        json!({
            "name": param.name, "in": place, "required": param.needed, "description": param.about,
            "schema": param.kind.schema(),
        })
    });
    headers.iter().map(header).chain(placed).collect()
}

fn responses(gives: Gives) -> Value {
    let schema = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    let content = |schema: Value| json!({ "application/json": { "schema": schema } });
    let gives = match gives {
        Gives::Nothing => "Result",
        Gives::Token => "TokenResult",
        Gives::Room => "RoomResult",
        Gives::Rooms => "RoomListResult",
        Gives::User => "UserResult",
        Gives::Users => "UserListResult",
    };
    let mut done = json!({
        "description": "Done if result_cd is 1. With another code it was not done, and result_msg says why.",
        "content": content(schema(gives)),
    });
    if gives == "TokenResult" {
        let header = json!({ X_AUTH_TOKEN: { "description": "The token.", "schema": { "type": "string" } } });
        if let Some(members) = done.as_object_mut() {
            members.insert("headers".to_owned(), header);
        }
    }
    let mut responses = Map::from_iter([("200".to_owned(), done)]);
    for (status, about, code, message) in FAILURES {
        let example = json!({ "result_cd": code, "result_msg": message });
        let content = json!({ "application/json": { "schema": schema("Result"), "example": example } });
        responses.insert(status.to_owned(), json!({ "description": about, "content": content }));
    }
    Value::Object(responses)
}

/// What else a call is answered with: the status, when, and an example of its code and message. Without one, Swagger UI
/// invents the code 0, which is that of a failure of the server.
const FAILURES: [(&str, &str, u32, &str); 6] = [
    ("400", "A parameter is missing (10901) or wrong (400)", 10_901, "The parameter roomName is missing."),
    (
        "401",
        "The API_KEY or the X-AUTH-TOKEN is missing or was not accepted: result_msg says which",
        400,
        "The header X-AUTH-TOKEN is missing. GET /openapi/token gives one.",
    ),
    (
        "403",
        "The X-AUTH-TOKEN reads only (10114)",
        10_114,
        "This X-AUTH-TOKEN reads only, because it was bought with scope=read.",
    ),
    ("413", "The body is too long", 400, "The body is too long."),
    ("415", "The body is neither a form nor JSON", 400, "The body is neither a form nor JSON."),
    ("503", "Keystead cannot answer right now (0)", 0, "Keystead cannot answer right now."),
];

fn schemas() -> Value {
    let text = || json!({ "type": "string" });
    let number = || json!({ "type": "integer" });
    let flag = || json!({ "type": "string", "enum": ["Y", "N"] });
    let time = || json!({ "type": ["string", "null"] });
    let reference = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    let result = |name: Option<(&str, Value)>| {
        let mut properties = Map::new();
        let code = json!({ "type": "integer", "description": "1 if it was done.", "example": 1 });
        properties.insert("result_cd".to_owned(), code);
        let message = json!({ "type": "string", "description": "Why it was not.", "example": "" });
        properties.insert("result_msg".to_owned(), message);
        if let Some((name, schema)) = name {
            properties.insert(name.to_owned(), schema);
        }
        json!({ "type": "object", "required": ["result_cd", "result_msg"], "properties": properties })
    };
    let list = |name: &str| json!({ "type": "array", "items": reference(name) });
    json!({
        "Room": {
            "type": "object",
            "properties": {
                "userId": text(), "roomId": text(), "roomName": text(), "maxUser": number(), "startDt": time(),
                "endDt": time(), "messageCount": number(), "joinCount": number(),
                "roomStatus": { "type": "string", "enum": ["active", "pending", "ended"] },
                "isPossibleDup": flag(), "roomType": text(), "webrtcStat": flag(), "hasPassword": flag(),
            },
        },
        "User": {
            "type": "object",
            "properties": {
                "clientKey": text(), "nickName": text(),
                "grade": { "type": "string", "enum": ["user", "userManager"] }, "roomId": text(),
            },
        },
        "Result": result(None),
        "TokenResult": result(Some(("data", json!({ "type": "object", "properties": { X_AUTH_TOKEN: text() } })))),
        "RoomResult": result(Some(("data", reference("Room")))),
        "RoomListResult": result(Some(("list", list("Room")))),
        "UserResult": result(Some(("data", reference("User")))),
        "UserListResult": result(Some(("list", list("User")))),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::api::routes::Route;

    #[test]
    fn each_route_is_in_it_once_in_one_of_its_versions() {
        let plain = |path: &str| {
            let path = path.replace("/openapi/v1/", "/openapi/").replace("/openapi/v2/", "/openapi/");
            path.replace("{roomId}", "{room}").replace("{clientKey}", "{client}")
        };
        let told: Vec<_> = OPERATIONS.iter().map(|call| (call.method.to_uppercase(), plain(call.path))).collect();
        let distinct: BTreeSet<_> = told.iter().cloned().collect();
        assert_eq!(told.len(), distinct.len());
        let routes: BTreeSet<_> = super::super::ROUTES
            .routes()
            .flat_map(Route::calls)
            .map(|(method, path)| (method.to_owned(), plain(path)))
            .collect();
        assert_eq!(distinct, routes);
    }

    #[test]
    fn the_example_of_each_status_has_a_code_that_comes_with_it() {
        let document = document();
        for operation in
            document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values())
        {
            let responses = operation["responses"].as_object().unwrap();
            for (status, response) in responses {
                let body = &response["content"]["application/json"];
                let code = if status == "200" {
                    let schema = body["schema"]["$ref"].as_str().unwrap().trim_start_matches('#');
                    &document.pointer(schema).unwrap()["properties"]["result_cd"]["example"]
                } else {
                    assert!(!body["example"]["result_msg"].as_str().unwrap().is_empty(), "{status}");
                    &body["example"]["result_cd"]
                };
                let fitting: &[u64] = match status.as_str() {
                    "200" => &[1],
                    "400" => &[400, 10_901],
                    "403" => &[10_114],
                    "503" => &[0],
                    _ => &[400],
                };
                assert!(fitting.contains(&code.as_u64().unwrap()), "{status}: {code}");
            }
        }
    }

    /// Swagger UI sends each example that it has, and a field without one only if it was filled.
    #[test]
    fn nothing_optional_is_sent_unless_somebody_enters_it() {
        for param in OPERATIONS.iter().flat_map(|call| call.params).filter(|param| !param.needed) {
            let described = param.described();
            assert!(described.get("example").or(described.get("default")).is_none(), "{}", param.name);
        }
    }

    #[test]
    fn the_names_are_those_of_the_family() {
        let ids: BTreeSet<_> = OPERATIONS.iter().map(|call| call.id).collect();
        assert_eq!(ids.len(), OPERATIONS.len());
        for id in ["listRoom", "listUser", "sendNotice", "sendCustom"] {
            assert!(ids.contains(id), "{id}");
        }
    }
}
