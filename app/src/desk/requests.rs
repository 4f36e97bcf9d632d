//! Requests: what their pages read, and what their forms do.

use std::sync::Arc;

use domain::app::App;
use domain::approval::Cause;
use domain::caution::cautions;
use domain::draft::KeyDraft;
use domain::expiry::Expiry;
use domain::ids::{AppId, KeyId};
use domain::page::{Capped, Page};
use domain::refusal::Refusal;
use domain::request::{Decision, KeyRequest, RequestQuery, RequestState};
use domain::restrictions::Restrictions;
use domain::timestamp::Timestamp;
use service::Caller;
use service::apps::AppView;
use service::keys::DecidedMany;

use super::apps::app_names;
use super::context::Desk;
use super::key_forms::tell;
use super::people_forms::told;
use crate::error::ConsoleError;
use crate::forms::done::{PersonDone, Told};
use crate::forms::key::NewSecret;
use crate::forms::outcome::Next;
use crate::forms::person::Nothing;
use crate::forms::request::{DecideForm, DecideManyForm};
use crate::islands::check::Told as Means;

/// A request as the visitor sees it.
#[derive(Debug, Clone)]
pub struct RequestView {
    pub request: KeyRequest,
    /// The name of its app, where there are several.
    pub app: Option<String>,
    /// What the key means, and what to know before it is issued.
    pub means: Means,
    /// How long it will live from when it is collected, if that is no date.
    pub lasts: Option<&'static str>,
    /// Whether the visitor may approve and decline it.
    pub may_decide: bool,
    /// Whether the visitor asked for it.
    pub is_own: bool,
    /// Whether the visitor approved or declined it.
    pub has_decided: bool,
    /// When it was read.
    pub now: Timestamp,
}

impl RequestView {
    fn of(desk: &Desk, caller: &Caller, request: KeyRequest, app: Option<String>) -> Self {
        let now = desk.service().now();
        let spec = request.draft.sketch(request.kind, now);
        let words = Restrictions::from(&spec).words();
        let expiry = request.draft.expiry.as_deref().and_then(Expiry::parse);
        let lasts = expiry.filter(|expiry| expiry.days().is_some()).map(Expiry::label);
        let until = spec.expires_at.filter(|_| lasts.is_none());
        Self {
            means: Means { words, until, cautions: cautions(&spec, now) },
            lasts,
            may_decide: desk.service().may_decide(caller, &request),
            is_own: request.asked_by.0 == caller.actor().id(),
            has_decided: request.decided.as_ref().is_some_and(|decided| decided.by.0 == caller.actor().id()),
            request,
            app,
            now,
        }
    }

    /// Whether the visitor can collect its key.
    pub fn is_ready(&self) -> bool {
        self.is_own && self.request.state == RequestState::Approved && self.now < self.request.until
    }
}

/// A page of the requests.
#[derive(Debug)]
pub struct RequestList {
    pub page: Page<RequestView>,
    /// The app that all are of, if there are others.
    pub only: Option<App>,
}

/// A page of the requests in the apps that the pages are about.
pub async fn read_requests(query: &RequestQuery) -> Result<RequestList, ConsoleError> {
    let desk = Desk::from_context()?;
    let view = desk.apps().await?;
    let caller = view.narrowed(desk.caller()?);
    let Page { rows, next, previous, total } = desk.service().requests(&caller, query).await?;
    let one = view.one.as_ref().map(|app| app.id);
    let rows = views(&desk, &caller, &view, rows, one).await?;
    let is_shown = view.is_shown();
    Ok(RequestList { page: Page { rows, next, previous, total }, only: view.one.filter(|_| is_shown) })
}

/// The requests as the visitor sees them, with the names of their apps but this one.
async fn views(
    desk: &Desk,
    caller: &Caller,
    view: &AppView,
    requests: Vec<KeyRequest>,
    but: Option<AppId>,
) -> Result<Vec<RequestView>, ConsoleError> {
    let ids: Vec<_> = requests.iter().map(|request| request.app_id).filter(|id| Some(*id) != but).collect();
    let names = if ids.is_empty() { Vec::new() } else { app_names(desk, caller, view, &ids).await? };
    let seen = |request: KeyRequest| {
        let known = names.iter().find(|(id, _)| Some(*id) != but && *id == request.app_id);
        let app = known.map(|(_, name)| name.clone());
        RequestView::of(desk, caller, request, app)
    };
    Ok(requests.into_iter().map(seen).collect())
}

/// The same, whatever the pages are about. Where there is only one app, nobody need know that there are apps.
async fn views_anywhere(
    desk: &Desk,
    caller: &Caller,
    requests: Vec<KeyRequest>,
) -> Result<Vec<RequestView>, ConsoleError> {
    let view = desk.apps().await?;
    let lone = view.one.as_ref().filter(|_| !view.is_shown()).map(|app| app.id);
    views(desk, caller, &view, requests, lone).await
}

async fn view_of(desk: &Desk, caller: &Caller, request: KeyRequest) -> Result<RequestView, ConsoleError> {
    let seen = views_anywhere(desk, caller, vec![request]).await?.pop();
    seen.ok_or(ConsoleError::Refused(Refusal::RequestGone))
}

/// One request.
pub async fn read_request(id: &str) -> Result<RequestView, ConsoleError> {
    let desk = Desk::from_context()?;
    let caller = desk.caller()?;
    let request = desk.service().request(&caller, &request_id(id)?).await?;
    view_of(&desk, &caller, request).await
}

/// Those of these requests that are there, in their order.
pub async fn read_some_requests(ids: &[KeyId]) -> Result<Vec<RequestView>, ConsoleError> {
    let desk = Desk::from_context()?;
    let caller = desk.caller()?;
    let mut found = Vec::new();
    for id in ids {
        match desk.service().request(&caller, id).await {
            Ok(request) => found.push(request),
            Err(service::Error::Refused(Refusal::RequestGone)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    views_anywhere(&desk, &caller, found).await
}

/// An approved request of the visitor's own.
pub async fn read_approved(id: &str) -> Result<RequestView, ConsoleError> {
    let desk = Desk::from_context()?;
    let caller = desk.caller()?;
    let request = desk.service().own_approved(&caller, &request_id(id)?).await?;
    view_of(&desk, &caller, request).await
}

/// How many requests wait for the visitor; nothing if they decide none.
pub async fn read_waiting() -> Capped {
    let read = async {
        let desk = Desk::from_context()?;
        Ok::<_, ConsoleError>(desk.service().requests_waiting(&desk.caller()?).await?)
    };
    // The page itself says what is wrong.
    read.await.unwrap_or_default()
}

/// Why somebody else must approve the key of this draft; empty if nobody must.
pub async fn read_causes(draft: &KeyDraft) -> Result<Vec<Cause>, ConsoleError> {
    let desk = Desk::from_context()?;
    Ok(desk.service().approval_causes(&desk.caller()?, draft).await?)
}

/// Reads a request's id from an address. Invalid text is like an unknown id.
pub fn request_id(text: &str) -> Result<KeyId, ConsoleError> {
    KeyId::parse(text).ok_or(ConsoleError::Refused(Refusal::RequestGone))
}

/// The address of a page, for a mail.
pub(super) fn address(desk: &Desk, path: &str) -> String {
    format!("{}{path}", desk.console.public_url)
}

pub async fn approve(desk: Desk, id: KeyId, form: DecideForm) -> Result<Next<()>, ConsoleError> {
    decide(&desk, &id, Decision::Approve, &form.word).await?;
    Ok(told(&desk, LIST.to_owned(), PersonDone::RequestApproved))
}

pub async fn decline(desk: Desk, id: KeyId, form: DecideForm) -> Result<Next<()>, ConsoleError> {
    decide(&desk, &id, Decision::Decline, &form.word).await?;
    Ok(told(&desk, LIST.to_owned(), PersonDone::RequestDeclined))
}

/// The decision stands, whatever comes of the mail.
async fn decide(desk: &Desk, id: &KeyId, decision: Decision, word: &str) -> Result<(), ConsoleError> {
    let request = desk.service().decide_request(&desk.caller()?, id, decision, word).await?;
    desk.service().mail_decisions(&[request], &address(desk, MINE));
    Ok(())
}

pub async fn decide_many(desk: Desk, form: DecideManyForm) -> Result<Next<()>, ConsoleError> {
    let decision = form.decision.ok_or(ConsoleError::Malformed)?;
    let done = desk.service().decide_requests(&desk.caller()?, &form.keys, decision, &form.word).await?;
    let DecidedMany { decided, skipped } = done;
    desk.service().mail_decisions(&decided, &address(&desk, MINE));
    let taken = u32::try_from(decided.len()).unwrap_or(u32::MAX);
    Ok(tell(&desk, LIST.to_owned(), Told::Requests { decision, taken, skipped }))
}

pub async fn withdraw(desk: Desk, id: KeyId, _form: Nothing) -> Result<Next<()>, ConsoleError> {
    desk.service().withdraw_request(&desk.caller()?, &id).await?;
    Ok(told(&desk, LIST.to_owned(), PersonDone::RequestWithdrawn))
}

/// The secret is in the answer, and nowhere else.
pub async fn collect(desk: Desk, id: KeyId, _form: Nothing) -> Result<Next<NewSecret>, ConsoleError> {
    Ok(Next::Show(Arc::new(desk.service().collect_request(&desk.caller()?, &id).await?)))
}

/// The list.
const LIST: &str = "/requests";
/// The approved ones that the visitor made.
pub const MINE: &str = "/requests?mine=yes&show=approved";
