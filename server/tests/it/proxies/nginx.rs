//! nginx, with `auth_request`.

use super::harness::Behind;
use super::scenario::{self, Down};

/// Surrounds the snippet, which belongs in `http`: what a distribution's own file says, without root.
const MAIN: &str = "
daemon off; master_process off; pid FOLDER/pid; error_log stderr;
events {}
http {
    access_log off;
    client_body_temp_path FOLDER/a; proxy_temp_path FOLDER/b; fastcgi_temp_path FOLDER/c;
    uwsgi_temp_path FOLDER/d; scgi_temp_path FOLDER/e;
    include FOLDER/nginx.conf;
}
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_restriction_holds_behind_nginx() {
    let main = Some(("main.conf", MAIN));
    let behind = Behind::start("nginx", &["-e", "stderr", "-p", ".", "-c", "main.conf"], &["nginx.conf"], main).await;
    scenario::holds(behind, Down { stopped: 500, hanging: 500 }).await;
}
