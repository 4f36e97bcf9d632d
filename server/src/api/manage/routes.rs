//! The routes of the management API, with all that its document says of each.

use axum::routing::{delete, get, patch, post, put};
use domain::permission::AdminPermission;
use service::settings::SettingsChange;

use super::super::operation::{Body, Operation, described, either, listed};
use super::super::routes::Route;
use super::acts::{self, Extend, Revoke, Rotate};
use super::apps::{self, AppAnswered, AppName, AppShown};
use super::audit::{self, EventShown};
use super::bodies::Nothing;
use super::hand_overs::{self, HandOverAnswered, HandOverMade, HandOverShown, NewHandOver};
use super::invites::{self, InviteAnswered, InviteMade, InviteShown, NewInvite};
use super::key_body::{KeyChange, NewKey};
use super::key_shown::{KeyAnswered, KeyMade, KeyRotatedMade, KeyShown};
use super::keys;
use super::many::{self, KeysAct, KeysActed};
use super::people::{self, PersonAnswered, PersonApps, PersonChange, PersonKeys, PersonShown};
use super::requests::{self, Decline, RequestAnswered, RequestShown};
use super::rotation::{self, RotationAnswered};
use super::settings::{self, SettingsShown};
use super::usage::{self, UsageShown};

/// The parts of the document, in its order.
pub(in super::super) const TAGS: [(&str, &str); 9] = [
    ("Keys", "Issue, change and watch the keys of the calling key's app."),
    (
        "Hand-overs",
        "Keys, and new secrets of keys, that somebody else collects by a one-use link. Until then there is no secret.",
    ),
    ("Apps", "Create apps, rename them, archive them and bring them back."),
    ("People", "Who may sign in to the console."),
    ("Invites", "One-use links with which somebody becomes a person."),
    ("Requests", "Keys that people asked for and a second person must approve."),
    ("Audit", "What was changed, by whom."),
    ("Settings", "How long keys live, who needs a second factor, and which keys need approval."),
    ("Usage", "How many calls were accepted and refused."),
];

const fn reads(path: &'static str, of: &'static Operation, handler: super::super::routes::Handler) -> Route {
    Route::of("GET, HEAD", path, handler).does(of)
}

/// Every route of it.
pub(in super::super) static ROUTES: &[Route] = &[
    reads("/v1/keys", &LIST_KEYS, || get(keys::list)),
    Route::of("POST", "/v1/keys", || post(keys::issue)).does(&ISSUE_KEY),
    Route::of("POST", "/v1/keys/acts", || post(many::act)).does(&ACT_ON_KEYS),
    reads("/v1/keys/{id}", &GET_KEY, || get(keys::get)),
    Route::of("PATCH", "/v1/keys/{id}", || patch(keys::change)).does(&CHANGE_KEY),
    Route::of("DELETE", "/v1/keys/{id}", || delete(keys::delete)).does(&DELETE_KEY),
    Route::of("POST", "/v1/keys/{id}/rotate", || post(acts::rotate)).does(&ROTATE_KEY),
    reads("/v1/keys/{id}/rotation", &GET_ROTATION, || get(rotation::get)),
    Route::of("POST", "/v1/keys/{id}/rotation/extend", || post(rotation::extend)).does(&EXTEND_ROTATION),
    Route::of("POST", "/v1/keys/{id}/rotation/finish", || post(rotation::finish)).does(&FINISH_ROTATION),
    Route::of("POST", "/v1/keys/{id}/rotation/undo", || post(rotation::undo)).does(&UNDO_ROTATION),
    Route::of("POST", "/v1/keys/{id}/disable", || post(acts::disable)).does(&DISABLE_KEY),
    Route::of("POST", "/v1/keys/{id}/enable", || post(acts::enable)).does(&ENABLE_KEY),
    Route::of("POST", "/v1/keys/{id}/revoke", || post(acts::revoke)).does(&REVOKE_KEY),
    Route::of("POST", "/v1/keys/{id}/restore", || post(acts::restore)).does(&RESTORE_KEY),
    Route::of("POST", "/v1/keys/{id}/acknowledge", || post(acts::acknowledge)).does(&ACKNOWLEDGE_KEY),
    reads("/v1/hand-overs", &LIST_HAND_OVERS, || get(hand_overs::list)),
    Route::of("POST", "/v1/hand-overs", || post(hand_overs::make)).does(&HAND_OVER),
    reads("/v1/hand-overs/{id}", &GET_HAND_OVER, || get(hand_overs::get)),
    Route::of("DELETE", "/v1/hand-overs/{id}", || delete(hand_overs::withdraw)).does(&WITHDRAW_HAND_OVER),
    reads("/v1/apps", &LIST_APPS, || get(apps::list)),
    Route::of("POST", "/v1/apps", || post(apps::create)).does(&CREATE_APP),
    reads("/v1/apps/{id}", &GET_APP, || get(apps::get)),
    Route::of("PATCH", "/v1/apps/{id}", || patch(apps::change)).does(&CHANGE_APP),
    Route::of("POST", "/v1/apps/{id}/archive", || post(apps::archive)).does(&ARCHIVE_APP),
    Route::of("POST", "/v1/apps/{id}/restore", || post(apps::restore)).does(&RESTORE_APP),
    reads("/v1/people", &LIST_PEOPLE, || get(people::list)),
    reads("/v1/people/{id}", &GET_PERSON, || get(people::get)),
    Route::of("PATCH", "/v1/people/{id}", || patch(people::change)).does(&CHANGE_PERSON),
    Route::of("DELETE", "/v1/people/{id}", || delete(people::remove)).does(&REMOVE_PERSON),
    Route::of("PUT", "/v1/people/{id}/apps", || put(people::set_apps)).does(&SET_PERSON_APPS),
    Route::of("PUT", "/v1/people/{id}/keys", || put(people::set_keys)).does(&SET_PERSON_KEYS),
    Route::of("POST", "/v1/people/{id}/disable", || post(people::disable)).does(&DISABLE_PERSON),
    Route::of("POST", "/v1/people/{id}/enable", || post(people::enable)).does(&ENABLE_PERSON),
    Route::of("POST", "/v1/people/{id}/unlock", || post(people::unlock)).does(&UNLOCK_PERSON),
    Route::of("POST", "/v1/people/{id}/sign-out", || post(people::sign_out)).does(&SIGN_OUT_PERSON),
    reads("/v1/invites", &LIST_INVITES, || get(invites::list)),
    Route::of("POST", "/v1/invites", || post(invites::invite)).does(&INVITE),
    reads("/v1/invites/{id}", &GET_INVITE, || get(invites::get)),
    Route::of("DELETE", "/v1/invites/{id}", || delete(invites::revoke)).does(&REVOKE_INVITE),
    Route::of("POST", "/v1/invites/{id}/renew", || post(invites::renew)).does(&RENEW_INVITE),
    reads("/v1/requests", &LIST_REQUESTS, || get(requests::list)),
    reads("/v1/requests/{id}", &GET_REQUEST, || get(requests::get)),
    Route::of("POST", "/v1/requests/{id}/decline", || post(requests::decline)).does(&DECLINE_REQUEST),
    reads("/v1/audit", &LIST_EVENTS, || get(audit::list)),
    reads("/v1/settings", &GET_SETTINGS, || get(settings::get)),
    Route::of("PATCH", "/v1/settings", || patch(settings::change)).does(&CHANGE_SETTINGS),
    reads("/v1/usage", &GET_USAGE, || get(usage::get)),
];

use AdminPermission::{
    AppsRead, AppsWrite, AuditRead, KeysRead, KeysWrite, PeopleRead, PeopleWrite, SettingsRead, SettingsWrite,
};

static LIST_KEYS: Operation = Operation {
    query: keys::LIST,
    ..Operation::new("listKeys", "Keys", "List keys", KeysRead, 200, Some(listed::<KeyShown>))
};
static ISSUE_KEY: Operation = Operation {
    about: "The key works at once, because its caller stores the answer. With acknowledge false it is pending until it is \
            acknowledged, and dropped after 15 minutes.",
    body: Some(Body::of::<NewKey>()),
    ..Operation::new("issueKey", "Keys", "Issue a key", KeysWrite, 201, Some(described::<KeyMade>))
};
static ACT_ON_KEYS: Operation = Operation {
    about: "In one transaction. Keys that the act does not fit are left, also the calling key and those that may do more than \
            it; the answer says which and why. With filter, the key also needs the permission `keystead.keys.read`.",
    body: Some(Body::of::<KeysAct>()),
    ..Operation::new("actOnKeys", "Keys", "Do the same with many keys", KeysWrite, 200, Some(described::<KeysActed>))
};
static GET_KEY: Operation =
    Operation::new("getKey", "Keys", "Get a key", KeysRead, 200, Some(described::<KeyAnswered>));
static CHANGE_KEY: Operation = Operation {
    about: "What is left out stays. With If-Match, only if the key is as its caller saw it.",
    body: Some(Body::of::<KeyChange>()),
    if_match: true,
    ..Operation::new("changeKey", "Keys", "Change a key", KeysWrite, 200, Some(described::<KeyAnswered>))
};
static DELETE_KEY: Operation = Operation {
    about: "For good. Its events stay in the audit.",
    if_match: true,
    ..Operation::new("deleteKey", "Keys", "Delete a key", KeysWrite, 204, None)
};
static ROTATE_KEY: Operation = Operation {
    about: "The new secret works at once, because its caller stores the answer. The old one works beside it for the overlap, \
            and never longer than the key. With handOver, the answer has a link in place of the secret: whoever opens it \
            collects and confirms the new secret, and the overlap begins then. Until then, the key stays as it is.",
    if_match: true,
    maybe_body: Some(Body::of::<Rotate>()),
    ..Operation::new("rotateKey", "Keys", "Rotate a key", KeysWrite, 201, Some(either::<KeyRotatedMade, HandOverMade>))
};
static GET_ROTATION: Operation = Operation {
    about: "The secrets that work, each with its use, and a new one that waits to be confirmed. Calls and addresses are \
            counted for each secret while the key has two.",
    ..Operation::new(
        "getRotation",
        "Keys",
        "Get the secrets of a key",
        KeysRead,
        200,
        Some(described::<RotationAnswered>),
    )
};
static EXTEND_ROTATION: Operation = Operation {
    about: "From now on, the old secret works for the overlap, at most 90 days in all and never longer than the key.",
    if_match: true,
    maybe_body: Some(Body::of::<Extend>()),
    ..Operation::new("extendRotation", "Keys", "Extend a rotation", KeysWrite, 200, Some(described::<RotationAnswered>))
};
static FINISH_ROTATION: Operation = Operation {
    about: "The old secret no longer works.",
    if_match: true,
    maybe_body: Some(Body::of::<Nothing>()),
    ..Operation::new("finishRotation", "Keys", "Finish a rotation", KeysWrite, 200, Some(described::<RotationAnswered>))
};
static UNDO_ROTATION: Operation = Operation {
    about: "The new secret no longer works, for good. The old one works on, as long as the key.",
    if_match: true,
    maybe_body: Some(Body::of::<Nothing>()),
    ..Operation::new("undoRotation", "Keys", "Undo a rotation", KeysWrite, 200, Some(described::<RotationAnswered>))
};
static DISABLE_KEY: Operation = Operation {
    if_match: true,
    maybe_body: Some(Body::of::<Nothing>()),
    ..Operation::new("disableKey", "Keys", "Disable a key", KeysWrite, 200, Some(described::<KeyAnswered>))
};
static ENABLE_KEY: Operation = Operation {
    if_match: true,
    maybe_body: Some(Body::of::<Nothing>()),
    ..Operation::new("enableKey", "Keys", "Enable a key", KeysWrite, 200, Some(described::<KeyAnswered>))
};
static REVOKE_KEY: Operation = Operation {
    about: "It can be restored within 24 hours, unless it leaked.",
    if_match: true,
    maybe_body: Some(Body::of::<Revoke>()),
    ..Operation::new("revokeKey", "Keys", "Revoke a key", KeysWrite, 200, Some(described::<KeyAnswered>))
};
static RESTORE_KEY: Operation = Operation {
    if_match: true,
    maybe_body: Some(Body::of::<Nothing>()),
    ..Operation::new("restoreKey", "Keys", "Restore a revoked key", KeysWrite, 200, Some(described::<KeyAnswered>))
};
static ACKNOWLEDGE_KEY: Operation = Operation {
    about: "Only the key that issued it can do this: it alone saw the secret.",
    if_match: true,
    maybe_body: Some(Body::of::<Nothing>()),
    ..Operation::new("acknowledgeKey", "Keys", "Confirm a pending key", KeysWrite, 200, Some(described::<KeyAnswered>))
};
static LIST_HAND_OVERS: Operation =
    Operation::new("listHandOvers", "Hand-overs", "List hand-overs", KeysRead, 200, Some(listed::<HandOverShown>));
static HAND_OVER: Operation = Operation {
    about: "For what the calling key could issue. The key is made when its recipient opens the link and asks for it, as far \
            as the calling key could issue it then.",
    body: Some(Body::of::<NewHandOver>()),
    ..Operation::new("handOver", "Hand-overs", "Hand a key over", KeysWrite, 201, Some(described::<HandOverMade>))
};
static GET_HAND_OVER: Operation =
    Operation::new("getHandOver", "Hand-overs", "Get a hand-over", KeysRead, 200, Some(described::<HandOverAnswered>));
static WITHDRAW_HAND_OVER: Operation = Operation {
    about: "Its link no longer works.",
    ..Operation::new("withdrawHandOver", "Hand-overs", "Withdraw a hand-over", KeysWrite, 204, None)
};
static LIST_APPS: Operation = Operation {
    query: apps::LIST,
    ..Operation::new("listApps", "Apps", "List apps", AppsRead, 200, Some(listed::<AppShown>))
};
static CREATE_APP: Operation = Operation {
    about: "It has no keys yet. The calling key does not see it: a key manages only its own app.",
    body: Some(Body::of::<AppName>()),
    ..Operation::new("createApp", "Apps", "Create an app", AppsWrite, 201, Some(described::<AppAnswered>))
};
static GET_APP: Operation =
    Operation::new("getApp", "Apps", "Get an app", AppsRead, 200, Some(described::<AppAnswered>));
static CHANGE_APP: Operation = Operation {
    body: Some(Body::of::<AppName>()),
    ..Operation::new("changeApp", "Apps", "Rename an app", AppsWrite, 200, Some(described::<AppAnswered>))
};
static ARCHIVE_APP: Operation = Operation {
    about: "All its keys stop working at once, the calling key too. Nothing is deleted. The last app in use stays.",
    maybe_body: Some(Body::of::<Nothing>()),
    ..Operation::new("archiveApp", "Apps", "Archive an app", AppsWrite, 200, Some(described::<AppAnswered>))
};
static RESTORE_APP: Operation = Operation {
    about: "Its keys work as before.",
    maybe_body: Some(Body::of::<Nothing>()),
    ..Operation::new("restoreApp", "Apps", "Bring an app back", AppsWrite, 200, Some(described::<AppAnswered>))
};
static LIST_PEOPLE: Operation = Operation {
    query: people::LIST,
    ..Operation::new("listPeople", "People", "List people", PeopleRead, 200, Some(listed::<PersonShown>))
};
static GET_PERSON: Operation =
    Operation::new("getPerson", "People", "Get a person", PeopleRead, 200, Some(described::<PersonAnswered>));
static CHANGE_PERSON: Operation = Operation {
    about: "From their next request on. Somebody who is no guest any longer loses the keys that were chosen for them.",
    body: Some(Body::of::<PersonChange>()),
    ..Operation::new("changePerson", "People", "Change a role", PeopleWrite, 200, Some(described::<PersonAnswered>))
};
static SET_PERSON_APPS: Operation = Operation {
    about: "From their next request on. Owners see all apps.",
    body: Some(Body::of::<PersonApps>()),
    ..Operation::new(
        "setPersonApps",
        "People",
        "Limit a person to apps",
        PeopleWrite,
        200,
        Some(described::<PersonAnswered>),
    )
};
static SET_PERSON_KEYS: Operation = Operation {
    about: "From the guest's next request on. The keys need what an invite with keys needs.",
    body: Some(Body::of::<PersonKeys>()),
    ..Operation::new(
        "setPersonKeys",
        "People",
        "Choose the keys of a guest",
        PeopleWrite,
        200,
        Some(described::<PersonAnswered>),
    )
};
static REMOVE_PERSON: Operation = Operation {
    about: "For good. The keys that they issued stay.",
    ..Operation::new("removePerson", "People", "Remove a person", PeopleWrite, 204, None)
};
static DISABLE_PERSON: Operation = Operation {
    maybe_body: Some(Body::of::<Nothing>()),
    ..Operation::new("disablePerson", "People", "Disable a person", PeopleWrite, 200, Some(described::<PersonAnswered>))
};
static ENABLE_PERSON: Operation = Operation {
    maybe_body: Some(Body::of::<Nothing>()),
    ..Operation::new("enablePerson", "People", "Enable a person", PeopleWrite, 200, Some(described::<PersonAnswered>))
};
static UNLOCK_PERSON: Operation = Operation {
    about: "Ends the wait after too many failed sign-ins.",
    maybe_body: Some(Body::of::<Nothing>()),
    ..Operation::new("unlockPerson", "People", "Unlock a person", PeopleWrite, 200, Some(described::<PersonAnswered>))
};
static SIGN_OUT_PERSON: Operation = Operation {
    about: "Ends their sessions. They can sign in again.",
    maybe_body: Some(Body::of::<Nothing>()),
    ..Operation::new(
        "signOutPerson",
        "People",
        "Sign a person out",
        PeopleWrite,
        200,
        Some(described::<PersonAnswered>),
    )
};
static LIST_INVITES: Operation =
    Operation::new("listInvites", "Invites", "List invites", PeopleRead, 200, Some(listed::<InviteShown>));
static INVITE: Operation = Operation {
    body: Some(Body::of::<NewInvite>()),
    ..Operation::new("invite", "Invites", "Invite somebody", PeopleWrite, 201, Some(described::<InviteMade>))
};
static GET_INVITE: Operation =
    Operation::new("getInvite", "Invites", "Get an invite", PeopleRead, 200, Some(described::<InviteAnswered>));
static REVOKE_INVITE: Operation = Operation::new("revokeInvite", "Invites", "Revoke an invite", PeopleWrite, 204, None);
static RENEW_INVITE: Operation = Operation {
    about: "Gives it a new link for another 7 days. The old one no longer works.",
    maybe_body: Some(Body::of::<Nothing>()),
    ..Operation::new("renewInvite", "Invites", "Renew an invite", PeopleWrite, 201, Some(described::<InviteMade>))
};
static LIST_REQUESTS: Operation = Operation {
    about: "Whoever has waited longest comes first, and of those that have ended, the last one.",
    query: requests::LIST,
    ..Operation::new("listRequests", "Requests", "List requests", KeysRead, 200, Some(listed::<RequestShown>))
};
static GET_REQUEST: Operation =
    Operation::new("getRequest", "Requests", "Get a request", KeysRead, 200, Some(described::<RequestAnswered>));
static DECLINE_REQUEST: Operation = Operation {
    about: "No key is made, and whoever asked sees why. Only a person can approve a request, in the console.",
    maybe_body: Some(Body::of::<Decline>()),
    ..Operation::new(
        "declineRequest",
        "Requests",
        "Decline a request",
        KeysWrite,
        200,
        Some(described::<RequestAnswered>),
    )
};
static LIST_EVENTS: Operation = Operation {
    query: audit::LIST,
    ..Operation::new("listEvents", "Audit", "List events", AuditRead, 200, Some(listed::<EventShown>))
};
static GET_SETTINGS: Operation =
    Operation::new("getSettings", "Settings", "Get the settings", SettingsRead, 200, Some(described::<SettingsShown>));
static CHANGE_SETTINGS: Operation = Operation {
    body: Some(Body::of::<SettingsChange>()),
    ..Operation::new(
        "changeSettings",
        "Settings",
        "Change settings",
        SettingsWrite,
        200,
        Some(described::<SettingsShown>),
    )
};
static GET_USAGE: Operation = Operation {
    query: usage::ASKED,
    ..Operation::new("getUsage", "Usage", "Get calls over time", KeysRead, 200, Some(described::<UsageShown>))
};
