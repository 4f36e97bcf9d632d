use proptest::prelude::*;

use super::*;

#[test]
fn names_that_look_alike_have_one_likeness() {
    for name in ["Web shop", " WEB  Shop ", "web\u{200d} shop", "Web\u{a0}shop"] {
        assert_eq!(likeness(name), "web shop", "{name:?}");
    }
    assert_ne!(likeness("Web-shop"), likeness("Web shop"));
    assert_eq!(app_name("\u{200d}"), Err("Enter a name, for example: Web shop.".to_owned()));
    assert_eq!(app_name(&"x".repeat(101)), Err("Use at most 100 characters; yours has 101.".to_owned()));
}

#[test]
fn names_are_trimmed_and_limited() {
    assert_eq!(name("  Billing export\t").unwrap(), "Billing export");
    assert_eq!(name("x").unwrap(), "x");
    assert_eq!(name(&"é".repeat(100)).unwrap().chars().count(), 100);
    assert_eq!(name(&"é".repeat(101)).unwrap_err(), "Use at most 100 characters; yours has 101.");
    assert_eq!(name(&"x".repeat(10_000)).unwrap_err(), "Use at most 100 characters; yours has 10000.");
    for blank in ["", "   ", "\u{3000}\u{a0}"] {
        assert_eq!(name(blank).unwrap_err(), "Enter a name, for example: Create a chat.");
    }
    assert_eq!(person_name(" Ada ").unwrap(), "Ada");
    assert_eq!(person_name(" ").unwrap_err(), "Enter the name that others know you by.");
    assert_eq!(name("two\nlines").unwrap_err(), "Use a single line.");
}

#[test]
fn names_keep_every_script_and_markup_as_it_is() {
    for text in [
        "مفتاح الفوترة",
        "חשבוניות",
        "請求書",
        "<script>alert(1)</script>",
        "a & b \"c\" 'd'",
        "👩‍💻 keys",
        "=1+1",
        "辻\u{e0100}",
    ] {
        assert_eq!(name(text).unwrap(), text);
    }
}

#[test]
fn invisible_characters_are_refused_by_name() {
    let invisible = "\0\u{7}\u{7f}\u{85}\u{ad}\u{34f}\u{200b}\u{2028}\u{202a}\u{202e}\u{2066}\u{2069}\u{3164}\u{feff}\u{ffa0}\u{e0041}";
    for c in invisible.chars() {
        let message = name(&format!("a{c}b")).unwrap_err();
        assert_eq!(message, format!("Remove the hidden character U+{:04X}.", u32::from(c)));
    }
    assert!(email("ow\u{202e}ner@example.com").is_err());
    for mark in ['\u{200c}', '\u{200d}', '\u{200e}', '\u{61c}', '\u{fe0f}'] {
        let message = email(&format!("owner{mark}@example.com")).unwrap_err();
        assert_eq!(message, hidden(mark));
    }
}

#[test]
fn a_name_shows_something() {
    for nothing in ["\u{200e}", "\u{200d}", "\u{61c} \u{fe0f}"] {
        assert_eq!(name(nothing).unwrap_err(), "Enter a name, for example: Create a chat.");
        assert!(person_name(nothing).is_err());
    }
}

#[test]
fn a_name_is_typed_as_it_is_seen() {
    for (typed, name) in [
        ("Export nightly", "Export  nightly"),
        (" Export\tnightly ", "Export\u{a0}nightly"),
        ("E\u{301}lan", "Élan"),
        ("abc", "a\u{200e}bc"),
        ("👩💻", "👩\u{200d}💻"),
        ("辻", "辻\u{e0100}"),
    ] {
        assert!(is_same_name(typed, name), "{typed:?}");
    }
    for (typed, name) in
        [("", "Export"), ("export", "Export"), ("Exportnightly", "Export nightly"), ("Export 2", "Export")]
    {
        assert!(!is_same_name(typed, name), "{typed:?}");
    }
}

#[test]
fn descriptions_may_be_blank_and_have_lines() {
    assert_eq!(description("").unwrap(), "");
    assert_eq!(description(" one\r\ntwo\n").unwrap(), "one\ntwo");
    assert_eq!(description(&"x\r\n".repeat(500)).unwrap().len(), 999);
    assert!(description(&"x".repeat(1_000)).is_ok());
    assert!(description(&"x".repeat(1_001)).is_err());
    assert!(description("a\u{202e}b").is_err());
}

#[test]
fn a_whole_key_is_refused_wherever_it_is_typed() {
    let id = crate::ids::KeyId::parse("7Qm2xVbN4tRa").unwrap();
    let token = token::PlainToken::compose("ks", &id, &"s".repeat(43)).expose().to_owned();
    let member = "7Qm2xV-bN4tRa-abcdef-012345-20261121093002";
    let keys = [token.clone(), format!("found in repo: {token}."), format!("KEY={token}\n")];
    for typed in keys.into_iter().chain([member.to_owned(), format!("API_KEY: {member}\n")]) {
        for refused in [name(&typed).unwrap_err(), description(&typed).unwrap_err(), note(&typed).unwrap_err()] {
            assert_eq!(refused, "This contains a complete API key. Remove it.", "{typed}");
        }
    }
    let head = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6IjEifQ";
    assert_eq!(name(&format!("{head}.e30.c2ln")).unwrap_err(), "This contains an access token. Remove it.");
    assert!(name("eyJhbGciOiJIUzI1NiJ9.e30.c2ln").is_ok(), "that of somebody else");
    assert!(note("replaces ks_7Qm2xVbN4tRa_…9fKd").is_ok());
    assert!(note("replaces 7Qm2xV-bN4tRa-••••••-••••••-20261121093002").is_ok());
}

#[test]
fn notes_may_be_left_out() {
    assert_eq!(note("  ").unwrap(), None);
    assert_eq!(note(" seen on GitHub ").unwrap().as_deref(), Some("seen on GitHub"));
    assert!(note(&"x".repeat(201)).is_err());
}

#[test]
fn one_person_has_one_email() {
    for text in ["owner@example.com", " OWNER@Example.COM ", "Owner@example.com\n"] {
        assert_eq!(email(text).unwrap(), "owner@example.com");
    }
    for text in [
        "",
        "  ",
        "owner",
        "@example.com",
        "owner@",
        "owner@@example.com",
        "a@b@c",
        "owner@.com",
        "owner@example..com",
        "ow ner@example.com",
        "a,b@example.com",
        "<a@example.com>",
    ] {
        assert_eq!(email(text).unwrap_err(), "Enter an e-mail address like owner@example.com.", "{text}");
    }
    assert!(email(&format!("{}@example.com", "a".repeat(242))).is_ok());
    assert!(email(&format!("{}@example.com", "a".repeat(243))).unwrap_err().contains("at most 254"));
    assert!(email(&"x".repeat(1_000_000)).unwrap_err().contains("at most 254"));
    let id = crate::ids::KeyId::parse("7Qm2xVbN4tRa").unwrap();
    let key = token::PlainToken::compose("ks", &id, &"s".repeat(43));
    assert!(email(&format!("{}@example.com", key.expose())).unwrap_err().contains("complete API key"));
}

#[test]
fn passwords_have_a_length_and_nothing_is_trimmed() {
    let new = |text: &str| password(text, &[], PASSWORD_MIN);
    assert_eq!(new("short").unwrap_err(), "Use at least 15 characters; yours has 5.");
    assert_eq!(new("").unwrap_err(), "Use at least 15 characters; yours has 0.");
    assert_eq!(new("otter, bell 42").unwrap_err(), "Use at least 15 characters; yours has 14.");
    assert!(new("otter, bells 42").is_ok() && password("otter, bell 42", &[], 12).is_ok());
    assert_eq!(new(" quiet otter, nine bells ").unwrap(), " quiet otter, nine bells ");
    let long: String = "zW4-öq".chars().cycle().take(256).collect();
    assert!(new(&format!("{long}x")).unwrap_err().contains("at most 256"));
    assert!(new(&"x".repeat(1_000_000)).unwrap_err().contains("at most 256"));
}

#[cfg(feature = "server")]
#[test]
fn common_passwords_are_refused_with_the_reason() {
    for text in [
        "password12345678",
        "passwordpassword",
        "123456789012345",
        "123123123123123",
        "qwertyuiopasdfgh",
        "abcdefghijklmnop",
        "aaaaaaaaaaaaaaaaaaaa",
        "ababababababababab",
        "iloveyouiloveyou",
    ] {
        let message = password(text, &[], PASSWORD_MIN).expect_err(text);
        let reason = message.strip_suffix(": use a longer or less common one.");
        assert!(reason.is_some_and(|reason| !reason.ends_with('.')), "{message}");
    }
    let of = |text: &str, inputs: &[&str]| password(text, inputs, PASSWORD_MIN);
    assert!(of("margaret.hamilton", &["margaret.hamilton@example.com", "Margaret Hamilton"]).is_err());
    assert!(of("margaret.hamilton", &[]).is_ok());
    assert!(of("Keystead-Keystead-2026", &[]).unwrap_err().contains("the name Keystead"));
    assert!(of("!@#$%^ &*()_+ ~:;?|", &["Margaret Hamilton"]).is_ok());
    assert!(of("hamilton and nine otters", &["Margaret Hamilton"]).is_ok());
    // Spellings of one character count once, and full-width letters are no way around the list.
    assert!(of("ｐａｓｓｗｏｒｄｐａｓｓｗｏｒｄ", &[]).is_err());
    assert!(of(&"u\u{308}".repeat(10), &[]).unwrap_err().contains("yours has 10"));
}

#[cfg(feature = "server")]
#[test]
fn spellings_of_one_text_become_one() {
    assert_eq!(name("Bu\u{308}ro").unwrap(), "Büro");
    assert_eq!(name(&"u\u{308}".repeat(100)).unwrap(), "ü".repeat(100));
    assert!(name(&"u\u{308}".repeat(101)).is_err());
    assert_eq!(email("ｏｗｎｅｒ＠example.com").unwrap(), "owner@example.com");
    assert_eq!(email("OWNER@EXAMPLE.COM").unwrap(), email("oｗner@ｅxample.com").unwrap());
    assert_eq!(email("\u{212a}ate@example.com").unwrap(), "kate@example.com");
    assert_eq!(password_form("ﬁve quiet otters"), "five quiet otters");
    assert_eq!(name_key(" BU\u{308}RO "), "büro");
}

#[test]
fn quoted_texts_are_short_and_on_one_line() {
    assert_eq!(quote("a"), "“a”");
    assert_eq!(quote("a\nb\u{202e}"), "“a\u{fffd}b\u{fffd}”");
    assert_eq!(quote(&"x".repeat(60)), format!("“{}”", "x".repeat(60)));
    assert_eq!(quote(&"x".repeat(61)), format!("“{}…”", "x".repeat(60)));
}

/// The sign for kelvin becomes the letter K.
#[cfg(feature = "server")]
#[test]
fn letters_that_become_those_of_a_key_hide_none() {
    let id = crate::ids::KeyId::parse("7Qm2xVbN4tRa").unwrap();
    let token = token::PlainToken::compose("ks", &id, &"K".repeat(43)).expose().replacen('K', "\u{212a}", 3);
    for read in [name(&token), description(&token), email(&format!("{token}@example.com"))] {
        assert!(read.unwrap_err().contains("a complete API key"));
    }
}

#[cfg(feature = "server")]
#[test]
fn a_whole_key_is_quoted_without_its_secret() {
    let id = crate::ids::KeyId::parse("7Qm2xVbN4tRa").unwrap();
    let token = token::PlainToken::compose("ks", &id, &"s".repeat(43)).expose().to_owned();
    assert_eq!(quote(&token), "“ks_7Qm2xVbN4tRa_”");
    assert_eq!(quote(&format!("at {token}, once")), "“at ks_7Qm2xVbN4tRa_, once”");
    assert_eq!(quote("KEY=7Qm2xV-bN4tRa-abcdef-012345-20261121093002"), "“KEY=”");
    let wrong = crate::cidr::CidrRule::parse(&token).unwrap_err();
    assert!(wrong.contains("“ks_7Qm2xVbN4tRa_”") && !wrong.contains("ssss"), "{wrong}");
}

#[test]
fn the_bound_of_a_prefix() {
    for (prefix, bound) in [
        ("", None),
        ("a", Some("b")),
        ("az", Some("a{")),
        ("\u{d7ff}", Some("\u{e000}")),
        ("a\u{10ffff}", Some("b")),
        ("\u{10ffff}", None),
        ("\u{7f}", Some("\u{80}")),
    ] {
        assert_eq!(prefix_upper_bound(prefix).as_deref(), bound, "{prefix:?}");
    }
}

proptest! {
    #[test]
    fn the_bound_is_behind_the_prefix_and_nothing_else_between(prefix in "[a-c\u{7f}\u{d7ff}\u{10ffff}]{1,3}", rest in any::<String>(), other in "[a-d\u{7f}\u{80}\u{d7ff}\u{e000}\u{10ffff}]{0,4}") {
        let in_range = |text: &str| text >= prefix.as_str() && prefix_upper_bound(&prefix).is_none_or(|bound| text < bound.as_str());
        let longer = format!("{prefix}{rest}");
        prop_assert!(in_range(&longer));
        prop_assert_eq!(in_range(&other), other.starts_with(&prefix));
    }

    #[test]
    fn what_is_accepted_is_accepted_again_unchanged(text in any::<String>()) {
        if let Ok(clean) = name(&text) {
            prop_assert_eq!(name(&clean), Ok(clean.clone()));
            prop_assert!((1..=NAME_MAX).contains(&clean.chars().count()) && !clean.chars().any(char::is_control));
        }
        if let Ok(clean) = description(&text) {
            prop_assert_eq!(description(&clean), Ok(clean));
        }
        prop_assert_eq!(name_key(&name_key(&text)), name_key(&text));
    }

    #[test]
    fn an_email_is_a_fixed_point(text in "[ A-Za-zäßİKſ．＠@.ﬁ]{1,20}@[A-Za-zäİK．.]{1,12}") {
        if let Ok(clean) = email(&text) {
            prop_assert_eq!(email(&clean), Ok(clean.clone()));
            prop_assert_eq!(clean.matches('@').count(), 1);
        }
    }
}

#[test]
fn a_part_of_an_address_is_encoded() {
    assert_eq!(uri_component("Keystead a-b.c_d~1"), "Keystead%20a-b.c_d~1");
    assert_eq!(uri_component("ä@b:&?"), "%C3%A4%40b%3A%26%3F");
}
