//! How this installation is set up, and the settings that an owner may change.

use std::sync::Once;

use domain::{
    approval::ApprovalRules,
    audit::{Action, AuditEvent, Change, Subject},
    field::FieldErrors,
    life::{Life, LifeRules},
    proof::Guarded,
    role::Act,
    second_factor::FactorRules,
    timestamp::Timestamp,
};
use store::Tx;

use crate::{
    Caller, Result, Service,
    second_factor::{factor_rules, put_factor_rules},
    service::event,
};

/// The name of the setting that holds how long keys live.
const KEY_LIFE: &str = "key_life";

/// The name of the setting that holds which keys a second person must approve.
const APPROVAL: &str = "approval";

impl Service {
    /// The name of the database engine; `Forbidden` unless the caller may see the settings.
    pub fn engine(&self, caller: &Caller) -> Result<&'static str> {
        caller.may(Act::SeeSettings)?;
        Ok(self.store().engine())
    }

    /// How long keys live; `Forbidden` unless the caller may see the settings.
    pub async fn life_rules(&self, caller: &Caller) -> Result<LifeRules> {
        caller.may(Act::SeeSettings)?;
        Ok(read(self.store().setting(KEY_LIFE).await?))
    }

    /// Changes how long new keys live. Keys that exist keep their expiry. If nothing differs, records nothing.
    pub async fn set_life_rules(&self, caller: &Caller, rules: LifeRules) -> Result<()> {
        caller.may(Act::ChangeSettings)?;
        let work = async |tx: &mut Tx| {
            let changes = put_life_rules(tx, caller, rules).await?;
            self.record_settings(tx, caller, changes).await
        };
        self.write(work).await
    }

    /// Changes what is named of how long keys live, who needs a second factor and what needs approval, from what holds as
    /// nobody else writes.
    /// What is left out stays. If nothing differs, records nothing.
    pub async fn change_settings(&self, caller: &Caller, change: &SettingsChange) -> Result<()> {
        caller.may(Act::ChangeSettings)?;
        let work = async |tx: &mut Tx| {
            let (life, factors) = (life_rules(tx).await?, factor_rules(tx).await?);
            let (life, factors, approval) = change.read(life, factors, &approval_rules(tx).await?, self.now())?;
            // What is not named is not written, either: it may be of a later version.
            let mut told = Vec::new();
            if change.names_life() {
                told.extend(put_life_rules(tx, caller, life).await?);
            }
            if change.names_factors() {
                told.extend(put_factor_rules(tx, caller, factors, self.now()).await?);
            }
            if change.names_approval() {
                told.extend(put_approval_rules(tx, caller, &approval, self.now()).await?);
            }
            let changes = if told.is_empty() { None } else { Some(told.concat()) };
            self.record_settings(tx, caller, changes).await
        };
        self.write(work).await
    }

    /// Records what was changed; `None` if nothing was.
    pub(crate) async fn record_settings(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        changes: Option<Vec<Change>>,
    ) -> Result<()> {
        let Some(changes) = changes else { return Ok(()) };
        let event = event(caller, self.now(), Action::SettingsChanged, Subject::instance());
        Ok(self.record(tx, AuditEvent { changes, ..event }).await?)
    }

    /// Which keys a second person must approve; `Forbidden` unless the caller may see the settings.
    pub async fn approval_rules(&self, caller: &Caller) -> Result<ApprovalRules> {
        caller.may(Act::SeeSettings)?;
        self.approval_rules_now().await
    }

    /// Changes which keys a second person must approve, from now on. If nothing differs, records nothing.
    pub async fn set_approval_rules(&self, caller: &Caller, rules: &ApprovalRules) -> Result<()> {
        caller.may(Act::ChangeSettings)?;
        let work = async |tx: &mut Tx| {
            let changes = put_approval_rules(tx, caller, rules, self.now()).await?;
            self.record_settings(tx, caller, changes).await
        };
        self.write(work).await
    }

    pub(crate) async fn approval_rules_now(&self) -> Result<ApprovalRules> {
        Ok(read_approval(self.store().setting(APPROVAL).await?))
    }

    /// How long keys live, for a form that anybody who may issue keys can see.
    pub(crate) async fn life_rules_now(&self) -> Result<LifeRules> {
        Ok(read(self.store().setting(KEY_LIFE).await?))
    }
}

/// What is to change of the settings; what is left out stays.
#[derive(Debug, Clone, Default)]
pub struct SettingsChange {
    /// The word of the life that the wizard suggests.
    pub default_life: Option<String>,
    /// The word of the longest life.
    pub longest_life: Option<String>,
    /// The word of who needs a second factor.
    pub factor_policy: Option<String>,
    /// How many days people have to set one up.
    pub grace_days: Option<String>,
    /// The words of the kinds that need approval.
    pub approval_kinds: Option<Vec<String>>,
    /// The permissions that need it.
    pub approval_permissions: Option<Vec<String>>,
    /// Whether keys that never expire need it.
    pub approval_no_expiry: Option<bool>,
}

impl SettingsChange {
    fn names_life(&self) -> bool {
        self.default_life.is_some() || self.longest_life.is_some()
    }

    fn names_factors(&self) -> bool {
        self.factor_policy.is_some() || self.grace_days.is_some()
    }

    fn names_approval(&self) -> bool {
        self.approval_kinds.is_some() || self.approval_permissions.is_some() || self.approval_no_expiry.is_some()
    }

    /// What is wrong with it whatever the settings are.
    #[must_use]
    pub fn errors(&self) -> FieldErrors {
        // Either life is right beside these.
        let life = LifeRules { default: Life::Days30, longest: Life::Unlimited };
        let read = self.read(life, FactorRules::default(), &ApprovalRules::default(), Timestamp::from_millis(0));
        read.err().unwrap_or_default()
    }

    /// The settings from then on, or every fault.
    fn read(
        &self,
        life: LifeRules,
        factors: FactorRules,
        approval: &ApprovalRules,
        now: Timestamp,
    ) -> Result<(LifeRules, FactorRules, ApprovalRules), FieldErrors> {
        let or = |sent: &Option<String>, now: &str| sent.clone().unwrap_or_else(|| now.to_owned());
        let (default, longest) =
            (or(&self.default_life, life.default.as_str()), or(&self.longest_life, life.longest.as_str()));
        let (policy, days) =
            (or(&self.factor_policy, factors.policy.as_str()), or(&self.grace_days, &factors.grace_days.to_string()));
        let mut errors = FieldErrors::default();
        let life = errors.keep_all(LifeRules::read(&default, &longest));
        let factors = errors.keep_all(FactorRules::read(&policy, &days, now));
        let approval = errors.keep_all(self.approval(approval));
        match (life, factors, approval) {
            (Some(life), Some(factors), Some(approval)) => Ok((life, factors, approval)),
            _ => Err(errors),
        }
    }

    /// What needs approval from then on.
    fn approval(&self, now: &ApprovalRules) -> Result<ApprovalRules, FieldErrors> {
        let kinds = || now.kinds.iter().map(|kind| kind.as_str().to_owned()).collect();
        let permissions = || now.permissions.iter().map(|pattern| pattern.as_str().to_owned()).collect();
        ApprovalRules::read(
            &self.approval_kinds.clone().unwrap_or_else(kinds),
            &self.approval_permissions.clone().unwrap_or_else(permissions),
            self.approval_no_expiry.unwrap_or(now.without_expiry),
        )
    }
}

/// Writes what needs approval from now on, and returns what differs; `None` if nothing was written.
async fn put_approval_rules(
    tx: &mut Tx,
    caller: &Caller,
    rules: &ApprovalRules,
    now: Timestamp,
) -> Result<Option<Vec<Change>>> {
    let before = approval_rules(tx).await?;
    let changes = rules.changes(&before);
    let is_readable = tx.setting(APPROVAL).await?.is_none_or(|text| ApprovalRules::from_setting(&text).is_some());
    if changes.is_empty() && is_readable {
        return Ok(None);
    }
    caller.proved_for(Guarded::ChangeApprovalRules, now)?;
    caller.sees_state(&before.to_setting())?;
    tx.put_setting(APPROVAL, &rules.to_setting()).await?;
    Ok(Some(changes))
}

/// Writes how long keys live from now on, and returns what differs; `None` if nothing was written.
async fn put_life_rules(tx: &mut Tx, caller: &Caller, rules: LifeRules) -> Result<Option<Vec<Change>>> {
    let before = life_rules(tx).await?;
    let changes = rules.changes(before);
    let is_readable = tx.setting(KEY_LIFE).await?.is_none_or(|text| LifeRules::from_setting(&text).is_some());
    if changes.is_empty() && is_readable {
        return Ok(None);
    }
    caller.sees_state(&before.to_setting())?;
    tx.put_setting(KEY_LIFE, &rules.to_setting()).await?;
    Ok(Some(changes))
}

/// Which keys a second person must approve, as the transaction sees it.
pub(crate) async fn approval_rules(tx: &mut Tx) -> Result<ApprovalRules> {
    Ok(read_approval(tx.setting(APPROVAL).await?))
}

fn read_approval(value: Option<String>) -> ApprovalRules {
    static SAID: Once = Once::new();
    let Some(value) = value else { return ApprovalRules::default() };
    or_strictest(ApprovalRules::from_setting(&value), ApprovalRules::strictest, &SAID, "approval")
}

/// How long keys live, as the transaction sees it.
pub(crate) async fn life_rules(tx: &mut Tx) -> Result<LifeRules> {
    Ok(read(tx.setting(KEY_LIFE).await?))
}

fn read(value: Option<String>) -> LifeRules {
    static SAID: Once = Once::new();
    let Some(value) = value else { return LifeRules::default() };
    or_strictest(LifeRules::from_setting(&value), LifeRules::strictest, &SAID, "how long keys live")
}

/// The rules of a setting, or the strictest ones if they are of a later version: whoever goes back a release can go on
/// working, and nothing is allowed that was not. Says so once.
pub(crate) fn or_strictest<T>(read: Option<T>, strictest: impl FnOnce() -> T, said: &Once, about: &str) -> T {
    read.unwrap_or_else(|| {
        said.call_once(|| {
            tracing::warn!(
                "the setting of {about} is of a later version: the strictest one that this version knows holds"
            );
        });
        strictest()
    })
}
