//! What was just done. It travels to the next page in a cookie, as a code and the key's id or numbers, and is shown once.

use domain::bulk::BulkAct;
use domain::ids::KeyId;
use domain::page::grouped;
use domain::request::Decision;
use domain::role::Act;

use super::chat_done::ChatDone;
use super::integration_done::IntegrationDone;

/// What the next page says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// An act on a key.
    Key(Done, KeyId),
    /// An act on many keys: how many it took, how many it skipped, and the id of its form.
    Keys { act: BulkAct, taken: u32, skipped: u32, form_id: String },
    /// A decision about many requests: how many it took, and how many it skipped.
    Requests { decision: Decision, taken: u32, skipped: u32 },
    /// An act on a person, an invite, a hand-over, a request or an app.
    Person(PersonDone),
    /// An act on a room, a chat or a contact.
    Chat(ChatDone),
    /// An act on an integration, a webhook or a delivery.
    Integration(IntegrationDone),
    /// An act on one's own account.
    Account(AccountDone),
    /// The form had been sent before.
    Repeated,
}

impl Told {
    const REPEATED: &'static str = "repeated";

    /// The value of the cookie.
    pub fn cookie(&self) -> String {
        match self {
            Self::Key(done, id) => done.of(id),
            Self::Keys { act, taken, skipped, form_id } => {
                format!("{}.{taken}.{skipped}.{form_id}", act.as_str())
            }
            Self::Requests { decision, taken, skipped } => format!("{}.{taken}.{skipped}", decision.as_str()),
            Self::Person(done) => done.as_str().to_owned(),
            Self::Chat(done) => done.as_str().to_owned(),
            Self::Integration(done) => done.as_str().to_owned(),
            Self::Account(done) => done.row().0.to_owned(),
            Self::Repeated => Self::REPEATED.to_owned(),
        }
    }

    /// Reads the value of the cookie, which anybody may have written.
    pub fn parse(text: &str) -> Option<Self> {
        if text == Self::REPEATED {
            return Some(Self::Repeated);
        }
        if let Some(done) = PersonDone::ALL.into_iter().find(|done| done.as_str() == text) {
            return Some(Self::Person(done));
        }
        if let Some(done) = ChatDone::ALL.into_iter().find(|done| done.as_str() == text) {
            return Some(Self::Chat(done));
        }
        if let Some(done) = IntegrationDone::ALL.into_iter().find(|done| done.as_str() == text) {
            return Some(Self::Integration(done));
        }
        if let Some(done) = AccountDone::ALL.into_iter().find(|done| done.row().0 == text) {
            return Some(Self::Account(done));
        }
        if let Some((done, id)) = Done::parse(text) {
            return Some(Self::Key(done, id));
        }
        let mut parts = text.splitn(4, '.');
        let act = parts.next()?;
        let (taken, skipped) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        if let Some(decision) = Decision::parse(act) {
            return parts.next().is_none().then_some(Self::Requests { decision, taken, skipped });
        }
        let act = BulkAct::parse(act)?;
        Some(Self::Keys { act, taken, skipped, form_id: parts.next()?.to_owned() })
    }
}

/// What is said of an act on many keys, after the names of some of them.
pub fn many_words(act: BulkAct, taken: u32, skipped: u32, named: usize) -> String {
    let more = taken.saturating_sub(u32::try_from(named).unwrap_or(u32::MAX));
    let are = if taken <= 1 { "is" } else { "are" };
    let keys = match (named, more) {
        (_, _) if taken == 0 => "No key ".to_owned(),
        (0, 1) => "1 key ".to_owned(),
        (0, many) => format!("{} keys ", grouped(many.into())),
        (_, 0) => " ".to_owned(),
        (_, more) => format!(" and {} more ", grouped(more.into())),
    };
    let skipped = match skipped {
        0 => String::new(),
        1 => " 1 was skipped.".to_owned(),
        several => format!(" {} were skipped.", grouped(several.into())),
    };
    format!("{keys}{are} {}.{skipped}", act.done())
}

/// What is said of a decision about many requests.
pub fn decided_words(decision: Decision, taken: u32, skipped: u32) -> String {
    let done = match decision {
        Decision::Approve => "approved",
        Decision::Decline => "declined",
    };
    let requests = match taken {
        0 => "No request is".to_owned(),
        1 => "1 request is".to_owned(),
        several => format!("{} requests are", grouped(several.into())),
    };
    let skipped = match skipped {
        0 => String::new(),
        1 => " 1 was skipped.".to_owned(),
        several => format!(" {} were skipped.", grouped(several.into())),
    };
    format!("{requests} {done}.{skipped}")
}

/// An act on a person, an invite, a hand-over, a request or an app that succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersonDone {
    Role,
    SameRole,
    Keys,
    Disabled,
    Enabled,
    Unlocked,
    SignedOut,
    Removed,
    FactorRemoved,
    InviteRevoked,
    HandOverWithdrawn,
    Apps,
    AppCreated,
    AppRenamed,
    AppArchived,
    AppRestored,
    Asked,
    RequestApproved,
    RequestDeclined,
    RequestWithdrawn,
}

impl PersonDone {
    const ALL: [Self; 20] = [
        Self::Role,
        Self::SameRole,
        Self::Keys,
        Self::Disabled,
        Self::Enabled,
        Self::Unlocked,
        Self::SignedOut,
        Self::Removed,
        Self::FactorRemoved,
        Self::InviteRevoked,
        Self::HandOverWithdrawn,
        Self::Apps,
        Self::AppCreated,
        Self::AppRenamed,
        Self::AppArchived,
        Self::AppRestored,
        Self::Asked,
        Self::RequestApproved,
        Self::RequestDeclined,
        Self::RequestWithdrawn,
    ];

    /// Its code, and what is said.
    const fn row(self) -> (&'static str, &'static str) {
        match self {
            Self::Role => ("person_role", "The role is changed, from their next request on."),
            Self::SameRole => ("person_same_role", "Nothing changed: they have this role already."),
            Self::Keys => ("person_keys", "The keys are saved. They count from the guest's next request on."),
            Self::Disabled => {
                ("person_disabled", "The person is signed out, and cannot sign in until you enable them.")
            }
            Self::Enabled => ("person_enabled", "The person can sign in again."),
            Self::Unlocked => ("person_unlocked", "The failed sign-ins are forgotten."),
            Self::SignedOut => ("person_signed_out", "The person is signed out everywhere. They can sign in again."),
            Self::Removed => ("person_removed", "The person is removed. The keys that they issued keep working."),
            Self::FactorRemoved => {
                ("person_factor", "Their second factor is removed, and they are signed out everywhere.")
            }
            Self::HandOverWithdrawn => ("hand_over_withdrawn", "The hand-over is withdrawn. Its link no longer works."),
            Self::Apps => ("person_apps", "The apps are saved. They count from the person's next request on."),
            Self::AppCreated => ("app_created", "The app is created."),
            Self::AppRenamed => ("app_renamed", "The app is renamed."),
            Self::AppArchived => ("app_archived", "The app is archived. Calls with its keys are refused."),
            Self::AppRestored => ("app_restored", "The app is back. Its keys work as before."),
            Self::Asked => ("key_requested", "You have asked for the key. Somebody else must approve it now."),
            Self::RequestApproved => {
                ("request_approved", "The request is approved. Whoever asked can collect the key.")
            }
            Self::RequestDeclined => ("request_declined", "The request is declined. No key was made."),
            Self::RequestWithdrawn => ("request_withdrawn", "The request is withdrawn. No key was made."),
            Self::InviteRevoked => ("invite_revoked", "The invite is revoked. Its link no longer works."),
        }
    }

    const fn as_str(self) -> &'static str {
        self.row().0
    }

    /// What is said.
    pub const fn words(self) -> &'static str {
        self.row().1
    }
}

/// An act that succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    Acknowledged,
    Dropped,
    Edited,
    Disabled,
    Enabled,
    Revoked,
    Restored,
    Deleted,
    Rotated,
    RotationDropped,
    RotationExtended,
    RotationFinished,
    RotationUndone,
}

impl Done {
    const ALL: [Self; 13] = [
        Self::Acknowledged,
        Self::Dropped,
        Self::Edited,
        Self::Disabled,
        Self::Enabled,
        Self::Revoked,
        Self::Restored,
        Self::Deleted,
        Self::Rotated,
        Self::RotationDropped,
        Self::RotationExtended,
        Self::RotationFinished,
        Self::RotationUndone,
    ];

    /// Its code, what is said of the key, and the path of the act that undoes it, with what that needs.
    const fn row(self) -> (&'static str, &'static str, Option<(&'static str, Act)>) {
        match self {
            Self::Acknowledged => ("acknowledged", "is confirmed and enabled.", None),
            Self::Dropped => ("dropped", "was dropped. It never worked.", None),
            Self::Edited => ("edited", "is saved. Your changes take effect with the next call.", None),
            Self::Disabled => (
                "disabled",
                "is disabled. Calls are refused until you enable it again.",
                Some(("enable", Act::ChangeKeys)),
            ),
            Self::Enabled => ("enabled", "is enabled again.", Some(("disable", Act::StopKeys))),
            Self::Revoked => ("revoked", "is revoked. Calls are refused.", None),
            Self::Restored => ("restored", "is restored to its status before it was revoked.", None),
            Self::Rotated => ("rotated", "has a new secret. Its page says whether the old one still works.", None),
            Self::RotationDropped => {
                ("rotation_dropped", "keeps its secret. The new one was dropped and never worked.", None)
            }
            Self::RotationExtended => ("rotation_extended", "has two secrets for longer.", None),
            Self::RotationFinished => {
                ("rotation_finished", "has one secret: calls with the old one are refused.", None)
            }
            Self::RotationUndone => {
                ("rotation_undone", "has its old secret back. Calls with the new one are refused.", None)
            }
            Self::Deleted => ("deleted", "is deleted. Its history stays in the audit.", None),
        }
    }

    /// An act on many, done to one key.
    pub const fn of_bulk(act: BulkAct) -> Self {
        match act {
            BulkAct::Disable => Self::Disabled,
            BulkAct::Enable => Self::Enabled,
            BulkAct::Revoke => Self::Revoked,
            BulkAct::SetExpiry | BulkAct::AddTag | BulkAct::RemoveTag | BulkAct::Transfer => Self::Edited,
        }
    }

    fn of(self, id: &KeyId) -> String {
        format!("{}.{}", self.row().0, id.as_str())
    }

    fn parse(text: &str) -> Option<(Self, KeyId)> {
        let (code, id) = text.split_once('.')?;
        let done = Self::ALL.into_iter().find(|done| done.row().0 == code)?;
        Some((done, KeyId::parse(id)?))
    }

    /// What is said, after the key's name. It is true of any key, since it may have expired or start later.
    pub fn words(self) -> &'static str {
        self.row().1
    }

    /// The path of the act that undoes it, and what that needs.
    pub fn undo(self) -> Option<(&'static str, Act)> {
        self.row().2
    }
}

/// What people did to their own account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountDone {
    Renamed,
    EmailChanged,
    EmailConfirmed,
    CodeMailed,
    PasswordChanged,
    SessionEnded,
    SessionsEnded,
    FactorRemoved,
    Proved,
    PasskeyAdded,
    PasskeyRenamed,
    PasskeyRemoved,
    Connected,
    Disconnected,
    ZoneChosen,
}

impl AccountDone {
    const ALL: [Self; 15] = [
        Self::Renamed,
        Self::EmailChanged,
        Self::EmailConfirmed,
        Self::CodeMailed,
        Self::PasswordChanged,
        Self::SessionEnded,
        Self::SessionsEnded,
        Self::FactorRemoved,
        Self::Proved,
        Self::PasskeyAdded,
        Self::PasskeyRenamed,
        Self::PasskeyRemoved,
        Self::Connected,
        Self::Disconnected,
        Self::ZoneChosen,
    ];

    /// Its code, and what is said.
    const fn row(self) -> (&'static str, &'static str) {
        match self {
            Self::ZoneChosen => ("account_zone", "Your time zone is saved."),
            Self::Renamed => ("account_renamed", "Your name is saved."),
            Self::EmailChanged => ("account_email", "Your e-mail is changed. Sign in with the new one from now on."),
            Self::EmailConfirmed => ("account_email_confirmed", "Your e-mail is confirmed."),
            Self::CodeMailed => ("account_email_code", "Look into your mail: the code is on its way."),
            Self::PasswordChanged => {
                ("account_password", "Your password is changed. You are signed out everywhere else.")
            }
            Self::SessionEnded => ("account_session", "That browser is signed out."),
            Self::SessionsEnded => ("account_sessions", "You are signed out everywhere else."),
            Self::FactorRemoved => {
                ("account_factor", "Your second factor is removed. You are signed out everywhere else.")
            }
            Self::PasskeyAdded => ("account_passkey", "The passkey is added."),
            Self::PasskeyRenamed => ("account_passkey_name", "The name is saved."),
            Self::PasskeyRemoved => ("account_passkey_gone", "The passkey is removed. It no longer signs you in."),
            Self::Proved => ("account_proved", "Confirmed. You are not asked again for 5 minutes."),
            Self::Connected => ("account_connected", "The provider is connected. You can sign in by it from now on."),
            Self::Disconnected => ("account_disconnected", "The provider is disconnected."),
        }
    }

    /// What is said.
    pub fn words(self) -> &'static str {
        self.row().1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_keys_are_counted_in_words() {
        assert_eq!(many_words(BulkAct::Disable, 54, 0, 3), " and 51 more are disabled.");
        assert_eq!(many_words(BulkAct::Enable, 2, 0, 2), " are enabled.");
        assert_eq!(many_words(BulkAct::Disable, 0, 2, 0), "No key is disabled. 2 were skipped.");
        assert_eq!(many_words(BulkAct::AddTag, 1, 1, 0), "1 key is changed. 1 was skipped.");
        assert_eq!(many_words(BulkAct::Revoke, 10_000, 1_200, 0), "10,000 keys are revoked. 1,200 were skipped.");
    }

    #[test]
    fn many_requests_are_counted_in_words() {
        assert_eq!(decided_words(Decision::Approve, 2, 0), "2 requests are approved.");
        assert_eq!(decided_words(Decision::Decline, 1, 1), "1 request is declined. 1 was skipped.");
        assert_eq!(decided_words(Decision::Approve, 0, 3), "No request is approved. 3 were skipped.");
    }

    #[test]
    fn what_was_done_is_read_back_and_nothing_else_is() {
        let id = KeyId::parse("7Qm2xVbN4tRa").unwrap();
        for done in Done::ALL {
            assert_eq!(Told::parse(&Told::Key(done, id).cookie()), Some(Told::Key(done, id)));
        }
        for done in PersonDone::ALL {
            assert_eq!(Told::parse(&Told::Person(done).cookie()), Some(Told::Person(done)));
        }
        for done in ChatDone::ALL {
            assert_eq!(Told::parse(&Told::Chat(done).cookie()), Some(Told::Chat(done)));
        }
        for done in IntegrationDone::ALL {
            assert_eq!(Told::parse(&Told::Integration(done).cookie()), Some(Told::Integration(done)));
        }
        for done in AccountDone::ALL {
            assert_eq!(Told::parse(&Told::Account(done).cookie()), Some(Told::Account(done)));
        }
        let many = Told::Keys { act: BulkAct::Revoke, taken: 54, skipped: 2, form_id: "form-0001".to_owned() };
        let decided = Told::Requests { decision: Decision::Decline, taken: 3, skipped: 0 };
        for told in [many, decided, Told::Repeated] {
            assert_eq!(Told::parse(&told.cookie()), Some(told));
        }
        for text in [
            "",
            ".",
            "disabled",
            "disabled.",
            "disabled.x",
            "melted.7Qm2xVbN4tRa",
            "disabled.7Qm2xVbN4tRa.",
            "revoke",
            "revoke.1",
            "revoke.1.2",
            "revoke.-1.2.x",
            "melt.1.2.x",
            "approve.1",
            "approve.1.2.x",
        ] {
            assert_eq!(Told::parse(text), None, "{text}");
        }
    }
}
