//! Calls of the chat platforms to copy, with this installation's own address and values in them.

/// Buys an access token with the API KEY.
pub fn token_call(url: &str) -> String {
    format!("curl \"{url}/openapi/token\" \\\n  -H \"API_KEY: $API_KEY\"")
}

/// Lists the participants of a room.
pub fn users_call(url: &str, room: &str) -> String {
    format!(
        "curl \"{url}/openapi/v1/users/{room}\" \\\n  -H \"API_KEY: $API_KEY\" \\\n  -H \"X-AUTH-TOKEN: $X_AUTH_TOKEN\""
    )
}

/// An example of what a Master User key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    pub id: &'static str,
    pub name: &'static str,
    /// What it does, in a sentence.
    pub words: &'static str,
    /// What the key must be allowed, as its box says.
    pub permission: &'static str,
    /// Its last part. What has a body is posted.
    path: &'static str,
    on_behalf: bool,
    body: Option<&'static str>,
}

pub const EXAMPLES: [Example; 5] = [
    Example {
        id: "butler",
        name: "Send automated messages via the Butler",
        words: "Writes to every contact, each in their chat with the Butler. The placeholders become their names.",
        permission: "write-only chat actions",
        path: "chats/butler-says/send-text",
        on_behalf: false,
        body: Some(r#"{"text":"Hello {{first_name}} {{last_name}}, the office is closed on Friday."}"#),
    },
    Example {
        id: "create-chat",
        name: "Create a chat",
        words: "Makes a chat with a title and its participants, on behalf of one of them.",
        permission: "write-only chat actions",
        path: "chats/create",
        on_behalf: true,
        body: Some(r#"{"title":"Support","entity_user_xref_uuids":["{contact}"]}"#),
    },
    Example {
        id: "export",
        name: "Export chats",
        words: "Gives all chats with their messages, and no files.",
        permission: "export data",
        path: "chats/export",
        on_behalf: false,
        body: None,
    },
    Example {
        id: "invite",
        name: "Invite a contact",
        words: "Adds a client, on behalf of a contact who is staff and an admin.",
        permission: "read/write contact actions",
        path: "contacts/invite",
        on_behalf: true,
        body: Some(r#"{"first_name":"Ada","last_name":"Byron","email":"ada.byron@example.com","type":"client"}"#),
    },
    Example {
        id: "list-users",
        name: "List users",
        words: "Gives the contacts of the app, page by page.",
        permission: "read/write contact actions",
        path: "contacts/list",
        on_behalf: false,
        body: None,
    },
];

impl Example {
    /// The call, for this contact where it names one; `None` for the one whose UUID is in `CONTACT_UUID`.
    pub fn call(&self, url: &str, contact: Option<&str>) -> String {
        let mut lines = vec![
            format!("curl \"{url}/chat-service/api/{}\"", self.path),
            "-H \"X-MASTER-USER-API-KEY: $KEYSTEAD_KEY_ID\"".to_owned(),
            "-H \"X-MASTER-USER-API-KEY-SECRET: $KEYSTEAD_KEY_SECRET\"".to_owned(),
        ];
        if self.on_behalf {
            lines.push(format!("-H \"on-behalf-of: {}\"", contact.unwrap_or("$CONTACT_UUID")));
        }
        if let Some(body) = self.body {
            lines.push("-H \"Content-Type: application/json\"".to_owned());
            // A shell leaves what is in single quotes as it is.
            lines.push(format!("-d '{}'", body.replace("{contact}", contact.unwrap_or("'$CONTACT_UUID'"))));
        }
        lines.join(" \\\n  ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_example_is_a_whole_call() {
        let contact = "01234567-89ab-8cde-8f01-234567000000";
        for example in EXAMPLES {
            let call = example.call("http://localhost:3000", Some(contact));
            assert!(call.starts_with("curl \"http://localhost:3000/chat-service/api/"), "{call}");
            assert!(call.contains("API-KEY-SECRET: $KEYSTEAD_KEY_SECRET") && !call.contains("{contact}"), "{call}");
            assert_eq!(call.contains("on-behalf-of"), example.on_behalf, "{call}");
            assert_eq!(call.contains(" -d '{"), example.body.is_some(), "{call}");
        }
        assert!(users_call("http://localhost:3000", "$ROOM_ID").contains("/users/$ROOM_ID\""));
    }
}
