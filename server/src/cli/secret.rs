//! What a key shows once: its secret. It alone goes to standard output, because a script reads all of it.

use std::io;

use axum::http::Method;
use domain::contradiction::contradiction_of;
use domain::draft::KeyDraft;
use secrecy::{ExposeSecret, SecretString};

use super::call::{Call, path_of};
use super::client::Client;
use super::failure::Failure;
use super::json::Json;
use super::output::{plain, print, tell};
use super::rotation::OLD_ENDED;

/// An answer with a secret that no other answer has.
pub(super) struct Made {
    /// The whole answer, as JSON.
    whole: SecretString,
    /// What a program presents: a token, or an id and a secret on two lines.
    secret: SecretString,
    /// The answer without it.
    pub rest: Json,
}

impl Made {
    /// The answer to a call that made something.
    pub fn of(answer: Json, member: &str, id: &str) -> Result<Self, Failure> {
        let whole = SecretString::from(answer.to_text());
        let Json::Object(members) = answer else { return Err(unclear()) };
        let (secret, rest): (Vec<_>, Vec<_>) = members.into_iter().partition(|(name, _)| name == member || name == id);
        let secret = Json::Object(secret);
        let Some(first) = secret.text(member) else { return Err(unclear()) };
        let lines = secret.text(id).map_or_else(|| first.to_owned(), |id| format!("{id}\n{first}"));
        Ok(Self { whole, secret: lines.into(), rest: Json::Object(rest) })
    }

    /// Prints it. This is the only time that it is shown.
    pub fn print(&self, json: bool) -> io::Result<()> {
        let shown = if json { &self.whole } else { &self.secret };
        print(format_args!("{}", shown.expose_secret()))
    }
}

fn unclear() -> Failure {
    Failure::Away("the answer has no secret: perhaps another version answers there".to_owned())
}

/// The secret of a new key. A key whose secret could not be printed is revoked, because nobody has it.
pub(super) async fn issued(client: &mut Client, answer: Json, json: bool) -> Result<(), Failure> {
    let made = Made::of(answer, "secret", "secretId")?;
    let key = made.rest.get("key").unwrap_or(&Json::Null);
    let (id, masked) = (key.text("id").unwrap_or_default(), plain(key.text("masked").unwrap_or_default()));
    if let Err(error) = made.print(json) {
        let is_pending = key.text("status") == Some("pending");
        let (undo, undone) = if is_pending {
            (Call::new(Method::DELETE, path_of("/v1/keys", id, "")), "dropped")
        } else {
            let note = ("note", "Its secret could not be printed.".to_owned().into());
            let body = vec![("reason", "other".to_owned().into()), note];
            (Call::post(path_of("/v1/keys", id, "revoke")).body(body), "revoked")
        };
        let outcome = match client.send(&undo).await {
            Ok(_) => format!("the key {masked} was {undone} at once"),
            Err(refused) if is_pending => {
                format!("the key {masked} does not work, and is dropped if nobody confirms it: {refused}")
            }
            Err(refused) => {
                format!("the key {masked} still works, because it could not be revoked either: {refused}")
            }
        };
        return Err(Failure::Unprinted { error, outcome });
    }
    if key.text("status") == Some("pending") {
        tell(format_args!(
            "Issued {masked}. It is shown only once, and works after: keystead key acknowledge {}",
            plain(id)
        ));
    } else {
        tell(format_args!("Issued {masked}. It is shown only once, and works {}.", when(key)));
    }
    warn(key);
    Ok(())
}

/// The new secret of a key.
pub(super) fn rotated(answer: Json, json: bool) -> Result<(), Failure> {
    let made = Made::of(answer, "secret", "secretId")?;
    let key = made.rest.get("key").unwrap_or(&Json::Null);
    let masked = plain(key.text("masked").unwrap_or_default());
    let old = match made.rest.text("overlapEndsAt") {
        Some(end) => format!("the old secret works until {}", plain(end)),
        None => OLD_ENDED.to_owned(),
    };
    let instead = if made.rest.text("overlapEndsAt").is_some() {
        format!("to undo the rotation: keystead key undo {}", plain(key.text("id").unwrap_or_default()))
    } else {
        "rotate the key again".to_owned()
    };
    if let Err(error) = made.print(json) {
        let outcome = format!("the key {masked} has a new secret that nobody saw, and {old}; {instead}");
        return Err(Failure::Unprinted { error, outcome });
    }
    tell(format_args!("Rotated {masked}. The new secret is shown only once, and works {}; {old}.", when(key)));
    Ok(())
}

/// From when on a key works.
fn when(key: &Json) -> String {
    match (key.text("status"), key.text("notBefore")) {
        (Some("not_yet_valid"), Some(starts)) => format!("from {} on", plain(starts)),
        (Some("disabled"), _) => "once the key is enabled".to_owned(),
        _ => "now".to_owned(),
    }
}

/// Says what a key can never do, though it was saved.
fn warn(key: &Json) {
    let networks = |member| Some(key.get(member)?.items().iter().map(Json::words).collect::<Vec<_>>());
    let rules = KeyDraft { cidrs: networks("cidrs"), denied_cidrs: networks("deniedCidrs"), ..KeyDraft::default() };
    if let Some(warning) = contradiction_of(&rules) {
        tell(format_args!("Warning: {warning}"));
    }
}
