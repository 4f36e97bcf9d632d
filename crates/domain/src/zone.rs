//! Time zones, by their names in the IANA database, which is part of the program.

use jiff::tz::{self, TimeZone};

use crate::timestamp::Timestamp;

/// A time zone that people read times in.
#[derive(Debug, Clone)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone with this name, for example `Europe/Berlin`; `None` if there is none.
    pub fn parse(name: &str) -> Option<Self> {
        // Zones that the operating system or the environment define are no names that others know.
        TimeZone::get(name).ok().filter(|zone| zone.iana_name().is_some()).map(Self)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or_default()
    }

    /// What a clock in this zone shows at this moment, as if it were UTC.
    pub fn wall(&self, at: Timestamp) -> Timestamp {
        at.plus_seconds(self.info(at).map_or(0, |(seconds, _)| seconds))
    }

    /// The moment at which a clock in this zone shows what somebody typed; with a `Z`, it is UTC. A time that is there twice
    /// is the earlier one, and one that is skipped is as much later. `None` for what is no time.
    pub fn parse_input(&self, text: &str) -> Option<Timestamp> {
        let typed = Timestamp::parse_input(text)?;
        if text.trim().ends_with('Z') {
            return Some(typed);
        }
        let wall = jiff::Timestamp::from_millisecond(typed.millis()).ok()?;
        let at = self.0.to_timestamp(TimeZone::UTC.to_datetime(wall)).ok()?;
        Some(Timestamp::from_millis(at.as_millisecond()))
    }

    /// `2026-11-21 10:30:02 CET`, for people.
    pub fn to_text(&self, at: Timestamp) -> String {
        let Some((seconds, short)) = self.info(at) else { return at.to_text() };
        let wall = at.plus_seconds(seconds).to_text();
        format!("{} {short}", wall.trim_end_matches(" UTC"))
    }

    /// The short name of the zone at this moment, for example `CET` or `+04`.
    pub fn short(&self, at: Timestamp) -> String {
        self.info(at).map_or_else(|| "UTC".to_owned(), |(_, short)| short)
    }

    /// How many seconds it is ahead of UTC at this moment, and its short name; `None` beyond the calendar.
    fn info(&self, at: Timestamp) -> Option<(i64, String)> {
        let at = jiff::Timestamp::from_millisecond(at.millis()).ok()?;
        let info = self.0.to_offset_info(at);
        Some((info.offset().seconds().into(), info.abbreviation().to_owned()))
    }
}

/// The names of all zones, in order.
pub fn names() -> Vec<String> {
    let mut names: Vec<_> = tz::db().available().map(|name| name.as_str().to_owned()).collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_input(text).unwrap()
    }

    #[test]
    fn times_are_those_of_the_zone() {
        for (name, moment, text) in [
            ("Europe/Berlin", "2026-01-15T12:00:00Z", "2026-01-15 13:00:00 CET"),
            ("Europe/Berlin", "2026-07-15T12:00:00Z", "2026-07-15 14:00:00 CEST"),
            ("America/St_Johns", "2026-01-15T02:00:00Z", "2026-01-14 22:30:00 NST"),
            ("Asia/Dubai", "2026-01-15T22:00:00Z", "2026-01-16 02:00:00 +04"),
            ("UTC", "2026-01-15T12:00:00Z", "2026-01-15 12:00:00 UTC"),
            // An hour that is there twice, and one that is not there at all.
            ("Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25 02:30:00 CEST"),
            ("Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25 02:30:00 CET"),
            ("Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-29 03:00:00 CEST"),
        ] {
            assert_eq!(Zone::parse(name).unwrap().to_text(at(moment)), text);
        }
        let berlin = Zone::parse("europe/berlin").unwrap();
        assert_eq!((berlin.name(), berlin.wall(at("2026-07-15T12:00"))), ("Europe/Berlin", at("2026-07-15T14:00")));
        for edge in [i64::MIN, i64::MAX] {
            assert_eq!(berlin.to_text(Timestamp::from_millis(edge)), Timestamp::from_millis(edge).to_text());
        }
    }

    #[test]
    fn typed_times_are_those_of_the_zone() {
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        for (typed, moment) in [
            ("2026-01-15T13:00", "2026-01-15T12:00:00Z"),
            ("2026-07-15 14:00:05", "2026-07-15T12:00:05Z"),
            ("2026-07-15T12:00Z", "2026-07-15T12:00:00Z"),
            ("2026-07-15", "2026-07-14T22:00:00Z"),
            // An hour that is there twice, and one that is not there at all.
            ("2026-10-25T02:30", "2026-10-25T00:30:00Z"),
            ("2026-03-29T02:30", "2026-03-29T01:30:00Z"),
        ] {
            assert_eq!(berlin.parse_input(typed), Some(at(moment)), "{typed}");
            let shown = berlin.wall(at(moment)).to_input();
            assert_eq!(berlin.parse_input(&shown), Some(at(moment)), "{shown}");
        }
        for wrong in ["", "Z", "soon", "2026-13-01T00:00", "2026-01-15T25:00"] {
            assert_eq!(berlin.parse_input(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_names_of_the_database_are_zones() {
        for name in
            ["", " ", "CET5", "+02:00", "Europe/Atlantis", "../../etc/passwd", "/etc/localtime", "Local", "é", "\0"]
        {
            assert!(Zone::parse(name).is_none(), "{name}");
        }
        let names = names();
        assert!(names.len() > 400 && names.is_sorted(), "{}", names.len());
        for name in &names {
            assert_eq!(Zone::parse(name).unwrap().name(), name);
        }
    }
}
