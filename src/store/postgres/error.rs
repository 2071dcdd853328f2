//! Errors of the database, without what they may quote.
//!
//! PostgreSQL's own messages can hold values, and the driver's can hold parts of the connection string. Only the class of
//! the error goes on, with our words for it.

use crate::store::StoreError;

/// Why a statement did not work, as long as it matters whether it may be repeated.
#[derive(Debug)]
pub(super) enum Failed {
    /// Said by the database or its driver.
    Database(sqlx::Error),
    /// Said by us.
    Store(StoreError),
    /// Nobody answered within the time that we wait.
    Silence,
    /// The connection broke while the commit was under way: nobody knows whether it took place.
    InDoubt,
}

impl From<sqlx::Error> for Failed {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Failed {
    /// SQLSTATE, where the database itself refused.
    pub(super) fn code(&self) -> Option<String> {
        match self {
            Self::Database(sqlx::Error::Database(error)) => error.code().map(|code| code.into_owned()),
            _ => None,
        }
    }

    /// Whether another transaction was in the way, and the same again will do. Two of our own unique indexes are guards of
    /// the lanes: who runs into one has lost a race.
    pub(super) fn is_collision(&self) -> bool {
        match self.code().as_deref() {
            Some("40001" | "40P01") => true,
            Some("23505") => match self {
                Self::Database(sqlx::Error::Database(error)) => {
                    matches!(error.constraint(), Some("deliveries_turn" | "effects_running_lane"))
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether the connection is of no use any more.
    pub(super) fn is_cut(&self) -> bool {
        match self {
            Self::Silence | Self::InDoubt => true,
            Self::Store(_) => false,
            // 57P: shut down, or ended by an administrator. 08: the connection itself. 25P03: idle for too long.
            Self::Database(sqlx::Error::Database(_)) => {
                self.code().is_some_and(|code| code.starts_with("57P") || code.starts_with("08") || code == "25P03")
            }
            Self::Database(error) => matches!(
                error,
                sqlx::Error::Io(_)
                    | sqlx::Error::Tls(_)
                    | sqlx::Error::Protocol(_)
                    | sqlx::Error::PoolClosed
                    | sqlx::Error::WorkerCrashed
            ),
        }
    }
}

impl From<Failed> for StoreError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Store(error) => error,
            Failed::Silence => Self::Unavailable("it did not answer in time".to_owned()),
            Failed::InDoubt => Self::Unavailable(
                "the connection broke during a commit, which may or may not have taken place".to_owned(),
            ),
            Failed::Database(error) => by_kind(error),
        }
    }
}

fn by_kind(error: sqlx::Error) -> StoreError {
    use sqlx::Error;
    let unavailable = |why: &str| StoreError::Unavailable(why.to_owned());
    match error {
        Error::Database(error) => by_state(error.code().as_deref().unwrap_or("")),
        Error::Io(error) => StoreError::Unavailable(format!(
            "the connection failed ({}); check that PostgreSQL runs and can be reached",
            error.kind()
        )),
        Error::Tls(_) => unavailable("TLS failed; check `sslmode` and `sslrootcert` of `database`"),
        Error::RowNotFound => StoreError::Corrupt("a row that must exist is missing".to_owned()),
        Error::ColumnNotFound(_)
        | Error::ColumnIndexOutOfBounds { .. }
        | Error::ColumnDecode { .. }
        | Error::Decode(_)
        | Error::TypeNotFound { .. } => StoreError::Corrupt("a column is not of the expected type".to_owned()),
        Error::PoolTimedOut => unavailable("all connections are busy, or none can be made"),
        Error::PoolClosed | Error::WorkerCrashed => unavailable("the connection is closed"),
        Error::Configuration(_) => unavailable("the address in `database` is not usable"),
        Error::Migrate(error) => by_migration(*error),
        _ => unavailable("the database driver failed"),
    }
}

/// Words for what may go wrong with the schema.
pub(super) fn by_migration(error: sqlx::migrate::MigrateError) -> StoreError {
    use sqlx::migrate::MigrateError;
    match error {
        MigrateError::VersionMissing(version) => {
            StoreError::Unavailable(format!("its schema (version {version}) is of a newer embargod; run that one"))
        }
        MigrateError::VersionMismatch(version) | MigrateError::Dirty(version) => {
            StoreError::Corrupt(format!("schema version {version} is not the one this program knows"))
        }
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => by_kind(error),
        _ => StoreError::Unavailable("its schema could not be brought up to date".to_owned()),
    }
}

/// Words for SQLSTATE (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
fn by_state(code: &str) -> StoreError {
    let what = match code {
        "28P01" | "28000" => "it refuses the user or the password in `database`",
        "3D000" => "it has no database of the name in `database`; make it with `createdb`",
        "42501" => "a right is missing: the user must own the database, or be allowed to create in its schema",
        "53300" => "it has no connection left; raise its max_connections, or lower `database_connections`",
        "53100" => "its disk is full",
        "53200" => "it is out of memory",
        "57P01" | "57P02" => "it is shutting down",
        "57P03" => "it is starting or stopping",
        "57014" => "a statement took longer than its time limit",
        "55P03" => "a lock is held for too long",
        "40001" | "40P01" => "transactions stand in each other's way",
        "25006" => "it is read-only; `database` must name the primary server",
        "54000" => "a value is too large for it",
        _ if code.starts_with("XX") => return StoreError::Corrupt(format!("it reports damage (state {code})")),
        _ if code.starts_with("08") => "the connection failed",
        _ => "a statement failed",
    };
    StoreError::Unavailable(format!("{what} (state {code})"))
}
