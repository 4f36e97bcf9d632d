//! The messages of a room or chat, newest first.

use domain::ids::RoomId;
use domain::message::{Message, MessageKind};
use domain::page::grouped;
use leptos::prelude::*;

use super::time::Time;
use crate::addresses::with_query;
use crate::desk::room_files::file_address;

/// The word in an address for the message before which a page of messages ends.
pub const BEFORE: &str = "before";

/// Whether this can be the number of a message that others come before.
pub fn is_place(before: &str) -> bool {
    before.parse::<u64>().is_ok_and(|number| number > 1)
}

/// Some messages of a room, and whether they are its latest.
#[derive(Debug, Clone)]
pub struct MessageList {
    pub room: RoomId,
    /// By number, the last one last.
    pub rows: Vec<Message>,
    /// Whether none is newer. Then new ones appear as they come.
    pub latest: bool,
}

#[component]
pub fn Messages(
    list: MessageList,
    /// The page of the room.
    #[prop(into)]
    address: String,
    /// What writes one, if the visitor may.
    #[prop(optional_no_strip)]
    writer: Option<AnyView>,
) -> impl IntoView {
    let MessageList { room, rows, latest } = list;
    let oldest = rows.first().map_or(0, |message| message.seq);
    let newest = rows.last().map_or(0, |message| message.seq);
    let live = latest.then(|| format!("/events/rooms?room={room}&after={newest}"));
    let earlier = (oldest > 1).then(|| with_query(&address, &format!("{BEFORE}={oldest}#messages")));
    let empty = rows.is_empty();
    let lines: Vec<_> = rows.iter().rev().map(line).collect();
    // From among the messages, one stays among them.
    let latest_part = format!("{address}#messages");
    let back = latest_part.clone();
    view! {
        <section class="card" aria-labelledby="messages">
            <header>
                <h2 id="messages" tabindex="-1">"Messages"</h2>
                {if latest {
                    view! {
                        <small role="status" class="alive-only"><span class="status waiting" data-live-state>"New messages appear here as they come."</span></small>
                        <a class="still-only" href=address>"Reload"</a>
                    }
                    .into_any()
                } else {
                    view! { <a href=latest_part>"Latest messages"</a> }.into_any()
                }}
            </header>
            {writer.map(|writer| view! { <div class="body">{writer}</div> })}
            {empty.then(|| view! { <p class="body soft" data-no-messages>"No messages yet."</p> })}
            <ul class="feed messages" aria-label="Messages, newest first" aria-live=latest.then_some("polite") data-live=live hidden=empty tabindex="0">{lines}</ul>
            {earlier.map(|earlier| view! {
                <footer>
                    <a class="button" href=earlier>"Earlier messages"</a>
                    {(!latest).then(|| view! { <a class="button quiet" href=back>"Latest messages"</a> })}
                </footer>
            })}
        </section>
    }
}

/// One message.
pub fn line(message: &Message) -> AnyView {
    let Message { room_id, seq, kind, author, text, reply_to, to, attachment, created_at, .. } = message.clone();
    let by = (kind != MessageKind::System).then(|| {
        // Whoever has no name here is known by what they are.
        let (name, role) = match author.beside_name() {
            Some(role) if author.name.is_empty() => (role.to_owned(), None),
            role => (author.name, role),
        };
        view! { <b dir="auto">{name}</b> {role.map(|role| view! { " " <small>{role}</small> })} }
    });
    let what = match kind {
        MessageKind::Notice => Some("notice"),
        MessageKind::Custom => Some("custom message"),
        MessageKind::Whisper => Some("whisper"),
        MessageKind::Deleted => Some("deleted"),
        MessageKind::Text | MessageKind::File | MessageKind::System => None,
    };
    view! {
        <li id=format!("m-{seq}") class=kind.as_str()>
            <div>
                <small class="mono soft">{seq.to_string()}</small> " " {by}
                {what.map(|what| view! { " " <small class="what">{what}</small> })}
                {to.map(|to| view! { " " <small>"to " <span class="mono">{to.as_str().to_owned()}</span></small> })}
                {reply_to.map(|seq| view! { " " <small>"in reply to " {seq.to_string()}</small> })}
                {if kind == MessageKind::Deleted {
                    view! { <p class="soft">"This message was deleted."</p> }.into_any()
                } else {
                    // A file may have no words.
                    (!text.is_empty()).then(|| view! { <p dir="auto">{text}</p> }).into_any()
                }}
                {attachment.map(|file| {
                    let unit = if file.size == 1 { "byte" } else { "bytes" };
                    view! {
                        <p class="soft">
                            <a href=file_address(&room_id, &file.id) download><bdi>{file.name}</bdi></a>
                            {format!(", {} {unit}", grouped(file.size))}
                        </p>
                    }
                })}
            </div>
            <Time at=created_at/>
        </li>
    }
    .into_any()
}
