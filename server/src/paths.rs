//! Addresses that more than one module names.

/// Where the browser listens to the calls of one key.
pub(crate) const EVENTS: &str = "/integrations/setup/events";

/// Where browsers send what they found against the content security policy.
pub(crate) const POLICY_REPORTS: &str = "/csp-report";

/// The console's server functions are below this: scripts ask there.
pub(crate) const SERVER_FUNCTIONS: &str = "/api/";
