//! The docs, rendered from docs/ by build.rs, with a search over their sections.

use domain::refusal::Refusal;
use domain::text::SEARCH_MAX;
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::keys_filters::{SEARCH_TAKES, secretless};
use crate::components::failed::set_status;
use crate::components::ignored::{NotUnderstood, searched};
use crate::components::title::Title;
use crate::error::ConsoleError;

/// A page of the docs.
pub struct Page {
    /// The last part of its address.
    name: &'static str,
    title: &'static str,
    html: &'static str,
    sections: &'static [Section],
}

/// A heading and the words below it.
pub struct Section {
    /// 1 for the title of the page, 2 for what is below it, and so on.
    level: u8,
    id: &'static str,
    title: &'static str,
    text: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/help.rs"));

/// How many sections a search shows.
const FOUND: usize = 20;

/// How many characters of a section a search shows.
const EXCERPT: usize = 200;

/// A section that a search found.
pub struct Found {
    pub title: &'static str,
    pub page: &'static str,
    pub address: String,
    excerpt: String,
}

/// The sections that have all these words, those first that have them in their title.
pub fn search(typed: &str) -> Vec<Found> {
    let words: Vec<String> = typed.to_lowercase().split_whitespace().map(str::to_owned).collect();
    if words.is_empty() {
        return Vec::new();
    }
    let all_in = |text: &str| words.iter().all(|word| text.contains(word));
    let sections = || PAGES.iter().flat_map(|page| page.sections.iter().map(move |section| (page, section)));
    let titled = sections().filter(|(_, section)| all_in(&section.title.to_lowercase()));
    let told = sections().filter(|(_, section)| {
        let title = section.title.to_lowercase();
        !all_in(&title) && all_in(&format!("{title} {}", section.text.to_lowercase()))
    });
    let found = titled.chain(told).map(|(page, section)| Found {
        title: section.title,
        page: page.title,
        address: format!("/help/{}#{}", page.name, section.id),
        excerpt: excerpt(section.text, &words),
    });
    found.take(FOUND).collect()
}

/// The words around the first of these.
fn excerpt(text: &str, words: &[String]) -> String {
    let chars: Vec<char> = text.trim().chars().collect();
    let lower: String = chars.iter().map(char::to_ascii_lowercase).collect();
    let first = words.iter().filter_map(|word| lower.find(word.as_str())).min();
    let at = first.and_then(|at| lower.get(..at)).map_or(0, |before| before.chars().count());
    // Whole words only.
    let is_end = |at: &usize| chars.get(*at).is_none_or(|c| c.is_whitespace());
    let start = at.saturating_sub(EXCERPT / 4);
    let start = if start == 0 { 0 } else { (start..at).find(is_end).unwrap_or(at) };
    let end = (start..=start.saturating_add(EXCERPT).min(chars.len())).rfind(is_end).unwrap_or(chars.len());
    let cut: String = chars.iter().take(end).skip(start).collect();
    let more = |is: bool| if is { "…" } else { "" };
    format!("{}{}{}", more(start > 0), cut.trim(), more(end < chars.len()))
}

#[component]
pub fn HelpPage() -> impl IntoView {
    let typed = use_query_map().get_untracked().get("q").as_deref().and_then(domain::list::search).unwrap_or_default();
    let asked = !typed.is_empty();
    let found = search(&typed);
    let nothing = (asked && found.is_empty()).then(|| view! { <p>"No section has all these words."</p> });
    let found: Vec<_> = found
        .into_iter()
        .map(|found| {
            view! {
                <li>
                    <a href=found.address>{found.title}</a> " " <small>{found.page}</small>
                    <p class="soft">{found.excerpt}</p>
                </li>
            }
        })
        .collect();
    let pages: Vec<_> = PAGES
        .iter()
        .map(|page| {
            let parts = page.sections.iter().filter(|section| section.level == 2);
            let parts: Vec<_> = parts.map(|section| section.title).collect();
            view! {
                <li>
                    <a href=format!("/help/{}", page.name)>{page.title}</a>
                    <p class="soft">{parts.join(" · ")}</p>
                </li>
            }
        })
        .collect();
    view! {
        <Title text="Help"/>
        <div class="head">
            <div><h1>"Help"</h1><p>"How the console, the API and an installation work."</p></div>
            <div class="actions">
                <a class="button" href="/about">"About"</a>
                <a class="button" href="/docs">"Try the API"</a>
            </div>
        </div>
        <form class="filters" method="get" action="/help" role="search">
            <input type="search" name="q" data-search value=typed maxlength=SEARCH_MAX aria-label="Search help"
                placeholder="Search help" pattern=secretless() title=SEARCH_TAKES aria-keyshortcuts="/" autocomplete="off"/>
            <button class="button">"Search"</button>
        </form>
        <NotUnderstood filters=&[("q", searched)]/>
        {nothing}
        <ul class="plain narrow">{if found.is_empty() { pages } else { found }}</ul>
    }
}

/// One page of the docs.
#[component]
pub fn HelpArticle() -> impl IntoView {
    let name = use_params_map().get_untracked().get("page").unwrap_or_default();
    let Some(page) = PAGES.iter().find(|page| page.name == name) else {
        set_status(&ConsoleError::Refused(Refusal::NotFound));
        return view! {
            <Title text="Help"/>
            <div class="head"><div><h1>"There is no such page in Help"</h1></div></div>
            <div class="actions"><a class="button primary" href="/help">"All pages of Help"</a></div>
        }
        .into_any();
    };
    let contents: Vec<_> = page
        .sections
        .iter()
        .skip(1)
        .map(|section| {
            let deep = section.level > 2;
            view! { <li class:deep=deep><a href=format!("#{}", section.id)>{section.title}</a></li> }
        })
        .collect();
    view! {
        <Title text=page.title/>
        <p><a href="/help">"Help"</a></p>
        <div class="article">
            <nav aria-label="On this page"><ul>{contents}</ul></nav>
            <article class="prose" inner_html=page.html></article>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::{PAGES, search};

    #[test]
    fn a_search_finds_titles_first_and_needs_every_word() {
        let found = search("Permissions");
        assert!(found[0].title.to_lowercase().contains("permissions"), "{}", found[0].title);
        assert!(found.iter().all(|found| found.address.starts_with("/help/")));
        assert!(search("permissions zebra").is_empty());
        assert!(search(" ").is_empty());
    }

    #[test]
    fn links_inside_the_docs_lead_to_a_section_that_is_there() {
        for page in PAGES {
            for link in page.html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
                let target = match path.strip_prefix("/help/") {
                    Some(name) => PAGES.iter().find(|page| page.name == name),
                    None if path.is_empty() => Some(page),
                    None => continue,
                };
                let target = target.unwrap_or_else(|| panic!("{}: {link}", page.name));
                let is_there = anchor.is_empty() || target.sections.iter().any(|section| section.id == anchor);
                assert!(is_there, "{}: {link}", page.name);
            }
        }
    }
}
