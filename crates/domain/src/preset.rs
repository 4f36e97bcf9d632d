//! Ways to start a Service key: what many want, filled in. The wizard reads this table.

use crate::draft::KeyDraft;
use crate::expiry::Expiry;
use crate::kind::KeyKind;
use crate::life::LifeRules;
use crate::permission::VERIFY;

names! {
    /// A Service key with some fields filled in.
    pub enum Preset {
        Verifier = "verifier",
        Caller = "caller",
        ReadOnly = "read_only",
    }
}

impl Preset {
    /// The kind of its keys.
    pub const KIND: KeyKind = KeyKind::OWN_APIS;

    /// The name that people see.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Verifier => "A service that checks keys",
            Self::Caller => "A caller of my API",
            Self::ReadOnly => "Read only",
        }
    }

    /// One line that says what it is for.
    pub const fn definition(self) -> &'static str {
        match self {
            Self::Verifier => "For your own API or proxy. It asks Keystead whether other keys may pass",
            Self::Caller => "For a person, partner or program that calls your API",
            Self::ReadOnly => "For a caller that only reads: it starts with the read permissions of your other keys",
        }
    }

    /// What it has filled in, and what is left to do.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Verifier => {
                "The name and the permission keystead.verify are filled in. The key never expires by itself, so that your \
                 service does not stop one day: restrict it to the network of your service."
            }
            Self::Caller => "The expiry is filled in. Name the caller, and list what it may do.",
            Self::ReadOnly => {
                "The expiry and the permissions that end in .read are filled in. Remove those it does not need."
            }
        }
    }

    /// The fields that it fills in. `in_use` are permissions that other keys have.
    pub fn draft(self, rules: LifeRules, in_use: &[String]) -> KeyDraft {
        let mut draft = KeyDraft::blank(Self::KIND, rules);
        match self {
            Self::Verifier => {
                draft.name = Some("Gateway".to_owned());
                draft.boxes.push(VERIFY.to_owned());
                draft.expiry = Some(rules.at_most(Expiry::Never).as_str().to_owned());
            }
            Self::Caller => {}
            Self::ReadOnly => {
                let reads = in_use.iter().filter(|name| name.rsplit('.').next() == Some("read"));
                draft.permissions = Some(reads.cloned().collect());
            }
        }
        draft
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::Field;
    use crate::life::Life;
    use crate::permission::Permission;
    use crate::timestamp::Timestamp;

    #[test]
    fn each_preset_needs_a_name_at_most() {
        let in_use = ["invoices.read", "invoices.write", "reads.all", "read"].map(str::to_owned);
        for preset in Preset::ALL {
            let draft = preset.draft(LifeRules::default(), &in_use);
            let now = Timestamp::from_millis(0);
            match draft.check(now) {
                Ok(spec) => {
                    assert_eq!((*preset, spec.name.as_str(), spec.expires_at), (Preset::Verifier, "Gateway", None));
                }
                Err(errors) => assert!(errors.0.iter().all(|error| error.field == Field::Name), "{errors:?}"),
            }
            let spec = KeyDraft { name: Some("x".to_owned()), ..draft }.check(now).unwrap();
            let held: Vec<_> = spec.rules.permissions.iter().map(Permission::as_str).collect();
            let expected: &[&str] = match preset {
                Preset::Verifier => &[VERIFY],
                Preset::Caller => &[],
                Preset::ReadOnly => &["invoices.read", "read"],
            };
            assert_eq!(held, expected);
            assert_eq!(spec.expires_at.is_none(), *preset == Preset::Verifier);
        }
    }

    #[test]
    fn no_preset_lives_longer_than_allowed() {
        let rules = LifeRules { default: Life::Days30, longest: Life::Days30 };
        for preset in Preset::ALL {
            assert_eq!(preset.draft(rules, &[]).expiry.as_deref(), Some("30"));
        }
    }
}
