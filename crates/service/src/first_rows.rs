//! What every installation has from its first start on, and what a start adds to the rows of an earlier version.

use domain::{
    app::App,
    audit::{Action, Subject},
    ids::AppId,
    timestamp::Timestamp,
};
use store::{Store, StoreError, Tx};

use crate::{
    Caller,
    chat::member,
    entropy::{self, Entropy},
    keyring::Keyring,
    service::{StartError, event, record},
};

/// Sets what people are found by, where an earlier version has not.
pub(crate) async fn fill_person_keys(store: &Store, keyring: &Keyring) -> Result<(), StoreError> {
    let people = store.people_without_keys().await?;
    if people.is_empty() {
        return Ok(());
    }
    let fill = async |tx: &mut Tx| {
        for (id, email, name) in &people {
            tx.set_person_keys(id, name, &keyring.email_mac(email)).await?;
        }
        Ok(())
    };
    store.write(fill).await
}

/// The name of the setting that holds the installation's mark.
const INSTALLATION: &str = "installation";

/// The default app and the installation's mark. The first start makes them.
pub(crate) async fn first_rows(
    store: &Store,
    keyring: &Keyring,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<(AppId, String), StartError> {
    let id = AppId::from_random(entropy::bytes(entropy)?);
    let app = App { id, name: "Default".to_owned(), created_at: now, archived_at: None };
    let mark = hex::encode(entropy::bytes::<8>(entropy)?);
    let created = event(&Caller::system(None), now, Action::InstanceCreated, Subject::instance());
    let (api_key, _) = member::mint(keyring, entropy, &id, now, &created.actor.label())?;
    let make = async |tx: &mut Tx| {
        let installation = if let Some(known) = tx.setting(INSTALLATION).await? {
            known
        } else {
            tx.put_setting(INSTALLATION, &mark).await?;
            mark
        };
        if let Some(app) = tx.default_app().await? {
            return Ok((app.id, installation));
        }
        tx.insert_app(&app).await?;
        tx.put_member_key(&app.id, &api_key).await?;
        record(keyring, tx, &created).await?;
        Ok::<_, StoreError>((app.id, installation))
    };
    Ok(store.write(make).await?)
}
