//! Repositories: their facts, their files, who may do what in them.

use base64::{Engine, alphabet, engine::DecodePaddingMode, engine::GeneralPurpose};
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use super::{
    client::{Installation, Sender},
    error::GitHubError,
    issues::AccountAnswer,
    pages::{Listing, PAGE_SIZE},
    request::Request,
};
use crate::domain::post::{Account, Permission, RepoName};

/// Files above this are not read: policies and security pages are small.
pub const FILE_MAX_BYTES: u64 = 128 * 1024;

/// Pages of 100 repositories of one installation that are read at most.
const REPOSITORY_PAGES_MAX: u32 = 1_000;

/// What is known of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositoryFacts {
    /// Its number, which survives renames.
    pub id: u64,
    /// Its present name, which may differ from the one that was asked for.
    pub name: RepoName,
    /// Whether it is hidden from the public.
    pub private: bool,
    /// Its web address.
    pub html_url: String,
    /// Its default branch.
    pub default_branch: String,
    /// Whether an organisation owns it.
    pub owner_is_organisation: bool,
    /// Whether it is read-only.
    pub archived: bool,
    /// Whether discussions are switched on.
    pub has_discussions: bool,
    /// What the asking App may do in it, where GitHub says so.
    pub permissions: Option<RepositoryPermissions>,
}

/// What the asking App or person may do in a repository.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct RepositoryPermissions {
    /// Read.
    pub pull: bool,
    /// Write.
    pub push: bool,
    /// Administer.
    pub admin: bool,
}

#[derive(Deserialize)]
struct RepositoryAnswer {
    id: u64,
    name: String,
    owner: OwnerAnswer,
    #[serde(default)]
    private: bool,
    #[serde(default)]
    html_url: String,
    default_branch: Option<String>,
    #[serde(default)]
    archived: bool,
    #[serde(default)]
    has_discussions: bool,
    permissions: Option<RepositoryPermissions>,
}

impl From<RepositoryAnswer> for RepositoryFacts {
    fn from(answer: RepositoryAnswer) -> Self {
        Self {
            id: answer.id,
            name: RepoName { owner: answer.owner.login, name: answer.name },
            private: answer.private,
            html_url: answer.html_url,
            default_branch: answer.default_branch.unwrap_or_default(),
            owner_is_organisation: answer.owner.kind == "Organization",
            archived: answer.archived,
            has_discussions: answer.has_discussions,
            permissions: answer.permissions,
        }
    }
}

#[derive(Deserialize)]
struct RepositoriesAnswer {
    repositories: Vec<RepositoryAnswer>,
}

#[derive(Deserialize)]
struct OwnerAnswer {
    login: String,
    #[serde(default, rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct FileAnswer {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    encoding: String,
    #[serde(default)]
    content: String,
}

#[derive(Deserialize)]
struct PermissionAnswer {
    permission: Option<String>,
    role_name: Option<String>,
    user: Option<AccountAnswer>,
}

#[derive(Deserialize)]
struct MembershipAnswer {
    #[serde(default)]
    state: String,
}

#[derive(Deserialize)]
struct EnabledAnswer {
    enabled: bool,
}

impl Installation {
    /// `GET /repos/{owner}/{repo}`.
    pub async fn repository(&self, repo: &RepoName) -> Result<RepositoryFacts, GitHubError> {
        self.fetch_json::<RepositoryAnswer>(&Request::repo(Method::GET, repo, "")).await.map(RepositoryFacts::from)
    }

    /// The repositories that the installation sees (`GET /installation/repositories`).
    pub async fn repositories(&self) -> Result<Listing<RepositoryFacts>, GitHubError> {
        let mut listing = Listing { items: Vec::new(), complete: false };
        let mut request = Request::new(Method::GET, ["installation", "repositories"]).query("per_page", PAGE_SIZE);
        for page in 1..=REPOSITORY_PAGES_MAX {
            request.set_query("page", page.to_string());
            let answer: RepositoriesAnswer = self.fetch_json(&request).await?;
            let count = answer.repositories.len();
            listing.items.extend(answer.repositories.into_iter().map(RepositoryFacts::from));
            if count < PAGE_SIZE {
                listing.complete = true;
                break;
            }
        }
        Ok(listing)
    }

    /// The text of a file on the default branch, `None` if there is none
    /// (`GET /repos/{owner}/{repo}/contents/{path}`, without `ref`).
    ///
    /// # Errors
    /// Also [`GitHubError::TooLarge`] above [`FILE_MAX_BYTES`], and [`GitHubError::Unreadable`] for a folder or for what is
    /// not UTF-8.
    pub async fn file(&self, repo: &RepoName, path: &str) -> Result<Option<String>, GitHubError> {
        let mut request = Request::repo(Method::GET, repo, "contents");
        for segment in path.split('/') {
            request = request.segment(segment);
        }
        let answer: Value = match self.fetch_json(&request).await {
            Err(GitHubError::NotFound) => return Ok(None),
            answer => answer?,
        };
        let not_a_file = GitHubError::NotAFile { what: "not a file in base64" };
        let answer: FileAnswer = serde_json::from_value(answer).map_err(|_| not_a_file.clone())?;
        let too_large = GitHubError::TooLarge { limit_bytes: FILE_MAX_BYTES };
        if answer.size > FILE_MAX_BYTES {
            return Err(too_large);
        }
        if answer.kind != "file" || answer.encoding != "base64" {
            return Err(not_a_file);
        }
        let bytes = decode(&answer.content).ok_or(not_a_file)?;
        if bytes.len() as u64 > FILE_MAX_BYTES {
            return Err(too_large);
        }
        String::from_utf8(bytes).map(Some).map_err(|_| GitHubError::NotAFile { what: "not UTF-8" })
    }

    /// What `login` may do in the repository now; [`Permission::None`] for strangers to GitHub
    /// (`GET /repos/{owner}/{repo}/collaborators/{username}/permission`).
    pub async fn permission_of(&self, repo: &RepoName, login: &str) -> Result<Permission, GitHubError> {
        let request = Request::repo(Method::GET, repo, "collaborators").segment(login).segment("permission");
        match self.fetch_json::<PermissionAnswer>(&request).await {
            // GitHub answers 404 for accounts that it does not know
            Err(GitHubError::NotFound) => Ok(Permission::None),
            Err(error) => Err(error),
            Ok(answer) => Ok(permission(answer.role_name.as_deref(), answer.permission.as_deref())),
        }
    }

    /// The same, with the account as GitHub knows it; `None` where it knows none.
    pub async fn member(&self, repo: &RepoName, login: &str) -> Result<(Permission, Option<Account>), GitHubError> {
        let request = Request::repo(Method::GET, repo, "collaborators").segment(login).segment("permission");
        match self.fetch_json::<PermissionAnswer>(&request).await {
            Err(GitHubError::NotFound) => Ok((Permission::None, None)),
            Err(error) => Err(error),
            Ok(answer) => {
                let permission = permission(answer.role_name.as_deref(), answer.permission.as_deref());
                Ok((permission, answer.user.map(|user| AccountAnswer::account(Some(user)))))
            }
        }
    }

    /// Whether `login` is an active member of a team
    /// (`GET /orgs/{org}/teams/{team_slug}/memberships/{username}`); wants the permission `members: read`.
    pub async fn is_in_team(&self, organisation: &str, team: &str, login: &str) -> Result<bool, GitHubError> {
        let request = Request::new(Method::GET, ["orgs", organisation, "teams", team, "memberships", login]);
        match self.fetch_json::<MembershipAnswer>(&request).await {
            Err(GitHubError::NotFound) => Ok(false),
            answer => Ok(answer?.state == "active"),
        }
    }

    /// Whether the private reporting form is switched on; `None` where that can't be told
    /// (`GET /repos/{owner}/{repo}/private-vulnerability-reporting`).
    pub async fn private_reporting(&self, repo: &RepoName) -> Result<Option<bool>, GitHubError> {
        let request = Request::repo(Method::GET, repo, "private-vulnerability-reporting");
        match self.fetch_json::<EnabledAnswer>(&request).await {
            Ok(answer) => Ok(Some(answer.enabled)),
            Err(GitHubError::NotFound | GitHubError::Invalid { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// `role_name` is finer than `permission` (it knows triage and maintain), but may be an organisation's own word; then the
/// coarser one counts.
fn permission(role_name: Option<&str>, permission: Option<&str>) -> Permission {
    let known = |word: &str| match word {
        "admin" => Some(Permission::Admin),
        "maintain" => Some(Permission::Maintain),
        "write" | "push" => Some(Permission::Write),
        "triage" => Some(Permission::Triage),
        "read" | "pull" => Some(Permission::Read),
        "none" => Some(Permission::None),
        _ => None,
    };
    role_name.and_then(known).or_else(|| permission.and_then(known)).unwrap_or(Permission::None)
}

/// GitHub breaks base64 into lines.
fn decode(content: &str) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        base64::engine::GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let packed: String = content.split_ascii_whitespace().collect();
    LENIENT.decode(packed).ok()
}
