//! What the browser runs too. Pages work without them.

pub mod acknowledge;
pub mod check;
pub mod connectivity;
pub mod key_form;
pub mod page;
