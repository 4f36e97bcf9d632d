//! Queries over permissions: `a AND (b OR c)`.

use crate::permission::{Permission, is_well_formed};
use crate::text::{PERMISSION_MAX, quote};

/// The most characters of a query.
pub const QUERY_MAX: usize = 1_000;
/// The deepest nesting of parentheses.
pub const DEPTH_MAX: u32 = 64;

/// A parsed query. `AND` binds tighter than `OR`, and both may be written in any case. A permission is taken literally:
/// `invoices.*` needs a key that holds `invoices.*` or `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionQuery {
    text: String,
    /// The query in postfix order.
    steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Bytes of the text: a permission that is asked for.
    Has(usize, usize),
    And,
    Or,
}

/// Why a query could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("At character {}: {message}", .at + 1)]
pub struct QueryError {
    /// Where the error is, in characters from 0.
    pub at: u32,
    /// One sentence that says what to do.
    pub message: String,
}

impl PermissionQuery {
    /// Reads a query of 1 to `QUERY_MAX` characters.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let length = text.chars().count();
        if length > QUERY_MAX {
            return Err(QueryError {
                at: 0,
                message: format!("Use at most {QUERY_MAX} characters; you sent {length}."),
            });
        }
        let mut parser = Parser { text, at: 0, depth: 0, steps: Vec::new() };
        parser.either()?;
        if let Some(word) = parser.peek() {
            return Err(if word == ")" {
                parser.error("This closing parenthesis has no opening one: remove it.".to_owned())
            } else {
                parser.error(format!("Write AND or OR before {}.", quote(word)))
            });
        }
        let steps = parser.steps;
        Ok(Self { text: text.to_owned(), steps })
    }

    /// The text of the query.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether these permissions satisfy the query.
    pub fn allows(&self, held: &[Permission]) -> bool {
        let mut stack = Vec::with_capacity(8);
        for step in &self.steps {
            match *step {
                Step::Has(from, to) => {
                    let asked = self.text.get(from..to).unwrap_or_default();
                    stack.push(held.iter().any(|permission| permission.gives(asked)));
                }
                Step::And | Step::Or => {
                    let (right, left) = (stack.pop() == Some(true), stack.pop() == Some(true));
                    stack.push(if *step == Step::And { left && right } else { left || right });
                }
            }
        }
        stack.pop() == Some(true)
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
    steps: Vec<Step>,
}

impl<'a> Parser<'a> {
    fn either(&mut self) -> Result<(), QueryError> {
        self.all()?;
        while self.take_operator("OR") {
            self.all()?;
            self.steps.push(Step::Or);
        }
        Ok(())
    }

    fn all(&mut self) -> Result<(), QueryError> {
        self.term()?;
        while self.take_operator("AND") {
            self.term()?;
            self.steps.push(Step::And);
        }
        Ok(())
    }

    fn term(&mut self) -> Result<(), QueryError> {
        let Some(word) = self.peek() else {
            return Err(self.error("Write a permission here.".to_owned()));
        };
        if word == "(" {
            return self.group();
        }
        if word == ")" || word == "AND" || word == "OR" {
            return Err(self.error(format!("Write a permission before {word}.")));
        }
        if word.len() > PERMISSION_MAX || !is_well_formed(word) {
            return Err(self
                .error(format!("{} is not a permission: write one like invoices.read, in lower case.", quote(word))));
        }
        self.steps.push(Step::Has(self.at, self.at + word.len()));
        self.at += word.len();
        Ok(())
    }

    fn group(&mut self) -> Result<(), QueryError> {
        if self.depth == DEPTH_MAX {
            return Err(self.error(format!("Nest at most {DEPTH_MAX} parentheses.")));
        }
        self.depth += 1;
        self.at += 1;
        self.either()?;
        match self.peek() {
            Some(")") => self.at += 1,
            Some(word) => {
                return Err(self.error(format!("Write AND or OR before {}.", quote(word))));
            }
            None => return Err(self.error("Write a closing parenthesis here.".to_owned())),
        }
        self.depth -= 1;
        Ok(())
    }

    fn take_operator(&mut self, operator: &str) -> bool {
        let found = self.peek().is_some_and(|word| word.eq_ignore_ascii_case(operator));
        if found {
            self.at += operator.len();
        }
        found
    }

    /// The next word or parenthesis. Skips white space before it.
    fn peek(&mut self) -> Option<&'a str> {
        let rest = self.text.get(self.at..)?;
        let word = rest.trim_ascii_start();
        self.at += rest.len() - word.len();
        let is_end = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'(' | b')');
        let end = match word.as_bytes() {
            [] => return None,
            [b'(' | b')', ..] => 1,
            bytes => bytes.iter().position(is_end).unwrap_or(bytes.len()),
        };
        word.get(..end)
    }

    fn error(&self, message: String) -> QueryError {
        let before = self.text.get(..self.at).unwrap_or_default();
        QueryError { at: u32::try_from(before.chars().count()).unwrap_or(u32::MAX), message }
    }
}

#[cfg(test)]
mod tests;
