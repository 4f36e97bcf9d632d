//! An API KEY that parses consists of its parts, and is no token. One in a text is found and cut out.
#![no_main]

use domain::member_key::{self, MemberKey};
use domain::token::Token;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(key) = MemberKey::parse(text) {
        assert_eq!(key.as_bytes(), text.as_bytes());
        assert!(text.replace('-', "").starts_with(key.id().as_str()));
        assert!(Token::parse(text).is_none());
    }
    let left = member_key::cut_from(text);
    assert_eq!(left != text, MemberKey::find_in(text).is_some());
});
