//! The figures of all keys that monitoring asks for.

use domain::key::KeyState;
use domain::list::StatusFilter;
use domain::page::{COUNT_CAP, Capped};
use domain::sight::Sight;
use domain::timestamp::Timestamp;

use crate::apps::apps_in;
use crate::conn::Conn;
use crate::error::StoreError;
use crate::key_counts::capped;
use crate::key_range::KeyRange;
use crate::sql::Sql;

/// How many keys there are, and how many need somebody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyFigures {
    /// Keys of each state, in the order of [`KeyState::ALL`].
    pub by_state: Vec<(KeyState, u64)>,
    /// Active keys that expire within 7 days.
    pub expiring_7: Capped,
    /// Active keys that expire within 30 days.
    pub expiring_30: Capped,
    /// Active keys whose secret was to be rotated by now.
    pub overdue: Capped,
}

/// Each state as a range asks for it.
const STATES: [&[KeyState]; 4] =
    [&[KeyState::Pending], &[KeyState::Active], &[KeyState::Disabled], &[KeyState::Revoked]];

reads! {
    /// The figures of the keys in sight.
    key_figures(sight: &Sight, now: Timestamp) -> KeyFigures;
    /// How many deliveries wait, for their first try or for another one.
    deliveries_waiting() -> Capped;
}

async fn key_figures(conn: &mut Conn<'_>, sight: &Sight, now: Timestamp) -> Result<KeyFigures, StoreError> {
    let apps = apps_in(conn, &sight.apps).await?;
    let mut figures = KeyFigures::default();
    for states in STATES {
        let range = KeyRange::new(sight, &apps.ids, None, None, now).kept_in(&apps.kept).in_states(states);
        let count = match range.kept_count() {
            _ if range.is_empty() => 0,
            Some(count) => count,
            None => u64::from(capped(conn, &range, -1).await?.n),
        };
        figures.by_state.extend(states.iter().map(|state| (*state, count)));
    }
    let places = [
        (StatusFilter::Expiring7, &mut figures.expiring_7),
        (StatusFilter::Expiring30, &mut figures.expiring_30),
        (StatusFilter::RotationOverdue, &mut figures.overdue),
    ];
    for (status, place) in places {
        let range = KeyRange::new(sight, &apps.ids, None, Some(status), now).kept_in(&apps.kept);
        if !range.is_empty() {
            *place = capped(conn, &range, -1).await?;
        }
    }
    Ok(figures)
}

async fn deliveries_waiting(conn: &mut Conn<'_>) -> Result<Capped, StoreError> {
    let mut sql = Sql::new("SELECT COUNT(*) FROM (SELECT 1 AS one FROM delivery WHERE state = 'waiting' LIMIT ");
    sql.bind(i64::from(COUNT_CAP) + 1).push(") AS waiting");
    let (count,): (i64,) = conn.fetch_one(sql).await?;
    Ok(Capped::at(COUNT_CAP, count.unsigned_abs()))
}
