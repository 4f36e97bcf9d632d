//! What the system knows of this process.

use std::{fs, time::Duration};

use rustix::time::{ClockId, clock_gettime};

/// The memory of the process that is in use, in bytes; 0 where the system does not say.
pub(super) fn resident_bytes() -> u64 {
    fs::read_to_string("/proc/self/status").ok().as_deref().and_then(resident).unwrap_or_default()
}

/// The line `VmRSS:     30212 kB`.
fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    Some(kilobytes.saturating_mul(1024))
}

/// The processor time that the process has used, in seconds.
pub(super) fn cpu_seconds() -> f64 {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(used.tv_sec).unwrap_or_default();
    let nanos = u32::try_from(used.tv_nsec).unwrap_or_default();
    Duration::new(seconds, nanos).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_and_time() {
        assert_eq!(resident("Name:\tkeystead\nVmPeak:\t  100 kB\nVmRSS:\t   30212 kB\n"), Some(30_212 * 1024));
        assert_eq!(resident("Name:\tkeystead\n"), None);
        assert!(resident_bytes() > 1 << 20);
        assert!(cpu_seconds() > 0.0);
    }
}
