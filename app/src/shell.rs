//! The document around every page.

use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::MetaTags;

use crate::islands::page::Page;
use crate::routes::App;

/// The script that wakes the islands. Leptos puts preloads before it, which would share a slow line with the first paint.
fn island_script(options: LeptosOptions) -> String {
    let html = view! { <HydrationScripts options islands=true/> }.to_html();
    let script = html.split_once("<script").and_then(|(_, script)| script.split_once('>'));
    let script = script.and_then(|(_, script)| script.split_once("</script>"));
    script.map(|(script, _)| script.to_owned()).unwrap_or_default()
}

/// The document around every page. The browser loads the scripts when it is idle, so nothing waits for them.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let stylesheet = format!("/{}/{}.css", options.pkg_url_path(), options.output_name);
    let pages = format!("/{}/pages.js", options.pkg_url_path());
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <link rel="stylesheet" href=stylesheet/>
                <script type="module" nonce=use_nonce() src=pages></script>
                <AutoReload options=options.clone()/>
                <script type="module" nonce=use_nonce() inner_html=island_script(options)></script>
                <MetaTags/>
            </head>
            <body>
                <a class="skip" href="#main">"Skip to content"</a>
                <App/>
                <p id="announced" class="visually-hidden" aria-live="polite"></p>
                <Page/>
            </body>
        </html>
    }
}
