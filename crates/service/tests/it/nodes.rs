//! Several nodes on one Postgres: rate limits hold over all of them.

use std::time::{Duration, Instant};

use domain::{
    draft::KeyDraft,
    ids::{KeyId, NodeId},
    share::Share,
    status::Warning,
    timestamp::Millis,
    verdict::Code,
};
use service::{Service, nodes::Joining};
use store::{LimitPlace, NewNode};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::world::{World, code, draft, list, owner, until, verdict};

/// A node that stood still for 5 seconds refuses, and others wait for it that long.
const SOON: Duration = Duration::from_mins(1);

/// A node that runs until it is dropped, on the machine's own clock: shares move as time passes.
struct Node {
    service: Service,
    _running: DropGuard,
    ended: Option<tokio::task::JoinHandle<()>>,
}

impl Node {
    async fn start(w: &World, name: &str) -> Self {
        Self::start_as(w, name, false).await
    }

    async fn start_as(w: &World, name: &str, counts_alone: bool) -> Self {
        let service = w.another_in_time().await;
        let joining = Joining { name: name.to_owned(), version: "0.1.0".to_owned(), counts_alone };
        service.joins_nodes(joining).unwrap();
        let shutdown = CancellationToken::new();
        let (of_run, token) = (service.clone(), shutdown.clone());
        let ended = Some(tokio::spawn(async move { of_run.run(token).await }));
        Self { service, _running: shutdown.drop_guard(), ended }
    }

    async fn stop(mut self) {
        let ended = self.ended.take().unwrap();
        drop(self);
        ended.await.unwrap();
    }

    /// Ends as if it was killed: nothing is said to the others.
    fn kill(mut self) {
        self.ended.take().unwrap().abort();
    }

    /// How many of these calls pass, one after the other.
    async fn calls(&self, token: &str, calls: usize) -> usize {
        let mut passed = 0;
        for _ in 0..calls {
            passed += usize::from(code(&self.service, token).await == Code::Valid);
        }
        passed
    }

    /// Calls until so many have passed. A node whose call has waited in vain refuses others for a moment.
    async fn pass(&self, token: &str, calls: usize) -> usize {
        let (begun, mut passed) = (Instant::now(), 0);
        while passed < calls && begun.elapsed() < SOON {
            match self.calls(token, 1).await {
                0 => tokio::time::sleep(Duration::from_millis(50)).await,
                more => passed += more,
            }
        }
        passed
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.service.nodes().into_iter().map(|node| node.name).collect();
        names.sort_unstable();
        names
    }
}

async fn limited(w: &World, limit: &str) -> String {
    w.active(&KeyDraft { limits: list(&[limit]), ..draft("service", "Limited") }).await.1
}

async fn three(w: &World) -> [Node; 3] {
    let nodes = [Node::start(w, "a").await, Node::start(w, "b").await, Node::start(w, "c").await];
    until("they know each other", async || nodes.iter().all(|node| node.names() == ["a", "b", "c"])).await;
    nodes
}

/// How many calls all nodes together may count.
async fn on_record(w: &World) -> u32 {
    let mut calls = 0;
    for node in w.store.nodes().await.unwrap().nodes {
        let shares = w.store.node_shares(&node.id, None, 99).await.unwrap();
        calls += shares.iter().map(|of| of.share.calls).sum::<u32>();
    }
    calls
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_holds_over_three_nodes_and_is_used_up_by_any() {
    let w = World::postgres().await;
    let nodes = three(&w).await;
    let token = limited(&w, "100 per day").await;
    assert_eq!(nodes[0].pass(&token, 40).await, 40);
    assert_eq!(nodes[1].pass(&token, 20).await, 20, "what the first has not used comes to the second");
    assert_eq!(nodes[2].pass(&token, 40).await, 40);
    for node in &nodes {
        assert_eq!(node.calls(&token, 5).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_was_alone_shares_what_it_has_counted() {
    let w = World::postgres().await;
    let first = Node::start(&w, "a").await;
    let token = limited(&w, "50 per day").await;
    assert_eq!(first.pass(&token, 30).await, 30);
    let second = Node::start(&w, "b").await;
    assert_eq!(second.pass(&token, 20).await, 20);
    assert_eq!(second.calls(&token, 10).await, 0);
    assert_eq!(first.calls(&token, 5).await, 0);
    second.stop().await;
    until("it is alone", async || first.names() == ["a"]).await;
    assert_eq!(first.calls(&token, 5).await, 0, "what the other has counted still counts");
    let third = Node::start(&w, "c").await;
    assert_eq!(third.calls(&token, 5).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_node_has_not_used_is_all_that_is_lost() {
    let w = World::postgres().await;
    let [first, second, third] = three(&w).await;
    let token = limited(&w, "100 per day").await;
    assert_eq!(first.pass(&token, 40).await, 40);
    until("it has given back what it has not used", async || on_record(&w).await == 40).await;
    first.kill();
    assert_eq!(second.pass(&token, 60).await, 60);
    assert_eq!(second.calls(&token, 10).await + third.calls(&token, 10).await, 0);
    until("it is lost", async || second.names() == ["b", "c"]).await;
    // Long enough to be swept, if that were too early.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(third.calls(&token, 5).await, 0);
}

/// While the database cannot be written, each node goes on with its share. Beyond it, it refuses, unless it is told to count
/// by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_cannot_write_goes_on_with_its_share() {
    let w = World::postgres().await;
    let first = Node::start(&w, "a").await;
    let second = Node::start_as(&w, "b", true).await;
    until("they know each other", async || first.names() == ["a", "b"] && second.names() == ["a", "b"]).await;
    let token = limited(&w, "1000 per day").await;
    assert_eq!((first.pass(&token, 20).await, second.pass(&token, 20).await), (20, 20));
    w.database.execute("ALTER TABLE limit_share RENAME TO limit_share_away").await;
    until("they notice", async || first.service.limits_are_away() && second.service.limits_are_away()).await;
    let status = first.service.status(owner()).await.unwrap();
    assert!(status.warnings.contains(&Warning::LimitsAway), "{:?}", status.warnings);
    let refused = first.calls(&token, 960).await;
    assert!(refused < 960, "beyond its share, it refuses");
    assert_eq!(second.calls(&token, 900).await, 900, "it counts against the whole limit");
    w.database.execute("ALTER TABLE limit_share_away RENAME TO limit_share").await;
    until("they notice", async || !first.service.limits_are_away() && !second.service.limits_are_away()).await;
    let answer = verdict(&first.service, &token).await.unwrap();
    assert!(matches!(answer.code, Code::Valid | Code::RateLimited));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_waits_for_a_node_that_cannot_join() {
    let w = World::postgres().await;
    let token = limited(&w, "5 per day").await;
    let stuck = "CREATE FUNCTION stuck() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'stuck'; END $$";
    w.database.execute(stuck).await;
    w.database.execute("CREATE TRIGGER stuck BEFORE INSERT ON node FOR EACH ROW EXECUTE FUNCTION stuck()").await;
    let (refuses, counts) = (Node::start(&w, "a").await, Node::start_as(&w, "b", true).await);
    until("they notice", async || refuses.service.limits_are_away() && counts.service.limits_are_away()).await;
    let begun = Instant::now();
    assert_eq!((refuses.calls(&token, 7).await, counts.calls(&token, 7).await), (0, 5));
    // Those that wait do so for a second each.
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    w.database.execute("DROP TRIGGER stuck ON node").await;
    until("they know each other", async || refuses.names() == ["a", "b"] && counts.names() == ["a", "b"]).await;
    until("they have joined", async || !refuses.service.limits_are_away() && !counts.service.limits_are_away()).await;
}

/// A node that was alone and could not say for a while that it is there: others had to go on without it.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_comes_back_leaves_what_others_took_meanwhile() {
    let w = World::postgres().await;
    let first = Node::start(&w, "a").await;
    let token = limited(&w, "50 per day").await;
    assert_eq!(first.pass(&token, 10).await, 10);
    let stuck = "CREATE FUNCTION stuck() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'stuck'; END $$";
    w.database.execute(stuck).await;
    w.database
        .execute(
            "CREATE TRIGGER stuck BEFORE UPDATE ON node FOR EACH ROW WHEN (OLD.name = 'a') EXECUTE FUNCTION stuck()",
        )
        .await;
    let second = Node::start(&w, "b").await;
    assert_eq!(second.pass(&token, 50).await, 50, "the first has stopped to count");
    assert_eq!(second.calls(&token, 10).await, 0);
    assert_eq!(first.calls(&token, 5).await, 0);
    w.database.execute("DROP TRIGGER stuck ON node").await;
    until("it is there again", async || first.names() == ["a", "b"]).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(first.calls(&token, 5).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_there_is_one_node_and_nothing_is_written() {
    let w = World::sqlite().await;
    let node = Node::start(&w, "only").await;
    let token = limited(&w, "5 per day").await;
    assert_eq!(node.calls(&token, 9).await, 5);
    let nodes = node.service.nodes();
    assert_eq!((nodes.len(), nodes[0].is_this, &*nodes[0].name), (1, true, "only"));
    assert!(w.store.nodes().await.unwrap().nodes.is_empty());
    tokio::time::timeout(SOON, node.stop()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_stops_leaves_no_trace_if_it_has_counted_nothing() {
    let w = World::postgres().await;
    let node = Node::start(&w, "a").await;
    until("it is on record", async || !w.store.nodes().await.unwrap().nodes.is_empty()).await;
    tokio::time::timeout(SOON, node.stop()).await.unwrap();
    assert!(w.store.nodes().await.unwrap().nodes.is_empty());
}

/// More shares than one transaction writes, as if this node had taken them.
async fn put_many(w: &World, id: &NodeId) {
    let place =
        |n| LimitPlace { key_id: KeyId::from_random([7; 16]), name: format!("n{n}"), window: Millis::seconds(1) };
    let places: Vec<LimitPlace> = (0..2_500).map(place).collect();
    let shares: Vec<_> = places.iter().map(|place| (place, Share { calls: 1, claim: 1, short: 1 })).collect();
    w.store.write(async |tx| tx.put_limit_shares(id, &shares).await).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_stops_gives_back_whatever_it_has() {
    let w = World::postgres().await;
    let node = Node::start(&w, "a").await;
    until("it is on record", async || !w.store.nodes().await.unwrap().nodes.is_empty()).await;
    let id = w.store.nodes().await.unwrap().nodes[0].id;
    put_many(&w, &id).await;
    tokio::time::timeout(SOON, node.stop()).await.unwrap();
    assert!(w.store.nodes().await.unwrap().nodes.is_empty());
    assert!(w.store.node_shares(&id, None, 9).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_lost_node_had_is_swept() {
    let w = World::postgres().await;
    let id = NodeId::from_random([9; 12]);
    let gone = NewNode { id, name: "gone".to_owned(), version: "0.1.0".to_owned() };
    w.store.write(async |tx| tx.join_nodes(&gone).await).await.unwrap();
    put_many(&w, &id).await;
    w.store.write(async |tx| tx.lose_node(&id).await).await.unwrap();
    let node = Node::start(&w, "a").await;
    until("it is alone", async || w.store.nodes().await.unwrap().nodes.iter().all(|node| node.id != id)).await;
    assert!(w.store.node_shares(&id, None, 9).await.unwrap().is_empty());
    assert_eq!(node.names(), ["a"]);
}
