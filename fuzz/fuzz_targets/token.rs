//! A token that is read has the parts that it is made of; a pair joins to a token only if it was one.
#![no_main]

use domain::ids::KeyId;
use domain::token::{self, Token};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(token) = Token::parse(text) {
        assert_eq!(token.whole, text);
        assert!(KeyId::parse(token.id).is_some());
        assert!(text.contains(token.id));
    }
    let _ = token::cut_to_id(text);
    if let Some((id, secret)) = text.split_once(' ') {
        let _ = token::join_pair(id, secret).map(|joined| assert!(Token::parse(&joined).is_some()));
    }
});
