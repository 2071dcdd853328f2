//! What `database = "postgres://…"` means.

use sqlx::{ConnectOptions, postgres::PgConnectOptions};
use url::Url;

use crate::store::StoreError;

/// Parameters that the driver knows. It would write the value of any other into the log, and that may be a mistyped
/// password.
const PARAMETERS: &[&str] = &[
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "application_name",
    "options",
];

/// Limits of each session, so that a process that hangs does not hold locks for ever. In milliseconds.
const SESSION: &[(&str, &str)] = &[
    ("statement_timeout", "15000"),
    ("lock_timeout", "10000"),
    ("idle_in_transaction_session_timeout", "15000"),
    // A planner that was told to avoid something may think a query dear enough to compile it.
    ("jit", "off"),
];

/// Statements that run all the time are written for an index each. Before the first statistics, and while a burst makes
/// them wrong, the planner would rather read whole tables, and keep doing so on this connection. There is nothing to be won
/// by planning them anew for the arrays of each call either, which it would do for short ones: the desks say when. Functions
/// of the database heed the same settings.
pub(super) const BY_INDEX: &[(&str, &str)] = &[
    ("enable_seqscan", "off"),
    ("enable_bitmapscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("plan_cache_mode", "force_generic_plan"),
];

/// How every connection is set up.
///
/// # Errors
/// [`StoreError::Unavailable`] where it cannot be read; nothing of it is repeated.
pub(super) fn options(database: &str) -> Result<PgConnectOptions, StoreError> {
    let refuse = |why: &str| StoreError::Unavailable(format!("`database` cannot be read: {why}"));
    let form = "write postgres://USER:PASSWORD@HOST/DATABASE, with %-codes for special characters";
    let mut url = Url::parse(database).map_err(|_| refuse(form))?;
    for (name, _) in url.query_pairs() {
        let known = PARAMETERS.contains(&&*name) || (name.starts_with("options[") && name.ends_with(']'));
        if !known {
            return Err(refuse(&format!(
                "a parameter behind the `?` is not known; known are {}",
                PARAMETERS.join(", ")
            )));
        }
    }
    // What the operator says stands behind ours, and wins.
    let theirs: Vec<(String, String)> = url.query_pairs().map(|(name, value)| (name.into(), value.into())).collect();
    let ours = SESSION.iter().map(|(name, value)| (format!("options[{name}]"), (*value).to_owned()));
    url.query_pairs_mut().clear().extend_pairs(ours).extend_pairs(theirs);
    let mut options = PgConnectOptions::from_url(&url).map_err(|_| refuse(form))?;
    if options.get_application_name().is_none() {
        options = options.application_name("embargod");
    }
    Ok(options.disable_statement_logging())
}

/// The same for connections that run the same few statements all the time.
pub(super) fn by_index(options: &PgConnectOptions) -> PgConnectOptions {
    options.clone().options(BY_INDEX.iter().copied())
}
