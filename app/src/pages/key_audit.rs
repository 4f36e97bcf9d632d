//! The audit dialogs: of one key, and of all keys.

use domain::audit::AuditRow;
use domain::audit_query::AuditQuery;
use domain::role::Act;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use crate::addresses::{behind, list_address, list_query};
use crate::components::audit_table::AuditTable;
use crate::components::failed::Failed;
use crate::components::modal::Modal;
use crate::desk::audit::read_audit;
use crate::desk::keys::{key_id, may, read_key};
use crate::desk::later::later;
use crate::error::ConsoleError;

/// The last changes to one key.
#[component]
pub fn KeyAuditModal() -> impl IntoView {
    let id = use_params_map().get_untracked().get("id").unwrap_or_default();
    let back = behind();
    later(async move {
        match of_key(&id).await {
            Ok((rows, name)) => view! {
                <Modal title=title(&name) back=back.clone() broad=true light=true>
                    <div class="body"><AuditTable rows/></div>
                    <Foot whole=format!("/audit?key={id}") back/>
                </Modal>
            }
            .into_any(),
            Err(error) => view! {
                <Modal title="Audit" back=back.clone() light=true>
                    <div class="body"><Failed error/></div>
                    <Foot whole="/audit" back/>
                </Modal>
            }
            .into_any(),
        }
    })
}

/// Whoever does not see the audit sees their own acts.
fn title(name: &str) -> String {
    if may(Act::SeeAudit) { format!("Audit of “{name}”") } else { format!("What you did with “{name}”") }
}

/// The last changes to anything.
#[component]
pub fn AllKeysAuditModal() -> impl IntoView {
    let back = list_address(&list_query());
    later(async move {
        let rows = match read_audit(&AuditQuery::default()).await {
            Ok(page) => view! { <AuditTable rows=page.rows with_subject=true/> }.into_any(),
            Err(error) => view! { <Failed error/> }.into_any(),
        };
        view! {
            <Modal title="Audit" back=back.clone() broad=true light=true>
                <div class="body">{rows}</div>
                <Foot whole="/audit" back/>
            </Modal>
        }
    })
}

/// The events of a key, and its name. If the key is deleted, the name comes from the events.
async fn of_key(id: &str) -> Result<(Vec<AuditRow>, String), ConsoleError> {
    let asked = AuditQuery { key: Some(key_id(id)?), ..AuditQuery::default() };
    let page = read_audit(&asked).await?;
    let name = match read_key(id).await {
        Ok(view) => view.key.row.name,
        Err(error) => page.rows.first().map(|row| row.subject.label.clone()).ok_or(error)?,
    };
    Ok((page.rows, name))
}

#[component]
fn Foot(#[prop(into)] whole: String, back: String) -> impl IntoView {
    view! {
        <footer>
            <a class="button" href=whole>"Open in Audit"</a>
            <a class="button primary" href=back autofocus>"Close"</a>
        </footer>
    }
}
