//! What audit events record.

use super::SubjectKind;

names! {
    /// What an event records.
    pub enum Action {
        KeyIssued = "key.issued",
        KeyAcknowledged = "key.acknowledged",
        KeyEdited = "key.edited",
        KeyDisabled = "key.disabled",
        KeyEnabled = "key.enabled",
        KeyRevoked = "key.revoked",
        KeyRestored = "key.restored",
        KeyDeleted = "key.deleted",
        /// A pending key was dropped: nobody confirmed it in time, or its author dropped it.
        KeyDropped = "key.dropped",
        /// Somebody asked for a new secret. Until it is confirmed, nothing has changed.
        KeyRotated = "key.rotated",
        RotationAcknowledged = "rotation.acknowledged",
        /// Nobody confirmed the new secret in time, or somebody dropped it.
        RotationDropped = "rotation.dropped",
        RotationExtended = "rotation.extended",
        /// The old secret no longer works.
        RotationFinished = "rotation.finished",
        /// The new secret no longer works.
        RotationUndone = "rotation.undone",
        /// A key is to be collected by somebody else, by a one-use link.
        HandOverMade = "hand_over.made",
        HandOverWithdrawn = "hand_over.withdrawn",
        HandOverCollected = "hand_over.collected",
        /// Nobody collected the key in time.
        HandOverExpired = "hand_over.expired",
        /// Somebody asked for a key that a second person must approve.
        KeyRequested = "key.requested",
        RequestApproved = "request.approved",
        RequestDeclined = "request.declined",
        RequestWithdrawn = "request.withdrawn",
        /// Nobody decided on a request in time, or nobody collected the key.
        RequestExpired = "request.expired",
        PersonInvited = "person.invited",
        /// An invite got a new link. The old one no longer works.
        InviteRenewed = "invite.renewed",
        InviteRevoked = "invite.revoked",
        PersonCreated = "person.created",
        PersonRoleChanged = "person.role_changed",
        /// Which keys a guest sees, and what they may do with each.
        PersonKeysChanged = "person.keys_changed",
        /// To which apps a person is limited.
        PersonAppsChanged = "person.apps_changed",
        PersonDisabled = "person.disabled",
        PersonEnabled = "person.enabled",
        PersonRemoved = "person.removed",
        PersonRecovered = "person.recovered",
        PersonUnlocked = "person.unlocked",
        /// People changed their own name or e-mail.
        AccountEdited = "account.edited",
        /// People changed their own password, with the old one.
        PasswordChanged = "password.changed",
        /// Somebody who cannot sign in asked for a link by mail.
        ResetAsked = "password.reset_asked",
        /// An owner made a link with which somebody can set a new password.
        ResetLinkMade = "password.reset_link_made",
        /// Somebody set a new password with such a link.
        PasswordReset = "password.reset",
        SecondFactorAdded = "second_factor.added",
        SecondFactorRemoved = "second_factor.removed",
        RecoveryCodesMade = "second_factor.codes_made",
        PasskeyAdded = "passkey.added",
        PasskeyRemoved = "passkey.removed",
        /// The answer of a known passkey did not fit.
        PasskeyRefused = "passkey.refused",
        /// Somebody can sign in by a provider from now on.
        IdentityConnected = "identity.connected",
        IdentityDisconnected = "identity.disconnected",
        SessionStarted = "session.started",
        SessionEnded = "session.ended",
        /// Somebody who was signed in proved again who they are.
        ProvedAgain = "session.proved_again",
        /// A wait began after too many failed sign-ins.
        SignInBlocked = "sign_in.blocked",
        /// Somebody came from a provider, and was not let in.
        SignInRefused = "sign_in.refused",
        SetupLinkMade = "setup.link_made",
        InstanceCreated = "instance.created",
        SettingsChanged = "settings.changed",
        AppCreated = "app.created",
        AppRenamed = "app.renamed",
        /// What another family keeps with an app was changed.
        AppChanged = "app.changed",
        /// An app's keys stopped working, until it is brought back.
        AppArchived = "app.archived",
        AppRestored = "app.restored",
        RoomCreated = "room.created",
        RoomChanged = "room.changed",
        RoomOpened = "room.opened",
        RoomClosed = "room.closed",
        RoomDeleted = "room.deleted",
        RoomArchived = "room.archived",
        RoomRestored = "room.restored",
        /// Messages of a room were deleted. Their numbers stay.
        MessagesDeleted = "messages.deleted",
        /// Somebody removed a file that no message had.
        FileRemoved = "file.removed",
        /// Somebody was put out of a room, and may not join it again.
        ParticipantBanned = "participant.banned",
        ParticipantAdmitted = "participant.admitted",
        ParticipantMuted = "participant.muted",
        ParticipantUnmuted = "participant.unmuted",
        /// An app got its member API key.
        MemberKeyIssued = "member_key.issued",
        /// The old member API key no longer works, nor do its access tokens.
        MemberKeyReissued = "member_key.reissued",
        /// Somebody saw the member API key.
        MemberKeyRevealed = "member_key.revealed",
        ContactCreated = "contact.created",
        ContactChanged = "contact.changed",
        ContactInvited = "contact.invited",
        ContactDisabled = "contact.disabled",
        ContactEnabled = "contact.enabled",
        ContactRemoved = "contact.removed",
        /// Somebody took what was said in the rooms of an app away.
        ChatsExported = "chats.exported",
        IntegrationCreated = "integration.created",
        IntegrationChanged = "integration.changed",
        /// Its webhooks and its keys went with it.
        IntegrationDeleted = "integration.deleted",
        WebhookAdded = "webhook.added",
        /// Its address, its triggers or its secret is another one.
        WebhookChanged = "webhook.changed",
        WebhookRemoved = "webhook.removed",
        /// Somebody had a webhook told again.
        DeliverySentAgain = "delivery.sent_again",
    }
}

impl Action {
    /// The action as people read it, done to this type of subject. A room of contacts is a chat to them.
    pub const fn label_on(self, subject: SubjectKind) -> &'static str {
        match (self, subject) {
            (Self::RoomCreated, SubjectKind::Chat) => "Chat created",
            (Self::RoomChanged, SubjectKind::Chat) => "Chat changed",
            (Self::RoomDeleted, SubjectKind::Chat) => "Chat deleted",
            (Self::RoomCreated, _) => "Room created",
            (Self::RoomChanged, _) => "Room changed",
            (Self::RoomDeleted, _) => "Room deleted",
            _ => self.label(),
        }
    }

    /// The action as people read it, whatever it is done to.
    pub const fn label(self) -> &'static str {
        match self {
            Self::KeyIssued => "Issued",
            Self::KeyAcknowledged => "Confirmed",
            Self::KeyEdited => "Edited",
            Self::KeyDisabled => "Disabled",
            Self::KeyEnabled => "Enabled",
            Self::KeyRevoked => "Revoked",
            Self::KeyRestored => "Restored",
            Self::KeyDeleted => "Deleted",
            Self::KeyDropped => "Dropped, not confirmed",
            Self::KeyRotated => "New secret made",
            Self::RotationAcknowledged => "Rotated",
            Self::RotationDropped => "New secret dropped, not confirmed",
            Self::RotationExtended => "Rotation extended",
            Self::RotationFinished => "Rotation finished",
            Self::RotationUndone => "Rotation undone",
            Self::HandOverMade => "Hand-over made",
            Self::HandOverWithdrawn => "Hand-over withdrawn",
            Self::HandOverCollected => "Collected",
            Self::HandOverExpired => "Hand-over expired",
            Self::KeyRequested => "Asked for",
            Self::RequestApproved => "Request approved",
            Self::RequestDeclined => "Request declined",
            Self::RequestWithdrawn => "Request withdrawn",
            Self::RequestExpired => "Request expired",
            Self::PersonInvited => "Person invited",
            Self::InviteRenewed => "Invite sent again",
            Self::InviteRevoked => "Invite revoked",
            Self::PersonCreated => "Person added",
            Self::PersonRoleChanged => "Role changed",
            Self::PersonKeysChanged => "Guest's keys changed",
            Self::PersonAppsChanged => "Apps of a person changed",
            Self::PersonDisabled => "Person disabled",
            Self::PersonEnabled => "Person enabled",
            Self::PersonRemoved => "Person removed",
            Self::PersonRecovered => "Password reset",
            Self::PersonUnlocked => "Sign-in unblocked",
            Self::AccountEdited => "Account edited",
            Self::PasswordChanged => "Password changed",
            Self::ResetAsked => "Reset link asked for",
            Self::ResetLinkMade => "Reset link created",
            Self::PasswordReset => "Password reset by link",
            Self::SecondFactorAdded => "Second factor set up",
            Self::SecondFactorRemoved => "Second factor removed",
            Self::RecoveryCodesMade => "Recovery codes created",
            Self::PasskeyAdded => "Passkey added",
            Self::PasskeyRemoved => "Passkey removed",
            Self::PasskeyRefused => "Passkey refused",
            Self::IdentityConnected => "Provider connected",
            Self::IdentityDisconnected => "Provider disconnected",
            Self::SessionStarted => "Signed in",
            Self::SessionEnded => "Signed out",
            Self::ProvedAgain => "Confirmed who they are",
            Self::SignInBlocked => "Sign-in blocked",
            Self::SignInRefused => "Sign-in refused",
            Self::SetupLinkMade => "Set-up link created",
            Self::InstanceCreated => "Installation created",
            Self::SettingsChanged => "Settings changed",
            Self::AppCreated => "App created",
            Self::AppRenamed => "App renamed",
            Self::AppChanged => "App changed",
            Self::AppArchived => "App archived",
            Self::AppRestored => "App brought back",
            Self::RoomCreated => "Room or chat created",
            Self::RoomChanged => "Room or chat changed",
            Self::RoomOpened => "Room opened",
            Self::RoomClosed => "Room closed",
            Self::RoomDeleted => "Room or chat deleted",
            // Only chats are archived.
            Self::RoomArchived => "Chat archived",
            Self::RoomRestored => "Chat brought back",
            Self::MessagesDeleted => "Messages deleted",
            Self::FileRemoved => "File removed",
            Self::ParticipantBanned => "Participant banned",
            Self::ParticipantAdmitted => "Ban lifted",
            Self::ParticipantMuted => "Participant muted",
            Self::ParticipantUnmuted => "Mute lifted",
            Self::MemberKeyIssued => "API KEY issued",
            Self::MemberKeyReissued => "API KEY issued again",
            Self::MemberKeyRevealed => "API KEY revealed",
            Self::ContactCreated => "Contact created",
            Self::ContactChanged => "Contact changed",
            Self::ContactInvited => "Contact invited",
            Self::ContactDisabled => "Contact disabled",
            Self::ContactEnabled => "Contact enabled",
            Self::ContactRemoved => "Contact removed",
            Self::ChatsExported => "Chats exported",
            Self::IntegrationCreated => "Integration added",
            Self::IntegrationChanged => "Integration changed",
            Self::IntegrationDeleted => "Integration deleted",
            Self::WebhookAdded => "Webhook added",
            Self::WebhookChanged => "Webhook changed",
            Self::WebhookRemoved => "Webhook removed",
            Self::DeliverySentAgain => "Delivery sent again",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Subject;
    use crate::ids::RoomId;
    use crate::room::RoomKind;

    #[test]
    fn actions_have_words() {
        assert_eq!(Action::parse("key.issued"), Some(Action::KeyIssued));
        assert_eq!(Action::parse("key.Issued"), None);
        let created =
            |kind| Action::RoomCreated.label_on(Subject::room(&RoomId::from_random([1; 12]), kind, "Lobby").kind);
        assert_eq!((created(RoomKind::Room), created(RoomKind::Chat)), ("Room created", "Chat created"));
        assert_eq!(created(RoomKind::Butler), "Chat created");
        assert_eq!(Action::KeyIssued.label_on(SubjectKind::Chat), "Issued");
        assert_eq!(serde_json::to_string(&Action::SignInBlocked).unwrap(), "\"sign_in.blocked\"");
    }
}
