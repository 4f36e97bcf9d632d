//! A page that leads on by itself. A redirect would not do: a browser keeps the session cookie back from whatever another
//! site has led to, and follows no redirect of a form to another site.

use axum::response::{Html, IntoResponse, Response};

/// A page that leads on to an address, at once and by a link.
pub fn onward(to: &str, words: &str) -> Response {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
    let (to, words) = (escaped(to), escaped(words));
    Html(format!(
        "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>Keystead</title>\
         <meta http-equiv=\"refresh\" content=\"0; url={to}\"><p><a href=\"{to}\">{words}</a></p></html>"
    ))
    .into_response()
}
