//! What a command prints. A result goes to standard output and everything else to standard error; `println!` would panic
//! if one of them is full or closed.

use std::fmt;
use std::io::{self, IsTerminal, Write};

use domain::token::{may_be_secret, without_keys};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::tcgetwinsize;

use super::failure::Failure;

/// Prints a result.
pub(super) fn print(lines: fmt::Arguments<'_>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{lines}")?;
    out.flush()
}

/// Prints a result that can be asked for again.
pub(super) fn show(lines: fmt::Arguments<'_>) -> Result<(), Failure> {
    print(lines).map_err(Failure::Output)
}

/// Prints a piece of a result, without an end of line.
pub(super) fn write(piece: fmt::Arguments<'_>) -> Result<(), Failure> {
    write!(io::stdout().lock(), "{piece}").map_err(Failure::Output)
}

/// Prints everything else, and ignores a failure, since nobody could read about it. A whole key, or the secret of one, that
/// somebody typed in the wrong place is not repeated: the lines may go into a log.
pub(super) fn tell(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{}", secretless(&line.to_string()));
}

/// A line without the secrets of whole keys, and without what may be such a secret alone.
fn secretless(line: &str) -> String {
    let separates = |c: char| !c.is_ascii_alphanumeric();
    let shown = |piece: &str| {
        let run = piece.trim_end_matches(separates);
        if may_be_secret(run) { piece.replacen(run, "…", 1) } else { piece.to_owned() }
    };
    without_keys(line).split_inclusive(separates).map(shown).collect()
}

/// The width of the terminal that shows the result; `None` if none does.
pub(super) fn width() -> Option<usize> {
    let out = io::stdout();
    if !out.is_terminal() {
        return None;
    }
    tcgetwinsize(&out).ok().map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// Whether headings are bold: on a terminal, unless its user wants none of that (no-color.org).
pub(super) fn is_styled() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Whether whoever read the output has gone away. Whoever waits for something to print would not notice otherwise.
pub(super) fn is_unread() -> bool {
    let out = io::stdout();
    let mut asked = [PollFd::new(&out, PollFlags::empty())];
    let polled = poll(&mut asked, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
    polled.is_ok() && asked.iter().any(|asked| asked.revents().intersects(PollFlags::ERR | PollFlags::HUP))
}

/// A text without what would change how a terminal shows the rest, or what nobody would see.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if is_harmful(c) { '\u{fffd}' } else { c }).collect()
}

/// Control characters, what ends a line, and the characters of format that show nothing themselves (Unicode's Cf): marks of
/// direction, joiners, tags. Those that are seen, as the signs before Arabic numbers, are left.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{13430}'..='\u{1343f}')
        || matches!(c, '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e007f}')
}

/// The same of a text that people may have written on several lines.
pub(super) fn on_a_line(text: &str) -> String {
    plain(&text.replace('\n', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_no_secret_that_was_typed_in_the_wrong_place() {
        let (secret, digest) = ("aB3".repeat(17), "0a".repeat(32));
        assert_eq!(
            secretless(&format!("\"{secret}\" cannot be used:\n{digest}")),
            format!("\"…\" cannot be used:\n{digest}")
        );
        assert_eq!(secretless("there is no \"7Qm2xVbN4tRa\""), "there is no \"7Qm2xVbN4tRa\"");
    }

    #[test]
    fn a_text_cannot_steer_the_terminal() {
        assert_eq!(plain("Zoë’s key 日本"), "Zoë’s key 日本");
        for harmful in ["\u{1b}[2J", "a\rb", "a\nb", "\u{9b}31m", "\u{202e}txt", "\u{7}"] {
            let shown = plain(harmful);
            assert!(shown.contains('\u{fffd}') && !shown.chars().any(char::is_control), "{harmful:?}");
        }
        let bidi = ['\u{61c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202e}', '\u{2066}', '\u{2069}'];
        let unseen = ['\u{ad}', '\u{180e}', '\u{200b}', '\u{200d}', '\u{2028}', '\u{2060}', '\u{206a}', '\u{feff}'];
        let rare = ['\u{fff9}', '\u{1343f}', '\u{1bca0}', '\u{1d173}', '\u{e0001}', '\u{e007f}'];
        for harmful in bidi.into_iter().chain(unseen).chain(rare) {
            assert_eq!(plain(&format!("a{harmful}b")), "a\u{fffd}b", "{harmful:?}");
        }
        for seen in ["\u{600}1", "\u{6dd}", "a\u{301}", "\u{a0}"] {
            assert_eq!(plain(seen), seen, "{seen:?}");
        }
        assert_eq!(on_a_line("For the\nauditors\r"), "For the auditors\u{fffd}");
    }
}
