//! A list as a table. Its columns get their widths from the first page, so that a list of any length is printed page by
//! page. On a terminal, what does not fit is cut; anywhere else, nothing is.

use clap::builder::styling::Style;
use comfy_table::presets::NOTHING;
use comfy_table::{ColumnConstraint, ContentArrangement, Row, Table as Grid, Width};

use super::json::Json;
use super::output::{is_styled, on_a_line, width};

/// The space between two columns.
const BETWEEN: u16 = 2;

/// The least that a column keeps if the terminal is too narrow.
const LEAST: u16 = 10;

/// A column: its heading, the member that it shows or one inside it, and what stands for none.
pub(super) struct Column {
    head: &'static str,
    member: &'static str,
    none: &'static str,
    /// Whether it may be cut: an id that is cut is of no use.
    is_cut: bool,
}

impl Column {
    pub const fn new(head: &'static str, member: &'static str) -> Self {
        Self { head, member, none: "", is_cut: true }
    }

    /// The same, never cut.
    pub const fn whole(head: &'static str, member: &'static str) -> Self {
        Self { is_cut: false, ..Self::new(head, member) }
    }

    /// The same, with a word in place of no value.
    pub const fn or(self, none: &'static str) -> Self {
        Self { none, ..self }
    }

    fn cell(&self, row: &Json) -> String {
        let words = row.at(self.member).map(Json::words).unwrap_or_default();
        if words.is_empty() { self.none.to_owned() } else { on_a_line(&words) }
    }
}

/// A table that grows page by page.
pub(super) struct Table {
    columns: &'static [Column],
    /// The width of the terminal; `None` elsewhere.
    room: Option<usize>,
    is_styled: bool,
    /// The widths of the columns, once the first page is there.
    widths: Option<Vec<u16>>,
}

impl Table {
    pub fn new(columns: &'static [Column]) -> Self {
        Self { columns, room: width(), is_styled: is_styled(), widths: None }
    }

    /// Whether the headings are printed.
    pub fn has_begun(&self) -> bool {
        self.widths.is_some()
    }

    /// The lines of the next page; the first one has the headings.
    pub fn page(&mut self, rows: &[Json]) -> Vec<String> {
        let mut grid = Grid::new();
        grid.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled).set_truncation_indicator("…");
        let is_first = self.widths.is_none();
        if is_first {
            grid.set_header(self.columns.iter().map(|column| column.head));
        }
        for row in rows {
            let mut cells = Row::from(self.columns.iter().map(|column| column.cell(row)).collect::<Vec<_>>());
            cells.max_height(1);
            grid.add_row(cells);
        }
        let own = grid.column_max_content_widths();
        let widths = match &self.widths {
            None => self.fitted(own),
            Some(widths) if self.room.is_some() => widths.clone(),
            Some(widths) => widths.iter().zip(own).map(|(first, own)| own.max(*first)).collect(),
        };
        for (column, width) in grid.column_iter_mut().zip(&widths) {
            column.set_padding((0, BETWEEN));
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width.saturating_add(BETWEEN))));
        }
        let mut lines: Vec<String> = grid.lines().map(|line| line.trim_end().to_owned()).collect();
        if let Some(head) = lines.first_mut().filter(|_| is_first && self.is_styled) {
            let bold = Style::new().bold();
            *head = format!("{bold}{head}{bold:#}");
        }
        self.widths.get_or_insert(widths);
        lines
    }

    /// The widths that fit the terminal: the widest column that may be cut becomes narrower, again and again.
    fn fitted(&self, mut widths: Vec<u16>) -> Vec<u16> {
        let Some(room) = self.room else { return widths };
        let between = usize::from(BETWEEN) * widths.len().saturating_sub(1);
        let mut taken = widths.iter().map(|width| usize::from(*width)).sum::<usize>() + between;
        while taken > room {
            let cut = widths.iter_mut().zip(self.columns).filter(|(width, column)| column.is_cut && **width > LEAST);
            let Some((widest, _)) = cut.max_by_key(|(width, _)| **width) else { break };
            *widest -= 1;
            taken -= 1;
        }
        widths
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static COLUMNS: &[Column] =
        &[Column::whole("Id", "id"), Column::new("Name", "name"), Column::new("Used", "usedAt").or("Never used")];

    fn rows(names: &[&str]) -> Vec<Json> {
        let row = |name: &&str| {
            Json::Object(vec![
                ("id".to_owned(), "7Qm2xVbN4tRa".to_owned().into()),
                ("name".to_owned(), (*name).to_owned().into()),
            ])
        };
        names.iter().map(row).collect()
    }

    fn table(room: Option<usize>) -> Table {
        Table { columns: COLUMNS, room, is_styled: false, widths: None }
    }

    #[test]
    fn pages_line_up_and_nothing_is_cut_where_there_is_no_terminal() {
        let mut table = table(None);
        let first = table.page(&rows(&["Ada", "日本"]));
        assert_eq!(
            first,
            ["Id            Name  Used", "7Qm2xVbN4tRa  Ada   Never used", "7Qm2xVbN4tRa  日本  Never used"]
        );
        let long = "a name that is longer than all of the first page";
        assert_eq!(table.page(&rows(&["B"])), ["7Qm2xVbN4tRa  B     Never used"]);
        assert_eq!(table.page(&rows(&[long])), [format!("7Qm2xVbN4tRa  {long}  Never used")]);
    }

    #[test]
    fn a_terminal_cuts_what_may_be_cut() {
        let mut table = table(Some(40));
        let lines = table.page(&rows(&["an-unusually-long-name-of-a-key", "short"]));
        assert!(lines.iter().all(|line| line.chars().count() <= 40), "{lines:?}");
        assert!(lines[1].starts_with("7Qm2xVbN4tRa  an-unusual") && lines[1].contains('…'), "{lines:?}");
        let harmful = table.page(&rows(&["\u{1b}[2J"]));
        assert!(!harmful[0].contains('\u{1b}'), "{harmful:?}");
    }

    #[test]
    fn an_empty_page_has_the_headings() {
        assert_eq!(table(None).page(&[]), ["Id  Name  Used"]);
    }
}
