//! Which releases may work on one database side by side.

/// The generation of this release. A release raises it when it understands what an older one would get wrong, so that a
/// later migration can name it as the least one.
pub const GENERATION: u32 = 1;

/// Why a program of generation `ours` must not go on, if the database names `least` as the least generation; `None` if it
/// may. A text that is no number is of a version that this one does not know.
pub fn taken_over(least: Option<&str>, ours: u32) -> Option<String> {
    let least = least?;
    let may = least.parse::<u32>().is_ok_and(|least| least <= ours);
    (!may).then(|| {
        let least = if least.len() <= 10 { least } else { "unknown" };
        format!(
            "a newer Keystead (least generation {least}) has taken over this database; this one is {ours}: update it"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_older_generation_must_stop() {
        for may in [None, Some("0"), Some("1"), Some("2")] {
            assert_eq!(taken_over(may, 2), None, "{may:?}");
        }
        let stopped = taken_over(Some("3"), 2);
        assert_eq!(
            stopped.as_deref(),
            Some("a newer Keystead (least generation 3) has taken over this database; this one is 2: update it")
        );
    }

    #[test]
    fn what_is_no_number_is_newer() {
        for odd in ["", "-1", "two", "4294967296", "1.0", "a text that is far too long to be shown"] {
            assert!(taken_over(Some(odd), u32::MAX).is_some_and(|why| why.len() < 120), "{odd}");
        }
    }
}
