//! Attachments: files that are sent in rooms. Anybody may have made them, so nothing about them is believed.

use serde::{Deserialize, Serialize};

use crate::ids::AttachmentId;
use crate::text;
#[cfg(feature = "server")]
use crate::token;

/// The most characters of a file's name.
pub const FILE_NAME_MAX: usize = 200;

/// The most bytes of a file, unless the installation says otherwise.
pub const SIZE_MAX: u64 = 10_000_000;

/// The most files that an app has in no room, and the most in one room to which a program adds one.
pub const LINKED_MAX: u64 = 10_000;

/// The most bytes that these have together.
pub const LINKED_BYTES_MAX: u64 = 10_000_000_000;

/// The type of every file that is not of a harmless one.
pub const ANY_TYPE: &str = "application/octet-stream";

/// Types that a browser only shows. Neither HTML nor SVG, which it would run.
const HARMLESS: [&str; 5] = ["image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf"];

/// A file in a room, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The file's id.
    pub id: AttachmentId,
    /// Its name, without any folder.
    pub name: String,
    /// Its type, one that no browser runs.
    pub media_type: String,
    /// How many bytes it has.
    pub size: u64,
}

/// The name under which a file is kept: without folders, control characters and marks that reorder text, at most
/// `FILE_NAME_MAX` characters, of which the last stay, and without the secrets of whole keys; `file` if nothing is left.
#[cfg(feature = "server")]
pub fn file_name(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: Vec<char> =
        last.chars().filter(|c| !text::is_hidden(*c) && !matches!(c, '"' | '<' | '>' | '|')).collect();
    let from = kept.len().saturating_sub(FILE_NAME_MAX);
    let name: String = kept.iter().skip(from).collect();
    let name = token::without_keys(&name);
    let name = name.trim_start_matches(|c: char| c == '.' || c.is_whitespace()).trim_end();
    if name.is_empty() { "file".to_owned() } else { name.to_owned() }
}

/// The type under which a file is served: the one that it claims if that is harmless.
pub fn media_type(claimed: &str) -> &'static str {
    let claimed = claimed.split(';').next().unwrap_or_default().trim();
    HARMLESS.into_iter().find(|harmless| claimed.eq_ignore_ascii_case(harmless)).unwrap_or(ANY_TYPE)
}

/// The header with which a browser saves a file under its name in place of showing it.
pub fn disposition(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "._- ".contains(c) { c } else { '_' }).collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", text::uri_component(name))
}

#[cfg(all(test, feature = "server"))]
mod tests {
    use crate::ids::KeyId;
    use crate::token::PlainToken;

    use super::*;

    #[test]
    fn a_name_loses_the_secret_of_a_key() {
        let key = PlainToken::compose("ks", &KeyId::parse("7Qm2xVbN4tRa").unwrap(), &"s".repeat(43));
        let (start, end) = key.expose().split_at(30);
        for given in [format!("{}.png", key.expose()), format!("{start}\u{200b}{end}.png")] {
            assert_eq!(file_name(&given), "ks_7Qm2xVbN4tRa_.png");
        }
    }

    #[test]
    fn a_name_loses_its_tricks() {
        for (given, kept) in [
            ("report.pdf", "report.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\temp\\a.txt", "a.txt"),
            ("a\0b\r\n.txt", "ab.txt"),
            ("\u{202e}fdp.exe", "fdp.exe"),
            ("<img src=x>.png", "img src=x.png"),
            ("...", "file"),
            (".htaccess", "htaccess"),
            (". .htaccess ", "htaccess"),
            ("..", "file"),
            ("folder/", "file"),
            ("", "file"),
            ("Übersicht 2026.xlsx", "Übersicht 2026.xlsx"),
        ] {
            assert_eq!(file_name(given), kept, "{given:?}");
        }
        let long = format!("{}.png", "n".repeat(300));
        assert!(file_name(&long).chars().count() == FILE_NAME_MAX && file_name(&long).ends_with("n.png"));
    }

    #[test]
    fn a_file_is_saved_under_its_name() {
        assert_eq!(disposition("a b.pdf"), "attachment; filename=\"a b.pdf\"; filename*=UTF-8''a%20b.pdf");
        assert_eq!(
            disposition("é\";\r.svg"),
            "attachment; filename=\"____.svg\"; filename*=UTF-8''%C3%A9%22%3B%0D.svg"
        );
    }

    #[test]
    fn only_harmless_types_are_believed() {
        assert_eq!(media_type("IMAGE/PNG; x=y"), "image/png");
        for claimed in
            ["", "text/html", "image/svg+xml", "application/xhtml+xml", "text/javascript", "image/png\r\nX: y"]
        {
            assert_eq!(media_type(claimed), ANY_TYPE, "{claimed}");
        }
    }
}
