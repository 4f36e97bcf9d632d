//! The fields of a key's kind, for the wizard and the edit modal: read from the one table in `domain`.

use domain::draft::{Expiry, KeyDraft, Part};
use domain::environment::Environment;
use domain::field::{Field, FieldErrors};
use domain::kind::{KeyKind, KindRules};
use domain::quota::Refill;
use leptos::prelude::*;

use super::field::TextField;
use super::problem::FieldProblem;
use crate::forms::fields::{self, BOXES};

/// Every field of `fields` that this kind has, with what was typed so far.
#[component]
pub fn KeyFields(
    errors: RwSignal<FieldErrors>,
    kind: KeyKind,
    fields: &'static [Field],
    draft: KeyDraft,
    /// Called when a field is left.
    left: Callback<Field>,
) -> impl IntoView {
    let rules = kind.rules();
    let show = |field: &Field| one(errors, rules, *field, &draft, left);
    let (labels, others): (Vec<_>, Vec<_>) = fields.iter().partition(|field| Field::LABELS.contains(field));
    let filled = |field: &&Field| match draft.clone().part(**field) {
        Some(Part::Text(text)) => text.as_ref().is_some_and(|text| !text.trim().is_empty()),
        Some(Part::Items(items)) => items.iter().flatten().any(|item| !item.trim().is_empty()),
        None => false,
    };
    let wrong = errors.with_untracked(|errors| Field::LABELS.iter().any(|field| errors.of(*field).next().is_some()));
    let open = wrong || labels.iter().any(filled);
    let labels: Vec<_> = labels.into_iter().filter_map(show).collect();
    let title = format!("Labels: {}", Field::LABELS.map(|field| field.label().to_ascii_lowercase()).join(", "));
    view! {
        {others.into_iter().filter_map(show).collect::<Vec<_>>()}
        {(!labels.is_empty()).then(|| view! {
            <details class="fold" open=open>
                <summary>{title}</summary>
                <div class="stack">{labels}</div>
            </details>
        })}
    }
}

fn one(
    errors: RwSignal<FieldErrors>,
    rules: &'static KindRules,
    field: Field,
    draft: &KeyDraft,
    left: Callback<Field>,
) -> Option<AnyView> {
    let typed = |value: &Option<String>| value.clone().unwrap_or_default();
    let lines = |list: &Option<Vec<String>>| fields::lines(list.as_deref().unwrap_or_default());
    Some(match field {
        Field::Name => view! {
            <TextField errors field value=typed(&draft.name) required=true autofocus=true left
                hint="What the key will do, for example: Create a chat"/>
        }
        .into_any(),
        Field::Description => view! {
            <TextField errors field aside="optional, recommended"
                value=typed(&draft.description) lines=2 left/>
        }
        .into_any(),
        Field::Cidrs => view! {
            <TextField errors field aside="optional, one per line"
                value=lines(&draft.cidrs) lines=3 left
                hint="Addresses or networks, IPv4 or IPv6, for example 203.0.113.0/24. If left blank, any address is accepted."/>
        }
        .into_any(),
        Field::DeniedCidrs => view! {
            <TextField errors field aside="optional, one per line"
                value=lines(&draft.denied_cidrs) lines=2 left
                hint="Calls from these networks are refused, even if allowed above."/>
        }
        .into_any(),
        Field::Domains => view! {
            <TextField errors field aside="optional, one per line"
                value=lines(&draft.domains) lines=3 left
                hint="For example app.example.com or *.example.com. If left blank, any origin is accepted. Only browsers send a true origin, so keep the key secret in any case."/>
        }
        .into_any(),
        Field::Permissions => permissions(errors, rules, draft, left),
        Field::NotBefore => view! {
            <TextField errors field aside="optional, UTC" value=typed(&draft.not_before)
                input="datetime-local" left hint="If left blank, the key has no start date."/>
        }
        .into_any(),
        Field::Expiry => expiry(errors, draft),
        Field::Limits => view! {
            <TextField errors field aside="optional, one per line" value=lines(&draft.limits) lines=2 left
                hint="For example 100 per minute, or burst: 20 per 10s. Each server counts on its own."/>
        }
        .into_any(),
        Field::Quota => quota(errors, draft, left),
        Field::Environment => environment(errors, draft),
        Field::Owner => view! {
            <TextField errors field aside="optional" value=typed(&draft.owner) left
                hint="The e-mail of somebody with an account here, or the name of a team."/>
        }
        .into_any(),
        Field::ExternalId => view! {
            <TextField errors field aside="optional" value=typed(&draft.external_id) left
                hint="The id of the key, or of its holder, in your own systems. Search finds it."/>
        }
        .into_any(),
        Field::Tags => view! {
            <TextField errors field aside="optional, one per line" value=lines(&draft.tags) lines=2 left
                hint="For example production or eu. A tag on a key's page leads to all keys that have it."/>
        }
        .into_any(),
        Field::Metadata => view! {
            <TextField errors field aside="optional, one per line" value=lines(&draft.metadata) lines=2 left
                hint="Names and values, for example plan=gold. Every verify call returns them."/>
        }
        .into_any(),
        // Expiry date and refill are shown next to the field they belong to. No key has any other field.
        _ => return None,
    })
}

fn permissions(
    errors: RwSignal<FieldErrors>,
    rules: &'static KindRules,
    draft: &KeyDraft,
    left: Callback<Field>,
) -> AnyView {
    let boxes: Vec<_> = rules
        .boxes
        .iter()
        .map(|(name, words)| {
            let ticked = draft.boxes.iter().any(|held| held == name);
            view! {
                <label class="check">
                    <input type="checkbox" name=BOXES value=*name checked=ticked/>
                    <span>{sentence(words)} <br/> <small class="mono">{*name}</small></span>
                </label>
            }
        })
        .collect();
    let legend = if rules.typed_permissions { "Permissions in Keystead itself" } else { "Permissions" };
    let boxes = view! {
        <fieldset class="field">
            <legend>{legend}</legend>
            <div class="checks">{boxes}</div>
            // Sent even if no box is ticked, to distinguish "none" from "not asked".
            {(!rules.typed_permissions).then(|| view! { <input type="hidden" name=Field::Permissions.as_str() value=""/> })}
            {(!rules.typed_permissions).then(|| view! {
                <FieldProblem field=Field::Permissions errors/>
                <span class="hint">"Give the key as few permissions as possible."</span>
            })}
        </fieldset>
    };
    if rules.typed_permissions {
        view! {
            <TextField errors field=Field::Permissions label="Permissions in your own APIs"
                aside="optional, one per line" value=fields::lines(draft.permissions.as_deref().unwrap_or_default())
                lines=3 left
                hint="For example invoices.read or invoices.*. Your service asks for these when it checks the key."/>
            {boxes}
        }
        .into_any()
    } else {
        boxes.into_any()
    }
}

fn expiry(errors: RwSignal<FieldErrors>, draft: &KeyDraft) -> AnyView {
    let chosen = draft.expiry.as_deref().and_then(Expiry::parse).unwrap_or(Expiry::Never);
    let options: Vec<_> = Expiry::ALL
        .iter()
        .map(|expiry| {
            view! { <option value=expiry.as_str() selected=chosen == *expiry>{expiry.label()}</option> }
        })
        .collect();
    let id = Field::Expiry.as_str();
    view! {
        <div class="pair">
            <div class="field">
                <label for=id>{Field::Expiry.label()}</label>
                <select id=id name=id aria-describedby=described(Field::Expiry, errors)
                    aria-invalid=invalid(Field::Expiry, errors)>{options}</select>
                <FieldProblem field=Field::Expiry errors/>
            </div>
            <TextField errors field=Field::ExpiresAt aside="UTC"
                value=draft.expires_at.clone().unwrap_or_default() input="datetime-local"/>
        </div>
    }
    .into_any()
}

fn environment(errors: RwSignal<FieldErrors>, draft: &KeyDraft) -> AnyView {
    let chosen = draft.environment.as_deref().and_then(Environment::parse).unwrap_or_default();
    let options: Vec<_> = Environment::ALL
        .iter()
        .map(|environment| {
            view! {
                <option value=environment.as_str() selected=chosen == *environment>{environment.label()}</option>
            }
        })
        .collect();
    let id = Field::Environment.as_str();
    view! {
        <div class="field">
            <label for=id>{Field::Environment.label()}</label>
            <select id=id name=id aria-describedby=described(Field::Environment, errors)
                aria-invalid=invalid(Field::Environment, errors)>{options}</select>
            <FieldProblem field=Field::Environment errors/>
            <span class="hint">"Part of the key, so you cannot change it later. The beginning of a test key says so, for example ks_test_."</span>
        </div>
    }
    .into_any()
}

fn quota(errors: RwSignal<FieldErrors>, draft: &KeyDraft, left: Callback<Field>) -> AnyView {
    let chosen = draft.quota_refill.as_deref().and_then(Refill::parse).unwrap_or_default();
    let options: Vec<_> = Refill::ALL
        .iter()
        .map(|refill| {
            view! { <option value=refill.as_str() selected=chosen == *refill>{refill.label()}</option> }
        })
        .collect();
    let id = Field::QuotaRefill.as_str();
    view! {
        <div class="pair">
            <TextField errors field=Field::Quota aside="optional" inputmode="numeric"
                value=draft.quota.clone().unwrap_or_default() left
                hint="How many calls all servers together accept, for example 10000."/>
            <div class="field">
                <label for=id>{Field::QuotaRefill.label()}</label>
                // Errors about both fields are shown at the number.
                <select id=id name=id aria-describedby=described(Field::QuotaRefill, errors)
                    aria-invalid=invalid(Field::QuotaRefill, errors) on:change=move |_| left.run(Field::Quota)>
                    {options}
                </select>
                <FieldProblem field=Field::QuotaRefill errors/>
            </div>
        </div>
    }
    .into_any()
}

fn is_wrong(field: Field, errors: RwSignal<FieldErrors>) -> bool {
    errors.with(|errors| errors.of(field).next().is_some())
}

fn described(field: Field, errors: RwSignal<FieldErrors>) -> impl Fn() -> Option<String> + Copy {
    move || is_wrong(field, errors).then(|| format!("{}-error", field.as_str()))
}

fn invalid(field: Field, errors: RwSignal<FieldErrors>) -> impl Fn() -> Option<&'static str> + Copy {
    move || is_wrong(field, errors).then_some("true")
}

/// Capitalises the first letter.
pub fn sentence(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + chars.as_str())
}
