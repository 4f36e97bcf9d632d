//! Who runs the command: the name that the record keeps.

/// The account of the operating system, and through `sudo` also the one behind it.
pub(super) fn name() -> String {
    let account = whoami::username().unwrap_or_else(|_| "unknown".to_owned());
    // Anyone can set this variable, but only root gains nothing by it.
    let behind = std::env::var("SUDO_USER").ok().filter(|_| account == "root");
    match behind {
        Some(behind) if is_account(&behind) => format!("{behind} (as root)"),
        _ => account,
    }
}

fn is_account(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
}
