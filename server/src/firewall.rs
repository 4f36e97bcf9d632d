//! The paths that programs call, API by API, for whoever opens a firewall. They come from the list of routes.

use std::sync::Arc;

use app::desk::context::ApiPaths;

/// How the paths of an API begin, what it is called, and who calls it. A path belongs to the first that fits.
const APIS: [(&str, &str, &str); 10] = [
    ("/v1/authorize", "Questions of proxies", "A proxy asks about each request before it lets it through."),
    ("/v1/", "Keystead API", "Services check keys, and programs manage them."),
    ("/v2/keys.", "Unkey", "Services check keys in the form of Unkey."),
    ("/v2/", "Sunshine Conversations", "Programs call with account, app and integration keys."),
    ("/sc/v2/", "Sunshine Conversations, second address", "The same calls below another path."),
    ("/openconnect", "OpenConnect", "Programs and browsers report events with OpenConnect keys."),
    ("/events/", "Events", "Programs and browsers report events with Client, QueueAdapter and Telephony keys."),
    ("/openapi/", "VChatCloud", "Programs and browsers call with the API KEY of an app and an access token."),
    ("/chat-service/", "Qwil", "Programs call with Master User keys."),
    ("/", "Health", "A load balancer asks whether Keystead is alive and ready."),
];

/// The APIs that have any of these calls, each a method and a path.
pub(crate) fn apis(calls: impl Iterator<Item = (&'static str, &'static str)>) -> Arc<[ApiPaths]> {
    let empty = |(begins, name, purpose)| ApiPaths { name, purpose, begins, paths: Vec::new() };
    let mut apis: Vec<ApiPaths> = APIS.into_iter().map(empty).collect();
    for (method, path) in calls {
        let Some(api) = apis.iter_mut().find(|api| path.starts_with(api.begins)) else { continue };
        match api.paths.iter_mut().find(|(known, _)| *known == path) {
            Some((_, methods)) if methods.split(", ").any(|known| known == method) => {}
            Some((_, methods)) => {
                methods.push_str(", ");
                methods.push_str(method);
            }
            None => api.paths.push((path, method.to_owned())),
        }
    }
    apis.retain(|api| !api.paths.is_empty());
    apis.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_is_in_one_api_with_all_its_methods() {
        let calls = [
            ("GET", "/v1/keys"),
            ("POST", "/v1/keys"),
            ("GET", "/v1/authorize"),
            ("POST", "/v2/keys.verifyKey"),
            ("GET", "/v2/apps"),
            ("GET", "/v1/keys"),
            ("GET", "/healthz"),
        ];
        let found = apis(calls.into_iter());
        let told: Vec<_> = found.iter().map(|api| (api.name, api.paths.clone())).collect();
        let one = |name, path, methods: &str| (name, vec![(path, methods.to_owned())]);
        let expected = [
            one("Questions of proxies", "/v1/authorize", "GET"),
            one("Keystead API", "/v1/keys", "GET, POST"),
            one("Unkey", "/v2/keys.verifyKey", "POST"),
            one("Sunshine Conversations", "/v2/apps", "GET"),
            one("Health", "/healthz", "GET"),
        ];
        assert_eq!(told, expected);
    }
}
