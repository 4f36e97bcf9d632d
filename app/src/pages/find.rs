//! Find a page, a key or an act by a few letters: what the palette shows, and its page without scripts.

use domain::key::KeyRow;
use domain::list::{KeyQuery, search};
use domain::preset::Preset;
use domain::refusal::Refusal;
use domain::role::{Act, Rights};
use domain::text::SEARCH_MAX;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::frame::destinations;
use super::help;
use super::key::acts;
use super::keys_filters::{SEARCH_TAKES, secretless};
use crate::addresses::preset_address;
use crate::components::failed::Failed;
use crate::components::ignored::{NotUnderstood, searched};
use crate::components::title::Title;
use crate::desk::keys::read_keys;
use crate::desk::later::later;
use crate::desk::person::read_me;
use crate::error::ConsoleError;
use crate::islands::find::Hit;

/// How many keys are found at most.
const KEYS: usize = 8;

/// How many sections of Help are found at most.
const SECTIONS: usize = 4;

/// The pages, keys and acts that fit what was typed, as this visitor may see them.
pub async fn hits(typed: &str) -> Result<Vec<Hit>, ConsoleError> {
    let rights = read_me()?.rights;
    let search = search(typed);
    let words = search.as_deref().unwrap_or_default();
    let mut hits: Vec<Hit> = places(rights).filter(|hit| fits(&hit.words, words)).collect();
    if search.is_none() {
        return Ok(hits);
    }
    if rights.may(Act::SeeKeys) {
        hits.extend(keys(KeyQuery { search: search.clone(), ..KeyQuery::default() }).await?);
    }
    let sections = help::search(words).into_iter().take(SECTIONS);
    hits.extend(sections.map(|found| Hit {
        words: found.title.to_owned(),
        note: format!("Help: {}", found.page),
        address: found.address,
    }));
    Ok(hits)
}

/// The first keys of a list, and what can be done with it if it is only one.
async fn keys(query: KeyQuery) -> Result<Vec<Hit>, ConsoleError> {
    let list = match read_keys(&query).await {
        // The apps are found first.
        Err(ConsoleError::Refused(Refusal::ChooseApp { .. })) => return Ok(Vec::new()),
        list => list?,
    };
    let key = |row: &KeyRow| {
        let note = format!("{} key, {}", row.kind.label(), row.status(list.now).label().to_lowercase());
        Hit { words: row.name.clone(), note, address: format!("/keys/{}", row.id.as_str()) }
    };
    let mut hits: Vec<Hit> = list.page.rows.iter().take(KEYS).map(key).collect();
    if let [row] = &*list.page.rows {
        hits.extend(list.on.iter().flat_map(|rights| acts(row.status(list.now), *rights)).map(|act| Hit {
            words: act.label.trim_end_matches('…').to_owned(),
            note: row.name.clone(),
            address: format!("/keys/{}/{}?from=key", row.id.as_str(), act.path),
        }));
    }
    Ok(hits)
}

/// The pages that lead on from the menu, and what can be begun.
fn places(rights: Rights) -> impl Iterator<Item = Hit> {
    let new = rights.may(Act::ChangeKeys).then_some([
        ("/keys/new".to_owned(), "Generate New Key"),
        (preset_address(Preset::Verifier), "Generate a key for a service that checks keys"),
    ]);
    let waiting = rights.may(Act::ChangeKeys).then(|| ("/keys/handovers".to_owned(), "Hand-overs"));
    let api = rights.may(Act::SeeRooms).then(|| {
        ["/integrations/prepare", "/integrations/examples"]
            .map(str::to_owned)
            .into_iter()
            .zip(["Prepare to use the API", "Integration examples"])
    });
    // The menu leads everybody else to the first one.
    let setup = rights.may(Act::SeeIntegrations).then(|| ("/integrations/setup".to_owned(), "Setup Integration"));
    let integration =
        rights.may(Act::ManageIntegrations).then(|| ("/integrations/new".to_owned(), "Add an integration"));
    let pages = destinations(rights)
        .into_iter()
        .chain(waiting)
        .chain(setup)
        .chain(integration)
        .chain(api.into_iter().flatten())
        .map(|(address, words)| (address, words, "Page"));
    let begun = new.into_iter().flatten().map(|(address, words)| (address, words, "New key"));
    pages.chain(begun).map(|(address, words, note)| Hit { words: words.to_owned(), note: note.to_owned(), address })
}

/// Whether each word that was typed begins a word of these.
fn fits(words: &str, typed: &str) -> bool {
    let words = words.to_lowercase();
    typed.to_lowercase().split_whitespace().all(|typed| words.split_whitespace().any(|word| word.starts_with(typed)))
}

#[component]
pub fn FindPage() -> impl IntoView {
    let typed = use_query_map().get_untracked().get("q").as_deref().and_then(search).unwrap_or_default();
    let asked = typed.clone();
    let found = later(async move {
        match hits(&asked).await {
            Ok(hits) if hits.is_empty() => view! { <p>"Nothing found."</p> }.into_any(),
            Ok(hits) => hits
                .into_iter()
                .map(|hit| view! { <li><a href=hit.address dir="auto">{hit.words}</a> " " <small>{hit.note}</small></li> })
                .collect_view()
                .into_any(),
            Err(error) => view! { <Failed error/> }.into_any(),
        }
    });
    view! {
        <Title text="Find"/>
        <div class="head"><div><h1>"Find"</h1><p>"A page, a key or an act, by the beginning of its words."</p></div></div>
        <form class="filters" method="get" action="/find" role="search">
            <input type="search" name="q" data-search value=typed maxlength=SEARCH_MAX autofocus aria-label="Find"
                pattern=secretless() title=SEARCH_TAKES
                autocomplete="off" spellcheck="false"/>
            <button class="button">"Find"</button>
        </form>
        <NotUnderstood filters=&[("q", searched)]/>
        <ul class="stack found">{found}</ul>
    }
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn each_word_that_was_typed_begins_a_word() {
        for typed in ["", "gen", "key gen", "NEW", " generate  new "] {
            assert!(fits("Generate New Key", typed), "{typed}");
        }
        for typed in ["enerate", "new x", "keys"] {
            assert!(!fits("Generate New Key", typed), "{typed}");
        }
    }
}
