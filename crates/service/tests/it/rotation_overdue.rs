//! New secrets that nobody confirms in time, and old ones whose time is over.

use domain::{
    audit::Action, key::SecretNumber, refusal::Refusal, rotation::NoRotation, timestamp::Millis, verdict::Code,
};
use store::StoreError;

use crate::rotation::{BOTH, OLD_ONLY, asked, codes, confirm, rotate, why};
use crate::world::{World, draft, owner, refusal};

async fn an_unconfirmed_secret_is_dropped_and_never_works(w: World) {
    let (id, old) = w.active(&draft("service", "Forgotten")).await;
    let new = rotate(&w, &id, "1h").await;
    w.clock.advance(Millis(Millis::minutes(15).0 - 1));
    assert_eq!(w.service.drop_overdue_rotations().await.unwrap(), 0);
    w.clock.advance(Millis(1));
    let late = w.no_change(w.service.acknowledge_rotation(owner(), &id, false)).await;
    assert_eq!(refusal(late), Refusal::TooLate);
    let dropped = w.one_event(Action::RotationDropped, w.service.drop_overdue_rotations()).await;
    assert_eq!(dropped.unwrap(), 1);
    assert_eq!(why(w.service.acknowledge_rotation(owner(), &id, true).await), NoRotation::NotWaiting);
    assert_eq!(codes(&w, [&old, &new]).await, OLD_ONLY);
    // By hand, too. The number is not given again.
    let by_hand = rotate(&w, &id, "1h").await;
    w.one_event(Action::RotationDropped, w.service.drop_rotation(owner(), &id)).await.unwrap();
    assert_eq!(why(w.no_change(w.service.drop_rotation(owner(), &id)).await), NoRotation::NotWaiting);
    assert_eq!(w.code(&by_hand).await, Code::NotFound);
    assert_eq!(asked(&w, &id, "1h").await.number, SecretNumber(4));
}

/// Of a later version, perhaps.
async fn a_key_that_cannot_be_read_holds_up_no_other(w: World) {
    let (odd, _) = w.active(&draft("service", "Odd")).await;
    let (id, old) = w.active(&draft("service", "Rotated")).await;
    for key in [&odd, &id] {
        rotate(&w, key, "1h").await;
        confirm(&w, key).await;
        w.clock.advance(Millis::seconds(1));
    }
    w.database.execute("UPDATE api_key SET kind = 'sausage' WHERE name = 'Odd'").await;
    w.clock.advance(Millis::hours(1));
    let ended = w.service.finish_overdue_rotations().await;
    assert!(matches!(ended, Err(service::Error::Store(StoreError::Corrupt(_)))), "{ended:?}");
    assert_eq!(w.store.live_secrets(&id).await.unwrap().len(), 1);
    assert_eq!(w.code(&old).await, Code::NotFound);
}

async fn a_secret_that_nobody_confirmed_in_time_is_in_nobodys_way(w: World) {
    let (id, old) = w.active(&draft("service", "Late")).await;
    let late = rotate(&w, &id, "1h").await;
    w.clock.advance(Millis::minutes(15));
    let seq = w.newest().await.seq;
    let new = rotate(&w, &id, "1h").await;
    let events: Vec<_> = w.events().await.into_iter().take_while(|event| event.seq > seq).collect();
    let actions: Vec<_> = events.iter().map(|event| event.action.clone()).collect();
    assert_eq!(actions, [Action::KeyRotated, Action::RotationDropped]);
    assert_eq!(events[1].note.as_deref(), Some("Nobody confirmed it in time."));
    confirm(&w, &id).await;
    assert_eq!((w.code(&late).await, codes(&w, [&old, &new]).await), (Code::NotFound, BOTH));
}

on_both!(
    an_unconfirmed_secret_is_dropped_and_never_works,
    a_key_that_cannot_be_read_holds_up_no_other,
    a_secret_that_nobody_confirmed_in_time_is_in_nobodys_way,
);
