//! Why a use case refused. The list is closed: each edge maps each refusal to its own form once.

use serde::{Deserialize, Serialize};

use crate::field::FieldErrors;
use crate::ids::KeyId;
use crate::key::RevokeReason;
use crate::page::grouped;
use crate::rotation::NoRotation;
use crate::shown_once::ShownOnce;
use crate::timestamp::Timestamp;

/// A refusal that the person or program who asked can act on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// One or more fields are wrong.
    Invalid(FieldErrors),
    /// It does not exist, or the caller may not know that it does.
    NotFound,
    /// The caller's role does not allow it.
    Forbidden,
    /// The caller proved who they are too long ago for this.
    ProveAgain,
    /// Only owners issue and change keys that make apps and app keys.
    OwnersKey,
    /// A key would make or change a key that may do more than itself.
    BeyondOwnRights,
    /// A key would change itself.
    OwnKey,
    /// E-mail or password is wrong. The refusal does not say which.
    SignInFailed,
    /// Too many failed sign-ins, or too many reset links asked for; the account or the source has to wait.
    Wait {
        /// How long to wait, in seconds.
        seconds: u32,
    },
    /// Too many failed sign-ins in all; only a browser that the person has used before may go on.
    OnlyKnownBrowsers,
    /// Too many wait for their turn already.
    Busy,
    /// The session has as many streams open as it may.
    TooManyStreams,
    /// It was changed after the caller read it.
    Changed,
    /// This form has already created its key.
    AlreadyIssued {
        /// The key that it created.
        key: KeyId,
    },
    /// This form has already re-issued the API KEY of its app.
    AlreadyReissued,
    /// This form has already made something, which its answer showed once.
    AlreadyShown(ShownOnce),
    /// The key is not pending, so nobody can confirm or drop it.
    NotPending,
    /// Somebody else issued the key, and only they saw its secret.
    IssuedByAnother,
    /// The key cannot be rotated, or its rotation cannot be changed in this way.
    NoRotation(NoRotation),
    /// The time for this is over: 15 minutes to confirm, 24 hours to restore.
    TooLate,
    /// The key's state does not allow it.
    WrongState,
    /// The key was revoked for this reason, or by its holder, so nobody restores it.
    StaysRevoked(RevokeReason),
    /// An act is for more keys than it takes at once.
    TooMany {
        /// The most that it takes.
        most: u32,
    },
    /// An act on many keys is for none.
    NothingChosen,
    /// The act that is to be undone is too old, or somebody else's.
    NotUndoable,
    /// The typed name is not the key's name.
    NameMismatch,
    /// The one-use link was used or replaced, or it has expired.
    LinkInvalid,
    /// This e-mail belongs to another person.
    EmailTaken,
    /// The person does not exist, or the caller may not know that they do.
    PersonNotFound,
    /// The person is disabled, or their access has ended.
    KeptOut,
    /// Nobody else who may sign in is an owner.
    LastOwner,
    /// The invite was used or revoked.
    InviteGone,
    /// The hand-over was collected or withdrawn, or its time is over.
    HandOverGone,
    /// This form has already made its hand-over.
    AlreadyHandedOver,
    /// The key of a hand-over can no longer be issued: its maker may not any more, or its fields are no longer right.
    HandOverStale,
    /// A key cannot be collected now, but may be later: its app is archived, or another rotation is not over.
    HandOverNotNow,
    /// As many hand-overs of one maker wait as may wait at once.
    TooManyHandOvers {
        /// The most that may wait.
        most: u32,
    },
    /// A second person must approve this key.
    ApprovalNeeded,
    /// There is no such request, or the caller may not know that there is.
    RequestGone,
    /// A request was decided, withdrawn or collected, or its time is over.
    RequestEnded,
    /// Nobody decides on their own request.
    OwnRequest,
    /// The key of a request can no longer be issued: whoever asked may not any more, or its fields are no longer right.
    RequestStale,
    /// As many requests of a person wait as may wait at once.
    TooManyRequests {
        /// The most that may wait.
        most: u32,
    },
    /// An act is for no request.
    NoRequestChosen,
    /// As many invites of a sender wait as may wait at once.
    TooManyInvites {
        /// The most that may wait.
        most: u32,
    },
    /// The session has ended, or it is another person's.
    NoSession,
    /// The password was right too long ago for a code to go on with it.
    SignInOver,
    /// Second factors are off here.
    FactorsOff,
    /// The answer of a passkey does not fit what was asked. The refusal does not say why.
    PasskeyRefused,
    /// There is a second factor already, or none to change.
    FactorChanged,
    /// The provider is not connected with the account.
    NotConnected,
    /// Without this provider, the person could not sign in any more.
    LastWayIn,
    /// The app does not exist, or the caller may not know that it does.
    AppNotFound,
    /// The app is archived.
    AppArchived,
    /// Every other app is archived.
    LastApp,
    /// More apps are in sight than a list shows together.
    ChooseApp {
        /// The most that it shows.
        most: u32,
    },
    /// The room does not exist, or the caller may not know that it does.
    RoomNotFound,
    /// As many are in the room as may be.
    RoomFull,
    /// The room opens later.
    RoomNotOpen,
    /// The room was closed or archived, or its time is over.
    RoomEnded,
    /// It is a contact's chat with the butler, which is only read.
    ButlerChat,
    /// The participant was banned from the room.
    Banned,
    /// The password of the room is wrong, or it has one and none was given.
    WrongRoomPassword,
    /// Nobody in the room has this client key.
    NotJoined,
    /// The participant has left the room.
    AlreadyLeft,
    /// The participant is muted.
    Muted,
    /// Somebody in the room has this client key.
    ClientKeyTaken,
    /// The room has no message of this number.
    MessageNotFound,
    /// A file is too large.
    AttachmentTooLarge {
        /// The most bytes.
        most: u64,
    },
    /// The app or the room has as many files as programs may put there.
    AttachmentsFull,
    /// A file has no bytes.
    AttachmentEmpty,
    /// The room has no such file.
    AttachmentNotFound,
    /// The contact has no picture.
    PictureNotFound,
    /// The integration has no such event, or it is older than events are kept.
    EventNotFound,
    /// The integration has no such delivery; those that are over are kept for 7 days.
    DeliveryNotFound,
    /// The contact does not exist, or the caller may not know that they do.
    ContactNotFound,
    /// The contact is disabled.
    ContactInactive,
    /// Only a staff contact who is an admin may do this.
    ContactNotAdmin,
    /// A call has to name the contact on whose behalf it is made.
    OnBehalfNeeded,
    /// The key may not act on behalf of this contact.
    OnBehalfNotAllowed,
    /// An access token is wrong, or its time is over.
    AccessTokenInvalid,
    /// An access token was bought with another member API key.
    AccessTokenMismatch,
    /// The integration does not exist, or the caller may not know that it does.
    IntegrationNotFound,
    /// The integration has no such webhook.
    WebhookNotFound,
    /// Only custom integrations have keys.
    NoKeysOfThisIntegration,
    /// An app or an integration has as many keys as it may have.
    TooManyKeys {
        /// The most that it may have.
        most: u32,
    },
    /// An app has as many integrations as it may have.
    TooManyIntegrations {
        /// The most that it may have.
        most: u32,
    },
    /// As many webhooks of an app are told of its chats as may be.
    TooManyChatWebhooks {
        /// The most that may be.
        most: u32,
    },
    /// A custom integration has exactly one webhook.
    OneWebhook,
    /// The integration gathers what is reported with keys, so nobody deletes it.
    IntegrationStays,
}

impl Refusal {
    /// What to tell a person: what is wrong and what to do.
    #[expect(clippy::too_many_lines, reason = "a table, with a line for each refusal")]
    pub fn message(&self) -> String {
        let text = match self {
            Self::Invalid(errors) => {
                return errors.0.first().map_or_else(
                    || "Check the fields and send the form again.".to_owned(),
                    |first| format!("{}: {}", first.field.label(), first.message),
                );
            }
            Self::Wait { seconds } => {
                return format!("Too many attempts: wait {}, then try again.", wait_words(*seconds));
            }
            Self::TooMany { most } => {
                return format!("More than {} keys match; narrow the list and repeat this.", grouped(u64::from(*most)));
            }
            Self::NothingChosen => "No key is chosen; tick some in the list.",
            Self::NotUndoable => "You can undo your own acts within an hour; change these keys in the list instead.",
            Self::OnlyKnownBrowsers => {
                "Too many failed attempts: sign in with a passkey, or from a browser that you have used before, or ask somebody with access to the server to run keystead owner unlock."
            }
            Self::Busy => "Too many are waiting already; try again in a few seconds.",
            Self::TooManyStreams => {
                "This browser waits for calls on 5 pages already; close one of them and reload this one."
            }
            Self::NotFound => "Key not found; it may have been deleted.",
            Self::Forbidden => "Your role does not allow this; ask an owner.",
            Self::OwnersKey => {
                "Only owners issue and change account keys, in the console or on the command line; ask one of them."
            }
            Self::ProveAgain => "Confirm that it is you, then do this again.",
            Self::BeyondOwnRights => {
                "A key may not make or change a key that may do more in Keystead than itself, in more places or for longer; use another key or the console."
            }
            Self::OwnKey => "A key may not change itself; use another key or the console.",
            Self::SignInFailed => "The e-mail or password is wrong; check both and try again.",
            Self::Changed => {
                "This was changed after the page was loaded, so nothing is saved; load the current values and repeat your change."
            }
            Self::AlreadyIssued { .. } => {
                "This form has already generated its key, and its secret is shown only once; if you did not store it, generate a new key."
            }
            Self::AlreadyReissued => {
                "This form has re-issued the API KEY already, and did not do it again; owners can reveal the present one on the dashboard."
            }
            Self::AlreadyShown(what) => what.sent_again(),
            Self::NotPending => "This key is not waiting to be confirmed.",
            Self::IssuedByAnother => {
                "Somebody else issued this key, and only they saw its secret; tick that you confirm it anyway, or leave it to them."
            }
            Self::NoRotation(why) => why.message(),
            Self::TooLate => "It is too late to do this.",
            Self::WrongState => "The key's status does not allow this; reload the key.",
            Self::StaysRevoked(RevokeReason::Leaked) => "A leaked key stays revoked; issue a new one.",
            Self::StaysRevoked(_) => "A key that its holder revoked stays revoked; issue a new one.",
            Self::NameMismatch => "That is not the key's name; type it exactly as shown.",
            Self::LinkInvalid => "This link was used or replaced, or it has expired; ask for a new one.",
            Self::EmailTaken => "Somebody already uses this e-mail.",
            Self::PersonNotFound => "Person not found; somebody may have removed them.",
            Self::KeptOut => "This person is disabled, or their access has ended; let them in again first.",
            Self::LastOwner => "This is the only owner who can sign in; make somebody else an owner first.",
            Self::InviteGone => "This invite was used or revoked.",
            Self::HandOverGone => "This hand-over was collected or withdrawn, or its time is over.",
            Self::AlreadyHandedOver => {
                "This form has already made its link, which is shown only once; withdraw it in the list and start again if you did not keep it."
            }
            Self::HandOverStale => {
                "This key can no longer be issued as it was prepared; ask whoever made the link for a new one."
            }
            Self::HandOverNotNow => {
                "This cannot be collected now; the link still works, so try again later, or ask whoever made it."
            }
            Self::TooManyHandOvers { most } => {
                let most = grouped(u64::from(*most));
                return format!("{most} of your keys wait to be collected; withdraw some before you hand over more.");
            }
            Self::ApprovalNeeded => "A second person must approve this key; ask for it at the end of the wizard.",
            Self::RequestGone => "There is no such request; it may be long over.",
            Self::RequestEnded => {
                "This request was decided or withdrawn meanwhile, or its time is over; reload the list."
            }
            Self::OwnRequest => "Somebody else must decide on your own request.",
            Self::RequestStale => "This key can no longer be issued as it was asked for; it has to be asked for anew.",
            Self::TooManyRequests { most } => {
                return format!("{most} of your requests are waiting; withdraw some before you ask for more.");
            }
            Self::NoRequestChosen => "No request is chosen; tick some in the list.",
            Self::TooManyInvites { most } => {
                let most = grouped(u64::from(*most));
                return format!("{most} of your invites are waiting; revoke some before you send more.");
            }
            Self::SignInOver => "This took too long, or it is done already; sign in again.",
            Self::FactorsOff => "Second factors are off here; ask an owner.",
            Self::PasskeyRefused => "This passkey was not accepted; try again, or use another way.",
            Self::FactorChanged => "Your second factor was changed meanwhile; reload the page.",
            Self::NotConnected => "This provider is not connected; reload the page.",
            Self::LastWayIn => {
                "You have no other way to sign in; ask an owner for a reset link and set a password first."
            }
            Self::NoSession => "This session has already ended; reload the page.",
            Self::AppNotFound => "App not found; check its name.",
            Self::AppArchived => "This app is archived; bring it back before you issue keys in it.",
            Self::LastApp => {
                "This is the only app in use; create another one, or bring one back, before you archive it."
            }
            Self::ChooseApp { most } => {
                return format!("You have more than {} apps; choose one of them first.", grouped(u64::from(*most)));
            }
            Self::RoomNotFound => "Room not found; somebody may have deleted it.",
            Self::RoomFull => "This room is full; try again when somebody has left.",
            Self::RoomNotOpen => "This room is not open yet.",
            Self::RoomEnded => "This is closed or archived; open it again or bring it back first.",
            Self::ButlerChat => "Only the Butler writes in this chat; create another one for contacts to write in.",
            Self::Banned => "This participant is banned from the room; lift the ban first.",
            Self::WrongRoomPassword => "The password of the room is wrong or missing; check it and try again.",
            Self::NotJoined => "Nobody with this client key is in the room; join first.",
            Self::AlreadyLeft => "This participant has left the room already.",
            Self::Muted => "This participant is muted in the room; lift that first.",
            Self::ClientKeyTaken => "Somebody in the room has this client key; use another one.",
            Self::MessageNotFound => "The room has no message with this number.",
            Self::AttachmentTooLarge { most } => {
                return format!("This file is too large; a file may have at most {} bytes.", grouped(*most));
            }
            Self::AttachmentsFull => {
                "There are 10,000 files here already, or 10 GB of them, and no more fit; remove some first."
            }
            Self::AttachmentEmpty => "This file is empty; choose another one.",
            Self::AttachmentNotFound => "The room has no such file.",
            Self::PictureNotFound => "This contact has no picture.",
            Self::EventNotFound => "The integration has no such event; events are kept for 30 days.",
            Self::DeliveryNotFound => "Delivery not found; Keystead keeps those that are over for 7 days.",
            Self::ContactNotFound => "Contact not found; somebody may have removed them.",
            Self::ContactInactive => "This contact is disabled; enable them first.",
            Self::ContactNotAdmin => "Only a staff contact who is an admin may do this.",
            Self::OnBehalfNeeded => "Name the contact on whose behalf you call.",
            Self::OnBehalfNotAllowed => "This key may not act on behalf of this contact.",
            Self::AccessTokenInvalid => "The access token is wrong or has expired; ask for a new one.",
            Self::AccessTokenMismatch => "The access token belongs to another API KEY; ask for a new one.",
            Self::IntegrationNotFound => "Integration not found; somebody may have deleted it.",
            Self::WebhookNotFound => "Webhook not found; somebody may have removed it.",
            Self::NoKeysOfThisIntegration => "API keys are available only for custom integrations.",
            Self::TooManyKeys { most } => {
                return format!("There are {most} keys already, and no more are possible; delete one first.");
            }
            Self::TooManyIntegrations { most } => {
                let most = grouped(u64::from(*most));
                return format!("An app can have at most {most} integrations; delete one first.");
            }
            Self::TooManyChatWebhooks { most } => {
                return format!("At most {most} active webhooks of an app can be told of its chats; remove one first.");
            }
            Self::OneWebhook => {
                "A custom integration has exactly one webhook; give it one, or change the one that it has."
            }
            Self::IntegrationStays => {
                "What is reported with keys arrives at this integration, so it stays; delete those keys to stop it."
            }
        };
        text.to_owned()
    }
}

impl From<FieldErrors> for Refusal {
    fn from(errors: FieldErrors) -> Self {
        Self::Invalid(errors)
    }
}

/// Whole seconds from `now` until `until`, rounded up, at least 1.
pub fn wait_seconds(until: Timestamp, now: Timestamp) -> u32 {
    u32::try_from(until.since(now).whole_seconds_up()).unwrap_or(u32::MAX)
}

fn wait_words(seconds: u32) -> String {
    match seconds {
        1 => "1 second".to_owned(),
        2..=90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests;
