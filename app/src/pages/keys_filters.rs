//! The filters of the key list: a form, and a link for each filter that is set, which removes it.

use domain::environment::Environment;
use domain::field::Field;
use domain::kind::KeyKind;
use domain::labels::{EXTERNAL_ID_MAX, TAG_MAX};
use domain::list::{KeyQuery, KeySort, Rows, StatusFilter};
use domain::text::{EMAIL_MAX, SEARCH_MAX};
use domain::token::{CHECKSUM_LEN, SECRET_LEN};
use leptos::prelude::*;

use crate::addresses::list_address;
use crate::components::icon::{Drawn, Icon};

#[component]
pub fn Filters(query: KeyQuery) -> impl IntoView {
    let kinds: Vec<_> = KeyKind::issuable()
        .map(|kind| {
            let chosen = query.kind == Some(kind);
            view! { <option value=kind.as_str() selected=chosen>{kind.label()}</option> }
        })
        .collect();
    let statuses: Vec<_> = StatusFilter::ALL
        .iter()
        .map(|status| {
            let chosen = query.status == Some(*status);
            view! { <option value=status.as_str() selected=chosen>{status.label()}</option> }
        })
        .collect();
    let environments: Vec<_> = Environment::ALL
        .iter()
        .map(|environment| {
            let chosen = query.environment == Some(*environment);
            view! { <option value=environment.as_str() selected=chosen>{environment.label()}</option> }
        })
        .collect();
    let sort = (query.sort != KeySort::default()).then_some(query.sort);
    let rows = (query.rows != Rows::default()).then_some(query.rows);
    let labels = [
        (Field::Owner.label(), "owner", &query.owner, EMAIL_MAX),
        ("Tag", "tag", &query.tag, TAG_MAX),
        (Field::ExternalId.label(), "external_id", &query.external_id, EXTERNAL_ID_MAX),
    ];
    let labels = labels.map(|(label, name, value, max)| {
        // Long enough for a whole key, so that it is noticed and not cut.
        let max = max.max(EMAIL_MAX);
        view! {
            <input name=name value=value.clone() aria-label=label placeholder=label maxlength=max pattern=secretless()
                title=SEARCH_TAKES autocomplete="off"/>
        }
    });
    view! {
        <form class="filters" method="get" action="/keys" role="search" data-submit>
            <input type="search" name="q" data-search value=query.search.clone() maxlength=SEARCH_MAX
                aria-label="Search by name, id or external id" placeholder="Name, id or external id" aria-keyshortcuts="/"
                // Keeps a secret out of the address: in a whole key, which no script has cut to its id, and by itself,
                // without an id.
                pattern=secretless() title=SEARCH_TAKES
                autocomplete="off" spellcheck="false"/>
            <kbd class="alive-only" aria-hidden="true">"/"</kbd>
            <select name="kind" aria-label="Kind">
                <option value="">"Any kind"</option>
                {kinds}
            </select>
            <select name="status" aria-label="Status">
                <option value="">"Any status"</option>
                {statuses}
            </select>
            // The chips below show what is set in here.
            <details>
                <summary class="button quiet">"More filters"</summary>
                <div class="filters">
                    <select name="environment" aria-label="Environment">
                        <option value="">"Any environment"</option>
                        {environments}
                    </select>
                    {labels.into_iter().collect_view()}
                </div>
            </details>
            // Only an address chooses it, and the chip below takes it away.
            {query.integration.map(|id| view! {
                <input type="hidden" name=Field::Integration.as_str() value=id.to_string()/>
            })}
            {sort.map(|sort| view! { <input type="hidden" name="sort" value=sort.as_str()/> })}
            {query.descending.then(|| view! { <input type="hidden" name="dir" value="desc"/> })}
            {rows.map(|rows| view! { <input type="hidden" name="rows" value=rows.as_str()/> })}
            <button class="button">"Apply"</button>
            {query.is_filtered().then(|| view! { <a class="button quiet" href="/keys">"Clear"</a> })}
        </form>
    }
}

/// What a search takes. Browsers show it to whoever points at the box, and add it to their message if the pattern fails.
pub const SEARCH_TAKES: &str = "Search by names, words or ids, never by a whole key.";

/// Matches what `token::without_secrets` leaves as it is: no API KEY, and no run as long as a secret, unless it is all
/// small hexadecimal digits.
pub fn secretless() -> String {
    let length = SECRET_LEN + CHECKSUM_LEN;
    format!("(?!.*(?![0-9a-f]{{{length}}})[0-9A-Za-z]{{{length}}})(?!.*([0-9A-Za-z]{{6}}-){{4}}[0-9]{{14}}).*")
}

/// Each filter that is set, as a link that removes it.
#[component]
pub fn Chips(query: KeyQuery) -> impl IntoView {
    let first = query.first_page();
    let chips = [
        ("Kind", query.kind.map(|kind| kind.label().to_owned()), KeyQuery { kind: None, ..first.clone() }),
        ("Status", query.status.map(|status| status.label().to_owned()), KeyQuery { status: None, ..first.clone() }),
        (
            Field::Environment.label(),
            query.environment.map(|environment| environment.label().to_owned()),
            KeyQuery { environment: None, ..first.clone() },
        ),
        (Field::Owner.label(), query.owner, KeyQuery { owner: None, ..first.clone() }),
        ("Tag", query.tag, KeyQuery { tag: None, ..first.clone() }),
        (Field::ExternalId.label(), query.external_id, KeyQuery { external_id: None, ..first.clone() }),
        (
            Field::Integration.label(),
            query.integration.map(|id| id.to_string()),
            KeyQuery { integration: None, ..first.clone() },
        ),
    ];
    let chips: Vec<_> = chips
        .into_iter()
        .filter_map(|(label, value, without)| {
            let words = format!("{label}: {}", value?);
            let remove = format!("{words}, remove");
            Some(view! { <li><a class="chip" href=list_address(&without) aria-label=remove>{words} " " <Drawn icon=Icon::Remove/></a></li> })
        })
        .collect();
    (!chips.is_empty()).then(|| view! { <ul class="chips">{chips}</ul> })
}
