//! How this installation is set up, for the people who run it.

use domain::role::Act;

use crate::{Caller, Result, Service};

impl Service {
    /// The name of the database engine; `Forbidden` unless the caller may see the settings.
    pub fn engine(&self, caller: &Caller) -> Result<&'static str> {
        caller.may(Act::SeeSettings)?;
        Ok(self.store().engine())
    }
}
