//! The tokens that keys of an account, of an app and of an integration sign, and the sealed copies of their secrets.

use data_encoding::BASE64URL_NOPAD;
use domain::{
    draft::KeyDraft,
    field::Field,
    ids::{IntegrationId, KeyId},
    integration::{Integration, IntegrationKind},
    key::{KeyRecord, RevokeReason},
    kind::KeyKind,
    role::Role,
    rotation::Overlap,
    timestamp::Millis,
    verdict::Code,
    webhook::{Trigger, WebhookRules},
};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::ExposeSecret;
use service::{
    Service,
    integrations::NewIntegration,
    keys::{Issued, ShownSecret},
    verify::{Credential, VerifyRequest},
};
use sha2::Sha256;

use crate::hand_overs::{collect, hand_over, the_owner};
use crate::world::{World, draft, owner, secret, shell, somebody_at, token};

on_both! {
    a_token_proves_the_key_that_signed_it,
    the_secret_itself_is_a_user_name_and_a_password,
    a_rotation_with_overlap_signs_with_either_secret,
    a_collected_secret_signs_too,
    a_key_from_before_signs_once_it_is_rotated,
    a_sealed_secret_opens_in_its_own_place_alone,
    only_the_kinds_that_sign_keep_their_secret,
}

/// A custom integration of the first app.
pub async fn integration(w: &World) -> Integration {
    let webhook = WebhookRules {
        target: "https://example.com/callback".to_owned(),
        triggers: vec![Trigger::ConversationMessage],
        include_full_user: false,
        include_full_source: false,
    };
    let new = NewIntegration {
        kind: IntegrationKind::Custom,
        name: Some("Desk".to_owned()),
        extra: "{}".to_owned(),
        webhooks: vec![webhook],
    };
    w.service.create_integration(owner(), w.service.default_app(), new).await.unwrap().0
}

/// A draft of a key of this kind: for a new integration, if it is for one.
pub async fn draft_of(w: &World, kind: KeyKind, name: &str) -> KeyDraft {
    let draft = draft(kind.as_str(), name);
    if kind.rules().asks(Field::Integration) { of(&integration(w).await.id, draft) } else { draft }
}

pub fn of(integration: &IntegrationId, draft: KeyDraft) -> KeyDraft {
    KeyDraft { integration: Some(integration.to_string()), ..draft }
}

/// A key that signs, as whoever stored it knows it.
pub struct Signer {
    kind: KeyKind,
    pub id: KeyId,
    shown: String,
    secret: String,
}

impl Signer {
    pub fn new(issued: &Issued) -> Self {
        let ShownSecret::Pair { id, secret } = &issued.shown else { panic!("not a pair") };
        let (kind, id, shown) = (issued.key.row.kind, issued.key.row.id, id.clone());
        Self { kind, id, shown, secret: secret.expose_secret().to_owned() }
    }

    fn token(&self, claims: &str) -> String {
        let head = format!(r#"{{"alg":"HS256","typ":"JWT","kid":"{}"}}"#, self.shown);
        let signed =
            format!("{}.{}", BASE64URL_NOPAD.encode(head.as_bytes()), BASE64URL_NOPAD.encode(claims.as_bytes()));
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).unwrap();
        mac.update(signed.as_bytes());
        let signature: [u8; 32] = mac.finalize().into_bytes().into();
        format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))
    }

    fn plain_token(&self) -> String {
        self.token(&format!(r#"{{"scope":"{}"}}"#, self.kind.as_str()))
    }

    /// What becomes of a call with a token that it signs.
    pub async fn signs(&self, service: &Service) -> Code {
        signed(service, &self.plain_token()).await
    }
}

async fn signed(service: &Service, token: &str) -> Code {
    judge(service, Credential::Signed { token }).await
}

async fn judge(service: &Service, credential: Credential<'_>) -> Code {
    service.verifier().verify(credential, VerifyRequest::default()).await.unwrap().code
}

pub async fn made(w: &World, draft: &KeyDraft) -> Issued {
    w.service.issue_acknowledged(owner(), w.service.default_app(), draft).await.unwrap()
}

async fn signer(w: &World, kind: KeyKind) -> Signer {
    Signer::new(&made(w, &draft_of(w, kind, "Signs").await).await)
}

pub async fn record(w: &World, id: &KeyId) -> KeyRecord {
    w.service.key(owner(), id).await.unwrap().record(false)
}

async fn a_token_proves_the_key_that_signed_it(w: World) {
    let seconds = w.service.now().millis() / 1_000;
    for kind in KeyKind::SCOPED {
        let (one, other) = (signer(&w, kind).await, signer(&w, kind).await);
        assert_eq!([one.signs(&w.service).await, other.signs(&w.service).await], [Code::Valid; 2], "{kind:?}");
        // From the store, and from the cache.
        assert_eq!(one.signs(&w.another().await).await, Code::Valid, "{kind:?}");
        let forged = Signer { secret: other.secret.clone(), ..signer_named(&one) };
        assert_eq!(forged.signs(&w.service).await, Code::NotFound, "{kind:?}");
        for scope in KeyKind::SCOPED {
            let expected = if scope == kind { Code::Valid } else { Code::NotFound };
            let token = one.token(&format!(r#"{{"scope":"{}"}}"#, scope.as_str()));
            assert_eq!(signed(&w.service, &token).await, expected, "{kind:?} {scope:?}");
        }
        for (claims, expected) in [
            (format!(r#"{{"scope":"{}","exp":{}}}"#, kind.as_str(), seconds + 60), Code::Valid),
            (format!(r#"{{"scope":"{}","exp":{}}}"#, kind.as_str(), seconds), Code::NotFound),
            (format!(r#"{{"scope":"{}","nbf":{}}}"#, kind.as_str(), seconds + 61), Code::NotFound),
            ("{}".to_owned(), Code::NotFound),
        ] {
            assert_eq!(signed(&w.service, &one.token(&claims)).await, expected, "{claims}");
        }
        // Whatever the state of the key is, the token says no more than the key.
        w.service.disable(owner(), &one.id, None).await.unwrap();
        assert_eq!(one.signs(&w.service).await, Code::Disabled);
        w.service.enable(owner(), &one.id, None).await.unwrap();
        w.service.revoke(owner(), &one.id, RevokeReason::Leaked, None).await.unwrap();
        assert_eq!(one.signs(&w.service).await, Code::Revoked);
        w.service.delete_at(owner(), &other.id, None).await.unwrap();
        assert_eq!(other.signs(&w.service).await, Code::NotFound);
    }
    // A token is no key, and a key no token.
    let one = signer(&w, KeyKind::App).await;
    assert_eq!(judge(&w.service, Credential::Token(&one.plain_token())).await, Code::NotFound);
    assert_eq!(signed(&w.service, &one.secret).await, Code::NotFound);
    let form = w.service.new_form_id().unwrap();
    let draft = draft("app", "Pending");
    let pending = w.service.issue(owner(), w.service.default_app(), &draft, &form).await.unwrap();
    assert_eq!(Signer::new(&pending).signs(&w.service).await, Code::Pending);
}

/// Another who signs in the name of this one.
fn signer_named(of: &Signer) -> Signer {
    Signer { kind: of.kind, id: of.id, shown: of.shown.clone(), secret: of.secret.clone() }
}

async fn the_secret_itself_is_a_user_name_and_a_password(w: World) {
    for kind in KeyKind::SCOPED {
        let (one, other) = (signer(&w, kind).await, signer(&w, kind).await);
        let basic = async |id: &str, secret: &str| judge(&w.service, Credential::Basic { id, secret }).await;
        assert_eq!(basic(&one.shown, &one.secret).await, Code::Valid);
        assert_eq!(basic(&one.shown, &other.secret).await, Code::NotFound);
        assert_eq!(basic(&one.id.to_string(), &one.secret).await, Code::NotFound);
    }
}

async fn a_rotation_with_overlap_signs_with_either_secret(w: World) {
    let mut signers = Vec::new();
    for kind in KeyKind::SCOPED {
        signers.push(signer(&w, kind).await);
    }
    for old in signers {
        // Time passes below, and a proof of who somebody is counts for minutes.
        let by = somebody_at(7, Role::Owner, w.service.now());
        let form = w.service.new_form_id().unwrap();
        let overlap = Overlap::parse("24h").unwrap();
        let new = Signer::new(&w.service.rotate(&by, &old.id, overlap, &form).await.unwrap().issued);
        assert_eq!((&new.shown, new.secret == old.secret), (&old.shown, false));
        let codes = async || [old.signs(&w.service).await, new.signs(&w.service).await];
        assert_eq!(codes().await, [Code::Valid, Code::NotFound], "nobody has confirmed it");
        w.service.acknowledge_rotation(owner(), &old.id, false).await.unwrap();
        assert_eq!(codes().await, [Code::Valid; 2]);
        assert_eq!(new.signs(&w.another().await).await, Code::Valid);
        w.clock.advance(Millis(Millis::hours(24).0 - 1));
        assert_eq!(codes().await, [Code::Valid; 2]);
        w.clock.advance(Millis(1));
        assert_eq!(codes().await, [Code::NotFound, Code::Valid], "the overlap is over");
        let rotated = w.service.rotate_acknowledged(shell(), &old.id, Overlap::NONE).await.unwrap();
        let newest = Signer::new(&rotated.issued);
        assert_eq!([new.signs(&w.service).await, newest.signs(&w.service).await], [Code::NotFound, Code::Valid]);
    }
}

async fn a_collected_secret_signs_too(w: World) {
    let owner = the_owner(&w).await;
    let made = hand_over(&w, &owner, "app", "").await.unwrap();
    let collected = collect(&w.service, &secret(&made.token), "").await.unwrap();
    let one = Signer::new(&collected.issued);
    assert_eq!(one.signs(&w.service).await, Code::Pending);
    w.service.acknowledge(&owner, &one.id, true).await.unwrap();
    assert_eq!(one.signs(&w.service).await, Code::Valid);
}

async fn a_key_from_before_signs_once_it_is_rotated(w: World) {
    let old = signer(&w, KeyKind::App).await;
    w.database.execute("UPDATE key_secret SET sealed = substr(sealed, 1, 0), seal_version = 0").await;
    let later = w.another().await;
    let basic = Credential::Basic { id: &old.shown, secret: &old.secret };
    assert_eq!(judge(&later, basic).await, Code::Valid, "its MAC is enough for that");
    assert_eq!(old.signs(&later).await, Code::NotFound);
    let new = later.rotate_acknowledged(owner(), &old.id, Overlap::parse("24h").unwrap()).await.unwrap();
    let new = Signer::new(&new.issued);
    assert_eq!([old.signs(&later).await, new.signs(&later).await], [Code::NotFound, Code::Valid]);
}

/// Whoever may write in the database, and has not the root key, gives no key the secret of another.
async fn a_sealed_secret_opens_in_its_own_place_alone(w: World) {
    let (one, other) = (signer(&w, KeyKind::App).await, signer(&w, KeyKind::App).await);
    // One of them has the sealed copy of the other now.
    let copy = "UPDATE key_secret SET sealed = (SELECT s.sealed FROM key_secret s ORDER BY s.key_id LIMIT 1)";
    w.database.execute(copy).await;
    let later = w.another().await;
    for (named, signs) in [(&one, &other), (&other, &one)] {
        let forged = Signer { secret: signs.secret.clone(), ..signer_named(named) };
        assert_eq!(forged.signs(&later).await, Code::NotFound);
    }
    let mut left = [one.signs(&later).await, other.signs(&later).await];
    left.sort_by_key(|code| *code != Code::Valid);
    assert_eq!(left, [Code::Valid, Code::NotFound]);
    let basic = Credential::Basic { id: &one.shown, secret: &one.secret };
    assert_eq!(judge(&later, basic).await, Code::Valid, "nothing else is lost");
}

async fn only_the_kinds_that_sign_keep_their_secret(w: World) {
    for kind in KeyKind::issuable() {
        let issued = made(&w, &draft_of(&w, kind, "Key").await).await;
        let id = issued.key.row.id;
        let rotated = w.service.rotate_acknowledged(owner(), &id, Overlap::USUAL).await.unwrap();
        let secrets = w.store.key_record(&id).await.unwrap().unwrap().secrets;
        assert_eq!(secrets.len(), 2);
        for secret in &secrets {
            assert_eq!(secret.sealed.is_some(), kind.rules().signs(), "{kind:?}");
        }
        for issued in [issued, rotated.issued] {
            let token = token(&issued);
            let half = token.rsplit('_').next().unwrap();
            let dumped = w.database.dump().await;
            assert!(
                dumped.iter().all(|value| !value.contains(half) && !value.contains(&hex::encode(half))),
                "{kind:?}"
            );
        }
    }
}
