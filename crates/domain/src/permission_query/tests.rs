use proptest::prelude::*;

use super::*;

fn allows(query: &str, held: &[&str]) -> bool {
    let held: Vec<_> = held.iter().map(|text| Permission::parse(text).unwrap()).collect();
    PermissionQuery::parse(query).unwrap().allows(&held)
}

fn error(query: &str) -> (u32, String) {
    let error = PermissionQuery::parse(query).unwrap_err();
    (error.at, error.message)
}

#[test]
fn the_documented_query() {
    let query = "invoices.read AND (a OR b)";
    assert!(allows(query, &["invoices.read", "b"]));
    assert!(allows(query, &["invoices.*", "a"]));
    assert!(!allows(query, &["invoices.read"]));
    assert!(!allows(query, &["a", "b"]));
    assert!(!allows(query, &[]));
    assert_eq!(PermissionQuery::parse(query).unwrap().as_str(), query);
}

#[test]
fn and_binds_tighter_than_or() {
    assert!(allows("a OR b AND c", &["a"]));
    assert!(!allows("(a OR b) AND c", &["a"]));
    assert!(allows("a AND b OR c", &["c"]));
    assert!(!allows("a AND (b OR c)", &["c"]));
}

#[test]
fn operators_may_be_in_any_case_and_close_to_parentheses() {
    assert!(allows("(a)and(b)", &["a", "b"]));
    assert!(allows("a oR\tb\n", &["b"]));
    assert!(allows("and AND or", &["and", "or"]));
    assert!(allows("((a))", &["a"]));
}

#[test]
fn a_wildcard_is_never_enough_for_keystead() {
    assert!(!allows("keystead.verify", &["*"]));
    assert!(!allows("a AND keystead.verify", &["*"]));
    assert!(allows("a AND keystead.verify", &["*", "keystead.verify"]));
}

#[test]
fn broken_queries_say_where_and_what_to_do() {
    for (query, at, hint) in [
        ("", 0, "Write a permission here"),
        ("   ", 3, "Write a permission here"),
        ("()", 1, "Write a permission before )"),
        ("a AND", 5, "Write a permission here"),
        ("AND a", 0, "Write a permission before AND"),
        ("a AND OR b", 6, "Write a permission before OR"),
        ("a b", 2, "Write AND or OR before “b”"),
        ("(a b)", 3, "Write AND or OR before “b”"),
        ("(a", 2, "closing parenthesis here"),
        ("a)", 1, "has no opening one"),
        ("a (b)", 2, "Write AND or OR before “(”"),
        ("a && b", 2, "Write AND or OR before"),
        ("Invoices.read", 0, "in lower case"),
        ("a AND invoices..read", 6, "is not a permission"),
        ("a OR *.read", 5, "is not a permission"),
        ("ü", 0, "is not a permission"),
        ("a OR b\u{a0}c", 5, "is not a permission"),
        ("a\0", 0, "is not a permission"),
        ("NOT a", 0, "is not a permission"),
    ] {
        let (found, message) = error(query);
        assert!(found == at && message.contains(hint), "{query}: {found} {message}");
    }
    assert_eq!(PermissionQuery::parse("a b").unwrap_err().to_string(), "At character 3: Write AND or OR before “b”.");
}

#[test]
fn length_and_depth_are_limited() {
    let nested = |n: usize| format!("{}a{}", "(".repeat(n), ")".repeat(n));
    assert!(allows(&nested(64), &["a"]));
    assert_eq!(error(&nested(65)), (64, "Nest at most 64 parentheses.".to_owned()));
    assert_eq!(error(&"(".repeat(1_000)).0, 64);
    assert!(allows(&format!("a{}", " ".repeat(999)), &["a"]));
    assert_eq!(
        error(&format!("a{}", " ".repeat(1_000))),
        (0, "Use at most 1000 characters; you sent 1001.".to_owned())
    );
    assert!(allows(&["(a)"; 100].join(" AND "), &["a"]));
    assert!(PermissionQuery::parse(&"a".repeat(100)).is_ok());
    assert!(PermissionQuery::parse(&"a".repeat(101)).is_err());
}

/// The obvious model: a tree that is evaluated directly.
#[derive(Debug, Clone)]
enum Tree {
    Has(&'static str),
    And(Box<Tree>, Box<Tree>),
    Or(Box<Tree>, Box<Tree>),
}

impl Tree {
    fn text(&self) -> String {
        match self {
            Self::Has(name) => (*name).to_owned(),
            Self::And(a, b) => format!("{} AND {}", a.group(), b.group()),
            Self::Or(a, b) => format!("{} or {}", a.text(), b.group()),
        }
    }

    fn group(&self) -> String {
        if let Self::Has(name) = self { (*name).to_owned() } else { format!("( {})", self.text()) }
    }

    fn allows(&self, held: &[&str]) -> bool {
        match self {
            Self::Has(name) => held.contains(name),
            Self::And(a, b) => a.allows(held) && b.allows(held),
            Self::Or(a, b) => a.allows(held) || b.allows(held),
        }
    }
}

fn tree() -> impl Strategy<Value = Tree> {
    prop::sample::select(vec!["a", "b", "c.d", "keystead.verify"]).prop_map(Tree::Has).prop_recursive(
        5,
        24,
        2,
        |inner| {
            prop_oneof![
                (inner.clone(), inner.clone()).prop_map(|(a, b)| Tree::And(Box::new(a), Box::new(b))),
                (inner.clone(), inner).prop_map(|(a, b)| Tree::Or(Box::new(a), Box::new(b))),
            ]
        },
    )
}

proptest! {
    #[test]
    fn a_query_means_what_its_tree_means(tree in tree(), held in prop::sample::subsequence(vec!["a", "b", "c.d", "keystead.verify"], 0..=4)) {
        prop_assert_eq!(allows(&tree.text(), &held), tree.allows(&held), "{}", tree.text());
    }

    #[test]
    fn no_text_panics(text in any::<String>(), likely in "[ab.*() ]{0,30}|(a|b|AND|OR|\\(|\\)| ){0,20}") {
        for text in [text, likely] {
            match PermissionQuery::parse(&text) {
                Ok(query) => { query.allows(&[]); }
                Err(error) => prop_assert!(usize::try_from(error.at).unwrap() <= text.chars().count()),
            }
        }
    }
}
