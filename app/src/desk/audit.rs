//! The audit, a page at a time.

use domain::audit::AuditRow;
use domain::audit_query::{AuditQuery, DayEvents};
use domain::field::Field;
use domain::grant::{self, KeyGrant};
use domain::ids::{KeyId, PersonId};
use domain::page::Page;
use domain::role::Act;
use domain::text::joined;
use service::Caller;

use super::context::Desk;
use crate::error::ConsoleError;

/// The page of the audit that was asked for.
pub async fn read_audit(query: &AuditQuery) -> Result<Page<AuditRow>, ConsoleError> {
    let desk = Desk::from_context()?;
    let mut page = desk.service().audit(&looking(&desk, query).await?, query).await?;
    name_keys(&desk, &mut page.rows).await?;
    Ok(page)
}

/// Names the keys of guests, which the record has by their ids, as far as the visitor may see them.
async fn name_keys(desk: &Desk, rows: &mut [AuditRow]) -> Result<(), ConsoleError> {
    let mut told: Vec<_> = of_guests(rows).collect();
    let ids: Vec<_> = told.iter().flat_map(|(_, grants)| grants).map(|grant| grant.key).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let keys = desk.service().some_keys(&desk.caller()?, &ids).await?;
    let names: Vec<_> = keys.into_iter().map(|key| (key.id, key.name)).collect();
    for (value, grants) in &mut told {
        **value = in_words(grants, &names);
    }
    Ok(())
}

/// The values that are keys of a guest, as text and as what it means.
fn of_guests(rows: &mut [AuditRow]) -> impl Iterator<Item = (&mut String, Vec<KeyGrant>)> {
    let changes = rows.iter_mut().flat_map(|row| &mut row.changes);
    let of_keys = changes.filter(|change| change.field == Field::Keys.as_str());
    let values = of_keys.flat_map(|change| change.from.iter_mut().chain(&mut change.to));
    values.filter_map(|value| grant::from_record(value).map(|grants| (value, grants)))
}

/// `Billing (See, Rotate); 7Qm2xVbN4tRa (See)`.
fn in_words(grants: &[KeyGrant], names: &[(KeyId, String)]) -> String {
    let words = grants.iter().map(|grant| {
        let name = names.iter().find(|(id, _)| *id == grant.key).map_or(grant.key.as_str(), |(_, name)| name.as_str());
        format!("{name} ({})", joined(grant.acts.iter().map(|act| act.label())))
    });
    words.collect::<Vec<_>>().join("; ")
}

/// The visitor, who looks at the chosen app alone, unless they ask about one key or person.
pub(super) async fn looking(desk: &Desk, query: &AuditQuery) -> Result<Caller, ConsoleError> {
    let caller = desk.caller()?;
    if query.key.is_some() || query.person_id.is_some() { Ok(caller) } else { Ok(desk.apps().await?.narrowed(caller)) }
}

/// What the visitor knows a person by: their e-mail, or the id of somebody whom they do not see or who is gone.
pub async fn name_of(person: &PersonId) -> Result<String, ConsoleError> {
    let desk = Desk::from_context()?;
    let caller = desk.caller()?;
    if caller.rights().may(Act::SeePeople)
        && let Ok(seen) = desk.service().person(&caller, person).await
    {
        return Ok(seen.person.email);
    }
    Ok(person.to_string())
}

/// How many of these events there were on each day of the strip.
pub async fn read_days(query: &AuditQuery) -> Result<Vec<DayEvents>, ConsoleError> {
    let desk = Desk::from_context()?;
    Ok(desk.service().audit_days(&looking(&desk, query).await?, query).await?)
}

#[cfg(test)]
mod tests {
    use domain::audit::{Action, ActorKind, Change, Subject, SubjectKind};
    use domain::grant::KeyAct;
    use domain::names::Word;
    use domain::timestamp::Timestamp;

    use super::*;

    #[test]
    fn keys_of_a_guest_are_named_if_they_are_seen() {
        let (seen, hidden) = (KeyId::from_random([7; 16]), KeyId::from_random([9; 16]));
        let grants = [KeyGrant::new(seen, &[KeyAct::Rotate]), KeyGrant::new(hidden, &[])];
        let change = |field: Field, to: Option<String>| Change { field: field.as_str().to_owned(), from: None, to };
        let name = change(Field::PersonName, grant::to_record(&grants));
        let mut rows = [AuditRow {
            seq: 1,
            at: Timestamp::from_millis(0),
            actor_kind: Word::Known(ActorKind::System),
            actor_label: String::new(),
            action: Word::Known(Action::PersonKeysChanged),
            subject: Subject {
                kind: Word::Known(SubjectKind::Person),
                id: String::new(),
                label: String::new(),
                key_kind: None,
            },
            changes: vec![name.clone(), change(Field::Keys, grant::to_record(&grants))],
            note: None,
            address: None,
        }];
        for (value, grants) in of_guests(&mut rows) {
            *value = in_words(&grants, &[(seen, "Billing export".to_owned())]);
        }
        let [row] = rows;
        let expected = format!("Billing export (See, Rotate); {hidden} (See)");
        assert_eq!(row.changes, [name, change(Field::Keys, Some(expected))]);
    }
}
