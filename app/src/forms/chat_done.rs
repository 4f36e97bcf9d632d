//! What was just done with a room, a chat, a contact or the API KEY of an app.

/// An act that succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChatDone {
    RoomCreated,
    RoomChanged,
    RoomOpened,
    RoomClosed,
    RoomDeleted,
    Muted,
    Unmuted,
    Banned,
    Unbanned,
    NoticeSent,
    ChatCreated,
    ChatRenamed,
    ContactsAdded,
    ChatArchived,
    ChatRestored,
    MessageSent,
    ContactCreated,
    ContactChanged,
    ContactDisabled,
    ContactEnabled,
    ContactRemoved,
}

impl ChatDone {
    pub const ALL: [Self; 21] = [
        Self::RoomCreated,
        Self::RoomChanged,
        Self::RoomOpened,
        Self::RoomClosed,
        Self::RoomDeleted,
        Self::Muted,
        Self::Unmuted,
        Self::Banned,
        Self::Unbanned,
        Self::NoticeSent,
        Self::ChatCreated,
        Self::ChatRenamed,
        Self::ContactsAdded,
        Self::ChatArchived,
        Self::ChatRestored,
        Self::MessageSent,
        Self::ContactCreated,
        Self::ContactChanged,
        Self::ContactDisabled,
        Self::ContactEnabled,
        Self::ContactRemoved,
    ];

    /// Its code, and what is said.
    const fn row(self) -> (&'static str, &'static str) {
        match self {
            Self::RoomCreated => ("room_created", "The room is created."),
            Self::RoomChanged => ("room_changed", "The room is saved."),
            Self::RoomOpened => ("room_opened", "The room is open."),
            Self::RoomClosed => ("room_closed", "The room is closed. Nobody can join it or write in it."),
            Self::RoomDeleted => ("room_deleted", "The room is deleted, with its messages."),
            Self::Muted => ("participant_muted", "The participant is muted: they can read, but not write."),
            Self::Unmuted => ("participant_unmuted", "The participant can write again."),
            Self::Banned => (
                "participant_banned",
                "The participant is banned: they are out, and cannot join until you lift the ban.",
            ),
            Self::Unbanned => ("participant_admitted", "The ban is lifted. The participant can join again."),
            Self::NoticeSent => ("notice_sent", "The notice is in the room."),
            Self::ChatCreated => ("chat_created", "The chat is created."),
            Self::ChatRenamed => ("chat_renamed", "The chat is renamed."),
            Self::ContactsAdded => ("chat_contacts", "The contacts are in the chat."),
            Self::ChatArchived => ("chat_archived", "The chat is archived. Its messages stay."),
            Self::ChatRestored => ("chat_restored", "The chat is back."),
            Self::MessageSent => ("message_sent", "The message is in the chat."),
            Self::ContactCreated => ("contact_created", "The contact is created."),
            Self::ContactChanged => ("contact_changed", "The contact is saved."),
            Self::ContactDisabled => ("contact_disabled", "The contact is disabled. No key can act on their behalf."),
            Self::ContactEnabled => ("contact_enabled", "The contact is enabled again."),
            Self::ContactRemoved => ("contact_removed", "The contact is removed. Their messages stay."),
        }
    }

    pub const fn as_str(self) -> &'static str {
        self.row().0
    }

    /// What is said.
    pub const fn words(self) -> &'static str {
        self.row().1
    }
}
