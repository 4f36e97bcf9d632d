//! Installations with as many keys as are wanted: the few that are asked about go through the
//! service, which knows their secrets; the rest goes straight into the store.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use domain::audit::Actor;
use domain::cidr::CidrRule;
use domain::draft::{KeyDraft, KeySpec};
use domain::ids::{AppId, KeyId};
use domain::key::KeyState;
use domain::kind::KeyKind;
use domain::origin::DomainRule;
use domain::permission::{self, Permission};
use domain::text::name_key;
use domain::timestamp::{Millis, Timestamp};
use secrecy::ExposeSecret;
use service::clock::{Clock, SystemClock};
use service::entropy::SystemEntropy;
use service::keys::Shown;
use service::passwords::Argon2id;
use service::root_key::RootKey;
use service::setup::NewPerson;
use service::{Caller, Service, Setup};
use store::{LastUsed, NewKey, NewSecret, Store, StoreError, UsageBatch};
use tempfile::TempDir;

use crate::names::{self, Chance};

/// Who signs in.
pub(crate) const EMAIL: &str = "owner@example.com";
pub(crate) const PASSWORD: &str = "violet-harbour-9-lanterns";

/// What restricts the keys that are asked about, and what is asked.
const CIDR: &str = "203.0.113.0/24";
const DOMAIN: &str = "*.example.com";
pub(crate) const PERMISSIONS: [&str; 2] = ["invoices.read", "invoices.write"];

/// How many keys are asked about; a tenth of a small installation.
const ASKED_ABOUT: u32 = 10_000;

/// Keys added in one transaction. They were issued one after the other, and are sorted by name in
/// it: each index then grows in few places at a time, which is ten times faster.
const BATCH: usize = 50_000;

const TWO_YEARS: i64 = 2 * 365 * 86_400_000;

/// One key in so many is remembered as a place in the lists.
const MARKED: u32 = 97;

/// A data folder with keys in it; removed when dropped.
#[derive(Debug)]
pub(crate) struct Installation {
    folder: TempDir,
    /// How many keys it has.
    pub keys: u32,
    /// A service key that may ask about others.
    pub verifier: String,
    /// The keys that are asked about.
    pub asked_about: Vec<String>,
    /// A name that one key has.
    pub one: String,
    /// The id of that key.
    pub id: String,
    /// Cursors of places in the middle of the list by name and by time of issue.
    pub deep: Deep,
}

/// Cursors, as the link "Next" of the page before them has them.
#[derive(Debug)]
pub(crate) struct Deep {
    pub by_name: String,
    pub by_created: String,
}

/// A place in the lists.
#[derive(Debug, Clone)]
struct Mark {
    id: String,
    name_key: String,
    created_at: i64,
}

impl Installation {
    /// Makes one with so many keys.
    pub async fn make(keys: u32) -> Result<Self> {
        ensure!(keys >= 1_000, "an installation has at least 1,000 keys");
        println!("Making an installation with {keys} keys");
        let begun = Instant::now();
        let private = Permissions::from_mode(0o700);
        let folder = tempfile::Builder::new().prefix("keystead-bench-").permissions(private).tempdir()?;
        let store = open(folder.path()).await?;
        let root_key = RootKey::load_or_create(&folder.path().join("root.key"), &SystemEntropy)?;
        let service = Service::start(Setup {
            store: store.clone(),
            root_key,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            hasher: Arc::new(Argon2id::new()?),
            token_prefix: "ks".to_owned(),
        })
        .await?;
        let caller = Caller::command_line("bench");
        let owner = NewPerson { name: "Owner".into(), email: EMAIL.into(), password: PASSWORD.into() };
        service.create_owner(&caller, owner).await?;

        let verifier = issue(&service, &caller, &verifier_draft()).await?;
        let mut asked_about = Vec::new();
        for number in 0..ASKED_ABOUT.min(keys / 10) {
            asked_about.push(issue(&service, &caller, &asked_about_draft(number)).await?);
        }
        let issued = u32::try_from(asked_about.len())? + 1;
        let bulk = Bulk::new(service.default_app().clone(), keys - issued, keys / 2);
        let (marks, one) = bulk.fill(&store).await?;
        let id = asked_about.first().and_then(|key| key.split('_').nth(1)).context("no key was issued")?.to_owned();
        drop(service);
        store.close().await;
        println!("  made in {:.1} s", begun.elapsed().as_secs_f64());
        Ok(Self { folder, keys, verifier, asked_about, one, id, deep: Deep::among(marks)? })
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Compares the calls that the stopped server has counted with those that were made: each has to
    /// have passed.
    pub async fn check_counts(&self, made: u64) -> Result<()> {
        let store = open(self.folder()).await?;
        let app = store.default_app().await?.context("there is no app")?;
        let calls = store.calls_since(&app.id, 0).await?;
        store.close().await;
        ensure!(calls.refused == 0, "{} verify calls were refused", calls.refused);
        ensure!(calls.accepted >= made, "{} of {made} verify calls were counted", calls.accepted);
        Ok(())
    }
}

async fn open(folder: &Path) -> Result<Store> {
    let file = folder.join("keystead.db");
    Ok(Store::open(&format!("sqlite://{}", file.display())).await?)
}

impl Deep {
    fn among(mut marks: Vec<Mark>) -> Result<Self> {
        let half = marks.len() / 2;
        marks.sort_by(|a, b| a.name_key.cmp(&b.name_key));
        let by_name = marks.get(half).context("no place was remembered")?.clone();
        marks.sort_by_key(|mark| mark.created_at);
        let by_created = marks.get(half).context("no place was remembered")?;
        Ok(Self {
            by_name: format!("{}~{}", by_name.id, by_name.name_key),
            by_created: format!("{}~{}", by_created.id, by_created.created_at),
        })
    }
}

async fn issue(service: &Service, caller: &Caller, draft: &KeyDraft) -> Result<String> {
    let issued = service.issue_acknowledged(caller, service.default_app(), draft).await?;
    match issued.shown {
        Shown::Token(token) => Ok(token.expose_secret().to_owned()),
        Shown::Pair { .. } => anyhow::bail!("a service key is shown as a token"),
    }
}

fn verifier_draft() -> KeyDraft {
    KeyDraft { boxes: vec![permission::VERIFY.to_owned()], ..draft("verifier") }
}

/// With a restriction of each sort.
fn asked_about_draft(number: u32) -> KeyDraft {
    KeyDraft {
        cidrs: Some(CIDR.to_owned()),
        domains: Some(DOMAIN.to_owned()),
        permissions: Some(PERMISSIONS.join("\n")),
        ..draft(&format!("hot key {number:05}"))
    }
}

fn draft(name: &str) -> KeyDraft {
    let kind = KeyKind::Service.as_str();
    KeyDraft { kind: Some(kind.to_owned()), name: Some(name.to_owned()), ..KeyDraft::default() }
}

/// Keys that nobody asks about: what they cost is what is measured.
struct Bulk {
    app: AppId,
    keys: u32,
    /// How many of them have a name that begins alike.
    common: u32,
    now: Timestamp,
    chance: Chance,
}

impl Bulk {
    fn new(app: AppId, keys: u32, common: u32) -> Self {
        Self { app, keys, common, now: SystemClock.now(), chance: Chance::new(u64::from(keys)) }
    }

    /// Adds them; some places in the lists, and the name of one of the keys.
    async fn fill(mut self, store: &Store) -> Result<(Vec<Mark>, String)> {
        let mut ids: Vec<KeyId> = (0..self.keys).map(|_| KeyId::from_random(self.chance.bytes())).collect();
        ids.sort_unstable();
        let (mut marks, mut one) = (Vec::new(), String::new());
        let mut number = 0;
        for ids in ids.chunks(BATCH) {
            let mut keys = Vec::with_capacity(ids.len());
            for id in ids {
                let key = self.key(number, id.clone())?;
                if number.is_multiple_of(MARKED) {
                    marks.push(Mark {
                        id: key.id.as_str().to_owned(),
                        name_key: name_key(&key.spec.name),
                        created_at: key.created_at.millis(),
                    });
                }
                one.clone_from(&key.spec.name);
                keys.push(key);
                number += 1;
            }
            keys.sort_unstable_by(|a, b| a.spec.name.cmp(&b.spec.name));
            let used = self.used(&keys);
            let switched = self.switched(&keys);
            store
                .write(async |tx| {
                    tx.insert_keys(&keys).await?;
                    tx.flush_usage(&UsageBatch { used, ..UsageBatch::default() }).await?;
                    for (id, state) in &switched {
                        tx.set_key_state(id, KeyState::Active, *state, None).await?;
                    }
                    Ok::<_, StoreError>(())
                })
                .await?;
        }
        Ok((marks, one))
    }

    fn key(&mut self, number: u32, id: KeyId) -> Result<NewKey> {
        let kind = self.kind();
        let share = |number: u32| u64::from(number) * u64::from(self.common) / u64::from(self.keys);
        let common = share(number + 1) > share(number);
        let name = names::name(number, common, &mut self.chance);
        let mut spec = KeySpec {
            kind,
            name,
            description: String::new(),
            cidrs: Vec::new(),
            domains: Vec::new(),
            permissions: Vec::new(),
            not_before: None,
            expires_at: None,
        };
        if kind == KeyKind::Service {
            spec.permissions = PERMISSIONS
                .iter()
                .map(|text| Permission::parse(text))
                .collect::<Result<_, _>>()
                .map_err(anyhow::Error::msg)?;
            if self.one_in(3) {
                spec.cidrs = vec![CidrRule::parse(CIDR).map_err(anyhow::Error::msg)?];
                spec.domains = vec![DomainRule::parse(DOMAIN).map_err(anyhow::Error::msg)?];
            }
            if self.one_in(4) {
                // From half a year ago to half a year ahead: some have expired, some soon will.
                let ahead = Millis::minutes(i64::from(self.chance.below(365 * 1_440)));
                spec.expires_at = Some(self.now.plus(Millis::days(-182)).plus(ahead).whole_second());
            }
        }
        // Over two years, up to now.
        let age = TWO_YEARS / i64::from(self.keys) * i64::from(self.keys - number) + i64::from(self.chance.below(999));
        let secret = [self.chance.bytes(), self.chance.bytes()].concat();
        Ok(NewKey {
            id,
            app_id: self.app.clone(),
            spec,
            token_prefix: kind.token_prefix("ks").to_owned(),
            ack_deadline: None,
            form_id: None,
            created_by: Actor::CommandLine { user: "bench".to_owned() },
            created_at: self.now.plus(Millis(-age)),
            secret: NewSecret { mac: secret, pepper_version: 1, last4: format!("{:04}", number % 10_000) },
        })
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
                used.push(LastUsed { key_id: key.id.clone(), at, address: Some([203, 0, 113, 9].into()) });
            }
        }
        used.sort_unstable_by_key(|used: &LastUsed| used.at);
        used
    }

    /// One in fifty is disabled, one in fifty revoked.
    fn switched(&mut self, keys: &[NewKey]) -> Vec<(KeyId, KeyState)> {
        let mut switched = Vec::new();
        for key in keys {
            match self.chance.below(50) {
                0 => switched.push((key.id.clone(), KeyState::Disabled)),
                1 => switched.push((key.id.clone(), KeyState::Revoked)),
                _ => {}
            }
        }
        switched
    }
}
