//! Installations with a given number of keys. Some keys go through the service, the rest directly into the store.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use domain::calls::Sum;
use domain::draft::KeyDraft;
use domain::permission::{self, AdminPermission};
use domain::role::Rights;
use domain::rotation::Overlap;
use domain::sight::Sight;
use domain::timestamp::Millis;
use domain::token::Token;
use domain::verdict::Code;
use secrecy::ExposeSecret;
use service::clock::SystemClock;
use service::entropy::{Entropy, SystemEntropy};
use service::keys::ShownSecret;
use service::passwords::Argon2id;
use service::root_key::RootKey;
use service::setup::NewPerson;
use service::{Caller, Service, Setup};
use store::Store;
use tempfile::TempDir;
use testkit::TestDatabase;

use crate::bulk::{Bulk, Mark};
use crate::people;
use crate::restrictions;
use crate::secrets::{Pepper, Remembering};

/// Who signs in.
pub(crate) const EMAIL: &str = "owner@example.com";
pub(crate) const PASSWORD: &str = "violet-harbour-9-lanterns";

/// How many keys the hot calls ask about; a tenth of a small installation.
const ASKED_ABOUT: u32 = 10_000;

/// How many keys with two secrets there are.
const ROTATED: u32 = 1_000;

/// How large an installation is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub keys: u32,
    /// Among how many apps most of the keys are spread.
    pub apps: u32,
    /// People beside the owner.
    pub people: u32,
}

impl Size {
    /// All keys in one app, and nobody but the owner.
    pub const fn of_keys(keys: u32) -> Self {
        Self { keys, apps: 1, people: 0 }
    }
}

/// The database engine of an installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    /// A cluster of its own on this machine, behind a Unix socket.
    Postgres,
}

/// A data folder with keys in it; removed when dropped.
#[derive(Debug)]
pub(crate) struct Installation {
    folder: TempDir,
    /// The database, if it is not in the folder.
    database: Option<TestDatabase>,
    /// How many keys it has.
    pub keys: u32,
    /// A service key that may ask about others.
    pub verifier: String,
    /// A service key that may manage others.
    pub manager: String,
    /// The API KEY of its first app.
    pub api_key: String,
    /// Keys that the service issued, with a restriction of each sort.
    pub asked_about: Vec<String>,
    /// The old secrets of keys of the same sort that are being rotated.
    pub rotated: Vec<String>,
    /// Other keys of the same sort, in random order.
    pub restricted: Vec<String>,
    /// Every service key that passes but those that were asked about, in random order.
    pub passing: Vec<String>,
    /// A name that one key has.
    pub one: String,
    /// The id of a key.
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

impl Installation {
    /// Creates an installation of this size.
    pub async fn make(size: Size, engine: Engine) -> Result<Self> {
        let keys = size.keys;
        ensure!(keys >= 1_000, "an installation has at least 1,000 keys");
        println!("Making an installation with {keys} keys on {engine:?}");
        let begun = Instant::now();
        let folder = private_folder()?;
        let database = (engine == Engine::Postgres).then(TestDatabase::postgres);
        let store = open(folder.path(), database.as_ref()).await?;
        let drawn = Arc::new(Remembering::default());
        let service = service(folder.path(), &store, Arc::clone(&drawn) as Arc<dyn Entropy>).await?;
        let caller = Caller::command_line("bench");
        let owner = NewPerson { name: "Owner".into(), email: EMAIL.into(), password: PASSWORD.into() };
        service.create_owner(&caller, owner).await?;

        let verifier = issue(&service, &caller, &verifier_draft()).await?;
        let manager = issue(&service, &caller, &manager_draft()).await?;
        let api_key = service.reveal_member_key(&caller, service.default_app()).await?.expose_secret().to_owned();
        let id = Token::parse(&verifier).map(|token| token.id()).context("a token has no id")?;
        let stored = store.key_record(&id).await?.context("a new key is not in the store")?;
        let pepper = Pepper::behind(stored.secrets.first().context("a key has no secret")?, &verifier, &drawn)?;
        let mut asked_about = Vec::new();
        for number in 0..ASKED_ABOUT.min(keys / 10) {
            let draft = restrictions::restricted_draft(&format!("hot key {number:05}"));
            asked_about.push(issue(&service, &caller, &draft).await?);
        }
        let mut rotated = Vec::new();
        for number in 0..ROTATED.min(keys / 20) {
            let draft = restrictions::restricted_draft(&format!("rotated key {number:05}"));
            let old = issue(&service, &caller, &draft).await?;
            let id = Token::parse(&old).map(|token| token.id()).context("a token has no id")?;
            service.rotate_acknowledged(&caller, &id, Overlap::USUAL).await?;
            rotated.push(old);
        }
        let issued = u32::try_from(asked_about.len() + rotated.len())? + 2;
        let mut others = Vec::new();
        for number in 1..size.apps {
            others.push(service.create_app(&caller, &format!("App {number:03}")).await?.id);
        }
        let bulk = Bulk::new(*service.default_app(), others, keys - issued, keys / 2, pepper)?;
        let filled = bulk.fill(&store).await?;
        people::add(&store, size.people).await?;
        let id = asked_about.first().and_then(|key| key.split('_').nth(1)).context("no key was issued")?.to_owned();
        drop(service);
        store.close().await;
        if let Some(database) = &database {
            // As Postgres does by itself, minutes after so many rows came.
            database.execute("VACUUM (ANALYZE)").await;
        }
        println!("  made in {:.1} s", begun.elapsed().as_secs_f64());
        Ok(Self {
            folder,
            database,
            keys,
            verifier,
            manager,
            api_key,
            asked_about,
            rotated,
            restricted: filled.restricted,
            passing: filled.passing,
            one: filled.one,
            id,
            deep: Deep::among(filled.marks)?,
        })
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its database, if that is not in the folder.
    pub fn database(&self) -> Option<&TestDatabase> {
        self.database.as_ref()
    }

    /// The URL of its database, if that is not in the folder.
    pub fn url(&self) -> Option<&str> {
        self.database().map(TestDatabase::url)
    }

    /// The calls that the stopped server has counted, by outcome.
    pub async fn counted(&self) -> Result<Sum> {
        let store = open(self.folder(), self.database.as_ref()).await?;
        let calls = store.calls_since(&Sight::of_rights(Rights::all()), 0, Millis::hours(1)).await?;
        store.close().await;
        let mut sum = Sum::default();
        for counted in calls {
            let place = if counted.code == Code::Valid { &mut sum.accepted } else { &mut sum.refused };
            *place += counted.calls;
        }
        Ok(sum)
    }
}

/// A folder that only this account may look into; removed when dropped.
pub(crate) fn private_folder() -> Result<TempDir> {
    let private = Permissions::from_mode(0o700);
    Ok(tempfile::Builder::new().prefix("keystead-bench-").permissions(private).tempdir()?)
}

/// The database in a folder, or elsewhere.
pub(crate) async fn open(folder: &Path, elsewhere: Option<&TestDatabase>) -> Result<Store> {
    let file = folder.join("keystead.db");
    let in_folder = format!("sqlite://{}", file.display());
    Ok(Store::open(elsewhere.map_or(&*in_folder, TestDatabase::url)).await?)
}

/// The service on a database, as the server has it.
pub(crate) async fn service(folder: &Path, store: &Store, entropy: Arc<dyn Entropy>) -> Result<Service> {
    let setup = Setup {
        store: store.clone(),
        root_key: RootKey::load_or_create(&folder.join("root.key"), &SystemEntropy)?,
        clock: Arc::new(SystemClock::default()),
        entropy,
        hasher: Arc::new(Argon2id::new()?),
        token_prefix: "ks".to_owned(),
        mailer: None,
        providers: Vec::new(),
    };
    Ok(Service::start(setup).await?)
}

impl Deep {
    fn among(mut marks: Vec<Mark>) -> Result<Self> {
        let half = marks.len() / 2;
        marks.sort_by(|a, b| a.name_key.cmp(&b.name_key));
        let by_name = marks.get(half).context("no place was remembered")?.clone();
        marks.sort_by_key(|mark| mark.created_at);
        let by_created = marks.get(half).context("no place was remembered")?;
        Ok(Self {
            by_name: format!("{}~name~{}", by_name.id, by_name.name_key),
            by_created: format!("{}~created~{}", by_created.id, by_created.created_at),
        })
    }
}

/// Issues a service key; its token.
pub(crate) async fn issue(service: &Service, caller: &Caller, draft: &KeyDraft) -> Result<String> {
    let issued = service.issue_acknowledged(caller, service.default_app(), draft).await?;
    match issued.shown {
        ShownSecret::Token(token) => Ok(token.expose_secret().to_owned()),
        ShownSecret::Pair { .. } => anyhow::bail!("a service key is shown as a token"),
    }
}

/// A key that may ask about others.
pub(crate) fn verifier_draft() -> KeyDraft {
    KeyDraft { boxes: vec![permission::VERIFY.to_owned()], ..restrictions::draft("verifier") }
}

/// A key that may read and change others, and holds what it gives them.
fn manager_draft() -> KeyDraft {
    let boxes = vec![AdminPermission::KeysRead.as_str().to_owned(), AdminPermission::KeysWrite.as_str().to_owned()];
    KeyDraft {
        boxes,
        permissions: Some(vec![restrictions::PERMISSIONS[0].to_owned()]),
        ..restrictions::draft("manager")
    }
}
