//! A token that parses consists of its parts, and a pair joins to a token only if it came from one. A text is changed only
//! if a whole key is in it.
#![no_main]

use domain::token::{self, PlainToken, Token};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(token) = Token::parse(text) {
        assert_eq!(token.as_bytes(), text.as_bytes());
        assert!(text.contains(token.id().as_str()));
    }
    let _ = token::cut_to_id(text);
    assert_eq!(token::without_keys(text) != text, token::stands_in(text));
    if let Some((id, secret)) = text.split_once(' ') {
        let _ = PlainToken::from_pair(id, secret).map(|joined| assert!(joined.token().is_some()));
    }
});
