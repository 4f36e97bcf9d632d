//! Every public function of the store, each test on both engines.

/// Makes of each `async fn name(store: Store)` one test per engine, on an empty database.
macro_rules! contract {
    ($($name:ident),+ $(,)?) => {
        $(
            mod $name {
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn on_sqlite() {
                    $crate::fixtures::run(testkit::TestDatabase::sqlite(), super::$name).await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn on_postgres() {
                    $crate::fixtures::run(testkit::TestDatabase::postgres(), super::$name).await;
                }
            }
        )+
    };
}
pub(crate) use contract;

mod api_answers;
mod app_profiles;
mod apps;
mod audit;
mod audit_person;
mod contacts;
mod deliveries;
mod drafts;
mod event_blocks;
mod events;
mod hand_overs;
mod identities;
mod integrations;
mod invites;
mod key_bulk;
mod key_counts;
mod key_list;
mod key_requests;
mod key_search;
mod key_sight;
mod key_worst;
mod keys;
mod member_keys;
mod messages;
mod meta;
mod nodes;
mod opening;
mod passkeys;
mod people;
mod people_list;
mod permissions;
mod quota;
mod rooms;
mod rotation;
mod saved_views;
mod second_factors;
mod store;
mod usage;
