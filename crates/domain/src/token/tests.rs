use proptest::prelude::*;

use super::*;

const ID: &str = "7Qm2xVbN4tRa";

fn composed(prefix: &str, secret: &str) -> String {
    PlainToken::compose(prefix, &KeyId::parse(ID).unwrap(), secret).expose().to_owned()
}

fn join_pair(id: &str, secret: &str) -> Option<String> {
    PlainToken::from_pair(id, secret).map(|token| token.expose().to_owned())
}

fn sample() -> String {
    composed("ks", &secret_from_random(&[0xa5; 32]))
}

#[test]
fn the_checksum_is_the_one_that_github_uses() {
    assert_eq!(&checksum("zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ"), b"0mLq17");
}

#[test]
fn a_token_has_the_documented_form() {
    let whole = sample();
    assert_eq!(whole.len(), 2 + 1 + 12 + 1 + 43 + 6);
    let token = Token::parse(&whole).unwrap();
    assert_eq!((token.prefix(), token.id().as_str(), token.as_bytes()), ("ks", ID, whole.as_bytes()));
    assert_eq!(token.last4().len(), 4);
    assert!(whole.ends_with(token.last4()));
    assert_eq!(masked("ks", &KeyId::parse(ID).unwrap(), "9fKd"), "ks_7Qm2xVbN4tRa_…9fKd");
}

#[test]
fn debug_does_not_show_the_secret() {
    let whole = sample();
    assert_eq!(format!("{:?}", Token::parse(&whole).unwrap()), "ks_7Qm2xVbN4tRa_…");
}

#[test]
fn id_and_secret_join_to_the_whole_token() {
    let whole = composed("mk", &secret_from_random(&[1; 32]));
    let token = Token::parse(&whole).unwrap();
    assert_eq!(token.pair_id(), "mk_7Qm2xVbN4tRa");
    assert_eq!(token.pair_secret().len(), 49);
    assert_eq!(join_pair(&token.pair_id(), token.pair_secret()), Some(whole.clone()));
    let other = sample();
    assert_eq!(join_pair(&token.pair_id(), Token::parse(&other).unwrap().pair_secret()), None);
    assert_eq!(join_pair("mk_7Qm2xVbN4tRb", token.pair_secret()), None);
    assert_eq!(join_pair("", ""), None);
    assert_eq!(join_pair(&whole, ""), None);
    assert_eq!(join_pair(&"x".repeat(1_000_000), token.pair_secret()), None);
}

#[test]
fn basic_ids_are_the_key_in_hexadecimal() {
    let id = KeyId::parse(ID).unwrap();
    assert_eq!(KeyId::from_hex(&id.to_hex()), Some(id));
    let whole = composed("int", &secret_from_random(&[1; 32]));
    let token = Token::parse(&whole).unwrap();
    let basic = |id: &str| PlainToken::from_basic(id, token.pair_secret()).map(|token| token.expose().to_owned());
    assert_eq!(basic(&format!("int_{}", id.to_hex())), Some(whole.clone()));
    for other in ["int", "int_", "int_7Qm2xVbN4tRa", "int_5f", "app_37516d327856624e34745261"] {
        assert_eq!(basic(other), None, "{other}");
    }
    assert_eq!(KeyId::from_hex(&"5f".repeat(12)), None, "an underscore is no base 62 digit");
    assert_eq!(KeyId::from_hex(&id.to_hex().to_uppercase()), None);
}

#[test]
fn a_search_finds_the_id_in_whatever_is_typed() {
    for text in ["7Qm", "ks_7Qm", "ks_test_7Qm", "ks_7Qm_secret", "ks_test_7Qm_secret"] {
        assert_eq!(id_part(text), "7Qm", "{text}");
    }
    assert_eq!(id_part("ks_"), "");
}

#[test]
fn a_mac_and_a_token_are_not_shown() {
    assert_eq!(
        format!("{:?} {:?}", TokenMac([7; 32]), PlainToken::compose("ks", &KeyId::from_random([1; 16]), "s")),
        "TokenMac(..) PlainToken(..)"
    );
    assert_eq!(TokenMac([7; 32]), TokenMac([7; 32]));
    assert_ne!(TokenMac([7; 32]), TokenMac([6; 32]));
}

#[test]
fn other_texts_are_no_tokens() {
    let whole = sample();
    for text in [
        String::new(),
        "ks".to_owned(),
        "_".repeat(65),
        format!(" {whole}"),
        format!("{whole} "),
        format!("{whole}\n"),
        format!("{whole}0"),
        whole[1..].to_owned(),
        whole[..whole.len() - 1].to_owned(),
        whole.replace("ks_", "KS_"),
        whole.replace("ks_", "_"),
        whole.replace("ks_", "ks__"),
        whole.replace("ks_", "ks-"),
        whole.to_uppercase(),
        format!("{whole}{whole}"),
        "é".repeat(40),
        "x".repeat(1_000_000),
    ] {
        assert!(Token::parse(&text).is_none(), "{text}");
    }
}

#[test]
fn the_prefix_has_limits() {
    for (prefix, good) in [
        ("k", true),
        ("0123456789", true),
        ("", false),
        ("0123456789a", false),
        ("Ks", false),
        ("k_s", false),
        ("k-s", false),
        ("é", false),
    ] {
        assert_eq!(is_prefix(prefix), good, "{prefix}");
        let whole = composed(prefix, &"0".repeat(43));
        assert_eq!(Token::parse(&whole).is_some(), good, "{prefix}");
    }
}

#[test]
fn pasted_tokens_are_cut_to_their_id() {
    let whole = sample();
    let cut = |text: &str| cut_to_id(text).map(|id| id.as_str().to_owned());
    for text in [
        whole.clone(),
        format!("  {whole}\n"),
        format!("Authorization: Bearer {whole}"),
        format!("\"{whole}\","),
        format!("KEY={whole}"),
        whole[..40].to_owned(),
        format!("{whole}x"),
        "ks_7Qm2xVbN4tRa_…9fKd".to_owned(),
        "ks_7Qm2xVbN4tRa_…".to_owned(),
        "ks_test_7Qm2xVbN4tRa_…9fKd".to_owned(),
        composed("ks_test", &secret_from_random(&[7; 32])),
        "int_37516d327856624e34745261".to_owned(),
        format!("int_37516d327856624e34745261:{}", &whole[16..]),
    ] {
        assert_eq!(cut(&text).as_deref(), Some(ID), "{text}");
    }
    for text in [
        "",
        "Billing export",
        ID,
        "ks_7Qm2xVbN4tRa",
        "on_subscription_created",
        "a_b_c",
        "…",
        "_…",
        "37516d327856624e34745261",
        "int_0123456789abcdef01234567",
        "int_37516D327856624E34745261",
    ] {
        assert_eq!(cut(text), None, "{text}");
    }
}

#[test]
fn an_api_key_of_an_app_is_known_as_well() {
    let whole = "7Qm2xV-bN4tRa-abcdef-012345-20261121093002";
    for text in [whole.to_owned(), format!("API_KEY: {whole}"), format!("({whole}), of the shop")] {
        assert_eq!(cut_to_id(&text).map(|id| id.to_string()).as_deref(), Some(ID), "{text}");
        assert!(stands_in(&text) && !without_secrets(&text).contains("abcdef"), "{text}");
    }
    for text in [
        "7Qm2xV-bN4tRa-••••••-••••••-20261121093002",
        "01234567-89ab-8cde-8f01-234567000000",
        "2026-11-21 09:30:02",
        "orange-yellow-purple-silver",
    ] {
        assert!(cut_to_id(text).is_none() && !stands_in(text) && without_secrets(text) == text, "{text}");
    }
}

#[cfg(feature = "server")]
#[test]
fn a_text_is_shown_again_as_it_was_but_for_whole_keys() {
    let whole = sample();
    let secret = &whole[16..];
    for (text, left) in [
        (whole.clone(), format!("ks_{ID}_")),
        (format!(" found: {whole}\r\nin\ta file"), format!(" found: ks_{ID}_\r\nin\ta file")),
        ("KEY=7Qm2xV-bN4tRa-abcdef-012345-20261121093002;".to_owned(), "KEY=;".to_owned()),
    ] {
        assert_eq!(without_keys(&text), left, "{text}");
        assert!(!stands_in(&left), "{text}");
    }
    for text in ["", " a\r\n\tb\u{7} ", &format!("ks_{ID}_…9fKd"), secret, &"x".repeat(60), &whole[..64]] {
        assert!(matches!(without_keys(text), Cow::Borrowed(same) if same == text), "{text}");
    }
}

#[cfg(feature = "server")]
#[test]
fn an_id_and_its_secret_are_a_key_wherever_they_are() {
    let secret = secret_from_random(&[7; 32]);
    for prefix in ["int", "mk", "mk_test"] {
        let plain = PlainToken::compose(prefix, &KeyId::parse(ID).unwrap(), &secret);
        let token = plain.token().unwrap();
        let (pair, basic, secret) = (token.pair_id(), token.basic_id(), token.pair_secret());
        for id in [&pair, &basic] {
            for text in [
                format!("{id}:{secret}"),
                format!("https://example.com/hook?key={id}&secret={secret}"),
                format!("https://example.com/{secret}/x_{id}"),
                format!("{id}_{secret}"),
                format!("a_b {secret} and\n{id}"),
            ] {
                assert!(stands_in(&text), "{text}");
                assert!(!without_keys(&text).contains(secret), "{text}");
            }
            assert!(!stands_in(id) && !stands_in(&format!("{id}:{}", secret_from_random(&[8; 32]))), "{id}");
            assert!(!stands_in(&format!("other_37516d327856624e34745261:{secret}")));
        }
        assert!(!stands_in(secret), "it is like any other random text");
    }
}

proptest! {
    #[test]
    fn what_is_composed_is_parsed(prefix in "[a-z0-9]{1,10}", test: bool, id: [u8; 16], secret: [u8; 32]) {
        let id = KeyId::from_random(id);
        let prefix = format!("{prefix}{}", if test { "_test" } else { "" });
        let plain = PlainToken::compose(&prefix, &id, &secret_from_random(&secret));
        let whole = plain.expose().to_owned();
        let token = Token::parse(&whole).unwrap();
        prop_assert_eq!((token.prefix(), token.id(), token.as_bytes()), (prefix.as_str(), id, whole.as_bytes()));
        prop_assert_eq!(PlainToken::from_basic(&token.basic_id(), token.pair_secret()), Some(plain.clone()));
        prop_assert_eq!(join_pair(&token.pair_id(), token.pair_secret()), Some(whole.clone()));
        prop_assert_eq!(cut_to_id(&whole), Some(id));
    }

    #[test]
    fn a_change_of_one_character_is_refused(id: [u8; 16], secret: [u8; 32], at in 0_usize..65, new in prop_oneof![any::<char>(), prop::char::range('0', 'z')]) {
        let whole = PlainToken::compose("ks", &KeyId::from_random(id), &secret_from_random(&secret)).expose().to_owned();
        let mut changed: Vec<char> = whole.chars().collect();
        prop_assume!(changed[at] != new);
        changed[at] = new;
        let changed: String = changed.into_iter().collect();
        prop_assert!(Token::parse(&changed).is_none());
    }

    #[test]
    fn two_neighbours_swapped_are_refused(id: [u8; 16], secret: [u8; 32], at in 0_usize..64) {
        let whole = PlainToken::compose("ks", &KeyId::from_random(id), &secret_from_random(&secret)).expose().to_owned();
        let mut swapped = whole.clone().into_bytes();
        swapped.swap(at, at + 1);
        prop_assume!(swapped != whole.as_bytes());
        prop_assert!(Token::parse(std::str::from_utf8(&swapped).unwrap()).is_none());
    }

    #[test]
    fn the_browser_counts_as_the_server_does(bytes: Vec<u8>) {
        prop_assert_eq!(crc32_bit_by_bit(&bytes), crc32(&bytes));
    }

    #[test]
    fn no_text_panics(text in any::<String>(), other in any::<String>()) {
        prop_assert!(Token::parse(&text).is_none());
        prop_assert!(join_pair(&text, &other).is_none());
        let _ = (cut_to_id(&text), stands_in(&text));
    }
}
