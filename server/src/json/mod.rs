//! JSON bodies and answers of every edge for programs.

pub(crate) mod answer;
pub(crate) mod body;
pub(crate) mod body_errors;
pub(crate) mod fault;
pub(crate) mod members;
pub(crate) mod problem;
mod problem_kind;
mod tree;
