//! Providers: services that sign people in over OpenID Connect, and how far their word counts here.

use crate::role::Role;

names! {
    /// Who may come by a provider without having been here before.
    pub enum Join {
        /// Only those whom an invite waits for.
        Invited = "invited",
        /// Everybody whom the provider knows, within the e-mail domains that it speaks for.
        Anybody = "anybody",
    }
}

/// How far the word of a provider counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderRules {
    /// What names it in addresses: lower-case letters, digits and hyphens.
    pub id: String,
    /// The name that people see.
    pub name: String,
    /// Who may come by it without having been here before.
    pub join: Join,
    /// The domains of the e-mails that it may vouch for, in lower case; `None` for any.
    pub domains: Option<Vec<String>>,
    /// Which roles it gives.
    pub roles: RoleRules,
    /// Whether its sign-in counts as a second factor.
    pub is_factor: bool,
}

impl ProviderRules {
    /// Whether the provider may vouch for an e-mail in canonical form. A subdomain is another domain.
    pub fn vouches_for(&self, email: &str) -> bool {
        let Some(domains) = &self.domains else { return true };
        email.rsplit_once('@').is_some_and(|(_, domain)| domains.iter().any(|own| own == domain))
    }
}

/// Which roles a provider gives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleRules {
    /// The claim that decides the role at every sign-in, and the role for each of its values; `None` if roles are given
    /// here.
    pub claim: Option<(String, Vec<(String, Role)>)>,
    /// The role of whoever comes for the first time, and of those for whom the claim has no known value.
    pub default: Option<Role>,
}

impl RoleRules {
    /// The highest role that these values of the claim stand for; the default if they stand for none.
    pub fn of_claim(&self, values: &[String]) -> Option<Role> {
        let Some((_, roles)) = &self.claim else { return self.default };
        let said = roles.iter().filter(|(value, _)| values.contains(value)).map(|(_, role)| *role);
        // The roles are declared from the highest to the lowest.
        said.min().or(self.default)
    }
}

names! {
    /// Why somebody who came from a provider was not let in.
    pub enum Trouble {
        /// The provider does not answer, or something else than a provider does.
        Unreachable = "unreachable",
        /// The provider did not sign them in, for example because they pressed "Cancel" there.
        Declined = "declined",
        /// It took too long, was begun in another browser, or was sent a second time.
        Over = "over",
        /// What the provider said cannot be believed.
        Unbelieved = "unbelieved",
        /// The provider knows them, but they may not enter here. People are not told why: they may not be who they say.
        Refused = "refused",
    }
}

/// The characters of a provider's id.
const ID_MAX: usize = 32;

/// Whether a text can name a provider in an address.
pub fn is_provider_id(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    plain && (1..=ID_MAX).contains(&text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(domains: Option<&[&str]>) -> ProviderRules {
        ProviderRules {
            id: "corp".to_owned(),
            name: "Corp".to_owned(),
            join: Join::Invited,
            domains: domains.map(|domains| domains.iter().map(|domain| (*domain).to_owned()).collect()),
            roles: RoleRules::default(),
            is_factor: false,
        }
    }

    #[test]
    fn a_provider_vouches_for_whole_domains() {
        let corp = rules(Some(&["example.com", "example.org"]));
        for email in ["a@example.com", "a@example.org"] {
            assert!(corp.vouches_for(email), "{email}");
        }
        for email in ["a@sub.example.com", "a@example.com.evil.example", "a@notexample.com", "example.com", "a@"] {
            assert!(!corp.vouches_for(email), "{email}");
        }
        assert!(!rules(Some(&[])).vouches_for("a@example.com"));
        assert!(rules(None).vouches_for("a@anything.example"));
    }

    #[test]
    fn the_highest_role_of_a_claim_counts() {
        let table = [("staff", Role::Auditor), ("root", Role::Owner), ("admins", Role::Admin)];
        let table = table.map(|(value, role)| (value.to_owned(), role)).to_vec();
        let claimed = |values: &[&str], default| {
            let rules = RoleRules { claim: Some(("groups".to_owned(), table.clone())), default };
            rules.of_claim(&values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(claimed(&["staff", "admins", "other"], None), Some(Role::Admin));
        assert_eq!(claimed(&["root", "admins"], Some(Role::Guest)), Some(Role::Owner));
        assert_eq!(claimed(&["Root", "root ", ""], None), None);
        assert_eq!(claimed(&[], Some(Role::Guest)), Some(Role::Guest));
        let none = RoleRules { claim: None, default: Some(Role::Auditor) };
        assert_eq!(none.of_claim(&["root".to_owned()]), Some(Role::Auditor));
    }

    #[test]
    fn an_id_fits_into_an_address() {
        for id in ["corp", "a", "partner-2", &"a".repeat(32)] {
            assert!(is_provider_id(id), "{id}");
        }
        for id in ["", "Corp", "a b", "a/b", "ä", "a_b", &"a".repeat(33)] {
            assert!(!is_provider_id(id), "{id}");
        }
    }
}
