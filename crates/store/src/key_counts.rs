//! How many keys of each status there are.

use domain::key::KeyState;
use domain::list::StatusFilter;
use domain::page::{COUNT_CAP, Capped, FOUND_CAP};
use domain::sight::Sight;
use domain::timestamp::Timestamp;

use crate::apps::apps_in;
use crate::conn::Conn;
use crate::error::StoreError;
use crate::key_range::KeyRange;

/// Each count equals the length of the list with the filter of the same name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KeyCounts {
    /// Keys that pass now, by status and dates.
    pub active: Capped,
    /// Keys that wait to be confirmed.
    pub pending: Capped,
    /// Active keys that expire within 30 days.
    pub expiring_30: Capped,
    /// Active keys that were never used.
    pub never_used: Capped,
    /// Keys that are disabled or revoked.
    pub off: Capped,
    /// Keys that were ever confirmed, whatever their status and dates.
    pub confirmed: Capped,
}

/// The states that a key has after somebody confirmed it.
const CONFIRMED: [KeyState; 3] = [KeyState::Active, KeyState::Disabled, KeyState::Revoked];

reads! {
    /// The keys in sight, counted by status.
    key_counts(sight: &Sight, now: Timestamp) -> KeyCounts;
}

async fn key_counts(conn: &mut Conn<'_>, sight: &Sight, now: Timestamp) -> Result<KeyCounts, StoreError> {
    let apps = apps_in(conn, &sight.apps).await?;
    let mut counts = KeyCounts::default();
    let places = [
        (StatusFilter::Active, &mut counts.active),
        (StatusFilter::Pending, &mut counts.pending),
        (StatusFilter::Expiring30, &mut counts.expiring_30),
        (StatusFilter::NeverUsed, &mut counts.never_used),
        (StatusFilter::Off, &mut counts.off),
    ];
    for (status, place) in places {
        let range = KeyRange::new(sight, &apps.ids, None, Some(status), now).kept_in(&apps.kept);
        if range.is_empty() {
            continue;
        }
        *place = capped(conn, &range, -1).await?;
    }
    let confirmed = KeyRange::new(sight, &apps.ids, None, None, now).kept_in(&apps.kept).in_states(&CONFIRMED);
    if !confirmed.is_empty() {
        counts.confirmed = capped(conn, &confirmed, -1).await?;
    }
    Ok(counts)
}

/// Counts the keys of a range, up to `COUNT_CAP`. Keys that have to be looked for among more than that are counted up to
/// `FOUND_CAP`: whoever found so many looks for fewer. The range is known to have more than `more_than`.
pub(crate) async fn capped(conn: &mut Conn<'_>, range: &KeyRange, more_than: i64) -> Result<Capped, StoreError> {
    if let Some(count) = range.kept_count() {
        return Ok(Capped::at(COUNT_CAP, count));
    }
    let cap = if range.holds_most() || range.of_its_kinds().kept_count() <= Some(COUNT_CAP.into()) {
        COUNT_CAP
    } else {
        FOUND_CAP
    };
    if more_than >= i64::from(cap) || exceeds(conn, range, i64::from(cap)).await? {
        return Ok(Capped { n: cap, more: true });
    }
    let (count,): (i64,) = conn.fetch_one(range.count(conn.writing())).await?;
    Ok(Capped::at(cap, count.unsigned_abs()))
}

/// Whether a range has more keys than `limit`.
pub(crate) async fn exceeds(conn: &mut Conn<'_>, range: &KeyRange, limit: i64) -> Result<bool, StoreError> {
    if let Some(count) = range.kept_count() {
        return Ok(count > limit.unsigned_abs());
    }
    if range.at_least() > limit.unsigned_abs() {
        return Ok(true);
    }
    if let Some(sql) = range.surely_found(conn.writing(), limit)
        && conn.fetch_one::<(i64,)>(sql).await?.0 > limit
    {
        return Ok(true);
    }
    Ok(conn.fetch_optional::<(i64,)>(range.exceeds(conn.writing(), limit)).await?.is_some())
}
