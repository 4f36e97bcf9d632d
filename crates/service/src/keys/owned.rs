//! The keys that somebody owns, when they leave or have another e-mail.

use domain::{
    bulk::{BULK_MAX, BulkAct, BulkChange},
    field::Field,
    ids::KeyId,
    key::KeyDetail,
    labels::Owner,
    role::Act,
};
use store::Tx;

use super::{
    bulk::{PIECE, few},
    check_owner,
};
use crate::{Caller, Result, Service};

impl Service {
    /// How many keys somebody owns that go with their owner, as far as the caller sees and may change them. `TooMany` as in
    /// `transfer_all_of`.
    pub async fn count_owned(&self, caller: &Caller, email: &str) -> Result<u64> {
        caller.may(Act::ChangeKeys)?;
        let ids = few(self.store().owned_keys(&caller.sight().apps, email, BULK_MAX + 1).await?)?;
        let mut count = 0;
        for piece in ids.chunks(PIECE) {
            let keys = self.store().key_details(piece).await?;
            count += keys.iter().filter(|key| goes_with(caller, email, key)).count();
        }
        Ok(u64::try_from(count).unwrap_or(u64::MAX))
    }

    /// Transfers the keys of somebody who is removed or has another e-mail, in the same transaction: those that the caller
    /// sees and may change, whatever their state, in archived apps too. Returns them. `TooMany` if an act may not take so
    /// many.
    pub(crate) async fn transfer_all_of(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        email: &str,
        to: &Owner,
    ) -> Result<Vec<KeyId>> {
        caller.may(Act::ChangeKeys)?;
        check_owner(tx, caller, Some(to)).await?;
        let change = BulkChange::Transfer(to.clone());
        let mut transferred = Vec::new();
        for piece in few(tx.owned_keys(&caller.sight().apps, email, BULK_MAX + 1).await?)?.chunks(PIECE) {
            let mut keys = tx.key_details(piece).await?;
            keys.retain(|key| goes_with(caller, email, key));
            if keys.is_empty() {
                continue;
            }
            self.apply_and_record(tx, caller, &change, &keys).await?;
            transferred.extend(keys.into_iter().map(|key| key.row.id));
        }
        Ok(transferred)
    }
}

/// Whether a key goes with its owner, who has this e-mail.
fn goes_with(caller: &Caller, email: &str, key: &KeyDetail) -> bool {
    let owned = key.rules.owner.as_ref().is_some_and(|owner| owner.as_str() == email);
    let has_owner = key.row.kind.rules().allows_edit(Field::Owner);
    owned && has_owner && caller.may_with(BulkAct::Transfer.needs(), key).is_ok()
}
