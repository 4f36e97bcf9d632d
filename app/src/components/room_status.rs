//! Whether a room takes users, by word and colour.

use domain::room::{Room, RoomStatus};
use domain::timestamp::Timestamp;
use leptos::prelude::*;

#[component]
pub fn RoomState(status: RoomStatus, closed: bool) -> impl IntoView {
    let (class, words) = match status {
        RoomStatus::Pending => ("status not_yet_valid", "Not open yet"),
        RoomStatus::Open => ("status active", "Open"),
        RoomStatus::Ended if closed => ("status disabled", "Closed"),
        RoomStatus::Ended => ("status expired", "Ended"),
    };
    view! { <span class=class>{words}</span> }
}

/// The state of a room at this time.
pub fn state(room: &Room, now: Timestamp) -> impl IntoView + use<> {
    view! { <RoomState status=room.status(now) closed=room.closed_at.is_some()/> }
}

/// How many are in a room: `3`, or `3 of 50`.
pub fn joined(room: &Room) -> String {
    match room.max_users {
        Some(most) => format!("{} of {most}", room.joined),
        None => room.joined.to_string(),
    }
}
