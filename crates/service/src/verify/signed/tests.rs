//! What RFC 8725 warns of, one row each, and tokens that were changed on the way.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_500);
/// The same in whole seconds.
const SECONDS: i64 = 1_800_000_000;
const SECRET: &[u8] = b"the secret of a key as it is shown, 49 characters";

fn id() -> KeyId {
    KeyId::from_random([7; 16])
}

fn kid(prefix: &str) -> String {
    format!("{prefix}_{}", id().to_hex())
}

fn head() -> Value {
    json!({ "alg": "HS256", "typ": "JWT", "kid": kid("int") })
}

fn claims() -> Value {
    json!({ "scope": "integration" })
}

/// A value with these members besides, or in place of its own.
fn with(mut value: Value, more: &Value) -> Value {
    for (name, member) in more.as_object().unwrap() {
        value[name] = member.clone();
    }
    value
}

fn signed(head: &str, claims: &str, secret: &[u8]) -> String {
    let signed = format!("{}.{}", BASE64URL_NOPAD.encode(head.as_bytes()), BASE64URL_NOPAD.encode(claims.as_bytes()));
    let signature = MacKey::of_text(secret).mac(&[signed.as_bytes()]);
    format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))
}

fn token(head: &Value, claims: &Value) -> String {
    signed(&head.to_string(), &claims.to_string(), SECRET)
}

fn passes_as(text: &str, kind: KeyKind) -> bool {
    let secret = MacKey::of_text(SECRET);
    SignedToken::parse(text).is_some_and(|token| token.key() == id() && token.proves(kind, &secret, NOW))
}

fn passes(text: &str) -> bool {
    passes_as(text, KeyKind::OF_INTEGRATION)
}

#[test]
fn a_token_that_is_right_passes() {
    assert!(passes(&token(&head(), &claims())));
    for (kind, prefix) in KeyKind::SCOPED.into_iter().zip(["act", "app", "int"]) {
        let head = with(head(), &json!({ "kid": kid(prefix) }));
        let text = token(&head, &json!({ "scope": kind.as_str() }));
        for other in KeyKind::ALL {
            assert_eq!(passes_as(&text, *other), *other == kind, "{} as {}", kind.label(), other.label());
        }
    }
    let mut untyped = head();
    untyped.as_object_mut().unwrap().remove("typ");
    assert!(passes(&token(&untyped, &claims())));
    assert!(passes(&token(
        &with(head(), &json!({ "typ": "jwt", "cty": "x" })),
        &with(claims(), &json!({ "appId": 1 }))
    )));
}

/// RFC 8725, 2.1 and 3.1: the algorithm is ours to choose.
#[test]
fn no_other_algorithm_is_believed() {
    for alg in
        ["none", "None", "NONE", "nOnE", "", "hs256", "HS384", "HS512", "RS256", "ES256", "PS256", "EdDSA", "dir"]
    {
        let head = with(head(), &json!({ "alg": alg }));
        assert!(!passes(&token(&head, &claims())), "{alg}");
        let unsigned = token(&head, &claims());
        let (signed, _) = unsigned.rsplit_once('.').unwrap();
        assert!(!passes(&format!("{signed}.")) && !passes(signed), "{alg}");
    }
    for alg in [json!(null), json!(1), json!(["HS256"]), json!({ "HS256": 1 })] {
        assert!(!passes(&token(&with(head(), &json!({ "alg": alg })), &claims())), "{alg}");
    }
    let mut without = head();
    without.as_object_mut().unwrap().remove("alg");
    assert!(!passes(&token(&without, &claims())));
}

/// RFC 8725, 2.2 and 3.5: a key that anybody knows signs nothing.
#[test]
fn no_other_key_signs() {
    let (head, claims, kid) = (head().to_string(), claims().to_string(), kid("int"));
    for secret in [&b""[..], b"secret", kid.as_bytes(), id().as_str().as_bytes(), &SECRET[..48], &[0; 64]] {
        assert!(!passes(&signed(&head, &claims, secret)));
    }
    // Padded with zeroes, a short key is the same to HMAC; ours never end in one.
    assert!(passes(&signed(&head, &claims, &[SECRET, &[0]].concat())));
}

/// RFC 8725, 2.4, 3.9, 3.10 and 3.11: the head is not to say which key, which rules or which type count.
#[test]
fn what_a_head_asks_for_is_refused() {
    for (name, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(true)),
        ("b64", json!(false)),
        ("jwk", json!({ "kty": "oct", "k": "AAAA" })),
        ("jku", json!("https://example.com/keys")),
        ("x5u", json!("https://example.com/keys")),
        ("x5c", json!(["AAAA"])),
        ("enc", json!("A256GCM")),
        ("zip", json!("DEF")),
        ("typ", json!("at+jwt")),
        ("typ", json!("JOSE")),
        ("typ", json!(null)),
        ("kid", json!(null)),
        ("kid", json!("")),
        ("kid", json!("../../etc/passwd_000000000000000000000000")),
        ("kid", json!(id().as_str())),
        ("kid", json!(format!("int_{id}", id = id()))),
        ("kid", json!(kid("app"))),
        ("kid", json!(kid("int_test"))),
        ("kid", json!(kid("INT"))),
        ("kid", json!(kid("int").to_uppercase())),
        ("kid", json!(format!("{} ", kid("int")))),
    ] {
        assert!(!passes(&token(&with(head(), &json!({ name: value })), &claims())), "{name}: {value}");
    }
}

/// RFC 8725, 3.8 and 3.9: a token works for one key, and for what that key calls for.
#[test]
fn a_token_works_for_its_scope_alone() {
    for scope in
        [json!("app"), json!("account"), json!("Integration"), json!("integration "), json!(""), json!(null), json!(1)]
    {
        assert!(!passes(&token(&head(), &json!({ "scope": scope }))), "{scope}");
    }
    assert!(!passes(&token(&head(), &json!({ "scope": ["integration"] }))));
    assert!(!passes(&token(&head(), &json!({}))));
    let another = KeyId::from_random([8; 16]);
    let of_another = with(head(), &json!({ "kid": format!("int_{}", another.to_hex()) }));
    assert_eq!(SignedToken::parse(&token(&of_another, &claims())).unwrap().key(), another);
    assert!(!passes(&token(&of_another, &claims())));
}

#[test]
fn times_count_and_are_numbers() {
    let at = |name: &str, value: Value| passes(&token(&head(), &with(claims(), &json!({ name: value }))));
    for (name, seconds, expected) in [
        // No leeway: a token that has expired is over.
        ("exp", SECONDS - 1, false),
        ("exp", SECONDS, false),
        ("exp", SECONDS + 1, true),
        ("exp", 0, false),
        ("exp", -1, false),
        ("exp", i64::MIN, false),
        ("exp", i64::MAX, true),
        ("nbf", SECONDS + 60, true),
        ("nbf", SECONDS + 61, false),
        ("nbf", i64::MIN, true),
        ("nbf", i64::MAX, false),
        ("iat", SECONDS + 60, true),
        ("iat", SECONDS + 61, false),
        ("iat", 0, true),
    ] {
        assert_eq!(at(name, json!(seconds)), expected, "{name} {seconds}");
    }
    assert!(!at("exp", json!(1_800_000_000.25)) && at("exp", json!(1_800_000_000.75)));
    assert!(at("exp", json!(1e300)) && !at("exp", json!(-1e300)) && !at("exp", json!(-0.5)));
    assert!(at("exp", json!(u64::MAX)) && !at("nbf", json!(u64::MAX)) && !at("iat", json!(1e300)));
    for name in ["exp", "nbf", "iat"] {
        for value in [json!(null), json!("1900000000"), json!(true), json!([1_900_000_000]), json!({})] {
            assert!(!at(name, value.clone()), "{name}: {value}");
        }
    }
    assert!(!passes(&signed(&head().to_string(), r#"{"scope":"integration","exp":1e999}"#, SECRET)));
}

/// RFC 8725, 2.6 and 3.7: one reading of the same bytes.
#[test]
fn a_token_is_read_in_one_way() {
    let (good_head, good_claims) = (head().to_string(), claims().to_string());
    let twice = |json: &str, more: &str| format!("{}{more}}}", json.strip_suffix('}').unwrap());
    for (head, claims) in [
        (twice(&good_head, r#","alg":"HS256""#), good_claims.clone()),
        (twice(&good_head, r#","alg":"none""#), good_claims.clone()),
        (twice(&good_head, r#","\u0061lg":"none""#), good_claims.clone()),
        (good_head.clone(), twice(&good_claims, r#","scope":"integration""#)),
        (good_head.clone(), twice(&good_claims, r#","exp":1,"exp":1900000000"#)),
        (format!("[{good_head}]"), good_claims.clone()),
        (good_head.clone(), format!("[{good_claims}]")),
        (good_head.clone(), String::new()),
        (String::new(), good_claims.clone()),
        (format!("{good_head}x"), good_claims.clone()),
        (good_head.clone(), "\u{feff}{\"scope\":\"integration\"}".to_owned()),
        (good_head.clone(), format!("{}1{}", "[".repeat(3_000), "]".repeat(3_000))),
    ] {
        assert!(!passes(&signed(&head, &claims, SECRET)), "{head} {claims}");
    }
    let good = token(&head(), &claims());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (head, claims) = signed.split_once('.').unwrap();
    for text in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        format!(" {good}"),
        format!("{good} "),
        format!("{good}\n"),
        format!("{good}="),
        format!("{good}."),
        format!(".{good}"),
        format!("{head}=.{claims}.{signature}"),
        format!("{head}..{claims}.{signature}"),
        format!("{head}.{claims}.{signature}.{signature}"),
        format!("{head}.{signature}"),
        format!("{claims}.{head}.{signature}"),
        format!("{head}.{claims}.{}", &signature[..42]),
        good.replace('.', "%2E"),
    ] {
        assert!(!passes(&text), "{text}");
    }
    let standard = signature.replace('-', "+").replace('_', "/");
    assert!(standard == signature || !passes(&format!("{signed}.{standard}")));
    let long = |length: usize| token(&self::head(), &json!({ "scope": "integration", "x": "x".repeat(length) }));
    assert!(passes(&long(5_000)) && !passes(&long(LONGEST)));
}

#[test]
fn the_last_bits_of_a_signature_count_too() {
    let good = token(&head(), &claims());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let ends = alphabet.chars().filter(|end| passes(&format!("{signed}.{}{end}", &signature[..42])));
    assert_eq!(ends.count(), 1, "the two bits that no byte has are zero");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_changed_token_passes(place in any::<prop::sample::Index>(), change in 0_u8..4, byte in 0x20_u8..0x7f) {
        let good = token(&head(), &with(claims(), &json!({ "exp": SECONDS + 60, "appId": "0123456789abcdef01234567" })));
        let mut bytes = good.clone().into_bytes();
        let at = place.index(bytes.len());
        match change {
            0 => bytes[at] = byte,
            1 => bytes.insert(at, byte),
            2 => { bytes.remove(at); }
            _ => { let next = (at + 1) % bytes.len(); bytes.swap(at, next); }
        }
        let changed = String::from_utf8(bytes).unwrap();
        prop_assume!(changed != good);
        prop_assert!(!passes(&changed), "{changed}");
    }

    #[test]
    fn no_text_is_too_odd_to_be_read(text in "\\PC{0,80}", parts in prop::collection::vec("[A-Za-z0-9_-]{0,40}", 0..5)) {
        prop_assert!(!passes(&text) && !passes(&parts.join(".")));
    }

    #[test]
    fn parts_of_two_tokens_make_no_third(which in 1_u8..7) {
        let one = token(&head(), &claims());
        let two = token(&with(head(), &json!({ "x": 1 })), &with(claims(), &json!({ "exp": SECONDS + 60 })));
        let parts = one.split('.').zip(two.split('.')).enumerate();
        let mixed: Vec<_> = parts.map(|(n, (one, two))| if which & (1 << n) == 0 { one } else { two }).collect();
        prop_assert!(!passes(&mixed.join(".")));
    }
}
