//! Labels: external id, owner, environment, tags, metadata, from the draft to the list and to the verifier.

use domain::{
    draft::KeyDraft,
    environment::Environment,
    field::Field,
    ids::KeyId,
    labels::Owner,
    list::{KeyQuery, StatusFilter},
    refusal::Refusal,
    verdict::Code,
};
use service::verify::{Credential, VerifyRequest};

use crate::world::{EMAIL, World, draft, list, owner, refusal};

#[expect(clippy::unnecessary_wraps, reason = "the fields of a draft are options")]
fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn labelled(name: &str) -> KeyDraft {
    KeyDraft {
        environment: some("test"),
        external_id: some("Cus_42"),
        owner: some("Payments"),
        tags: list(&["eu", "production"]),
        metadata: list(&["plan=gold", "seats=5"]),
        ..draft("service", name)
    }
}

async fn found(w: &World, query: KeyQuery) -> Vec<KeyId> {
    let page = w.service.keys(owner(), w.service.default_app(), &query).await.unwrap();
    assert_eq!(page.rows.len(), usize::try_from(page.total.n).unwrap(), "the count is that of the list");
    page.rows.into_iter().map(|row| row.id).collect()
}

async fn labels_reach_the_verifier(w: World) {
    let (id, token) = w.active(&labelled("Key")).await;
    assert!(token.starts_with("ks_test_"), "{token:.20}");
    let verdict = w.service.verifier().verify(Credential::Token(&token), VerifyRequest::default()).await.unwrap();
    assert_eq!(verdict.code, Code::Valid);
    let rules = &verdict.key.unwrap().record.rules;
    assert_eq!((rules.environment, rules.external_id.as_deref()), (Environment::Test, Some("Cus_42")));
    assert_eq!(rules.owner, Some(Owner::Team("Payments".to_owned())));
    assert_eq!(
        (rules.tags.join(" "), rules.metadata.to_string()),
        ("eu production".to_owned(), "plan=gold, seats=5".to_owned())
    );
    let row = w.service.key(owner(), &id).await.unwrap().row.clone();
    assert_eq!(row.environment(), Environment::Test);
    assert!(row.masked().starts_with("ks_test_"));
    // An id never changes hands: the same key under another environment is another token.
    let live = token.replacen("ks_test_", "ks_", 1);
    assert_eq!(w.code(&live).await, Code::NotFound);
}

async fn lists_are_narrowed_by_labels(w: World) {
    let (labelled_key, _) = w.active(&labelled("B")).await;
    let (plain, _) = w.active(&draft("service", "A")).await;
    let (other, _) = w.active(&KeyDraft { tags: list(&["EU"]), ..draft("client", "C") }).await;
    let by = |set: fn(&mut KeyQuery)| {
        let mut query = KeyQuery::default();
        set(&mut query);
        found(&w, query)
    };
    assert_eq!(by(|q| q.tag = some("Eu")).await, [labelled_key, other]);
    assert_eq!(by(|q| q.tag = some("asia")).await, []);
    assert_eq!(by(|q| q.owner = some("payments")).await, [labelled_key]);
    assert_eq!(by(|q| q.environment = Some(Environment::Test)).await, [labelled_key]);
    assert_eq!(by(|q| q.environment = Some(Environment::Live)).await, [plain, other]);
    assert_eq!(by(|q| q.search = some("cus_")).await, [labelled_key]);
    let external_id = labelled("B").external_id;
    let whole = KeyQuery { external_id, ..KeyQuery::default() };
    assert_eq!(found(&w, whole).await, [labelled_key]);
    assert_eq!(by(|q| q.external_id = some("cus_")).await, []);
    assert_eq!(by(|q| q.search = some("ks_test_")).await, []);
    let both = KeyQuery { tag: some("eu"), environment: Some(Environment::Live), ..KeyQuery::default() };
    assert_eq!(found(&w, both).await, [other]);
    for status in StatusFilter::ALL.iter().copied() {
        let query = KeyQuery { tag: some("eu"), status: Some(status), search: some("b"), ..KeyQuery::default() };
        let expected: &[KeyId] = match status {
            StatusFilter::Active | StatusFilter::NeverUsed | StatusFilter::Unrestricted => &[labelled_key],
            _ => &[],
        };
        assert_eq!(found(&w, query).await, expected, "{status:?}");
    }
    let edit = KeyDraft { tags: list(&["asia"]), ..KeyDraft::default() };
    w.service.edit(owner(), &labelled_key, &edit, 1).await.unwrap();
    assert_eq!(by(|q| q.tag = some("eu")).await, [other]);
    assert_eq!(by(|q| q.tag = some("asia")).await, [labelled_key]);
    w.service.delete(owner(), &labelled_key, "B").await.unwrap();
    assert_eq!(by(|q| q.tag = some("asia")).await, []);
}

async fn an_owner_with_an_e_mail_has_an_account(w: World) {
    w.make_owner().await;
    let app = w.service.default_app();
    let of = |text: &str| KeyDraft { owner: some(text), ..draft("service", "Key") };
    let nobody = w.no_change(w.service.issue_acknowledged(owner(), app, &of("nobody@example.com"))).await;
    let Refusal::Invalid(errors) = refusal(nobody) else { panic!("a field is wrong") };
    assert_eq!(errors.0[0].field, Field::Owner);
    let (id, _) = w.active(&of(EMAIL)).await;
    let edit = w.no_change(w.service.edit(owner(), &id, &of("nobody@example.com"), 1)).await;
    assert!(matches!(refusal(edit), Refusal::Invalid(_)));
    let edited = w.service.edit(owner(), &id, &of("The night shift"), 1).await.unwrap();
    assert_eq!(edited.rules.owner, Some(Owner::Team("The night shift".to_owned())));
}

async fn the_environment_of_a_key_stays(w: World) {
    let (id, _) = w.active(&labelled("Key")).await;
    let live = KeyDraft { environment: some("live"), ..KeyDraft::default() };
    let Refusal::Invalid(errors) = refusal(w.no_change(w.service.edit(owner(), &id, &live, 1)).await) else {
        panic!("a field is wrong")
    };
    assert_eq!(errors.0[0].field, Field::Environment);
}

on_both!(
    labels_reach_the_verifier,
    lists_are_narrowed_by_labels,
    an_owner_with_an_e_mail_has_an_account,
    the_environment_of_a_key_stays,
);
