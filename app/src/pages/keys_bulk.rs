//! Acts on many keys: the bar below the list, and the page that says what would happen and asks.

use domain::bulk::{BulkAct, BulkPreview, Selection};
use domain::expiry::Expiry;
use domain::field::{Field, FieldErrors};
use domain::key::RESTORE_WITHIN;
use domain::list::KeyQuery;
use domain::page::{Capped, grouped};
use domain::query_string::ListQuery;
use leptos::prelude::*;

use super::key_acts::reasons;
use crate::addresses::{address_pairs, list_address};
use crate::components::failed::{Failed, FormProblem};
use crate::components::field::TextField;
use crate::components::select_field::SelectField;
use crate::components::time::span;
use crate::components::title::Title;
use crate::components::warning::Warning;
use crate::desk::keys::{new_form, read_bulk};
use crate::desk::later::later;
use crate::error::ConsoleError;
use crate::forms::bulk::{ACT, ALL, BulkForm, LIST};
use crate::forms::fields::{FormFields, Pairs, TICKED};
use crate::forms::outcome::PostedForm;

/// The id of the form that the boxes of the list belong to.
pub const FORM: &str = "bulk";

/// What can be done with the ticked keys. Shown once one is ticked.
#[component]
pub fn BulkBar(
    query: KeyQuery,
    total: Capped,
    /// The id of the app that the list is about, unless it is about all.
    only: Option<String>,
) -> impl IntoView {
    let buttons: Vec<_> = BulkAct::ALL
        .iter()
        .map(|act| {
            let class = if act.is_grave() { "button danger" } else { "button" };
            view! { <button class=class name=ACT value=act.as_str()>{act.label()} "…"</button> }
        })
        .collect();
    view! {
        <form class="bulk" id=FORM method="get" action="/keys/bulk" aria-label="Ticked keys">
            <input type="hidden" name=LIST value=query.first_page().to_query_string()/>
            {only.map(|app| view! { <input type="hidden" name=Field::App.as_str() value=app/> })}
            <b>"Ticked keys"</b>
            <label class="check">
                <input type="checkbox" name=ALL value=TICKED/>
                <span>{format!("All {total} that match")}</span>
            </label>
            <div class="inline">{buttons}</div>
        </form>
    }
}

#[component]
pub fn BulkPage() -> impl IntoView {
    let posted = PostedForm::<BulkForm>::take();
    let form = posted.as_ref().map_or_else(asked, |posted| posted.form.clone());
    let problem = PostedForm::problem(posted.as_ref());
    let back = list_address(&form.list.clone().unwrap_or_default());
    let title = form.act.map_or("Many keys".to_owned(), |act| act.on("keys"));
    let body = later(async move {
        let read = async { Ok::<_, ConsoleError>((read_bulk(&form).await?, new_form()?)) };
        match read.await {
            Ok(((act, selection, preview), form_id)) => {
                let mut form = form;
                // Under a new id, one more press sends it.
                let damaged = problem.fields.of(Field::FormId).next().map(|error| {
                    form.form_id.clear();
                    view! { <Warning words=error.message.clone()/> }
                });
                view! {
                    {damaged}
                    <FormProblem problem=problem.whole/>
                    <Confirmation act selection preview form form_id errors=problem.fields back/>
                }
                .into_any()
            }
            Err(error) => view! {
                <Failed error/>
                <div class="actions"><a class="button" href=back>"Back to the list"</a></div>
            }
            .into_any(),
        }
    });
    view! {
        <Title text=title.clone()/>
        <div class="head"><div><h1>{title}</h1></div></div>
        {body}
    }
}

/// The form that the address of the page holds.
fn asked() -> BulkForm {
    BulkForm::read(&Pairs(address_pairs()))
}

#[component]
fn Confirmation(
    act: BulkAct,
    selection: Selection,
    preview: BulkPreview,
    form: BulkForm,
    /// For a form that has no id yet.
    form_id: String,
    errors: FieldErrors,
    back: String,
) -> impl IntoView {
    let errors = RwSignal::new(errors);
    let BulkPreview { count, names } = preview;
    let more = count.taken.saturating_sub(u32::try_from(names.len()).unwrap_or(u32::MAX));
    let names: Vec<_> =
        names.into_iter().enumerate().map(|(n, name)| view! { {(n > 0).then_some(", ")} <bdi>{name}</bdi> }).collect();
    let skipped: Vec<_> = count
        .skipped
        .iter()
        .map(|(reason, n)| view! { <div><dt>"Skipped"</dt><dd>{keys(*n)} ", " {reason.label()}</dd></div> })
        .collect();
    let button = if act.is_grave() { "button primary danger" } else { "button primary" };
    let what = match selection {
        Selection::Matching(_) => "This is for the keys that match when you confirm.",
        Selection::Keys(_) => "This is for the keys that you ticked.",
        Selection::TakenBy(_) => "This is for the keys that you have just changed.",
    };
    let hidden: Vec<_> = form
        .selected()
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value/> })
        .collect();
    let form_id = Some(form.form_id.clone()).filter(|id| !id.is_empty()).unwrap_or(form_id);
    let progress = form_id.clone();
    view! {
        <form class="card narrow" method="post" action="/keys/bulk" novalidate data-progress=progress>
            <div class="body stack">
            {hidden}
            <input type="hidden" name=ACT value=act.as_str()/>
            <input type="hidden" name=Field::FormId.as_str() value=form_id/>
            <p>{effect(act)} " " {what}</p>
            <dl class="facts">
                <div><dt>{act.label()}</dt><dd><b>{keys(count.taken)}</b></dd></div>
                {(!names.is_empty()).then(|| view! {
                    <div>
                        <dt>"Names"</dt>
                        <dd class="names">{names}{(more > 0).then(|| format!(" and {} more", grouped(more.into())))}</dd>
                    </div>
                })}
                {skipped}
            </dl>
            {values(act, &form, errors)}
            </div>
            <footer>
                {(count.taken > 0).then(|| view! {
                    <button class=button>{act.on(&keys(count.taken))}</button>
                })}
                <a class="button quiet" href=back>{if count.taken > 0 { "Cancel" } else { "Back to the list" }}</a>
            </footer>
        </form>
    }
}

fn keys(n: u32) -> String {
    format!("{} key{}", grouped(n.into()), if n == 1 { "" } else { "s" })
}

/// What will be true afterwards.
fn effect(act: BulkAct) -> String {
    match act {
        BulkAct::Disable => {
            "From the next call on, every call with these keys is refused until you enable them again.".to_owned()
        }
        BulkAct::Enable => "Calls with these keys are accepted again, within their restrictions and dates.".to_owned(),
        BulkAct::Revoke => format!(
            "From the next call on, every call with these keys is refused. An owner can restore each key within {}, \
             unless it leaked.",
            span(RESTORE_WITHIN)
        ),
        BulkAct::SetExpiry => "These keys stop working at the time that you choose.".to_owned(),
        BulkAct::AddTag => "These keys get one more tag.".to_owned(),
        BulkAct::RemoveTag => "These keys lose a tag.".to_owned(),
        BulkAct::Transfer => {
            "Somebody else is responsible for these keys from now on. Their secrets and restrictions stay as they are."
                .to_owned()
        }
    }
}

/// The fields of an act that needs some.
fn values(act: BulkAct, form: &BulkForm, errors: RwSignal<FieldErrors>) -> AnyView {
    match act {
        BulkAct::Disable | BulkAct::Enable => ().into_any(),
        BulkAct::Revoke => reasons(errors, &form.reason, form.note.clone()).into_any(),
        BulkAct::SetExpiry => expiry(form, errors).into_any(),
        BulkAct::AddTag | BulkAct::RemoveTag => view! {
            <TextField errors field=Field::Tags label="Tag" value=form.tag.clone() required=true autofocus=true/>
        }
        .into_any(),
        BulkAct::Transfer => view! {
            <TextField errors field=Field::Owner label="New owner" value=form.owner.clone() required=true autofocus=true
                hint="The e-mail of somebody with an account here, or the name of a team."/>
        }
        .into_any(),
    }
}

fn expiry(form: &BulkForm, errors: RwSignal<FieldErrors>) -> impl IntoView + use<> {
    let chosen = Expiry::parse(&form.expiry).unwrap_or(Expiry::Days90).as_str();
    let options = Expiry::ALL.iter().map(|expiry| (expiry.as_str(), expiry.label())).collect();
    view! {
        <div class="pair until">
            <SelectField errors field=Field::Expiry options chosen/>
            <TextField errors field=Field::ExpiresAt aside="UTC" value=form.expires_at.clone() input="datetime-local"/>
        </div>
    }
}
