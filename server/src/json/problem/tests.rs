use domain::field::{Field, FieldErrors};
use domain::key::RevokeReason;
use store::StoreError;

use super::*;

#[test]
fn a_refusal_has_the_status_that_a_program_expects() {
    for (refusal, status) in [
        (Refusal::NotFound, 404),
        (Refusal::Forbidden, 403),
        (Refusal::OwnersKey, 403),
        (Refusal::Changed, 409),
        (Refusal::WrongState, 409),
        (Refusal::StaysRevoked(RevokeReason::Leaked), 409),
        (Refusal::NotPending, 409),
        (Refusal::TooLate, 409),
        (Refusal::EmailTaken, 409),
        (Refusal::LinkInvalid, 404),
        (Refusal::NameMismatch, 422),
        (Refusal::SignInFailed, 403),
        (Refusal::Wait { seconds: 7 }, 429),
        (Refusal::Invalid(FieldErrors::one(Field::Name, "Give a name.")), 422),
    ] {
        let problem = Problem::from(service::Error::Refused(refusal.clone()));
        assert!(problem.detail.ends_with('.'), "{refusal:?}");
        let response = problem.into_response();
        assert_eq!(response.status(), status, "{refusal:?}");
        let wait = response.headers().get(header::RETRY_AFTER).map(HeaderValue::as_bytes);
        assert_eq!(wait, (status == 429).then_some(&b"7"[..]));
    }
}

/// The connection broke while the database was asked to keep it.
#[test]
fn what_may_have_been_done_is_not_called_undone() {
    let problem = Problem::from(service::Error::Store(StoreError::Uncertain("the connection was cut".to_owned())));
    assert_eq!(problem.detail, "It is not known whether this was done. Look before you try again.");
    assert_eq!(problem.into_response().status(), 503);
}

#[test]
fn a_program_is_told_nothing_of_pages() {
    for refusal in [
        Refusal::Forbidden,
        Refusal::OwnersKey,
        Refusal::Changed,
        Refusal::WrongState,
        Refusal::StaysRevoked(RevokeReason::Leaked),
        Refusal::StaysRevoked(RevokeReason::Other),
        Refusal::NotPending,
        Refusal::TooLate,
        Refusal::IssuedByAnother,
        Refusal::ApprovalNeeded,
        Refusal::NotFound,
        Refusal::AppNotFound,
        Refusal::AppArchived,
        Refusal::LastApp,
        Refusal::PersonNotFound,
        Refusal::LastOwner,
        Refusal::InviteGone,
        Refusal::HandOverGone,
        Refusal::TooManyHandOvers { most: 200 },
        Refusal::TooManyInvites { most: 200 },
        Refusal::OwnKey,
        Refusal::BeyondOwnRights,
        Refusal::NoRotation(NoRotation::Pending),
        Refusal::NoRotation(NoRotation::NoLater),
    ] {
        let detail = Problem::from(refusal).detail.to_lowercase();
        for word in ["page", "tick", "press", "reload", "wizard", "button", "your role", "the list"] {
            assert!(!detail.contains(word), "{detail}");
        }
    }
}

#[test]
fn a_wrong_field_is_a_member_of_the_body() {
    let mut errors = FieldErrors::one(Field::ExpiresAt, "This is no time.");
    errors.push_item(Field::DeniedCidrs, 1, "This is no rule.".to_owned());
    let problem = Problem::from(Refusal::Invalid(errors));
    let faults: Vec<_> = problem.faults.iter().map(|fault| (fault.pointer(), fault.detail())).collect();
    assert_eq!(faults[0], ("/expiresAt".to_owned(), "This is no time.".into()));
    assert_eq!(faults[1], ("/deniedCidrs/1".to_owned(), "This is no rule.".into()));
}
