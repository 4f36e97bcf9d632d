//! The bodies of calls: the members that Qwil's clients send. Members that are not read here are ignored, as a client may
//! send more than Keystead knows.

use domain::contact::{ContactDraft, ContactKind, NAMED_MAX};
use domain::ids::{ContactId, RoomId};
use serde::Deserialize;
use service::chat::butler::Audience;
use utoipa::ToSchema;

use super::failure::Failure;
use super::query::{chat_id, contact_id};
use crate::json::body::BodyCall;
use crate::json::fault::Faults;
use crate::json::members::{Bounded, Text, Whole};

type Ids<'a> = Bounded<Text<'a>, 0, NAMED_MAX>;

/// A body that its handler checks: what it refuses has a code of its own.
macro_rules! plain {
    ($name:ident) => {
        impl BodyCall for $name<'_> {
            type Sent<'a> = $name<'a>;
            type Call<'a> = $name<'a>;

            fn read<'a>(sent: Self::Sent<'a>, _: &mut Faults) -> Option<Self::Call<'a>> {
                Some(sent)
            }
        }
    };
}

#[derive(Deserialize, ToSchema)]
pub(super) struct CreateBody<'a> {
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    title: Option<Text<'a>>,
    #[serde(borrow)]
    #[schema(value_type = Option<Vec<String>>, max_items = 200)]
    entity_user_xref_uuids: Option<Ids<'a>>,
}
plain!(CreateBody);

impl CreateBody<'_> {
    pub fn title(&self) -> Result<&str, Failure> {
        needed("title", self.title.as_ref())
    }

    pub fn contacts(&self) -> Result<Vec<ContactId>, Failure> {
        contacts(self.entity_user_xref_uuids.as_ref())
    }
}

#[derive(Deserialize, ToSchema)]
pub(super) struct RenameBody<'a> {
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    chat_uuid: Option<Text<'a>>,
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    title: Option<Text<'a>>,
}
plain!(RenameBody);

impl RenameBody<'_> {
    pub fn chat(&self) -> Result<RoomId, Failure> {
        chat(self.chat_uuid.as_ref())
    }

    pub fn title(&self) -> Result<&str, Failure> {
        needed("title", self.title.as_ref())
    }
}

#[derive(Deserialize, ToSchema)]
pub(super) struct AddBody<'a> {
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    chat_uuid: Option<Text<'a>>,
    #[serde(borrow)]
    #[schema(value_type = Option<Vec<String>>, max_items = 200)]
    entity_user_xref_uuids: Option<Ids<'a>>,
}
plain!(AddBody);

impl AddBody<'_> {
    pub fn chat(&self) -> Result<RoomId, Failure> {
        chat(self.chat_uuid.as_ref())
    }

    pub fn contacts(&self) -> Result<Vec<ContactId>, Failure> {
        let contacts = contacts(self.entity_user_xref_uuids.as_ref())?;
        if contacts.is_empty() { Err(Failure::id_needed("entity_user_xref_uuids")) } else { Ok(contacts) }
    }
}

#[derive(Deserialize, ToSchema)]
pub(super) struct ArchiveBody<'a> {
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    chat_uuid: Option<Text<'a>>,
    archived: Option<bool>,
}
plain!(ArchiveBody);

impl ArchiveBody<'_> {
    pub fn chat(&self) -> Result<RoomId, Failure> {
        chat(self.chat_uuid.as_ref())
    }

    pub fn archived(&self) -> Result<bool, Failure> {
        self.archived.ok_or_else(|| Failure::wrong("body.archived", "send true or false."))
    }
}

#[derive(Deserialize, ToSchema)]
pub(super) struct SendBody<'a> {
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    chat_uuid: Option<Text<'a>>,
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    text: Option<Text<'a>>,
    #[schema(value_type = Option<u64>)]
    reply_to_seq: Option<Whole>,
}
plain!(SendBody);

impl SendBody<'_> {
    pub fn chat(&self) -> Result<RoomId, Failure> {
        chat(self.chat_uuid.as_ref())
    }

    pub fn text(&self) -> Result<&str, Failure> {
        needed("text", self.text.as_ref())
    }

    /// The message that it answers. 0 answers none, as some clients send it with every message.
    pub fn reply_to(&self) -> Option<u64> {
        self.reply_to_seq.map(|Whole(seq)| seq).filter(|seq| *seq > 0)
    }
}

#[derive(Deserialize, ToSchema)]
pub(super) struct ButlerBody<'a> {
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    text: Option<Text<'a>>,
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    chat_uuid: Option<Text<'a>>,
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    user_type: Option<Text<'a>>,
    #[serde(borrow)]
    #[schema(value_type = Option<Vec<String>>, max_items = 200)]
    entity_user_xref_uuids: Option<Ids<'a>>,
}
plain!(ButlerBody);

impl ButlerBody<'_> {
    pub fn text(&self) -> Result<&str, Failure> {
        needed("text", self.text.as_ref())
    }

    /// For whom it is. Without any word about that, it is for everybody.
    pub fn audience(&self) -> Result<Audience, Failure> {
        let uuids = self.entity_user_xref_uuids.as_ref();
        let uuids: Option<Vec<&str>> = uuids.map(|Bounded(uuids)| uuids.iter().map(AsRef::as_ref).collect());
        let text = |text: &'_ Option<Text<'_>>| text.as_ref().map(|text| text.0.to_string());
        audience(text(&self.chat_uuid).as_deref(), uuids.as_deref(), text(&self.user_type).as_deref())
    }
}

/// For whom a message of the butler is: one chat, named contacts, or all of a kind.
pub(super) fn audience(
    chat: Option<&str>,
    contacts: Option<&[&str]>,
    user_type: Option<&str>,
) -> Result<Audience, Failure> {
    match (chat, contacts, user_type) {
        (Some(uuid), None, None) => chat_id(uuid).map(Audience::Chat),
        (None, Some([]), None) => Err(Failure::id_needed("entity_user_xref_uuids")),
        (None, Some(uuids), None) => {
            let read = |uuid: &&str| contact_id(uuid).ok_or_else(|| Failure::not_found("Contact"));
            uuids.iter().map(read).collect::<Result<_, _>>().map(Audience::Named)
        }
        (None, None, None) => Ok(Audience::Everybody(None)),
        (None, None, Some(word)) => match word {
            "all" => Ok(Audience::Everybody(None)),
            "staff" => Ok(Audience::Everybody(Some(ContactKind::Staff))),
            "client" | "clients" => Ok(Audience::Everybody(Some(ContactKind::Client))),
            _ => Err(Failure::wrong("body.user_type", "send staff, clients or all.")),
        },
        _ => {
            let what = "send one of chat_uuid, entity_user_xref_uuids and user_type, or none of them for everybody.";
            Err(Failure::wrong("body", what))
        }
    }
}

#[derive(Deserialize, ToSchema)]
pub(super) struct InviteBody<'a> {
    #[serde(rename = "type", borrow)]
    #[schema(value_type = Option<String>)]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    email: Option<Text<'a>>,
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    identifier: Option<Text<'a>>,
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    first_name: Option<Text<'a>>,
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    last_name: Option<Text<'a>>,
    is_admin: Option<bool>,
}
plain!(InviteBody);

impl InviteBody<'_> {
    pub fn contact(&self) -> Result<ContactDraft, Failure> {
        let text = |text: &Option<Text<'_>>| text.as_ref().map(|text| text.0.to_string()).unwrap_or_default();
        let email = needed("email", self.email.as_ref())?.to_owned();
        Ok(ContactDraft {
            first_name: text(&self.first_name),
            last_name: text(&self.last_name),
            email,
            identifier: text(&self.identifier),
            kind: text(&self.kind),
            is_admin: self.is_admin.unwrap_or_default(),
        })
    }
}

fn needed<'a>(name: &str, text: Option<&'a Text<'_>>) -> Result<&'a str, Failure> {
    let text = text.map(|text| &*text.0).filter(|text| !text.trim().is_empty());
    text.ok_or_else(|| Failure::wrong(&format!("body.{name}"), "this is missing or blank."))
}

fn chat(uuid: Option<&Text<'_>>) -> Result<RoomId, Failure> {
    let uuid = uuid.map(|uuid| uuid.0.trim()).filter(|uuid| !uuid.is_empty());
    chat_id(uuid.ok_or_else(|| Failure::id_needed("chat_uuid"))?)
}

fn contacts(uuids: Option<&Ids<'_>>) -> Result<Vec<ContactId>, Failure> {
    let uuids = uuids.map(|Bounded(uuids)| uuids.as_slice()).unwrap_or_default();
    let read = |uuid: &Text<'_>| contact_id(&uuid.0).ok_or_else(|| Failure::not_found("Contact"));
    uuids.iter().map(read).collect()
}
