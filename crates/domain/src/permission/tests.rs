use proptest::prelude::*;

use super::*;

fn held(text: &str) -> Permission {
    Permission::parse(text).unwrap()
}

#[test]
fn permissions_are_lower_case_parts_with_dots() {
    for text in [
        "invoices.read",
        "invoices.*",
        "*",
        "a",
        "a.b.c.d",
        "acme:invoices.read_all",
        "x-1.y",
        "keystead.verify",
        "keysteads.read",
    ] {
        assert_eq!(held(&format!(" {text} ")).as_str(), text);
    }
    for (text, hint) in [
        ("", "is not a permission"),
        (".", "is not a permission"),
        (".read", "is not a permission"),
        ("invoices.", "is not a permission"),
        ("invoices..read", "is not a permission"),
        ("*.read", "is not a permission"),
        ("invoices.*.read", "is not a permission"),
        ("invoices.re*", "is not a permission"),
        ("**", "is not a permission"),
        ("invoices read", "is not a permission"),
        ("invoices/read", "is not a permission"),
        ("rechnungen.prüfen", "is not a permission"),
        ("Invoices.read", "write it in lower case"),
        ("KEYSTEAD.verify", "write it in lower case"),
        ("keystead.*", "no wildcard"),
        ("keystead.keys.*", "no wildcard"),
    ] {
        let message = Permission::parse(text).expect_err(text);
        assert!(message.contains(hint), "{text}: {message}");
    }
    assert!(Permission::parse(&"a".repeat(100)).is_ok());
    assert!(Permission::parse(&"a".repeat(101)).unwrap_err().contains("at most 100"));
}

#[test]
fn typed_permissions_never_administer_keystead() {
    for text in ["keystead.verify", "keystead.keys.read", "keystead", " keystead.verify"] {
        assert!(
            Permission::parse_custom(text).unwrap_err().contains("choose one of the permissions that do"),
            "{text}"
        );
    }
    assert!(Permission::parse_custom("keystead-like.read").is_ok());
    let errors = Permission::parse_items(&["invoices.read", "keystead.verify", "NO"]).unwrap_err();
    assert_eq!(errors.0.iter().map(|e| e.item).collect::<Vec<_>>(), [Some(1), Some(2)]);
    let many = |n: usize| (0..n).map(|i| format!("a.{i}")).collect::<Vec<_>>();
    assert_eq!(Permission::parse_items(&many(200)).unwrap().len(), 200);
    assert!(Permission::parse_items(&many(201)).is_err());
}

#[test]
fn the_boxes_are_permissions() {
    for (name, label) in ADMIN_PERMISSIONS.iter().chain(&MASTER_PERMISSIONS) {
        assert_eq!(held(name).is_reserved(), name.starts_with("keystead."));
        assert!(!label.is_empty());
    }
}

#[test]
fn wildcards_give_what_is_below_and_never_keystead() {
    for (holding, asked, given) in [
        ("invoices.read", "invoices.read", true),
        ("invoices.read", "invoices.read.all", false),
        ("invoices.read", "invoices", false),
        ("invoices.*", "invoices.read", true),
        ("invoices.*", "invoices.read.all", true),
        ("invoices.*", "invoices.*", true),
        ("invoices.*", "invoices", false),
        ("invoices.*", "invoicesx.read", false),
        ("invoices.read", "invoices.*", false),
        ("*", "invoices.read", true),
        ("*", "*", true),
        ("*", "keystead.verify", false),
        ("*", "keystead.*", false),
        ("*", "keysteads.read", true),
        ("keystead.verify", "keystead.verify", true),
        ("keystead.verify", "keystead.keys.read", false),
    ] {
        assert_eq!(held(holding).gives(asked), given, "{holding} {asked}");
    }
}

proptest! {
    #[test]
    fn giving_is_a_comparison_of_parts(
        holding in "(\\*|(keystead|a|b)(\\.(a|b)){0,2}(\\.\\*)?)",
        asked in "(keystead|a|b)(\\.(a|b)){0,3}",
    ) {
        let Ok(permission) = Permission::parse(&holding) else { return Ok(()) };
        let (have, want): (Vec<_>, Vec<_>) = (holding.split('.').collect(), asked.split('.').collect());
        let expected = match have.split_last() {
            Some((&"*", stem)) => want[0] != "keystead" && want.len() > stem.len() && want[..stem.len()] == *stem,
            _ => have == want,
        };
        prop_assert_eq!(permission.gives(&asked), expected);
    }

    #[test]
    fn no_text_panics(text in any::<String>(), asked in any::<String>()) {
        if let Ok(permission) = Permission::parse(&text) {
            let _ = permission.gives(&asked);
        }
        let _ = held("a.*").gives(&asked);
    }
}
