//! Keys, as the pages read them.

use domain::bulk::{BulkAct, BulkCount};
use domain::calls::KeyCalls;
use domain::draft::KeyDraft;
use domain::ids::KeyId;
use domain::key::{KeyDetail, KeyRow};
use domain::list::KeyQuery;
use domain::page::Page;
use domain::refusal::Refusal;
use domain::restrictions::Restrictions;
use domain::role::Rights;
use domain::saved_view::SavedView;
use domain::timestamp::Timestamp;
use service::Caller;
use service::keys::KeyPage;

use super::context::Desk;
use crate::error::ConsoleError;
use crate::forms::bulk::BulkForm;

/// One page of the key list.
#[derive(Debug)]
pub struct KeyList {
    pub page: Page<KeyRow>,
    /// When the list was read. Statuses that depend on time use this.
    pub now: Timestamp,
    /// What the visitor may do.
    pub rights: Rights,
}

/// One key, the time at which it was read, and what the visitor may do.
#[derive(Debug)]
pub struct KeyView {
    pub key: KeyDetail,
    pub now: Timestamp,
    pub rights: Rights,
}

/// The key's calls and their verdicts, or why they cannot be shown.
pub type Calls = Result<KeyCalls, ConsoleError>;

/// One page of the list.
pub async fn read_keys(query: &KeyQuery) -> Result<KeyList, ConsoleError> {
    let desk = Desk::from_context()?;
    let caller = desk.caller()?;
    let page = desk.service().keys(&caller, &desk.app(), query).await?;
    Ok(KeyList { page, now: desk.service().now(), rights: caller.rights() })
}

/// The views that the visitor keeps.
pub async fn read_views() -> Result<Vec<SavedView>, ConsoleError> {
    let desk = Desk::from_context()?;
    Ok(desk.service().saved_views(&desk.caller()?).await?)
}

/// How many keys an act on many would take and skip.
pub async fn read_bulk(form: &BulkForm) -> Result<(BulkAct, BulkCount), ConsoleError> {
    let desk = Desk::from_context()?;
    let act = form.act.ok_or(ConsoleError::Malformed)?;
    let count = desk.service().preview_bulk(&desk.caller()?, &desk.app(), &form.selection(), act).await?;
    Ok((act, count))
}

/// One key.
pub async fn read_key(id: &str) -> Result<KeyView, ConsoleError> {
    let desk = Desk::from_context()?;
    let caller = desk.caller()?;
    let key = desk.service().key(&caller, &key_id(id)?).await?;
    Ok(KeyView { key, now: desk.service().now(), rights: caller.rights() })
}

/// Who issued a key, if it was not the visitor.
pub async fn other_issuer(id: &KeyId) -> Result<Option<String>, ConsoleError> {
    let desk = Desk::from_context()?;
    Ok(desk.service().other_issuer(&desk.caller()?, id).await?)
}

/// One key, with its calls and their verdicts.
pub async fn read_key_page(id: &str) -> Result<(KeyView, Calls), ConsoleError> {
    let desk = Desk::from_context()?;
    let caller = desk.caller()?;
    let page = desk.service().key_page(&caller, &key_id(id)?).await?;
    Ok(page_view(&desk, &caller, page))
}

/// The page as this visitor sees it now.
pub(super) fn page_view(desk: &Desk, caller: &Caller, page: KeyPage) -> (KeyView, Calls) {
    let view = KeyView { key: page.key, now: desk.service().now(), rights: caller.rights() };
    (view, page.calls.map_err(ConsoleError::from))
}

/// The restrictions of a draft in sentences; `None` if the draft is invalid.
pub fn words(draft: &KeyDraft) -> Option<String> {
    let desk = Desk::from_context().ok()?;
    let spec = desk.service().read_draft(&desk.caller().ok()?, draft).ok()?;
    Some(Restrictions::from(&spec).words()).filter(|words| !words.is_empty())
}

/// A fresh, one-use id for a wizard form.
pub fn new_form() -> Result<String, ConsoleError> {
    let desk = Desk::from_context()?;
    desk.session()?;
    Ok(desk.service().new_form_id()?)
}

/// Reads a key id from an address. Invalid text gives `NotFound`, like an unknown id.
pub fn key_id(text: &str) -> Result<KeyId, ConsoleError> {
    KeyId::parse(text).ok_or(ConsoleError::Refused(Refusal::NotFound))
}
