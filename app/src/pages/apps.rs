//! The apps of the installation: the list, and the dialogs over it.

use domain::app::{ARCHIVED, App, AppListed, AppQuery};
use domain::field::{Field, FieldErrors};
use domain::query_string::ListQuery;
use domain::refusal::Refusal;
use domain::text::SEARCH_MAX;
use leptos::prelude::*;
use leptos_router::components::Outlet;
use leptos_router::hooks::use_params_map;
use service::apps::AppView;
use service::seen::SeenState;

use super::keys_filters::{SEARCH_TAKES, secretless};
use crate::addresses::{read_address, with_query};
use crate::components::empty::{Empty, PastTheEnd};
use crate::components::failed::{Failed, FormProblem};
use crate::components::field::TextField;
use crate::components::ignored::Ignored;
use crate::components::modal::Modal;
use crate::components::pager::Pager;
use crate::components::seen::Seen;
use crate::components::sheet::Sheet;
use crate::components::time::Time;
use crate::components::title::Title;
use crate::desk::apps::{AppList, may_create, read_app, read_apps};
use crate::desk::later::later;
use crate::error::ConsoleError;
use crate::forms::apps::{AppNameForm, BACK};
use crate::forms::outcome::PostedForm;
use crate::forms::person::Nothing;

#[component]
pub fn AppsPage() -> impl IntoView {
    let query: AppQuery = read_address();
    let asked = query.clone();
    let creates = may_create().is_ok();
    let list = later(async move {
        match read_apps(&asked).await {
            Ok(list) => view! { <Found list query=asked/> }.into_any(),
            Err(error) => view! { <Failed error/> }.into_any(),
        }
    });
    view! {
        <Title text="Apps"/>
        <div class="head">
            <div>
                <h1>"Apps"</h1>
                <p>"Each key belongs to one app. A service that checks keys knows only those of its own app."</p>
            </div>
            {creates.then(|| view! {
                <div class="actions"><a class="button primary" href="/apps/new">"Create an app"</a></div>
            })}
        </div>
        <Ignored query/>
        {list}
        <Outlet/>
    }
}

fn address(query: &AppQuery) -> String {
    with_query("/apps", &query.to_query_string())
}

#[component]
fn Found(list: AppList, query: AppQuery) -> impl IntoView {
    let AppList { page, view: chosen, manages, .. } = list;
    let turn = |after: Option<String>, before: Option<String>| {
        (after.is_some() || before.is_some()).then(|| address(&AppQuery { after, before, ..query.clone() }))
    };
    let is_past = page.is_past(query.after.is_some() || query.before.is_some());
    let first = address(&AppQuery { after: None, before: None, ..query.clone() });
    let (previous, next) = (turn(None, page.previous), turn(page.next, None));
    let table = if is_past {
        view! { <PastTheEnd first/> }.into_any()
    } else if page.rows.is_empty() {
        let words = match (&query.search, query.archived) {
            (Some(_), _) => "Search looks at the beginning of names. Try fewer letters.",
            (None, true) => "No app is archived.",
            (None, false) => "There is no app that you may see.",
        };
        view! { <Empty heading="No apps here" words next=Some(("/apps", "Show the apps in use"))/> }.into_any()
    } else {
        let back = address(&query);
        let rows: Vec<_> = page.rows.into_iter().map(|row| line(row, &chosen, manages, &back)).collect();
        let columns = vec!["Name", "Id", "Keys", if query.archived { "Archived" } else { "Created" }];
        view! { <Sheet name="Apps" columns with_acts=true>{rows}</Sheet> }.into_any()
    };
    view! {
        <Filters query/>
        {table}
        <Pager total=page.total one="app" previous next/>
    }
}

#[component]
fn Filters(query: AppQuery) -> impl IntoView {
    let filtered = query.search.is_some() || query.archived;
    view! {
        <form class="filters" method="get" action="/apps" role="search" data-submit>
            <input type="search" name="q" data-search value=query.search maxlength=SEARCH_MAX aria-label="Search by name or id"
                placeholder="Name or id" aria-keyshortcuts="/" pattern=secretless() title=SEARCH_TAKES autocomplete="off" spellcheck="false"/>
            <select name="status" aria-label="Status">
                <option value="">"In use"</option>
                <option value=ARCHIVED selected=query.archived>"Archived"</option>
            </select>
            <button class="button">"Apply"</button>
            {filtered.then(|| view! { <a class="button quiet" href="/apps">"Clear"</a> })}
        </form>
    }
}

fn line(row: AppListed, chosen: &AppView, manages: bool, back: &str) -> impl IntoView + use<> {
    let AppListed { app, keys } = row;
    let archived = app.archived_at;
    let current = chosen.is_shown() && chosen.one.as_ref().is_some_and(|one| one.id == app.id);
    let offers: &[(&str, &str, bool)] = match archived {
        _ if !manages => &[],
        None => &[("rename", "Rename…", false), ("archive", "Archive…", true)],
        Some(_) => &[("rename", "Rename…", false), ("restore", "Bring back…", false)],
    };
    let acts: Vec<_> = offers
        .iter()
        .map(|(path, label, grave)| {
            let class = if *grave { "button quiet danger" } else { "button quiet" };
            view! {
                <a class=class href=format!("/apps/{}/{path}", app.id)>
                    {*label} <span class="visually-hidden">" the app " {app.name.clone()}</span>
                </a>
            }
        })
        .collect();
    let choose = (!current && (chosen.is_shown() || archived.is_some())).then(|| {
        view! {
            <form method="post" action="/apps/choose">
                <input type="hidden" name=BACK value="/keys"/>
                <button class="button quiet" name=Field::App.as_str() value=app.id.to_string()>
                    "Show its keys" <span class="visually-hidden">" of the app " {app.name.clone()}</span>
                </button>
            </form>
        }
    });
    let back = back.to_owned();
    let leave = current.then(|| {
        view! {
            <form method="post" action="/apps/choose">
                <input type="hidden" name=BACK value=back/>
                <button class="button quiet" name=Field::App.as_str() value="">"Show all apps"</button>
            </form>
        }
    });
    view! {
        <tr role="row">
            <td role="cell" class="name">
                <b dir="auto" title=app.name.clone()>{app.name.clone()}</b>
                {current.then(|| view! { " " <span class="status active">"Shown"</span> })}
            </td>
            <td role="cell" class="mono soft">{app.id.to_string()}</td>
            <td role="cell">{keys.to_string()} <span class="keys-word">{if keys.n == 1 { " key" } else { " keys" }}</span></td>
            <td role="cell" class="soft"><Time at=archived.unwrap_or(app.created_at)/></td>
            <td role="cell" class="end"><span class="inline">{choose}{leave}{acts}</span></td>
        </tr>
    }
}

/// The id in the address.
fn which() -> String {
    use_params_map().get_untracked().get("id").unwrap_or_default()
}

fn failed(title: &'static str, error: ConsoleError) -> AnyView {
    view! {
        <Modal title back="/apps">
            <div class="body"><Failed error/></div>
            <footer><a class="button primary" href="/apps">"Close"</a></footer>
        </Modal>
    }
    .into_any()
}

/// The dialog with the one field that an app has.
fn name_dialog(
    title: String,
    action: String,
    name: String,
    button: &'static str,
    // The name that an app has.
    seen: Option<SeenState>,
    posted: Option<PostedForm<AppNameForm>>,
) -> AnyView {
    let problem = PostedForm::problem(posted.as_ref());
    let errors = RwSignal::new(problem.fields);
    let seen = seen.map(|now| PostedForm::seen(posted.as_ref(), now));
    let name = posted.map_or(name, |posted| posted.form.name);
    view! {
        <Modal title back="/apps">
            <form method="post" action=action novalidate>
                <div class="body">
                    <FormProblem problem=problem.whole/>
                    {seen.map(|state| view! { <Seen state/> })}
                    <TextField errors field=Field::Name value=name required=true autofocus=true
                        hint="For example: Web shop. No two apps in use may have names that look alike."/>
                </div>
                <footer>
                    <a class="button" href="/apps">"Cancel"</a>
                    <button class="button primary">{button}</button>
                </footer>
            </form>
        </Modal>
    }
    .into_any()
}

#[component]
pub fn CreateAppModal() -> impl IntoView {
    let posted = PostedForm::<AppNameForm>::take();
    match may_create() {
        Ok(()) => {
            name_dialog("Create an app".to_owned(), "/apps/new".to_owned(), String::new(), "Create", None, posted)
        }
        Err(error) => failed("Create an app", error),
    }
}

#[component]
pub fn RenameAppModal() -> impl IntoView {
    let (id, posted) = (which(), PostedForm::<AppNameForm>::take());
    later(async move {
        match read_app(&id).await {
            Ok(app) => {
                let title = format!("Rename “{}”", app.name);
                let seen = SeenState::of(&app.name);
                name_dialog(title, format!("/apps/{id}/rename"), app.name, "Rename", Some(seen), posted)
            }
            Err(error) => failed("Rename an app", error),
        }
    })
}

/// What sets one confirmation apart from the other.
#[derive(Debug, Clone, Copy)]
struct Confirmation {
    path: &'static str,
    verb: &'static str,
    /// In place of the app's name, if there is no such app.
    title: &'static str,
    /// What will be true afterwards.
    effect: &'static str,
    grave: bool,
}

const ARCHIVE: Confirmation = Confirmation {
    path: "archive",
    verb: "Archive",
    title: "Archive an app",
    effect: "From the next call on, every call with a key of this app is refused. Lists no longer show its keys, and nobody can issue new ones. Nothing is deleted: bring the app back, and its keys work as before.",
    grave: true,
};
const RESTORE: Confirmation = Confirmation {
    path: "restore",
    verb: "Bring back",
    title: "Bring an app back",
    effect: "The keys of this app work again as before, within their restrictions and dates. Those that were disabled or revoked, or have expired, stay so.",
    grave: false,
};

#[component]
pub fn ArchiveAppModal() -> impl IntoView {
    confirm(ARCHIVE)
}

#[component]
pub fn RestoreAppModal() -> impl IntoView {
    confirm(RESTORE)
}

fn confirm(asked: Confirmation) -> impl IntoView {
    let id = which();
    let problem = PostedForm::problem(PostedForm::<Nothing>::take().as_ref());
    later(async move {
        match read_app(&id).await {
            Ok(app) => confirmation(asked, app, problem.whole, problem.fields),
            Err(error) => failed(asked.title, error),
        }
    })
}

fn confirmation(asked: Confirmation, app: App, whole: Option<ConsoleError>, fields: FieldErrors) -> AnyView {
    let button = if asked.grave { "button primary danger" } else { "button primary" };
    // Without a field for the name, what is wrong with it is said as a whole.
    let whole = whole.or_else(|| (!fields.is_empty()).then_some(ConsoleError::Refused(Refusal::Invalid(fields))));
    view! {
        <Modal title=format!("{} “{}”?", asked.verb, app.name) back="/apps">
            <form method="post" action=format!("/apps/{}/{}", app.id, asked.path)>
                <div class="body">
                    <FormProblem problem=whole/>
                    <p>{asked.effect}</p>
                </div>
                <footer>
                    <a class="button" href="/apps">"Cancel"</a>
                    <button class=button>{asked.verb}</button>
                </footer>
            </form>
        </Modal>
    }
    .into_any()
}
