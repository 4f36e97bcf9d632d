//! One's own passkeys, in a card of the page of the second factor, and the page of one of them.

use domain::field::{Field, FieldErrors};
use domain::ids::PasskeyId;
use domain::refusal::Refusal;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use service::passkeys::OwnPasskey;

use super::account_factor::{AccountFactor, Password};
use crate::components::failed::{Failed, FormProblem};
use crate::components::field::TextField;
use crate::components::form_id::FormId;
use crate::components::time::{Ago, Time};
use crate::components::title::Title;
use crate::desk::account::has_password;
use crate::desk::later::later;
use crate::desk::passkeys::{Passkeys, now, read_passkeys};
use crate::desk::person::read_me;
use crate::error::ConsoleError;
use crate::forms::account::FactorAnswer;
use crate::forms::outcome::PostedForm;
use crate::forms::passkey::{ANSWER, ID, PasskeyForm, PasskeyStep, STEP};

/// The address of one's own passkeys.
const PASSKEYS: &str = "/account/passkeys";

/// One passkey if the address or the form names it, and else the page of the second factor.
#[component]
pub fn AccountPasskeys() -> impl IntoView {
    let posted = PostedForm::<PasskeyForm, FactorAnswer>::take();
    let named = posted.as_ref().map(|posted| posted.form.id.clone()).filter(|id| !id.is_empty());
    match named.or_else(|| use_query_map().get_untracked().get(ID)) {
        Some(id) => view! { <OnePasskey id posted/> }.into_any(),
        None => view! { <AccountFactor/> }.into_any(),
    }
}

/// The card with the passkeys, and the form that adds one.
#[component]
pub fn PasskeysCard(posted: Option<PostedForm<PasskeyForm, FactorAnswer>>, off: bool) -> impl IntoView {
    let problem = PostedForm::problem(posted.as_ref());
    let proved = posted.as_ref().is_some_and(|posted| posted.outcome.is_ok());
    let name = posted.map(|posted| posted.form.name).unwrap_or_default();
    let errors = RwSignal::new(problem.fields);
    let whole = problem.whole;
    later(async move {
        let Passkeys { own, possible, public_url } = match read_passkeys().await {
            Ok(passkeys) => passkeys,
            Err(error) => return view! { <Failed error/> }.into_any(),
        };
        let rows: Vec<_> = own.into_iter().map(row).collect();
        let list = (!rows.is_empty()).then(|| view! { <ul class="feed" aria-label="Your passkeys">{rows}</ul> });
        let adds = possible && !off;
        view! {
            <section class="card" aria-labelledby="passkeys">
                <header><h2 id="passkeys">"Passkeys"</h2></header>
                <div class="body">
                    <FormProblem problem=whole/>
                    {proved.then(|| view! { <div class="toast good" role="status"><p>"Confirmed. Now add the passkey."</p></div> })}
                    <p>
                        "A passkey is kept by your phone, computer, security key or password manager, and works nowhere but \
                         here. Use it after your password, or to sign in without one."
                    </p>
                    {(!possible).then(|| view! {
                        <p class="soft">
                            "There are none at " <code>{public_url}</code> ": passkeys need a name in place of an IP address. \
                             An operator can set one with KEYSTEAD_PUBLIC_URL."
                        </p>
                    })}
                    {adds.then(|| view! {
                        <p class="soft passkeys-less">
                            "You cannot add one here: passkeys need JavaScript, and a current browser over HTTPS or on localhost."
                        </p>
                    })}
                </div>
                {list}
                {adds.then(|| view! { <Add errors name/> })}
            </section>
        }
        .into_any()
    })
}

#[component]
fn Add(errors: RwSignal<FieldErrors>, name: String) -> impl IntoView {
    view! {
        <div class="body passkeys-only">
            <form class="stack" method="post" action=PASSKEYS data-address="/account/second-factor" novalidate>
                <TextField errors field=Field::PasskeyName value=name aside="optional"
                    hint="So that you know which one it is, for example: Work laptop. Blank for the name of this browser."/>
                <FormId/>
                <input type="hidden" name=ANSWER data-passkey-answer=""/>
                <input type="hidden" name=STEP value=PasskeyStep::Add.as_str()/>
                <div class="actions">
                    <button type="button" class="button primary" data-passkey="add" data-busy="Waiting for your passkey…">"Add a passkey"</button>
                </div>
            </form>
        </div>
    }
}

fn row(passkey: OwnPasskey) -> impl IntoView {
    let OwnPasskey { id, name, since, used_at } = passkey;
    let what = format!("Change {name}");
    let used = match (used_at, now()) {
        (Some(at), Some(now)) => view! { "last used " <Ago at now/> }.into_any(),
        _ => "never used".into_any(),
    };
    view! {
        <li>
            <span><b dir="auto">{name}</b> <br/> <small class="soft">"added " <Time at=since/> ", " {used}</small></span>
            <a href=format!("{PASSKEYS}?{ID}={id}") aria-label=what>"Change"</a>
        </li>
    }
}

/// One passkey: its name, and a way to be rid of it.
#[component]
fn OnePasskey(id: String, posted: Option<PostedForm<PasskeyForm, FactorAnswer>>) -> impl IntoView {
    let problem = PostedForm::problem(posted.as_ref());
    let errors = RwSignal::new(problem.fields);
    let whole = problem.whole;
    let typed = posted.filter(|posted| posted.form.step == Some(PasskeyStep::Rename)).map(|posted| posted.form.name);
    let page = later(async move {
        let found = match (read_passkeys().await, read_me()) {
            (Ok(passkeys), Ok(me)) => {
                let id = PasskeyId::parse(&id);
                passkeys.own.into_iter().find(|passkey| Some(passkey.id) == id).map(|passkey| (passkey, me.email))
            }
            (Err(error), _) | (_, Err(error)) => return view! { <Failed error/> }.into_any(),
        };
        let Some((passkey, email)) = found else {
            return view! {
                <Failed error=ConsoleError::Refused(Refusal::FactorChanged)/>
                <div class="actions"><a class="button primary" href="/account/second-factor">"Second factor"</a></div>
            }
            .into_any();
        };
        let has_password = has_password().await.unwrap_or(true);
        let id = passkey.id.to_string();
        let title = passkey.name.clone();
        view! {
            <FormProblem problem=whole/>
            <p>"The passkey “" <bdi>{title}</bdi> "”, added " <Time at=passkey.since/> "."</p>
            <form class="card" method="post" action=PASSKEYS novalidate>
                <header><h2>"Name"</h2></header>
                <div class="body">
                    <input type="hidden" name=ID value=id.clone()/>
                    <TextField errors field=Field::PasskeyName value=typed.unwrap_or(passkey.name) required=true/>
                </div>
                <footer><button class="button primary" name=STEP value=PasskeyStep::Rename.as_str()>"Rename"</button></footer>
            </form>
            <form class="card" method="post" action=PASSKEYS novalidate>
                <header><h2>"Remove it"</h2></header>
                <div class="body">
                    <p>
                        "It no longer signs you in. Delete it from where it is kept, too. If it is your only second factor, \
                         you are signed out everywhere else."
                    </p>
                    <input type="hidden" name=ID value=id/>
                    <Password email has_password errors/>
                </div>
                <footer><button class="button danger" name=STEP value=PasskeyStep::Remove.as_str()>"Remove"</button></footer>
            </form>
            <p><a href="/account/second-factor">"Back to your second factor"</a></p>
        }
        .into_any()
    });
    view! {
        <Title text="Passkey"/>
        <div class="head narrow"><div><h1>"Passkey"</h1></div></div>
        <div class="narrow stack">{page}</div>
    }
}
