//! The document of this family in `OpenAPI` 3.1. Each call is in it once, in the version that the family documents.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use self::In::{Body, Path, Query};

/// The groups, in the order of the family's own documentation.
const TAGS: [(&str, &str); 4] = [
    ("1. Token", "An API KEY buys an X-AUTH-TOKEN, which every other call presents beside it."),
    ("2. ChatRoom", "Rooms and their ROOM ID (Channel Key)."),
    ("3. ChatUser", "Who is in a room, by their CLIENT KEY (User Key), who may not be, and who may not write."),
    ("4. Chat", "Notices, custom messages and whispers."),
];

/// Where a parameter is. One in the body may also be in the query.
#[derive(Clone, Copy, PartialEq, Eq)]
enum In {
    Path,
    Query,
    Body,
}

struct Param {
    place: In,
    name: &'static str,
    about: &'static str,
    needed: bool,
    kind: Kind,
}

/// What a parameter can be.
#[derive(Clone, Copy)]
enum Kind {
    Text(u32),
    Number(u32),
    Time,
    Word(&'static [&'static str]),
    RoomId,
    ClientKey,
}

impl Kind {
    fn schema(self) -> Value {
        match self {
            Self::Text(most) => json!({ "type": "string", "maxLength": most }),
            Self::Number(most) => json!({ "type": "integer", "minimum": 0, "maximum": most }),
            Self::Time => json!({ "type": "string", "example": "2026-11-21T09:30:00Z" }),
            Self::Word(words) => json!({ "type": "string", "enum": words }),
            Self::RoomId => json!({ "type": "string", "pattern": "^[0-9a-f]{24}$" }),
            Self::ClientKey => json!({ "type": "string", "pattern": "^[0-9A-Za-z_.-]{1,64}$" }),
        }
    }
}

const fn param(place: In, name: &'static str, kind: Kind, about: &'static str) -> Param {
    Param { place, name, about, needed: false, kind }
}

const fn needed(place: In, name: &'static str, kind: Kind, about: &'static str) -> Param {
    Param { place, name, about, needed: true, kind }
}

const ROOM: Param = needed(Path, "roomId", Kind::RoomId, "The ROOM ID (Channel Key).");
const CLIENT: Param = needed(Path, "clientKey", Kind::ClientKey, "The CLIENT KEY (User Key) of somebody in the room.");
const NICK_NAME: Param = needed(Body, "nickName", Kind::Text(50), "The name that the others see.");
const START: Param = param(Body, "startDt", Kind::Time, "When the room opens, in UTC.");
const END: Param = param(Body, "endDt", Kind::Time, "When it ends, in UTC.");
const MAX_USER: Param = param(Body, "maxUser", Kind::Number(10_000), "How many may be in it. 0 is any number.");
const PASSWORD: Param = param(Body, "password", Kind::Text(256), "What joining takes.");
const WEBRTC: Param = param(Body, "webrtc", Kind::Word(&["Y", "N"]), "Read and not used: rooms have no video here.");

/// What a call answers with in `data` or `list`.
#[derive(Clone, Copy)]
enum Gives {
    Nothing,
    Token,
    Room,
    Rooms,
    User,
    Users,
}

struct Operation {
    id: &'static str,
    /// The place in `TAGS`.
    tag: usize,
    method: &'static str,
    /// With the names that the family has for its parts.
    path: &'static str,
    summary: &'static str,
    about: &'static str,
    params: &'static [Param],
    gives: Gives,
}

const fn call(
    id: &'static str,
    (tag, method, path): (usize, &'static str, &'static str),
    summary: &'static str,
    params: &'static [Param],
    gives: Gives,
) -> Operation {
    Operation { id, tag, method, path, summary, about: "", params, gives }
}

static OPERATIONS: [Operation; 20] = [
    Operation {
        about: "Takes the API KEY alone. The token works for 5 hours, and only beside the API KEY that bought it. Asking \
                again gives another one; the first one works on until its own end, or until the API KEY is re-issued.",
        ..call(
            "getToken",
            (0, "get", "/openapi/token"),
            "Issue an X-AUTH-TOKEN",
            &[param(
                Query,
                "scope",
                Kind::Word(&["write", "read"]),
                "A token of read is refused by every call that changes something.",
            )],
            Gives::Token,
        )
    },
    call(
        "listRoom",
        (1, "get", "/openapi/v2/rooms"),
        "List rooms",
        &[
            param(Query, "roomStatus", Kind::Word(&["active", "pending", "ended"]), "Only rooms of this status."),
            param(Query, "roomName", Kind::Text(100), "How the name begins."),
            param(Query, "rows", Kind::Number(1_000), "How many at most: 1,000 without this."),
            param(Query, "after", Kind::Text(1_000), "The member next of the page before."),
        ],
        Gives::Rooms,
    ),
    call(
        "createRoom",
        (1, "post", "/openapi/v2/rooms"),
        "Create a room",
        &[needed(Body, "roomName", Kind::Text(100), "Its name."), MAX_USER, START, END, PASSWORD, WEBRTC],
        Gives::Room,
    ),
    call("getRoom", (1, "get", "/openapi/v2/rooms/{roomId}"), "Show a room", &[ROOM], Gives::Room),
    Operation {
        about: "Changes what is sent and leaves the rest. An empty time or password takes it away.",
        ..call(
            "modifyRoom",
            (1, "post", "/openapi/v2/rooms/{roomId}"),
            "Modify a room",
            &[
                ROOM,
                param(Body, "roomName", Kind::Text(100), "Its name."),
                MAX_USER,
                START,
                END,
                PASSWORD,
                param(Body, "roomStatus", Kind::Word(&["A", "C"]), "A opens it again if it has ended, C closes it."),
                WEBRTC,
            ],
            Gives::Room,
        )
    },
    call("openRoom", (1, "post", "/openapi/v2/rooms/{roomId}/open"), "Open a room", &[ROOM], Gives::Room),
    call("closeRoom", (1, "post", "/openapi/v2/rooms/{roomId}/close"), "Close a room", &[ROOM], Gives::Room),
    Operation {
        about: "Closes it: nobody joins or writes any more, and it stays in the list. With delete=Y it is deleted with \
                all that was said in it.",
        ..call(
            "deleteRoom",
            (1, "delete", "/openapi/v2/rooms/{roomId}"),
            "Close or delete a room",
            &[ROOM, param(Query, "delete", Kind::Word(&["N", "Y"]), "Y deletes it for good.")],
            Gives::Nothing,
        )
    },
    call("listUser", (2, "get", "/openapi/v1/users/{roomId}"), "List who is in a room", &[ROOM], Gives::Users),
    Operation {
        about: "Answers with the CLIENT KEY: the one that was sent, if it is free in the room, or a new one.",
        ..call(
            "joinUser",
            (2, "post", "/openapi/v1/users/{roomId}"),
            "Join a room",
            &[
                ROOM,
                NICK_NAME,
                param(Body, "clientKey", Kind::ClientKey, "The CLIENT KEY to have."),
                param(Body, "grade", Kind::Word(&["user", "userManager"]), "user without this."),
                PASSWORD,
            ],
            Gives::User,
        )
    },
    call(
        "leaveUser",
        (2, "delete", "/openapi/v1/users/{roomId}/{clientKey}"),
        "Leave a room",
        &[ROOM, CLIENT],
        Gives::Nothing,
    ),
    call("listExile", (2, "get", "/openapi/v1/exiles/{roomId}"), "List who is exiled", &[ROOM], Gives::Users),
    call(
        "exileUser",
        (2, "post", "/openapi/v1/exiles/{roomId}/{clientKey}"),
        "Exile a user",
        &[ROOM, CLIENT],
        Gives::Nothing,
    ),
    call(
        "cancelExile",
        (2, "put", "/openapi/v1/exiles/{roomId}/{clientKey}"),
        "Cancel an exile",
        &[ROOM, CLIENT],
        Gives::Nothing,
    ),
    call("listMute", (2, "get", "/openapi/v1/mute/{roomId}"), "List who may not write", &[ROOM], Gives::Users),
    call(
        "muteUser",
        (2, "post", "/openapi/v1/mute/{roomId}/{clientKey}"),
        "Restrict writing",
        &[ROOM, CLIENT],
        Gives::Nothing,
    ),
    call(
        "cancelMute",
        (2, "put", "/openapi/v1/mute/{roomId}/{clientKey}"),
        "Let a user write again",
        &[ROOM, CLIENT],
        Gives::Nothing,
    ),
    call(
        "sendNotice",
        (3, "post", "/openapi/v1/notice/{roomId}"),
        "Send a notice",
        &[ROOM, NICK_NAME, needed(Body, "notice", Kind::Text(100), "What to say.")],
        Gives::Nothing,
    ),
    call(
        "sendCustom",
        (3, "post", "/openapi/v1/custom/{roomId}"),
        "Send a custom message",
        &[
            ROOM,
            NICK_NAME,
            needed(Body, "custom", Kind::Text(5_000), "What the client programs read. message is the same."),
        ],
        Gives::Nothing,
    ),
    call(
        "sendWhisper",
        (3, "post", "/openapi/v1/whisper/{roomId}/{clientKey}"),
        "Send a whisper to one user",
        &[ROOM, CLIENT, NICK_NAME, needed(Body, "whisper", Kind::Text(5_000), "What to say. message is the same.")],
        Gives::Nothing,
    ),
];

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
        "description": "Done if result_cd is 1. Other codes say what is so in the room: see docs/vchatcloud.md.",
        "content": content(schema(gives)),
    });
    if gives == "TokenResult" {
        let header = json!({ X_AUTH_TOKEN: { "description": "The token.", "schema": { "type": "string" } } });
        if let Some(members) = done.as_object_mut() {
            members.insert("headers".to_owned(), header);
        }
    }
    let failed = |about: &str| json!({ "description": about, "content": content(schema("Result")) });
    json!({
        "200": done,
        "400": failed("A parameter is missing (10901) or wrong (400)"),
        "401": failed("The API_KEY or the X-AUTH-TOKEN is missing or was not accepted: result_msg says which"),
        "403": failed("The X-AUTH-TOKEN reads only (10114)"),
        "413": failed("The body is too long"),
        "415": failed("The body is neither a form nor JSON"),
        "503": failed("Keystead cannot answer right now (0)"),
    })
}

fn schemas() -> Value {
    let text = || json!({ "type": "string" });
    let number = || json!({ "type": "integer" });
    let flag = || json!({ "type": "string", "enum": ["Y", "N"] });
    let time = || json!({ "type": ["string", "null"] });
    let reference = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    let result = |name: Option<(&str, Value)>| {
        let mut properties = Map::new();
        properties.insert("result_cd".to_owned(), json!({ "type": "integer", "description": "1 if it was done." }));
        properties.insert("result_msg".to_owned(), json!({ "type": "string", "description": "Why it was not." }));
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
    fn the_names_are_those_of_the_family() {
        let ids: BTreeSet<_> = OPERATIONS.iter().map(|call| call.id).collect();
        assert_eq!(ids.len(), OPERATIONS.len());
        for id in ["listRoom", "listUser", "sendNotice", "sendCustom"] {
            assert!(ids.contains(id), "{id}");
        }
    }
}
