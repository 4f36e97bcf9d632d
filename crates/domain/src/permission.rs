//! Permissions: what a key may do.

use crate::field::{Field, FieldErrors, parse_items};
use crate::text::{PERMISSION_MAX, PERMISSIONS_MAX, quote};

names! {
    /// Permissions that administer Keystead itself.
    pub enum AdminPermission {
        Verify = "keystead.verify",
        KeysRead = "keystead.keys.read",
        KeysWrite = "keystead.keys.write",
        PeopleRead = "keystead.people.read",
        PeopleWrite = "keystead.people.write",
        AppsRead = "keystead.apps.read",
        AppsWrite = "keystead.apps.write",
        SettingsRead = "keystead.settings.read",
        SettingsWrite = "keystead.settings.write",
        AuditRead = "keystead.audit.read",
    }
}

impl AdminPermission {
    /// What it lets the key do, in the words of the wizard.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Verify => "may verify other keys",
            Self::KeysRead => "may see the keys of its app and their usage",
            Self::KeysWrite => "may issue, change, revoke and delete keys of its app",
            Self::PeopleRead => "may see people and invites",
            Self::PeopleWrite => "may invite, change and remove people, also owners",
            Self::AppsRead => "may see the apps",
            Self::AppsWrite => "may create and change apps",
            Self::SettingsRead => "may see the settings",
            Self::SettingsWrite => "may change the settings",
            Self::AuditRead => "may see the audit of its app",
        }
    }

    /// Whether it lets the key change something.
    pub const fn changes(self) -> bool {
        matches!(self, Self::KeysWrite | Self::PeopleWrite | Self::AppsWrite | Self::SettingsWrite)
    }

    /// Whether it reaches beyond the key's app: people and invites belong to the whole installation, and a new app is another.
    pub const fn reaches_beyond_app(self) -> bool {
        matches!(self, Self::PeopleRead | Self::PeopleWrite | Self::AppsWrite)
    }

    const fn boxed(self) -> (&'static str, &'static str) {
        (self.as_str(), self.label())
    }
}

/// The boxes for them: (name, what it lets the key do).
pub const ADMIN_PERMISSIONS: [(&str, &str); 10] = [
    AdminPermission::Verify.boxed(),
    AdminPermission::KeysRead.boxed(),
    AdminPermission::KeysWrite.boxed(),
    AdminPermission::PeopleRead.boxed(),
    AdminPermission::PeopleWrite.boxed(),
    AdminPermission::AppsRead.boxed(),
    AdminPermission::AppsWrite.boxed(),
    AdminPermission::SettingsRead.boxed(),
    AdminPermission::SettingsWrite.boxed(),
    AdminPermission::AuditRead.boxed(),
];

/// The permission to check keys.
pub const VERIFY: &str = AdminPermission::Verify.as_str();

/// The permissions of Master User keys, as (name, what it lets the key do).
pub const MASTER_PERMISSIONS: [(&str, &str); 4] = [
    ("chats.read", "perform read-only chat actions"),
    ("chats.write", "perform write-only chat actions"),
    ("chats.export", "export data"),
    ("contacts.manage", "perform read/write contact actions"),
];

/// `resource.action`: parts of `a-z 0-9 _ - :` with dots between; `*` may be the last part or the whole.
/// Lower case only, so that two spellings are never two permissions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Permission(String);

impl Permission {
    /// Reads any permission, Keystead's own too; the error says what to write instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let shown = quote(text);
        if text.len() > PERMISSION_MAX {
            return Err(format!("{shown} is too long: use at most {PERMISSION_MAX} characters."));
        }
        if text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(format!("{shown} has capital letters: write it in lower case."));
        }
        if !is_well_formed(text) {
            return Err(format!(
                "{shown} is not a permission: write one like invoices.read or invoices.*, with a-z, 0-9, _, - and : between the dots."
            ));
        }
        if is_reserved(text) && text.ends_with('*') {
            return Err(format!(
                "{shown} is not possible: Keystead's own permissions have no wildcard, so choose each one."
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// Reads a typed permission. Works like `parse`, but refuses Keystead's own permissions.
    pub fn parse_custom(text: &str) -> Result<Self, String> {
        let permission = Self::parse(text)?;
        if is_reserved(&permission.0) {
            return Err(format!(
                "{} would administer Keystead itself: choose one of the permissions that do.",
                quote(&permission.0)
            ));
        }
        Ok(permission)
    }

    /// Reads one typed permission per item, or several with commas between them. Errors name their items.
    pub fn parse_items(items: &[impl AsRef<str>]) -> Result<Vec<Self>, FieldErrors> {
        parse_items(items, Field::Permissions, PERMISSIONS_MAX, Self::parse_custom)
    }

    /// The permission as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is one of Keystead's own.
    pub fn is_reserved(&self) -> bool {
        is_reserved(&self.0)
    }

    /// Whether a key that holds this permission has `asked`. It does if both are the same, if this one is `invoices.*`
    /// and `asked` is below `invoices.`, or if this one is `*`. A wildcard never gives one of Keystead's own
    /// permissions.
    pub fn gives(&self, asked: &str) -> bool {
        if self.0 == asked {
            return true;
        }
        self.0
            .strip_suffix('*')
            .is_some_and(|stem| asked.starts_with(stem) && asked.len() > stem.len() && !is_reserved(asked))
    }
}

impl serde::Serialize for Permission {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Permission {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

fn is_reserved(text: &str) -> bool {
    text.strip_prefix("keystead").is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Parts separated by single dots; `*` only as the last one.
pub(crate) fn is_well_formed(text: &str) -> bool {
    let mut parts = text.as_bytes().split(|b| *b == b'.').rev();
    let is_part = |part: &[u8]| !part.is_empty() && part.iter().copied().all(is_part_byte);
    parts.next().is_some_and(|last| last == b"*" || is_part(last)) && parts.all(is_part)
}

fn is_part_byte(b: u8) -> bool {
    matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b':')
}

#[cfg(test)]
mod tests;
