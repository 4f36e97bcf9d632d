//! The fields of a key's kind, for the wizard and the edit modal: read from the one table in `domain`.

use domain::draft::KeyDraft;
use domain::environment::Environment;
use domain::expiry::Expiry;
use domain::field::{Field, FieldErrors};
use domain::kind::{KeyKind, KindRules};
use domain::life::LifeRules;
use domain::quota::Refill;
use domain::text::joined;
use leptos::html;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::field::TextField;
use super::key_sections::Section;
use super::problem::{FieldProblem, described};
use crate::forms::fields::{self, BOXES};

/// Every field of `fields` that this kind has, with what was typed so far. What most keys leave as it is, is folded.
#[component]
pub fn KeyFields(
    errors: RwSignal<FieldErrors>,
    kind: KeyKind,
    fields: &'static [Field],
    /// What was typed at first, and what is typed now.
    draft: KeyDraft,
    typed: RwSignal<KeyDraft>,
    hints: KeyHints,
    /// Called when a field is left.
    left: Callback<Field>,
) -> impl IntoView {
    let rules = kind.rules();
    let show = |field: &Field| one(errors, rules, *field, &draft, &hints, left);
    let folded = |field: &Field| Section::ALL.iter().any(|section| section.fields().contains(field));
    let first: Vec<_> = FIRST.iter().filter(|field| fields.contains(field)).filter_map(show).collect();
    let rest: Vec<_> =
        fields.iter().filter(|field| !FIRST.contains(field) && !folded(field)).filter_map(show).collect();
    let sections: Vec<_> = Section::ALL
        .into_iter()
        .filter_map(|section| {
            let shown: Vec<_> = section.fields().iter().filter(|field| fields.contains(field)).collect();
            let inputs: Vec<_> = shown.iter().copied().filter_map(show).collect();
            let open = section.meaning(&draft, fields) != section.meaning(&KeyDraft::default(), fields);
            (!inputs.is_empty()).then(|| view! { <Fold errors section shown typed form=fields open>{inputs}</Fold> })
        })
        .collect();
    view! {
        {first}
        {rest}
        <div class="folds">{sections}</div>
    }
}

/// A section that unfolds by itself if something in it is wrong.
#[component]
fn Fold(
    errors: RwSignal<FieldErrors>,
    section: Section,
    shown: Vec<&'static Field>,
    typed: RwSignal<KeyDraft>,
    /// The fields of the whole form.
    form: &'static [Field],
    open: bool,
    children: Children,
) -> impl IntoView {
    let place = NodeRef::<html::Details>::new();
    let wrong = Memo::new(move |_| errors.with(|errors| shown.iter().any(|field| errors.of(**field).next().is_some())));
    let open = open || wrong.get_untracked();
    Effect::new(move || {
        if let Some(place) = place.get().filter(|_| wrong.get()) {
            place.set_open(true);
        }
    });
    view! {
        <details class="fold" open=open node_ref=place>
            <summary>{section.label()} " " <small>{move || typed.with(|draft| section.meaning(draft, form))}</small></summary>
            <div class="stack">{children()}</div>
        </details>
    }
}

/// The fields that come first, in this order.
const FIRST: [Field; 4] = [Field::Name, Field::Description, Field::Permissions, Field::Expiry];

/// What the installation says about new keys.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct KeyHints {
    /// How long keys live.
    pub life: LifeRules,
    /// Permissions that other keys have.
    pub permissions: Vec<String>,
    /// The ids and names of the integrations that a key can be for.
    pub integrations: Vec<(String, String)>,
}

fn one(
    errors: RwSignal<FieldErrors>,
    rules: &'static KindRules,
    field: Field,
    draft: &KeyDraft,
    hints: &KeyHints,
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
                value=typed(&draft.description) lines=1 left/>
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
                hint="For example app.example.com or *.example.com. If left blank, every origin is accepted. Only browsers send a true origin, so keep the key secret in any case."/>
        }
        .into_any(),
        Field::Permissions => permissions(errors, rules, draft, hints, left),
        Field::NotBefore => view! {
            <TextField errors field aside="optional, UTC" value=typed(&draft.not_before)
                input="datetime-local" left hint="If left blank, the key has no start date."/>
        }
        .into_any(),
        Field::Expiry => expiry(errors, rules, draft, hints.life),
        Field::RotateDays => view! {
            <TextField errors field aside="optional, in days" value=typed(&draft.rotate_days) inputmode="numeric" left
                hint="For example 90. The list marks the key when its secret is older. Nothing stops working."/>
        }
        .into_any(),
        Field::ActsFor => view! {
            <TextField errors field aside="optional, one per line" value=lines(&draft.acts_for) lines=2 left
                hint="UUIDs of contacts, from their pages. If left blank, the key acts for any contact."/>
        }
        .into_any(),
        Field::Integration => integration(errors, draft, hints, left),
        Field::Limits => view! {
            <TextField errors field aside="optional, one per line" value=lines(&draft.limits) lines=2 left
                hint="For example 100 per minute, or burst: 20 per 10s. All servers count together."/>
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
    hints: &KeyHints,
    left: Callback<Field>,
) -> AnyView {
    if rules.typed_permissions {
        return view! {
            <TextField errors field=Field::Permissions label="Permissions in your own APIs"
                aside="optional, one per line" value=fields::lines(draft.permissions.as_deref().unwrap_or_default())
                lines=3 left
                hint="For example invoices.read or invoices.*. Your service asks for these when it checks the key."/>
            <InUse names=hints.permissions.clone()/>
        }
        .into_any();
    }
    view! {
        <fieldset class="field">
            <legend>"Permissions"</legend>
            {boxes(rules, draft)}
            // Sent even if no box is ticked, to distinguish "none" from "not asked".
            <input type="hidden" name=Field::Permissions.as_str() value=""/>
            <FieldProblem field=Field::Permissions errors/>
            <span class="hint">"Give the key as few permissions as possible."</span>
        </fieldset>
    }
    .into_any()
}

/// The permissions that the kind offers by name.
fn boxes(rules: &'static KindRules, draft: &KeyDraft) -> AnyView {
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
    view! { <div class="checks">{boxes}</div> }.into_any()
}

/// Permissions that other keys have. With scripts, a press adds one to the list.
#[component]
fn InUse(names: Vec<String>) -> impl IntoView {
    (!names.is_empty()).then(|| {
        let text = joined(&names);
        let buttons: Vec<_> = names
            .into_iter()
            .map(|name| view! { <button type="button" class="chip" data-line=Field::Permissions.as_str()>{name}</button> })
            .collect();
        view! { <div class="inline offers"><small>"Used by other keys:"</small> {buttons} <small class="unscripted">{text}</small></div> }
    })
}

fn expiry(errors: RwSignal<FieldErrors>, rules: &'static KindRules, draft: &KeyDraft, life: LifeRules) -> AnyView {
    let chosen = draft.expiry.as_deref().and_then(Expiry::parse).unwrap_or(Expiry::Never);
    let offered = Expiry::ALL.iter().filter(|expiry| life.allows(**expiry) || **expiry == chosen);
    let options = offered.map(|expiry| (expiry.as_str().to_owned(), expiry.label().to_owned())).collect();
    let longest = life.longest.days().map(|days| format!("Keys live for {days} days at most here."));
    view! {
        // The date is shown with the option that needs it.
        <div class="pair until">
            {choice(errors, Field::Expiry, options, chosen.as_str(), longest, None)}
            <TextField errors field=Field::ExpiresAt aside="UTC"
                value=draft.expires_at.clone().unwrap_or_default() input="datetime-local"/>
            {rules.typed_permissions.then(|| view! {
                <details class="fold" open=!draft.boxes.is_empty()>
                    <summary>"Permissions in Keystead itself" " " <small>"optional"</small></summary>
                    {boxes(rules, draft)}
                </details>
            })}
        </div>
    }
    .into_any()
}

fn environment(errors: RwSignal<FieldErrors>, draft: &KeyDraft) -> AnyView {
    let chosen = draft.environment.as_deref().and_then(Environment::parse).unwrap_or_default();
    let options = Environment::ALL.iter().map(|one| (one.as_str().to_owned(), one.label().to_owned())).collect();
    let hint =
        "Part of the key, so you cannot change it later. The beginning of a test key says so, for example ks_test_.";
    choice(errors, Field::Environment, options, chosen.as_str(), Some(hint.to_owned()), None)
}

fn quota(errors: RwSignal<FieldErrors>, draft: &KeyDraft, left: Callback<Field>) -> AnyView {
    let chosen = draft.quota_refill.as_deref().and_then(Refill::parse).unwrap_or_default();
    let options = Refill::ALL.iter().map(|refill| (refill.as_str().to_owned(), refill.label().to_owned())).collect();
    view! {
        <div class="pair">
            <TextField errors field=Field::Quota aside="optional" inputmode="numeric"
                value=draft.quota.clone().unwrap_or_default() left
                hint="How many calls all servers together accept, for example 10000."/>
            // Errors about both fields are shown at the number.
            {choice(errors, Field::QuotaRefill, options, chosen.as_str(), None, Some((left, Field::Quota)))}
        </div>
    }
    .into_any()
}

fn integration(errors: RwSignal<FieldErrors>, draft: &KeyDraft, hints: &KeyHints, left: Callback<Field>) -> AnyView {
    let chosen = draft.integration.clone().unwrap_or_default();
    let mut options = vec![(String::new(), "Choose an integration".to_owned())];
    options.extend(hints.integrations.iter().cloned());
    // One that a link names is sent as it is, and the server says what is wrong with it.
    if !options.iter().any(|(id, _)| *id == chosen) {
        options.push((chosen.clone(), chosen.clone()));
    }
    let hint = "A custom integration, whose webhooks and conversations the key is for.";
    let field = Field::Integration;
    choice(errors, field, options, &chosen, Some(hint.to_owned()), Some((left, field)))
}

/// A choice among values, each with its words. `changed` is told of another choice, and about which field.
fn choice(
    errors: RwSignal<FieldErrors>,
    field: Field,
    options: Vec<(String, String)>,
    chosen: &str,
    hint: Option<String>,
    changed: Option<(Callback<Field>, Field)>,
) -> AnyView {
    let options: Vec<_> = options
        .into_iter()
        .map(|(value, words)| {
            let selected = value == chosen;
            view! { <option value=value selected=selected>{words}</option> }
        })
        .collect();
    let id = field.as_str();
    let has_hint = hint.is_some();
    let described = move || described(field, has_hint, is_wrong(field, errors));
    view! {
        <div class="field">
            <label for=id>{field.label()}</label>
            <select id=id name=id aria-describedby=described aria-invalid=invalid(field, errors)
                on:change=move |_| {
                    if let Some((changed, about)) = changed {
                        changed.run(about);
                    }
                }>{options}</select>
            {hint.map(|words| view! { <span class="hint" id=format!("{id}-hint")>{words}</span> })}
            <FieldProblem field errors/>
        </div>
    }
    .into_any()
}

fn is_wrong(field: Field, errors: RwSignal<FieldErrors>) -> bool {
    errors.with(|errors| errors.of(field).next().is_some())
}

fn invalid(field: Field, errors: RwSignal<FieldErrors>) -> impl Fn() -> Option<&'static str> + Copy {
    move || is_wrong(field, errors).then_some("true")
}

/// Capitalises the first letter.
pub fn sentence(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + chars.as_str())
}
