//! What happened, and which webhooks are to be told of it.

use std::collections::BTreeSet;

use domain::{
    delivery::About,
    ids::{AppId, RoomId},
    message::{Message, MessageKind},
    room::{Room, RoomKind},
    timestamp::Timestamp,
    webhook::Trigger,
};
use store::{NewDelivery, StoreError, Tx};

/// Something that webhooks of an app may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct News {
    app: AppId,
    trigger: Trigger,
    about: About,
    /// The chat, whose news are told in order.
    room: RoomId,
    at: Timestamp,
}

impl News {
    /// A new room; `None` unless it is a chat.
    fn of_room(room: &Room) -> Option<Self> {
        let news = Self {
            app: room.app_id,
            trigger: Trigger::ConversationCreate,
            about: About::Room(room.id),
            room: room.id,
            at: room.created_at,
        };
        (room.kind == RoomKind::Chat).then_some(news)
    }

    /// A new message of a room; `None` unless that is a chat, and somebody wrote it to all who are in it.
    pub fn of_message(room: &Room, message: &Message) -> Option<Self> {
        let is_said = !matches!(message.kind, MessageKind::System | MessageKind::Whisper);
        let news = Self {
            app: room.app_id,
            trigger: Trigger::ConversationMessage,
            about: About::Message { room: room.id, seq: message.seq },
            room: room.id,
            at: message.created_at,
        };
        (is_said && room.kind == RoomKind::Chat).then_some(news)
    }
}

/// Notes whom to tell of a new room, in the transaction that makes it.
pub(crate) async fn tell_of_room(tx: &mut Tx, room: &Room) -> Result<(), StoreError> {
    enqueue(tx, News::of_room(room).as_slice()).await?;
    Ok(())
}

/// Notes whom to tell, in the transaction of what happened. Returns how many deliveries that makes. Where no app has a
/// webhook, it costs one look into an index, whatever the number of news, and nothing where there are none.
pub(crate) async fn enqueue(tx: &mut Tx, news: &[News]) -> Result<usize, StoreError> {
    if news.is_empty() {
        return Ok(0);
    }
    let apps: BTreeSet<_> = news.iter().map(|news| news.app).collect();
    let triggers: BTreeSet<_> = news.iter().map(|news| news.trigger).collect();
    let apps: Vec<_> = apps.into_iter().collect();
    let hooks = tx.hooks_for(&apps, &triggers.into_iter().collect::<Vec<_>>()).await?;
    let mut deliveries = Vec::new();
    for news in news {
        let told = hooks.iter().filter(|hook| hook.app_id == news.app && hook.trigger == news.trigger);
        deliveries.extend(told.map(|hook| NewDelivery {
            webhook: hook.clone(),
            trigger: news.trigger,
            about: news.about,
            lane: news.room.as_str().to_owned(),
            at: news.at,
        }));
    }
    tx.enqueue(&deliveries).await?;
    Ok(deliveries.len())
}
