//! Finds what people call by a name: an app by its name, a person or an invite by the e-mail.

use super::call::Call;
use super::client::Client;
use super::failure::Failure;
use super::json::Json;

/// The id of the one thing whose member says exactly this; what is no name is an id already.
pub(super) async fn id_of(client: &mut Client, list: List, named: &str) -> Result<String, Failure> {
    let is_id = named.len() == 24 && named.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_id {
        return Ok(named.to_ascii_lowercase());
    }
    let none = || Failure::Refused(format!("no {} has the {} {named:?}", list.what, list.by));
    let (mut found, mut after): (Vec<String>, Option<String>) = (Vec::new(), None);
    loop {
        let mut call = Call::get(list.path);
        if list.is_searched {
            call = call.with("q", &domain::list::search_whole(named).ok_or_else(none)?);
        }
        if let Some(after) = &after {
            call = call.with("after", after);
        }
        if let Some(status) = list.status {
            call = call.with("status", status);
        }
        let page = client.send(&call).await?;
        let rows = page.get("data").map_or(&[][..], Json::items);
        let is_named = |row: &&Json| row.text(list.member).is_some_and(|text| alike(text, named));
        found.extend(rows.iter().filter(is_named).filter_map(|row| Some(row.text("id")?.to_owned())));
        after = page.text("next").map(str::to_owned);
        if after.is_none() {
            break;
        }
    }
    match found.as_slice() {
        [] => Err(none()),
        [id] => Ok(id.clone()),
        several => {
            let (count, ids) = (several.len(), several.join(", "));
            Err(Failure::Refused(format!("{count} have the {} {named:?}; use an id: {ids}", list.by)))
        }
    }
}

/// A list in which something is found.
#[derive(Clone, Copy)]
pub(super) struct List {
    pub path: &'static str,
    /// The member that names a row.
    pub member: &'static str,
    pub what: &'static str,
    pub by: &'static str,
    /// Whether the list can be searched.
    pub is_searched: bool,
    pub status: Option<&'static str>,
}

pub(super) const APP: List =
    List { path: "/v1/apps", member: "name", what: "app in use", by: "name", is_searched: true, status: None };
pub(super) const ARCHIVED_APP: List = List { what: "archived app", status: Some("archived"), ..APP };
pub(super) const PERSON: List =
    List { path: "/v1/people", member: "email", what: "person", by: "e-mail address", is_searched: true, status: None };
pub(super) const INVITE: List = List { path: "/v1/invites", what: "invite", is_searched: false, ..PERSON };

fn alike(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.trim().to_lowercase()
}
