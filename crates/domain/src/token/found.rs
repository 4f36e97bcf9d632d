//! The secrets of whole keys in a text, whatever is around them or glued to them. An end is looked up among the beginnings
//! by what the checksum says of it, so that the work grows with the length of the text alone.

use std::collections::HashSet;
use std::ops::Range;

use super::{CHECKSUM_LEN, PREFIX_MAX, SECRET_LEN, crc32, is_prefix_letter};
use crate::base62;
use crate::environment::Environment;
use crate::ids::KeyId;

/// Characters of a secret as it is shown, with the checksum.
const SHOWN_LEN: usize = SECRET_LEN + CHECKSUM_LEN;

/// Where the secrets with their checksums are, in order: those whose id is anywhere in the same text, as a token has it or
/// as a key is shown. Two may overlap.
pub(super) fn secrets(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut heads: Option<HashSet<u32>> = None;
    let mut at = 0;
    // Between two runs is one byte, which may be part of a character.
    for run in text.as_bytes().split(|byte| !byte.is_ascii_alphanumeric()) {
        for (offset, shown) in run.windows(SHOWN_LEN).enumerate() {
            let known = heads.get_or_insert_with(|| heads_in(text));
            if known.is_empty() {
                return found;
            }
            if head_of(shown).is_some_and(|head| known.contains(&head)) {
                let start = at + offset;
                found.push(start..start + SHOWN_LEN);
            }
        }
        at += run.len() + 1;
    }
    found
}

/// What each beginning of a key in a text, `ks_7Qm2xVbN4tRa_`, adds to the CRC-32 of a secret behind it. That of a whole
/// is that of its end, and what its beginning adds; a secret of zeros shows how much that is.
fn heads_in(text: &str) -> HashSet<u32> {
    let zeros = [0_u8; SECRET_LEN];
    let alone = crc32(&zeros);
    let (mut heads, mut body) = (HashSet::new(), Vec::new());
    for (at, mark) in text.match_indices('_') {
        let after = at + mark.len();
        let id = text.get(after..after + KeyId::LEN).and_then(KeyId::parse);
        let basic = text.get(after..after + 2 * KeyId::LEN).and_then(KeyId::from_hex);
        for id in id.into_iter().chain(basic) {
            for prefix in prefixes(text.get(..at).unwrap_or_default()) {
                let parts: [&[u8]; 5] = [prefix.as_bytes(), b"_", id.as_str().as_bytes(), b"_", &zeros];
                body.clear();
                for part in parts {
                    body.extend_from_slice(part);
                }
                heads.insert(crc32(&body) ^ alone);
            }
        }
    }
    heads
}

/// What may be the prefix of a key at the end of a text. Where it starts, only the checksum tells.
fn prefixes(before: &str) -> impl Iterator<Item = &str> {
    let ends = Environment::ALL.iter().filter_map(move |environment| before.strip_suffix(environment.suffix()));
    ends.flat_map(move |rest| {
        let letters = rest.bytes().rev().take(PREFIX_MAX).take_while(|byte| is_prefix_letter(*byte)).count();
        (1..=letters).filter_map(move |length| before.get(rest.len() - length..))
    })
}

/// What the beginning of the key adds whose end this is; `None` if no key ends so.
fn head_of(shown: &[u8]) -> Option<u32> {
    let (secret, sum) = shown.split_at_checked(SECRET_LEN)?;
    Some(base62::decode(sum)? ^ crc32(secret))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{PlainToken, secret_from_random, stands_in, without_keys};
    use super::*;

    const ID: &str = "7Qm2xVbN4tRa";

    fn plain(prefix: &str) -> PlainToken {
        PlainToken::compose(prefix, &KeyId::parse(ID).unwrap(), &secret_from_random(&[0xa5; 32]))
    }

    /// What is glued to the left and to the right of something.
    const GLUE: [(&str, &str); 12] = [
        ("", ""),
        ("20", ""),
        ("x", ""),
        ("", "x"),
        ("3A", "0"),
        ("n", "n"),
        ("Bearer", "Bearer"),
        ("my_own_key_", "_"),
        ("test_", "_test"),
        ("ks_", "_ks"),
        ("é%20", "é\r\n"),
        ("0123456789abcdefghijklmnopqrstuvwxyz", "0123456789abcdefghijklmnopqrstuvwxyz"),
    ];

    #[test]
    fn a_whole_key_is_found_within_a_longer_run_and_only_its_secret_is_cut() {
        for prefix in ["ks", "k", "ks_test", "0123456789", "test", "test_test"] {
            let whole = plain(prefix);
            for (left, right) in GLUE {
                let text = format!("{left}{}{right}", whole.expose());
                assert!(stands_in(&text), "{text}");
                assert_eq!(without_keys(&text), format!("{left}{prefix}_{ID}_{right}"), "{text}");
            }
        }
    }

    #[test]
    fn so_are_an_id_and_its_secret_wherever_they_are() {
        let whole = plain("mk_test");
        let token = whole.token().unwrap();
        for id in [token.pair_id(), token.basic_id()] {
            for (left, right) in GLUE {
                let (id, secret) = (format!("{left}{id}{right}"), token.pair_secret());
                let text = format!("https://example.com/?a={id}&b={left}{secret}{right}&c={left}{secret}");
                assert!(stands_in(&text), "{text}");
                assert_eq!(without_keys(&text), text.replace(secret, ""), "{text}");
                assert!(!stands_in(&id) && !stands_in(&format!("{left}{secret}{right}")), "{text}");
            }
        }
    }

    #[test]
    fn what_is_beside_a_secret_stays_byte_for_byte() {
        let (first, second, long) = (plain("ks"), plain("int"), "Z".repeat(60));
        let text = format!("{long}\r\n\t{}\r\n\r\n{long} é{}\u{a0}{long}\n{long}\r\n", first.expose(), second.expose());
        let left = format!("{long}\r\n\tks_{ID}_\r\n\r\n{long} éint_{ID}_\u{a0}{long}\n{long}\r\n");
        assert_eq!(without_keys(&text), left);
    }

    /// What is left once a key is cut out of the middle of another is one, too.
    #[test]
    fn a_key_inside_another_goes_with_it() {
        let (first, second) = (plain("ks"), plain("int"));
        let (start, end) = first.expose().split_at(40);
        let (head, secret) = second.expose().split_at("int_7Qm2xVbN4tRa_".len());
        assert_eq!(without_keys(&format!("{start}{secret}{end} {head}")), format!("ks_{ID}_ {head}"));
        let mut nested = secret.to_owned();
        for _ in 0..50 {
            nested = format!("{}{nested}{}", &secret[..20], &secret[20..]);
        }
        assert!(!stands_in(&without_keys(&format!("{nested} {head}"))));
    }

    #[test]
    fn only_what_the_checksum_proves_is_a_key() {
        let whole = plain("ks");
        let whole = whole.expose();
        for text in [
            whole[1..].to_owned(),
            whole[..whole.len() - 1].to_owned(),
            whole.replace("ks_", "kz_"),
            whole.replace("ks_", "Ks_x"),
            whole.replace("Qm2", "Qm3"),
            format!("{}0{}", &whole[..30], &whole[30..]),
            format!("{}_{}", &whole[..40], &whole[40..]),
            format!("team_accounting2026_{}", "incomprehensibilities".repeat(5)),
            format!("ks_{ID}_{}", secret_from_random(&[8; 32])),
        ] {
            assert!(!stands_in(&text), "{text}");
        }
    }

    /// A look at each pair of a beginning and an end would not come to its end.
    #[test]
    fn a_long_text_takes_no_longer_than_its_length() {
        let (letters, whole) = (300_000, plain("ks"));
        for part in
            ["ks_", "_", "0", "ks_test_", "a_7Qm2xVbN4tRa", "0123456789_37516d327856624e34745261", whole.expose()]
        {
            let text = part.repeat(letters / part.len()) + " ";
            let ends = whole.expose().get(16..).unwrap().repeat(letters / 49);
            assert_eq!(stands_in(&text), part == whole.expose(), "{part}");
            let mixed = format!("{text}{ends}{}", whole.expose());
            assert!(stands_in(&mixed) && !without_keys(&mixed).contains(&ends[..49]), "{part}");
        }
    }

    proptest! {
        #[test]
        fn nothing_around_a_key_hides_it(left in "\\PC{0,20}", right in "\\PC{0,20}", prefix in "[a-z0-9]{1,10}", id: [u8; 16], secret: [u8; 32]) {
            let id = KeyId::from_random(id);
            let whole = PlainToken::compose(&prefix, &id, &secret_from_random(&secret));
            let text = format!("{left}{}{right}", whole.expose());
            prop_assert!(stands_in(&text));
            prop_assert_eq!(without_keys(&text), format!("{left}{prefix}_{id}_{right}"));
        }
    }
}
