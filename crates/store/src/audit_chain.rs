//! The audit chain: the link of each event is a MAC over the previous link and the event's columns as stored.

use domain::audit::{Action, AuditEvent, SubjectKind, canonical};
use domain::field::Field;
use domain::kind::KeyKind;
use domain::text::name_key;
use sqlx_macros::FromRow;

use crate::error::StoreError;
use crate::sql::{Arg, Sql, pieces};
use crate::store::{Store, Tx};

/// The link before the first event.
const GENESIS: [u8; 32] = [0; 32];
/// Events per statement. Each has many columns, and SQLite's driver takes quadratic time to bind them.
const AT_ONCE: usize = 20;
/// How many events are read at a time.
const CHUNK: i64 = 1_000;

/// The form of the bytes that a new link covers. Form 1 lacks its own number and the key's kind. A later form appends
/// its columns, and old events keep their form.
const FORM: i64 = 2;

/// The result of checking the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChainCheck {
    /// Every event is as it was written.
    Intact {
        /// How many events there are.
        events: i64,
        /// The newest link, which covers all of them.
        link: [u8; 32],
    },
    /// An event was changed, removed or added without Keystead.
    Broken {
        /// The first number in the sequence that does not fit.
        seq: i64,
    },
    /// A later version wrote an event. This version cannot check it, or any event after it.
    Newer {
        /// Its place in the sequence.
        seq: i64,
    },
}

/// Gives the MAC of some bytes under a version of the audit key; `None` if there is no such version.
pub type ChainMac<'a> = dyn Fn(i64, &[u8]) -> Option<[u8; 32]> + Sync + 'a;

/// An event as stored, for the chain.
#[derive(Debug, FromRow)]
struct Event {
    seq: i64,
    at: i64,
    app_id: String,
    actor_kind: String,
    actor_id: String,
    actor_label: String,
    action: String,
    subject_kind: String,
    subject_id: String,
    subject_label: String,
    changes: String,
    note: String,
    address: String,
    key_version: i64,
    form: i64,
    key_kind: String,
    link: Vec<u8>,
}

impl Event {
    /// The columns of a new event, but for its link.
    fn new(event: &AuditEvent, seq: i64, key_version: i64) -> Result<Self, StoreError> {
        let changes = serde_json::to_string(&event.changes).map_err(|error| StoreError::Failed(error.to_string()))?;
        Ok(Self {
            seq,
            at: event.at.millis(),
            app_id: event.app_id.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default(),
            actor_kind: event.actor.kind_str().to_owned(),
            actor_id: event.actor.id().to_owned(),
            actor_label: event.actor.label(),
            action: event.action.as_str().to_owned(),
            subject_kind: event.subject.kind.as_str().to_owned(),
            subject_id: event.subject.id.clone(),
            subject_label: event.subject.label.clone(),
            changes,
            note: event.note.clone().unwrap_or_default(),
            address: event.address.map(|address| address.to_string()).unwrap_or_default(),
            key_version,
            form: FORM,
            key_kind: event.subject.key_kind.map(KeyKind::as_str).unwrap_or_default().to_owned(),
            link: Vec::new(),
        })
    }

    fn columns(self) -> [Arg; 17] {
        [
            self.seq.into(),
            self.at.into(),
            self.app_id.into(),
            self.actor_kind.into(),
            self.actor_id.into(),
            self.actor_label.into(),
            self.action.into(),
            self.subject_kind.into(),
            self.subject_id.into(),
            self.subject_label.into(),
            self.changes.into(),
            self.note.into(),
            self.address.into(),
            self.key_version.into(),
            self.form.into(),
            self.key_kind.into(),
            self.link.as_slice().into(),
        ]
    }

    /// The bytes that the MAC covers: `previous` and every column. `None` for a form that this version does not know.
    fn bytes(&self, previous: &[u8]) -> Option<Vec<u8>> {
        let (form, seq, at) = (self.form.to_be_bytes(), self.seq.to_be_bytes(), self.at.to_be_bytes());
        let key_version = self.key_version.to_be_bytes();
        let first: [&[u8]; 14] = [
            &seq,
            &at,
            self.app_id.as_bytes(),
            self.actor_kind.as_bytes(),
            self.actor_id.as_bytes(),
            self.actor_label.as_bytes(),
            self.action.as_bytes(),
            self.subject_kind.as_bytes(),
            self.subject_id.as_bytes(),
            self.subject_label.as_bytes(),
            self.changes.as_bytes(),
            self.note.as_bytes(),
            self.address.as_bytes(),
            &key_version,
        ];
        let columns = match self.form {
            1 => first.to_vec(),
            2 => [&[form.as_slice()], first.as_slice(), &[self.key_kind.as_bytes()]].concat(),
            _ => return None,
        };
        let mut bytes = previous.to_vec();
        bytes.extend(canonical(&columns));
        Some(bytes)
    }
}

/// Whether a key has its name from this event on.
fn names_a_key(event: &AuditEvent) -> bool {
    let is_new = event.action == Action::KeyIssued;
    event.subject.kind == SubjectKind::Key
        && (is_new || event.changes.iter().any(|change| change.field == Field::Name.as_str()))
}

impl Tx {
    /// Appends an event to the chain and returns its number. `mac` uses version `key_version` of the audit key.
    pub async fn record(
        &mut self,
        event: &AuditEvent,
        mac: &(dyn Fn(&[u8]) -> [u8; 32] + Sync),
        key_version: i64,
    ) -> Result<i64, StoreError> {
        self.record_all(std::slice::from_ref(event), mac, key_version).await
    }

    /// Appends events to the chain in this order, notes the names that keys got, and returns the number of the last one.
    pub async fn record_all(
        &mut self,
        events: &[AuditEvent],
        mac: &(dyn Fn(&[u8]) -> [u8; 32] + Sync),
        key_version: i64,
    ) -> Result<i64, StoreError> {
        let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
        let sql = Sql::new("UPDATE audit_head SET seq = seq + $1 RETURNING seq, link").arg(count);
        let (last, mut link): (i64, Vec<u8>) = self.conn().fetch_one(sql).await?;
        let mut seq = last - count;
        for piece in events.chunks(AT_ONCE).flat_map(pieces) {
            let mut sql = Sql::new(
                "INSERT INTO audit_event (seq, at, app_id, actor_kind, actor_id, actor_label, action, subject_kind, \
                 subject_id, subject_label, changes, note, address, key_version, form, key_kind, link) VALUES ",
            );
            for (n, event) in piece.iter().enumerate() {
                seq += 1;
                let mut row = Event::new(event, seq, key_version)?;
                let bytes = row.bytes(&link);
                let bytes = bytes.ok_or_else(|| StoreError::Failed("an event of no known form".to_owned()))?;
                link = mac(&bytes).to_vec();
                row.link.clone_from(&link);
                sql.row(n == 0, row.columns());
            }
            self.conn().execute(sql).await?;
        }
        self.conn().execute(Sql::new("UPDATE audit_head SET link = $1").arg(&*link)).await?;
        let named = events.iter().filter(|event| names_a_key(event));
        let rows: Vec<_> = named.map(|event| (name_key(&event.subject.label), event.subject.id.as_str())).collect();
        if !rows.is_empty() {
            let mut sql = Sql::new("INSERT INTO audit_name (name, key_id) SELECT value ->> 0, value ->> 1 FROM ");
            self.conn().push_rows(&mut sql, rows.into_iter())?;
            // Without a condition, SQLite takes what follows for part of the join.
            sql.push(" WHERE true ON CONFLICT (name, key_id) DO NOTHING");
            self.conn().execute(sql).await?;
        }
        Ok(last)
    }
}

impl Store {
    /// Checks the whole chain, in chunks. Events written during the check may or may not be included. After each chunk,
    /// `told` hears up to which event it is checked, and which is the last one.
    pub async fn verify_chain(
        &self,
        mac: &ChainMac<'_>,
        told: &(dyn Fn(i64, i64) + Sync),
    ) -> Result<ChainCheck, StoreError> {
        let mut reader = self.live_reader().await?;
        let sql = Sql::new(
            "SELECT seq, link, (SELECT min(seq) FROM audit_event), (SELECT max(seq) FROM audit_event) FROM audit_head",
        );
        let newest = reader.conn().fetch_optional::<(i64, Vec<u8>, Option<i64>, Option<i64>)>(sql).await?;
        // The first event is written together with the head, when the database is made.
        let Some((head, head_link, first, last)) = newest.filter(|(head, ..)| *head > 0) else {
            return Ok(ChainCheck::Broken { seq: 1 });
        };
        let mut link = GENESIS.to_vec();
        let mut seq = 0;
        while seq < head {
            let sql = Sql::new(
                "SELECT seq, at, app_id, actor_kind, actor_id, actor_label, action, subject_kind, subject_id, \
                 subject_label, changes, note, address, key_version, form, key_kind, link FROM audit_event \
                 WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3",
            );
            let events = reader.conn().fetch_all::<Event>(sql.arg(seq).arg(head).arg(CHUNK)).await?;
            if events.is_empty() {
                return Ok(ChainCheck::Broken { seq: seq + 1 });
            }
            for event in events {
                seq += 1;
                if event.seq != seq {
                    return Ok(ChainCheck::Broken { seq });
                }
                let Some(bytes) = event.bytes(&link) else { return Ok(ChainCheck::Newer { seq }) };
                if mac(event.key_version, &bytes).is_none_or(|mac| mac.as_slice() != event.link) {
                    return Ok(ChainCheck::Broken { seq });
                }
                link = event.link;
            }
            told(seq, head);
        }
        // Without the head, nobody would notice events that were cut off at the end.
        if link != head_link {
            return Ok(ChainCheck::Broken { seq: head });
        }
        let outside = first.filter(|first| *first < 1).or(last.filter(|last| *last > head));
        let link = link.try_into().map_err(|_| StoreError::corrupt("the newest link of the record"))?;
        Ok(outside.map_or(ChainCheck::Intact { events: head, link }, |seq| ChainCheck::Broken { seq }))
    }
}
