//! The views that a person keeps: a row of links above the list, and the page that keeps and forgets them.

use domain::field::Field;
use domain::list::KeyQuery;
use domain::query_string::ListQuery;
use domain::saved_view::SavedView;
use leptos::prelude::*;

use crate::addresses::{list_address, list_query, with_query};
use crate::components::failed::{Failed, FormProblem};
use crate::components::field::TextField;
use crate::components::ignored::Ignored;
use crate::components::title::Title;
use crate::desk::keys::read_views;
use crate::desk::later::later;
use crate::forms::bulk::LIST;
use crate::forms::fields::TICKED;
use crate::forms::outcome::PostedForm;
use crate::forms::saved_view::{FORGET, SavedViewForm};

/// A link to each view, and to keep the list that is shown as one.
#[component]
pub fn Views(query: KeyQuery) -> impl IntoView {
    later(async move {
        let shown = query.first_page();
        // The list is worth showing without them.
        let views = read_views().await.unwrap_or_default();
        let is_kept = views.iter().any(|view| view.query == shown);
        let save = (shown.is_filtered() && !is_kept).then(|| with_query("/keys/views", &shown.to_query_string()));
        let save = save.map(|address| view! { <li><a href=address>"Save this view"</a></li> });
        let change = (!views.is_empty()).then(|| view! { <li><a href="/keys/views">"Edit views"</a></li> });
        if save.is_none() && change.is_none() {
            return ().into_any();
        }
        let links: Vec<_> = views
            .into_iter()
            .map(|view| {
                let current = (view.query == shown).then_some("true");
                view! { <li><a class="chip" dir="auto" aria-current=current href=list_address(&view.query)>{view.name}</a></li> }
            })
            .collect();
        view! { <nav aria-label="Saved views"><ul class="chips">{links} {save} {change}</ul></nav> }.into_any()
    })
}

#[component]
pub fn ViewsPage() -> impl IntoView {
    let posted = PostedForm::<SavedViewForm>::take();
    let problem = PostedForm::problem(posted.as_ref());
    let form = posted.map_or_else(
        || SavedViewForm { list: Some(list_query().first_page()), ..SavedViewForm::default() },
        |posted| posted.form,
    );
    let errors = RwSignal::new(problem.fields);
    let query = form.list.unwrap_or_default();
    let list = list_address(&query);
    // Also where a form was refused, so that its message has a place.
    let refused = errors.with_untracked(|errors| !errors.is_empty());
    let save = (query.is_filtered() || refused).then(|| {
        view! {
            <form class="narrow stack" method="post" action="/keys/views" novalidate>
                <input type="hidden" name=LIST value=query.to_query_string()/>
                <TextField errors field=Field::Name value=form.name.clone() required=true autofocus=true
                    hint="For example: Expiring soon. The view keeps the filters and the order of the list."/>
                <div class="actions">
                    <button class="button primary">"Save view"</button>
                    <a class="button quiet" href=list.clone()>"Cancel"</a>
                </div>
            </form>
        }
    });
    let problem = problem.whole;
    let kept = later(async move {
        match read_views().await {
            Ok(views) if views.is_empty() && save.is_none() => view! {
                <FormProblem problem/>
                <p>"You have no views. Filter the list, then choose “Save this view”."</p>
                <div class="actions"><a class="button" href="/keys">"All keys"</a></div>
            }
            .into_any(),
            Ok(views) => view! { <FormProblem problem/> {save} {kept(views)} }.into_any(),
            Err(error) => view! { <Failed error/> }.into_any(),
        }
    });
    view! {
        <Title text="Saved views"/>
        <div class="head">
            <div>
                <h1>"Saved views"</h1>
                <p>"Only you see your views."</p>
            </div>
        </div>
        <Ignored query/>
        {kept}
    }
}

fn kept(views: Vec<SavedView>) -> impl IntoView {
    let rows: Vec<_> = views
        .into_iter()
        .map(|view| {
            view! {
                <li class="inline">
                    <a dir="auto" href=list_address(&view.query)>{view.name.clone()}</a>
                    <form method="post" action="/keys/views">
                        <input type="hidden" name=FORGET value=TICKED/>
                        <input type="hidden" name=Field::Name.as_str() value=view.name.clone()/>
                        <button class="button quiet danger" aria-label=format!("Delete {}", view.name)>"Delete"</button>
                    </form>
                </li>
            }
        })
        .collect();
    (!rows.is_empty()).then(|| view! { <ul class="changes stack">{rows}</ul> })
}
