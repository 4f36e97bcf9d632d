//! Which reads and writes took long.

use std::time::Duration;

/// From when on a read or a write counts as slow, its wait for a connection or its turn included.
pub const SLOW: Duration = Duration::from_millis(50);

/// A read or a write that took long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slow {
    /// The function that read, or that wrote.
    pub name: &'static str,
    /// Whether it wrote.
    pub writes: bool,
    /// The name of the database engine, for people.
    pub engine: &'static str,
    /// How long it took.
    pub took: Duration,
}

impl Slow {
    /// What took so long; `None` if that is not long. `path` is the name of its function, or of a closure in it.
    pub(crate) fn of(path: &'static str, writes: bool, engine: &'static str, took: Duration) -> Option<Self> {
        (took >= SLOW).then(|| Self { name: function(path), writes, engine, took })
    }
}

/// The name of the function that a type belongs to, most likely that of a closure in it: `issue` in
/// `service::keys::<impl service::Service>::issue::{{closure}}`.
fn function(path: &'static str) -> &'static str {
    let outer = path.split("::{{closure}}").next().unwrap_or(path);
    outer
        .rsplit(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .find(|name| !name.is_empty())
        .unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_took_long_is_told() {
        assert_eq!(Slow::of("find_key", false, "SQLite", SLOW.saturating_sub(Duration::from_nanos(1))), None);
        let slow = Slow { name: "find_key", writes: false, engine: "SQLite", took: SLOW };
        assert_eq!(Slow::of("find_key", false, "SQLite", SLOW), Some(slow));
    }

    #[test]
    fn a_closure_has_the_name_of_its_function() {
        for (path, name) in [
            ("find_key", "find_key"),
            ("service::apps::<impl service::service::Service>::rename::{{closure}}::{{closure}}", "rename"),
            ("service::chat::writer::write_all", "write_all"),
            ("service::Service::write<(), service::Error, service::apps::add::{{closure}}>::{{closure}}", "add"),
            ("", ""),
        ] {
            assert_eq!(function(path), name, "{path}");
        }
    }

    #[test]
    fn the_name_is_taken_from_what_the_compiler_calls_a_closure() {
        fn path_of<F>(_: &F) -> &'static str {
            std::any::type_name::<F>()
        }
        let work = async |_: &mut u8| 1;
        let name = function(path_of(&work));
        assert_eq!(name, "the_name_is_taken_from_what_the_compiler_calls_a_closure");
    }
}
