//! What can be edited, by kind, and what an edit leaves behind.

use domain::{
    audit::{Action, Change},
    draft::KeyDraft,
    field::Field,
    kind::KeyKind,
    permission::MASTER_PERMISSIONS,
    refusal::Refusal,
    timestamp::Millis,
    verdict::Code,
};

use crate::signed_keys::draft_of;
use crate::world::{World, draft, list, owner, refusal};

/// A draft with one field, in a value that every kind which has it takes.
fn only(kind: KeyKind, field: Field) -> KeyDraft {
    let mut draft = KeyDraft::default();
    let text = |text: &str| Some(text.to_owned());
    match field {
        Field::Name => draft.name = text("Changed"),
        Field::Description => draft.description = text("Changed"),
        Field::Cidrs => draft.cidrs = list(&["10.0.0.0/8"]),
        Field::Domains => draft.domains = list(&["changed.example.com"]),
        Field::Permissions if kind == KeyKind::MasterUser => {
            draft.boxes = vec![MASTER_PERMISSIONS[0].0.to_owned()];
        }
        Field::Permissions => draft.permissions = list(&["invoices.read"]),
        Field::NotBefore => draft.not_before = text("2026-06-02"),
        Field::Expiry => draft.expiry = text("7"),
        Field::ExpiresAt => draft.expires_at = text("2030-01-01"),
        other => panic!("{other:?} is no field of a key"),
    }
    draft
}

const FIELDS: [Field; 8] = [
    Field::Name,
    Field::Description,
    Field::Cidrs,
    Field::Domains,
    Field::Permissions,
    Field::NotBefore,
    Field::Expiry,
    Field::ExpiresAt,
];

async fn each_kind_allows_its_own_edits_and_refuses_the_rest(w: World) {
    let mut refused = 0;
    for kind in KeyKind::issuable() {
        for field in FIELDS {
            let (id, _) = w.active(&draft_of(&w, kind, "Before").await).await;
            let edit = only(kind, field);
            let edit = w.service.edit(owner(), &id, &edit, 1);
            if kind.rules().allows_edit(field) {
                let key = w.one_change(Action::KeyEdited, edit).await.unwrap();
                assert_eq!(key.revision, 2, "{kind:?} {field:?}");
                assert_eq!(w.newest().await.changes.len(), 1, "{kind:?} {field:?}");
            } else {
                refused += 1;
                let Refusal::Invalid(errors) = refusal(w.no_change(edit).await) else { panic!("{kind:?} {field:?}") };
                assert_eq!(errors.of(field).count(), 1, "{kind:?} {field:?}");
            }
        }
    }
    assert_eq!(refused, 4 * 6 + 5 + 3 * 7);
}

async fn the_kind_never_changes(w: World) {
    let (id, _) = w.active(&draft("client", "Before")).await;
    let edit = draft("service", "After");
    let edited = w.no_change(w.service.edit(owner(), &id, &edit, 1)).await;
    let Refusal::Invalid(errors) = refusal(edited) else { panic!("not about fields") };
    assert_eq!(errors.of(Field::Kind).count(), 1);
}

async fn an_edit_that_changes_nothing_leaves_nothing(w: World) {
    let (id, _) = w.active(&draft("service", "Same")).await;
    let key = w.service.key(owner(), &id).await.unwrap();
    let same = KeyDraft::from_detail(&key);
    let (seq, version, _) = w.marks().await;
    let after = w.service.edit(owner(), &id, &same, 1).await.unwrap();
    assert_eq!(after, *key);
    let (seq_after, version_after, _) = w.marks().await;
    assert_eq!((seq_after, version_after), (seq, version));
}

async fn two_editors_do_not_overwrite_each_other(w: World) {
    let (id, _) = w.active(&draft("service", "Before")).await;
    let first = only(KeyKind::Service, Field::Name);
    w.service.edit(owner(), &id, &first, 1).await.unwrap();
    let second = only(KeyKind::Service, Field::Description);
    let late = w.no_change(w.service.edit(owner(), &id, &second, 1)).await;
    assert_eq!(refusal(late), Refusal::Changed);
    w.service.edit(owner(), &id, &second, 2).await.unwrap();
}

async fn an_edit_applies_to_the_next_call_and_tells_both_values(w: World) {
    let (id, token) = w.active(&draft("service", "Before")).await;
    assert_eq!(w.code(&token).await, Code::Valid);
    let edit = only(KeyKind::Service, Field::Cidrs);
    w.service.edit(owner(), &id, &edit, 1).await.unwrap();
    assert_eq!(w.code(&token).await, Code::IpNotAllowed);
    let rename = only(KeyKind::Service, Field::Name);
    w.service.edit(owner(), &id, &rename, 2).await.unwrap();
    let told = Change { field: "name".to_owned(), from: Some("Before".to_owned()), to: Some("Changed".to_owned()) };
    assert_eq!(w.newest().await.changes, [told]);
}

async fn a_start_after_the_stored_expiry_is_refused(w: World) {
    let short = KeyDraft { expiry: Some("7".to_owned()), ..draft("service", "Short") };
    let (id, _) = w.active(&short).await;
    let late = KeyDraft { not_before: Some("2027-01-01".to_owned()), ..KeyDraft::default() };
    let edited = w.no_change(w.service.edit(owner(), &id, &late, 1)).await;
    assert!(matches!(refusal(edited), Refusal::Invalid(_)));
}

async fn pending_and_revoked_keys_are_not_edited_and_expired_ones_are(w: World) {
    let edit = only(KeyKind::Service, Field::Name);
    let (id, _) = w.pending(&draft("service", "Pending")).await;
    let edited = w.no_change(w.service.edit(owner(), &id, &edit, 1)).await;
    assert_eq!(refusal(edited), Refusal::WrongState);

    let short = KeyDraft { expiry: Some("7".to_owned()), ..draft("service", "Short") };
    let (id, token) = w.active(&short).await;
    w.clock.advance(Millis::days(8));
    assert_eq!(w.code(&token).await, Code::Expired);
    let longer = only(KeyKind::Service, Field::Expiry);
    w.service.edit(owner(), &id, &longer, 1).await.unwrap();
    assert_eq!(w.code(&token).await, Code::Valid);
}

on_both!(
    each_kind_allows_its_own_edits_and_refuses_the_rest,
    the_kind_never_changes,
    an_edit_that_changes_nothing_leaves_nothing,
    two_editors_do_not_overwrite_each_other,
    an_edit_applies_to_the_next_call_and_tells_both_values,
    a_start_after_the_stored_expiry_is_refused,
    pending_and_revoked_keys_are_not_edited_and_expired_ones_are,
);
