//! What is wrong with a member of a body, and where.

use std::borrow::Cow;
use std::iter;

use domain::field::FieldErrors;
use domain::token;

/// The most faults that one answer lists, since a body can have very many.
const LISTED: usize = 25;

/// The most of a name that an answer repeats.
const NAME_MAX: usize = 64;

/// The most of a name that an answer of a family repeats.
const SHORT_MAX: usize = 40;

/// One step from a value to a value inside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// A member of an object.
    Member(Cow<'static, str>),
    /// An item of an array, from 0.
    Item(usize),
    /// A parameter of the query, in place of a body.
    Parameter(String),
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    path: Vec<Step>,
    /// What is wrong, in one sentence.
    pub wrong: Cow<'static, str>,
    /// What to send instead, in one sentence, if `wrong` does not say so.
    pub fix: Option<Cow<'static, str>>,
}

impl Fault {
    /// The same fault of a value that is this member of another.
    pub fn within(mut self, member: &'static str) -> Self {
        self.path.insert(0, Step::Member(Cow::Borrowed(member)));
        self
    }

    /// The parameter of the query that is wrong; `None` for a fault of the body.
    pub fn parameter(&self) -> Option<String> {
        match self.path.first() {
            Some(Step::Parameter(name)) => Some(shown(name)),
            _ => None,
        }
    }

    /// The place of the fault, as a JSON pointer.
    pub fn pointer(&self) -> String {
        let mut pointer = String::new();
        for step in &self.path {
            pointer.push('/');
            match step {
                Step::Member(name) => pointer.push_str(&shown(name).replace('~', "~0").replace('/', "~1")),
                Step::Item(n) => pointer.push_str(&n.to_string()),
                Step::Parameter(name) => pointer.push_str(&shown(name)),
            }
        }
        pointer
    }

    /// The place of the fault, as `body.ratelimits[0].cost`.
    pub fn location(&self) -> String {
        let mut location = "body".to_owned();
        for step in &self.path {
            match step {
                Step::Member(name) => {
                    location.push('.');
                    location.push_str(&shown(name));
                }
                Step::Parameter(name) => location.push_str(&shown(name)),
                Step::Item(n) => {
                    location.push('[');
                    location.push_str(&n.to_string());
                    location.push(']');
                }
            }
        }
        location
    }

    /// What is wrong, and what to send if that is not clear from it.
    pub fn detail(&self) -> Cow<'_, str> {
        match &self.fix {
            None => Cow::Borrowed(&self.wrong),
            Some(fix) => Cow::Owned(format!("{} {fix}", self.wrong)),
        }
    }
}

/// A name that a caller made up, as answers repeat it: its beginning, without the secret of a key that got into it.
pub(crate) fn shown(name: &str) -> String {
    token::without_keys(name).chars().take(NAME_MAX).collect()
}

/// A name of a parameter as a family's answer repeats it: shorter, on one line, and without any secret in it. Whoever mistakes
/// a key for a name is not shown it again.
pub(crate) fn shortened(name: &str) -> String {
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    token::without_secrets(&name).chars().take(SHORT_MAX).collect()
}

/// The faults of a body, found one after the other.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// The place of the value that is being checked.
    at: Vec<Step>,
    found: Vec<Fault>,
}

impl Faults {
    /// Checks a value one step further in.
    pub fn within<T>(&mut self, step: Step, look: impl FnOnce(&mut Self) -> T) -> T {
        self.at.push(step);
        let seen = look(self);
        self.at.pop();
        seen
    }

    /// Adds a fault of the value that is being checked.
    pub fn here(&mut self, wrong: impl Into<Cow<'static, str>>) {
        self.add(self.at.clone(), wrong.into(), None);
    }

    /// The same, with what to send.
    pub fn here_with(&mut self, wrong: impl Into<Cow<'static, str>>, fix: impl Into<Cow<'static, str>>) {
        self.add(self.at.clone(), wrong.into(), Some(fix.into()));
    }

    /// Adds what a check found.
    pub fn wrong_here(&mut self, (wrong, fix): Wrong) {
        self.add(self.at.clone(), wrong, fix);
    }

    /// Adds a fault at another place.
    pub fn at(&mut self, path: Vec<Step>, wrong: impl Into<Cow<'static, str>>) {
        self.add(path, wrong.into(), None);
    }

    /// Checks a member if it is present, and adds a fault if it does not pass.
    pub fn checked<V: AsRef<str>, T>(
        &mut self,
        member: &'static str,
        value: Option<V>,
        check: impl FnOnce(&str) -> Result<T, Wrong>,
    ) -> Option<T> {
        match check(value?.as_ref()) {
            Ok(value) => Some(value),
            Err(wrong) => {
                self.within(Step::Member(Cow::Borrowed(member)), |faults| faults.wrong_here(wrong));
                None
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Whether it has faults of this member alone.
    pub fn are_all_at(&self, member: &'static str) -> bool {
        let path = [Step::Member(Cow::Borrowed(member))];
        !self.is_empty() && self.found.iter().all(|fault| fault.path == path)
    }

    /// Adds faults that were found elsewhere.
    pub fn extend(&mut self, others: Self) {
        others.found.into_iter().for_each(|fault| self.add(fault.path, fault.wrong, fault.fix));
    }

    /// Adds faults of another check, unless something is wrong at the same place already.
    pub fn extend_elsewhere(&mut self, others: Self) {
        let is_new = |other: &Fault| self.found.iter().all(|here| here.path != other.path);
        let found = others.found.into_iter().filter(is_new).collect();
        self.extend(Self { found, ..Self::default() });
    }

    /// Adds faults of another check, unless they are at a value that is wrong already, or inside one.
    pub fn extend_outside(&mut self, others: Self) {
        let is_outside = |other: &Fault| self.found.iter().all(|here| !other.path.starts_with(&here.path));
        let found = others.found.into_iter().filter(is_outside).collect();
        self.extend(Self { found, ..Self::default() });
    }

    /// Adds faults of a value that is this member.
    pub fn extend_within(&mut self, member: &'static str, others: Self) {
        let found = others.found.into_iter().map(|fault| fault.within(member)).collect();
        self.extend(Self { found, ..Self::default() });
    }

    pub fn into_list(self) -> Vec<Fault> {
        self.found
    }

    fn add(&mut self, path: Vec<Step>, wrong: Cow<'static, str>, fix: Option<Cow<'static, str>>) {
        let fault = Fault { path, wrong, fix };
        if self.found.len() < LISTED && !self.found.contains(&fault) {
            self.found.push(fault);
        }
    }
}

impl From<FieldErrors> for Faults {
    /// A field is the member with its name, in the spelling of JSON.
    fn from(errors: FieldErrors) -> Self {
        let mut faults = Self::default();
        for error in errors.0 {
            let member = Step::Member(camel_case(error.field.as_str()).into());
            let path = iter::once(member).chain(error.item.map(Step::Item)).collect();
            faults.at(path, error.message);
        }
        faults
    }
}

fn camel_case(snake_case: &str) -> String {
    let mut words = snake_case.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut name, word| {
        let mut letters = word.chars();
        name.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        name.push_str(letters.as_str());
        name
    })
}

/// What is wrong with a value, and what to send instead if that is not clear.
pub(crate) type Wrong = (Cow<'static, str>, Option<Cow<'static, str>>);

#[cfg(test)]
mod tests {
    use domain::ids::KeyId;
    use domain::token::PlainToken;

    use super::*;

    #[test]
    fn a_place_is_written_in_two_ways() {
        let mut faults = Faults::default();
        faults.here("a");
        faults.within(Step::Member("calls".into()), |faults| {
            faults
                .within(Step::Item(3), |faults| faults.within(Step::Member("a/b~c".into()), |faults| faults.here("b")));
        });
        let long = "é".repeat(1_000);
        faults.within(Step::Member(long.into()), |faults| faults.here_with("Wrong.", "Mend."));
        let found = faults.into_list();
        let places: Vec<_> = found.iter().map(|fault| (fault.pointer(), fault.location())).collect();
        assert_eq!(places[0], (String::new(), "body".to_owned()));
        assert_eq!(places[1], ("/calls/3/a~1b~0c".to_owned(), "body.calls[3].a/b~c".to_owned()));
        assert_eq!(places[2].0, format!("/{}", "é".repeat(64)));
        assert_eq!(found[2].detail(), "Wrong. Mend.");
    }

    #[test]
    fn no_place_repeats_the_secret_of_a_key() {
        let secret = token::secret_from_random(&[7; 32]);
        let token = PlainToken::compose("ks", &KeyId::parse("7Qm2xVbN4tRa").unwrap(), &secret).expose().to_owned();
        let mut faults = Faults::default();
        faults.at(vec![Step::Member(token.clone().into())], "Wrong.");
        faults.at(vec![Step::Parameter(token)], "Wrong.");
        let found = faults.into_list();
        let said = found.iter().flat_map(|fault| [Some(fault.pointer()), Some(fault.location()), fault.parameter()]);
        for said in said.flatten() {
            assert!(said.contains("7Qm2xVbN4tRa") && !said.contains(&secret[..8]), "{said}");
        }
    }

    #[test]
    fn a_name_is_repeated_short_on_one_line_and_without_a_secret() {
        let secret = token::secret_from_random(&[7; 32]);
        let token = PlainToken::compose("ks", &KeyId::parse("7Qm2xVbN4tRa").unwrap(), &secret).expose().to_owned();
        assert_eq!(shortened("a\u{0}\nb"), "ab");
        assert_eq!(shortened(&"é".repeat(100)), "é".repeat(40));
        assert!(!shortened(&token).contains(&secret[..8]), "{}", shortened(&token));
    }

    #[test]
    fn a_place_that_is_wrong_already_is_left_to_the_first_check() {
        let path = |n| vec![Step::Member("tags".into()), Step::Item(n)];
        let (mut first, mut second) = (Faults::default(), Faults::default());
        first.at(path(0), "first");
        second.at(path(0), "second");
        second.at(path(1), "second");
        second.at(path(1), "third");
        first.extend_elsewhere(second);
        let found: Vec<_> = first.into_list().into_iter().map(|fault| (fault.pointer(), fault.wrong)).collect();
        let expected = [("/tags/0", "first"), ("/tags/1", "second"), ("/tags/1", "third")];
        assert_eq!(found, expected.map(|(place, wrong)| (place.to_owned(), Cow::Borrowed(wrong))));
    }

    #[test]
    fn the_list_has_an_end() {
        let mut faults = Faults::default();
        for n in 0..1_000 {
            faults.at(vec![Step::Item(n)], "wrong");
            faults.at(vec![Step::Item(n)], "wrong");
        }
        let items: Vec<_> = faults.into_list().iter().map(Fault::pointer).collect();
        assert_eq!(items, (0..LISTED).map(|n| format!("/{n}")).collect::<Vec<_>>());
    }
}
