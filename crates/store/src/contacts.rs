//! Contacts, whom an app's chats are between.

use domain::contact::{Contact, ContactKind, ContactQuery, ContactStatus, NewContact};
use domain::ids::{AppId, AttachmentId, ContactId, RoomId};
use domain::page::{COUNT_CAP, Capped, Page};
use domain::text::{name_key, prefix_upper_bound};
use domain::timestamp::Timestamp;
use sqlx_macros::FromRow;

use crate::conn::Conn;
use crate::cursors::{Paged, digits_of, name_of};
use crate::error::StoreError;
use crate::readable::readable;
use crate::sql::{Arg, Sql, pieces};
use crate::store::Tx;
use crate::walk::{List, Walked, walk};

reads! {
    /// The contact with this id.
    contact_by_id(id: &ContactId) -> Option<Contact>;
    /// The contact of an app with this identifier.
    contact_by_identifier(app: &AppId, identifier: &str) -> Option<Contact>;
    /// The contact of an app with this e-mail, in the form that identifies its owner.
    contact_by_email(app: &AppId, email: &str) -> Option<Contact>;
    /// Those of these contacts that there are, in any order.
    contacts_by_id(ids: &[ContactId]) -> Vec<Contact>;
    /// A page of the contacts of an app that are asked for, by name. An invalid cursor gives the first page.
    list_contacts(app: &AppId, query: &ContactQuery) -> Page<Contact>;
    /// Contacts of an app that take part, of one kind or of any, behind this id: at most `limit`, by id.
    contacts_after(app: &AppId, kind: Option<ContactKind>, after: Option<&ContactId>, limit: u32) -> Vec<Contact>;
    /// Whether an app has any contact.
    has_contacts(app: &AppId) -> bool;
}

const CONTACT: &str = "SELECT c.id, c.app_id, c.identifier, c.email, c.first_name, c.last_name, c.name_key, c.kind, \
     c.is_admin, c.status, c.avatar, c.butler, c.profile, c.created_at FROM contact c ";

#[derive(FromRow)]
struct Stored {
    id: String,
    app_id: String,
    identifier: Option<String>,
    email: Option<String>,
    first_name: String,
    last_name: String,
    name_key: String,
    kind: String,
    is_admin: i64,
    status: String,
    avatar: String,
    butler: String,
    profile: String,
    created_at: i64,
}

impl TryFrom<Stored> for Contact {
    type Error = StoreError;

    fn try_from(row: Stored) -> Result<Self, StoreError> {
        Ok(Self {
            id: ContactId::parse(&row.id).ok_or_else(|| StoreError::corrupt("a contact's id"))?,
            app_id: AppId::parse(&row.app_id).ok_or_else(|| StoreError::corrupt("a contact's app"))?,
            identifier: row.identifier,
            email: row.email,
            first_name: row.first_name,
            last_name: row.last_name,
            kind: ContactKind::parse(&row.kind).ok_or_else(|| StoreError::corrupt("a contact's kind"))?,
            is_admin: row.is_admin != 0,
            status: ContactStatus::parse(&row.status).ok_or_else(|| StoreError::corrupt("a contact's status"))?,
            avatar: AttachmentId::parse(&row.avatar),
            butler: RoomId::parse(&row.butler),
            profile: row.profile,
            created_at: Timestamp::from_millis(row.created_at),
        })
    }
}

async fn one(conn: &mut Conn<'_>, sql: Sql) -> Result<Option<Contact>, StoreError> {
    conn.fetch_optional::<Stored>(sql).await?.map(Contact::try_from).transpose()
}

async fn contact_by_id(conn: &mut Conn<'_>, id: &ContactId) -> Result<Option<Contact>, StoreError> {
    let mut sql = Sql::new(CONTACT);
    sql.push("WHERE c.id = ").bind(id.as_str());
    one(conn, sql).await
}

async fn contact_by_identifier(
    conn: &mut Conn<'_>,
    app: &AppId,
    identifier: &str,
) -> Result<Option<Contact>, StoreError> {
    let mut sql = Sql::new(CONTACT);
    sql.push("WHERE c.app_id = ").bind(app.as_str()).push(" AND c.identifier = ").bind(identifier);
    one(conn, sql).await
}

async fn contact_by_email(conn: &mut Conn<'_>, app: &AppId, email: &str) -> Result<Option<Contact>, StoreError> {
    let mut sql = Sql::new(CONTACT);
    sql.push("WHERE c.app_id = ").bind(app.as_str()).push(" AND c.email = ").bind(email);
    one(conn, sql).await
}

async fn contacts_by_id(conn: &mut Conn<'_>, ids: &[ContactId]) -> Result<Vec<Contact>, StoreError> {
    let mut found = Vec::with_capacity(ids.len());
    for piece in pieces(ids) {
        let mut sql = Sql::new(CONTACT);
        sql.push("WHERE c.id IN (").list(piece.iter().map(ContactId::as_str)).push(")");
        found.extend(readable::<Stored, Contact>(conn.fetch_all(sql).await?));
    }
    Ok(found)
}

async fn contacts_after(
    conn: &mut Conn<'_>,
    app: &AppId,
    kind: Option<ContactKind>,
    after: Option<&ContactId>,
    limit: u32,
) -> Result<Vec<Contact>, StoreError> {
    let mut sql = Sql::new(CONTACT);
    sql.push("WHERE c.id > ").bind(after.map_or("", ContactId::as_str)).push(" AND c.app_id = ").bind(app.as_str());
    if let Some(kind) = kind {
        sql.push(" AND c.kind = ").bind(kind.as_str());
    }
    sql.push(" AND c.status <> ").bind(ContactStatus::Inactive.as_str());
    sql.push(" ORDER BY c.id LIMIT ").bind(i64::from(limit));
    Ok(readable(conn.fetch_all::<Stored>(sql).await?))
}

async fn has_contacts(conn: &mut Conn<'_>, app: &AppId) -> Result<bool, StoreError> {
    let sql = Sql::new("SELECT id FROM contact WHERE app_id = $1 LIMIT 1").arg(app.as_str());
    Ok(conn.fetch_optional::<(String,)>(sql).await?.is_some())
}

/// The texts that begin like this one, in a column whose name stands before.
fn push_beginning(sql: &mut Sql, column: &'static str, begins: &str) {
    sql.push(column).push(" >= ").bind(begins);
    if let Some(end) = prefix_upper_bound(begins) {
        sql.push(" AND ").push(column).push(" < ").bind(end);
    }
}

fn push_asked(sql: &mut Sql, app: &AppId, query: &ContactQuery) {
    sql.push("WHERE c.app_id = ").bind(app.as_str());
    if let Some(kind) = query.kind {
        sql.push(" AND c.kind = ").bind(kind.as_str());
    }
    if let Some(status) = query.status {
        sql.push(" AND c.status = ").bind(status.as_str());
    }
    if !query.only.is_empty() {
        sql.push(" AND c.id IN (").list(query.only.iter().map(ContactId::as_str)).push(")");
    }
    let Some(search) = &query.search else { return };
    let begins = name_key(search);
    // Each of them is a range of an index.
    for (n, (column, begins)) in
        [("c.name_key", &*begins), ("c.last_key", &*begins), ("c.email", &*begins), ("c.identifier", search.trim())]
            .into_iter()
            .enumerate()
    {
        sql.push(if n == 0 { " AND ((" } else { " OR (" });
        push_beginning(sql, column, begins);
        sql.push(")");
    }
    sql.push(")");
}

/// The place of a contact in a list: its id, and the form of its name.
fn place(row: &Stored) -> String {
    format!("{}~{}", row.id, digits_of(&row.name_key))
}

fn cursor(text: &str) -> Option<[Arg; 2]> {
    let (id, name) = text.split_once('~')?;
    Some([name_of(name)?.into(), ContactId::parse(id)?.as_str().into()])
}

impl Paged for ContactQuery {
    fn is_cursor(&self, text: &str, _: bool) -> bool {
        cursor(text).is_some()
    }
}

/// The contacts of an app that somebody asks for.
struct Listed<'a> {
    app: &'a AppId,
    query: &'a ContactQuery,
}

impl List for Listed<'_> {
    type Row = Stored;
    type Place = [Arg; 2];

    async fn beside(
        &self,
        conn: &mut Conn<'_>,
        at: Option<[Arg; 2]>,
        backwards: bool,
        limit: usize,
    ) -> Result<Vec<Stored>, StoreError> {
        let Self { app, query } = *self;
        let mut sql = Sql::default();
        if query.search.is_some() {
            // Few match, and reading in the order of the list would pass all the others.
            sql.push("WITH found AS MATERIALIZED (SELECT c.id FROM contact c ");
            push_asked(&mut sql, app, query);
            sql.push(") ").push(CONTACT).push("JOIN found ON found.id = c.id WHERE 1 = 1");
        } else {
            sql.push(CONTACT);
            push_asked(&mut sql, app, query);
        }
        if let Some(at) = at {
            let side = if backwards { " AND (c.name_key, c.id) < " } else { " AND (c.name_key, c.id) > " };
            sql.push(side).row(true, at);
        }
        sql.push(if backwards {
            " ORDER BY c.name_key DESC, c.id DESC LIMIT "
        } else {
            " ORDER BY c.name_key, c.id LIMIT "
        });
        sql.bind(i64::try_from(limit).unwrap_or(i64::MAX));
        conn.fetch_all(sql).await
    }

    fn place(&self, row: &Stored) -> Option<[Arg; 2]> {
        cursor(&place(row))
    }

    fn cursor(&self, row: &Stored) -> String {
        place(row)
    }
}

async fn list_contacts(conn: &mut Conn<'_>, app: &AppId, query: &ContactQuery) -> Result<Page<Contact>, StoreError> {
    let size = usize::try_from(query.rows.count()).unwrap_or(usize::MAX);
    let parse = |text: &Option<String>| text.as_deref().and_then(cursor);
    let asked = (parse(&query.after), parse(&query.before));
    let Walked { rows, next, previous } = walk(conn, &Listed { app, query }, size, asked).await?;
    let mut sql = Sql::new("SELECT count(*) FROM (SELECT c.id FROM contact c ");
    push_asked(&mut sql, app, query);
    sql.push(" LIMIT ").bind(i64::from(COUNT_CAP) + 1).push(") AS counted");
    let (count,): (i64,) = conn.fetch_one(sql).await?;
    let rows = readable(rows);
    Ok(Page { rows, next, previous, total: Capped::at(COUNT_CAP, count.unsigned_abs()) })
}

impl Tx {
    /// Adds a contact; `Conflict(ContactIdentifier)` or `Conflict(ContactEmail)` if another of the app has the same.
    pub async fn insert_contact(&mut self, contact: &Contact) -> Result<(), StoreError> {
        let sql = Sql::new(
            "INSERT INTO contact (id, app_id, identifier, email, first_name, last_name, name_key, last_key, kind, is_admin, \
             status, avatar, butler, profile, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, \
             $14, $15)",
        )
        .arg(contact.id.as_str())
        .arg(contact.app_id.as_str())
        .arg(contact.identifier.clone())
        .arg(contact.email.clone())
        .arg(&*contact.first_name)
        .arg(&*contact.last_name)
        .arg(name_key(&contact.name()))
        .arg(name_key(&contact.last_name))
        .arg(contact.kind.as_str())
        .arg(i64::from(contact.is_admin))
        .arg(contact.status.as_str())
        .arg(contact.avatar.as_ref().map_or("", AttachmentId::as_str))
        .arg(contact.butler.as_ref().map_or("", RoomId::as_str))
        .arg(&*contact.profile)
        .arg(contact.created_at);
        self.conn().execute(sql).await?;
        Ok(())
    }

    /// Changes what people say about a contact, and returns whether there is one; conflicts as in `insert_contact`.
    pub async fn update_contact(&mut self, id: &ContactId, new: &NewContact) -> Result<bool, StoreError> {
        let sql = Sql::new(
            "UPDATE contact SET identifier = $2, email = $3, first_name = $4, last_name = $5, name_key = $6, last_key = $7, \
             kind = $8, is_admin = $9 WHERE id = $1",
        )
        .arg(id.as_str())
        .arg(new.identifier.clone())
        .arg(new.email.clone())
        .arg(&*new.first_name)
        .arg(&*new.last_name)
        .arg(name_key(&new.name()))
        .arg(name_key(&new.last_name))
        .arg(new.kind.as_str())
        .arg(i64::from(new.is_admin));
        Ok(self.conn().execute(sql).await? == 1)
    }

    /// Gives a contact this status, and returns whether it had another.
    pub async fn set_contact_status(&mut self, id: &ContactId, status: ContactStatus) -> Result<bool, StoreError> {
        let sql = Sql::new("UPDATE contact SET status = $2 WHERE id = $1 AND status <> $2");
        Ok(self.conn().execute(sql.arg(id.as_str()).arg(status.as_str())).await? == 1)
    }

    /// Gives a contact a picture, or takes it away.
    pub async fn set_contact_avatar(
        &mut self,
        id: &ContactId,
        avatar: Option<&AttachmentId>,
    ) -> Result<(), StoreError> {
        let sql = Sql::new("UPDATE contact SET avatar = $2 WHERE id = $1").arg(id.as_str());
        self.conn().execute(sql.arg(avatar.map_or("", AttachmentId::as_str))).await?;
        Ok(())
    }

    /// Notes the chat of a contact with the butler, and returns whether there was none.
    pub async fn set_contact_butler(&mut self, id: &ContactId, room: &RoomId) -> Result<bool, StoreError> {
        let sql = Sql::new("UPDATE contact SET butler = $2 WHERE id = $1 AND butler = ''");
        Ok(self.conn().execute(sql.arg(id.as_str()).arg(room.as_str())).await? == 1)
    }

    /// Keeps this about a contact, in place of what was kept.
    pub async fn set_contact_profile(&mut self, id: &ContactId, profile: &str) -> Result<(), StoreError> {
        let sql = Sql::new("UPDATE contact SET profile = $2 WHERE id = $1").arg(id.as_str()).arg(profile);
        self.conn().execute(sql).await?;
        Ok(())
    }

    /// Removes a contact, and returns whether there was one.
    pub async fn delete_contact(&mut self, id: &ContactId) -> Result<bool, StoreError> {
        Ok(self.conn().execute(Sql::new("DELETE FROM contact WHERE id = $1").arg(id.as_str())).await? == 1)
    }
}
