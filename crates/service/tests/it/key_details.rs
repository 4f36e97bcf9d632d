//! What of a key is kept: it is as it is on record, whichever process changed it.

use std::sync::Arc;

use domain::{
    bulk::{BulkAct, BulkChange, Selection},
    draft::KeyDraft,
    key::{KeyDetail, RevokeReason},
    list::KeyQuery,
    page::Uncounted,
    rotation::Overlap,
    timestamp::{Millis, Timestamp},
    verdict::Code,
};

use crate::world::{World, draft, owner};

/// The whole page, to compare.
fn shown(Uncounted { rows, .. }: Uncounted<Arc<KeyDetail>>, _: Timestamp) -> Arc<[u8]> {
    let rows: Vec<KeyDetail> = rows.into_iter().map(Arc::unwrap_or_clone).collect();
    serde_json::to_vec(&rows).unwrap().into()
}

async fn each_change_is_seen_where_the_key_was_read_before(w: World) {
    let reader = w.another().await;
    let quota = KeyDraft {
        quota: Some("100".to_owned()),
        quota_refill: Some("daily".to_owned()),
        rotate_days: Some("30".to_owned()),
        ..draft("service", "Read again")
    };
    let (id, token) = w.active(&quota).await;
    let (service, app) = (&w.service, w.service.default_app());
    let as_on_record = async |after: &str| {
        let stored = Arc::new(w.store.key_detail(&id).await.unwrap().unwrap()).refilled(w.service.now());
        assert_eq!(reader.key(owner(), &id).await.unwrap(), stored, "after {after}");
        let listed = w.store.key_details(&[id]).await.unwrap();
        let listed: Vec<_> = listed.into_iter().map(|key| Arc::new(key).refilled(w.service.now())).collect();
        let page = reader.keys_in_full(owner(), app, &KeyQuery::default(), shown).await.unwrap();
        let page: Vec<KeyDetail> = serde_json::from_slice(&page).unwrap();
        assert!(page.iter().eq(listed.iter().map(AsRef::as_ref)), "after {after}: {page:?}, not {listed:?}");
        stored.revision
    };
    let mut seen = as_on_record("its issue").await;

    // Calls change the use and the quota, and no revision.
    assert_eq!(w.code(&token).await, Code::Valid);
    assert_eq!(service.key(owner(), &id).await.unwrap().row.last_used_at, None);
    service.verifier().flush_usage().await.unwrap();
    let of_its_own_flush = service.key(owner(), &id).await.unwrap();
    assert_eq!(of_its_own_flush.row.last_used_at, Some(w.service.now()));
    assert_eq!(as_on_record("a call").await, seen);
    assert_eq!(reader.key(owner(), &id).await.unwrap().row.last_used_at, Some(w.service.now()));
    w.clock.advance(Millis::days(1));
    assert_eq!(as_on_record("a refill").await, seen);

    let mut changed = async |what: &str| {
        let revision = as_on_record(what).await;
        assert!(revision > seen, "after {what}");
        seen = revision;
    };
    let edit = KeyDraft { description: Some("Another".to_owned()), ..KeyDraft::default() };
    let revision = reader.key(owner(), &id).await.unwrap().revision;
    service.edit(owner(), &id, &edit, revision).await.unwrap();
    changed("an edit").await;
    let chosen = Selection::Keys(vec![id]);
    for change in [
        BulkChange::tag(BulkAct::AddTag, "nightly").unwrap(),
        BulkChange::tag(BulkAct::RemoveTag, "nightly").unwrap(),
        BulkChange::set_expiry("90", "", w.service.now()).unwrap(),
        BulkChange::Disable,
        BulkChange::Enable,
    ] {
        let form = service.new_form_id().unwrap();
        service.bulk(owner(), app, &chosen, &change, &form).await.unwrap().unwrap();
        changed(&format!("{change:?}")).await;
    }
    service.rotate_acknowledged(owner(), &id, Overlap::parse("24h").unwrap()).await.unwrap();
    changed("a rotation").await;
    service.extend_rotation(owner(), &id, Overlap::parse("7d").unwrap()).await.unwrap();
    changed("a longer overlap").await;
    service.undo_rotation(owner(), &id).await.unwrap();
    changed("a rotation that was undone").await;
    service.rotate_acknowledged(owner(), &id, Overlap::parse("24h").unwrap()).await.unwrap();
    changed("the next rotation").await;
    service.finish_rotation(owner(), &id).await.unwrap();
    changed("its end").await;
    service.revoke(owner(), &id, RevokeReason::Superseded, None).await.unwrap();
    changed("its revocation").await;
    service.restore(owner(), &id).await.unwrap();
    changed("its return").await;
}

on_both!(each_change_is_seen_where_the_key_was_read_before);
