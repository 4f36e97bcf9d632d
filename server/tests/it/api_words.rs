//! The closed sets of words in the document of the API: calls take these words and no others, and answers have no others.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::api_docs::document;
use crate::manage_keys::Manager;
use crate::manage_requests::{ask, asker};
use crate::support::{Answer, Call};

/// The members of a body that take a word of a closed set.
const MEMBERS: [&str; 22] = [
    "actOnKeys /act",
    "actOnKeys /reason",
    "changeKey /quotaRefill",
    "changePerson /role",
    "changeSettings /approvalKinds/0",
    "changeSettings /defaultLife",
    "changeSettings /factorPolicy",
    "changeSettings /longestLife",
    "handOver /key/environment",
    "handOver /key/kind",
    "handOver /key/quotaRefill",
    "handOver /linkLife",
    "invite /keys/0/acts/0",
    "invite /role",
    "issueKey /environment",
    "issueKey /kind",
    "issueKey /quotaRefill",
    "revokeKey /reason",
    "rotateKey /handOver/linkLife",
    "setPersonKeys /keys/0/acts/0",
    "verifyKey /kind",
    "verifyKeys /calls/0/kind",
];

fn behind<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    schema["$ref"].as_str().map_or(schema, |reference| document.pointer(&reference[1..]).unwrap())
}

/// The members of a body that have an enum: the pointer of each, and its words.
fn closed(document: &Value, schema: &Value, at: &str, found: &mut Vec<(String, Vec<String>)>) {
    let schema = behind(document, schema);
    if let Some(words) = schema["enum"].as_array() {
        found.push((at.to_owned(), words.iter().map(|word| word.as_str().unwrap().to_owned()).collect()));
    }
    for either in schema["oneOf"].as_array().into_iter().flatten() {
        closed(document, either, at, found);
    }
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        closed(document, member, &format!("{at}/{name}"), found);
    }
    if schema["items"].is_object() {
        closed(document, &schema["items"], &format!("{at}/0"), found);
    }
}

/// The words of an answer that have an enum, each with that.
fn words(document: &Value, schema: &Value, answer: &Value, found: &mut Vec<(Value, Value)>) {
    let schema = behind(document, schema);
    if answer.is_null() {
        return;
    }
    if schema["enum"].is_array() {
        found.push((answer.clone(), schema["enum"].clone()));
    }
    for either in schema["oneOf"].as_array().into_iter().flatten() {
        words(document, either, answer, found);
    }
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        words(document, member, &answer[name], found);
    }
    for item in answer.as_array().into_iter().flatten() {
        words(document, &schema["items"], item, found);
    }
}

/// What a body needs beside a member, and its example does not have.
fn beside(operation: &str, at: &str, key: &str, body: &mut Value) {
    match (operation, at) {
        ("actOnKeys", "/reason") => body["act"] = "revoke".into(),
        ("rotateKey", _) => body["handOver"] = json!({ "recipient": "Grace" }),
        ("invite" | "setPersonKeys", at) if at.starts_with("/keys") => {
            if operation == "invite" {
                body["role"] = "guest".into();
            }
            body["keys"] = json!([{ "key": key }]);
        }
        _ => {}
    }
}

fn put(body: &mut Value, at: &str, word: &str) {
    let mut place = body;
    for step in at.split('/').skip(1) {
        if step == "0" {
            if place.is_null() {
                *place = json!([null]);
            }
            place = &mut place[0];
        } else {
            place = &mut place[step];
        }
    }
    *place = word.into();
}

/// Whether something is wrong with this member, or with what it is in.
fn is_wrong(answer: &Answer, at: &str) -> bool {
    let problem = answer.json();
    let mut pointers = problem["errors"].as_array().into_iter().flatten().filter_map(|error| error["pointer"].as_str());
    pointers.any(|pointer| at == pointer || at.starts_with(&format!("{pointer}/")))
}

#[tokio::test]
async fn a_member_takes_the_words_of_its_enum_and_no_others() {
    let m = Manager::start().await;
    let document = document(&m.product).await;
    let mut members = BTreeSet::new();
    let paths = document["paths"].as_object().unwrap().iter();
    // That one would end the key that calls.
    for (path, item) in paths.filter(|(path, _)| path.as_str() != "/v1/keys/revoke-self") {
        for (method, operation) in item.as_object().unwrap() {
            let Some(body) = operation.get("requestBody") else { continue };
            let content = &body["content"]["application/json"];
            let name = operation["operationId"].as_str().unwrap();
            let mut found = Vec::new();
            closed(&document, &content["schema"], "", &mut found);
            for (at, words) in found {
                let key = m.issue(&json!({ "kind": "service", "name": name })).await;
                let key = key["key"]["id"].as_str().unwrap();
                // Nobody has the other one: a body is read first.
                let id = if path.starts_with("/v1/keys/{id}") { key } else { "0123456789abcdef01234567" };
                let send = async |word: &str| {
                    let mut body = content["example"].clone();
                    beside(name, &at, key, &mut body);
                    put(&mut body, &at, word);
                    m.call(Call::new(&method.to_uppercase(), &path.replace("{id}", id)).json(body.to_string())).await
                };
                for foreign in ["", " ", "sausage", &format!("{} ", words[0])] {
                    let answer = send(foreign).await;
                    assert_eq!(answer.status, 422, "{name} {at} {foreign:?}: {}", answer.body);
                    assert!(is_wrong(&answer, &at), "{name} {at} {foreign:?}: {}", answer.body);
                }
                for word in &words {
                    let answer = send(word).await;
                    assert!(answer.status.as_u16() < 500, "{name} {at} {word}: {}", answer.body);
                    assert!(!is_wrong(&answer, &at), "{name} {at} {word}: {}", answer.body);
                }
                members.insert(format!("{name} {at}"));
            }
        }
    }
    assert_eq!(members.iter().map(String::as_str).collect::<Vec<_>>(), MEMBERS);
}

#[tokio::test]
async fn a_parameter_takes_the_words_of_its_enum_and_no_others() {
    let m = Manager::start().await;
    let document = document(&m.product).await;
    let mut parameters = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for parameter in item["get"]["parameters"].as_array().into_iter().flatten() {
            let Some(words) = parameter["schema"]["enum"].as_array() else { continue };
            let name = parameter["name"].as_str().unwrap();
            let get = async |word: &str| m.get(&format!("{path}?{name}={word}")).await;
            for foreign in ["", "sausage"] {
                get(foreign).await.problem(400);
            }
            for word in words {
                let answer = get(word.as_str().unwrap()).await;
                assert_eq!(answer.status, 200, "{path} {name} {word}: {}", answer.body);
            }
            parameters += 1;
        }
    }
    assert!(parameters > 12, "{parameters}");
}

#[tokio::test]
async fn an_answer_has_no_word_that_its_enum_lacks() {
    let m = Manager::start().await;
    let by = asker(&m.product).await;
    ask(&m.product, &by).await;
    let limited = json!({ "kind": "service", "name": "Limited", "quota": 5, "quotaRefill": "daily" });
    let (limited, leaked) = (m.issue(&limited).await, m.issue(&json!({ "kind": "client", "name": "Leaked" })).await);
    let path = format!("/v1/keys/{}/revoke", leaked["key"]["id"].as_str().unwrap());
    m.post(&path, &json!({ "reason": "leaked" })).await;
    let keys = json!([{ "key": limited["key"]["id"], "acts": ["rotate"] }]);
    let guest = json!({ "firstName": "Ada", "email": "ada@example.com", "role": "guest", "keys": keys });
    m.post("/v1/invites", &guest).await;
    let partner = json!({ "key": { "kind": "service", "name": "Partner" }, "recipient": "Grace" });
    m.post("/v1/hand-overs", &partner).await;
    m.call(Call::new("PATCH", "/v1/settings").json(json!({ "approvalKinds": ["telephony"] }).to_string())).await;
    let document = document(&m.product).await;
    for (path, at_least) in [
        ("/v1/keys", 11),
        ("/v1/keys/self", 2),
        ("/v1/people", 3),
        ("/v1/invites", 3),
        ("/v1/hand-overs", 1),
        ("/v1/requests", 3),
        ("/v1/settings", 4),
        ("/v1/usage", 1),
    ] {
        let answer = m.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        let content = &document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"];
        let mut found = Vec::new();
        words(&document, &content["schema"], &answer.json(), &mut found);
        assert!(found.len() >= at_least, "{path}: {found:?}");
        for (word, set) in found {
            assert!(set.as_array().unwrap().contains(&word), "{path}: {word} is not in {set}");
        }
    }
}
