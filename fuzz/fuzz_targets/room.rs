//! What clients of rooms send has one form: what is read and written again does not change, and a file's name leads nowhere.
#![no_main]

use domain::attachment::{FILE_NAME_MAX, file_name};
use domain::ids::RoomId;
use domain::message::{MessageKind, checked_text};
use domain::participant::ClientKey;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let name = file_name(text);
    assert_eq!(file_name(&name), name);
    assert!(!name.is_empty() && !name.starts_with('.') && name.chars().count() <= FILE_NAME_MAX);
    assert!(!name.contains(['/', '\\', '\0', '\n', '"']));
    if let Ok(checked) = checked_text(MessageKind::Text, text) {
        assert_eq!(checked_text(MessageKind::Text, &checked).as_deref(), Ok(&*checked));
    }
    if let Some(id) = RoomId::from_uuid(text) {
        assert_eq!(id.to_uuid(), text.to_ascii_lowercase());
    }
    if let Some(key) = ClientKey::parse(text) {
        assert_eq!(key.as_str(), text);
    }
});
