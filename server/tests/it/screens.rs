//! The browser journeys look at every page: with axe, and with JavaScript off.

use std::collections::BTreeSet;

use app::desk::mount::page_paths;
use serde_json::Value;

#[test]
fn the_list_of_the_journeys_is_the_list_of_the_router() {
    let screens: Value = serde_json::from_str(include_str!("../../../end2end/screens.json")).unwrap();
    let visited: BTreeSet<String> = screens
        .as_array()
        .unwrap()
        .iter()
        .map(|screen| screen["route"].as_str().unwrap().to_owned())
        .filter(|route| route != "not found")
        .collect();
    let mounted: BTreeSet<String> = page_paths().into_iter().collect();
    assert_eq!(visited, mounted);
}

#[test]
fn every_dialog_is_marked_as_one() {
    let screens: Value = serde_json::from_str(include_str!("../../../end2end/screens.json")).unwrap();
    // The dialogs of the key list: addresses below a key that are not pages.
    let modals = ["edit", "audit", "rotate", "disable", "enable", "revoke", "restore", "delete"]
        .map(|act| format!("/keys/{{id}}/{act}"));
    let of_rotations = ["extend", "finish", "undo"].map(|act| format!("/keys/{{id}}/rotation/{act}"));
    let of_people = ["role", "keys", "apps", "unlock", "sign-out", "disable", "enable", "factor", "remove"]
        .map(|act| format!("/people/{{id}}/{act}"));
    let of_apps = ["/apps/new", "/apps/{id}/rename", "/apps/{id}/archive", "/apps/{id}/restore"];
    let of_rooms = ["/rooms/new"].into_iter().map(str::to_owned);
    let of_rooms = of_rooms.chain(["edit", "open", "close", "delete"].map(|act| format!("/rooms/{{id}}/{act}")));
    let of_chats = ["rename", "invite", "archive", "restore"].map(|act| format!("/chats/{{id}}/{act}"));
    let of_contacts = ["edit", "disable", "enable", "remove"].map(|act| format!("/contacts/{{id}}/{act}"));
    let of_rooms: Vec<_> = of_rooms.chain(of_chats).chain(of_contacts).collect();
    let of_integrations = ["edit", "delete", "webhooks/{webhook}/edit", "webhooks/{webhook}/remove"]
        .map(|act| format!("/integrations/{{id}}/{act}"));
    let of_rooms: Vec<_> = of_rooms.into_iter().chain(of_integrations).collect();
    let others =
        ["/chats/new", "/contacts/new", "/keys/audit", "/keys/handovers/{id}/withdraw", "/people/invites/{id}/revoke"];
    let of_keys = modals.iter().chain(&of_rotations);
    for route in of_keys.chain(&of_people).chain(&of_rooms).map(String::as_str).chain(of_apps).chain(others) {
        let marked =
            screens.as_array().unwrap().iter().any(|screen| screen["route"] == route && screen["dialog"] == true);
        assert!(marked, "{route}");
    }
}
