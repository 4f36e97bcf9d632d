//! The name of the person who runs a command, for the audit.

use service::Caller;

/// The person, with every right of an owner.
pub(super) fn caller() -> Caller {
    Caller::command_line(&name())
}

/// The account of the operating system. Under `sudo`, also the account behind it.
fn name() -> String {
    let account = whoami::username().unwrap_or_else(|_| "unknown".to_owned());
    // Anyone can set this variable, so it counts only for root, who gains nothing by it.
    let behind = std::env::var("SUDO_USER").ok().filter(|_| account == "root");
    match behind {
        Some(behind) if is_account(&behind) => format!("{behind} (as root)"),
        _ => account,
    }
}

fn is_account(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
}
