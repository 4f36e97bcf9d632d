//! The files of the site: small, cached forever, and only those of this build.

use server::site::Site;

use crate::support::{Call, Files, Product};

fn base() -> String {
    format!("/{}", Site::of(Files).leptos_options().pkg_url_path())
}

#[tokio::test]
async fn a_file_below_its_digest_is_kept_for_ever() {
    let product = Product::start().await;
    assert_eq!(base().len(), "/pkg/".len() + 20);
    for (name, kind) in [
        ("keystead.js", "text/javascript; charset=utf-8"),
        ("keystead.css", "text/css; charset=utf-8"),
        ("keystead.wasm", "application/wasm"),
    ] {
        let answer = product.send(Call::get(&format!("{}/{name}", base()))).await;
        assert_eq!(answer.status, 200, "{name}");
        assert_eq!(answer.header("content-type"), kind);
        assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(answer.header("vary"), "accept-encoding");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
}

#[tokio::test]
async fn the_smallest_form_that_the_caller_reads_is_sent() {
    let product = Product::start().await;
    let script = format!("{}/keystead.js", base());
    for (accept, encoding, body) in [
        ("gzip, deflate, br, zstd", "br", "br of js"),
        ("br;q=0, gzip", "gzip", "gz of js"),
        ("zstd", "", "console.log(\"é\");\n"),
    ] {
        let answer = product.send(Call::get(&script).header("accept-encoding", accept)).await;
        assert_eq!((answer.header("content-encoding"), answer.body.as_str()), (encoding, body), "{accept}");
        assert_eq!(answer.header("content-type"), "text/javascript; charset=utf-8", "{accept}");
    }
    // If there is no smaller encoding, the file itself.
    let answer = product.send(Call::get(&format!("{}/keystead.css", base())).header("accept-encoding", "br")).await;
    assert_eq!((answer.header("content-encoding"), answer.body.as_str()), ("", "body{margin:0}\n"));
}

#[tokio::test]
async fn nothing_else_is_a_file() {
    let product = Product::start().await;
    let base = base();
    for path in [
        "/pkg/keystead.js".to_owned(),
        "/pkg/00000000000000000000/keystead.js".to_owned(),
        format!("{base}/"),
        format!("{base}/nothing.js"),
        format!("{base}/../favicon.svg"),
        format!("{base}/..%2f..%2fmain.rs"),
        format!("{base}/%2e%2e/%2e%2e/main.rs"),
        format!("{base}x/keystead.js"),
        format!("{base}/%ff.js"),
    ] {
        let answer = product.send(Call::get(&path)).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
    assert_eq!(product.send(Call::post(&format!("{base}/keystead.js"))).await.status, 405);
}

#[tokio::test]
async fn a_file_of_the_root_has_its_own_name_and_a_shorter_life() {
    let product = Product::start().await;
    let answer = product.send(Call::get("/favicon.svg")).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "image/svg+xml"));
    assert_eq!(answer.header("cache-control"), "public, max-age=3600");
}
