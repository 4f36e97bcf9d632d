//! Acts on many keys at once: which there are, and which keys they skip and why.

use serde::{Deserialize, Serialize};

use crate::draft::KeyDraft;
use crate::field::{Field, FieldErrors};
use crate::ids::KeyId;
use crate::key::{KeyDetail, KeyState, RevokeReason};
use crate::labels::{self, Owner, TAGS_MAX};
use crate::list::KeyQuery;
use crate::role::Act;
use crate::timestamp::Timestamp;

/// The most keys that one act takes.
pub const BULK_MAX: u32 = 10_000;

names! {
    /// An act on many keys.
    pub enum BulkAct {
        Disable = "disable",
        Enable = "enable",
        Revoke = "revoke",
        SetExpiry = "set_expiry",
        AddTag = "add_tag",
        RemoveTag = "remove_tag",
        Transfer = "transfer",
    }
}

impl BulkAct {
    /// The words of its button.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Disable => "Disable",
            Self::Enable => "Enable",
            Self::Revoke => "Revoke",
            Self::SetExpiry => "Set expiry",
            Self::AddTag => "Add tag",
            Self::RemoveTag => "Remove tag",
            Self::Transfer => "Transfer",
        }
    }

    /// The act and what it is for, for example "Disable 3 keys".
    pub fn on(self, keys: &str) -> String {
        match self {
            Self::Disable | Self::Enable | Self::Revoke | Self::Transfer => format!("{} {keys}", self.label()),
            Self::SetExpiry => format!("Set the expiry of {keys}"),
            Self::AddTag => format!("Add a tag to {keys}"),
            Self::RemoveTag => format!("Remove a tag from {keys}"),
        }
    }

    /// What was done to the keys.
    pub const fn done(self) -> &'static str {
        match self {
            Self::Disable => "disabled",
            Self::Enable => "enabled",
            Self::Revoke => "revoked",
            Self::SetExpiry | Self::AddTag | Self::RemoveTag => "changed",
            Self::Transfer => "transferred",
        }
    }

    /// The act that undoes it, for the same keys.
    pub const fn undone_by(self) -> Option<Self> {
        match self {
            Self::Disable => Some(Self::Enable),
            Self::Enable => Some(Self::Disable),
            Self::Revoke | Self::SetExpiry | Self::AddTag | Self::RemoveTag | Self::Transfer => None,
        }
    }

    /// The act that the caller must be allowed with each key.
    pub const fn needs(self) -> Act {
        match self {
            Self::Disable => Act::StopKeys,
            Self::Revoke => Act::RevokeKeys,
            Self::Enable | Self::SetExpiry | Self::AddTag | Self::RemoveTag | Self::Transfer => Act::ChangeKeys,
        }
    }

    /// Whether it is hard to undo.
    pub const fn is_grave(self) -> bool {
        matches!(self, Self::Revoke)
    }
}

names! {
    /// Why an act skips a key.
    pub enum Skip {
        NotFound = "not_found",
        NotAllowed = "not_allowed",
        ChangedSince = "changed_since",
        Pending = "pending",
        Revoked = "revoked",
        AlreadyDisabled = "already_disabled",
        NotDisabled = "not_disabled",
        NeverExpires = "never_expires",
        SameExpiry = "same_expiry",
        StartsLater = "starts_later",
        HasTag = "has_tag",
        LacksTag = "lacks_tag",
        TooManyTags = "too_many_tags",
        NoOwner = "no_owner",
        NoTags = "no_tags",
        SameOwner = "same_owner",
    }
}

impl Skip {
    /// The reason, for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::NotFound => "not found",
            Self::NotAllowed => "not for your role",
            Self::ChangedSince => "changed since then",
            Self::Pending => "not confirmed yet",
            Self::Revoked => "already revoked",
            Self::AlreadyDisabled => "already disabled",
            Self::NotDisabled => "not disabled",
            Self::NeverExpires => "of a kind that never expires",
            Self::SameExpiry => "already with this expiry",
            Self::StartsLater => "valid only after that time",
            Self::HasTag => "already with this tag",
            Self::LacksTag => "without this tag",
            Self::TooManyTags => "with 20 tags already",
            Self::NoOwner => "of a kind without an owner",
            Self::NoTags => "of a kind without tags",
            Self::SameOwner => "already with this owner",
        }
    }
}

/// The keys that an act is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// These.
    Keys(Vec<KeyId>),
    /// All that match when the act is done, whatever the page.
    Matching(Box<KeyQuery>),
    /// Those that the caller's act with this form took, within an hour.
    TakenBy(String),
}

/// An act with everything that it needs, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BulkChange {
    /// Switch them off.
    Disable,
    /// Switch them on again.
    Enable,
    /// Withdraw them.
    Revoke {
        /// Why.
        reason: RevokeReason,
        /// More about it.
        note: Option<String>,
    },
    /// Let them expire then; `None` for never.
    SetExpiry(Option<Timestamp>),
    /// Add this tag.
    AddTag(String),
    /// Remove this tag.
    RemoveTag(String),
    /// Make somebody else responsible for them.
    Transfer(Owner),
}

impl BulkChange {
    /// Reads a time of expiry as the form of a key has it.
    pub fn set_expiry(expiry: &str, expires_at: &str, now: Timestamp) -> Result<Self, FieldErrors> {
        if expiry.trim().is_empty() {
            return Err(FieldErrors::one(Field::Expiry, "Choose one of the options."));
        }
        let draft = KeyDraft {
            expiry: Some(expiry.to_owned()),
            expires_at: Some(expires_at.to_owned()).filter(|at| !at.is_empty()),
            ..KeyDraft::default()
        };
        let at = draft.expiry_moment(now)?;
        if at.is_some_and(|at| at <= now) {
            let message = "Choose a time in the future. To stop the keys now, disable them.";
            return Err(FieldErrors::one(draft.expiry_field(), message));
        }
        Ok(Self::SetExpiry(at))
    }

    /// Reads one tag.
    pub fn tag(act: BulkAct, text: &str) -> Result<Self, FieldErrors> {
        let in_words = |errors: FieldErrors| {
            let message = errors.of(Field::Tags).next().map_or("", |error| &*error.message);
            FieldErrors::one(Field::Tags, message.trim_start_matches("Line 1: "))
        };
        let mut tags = labels::tags(&[text.to_owned()]).map_err(in_words)?;
        match (tags.pop(), tags.is_empty()) {
            (Some(tag), true) if act == BulkAct::RemoveTag => Ok(Self::RemoveTag(tag)),
            (Some(tag), true) => Ok(Self::AddTag(tag)),
            _ => Err(FieldErrors::one(Field::Tags, "Enter one tag.")),
        }
    }

    /// Reads whom keys are transferred to.
    pub fn transfer(text: &str) -> Result<Self, FieldErrors> {
        match Owner::parse(text) {
            Ok(Some(owner)) => Ok(Self::Transfer(owner)),
            Ok(None) => Err(FieldErrors::one(Field::Owner, "Enter an e-mail, or the name of a team.")),
            Err(message) => Err(FieldErrors::one(Field::Owner, message)),
        }
    }

    /// The act.
    pub const fn act(&self) -> BulkAct {
        match self {
            Self::Disable => BulkAct::Disable,
            Self::Enable => BulkAct::Enable,
            Self::Revoke { .. } => BulkAct::Revoke,
            Self::SetExpiry(_) => BulkAct::SetExpiry,
            Self::AddTag(_) => BulkAct::AddTag,
            Self::RemoveTag(_) => BulkAct::RemoveTag,
            Self::Transfer(_) => BulkAct::Transfer,
        }
    }

    /// Why it skips this key; `None` if it does not.
    pub fn skips(&self, key: &KeyDetail) -> Option<Skip> {
        let skip = skips(self.act(), key);
        if skip.is_some() {
            return skip;
        }
        let has = |tag: &String| key.rules.tags.contains(tag);
        match self {
            Self::SetExpiry(at) if key.row.expires_at == *at => Some(Skip::SameExpiry),
            Self::SetExpiry(Some(at)) if key.row.not_before.is_some_and(|from| from >= *at) => Some(Skip::StartsLater),
            Self::AddTag(tag) if has(tag) => Some(Skip::HasTag),
            Self::AddTag(_) if key.rules.tags.len() >= TAGS_MAX => Some(Skip::TooManyTags),
            Self::RemoveTag(tag) if !has(tag) => Some(Skip::LacksTag),
            Self::Transfer(owner) if key.rules.owner.as_ref() == Some(owner) => Some(Skip::SameOwner),
            _ => None,
        }
    }

    /// The tags of a key after the act.
    pub fn tags(&self, key: &KeyDetail) -> Vec<String> {
        let mut tags = key.rules.tags.clone();
        match self {
            Self::AddTag(tag) => tags.push(tag.clone()),
            Self::RemoveTag(tag) => tags.retain(|kept| kept != tag),
            _ => {}
        }
        tags.sort();
        tags
    }
}

/// Why an act skips this key, as far as that is known before its values are.
pub fn skips(act: BulkAct, key: &KeyDetail) -> Option<Skip> {
    match (act, key.row.state) {
        (_, KeyState::Pending) => Some(Skip::Pending),
        (_, KeyState::Revoked) => Some(Skip::Revoked),
        (BulkAct::Disable, KeyState::Disabled) => Some(Skip::AlreadyDisabled),
        (BulkAct::Enable, KeyState::Active) => Some(Skip::NotDisabled),
        (BulkAct::SetExpiry, _) if !key.row.kind.rules().allows_edit(Field::ExpiresAt) => Some(Skip::NeverExpires),
        (BulkAct::Transfer, _) if !key.row.kind.rules().allows_edit(Field::Owner) => Some(Skip::NoOwner),
        (BulkAct::AddTag, _) if !key.row.kind.rules().allows_edit(Field::Tags) => Some(Skip::NoTags),
        _ => None,
    }
}

/// How many names a preview has.
pub const NAMES_SHOWN: usize = 10;

/// What an act would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BulkPreview {
    /// How many keys it would take and skip.
    pub count: BulkCount,
    /// The names of the first keys that it would take.
    pub names: Vec<String>,
}

/// What an act did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkDone {
    /// How many keys it took and skipped.
    pub count: BulkCount,
    /// The keys that it took.
    pub keys: Vec<KeyId>,
    /// The keys that it skipped, each with the reason.
    pub left: Vec<(KeyId, Skip)>,
}

impl BulkDone {
    /// What an act did that took these keys and skipped the others.
    pub fn new(keys: Vec<KeyId>, left: Vec<(KeyId, Skip)>) -> Self {
        let mut count = BulkCount::default();
        for skip in keys.iter().map(|_| None).chain(left.iter().map(|(_, skip)| Some(*skip))) {
            count.add(skip);
        }
        Self { count, keys, left }
    }
}

/// How many keys an act takes, and how many it skips for each reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkCount {
    /// The keys that it takes.
    pub taken: u32,
    /// The keys that it skips, by reason, in the order of the reasons.
    pub skipped: Vec<(Skip, u32)>,
}

impl BulkCount {
    /// Counts a key.
    pub fn add(&mut self, skip: Option<Skip>) {
        let Some(skip) = skip else {
            self.taken = self.taken.saturating_add(1);
            return;
        };
        match self.skipped.iter_mut().find(|(reason, _)| *reason == skip) {
            Some((_, n)) => *n = n.saturating_add(1),
            None => self.skipped.push((skip, 1)),
        }
        self.skipped.sort();
    }

    /// All keys that it skips.
    pub fn skipped_in_all(&self) -> u32 {
        self.skipped.iter().fold(0, |all, (_, n)| all.saturating_add(*n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::KeyKind;
    use crate::sample;
    use crate::timestamp::Millis;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn key(kind: KeyKind, state: KeyState) -> KeyDetail {
        let mut key = sample::key(kind, NOW);
        key.row.state = state;
        key.rules.tags = vec!["eu".to_owned()];
        key
    }

    #[test]
    fn each_act_skips_what_it_would_not_change() {
        use KeyState::{Active, Disabled, Pending, Revoked};
        let service = |state| key(KeyKind::Service, state);
        for act in BulkAct::ALL.iter().copied() {
            assert_eq!(skips(act, &service(Pending)), Some(Skip::Pending));
            assert_eq!(skips(act, &service(Revoked)), Some(Skip::Revoked));
        }
        assert_eq!(skips(BulkAct::Disable, &service(Disabled)), Some(Skip::AlreadyDisabled));
        assert_eq!(skips(BulkAct::Enable, &service(Active)), Some(Skip::NotDisabled));
        assert_eq!(skips(BulkAct::Revoke, &service(Disabled)), None);
        assert_eq!(skips(BulkAct::SetExpiry, &key(KeyKind::Client, Active)), Some(Skip::NeverExpires));
        assert_eq!(skips(BulkAct::SetExpiry, &service(Active)), None);
        assert_eq!(skips(BulkAct::Transfer, &key(KeyKind::Integration, Active)), Some(Skip::NoOwner));
        assert_eq!(skips(BulkAct::AddTag, &key(KeyKind::Integration, Active)), Some(Skip::NoTags));
        assert_eq!(skips(BulkAct::Transfer, &service(Disabled)), None);
    }

    #[test]
    fn acts_are_named_with_their_keys() {
        let named: Vec<_> = BulkAct::ALL.iter().map(|act| act.on("3 keys")).collect();
        assert_eq!(named[..4], ["Disable 3 keys", "Enable 3 keys", "Revoke 3 keys", "Set the expiry of 3 keys"]);
    }

    #[test]
    fn values_decide_too() {
        let mut active = key(KeyKind::Service, KeyState::Active);
        let tag = |act, text| BulkChange::tag(act, text).unwrap();
        assert_eq!(tag(BulkAct::AddTag, " EU ").skips(&active), Some(Skip::HasTag));
        assert_eq!(tag(BulkAct::AddTag, "asia").tags(&active), ["asia", "eu"]);
        assert_eq!(tag(BulkAct::RemoveTag, "asia").skips(&active), Some(Skip::LacksTag));
        assert!(tag(BulkAct::RemoveTag, "eu").tags(&active).is_empty());
        for wrong in ["", "a, b", &"x".repeat(51)] {
            assert!(BulkChange::tag(BulkAct::AddTag, wrong).is_err(), "{wrong}");
        }
        assert_eq!(BulkChange::SetExpiry(None).skips(&active), Some(Skip::SameExpiry));
        let in_a_week = BulkChange::set_expiry("7", "", NOW).unwrap();
        assert_eq!(in_a_week.skips(&active), None);
        active.row.not_before = Some(NOW.plus(Millis::days(7)));
        assert_eq!(in_a_week.skips(&active), Some(Skip::StartsLater));
        for (expiry, at) in [("custom", "2020-01-01"), ("", ""), (" ", "2040-01-01")] {
            assert!(BulkChange::set_expiry(expiry, at, NOW).is_err(), "{expiry}");
        }
        let transfer = |to: &str| BulkChange::transfer(to).unwrap();
        assert_eq!(transfer(" Payments team ").skips(&active), None);
        active.rules.owner = Some(Owner::Team("Payments team".into()));
        assert_eq!(transfer("Payments team").skips(&active), Some(Skip::SameOwner));
        assert_eq!(transfer("Grace@Example.com"), BulkChange::Transfer(Owner::Person("grace@example.com".into())));
        assert!(BulkChange::transfer(" ").is_err() && BulkChange::transfer("grace@").is_err());
        active.rules.tags = (0..20).map(|n| n.to_string()).collect();
        assert_eq!(tag(BulkAct::AddTag, "eu").skips(&active), Some(Skip::TooManyTags));
    }

    #[test]
    fn keys_are_counted_by_reason() {
        let mut count = BulkCount::default();
        for skip in [None, Some(Skip::Revoked), Some(Skip::Pending), None, Some(Skip::Revoked)] {
            count.add(skip);
        }
        assert_eq!((count.taken, count.skipped_in_all()), (2, 3));
        assert_eq!(count.skipped, [(Skip::Pending, 1), (Skip::Revoked, 2)]);
    }
}
