//! What somebody can do who cannot sign in.

use leptos::prelude::*;

use crate::components::title::Title;

use super::setup::Door;

#[component]
pub fn ForgotPage() -> impl IntoView {
    view! {
        <Title text="Forgot your password"/>
        <Door>
            <div class="card">
                <header><h1>"Forgot your password?"</h1></header>
                <div class="body">
                    <p>
                        "Ask an owner of this Keystead for a reset link. It works once, within an hour, and lets you \
                         choose a new password. They make it on your page under People."
                    </p>
                    <p class="soft">
                        "Whoever has access to the server makes one with "
                        <code>"keystead person reset --email …"</code>
                        ". An owner who is locked out is helped by "
                        <code>"keystead owner recover --email … --password-stdin"</code> "."
                    </p>
                </div>
                <footer><a class="button" href="/login">"Back to sign-in"</a></footer>
            </div>
        </Door>
    }
}
