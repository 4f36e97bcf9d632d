//! The whole audit, or that of one key.

use domain::audit::AuditQuery;
use domain::ids::KeyId;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::components::audit_table::AuditTable;
use crate::components::failed::Failed;
use crate::components::pager::{Exports, Pager};
use crate::desk::audit::read_audit;
use crate::desk::keys::key_id;

/// Characters of a key's id.
const LEN: usize = KeyId::LEN;

#[component]
pub fn AuditPage() -> impl IntoView {
    let query = use_query_map().get_untracked();
    let (after, before) = (query.get("after"), query.get("before"));
    let key = query.get("key").map(|key| key.trim().to_owned()).filter(|key| !key.is_empty());
    let typed = key.clone();
    let record = Suspend::new(async move {
        let asked = key.as_deref().map(key_id).transpose().map(|key| AuditQuery { key, after, before });
        let page = match asked {
            Ok(asked) => read_audit(&asked).await,
            Err(error) => Err(error),
        };
        let page = match page {
            Ok(page) => page,
            Err(error) => return view! { <Failed error/> }.into_any(),
        };
        let turn = |name: &str, cursor: Option<String>| {
            cursor.map(|cursor| match &key {
                Some(key) => format!("/audit?key={key}&{name}={cursor}"),
                None => format!("/audit?{name}={cursor}"),
            })
        };
        let (previous, next) = (turn("before", page.previous), turn("after", page.next));
        view! {
            <AuditTable rows=page.rows with_subject=true/>
            <Pager total=page.total one="event" previous next>
                <Exports path="/audit" query=key.map(|key| format!("key={key}")).unwrap_or_default()/>
            </Pager>
        }
        .into_any()
    });
    view! {
        <Title text="Audit"/>
        <div class="head">
            <div>
                <h1>"Audit"</h1>
                <p>"Every change, who made it and when. Nobody can edit it."</p>
            </div>
        </div>
        <form class="filters" method="get" action="/audit" role="search">
            <input type="search" name="key" value=typed aria-label="Key id" maxlength=LEN
                placeholder=format!("Key id, {LEN} characters") pattern=format!("[0-9A-Za-z]{{{LEN}}}")
                title=format!("The {LEN} characters between ks_ and the dots")/>
            <button class="button">"Show this key"</button>
            <a class="button quiet" href="/audit">"Show all"</a>
        </form>
        {record}
    }
}
