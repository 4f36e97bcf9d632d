//! The webhooks of an integration: the fields of one, its dialogs, and its secret, once.

use domain::field::{Field, FieldErrors};
use domain::integration::{Integration, IntegrationKind};
use domain::refusal::Refusal;
use domain::webhook::{Trigger, Webhook};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use secrecy::ExposeSecret;
use service::seen::SeenState;

use super::integration::not_there;
use crate::components::copy::CopyButton;
use crate::components::done_once::DoneOnce;
use crate::components::failed::{FormProblem, failed_dialog};
use crate::components::field::TextField;
use crate::components::form_id::FormId;
use crate::components::icon::{Drawn, Icon};
use crate::components::modal::Modal;
use crate::components::problem::{FieldProblem, FieldProblems};
use crate::components::seen::Seen;
use crate::components::title::Title;
use crate::desk::integrations::address;
use crate::desk::later::later;
use crate::desk::webhooks::{has_one, read_to_add, read_webhook, takes_more};
use crate::error::ConsoleError;
use crate::forms::fields::TICKED;
use crate::forms::integrations::{FULL_SOURCE, FULL_USER, WebhookForm, WebhookSecret};
use crate::forms::outcome::PostedForm;
use crate::forms::person::Nothing;

/// Whether an integration of this kind can be told of it.
const fn occurs(trigger: Trigger, kind: IntegrationKind) -> bool {
    !(matches!(trigger, Trigger::Event) && kind.is_chat())
}

/// The box of a trigger.
fn trigger_box(trigger: Trigger, form: &WebhookForm) -> impl IntoView + use<> {
    let word = trigger.as_str();
    let ticked = form.has(trigger);
    view! {
        <label class="check">
            <input type="checkbox" name=Field::Triggers.as_str() value=word checked=ticked/>
            <span>{trigger.label()} " " <small class="soft mono">{word}</small></span>
        </label>
    }
}

/// What can be said about a webhook.
#[component]
pub fn WebhookFields(
    errors: RwSignal<FieldErrors>,
    form: WebhookForm,
    /// What its integration connects with. Keys report events to some kinds alone.
    kind: IntegrationKind,
    /// Small words beside the label of the address, for example "optional".
    #[prop(optional)]
    aside: &'static str,
    #[prop(default = "Keystead sends what happens there, by POST. It begins with https:// or http://.")]
    hint: &'static str,
    #[prop(optional)] autofocus: bool,
) -> impl IntoView {
    let id = Field::Triggers.as_str();
    let (told, others): (Vec<Trigger>, Vec<Trigger>) = Trigger::ALL
        .iter()
        .copied()
        .filter(|trigger| occurs(*trigger, kind) || form.has(*trigger))
        .partition(|trigger| trigger.is_told());
    let open = others.iter().any(|other| form.has(*other));
    let told: Vec<_> = told.into_iter().map(|trigger| trigger_box(trigger, &form)).collect();
    let others: Vec<_> = others.into_iter().map(|trigger| trigger_box(trigger, &form)).collect();
    let required = aside.is_empty();
    view! {
        <TextField errors field=Field::WebhookTarget aside value=form.target input="url" required autofocus hint/>
        <fieldset class="field" id=id tabindex="-1">
            <legend>{Field::Triggers.label()}</legend>
            <div class="checks">{told}</div>
            <FieldProblem field=Field::Triggers errors/>
        </fieldset>
        <details class="fold" open=open>
            <summary>"More triggers" " " <small>"of Sunshine Conversations, of which nothing is told here"</small></summary>
            <div class="checks">{others}</div>
        </details>
        <fieldset class="field">
            <legend>"With each message"</legend>
            <div class="checks">
                <label class="check">
                    <input type="checkbox" name=FULL_USER value=TICKED checked=form.full_user/>
                    <span>"All that is known of the contact"</span>
                </label>
                <label class="check">
                    <input type="checkbox" name=FULL_SOURCE value=TICKED checked=form.full_source/>
                    <span>"All that is known of where it came from"</span>
                </label>
            </div>
        </fieldset>
    }
}

/// A webhook as it would be typed.
fn filled(webhook: &Webhook) -> WebhookForm {
    WebhookForm {
        target: webhook.target.clone(),
        triggers: webhook.triggers.iter().map(|trigger| trigger.as_str().to_owned()).collect(),
        full_user: webhook.include_full_user,
        full_source: webhook.include_full_source,
    }
}

/// The webhooks of an integration, as its page lists them.
#[component]
pub fn Webhooks(integration: Integration, manages: bool) -> impl IntoView {
    let back = address(&integration.id);
    let fixed = has_one(&integration);
    let add = (manages && takes_more(&integration)).then(|| format!("{back}/webhooks/new"));
    let rows: Vec<_> = integration.webhooks.into_iter().map(|webhook| line(webhook, &back, manages, fixed)).collect();
    view! {
        <section class="card" aria-labelledby="webhooks">
            <header>
                <h2 id="webhooks">"Webhooks"</h2>
                {add.map(|add| view! { <a class="button" href=add>"Add a webhook"</a> })}
            </header>
            {if rows.is_empty() {
                view! { <p class="body soft">"No webhooks yet. A webhook is an address that Keystead tells what happens."</p> }.into_any()
            } else {
                view! {
                    <div class="sheet" role="region" aria-label="Table of webhooks" tabindex="0">
                        <table class="blocks apps" role="table">
                            <caption class="visually-hidden">"Webhooks"</caption>
                            <thead role="rowgroup">
                                <tr role="row">
                                    <th role="columnheader">"Address"</th>
                                    <th role="columnheader">"Triggers"</th>
                                    {manages.then(|| view! { <th role="columnheader"><span class="visually-hidden">"Actions"</span></th> })}
                                </tr>
                            </thead>
                            <tbody role="rowgroup">{rows}</tbody>
                        </table>
                    </div>
                }
                .into_any()
            }}
        </section>
    }
}

fn line(webhook: Webhook, back: &str, manages: bool, fixed: bool) -> impl IntoView + use<> {
    let Webhook { id, target, triggers, .. } = webhook;
    let acts = manages.then(|| {
        let act = |path: &str, label: &'static str, class: &'static str| {
            let (address, of) = (format!("{back}/webhooks/{id}/{path}"), target.clone());
            view! { <a class=class href=address>{label} <span class="visually-hidden">" of " {of}</span></a> }
        };
        view! {
            <td role="cell" class="end">
                <span class="inline">
                    {act("edit", "Edit…", "button quiet")}
                    {act("secret", "New secret…", "button quiet")}
                    {(!fixed).then(|| act("remove", "Remove…", "button quiet danger"))}
                </span>
            </td>
        }
    });
    view! {
        <tr role="row">
            <td role="cell" class="name"><bdi class="mono" title=target.clone()>{target.clone()}</bdi></td>
            <td role="cell" class="wrap"><span class="mono">{joined(triggers)}</span></td>
            {acts}
        </tr>
    }
}

/// The words of triggers, with commas between them.
fn joined(triggers: Vec<Trigger>) -> String {
    triggers.into_iter().map(Trigger::as_str).collect::<Vec<_>>().join(", ")
}

/// The secret of a webhook, in the one answer that has it.
#[component]
pub fn SecretOnce(
    /// The title of the page.
    #[prop(into)]
    title: String,
    made: WebhookSecret,
) -> impl IntoView {
    let back = address(&made.integration);
    view! {
        <Title text=title/>
        <div class="head narrow" data-address=back.clone()>
            <div>
                <h1>"Copy the secret of the webhook now"</h1>
                <p>"You will not be able to see it again. If you lose it, give the webhook a new one."</p>
            </div>
        </div>
        <div class="secret narrow">
            <code id="webhook-secret">{made.secret.expose_secret().to_owned()}</code>
            <div class="tools"><CopyButton of="webhook-secret" what="the secret"/></div>
        </div>
        <div class="note narrow">
            <Drawn icon=Icon::Caution/>
            <div>
                "Keystead sends it as " <code>"X-API-Key"</code> " with each delivery to " <bdi class="mono">{made.target}</bdi>
                ". Compare it there, and refuse whatever comes without it."
            </div>
        </div>
        <div class="actions narrow"><DoneOnce href=back what="this secret"/></div>
    }
}

fn param(name: &str) -> String {
    use_params_map().get_untracked().get(name).unwrap_or_default()
}

#[component]
pub fn AddWebhookPage() -> impl IntoView {
    let id = param("id");
    let posted = PostedForm::<WebhookForm, WebhookSecret>::take();
    later(async move {
        if let Some(PostedForm { outcome: Ok(made), .. }) = posted {
            return view! { <SecretOnce title="Add a webhook" made/> }.into_any();
        }
        let integration = match read_to_add(&id).await {
            Ok(integration) => integration,
            Err(error) => return not_there(error),
        };
        let problem = PostedForm::problem(posted.as_ref());
        let form = posted.filter(|_| !problem.is_sent_again()).map(|posted| posted.form).unwrap_or_default();
        let errors = RwSignal::new(problem.fields);
        let back = address(&integration.id);
        let action = format!("{back}/webhooks/new");
        view! {
            <Title text="Add a webhook"/>
            <div class="head narrow">
                <div>
                    <h1>"Add a webhook to “" <span dir="auto">{integration.shown_name().to_owned()}</span> "”"</h1>
                    <p>"An address that is told what happens in the app."</p>
                </div>
            </div>
            <form class="narrow stack" method="post" action=action novalidate>
                <FormProblem problem=problem.whole/>
                <FieldProblems errors/>
                <FormId/>
                <WebhookFields errors form kind=integration.kind autofocus=true/>
                <div class="actions">
                    <a class="button" href=back>"Cancel"</a>
                    <button class="button primary">"Add"</button>
                </div>
            </form>
        }
        .into_any()
    })
}

/// The ids in the address of a dialog about a webhook, and the address of the page behind it.
fn which() -> (String, String, String) {
    let (id, webhook) = (param("id"), param("webhook"));
    let back = format!("/integrations/{id}");
    (id, webhook, back)
}

/// A dialog that could not be made. Without the integration, the list is behind it.
fn failed(title: &'static str, error: ConsoleError, back: String) -> AnyView {
    let gone = error == ConsoleError::Refused(Refusal::IntegrationNotFound);
    failed_dialog(title, error, if gone { "/integrations".to_owned() } else { back })
}

#[component]
pub fn EditWebhookModal() -> impl IntoView {
    let (id, webhook, back) = which();
    let posted = PostedForm::<WebhookForm>::take();
    let problem = PostedForm::problem(posted.as_ref());
    later(async move {
        let view = match read_webhook(&id, &webhook).await {
            Ok(view) => view,
            Err(error) => return failed("Edit the webhook", error, back),
        };
        let seen = PostedForm::seen(posted.as_ref(), SeenState::of(&view.webhook.rules()));
        let form = posted.map_or_else(|| filled(&view.webhook), |posted| posted.form);
        let errors = RwSignal::new(problem.fields);
        let action = format!("{back}/webhooks/{}/edit", view.webhook.id);
        view! {
            <Modal title="Edit the webhook" back=back.clone()>
                <form method="post" action=action novalidate>
                    <div class="body">
                        <FormProblem problem=problem.whole/>
                        <Seen state=seen/>
                        <WebhookFields errors form kind=view.integration.kind autofocus=true/>
                    </div>
                    <footer>
                        <a class="button" href=back>"Cancel"</a>
                        <button class="button primary">"Save"</button>
                    </footer>
                </form>
            </Modal>
        }
        .into_any()
    })
}

#[component]
pub fn RemoveWebhookModal() -> impl IntoView {
    let (id, webhook, back) = which();
    let problem = PostedForm::problem(PostedForm::<Nothing>::take().as_ref());
    later(async move {
        let view = match read_webhook(&id, &webhook).await {
            Ok(view) => view,
            Err(error) => return failed("Remove the webhook", error, back),
        };
        let action = format!("{back}/webhooks/{}/remove", view.webhook.id);
        view! {
            <Modal title="Remove the webhook?" back=back.clone()>
                <form method="post" action=action>
                    <div class="body">
                        <FormProblem problem=problem.whole/>
                        <p><bdi class="mono">{view.webhook.target}</bdi></p>
                        <p>"Nothing is sent to it any longer, not even what waits. You cannot undo this."</p>
                    </div>
                    <footer>
                        <a class="button" href=back>"Cancel"</a>
                        <button class="button primary danger">"Remove"</button>
                    </footer>
                </form>
            </Modal>
        }
        .into_any()
    })
}

/// Asks whether to give a webhook another secret, and shows it.
#[component]
pub fn WebhookSecretPage() -> impl IntoView {
    let (id, webhook, back) = which();
    let posted = PostedForm::<Nothing, WebhookSecret>::take();
    later(async move {
        if let Some(PostedForm { outcome: Ok(made), .. }) = posted {
            return view! { <SecretOnce title="New secret of a webhook" made/> }.into_any();
        }
        let view = match read_webhook(&id, &webhook).await {
            Ok(view) => view,
            Err(error) => return not_there(error),
        };
        let problem = PostedForm::problem(posted.as_ref());
        let action = format!("{back}/webhooks/{}/secret", view.webhook.id);
        view! {
            <Title text="New secret of a webhook"/>
            <div class="head narrow">
                <div>
                    <h1>"Give the webhook a new secret?"</h1>
                    <p><bdi class="mono">{view.webhook.target}</bdi></p>
                </div>
            </div>
            <form class="narrow stack" method="post" action=action>
                <FormProblem problem=problem.whole/>
                <FormId/>
                <p>
                    "From the next delivery on, Keystead sends the new secret as " <code>"X-API-Key"</code>
                    ". Whoever compares the old one refuses what comes, until you bring the new one there. What they refuse is \
                    sent again later."
                </p>
                <div class="actions">
                    <a class="button" href=back>"Cancel"</a>
                    <button class="button primary">"Make a new secret"</button>
                </div>
            </form>
        }
        .into_any()
    })
}
