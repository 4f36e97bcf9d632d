//! What people typed into the wizard, kept for them for an hour.

use domain::{refusal::Refusal, timestamp::Millis};
use service::{Caller, keys::DRAFTS_KEPT};
use tokio_util::sync::CancellationToken;

use crate::world::{EMAIL, PASSWORD, World, draft, refusal, secret, shell};

async fn signed_in(w: &World) -> Caller {
    w.make_owner().await;
    let cookie = secret(&w.sign_in(EMAIL, PASSWORD).await.unwrap().cookie);
    w.service.session(&cookie).await.unwrap().unwrap().caller(None)
}

async fn a_draft_is_no_change_and_goes_after_an_hour(w: World) {
    let caller = signed_in(&w).await;
    let app = *w.service.default_app();
    let (seq, version, _) = w.marks().await;
    let form = w.service.save_draft(&caller, "", None, &draft("service", "Typed")).await.unwrap();
    assert_eq!(w.service.save_draft(&caller, &form, Some(&app), &draft("service", "Again")).await.unwrap(), form);
    let found = w.service.saved_form(&caller, &form).await.unwrap();
    assert_eq!((found.draft, found.app, found.key), (Some(draft("service", "Again")), Some(app), None));
    let marks = w.marks().await;
    assert_eq!((marks.0, marks.1), (seq, version), "neither on record nor known to verifiers");

    // A form that has created its key says so, whoever asks.
    let issued = w.service.issue(&caller, w.service.default_app(), &draft("service", "Again"), &form).await.unwrap();
    let found = w.service.saved_form(&caller, &form).await.unwrap();
    assert_eq!((found.draft.is_some(), found.key), (true, Some(issued.key.row.id)));

    w.clock.advance(Millis(DRAFTS_KEPT.0 - 1));
    w.service.tidy(&CancellationToken::new()).await.unwrap();
    assert!(w.service.saved_form(&caller, &form).await.unwrap().draft.is_some());
    w.clock.advance(Millis(1));
    assert!(w.service.saved_form(&caller, &form).await.unwrap().draft.is_none());
    w.service.tidy(&CancellationToken::new()).await.unwrap();
    w.clock.advance(Millis(-1));
    assert!(w.service.saved_form(&caller, &form).await.unwrap().draft.is_none(), "the row is gone");
}

async fn the_newest_twenty_drafts_of_a_person_are_kept(w: World) {
    let caller = signed_in(&w).await;
    let mut forms = Vec::new();
    for n in 0..22 {
        w.clock.advance(Millis(1));
        forms.push(w.service.save_draft(&caller, "", None, &draft("service", &format!("{n}"))).await.unwrap());
    }
    let mut kept = Vec::new();
    for form in &forms {
        kept.push(w.service.saved_form(&caller, form).await.unwrap().draft.is_some());
    }
    assert_eq!(kept, [vec![false; 2], vec![true; 20]].concat());
}

async fn only_people_fill_in_the_wizard(w: World) {
    let saved = w.no_change(w.service.save_draft(shell(), "", None, &draft("service", "x"))).await;
    assert_eq!(refusal(saved), Refusal::Forbidden);
    assert_eq!(refusal(w.service.saved_form(shell(), "0123456789abcdef").await), Refusal::Forbidden);
}

on_both! {
    a_draft_is_no_change_and_goes_after_an_hour,
    the_newest_twenty_drafts_of_a_person_are_kept,
    only_people_fill_in_the_wizard,
}
