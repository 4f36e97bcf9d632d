//! What people have typed into the wizard so far, kept so that each of its steps has an address. A draft holds no secret
//! and changes nothing, so it is not on record.

use domain::{
    draft::KeyDraft,
    field::{Field, FieldErrors},
    ids::{AppId, KeyId},
    role::Act,
    timestamp::{Millis, Timestamp},
};
use store::{StoreError, Tx};

use super::issue::check_form_id;
use crate::{Caller, Result, Service};

/// How long a draft is kept after it was last saved.
pub const DRAFTS_KEPT: Millis = Millis::hours(1);

/// How many drafts of one person are kept. The oldest goes first.
const DRAFTS_MAX: u32 = 20;

/// The most bytes of a draft, far more than any key needs.
const DRAFT_BYTES_MAX: usize = 128 * 1024;

/// What is known of a form.
#[derive(Debug, Default)]
pub struct SavedForm {
    /// What its author typed; `None` if it is not the caller's, was never saved, or is too old.
    pub draft: Option<KeyDraft>,
    /// The app that they chose for the key.
    pub app: Option<AppId>,
    /// The key that it has created.
    pub key: Option<KeyId>,
}

impl Service {
    /// Keeps what the caller typed, right or wrong. Returns the id of the form, which is a new one if `form_id` is
    /// damaged or another person's. `Invalid` if the draft is too large.
    pub async fn save_draft(
        &self,
        caller: &Caller,
        form_id: &str,
        app: Option<&AppId>,
        draft: &KeyDraft,
    ) -> Result<String> {
        caller.may(Act::ChangeKeys)?;
        let person = caller.person_id()?;
        if draft.bytes() > DRAFT_BYTES_MAX {
            return Err(FieldErrors::one(Field::FormId, "It is too large to keep: shorten it.").into());
        }
        let fresh = self.new_form_id()?;
        let wanted = check_form_id(form_id).unwrap_or(&fresh);
        let now = self.now();
        let save = async |tx: &mut Tx| {
            let saved = if tx.put_draft(wanted, person, app, draft, now).await? {
                wanted
            } else {
                tx.put_draft(&fresh, person, app, draft, now).await?;
                &fresh
            };
            tx.shrink_drafts(person, DRAFTS_MAX).await?;
            Ok::<_, StoreError>(saved.to_owned())
        };
        Ok(self.write(save).await?)
    }

    /// What is known of a form.
    pub async fn saved_form(&self, caller: &Caller, form_id: &str) -> Result<SavedForm> {
        caller.may(Act::ChangeKeys)?;
        let person = caller.person_id()?;
        if check_form_id(form_id).is_err() {
            return Ok(SavedForm::default());
        }
        let (draft, app) = self.store().draft(form_id, person, outdated(self.now())).await?.unzip();
        Ok(SavedForm { draft, app: app.flatten(), key: self.store().key_of_form(form_id).await? })
    }
}

/// Drafts that were last saved at this time or earlier are gone.
pub(crate) fn outdated(now: Timestamp) -> Timestamp {
    now.plus(Millis(-DRAFTS_KEPT.0))
}
