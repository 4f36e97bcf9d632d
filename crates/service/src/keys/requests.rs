//! Keys that a second person must approve: asking for one, deciding, withdrawing. Until whoever asked collects the key,
//! there is no key and no secret.

use domain::{
    approval::{ApprovalRules, Cause},
    audit::{Action, Actor, AuditEvent, Subject},
    draft::KeyDraft,
    field::{Field, FieldErrors},
    ids::{AppId, KeyId, PersonId},
    kind::KeyKind,
    page::{Capped, Page},
    refusal::Refusal,
    request::{
        self, COLLECT_WITHIN, DECIDE_WITHIN, Decided, Decision, KeyRequest, REQUESTS_MAX, RequestQuery, RequestState,
        WAITING_SHOWN,
    },
    role::Act,
    sight::Sight,
    spec::KeySpec,
    timestamp::{Millis, Timestamp},
};
use store::Tx;

use super::{
    issue::{check_form_id, check_new, first_values, refuse_repeat},
    overdue::Overdue,
};
use crate::{Authentication, Caller, Error, Result, Service, apps::usable, sessions::Person, settings::approval_rules};

/// How many requests are looked up at once.
const AT_ONCE: u32 = 100;

/// Who was told of a request is not told of the next within this time: the page lists them all.
const QUIET: Millis = Millis::minutes(10);

/// A request, and whether those who decide are to be told of it.
#[derive(Debug)]
pub struct Asked {
    /// The request.
    pub request: KeyRequest,
    /// Whether it is new, and the first for a while.
    pub is_news: bool,
}

/// What came of a decision about many requests.
#[derive(Debug)]
pub struct DecidedMany {
    /// The requests that it decided.
    pub decided: Vec<KeyRequest>,
    /// How many it skipped: the caller's own, those that somebody else was quicker with, and those that the caller may not
    /// decide or that can no longer be issued.
    pub skipped: u32,
}

/// The rules for this caller. Nobody asks whoever has the server's shell.
pub(super) async fn rules_for(tx: &mut Tx, caller: &Caller) -> Result<ApprovalRules> {
    match caller.authentication() {
        Authentication::Shell => Ok(ApprovalRules::default()),
        _ => approval_rules(tx).await,
    }
}

/// `ApprovalNeeded` if a second person must approve this key before the caller issues it.
pub(super) async fn check_unasked(tx: &mut Tx, caller: &Caller, spec: &KeySpec) -> Result<()> {
    let causes = rules_for(tx, caller).await?.causes(spec);
    if causes.is_empty() { Ok(()) } else { Err(Refusal::ApprovalNeeded.into()) }
}

impl Service {
    /// Why a second person must approve this key; empty if nobody must.
    pub async fn approval_causes(&self, caller: &Caller, draft: &KeyDraft) -> Result<Vec<Cause>> {
        let spec = self.read_draft(caller, draft)?;
        Ok(self.approval_rules_now().await?.causes(&spec))
    }

    /// Asks for a key. One form makes one request, however often it is sent. `None` if nobody must approve the key. It fails
    /// as issuing the key would.
    pub async fn request_key(
        &self,
        caller: &Caller,
        app: &AppId,
        draft: &KeyDraft,
        form_id: &str,
        reason: &str,
    ) -> Result<Option<Asked>> {
        let person = *caller.person_id()?;
        let form_id = check_form_id(form_id)?;
        self.check_draft(caller, draft).await?;
        let reason = request::reason(reason)?;
        let spec = self.read_draft(caller, draft)?;
        let now = self.now();
        let request = KeyRequest {
            key: self.new_key_id()?,
            app_id: *app,
            kind: spec.kind,
            key_name: spec.name.clone(),
            draft: draft.clone(),
            form_id: form_id.to_owned(),
            reason,
            asked_by: (person.to_string(), caller.actor().label()),
            created_at: now,
            state: RequestState::Waiting,
            until: now.plus(DECIDE_WITHIN),
            decided: None,
        };
        let work = async |tx: &mut Tx| {
            refuse_repeat(tx.key_of_form(form_id).await?)?;
            if let Some(made) = tx.key_request_of_form(form_id).await? {
                let own = made.asked_by.0 == person.as_str();
                if !own {
                    return Err(
                        FieldErrors::one(Field::FormId, "This form had expired. Please submit it again.").into()
                    );
                }
                if made.reason != request.reason {
                    let words =
                        "You have asked for this key already, with another reason. Withdraw that request first.";
                    return Err(FieldErrors::one(Field::Reason, words).into());
                }
                return Ok(Some(Asked { request: made, is_news: false }));
            }
            usable(tx, caller, app).await?;
            if approval_rules(tx).await?.causes(&spec).is_empty() {
                return Ok(None);
            }
            if tx.key_requests_waiting_of(&person).await? >= REQUESTS_MAX {
                return Err(Refusal::TooManyRequests { most: REQUESTS_MAX }.into());
            }
            let last = tx.last_key_request_at(&person, app).await?;
            tx.insert_key_request(&request).await?;
            let event = self.request_event(caller, Action::KeyRequested, &request);
            let (changes, note) = (first_values(&spec), Some(request.reason.clone()));
            self.record(tx, AuditEvent { changes, note, ..event }).await?;
            let is_news = last.is_none_or(|last| now.since(last) >= QUIET);
            Ok::<_, Error>(Some(Asked { request, is_news }))
        };
        self.write(work).await
    }

    /// A page of the requests that the caller may see.
    pub async fn requests(&self, caller: &Caller, query: &RequestQuery) -> Result<Page<KeyRequest>> {
        caller.may(Act::SeeRequests)?;
        Ok(self.store().list_key_requests(caller.sight(), query, caller.person_id().ok()).await?)
    }

    /// One of them; `RequestGone` if there is none, or it is out of sight.
    pub async fn request(&self, caller: &Caller, key: &KeyId) -> Result<KeyRequest> {
        caller.may(Act::SeeRequests)?;
        let found = self.store().key_request(key).await?;
        Ok(found.filter(|request| sees(caller, request)).ok_or(Refusal::RequestGone)?)
    }

    /// How many requests wait that the caller may decide.
    pub async fn requests_waiting(&self, caller: &Caller) -> Result<Capped> {
        caller.may(Act::ChangeKeys)?;
        let kinds = KeyKind::ALL.iter().copied().filter(|kind| caller.may_issue(*kind).is_ok());
        let sight = Sight { kinds: kinds.collect(), ..caller.sight().clone() };
        let person = caller.person_id()?;
        let (mut count, mut last) = (0_u64, None);
        loop {
            let some = self.store().key_requests_waiting_for(&sight, person, last.as_ref(), AT_ONCE).await?;
            let decides = some.iter().filter(|request| self.may_decide(caller, request)).count();
            count = count.saturating_add(u64::try_from(decides).unwrap_or(u64::MAX));
            let is_end = some.len() < usize::try_from(AT_ONCE).unwrap_or(usize::MAX);
            if is_end || count > u64::from(WAITING_SHOWN) {
                return Ok(Capped::at(WAITING_SHOWN, count));
            }
            last = some.into_iter().last();
        }
    }

    /// Whether the caller may decide on this request: it waits, it is not their own, and they may issue the key.
    pub fn may_decide(&self, caller: &Caller, request: &KeyRequest) -> bool {
        self.check_decider(caller, request, Decision::Approve).is_ok()
    }

    /// Approves or declines a request. Of several at once, one succeeds; the others get `RequestEnded`. `OwnRequest` for whoever
    /// asked, and `RequestStale` if they could no longer issue the key. Only people approve; a key and the command line may
    /// decline.
    pub async fn decide_request(
        &self,
        caller: &Caller,
        key: &KeyId,
        decision: Decision,
        word: &str,
    ) -> Result<KeyRequest> {
        caller.may(Act::ChangeKeys)?;
        let word = request::word(word)?;
        self.write(async |tx: &mut Tx| self.decide(tx, caller, key, decision, &word).await).await
    }

    /// Does the same with many requests in one transaction, and skips those that it cannot decide. `NoRequestChosen` if there
    /// is none.
    pub async fn decide_requests(
        &self,
        caller: &Caller,
        keys: &[KeyId],
        decision: Decision,
        word: &str,
    ) -> Result<DecidedMany> {
        caller.may(Act::ChangeKeys)?;
        let word = request::word(word)?;
        if keys.is_empty() {
            return Err(Refusal::NoRequestChosen.into());
        }
        let decide_all = async |tx: &mut Tx| {
            let mut many = DecidedMany { decided: Vec::new(), skipped: 0 };
            for key in keys {
                // A refusal comes before anything is written.
                match self.decide(tx, caller, key, decision, &word).await {
                    Ok(request) => many.decided.push(request),
                    Err(Error::Refused(_)) => many.skipped += 1,
                    Err(error) => return Err(error),
                }
            }
            Ok::<_, Error>(many)
        };
        self.write(decide_all).await
    }

    /// Withdraws a request of the caller's own, decided or not. `Forbidden` for that of somebody else, `RequestEnded` for one
    /// that is over.
    pub async fn withdraw_request(&self, caller: &Caller, key: &KeyId) -> Result<()> {
        caller.may(Act::ChangeKeys)?;
        let person = *caller.person_id()?;
        let work = async |tx: &mut Tx| {
            let found = tx.key_request(key).await?.filter(|request| sees(caller, request));
            let request = found.ok_or(Refusal::RequestGone)?;
            if request.asked_by.0 != person.as_str() {
                return Err(Refusal::Forbidden.into());
            }
            self.end_request(tx, caller, &request, RequestState::Withdrawn, None).await
        };
        self.write(work).await
    }

    /// Ends the requests that nobody decided, and the approved ones that nobody collected, in time, and records each. Runs in
    /// the background. Returns how many it ended.
    pub async fn end_overdue_requests(&self) -> Result<usize> {
        let mut overdue = Overdue::new();
        while let Some(limit) = overdue.next() {
            for request in &self.store().key_requests_overdue(self.now(), limit).await? {
                let note = match request.state {
                    RequestState::Approved => "Nobody collected the key in time.",
                    _ => "Nobody decided in time.",
                };
                let work = async |tx: &mut Tx| {
                    self.end_request(tx, &Caller::system(None), request, RequestState::Expired, Some(note)).await
                };
                if overdue.is_new(&request.key) {
                    overdue.note(request.key, self.write(work).await)?;
                }
            }
        }
        overdue.result()
    }

    async fn decide(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        key: &KeyId,
        decision: Decision,
        word: &str,
    ) -> Result<KeyRequest> {
        let found = tx.key_request(key).await?.filter(|request| sees(caller, request));
        let mut request = found.ok_or(Refusal::RequestGone)?;
        self.check_decider(caller, &request, decision)?;
        if decision == Decision::Approve {
            self.still_issuable(tx, &request).await?;
        }
        let (now, actor) = (self.now(), caller.actor());
        let decided = Decided { by: (actor.id().to_owned(), actor.label()), at: now, word: word.to_owned() };
        let until = if decision == Decision::Approve { now.plus(COLLECT_WITHIN) } else { now };
        if !tx.decide_key_request(key, decision.state(), until, &decided).await? {
            return Err(Refusal::RequestEnded.into());
        }
        let action = match decision {
            Decision::Approve => Action::RequestApproved,
            Decision::Decline => Action::RequestDeclined,
        };
        let asked = format!("Asked for by {}", request.asked_by.1);
        let note = if word.is_empty() { asked } else { format!("{asked}: {word}") };
        self.record(tx, AuditEvent { note: Some(note), ..self.request_event(caller, action, &request) }).await?;
        (request.state, request.until, request.decided) = (decision.state(), until, Some(decided));
        Ok(request)
    }

    fn check_decider(&self, caller: &Caller, request: &KeyRequest, decision: Decision) -> Result<(), Refusal> {
        caller.may_issue(request.kind)?;
        caller.may_give(&request.permissions()).map_err(|_| Refusal::Forbidden)?;
        caller.may_make(&request.draft.sketch(request.kind, self.now()))?;
        match (caller.actor(), decision) {
            (Actor::Person { id, .. }, _) if request.asked_by.0 == id.as_str() => return Err(Refusal::OwnRequest),
            // Whoever has the shell may be who asked: they issue the key themselves, on record, and vouch for nobody.
            (Actor::Person { .. }, _) | (Actor::Key { .. } | Actor::CommandLine { .. }, Decision::Decline) => {}
            _ => return Err(Refusal::Forbidden),
        }
        if request.state != RequestState::Waiting || request.until <= self.now() {
            return Err(Refusal::RequestEnded);
        }
        Ok(())
    }

    /// `RequestStale` unless whoever asked could issue the key now.
    async fn still_issuable(&self, tx: &mut Tx, request: &KeyRequest) -> Result<()> {
        let now = self.now();
        let asker = match PersonId::parse(&request.asked_by.0) {
            Some(id) => tx.person_by_id(&id).await?.filter(|person| person.may_enter(now)),
            None => None,
        };
        let asker = Caller::person(&Person::from(asker.ok_or(Refusal::RequestStale)?), now, None);
        let spec = self.read_draft(&asker, &request.draft).map_err(stale)?;
        check_new(tx, &asker, &request.app_id, &spec, now, Field::Expiry).await.map_err(stale)
    }

    async fn end_request(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        request: &KeyRequest,
        state: RequestState,
        note: Option<&str>,
    ) -> Result<()> {
        if !request.state.is_open() || !tx.end_key_request(&request.key, request.state, state, self.now()).await? {
            return Err(Refusal::RequestEnded.into());
        }
        let action = if state == RequestState::Withdrawn { Action::RequestWithdrawn } else { Action::RequestExpired };
        let event = self.request_event(caller, action, request);
        self.record(tx, AuditEvent { note: note.map(str::to_owned), ..event }).await?;
        Ok(())
    }

    fn request_event(&self, caller: &Caller, action: Action, request: &KeyRequest) -> AuditEvent {
        let subject = Subject::key(&request.key, request.kind, &request.key_name);
        self.event_about(caller, action, &request.app_id, subject)
    }
}

/// Requests that had ended by this time are no longer kept.
pub(crate) fn long_over(now: Timestamp) -> Timestamp {
    now.plus(Millis(-request::ENDED_KEPT.0))
}

/// Whether the caller may see this request: they could see the key.
pub(super) fn sees(caller: &Caller, request: &KeyRequest) -> bool {
    caller.sight().apps.has(&request.app_id) && caller.sight().sees_kind(request.kind)
}

/// What the record of the key says of its request.
pub(super) fn told(request: &KeyRequest) -> String {
    let approved = request.decided.as_ref().map(|decided| format!(", approved by {}", decided.by.1));
    format!("Request {}: asked for by {}{}", request.key, request.asked_by.1, approved.unwrap_or_default())
}

/// Whatever is wrong with the key now, it has to be asked for anew; but an archived app may come back, and a key be deleted.
pub(super) fn stale(error: Error) -> Error {
    match error {
        Error::Refused(Refusal::AppArchived | Refusal::TooManyKeys { .. }) => error,
        Error::Refused(_) => Refusal::RequestStale.into(),
        error => error,
    }
}
