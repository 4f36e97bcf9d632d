//! The contacts of an app: the list, and the dialogs that create and change one.

use domain::contact::{Contact, ContactDraft, ContactKind, ContactQuery, ContactStatus};
use domain::field::{Field, FieldErrors};
use domain::page::Page;
use domain::query_string::ListQuery;
use domain::text::SEARCH_MAX;
use leptos::prelude::*;
use leptos_router::components::Outlet;

use super::keys_filters::{SEARCH_TAKES, secretless};
use crate::addresses::{read_address, with_query};
use crate::components::app_switch::{AppField, InApp};
use crate::components::empty::{Empty, PastTheEnd};
use crate::components::failed::{Failed, FormProblem, failed_dialog};
use crate::components::field::TextField;
use crate::components::ignored::Ignored;
use crate::components::modal::Modal;
use crate::components::pager::Pager;
use crate::components::problem::FieldProblem;
use crate::components::select_field::SelectField;
use crate::components::sheet::Sheet;
use crate::components::title::Title;
use crate::desk::contacts::{may_create, read_contacts};
use crate::desk::later::later;
use crate::forms::contacts::ContactForm;
use crate::forms::fields::TICKED;
use crate::forms::outcome::PostedForm;

#[component]
pub fn ContactsPage() -> impl IntoView {
    let query: ContactQuery = read_address();
    let asked = query.clone();
    let creates = may_create().is_ok();
    let list = later(async move {
        match read_contacts(&asked).await {
            Ok(list) => match list.page {
                Some(page) => view! { <Found page manages=list.manages query=asked/> }.into_any(),
                None => choose_first().into_any(),
            },
            Err(error) => view! { <Failed error/> }.into_any(),
        }
    });
    view! {
        <Title text="Contacts"/>
        <div class="head">
            <div>
                <h1>"Contacts"</h1>
                <p>"The staff and clients of an app. A Master User key chats on their behalf."</p>
            </div>
            {creates.then(|| view! {
                <div class="actions"><a class="button primary" href="/contacts/new">"Create a contact"</a></div>
            })}
        </div>
        <Ignored query/>
        {list}
        <Outlet/>
    }
}

fn choose_first() -> impl IntoView {
    let words = "Each contact belongs to one app. Choose it in the menu, or in the list of apps.";
    view! { <Empty heading="Choose an app" words next=Some(("/apps", "Apps"))/> }
}

fn address(query: &ContactQuery) -> String {
    with_query("/contacts", &query.to_query_string())
}

#[component]
fn Found(page: Page<Contact>, manages: bool, query: ContactQuery) -> impl IntoView {
    let turn = |after: Option<String>, before: Option<String>| {
        (after.is_some() || before.is_some()).then(|| address(&ContactQuery { after, before, ..query.clone() }))
    };
    let is_past = page.is_past(query.after.is_some() || query.before.is_some());
    let first = address(&query.first_page());
    let (previous, next) = (turn(None, page.previous), turn(page.next, None));
    let table = if is_past {
        view! { <PastTheEnd first/> }.into_any()
    } else if page.rows.is_empty() {
        let filtered = query.is_filtered();
        let (heading, words) = if filtered {
            (
                "Nobody matches",
                "Search looks at the beginning of names, e-mails and identifiers. Try fewer letters, or another filter.",
            )
        } else {
            ("No contacts yet", "Create the staff and clients who chat with each other.")
        };
        let create = manages.then_some(("/contacts/new", "Create a contact"));
        let next = if filtered { Some(("/contacts", "Show all contacts")) } else { create };
        view! { <Empty heading words next/> }.into_any()
    } else {
        let rows: Vec<_> = page.rows.into_iter().map(line).collect();
        let columns = vec!["Name", "E-mail", "Identifier", "Staff or client", "Status"];
        view! { <Sheet name="Contacts" columns>{rows}</Sheet> }.into_any()
    };
    view! {
        <Filters query/>
        {table}
        <Pager total=page.total one="contact" previous next/>
    }
}

fn line(contact: Contact) -> impl IntoView {
    let name = contact.name();
    view! {
        <tr role="row">
            <td role="cell" class="name"><a href=format!("/contacts/{}", contact.id) dir="auto" title=name.clone()>{name.clone()}</a></td>
            <td role="cell" class="clip"><bdi>{contact.email}</bdi></td>
            <td role="cell" class="clip"><bdi class="mono">{contact.identifier}</bdi></td>
            <td role="cell">{contact.kind.label()} {contact.is_admin.then_some(", admin")}</td>
            <td role="cell">{state(contact.status)}</td>
        </tr>
    }
}

/// Whether a contact takes part, by word and colour.
pub(super) fn state(status: ContactStatus) -> impl IntoView {
    let class = match status {
        ContactStatus::Active => "status active",
        ContactStatus::Invited => "status pending",
        ContactStatus::Inactive => "status disabled",
    };
    view! { <span class=class>{status.label()}</span> }
}

#[component]
fn Filters(query: ContactQuery) -> impl IntoView {
    let kinds: Vec<_> = ContactKind::ALL
        .iter()
        .map(|kind| view! { <option value=kind.as_str() selected=query.kind == Some(*kind)>{kind.label()}</option> })
        .collect();
    let statuses: Vec<_> = ContactStatus::ALL
        .iter()
        .map(|one| view! { <option value=one.as_str() selected=query.status == Some(*one)>{one.label()}</option> })
        .collect();
    let filtered = query.is_filtered();
    view! {
        <form class="filters" method="get" action="/contacts" role="search" data-submit>
            <input type="search" name="q" data-search value=query.search maxlength=SEARCH_MAX
                aria-label="Search by name, e-mail or identifier" placeholder="Name, e-mail or identifier" aria-keyshortcuts="/"
                pattern=secretless() title=SEARCH_TAKES autocomplete="off" spellcheck="false"/>
            <select name="kind" aria-label="Staff or client">
                <option value="">"Staff and clients"</option>
                {kinds}
            </select>
            <select name="status" aria-label="Status">
                <option value="">"Any status"</option>
                {statuses}
            </select>
            <button class="button">"Apply"</button>
            {filtered.then(|| view! { <a class="button quiet" href="/contacts">"Clear"</a> })}
        </form>
    }
}

/// What can be said about a contact.
#[component]
pub fn ContactInputs(errors: RwSignal<FieldErrors>, draft: ContactDraft) -> impl IntoView {
    let kinds = ContactKind::ALL.iter().map(|kind| (kind.as_str(), kind.label())).collect();
    let chosen = if draft.kind.is_empty() { ContactKind::default().as_str().to_owned() } else { draft.kind };
    let admin = Field::IsAdmin.as_str();
    let wrong = errors.with_untracked(|errors| errors.of(Field::IsAdmin).next().is_some());
    view! {
        <div class="pair">
            <TextField errors field=Field::FirstName value=draft.first_name required=true autofocus=true/>
            <TextField errors field=Field::LastName aside="optional" value=draft.last_name/>
        </div>
        <TextField errors field=Field::Email aside="optional" value=draft.email input="email"/>
        <TextField errors field=Field::Identifier aside="optional" value=draft.identifier
            hint="What your own systems call them. Programs look contacts up by it."/>
        <SelectField errors field=Field::ContactKind options=kinds chosen/>
        <div class="field">
            <label class="check">
                <input type="checkbox" id=admin name=admin value=TICKED checked=draft.is_admin
                    aria-invalid=wrong.then_some("true") aria-describedby=wrong.then(|| format!("{admin}-error"))/>
                <span>"Admin: may invite other contacts, by a program. Only for staff."</span>
            </label>
            <FieldProblem field=Field::IsAdmin errors/>
        </div>
    }
}

#[component]
pub fn CreateContactModal() -> impl IntoView {
    let posted = PostedForm::<ContactForm>::take();
    later(async move {
        if let Err(error) = may_create() {
            return failed_dialog("Create a contact", error, "/contacts");
        }
        let problem = PostedForm::problem(posted.as_ref());
        let errors = RwSignal::new(problem.fields);
        let form = posted.map(|posted| posted.form).unwrap_or_default();
        let within = InApp::read(&form.app).await;
        view! {
            <Modal title="Create a contact" back="/contacts">
                <form method="post" action="/contacts/new" novalidate>
                    <div class="body">
                        <FormProblem problem=problem.whole/>
                        {within.shown.then(|| view! {
                            <AppField errors within hint="The contact chats with others of this app. You cannot change it later."/>
                        })}
                        <ContactInputs errors draft=form.draft/>
                    </div>
                    <footer>
                        <a class="button" href="/contacts">"Cancel"</a>
                        <button class="button primary">"Create"</button>
                    </footer>
                </form>
            </Modal>
        }
        .into_any()
    })
}
