use super::*;

#[test]
fn all_kinds_but_the_apps_own_can_be_issued() {
    let kinds: Vec<_> = KeyKind::issuable().collect();
    assert_eq!(kinds, KeyKind::ALL.iter().copied().filter(|kind| *kind != KeyKind::OF_APP).collect::<Vec<_>>());
}

#[test]
fn a_kind_makes_only_what_is_below_it() {
    for kind in KeyKind::ALL {
        let rules = kind.rules();
        assert_eq!(rules.signs(), KeyKind::SCOPED.contains(kind), "{}", rules.label);
        let wider = KeyKind::SCOPED.iter().take_while(|wider| *wider != kind).collect::<Vec<_>>();
        for made in rules.makes {
            assert!(made != kind && !wider.contains(&made), "{} makes {}", rules.label, made.label());
            let may = |act: &Act| rules.acts.contains(act);
            assert!(made.rules().acts.iter().all(may), "{} makes {}", rules.label, made.label());
            assert!(
                may(&made.rules().changed_with) && made.rules().makes.iter().all(|kind| rules.makes.contains(kind))
            );
        }
    }
    assert_eq!(KeyKind::SCOPED.map(|kind| kind.rules().makes.len()), [2, 1, 0]);
    assert_eq!(KeyKind::SCOPED.map(|kind| kind.rules().most_in_app), [None, Some(10), None]);
}

#[test]
fn the_widest_kind_has_the_most_fields() {
    let widest = KeyKind::WIDEST.rules();
    let fields = KeyKind::ALL.iter().map(|kind| kind.rules().asked.len());
    assert_eq!(fields.max(), Some(widest.asked.len()));
    assert!(widest.typed_permissions && !widest.boxes.is_empty());
}

#[test]
fn nothing_is_editable_that_was_not_asked() {
    for kind in KeyKind::ALL {
        let rules = kind.rules();
        assert!(!rules.allows_edit(Field::Environment), "{}", rules.label);
        assert!(rules.editable.iter().all(|field| rules.asks(*field)), "{}", rules.label);
    }
}

#[test]
fn prefixes_tell_kinds_and_environments_apart() {
    let prefix = |kind: KeyKind| kind.token_prefix("acme", Environment::Live);
    assert_eq!(prefix(KeyKind::Service), "acme");
    assert_eq!(prefix(KeyKind::MasterUser), "mk");
    assert_eq!(prefix(KeyKind::Account), "act");
    assert_eq!(KeyKind::Service.token_prefix("acme", Environment::Test), "acme_test");
    assert!(KeyKind::has_prefix("int") && !KeyKind::has_prefix("acme"));
}

#[test]
fn what_administers_accounts_is_changed_by_owners_alone() {
    use crate::role::{Rights, Role};
    let may = |role, kind: KeyKind| Rights::of_role(role).may(kind.rules().changed_with);
    for kind in KeyKind::ALL {
        assert!(may(Role::Owner, *kind));
        assert_eq!(may(Role::Admin, *kind), *kind != KeyKind::Account);
        assert!(!may(Role::Auditor, *kind) && !may(Role::Guest, *kind));
    }
}

#[test]
fn a_key_that_reaches_every_app_says_so_where_its_app_is_chosen() {
    for kind in KeyKind::ALL {
        let rules = kind.rules();
        let reaches = rules.in_app.contains("every app");
        assert_eq!(reaches, rules.acts.contains(&Act::ManageApps), "{}", rules.label);
    }
}
