//! The files of the site, embedded in the binary: one file runs anywhere.

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use leptos::config::{Env, LeptosOptions};
use rust_embed::DynRustEmbed;
use sha2::{Digest, Sha256};

use crate::responses::{CORP, NO_STORE, NOSNIFF};

/// Scripts, styles, WASM and the other files of the site.
#[derive(Clone)]
pub struct Site {
    files: Arc<dyn DynRustEmbed + Send + Sync>,
    /// The path of `pkg/`. It contains the digest of all files, so that browsers may cache them forever.
    base: Arc<str>,
    watched: bool,
}

impl Site {
    /// The site that was built with this binary.
    pub fn built(files: impl DynRustEmbed + Send + Sync + 'static) -> Self {
        // `cargo leptos watch` changes the files under a running server.
        let watched = cfg!(debug_assertions) && std::env::var_os("LEPTOS_WATCH").is_some();
        let site = Self::of(files);
        if watched { Self { base: "pkg".into(), watched, ..site } } else { site }
    }

    /// A site made of the given files.
    pub fn of(files: impl DynRustEmbed + Send + Sync + 'static) -> Self {
        let base = format!("pkg/{}", digest(&files)).into();
        Self { files: Arc::new(files), base, watched: false }
    }

    /// The options that Leptos needs to write links. Nothing is read from the environment.
    pub fn leptos_options(&self) -> LeptosOptions {
        LeptosOptions::builder()
            .output_name("keystead")
            .site_pkg_dir("pkg")
            .site_pkg_url(self.base.clone())
            .env(if cfg!(debug_assertions) { Env::DEV } else { Env::PROD })
            .build()
    }

    /// Whether the files change while the server runs.
    pub fn is_watched(&self) -> bool {
        self.watched
    }

    /// `pkg/` below its digest, and each file of the root by its name.
    pub(crate) fn router(&self) -> Router {
        let mut router = Router::new().route("/pkg/{*path}", get(packaged));
        for name in self.files.names() {
            let is_variant = name.ends_with(".br") || name.ends_with(".gz");
            if is_variant || name.contains(['/', '{', '}']) {
                continue;
            }
            let path = format!("/{name}");
            let file = move |State(site): State<Self>, headers: HeaderMap| async move {
                site.file(&name, &headers, "public, max-age=3600")
            };
            router = router.route(&path, get(file));
        }
        router.with_state(self.clone())
    }

    /// The file, in the smallest encoding that the caller accepts.
    fn file(&self, name: &str, headers: &HeaderMap, cache: &'static str) -> Response {
        let variants = [("br", ".br"), ("gzip", ".gz")];
        let encoded = variants.into_iter().find_map(|(encoding, suffix)| {
            let found = accepts(headers, encoding).then(|| self.files.get(&format!("{name}{suffix}")))?;
            found.map(|file| (Some(encoding), file))
        });
        let Some((encoding, file)) = encoded.or_else(|| self.files.get(name).map(|file| (None, file))) else {
            return missing();
        };
        let body = match file.data {
            std::borrow::Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            std::borrow::Cow::Owned(bytes) => Bytes::from(bytes),
        };
        let mut response = Response::new(Body::from(body));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, content_type(name));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
        headers.insert(CORP, HeaderValue::from_static("same-origin"));
        if let Some(encoding) = encoding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        response
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Site").field("base", &self.base).finish_non_exhaustive()
    }
}

async fn packaged(State(site): State<Site>, path: Result<Path<String>, PathRejection>, headers: HeaderMap) -> Response {
    // A path that is not text is that of no file.
    let Ok(Path(path)) = path else { return missing() };
    if site.watched {
        return site.file(&format!("pkg/{path}"), &headers, "no-cache");
    }
    // Another digest means a page from before an upgrade. The files of that build are gone.
    match path.split_once('/') {
        // Debug builds read from disk, where a path must not lead elsewhere.
        Some((_, name)) if name.split('/').any(|part| part == "..") => missing(),
        Some((digest, name)) if site.base.strip_prefix("pkg/") == Some(digest) => {
            site.file(&format!("pkg/{name}"), &headers, "public, max-age=31536000, immutable")
        }
        _ => missing(),
    }
}

fn missing() -> Response {
    let headers = [(header::CACHE_CONTROL, NO_STORE), (header::X_CONTENT_TYPE_OPTIONS, NOSNIFF)];
    (StatusCode::NOT_FOUND, headers, "This file does not exist.\n").into_response()
}

/// 80 bits over the names and contents of all files.
fn digest(files: &impl DynRustEmbed) -> String {
    let mut names = files.names();
    names.sort();
    let mut hasher = Sha256::new();
    for name in names {
        let contents = files.get(&name).map(|file| file.data).unwrap_or_default();
        hasher.update(name.as_bytes());
        hasher.update([0]);
        hasher.update(Sha256::digest(&contents));
    }
    hex::encode(hasher.finalize().get(..10).unwrap_or_default())
}

fn content_type(name: &str) -> HeaderValue {
    let mime = mime_guess::from_path(name).first_or_octet_stream();
    let is_text = mime.type_() == mime_guess::mime::TEXT || mime.subtype() == mime_guess::mime::JAVASCRIPT;
    let value = if is_text { format!("{}; charset=utf-8", mime.essence_str()) } else { mime.to_string() };
    HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

/// Whether the caller accepts this encoding: it is named, and its weight is not zero.
fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    let lines = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    let named = lines.flat_map(|line| line.split(',')).find_map(|item| {
        let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
        name.trim().eq_ignore_ascii_case(encoding).then_some(parameters)
    });
    named.is_some_and(|parameters| {
        let weight = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("q="));
        weight.is_none_or(|weight| weight.trim().parse::<f32>().is_ok_and(|weight| weight > 0.0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoding_counts_only_if_it_is_named_with_weight() {
        for (line, expected) in [
            ("br", true),
            ("gzip, deflate, br, zstd", true),
            ("gzip;q=1, BR;q=0.1", true),
            ("", false),
            ("gzip", false),
            ("br;q=0", false),
            ("br;q=0.000", false),
            ("brotli", false),
            ("*", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(line));
            assert_eq!(accepts(&headers, "br"), expected, "{line}");
        }
        assert!(!accepts(&HeaderMap::new(), "br"));
    }

    #[test]
    fn scripts_and_styles_name_their_charset() {
        assert_eq!(content_type("pkg/keystead.js"), "text/javascript; charset=utf-8");
        assert_eq!(content_type("pkg/keystead.css"), "text/css; charset=utf-8");
        assert_eq!(content_type("pkg/keystead.wasm"), "application/wasm");
        assert_eq!(content_type("favicon.svg"), "image/svg+xml");
    }
}
