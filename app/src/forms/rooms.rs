//! The forms about rooms and their participants.

use domain::field::Field;
use secrecy::SecretString;

use super::fields::{FormFields, Pairs, TICKED};
use super::people::PRESS;

/// Which participants of a room a page shows.
pub const SHOW: &str = "show";
/// The box that takes the password of a room away.
pub const OPEN_TO_ALL: &str = "no_password";

/// A room as it was typed.
#[derive(Debug, Clone, Default)]
pub struct RoomForm {
    /// The id of its app; empty if there is only one.
    pub app: String,
    pub name: String,
    pub opens_at: String,
    pub ends_at: String,
    pub max_users: String,
    /// Blank to leave it as it is.
    pub password: SecretString,
    /// Whether nobody needs the password any longer.
    pub no_password: bool,
}

impl FormFields for RoomForm {
    fn read(sent: &Pairs) -> Self {
        let text = |field: Field| sent.text(field.as_str());
        Self {
            app: text(Field::App),
            name: text(Field::Name),
            opens_at: text(Field::OpensAt),
            ends_at: text(Field::EndsAt),
            max_users: text(Field::MaxUsers),
            password: text(Field::RoomPassword).into(),
            no_password: sent.text(OPEN_TO_ALL) == TICKED,
        }
    }
}

/// The name of a room, typed to delete it.
#[derive(Debug, Clone, Default)]
pub struct DeleteRoomForm {
    pub confirm_name: String,
}

impl FormFields for DeleteRoomForm {
    fn read(sent: &Pairs) -> Self {
        Self { confirm_name: sent.text(Field::ConfirmName.as_str()) }
    }
}

/// Somebody who joins a room.
#[derive(Debug, Clone, Default)]
pub struct JoinForm {
    pub nick_name: String,
    /// Blank for one that Keystead makes.
    pub client_key: String,
    pub grade: String,
    pub password: SecretString,
}

impl FormFields for JoinForm {
    fn read(sent: &Pairs) -> Self {
        let text = |field: Field| sent.text(field.as_str());
        Self {
            nick_name: text(Field::NickName),
            client_key: text(Field::ClientKey),
            grade: text(Field::Grade),
            password: text(Field::RoomPassword).into(),
        }
    }
}

/// What can be done with a participant of a room at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParticipantAct {
    Mute,
    Unmute,
    Ban,
    Admit,
}

impl ParticipantAct {
    const ALL: [Self; 4] = [Self::Mute, Self::Unmute, Self::Ban, Self::Admit];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mute => "mute",
            Self::Unmute => "unmute",
            Self::Ban => "ban",
            Self::Admit => "admit",
        }
    }

    /// What its button says.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Mute => "Mute",
            Self::Unmute => "Lift the mute",
            Self::Ban => "Ban",
            Self::Admit => "Lift the ban",
        }
    }
}

/// An act on a participant of a room.
#[derive(Debug, Clone, Default)]
pub struct ParticipantForm {
    /// `None` if no button says so.
    pub act: Option<ParticipantAct>,
    pub client_key: String,
    /// Which participants the page showed.
    pub show: String,
}

impl FormFields for ParticipantForm {
    fn read(sent: &Pairs) -> Self {
        let press = sent.text(PRESS);
        let act = ParticipantAct::ALL.into_iter().find(|act| act.as_str() == press);
        Self { act, client_key: sent.text(Field::ClientKey.as_str()), show: sent.text(SHOW) }
    }
}

/// A notice to everybody in a room.
#[derive(Debug, Clone, Default)]
pub struct NoticeForm {
    pub nick_name: String,
    pub notice: String,
}

impl FormFields for NoticeForm {
    fn read(sent: &Pairs) -> Self {
        Self { nick_name: sent.text(Field::NickName.as_str()), notice: sent.text(Field::Message.as_str()) }
    }
}
