//! Runs the server, and stops it cleanly.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use domain::node::node_name;
use opentelemetry_sdk::trace::SdkTracer;
use secrecy::ExposeSecret;
use service::Service;
use service::nodes::Joining;
use store::Store;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::call_threads::CallThreads;
use crate::config::{Config, Listen};
use crate::connections::Connections;
use crate::console_threads::ConsoleThreads;
use crate::data_folder::{warn_if_open, warn_if_root};
use crate::dispatch::Dispatch;
use crate::listen;
use crate::listener::Listener;
use crate::metrics;
use crate::public_url::PublicUrl;
use crate::site::Site;
use crate::start::{Opener, Product, StartError, open};
use crate::state::AppState;
use crate::traces::SlowSpans;
use crate::webhooks::Sender;

/// How long the start waits for a database that cannot be reached or is locked.
const START_WITHIN: Duration = Duration::from_mins(1);

/// How long to wait before the database is tried again.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// How long requests under way may take once the server is told to stop.
const DRAIN_WITHIN: Duration = Duration::from_secs(8);

/// How long writing the last counts may take after that.
const CLOSE_WITHIN: Duration = Duration::from_secs(10);

/// The signals that end the server.
struct Stop([Signal; 3]);

impl Stop {
    fn listen() -> io::Result<Self> {
        // The last one is sent when the terminal is closed.
        Ok(Self([signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?, signal(SignalKind::hangup())?]))
    }

    /// Waits for the next one.
    async fn asked(&mut self) {
        let [terminate, interrupt, hangup] = &mut self.0;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

/// What this server says of itself to the other nodes.
fn joining(config: &Config) -> Joining {
    let machine = rustix::system::uname();
    Joining {
        name: node_name(&machine.nodename().to_string_lossy(), std::process::id()),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        counts_alone: config.limits_local,
    }
}

/// Runs the server until it is told to stop. With a `tracer`, what the database takes long for becomes spans.
pub(crate) async fn serve(
    config: Config,
    site: Site,
    calls: CallThreads,
    console: ConsoleThreads,
    tracer: Option<SdkTracer>,
) -> Result<(), StartError> {
    let mut stop = Stop::listen()?;
    let listener = Listener::bind(&config.listen)
        .await
        .map_err(|source| StartError::Listen { address: config.listen.clone(), source })?;
    let for_metrics = match &config.metrics_listen {
        None => None,
        Some(address) => {
            let wrong = |source| StartError::MetricsListen { address: address.clone(), source };
            Some(metrics::bind(address).await.map_err(wrong)?)
        }
    };
    let public_url = config.public_url.clone().unwrap_or_else(|| PublicUrl::of_listener(listener.address()));
    let opened = tokio::select! {
        opened = open_patiently(&config) => opened?,
        () = stop.asked() => return Ok(()),
    };
    let Product { store, service } = opened;
    if let Some(tracer) = tracer {
        store.observed_by(Arc::new(SlowSpans(tracer)));
    }
    service.serves_at(public_url.origin());
    service.joins_nodes(joining(&config)).map_err(service::StartError::from)?;
    let metrics_port = config.metrics_listen.as_ref().and_then(Listen::port);
    let own_ports = [listener.address().map(|address| address.port()), config.database_url.port(), metrics_port];
    let own_ports = own_ports.into_iter().flatten().collect();
    let sender = Sender::new(config.webhook_networks.clone(), own_ports, public_url.origin());
    service.delivers_by(Arc::new(sender.map_err(StartError::Webhooks)?));
    warn_if_root();
    if let Some(folder) = &config.data_dir {
        warn_if_open(folder);
    }
    if let Some(warning) = Store::warning(config.database_url.expose()) {
        tracing::warn!("{warning}");
    }

    let shutdown = CancellationToken::new();
    let state = AppState {
        service: service.clone(),
        site,
        public_url,
        is_public_url_set: config.public_url.is_some(),
        allow_http: config.allow_http,
        trusted_proxies: Arc::new(config.trusted_proxies.clone()),
        shutdown: shutdown.clone(),
        console,
    };
    // The background work outlives the last request, so that its counts are written too.
    let idle = CancellationToken::new();
    let mut background = tokio::spawn({
        let (service, idle) = (service.clone(), idle.clone());
        async move { service.run(idle).await }
    });
    if let Some(listener) = for_metrics {
        tokio::spawn(metrics::run(listener, service.clone(), idle.clone()));
    }
    let connections = Connections::new(Arc::clone(&state.trusted_proxies), service.metrics().clone());
    let mut server = tokio::spawn(listen::run(listener, calls, Dispatch::new(&state), connections, shutdown.clone()));
    announce(&service, &state.public_url).await?;

    let ended = tokio::select! {
        () = stop.asked() => Ok(()),
        _ = &mut background => Err(StartError::Background),
        _ = &mut server => Err(StartError::Background),
    };
    tracing::info!("stopping");
    shutdown.cancel();
    if !server.is_finished() {
        tokio::select! {
            drained = timeout(DRAIN_WITHIN, &mut server) => if drained.is_err() {
                tracing::warn!("requests were still running after {} seconds and were cut off", DRAIN_WITHIN.as_secs());
            },
            () = stop.asked() => tracing::warn!("told to stop again; requests under way were cut off"),
        }
    }
    // A busy connection must not prevent the last counts from being written.
    idle.cancel();
    let closed = timeout(CLOSE_WITHIN, async {
        if !background.is_finished() {
            let _ = (&mut background).await;
        }
        store.close().await;
    });
    tokio::select! {
        closed = closed => if closed.is_err() {
            tracing::error!("the database was still busy after {} seconds; the last counts may be lost", CLOSE_WITHIN.as_secs());
        },
        () = stop.asked() => tracing::error!("told to stop again; the last counts may be lost"),
    }
    ended
}

/// Opens the installation. Waits for a database that is not there yet, and says so.
async fn open_patiently(config: &Config) -> Result<Product, StartError> {
    let begun = Instant::now();
    let mut said = None;
    loop {
        match open(config, Opener::Server).await {
            Err(error) if error.is_passing() && begun.elapsed() < START_WITHIN => {
                let reason = error.to_string();
                if said.as_ref() != Some(&reason) {
                    tracing::warn!("waiting up to {} s for the database: {reason}", START_WITHIN.as_secs());
                    said = Some(reason);
                }
                sleep(TRY_AGAIN_AFTER).await;
            }
            opened => return opened,
        }
    }
}

/// Prints the address of the console and, until there is an owner, the set-up link.
async fn announce(service: &Service, public_url: &PublicUrl) -> Result<(), StartError> {
    let link = service.setup_link().await.map_err(StartError::SetupLink)?;
    let origin = public_url.origin();
    let mut text = format!("Keystead is running at {origin}\n");
    if let Some((token, at)) = link {
        let token = token.expose_secret();
        write!(
            text,
            "Create the first owner here (works once, within an hour): {origin}/setup?token={token}\n\
             This link was made at {} and replaces all earlier ones, other servers' too.\n",
            at.to_exact_text()
        )
        .map_err(io::Error::other)?;
    }
    // In one piece: whoever reads the first line may go away then.
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}
