//! What is shown once is made once by each form, however often it is sent.

use domain::{refusal::Refusal, shown_once::ShownOnce};
use store::Tx;

use crate::{Result, Service, keys::issue::check_form_id};

impl Service {
    /// Uses up the id of the form that makes this, in the same transaction. `AlreadyShown` if it was used. Programs send no
    /// form, and each of their calls makes one.
    pub(crate) async fn make_once(&self, tx: &mut Tx, form: Option<&str>, what: ShownOnce) -> Result<()> {
        let Some(form_id) = form else { return Ok(()) };
        let is_unused = tx.use_form(check_form_id(form_id)?, self.now()).await?;
        if is_unused { Ok(()) } else { Err(Refusal::AlreadyShown(what).into()) }
    }

    /// The same, using nothing up: for a form with a password or a code, which was right once and may be wrong by now.
    pub(crate) async fn refuse_sent_again(&self, form: Option<&str>, what: ShownOnce) -> Result<()> {
        let Some(form_id) = form else { return Ok(()) };
        let is_used = self.store().is_form_used(check_form_id(form_id)?).await?;
        if is_used { Err(Refusal::AlreadyShown(what).into()) } else { Ok(()) }
    }
}
