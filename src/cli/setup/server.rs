//! The page on loopback, and the place to which GitHub sends the browser back.

use std::{net::SocketAddr, num::NonZeroU32, sync::Arc, time::Duration};

use askama::Template;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::{
    Router,
    extract::{Query, Request, State},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use reqwest::Url;
use serde::Deserialize;
use tokio::{net::TcpListener, sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::{
    SetupArgs, SetupProblem,
    manifest::AppManifest,
    manifest_for,
    page::{End, Start},
};
use crate::{
    clock::SharedClock,
    github::{NewApp, convert_manifest},
    receiver::{Throttle, ThrottleLimits, each_request_counts},
};

const STATE_BYTES: usize = 32;

/// What the page bears: a person needs a handful of requests. Whoever asks shares it, for all come from this machine.
const LIMITS: ThrottleLimits =
    ThrottleLimits::new(NonZeroU32::new(100).expect("positive"), NonZeroU32::new(2).expect("positive"));

/// How long a browser may take to fetch its last page.
const LAST_PAGE: Duration = Duration::from_secs(2);

/// A registration that waits for the browser.
pub(super) struct Registration {
    address: SocketAddr,
    outcome: mpsc::Receiver<Result<NewApp, SetupProblem>>,
    stop: CancellationToken,
    server: JoinHandle<()>,
}

struct Context {
    address: SocketAddr,
    organisation: Option<String>,
    manifest: AppManifest,
    manifest_json: String,
    action: String,
    /// Where a form may be sent to, for the page's content security policy.
    form_origin: String,
    api_base: Url,
    state: String,
    clock: SharedClock,
    outcome: mpsc::Sender<Result<NewApp, SetupProblem>>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
}

impl Registration {
    pub(super) async fn start(args: &SetupArgs, clock: SharedClock) -> Result<Self, SetupProblem> {
        let failed = |error: std::io::Error| SetupProblem::Listen(args.listen, error.kind());
        let listener = TcpListener::bind(args.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let mut state = [0; STATE_BYTES];
        aws_lc_rs::rand::fill(&mut state).expect("the operating system has randomness");
        let state = hex::encode(state);
        let manifest = manifest_for(args, format!("http://{address}/callback"));
        let (sender, outcome) = mpsc::channel(1);
        let context = Context {
            address,
            organisation: args.organisation.clone(),
            manifest_json: serde_json::to_string(&manifest).expect("a manifest is plain data"),
            manifest,
            action: action(args, &state),
            form_origin: args.github_url.origin().ascii_serialization(),
            api_base: args.api_base.clone(),
            state,
            clock,
            outcome: sender,
        };
        let throttle = Arc::new(Throttle::new(LIMITS, context.clock.clone()));
        let context = Arc::new(context);
        let app = Router::new()
            .route("/", get(start))
            .route("/callback", get(callback))
            .layer(middleware::from_fn_with_state(context.clone(), guard))
            .layer(middleware::from_fn_with_state(throttle, each_request_counts))
            .with_state(context);
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        let server = tokio::spawn(async move {
            let serving = axum::serve(listener, app).with_graceful_shutdown(stopped);
            let _ended = serving.await;
        });
        Ok(Self { address, outcome, stop, server })
    }

    /// Where the page is.
    pub(super) fn address(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Waits for the App.
    pub(super) async fn app(&mut self) -> Result<NewApp, SetupProblem> {
        self.outcome.recv().await.unwrap_or(Err(SetupProblem::NobodyCame))
    }

    /// Lets the browser have its last page, and stops.
    pub(super) async fn close(self) {
        self.stop.cancel();
        let _overdue = tokio::time::timeout(LAST_PAGE, self.server).await;
    }
}

/// `{github}/settings/apps/new?state=…`, or the organisation's.
fn action(args: &SetupArgs, state: &str) -> String {
    let mut url = args.github_url.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty();
        if let Some(organisation) = &args.organisation {
            path.extend(["organizations", organisation]);
        }
        path.extend(["settings", "apps", "new"]);
    }
    url.query_pairs_mut().append_pair("state", state);
    url.to_string()
}

/// Answers only those who address this machine by a loopback name: a foreign site that points its own name here could
/// otherwise read the state. Keeps the pages out of frames and caches.
async fn guard(State(context): State<Arc<Context>>, request: Request, next: Next) -> Response {
    let port = context.address.port();
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let ours = [context.address.to_string(), format!("localhost:{port}"), format!("127.0.0.1:{port}")];
    let mut response = if ours.iter().any(|name| name == host) {
        next.run(request).await
    } else {
        StatusCode::MISDIRECTED_REQUEST.into_response()
    };
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; form-action {}",
        context.form_origin
    );
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, policy.as_str()),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        if let Ok(value) = value.parse() {
            headers.insert(name, value);
        }
    }
    response
}

async fn start(State(context): State<Arc<Context>>) -> Response {
    let page = Start {
        manifest: &context.manifest,
        organisation: context.organisation.as_deref(),
        manifest_json: &context.manifest_json,
        action: &context.action,
    };
    html(StatusCode::OK, &page)
}

async fn callback(State(context): State<Arc<Context>>, Query(answer): Query<Answer>) -> Response {
    let genuine = verify_slices_are_equal(answer.state.as_bytes(), context.state.as_bytes()).is_ok();
    if !genuine || answer.code.is_empty() {
        let page = End {
            title: "This is not the answer to this registration",
            text: "Its state or code does not fit. If you pressed the button on a page of an earlier run, begin again.",
            again: true,
        };
        return html(StatusCode::BAD_REQUEST, &page);
    }
    let result =
        convert_manifest(&context.api_base, &answer.code, context.clock.clone()).await.map_err(SetupProblem::GitHub);
    match result {
        Ok(app) => {
            let page = End {
                title: "Registered",
                text: "The rest is said in the terminal. You can close this page.",
                again: false,
            };
            let response = html(StatusCode::OK, &page);
            // a second answer would come too late to matter
            let _taken = context.outcome.try_send(Ok(app));
            response
        }
        Err(problem) => {
            let again = problem.may_be_repeated();
            let text = problem.to_string();
            if !again {
                let _taken = context.outcome.try_send(Err(problem));
            }
            let page = End { title: "Not registered", text: &text, again };
            html(StatusCode::BAD_GATEWAY, &page)
        }
    }
}

fn html(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => (status, Html(text)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
