//! Keys whose rows this version cannot read, for example those of a later version. The log names each of them once.

use std::{collections::HashSet, sync::Mutex};

use domain::ids::KeyId;
use store::StoreError;

use super::shards::lock;

/// Beyond this number, the log is silent: the reason is the same for all of them.
const TOLD_MAX: usize = 100;

#[derive(Default)]
pub(super) struct Unreadable(Mutex<HashSet<KeyId>>);

impl Unreadable {
    pub(super) fn tell(&self, id: KeyId, error: &StoreError) {
        let mut told = lock(&self.0);
        if told.len() < TOLD_MAX && told.insert(id) {
            tracing::error!(key = %id, %error, "a key cannot be read and is refused");
        }
    }
}
