use store::{KeptAnswer, SealedPart, Store, StoreError, Unique};

use crate::fixtures::NOW;

contract! {
    a_call_is_carried_out_once_and_its_answer_kept,
    secrets_go_before_their_answers,
    old_answers_go_piece_by_piece,
}

const MAC: &[u8] = &[7; 32];

fn answer(secret: bool) -> KeptAnswer {
    let secret =
        secret.then(|| SealedPart { about: "key 7Qm2xVbN4tRa".to_owned(), sealed: vec![0, 1, 255], seal_version: 2 });
    KeptAnswer { status: 201, headers: "etag: \"1\"\n".to_owned(), body: r#"{"name":"Büro"}"#.to_owned(), secret }
}

async fn begin(store: &Store, request: &[u8], seconds: i64) -> Result<(), StoreError> {
    let (now, since) = (NOW.plus_seconds(seconds), NOW.plus_seconds(seconds - 100));
    store.write(async |tx| tx.begin_api_answer(MAC, request, now, since).await).await
}

async fn keep(store: &Store, kept: &KeptAnswer) {
    store.write(async |tx| tx.keep_api_answer(MAC, kept).await).await.unwrap();
}

async fn a_call_is_carried_out_once_and_its_answer_kept(store: Store) {
    assert_eq!(store.api_answer(MAC).await.unwrap(), None);
    begin(&store, &[1; 32], 0).await.unwrap();
    let begun = store.api_answer(MAC).await.unwrap().unwrap();
    assert_eq!((begun.request, begun.made_at, begun.kept), (vec![1; 32], NOW, None));
    for request in [[1; 32], [2; 32]] {
        let again = begin(&store, &request, 99).await;
        assert!(matches!(again, Err(StoreError::Conflict(Unique::ApiAnswer))), "{again:?}");
    }
    for kept in [answer(false), answer(true)] {
        keep(&store, &kept).await;
        assert_eq!(store.api_answer(MAC).await.unwrap().unwrap().kept, Some(kept));
    }
    // An old one counts no more, and leaves nothing.
    begin(&store, &[2; 32], 100).await.unwrap();
    let begun = store.api_answer(MAC).await.unwrap().unwrap();
    assert_eq!((begun.request, begun.made_at, begun.kept), (vec![2; 32], NOW.plus_seconds(100), None));
}

async fn secrets_go_before_their_answers(store: Store) {
    begin(&store, &[1; 32], 0).await.unwrap();
    keep(&store, &answer(true)).await;
    let kept = async || store.api_answer(MAC).await.unwrap().map(|found| found.kept.unwrap());
    let has = async |seconds| store.has_kept_secrets(NOW.plus_seconds(seconds)).await.unwrap();
    assert!(!has(-1).await && has(0).await);
    let forget = async |seconds| {
        let until = NOW.plus_seconds(seconds);
        store.write(async |tx| tx.forget_kept_secrets(until).await).await.unwrap()
    };
    assert_eq!((forget(-1).await, kept().await), (0, Some(answer(true))));
    assert_eq!((forget(0).await, kept().await), (1, Some(answer(false))));
    assert!(!has(0).await);
    keep(&store, &answer(true)).await;
    store.write(async |tx| tx.forget_kept_secret(MAC).await).await.unwrap();
    assert_eq!(kept().await, Some(answer(false)));
    let prune = async |seconds| {
        let until = NOW.plus_seconds(seconds);
        store.write(async |tx| tx.prune_api_answers(until, 9).await).await.unwrap()
    };
    assert_eq!((prune(-1).await, prune(0).await), (0, 1));
    assert_eq!(kept().await, None);
}

async fn old_answers_go_piece_by_piece(store: Store) {
    for n in 0..5 {
        let (mac, now) = ([n; 32], NOW.plus_seconds(n.into()));
        store.write(async |tx| tx.begin_api_answer(&mac, &[1; 32], now, NOW).await).await.unwrap();
    }
    let until = NOW.plus_seconds(3);
    let prune = async || store.write(async |tx| tx.prune_api_answers(until, 3).await).await.unwrap();
    assert_eq!((prune().await, prune().await, prune().await), (3, 1, 0));
    assert!(store.api_answer(&[4; 32]).await.unwrap().is_some(), "the last one is not old");
}
