//! Calls beside pages that hold all the connections they may have.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{audit_query::AuditQuery, verdict::Code};
use tokio::time::sleep;

use crate::world::{World, code, draft, in_background, owner};

/// More pages than there are connections.
const PAGES: usize = 24;

/// Far more than a call needs, and far less than a page waits here.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Longer than what is cached is believed without another look.
const WATCHED: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread")]
async fn calls_do_not_wait_for_the_connections_of_pages() {
    let w = Arc::new(World::postgres().await);
    let server = w.another_in_time().await;
    let _running = in_background(&server);
    let mut tokens = Vec::new();
    for n in 0..20 {
        tokens.push(w.active(&draft("service", &format!("Key {n}"))).await.1);
    }
    let (cached, others) = tokens.split_first().unwrap();
    assert_eq!(code(&server, cached).await, Code::Valid);
    let locking = Arc::clone(&w);
    let lock = tokio::spawn(async move {
        locking.database.execute("BEGIN; LOCK TABLE audit_event IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(5)").await;
    });
    sleep(Duration::from_millis(300)).await;
    let pages: Vec<_> = (0..PAGES)
        .map(|_| {
            let server = server.clone();
            tokio::spawn(async move { server.audit(owner(), &AuditQuery::default()).await.map(drop) })
        })
        .collect();
    let begun = Instant::now();
    let mut others = others.iter();
    while begun.elapsed() < WATCHED {
        for token in [Some(cached), others.next()].into_iter().flatten() {
            let asked = Instant::now();
            assert_eq!(code(&server, token).await, Code::Valid);
            assert!(asked.elapsed() < AT_ONCE, "{:?}", asked.elapsed());
        }
        sleep(Duration::from_millis(100)).await;
    }
    assert!(pages.iter().all(|page| !page.is_finished()), "they held no connection");
    lock.await.unwrap();
    for page in pages {
        page.await.unwrap().unwrap();
    }
}
