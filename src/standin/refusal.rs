//! Why the stand-in would not do something, with GitHub's status for it.

use serde_json::{Value, json};

/// A request or an act that GitHub would refuse.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the stand-in GitHub refused with {status}: {message}")]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// GitHub's sentence.
    pub message: String,
    /// `errors` of a 422.
    pub errors: Vec<Value>,
    /// What `x-accepted-github-permissions` says on a 403.
    pub accepted_permissions: Option<String>,
}

/// What acts return.
pub type Outcome<T> = Result<T, Refusal>;

impl Refusal {
    pub(crate) fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), errors: Vec::new(), accepted_permissions: None }
    }

    pub(crate) fn not_found() -> Self {
        Self::new(404, "Not Found")
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(403, message)
    }

    pub(crate) fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(401, message)
    }

    /// GitHub's "Validation Failed" for one field.
    pub(crate) fn invalid(resource: &str, field: &str, why: &str) -> Self {
        Self {
            errors: vec![json!({"resource": resource, "field": field, "code": "custom", "message": why})],
            ..Self::new(422, "Validation Failed")
        }
    }

    /// The 403 of an App without the permission; `accepted` names what would do.
    pub(crate) fn not_accessible(accepted: String) -> Self {
        Self { accepted_permissions: Some(accepted), ..Self::forbidden("Resource not accessible by integration") }
    }

    /// The JSON body of the answer.
    pub(crate) fn body(&self) -> Value {
        let mut body = json!({
            "message": self.message,
            "documentation_url": "https://docs.github.com/rest",
            "status": self.status.to_string(),
        });
        if !self.errors.is_empty() {
            body["errors"] = Value::Array(self.errors.clone());
        }
        body
    }
}
