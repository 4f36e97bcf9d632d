use super::*;

#[test]
fn role_words_are_exact() {
    for text in ["Owner", "OWNER", " owner", "owner ", "administrator", ""] {
        assert_eq!(Role::parse(text), None, "{text}");
    }
}

fn acts(rights: Rights) -> Vec<Act> {
    Act::ALL.iter().copied().filter(|act| rights.may(*act)).collect()
}

#[test]
fn each_role_may_do_what_the_table_says() {
    let role = |role| acts(Rights::of_role(role));
    let but_check = |act: &Act| *act != Act::CheckKeys;
    assert_eq!(role(Role::Owner), Act::ALL.iter().copied().filter(but_check).collect::<Vec<_>>());
    let of_auditors = [
        Act::SeeKeys,
        Act::SeeAllKeys,
        Act::TestKeys,
        Act::SeeOwnActs,
        Act::SeeAudit,
        Act::ExportAudit,
        Act::SeePeople,
        Act::SeeApps,
        Act::SeeRooms,
        Act::SeeContacts,
        Act::SeeIntegrations,
    ];
    assert_eq!(role(Role::Auditor), of_auditors);
    let of_admins = [
        Act::SeePrivilegedKeys,
        Act::SeeRequests,
        Act::ChangeKeys,
        Act::StopKeys,
        Act::RotateKeys,
        Act::RevokeKeys,
        Act::ManageGuests,
        Act::ManageApps,
        Act::ManageRooms,
        Act::ExportChats,
        Act::ManageContacts,
        Act::ManageIntegrations,
    ];
    let either = |act: &Act| of_auditors.contains(act) || of_admins.contains(act);
    assert_eq!(role(Role::Admin), Act::ALL.iter().copied().filter(either).collect::<Vec<_>>());
    assert_eq!(role(Role::Guest), [Act::SeeKeys, Act::SeeOwnActs]);
    assert_eq!(acts(Rights::all()), Act::ALL);
}

#[test]
fn a_key_has_the_rights_of_its_kind_and_those_granted() {
    let on = |role, kind: KeyKind, granted: &[KeyAct]| Rights::of_role(role).on_key(kind, false, granted);
    assert!(on(Role::Admin, KeyKind::Service, &[]).may(Act::RevokeKeys));
    let account = on(Role::Admin, KeyKind::Account, &[]);
    assert!(account.may(Act::TestKeys) && !account.may(Act::RevokeKeys) && !account.may(Act::ChangeKeys));
    assert!(!account.may(Act::RotateKeys) && on(Role::Admin, KeyKind::Service, &[]).may(Act::RotateKeys));
    let guest = |granted: &[KeyAct]| on(Role::Guest, KeyKind::MasterUser, granted);
    assert_eq!(acts(guest(&[KeyAct::See])), acts(Rights::of_role(Role::Guest)));
    assert!(guest(&[KeyAct::See, KeyAct::Test]).may(Act::TestKeys));
    let rotates = guest(&[KeyAct::See, KeyAct::Rotate]);
    assert!(rotates.may(Act::RotateKeys) && !rotates.may(Act::ChangeKeys) && !rotates.may(Act::RevokeKeys));
    let revokes = guest(&[KeyAct::See, KeyAct::Revoke]);
    assert!(revokes.may(Act::RevokeKeys) && !revokes.may(Act::ChangeKeys) && !revokes.may(Act::TestKeys));
}

#[test]
fn a_key_that_may_do_more_can_only_be_stopped() {
    let on = |role, granted: &[KeyAct]| Rights::of_role(role).on_key(KeyKind::Service, true, granted);
    let admin = on(Role::Admin, &[]);
    assert!(!admin.may(Act::ChangeKeys) && !admin.may(Act::RotateKeys));
    assert!(admin.may(Act::StopKeys) && admin.may(Act::RevokeKeys) && admin.may(Act::TestKeys));
    // Whoever granted it could do it themselves.
    assert!(on(Role::Guest, &[KeyAct::Rotate]).may(Act::RotateKeys));
    let account = Rights::of_role(Role::Admin).on_key(KeyKind::Account, false, &[]);
    assert!(!account.may(Act::StopKeys), "the kind forbids that too");
}

#[test]
fn a_permission_gives_its_acts_and_a_wildcard_none() {
    let rights = |words: &[&str]| {
        let permissions: Vec<_> = words.iter().map(|word| Permission::parse(word).unwrap()).collect();
        acts(Rights::of_permissions(&permissions))
    };
    assert_eq!(rights(&["invoices.read", "keystead.verify"]), [Act::CheckKeys]);
    assert_eq!(rights(&["*", "invoices.*"]), []);
    assert_eq!(rights(&["keystead.settings.read"]), [Act::SeeSettings]);
    assert_eq!(rights(&["keystead.apps.read", "keystead.settings.write"]).len(), 3);
    let writes = Rights::of_permissions(&[Permission::parse("keystead.keys.write").unwrap()]);
    assert!(writes.may(Act::ChangeKeys) && !writes.may(Act::ChangeAccountKeys));
}

#[test]
fn a_key_of_a_chat_platform_has_the_rights_of_its_boxes() {
    let rights = |words: &[&str]| {
        let permissions: Vec<_> = words.iter().map(|word| Permission::parse(word).unwrap()).collect();
        acts(Rights::of_master(&permissions))
    };
    assert_eq!(rights(&["chats.read"]), [Act::SeeRooms]);
    assert_eq!(rights(&["chats.write"]), [Act::ManageRooms], "to write is not to read");
    assert_eq!(rights(&["chats.export", "contacts.manage"]).len(), 3);
    assert_eq!(rights(&["*", "chats.*", "keystead.keys.write"]), []);
    let boxes = crate::permission::MASTER_PERMISSIONS.map(|(name, _)| name);
    assert_eq!(rights(&boxes).len(), 5, "each box gives something");
    assert_eq!(acts(Rights::of_member(true)), [Act::SeeRooms]);
    assert_eq!(acts(Rights::of_member(false)), [Act::SeeRooms, Act::ManageRooms]);
}

#[test]
fn a_key_of_a_scope_has_the_rights_of_its_kind() {
    let rights = |kind: KeyKind| acts(Rights::of_scope(kind));
    let of_integrations = [Act::SeeRooms, Act::ManageRooms, Act::SeeContacts, Act::ManageContacts];
    assert_eq!(rights(KeyKind::Integration), of_integrations);
    let of_apps = [
        Act::SeeKeys,
        Act::SeeAllKeys,
        Act::ChangeKeys,
        Act::StopKeys,
        Act::SeeApps,
        Act::SeeIntegrations,
        Act::ManageIntegrations,
    ];
    let either = |act: &Act| of_apps.contains(act) || of_integrations.contains(act);
    assert_eq!(rights(KeyKind::App), Act::ALL.iter().copied().filter(either).collect::<Vec<_>>());
    let more = |act: &Act| either(act) || *act == Act::ManageApps;
    assert_eq!(rights(KeyKind::Account), Act::ALL.iter().copied().filter(more).collect::<Vec<_>>());
    let others = KeyKind::ALL.iter().filter(|kind| !KeyKind::SCOPED.contains(kind));
    assert!(others.copied().all(|kind| rights(kind).is_empty()));
}

#[test]
fn nobody_gives_a_key_what_they_may_not_do_themselves() {
    let given = |role| {
        let may = |permission: &&AdminPermission| Rights::of_role(role).may_give(**permission);
        AdminPermission::ALL.iter().filter(may).map(|permission| permission.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(given(Role::Owner).len(), AdminPermission::ALL.len());
    assert_eq!(
        given(Role::Admin),
        [
            "keystead.verify",
            "keystead.keys.read",
            "keystead.people.read",
            "keystead.apps.read",
            "keystead.apps.write",
            "keystead.audit.read"
        ]
    );
    assert_eq!(given(Role::Guest), ["keystead.verify"], "who issues no keys gives nothing");
}
