//! What is told of the use of each secret while a key has two.

use std::net::IpAddr;

use domain::{
    draft::KeyDraft,
    permission::{AdminPermission, VERIFY},
    timestamp::Millis,
    verdict::Code,
};
use service::verify::{Credential, VerifyRequest};

use crate::{
    rotation::{confirm, rotate},
    world::{World, draft, owner},
};

async fn the_use_of_each_secret_is_told(w: World) {
    let (id, old) = w.active(&draft("service", "Used")).await;
    let verifier = w.service.verifier();
    let call = async |token: &str, from: [u8; 4]| {
        let request = VerifyRequest { address: Some(IpAddr::from(from)), ..VerifyRequest::default() };
        assert_eq!(verifier.verify(Credential::Token(token), request).await.unwrap().code, Code::Valid);
    };
    call(&old, [192, 0, 2, 1]).await;
    let new = rotate(&w, &id, "24h").await;
    call(&old, [192, 0, 2, 1]).await;
    confirm(&w, &id).await;
    for n in 0..41 {
        call(&old, [192, 0, 2, n % 2]).await;
    }
    call(&new, [198, 51, 100, 7]).await;
    verifier.flush_usage().await.unwrap();
    let rotation = w.service.rotation(owner(), &id).await.unwrap();
    let (newer, older, _) = rotation.both().unwrap();
    let now = w.service.now();
    assert_eq!(older.1.words(now, newer.0.since), "used 41 times in the last hour, from 2 addresses");
    assert_eq!((newer.1.calls, newer.1.last_used_at), (1, Some(now)));
    assert_eq!(newer.1.addresses, [(IpAddr::from([198, 51, 100, 7]), now)]);
    w.clock.advance(Millis::hours(2));
    let rotation = w.service.rotation(owner(), &id).await.unwrap();
    let (newer, older, _) = rotation.both().unwrap();
    assert_eq!(older.1.words(w.service.now(), newer.0.since), "not used in the last hour");
    assert_eq!(older.1.last_used_at, Some(now));
    // With one secret nothing is counted by secret.
    w.service.finish_rotation(owner(), &id).await.unwrap();
    call(&new, [198, 51, 100, 7]).await;
    verifier.flush_usage().await.unwrap();
    assert_eq!(w.store.secret_uses(&id, w.service.now()).await.unwrap(), []);
}

async fn the_use_of_each_secret_of_a_key_that_asks_about_others_is_told(w: World) {
    let asks = KeyDraft { boxes: vec![VERIFY.to_owned()], ..draft("service", "Gateway") };
    let (id, old) = w.active(&asks).await;
    let new = rotate(&w, &id, "24h").await;
    confirm(&w, &id).await;
    let (verifier, from) = (w.service.verifier(), IpAddr::from([192, 0, 2, 1]));
    for token in [&old, &old, &old, &new] {
        let asked = verifier.authenticate(token, AdminPermission::Verify, Some(from), None).await.unwrap();
        assert_eq!(asked.code, Code::Valid);
    }
    verifier.flush_usage().await.unwrap();
    let rotation = w.service.rotation(owner(), &id).await.unwrap();
    let (newer, older, _) = rotation.both().unwrap();
    assert_eq!((older.1.calls, newer.1.calls), (3, 1));
    assert_eq!(older.1.addresses, [(from, w.service.now())]);
}

on_both!(the_use_of_each_secret_is_told, the_use_of_each_secret_of_a_key_that_asks_about_others_is_told,);
