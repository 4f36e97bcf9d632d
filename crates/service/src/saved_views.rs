//! The views of the key list that a person keeps. They are of nobody else's concern, and in no audit.

use domain::{
    field::{Field, FieldErrors},
    list::KeyQuery,
    role::Act,
    saved_view::{SavedView, VIEWS_MAX},
    text,
};
use store::Tx;

use crate::{Caller, Error, Result, Service};

impl Service {
    /// The caller's views, by name. Only a person has some.
    pub async fn saved_views(&self, caller: &Caller) -> Result<Vec<SavedView>> {
        caller.may(Act::SeeKeys)?;
        match caller.person_id() {
            Ok(person) => Ok(self.store().saved_views(person).await?),
            Err(_) => Ok(Vec::new()),
        }
    }

    /// Keeps a list under a name, from its first page. A view with the same name is replaced.
    pub async fn save_view(&self, caller: &Caller, name: &str, query: &KeyQuery) -> Result<()> {
        caller.may(Act::SeeKeys)?;
        let person = caller.person_id()?;
        let name = text::name(name).map_err(|message| FieldErrors::one(Field::Name, message))?;
        let view = SavedView { name, query: query.first_page() };
        let now = self.now();
        let work = async |tx: &mut Tx| {
            let kept = tx.saved_views(person).await?;
            if kept.len() >= VIEWS_MAX && kept.iter().all(|kept| kept.name != view.name) {
                let message = format!("You have {VIEWS_MAX} views: delete one first.");
                return Err(FieldErrors::one(Field::Name, message).into());
            }
            tx.put_saved_view(person, &view, now).await?;
            Ok::<_, Error>(())
        };
        self.write(work).await
    }

    /// Forgets a view; nothing happens if there is none.
    pub async fn delete_view(&self, caller: &Caller, name: &str) -> Result<()> {
        caller.may(Act::SeeKeys)?;
        let person = caller.person_id()?;
        // No view has such a name.
        let Ok(name) = &text::name(name) else { return Ok(()) };
        let work = async |tx: &mut Tx| {
            tx.delete_saved_view(person, name).await?;
            Ok::<_, Error>(())
        };
        self.write(work).await
    }
}
