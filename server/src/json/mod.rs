//! JSON bodies and answers of every edge that speaks to programs.

pub(crate) mod answer;
pub(crate) mod body;
pub(crate) mod body_errors;
pub(crate) mod fault;
pub(crate) mod members;
pub(crate) mod problem;
mod tree;
