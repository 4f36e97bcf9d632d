//! The API KEY of an app: the card at the top of the dashboard, and the page that issues it again.

use domain::field::Field;
use domain::refusal::Refusal;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use secrecy::{ExposeSecret, SecretString};

use crate::components::copy::CopyButton;
use crate::components::failed::{Failed, FormProblem};
use crate::components::icon::{Drawn, Icon};
use crate::components::time::Time;
use crate::components::title::Title;
use crate::desk::keys::new_form;
use crate::desk::later::later;
use crate::desk::member_key::{MemberKeyDoor, MemberKeyView, read_first_member_key, read_key_to_reissue};
use crate::error::ConsoleError;
use crate::forms::member_key::{MemberKeyForm, ReissueForm};
use crate::forms::outcome::PostedForm;

/// What a form answers with: the whole key, in this answer alone.
type Posted = PostedForm<MemberKeyForm, SecretString>;

/// The card, and the key in it if it was just revealed.
#[component]
pub fn MemberKeyCard() -> impl IntoView {
    let posted = Posted::take();
    let asked = use_query_map().get_untracked().get(Field::App.as_str()).unwrap_or_default();
    let named = posted.as_ref().map_or(asked, |posted| posted.form.app.clone());
    later(async move {
        let card = match read_first_member_key(&named).await {
            Ok(MemberKeyDoor::Open(open)) => {
                let view = *open;
                view! { <Shown view posted/> }.into_any()
            }
            Ok(MemberKeyDoor::Choose) => {
                view! { <p class="body soft">"Each app has an API KEY of its own. Choose an app in the menu."</p> }
                    .into_any()
            }
            Ok(MemberKeyDoor::Hidden) => return ().into_any(),
            Err(error) => view! { <div class="body"><FormProblem problem=Some(error)/></div> }.into_any(),
        };
        view! {
            <section class="card" aria-labelledby="api-key-title">
                <header>
                    <h2 id="api-key-title">"API KEY"</h2>
                    <a href="/integrations/prepare">"Prepare to use the API"</a>
                </header>
                {card}
            </section>
        }
        .into_any()
    })
}

#[component]
fn Shown(view: MemberKeyView, #[prop(optional_no_strip)] posted: Option<Posted>) -> impl IntoView {
    let MemberKeyView { app, key, reveals, has_apps, others } = view;
    let problem = PostedForm::problem(posted.as_ref());
    let whole = posted.and_then(|posted| posted.outcome.ok());
    let (is_revealed, masked) = (whole.is_some(), key.masked());
    let value = whole.map_or(masked, |whole| whole.expose_secret().to_owned());
    let id = app.id.to_string();
    let reissue = format!("/member-key/reissue?{}={id}", Field::App.as_str());
    // With several apps, the dashboard says of which one the key is.
    let address = if has_apps { of_app(&id) } else { "/".to_owned() };
    let settled = is_revealed.then(|| address.clone());
    let links: Vec<_> = others
        .into_iter()
        .map(|app| view! { <li><a class="chip" href=of_app(app.id.as_str())><bdi>{app.name}</bdi></a></li> })
        .collect();
    view! {
        <div class="body" data-address=settled>
            <FormProblem problem=problem.whole/>
            <div class="secret">
                <code id="api-key">{value}</code>
                {reveals.then(|| view! {
                    <div class="tools">
                        {if is_revealed {
                            view! { <CopyButton of="api-key" what="the API KEY"/> <a class="button quiet" href=address>"Hide"</a> }.into_any()
                        } else {
                            view! {
                                <form method="post" action="/">
                                    <button class="button" name=Field::App.as_str() value=id>"Reveal"</button>
                                </form>
                            }
                            .into_any()
                        }}
                        <a class="button quiet" href=reissue>"Re-issue"</a>
                    </div>
                })}
            </div>
            <p class="soft">
                {has_apps.then(|| view! { "Of the app " <bdi>{app.name}</bdi> ", issued " })}
                {(!has_apps).then_some("Issued ")} <Time at=key.issued_at/>
                ". Programs send it as API_KEY, and buy access tokens with it. "
                {match (reveals, is_revealed) {
                    (false, _) => "Only owners can reveal it, copy it and re-issue it.",
                    (true, false) => "Reveal it to copy it: that is on record.",
                    (true, true) => "Treat it as you would a password.",
                }}
            </p>
            {(!links.is_empty()).then(|| view! {
                <nav class="stack" aria-label="API KEY of another app">
                    <p class="soft">"Each app has an API KEY of its own. Show that of another one:"</p>
                    // Places to choose from, and none of them is open: no tabs.
                    <div><ul class="chips">{links}</ul></div>
                </nav>
            })}
        </div>
    }
}

/// The dashboard with the API KEY of this app.
fn of_app(id: &str) -> String {
    format!("/?{}={id}", Field::App.as_str())
}

/// Asks whether to issue another key, and shows it.
#[component]
pub fn ReissuePage() -> impl IntoView {
    let posted = PostedForm::<ReissueForm, SecretString>::take();
    let asked = use_query_map().get_untracked().get(Field::App.as_str()).unwrap_or_default();
    let named = posted.as_ref().map_or(asked, |posted| posted.form.app.clone());
    let page = later(async move {
        let problem = PostedForm::problem(posted.as_ref());
        let read = match &problem.whole {
            // Asked once more, somebody would make another one.
            Some(ConsoleError::Refused(Refusal::AlreadyReissued)) => {
                Err(ConsoleError::Refused(Refusal::AlreadyReissued))
            }
            _ => read_key_to_reissue(&named).await,
        };
        let read = match read {
            Ok(view) => new_form().map(|form_id| (view, form_id)),
            Err(error) => Err(error),
        };
        let (view, form_id) = match read {
            Ok(read) => read,
            Err(error) => {
                return view! {
                    <div class="head narrow"><div><h1>"Re-issue the API KEY"</h1></div></div>
                    <Failed error/>
                    <div class="actions narrow"><a class="button" href="/">"Dashboard"</a></div>
                }
                .into_any();
            }
        };
        if let Some(key) = posted.and_then(|posted| posted.outcome.ok()) {
            return view! { <Reissued view key/> }.into_any();
        }
        let expired = problem.fields.of(Field::FormId).next().map(|error| error.message.clone());
        view! { <Ask view form_id problem=problem.whole expired/> }.into_any()
    });
    view! { <Title text="Re-issue the API KEY"/> {page} }
}

#[component]
fn Ask(view: MemberKeyView, form_id: String, problem: Option<ConsoleError>, expired: Option<String>) -> impl IntoView {
    let MemberKeyView { app, key, has_apps, .. } = view;
    let address = format!("/member-key/reissue?{}={}", Field::App.as_str(), app.id);
    view! {
        <div class="head narrow">
            <div>
                <h1>"Re-issue the API KEY?"</h1>
                <p>"There will be another API KEY at once. Do this if somebody has the old one who should not."</p>
            </div>
        </div>
        <form class="narrow stack" method="post" data-address=address action="/member-key/reissue">
            <FormProblem problem/>
            {expired.map(|message| view! { <div class="note bad" role="alert" tabindex="-1"><b>{message}</b></div> })}
            <input type="hidden" name=Field::FormId.as_str() value=form_id/>
            <div class="note bad">
                <Drawn icon=Icon::Caution/>
                <div>
                    <b>"What stops working at once:"</b>
                    <ul>
                        <li>"the API KEY " <span class="mono">{key.masked()}</span></li>
                        <li>"every access token (X-AUTH-TOKEN) that was bought with it"</li>
                    </ul>
                </div>
            </div>
            <p>"Rooms, their participants and their messages stay. Bring the new API KEY to every program of the app."</p>
            <dl class="facts">
                {has_apps.then(|| view! { <div><dt>{Field::App.label()}</dt><dd dir="auto">{app.name}</dd></div> })}
                <div><dt>"Issued"</dt><dd><Time at=key.issued_at/></dd></div>
                <div><dt>"By"</dt><dd><bdi>{key.issued_by}</bdi></dd></div>
            </dl>
            <div class="actions">
                <a class="button" href="/">"Cancel"</a>
                <button class="button primary danger" name=Field::App.as_str() value=app.id.to_string()>"Re-issue"</button>
            </div>
        </form>
    }
}

#[component]
fn Reissued(view: MemberKeyView, key: SecretString) -> impl IntoView {
    view! {
        <div class="head narrow" data-address="/">
            <div>
                <h1>"The API KEY is re-issued"</h1>
                <p>"The old one and all its access tokens are refused from now on."</p>
            </div>
        </div>
        <div class="secret narrow">
            <code id="api-key">{key.expose_secret().to_owned()}</code>
            <div class="tools"><CopyButton of="api-key" what="the API KEY"/></div>
        </div>
        <p class="narrow soft">
            "It is on the dashboard from now on, as " <span class="mono">{view.key.masked()}</span>
            ". Owners can reveal it there again. Treat it as you would a password."
        </p>
        <div class="actions narrow"><a class="button primary" href="/">"Done"</a></div>
    }
}
