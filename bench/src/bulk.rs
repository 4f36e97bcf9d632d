//! Adds millions of keys directly to the store. Their secrets are known, so that calls can ask about any of them.

use anyhow::Result;
use domain::audit::Actor;
use domain::environment::Environment;
use domain::ids::{AppId, KeyId};
use domain::key::KeyState;
use domain::kind::KeyKind;
use domain::rules::KeyRules;
use domain::spec::KeySpec;
use domain::text::name_key;
use domain::timestamp::{Millis, Timestamp};
use service::clock::{Clock, SystemClock};
use store::{KeyUse, LastUsed, NewKey, Store, StoreError};

use crate::names::{self, Chance};
use crate::restrictions::Rules;
use crate::secrets::Pepper;

/// Keys added in one transaction. They were issued one after the other, and are sorted by name in
/// it: each index then grows in few places at a time, which is ten times faster.
const BATCH: usize = 50_000;

const TWO_YEARS: i64 = 2 * 365 * 86_400_000;

/// One key in this many is remembered as a position in the lists.
const MARKED: u32 = 97;

/// A place in the lists.
#[derive(Debug, Clone)]
pub(crate) struct Mark {
    pub id: String,
    pub name_key: String,
    pub created_at: i64,
}

/// What is remembered of the keys.
#[derive(Debug, Default)]
pub(crate) struct Filled {
    /// Some places in the lists.
    pub marks: Vec<Mark>,
    /// The name of one of the keys.
    pub one: String,
    /// Tokens of service keys that pass, in random order.
    pub passing: Vec<String>,
    /// Those of them with a restriction of each sort, in the same order.
    pub restricted: Vec<String>,
}

/// A key of the next batch.
struct Made {
    key: NewKey,
    token: String,
}

/// The keys to add.
pub(crate) struct Bulk {
    /// The app that owns them, and others that do too.
    app: AppId,
    others: Vec<AppId>,
    keys: u32,
    /// How many of them have a name that begins alike.
    common: u32,
    now: Timestamp,
    chance: Chance,
    rules: Rules,
    pepper: Pepper,
}

impl Bulk {
    pub fn new(app: AppId, others: Vec<AppId>, keys: u32, common: u32, pepper: Pepper) -> Result<Self> {
        let chance = Chance::new(u64::from(keys));
        Ok(Self {
            app,
            others,
            keys,
            common,
            now: SystemClock::default().now(),
            chance,
            rules: Rules::parse()?,
            pepper,
        })
    }

    /// Adds them.
    pub async fn fill(mut self, store: &Store) -> Result<Filled> {
        let mut ids: Vec<KeyId> = (0..self.keys).map(|_| KeyId::from_random(self.chance.bytes())).collect();
        ids.sort_unstable();
        let mut filled = Filled::default();
        // Places behind the tokens say whether the key is restricted.
        let mut passing: Vec<(String, bool)> = Vec::new();
        let mut number = 0;
        for ids in ids.chunks(BATCH) {
            let mut made = Vec::with_capacity(ids.len());
            for id in ids {
                let one = self.key(number, *id);
                if number.is_multiple_of(MARKED) {
                    filled.marks.push(Mark {
                        id: one.key.id.as_str().to_owned(),
                        name_key: name_key(&one.key.spec.name),
                        created_at: one.key.created_at.millis(),
                    });
                }
                filled.one.clone_from(&one.key.spec.name);
                made.push(one);
                number += 1;
            }
            made.sort_unstable_by(|a, b| a.key.spec.name.cmp(&b.key.spec.name));
            let (mut keys, mut states) = (Vec::with_capacity(made.len()), Vec::new());
            for Made { key, token } in made {
                match self.state() {
                    KeyState::Active if self.passes(&key.spec) => {
                        passing.push((token, !key.spec.rules.limits.is_empty()));
                    }
                    KeyState::Active => {}
                    state => states.push((key.id, state)),
                }
                keys.push(key);
            }
            let used = self.used(&keys);
            store
                .write(async |tx| {
                    tx.insert_keys(&keys).await?;
                    tx.show_last_uses(&used).await?;
                    for (id, state) in &states {
                        tx.set_key_state(id, KeyState::Active, *state, None).await?;
                    }
                    Ok::<_, StoreError>(())
                })
                .await?;
        }
        self.chance.shuffle(&mut passing);
        let restricted = passing.iter().filter(|(_, restricted)| *restricted);
        filled.restricted = restricted.map(|(token, _)| token.clone()).collect();
        filled.passing = passing.into_iter().map(|(token, _)| token).collect();
        Ok(filled)
    }

    fn key(&mut self, number: u32, id: KeyId) -> Made {
        let kind = self.kind();
        let share = |number: u32| u64::from(number) * u64::from(self.common) / u64::from(self.keys);
        let common = share(number + 1) > share(number);
        let name = names::name(number, common, &mut self.chance);
        let mut spec = KeySpec {
            kind,
            name,
            description: String::new(),
            not_before: None,
            expires_at: None,
            rules: KeyRules::default(),
        };
        if kind == KeyKind::Service {
            self.rules.permit(&mut spec);
            if self.one_in(3) {
                self.rules.restrict(&mut spec);
            }
            if self.one_in(4) {
                // From half a year ago to half a year ahead: some have expired, some soon will.
                let ahead = Millis::minutes(i64::from(self.chance.below(365 * 1_440)));
                spec.expires_at = Some(self.now.plus(Millis::days(-182)).plus(ahead).whole_second());
            }
        }
        // Over two years, up to now.
        let age = TWO_YEARS / i64::from(self.keys) * i64::from(self.keys - number) + i64::from(self.chance.below(999));
        let place = self.chance.below(u32::try_from(self.others.len() + 1).unwrap_or(1));
        let app_id = self.others.get(place as usize).copied().unwrap_or(self.app);
        let token_prefix = kind.token_prefix("ks", Environment::Live);
        let (token, secret) = self.pepper.mint(&token_prefix, &id, &mut self.chance);
        let key = NewKey {
            id,
            app_id,
            spec,
            token_prefix,
            ack_deadline: None,
            form_id: None,
            created_by: Actor::CommandLine { user: "bench".to_owned() },
            created_at: self.now.plus(Millis(-age)),
            secret,
        };
        Made { key, token }
    }

    fn kind(&mut self) -> KeyKind {
        match self.chance.below(20) {
            0..14 => KeyKind::Service,
            14 | 15 => KeyKind::Client,
            16 => KeyKind::OpenConnect,
            17 => KeyKind::QueueAdapter,
            18 => KeyKind::Telephony,
            _ => KeyKind::MasterUser,
        }
    }

    fn one_in(&mut self, n: u32) -> bool {
        self.chance.below(n) == 0
    }

    /// Three in five have been used, in the last 30 days.
    fn used(&mut self, keys: &[NewKey]) -> Vec<LastUsed> {
        let mut used = Vec::new();
        for key in keys {
            if self.chance.below(5) < 3 {
                let age = i64::from(self.chance.below(30 * 86_400_000));
                let at = self.now.plus(Millis(-age));
                let newest = KeyUse { at, address: Some([203, 0, 113, 9].into()) };
                used.push(LastUsed { key_id: key.id, newest });
            }
        }
        used.sort_unstable_by_key(|used: &LastUsed| used.newest.at);
        used
    }

    /// One in fifty is disabled, one in fifty revoked.
    fn state(&mut self) -> KeyState {
        match self.chance.below(50) {
            0 => KeyState::Disabled,
            1 => KeyState::Revoked,
            _ => KeyState::Active,
        }
    }

    /// Whether the key passes for as long as the bench runs.
    fn passes(&self, spec: &KeySpec) -> bool {
        spec.kind == KeyKind::Service && spec.expires_at.is_none_or(|at| at > self.now.plus(Millis::days(1)))
    }
}
