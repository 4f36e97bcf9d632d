//! How far long acts are, for the people who wait for them. Only the node that does an act knows.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The acts under way, by the ids of their forms: how many keys are done, and of how many.
#[derive(Debug, Default)]
pub(crate) struct Progress(Mutex<HashMap<String, (u32, u32)>>);

impl Progress {
    /// An act begins. It is under way until the answer is dropped.
    pub fn begin(&self, form_id: &str) -> Underway<'_> {
        Underway { all: self, form_id: form_id.to_owned() }
    }

    /// How far it is; `None` before it has counted its keys, and once it is over.
    pub fn of(&self, form_id: &str) -> Option<(u32, u32)> {
        self.map().get(form_id).copied()
    }

    fn map(&self) -> MutexGuard<'_, HashMap<String, (u32, u32)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An act that is under way.
#[derive(Debug)]
pub(crate) struct Underway<'a> {
    all: &'a Progress,
    form_id: String,
}

impl Underway<'_> {
    /// So many keys are done now.
    pub fn done(&self, done: usize, of: usize) {
        let counted = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        self.all.map().insert(self.form_id.clone(), (counted(done), counted(of)));
    }
}

impl Drop for Underway<'_> {
    fn drop(&mut self) {
        self.all.map().remove(&self.form_id);
    }
}
