//! `…/messages`: what is said in a conversation. Content that is more than a text is kept as it was sent; other programs read a
//! text in its place.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::ids::{AttachmentId, ContactId};
use domain::message::{Author, AuthorKind, Message, MessageKind, checked_text};
use domain::profile::EXTRA_MAX;
use domain::room::Room;
use domain::text::MESSAGE_MAX;
use serde::Serialize;
use serde_json::{Map, Value, json};
use service::Caller;
use service::chat::messages::NewMessage;

use super::attachments::of_url;
use super::body::{Body, Members};
use super::caller::{AnyScope, Scoped};
use super::conversations::of_path;
use super::failure::Failure;
use super::paging::{Beside, Paging, Query, is_record_id};
use super::shown::{self, AUTHOR, CONTENT, FileLinks, METADATA, REST, Users, message_id, seq_of};
use super::users::{acting_by, caller, check_metadata};
use crate::api::call::Api;
use crate::json::answer::{Json, json as answer};

/// How many messages a page has. A call cannot choose it.
const PAGE: u32 = 100;

/// What Keystead knows of a message, and what tells the original how to send it. Everything else is kept as it is.
const KNOWN: [&str; 10] =
    ["id", "received", AUTHOR, CONTENT, "source", METADATA, "deleted", "destination", "override", "schema"];

/// What a business is called that does not say its name.
pub(super) const BUSINESS: &str = "Business";

#[derive(Debug, Serialize)]
struct Many {
    messages: Vec<Value>,
    #[serde(flatten)]
    beside: Beside,
}

pub(super) fn links(api: &Api) -> FileLinks<'_> {
    FileLinks { service: &api.service, public_url: &api.public_url }
}

/// The ids in the app's own systems of those who wrote these.
async fn users(api: &Api, caller: &Caller, of: &[Message]) -> Result<Users, Failure> {
    let authors = of.iter().filter(|message| message.author.kind == AuthorKind::Contact);
    let ids: BTreeSet<_> = authors.filter_map(|message| ContactId::parse(&message.author.id)).collect();
    let ids: Vec<_> = ids.into_iter().collect();
    Ok(Users::of(&api.service.some_contacts(caller, &ids).await?))
}

/// What a message says: its content as it is kept, and the text for those who know no other.
#[derive(Debug, PartialEq)]
struct Said {
    /// `None` for a text and nothing else.
    content: Option<Map<String, Value>>,
    text: String,
}

impl Said {
    fn of(content: &Members<'_>) -> Result<Self, Failure> {
        let kind = content.needed("type")?;
        let mut kept = content.map().clone();
        let text = content.text("text")?.map(str::to_owned);
        let instead = match kind {
            "text" => {
                let text = match (text, content.text("htmlText")?, content.text("markdownText")?) {
                    (_, Some(_), Some(_)) => {
                        return Err(Failure::bad_request("Only one of htmlText and markdownText can be provided"));
                    }
                    (Some(text), ..) => text,
                    (None, Some(html), _) => plain(html),
                    (None, None, Some(markdown)) => markdown.to_owned(),
                    (None, None, None) => {
                        let actions = content.list("actions")?.ok_or_else(|| content.required("text"))?;
                        return Ok(Self::besides(kept, &labels(actions, "text"), kind));
                    }
                };
                // A text that is kept in another form than it was sent in is content, too, if there is room for it twice.
                let is_same = checked_text(MessageKind::Text, &text).is_ok_and(|checked| checked == text);
                let is_long = text.len() > EXTRA_MAX / 2;
                if kept.len() == 2 && kept.contains_key("text") && (is_same || is_long) {
                    return Ok(Self { content: None, text });
                }
                kept.insert("text".to_owned(), text.clone().into());
                return Ok(Self { content: Some(kept), text });
            }
            "image" | "file" => {
                let url = content.needed("mediaUrl")?;
                let said = text.filter(|text| !text.trim().is_empty());
                said.or(content.text("altText")?.map(str::to_owned)).unwrap_or_else(|| url.to_owned())
            }
            "carousel" | "list" => {
                let items = filled(content, "items")?;
                each_has(content, items, "items", "title")?;
                labels(items, "title")
            }
            "form" => {
                let fields = filled(content, "fields")?;
                each_has(content, fields, "fields", "label")?;
                kept.entry("submitted").or_insert(Value::Bool(false));
                labels(fields, "label")
            }
            "formResponse" => {
                let fields = filled(content, "fields")?;
                let text = answers(fields);
                kept.entry("textFallback").or_insert_with(|| text.clone().into());
                text
            }
            "location" => {
                let coordinates = content.object("coordinates")?.ok_or_else(|| content.required("coordinates"))?;
                let number = |name: &str| {
                    let value = coordinates.get(name).ok_or_else(|| coordinates.required(name))?;
                    let wrong = || Failure::bad_request(format!("{} should be number", coordinates.place(name)));
                    value.as_f64().ok_or_else(wrong)
                };
                let (lat, long) = (number("lat")?, number("long")?);
                let text = format!("Location shared:\nhttps://maps.google.com/maps?q={lat},{long}");
                kept.entry("text").or_insert_with(|| text.clone().into());
                text
            }
            "template" => {
                content.object("template")?.ok_or_else(|| content.required("template"))?;
                String::new()
            }
            _ => {
                let title = format!("{} should be equal to one of the allowed values", content.place("type"));
                return Err(Failure::bad_request(title));
            }
        };
        Ok(Self::besides(kept, &instead, kind))
    }

    /// Content that is no text, with what can be said of it in one.
    fn besides(content: Map<String, Value>, text: &str, kind: &str) -> Self {
        let text: String = text.chars().filter(|c| !c.is_control() || *c == '\n').take(MESSAGE_MAX).collect();
        let text = if text.trim().is_empty() { kind.to_owned() } else { text };
        Self { content: Some(content), text }
    }
}

/// A list with something in it.
fn filled<'a>(content: &Members<'a>, name: &str) -> Result<&'a [Value], Failure> {
    let items = content.list(name)?.ok_or_else(|| content.required(name))?;
    if items.is_empty() {
        return Err(Failure::bad_request(format!("{} should NOT have fewer than 1 items", content.place(name))));
    }
    Ok(items)
}

/// Refuses items without a text that they must have.
fn each_has(content: &Members<'_>, items: &[Value], name: &str, needed: &str) -> Result<(), Failure> {
    for (n, item) in items.iter().enumerate() {
        Members::of(item, format!("{}[{n}]", content.place(name)))?.needed(needed)?;
    }
    Ok(())
}

/// A text of each item, one in a line.
fn labels(items: &[Value], name: &str) -> String {
    let texts = items.iter().filter_map(|item| item.get(name).and_then(Value::as_str));
    texts.collect::<Vec<_>>().join("\n")
}

/// `label: value` of each field, one in a line.
fn answers(fields: &[Value]) -> String {
    let of = |field: &Value| {
        let text = |name: &str| field.get(name).and_then(Value::as_str);
        let label = text("label").or(text("name"))?;
        let value = text("text").or(text("email")).map(str::to_owned).or_else(|| {
            let chosen = field.get("select").and_then(Value::as_array)?;
            Some(labels(chosen, "label").replace('\n', ", "))
        });
        Some(format!("{label}: {}", value.unwrap_or_default()))
    };
    fields.iter().filter_map(of).collect::<Vec<_>>().join("\n")
}

/// What people read of a text in HTML: no tags, and the few references that are in every such text.
fn plain(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        let Some((name, after)) = tag.split_once('>') else {
            rest = "";
            break;
        };
        let name = name.trim_matches('/').split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
        if matches!(name.as_str(), "br" | "p" | "li" | "div") && !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        rest = after;
    }
    text.push_str(rest);
    let references = [("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    references.iter().fold(text, |text, (reference, character)| text.replace(reference, character))
}

/// Who writes, and what a program said of them beside that.
async fn author(
    api: &Api,
    caller: &Caller,
    by: &Scoped,
    author: &Members<'_>,
) -> Result<(Author, Map<String, Value>), Failure> {
    let name = author.display_name()?;
    author.text("avatarUrl")?;
    author.list("subtypes")?;
    let (id, external_id) = (author.text("userId")?, author.text("userExternalId")?);
    let who = match author.needed("type")? {
        "business" => Author::manager(name.unwrap_or(BUSINESS)),
        "user" => {
            let contact = acting_by(api, caller, &by.app, id, external_id).await?;
            Author::contact(&contact.ok_or_else(|| author.required("userId"))?.id)
        }
        _ => {
            let title =
                format!("{} should be equal to one of the allowed values: user, business", author.place("type"));
            return Err(Failure::bad_request(title));
        }
    };
    Ok((who, author.besides(&["type", "userId", "userExternalId"])))
}

pub(super) async fn post(State(api): State<Arc<Api>>, AnyScope(by): AnyScope, body: Body) -> Result<Response, Failure> {
    let members = body.members();
    check_metadata(&members)?;
    let sent_by = members.object(AUTHOR)?.ok_or_else(|| members.required(AUTHOR))?;
    let content = members.object(CONTENT)?.ok_or_else(|| members.required(CONTENT))?;
    let said = Said::of(&content)?;
    let caller = caller(&by);
    let room = of_path(&api, &caller, &by).await?;
    let (author, of_author) = author(&api, &caller, &by, &sent_by).await?;
    let attachment = match content.text("mediaUrl")? {
        Some(url) => file_of(&api, &caller, &room, url).await?,
        None => None,
    };
    let mut extra = Map::new();
    extra.extend(said.content.map(|content| (CONTENT.to_owned(), Value::Object(content))));
    extra.extend(Some((AUTHOR.to_owned(), Value::Object(of_author.clone()))).filter(|_| !of_author.is_empty()));
    let metadata = members.get(METADATA).filter(|metadata| metadata.as_object().is_some_and(|all| !all.is_empty()));
    extra.extend(metadata.map(|metadata| (METADATA.to_owned(), metadata.clone())));
    let rest = members.besides(&KNOWN);
    if !rest.is_empty() {
        extra.insert(REST.to_owned(), Value::Object(rest));
    }
    let new = NewMessage {
        kind: if attachment.is_some() { MessageKind::File } else { MessageKind::Text },
        author,
        text: said.text,
        reply_to: None,
        to: None,
        attachment,
    };
    let message = api.service.send_with(&caller, &room.id, new, &extra).await?;
    let users = users(&api, &caller, std::slice::from_ref(&message)).await?;
    let shown = shown::message(links(&api), &room, &message, &users);
    Ok(answer(StatusCode::CREATED, "application/json", &json!({ "messages": [shown] })))
}

/// The file of this room to which an address leads; `None` for any other address. What is elsewhere is only named.
async fn file_of(api: &Api, caller: &Caller, room: &Room, url: &str) -> Result<Option<AttachmentId>, Failure> {
    let Some(id) = of_url(api, url) else { return Ok(None) };
    let is_here = api.service.has_file(caller, &room.id, &id).await?;
    Ok(is_here.then_some(id))
}

/// The messages of a conversation: the last ones, those before one of them, or those after it. In their order.
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    AnyScope(by): AnyScope,
    query: Query,
) -> Result<Response, Failure> {
    let paging = query.paging(is_record_id)?;
    let caller = caller(&by);
    let room = of_path(&api, &caller, &by).await?;
    let seq = |id: &Option<String>| id.as_deref().map(|id| seq_of(&room.id, id).ok_or_else(Failure::page)).transpose();
    let (after, before) = (seq(&paging.after)?, seq(&paging.before)?);
    let (from, to) =
        (after.map_or(1, |after| after.saturating_add(1)), before.map_or(u64::MAX, |seq| seq.saturating_sub(1)));
    let newest = after.is_none();
    let mut found = api.service.said(&caller, &room.id, from, to, newest, PAGE + 1).await?;
    // One extra message shows whether there is another page in this direction.
    let size = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let more = found.len() > size;
    found.truncate(size);
    if newest {
        found.reverse();
    }
    let id = |message: Option<&Message>| message.map(|message| message_id(&message.room_id, message.seq));
    // On the other side is at least the message from which the caller came.
    let (has_next, has_previous) = if newest { (before.is_some(), more) } else { (more, true) };
    let (next, previous) = (id(found.last()).filter(|_| has_next), id(found.first()).filter(|_| has_previous));
    let users = users(&api, &caller, &found).await?;
    let messages = found.iter().map(|message| shown::message(links(&api), &room, message, &users)).collect();
    // Without a cursor, this list goes back from its end.
    let paging = Paging { before: paging.before.or_else(|| id(found.last())).filter(|_| newest), ..paging };
    let beside = query.beside(&api.public_url, &paging, next, previous);
    Ok(Json(Many { messages, beside }).into_response())
}

/// Deletes one message.
pub(super) async fn delete(State(api): State<Arc<Api>>, AnyScope(by): AnyScope) -> Result<Response, Failure> {
    let caller = caller(&by);
    let room = of_path(&api, &caller, &by).await?;
    let seq = by.places.get("message").and_then(|id| seq_of(&room.id, id)).ok_or_else(Failure::not_found)?;
    api.service.delete_message(&caller, &room.id, seq).await?;
    Ok(Json(json!({})).into_response())
}

/// Deletes every message of a conversation.
pub(super) async fn delete_all(State(api): State<Arc<Api>>, AnyScope(by): AnyScope) -> Result<Response, Failure> {
    let caller = caller(&by);
    let room = of_path(&api, &caller, &by).await?;
    api.service.delete_messages(&caller, &room.id).await?;
    Ok(Json(json!({})).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(content: &Value) -> Result<Said, Failure> {
        Said::of(&Members::of(content, CONTENT.to_owned())?)
    }

    #[test]
    fn every_type_of_content_has_a_text_for_others() {
        for (content, text) in [
            (json!({ "type": "text", "text": "Hi", "payload": "p" }), "Hi"),
            (json!({ "type": "text", "htmlText": "<p>Hi &lt;<b>there</b>&amp;</p><br/>Bye" }), "Hi <there&\nBye"),
            (json!({ "type": "text", "markdownText": "**Hi**" }), "**Hi**"),
            (json!({ "type": "text", "actions": [{ "type": "reply", "text": "Yes" }, { "text": "No" }] }), "Yes\nNo"),
            (json!({ "type": "image", "mediaUrl": "https://example.com/a.png" }), "https://example.com/a.png"),
            (json!({ "type": "file", "mediaUrl": "https://example.com/a.pdf", "altText": "A\u{0} list" }), "A list"),
            (
                json!({ "type": "carousel", "items": [{ "title": "One", "actions": [] }, { "title": "Two" }] }),
                "One\nTwo",
            ),
            (json!({ "type": "list", "items": [{ "title": "One" }] }), "One"),
            (json!({ "type": "form", "fields": [{ "type": "text", "name": "n", "label": "Name?" }] }), "Name?"),
            (
                json!({ "type": "formResponse", "fields": [
                    { "label": "Name?", "text": "Ada" }, { "name": "mail", "email": "a@example.com" },
                    { "label": "Which?", "select": [{ "label": "A" }, { "label": "B" }] },
                ] }),
                "Name?: Ada\nmail: a@example.com\nWhich?: A, B",
            ),
            (
                json!({ "type": "location", "coordinates": { "lat": 45.5, "long": -73 } }),
                "Location shared:\nhttps://maps.google.com/maps?q=45.5,-73",
            ),
            (json!({ "type": "template", "template": {} }), "template"),
        ] {
            let said = said(&content).unwrap();
            assert_eq!(said.text, text, "{content}");
            let kept = Value::Object(said.content.unwrap());
            assert_eq!((&kept["type"], kept.get("items")), (&content["type"], content.get("items")), "{content}");
        }
        let plain = said(&json!({ "type": "text", "text": "Hi" })).unwrap();
        assert_eq!(plain, Said { content: None, text: "Hi".to_owned() });
    }

    #[test]
    fn odd_content_is_refused() {
        for content in [
            json!({}),
            json!({ "type": "text" }),
            json!({ "type": "text", "text": 1 }),
            json!({ "type": "text", "htmlText": "a", "markdownText": "b" }),
            json!({ "type": "image" }),
            json!({ "type": "carousel", "items": [] }),
            json!({ "type": "list", "items": [{}] }),
            json!({ "type": "form", "fields": [1] }),
            json!({ "type": "location", "coordinates": { "lat": "a", "long": 1 } }),
            json!({ "type": "template" }),
            json!({ "type": "poem" }),
        ] {
            assert!(said(&content).is_err(), "{content}");
        }
    }

    #[test]
    fn html_that_never_ends_is_text_up_to_there() {
        assert_eq!(plain("a<b"), "a");
        assert_eq!(plain("a & b > c"), "a & b > c");
        assert_eq!(plain(""), "");
    }
}
