//! The words of a closed set, which shells offer as the value of an option.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Command, Error};

/// Takes every word: a server of a later version may know more, and each refuses what it does not know by naming its own.
#[derive(Debug, Clone)]
pub(super) struct Offered(Vec<&'static str>);

impl Offered {
    pub fn of(words: impl Iterator<Item = &'static str>) -> Self {
        Self(words.collect())
    }
}

impl TypedValueParser for Offered {
    type Value = String;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<String, Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.0.iter().map(|word| PossibleValue::new(*word))))
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};
    use domain::environment::Environment;
    use domain::hand_over::LinkLife;
    use domain::key::RevokeReason;
    use domain::kind::KeyKind;
    use domain::quota::Refill;
    use domain::role::Role;

    use crate::cli::Cli;

    #[test]
    fn shells_offer_what_the_server_reads_and_any_word_is_sent() {
        let (kinds, roles) = (KeyKind::issuable().map(KeyKind::as_str), Role::ALL.iter().map(|role| role.as_str()));
        let (kinds, roles): (Vec<_>, Vec<_>) = (kinds.collect(), roles.collect());
        let environments = Environment::ALL.iter().map(|one| one.as_str()).collect();
        let refills = Refill::ALL.iter().map(|refill| refill.as_str()).collect();
        let lives: Vec<_> = LinkLife::ALL.iter().map(|life| life.as_str()).collect();
        let reasons = RevokeReason::ALL.iter().map(|reason| reason.as_str()).collect();
        let mut root = Cli::command();
        root.build();
        for (of, act, arg, words) in [
            ("key", "issue", "kind", kinds.clone()),
            ("key", "hand-over", "kind", kinds),
            ("key", "issue", "environment", environments),
            ("key", "edit", "quota_refill", refills),
            ("key", "hand-over", "link_life", lives.clone()),
            ("key", "rotate", "link_life", lives),
            ("key", "revoke", "reason", reasons),
            ("invite", "make", "role", roles.clone()),
            ("person", "role", "role", roles),
        ] {
            let command = root.find_subcommand(of).and_then(|of| of.find_subcommand(act)).unwrap();
            let found = command.get_arguments().find(|known| known.get_id().as_str() == arg).unwrap();
            let offered: Vec<_> = found.get_possible_values().iter().map(|word| word.get_name().to_owned()).collect();
            assert_eq!(offered, words, "{of} {act} {arg}");
        }
        for given in [
            &["keystead", "key", "issue", "--kind", "later", "--name", "A", "--environment", "later"][..],
            &["keystead", "key", "revoke", "7Qm2xVbN4tRa", "--reason", ""],
            &["keystead", "person", "role", "ada@example.com", "later"],
        ] {
            assert!(Cli::try_parse_from(given).is_ok(), "{given:?}");
        }
    }
}
