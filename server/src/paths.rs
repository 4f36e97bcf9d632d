//! Addresses that more than one module uses.

/// Where the browser listens to the calls of one key.
pub(crate) const EVENTS: &str = "/integrations/setup/events";

/// Where the browser listens to the events that one key reports.
pub(crate) const REPORTED: &str = "/integrations/setup/events/reported";

/// Where the browser listens to the messages of one room or chat.
pub(crate) const ROOM_EVENTS: &str = "/events/rooms";

/// The streams that pages listen to. They last, and show what others do: nobody need be there.
pub(crate) const STREAMS: [&str; 3] = [EVENTS, REPORTED, ROOM_EVENTS];

/// Where a script asks what a passkey is to sign.
pub(crate) const PASSKEY: &str = "/api/passkey";

/// Where the form of a sign-in goes.
pub(crate) const SIGN_IN: &str = "/login";

/// Where browsers report violations of the content security policy.
pub(crate) const POLICY_REPORTS: &str = "/csp-report";

/// Where an open list asks for its rows again and again.
pub(crate) const ROWS: &str = "/api/rows";

/// The console's server functions are below this path, for scripts.
pub(crate) const SERVER_FUNCTIONS: &str = "/api/";
