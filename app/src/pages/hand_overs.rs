//! The hand-overs that wait, and the dialog that withdraws one.

use domain::hand_over::HandOver;
use domain::timestamp::Timestamp;
use leptos::prelude::*;
use leptos_router::components::Outlet;
use leptos_router::hooks::use_params_map;

use crate::components::empty::Empty;
use crate::components::failed::{Failed, FormProblem};
use crate::components::modal::Modal;
use crate::components::time::Time;
use crate::components::title::Title;
use crate::desk::hand_overs::{read_hand_over, read_hand_overs};
use crate::desk::keys::may_change_keys;
use crate::desk::later::later;
use crate::forms::outcome::PostedForm;
use crate::forms::person::Nothing;

#[component]
pub fn HandOversPage() -> impl IntoView {
    let list = later(async move {
        match read_hand_overs().await {
            Ok((list, now)) if !list.is_empty() => view! { <List list now/> }.into_any(),
            Ok(_) => nothing(),
            Err(error) => view! { <Failed error/> }.into_any(),
        }
    });
    view! {
        <Title text="Hand-overs"/>
        <div class="head">
            <div>
                <h1>"Hand-overs"</h1>
                <p>"Keys and new secrets that wait until somebody collects them. None of them exists yet."</p>
            </div>
            <div class="actions"><a class="button" href="/keys">"All keys"</a></div>
        </div>
        {list}
        <Outlet/>
    }
}

/// Whoever may only rotate some keys is not led to the wizard.
fn nothing() -> AnyView {
    let heading = "Nothing waits to be collected";
    if may_change_keys() {
        let words = "At the end of the wizard, or when you rotate a key, choose to let somebody else collect it.";
        view! { <Empty heading words next=Some(("/keys/new", "Generate New Key"))/> }.into_any()
    } else {
        view! { <Empty heading words="When you rotate a key, choose to let somebody else collect it." next=None/> }
            .into_any()
    }
}

#[component]
fn List(list: Vec<(HandOver, Option<String>)>, now: Timestamp) -> impl IntoView {
    let rows: Vec<_> = list.into_iter().map(|(hand_over, app)| waiting(hand_over, app, now)).collect();
    view! {
        <section class="card" aria-label="Hand-overs that wait">
            <ul class="feed invites">{rows}</ul>
        </section>
    }
}

fn waiting(hand_over: HandOver, app: Option<String>, now: Timestamp) -> impl IntoView {
    let HandOver { key, kind, key_name, recipient, email, made_by: (_, made_by), expires_at, rotates, .. } = hand_over;
    let until = if expires_at <= now {
        view! { <span class="status expired">"Link expired"</span> }.into_any()
    } else {
        view! { "until " <Time at=expires_at/> }.into_any()
    };
    view! {
        <li>
            <span>
                {rotates.map(|_| "New secret of ")} <b dir="auto">{key_name.clone()}</b> " for " <span dir="auto">{recipient}</span>
                {email.map(|email| view! { " " <bdi>{email}</bdi> })}
                <small class="soft">" " {app.map(|app| view! { <bdi>{app}</bdi> ", " })} {format!("{}, by ", kind.label())} <bdi>{made_by}</bdi> ", " {until}</small>
            </span>
            <a class="button quiet danger" href=format!("/keys/handovers/{key}/withdraw")>
                "Withdraw…" <span class="visually-hidden">" the hand-over of " {key_name}</span>
            </a>
        </li>
    }
}

#[component]
pub fn WithdrawModal() -> impl IntoView {
    let id = use_params_map().get_untracked().get("id").unwrap_or_default();
    let problem = PostedForm::problem(PostedForm::<Nothing>::take().as_ref());
    later(async move {
        match read_hand_over(&id).await {
            Ok(hand_over) => view! {
                <Modal title=format!("Withdraw the hand-over of “{}”?", hand_over.key_name) back="/keys/handovers">
                    <form method="post" action=format!("/keys/handovers/{id}/withdraw")>
                        <div class="body">
                            <FormProblem problem=problem.whole/>
                            <p>"The link for " <span dir="auto">{hand_over.recipient}</span> " stops working at once."</p>
                        </div>
                        <footer>
                            <a class="button" href="/keys/handovers">"Cancel"</a>
                            <button class="button primary danger">"Withdraw"</button>
                        </footer>
                    </form>
                </Modal>
            }
            .into_any(),
            Err(error) => view! {
                <Modal title="Withdraw the hand-over" back="/keys/handovers">
                    <div class="body"><Failed error/></div>
                    <footer><a class="button primary" href="/keys/handovers">"Close"</a></footer>
                </Modal>
            }
            .into_any(),
        }
    })
}
