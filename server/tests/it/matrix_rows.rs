//! The rows of the matrix: each route, and what becomes of it for each who asks.

use domain::role::Role;

/// Who asks: the roles in their order, and then nobody.
pub const COLUMNS: usize = Role::ALL.len() + 1;

/// What is in the place of an id: a key, a person or an invite, or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    Nothing,
    /// A Service key that is granted to the guest; a Master User key; a Service key that was deleted.
    Key,
    /// A guest; an admin; somebody who was removed.
    Person,
    /// A hand-over that waits; one that was withdrawn.
    HandOver,
    /// A request of the owner that waits; one of theirs that is approved; one that there is not.
    Request,
    /// The invite of a guest; that of an admin; one that was revoked.
    Invite,
    /// An app in use; one that never was.
    App,
}

/// A route with a query or body that is good for it, and what becomes of it for each who asks, in the order of `COLUMNS`. Each
/// word has a letter for each thing that it may be about:
///
/// `+` done, or refused for a reason that only somebody who may do it hears; `f` forbidden; `n` not found; `s` sign in first.
pub type Row = (&'static str, About, &'static str, [&'static str; COLUMNS]);

pub const PAGES: &[Row] = &[
    ("/", About::Nothing, "", ["+", "+", "+", "+", "s"]),
    ("/account", About::Nothing, "", ["+", "+", "+", "+", "s"]),
    ("/account/connect/{provider}", About::Nothing, "", ["n", "n", "n", "n", "s"]),
    ("/account/email", About::Nothing, "", ["+", "+", "+", "+", "s"]),
    ("/account/password", About::Nothing, "", ["+", "+", "+", "+", "s"]),
    ("/account/passkeys", About::Nothing, "", ["+", "+", "+", "+", "s"]),
    ("/account/prove", About::Nothing, "", ["+", "+", "+", "+", "s"]),
    ("/account/providers", About::Nothing, "", ["+", "+", "+", "+", "s"]),
    ("/account/second-factor", About::Nothing, "", ["+", "+", "+", "+", "s"]),
    ("/account/sessions", About::Nothing, "", ["+", "+", "+", "+", "s"]),
    ("/account/time-zone", About::Nothing, "", ["+", "+", "+", "+", "s"]),
    ("/apps", About::Nothing, "", ["+", "+", "+", "+", "s"]),
    ("/apps/choose", About::Nothing, "", ["+", "+", "+", "+", "s"]),
    ("/apps/new", About::Nothing, "", ["+", "+", "f", "f", "s"]),
    ("/apps/{id}/archive", About::App, "", ["+n", "+n", "ff", "ff", "ss"]),
    ("/apps/{id}/rename", About::App, "", ["+n", "+n", "ff", "ff", "ss"]),
    ("/apps/{id}/restore", About::App, "", ["+n", "+n", "ff", "ff", "ss"]),
    ("/audit", About::Nothing, "", ["+", "+", "+", "+", "s"]),
    ("/collect/{token}", About::Nothing, "", ["n", "n", "n", "n", "n"]),
    ("/collect/{token}/stored", About::Nothing, "", ["n", "n", "n", "n", "n"]),
    ("/find", About::Nothing, "", ["+", "+", "+", "+", "s"]),
    ("/forgot", About::Nothing, "", ["+", "+", "+", "+", "+"]),
    ("/help", About::Nothing, "", ["+", "+", "+", "+", "s"]),
    ("/help/{page}", About::Nothing, "", ["+", "+", "+", "+", "s"]),
    ("/integrations/setup", About::Nothing, "", ["+", "+", "+", "+", "s"]),
    ("/invite/{token}", About::Nothing, "", ["n", "n", "n", "n", "n"]),
    ("/keys", About::Nothing, "", ["+", "+", "+", "+", "s"]),
    ("/keys/audit", About::Nothing, "", ["+", "+", "+", "+", "s"]),
    ("/keys/bulk", About::Nothing, "act=disable&all=yes", ["+", "+", "f", "f", "s"]),
    ("/keys/handovers", About::Nothing, "", ["+", "+", "f", "f", "s"]),
    ("/keys/handovers/new", About::Nothing, "draft=DRAFT", ["+", "+", "f", "f", "s"]),
    ("/keys/handovers/{id}/withdraw", About::HandOver, "", ["+n", "+n", "ff", "ff", "ss"]),
    ("/keys/new", About::Nothing, "", ["+", "+", "f", "f", "s"]),
    ("/keys/views", About::Nothing, "", ["+", "+", "+", "+", "s"]),
    ("/keys/{id}", About::Key, "", ["++n", "++n", "+nn", "+nn", "sss"]),
    ("/keys/{id}/acknowledge", About::Key, "", ["++n", "++n", "fnn", "fnn", "sss"]),
    ("/keys/{id}/audit", About::Key, "", ["+++", "+++", "+n+", "+nn", "sss"]),
    ("/keys/{id}/delete", About::Key, "", ["++n", "++n", "fnn", "fnn", "sss"]),
    ("/keys/{id}/disable", About::Key, "", ["++n", "++n", "fnn", "fnn", "sss"]),
    ("/keys/{id}/drop", About::Key, "", ["++n", "++n", "fnn", "fnn", "sss"]),
    ("/keys/{id}/edit", About::Key, "", ["++n", "++n", "fnn", "fnn", "sss"]),
    ("/keys/{id}/enable", About::Key, "", ["++n", "++n", "fnn", "fnn", "sss"]),
    ("/keys/{id}/restore", About::Key, "", ["++n", "ffn", "fnn", "fnn", "sss"]),
    ("/keys/{id}/revoke", About::Key, "", ["++n", "++n", "fnn", "+nn", "sss"]),
    ("/keys/{id}/rotate", About::Key, "", ["++n", "++n", "fnn", "+nn", "sss"]),
    ("/keys/{id}/rotation/acknowledge", About::Key, "", ["++n", "++n", "fnn", "+nn", "sss"]),
    ("/keys/{id}/rotation/drop", About::Key, "", ["++n", "++n", "fnn", "+nn", "sss"]),
    ("/keys/{id}/rotation/extend", About::Key, "", ["++n", "++n", "fnn", "+nn", "sss"]),
    ("/keys/{id}/rotation/finish", About::Key, "", ["++n", "++n", "fnn", "+nn", "sss"]),
    ("/keys/{id}/rotation/undo", About::Key, "", ["++n", "++n", "fnn", "+nn", "sss"]),
    ("/keys/{id}/why", About::Key, "", ["++n", "++n", "+nn", "+nn", "sss"]),
    ("/login", About::Nothing, "", ["+", "+", "+", "+", "+"]),
    ("/login/code", About::Nothing, "", ["+", "+", "+", "+", "+"]),
    ("/people", About::Nothing, "", ["+", "+", "+", "f", "s"]),
    ("/people/invite", About::Nothing, "", ["+", "+", "f", "f", "s"]),
    ("/people/invites/{id}/renew", About::Invite, "", ["++n", "+fn", "ffn", "fff", "sss"]),
    ("/people/invites/{id}/revoke", About::Invite, "", ["++n", "+fn", "ffn", "fff", "sss"]),
    ("/people/{id}", About::Person, "", ["++n", "++n", "++n", "fff", "sss"]),
    ("/people/{id}/apps", About::Person, "", ["++n", "+fn", "ffn", "fff", "sss"]),
    ("/people/{id}/disable", About::Person, "", ["++n", "+fn", "ffn", "fff", "sss"]),
    ("/people/{id}/enable", About::Person, "", ["++n", "+fn", "ffn", "fff", "sss"]),
    ("/people/{id}/factor", About::Person, "", ["++n", "ffn", "ffn", "fff", "sss"]),
    ("/people/{id}/keys", About::Person, "", ["+fn", "+fn", "ffn", "fff", "sss"]),
    ("/people/{id}/remove", About::Person, "", ["++n", "+fn", "ffn", "fff", "sss"]),
    ("/people/{id}/reset", About::Person, "", ["++n", "ffn", "ffn", "fff", "sss"]),
    ("/people/{id}/role", About::Person, "", ["++n", "ffn", "ffn", "fff", "sss"]),
    ("/people/{id}/unlock", About::Person, "", ["++n", "+fn", "ffn", "fff", "sss"]),
    ("/requests", About::Nothing, "", ["+", "+", "f", "f", "s"]),
    ("/requests/many", About::Nothing, "act=approve&key=7Qm2xVbN4tRa", ["+", "+", "f", "f", "s"]),
    ("/requests/{id}", About::Request, "", ["++n", "++n", "fff", "fff", "sss"]),
    ("/requests/{id}/approve", About::Request, "", ["++n", "++n", "fff", "fff", "sss"]),
    ("/requests/{id}/collect", About::Request, "", ["++n", "nnn", "fff", "fff", "sss"]),
    ("/requests/{id}/decline", About::Request, "", ["++n", "++n", "fff", "fff", "sss"]),
    ("/requests/{id}/withdraw", About::Request, "", ["++n", "ffn", "fff", "fff", "sss"]),
    ("/reset/{token}", About::Nothing, "", ["n", "n", "n", "n", "n"]),
    ("/settings", About::Nothing, "", ["+", "f", "f", "f", "s"]),
    ("/settings/approval", About::Nothing, "", ["+", "f", "f", "f", "s"]),
    ("/settings/second-factor", About::Nothing, "", ["+", "f", "f", "f", "s"]),
    ("/setup", About::Nothing, "", ["n", "n", "n", "n", "n"]),
];

pub const FORMS: &[Row] = &[
    ("/account", About::Nothing, "person_name=Ada", ["+", "+", "+", "+", "s"]),
    ("/account/connect/{provider}", About::Nothing, "current_password=x", ["n", "n", "n", "n", "s"]),
    ("/account/email", About::Nothing, "email=new", ["+", "+", "+", "+", "s"]),
    ("/account/password", About::Nothing, "new_password=short", ["+", "+", "+", "+", "s"]),
    ("/account/passkeys", About::Nothing, "step=add&passkey_name=Mine", ["+", "+", "+", "+", "s"]),
    ("/account/prove", About::Nothing, "", ["+", "+", "+", "+", "s"]),
    ("/account/providers", About::Nothing, "identity=x", ["n", "n", "n", "n", "s"]),
    ("/account/second-factor", About::Nothing, "press=begin", ["+", "+", "+", "+", "s"]),
    ("/account/sessions", About::Nothing, "", ["+", "+", "+", "+", "s"]),
    ("/account/time-zone", About::Nothing, "time_zone=Europe%2FBerlin", ["+", "+", "+", "+", "s"]),
    ("/apps/choose", About::Nothing, "app=&back=/keys", ["+", "+", "+", "+", "s"]),
    ("/apps/new", About::Nothing, "name=FORM", ["+", "+", "f", "f", "s"]),
    ("/apps/{id}/archive", About::App, "", ["+n", "+n", "ff", "ff", "ss"]),
    ("/apps/{id}/rename", About::App, "name=FORM", ["+n", "+n", "ff", "ff", "ss"]),
    ("/apps/{id}/restore", About::App, "", ["+n", "+n", "ff", "ff", "ss"]),
    ("/collect/{token}", About::Nothing, "passphrase=", ["n", "n", "n", "n", "n"]),
    ("/collect/{token}/stored", About::Nothing, "acknowledged=yes", ["n", "n", "n", "n", "n"]),
    ("/invite/{token}", About::Nothing, "person_name=Ada&password=seven+grey+herons+wade", ["n", "n", "n", "n", "n"]),
    ("/keys/bulk", About::Key, "act=disable&key={id}&form_id=FORM", ["+++", "+++", "fff", "fff", "sss"]),
    (
        "/keys/handovers/new",
        About::Nothing,
        "kind=service&name=New&form_id=FORM&recipient=Grace&link_life=1d",
        ["+", "+", "f", "f", "s"],
    ),
    ("/keys/handovers/{id}/withdraw", About::HandOver, "", ["+n", "+n", "ff", "ff", "ss"]),
    ("/keys/new", About::Nothing, "step=summary&kind=service&name=New", ["+", "+", "f", "f", "s"]),
    ("/keys/views", About::Nothing, "name=Mine&list=status%3Dactive", ["+", "+", "+", "+", "s"]),
    ("/keys/{id}/acknowledge", About::Key, "acknowledged=yes", ["++n", "++n", "fff", "fff", "sss"]),
    ("/keys/{id}/delete", About::Key, "confirm_name=Key", ["++n", "++n", "fff", "fff", "sss"]),
    ("/keys/{id}/disable", About::Key, "", ["++n", "++n", "fff", "fff", "sss"]),
    ("/keys/{id}/drop", About::Key, "", ["++n", "++n", "fff", "fff", "sss"]),
    ("/keys/{id}/edit", About::Key, "revision=1&name=Renamed", ["++n", "++n", "fff", "fff", "sss"]),
    ("/keys/{id}/enable", About::Key, "", ["++n", "++n", "fff", "fff", "sss"]),
    ("/keys/{id}/restore", About::Key, "", ["++n", "fff", "fff", "fff", "sss"]),
    ("/keys/{id}/revoke", About::Key, "reason=other", ["++n", "++n", "fff", "+nn", "sss"]),
    ("/keys/{id}/rotate", About::Key, "overlap=24h&form_id=FORM", ["++n", "++n", "fff", "+nn", "sss"]),
    ("/keys/{id}/rotation/acknowledge", About::Key, "acknowledged=yes", ["++n", "++n", "fff", "+nn", "sss"]),
    ("/keys/{id}/rotation/drop", About::Key, "", ["++n", "++n", "fff", "+nn", "sss"]),
    ("/keys/{id}/rotation/extend", About::Key, "overlap=7d", ["++n", "++n", "fff", "+nn", "sss"]),
    ("/keys/{id}/rotation/finish", About::Key, "", ["++n", "++n", "fff", "+nn", "sss"]),
    ("/keys/{id}/rotation/undo", About::Key, "", ["++n", "++n", "fff", "+nn", "sss"]),
    ("/login", About::Nothing, "email=nobody", ["+", "+", "+", "+", "+"]),
    ("/login/code", About::Nothing, "code=123456", ["s", "s", "s", "s", "s"]),
    ("/logout", About::Nothing, "", ["+", "+", "+", "+", "+"]),
    (
        "/people/invite",
        About::Nothing,
        "press=invite&first_name=A&email=new%40example.com&role=admin",
        ["+", "f", "f", "f", "s"],
    ),
    ("/people/invites/{id}/renew", About::Invite, "", ["++n", "+fn", "fff", "fff", "sss"]),
    ("/people/invites/{id}/revoke", About::Invite, "", ["++n", "+fn", "fff", "fff", "sss"]),
    ("/people/{id}/apps", About::Person, "apps=", ["++n", "+fn", "fff", "fff", "sss"]),
    ("/people/{id}/disable", About::Person, "", ["++n", "+fn", "fff", "fff", "sss"]),
    ("/people/{id}/enable", About::Person, "", ["++n", "+fn", "fff", "fff", "sss"]),
    ("/people/{id}/factor", About::Person, "", ["++n", "fff", "fff", "fff", "sss"]),
    ("/people/{id}/keys", About::Person, "see=KEY", ["+fn", "+fn", "fff", "fff", "sss"]),
    ("/people/{id}/remove", About::Person, "", ["++n", "+fn", "fff", "fff", "sss"]),
    ("/people/{id}/reset", About::Person, "", ["++n", "fff", "fff", "fff", "sss"]),
    ("/people/{id}/role", About::Person, "role=auditor", ["++n", "fff", "fff", "fff", "sss"]),
    ("/people/{id}/unlock", About::Person, "", ["++n", "+fn", "fff", "fff", "sss"]),
    ("/requests/many", About::Request, "act=approve&key={id}", ["+++", "+++", "fff", "fff", "sss"]),
    ("/requests/{id}/approve", About::Request, "note=Go", ["++n", "++n", "fff", "fff", "sss"]),
    ("/requests/{id}/collect", About::Request, "", ["++n", "nnn", "fff", "fff", "sss"]),
    ("/requests/{id}/decline", About::Request, "note=No", ["++n", "++n", "fff", "fff", "sss"]),
    ("/requests/{id}/withdraw", About::Request, "", ["++n", "ffn", "fff", "fff", "sss"]),
    ("/reset/{token}", About::Nothing, "new_password=seven+grey+herons+wade", ["n", "n", "n", "n", "n"]),
    ("/settings", About::Nothing, "default_life=90&longest_life=365", ["+", "f", "f", "f", "s"]),
    ("/settings/approval", About::Nothing, "approval_kinds=client", ["+", "f", "f", "f", "s"]),
    ("/settings/second-factor", About::Nothing, "factor_policy=optional&grace_days=7", ["+", "f", "f", "f", "s"]),
    ("/setup", About::Nothing, "token=x&person_name=A&email=a@example.com&password=x", ["n", "n", "n", "n", "n"]),
];

pub const FILES: &[Row] = &[
    ("/audit.csv", About::Nothing, "", ["+", "+", "+", "f", "s"]),
    ("/audit.jsonl", About::Nothing, "", ["+", "+", "+", "f", "s"]),
    ("/keys.csv", About::Nothing, "", ["+", "+", "+", "+", "s"]),
    ("/keys.jsonl", About::Nothing, "", ["+", "+", "+", "+", "s"]),
];

/// Nobody signs in by a provider here.
pub const PROVIDERS: &[Row] = &[
    ("/login/oidc/{provider}", About::Nothing, "", ["n", "n", "n", "n", "n"]),
    ("/login/oidc/{provider}/callback", About::Nothing, "state=x&code=x", ["n", "n", "n", "n", "n"]),
];

pub const FUNCTIONS: &[Row] = &[
    (
        "/api/check_key",
        About::Nothing,
        r#"{"kind":"service","draft":{"kind":"service","name":"x"}}"#,
        ["+", "+", "f", "f", "s"],
    ),
    ("/api/find", About::Nothing, r#"{"typed":"key"}"#, ["+", "+", "+", "+", "s"]),
    ("/api/passkey", About::Nothing, r#"{"used_for":"sign_in"}"#, ["+", "+", "+", "+", "+"]),
    ("/api/progress", About::Nothing, r#"{"form_id":"FORM"}"#, ["+", "+", "f", "f", "s"]),
    ("/api/rows", About::Nothing, r#"{"ids":["7Qm2xVbN4tRa"],"list":""}"#, ["+", "+", "+", "+", "s"]),
];
