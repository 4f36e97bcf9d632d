//! What the figures were measured on.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// One line: processor, cores, memory, system.
pub(crate) fn describe() -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let processor = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "an unknown processor".to_owned());
    let memory = field("/proc/meminfo", "MemTotal").and_then(|text| kilobytes(&text)).unwrap_or_default();
    let system = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let gigabytes = (memory + (1 << 19)) >> 20;
    format!("{cores} cores of {processor}, {gigabytes} GiB of memory, Linux {}", system.trim())
}

/// Whether the kernel schedules each session as one. Each connection of Postgres is a session of its own: beside busy
/// servers in another, it may wait for a processor for a second or two.
pub(crate) fn has_autogroups() -> bool {
    fs::read_to_string("/proc/sys/kernel/sched_autogroup_enabled").is_ok_and(|on| on.trim() == "1")
}

/// The value behind `name:` in a file of `/proc`.
pub(crate) fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    text.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        (found.trim() == name).then(|| value.trim().to_owned())
    })
}

/// `12345 kB` as a number of kilobytes (of 1,024 bytes).
pub(crate) fn kilobytes(text: &str) -> Option<u64> {
    text.strip_suffix(" kB")?.trim().parse().ok()
}

/// The versions that a `package.json` pins, and Node's: `better-auth 1.7.5, Node v20.20.2`.
pub(crate) fn versions(package: &Path, names: &[&str]) -> Result<String> {
    let text = fs::read_to_string(package).with_context(|| format!("{} cannot be read", package.display()))?;
    let package: Value = serde_json::from_str(&text)?;
    let mut versions = Vec::new();
    for name in names {
        let version = package.pointer(&format!("/dependencies/{name}")).and_then(Value::as_str);
        versions.push(format!("{name} {}", version.with_context(|| format!("no version of {name} is pinned"))?));
    }
    let node = std::process::Command::new("node").arg("--version").output().context("node cannot be run")?;
    versions.push(format!("Node {}", String::from_utf8_lossy(&node.stdout).trim()));
    Ok(versions.join(", "))
}
