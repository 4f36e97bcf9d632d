//! A list of the API, page by page: its filters are the parameters that the API itself has, so that both cannot differ.

use std::marker::PhantomData;

use clap::builder::PossibleValuesParser;
use clap::error::Error;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use super::call::{Call, long};
use super::client::Client;
use super::failure::Failure;
use super::json::Json;
use super::output::show;
use super::table::{Column, Table};
use crate::api::{Param, Takes};
use crate::router::list_parameters;

/// The parameters that turn pages, which a command does itself.
const PAGING: [&str; 3] = ["after", "before", "rows"];

/// The largest page that a list has.
const LARGEST_PAGE: (&str, &str) = ("rows", "100");

/// A list of the API.
pub(super) trait List {
    const PATH: &'static str;
    const COLUMNS: &'static [Column];
    /// What is printed in place of an empty table.
    const EMPTY: &'static str;
}

/// What a list is asked for.
#[derive(Debug, Args)]
pub(super) struct Asked<L: List> {
    #[command(flatten)]
    filters: Filters<L>,
    /// Stop after so many [default: all of them]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
}

/// The filters of a list.
#[derive(Debug)]
pub(super) struct Filters<L> {
    given: Vec<(String, String)>,
    list: PhantomData<L>,
}

fn filters(path: &str) -> impl Iterator<Item = &'static Param> {
    list_parameters(path).iter().filter(|param| !PAGING.contains(&param.name))
}

fn argument(param: &'static Param) -> Arg {
    let arg = Arg::new(param.name).long(long(param.name)).help(param.about.trim_end_matches('.'));
    match param.takes {
        Takes::Words(words) => arg.value_name("WORD").value_parser(PossibleValuesParser::new(words())),
        Takes::Search(_) => arg.value_name("TEXT").value_parser(searched),
        Takes::Text(_) | Takes::Cursor => arg.value_name("TEXT").value_parser(without_keys),
        Takes::Day => arg.value_name("DAY").value_parser(without_keys),
        Takes::KeyId => arg.value_name("ID").value_parser(super::key_id),
        Takes::PersonId | Takes::IntegrationId => arg.value_name("ID").value_parser(without_keys),
    }
}

/// A token is cut to its id: it must not get into an address. A search of which a part is left out would find more.
fn searched(text: &str) -> Result<String, String> {
    let whole = domain::list::search_whole(text);
    whole.ok_or_else(|| "it cannot be searched for whole: use 1 to 200 letters, digits and signs".to_owned())
}

/// What is compared as it is.
fn without_keys(text: &str) -> Result<String, String> {
    if domain::token::stands_in(text) { Err("it has a whole key in it".to_owned()) } else { Ok(text.to_owned()) }
}

impl<L: List> Args for Filters<L> {
    fn augment_args(command: Command) -> Command {
        command.args(filters(L::PATH).map(argument))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<L: List> FromArgMatches for Filters<L> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let given = |param: &Param| Some((param.name.to_owned(), matches.get_one::<String>(param.name)?.clone()));
        Ok(Self { given: filters(L::PATH).filter_map(given).collect(), list: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl<L: List> Asked<L> {
    /// Prints it. Only one page at a time is in memory.
    pub async fn print(&self, client: &mut Client, json: bool) -> Result<(), Failure> {
        let mut pages = Pages::new(&self.filters, self.limit);
        let mut printer = if json { Printer::Json(0) } else { Printer::Table(Table::new(L::COLUMNS), 0) };
        while let Some(rows) = pages.next(client).await? {
            printer.page(&rows)?;
        }
        printer.end(L::EMPTY)
    }
}

/// The pages of a list, one after the other.
pub(super) struct Pages<'f> {
    path: &'static str,
    filters: &'f [(String, String)],
    rows: Option<(&'static str, &'static str)>,
    left: Option<u64>,
    /// Where the next page begins; `None` at the end.
    at: Option<Cursor>,
}

enum Cursor {
    Start,
    After(String),
}

impl<'f> Pages<'f> {
    pub fn new<L: List>(filters: &'f Filters<L>, limit: Option<u64>) -> Self {
        let has_rows = list_parameters(L::PATH).iter().any(|param| param.name == LARGEST_PAGE.0);
        let rows = has_rows.then_some(LARGEST_PAGE);
        Self { path: L::PATH, filters: &filters.given, rows, left: limit, at: Some(Cursor::Start) }
    }

    /// The next page; `None` at the end.
    pub async fn next(&mut self, client: &mut Client) -> Result<Option<Vec<Json>>, Failure> {
        let Some(at) = self.at.take().filter(|_| self.left != Some(0)) else { return Ok(None) };
        let mut call = Call::get(self.path).with_all(self.filters);
        if let Some((name, rows)) = self.rows {
            call = call.with(name, rows);
        }
        if let Cursor::After(cursor) = &at {
            call = call.with("after", cursor);
        }
        let answer = client.send(&call).await?;
        self.at = answer.text("next").map(|next| Cursor::After(next.to_owned()));
        let Some(Json::List(mut rows)) = take(answer, "data") else { return Ok(Some(Vec::new())) };
        if let Some(left) = &mut self.left {
            rows.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
            *left -= rows.len() as u64;
        }
        Ok(Some(rows))
    }
}

fn take(answer: Json, name: &str) -> Option<Json> {
    let Json::Object(members) = answer else { return None };
    members.into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

enum Printer {
    /// One document, and how many rows it has already.
    Json(usize),
    Table(Table, usize),
}

impl Printer {
    fn page(&mut self, rows: &[Json]) -> Result<(), Failure> {
        match self {
            Self::Json(printed) => {
                for row in rows {
                    let before = if *printed == 0 { "{\"data\":[" } else { "," };
                    super::output::write(format_args!("{before}{}", row.to_text()))?;
                    *printed += 1;
                }
                Ok(())
            }
            Self::Table(_, _) if rows.is_empty() => Ok(()),
            Self::Table(table, printed) => {
                *printed += rows.len();
                show(format_args!("{}", table.page(rows).join("\n")))
            }
        }
    }

    fn end(self, empty: &str) -> Result<(), Failure> {
        match self {
            Self::Json(0) => show(format_args!("{{\"data\":[]}}")),
            Self::Json(_) => show(format_args!("]}}")),
            Self::Table(_, 0) => {
                super::output::tell(format_args!("{empty}"));
                Ok(())
            }
            Self::Table(..) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::{CommandFactory, Parser};

    use super::*;
    use crate::api::V1;
    use crate::api::document::document;
    use crate::cli::Cli;

    /// The options of a command that no other command around it has.
    fn options(of: &str) -> BTreeSet<String> {
        let mut command = Cli::command();
        command.build();
        let list = command.find_subcommand(of).and_then(|of| of.find_subcommand("list")).unwrap();
        let own = list
            .get_arguments()
            .filter(|arg| !arg.is_global_set() && !matches!(arg.get_id().as_str(), "help" | "limit"));
        own.map(|arg| arg.get_long().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_filter_is_sent_whole_or_refused_and_no_key_is_sent() {
        let key = domain::token::PlainToken::compose("ks", &domain::ids::KeyId::from_random([7; 16]), &"a".repeat(43));
        let key = key.expose();
        assert_eq!(searched("ks_7Qm2xVbN4tRa_…f3Kd").unwrap(), "7Qm2xVbN4tRa");
        assert_eq!(searched(" Invoices ").unwrap(), "Invoices");
        for part in ["a\u{7}b".to_owned(), "x".repeat(201), " ".to_owned()] {
            assert!(searched(&part).is_err(), "{part}");
        }
        for kept in ["team  blue", " a", "v1:42"] {
            assert_eq!(without_keys(kept).as_deref(), Ok(kept));
        }
        assert!(without_keys(key).is_err());
        for (of, path) in [("key", "/v1/keys"), ("audit", "/v1/audit")] {
            for param in filters(path).filter(|param| !matches!(param.takes, Takes::Search(_) | Takes::KeyId)) {
                let given = ["keystead", of, "list", &format!("--{}", long(param.name)), key];
                assert!(Cli::try_parse_from(given).is_err(), "{}", param.name);
            }
        }
    }

    #[test]
    fn the_options_of_a_list_are_its_parameters_in_the_document() {
        let document = document(&[&V1]);
        for (command, path) in [
            ("key", "/v1/keys"),
            ("app", "/v1/apps"),
            ("person", "/v1/people"),
            ("invite", "/v1/invites"),
            ("request", "/v1/requests"),
            ("audit", "/v1/audit"),
        ] {
            let parameters = document["paths"][path]["get"]["parameters"].as_array().unwrap().iter();
            let named = parameters.map(|parameter| parameter["name"].as_str().unwrap());
            let named: BTreeSet<_> = named
                .filter(|name| !PAGING.contains(name))
                .map(|name| if name == "q" { "search".to_owned() } else { name.replace('_', "-") })
                .collect();
            assert_eq!(options(command), named, "{command}");
        }
    }
}
