use domain::ids::{KeyId, NodeId};
use domain::share::Share;
use domain::timestamp::Millis;
use store::{Announced, LimitPlace, NewNode, NodeRow, Store};

contract! {
    nodes_are_numbered_as_they_arrive,
    a_lost_node_stays_until_its_shares_go,
    a_lost_node_claims_nothing,
    shares_go_piece_by_piece,
    shares_come_back_as_they_were_put,
    whoever_has_a_share_learns_who_is_short,
    nodes_announce_what_concerns_the_others,
}

/// How many shares go at once here.
const PIECE: u32 = 3;

fn id(n: u8) -> NodeId {
    NodeId::from_random([n; 12])
}

fn new(n: u8) -> NewNode {
    NewNode { id: id(n), name: format!("machine ({n})"), version: "0.1.0".to_owned() }
}

async fn join(store: &Store, n: u8) -> i64 {
    store.write(async |tx| tx.join_nodes(&new(n)).await).await.unwrap()
}

async fn beat(store: &Store, n: u8, knows: i64) -> bool {
    store.write(async |tx| tx.beat(&id(n), Millis(7), knows).await).await.unwrap()
}

async fn lose(store: &Store, n: u8) {
    store.write(async |tx| tx.lose_node(&id(n)).await).await.unwrap();
}

async fn sweep(store: &Store, n: u8, windows_below: Millis) -> u64 {
    store.write(async |tx| tx.sweep_node(&id(n), windows_below, PIECE).await).await.unwrap()
}

async fn find(store: &Store, n: u8) -> bool {
    store.write(async |tx| tx.find_node(&id(n)).await).await.unwrap()
}

async fn all(store: &Store) -> Vec<NodeRow> {
    store.nodes().await.unwrap().nodes
}

fn place(name: &str, seconds: i64) -> LimitPlace {
    LimitPlace { key_id: KeyId::from_random([7; 16]), name: name.to_owned(), window: Millis::seconds(seconds) }
}

fn share(calls: u32, short: u32) -> Share {
    Share { calls, claim: calls + short, short }
}

async fn put(store: &Store, n: u8, shares: &[(&LimitPlace, Share)]) {
    store.write(async |tx| tx.put_limit_shares(&id(n), shares).await).await.unwrap();
}

/// All of them, page by page.
async fn on_record(store: &Store, n: u8) -> Vec<(LimitPlace, Share)> {
    let mut shares: Vec<(LimitPlace, Share)> = Vec::new();
    loop {
        let after = shares.last().map(|(place, _)| place);
        let more = store.node_shares(&id(n), after, PIECE).await.unwrap();
        assert!(more.iter().all(|share| share.node == id(n)));
        if more.is_empty() {
            return shares;
        }
        shares.extend(more.into_iter().map(|share| (share.place, share.share)));
    }
}

async fn nodes_are_numbered_as_they_arrive(store: Store) {
    assert_eq!(store.is_shared(), store.engine() == "Postgres");
    assert_eq!((join(&store, 1).await, join(&store, 2).await), (1, 2));
    let nodes = store.nodes().await.unwrap();
    let first = &nodes.nodes[0];
    assert_eq!((first.id, &*first.name, &*first.version), (id(1), "machine (1)", "0.1.0"));
    assert_eq!((first.arrived, first.knows, first.lost_at), (1, 1, None));
    assert_eq!((first.started_at, first.clock_off), (first.seen_at, Millis(0)));
    assert!(nodes.now >= first.seen_at && nodes.now.since(first.seen_at).0 < 60_000, "by the database's clock");
    assert!(beat(&store, 1, 2).await);
    let first = all(&store).await.remove(0);
    assert_eq!((first.knows, first.clock_off), (2, Millis(7)));
    assert!(!beat(&store, 9, 2).await, "nobody");
    // A number that somebody knows is never given again.
    lose(&store, 2).await;
    sweep(&store, 2, Millis(0)).await;
    assert_eq!(all(&store).await.len(), 1);
    assert_eq!(join(&store, 3).await, 3);
}

async fn a_lost_node_stays_until_its_shares_go(store: Store) {
    join(&store, 1).await;
    let (short, long) = (place("a", 1), place("b", 3_600));
    put(&store, 1, &[(&short, share(3, 2)), (&long, share(4, 0))]).await;
    sweep(&store, 1, Millis::days(1)).await;
    assert_eq!((all(&store).await.len(), on_record(&store, 1).await.len()), (1, 2), "it runs");
    lose(&store, 1).await;
    let lost_at = all(&store).await[0].lost_at.unwrap();
    lose(&store, 1).await;
    assert_eq!(all(&store).await[0].lost_at, Some(lost_at), "once");
    assert!(!beat(&store, 1, 1).await);
    let calls: Vec<_> = on_record(&store, 1).await.into_iter().map(|(_, share)| share.calls).collect();
    assert_eq!(calls, [3, 4], "it has what it had");
    sweep(&store, 1, Millis::seconds(2)).await;
    assert_eq!(on_record(&store, 1).await.len(), 1);
    assert!(find(&store, 1).await && beat(&store, 1, 1).await, "there again");
    assert!(!find(&store, 2).await);
    lose(&store, 1).await;
    sweep(&store, 1, Millis::days(1)).await;
    assert_eq!((all(&store).await, on_record(&store, 1).await), (vec![], vec![]));
}

async fn a_lost_node_claims_nothing(store: Store) {
    join(&store, 1).await;
    join(&store, 2).await;
    let a = place("a", 60);
    put(&store, 1, &[(&a, share(3, 2))]).await;
    put(&store, 2, &[(&a, share(4, 1))]).await;
    let shares = async || {
        let mut found = store.limit_shares(std::slice::from_ref(&a)).await.unwrap();
        found.sort_by_key(|share| share.node);
        found.into_iter().map(|share| share.share).collect::<Vec<_>>()
    };
    let short = async || store.short_limits(&id(2)).await.unwrap();
    assert_eq!((shares().await, short().await), (vec![share(3, 2), share(4, 1)], vec![a.clone()]));
    lose(&store, 1).await;
    let lost = Share { claim: 0, ..share(3, 0) };
    assert_eq!((shares().await, short().await), (vec![lost, share(4, 1)], vec![]));
    find(&store, 1).await;
    assert_eq!((shares().await, short().await), (vec![share(3, 2), share(4, 1)], vec![a.clone()]));
}

async fn shares_go_piece_by_piece(store: Store) {
    join(&store, 1).await;
    let places: Vec<LimitPlace> = (0..7).map(|n| place(&format!("n{n}"), 60)).collect();
    let rows: Vec<_> = places.iter().map(|place| (place, share(1, 0))).collect();
    put(&store, 1, &rows).await;
    put(&store, 2, &rows).await;
    let found: Vec<_> = on_record(&store, 1).await.into_iter().map(|(place, _)| place).collect();
    assert_eq!(found, places);
    lose(&store, 1).await;
    let long = Millis::days(1);
    assert_eq!((sweep(&store, 1, long).await, sweep(&store, 1, long).await), (3, 3));
    assert_eq!((on_record(&store, 1).await.len(), all(&store).await.len()), (1, 1));
    assert_eq!((sweep(&store, 1, long).await, sweep(&store, 1, long).await), (1, 0));
    assert_eq!((all(&store).await, on_record(&store, 2).await.len()), (vec![], 7));
    let remove = async || store.write(async |tx| tx.remove_limit_shares(&id(2), 4).await).await.unwrap();
    assert_eq!((remove().await, remove().await, remove().await), (4, 3, 0));
}

async fn shares_come_back_as_they_were_put(store: Store) {
    let (a, b, other) = (place("a", 1), place("b", 60), place("a", 2));
    put(&store, 1, &[(&a, share(3, 0)), (&b, share(1_000_000_000, 7))]).await;
    put(&store, 2, &[(&a, share(5, 0)), (&other, share(1, 0))]).await;
    let shares = store.limit_shares(std::slice::from_ref(&a)).await.unwrap();
    let mut found: Vec<_> = shares.iter().map(|share| (share.node, share.share.calls)).collect();
    found.sort_unstable();
    assert_eq!(found, [(id(1), 3), (id(2), 5)], "of every node, and of this window only");
    put(&store, 1, &[(&a, share(4, 1)), (&b, Share::default())]).await;
    assert_eq!(on_record(&store, 1).await, [(a.clone(), share(4, 1))]);
    store.write(async |tx| tx.remove_limit_shares(&id(1), 9).await).await.unwrap();
    assert_eq!((on_record(&store, 1).await.len(), on_record(&store, 2).await.len()), (0, 2));
    let many: Vec<LimitPlace> = (0..2_345).map(|n| place(&format!("n{n}"), 60)).collect();
    let rows: Vec<_> = many.iter().map(|place| (place, share(1, 0))).collect();
    put(&store, 1, &rows).await;
    assert_eq!(store.limit_shares(&many).await.unwrap().len(), many.len());
    let gone: Vec<_> = many.iter().map(|place| (place, Share::default())).collect();
    put(&store, 1, &gone).await;
    assert!(store.limit_shares(&many).await.unwrap().is_empty());
}

async fn whoever_has_a_share_learns_who_is_short(store: Store) {
    let (a, b) = (place("a", 1), place("b", 60));
    put(&store, 1, &[(&a, share(3, 0)), (&b, share(3, 5))]).await;
    put(&store, 2, &[(&a, share(0, 4))]).await;
    let short = async |n: u8| store.short_limits(&id(n)).await.unwrap();
    assert_eq!(short(1).await, std::slice::from_ref(&a), "not of its own");
    assert!(short(2).await.is_empty(), "it has nothing of the other");
    assert!(short(3).await.is_empty());
    put(&store, 2, &[(&a, share(1, 0))]).await;
    assert!(short(1).await.is_empty());
}

async fn nodes_announce_what_concerns_the_others(store: Store) {
    let Some(mut changes) = store.changes().await.unwrap() else {
        store.write(async |tx| tx.announce_shares(&id(1)).await).await.unwrap();
        return;
    };
    store.write(async |tx| tx.announce_shares(&id(1)).await).await.unwrap();
    assert_eq!(changes.next().await.unwrap(), Announced::OfNode(id(1).as_str().to_owned()));
    store.write(async |tx| tx.bump_version().await).await.unwrap();
    assert_eq!(changes.next().await.unwrap(), Announced::Version);
}
