use domain::list::{KeyQuery, StatusFilter};
use domain::role::Role;
use domain::saved_view::SavedView;
use store::{Store, StoreError};

use crate::fixtures::{NOW, person};

contract! {
    views_are_kept_for_each_person,
}

fn view(name: &str, status: StatusFilter) -> SavedView {
    SavedView { name: name.to_owned(), query: KeyQuery { status: Some(status), ..KeyQuery::default() } }
}

async fn views_are_kept_for_each_person(store: Store) {
    let (one, two) = (person("one@example.com", Role::Admin), person("two@example.com", Role::Auditor));
    store
        .write(async |tx| {
            for person in [&one, &two] {
                tx.insert_person(person).await?;
            }
            tx.put_saved_view(&one.id, &view("unused", StatusFilter::NeverUsed), NOW).await?;
            tx.put_saved_view(&one.id, &view("Ending", StatusFilter::Expiring7), NOW).await?;
            tx.put_saved_view(&one.id, &view("Ending", StatusFilter::Expiring30), NOW).await?;
            tx.put_saved_view(&two.id, &view("unused", StatusFilter::Disabled), NOW).await?;
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    let views = async |id| store.saved_views(id).await.unwrap();
    let expected = [view("Ending", StatusFilter::Expiring30), view("unused", StatusFilter::NeverUsed)];
    assert_eq!(views(&one.id).await, expected);
    let delete = async |name: &str| store.write(async |tx| tx.delete_saved_view(&one.id, name).await).await.unwrap();
    assert!(delete("unused").await);
    assert!(!delete("unused").await);
    assert_eq!((views(&one.id).await.len(), views(&two.id).await.len()), (1, 1));
}
