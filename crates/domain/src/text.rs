//! Texts that people type: their limits, how they are cleaned up, and what is refused.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{access_token, token};

/// The most characters of a name.
pub const NAME_MAX: usize = 100;
/// The most characters of a description.
pub const DESCRIPTION_MAX: usize = 1_000;
/// The most characters of a permission.
pub const PERMISSION_MAX: usize = 100;
/// The most permissions of a key.
pub const PERMISSIONS_MAX: usize = 200;
/// The most networks of a key.
pub const CIDRS_MAX: usize = 100;
/// The most domains of a key.
pub const DOMAINS_MAX: usize = 100;
/// The most characters of an e-mail address.
pub const EMAIL_MAX: usize = 254;
/// The fewest characters of a password that is all that protects an account (NIST SP 800-63B-4).
pub const PASSWORD_MIN: usize = 15;
/// The fewest characters of a password beside a second factor.
pub const PASSWORD_MIN_WITH_FACTOR: usize = 12;
/// The most characters of a password.
pub const PASSWORD_MAX: usize = 256;
/// The fewest characters of the passphrase of a hand-over. Few may be tried, and none elsewhere.
pub const PASSPHRASE_MIN: usize = 8;
/// The most characters of a search.
pub const SEARCH_MAX: usize = 200;
/// The most characters of why a key is needed, and of a word to whoever asked for it.
pub const WHY_MAX: usize = 500;
/// The most characters of a message in a room.
pub const MESSAGE_MAX: usize = 5_000;
/// The most characters of the note to a revoke.
pub const REASON_MAX: usize = 200;

/// For a text of nothing but joiners and marks.
const UNSEEN: &str = "Use characters that people can see.";

/// A name: one line, 1 to `NAME_MAX` characters, trimmed, NFC (on the server).
pub fn name(text: &str) -> Result<String, String> {
    visible(line(text, NAME_MAX)?, "Enter a name, for example: Create a chat.")
}

/// A person's name. Works like `name`, with its own message if it is blank.
pub fn person_name(text: &str) -> Result<String, String> {
    visible(line(text, NAME_MAX)?, "Enter the name that others know you by.")
}

/// The name of an app. Works like `name`, with its own message if it is blank.
pub fn app_name(text: &str) -> Result<String, String> {
    visible(line(text, NAME_MAX)?, "Enter a name, for example: Web shop.")
}

/// The name of a room. Works like `name`, with its own message if it is blank.
pub fn room_name(text: &str) -> Result<String, String> {
    visible(line(text, NAME_MAX)?, "Enter a name, for example: Support.")
}

/// The name of an integration. Works like `name`, with its own message if it is blank.
pub fn integration_name(text: &str) -> Result<String, String> {
    visible(line(text, NAME_MAX)?, "Enter a name, for example: Order desk.")
}

/// The form that a name shares with every other name that looks like it.
pub fn likeness(name: &str) -> String {
    name_key(&seen(name))
}

/// The name of whoever collects a key. Works like `name`, with its own message if it is blank.
pub fn recipient(text: &str) -> Result<String, String> {
    visible(line(text, NAME_MAX)?, "Enter the name of whoever collects the key.")
}

/// A person's first name. Works like `name`, with its own message if it is blank.
pub fn first_name(text: &str) -> Result<String, String> {
    visible(line(text, NAME_MAX)?, "Enter the name that others know them by.")
}

/// The whole name of a person with this first name, at most `NAME_MAX` characters; the last name may be blank.
pub fn with_last_name(first: &str, last: &str) -> Result<String, String> {
    line(&format!("{first} {}", line(last, NAME_MAX)?), NAME_MAX)
}

/// Whether `typed` looks the same as `name`, although the two may differ in what nobody sees.
pub fn is_same_name(typed: &str, name: &str) -> bool {
    seen(typed) == seen(name)
}

/// A description: lines of at most `DESCRIPTION_MAX` characters together, or nothing.
pub fn description(text: &str) -> Result<String, String> {
    lines(text, DESCRIPTION_MAX)
}

/// Why a key is needed: lines of 1 to `WHY_MAX` characters together.
pub fn why(text: &str) -> Result<String, String> {
    visible(lines(text, WHY_MAX)?, "Enter why the key is needed.")
}

/// A word to somebody: lines of at most `WHY_MAX` characters together, or nothing.
pub fn word_to(text: &str) -> Result<String, String> {
    lines(text, WHY_MAX)
}

/// What is said in a room: lines of at most `MESSAGE_MAX` characters together, NFC (on the server). It is no name, so only
/// control characters are refused; may be empty.
pub fn message(text: &str) -> Result<String, String> {
    let text = text.replace("\r\n", "\n");
    let text = text.trim_matches(['\n', ' ']);
    if let Some(control) = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
        return Err(hidden(control));
    }
    normal(text, MESSAGE_MAX)
}

/// A note: one line of at most `REASON_MAX` characters; `None` if it is blank.
pub fn note(text: &str) -> Result<Option<String>, String> {
    optional_line(text, REASON_MAX)
}

/// One line of at most `max` characters; `None` if it is blank.
pub(crate) fn optional_line(text: &str, max: usize) -> Result<Option<String>, String> {
    let line = line(text, max)?;
    if line.is_empty() { Ok(None) } else { visible(line, UNSEEN).map(Some) }
}

/// A word that is shown and searched for: one line of 1 to `max` characters.
pub(crate) fn word(text: &str, max: usize) -> Result<String, String> {
    visible(line(text, max)?, UNSEEN)
}

/// The name that somebody has in rooms and chats: one line of 1 to `max` characters.
pub(crate) fn shown_name(text: &str, max: usize) -> Result<String, String> {
    visible(line(text, max)?, "Enter the name that others see.")
}

/// The form of a name that lists sort and search by.
pub fn name_key(text: &str) -> String {
    nfc(&nfc(text.trim()).to_lowercase()).into_owned()
}

/// Whether a text is meant as an e-mail address: it has an `@`, however it is written.
pub(crate) fn is_email(text: &str) -> bool {
    text.contains(['@', '＠', '﹫'])
}

/// An e-mail address in the one form that identifies its owner: trimmed, lower case, NFKC (on the server).
pub fn email(text: &str) -> Result<String, String> {
    let text = text.trim();
    let wrong = || "Enter an e-mail address like owner@example.com.".to_owned();
    if text.is_empty() {
        return Err(wrong());
    }
    // Before the costly normalisation: it may lengthen a text, but never empties one.
    too_long(text, EMAIL_MAX)?;
    // In lower case it would not be known for a key, and could be guessed from what is left.
    no_key(text)?;
    let folded = nfkc(text);
    no_key(&folded)?;
    let email = nfkc(&folded.to_lowercase()).into_owned();
    too_long(&email, EMAIL_MAX)?;
    refused_character(&email, |_| false)?;
    // No script needs these in an address, and with one it looks like that of somebody else.
    if let Some(mark) = email.chars().find(|c| is_mark(*c)) {
        return Err(hidden(mark));
    }
    let (local, host) = email.split_once('@').ok_or_else(wrong)?;
    let host_ok = !host.contains('@') && host.split('.').all(|label| !label.is_empty());
    if local.is_empty()
        || !host_ok
        || email.contains(char::is_whitespace)
        || email.contains([',', ';', '<', '>', '"', '\\'])
    {
        return Err(wrong());
    }
    Ok(email)
}

/// The passphrase of a hand-over in the form that is hashed: at least `PASSPHRASE_MIN` characters; `None` if it is empty.
pub fn passphrase(text: &str) -> Result<Option<String>, String> {
    match text.chars().count() {
        0 => Ok(None),
        few if few < PASSPHRASE_MIN => Err(format!("Use at least {PASSPHRASE_MIN} characters, or none.")),
        many if many > PASSWORD_MAX => Err(format!("Use at most {PASSWORD_MAX} characters.")),
        _ => Ok(Some(password_form(text))),
    }
}

/// The form of a password that is hashed, for a new password and at sign-in: NFKC (on the server), not trimmed.
pub fn password_form(text: &str) -> String {
    nfkc(text).into_owned()
}

/// A new password of at least `least` characters, in the form that is hashed. `inputs` are words that an attacker would
/// try first: name, e-mail.
pub fn password(text: &str, inputs: &[&str], least: usize) -> Result<String, String> {
    too_long(text, PASSWORD_MAX)?;
    let password = password_form(text);
    let length = password.chars().count();
    if length < least {
        return Err(format!("Use at least {least} characters; yours has {length}."));
    }
    common_password(&password, inputs, least)?;
    Ok(password)
}

/// The first text, in byte order, after all texts that begin with `prefix`; `None` if there is none.
pub fn prefix_upper_bound(prefix: &str) -> Option<String> {
    let mut bound = prefix.to_owned();
    while let Some(last) = bound.pop() {
        // Skip the surrogates, which are not characters.
        let next = if last == '\u{d7ff}' { Some('\u{e000}') } else { char::from_u32(u32::from(last) + 1) };
        if let Some(next) = next {
            bound.push(next);
            return Some(bound);
        }
    }
    None
}

/// A text in an error message: in quotes, on one line, cut after 60 characters. On the server it is without whole keys.
pub fn quote(text: &str) -> String {
    let text = quotable(text);
    let mut shown: String = text.chars().take(60).map(shown).collect();
    if shown.len() < text.len() && text.chars().nth(60).is_some() {
        shown.push('…');
    }
    format!("“{shown}”")
}

/// A message goes into answers and logs. The first 60 characters of a key would have its whole secret.
#[cfg(feature = "server")]
fn quotable(text: &str) -> Cow<'_, str> {
    token::without_keys(text)
}

/// The browser shows it to whoever typed it, and to nobody else.
#[cfg(not(feature = "server"))]
fn quotable(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text)
}

/// A character of untrusted text, made safe to store and show.
pub fn shown(c: char) -> char {
    if is_refused(c) { '\u{fffd}' } else { c }
}

/// A line that shows something.
fn visible(line: String, message: &str) -> Result<String, String> {
    if shows_nothing(&line) { Err(message.to_owned()) } else { Ok(line) }
}

/// What people see of a name: without joiners and marks, and with each run of white space as one space.
fn seen(text: &str) -> String {
    let text: String = nfc(text).chars().filter(|c| c.is_whitespace() || !(is_refused(*c) || is_mark(*c))).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// All but what an address holds as it is (RFC 3986, 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A text as a part of an address, percent-encoded.
pub fn uri_component(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// The items between commas.
pub fn joined(items: impl IntoIterator<Item = impl ToString>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

/// One line of at most `max` characters, trimmed, NFC (on the server); may be empty.
pub(crate) fn line(text: &str, max: usize) -> Result<String, String> {
    clean(text, max, |_| false)
}

/// Lines of at most `max` characters together, trimmed, NFC (on the server); may be empty.
fn lines(text: &str, max: usize) -> Result<String, String> {
    let text = text.replace("\r\n", "\n");
    clean(&text, max, |c| c == '\n' || c == '\t')
}

fn clean(text: &str, max: usize, allowed: fn(char) -> bool) -> Result<String, String> {
    let text = text.trim();
    refused_character(text, allowed)?;
    normal(text, max)
}

fn normal(text: &str, max: usize) -> Result<String, String> {
    no_key(text)?;
    // Normalisation is costly, so first refuse texts that are too long in any case: it composes at most a few
    // characters of at most four bytes into one.
    if text.len() > max.saturating_mul(32) {
        too_long(text, max)?;
    }
    let normal = nfc(text);
    if let Cow::Owned(normal) = &normal {
        // It makes letters of a key of some that look like them.
        no_key(normal)?;
    }
    too_long(&normal, max)?;
    Ok(normal.into_owned())
}

/// Refuses a text that contains a complete key or an access token.
pub(crate) fn no_key(text: &str) -> Result<(), String> {
    if token::stands_in(text) {
        return Err("This contains a complete API key. Remove it.".to_owned());
    }
    if access_token::stands_in(text) { Err("This contains an access token. Remove it.".to_owned()) } else { Ok(()) }
}

/// Refuses the two texts that no path can have between its slashes: programs take them away before they call.
pub(crate) fn no_dots(text: &str) -> Result<(), String> {
    let folded = matches!(text, "." | "..");
    if folded { Err("Use another one: programs leave . and .. out of an address.".to_owned()) } else { Ok(()) }
}

fn too_long(text: &str, max: usize) -> Result<(), String> {
    // No character takes less than a byte, so short texts need no count.
    if text.len() <= max {
        return Ok(());
    }
    match text.chars().count() {
        length if length > max => Err(format!("Use at most {max} characters; yours has {length}.")),
        _ => Ok(()),
    }
}

fn refused_character(text: &str, allowed: fn(char) -> bool) -> Result<(), String> {
    match text.chars().find(|c| is_refused(*c) && !allowed(*c)) {
        Some('\n' | '\r') => Err("Use a single line.".to_owned()),
        Some(c) => Err(hidden(c)),
        None => Ok(()),
    }
}

fn hidden(character: char) -> String {
    format!("Remove the hidden character U+{:04X}.", u32::from(character))
}

/// Whether a character is left out of what others are shown: control characters, and those that reorder or hide text.
pub(crate) fn is_hidden(c: char) -> bool {
    is_refused(c) || is_mark(c)
}

/// Whether nobody would see anything of a text.
pub(crate) fn shows_nothing(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || is_hidden(c))
}

/// Control characters, and invisible characters that make two texts look alike or reorder the text around them.
/// Joiners, direction marks and variation selectors are allowed: some scripts need them.
fn is_refused(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}' | '\u{200b}'
        )
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{feff}')
        || matches!(c, '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e00ff}')
}

/// Joiners, direction marks and variation selectors.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200c}'..='\u{200f}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Most texts are ASCII, which normalisation leaves as it is.
#[cfg(feature = "server")]
fn nfc(text: &str) -> Cow<'_, str> {
    use unicode_normalization::UnicodeNormalization;
    if text.is_ascii() { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) }
}

#[cfg(feature = "server")]
pub(crate) fn nfkc(text: &str) -> Cow<'_, str> {
    use unicode_normalization::UnicodeNormalization;
    if text.is_ascii() { Cow::Borrowed(text) } else { Cow::Owned(text.nfkc().collect()) }
}

#[cfg(not(feature = "server"))]
fn nfc(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text)
}

#[cfg(not(feature = "server"))]
fn nfkc(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text)
}

#[cfg(feature = "server")]
fn common_password(password: &str, inputs: &[&str], least: usize) -> Result<(), String> {
    if is_made_of(password, inputs, least) {
        let message = "This password is too close to your name, your e-mail or the name Keystead: use other words.";
        return Err(message.to_owned());
    }
    let entropy = zxcvbn::zxcvbn(password, inputs);
    if entropy.score() >= zxcvbn::Score::Three {
        return Ok(());
    }
    let warning = entropy.feedback().and_then(zxcvbn::feedback::Feedback::warning);
    Err(match warning {
        Some(warning) => {
            let reason = warning.to_string();
            format!("{}: use a longer or less common one.", reason.trim_end_matches('.'))
        }
        None => "This password is easy to guess: use a longer or less common one.".to_owned(),
    })
}

/// Whether fewer than half of `least` letters and digits are left without the words of `inputs`.
#[cfg(feature = "server")]
fn is_made_of(password: &str, inputs: &[&str], least: usize) -> bool {
    let password = password.to_lowercase();
    let mut rest = password.clone();
    for input in inputs.iter().chain(&["keystead"]) {
        for word in input.split(|c: char| !c.is_alphanumeric()) {
            if word.chars().count() > 2 {
                rest = rest.replace(&word.to_lowercase(), "");
            }
        }
    }
    rest != password && rest.chars().filter(|c| c.is_alphanumeric()).count() < least / 2
}

#[cfg(not(feature = "server"))]
#[expect(clippy::unnecessary_wraps, reason = "as with the feature `server`")]
fn common_password(_password: &str, _inputs: &[&str], _least: usize) -> Result<(), String> {
    Ok(())
}

#[cfg(test)]
mod tests;
