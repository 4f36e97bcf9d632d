use super::*;
use crate::field::Field;

#[test]
fn every_message_is_one_sentence() {
    let key = KeyId::from_random([7; 16]);
    let mut all = vec![
        Refusal::Invalid(FieldErrors::one(Field::Name, "Give a name.")),
        Refusal::Invalid(FieldErrors::default()),
        Refusal::NotFound,
        Refusal::Forbidden,
        Refusal::OwnersKey,
        Refusal::ProveAgain,
        Refusal::BeyondOwnRights,
        Refusal::OwnKey,
        Refusal::SignInFailed,
        Refusal::Wait { seconds: 100 },
        Refusal::OnlyKnownBrowsers,
        Refusal::Busy,
        Refusal::TooManyStreams,
        Refusal::Changed,
        Refusal::AlreadyIssued { key },
        Refusal::AlreadyReissued,
        Refusal::NotPending,
        Refusal::IssuedByAnother,
        Refusal::NoRotation(NoRotation::Waiting),
        Refusal::TooLate,
        Refusal::WrongState,
        Refusal::TooMany { most: 10_000 },
        Refusal::NothingChosen,
        Refusal::NotUndoable,
        Refusal::NameMismatch,
        Refusal::LinkInvalid,
        Refusal::EmailTaken,
        Refusal::PersonNotFound,
        Refusal::KeptOut,
        Refusal::LastOwner,
        Refusal::InviteGone,
        Refusal::TooManyInvites { most: 200 },
        Refusal::NoSession,
        Refusal::SignInOver,
        Refusal::FactorsOff,
        Refusal::PasskeyRefused,
        Refusal::FactorChanged,
        Refusal::NotConnected,
        Refusal::LastWayIn,
        Refusal::HandOverGone,
        Refusal::AlreadyHandedOver,
        Refusal::HandOverStale,
        Refusal::HandOverNotNow,
        Refusal::TooManyHandOvers { most: 200 },
        Refusal::AppNotFound,
        Refusal::AppArchived,
        Refusal::LastApp,
        Refusal::ChooseApp { most: 30 },
        Refusal::ApprovalNeeded,
        Refusal::RequestGone,
        Refusal::RequestEnded,
        Refusal::OwnRequest,
        Refusal::RequestStale,
        Refusal::TooManyRequests { most: 200 },
        Refusal::NoRequestChosen,
        Refusal::RoomNotFound,
        Refusal::RoomFull,
        Refusal::RoomNotOpen,
        Refusal::RoomEnded,
        Refusal::ButlerChat,
        Refusal::Banned,
        Refusal::WrongRoomPassword,
        Refusal::NotJoined,
        Refusal::AlreadyLeft,
        Refusal::Muted,
        Refusal::ClientKeyTaken,
        Refusal::MessageNotFound,
        Refusal::AttachmentTooLarge { most: 10_000_000 },
        Refusal::AttachmentsFull,
        Refusal::AttachmentEmpty,
        Refusal::AttachmentNotFound,
        Refusal::PictureNotFound,
        Refusal::EventNotFound,
        Refusal::DeliveryNotFound,
        Refusal::ContactNotFound,
        Refusal::ContactInactive,
        Refusal::ContactNotAdmin,
        Refusal::OnBehalfNeeded,
        Refusal::OnBehalfNotAllowed,
        Refusal::AccessTokenInvalid,
        Refusal::AccessTokenMismatch,
        Refusal::IntegrationNotFound,
        Refusal::WebhookNotFound,
        Refusal::NoKeysOfThisIntegration,
        Refusal::TooManyKeys { most: 10 },
        Refusal::TooManyIntegrations { most: 1_000 },
        Refusal::TooManyChatWebhooks { most: 100 },
        Refusal::OneWebhook,
        Refusal::IntegrationStays,
    ];
    all.extend(ShownOnce::ALL.iter().copied().map(Refusal::AlreadyShown));
    all.extend(RevokeReason::ALL.iter().copied().map(Refusal::StaysRevoked));
    for refusal in all {
        let message = refusal.message();
        assert!(message.ends_with('.') && message.matches('.').count() == 1, "{message}");
        let json = serde_json::to_string(&refusal).unwrap();
        assert_eq!(serde_json::from_str::<Refusal>(&json).unwrap(), refusal);
    }
}

#[test]
fn waits_are_rounded_up() {
    let now = Timestamp::from_millis(1_000);
    assert_eq!(wait_seconds(Timestamp::from_millis(2_001), now), 2);
    assert_eq!(wait_seconds(now, now), 1);
    assert_eq!(wait_seconds(Timestamp::from_millis(0), now), 1);
    assert_eq!(Refusal::Wait { seconds: 91 }.message(), "Too many attempts: wait 2 minutes, then try again.");
    assert_eq!(Refusal::Wait { seconds: 1 }.message(), "Too many attempts: wait 1 second, then try again.");
}
