//! Handing a key over: the form, and the page that shows the link, once.

use domain::draft::KeyDraft;
use domain::field::{Field, FieldErrors};
use domain::hand_over::{HandOverDraft, LinkLife};
use domain::kind::KeyKind;
use domain::text::PASSPHRASE_MIN;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use service::keys::SavedForm;

use super::generate_steps::{Expired, MadeBefore, facts};
use crate::addresses::wizard_address;
use crate::components::app_switch::{ChosenApp, InApp};
use crate::components::failed::{Failed, FormProblem};
use crate::components::field::TextField;
use crate::components::hidden_draft::HiddenDraft;
use crate::components::link_once::{LinkOnce, Mailed};
use crate::components::problem::FieldProblems;
use crate::components::select_field::SelectField;
use crate::components::time::Time;
use crate::components::title::Title;
use crate::desk::hand_overs::{link, mails_links};
use crate::desk::integrations::with_integration_named;
use crate::desk::keys::{new_form, read_form};
use crate::desk::later::later;
use crate::desk::requests::read_approved;
use crate::error::ConsoleError;
use crate::forms::hand_over::{HandOverFields, NewHandOver, REQUEST, RecipientFields};
use crate::forms::key::{DRAFT, WizardStep};
use crate::forms::outcome::{PostedForm, Problem};

/// The form, or the link that it made.
#[component]
pub fn HandOverPage() -> impl IntoView {
    let page = match PostedForm::<HandOverFields, NewHandOver>::take() {
        Some(PostedForm { outcome: Ok(made), .. }) => return view! { <Link made/> }.into_any(),
        Some(PostedForm { form, outcome: Err(error), .. }) => later(async move {
            let within = InApp::read(&form.app).await;
            let shown = with_integration_named(&form.key).await;
            view! { <Form form shown within problem=Problem::from(error)/> }
        })
        .into_any(),
        None => {
            let query = use_query_map().get_untracked();
            let form_id = query.get(DRAFT).unwrap_or_default();
            let app = query.get(Field::App.as_str()).unwrap_or_default();
            let request = query.get(REQUEST);
            later(async move {
                match request {
                    Some(request) => approved(request).await,
                    None => begun(form_id, app).await,
                }
            })
            .into_any()
        }
    };
    view! { <Title text="Hand the key over"/> {page} }.into_any()
}

/// The form before anybody typed.
async fn begun(form_id: String, app: String) -> AnyView {
    match read_form(&form_id).await {
        Ok(SavedForm { draft, app, key: Some(key) }) => {
            view! { <div class="head narrow"><div><h1>"Let somebody else collect the key"</h1></div></div> <MadeBefore draft app key/> }
                .into_any()
        }
        Ok(saved) => match saved.draft {
            Some(key) => {
                let form = HandOverFields { key, form_id, to: RecipientFields::usual(), ..HandOverFields::default() };
                let within = InApp::read(&app).await;
                let shown = with_integration_named(&form.key).await;
                view! { <Form form shown within problem=Problem::default()/> }.into_any()
            }
            None => view! { <Expired/> }.into_any(),
        },
        Err(error) => refused(error),
    }
}

/// The form for the key of an approved request.
async fn approved(request: String) -> AnyView {
    let read = async { Ok::<_, ConsoleError>((read_approved(&request).await?, new_form()?)) };
    match read.await {
        Ok((found, form_id)) => {
            let key = found.request.draft;
            let within = InApp::read(found.request.app_id.as_str()).await;
            let form =
                HandOverFields { key, form_id, request, to: RecipientFields::usual(), ..HandOverFields::default() };
            let shown = with_integration_named(&form.key).await;
            view! { <Form form shown within problem=Problem::default()/> }.into_any()
        }
        Err(error) => refused(error),
    }
}

/// In place of the form.
fn refused(error: ConsoleError) -> AnyView {
    view! {
        <div class="head narrow"><div><h1>"Let somebody else collect the key"</h1></div></div>
        <Failed error/>
        <div class="actions"><a class="button" href="/keys">"All keys"</a></div>
    }
    .into_any()
}

/// The fields for whom a link is for, what it asks for, and how long it works.
pub fn recipient_fields(errors: RwSignal<FieldErrors>, to: HandOverDraft, autofocus: bool) -> impl IntoView {
    let mailed = if mails_links() {
        "The link is mailed there."
    } else {
        "To know them by. This installation sends no mail, so give them the link yourself."
    };
    let lives = LinkLife::ALL.iter().map(|life| (life.as_str(), life.label())).collect();
    view! {
        <TextField errors field=Field::Recipient value=to.recipient required=true autofocus
            hint="The record and the key's page name them."/>
        <TextField errors field=Field::Email aside="optional" value=to.email input="email" hint=mailed/>
        <TextField errors field=Field::Passphrase aside="optional" input="password" autocomplete="new-password"
            hint=format!("At least {PASSPHRASE_MIN} characters. Tell them by other means than the link.")/>
        <SelectField errors field=Field::LinkLife options=lives chosen=to.life/>
    }
}

#[component]
fn Form(form: HandOverFields, shown: KeyDraft, within: InApp, problem: Problem) -> impl IntoView {
    let HandOverFields { key, form_id, request, to, .. } = form;
    let (back, words) = if request.is_empty() {
        (within.address(&wizard_address(&form_id, WizardStep::Summary)), "Back to the summary")
    } else {
        (format!("/requests/{request}/collect"), "Back")
    };
    let kind = key.kind.as_deref().and_then(KeyKind::parse);
    let facts = kind.map(|kind| facts(kind, &shown));
    let errors = RwSignal::new(problem.fields);
    let signed_out = problem.whole == Some(ConsoleError::SignedOut);
    let chosen = within.name().is_some();
    let app = if request.is_empty() || chosen {
        view! { <ChosenApp errors within hint=kind.unwrap_or(KeyKind::OWN_APIS).rules().in_app/> }.into_any()
    } else {
        // A request has its app, even if no key can be issued in it now.
        view! { <input type="hidden" name=Field::App.as_str() value=within.chosen/> }.into_any()
    };
    // What is asked for comes before what is only said.
    let (asked, said) = if chosen { (None, Some(app)) } else { (Some(app), None) };
    view! {
        <div class="head narrow">
            <div>
                <h1>"Let somebody else collect the key"</h1>
                <p>"They get a link that works once. The key is made when they open it and ask for it, and only they see it."</p>
            </div>
        </div>
        <form class="narrow stack" method="post" action="/keys/handovers/new" novalidate>
            <FormProblem problem=problem.whole/>
            <FieldProblems errors/>
            {asked}
            {recipient_fields(errors, to.draft, !signed_out)}
            {said}
            <h2>"The key"</h2>
            {facts}
            <HiddenDraft draft=key/>
            <input type="hidden" name=Field::FormId.as_str() value=form_id/>
            <input type="hidden" name=REQUEST value=request/>
            <div class="actions">
                <a class="button" href=back>{words}</a>
                <button class="button primary">"Make the link"</button>
            </div>
        </form>
    }
}

/// The page that shows a link, once.
#[component]
pub fn Link(made: NewHandOver) -> impl IntoView {
    let hand_over = made.made.hand_over.clone();
    let (title, what, lost, back) = if hand_over.rotates.is_none() {
        let lost = "withdraw it and hand the key over again.";
        ("Link to collect the key", "", lost, "/keys/handovers".to_owned())
    } else {
        let lost = "withdraw it and hand the new secret over again.";
        ("Link to collect the new secret", "the new secret of ", lost, format!("/keys/{}", hand_over.key))
    };
    let mailed = hand_over.email.map(|to| Mailed { sent: made.mailed, to });
    match link(&made.made) {
        Ok(address) => view! {
            <LinkOnce title lost address mailed back>
                "Whoever opens the link can collect " {what} "“" <span dir="auto">{hand_over.key_name}</span> "”. Give it to "
                <b dir="auto">{hand_over.recipient}</b> " and to nobody else. It works once, until "
                <Time at=hand_over.expires_at/> "."
                {hand_over.has_passphrase.then_some(" Tell them the passphrase by other means.")}
            </LinkOnce>
        }
        .into_any(),
        Err(error) => view! { <Failed error/> }.into_any(),
    }
}
