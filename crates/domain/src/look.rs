//! What a name looks like, whatever script it is written in.

use crate::text::{likeness, nfkc};

/// Small letters of Cyrillic and Greek that are drawn like a Latin one, or whose capitals are, and that Latin letter. In the
/// alphabets of today, no two letters of one script give the same one, so names in one script stay apart.
const DRAWN_ALIKE: [(&str, char); 22] = [
    ("аα", 'a'),
    ("вβ", 'b'),
    ("сϲ", 'c'),
    ("ԁ", 'd'),
    ("еε", 'e'),
    ("һнη", 'h'),
    ("іιı", 'i'),
    ("јϳ", 'j'),
    ("кκ", 'k'),
    ("ӏ", 'l'),
    ("мμ", 'm'),
    ("ν", 'n'),
    ("оο", 'o'),
    ("рρ", 'p'),
    ("ԛ", 'q'),
    ("ѕ", 's'),
    ("тτ", 't'),
    ("ѵ", 'v'),
    ("ԝω", 'w'),
    ("хχ", 'x'),
    ("уυ", 'y'),
    ("ζ", 'z'),
];

/// The form that a name shares with every other name that is drawn like it, in Latin, Cyrillic and Greek letters.
pub fn drawn(name: &str) -> String {
    likeness(&nfkc(name)).chars().map(as_latin).collect()
}

fn as_latin(letter: char) -> char {
    if letter.is_ascii() {
        return letter;
    }
    DRAWN_ALIKE.iter().find(|(letters, _)| letters.contains(letter)).map_or(letter, |(_, latin)| *latin)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_of_look_alikes_are_one() {
        for name in ["Web shop", "Wеb shop", "WEB SНOР", "Ｗｅｂ shop", "ԝеb sһор", "web\u{200d} shop"] {
            assert_eq!(drawn(name), "web shop", "{name:?}");
        }
        assert_eq!(drawn("ΡΑΥ"), drawn("pay"));
        assert_eq!(drawn("сору"), drawn("copy"));
    }

    #[test]
    fn names_in_one_script_stay_apart() {
        for (one, other) in
            [("Касса", "Каса"), ("Почта", "Пошта"), ("Web shop", "Web shops"), ("é", "e"), ("請求", "請求書")]
        {
            assert_ne!(drawn(one), drawn(other));
        }
        for script in ['а'..='я', 'α'..='ω'] {
            let letters = script.clone().count();
            let forms: BTreeSet<String> = script.map(|letter| drawn(&letter.to_string())).collect();
            // A last sigma is a sigma.
            assert!(letters - forms.len() <= 1, "{forms:?}");
        }
    }
}
