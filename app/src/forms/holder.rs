//! The forms of whoever holds a key. None of them is ever shown again with what was typed.

use std::sync::Arc;

use domain::field::Field;
use service::keys::{HeldView, Presented, SelfRevoked};

use super::fields::{FormFields, Pairs, TICKED};

fn presented(sent: &Pairs) -> Presented {
    Presented { id: sent.text(Field::HeldId.as_str()), key: sent.text(Field::HeldKey.as_str()).into() }
}

/// A key to look at, or to rotate.
#[derive(Debug, Clone, Default)]
pub struct HolderForm {
    pub presented: Presented,
}

impl FormFields for HolderForm {
    fn read(sent: &Pairs) -> Self {
        Self { presented: presented(sent) }
    }
}

/// A key to revoke.
#[derive(Debug, Clone, Default)]
pub struct HolderRevokeForm {
    pub presented: Presented,
    /// The box is ticked.
    pub sure: bool,
}

impl FormFields for HolderRevokeForm {
    fn read(sent: &Pairs) -> Self {
        Self { presented: presented(sent), sure: sent.text(Field::Acknowledged.as_str()) == TICKED }
    }
}

/// What the holder of a key is told.
pub type Looked = Arc<HeldView>;

/// The key that was revoked.
pub type Ended = Arc<SelfRevoked>;
