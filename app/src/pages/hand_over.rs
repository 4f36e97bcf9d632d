//! Handing a key over: the form, and the page that shows the link, once.

use domain::field::{Field, FieldErrors};
use domain::hand_over::{HandOverDraft, LinkLife};
use domain::kind::KeyKind;
use domain::text::PASSPHRASE_MIN;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use secrecy::ExposeSecret;

use super::generate_steps::{Expired, facts};
use crate::addresses::wizard_address;
use crate::components::copy::CopyButton;
use crate::components::failed::{Failed, FormProblem};
use crate::components::field::TextField;
use crate::components::hidden_draft::HiddenDraft;
use crate::components::icon::{Drawn, Icon};
use crate::components::problem::FieldProblems;
use crate::components::time::Time;
use crate::desk::hand_overs::link;
use crate::desk::keys::read_form;
use crate::error::ConsoleError;
use crate::forms::hand_over::{HandOverFields, NewHandOver};
use crate::forms::key::{DRAFT, WizardStep};
use crate::forms::outcome::{PostedForm, Problem};

/// The form, or the link that it made.
#[component]
pub fn HandOverPage() -> impl IntoView {
    let page = match PostedForm::<HandOverFields, NewHandOver>::take() {
        Some(PostedForm { outcome: Ok(made), .. }) => return view! { <Link made/> }.into_any(),
        Some(PostedForm { form, outcome: Err(error) }) => {
            view! { <Form form problem=Problem::from(error)/> }.into_any()
        }
        None => {
            let form_id = use_query_map().get_untracked().get(DRAFT).unwrap_or_default();
            Suspend::new(async move { begun(form_id).await }).into_any()
        }
    };
    view! { <Title text="Hand the key over"/> {page} }.into_any()
}

/// The form before anybody typed.
async fn begun(form_id: String) -> AnyView {
    match read_form(&form_id).await {
        Ok(saved) => match saved.draft.filter(|_| saved.key.is_none()) {
            Some(key) => {
                let to = HandOverDraft { life: LinkLife::USUAL.as_str().to_owned(), ..HandOverDraft::default() };
                let form = HandOverFields { key, form_id, to, ..HandOverFields::default() };
                view! { <Form form problem=Problem::default()/> }.into_any()
            }
            None => view! { <Expired/> }.into_any(),
        },
        Err(error) => view! { <Failed error/> }.into_any(),
    }
}

#[component]
fn Form(form: HandOverFields, problem: Problem) -> impl IntoView {
    let HandOverFields { key, form_id, to, .. } = form;
    let summary = wizard_address(&form_id, WizardStep::Summary);
    let facts = key.kind.as_deref().and_then(KeyKind::parse).map(|kind| facts(kind, &key));
    let errors = RwSignal::new(problem.fields);
    let signed_out = problem.whole == Some(ConsoleError::SignedOut);
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
            <TextField errors field=Field::Recipient value=to.recipient required=true autofocus=!signed_out
                hint="The record and the key's page name them."/>
            <TextField errors field=Field::Email aside="optional" value=to.email input="email"
                hint="The link is mailed there, if this installation sends mail."/>
            <TextField errors field=Field::Passphrase aside="optional" input="password" autocomplete="new-password"
                hint=format!("At least {PASSPHRASE_MIN} characters. Tell them by other means than the link.")/>
            <Lives errors chosen=to.life/>
            {facts}
            <HiddenDraft draft=key/>
            <input type="hidden" name=Field::FormId.as_str() value=form_id/>
            <div class="actions">
                <a class="button" href=summary>"Back to the summary"</a>
                <button class="button primary">"Make the link"</button>
            </div>
        </form>
    }
}

/// How long the link works.
#[component]
fn Lives(errors: RwSignal<FieldErrors>, chosen: String) -> impl IntoView {
    let id = Field::LinkLife.as_str();
    let options: Vec<_> = LinkLife::ALL
        .iter()
        .map(|life| view! { <option value=life.as_str() selected=chosen == life.as_str()>{life.label()}</option> })
        .collect();
    let wrong = errors.with_untracked(|errors| errors.of(Field::LinkLife).next().map(|error| error.message.clone()));
    view! {
        <div class="field">
            <label for=id>{Field::LinkLife.label()}</label>
            <select id=id name=id aria-invalid=wrong.is_some().then_some("true")
                aria-describedby=wrong.is_some().then(|| format!("{id}-error"))>
                {options}
            </select>
            {wrong.map(|wrong| view! { <span class="error" id=format!("{id}-error")>{wrong}</span> })}
        </div>
    }
}

/// The page that shows a link, once.
#[component]
fn Link(made: NewHandOver) -> impl IntoView {
    let hand_over = made.made.hand_over.clone();
    let mailed = match made.mailed {
        Some(true) => view! {
            <div class="note narrow"><Drawn icon=Icon::Info/><div>
                "Keystead has mailed this link to " <bdi>{hand_over.email.clone()}</bdi> "."
            </div></div>
        }
        .into_any(),
        Some(false) => view! {
            <div class="note bad narrow" role="alert"><Drawn icon=Icon::Alert/><div>
                <b>"The mail could not be sent."</b>
                " The link works all the same: copy it and send it yourself. The log has the cause."
            </div></div>
        }
        .into_any(),
        None => ().into_any(),
    };
    match link(&made.made) {
        Ok(address) => view! {
            <Title text="Link to collect the key"/>
            <div class="head narrow">
                <div>
                    <h1>"Copy the link now"</h1>
                    <p>"You will not be able to see it again. If you lose it, withdraw it and hand the key over again."</p>
                </div>
            </div>
            {mailed}
            <div class="secret narrow">
                <code id="link">{address.expose_secret().to_owned()}</code>
                <div class="tools"><CopyButton of="link" what="link"/></div>
            </div>
            <div class="note narrow">
                <Drawn icon=Icon::Caution/>
                <div>
                    "Whoever opens the link can collect “" <span dir="auto">{hand_over.key_name}</span> "”. Give it to "
                    <b dir="auto">{hand_over.recipient}</b> " and to nobody else. It works once, until "
                    <Time at=hand_over.expires_at/> "."
                    {hand_over.has_passphrase.then_some(" Tell them the passphrase by other means.")}
                </div>
            </div>
            <div class="actions narrow"><a class="button primary" href="/keys/handovers">"Done"</a></div>
        }
        .into_any(),
        Err(error) => view! { <Failed error/> }.into_any(),
    }
}
