//! The calls of this family, as its own documentation describes them.

use serde_json::{Value, json};

use self::In::{Body, Path, Query};

/// The groups, in the order of the family's own documentation.
pub(super) const TAGS: [(&str, &str); 4] = [
    ("1. Token", "An API KEY buys an X-AUTH-TOKEN, which every other call presents beside it."),
    ("2. ChatRoom", "Rooms and their ROOM ID (Channel Key)."),
    ("3. ChatUser", "Who is in a room, by their CLIENT KEY (User Key), who may not be, and who may not write."),
    ("4. Chat", "Notices, custom messages and whispers."),
];

/// Where a parameter is. One in the body may also be in the query.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum In {
    Path,
    Query,
    Body,
}

pub(super) struct Param {
    pub(super) place: In,
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) needed: bool,
    pub(super) kind: Kind,
}

/// What a parameter can be.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Text(u32),
    Number(u32),
    Time,
    Word(&'static [&'static str]),
    RoomId,
    ClientKey,
}

impl Kind {
    pub(super) fn schema(self) -> Value {
        match self {
            Self::Text(most) => json!({ "type": "string", "maxLength": most }),
            Self::Number(most) => json!({ "type": "integer", "minimum": 0, "maximum": most }),
            // Without an example: Swagger UI would send it, and both times of a room would be the same.
            Self::Time => json!({ "type": "string" }),
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
const START: Param = param(Body, "startDt", Kind::Time, "When the room opens, in UTC: 2026-11-21T09:30:00Z.");
const END: Param = param(Body, "endDt", Kind::Time, "When it ends, in UTC, in the same form.");
const MAX_USER: Param = param(Body, "maxUser", Kind::Number(10_000), "How many may be in it. 0 is any number.");
const PASSWORD: Param = param(Body, "password", Kind::Text(256), "What joining takes.");
const WEBRTC: Param = param(Body, "webrtc", Kind::Word(&["Y", "N"]), "Read and not used: rooms have no video here.");

/// What a call answers with in `data` or `list`.
#[derive(Clone, Copy)]
pub(super) enum Gives {
    Nothing,
    Token,
    Room,
    Rooms,
    User,
    Users,
}

pub(super) struct Operation {
    pub(super) id: &'static str,
    /// The place in `TAGS`.
    pub(super) tag: usize,
    pub(super) method: &'static str,
    /// With the names that the family has for its parts.
    pub(super) path: &'static str,
    pub(super) summary: &'static str,
    pub(super) about: &'static str,
    pub(super) params: &'static [Param],
    pub(super) gives: Gives,
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

pub(super) static OPERATIONS: [Operation; 20] = [
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
