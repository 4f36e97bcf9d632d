//! Renders the docs for readers of the console to the pages of /help.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;
use std::{fs, io};

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};

/// In the order of the page Help.
const PAGES: [&str; 17] = [
    "console",
    "api",
    "management",
    "command-line",
    "proxies",
    "behind",
    "limits",
    "operations",
    "monitoring",
    "cluster",
    "postgres",
    "security",
    "sunshine",
    "conversations",
    "openconnect",
    "qwil",
    "vchatcloud",
];

/// Writes `help.rs` into this folder.
pub fn write(out: &Path) -> io::Result<()> {
    let docs = Path::new("../docs");
    let mut code = String::from("pub static PAGES: &[Page] = &[\n");
    for name in PAGES {
        let path = docs.join(format!("{name}.md"));
        println!("cargo:rerun-if-changed={}", path.display());
        let text = fs::read_to_string(&path)?;
        write_page(&mut code, name, &text);
    }
    code.push_str("];\n");
    fs::write(out.join("help.rs"), code)
}

/// A heading and the words below it.
#[derive(Default)]
struct Section {
    /// 1 for the title of the page, 2 for what is below it, and so on.
    level: u8,
    id: String,
    title: String,
    text: String,
}

fn write_page(code: &mut String, name: &str, markdown: &str) {
    let events = with_links(Parser::new_ext(markdown, Options::ENABLE_TABLES));
    let sections = sections(&events);
    let mut rest = sections.iter();
    let (mut title, mut tables) = (String::new(), 0);
    let events = events.into_iter().flat_map(|event| match event {
        Event::Start(Tag::Heading { level, classes, attrs, .. }) => {
            let section = rest.next();
            title = section.map(|section| section.title.clone()).unwrap_or_default();
            let id = section.map(|section| CowStr::from(section.id.clone()));
            vec![Event::Start(Tag::Heading { level, id, classes, attrs })]
        }
        // Wide tables scroll by themselves. Each such region has a name of its own.
        Event::Start(Tag::Table(_)) => {
            tables += 1;
            let title = title.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
            let region =
                format!("<div class=\"sheet\" role=\"region\" aria-label=\"{title}: table {tables}\" tabindex=\"0\">");
            vec![Event::Html(region.into()), event]
        }
        Event::End(TagEnd::Table) => vec![event, Event::Html("</div>".into())],
        event => vec![event],
    });
    let mut html = String::new();
    html::push_html(&mut html, events);
    let html = html.replace("<pre>", "<pre tabindex=\"0\">");
    let title = sections.first().map_or(name, |section| &section.title);
    let _ = writeln!(code, "Page {{ name: {name:?}, title: {title:?}, html: {html:?}, sections: &[");
    for Section { level, id, title, text } in &sections {
        let _ = writeln!(code, "Section {{ level: {level}, id: {id:?}, title: {title:?}, text: {text:?} }},");
    }
    code.push_str("] },\n");
}

/// Each heading with what is below it. Ids are made as on code hosts, so that links work in both.
fn sections(events: &[Event]) -> Vec<Section> {
    let mut found: Vec<Section> = Vec::new();
    let mut taken: HashMap<String, usize> = HashMap::new();
    let mut in_title = false;
    for event in events {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                in_title = true;
                found.push(Section { level: *level as u8, ..Section::default() });
            }
            Event::End(TagEnd::Heading(_)) => {
                in_title = false;
                if let Some(section) = found.last_mut() {
                    let id = slug(&section.title);
                    let times = taken.entry(id.clone()).or_default();
                    section.id = if *times == 0 { id } else { format!("{id}-{times}") };
                    *times += 1;
                }
            }
            Event::Text(words) | Event::Code(words) => {
                if let Some(section) = found.last_mut() {
                    if in_title { &mut section.title } else { &mut section.text }.push_str(words);
                }
            }
            Event::SoftBreak | Event::End(_) if !in_title => {
                if let Some(section) = found.last_mut()
                    && !section.text.ends_with(' ')
                {
                    section.text.push(' ');
                }
            }
            _ => {}
        }
    }
    found
}

fn slug(title: &str) -> String {
    let kept = title.to_lowercase().replace(' ', "-");
    kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
}

/// Where a link leads on the pages of /help: to another page, elsewhere, or nowhere, if it names a file of the project.
fn address(link: &str) -> Option<String> {
    if link.starts_with('#') || link.starts_with("https://") {
        return Some(link.to_owned());
    }
    let (file, anchor) = link.split_once('#').map_or((link, String::new()), |(file, at)| (file, format!("#{at}")));
    let name = file.strip_suffix(".md").filter(|name| PAGES.contains(name))?;
    Some(format!("/help/{name}{anchor}"))
}

/// The same events, with links that lead somewhere. A link that leads nowhere is only its words.
fn with_links(events: Parser<'_>) -> Vec<Event<'_>> {
    let mut dropped = false;
    let lead = |event| match event {
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let dest_url = address(&dest_url).map(CowStr::from);
            dropped = dest_url.is_none();
            dest_url.map(|dest_url| Event::Start(Tag::Link { link_type, dest_url, title, id }))
        }
        Event::End(TagEnd::Link) if dropped => {
            dropped = false;
            None
        }
        event => Some(event),
    };
    events.filter_map(lead).collect()
}
