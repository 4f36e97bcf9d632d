use domain::audit::Actor;
use domain::cidr::CidrRule;
use domain::environment::Environment;
use domain::ids::{IntegrationId, KeyId, PersonId};
use domain::key::{KeyDetail, KeyState, RevokeReason, Revoked, SecretNumber};
use domain::kind::KeyKind;
use domain::labels::{Metadata, Owner};
use domain::limit::RateLimit;
use domain::list::KeyQuery;
use domain::origin::DomainRule;
use domain::permission::Permission;
use domain::quota::{Quota, Refill};
use domain::rules::KeyRules;
use domain::spec::KeySpec;
use domain::token::TokenMac;
use store::{NewKey, SealedSecret, SecretVersion, Store, StoreError, Unique};

use crate::fixtures::{NOW, insert, key, key_id, whole, with_app};

contract! {
    a_key_is_read_as_it_was_written,
    ids_and_forms_are_used_once,
    many_records_come_at_once,
    an_edit_changes_what_it_names,
    an_edit_of_an_old_revision_is_refused,
    states_change_from_the_one_named,
    a_deleted_key_is_gone,
    overdue_keys_are_found,
    a_sealed_secret_comes_back,
    keys_are_counted_where_only_some_can_be,
}

/// The secret of a new key.
fn first_secret(sealed: Option<SealedSecret>) -> SecretVersion {
    SecretVersion { number: SecretNumber::FIRST, mac: TokenMac([1; 32]), pepper_version: 1, expires_at: None, sealed }
}

/// A key with a value in every field.
fn full(app: &domain::ids::AppId) -> NewKey {
    let mut full = key(app, "Büro <b>Ünïcode</b>");
    "Two\nlines".clone_into(&mut full.spec.description);
    full.spec.rules = KeyRules {
        cidrs: vec![CidrRule::parse("10.0.0.0/8").unwrap(), CidrRule::parse("2001:db8::1").unwrap()],
        denied_cidrs: vec![CidrRule::parse("10.1.0.0/16").unwrap()],
        domains: vec![DomainRule::parse("*.example.com").unwrap()],
        permissions: vec![Permission::parse("invoices.read").unwrap(), Permission::parse("keystead.verify").unwrap()],
        limits: vec![RateLimit::parse("100 per minute").unwrap()],
        quota: Some(Quota { total: 5, refill: Refill::Monthly }),
        environment: Environment::Test,
        external_id: Some("Cus_42".to_owned()),
        owner: Owner::parse("ada@example.com").unwrap(),
        tags: vec!["eu".to_owned(), "größe".to_owned()],
        metadata: Metadata::parse_items(&["plan=gold".to_owned(), "a=\"b\"".to_owned()]).unwrap(),
        rotate_days: Some(90),
        acts_for: vec![domain::ids::ContactId::from_random([8; 12])],
        integration: Some(IntegrationId::from_random([9; 12])),
    };
    full.spec.not_before = Some(NOW.plus_seconds(5));
    full.spec.expires_at = Some(NOW.plus_seconds(50));
    full.ack_deadline = Some(NOW.plus_seconds(900));
    full.form_id = Some("form-0001-form-0001".to_owned());
    full
}

async fn a_key_is_read_as_it_was_written(store: Store) {
    let app = with_app(&store).await;
    let new = full(&app);
    insert(&store, std::slice::from_ref(&new)).await;
    let stored = store.key_record(&new.id).await.unwrap().unwrap();
    let record = &stored.record;
    assert_eq!((&record.id, &record.app_id, record.kind), (&new.id, &app, new.spec.kind));
    assert_eq!((&record.name, record.state), (&new.spec.name, KeyState::Pending));
    assert_eq!((record.not_before, record.expires_at), (new.spec.not_before, new.spec.expires_at));
    assert_eq!(record.rules, new.spec.rules);
    let secret = first_secret(None);
    assert_eq!(stored.secrets, [secret]);

    let detail = store.key_detail(&new.id).await.unwrap().unwrap();
    assert_eq!((&detail.app_id, &detail.description, detail.revision), (&app, &new.spec.description, 1));
    assert_eq!((detail.spec(), &detail.revoked), (new.spec.clone(), &None));
    assert_eq!((detail.quota_left, detail.quota_epoch), (Some(5), 1));
    let row = &detail.row;
    assert_eq!((row.cidr_count, row.domain_count), (2, 1));
    let rules = &new.spec.rules;
    let counted = (row.denied_cidr_count as usize, row.permission_count as usize);
    assert_eq!(counted, (rules.denied_cidrs.len(), rules.permissions.len()));
    assert_eq!((row.ack_deadline, row.last_used_at), (new.ack_deadline, None));
    assert_eq!((&*row.token_prefix, &*row.last4, &*row.created_by), ("ks", "9fKd", "ops (command line)"));
    assert_eq!((row.created_at, detail.last_used_address), (NOW, None));

    let account = |user: &str| Actor::CommandLine { user: user.to_owned() };
    assert!(store.is_issuer(&new.id, &account("ops")).await.unwrap());
    for other in [account("root"), Actor::System] {
        assert!(!store.is_issuer(&new.id, &other).await.unwrap());
    }
    let person = |n, email: &str| Actor::Person { id: PersonId::from_random([n; 12]), email: email.to_owned() };
    let plain = NewKey { created_by: person(1, "a@example.com"), ..key(&app, "plain") };
    insert(&store, std::slice::from_ref(&plain)).await;
    assert!(store.is_issuer(&plain.id, &person(1, "new@example.com")).await.unwrap(), "whatever their e-mail is now");
    assert!(!store.is_issuer(&plain.id, &person(2, "a@example.com")).await.unwrap());
    assert!(!store.is_issuer(&plain.id, &account("ops")).await.unwrap());
    let detail = store.key_detail(&plain.id).await.unwrap().unwrap();
    assert_eq!((detail.row.state, detail.row.ack_deadline), (KeyState::Active, None));
    assert_eq!((detail.row.not_before, detail.row.expires_at), (None, None));
    assert_eq!(store.key_detail(&key_id()).await.unwrap(), None);
    assert_eq!(store.key_record(&key_id()).await.unwrap(), None);
}

async fn ids_and_forms_are_used_once(store: Store) {
    let app = with_app(&store).await;
    let one = full(&app);
    insert(&store, std::slice::from_ref(&one)).await;
    assert_eq!(store.key_of_form("form-0001-form-0001").await.unwrap(), Some(one.id));
    assert_eq!(store.key_of_form("another").await.unwrap(), None);
    let again = NewKey { id: key_id(), ..one.clone() };
    let result = store.write(async |tx| tx.insert_keys(std::slice::from_ref(&again)).await).await;
    assert!(matches!(result, Err(StoreError::Conflict(Unique::FormId))), "{result:?}");
    let again = NewKey { form_id: None, ..one };
    let result = store.write(async |tx| tx.insert_keys(std::slice::from_ref(&again)).await).await;
    assert!(matches!(result, Err(StoreError::Conflict(Unique::KeyId))), "{result:?}");
    let mut elsewhere = key(&app, "elsewhere");
    elsewhere.app_id = crate::fixtures::app(200).id;
    let result = store.write(async |tx| tx.insert_keys(std::slice::from_ref(&elsewhere)).await).await;
    assert!(matches!(result, Err(StoreError::Refused(_))), "{result:?}");
}

async fn many_records_come_at_once(store: Store) {
    let app = with_app(&store).await;
    let keys: Vec<NewKey> = (0..250).map(|n| key(&app, &format!("key {n}"))).collect();
    store.write(async |tx| tx.insert_keys(&keys).await).await.unwrap();
    let secret = first_secret(None);
    assert_eq!(store.key_record(&keys[249].id).await.unwrap().unwrap().secrets, [secret]);
    let again = [key(&app, "new"), keys[7].clone()];
    let result = store.write(async |tx| tx.insert_keys(&again).await).await;
    assert!(matches!(result, Err(StoreError::Conflict(Unique::KeyId))), "{result:?}");
    assert_eq!(store.key_record(&again[0].id).await.unwrap(), None);
    let mut ids: Vec<KeyId> = keys.iter().map(|key| key.id).collect();
    ids.push(key_id());
    let mut found: Vec<KeyId> =
        store.key_records(&ids).await.unwrap().into_iter().map(|(_, key)| key.unwrap().record.id).collect();
    ids.pop();
    ids.sort();
    found.sort();
    assert_eq!(found, ids);
    assert!(store.key_records(&[]).await.unwrap().is_empty());
}

async fn an_edit_changes_what_it_names(store: Store) {
    let app = with_app(&store).await;
    let new = full(&app);
    insert(&store, std::slice::from_ref(&new)).await;
    let update = async |revision, spec: &KeySpec| {
        store.write(async |tx| tx.update_key(&new.id, revision, spec, NOW).await).await.unwrap()
    };
    let before = store.key_detail(&new.id).await.unwrap().unwrap();
    assert!(update(1, &new.spec).await);
    let expected = KeyDetail { revision: 2, ..before.clone() };
    assert_eq!(store.key_detail(&new.id).await.unwrap().unwrap(), expected);

    let spec = KeySpec {
        name: "Other".to_owned(),
        description: String::new(),
        not_before: None,
        expires_at: None,
        rules: KeyRules {
            domains: vec![DomainRule::parse("a.example.com").unwrap(), DomainRule::parse("b.example.com").unwrap()],
            denied_cidrs: vec![CidrRule::parse("10.0.0.0/8").unwrap()],
            limits: vec![RateLimit::parse("burst: 20 per 10s").unwrap()],
            quota: Some(Quota { total: 7, refill: Refill::Daily }),
            owner: Owner::parse("Payments").unwrap(),
            ..KeyRules::default()
        },
        ..new.spec.clone()
    };
    assert!(update(2, &spec).await);
    let after = store.key_detail(&new.id).await.unwrap().unwrap();
    assert_eq!((after.spec(), after.revision), (spec.clone(), 3));
    assert_eq!((after.row.cidr_count, after.row.domain_count), (0, 2));
    assert_eq!((after.quota_left, after.quota_epoch), (Some(7), 3));
    let record = store.key_record(&new.id).await.unwrap().unwrap().record;
    assert_eq!((record.rules, record.name), (spec.rules.clone(), spec.name.clone()));
    assert!(update(3, &KeySpec { expires_at: Some(NOW), ..spec }).await);
    assert_eq!(store.key_record(&new.id).await.unwrap().unwrap().record.expires_at, Some(NOW));
}

async fn an_edit_of_an_old_revision_is_refused(store: Store) {
    let app = with_app(&store).await;
    let new = key(&app, "one");
    insert(&store, std::slice::from_ref(&new)).await;
    let rename = async |revision, name: &str| {
        let spec = KeySpec { name: name.to_owned(), ..new.spec.clone() };
        store.write(async |tx| tx.update_key(&new.id, revision, &spec, NOW).await).await.unwrap()
    };
    let (one, two) = tokio::join!(rename(1, "two"), rename(1, "three"));
    assert!(one != two, "of two edits of one revision, one is refused");
    assert!(!rename(1, "four").await);
}

async fn states_change_from_the_one_named(store: Store) {
    let app = with_app(&store).await;
    let new = full(&app);
    insert(&store, std::slice::from_ref(&new)).await;
    let set = async |from, to, revoked: Option<Revoked>| {
        store.write(async |tx| tx.set_key_state(&new.id, from, to, revoked.as_ref()).await).await.unwrap()
    };
    assert!(!set(KeyState::Active, KeyState::Disabled, None).await);
    assert!(set(KeyState::Pending, KeyState::Active, None).await);
    let detail = store.key_detail(&new.id).await.unwrap().unwrap();
    assert_eq!((detail.row.state, detail.row.ack_deadline, detail.revision), (KeyState::Active, None, 2));
    for restorable_until in [None, Some(NOW.plus_seconds(60))] {
        let revoked = Revoked { at: NOW, reason: RevokeReason::Leaked, restorable_until, from: KeyState::Active };
        assert!(set(KeyState::Active, KeyState::Revoked, Some(revoked.clone())).await);
        let detail = store.key_detail(&new.id).await.unwrap().unwrap();
        assert_eq!((detail.row.state, detail.revoked), (KeyState::Revoked, Some(revoked)));
        assert!(set(KeyState::Revoked, KeyState::Active, None).await);
        assert_eq!(store.key_detail(&new.id).await.unwrap().unwrap().revoked, None);
    }
}

async fn a_deleted_key_is_gone(store: Store) {
    let app = with_app(&store).await;
    let new = full(&app);
    insert(&store, std::slice::from_ref(&new)).await;
    assert!(store.write(async |tx| tx.delete_key(&new.id, NOW).await).await.unwrap());
    assert!(!store.write(async |tx| tx.delete_key(&new.id, NOW).await).await.unwrap());
    let form = new.form_id.as_deref().unwrap();
    assert_eq!(store.key_of_form(form).await.unwrap(), Some(new.id), "its form is used up");
    assert_eq!(store.key_record(&new.id).await.unwrap(), None);
    assert_eq!(store.key_detail(&new.id).await.unwrap(), None);
    let prune = async |before, limit| store.write(async |tx| tx.prune_used_forms(before, limit).await).await.unwrap();
    let later = NOW.plus_seconds(1);
    assert_eq!((prune(NOW, 9).await, prune(later, 0).await, prune(later, 9).await), (0, 0, 1));
    assert_eq!(store.key_of_form(form).await.unwrap(), None);
    // Its secrets went with it, or the id could not be used again.
    insert(&store, &[new]).await;
}

async fn overdue_keys_are_found(store: Store) {
    let app = with_app(&store).await;
    let pending = |name: &str, seconds| NewKey { ack_deadline: Some(NOW.plus_seconds(seconds)), ..key(&app, name) };
    let keys = [pending("late", 10), pending("later", 20), pending("in time", 21), key(&app, "active")];
    insert(&store, &keys).await;
    let at = NOW.plus_seconds(20);
    assert_eq!(store.keys_pending_before(at, 9).await.unwrap(), [keys[0].id, keys[1].id]);
    assert_eq!(store.keys_pending_before(at, 1).await.unwrap(), [keys[0].id]);
    assert!(store.keys_pending_before(NOW, 9).await.unwrap().is_empty());
}

async fn a_sealed_secret_comes_back(store: Store) {
    let app = with_app(&store).await;
    let sealed = SealedSecret { bytes: vec![0, 255, 7], version: 3 };
    let mut new = key(&app, "signs");
    new.secret.sealed = Some(sealed.clone());
    insert(&store, &[new.clone(), key(&app, "does not")]).await;
    let stored = store.key_record(&new.id).await.unwrap().unwrap();
    assert_eq!(stored.secrets, [first_secret(Some(sealed))]);
}

async fn keys_are_counted_where_only_some_can_be(store: Store) {
    let app = with_app(&store).await;
    let other = crate::fixtures::app(2);
    store.write(async |tx| tx.insert_app(&other).await).await.unwrap();
    let (one, two) = (IntegrationId::from_random([1; 12]), IntegrationId::from_random([2; 12]));
    let of = |app: &domain::ids::AppId, kind: KeyKind, integration: Option<IntegrationId>| {
        let mut new = key(app, "Key");
        (new.spec.kind, new.spec.rules.integration) = (kind, integration);
        new
    };
    let mut pending = of(&app, KeyKind::Integration, Some(one));
    pending.ack_deadline = Some(NOW.plus_seconds(900));
    let keys = [
        pending,
        of(&app, KeyKind::Integration, Some(one)),
        of(&app, KeyKind::Integration, Some(two)),
        of(&app, KeyKind::App, None),
        of(&other.id, KeyKind::App, None),
    ];
    insert(&store, &keys).await;
    let revoked =
        Revoked { at: NOW, reason: RevokeReason::NoLongerNeeded, restorable_until: None, from: KeyState::Active };
    let revoke = async |id: &KeyId| {
        let work =
            async |tx: &mut store::Tx| tx.set_key_state(id, KeyState::Active, KeyState::Revoked, Some(&revoked)).await;
        assert!(store.write(work).await.unwrap());
    };
    assert_eq!(store.count_keys_of_integration(&one).await.unwrap(), 2);
    revoke(&keys[1].id).await;
    assert_eq!(store.count_keys_of_integration(&one).await.unwrap(), 1);
    assert_eq!(store.count_keys_of_integration(&two).await.unwrap(), 1);
    let mut all = vec![keys[0].id, keys[1].id];
    all.sort_unstable();
    assert_eq!(store.keys_of_integration(&one).await.unwrap(), all, "the revoked one too");
    assert_eq!(store.keys_of_integration(&IntegrationId::from_random([3; 12])).await.unwrap(), []);
    assert_eq!(store.count_keys_of_kind(&app, KeyKind::App).await.unwrap(), 1);
    assert_eq!(store.count_keys_of_kind(&app, KeyKind::Service).await.unwrap(), 0);
    revoke(&keys[3].id).await;
    assert_eq!(store.count_keys_of_kind(&app, KeyKind::App).await.unwrap(), 0);
    let found = KeyQuery { integration: Some(one), ..KeyQuery::default() };
    let list = store.list_keys(&whole(&app), &found, NOW).await.unwrap();
    let mut listed: Vec<_> = list.rows.iter().map(|row| row.id).collect();
    listed.sort_unstable();
    assert_eq!(listed, all, "the list has them all");
}
