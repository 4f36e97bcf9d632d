//! Links to the providers that people can sign in by.

use leptos::prelude::*;
use service::providers::Offered;

use crate::addresses::with_query;
use crate::forms::person::NEXT;

/// A link for each provider. The links lead out of the console, so the browser must follow them itself.
#[component]
pub fn Providers(
    providers: Vec<Offered>,
    /// Where to go afterwards.
    #[prop(into)]
    next: String,
) -> impl IntoView {
    if providers.is_empty() {
        return ().into_any();
    }
    let links: Vec<_> = providers
        .into_iter()
        .map(|provider| {
            let address = provider_address(&provider.id, &next);
            view! { <li><a class="button" rel="external" href=address>"Sign in with " <bdi>{provider.name}</bdi></a></li> }
        })
        .collect();
    view! { <ul class="providers">{links}</ul> }.into_any()
}

fn provider_address(id: &str, next: &str) -> String {
    let path = format!("/login/oidc/{id}");
    if next.is_empty() || next == "/" {
        return path;
    }
    let next = form_urlencoded::byte_serialize(next.as_bytes()).collect::<String>();
    with_query(&path, &format!("{NEXT}={next}"))
}
