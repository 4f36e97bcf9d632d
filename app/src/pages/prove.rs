//! "Confirm that it is you": comes up instead of an act that needs a recent proof, and carries what was typed for it.

use domain::field::Field;
use domain::passkey::PasskeyUse;
use leptos::prelude::*;

use crate::components::failed::{Failed, FormProblem};
use crate::components::field::TextField;
use crate::components::passkey_button::PasskeyButton;
use crate::components::title::Title;
use crate::desk::account::has_password;
use crate::desk::later::later;
use crate::desk::passkeys::has_own;
use crate::desk::person::read_me;
use crate::forms::fields::Pairs;
use crate::forms::proof::{PASSKEY, WaitingForm};

/// The page's own address, for a proof that nothing waits for.
pub const PROVE: &str = "/account/prove";

#[component]
pub fn ProvePage() -> impl IntoView {
    view! { <Prove waiting=WaitingForm::new(PROVE.to_owned(), Pairs::default(), None)/> }
}

/// The form that waits, with a field for the proof.
#[component]
pub fn Prove(waiting: WaitingForm) -> impl IntoView {
    let me = match read_me() {
        Ok(me) => me,
        Err(error) => return view! { <Failed error/> }.into_any(),
    };
    let leaves_out = waiting.leaves_out();
    let WaitingForm { address, sent, problem } = waiting;
    let waits = address != PROVE;
    let back = if waits { address.clone() } else { "/account".to_owned() };
    let errors = RwSignal::new(problem.fields);
    let proof = later(async move {
        let has_passkey = has_own().await.unwrap_or_default();
        let has_password = has_password().await.unwrap_or(true);
        let password = if has_password {
            view! {
                <TextField errors field=Field::ProofPassword input="password" required=true autofocus=true
                    autocomplete="current-password"/>
            }
            .into_any()
        } else {
            view! {
                <p>
                    "You have no password here. In another tab, sign out, and sign in again by your provider: a new sign-in \
                     counts for 5 minutes. Then send this again."
                </p>
            }
            .into_any()
        };
        view! {
            {password}
            {leaves_out.then(|| view! { <p class="soft">"Secrets are not kept. You type them once more after this."</p> })}
            <div class="actions">
                <a class="button" href=back>"Cancel"</a>
                {has_passkey.then(|| view! {
                    <PasskeyButton used_for=PasskeyUse::Prove name=PASSKEY words="Use a passkey"/>
                })}
                {(has_password || waits).then(|| view! {
                    <button class="button primary">{if has_password { "Confirm" } else { "Send again" }}</button>
                })}
            </div>
        }
    });
    let fields: Vec<_> =
        sent.0.into_iter().map(|(name, value)| view! { <input type="hidden" name=name value=value/> }).collect();
    view! {
        <Title text="Confirm that it is you"/>
        <div class="head narrow">
            <div>
                <h1>"Confirm that it is you"</h1>
                <p>
                    {if waits {
                        "Nothing is changed yet, and what you typed is kept on this page. Once you confirm, Keystead goes \
                         on, and does not ask again for 5 minutes."
                    } else {
                        "Some acts ask for this first, for example to change your password or to issue a Master User key. \
                         Confirm it now, and none of them asks for 5 minutes."
                    }}
                </p>
            </div>
        </div>
        <form class="narrow stack" method="post" action=address novalidate>
            {fields}
            <FormProblem problem=problem.whole/>
            // For password managers.
            <input type="hidden" autocomplete="username" value=me.email/>
            {proof}
        </form>
    }
    .into_any()
}
