//! GraphQL: for what REST does not offer (discussions, hiding, edit history).

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    classify,
    client::{Installation, Sender},
    error::GitHubError,
    request::Request,
};

#[derive(Deserialize)]
struct Envelope<T> {
    data: Option<T>,
    #[serde(default)]
    errors: Option<Vec<GraphQlProblem>>,
}

/// Only the type is read: messages may quote what was sent.
#[derive(Deserialize)]
struct GraphQlProblem {
    #[serde(default, rename = "type")]
    kind: Option<String>,
}

impl Installation {
    /// Sends a query or mutation. Any error in the answer is an error, also where GitHub gives part of the data.
    pub(super) async fn graphql<T: DeserializeOwned>(
        &self,
        query: &'static str,
        variables: Value,
    ) -> Result<T, GitHubError> {
        let request = Request::graphql(json!({ "query": query, "variables": variables }));
        let answer = self.fetch(&request).await?;
        let envelope: Envelope<Value> = answer.json()?;
        if let Some(problems) = envelope.errors.filter(|problems| !problems.is_empty()) {
            let kinds: Vec<_> = problems.iter().filter_map(|problem| problem.kind.as_deref()).collect();
            return Err(if kinds.contains(&"RATE_LIMITED") {
                classify::graphql_limit(&answer.headers, self.transport())
            } else if kinds.contains(&"NOT_FOUND") {
                GitHubError::NotFound
            } else if kinds.contains(&"FORBIDDEN") || kinds.contains(&"INSUFFICIENT_SCOPES") {
                GitHubError::Forbidden { missing_permissions: None }
            } else {
                GitHubError::Invalid { status: 200, problems: String::new() }
            });
        }
        let unreadable = GitHubError::Unreadable { what: "not the GraphQL answer that was expected" };
        let data = envelope.data.ok_or(unreadable.clone())?;
        serde_json::from_value(data).map_err(|_| unreadable)
    }

    /// Sends a mutation whose answer does not matter.
    pub(super) async fn mutate(&self, mutation: &'static str, variables: Value) -> Result<(), GitHubError> {
        self.graphql::<serde::de::IgnoredAny>(mutation, variables).await.map(|_| ())
    }
}
