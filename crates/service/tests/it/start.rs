//! The first start and the ones after it.

use domain::audit::Action;
use service::{Service, StartError, entropy::SystemEntropy, root_key::RootKey};

use crate::world::World;

async fn the_first_start_makes_the_app_and_the_next_finds_it(w: World) {
    let created = w.newest().await;
    assert_eq!(created.action, Action::InstanceCreated);
    let again = w.another().await;
    assert_eq!(again.default_app(), w.service.default_app());
    assert_eq!(w.newest().await.seq, created.seq, "nothing new on record");
    again.ready().await.unwrap();
}

async fn another_root_key_is_refused_by_name(w: World) {
    let path = w.root_key().with_file_name("other.key");
    let other = RootKey::load_or_create(&path, &SystemEntropy).unwrap();
    let ours = RootKey::load(&w.root_key()).unwrap().fingerprint();
    let theirs = other.fingerprint();
    assert_ne!(ours, theirs);
    let mut setup = w.setup().await;
    setup.root_key = other;
    let error = Service::start(setup).await.unwrap_err();
    assert!(matches!(error, StartError::Keyring(_)), "{error}");
    let text = error.to_string();
    assert!(text.contains(&ours) && text.contains(&theirs), "{text}");
}

async fn a_prefix_that_is_none_is_refused(w: World) {
    for prefix in ["", "KS", "k_s", "elevenchars", "mk"] {
        let mut setup = w.setup().await;
        setup.token_prefix = prefix.to_owned();
        let started = Service::start(setup).await;
        assert!(matches!(started, Err(StartError::TokenPrefix(_))), "{prefix}");
    }
}

on_both!(
    the_first_start_makes_the_app_and_the_next_finds_it,
    another_root_key_is_refused_by_name,
    a_prefix_that_is_none_is_refused,
);
