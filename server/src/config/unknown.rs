//! Variables that look like settings.

use clap::Args;

use super::Settings;

/// Refuses variables that look like settings but are not, most likely misspelt. Without the setting that was meant,
/// Keystead might start on another database.
pub fn refuse_unknown(names: impl Iterator<Item = String>) -> Result<(), UnknownVariable> {
    // What the examples of the console and of docs/ put into the environment of other programs.
    const OF_CALLERS: [&str; 6] = ["KEY", "KEY_ID", "KEY_SECRET", "MANAGER_KEY", "URL", "VERIFIER_KEY"];
    let settings = Settings::augment_args(clap::Command::new("keystead"));
    let known: Vec<&str> =
        settings.get_arguments().filter_map(|setting| setting.get_env()?.to_str()?.strip_prefix("KEYSTEAD_")).collect();
    let is_unknown = |name: &String| {
        name.strip_prefix("KEYSTEAD_").is_some_and(|rest| {
            // Kubernetes sets these for a service called "keystead".
            let of_kubernetes = rest.starts_with("PORT") || rest.starts_with("SERVICE_");
            !known.contains(&rest) && !OF_CALLERS.contains(&rest) && !of_kubernetes
        })
    };
    let Some(name) = names.filter(is_unknown).min() else { return Ok(()) };
    let likeness = |known: &&str| strsim::jaro_winkler(known, name.trim_start_matches("KEYSTEAD_"));
    let nearest = known.into_iter().max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    Err(UnknownVariable { nearest: format!("KEYSTEAD_{}", nearest.unwrap_or_default()), name })
}

/// A variable that is no setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} is not a setting; {nearest} is one")]
pub struct UnknownVariable {
    pub(super) name: String,
    pub(super) nearest: String,
}
