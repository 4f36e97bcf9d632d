//! `/v1/keys/acts`: one act on many keys, as the list in the console has it.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::State;
use domain::bulk::{BulkAct, BulkChange, BulkDone, Selection};
use domain::expiry::Expiry;
use domain::field::{Field, FieldErrors};
use domain::ids::KeyId;
use domain::permission::AdminPermission;
use domain::refusal::Refusal;
use domain::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::call::Api;
use super::super::operation::Documented;
use super::super::words;
use super::acts::Revoke;
use super::answer::{Answered, One};
use super::bodies::{BEFORE_ALL, Change, LIMIT, Pairs, moment};
use super::bounds;
use super::call::By;
use super::keys::{LIST, asked};
use super::query::{Param, wrong_pairs};
use crate::json::body::{BodyCall, JsonBody};
use crate::json::fault::{Faults, Step};
use crate::json::members::{Bounded, Text};
use crate::json::problem::Problem;

/// The parameters of the list that choose no keys.
const NO_FILTERS: [&str; 5] = ["sort", "dir", "rows", "after", "before"];

/// The most ids of one act: `BULK_MAX`, as the length of a list.
pub(super) const IDS_MAX: usize = 10_000;

/// The ids of the keys that an act is for.
type Ids<'a> = Bounded<Text<'a>, 1, IDS_MAX>;

/// An act on many keys.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct KeysActBody<'a> {
    /// The act.
    #[serde(borrow)]
    #[schema(value_type = words::BulkAct)]
    act: Text<'a>,
    /// The ids of the keys, 10,000 at most.
    #[serde(borrow)]
    #[schema(value_type = Option<bounds::KeyIds>)]
    ids: Option<Ids<'a>>,
    /// In place of ids: all keys that match, 10,000 at most. Its members are named as the filters of the list of keys, for
    /// example `{"tag":"eu","status":"never_used_90"}`; there is at least one.
    #[serde(borrow)]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    filter: Option<Pairs<'a>>,
    /// For `revoke`: the reason; `other` if it is left out.
    #[serde(borrow)]
    #[schema(value_type = Option<words::RevokeReason>)]
    reason: Option<Text<'a>>,
    /// For `revoke`: a note for the audit.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    note: Option<Text<'a>>,
    /// For `set_expiry`: a moment of RFC 3339, or a day or moment in UTC; `null` for never.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    expires_at: Change<Text<'a>>,
    /// For `add_tag` and `remove_tag`: the tag.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    tag: Option<Text<'a>>,
    /// For `transfer`: the e-mail of a person here, or the name of a team.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    owner: Option<Text<'a>>,
}

/// An act on many keys as it was sent. Whether a time is right depends on the clock, so `read` checks the members.
#[derive(Debug)]
pub(super) struct KeysAct;

impl BodyCall for KeysAct {
    const LIMIT: usize = LIMIT;

    type Sent<'a> = KeysActBody<'a>;
    type Call<'a> = KeysActBody<'a>;

    fn read<'a>(sent: Self::Sent<'a>, _: &mut Faults) -> Option<Self::Call<'a>> {
        Some(sent)
    }

    fn found_later(sent: &Self::Call<'_>) -> Faults {
        let mut faults = Faults::default();
        read(sent, BEFORE_ALL, &mut faults);
        faults
    }
}

impl Documented for KeysAct {
    const EXAMPLE: &'static str = r#"{"act":"disable","ids":["7Qm2xVbN4tRa"]}"#;
}

/// What an act on many keys did.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct KeysActed {
    /// How many keys it changed.
    changed: u32,
    /// Their ids.
    ids: Vec<String>,
    /// The keys that it left as they were, by reason.
    left: Vec<KeysLeft>,
}

/// Keys that an act left as they were.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeysLeft {
    /// Why: `not_found`, `not_allowed`, `pending`, `revoked`, `already_disabled`, `not_disabled`, `never_expires`,
    /// `same_expiry`, `starts_later`, `has_tag`, `lacks_tag`, `too_many_tags`, `no_owner`, `no_tags` or `same_owner`.
    reason: &'static str,
    ids: Vec<String>,
}

impl KeysActed {
    fn of(done: &BulkDone) -> Self {
        let left = done.count.skipped.iter().map(|(why, _)| {
            let ids = done.left.iter().filter(|(_, skip)| skip == why).map(|(id, _)| id.to_string());
            KeysLeft { reason: why.as_str(), ids: ids.collect() }
        });
        let ids = done.keys.iter().map(ToString::to_string).collect();
        Self { changed: done.count.taken, ids, left: left.collect() }
    }
}

/// Does it in one transaction. The calling key itself, and those that may do more, are left.
pub(super) async fn act(
    State(api): State<Arc<Api>>,
    By(caller): By,
    body: JsonBody<KeysAct>,
) -> Answered<One<KeysActed>> {
    let service = &api.service;
    let mut faults = Faults::default();
    let read = read(&body.read()?, service.now(), &mut faults).filter(|_| faults.is_empty());
    let (change, selection) = read.ok_or_else(|| Problem::invalid(faults))?;
    // The answer says which keys match.
    if matches!(selection, Selection::Matching(_)) && caller.lacks(AdminPermission::KeysRead) {
        return Err(Problem::permission_needed(AdminPermission::KeysRead));
    }
    match service.bulk(&caller, &api.app_of(&caller), &selection, &change, &service.new_form_id()?).await {
        Ok(Some(done)) => Ok(One::of(KeysActed::of(&done))),
        // Nobody else has this form.
        Ok(None) => Err(Problem::lost_answer()),
        // A filter that matches nothing is no mistake of whoever runs it each night.
        Err(service::Error::Refused(Refusal::NothingChosen)) => Ok(One::of(KeysActed::default())),
        Err(service::Error::Refused(Refusal::Invalid(errors))) => Err(Problem::invalid(of_members(errors))),
        Err(error) => Err(error.into()),
    }
}

/// The act and its keys. Adds everything that is wrong with them.
fn read(sent: &KeysActBody<'_>, now: Timestamp, found: &mut Faults) -> Option<(BulkChange, Selection)> {
    let KeysActBody { act, ids, filter, reason, note, expires_at, tag, owner } = sent;
    let selection = selection(ids.as_ref(), filter.as_ref(), found);
    let members = [
        ("reason", reason.is_some(), &[BulkAct::Revoke][..]),
        ("note", note.is_some(), &[BulkAct::Revoke]),
        ("expiresAt", !matches!(expires_at, Change::Left), &[BulkAct::SetExpiry]),
        ("tag", tag.is_some(), &[BulkAct::AddTag, BulkAct::RemoveTag]),
        ("owner", owner.is_some(), &[BulkAct::Transfer]),
    ];
    let sent = members.into_iter().filter(|(_, is_sent, _)| *is_sent);
    let word = |text: Option<&Text<'_>>| text.map(|Text(text)| text.to_string()).unwrap_or_default();
    let read = |act| match act {
        BulkAct::Disable => Ok(BulkChange::Disable),
        BulkAct::Enable => Ok(BulkChange::Enable),
        BulkAct::Revoke => Revoke::of(reason.as_ref(), note.as_ref())
            .map(|Revoke { reason, note }| BulkChange::Revoke { reason, note }),
        BulkAct::SetExpiry => match expires_at {
            Change::Left => Err(FieldErrors::one(Field::ExpiresAt, "Send a time, or null for never.")),
            Change::Clear => Ok(BulkChange::SetExpiry(None)),
            Change::Set(at) => {
                BulkChange::set_expiry(Expiry::Custom.as_str(), &moment(Text(Cow::Borrowed(&at.0))), now)
            }
        },
        BulkAct::AddTag | BulkAct::RemoveTag => BulkChange::tag(act, &word(tag.as_ref())),
        BulkAct::Transfer => BulkChange::transfer(&word(owner.as_ref())),
    };
    let change = if let Some(act) = BulkAct::parse(&act.0) {
        for (name, _, _) in sent.filter(|(_, _, of)| !of.contains(&act)) {
            found.at(member(name), format!("The act {} has no such member.", act.as_str()));
        }
        read(act)
    } else {
        let words: Vec<_> = BulkAct::ALL.iter().map(|act| act.as_str()).collect();
        found.at(member("act"), format!("Use one of {}.", words.join(", ")));
        // What else is wrong is asked of an act that has the member.
        let mut errors = FieldErrors::default();
        let mut acts: Vec<_> = sent.filter_map(|(_, _, of)| of.first()).collect();
        acts.dedup();
        for act in acts {
            errors.keep_all(read(*act));
        }
        Err(errors)
    };
    match change {
        Ok(change) => selection.map(|selection| (change, selection)),
        Err(errors) => {
            found.extend_elsewhere(of_members(errors));
            None
        }
    }
}

fn selection(ids: Option<&Ids<'_>>, filter: Option<&Pairs<'_>>, found: &mut Faults) -> Option<Selection> {
    match (ids, filter) {
        (Some(Bounded(ids)), None) => Some(Selection::Keys(key_ids(ids, found))),
        (None, Some(Pairs(pairs))) => {
            let pairs = pairs.iter().map(|(name, value)| (name.to_string(), value.to_string()));
            matching(&pairs.collect::<Vec<_>>(), found)
        }
        (Some(Bounded(ids)), Some(_)) => {
            key_ids(ids, found);
            found.at(member("filter"), "Send ids or filter, not both.");
            None
        }
        (None, None) => {
            found.at(member("ids"), "Send ids or filter: they say which keys the act is for.");
            None
        }
    }
}

fn key_ids(texts: &[Text<'_>], found: &mut Faults) -> Vec<KeyId> {
    let read = |(n, text): (usize, &Text<'_>)| {
        let id = KeyId::parse(&text.0);
        if id.is_none() {
            found.at(vec![Step::Member(Cow::Borrowed("ids")), Step::Item(n)], "An id has 12 letters and digits.");
        }
        id
    };
    texts.iter().enumerate().filter_map(read).collect()
}

/// All that match. Where a filter got lost, the act would be for more keys than were meant.
fn matching(pairs: &[(String, String)], found: &mut Faults) -> Option<Selection> {
    if pairs.is_empty() {
        found.at(member("filter"), "Send at least one filter.");
    }
    let filters: Vec<Param> = LIST.iter().filter(|param| !NO_FILTERS.contains(&param.name)).copied().collect();
    let path = |name: &str| vec![Step::Member(Cow::Borrowed("filter")), Step::Member(Cow::Owned(name.to_owned()))];
    for (name, wrong) in wrong_pairs(pairs, &filters) {
        found.at(path(name), wrong);
    }
    let (query, left_out) = asked(pairs);
    if found.is_empty() {
        for pair in &left_out {
            found.at(path(&pair.name), "This cannot be looked for whole.");
        }
    }
    found.is_empty().then(|| Selection::Matching(Box::new(query)))
}

fn member(name: &'static str) -> Vec<Step> {
    vec![Step::Member(Cow::Borrowed(name))]
}

/// Each fault at the member that it is about.
fn of_members(errors: FieldErrors) -> Faults {
    let mut faults = Faults::default();
    for error in errors.0 {
        let name = match error.field {
            Field::Expiry | Field::ExpiresAt => "expiresAt",
            Field::Tags => "tag",
            field => field.as_str(),
        };
        faults.at(member(name), error.message);
    }
    faults
}

#[cfg(test)]
mod tests {
    use domain::bulk::{BULK_MAX, Skip};
    use serde_json::json;

    use super::*;
    use crate::json::body_errors::tests::parser_and_schema_agree;

    #[test]
    fn the_parser_and_the_schema_agree() {
        parser_and_schema_agree::<KeysAct>(&json!({
            "act": "revoke", "ids": ["7Qm2xVbN4tRa"], "filter": { "tag": "eu" }, "reason": "leaked", "note": "n",
            "expiresAt": "2030-01-01", "tag": "eu", "owner": "Team",
        }));
    }

    #[test]
    fn the_longest_act_fits_and_so_does_its_answer() {
        let most = usize::try_from(BULK_MAX).unwrap();
        let body = |ids| json!({ "act": "disable", "ids": vec!["7Qm2xVbN4tRa"; ids] }).to_string();
        let (longest, longer) = (body(most), body(most + 1));
        assert!(longest.len() < LIMIT && serde_json::from_str::<KeysActBody<'_>>(&longest).is_ok());
        assert!(serde_json::from_str::<KeysActBody<'_>>(&longer).is_err());
        let id = KeyId::parse("7Qm2xVbN4tRa").unwrap();
        let done = BulkDone::new(Vec::new(), vec![(id, Skip::NotFound); most]);
        assert!(serde_json::to_string(&KeysActed::of(&done)).unwrap().len() < LIMIT);
    }
}
