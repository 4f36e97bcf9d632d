//! Keys, as the pages read them.

use std::sync::Arc;

use domain::app::App;
use domain::bulk::{BulkAct, BulkPreview, Selection};
use domain::calls::{KeyCalls, Period, Span};
use domain::caution::cautions;
use domain::draft::KeyDraft;
use domain::ids::{AppId, KeyId};
use domain::key::{KeyDetail, KeyRow};
use domain::kind::KeyKind;
use domain::list::KeyQuery;
use domain::page::{Capped, Page};
use domain::refusal::Refusal;
use domain::restrictions::Restrictions;
use domain::role::{Act, Rights};
use domain::saved_view::SavedView;
use domain::sight::Scope;
use domain::timestamp::Timestamp;
use service::Caller;
use service::apps::AppView;
use service::keys::{KeyPage, SavedForm, SeenBy, Suggestions};

use super::context::Desk;
use crate::components::key_fields::KeyHints;
use crate::error::ConsoleError;
use crate::forms::bulk::BulkForm;
use crate::islands::check::Told;

/// One page of the key list.
#[derive(Debug)]
pub struct KeyList {
    pub page: Page<KeyRow>,
    /// The last day of each row.
    pub calls: Vec<Vec<Period>>,
    /// What the visitor may do with the key of each row.
    pub on: Vec<Rights>,
    /// When the list was read. Statuses that depend on time use this.
    pub now: Timestamp,
    /// What the visitor may do with keys at large.
    pub rights: Rights,
    /// The app of each row; none if they are all of one.
    pub apps: Vec<String>,
    /// The app that all are of, if there are others.
    pub only: Option<App>,
}

impl KeyList {
    async fn of(desk: &Desk, caller: &Caller, page: Page<KeyRow>, view: AppView) -> Result<Self, ConsoleError> {
        let apps = if view.one.is_none() { names(desk, caller, &page.rows, &view.choices).await? } else { Vec::new() };
        let shown = view.is_shown();
        let only = view.one.filter(|_| shown);
        let calls = desk.service().last_day(caller, &page.rows).await?;
        let on = page.rows.iter().map(|row| caller.rights_on(row)).collect();
        Ok(Self { page, calls, on, now: desk.service().now(), rights: caller.rights(), apps, only })
    }
}

/// The name of the app of each row.
async fn names(desk: &Desk, caller: &Caller, rows: &[KeyRow], apps: &[App]) -> Result<Vec<String>, ConsoleError> {
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let of_keys = desk.service().apps_of(caller, &ids).await?;
    let name = |row: &KeyRow| {
        let (_, id) = of_keys.iter().find(|(key, _)| *key == row.id)?;
        apps.iter().find(|app| app.id == *id).map(|app| app.name.clone())
    };
    Ok(rows.iter().map(|row| name(row).unwrap_or_default()).collect())
}

/// One key, the time at which it was read, and what the visitor may do with it.
#[derive(Debug)]
pub struct KeyView {
    pub key: KeyDetail,
    pub now: Timestamp,
    pub rights: Rights,
}

impl KeyView {
    /// The same, if the visitor may do this with the key.
    pub fn allowing(self, act: Act) -> Result<Self, ConsoleError> {
        if self.rights.may(act) { Ok(self) } else { Err(ConsoleError::Refused(Refusal::Forbidden)) }
    }

    fn of(desk: &Desk, caller: &Caller, key: KeyDetail) -> Self {
        let rights = caller.rights_on(&key.row);
        Self { key, now: desk.service().now(), rights }
    }
}

/// The key's calls and their verdicts, or why they cannot be shown.
pub type Calls = Result<KeyCalls, ConsoleError>;

/// One page of the list.
pub async fn read_keys(query: &KeyQuery) -> Result<KeyList, ConsoleError> {
    let desk = Desk::from_context()?;
    let caller = desk.caller()?;
    let view = desk.apps().await?;
    let page = desk.service().keys(&caller, view.scope()?, query).await?;
    KeyList::of(&desk, &caller, page, view).await
}

/// These keys, if the visitor may see them, in an order of no meaning.
pub async fn read_some_keys(ids: &[KeyId]) -> Result<KeyList, ConsoleError> {
    let desk = Desk::from_context()?;
    let caller = desk.caller()?;
    let rows = desk.service().some_keys(&caller, ids).await?;
    let page = Page { rows, next: None, previous: None, total: Capped::default() };
    KeyList::of(&desk, &caller, page, desk.apps().await?).await
}

/// The views that the visitor keeps.
pub async fn read_views() -> Result<Vec<SavedView>, ConsoleError> {
    let desk = Desk::from_context()?;
    Ok(desk.service().saved_views(&desk.caller()?).await?)
}

/// What an act on many would do.
pub async fn read_bulk(form: &BulkForm) -> Result<(BulkAct, Selection, BulkPreview), ConsoleError> {
    let desk = Desk::from_context()?;
    let (act, selection) = (form.act.ok_or(ConsoleError::Malformed)?, form.selection()?);
    let apps = bulk_apps(&desk, form, &selection).await?;
    let preview = desk.service().preview_bulk(&desk.caller()?, apps, &selection, act).await?;
    Ok((act, selection, preview))
}

/// The apps that an act on many keys is for. Keys that are named may be of any.
pub async fn bulk_apps(desk: &Desk, form: &BulkForm, selection: &Selection) -> Result<Scope<AppId>, ConsoleError> {
    match selection {
        Selection::Keys(_) | Selection::TakenBy(_) => Ok(Scope::All),
        Selection::Matching(_) => desk.apps_of(&form.app).await,
    }
}

/// The names of a few keys that an act on many took.
pub async fn read_taken_names(form_id: &str) -> Result<Vec<String>, ConsoleError> {
    let desk = Desk::from_context()?;
    Ok(desk.service().taken_names(&desk.caller()?, form_id).await?)
}

/// How far an act on many keys is.
pub fn read_progress(form_id: &str) -> Result<Option<(u32, u32)>, ConsoleError> {
    let desk = Desk::from_context()?;
    Ok(desk.service().bulk_progress(&desk.caller()?, form_id)?)
}

/// One key.
pub async fn read_key(id: &str) -> Result<KeyView, ConsoleError> {
    let desk = Desk::from_context()?;
    let caller = desk.caller()?;
    let key = desk.service().key(&caller, &key_id(id)?).await?;
    Ok(KeyView::of(&desk, &caller, Arc::unwrap_or_clone(key)))
}

/// Who saw the secret of a key, if it was not the visitor.
pub async fn seen_by_another(id: &KeyId) -> Result<Option<SeenBy>, ConsoleError> {
    let desk = Desk::from_context()?;
    Ok(desk.service().seen_by_another(&desk.caller()?, id).await?)
}

/// One key, with its calls of this span and their verdicts.
pub async fn read_key_page(id: &str, span: Span) -> Result<(KeyView, Calls), ConsoleError> {
    let desk = Desk::from_context()?;
    let caller = desk.caller()?;
    let page = desk.service().key_page(&caller, &key_id(id)?, span).await?;
    Ok(page_view(&desk, &caller, page))
}

/// The page as this visitor sees it now.
pub(super) fn page_view(desk: &Desk, caller: &Caller, page: KeyPage) -> (KeyView, Calls) {
    (KeyView::of(desk, caller, page.key), page.calls.map_err(ConsoleError::from))
}

/// What a draft means so far, and what to know before it becomes a key. What is wrong with it counts as blank.
pub fn tell(kind: KeyKind, draft: &KeyDraft) -> Result<Told, ConsoleError> {
    let desk = Desk::from_context()?;
    desk.caller()?;
    let now = desk.service().now();
    let spec = draft.sketch(kind, now);
    let words = Restrictions::from(&spec).words();
    Ok(Told { words, until: spec.expires_at, cautions: cautions(&spec, now) })
}

/// The server's time.
pub fn now() -> Result<Timestamp, ConsoleError> {
    Ok(Desk::from_context()?.service().now())
}

/// Whether the visitor may issue and change keys.
pub fn may_change_keys() -> bool {
    may(Act::ChangeKeys)
}

/// Whether the role of the visitor allows this.
pub fn may(act: Act) -> bool {
    Desk::from_context().and_then(|desk| desk.caller()).is_ok_and(|caller| caller.rights().may(act))
}

/// A fresh, one-use id for a wizard form.
pub fn new_form() -> Result<String, ConsoleError> {
    let desk = Desk::from_context()?;
    desk.session()?;
    Ok(desk.service().new_form_id()?)
}

/// What is known of a wizard form.
pub async fn read_form(form_id: &str) -> Result<SavedForm, ConsoleError> {
    let desk = Desk::from_context()?;
    Ok(desk.service().saved_form(&desk.caller()?, form_id).await?)
}

/// What the form of a key in these apps suggests, as far as the visitor may know.
pub async fn read_hints(apps: impl Into<Scope<AppId>>) -> Result<KeyHints, ConsoleError> {
    let desk = Desk::from_context()?;
    let Suggestions { life, permissions } = desk.service().suggestions(&desk.caller()?, apps).await?;
    Ok(KeyHints { life, permissions, integrations: Vec::new() })
}

/// Checks what was typed for a key of an app, which has to be named where there are several.
pub async fn check_draft_in(app: &str, draft: &KeyDraft) -> Result<(), ConsoleError> {
    let desk = Desk::from_context()?;
    if let Some(app) = AppId::parse(app) {
        return Ok(desk.service().check_draft_in(&desk.caller()?, &app, draft).await?);
    }
    check_draft(draft).await?;
    // Without several apps, none need be named.
    desk.app_of(app).await.map(drop)
}

/// Checks what was typed, without creating anything.
pub async fn check_draft(draft: &KeyDraft) -> Result<(), ConsoleError> {
    let desk = Desk::from_context()?;
    Ok(desk.service().check_draft(&desk.caller()?, draft).await?)
}

/// Reads a key id from an address. Invalid text gives `NotFound`, like an unknown id.
pub fn key_id(text: &str) -> Result<KeyId, ConsoleError> {
    KeyId::parse(text).ok_or(ConsoleError::Refused(Refusal::NotFound))
}
