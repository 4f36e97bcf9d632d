//! People beside the owner, added directly to the store.

use anyhow::Result;
use domain::ids::PersonId;
use domain::role::Role;
use domain::sight::Scope;
use domain::timestamp::Millis;
use service::clock::{Clock, SystemClock};
use store::{PersonRow, Store, StoreError};

use crate::names::Chance;

const FIRST: [&str; 8] = ["Ada", "Ben", "Chiara", "Deniz", "Emil", "Fatima", "Grace", "Hugo"];
const LAST: [&str; 8] = ["Adler", "Brandt", "Costa", "Demir", "Eriksen", "Fischer", "Gruber", "Horvat"];

/// The beginning of many names, a part of many others, and a part of none.
pub(crate) const COMMON: &str = "Ada";
pub(crate) const NOBODY: &str = "zzyzx";

/// The e-mail of the person with this number.
pub(crate) fn email(number: u32) -> String {
    format!("person{number:05}@example.com")
}

/// Adds so many: one in ten is an admin, one in ten an auditor, the others are guests. One in fifty is disabled.
pub(crate) async fn add(store: &Store, people: u32) -> Result<()> {
    let mut chance = Chance::new(u64::from(people));
    let now = SystemClock::default().now();
    let mut rows = Vec::new();
    for number in 0..people {
        let [.., a, b, c, d] = number.to_be_bytes();
        let name = format!("{} {} {number:05}", chance.one_of(&FIRST), chance.one_of(&LAST));
        let role = match chance.below(10) {
            0 => Role::Admin,
            1 => Role::Auditor,
            _ => Role::Guest,
        };
        rows.push(PersonRow {
            id: PersonId::from_random([a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 1]),
            email: email(number),
            name,
            role,
            // Nobody of them signs in.
            password_hash: "$argon2id$".to_owned(),
            created_at: now.plus(Millis::minutes(-i64::from(number))),
            disabled: chance.below(50) == 0,
            access_ends_at: None,
            apps: Scope::All,
        });
    }
    for rows in rows.chunks(1_000) {
        store
            .write(async |tx| {
                for person in rows {
                    tx.insert_person(person).await?;
                    tx.set_person_keys(&person.id, &person.name, person.email.as_bytes()).await?;
                    tx.set_signed_in(&person.id, person.created_at).await?;
                }
                Ok::<_, StoreError>(())
            })
            .await?;
    }
    Ok(())
}
