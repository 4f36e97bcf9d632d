//! What somebody proves who they are with, in the same form as the act that waits for it.

use domain::field::{Field, FieldErrors};
use domain::refusal::Refusal;
use domain::token::without_keys;
use secrecy::SecretString;

use super::fields::Pairs;
use super::outcome::Problem;
use crate::error::ConsoleError;

/// The answer of a passkey, in place of a password.
pub const PASSKEY: &str = "proof_passkey";

/// The names of the fields whose secrets were typed and are not carried along; repeated.
const LEFT_OUT: &str = "proof_left_out";

/// The fields that are never carried from one page to the next.
const SECRETS: [Field; 6] =
    [Field::Password, Field::CurrentPassword, Field::NewPassword, Field::Passphrase, Field::Code, Field::RoomPassword];

/// A form that waits until whoever sent it has proved who they are. It is then sent again.
#[derive(Debug, Clone)]
pub struct WaitingForm {
    /// The address that it was sent to.
    pub address: String,
    /// Every field of it but the secrets.
    pub sent: Pairs,
    /// Why the last proof was refused.
    pub problem: Problem,
}

impl WaitingForm {
    /// The form with these fields.
    pub fn new(address: String, sent: Pairs, error: Option<ConsoleError>) -> Self {
        Self { address, sent: carried(sent), problem: error.map(Problem::from).unwrap_or_default() }
    }

    /// Whether something has to be typed once more.
    pub fn leaves_out(&self) -> bool {
        leaves_out(&self.sent)
    }
}

/// What is carried of a form from one page to the next: everything but its secrets, those of whole keys too, and the proof
/// that came with it. The names of their fields are noted: with less in them, the act could be another one.
pub fn carried(mut sent: Pairs) -> Pairs {
    if let Some(proof) = Proof::take(&mut sent) {
        proof.put_back(&mut sent);
    }
    let (mut kept, mut left_out) = (Vec::with_capacity(sent.0.len()), Vec::new());
    for (name, value) in sent.0 {
        let (shown, left) = (without_keys(&name).into_owned(), without_keys(&value));
        if is_secret(&name) {
            if !value.is_empty() {
                left_out.push(name);
            }
            continue;
        }
        if *left != *value && Field::parse(&name).is_some() && !left_out.contains(&name) {
            left_out.push(name);
        }
        kept.push((shown, left.into_owned()));
    }
    kept.extend(left_out.into_iter().map(|name| (LEFT_OUT.to_owned(), name)));
    Pairs(kept)
}

/// Whether some of a form was not carried along.
pub fn leaves_out(carried: &Pairs) -> bool {
    carried.get(LEFT_OUT).is_some()
}

/// A proof that came with a form.
#[derive(Debug)]
pub struct Proof {
    /// The password, as typed; `None` if the page did not ask for it.
    pub password: Option<SecretString>,
    /// The answer of a passkey in its place; empty for none.
    pub passkey: String,
    left_out: Vec<Field>,
}

impl Proof {
    /// Takes the proof out of a form, if there is one. The form's own fields stay.
    pub fn take(sent: &mut Pairs) -> Option<Self> {
        const OWN: [&str; 3] = [Field::ProofPassword.as_str(), PASSKEY, LEFT_OUT];
        if !sent.0.iter().any(|(name, _)| OWN.contains(&&**name)) {
            return None;
        }
        let password = sent.get(Field::ProofPassword.as_str()).map(SecretString::from);
        let left_out = sent.all(LEFT_OUT).iter().filter_map(|name| Field::parse(name)).collect();
        let passkey = sent.get(PASSKEY).unwrap_or_default();
        sent.0.retain(|(name, _)| !OWN.contains(&&**name));
        Some(Self { password, passkey, left_out })
    }

    /// Puts back what the form that waits still needs to know.
    pub fn put_back(&self, sent: &mut Pairs) {
        sent.0.extend(self.left_out.iter().map(|field| (LEFT_OUT.to_owned(), field.as_str().to_owned())));
    }

    /// The fields that have to be typed once more. Without them the act could be another one, for example a hand-over
    /// without its passphrase.
    pub fn complete(&self) -> Result<(), ConsoleError> {
        let mut errors = FieldErrors::default();
        for field in &self.left_out {
            errors.push(*field, "Type this again. It was not kept meanwhile.");
        }
        errors.into_result().map_err(|errors| ConsoleError::Refused(Refusal::Invalid(errors)))
    }
}

fn is_secret(name: &str) -> bool {
    SECRETS.iter().any(|field| field.as_str() == name)
}

#[cfg(test)]
mod tests {
    use domain::ids::KeyId;
    use domain::token::PlainToken;

    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Pairs {
        Pairs(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn a_waiting_form_keeps_all_but_secrets_and_says_which_were_typed() {
        let typed =
            pairs(&[("name", "A"), ("passphrase", "swordfish"), ("password", ""), ("boxes", "a"), ("boxes", "b")]);
        let waiting = WaitingForm::new("/keys/new".to_owned(), typed, None);
        assert!(waiting.leaves_out());
        assert!(!format!("{waiting:?}").contains("swordfish"));
        let mut again = waiting.sent;
        again.0.push(("proof_password".to_owned(), "mine".to_owned()));
        let proof = Proof::take(&mut again).unwrap();
        assert_eq!(again.0, pairs(&[("name", "A"), ("boxes", "a"), ("boxes", "b")]).0);
        let Err(ConsoleError::Refused(Refusal::Invalid(errors))) = proof.complete() else { panic!() };
        assert_eq!(errors.0.len(), 1);
        assert!(errors.of(Field::Passphrase).next().is_some());
        proof.put_back(&mut again);
        assert!(WaitingForm::new(String::new(), again, None).leaves_out(), "after a wrong password, too");
    }

    #[test]
    fn of_a_form_that_was_not_sent_no_secret_is_carried_along() {
        let names =
            ["password", "current_password", "new_password", "passphrase", "code", "room_password", "proof_password"];
        let typed = names.map(|name| (name, "swordfish")).into_iter().chain([("name", "A"), ("proof_passkey", "{}")]);
        let kept = carried(pairs(&typed.collect::<Vec<_>>()));
        assert!(leaves_out(&kept) && kept.get("name").is_some());
        assert!(kept.0.iter().all(|(_, value)| value != "swordfish" && value != "{}"), "{:?}", kept.0);
    }

    #[test]
    fn of_a_whole_key_no_secret_is_carried_along_and_its_field_is_asked_for_again() {
        let id = KeyId::parse("7Qm2xVbN4tRa").unwrap();
        let key = PlainToken::compose("ks", &id, &"a".repeat(43));
        let (found, api_key) = (format!("In %20{}\r\nand", key.expose()), "7Qm2xV-bN4tRa-abcdef-012345-20261121093002");
        let typed = pairs(&[
            ("description", &*found),
            ("name", "A"),
            ("tags", api_key),
            ("tags", api_key),
            (key.expose(), ""),
            ("find_app", key.expose()),
        ]);
        let mut kept = carried(typed);
        assert!(leaves_out(&kept));
        let shown = format!("{:?}", kept.0);
        assert!(!shown.contains("aaaa") && !shown.contains("abcdef"), "{shown}");
        assert_eq!(kept.text("description"), "In %20ks_7Qm2xVbN4tRa_\r\nand");
        let proof = Proof::take(&mut kept).unwrap();
        let Err(ConsoleError::Refused(Refusal::Invalid(errors))) = proof.complete() else { panic!() };
        assert_eq!(errors.0.iter().map(|error| error.field).collect::<Vec<_>>(), [Field::Description, Field::Tags]);
        proof.put_back(&mut kept);
        assert!(leaves_out(&carried(kept)), "after a wrong password, too");
    }

    /// Whoever has no password sends a passkey alone, or signs in anew and sends the form again.
    #[test]
    fn secrets_are_asked_for_again_whatever_the_proof_was() {
        for proof in [("proof_passkey", "{}"), ("proof_passkey", ""), ("name", "A")] {
            let mut sent = pairs(&[("proof_left_out", "passphrase"), proof]);
            let taken = Proof::take(&mut sent).unwrap();
            assert!(taken.password.is_none() && taken.complete().is_err());
        }
        assert!(Proof::take(&mut pairs(&[("proof_passkey", "{}")])).is_some());
    }

    #[test]
    fn a_form_without_a_proof_is_left_alone() {
        let mut sent = pairs(&[("name", "A"), ("password", "b")]);
        assert!(Proof::take(&mut sent).is_none());
        assert_eq!(sent.0.len(), 2);
        assert!(!WaitingForm::new(String::new(), pairs(&[("name", "A"), ("code", "")]), None).leaves_out());
    }
}
