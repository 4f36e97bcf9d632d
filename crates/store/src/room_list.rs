//! Lists of rooms: in the order of what was said last, or of names.

use domain::ids::{AppId, RoomId};
use domain::page::{COUNT_CAP, Capped, Page};
use domain::room::{ROWS_MAX, Room, RoomKind, RoomQuery, RoomStatus};
use domain::sight::Scope;
use domain::text::{name_key, prefix_upper_bound};
use domain::timestamp::Timestamp;

use crate::apps::app_ids;
use crate::conn::Conn;
use crate::cursors::{Paged, digits_of, name_of};
use crate::dialect::Writing;
use crate::error::StoreError;
use crate::rooms::{COLUMNS, Stored, newest_first};
use crate::sql::{Arg, Sql};
use crate::walk::{List, Walked, walk};

reads! {
    /// A page of the rooms of these apps that are asked for, as they are at this time. An invalid cursor gives the first
    /// page.
    list_rooms(apps: &Scope<AppId>, query: &RoomQuery, now: Timestamp) -> Page<Room>;
}

/// What a list is ordered by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    /// The room in which something was said last comes first.
    Active,
    Name,
}

/// A place in a list: the time or the name of a room, and its id.
#[derive(Clone)]
enum Place {
    Active(i64, RoomId),
    Name(String, RoomId),
}

impl Order {
    fn of(query: &RoomQuery) -> Self {
        if query.search.is_some() { Self::Name } else { Self::Active }
    }

    fn parse(self, text: &str) -> Option<Place> {
        let (id, rest) = text.split_once('~')?;
        let id = RoomId::parse(id)?;
        Some(match self {
            Self::Active => Place::Active(rest.parse().ok()?, id),
            Self::Name => Place::Name(name_of(rest)?, id),
        })
    }

    fn place(self, room: &Room) -> Place {
        match self {
            Self::Active => Place::Active(room.active_at().millis(), room.id),
            Self::Name => Place::Name(name_key(&room.name), room.id),
        }
    }

    fn cursor(self, room: &Room) -> String {
        match self.place(room) {
            Place::Active(at, id) => format!("{id}~{at}"),
            Place::Name(name, id) => format!("{id}~{}", digits_of(&name)),
        }
    }

    /// Sorts rooms of several indexes as each of them is, or the other way round.
    fn sort(self, rooms: &mut [Room], backwards: bool) {
        match self {
            Self::Active => newest_first(rooms),
            Self::Name => rooms.sort_by_cached_key(|room| (name_key(&room.name), room.id)),
        }
        if backwards {
            rooms.reverse();
        }
    }
}

/// The cursor of a room in lists that begin with the room in which something was said last.
pub fn room_cursor(room: &Room) -> String {
    Order::Active.cursor(room)
}

impl Paged for RoomQuery {
    fn is_cursor(&self, text: &str, _: bool) -> bool {
        Order::of(self).parse(text).is_some()
    }
}

/// A list that is being read.
struct Listed<'a> {
    apps: Vec<AppId>,
    kinds: &'a [RoomKind],
    query: &'a RoomQuery,
    order: Order,
    now: Timestamp,
    writing: Writing,
}

impl Listed<'_> {
    /// What every room of the list is, after its app and kind.
    fn push_asked(&self, sql: &mut Sql) {
        let query = self.query;
        sql.push(if query.archived { " AND archived_at <> 0" } else { " AND archived_at = 0" });
        match query.status {
            None => {}
            Some(RoomStatus::Pending) => {
                sql.push(" AND closed_at = 0 AND opens_at > ").bind(self.now);
                sql.push(" AND ends_at > ").bind(self.now);
            }
            Some(RoomStatus::Open) => {
                sql.push(" AND closed_at = 0 AND opens_at <= ").bind(self.now);
                sql.push(" AND ends_at > ").bind(self.now);
            }
            Some(RoomStatus::Ended) => {
                sql.push(" AND (closed_at <> 0 OR ends_at <= ").bind(self.now).push(")");
            }
        }
        let Some(search) = &query.search else { return };
        if let Some(id) = RoomId::parse(search) {
            sql.push(" AND id = ").bind(id.as_str());
            return;
        }
        let begins = name_key(search);
        sql.push(" AND name_key >= ").bind(&*begins);
        if let Some(end) = prefix_upper_bound(&begins) {
            sql.push(" AND name_key < ").bind(end);
        }
    }

    /// Names the index that a part is a range of. That of an id is found by itself.
    fn push_index(&self, sql: &mut Sql) {
        match &self.query.search {
            Some(search) if RoomId::parse(search).is_some() => {}
            Some(_) => self.writing.push_index(sql, "room_name"),
            None if self.query.archived => self.writing.push_index(sql, "room_archived"),
            None => self.writing.push_index(sql, "room_active"),
        }
    }

    /// One part for each app and kind, which is a range of its own in the index, joined by `UNION ALL`.
    fn push_parts(&self, sql: &mut Sql, columns: &'static str, mut rest: impl FnMut(&mut Sql)) {
        let mut first = true;
        for app in &self.apps {
            for kind in self.kinds {
                sql.push(if first { "SELECT * FROM (SELECT " } else { " UNION ALL SELECT * FROM (SELECT " });
                sql.push(columns).push(" FROM ");
                if let Some(contact) = &self.query.contact {
                    // A contact is in few rooms, so it begins with those. SQLite keeps the order of a cross join.
                    sql.push("participant CROSS JOIN room WHERE contact_id <> '' AND left_at = 0 AND contact_id = ");
                    sql.bind(contact.as_str()).push(" AND room.id = participant.room_id AND app_id = ");
                } else {
                    sql.push("room");
                    self.push_index(sql);
                    sql.push(" WHERE app_id = ");
                }
                sql.bind(app.as_str()).push(" AND kind = ").bind(kind.as_str());
                self.push_asked(sql);
                rest(sql);
                sql.push(") AS part");
                first = false;
            }
        }
    }

    async fn count(&self, conn: &mut Conn<'_>) -> Result<Capped, StoreError> {
        if self.apps.is_empty() {
            return Ok(Capped::at(COUNT_CAP, 0));
        }
        let most = i64::from(COUNT_CAP) + 1;
        let mut sql = Sql::new("SELECT count(*) FROM (SELECT * FROM (");
        self.push_parts(&mut sql, "1 AS one", |sql| {
            sql.push(" LIMIT ").bind(most);
        });
        sql.push(") AS parts LIMIT ").bind(most).push(") AS counted");
        let (count,): (i64,) = conn.fetch_one(sql).await?;
        Ok(Capped::at(COUNT_CAP, count.unsigned_abs()))
    }
}

impl List for Listed<'_> {
    type Row = Room;
    type Place = Place;

    async fn beside(
        &self,
        conn: &mut Conn<'_>,
        at: Option<Place>,
        backwards: bool,
        limit: usize,
    ) -> Result<Vec<Room>, StoreError> {
        if self.apps.is_empty() {
            return Ok(Vec::new());
        }
        // The newest come first, so going back leads to larger times.
        let ascending = (self.order == Order::Name) != backwards;
        let mut sql = Sql::default();
        self.push_parts(&mut sql, COLUMNS, |sql| {
            if let Some(at) = &at {
                let (before, args): (_, [Arg; 2]) = match at {
                    Place::Active(at, id) => (" AND (active_at, id) ", [(*at).into(), id.as_str().into()]),
                    Place::Name(name, id) => (" AND (name_key, id) ", [name.as_str().into(), id.as_str().into()]),
                };
                sql.push(before).push(if ascending { "> " } else { "< " }).row(true, args);
            }
            // No index is in the order of a term, so the rooms of a contact are read first, then sorted.
            sql.push(match (self.order, ascending, self.query.contact.is_some()) {
                (Order::Active, true, false) => " ORDER BY active_at, id LIMIT ",
                (Order::Active, false, false) => " ORDER BY active_at DESC, id DESC LIMIT ",
                (Order::Active, true, true) => " ORDER BY active_at + 0, id LIMIT ",
                (Order::Active, false, true) => " ORDER BY active_at + 0 DESC, id DESC LIMIT ",
                (Order::Name, true, false) => " ORDER BY name_key, id LIMIT ",
                (Order::Name, false, false) => " ORDER BY name_key DESC, id DESC LIMIT ",
                (Order::Name, true, true) => " ORDER BY name_key || '', id LIMIT ",
                (Order::Name, false, true) => " ORDER BY name_key || '' DESC, id DESC LIMIT ",
            });
            sql.bind(i64::try_from(limit).unwrap_or(i64::MAX));
        });
        let rows = conn.fetch_all::<Stored>(sql).await?;
        let mut rooms = rows.into_iter().map(Room::try_from).collect::<Result<Vec<_>, _>>()?;
        self.order.sort(&mut rooms, backwards);
        rooms.truncate(limit);
        Ok(rooms)
    }

    fn place(&self, room: &Room) -> Option<Place> {
        Some(self.order.place(room))
    }

    fn cursor(&self, room: &Room) -> String {
        self.order.cursor(room)
    }
}

async fn list_rooms(
    conn: &mut Conn<'_>,
    apps: &Scope<AppId>,
    query: &RoomQuery,
    now: Timestamp,
) -> Result<Page<Room>, StoreError> {
    let kinds: &[RoomKind] = if query.kinds.is_empty() { RoomKind::ALL } else { &query.kinds };
    let order = Order::of(query);
    let list = Listed { apps: app_ids(conn, apps).await?, kinds, query, order, now, writing: conn.writing() };
    let size = usize::try_from(query.rows.clamp(1, ROWS_MAX)).unwrap_or(1);
    let parse = |text: &Option<String>| text.as_deref().and_then(|text| order.parse(text));
    let asked = (parse(&query.after), parse(&query.before));
    let Walked { rows, next, previous } = walk(conn, &list, size, asked).await?;
    let total = list.count(conn).await?;
    Ok(Page { rows, next, previous, total })
}
