//! The page that shows a one-use link, once.

use leptos::prelude::*;
use secrecy::{ExposeSecret, SecretString};

use super::copy::CopyButton;
use super::done_once::DoneOnce;
use super::icon::{Drawn, Icon};
use super::title::Title;

/// What came of mailing a link.
#[derive(Debug, Clone)]
pub struct Mailed {
    /// Whether it was mailed; `None` if this installation sends no mail.
    pub sent: Option<bool>,
    pub to: String,
}

#[component]
pub fn LinkOnce(
    /// The title of the page.
    title: &'static str,
    /// What to do if the link is lost.
    lost: &'static str,
    address: SecretString,
    #[prop(optional_no_strip)] mailed: Option<Mailed>,
    /// Where "Done" leads.
    #[prop(into)]
    back: String,
    /// Who may have the link, and what they can do with it.
    children: Children,
) -> impl IntoView {
    view! {
        <Title text=title/>
        <div class="head narrow">
            <div>
                <h1>"Copy the link now"</h1>
                <p>"You will not be able to see it again. If you lose it, " {lost}</p>
            </div>
        </div>
        {mailed.map(note)}
        <div class="secret narrow">
            <code id="link">{address.expose_secret().to_owned()}</code>
            <div class="tools"><CopyButton of="link" what="link"/></div>
        </div>
        <div class="note narrow"><Drawn icon=Icon::Caution/><div>{children()}</div></div>
        <div class="actions narrow"><DoneOnce href=back what="this link"/></div>
    }
}

fn note(mailed: Mailed) -> AnyView {
    match mailed.sent {
        Some(true) => view! {
            <div class="note narrow">
                <Drawn icon=Icon::Info/>
                <div>"Keystead has mailed this link to " <bdi>{mailed.to}</bdi> "."</div>
            </div>
        }
        .into_any(),
        Some(false) => view! {
            <div class="note bad narrow" role="alert">
                <Drawn icon=Icon::Alert/>
                <div>
                    <b>"The mail could not be sent."</b>
                    " The link works all the same: copy it and send it yourself. The log has the cause."
                </div>
            </div>
        }
        .into_any(),
        None => ().into_any(),
    }
}
