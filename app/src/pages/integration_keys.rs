//! The keys of an integration, as its page lists them.

use domain::field::Field;
use domain::integration::{INTEGRATION_KEYS_MAX, Integration};
use domain::key::KeyRow;
use domain::kind::KeyKind;
use domain::timestamp::Timestamp;
use leptos::prelude::*;

use crate::components::app_switch::in_app;
use crate::components::failed::FormProblem;
use crate::components::key_status::KeyStatus;
use crate::components::time::{Ago, LastUsed};
use crate::desk::integrations::{IntegrationKeys, read_keys_of};
use crate::desk::later::later;

#[component]
pub fn Keys(integration: Integration, now: Timestamp) -> impl IntoView {
    later(async move {
        let keys = match read_keys_of(&integration).await {
            Ok(Some(keys)) => keys,
            Ok(None) => return ().into_any(),
            Err(error) => return view! { <FormProblem problem=Some(error)/> }.into_any(),
        };
        let IntegrationKeys { rows, live, creates } = keys;
        let (kind, field) = (KeyKind::OF_INTEGRATION.as_str(), Field::Integration.as_str());
        let wizard = format!("/keys/new?{}={kind}&{field}={}", Field::Kind.as_str(), integration.id);
        let wizard = in_app(&wizard, integration.app_id.as_str());
        let is_full = live >= INTEGRATION_KEYS_MAX;
        let count = format!("{live} of {INTEGRATION_KEYS_MAX}");
        let create = (creates && !is_full).then(|| view! { <a class="button" href=wizard>"Create a key"</a> });
        let table = if rows.is_empty() {
            view! { <p class="body soft">"No keys yet. With one, your system chats on behalf of the integration."</p> }
                .into_any()
        } else {
            view! { <Table rows now/> }.into_any()
        };
        view! {
            <section class="card" aria-labelledby="keys">
                <header>
                    <h2 id="keys">"Keys" " " <small class="soft">{count}</small></h2>
                    {create}
                </header>
                {(creates && is_full).then(|| view! {
                    <p class="body soft">"An integration has no more keys than that. Revoke or delete one to create another."</p>
                })}
                {table}
            </section>
        }
        .into_any()
    })
}

#[component]
fn Table(rows: Vec<KeyRow>, now: Timestamp) -> impl IntoView {
    let rows: Vec<_> = rows
        .into_iter()
        .map(|row| {
            view! {
                <tr role="row">
                    <td role="cell" class="name">
                        <a href=format!("/keys/{}", row.id.as_str()) dir="auto" title=row.name.clone()>{row.name.clone()}</a>
                    </td>
                    <td role="cell"><span class="mono">{row.masked()}</span></td>
                    <td role="cell"><KeyStatus status=row.status(now) now/></td>
                    <td role="cell" class="soft"><span class="keys-word">"Created "</span> <Ago at=row.created_at now/></td>
                    <td role="cell" class="soft"><span class="keys-word">"Last used: "</span> <LastUsed at=row.last_used_at now/></td>
                </tr>
            }
        })
        .collect();
    view! {
        <div class="sheet" role="region" aria-label="Table of keys" tabindex="0">
            <table class="blocks apps" role="table">
                <caption class="visually-hidden">"Keys"</caption>
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader">"Name"</th>
                        <th role="columnheader">"Key"</th>
                        <th role="columnheader">"Status"</th>
                        <th role="columnheader">"Created"</th>
                        <th role="columnheader">"Last used"</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows}</tbody>
            </table>
        </div>
    }
}
