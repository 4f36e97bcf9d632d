//! nginx, with `auth_request`.

use super::harness::Behind;
use super::scenario;

/// Surrounds the snippet, which belongs in `http`: what a distribution's own file says, without root.
const MAIN: &str = "
daemon off; master_process off; pid FOLDER/pid; error_log stderr;
events {}
http {
    access_log off;
    client_body_temp_path FOLDER/a; proxy_temp_path FOLDER/b; fastcgi_temp_path FOLDER/c;
    uwsgi_temp_path FOLDER/d; scgi_temp_path FOLDER/e;
    include FOLDER/keystead.conf;
}
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_restriction_holds_behind_nginx() {
    let files = [("nginx.conf", MAIN), ("keystead.conf", include_str!("../../../../docs/proxies/nginx.conf"))];
    let behind = Behind::start("nginx", &["-e", "stderr", "-p", ".", "-c", "nginx.conf"], &files).await;
    scenario::holds(behind, 500).await;
}
